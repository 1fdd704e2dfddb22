"""Types with documents: a credential shown to a node that holds what its type demands."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from idbridge.credential.type_documents import integrity_of, type_documents
from idbridge.sandbox.bench import Bench
from idbridge.sandbox.edits import Edits
from idbridge.sandbox.presentations import Presentation
from idbridge.sandbox.questions import question
from idbridge.sandbox.region import Region
from idbridge.sandbox.seeded import SeededRandomness
from idbridge.status.snapshot import EMPTY_STATUS
from idbridge.verify.verifier import Verifier

TYPE: Final = "urn:example:th:pid:1"
FAMILY: Final = "urn:example:identity:1"


def document(vct: str, *claims: Mapping[str, Any], **members: Any) -> bytes:
    """Return the octets of a type document."""
    return json.dumps({"vct": vct, "claims": list(claims), **members}).encode()


ANCESTOR: Final = document(FAMILY, {"path": ["birthdate"], "mandatory": True, "sd": "always"})
PID: Final = document(TYPE, {"path": ["ial"], "mandatory": True, "sd": "never"}, extends=FAMILY)


def stating(octets: bytes) -> Edits:
    """Return the edit of a payload that names ``octets`` as the document of its type."""
    return {"vct#integrity": f"sha256-{integrity_of(octets)['sha256']}"}


@dataclass(frozen=True, slots=True)
class TypedCredential:
    """A wallet identity of Thailand, shown to a bank in Singapore whose node holds ``documents``."""

    documents: tuple[bytes, ...] = (ANCESTOR, PID)
    payload: Edits = field(default_factory=lambda: stating(PID))

    def made(self, region: Region, *, at: datetime) -> None:
        """Show the credential.

        Raises:
            ConfigurationError: The documents do not fit together.
            Refused: The credential is not accepted.
        """
        asking = region.registration("sg-bank")
        source = Presentation("th-pid", "th-thanaporn", payload=self.payload)
        shown = source.shown(Bench(region, at, SeededRandomness(b"types")), to=asking)
        body = {"credential": shown.credential, "purpose": "account-opening", "expected": {"nonce": shown.nonce}}
        verifier = Verifier(trust=region.snapshot(at=at), status=EMPTY_STATUS, types=type_documents(self.documents))
        verifier.verify(question(body, relying_party=asking.relying_party), at=at).require_passed()
