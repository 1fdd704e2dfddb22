"""Cases of the verifier profile in which the attack is in the material: the same question to nodes that hold another.

The input is that of a case with the region's own material, octet for octet, or the same in all cases of one edition.
What differs from the twin is one thing that the node holds.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any, Final

from idbridge.conformance.answer import Verdict
from idbridge.conformance.material import REGION
from idbridge.reasons import Indication, reason
from idbridge.sandbox.case import Case, Kind, MintedCase
from idbridge.sandbox.catalogue import case_named, entries
from idbridge.sandbox.entry import Entry, accepted
from idbridge.sandbox.logins import Login
from idbridge.sandbox.presentations import Presentation
from idbridge.sandbox.region import Region
from idbridge.sandbox.status_offers import login_under, new_key
from idbridge.sandbox.typed import ANCESTOR, PID, stating

TWINS: Final = MappingProxyType({
    "kh-login-in-thailand": "kh-login-in-thailand-in-force",
    "id-login-in-singapore": "id-login-in-singapore-in-force",
    "ph-pid-in-thailand": "ph-pid-in-thailand-agreed",
    "mm-card-in-singapore": "mm-card-in-singapore-agreed",
    "mm-card-in-thailand": "mm-card-in-thailand-in-force",
    "tl-login-at-home": "tl-login-at-home-of-a-member",
})  # fmt: skip
"""Cases with the region's own material whose twin is the same question where the states agreed."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One case: the question of ``entry``, made with the randomness called ``label``, to a node with ``material``."""

    id: str
    title: str
    why: str
    requirement: str
    material: str
    entry: Entry
    label: str
    code: str | None = None
    twin: str | None = None

    @property
    def expect(self) -> Verdict:
        """What must come of it."""
        return Verdict.passed() if self.code is None else Verdict(Indication(reason(self.code).indication), self.code)


EXPECTED_AS_IN_TWIN: Final = frozenset({"binding-missing", "mdoc-issuer-signed-alone", "vn-organisation-wallet-copied"})
"""Cases in which the proof of the holder is left out, and whoever asks had asked for it."""


def asked(region: Region) -> Iterator[Asked]:
    """Yield the cases, for the keys of ``region``."""
    yield from _agreements()
    yield from _lists()
    yield from _revocations()
    yield from _key_sets(region)
    yield from _types()


def label_of(case: Case) -> str:
    """Return what the randomness of ``case`` is called: a refused case has that of its twin.

    So nothing but the attacked detail is otherwise, no nonce either; a sequence spends its own.
    """
    return case.twin if case.twin is not None and case.kind is Kind.VERIFY else case.name


def put_as(case: Case, made: Callable[[Case], MintedCase]) -> dict[str, Any]:
    """Return what is put to a verifier in ``case`` of the catalogue, by what ``made`` makes of a case."""
    put = put_of(made(case))
    if case.name in EXPECTED_AS_IN_TWIN:
        put["request"]["expected"] = put_of(made(case_named(str(case.twin))))["request"]["expected"]
    return put


def put_of(minted: MintedCase) -> dict[str, Any]:
    """Return what is put to a verifier: who asks at which node, what is asked before, and the question."""
    who = {"relying_party": minted.case.relying_party, "node": minted.case.node.value}
    asked = [json.loads(exchange.body) for exchange in minted.before]
    return {**who, "before": asked, "request": minted.document()}


def _of(name: str) -> tuple[Entry, str]:
    """Return the question of a case of the catalogue, and what its randomness is called."""
    entry = entries()[name]
    return entry, label_of(entry.case)


def _agreements() -> Iterator[Asked]:
    why = "The very question that is refused where the states did not agree so."
    for question, name, title, requirement, material in (
        ("kh-login-in-thailand", "kh-login-in-thailand-in-force",
         "Sok Chandara of Cambodia logs in at a bank in Bangkok, and nobody suspended the arrangement",
         "IDB-RECOG-017", "kh-th-in-force"),
        ("id-login-in-singapore", "id-login-in-singapore-in-force",
         "Suharti of Indonesia logs in at a bank in Singapore, and nobody repealed the arrangement",
         "IDB-RECOG-017", "id-sg-in-force"),
        ("ph-pid-in-thailand", "ph-pid-in-thailand-agreed",
         "Luisa's national identity of the Philippines at a bank in Bangkok, and the states agreed on identities",
         "IDB-RECOG-017", "ph-th-with-identities"),
        ("mm-card-in-singapore", "mm-card-in-singapore-agreed",
         "Thida's card of Myanmar at a bank in Singapore, and the states agreed", "IDB-RECOG-017", "mm-sg-agreed"),
        ("mm-card-in-thailand", "mm-card-in-thailand-in-force",
         "Thida's card of Myanmar at a bank in Bangkok, and the agreement is in force", "IDB-RECOG-017",
         "mm-th-in-force"),
        ("tl-login-at-home", "tl-login-at-home-of-a-member",
         "Filomena of Timor-Leste logs in at home, and her state is no observer any more", "IDB-RECOG-016",
         "tl-a-member"),
    ):  # fmt: skip
        yield Asked(name, title, why, requirement, material, *_of(question))


def _lists() -> Iterator[Asked]:
    refused = partial(_refused, question="sg-login-opens-account", twin="sg-login-opens-account")
    yield refused(
        "list-never-configured", "issuer.unknown", "IDB-TL-036", "sg-not-configured",
        "A login of Singapore at a node that never pinned a key of Singapore",
        "The list lies there; nobody told the node whose it is.",
    )  # fmt: skip
    yield refused(
        "list-altered-on-the-way", "issuer.unknown", "IDB-TL-036", "sg-list-altered",
        "A login of Singapore at a node that was offered an altered list of Singapore, and holds none",
        "A list that is not accepted is as good as none.",
    )  # fmt: skip
    yield refused(
        "list-overdue", "issuer.unknown", "IDB-TL-036", "sg-list-overdue",
        "A login of Singapore at a node that was offered a list past its next update, and holds none",
        "Whatever was withdrawn meanwhile, the node does not know.",
    )  # fmt: skip
    yield refused(
        "login-under-a-key-listed-twice", "issuer.withdrawn", "IDB-ISS-008", "sg-key-listed-twice",
        "A login under a key that Singapore lists twice, once as withdrawn",
        "Of two things that are said of one key, the worse one counts.",
    )  # fmt: skip


def _revocations() -> Iterator[Asked]:
    status = partial(_refused, question="sg-pid-in-force", twin="sg-pid-in-force", code="status.unavailable")
    yield status(
        "status-list-altered-on-the-way", requirement="IDB-STAT-015", material="sg-status-altered",
        title="A wallet identity whose status list somebody changed on the way",
        why="The node takes up no such list, so nothing says that the identity is good.",
    )  # fmt: skip
    yield status(
        "status-list-overdue", requirement="IDB-STAT-016", material="sg-status-overdue",
        title="A wallet identity whose status list has expired",
        why="Who holds the newer one back hides what it revokes.",
    )  # fmt: skip
    silent = "crl-current-and-silent"
    yield Asked(
        silent,
        "A wallet identity of Singapore while the authority's current list of revoked certificates names none",
        "The list is signed and current, and does not name the certificate.",
        "IDB-STAT-018",
        "sg-crl-silent",
        *_of("sg-pid-opens-account"),
    )
    refused = partial(_refused, question="sg-pid-opens-account", twin=silent)
    yield refused(
        "certificate-revoked", "issuer.certificate_revoked", "IDB-ISS-019", "sg-crl-revoking",
        "A wallet identity under a certificate that its authority took back",
        "The path is sound and the list grants it; the authority itself says no.",
    )  # fmt: skip
    yield refused(
        "crl-missing", "status.unavailable", "IDB-STAT-019", "sg-crl-missing",
        "A wallet identity whose state demands to know of revocations, at a node that knows of none",
        "No word is not a good word; the list says that somebody must have asked.",
    )  # fmt: skip
    yield refused(
        "crl-altered-on-the-way", "status.unavailable", "IDB-STAT-020", "sg-crl-altered",
        "A wallet identity whose authority's list of revoked certificates somebody changed on the way",
        "Whoever may take a name out of the list may bring a stolen key back.",
    )  # fmt: skip
    yield refused(
        "crl-past-its-next-update", "status.unavailable", "IDB-STAT-021", "sg-crl-overdue",
        "A wallet identity whose authority's list of revoked certificates is past its next update",
        "Who holds the newer one back hides what it revokes.",
    )  # fmt: skip


def _refused(
    name: str, code: str, requirement: str, material: str, title: str, why: str, *, question: str, twin: str
) -> Asked:
    return Asked(name, title, why, requirement, material, *_of(question), code, twin)


def _key_sets(region: Region) -> Iterator[Asked]:
    published = "login-under-a-published-key"
    entry = _entry(published, login_under(new_key(region)), to="th-bank")
    yield Asked(
        published,
        "A login under a new key that the provider published where its state says",
        "Singapore lists the address of the key set; the key was fetched from there ahead of time.",
        "IDB-ISS-027",
        "sg-key-set",
        entry,
        published,
    )
    yield Asked(
        "login-under-a-key-that-left-the-set",
        "A login under a key that the provider no longer publishes",
        "A provider takes a key out of its set to end it, and a verification never asks again.",
        "IDB-ISS-028",
        "sg-key-set-without-it",
        entry,
        published,
        "jose.kid_unknown",
        published,
    )


def _types() -> Iterator[Asked]:
    typed = "th-pid-keeps-what-its-type-says"
    entry = _typed(typed, PID)
    yield Asked(
        typed,
        "A Thai identity at a node that holds the documents of its type and of the one that it extends",
        "The issuer named the document by its digest, and what is mandatory or disclosable by it is.",
        "IDB-SDJ-015",
        "th-types",
        entry,
        typed,
    )
    yield Asked(
        "type-document-not-held",
        "The issuer names a document of its type, and the node holds none",
        "Nobody can tell what the type demands, and nothing is fetched.",
        "IDB-SDJ-012", REGION, entry, typed, "sd_jwt.metadata_unavailable", typed,
    )  # fmt: skip
    yield Asked(
        "type-document-another",
        "The node holds another document of the type than the issuer means",
        "Whoever may change the document may change what the credential says.",
        "IDB-SDJ-013", "th-types", _typed("type-document-another", ANCESTOR), typed, "sd_jwt.metadata_mismatch", typed,
    )  # fmt: skip
    yield Asked(
        "type-demands-more",
        "A type demands a claim in plain sight that the credential does not have",
        "It is not a credential of its type.",
        "IDB-SDJ-014", "th-types-demanding", entry, typed, "sd_jwt.metadata_violated", typed,
    )  # fmt: skip


def _typed(name: str, octets: bytes) -> Entry:
    return _entry(name, Presentation("th-pid", "th-thanaporn", payload=stating(octets)), to="sg-bank")


def _entry(name: str, source: Login | Presentation, *, to: str) -> Entry:
    return accepted(name, name, why=name, to=to, purpose="account-opening", source=source)
