"""Accepted presentations: SD-JWT VCs of ten states, bound to their holders or, where that is allowed, only shown.

Every refused case about SD-JWT VCs is one of these with one detail changed.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from idbridge.sandbox.entry import Entry, accepted
from idbridge.sandbox.presentations import Presentation, Representation
from idbridge.sandbox.recipe import Ask

_ACCOUNT: Final = Ask(claims=("name", "birthdate", "nationality"))
_VISIT: Final = Ask(claims=("name", "nationality"))

SG: Final = accepted(
    "sg-pid-opens-account",
    "Tan Hui Ling of Singapore shows her wallet identity to a bank in Bangkok",
    why="The certificate in `x5c` leads to the authority that Singapore lists, with the listed key usage.",
    to="th-bank",
    purpose="account-opening",
    source=Presentation("sg-pid", "sg-tan"),
    ask=_ACCOUNT,
)
SG_PROPERTY: Final = accepted(
    "sg-pid-buys-property",
    "Tan Hui Ling of Singapore buys property in Thailand",
    why="The purpose needs A3, and the arrangement recognises A3 as A3.",
    to="th-bank",
    purpose="property-purchase",
    source=Presentation("sg-pid", "sg-tan"),
    ask=_ACCOUNT,
)
TH: Final = accepted(
    "th-pid-opens-account",
    "Thanaporn of Thailand shows her wallet identity to a bank in Singapore",
    why="The key stands in Thailand's list itself. The name comes in Thai and in Latin letters.",
    to="sg-bank",
    purpose="account-opening",
    source=Presentation("th-pid", "th-thanaporn"),
    ask=_ACCOUNT,
)
TH_DISCREET: Final = accepted(
    "th-pid-without-birthdate",
    "Kitti of Thailand opens an account and keeps his date of birth and his address to himself",
    why="What is withheld is not known and not guessed; the rest is as good as ever.",
    to="sg-bank",
    purpose="account-opening",
    source=Presentation("th-pid", "th-kitti", withheld=("birthdate", "address")),
    ask=_ACCOUNT,
)
PH: Final = accepted(
    "ph-pid-opens-account",
    "Luisa Ramona Dimalanta of the Philippines shows her national identity to a bank in Singapore",
    why="The credential is also printed on paper; on the phone it is bound to her, and she proved it.",
    to="sg-bank",
    purpose="account-opening",
    source=Presentation("ph-pid", "ph-luisa"),
    ask=_ACCOUNT,
)
PH_ROTATED: Final = accepted(
    "ph-pid-signed-before-rotation",
    "A national identity of the Philippines from before the key was changed",
    why="A superseded key signs nothing new, and what it signed before stays good to its own expiry.",
    to="sg-bank",
    purpose="account-opening",
    source=Presentation("ph-pid-2025", "ph-nonoy", payload={"iat": datetime(2026, 2, 28, tzinfo=UTC)}),
    ask=_ACCOUNT,
)
PH_PHOTOCOPY: Final = accepted(
    "ph-photocopy-visits-building",
    "A photocopied national identity of the Philippines at a bank's reception in Singapore",
    why="Anyone with a copy could show it. For a visit that is enough, and the report says what it is worth.",
    to="sg-bank",
    purpose="building-visit",
    source=Presentation("ph-pid", "ph-luisa", bound=False),
    ask=_VISIT,
)
ID: Final = accepted(
    "id-pid-opens-account",
    "I Wayan Sukerta Melati of Indonesia shows his wallet identity to a bank in Bangkok",
    why="The certificate in `x5c` carries the policy that Indonesia lists, and its key is on P-384.",
    to="th-bank",
    purpose="account-opening",
    source=Presentation("id-pid", "id-wayan"),
    ask=_ACCOUNT,
)
LA: Final = accepted(
    "la-card-opens-account",
    "Bounmy of Lao PDR shows his card, bound to his phone, to a bank in Bangkok",
    why="A state at tier T1: no login anywhere, and yet the card opens an account.",
    to="th-bank",
    purpose="account-opening",
    source=Presentation("la-card", "la-bounmy"),
    ask=_ACCOUNT,
)
LA_PHOTOCOPY: Final = accepted(
    "la-photocopy-visits-building",
    "A photocopied Lao card at a tower in Bangkok",
    why="An unbound card is enough for a visit: purpose and arrangement both say so.",
    to="th-tower",
    purpose="building-visit",
    source=Presentation("la-card", "la-dalavanh", bound=False),
    ask=_VISIT,
)
MY: Final = accepted(
    "my-student-enrols",
    "Nur Aisyah binti Hamdan of Malaysia enrols at a college in Singapore",
    why="Malaysia lists the signing certificate itself, and `x5c` carries exactly that one.",
    to="sg-campus",
    purpose="school-enrolment",
    source=Presentation("my-student", "my-aisyah"),
    ask=Ask(claims=("name", "institution")),
)
BN: Final = accepted(
    "bn-clinic-registers",
    "Dayang Salwa binti Jamilin of Brunei registers at a clinic in Malaysia",
    why="Brunei and Malaysia agreed on clinics; the list holds two keys and the header says which.",
    to="my-clinic",
    purpose="health-visit",
    source=Presentation("bn-clinic", "bn-salwa"),
    ask=Ask(claims=("name", "birthdate")),
)
KH: Final = accepted(
    "kh-residence-at-home",
    "Heng Sreymom of Cambodia registers a SIM card at home with a residence attestation",
    why="The office's new key signs; a state needs no arrangement with itself.",
    to="kh-telco",
    purpose="sim-registration",
    source=Presentation("kh-residence", "kh-sreymom"),
    ask=Ask(claims=("name",)),
)
MM: Final = accepted(
    "mm-card-at-home",
    "Thida of Myanmar, who has one name, opens an account at home",
    why="A state at tier T0 publishes its list; at home its card counts already.",
    to="mm-bank",
    purpose="account-opening",
    source=Presentation("mm-card", "mm-thida"),
    ask=_ACCOUNT,
)
MM_PHOTOCOPY: Final = accepted(
    "mm-photocopy-visits-building-at-home",
    "A photocopied card of Kyaw Min Padauk at a bank's reception in Myanmar",
    why="For a visit, at home, an unbound card is enough.",
    to="mm-bank",
    purpose="building-visit",
    source=Presentation("mm-card", "mm-kyaw", bound=False),
    ask=_VISIT,
)
VN: Final = accepted(
    "vn-organisation-acts-for-company",
    "Nguyễn Thị Mai Anh acts for a company of Viet Nam at a bank in Bangkok",
    why="The credential names the company, the scope and the period of the mandate.",
    to="th-bank",
    purpose="company-representation",
    source=Presentation("vn-organisation", "vn-maianh", represents=Representation("vn-sen")),
    ask=Ask(claims=("name", "position")),
)
SG_COMPANY: Final = accepted(
    "sg-representative-acts-for-company",
    "Tan Hui Ling acts for a company of Singapore at a bank in Bangkok",
    why="The bank names the company it deals with, and the mandate is for that one.",
    to="th-bank",
    purpose="company-representation",
    source=Presentation("sg-representative", "sg-tan", represents=Representation("sg-quay")),
    ask=Ask(claims=("name",), expected={"entity": {"scheme": "SG-UEN", "value": "209900001K"}}),
)


def entries() -> Iterator[Entry]:
    """Yield the accepted presentations."""
    yield from (SG, SG_PROPERTY, TH, TH_DISCREET, PH, PH_ROTATED, PH_PHOTOCOPY, ID, LA, LA_PHOTOCOPY)
    yield from (MY, BN, KH, MM, MM_PHOTOCOPY, VN, SG_COMPANY)
