"""Accepted logins: ID tokens of nine states, each before a relying party that recognises it.

Every refused case about ID tokens is one of these with one detail changed.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from idbridge.sandbox.edits import ABSENT, After
from idbridge.sandbox.entry import Entry, accepted
from idbridge.sandbox.logins import Login
from idbridge.sandbox.recipe import Ask

_ACCOUNT: Final = Ask(claims=("name", "birthdate", "nationality"))

SG: Final = accepted(
    "sg-login-opens-account",
    "Tan Hui Ling of Singapore logs in at a bank in Bangkok",
    why="A login at the level that the purpose needs, between two states with an arrangement in force.",
    to="th-bank",
    purpose="account-opening",
    source=Login("sg-login", "sg-tan"),
    ask=_ACCOUNT,
)
SG_KEYED: Final = accepted(
    "sg-login-under-idempotency-key",
    "The same login, asked about under an idempotency key",
    why="A bank whose connection broke asks again under the same key and gets the same answer.",
    to="th-bank",
    purpose="account-opening",
    source=Login("sg-login", "sg-tan"),
    ask=Ask(claims=("name",), keyed=True),
)
SG_AT_HOME: Final = accepted(
    "sg-login-at-home",
    "Kavitha d/o Ramesh of Singapore logs in at a bank in Singapore",
    why="A state needs no arrangement with itself; the purpose register still rules.",
    to="sg-bank",
    purpose="account-opening",
    source=Login("sg-login", "sg-kavitha"),
    ask=_ACCOUNT,
)
SG_MINUTES_AGO: Final = accepted(
    "sg-login-of-minutes-ago",
    "Tan Hui Ling logged in four minutes ago, and the bank asks now",
    why="It was good when it was made, and has not expired since.",
    to="th-bank",
    purpose="account-opening",
    source=Login("sg-login", "sg-tan", ago=timedelta(minutes=4)),
    ask=_ACCOUNT,
)
TH: Final = accepted(
    "th-login-checks-age",
    "Kitti of Thailand proves to be over 18 to a bank in Singapore, and nothing else",
    why="The age is answered and the date of birth stays at home. An RSA key signs.",
    to="sg-bank",
    purpose="age-check",
    source=Login("th-login", "th-kitti"),
    ask=Ask(claims=("age_over_18",)),
)
TH_BROKER: Final = accepted(
    "th-broker-opens-account",
    "Thanaporn of Thailand logs in through a broker at a bank in Singapore",
    why="The broker signs with the key that replaced the leaked one.",
    to="sg-bank",
    purpose="account-opening",
    source=Login("th-broker", "th-thanaporn"),
    ask=_ACCOUNT,
)
KH: Final = accepted(
    "kh-login-opens-account",
    "Sok Chandara of Cambodia logs in at a bank in Singapore",
    why="The regional arrangement serves a pair without one of its own. The name comes in Khmer and in Latin letters.",
    to="sg-bank",
    purpose="account-opening",
    source=Login("kh-login", "kh-chandara"),
    ask=_ACCOUNT,
)
ID: Final = accepted(
    "id-login-opens-account",
    "Suharti of Indonesia, who has one name, logs in at a bank in Bangkok",
    why="A mononym stays one: no family name is made up.",
    to="th-bank",
    purpose="account-opening",
    source=Login("id-login", "id-suharti"),
    ask=_ACCOUNT,
)
ID_CLOCK: Final = accepted(
    "id-login-clock-ahead",
    "An Indonesian office whose clock is two and a half minutes ahead",
    why="Indonesia lists a leeway of three minutes for this service: leeway is data of the signed list.",
    to="th-bank",
    purpose="account-opening",
    source=Login("id-login", "id-wayan", token={"iat": After(150)}),
    ask=_ACCOUNT,
)
MY: Final = accepted(
    "my-login-opens-account",
    "Arvind a/l Suresh of Malaysia logs in at a bank in Singapore",
    why="A3 at home and A2 abroad: the arrangement caps what it recognises. The patronymic stays a patronymic.",
    to="sg-bank",
    purpose="account-opening",
    source=Login("my-login", "my-arvind"),
    ask=_ACCOUNT,
)
MY_REMITTANCE: Final = accepted(
    "my-login-sends-money",
    "Nur Aisyah binti Hamdan of Malaysia sends money from a bank in Bangkok",
    why="Malaysia and Thailand agreed on money sent home.",
    to="th-bank",
    purpose="remittance",
    source=Login("my-login", "my-aisyah"),
    ask=Ask(claims=("name",)),
)
BN: Final = accepted(
    "bn-login-visits-hospital",
    "Hakim bin Sabtuah of Brunei logs in at the gate of a hospital in Thailand",
    why="The provider gives another identifier each time, as its list says.",
    to="th-hospital",
    purpose="building-visit",
    source=Login("bn-login", "bn-hakim"),
    ask=Ask(claims=("name", "nationality")),
)
VN: Final = accepted(
    "vn-login-opens-account",
    "Nguyễn Thị Mai Anh of Viet Nam logs in at a bank in Bangkok",
    why="A level 2 account; the family name comes first, as the provider lists it.",
    to="th-bank",
    purpose="account-opening",
    source=Login("vn-login", "vn-maianh"),
    ask=_ACCOUNT,
)
PH: Final = accepted(
    "ph-login-opens-account",
    "Luisa Ramona Dimalanta of the Philippines logs in at a bank in Singapore",
    why="Given names, middle name and family name in the order that the provider lists.",
    to="sg-bank",
    purpose="account-opening",
    source=Login("ph-login", "ph-luisa"),
    ask=_ACCOUNT,
)
PH_UNNAMED_KEY: Final = accepted(
    "ph-login-without-key-id",
    "A login of the Philippines that does not name its key",
    why="The issuer lists one key, so there is nothing to choose.",
    to="sg-bank",
    purpose="account-opening",
    source=Login("ph-login", "ph-nonoy", header={"kid": ABSENT}),
    ask=_ACCOUNT,
)
PH_HOTEL: Final = accepted(
    "ph-login-checks-age-at-hotel",
    "Peñafrancio Magtibay of the Philippines proves an age at a hotel in Vientiane",
    why="The regional arrangement serves the pair, and more than the purpose needs is still enough.",
    to="la-hotel",
    purpose="age-check",
    source=Login("ph-login", "ph-nonoy"),
    ask=Ask(claims=("age_over_18",)),
)


def entries() -> Iterator[Entry]:
    """Yield the accepted logins."""
    yield from (
        SG,
        SG_KEYED,
        SG_AT_HOME,
        SG_MINUTES_AGO,
        TH,
        TH_BROKER,
        KH,
        ID,
        ID_CLOCK,
        MY,
        MY_REMITTANCE,
        BN,
        VN,
        PH,
        PH_UNNAMED_KEY,
        PH_HOTEL,
    )
