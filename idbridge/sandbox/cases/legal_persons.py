"""Cases about legal persons: who represents one, one that logs in itself, and sets that are not complete.

Clauses: architecture D2; eIDAS minimum data sets.
"""

from collections.abc import Iterator
from typing import Final

from idbridge.sandbox.edits import ABSENT, After
from idbridge.sandbox.entry import Entry, accepted
from idbridge.sandbox.full_logins import FullLogin
from idbridge.sandbox.recipe import Ask

_QUAY: Final = {"entity": {"scheme": "SG-UEN", "value": "209900001K"}}
SG: Final = accepted(
    "sg-corporate-login-acts-for-company",
    "Tan Hui Ling logs in for a company of Singapore at a bank in Bangkok",
    why="The provider names the company in claims of its own, and the list says where.",
    to="th-bank",
    purpose="company-representation",
    source=FullLogin("sg-corporate-login", "sg-tan", company="sg-quay"),
    ask=Ask(claims=("name", "position"), expected=_QUAY),
)
TH: Final = accepted(
    "th-company-login-acts-for-company",
    "Thanaporn logs in for a company of Thailand at a bank in Singapore",
    why="The set is whole: the company's number and name, the person's name and birth, the power and its end.",
    to="sg-bank",
    purpose="company-representation",
    source=FullLogin("th-company-login", "th-thanaporn", company="th-champi"),
    ask=Ask(claims=("name", "birthdate"), expected={"entity": {"scheme": "TH-DBD", "value": "0105599000011"}}),
)
VN: Final = accepted(
    "vn-organisation-logs-in-itself",
    "A company of Viet Nam logs in itself at a bank in Bangkok",
    why="The account is the organisation's own: it names no person, and needs no mandate.",
    to="th-bank",
    purpose="company-representation",
    source=FullLogin("vn-organisation-login", "vn-maianh", company="vn-sen"),
    ask=Ask(claims=("address",), expected={"entity": {"scheme": "VN-MST", "value": "0000000501"}}),
)


def entries() -> Iterator[Entry]:
    """Yield the cases about legal persons."""
    yield from (SG, TH, VN)
    yield from _incomplete()
    yield from _invalid()
    yield from _powers()


def _incomplete() -> Iterator[Entry]:
    code = "mandate.incomplete"
    missing = (
        (SG, "sg-company-without-number", "A company whose number is missing", "entity", "$.entityInfo.CPEntID"),
        (TH, "th-company-without-name", "A company whose name is missing", "entity", "$.juristic.name_th"),
        (TH, "th-representative-without-power", "A representative without a power", "entity", "$.juristic.powers"),
        (TH, "th-representative-without-birthdate", "A representative without birth", "token", "birthdate"),
        (TH, "th-representative-with-half-a-name", "A representative without given name", "token", "given_name"),
        (VN, "vn-organisation-without-name", "An organisation that does not say its name", "entity", "ten_to_chuc"),
        (VN, "vn-organisation-without-number", "An organisation without its number", "entity", "ma_so_thue"),
    )
    for twin, name, title, where, claim in missing:
        nameless = name.endswith("half-a-name")
        edits = {claim: ABSENT, "family_name": ABSENT} if nameless else {claim: ABSENT}
        why = "Half a set looks like a whole one to whoever does not know what is missing."
        yield twin.refused(name, code, title, why=why, **{where: edits})
    yield TH.refused(
        "th-power-without-readable-end",
        code,
        "A power whose end cannot be read",
        why="To pass over a bound that is badly written would widen it.",
        entity={"$.juristic.until": "next year"},
    )


def _invalid() -> Iterator[Entry]:
    code = "mandate.entity_invalid"
    yield SG.refused(
        "sg-company-not-registered",
        code,
        "A company that the register calls terminated",
        why="Nobody acts for a company that is no more.",
        entity={"$.entityInfo.CPEnt_Status": "Terminated"},
    )
    yield SG.refused(
        "sg-company-of-unknown-register",
        code,
        "A company named by a register that the list does not know",
        why="The same number names another company in another register.",
        entity={"$.entityInfo.CPEnt_TYPE": "NON-UEN"},
    )
    yield SG.refused(
        "sg-company-number-malformed",
        code,
        "A company whose number has not the form of its register",
        why="A number that no register could have given names nobody.",
        entity={"$.entityInfo.CPEntID": "209900001"},
    )
    yield VN.refused(
        "vn-organisation-suspended",
        code,
        "An organisation that is not active",
        why="The list says which standing is good, and no other is.",
        entity={"trang_thai": "tam_ngung"},
    )


def _powers() -> Iterator[Entry]:
    yield TH.refused(
        "th-power-ended",
        "mandate.expired",
        "A power that ended yesterday",
        why="Who acted for a company yesterday may not today.",
        entity={"$.juristic.until": After(-86_400)},
    )
    yield TH.refused(
        "th-power-for-something-else",
        "mandate.out_of_scope",
        "A representative who may only look at invoices",
        why="A power reaches as far as it says.",
        entity={"$.juristic.powers": ["read-invoices"]},
    )
    yield SG.refused(
        "sg-company-other-than-expected",
        "mandate.entity_mismatch",
        "A login for another company than the one that the bank deals with",
        why="A person may act for many companies, and not for one in the place of another.",
        company="sg-pier",
    )
    yield SG.refused(
        "sg-corporate-login-for-nobody",
        "mandate.missing",
        "A company login that names no company",
        why="Whoever names no legal person acts for none.",
        company=None,
    )
    yield VN.refused(
        "vn-organisation-as-a-person",
        "mandate.out_of_scope",
        "An organisation that opens an account meant for people",
        why="A purpose for natural persons is for nobody else.",
        purpose="account-opening",
    )
