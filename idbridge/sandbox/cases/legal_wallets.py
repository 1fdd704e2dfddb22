"""Cases about wallets and legal persons: one that shows itself, and an identity beside an attestation of who acts.

Clauses: architecture D2; eIDAS minimum data sets; ``docs/adr/0012-one-person.md``.
"""

from collections.abc import Iterator
from typing import Any, Final

from idbridge.sandbox.cases.dcql import asked, query
from idbridge.sandbox.companies import CompanyPresentation
from idbridge.sandbox.entry import Entry, accepted
from idbridge.sandbox.presentations import Presentation, Representation
from idbridge.sandbox.recipe import Ask, Nonce
from idbridge.sandbox.vp_tokens import Sent, VpToken

_SEN: Final = {"entity": {"scheme": "VN-MST", "value": "0000000501"}}
_QUAY: Final = {"entity": {"scheme": "SG-UEN", "value": "209900001K"}}
_OTHER: Final = {"entity": {"scheme": "VN-MST", "value": "0000000502"}}
_ITSELF: Final = CompanyPresentation("vn-organisation-wallet", "vn-sen")
_SAYS_ITSELF: Final = asked("itself", "urn:example:vn:organisation-itself:1")
_PID: Final = Sent("pid", Presentation("sg-pid", "sg-tan"))
_SAYS_WHO_ACTS: Final = asked("acting", "urn:example:vn:organisation:1")


def _acting(person: str, *, company: str = "sg-quay", withheld: tuple[str, ...] = ()) -> Sent:
    """Return the attestation that ``person`` acts for ``company``, as an answer."""
    mandate = Representation(company)
    return Sent("acting", Presentation("sg-representative", person, represents=mandate, withheld=withheld))


def _for_company(name: str, title: str, why: str, source: Any, **ask: Any) -> Entry:
    return accepted(name, title, why=why, to="th-bank", purpose="company-representation", source=source, ask=Ask(**ask))


WALLET: Final = _for_company(
    "vn-organisation-wallet-shows-itself",
    "A company of Viet Nam shows its own credential at a bank in Bangkok",
    "The company's wallet proved its key. No person is named, and the bank deals with that very company.",
    _ITSELF,
    expected=_SEN,
)
ALONE: Final = _for_company(
    "vn-organisation-wallet-answers-query",
    "A company of Viet Nam answers a query for its own credential, or for who acts for it",
    "The one set that is needed is whole.",
    VpToken((Sent("itself", _ITSELF),)),
    body=query(
        _SAYS_ITSELF,
        _SAYS_WHO_ACTS,
        credential_sets=[{"options": [["itself"]]}, {"options": [["acting"]], "required": False}],
    ),
)
TOGETHER: Final = _for_company(
    "sg-identity-beside-attestation-of-who-acts",
    "Tan Hui Ling shows who she is, and beside it for which company she acts",
    "One key holds both, and nothing in them differs: the person and the company are told.",
    VpToken((_acting("sg-tan"), _PID)),
    claims=("name", "position"),
    expected=_QUAY,
    body=query(asked("acting", "urn:example:sg:company-representative:1"), asked("pid", "urn:example:sg:pid:1")),
)


def entries() -> Iterator[Entry]:
    """Yield the cases about wallets and legal persons."""
    yield from (WALLET, ALONE, TOGETHER)
    yield from _itself()
    yield from _incomplete()
    yield from _together()


def _itself() -> Iterator[Entry]:
    yield WALLET.refused(
        "vn-organisation-wallet-of-another-company",
        "mandate.entity_mismatch",
        "The credential of another company than the one that the bank deals with",
        why="A company is itself, and no other.",
        expected=_OTHER,
    )
    yield WALLET.refused(
        "vn-organisation-wallet-copied",
        "holder.binding_missing",
        "A company's credential that no wallet proved to hold",
        why="What a copy would show, whoever has it could be the company.",
        bound=False,
    )
    yield WALLET.refused(
        "vn-organisation-wallet-shown-by-its-clerk",
        "holder.signature_invalid",
        "A company's credential shown from the wallet of somebody who works there",
        why="The credential is bound to the company's key. Who acts for the company shows an attestation of that.",
        bound_by="vn-maianh",
    )
    yield WALLET.refused(
        "vn-organisation-wallet-of-another-request",
        "holder.nonce_mismatch",
        "A company's answer to another request",
        why="Somebody else asked.",
        nonce=Nonce.ANOTHER,
    )
    yield WALLET.refused(
        "vn-organisation-wallet-opens-account",
        "mandate.out_of_scope",
        "A company opens an account meant for people",
        why="A purpose for natural persons is for nobody else.",
        purpose="account-opening",
    )


def _incomplete() -> Iterator[Entry]:
    withheld = (
        ("number", "mandate.incomplete", "ma_so_thue", "Without its number nobody knows which company it is."),
        ("name", "mandate.incomplete", "ten_to_chuc", "Half a set looks like a whole one to who does not know better."),
        ("standing", "mandate.entity_invalid", "trang_thai", "A company that is no more would keep that to itself."),
    )
    for what, code, claim, why in withheld:
        title = f"A company keeps its {what} to itself"
        yield WALLET.refused(f"vn-organisation-wallet-without-{what}", code, title, why=why, withheld=(claim,))


def _together() -> Iterator[Entry]:
    yield ALONE.refused(
        "vn-organisation-beside-who-acts-for-it",
        "query.persons_differ",
        "A company shows itself, and Mai Anh shows beside it that she acts for it",
        why="A company and a person are two, and an answer is about one.",
        answers=(
            Sent("itself", _ITSELF),
            Sent("acting", Presentation("vn-organisation", "vn-maianh", represents=Representation("vn-sen"))),
        ),
    )
    yield TOGETHER.refused(
        "sg-identity-beside-attestation-of-another",
        "mandate.missing",
        "Tan Hui Ling shows who she is, and beside it that Kavitha acts for the company",
        why="Whoever has a colleague's attestation would act in her place.",
        answers=(_acting("sg-kavitha"), _PID),
    )
    yield TOGETHER.refused(
        "sg-identity-beside-attestation-without-name",
        "mandate.missing",
        "Tan Hui Ling shows who she is, and beside it that somebody without a name acts for the company",
        why="That nothing contradicts does not show that both are one.",
        answers=(_acting("sg-kavitha", withheld=("name", "family_name", "given_name", "father_name")), _PID),
    )
    yield TOGETHER.refused(
        "sg-identity-beside-attestation-for-another-company",
        "mandate.entity_mismatch",
        "Tan Hui Ling shows who she is, and beside it that she acts for another company",
        why="The bank deals with one company, and she may act for many.",
        answers=(_acting("sg-tan", company="sg-pier"), _PID),
    )
