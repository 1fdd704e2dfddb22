"""Cases about SD-JWT VCs under each of two algorithms: attacks that a verifier of one of them alone must know too.

Thailand signs with Ed25519, and most cases about SD-JWT VCs are about its credential; Singapore signs with ES256, below
a certificate. Clauses: RFC 9901 section 7; RFC 8725 section 3.1; RFC 8032 section 5.1.7.
"""

from collections.abc import Iterator
from typing import Any, Final

from idbridge.sandbox import forgeries, slips
from idbridge.sandbox.cases import presentations
from idbridge.sandbox.edits import After
from idbridge.sandbox.entry import Entry, accepted
from idbridge.sandbox.presentations import Presentation
from idbridge.sandbox.recipe import Nonce

_DAY: Final = 86_400
RENEWED: Final = accepted(
    "sg-pid-under-another-certificate",
    "Tan Hui Ling shows a wallet identity that another key of its issuer signed, certified by the same authority",
    why="The list names the authority, the usage and the algorithm, and leaves the keys below to the authority.",
    to="th-bank",
    purpose="account-opening",
    source=Presentation("sg-pid", "sg-tan", certified="ES256"),
    ask=presentations.SG.recipe.ask,
)


def entries() -> Iterator[Entry]:
    """Yield the cases."""
    yield RENEWED
    yield RENEWED.refused(
        "alg-not-listed-under-certificate",
        "jose.alg_not_allowed",
        "A wallet identity under a certified key of P-384, whose algorithm fits the key and is not listed",
        why="The list says which algorithms a service uses; neither token nor certificate gets to choose.",
        certified="ES384",
    )
    yield from _es256()
    yield from _ed25519()


def _all(twin: Entry, algorithm: str, *rows: tuple[str, str, str, str, dict[str, Any]]) -> Iterator[Entry]:
    for name, code, what, why, changes in rows:
        title = f"A wallet identity signed with {algorithm}: {what}"
        yield twin.refused(f"{algorithm.lower()}-{name}", code, title, why=why, **changes)


def _es256() -> Iterator[Entry]:
    yield from _all(
        presentations.SG,
        "ES256",
        ("alg-none", "jose.alg_none", "not signed, and it says so", "Good disclosures do not replace a signature.",
         {"seal": forgeries.unsecured}),
        ("alg-hmac-with-public-key", "jose.alg_not_allowed", "its secret is the issuer's public key",
         "Nothing symmetric is in the table.", {"seal": forgeries.signed_with_public_key}),
        ("signature-changed", "jose.signature_invalid", "one bit of the signature is another",
         "There is no such thing as nearly signed.", {"seal": forgeries.signature_changed}),
        ("payload-changed", "jose.signature_invalid", "made older after signing", "What is signed is what counts.",
         {"seal": forgeries.payload_changed}),
        ("typ-jwt", "jose.typ_mismatch", "its `typ` is JWT",
         "The type keeps a credential from serving as something else.", {"header": {"typ": "JWT"}}),
        ("expired", "time.expired", "it expired yesterday", "Genuine, and out of date.",
         {"payload": {"exp": After(-_DAY)}}),
        ("disclosure-unreferenced", "sd_jwt.disclosure_unreferenced", "a disclosure that no digest refers to",
         "Nobody signed it.", {"slip": slips.unreferenced_disclosure}),
        ("digest-twice", "sd_jwt.digest_duplicate", "the same digest twice",
         "One disclosure would count in two places.", {"slip": slips.digest_twice}),
        ("disclosure-overrides-claim", "sd_jwt.disclosure_collision",
         "a disclosure that says something else than a claim in plain sight", "Two readers could pick different ones.",
         {"slip": slips.disclosure_overrides_claim}),
        ("expiry-disclosed", "sd_jwt.disclosure_forbidden_claim", "an expiry that the holder may withhold",
         "The holder would decide when the credential ends.", {"slip": slips.expiry_disclosed}),
    )  # fmt: skip
    yield from _all(
        presentations.SG,
        "ES256",
        ("bound-by-another-wallet", "holder.signature_invalid", "Kavitha shows it, bound with her own key",
         "The issuer named the key of Tan Hui Ling.", {"bound_by": "sg-kavitha"}),
        ("binding-not-signed", "jose.alg_none", "a key binding that is not signed and says so",
         "Anybody can write one.", {"kb_seal": forgeries.unsecured}),
        ("binding-of-another-request", "holder.nonce_mismatch", "it answers another nonce",
         "It is genuine, and from another occasion.", {"nonce": Nonce.ANOTHER}),
        ("binding-for-another-audience", "holder.audience_mismatch", "made for a tower in Singapore",
         "A relying party may not pass on what it was shown.", {"audience_of": "sg-tower"}),
        ("binding-of-another-credential", "holder.sd_hash_mismatch", "its key binding was made over something else",
         "The digest ties it to this presentation.", {"kb_claims": {"sd_hash": "A" * 43}}),
    )  # fmt: skip


def _ed25519() -> Iterator[Entry]:
    yield from _all(
        presentations.TH,
        "Ed25519",
        ("alg-hmac-with-public-key", "jose.alg_not_allowed", "its secret is the issuer's public key",
         "Nothing symmetric is in the table.", {"seal": forgeries.signed_with_public_key}),
        ("alg-of-another-curve", "jose.alg_not_allowed", "the header says ES256",
         "The list says which algorithms a service uses; the token does not get to choose.",
         {"header": {"alg": "ES256"}}),
        ("key-not-listed", "jose.kid_unknown", "under a key id that the list does not have",
         "The list may be about to change; until it does, nobody can tell.", {"header": {"kid": "a-key-of-tomorrow"}}),
        ("payload-changed", "jose.signature_invalid", "made older after signing", "What is signed is what counts.",
         {"seal": forgeries.payload_changed}),
        ("signed-by-another-state", "jose.signature_invalid", "a listed issuer of the Philippines signed it",
         "A state signs for itself; a listed key is good for its own service only.", {"signed_by": "ph-pid"}),
        ("signature-of-zeros", "jose.signature_invalid", "its signature is 64 octets of zero",
         "Libraries that compare without looking at the range have taken one.", {"seal": forgeries.signature_of_zeros}),
        ("scalar-raised", "jose.signature_invalid", "its signature has the order of the group added to its scalar",
         "It fits the equation, and a credential would have a second spelling that nobody signed.",
         {"seal": forgeries.scalar_raised}),
    )  # fmt: skip
