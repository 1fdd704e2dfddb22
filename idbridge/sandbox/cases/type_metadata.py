"""Cases about type metadata: what a type of SD-JWT VC demands, by documents that a node holds.

Clause: SD-JWT VC section 6.
"""

from collections.abc import Iterator
from typing import Final

from idbridge.model.region import Format, MemberState
from idbridge.sandbox.case import Kind
from idbridge.sandbox.trial import Trial, accepted
from idbridge.sandbox.typed import ANCESTOR, FAMILY, PID, TYPE, TypedCredential, document, stating

TYPED: Final = accepted(
    "th-pid-keeps-what-its-type-says",
    "A Thai identity at a node that holds the documents of its type and of the one that it extends",
    why="The issuer named the document by its digest, and what is mandatory or disclosable by it is.",
    state=MemberState.TH,
    attempt=TypedCredential(),
    kind=Kind.TRUST,
    form=Format.SD_JWT_VC,
)


def trials() -> Iterator[Trial]:
    """Yield the cases about type metadata."""
    yield TYPED
    yield TYPED.refused(
        "type-document-not-held",
        "sd_jwt.metadata_unavailable",
        "The issuer names a document of its type, and the node holds none",
        why="Nobody can tell what the type demands, and nothing is fetched.",
        documents=(),
    )
    yield TYPED.refused(
        "type-document-another",
        "sd_jwt.metadata_mismatch",
        "The node holds another document of the type than the issuer means",
        why="Whoever may change the document may change what the credential says.",
        payload=stating(ANCESTOR),
    )
    yield TYPED.refused(
        "type-demands-more",
        "sd_jwt.metadata_violated",
        "A type demands a claim in plain sight that the credential does not have",
        why="It is not a credential of its type.",
        documents=(document(FAMILY, {"path": ["issuing_office"], "mandatory": True, "sd": "never"}), PID),
    )
    yield TYPED.refused(
        "type-documents-in-a-circle",
        "system.configuration",
        "Two types each extend the other",
        why="A node that holds this does not start.",
        documents=(document(FAMILY, extends=TYPE), PID),
    )
