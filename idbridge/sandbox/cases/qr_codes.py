"""Cases about codes on paper: accepted for what anybody could show, and refused in every way a code can be bad.

Clauses: RFC 8392 (CWT), RFC 9052 (COSE_Sign1), RFC 9285 (base45), RFC 1950 (zlib); architecture D2 (QR profiles).
"""

from collections.abc import Iterator
from typing import Final

from idbridge.sandbox import codes
from idbridge.sandbox.codes import Code
from idbridge.sandbox.edits import ABSENT, After, Within
from idbridge.sandbox.entry import Entry, accepted
from idbridge.sandbox.recipe import Ask

_DAY: Final = 86_400
_YEAR: Final = 365 * _DAY
_ISS, _AUD, _EXP, _NBF, _IAT = 1, 3, 4, 5, 6
_STATUS: Final = 65535
_VISIT: Final = Ask(claims=("name", "nationality"))

LA: Final = accepted(
    "la-code-visits-building",
    "The printed code of Bounmy's card at a bank's reception in Bangkok",
    why="The code says how long it is good and who signed it. That anybody could have copied it, the report says too.",
    to="th-bank",
    purpose="building-visit",
    source=Code("la-card-qr", "la-bounmy"),
    ask=_VISIT,
)
LA_PASS: Final = accepted(
    "la-pass-visits-building",
    "A visitor's pass of Lao PDR, a web address with a signed text behind it, at a tower in Bangkok",
    why="The list says what the address begins with; what follows is a token like any other.",
    to="th-tower",
    purpose="building-visit",
    source=Code("la-visit-qr", "la-dalavanh"),
    ask=_VISIT,
)
PH: Final = accepted(
    "ph-paper-code-visits-building",
    "The code of Luisa's identity on paper at a bank's reception in Singapore",
    why="It never expires by itself; the list lets it be good for ten years and no longer.",
    to="sg-bank",
    purpose="building-visit",
    source=Code("ph-ecard-qr", "ph-luisa"),
    ask=_VISIT,
)
PH_CARD: Final = accepted(
    "ph-card-code-visits-building",
    "The code on Luisa's card, an object with its own signature, at a bank's reception in Singapore",
    why="The text does not say what it is, so the bank does; what was signed is put together as the list says.",
    to="sg-bank",
    purpose="building-visit",
    source=Code("ph-card-qr", "ph-luisa"),
    ask=Ask(claims=("name", "nationality"), body={"format": "qr"}),
)


def entries() -> Iterator[Entry]:
    """Yield the cases about codes."""
    yield from (LA, LA_PASS, PH, PH_CARD)
    yield from _texts()
    yield from _messages()
    yield from _claims()
    yield from _keys()
    yield from _times()
    yield from _uses()
    yield from _objects()


def _texts() -> Iterator[Entry]:
    yield LA.refused(
        "qr-health-certificate",
        "qr.profile_unknown",
        "A code under the prefix of health certificates",
        why="A vaccination is no identity, whoever signs for it.",
        layers=codes.as_health_certificate,
    )
    yield LA.refused(
        "qr-cut",
        "qr.envelope_malformed",
        "A code whose end the scanner lost",
        why="Half a code says half of what was signed.",
        layers=codes.cut,
    )
    yield LA.refused(
        "qr-bomb",
        "input.too_large",
        "A code of a few characters that swells into a million",
        why="What is compressed is read up to the bound and no further.",
        layers=codes.swelling,
    )


def _messages() -> Iterator[Entry]:
    yield LA.refused(
        "qr-algorithm-of-another-table",
        "jose.alg_not_allowed",
        "A code that says it is signed with a shared secret",
        why="A secret that every reader has signs for nobody.",
        header={1: 5},
    )
    yield LA.refused(
        "qr-critical-header",
        "jose.crit_unsupported",
        "A code with a critical header that nobody here understands",
        why="Whoever says that it must be understood means it.",
        header={2: [99]},
    )
    yield LA.refused(
        "qr-key-from-an-address",
        "jose.header_forbidden",
        "A code that says where its key can be fetched",
        why="Keys come from the lists of states, and a reader fetches nothing.",
        beside={35: "https://keys.thief.example/1"},
    )
    yield LA.refused(
        "qr-signature-changed",
        "jose.signature_invalid",
        "One bit of the signature of a code is another",
        why="There is no such thing as nearly signed.",
        bent=codes.signature_bent,
    )
    yield LA_PASS.refused(
        "qr-pass-of-another-type",
        "jose.typ_mismatch",
        "A credential of another type behind the address of a pass",
        why="The type keeps one kind of signed text from serving as another.",
        header={"typ": "vc+jwt"},
    )
    yield LA_PASS.refused(
        "qr-pass-with-status-of-another-kind",
        "qr.kind_mismatch",
        "A pass that names its status as a W3C credential does",
        why="What says that it may be revoked, in words that no code has, is not taken for what cannot be.",
        payload={"credentialStatus": {"type": "BitstringStatusListEntry"}},
    )


def _claims() -> Iterator[Entry]:
    yield LA.refused(
        "qr-claim-twice",
        "qr.claims_malformed",
        "A code that names the issuer as a number and as a text",
        why="Two readers could read two issuers.",
        payload={"1": "https://card.th.example"},
    )
    yield LA.refused(
        "qr-for-one-audience",
        "qr.kind_mismatch",
        "A code that was made for one reader",
        why="What is made for somebody else is no printed code, and could be a login's.",
        payload={_AUD: "https://tower.th.example"},
    )
    yield LA.refused(
        "qr-health-record-inside",
        "qr.kind_mismatch",
        "A code of the right state with a health record in it",
        why="One code is one kind of document.",
        payload={-260: {1: {"ver": "1.3.0"}}},
    )
    yield LA.refused(
        "qr-issuer-missing",
        "issuer.missing",
        "A code that does not say whose it is",
        why="Only a named issuer is looked up in its state's list.",
        payload={_ISS: ABSENT},
    )
    yield LA.refused(
        "qr-issuer-unknown",
        "issuer.unknown",
        "A code of an issuer that no state lists",
        why="A good signature of a stranger proves nothing.",
        payload={_ISS: "https://card.stranger.example"},
    )
    yield PH.refused(
        "qr-of-another-state",
        "issuer.unknown",
        "A code in the Philippine envelope that says it is of Viet Nam",
        why="Only the Philippines lists this envelope, and for itself.",
        payload={_ISS: "VN"},
    )
    yield LA.refused(
        "qr-status-without-form",
        "status.unavailable",
        "A code that says in a broken way where its status is looked up",
        why="What may be revoked and cannot be looked up is not accepted.",
        payload={_STATUS: "ask the office"},
    )


def _keys() -> Iterator[Entry]:
    yield LA.refused(
        "qr-key-unknown",
        "jose.kid_unknown",
        "A code that names a key which its state does not list",
        why="A verification fetches nothing; the key may be in the next list.",
        header={4: b"of-next-year"},
    )
    yield LA.refused(
        "qr-key-of-other-codes",
        "issuer.service_not_listed",
        "A card's code that the key for visitors' passes signed",
        why="A key that is listed for one kind of code signs no other.",
        signed_by="la-visit-qr",
    )
    yield PH.refused(
        "qr-name-changed",
        "jose.signature_invalid",
        "A code on paper in which Luisa became Maria",
        why="Every letter of what a code states is signed.",
        bent=codes.name_bent,
    )


def _times() -> Iterator[Entry]:
    yield LA.refused(
        "qr-expired",
        "time.expired",
        "A code that expired yesterday",
        why="Genuine, and out of date.",
        payload={_EXP: After(-_DAY)},
    )
    yield LA.refused(
        "qr-not-yet-valid",
        "time.not_yet_valid",
        "A code that is good from tomorrow",
        why="What begins later is not good now.",
        payload={_NBF: After(_DAY)},
    )
    yield LA.refused(
        "qr-issued-tomorrow",
        "time.issued_in_future",
        "A code that was made tomorrow",
        why="A clock is wrong, or somebody is.",
        payload={_IAT: After(_DAY)},
    )
    yield LA.refused(
        "qr-without-end",
        "time.claim_missing",
        "A code that does not say how long it is good",
        why="A profile may say where the end stands, and never that there is none.",
        payload={_EXP: ABSENT},
    )
    yield LA.refused(
        "qr-end-in-words",
        "time.claim_malformed",
        "A code whose end is a text",
        why="Two readers could read two ends.",
        payload={_EXP: "2031-01-01"},
    )
    yield PH.refused(
        "qr-too-old",
        "time.too_old",
        "A code on paper that was printed eleven years ago",
        why="The state's list lets a code be good for ten years.",
        payload={169: Within({"d": "2015-01-31"})},
    )
    yield PH.refused(
        "qr-date-missing",
        "time.claim_missing",
        "A code on paper without the date on which it was printed",
        why="Without a beginning the ten years never end.",
        payload={169: Within({"d": ABSENT})},
    )


def _uses() -> Iterator[Entry]:
    yield LA.refused(
        "qr-opens-account",
        "recognition.holder_not_bound",
        "A printed code that is to open an account",
        why="Whoever took a picture of the card could show it.",
        purpose="account-opening",
    )
    yield LA.refused(
        "qr-answers-nonce",
        "holder.binding_missing",
        "A printed code where the reception had asked for an answer",
        why="Paper answers nothing: a code says the same to everybody.",
        expected={"nonce": "n-0S6_WzA2Mj"},
    )


def _objects() -> Iterator[Entry]:
    yield PH_CARD.refused(
        "qr-object-name-changed",
        "jose.signature_invalid",
        "The code on a card in which Luisa became Maria",
        why="All of the object but its signature is signed.",
        bent=codes.name_bent,
    )
    yield PH_CARD.refused(
        "qr-object-expired",
        "time.expired",
        "The code on a card that names an expiry of its own, which was yesterday",
        why="The list names no expiry for these codes, and what a code says of its own end counts all the same.",
        payload={"exp": After(-_DAY)},
    )
    yield PH_CARD.refused(
        "qr-object-for-one-audience",
        "qr.kind_mismatch",
        "An object with its own signature that was made for one reader",
        why="Calling it a printed object takes no audience away from it.",
        payload={"aud": "https://tower.th.example"},
    )
    yield PH_CARD.refused(
        "qr-object-algorithm-none",
        "jose.alg_none",
        "The code on a card that says it is signed with nothing",
        why="A word does not replace a signature.",
        payload={"alg": "none"},
    )
    yield PH_CARD.refused(
        "qr-object-letters-with-two-readings",
        "qr.envelope_malformed",
        "The code on the card of Begoña, whose ñ the signer replaced",
        why="With the letter replaced, two names have one signature.",
        payload={"subject": Within({"fName": "Begoña"})},
    )
    yield PH_CARD.refused(
        "qr-object-undeclared",
        "input.format_unsupported",
        "The code on a card that nobody calls a code",
        why="An object in JSON could be many things, and none is guessed.",
        body={},
    )
