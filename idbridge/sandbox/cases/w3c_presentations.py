"""Cases about W3C presentations: what a holder shows, and the proof that it is theirs.

Clauses: VC Data Model 2.0, section 4.13; VC Data Model 1.1, section 6.3.1; VC-JOSE-COSE, section 3.1.2.
"""

from collections.abc import Iterator
from typing import Final

from idbridge.sandbox import forgeries, w3c
from idbridge.sandbox.case import Kind
from idbridge.sandbox.cases.w3c_credentials import SG, SG_ALONE, SG_SD_PRESENTED, STRANGER, TH
from idbridge.sandbox.edits import ABSENT, After
from idbridge.sandbox.entry import Entry, accepted
from idbridge.sandbox.recipe import Ask, Nonce
from idbridge.sandbox.replays import the_same
from idbridge.sandbox.w3c import Vc

_YEAR: Final = 365 * 86_400

SG_TWO: Final = accepted(
    "sg-vc-two-in-one-presentation",
    "Tan Hui Ling shows two W3C credentials in one presentation",
    why="Both name her key, and she signed for both at once.",
    to="th-bank",
    purpose="account-opening",
    source=Vc("sg-vc", "sg-tan", beside=Vc("sg-vc-sd", "sg-tan")),
    ask=Ask(claims=("name", "birthdate", "nationality")),
)
SG_COPIED: Final = accepted(
    "sg-vc-visits-bank",
    "A W3C credential of Singapore without presentation, at the reception of a bank in Bangkok",
    why="Anyone with a copy could show it, and for a visit that will do, at a bank too.",
    to="th-bank",
    purpose="building-visit",
    source=Vc("sg-vc", "sg-tan", alone=True),
    ask=Ask(claims=("name", "nationality")),
)
SG_SD_UNASKED: Final = accepted(
    "sg-vc-sd-jwt-in-presentation-unasked",
    "Kavitha shows a W3C credential in a presentation at the reception of a bank that keeps no nonces",
    why="Singapore's list demands a proof of the holder, and there is one; for a visit it need not be fresh.",
    to="th-bank",
    purpose="building-visit",
    source=SG_SD_PRESENTED.recipe.source,
    ask=Ask(claims=("name", "nationality"), nonce=Nonce.NONE),
)


def entries() -> Iterator[Entry]:
    """Yield the cases about W3C presentations."""
    yield from (SG_TWO, SG_COPIED, SG_SD_UNASKED)
    yield from _form()
    yield from _holders()
    yield from _signature()
    yield from _occasion()


def _form() -> Iterator[Entry]:
    yield SG.refused(
        "vp-empty",
        "w3c.presentation_invalid",
        "A W3C presentation of nothing",
        why="Empty is not success.",
        entries=w3c.without_any,
    )
    yield SG.refused(
        "vp-of-too-many",
        "input.too_large",
        "A W3C presentation of more credentials than anybody shows at once",
        why="Their number is bounded before any signature is looked at.",
        entries=w3c.once_too_often,
    )
    yield SG.refused(
        "vp-with-unenveloped-credential",
        "input.format_unsupported",
        "A W3C presentation of a credential with a proof of its own",
        why="What is not enveloped nobody signed as a whole.",
        entries=w3c.unenveloped,
    )
    yield SG.refused(
        "vp-with-cose",
        "input.format_unsupported",
        "A W3C presentation of a credential that is said to be in COSE",
        why="A format that is not served is named as such.",
        entries=w3c.in_cose,
    )
    yield SG.refused(
        "vp-type-of-credential",
        "w3c.type_invalid",
        "A W3C presentation that says that it is a credential",
        why="What a holder signs is never taken for what an issuer signed.",
        vp={"type": ["VerifiableCredential"]},
    )
    yield TH.refused(
        "vp-with-embedded-proof",
        "input.format_unsupported",
        "A W3C presentation of version 1.1 with a proof inside",
        why="Nobody here would look at it, and somebody could rely on it.",
        vp={"proof": {"type": "DataIntegrityProof"}},
    )


def _holders() -> Iterator[Entry]:
    yield SG_SD_UNASKED.refused(
        "vc-without-presentation",
        "holder.binding_missing",
        "A W3C credential of Singapore without any proof of its holder",
        why="Singapore's list demands one; whether it is there is not for the sender to decide.",
        alone=True,
    )
    yield SG_COPIED.refused(
        "vc-alone-opens-account",
        "recognition.holder_not_bound",
        "A copied W3C credential of Singapore, for an account",
        why="Good enough for a visit, and anyone with a copy could show it.",
        purpose="account-opening",
    )
    yield SG.refused(
        "vc-names-no-holder",
        "holder.key_missing",
        "A W3C credential that names no key of a holder, in a presentation",
        why="A presentation under a key that the issuer did not name proves nothing.",
        about={"id": ABSENT},
    )
    yield SG.refused(
        "vc-names-two-holders",
        "holder.key_missing",
        "A W3C credential that names one key as the subject's and another to confirm it",
        why="Nobody could tell which of two people holds it.",
        around={"cnf": {"jwk": {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}}},
    )
    yield SG.refused(
        "vp-by-another-wallet",
        "holder.signature_invalid",
        "Kavitha presents Tan Hui Ling's W3C credential under her own name",
        why="The issuer named the key of Tan Hui Ling.",
        shown_by="sg-kavitha",
    )
    yield TH.refused(
        "th-vp-by-another-wallet",
        "holder.signature_invalid",
        "Kitti presents Thanaporn's W3C credential of version 1.1 under his own name",
        why="The issuer named her key.",
        shown_by="th-kitti",
    )
    yield SG_TWO.refused(
        "vp-with-somebody-else-s-credential",
        "holder.signature_invalid",
        "Tan Hui Ling puts a W3C credential of Kavitha beside her own",
        why="Each credential is held against the key that it names itself.",
        beside=Vc("sg-vc-sd", "sg-kavitha"),
    )
    yield SG_TWO.refused(
        "vp-with-forged-credential",
        "jose.signature_invalid",
        "A presentation of two W3C credentials, the second of which is altered",
        why="The worst decides.",
        beside=Vc("sg-vc-sd", "sg-tan", seal=forgeries.signature_changed),
    )


def _signature() -> Iterator[Entry]:
    yield SG.refused(
        "vp-not-signed",
        "jose.alg_none",
        "A W3C presentation that is not signed and says so",
        why="Anybody can write one.",
        vp_seal=forgeries.unsecured,
    )
    yield SG.refused(
        "vp-altered",
        "holder.signature_invalid",
        "One bit of the signature of a W3C presentation is another",
        why="There is no such thing as nearly signed.",
        vp_seal=forgeries.signature_changed,
    )
    yield SG.refused(
        "vp-of-another-algorithm",
        "jose.alg_key_mismatch",
        "A W3C presentation under an algorithm that does not fit the holder's key",
        why="The key says how it signs.",
        vp_header={"alg": "ES384"},
    )
    yield SG.refused(
        "vp-typ-jwt",
        "jose.typ_mismatch",
        "A W3C presentation of version 2.0 that is called a key binding",
        why="Anything else that the holder's key ever signed could pass for one.",
        vp_header={"typ": "kb+jwt"},
    )
    yield SG.refused(
        "vp-holder-by-stranger-did",
        "w3c.claims_contradict",
        "A W3C presentation that calls its holder by another's key",
        why="The name and the signature speak of two people.",
        vp_claims={"holder": STRANGER},
    )
    for case, name, edits in (
        (SG, "vp-holder-by-another-address", {"holder": "https://somebody.example/else"}),
        (TH, "vp-iss-by-another-name", {"iss": "urn:somebody:else"}),
    ):
        yield case.refused(
            name,
            "w3c.claims_contradict",
            f"A W3C presentation whose `{min(edits)}` is a name that is neither the subject's nor of a key",
            why="A name that nothing vouches for would be told as the holder's.",
            vp_claims=edits,
        )
    yield TH.refused(
        "vp-iss-and-holder-differ",
        "w3c.claims_contradict",
        "A W3C presentation of version 1.1 with one holder in `iss` and another inside",
        why="A claim and the member that it stands for say the same.",
        vp={"holder": STRANGER},
    )


def _occasion() -> Iterator[Entry]:
    yield SG.refused(
        "vp-of-another-request",
        "holder.nonce_mismatch",
        "A W3C presentation that answers another nonce",
        why="It is genuine, and from another occasion.",
        nonce=Nonce.ANOTHER,
    )
    yield TH.refused(
        "vp-replayed",
        "holder.replayed",
        "The same W3C presentation a second time",
        why="A nonce counts once.",
        kind=Kind.SEQUENCE,
        before=the_same,
    )
    yield SG.refused(
        "vp-for-another-audience",
        "holder.audience_mismatch",
        "A W3C presentation that was made for a tower in Singapore",
        why="A relying party may not pass on what it was shown.",
        audience_of="sg-tower",
    )
    yield SG.refused(
        "vp-for-several-audiences",
        "holder.audience_mismatch",
        "A W3C presentation whose audience is a list",
        why="A presentation is for one relying party.",
        vp_claims={"aud": ["https://sandbox.bank.th.example", "https://sandbox.tower.th.example"]},
    )
    yield SG.refused(
        "vp-a-year-old",
        "holder.not_fresh",
        "A W3C presentation from a year ago",
        why="It proves who held the key then.",
        vp_claims={"iat": After(-_YEAR)},
    )
    yield SG.refused(
        "vp-not-yet-valid",
        "time.not_yet_valid",
        "A W3C presentation that says itself that it is good from tomorrow",
        why="A start may be left out, and counts where it stands.",
        vp_claims={"nbf": After(86_400), "exp": ABSENT},
    )
    yield SG.refused(
        "vp-approves-a-transaction",
        "holder.transaction_mismatch",
        "A W3C presentation with which a payment was approved too",
        why="The relying party asked who she is, and somebody else asked her to pay.",
        vp_claims={"transaction_data_hashes": ["A" * 43]},
    )
    yield SG_ALONE.refused(
        "vc-copy-where-an-answer-is-expected",
        "holder.binding_missing",
        "A copied W3C credential to a relying party that expects an answer",
        why="Who expects an audience asked a holder, and nobody answered.",
        expected={"audience": "https://sandbox.tower.th.example"},
    )
