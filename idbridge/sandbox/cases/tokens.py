"""Cases about the text and signature of a token, whatever it says: shape, header, algorithm, key.

Clauses: RFC 7515; RFC 8725; RFC 8259.
"""

from collections.abc import Iterator

from idbridge.sandbox import forgeries
from idbridge.sandbox.cases import logins
from idbridge.sandbox.edits import ABSENT
from idbridge.sandbox.entry import Entry


def entries() -> Iterator[Entry]:
    """Yield the cases about the text, the header and the signature of a token."""
    yield from _shapes()
    yield from _bounds_and_formats()
    yield from _headers()
    yield from _algorithms()
    yield from _signatures()


def _shapes() -> Iterator[Entry]:
    sg = logins.SG
    yield sg.refused(
        "empty-text",
        "input.empty",
        "An empty text",
        why="Empty is not success, and it is not malformed either.",
        seal=forgeries.nothing,
    )
    yield sg.refused(
        "not-a-token",
        "input.malformed",
        "Words with dots between them",
        why="Dots in the right number do not make a token.",
        seal=forgeries.words,
    )
    yield sg.refused(
        "payload-padded",
        "input.malformed",
        "A payload with base64 padding",
        why="One token must have one spelling, or a digest of it means nothing.",
        seal=forgeries.padded,
    )
    yield sg.refused(
        "issuer-named-twice",
        "input.malformed",
        "A payload that names its issuer twice",
        why="Two readers could pick different ones; many JSON parsers silently keep the last.",
        seal=forgeries.member_repeated,
    )
    yield sg.refused(
        "number-that-is-none",
        "input.malformed",
        "A payload with NaN in it",
        why="JSON has no such number.",
        seal=forgeries.not_a_number,
    )


def _bounds_and_formats() -> Iterator[Entry]:
    sg = logins.SG
    yield sg.refused(
        "nested-too-deep",
        "input.too_large",
        "A payload nested deeper than the limit",
        why="Depth is bounded before anything walks it.",
        seal=forgeries.nested_too_deep,
    )
    yield sg.refused(
        "header-too-long",
        "input.too_large",
        "A protected header longer than the limit",
        why="Size is bounded before anything is parsed.",
        seal=forgeries.header_too_long,
    )
    yield sg.refused(
        "token-too-long",
        "input.too_large",
        "A token longer than the limit",
        why="Size is bounded before anything is parsed.",
        seal=forgeries.token_too_long,
    )
    yield sg.refused(
        "encrypted-token",
        "jose.alg_not_allowed",
        "A signed token of five parts, as encrypted ones have",
        why="What this node cannot open it does not guess at.",
        seal=forgeries.encrypted_shape,
    )
    yield sg.refused(
        "declared-as-another-format",
        "input.format_mismatch",
        "An ID token that the request calls a credential",
        why="A token of one kind never serves as another.",
        body={"format": "dc+sd-jwt"},
    )


def _headers() -> Iterator[Entry]:
    sg = logins.SG
    yield sg.refused(
        "critical-extension",
        "jose.crit_unsupported",
        "A header with `crit`",
        why="No extension is understood here, so none may be critical.",
        header={"crit": ["urn:example:extension"], "urn:example:extension": True},
    )
    yield sg.refused(
        "key-by-address",
        "jose.header_forbidden",
        "A header that says where to fetch the key",
        why="Keys come from signed lists only; an address in a token is the sender's word.",
        header={"jku": "https://keys.another.example/jwks.json"},
    )
    yield sg.refused(
        "key-in-header",
        "jose.header_forbidden",
        "A header that brings its own key",
        why="A token that vouches for itself vouches for nothing.",
        header={"jwk": {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}},
    )
    yield sg.refused(
        "payload-not-encoded",
        "jose.header_forbidden",
        "A header with `b64`",
        why="It would change what is signed.",
        header={"b64": False},
    )
    yield sg.refused(
        "typ-of-access-token",
        "jose.typ_mismatch",
        "An access token in place of an ID token",
        why="A token of one kind never serves as another.",
        header={"typ": "at+jwt"},
    )
    yield sg.refused(
        "key-not-named",
        "jose.kid_missing",
        "A token without `kid` from an issuer with several keys",
        why="Trying one key after another would let an old key answer for a new one.",
        header={"kid": ABSENT},
    )
    yield sg.refused(
        "key-not-listed",
        "jose.kid_unknown",
        "A token under a key id that the list does not have",
        why="The list may be about to change; until it does, nobody can tell, and no fetch is made for it.",
        header={"kid": "a-key-of-tomorrow"},
    )


def _algorithms() -> Iterator[Entry]:
    sg = logins.SG
    yield sg.refused(
        "alg-none",
        "jose.alg_none",
        "A token that is not signed and says so",
        why="The oldest trick; it never gets as far as a key.",
        seal=forgeries.unsecured,
    )
    yield sg.refused(
        "alg-hmac-with-public-key",
        "jose.alg_not_allowed",
        "A token whose secret is the issuer's public key",
        why="Nothing symmetric is in the table, so a public key cannot serve as a secret.",
        seal=forgeries.signed_with_public_key,
    )
    yield sg.refused(
        "alg-not-listed-for-issuer",
        "jose.alg_not_allowed",
        "A token under an algorithm that the list does not name for this issuer",
        why="The list says which algorithms a service uses; the token does not get to choose.",
        header={"alg": "ES384"},
    )
    yield logins.KH.refused(
        "alg-of-another-curve",
        "jose.alg_key_mismatch",
        "A token whose algorithm is listed and does not fit the listed key",
        why="Algorithm, key type and curve have to agree.",
        header={"alg": "ES384"},
    )


def _signatures() -> Iterator[Entry]:
    sg = logins.SG
    yield sg.refused(
        "signature-changed",
        "jose.signature_invalid",
        "One bit of the signature is another",
        why="There is no such thing as nearly signed.",
        seal=forgeries.signature_changed,
    )
    yield sg.refused(
        "payload-changed",
        "jose.signature_invalid",
        "The date of birth was changed after signing",
        why="What is signed is what counts.",
        seal=forgeries.payload_changed,
    )
    yield sg.refused(
        "signed-by-another-issuer",
        "jose.signature_invalid",
        "A token of Singapore that a listed provider of the Philippines signed",
        why="A state signs for itself; a listed key is good for its own service only.",
        signed_by="ph-login",
    )
    yield logins.TH.refused(
        "th-payload-changed",
        "jose.signature_invalid",
        "A Thai token made ten years older after signing",
        why="The same attack against an RSA signature.",
        seal=forgeries.payload_changed,
    )
    yield logins.MY.refused(
        "my-signature-changed",
        "jose.signature_invalid",
        "One bit of a Malaysian RSA-PSS signature is another",
        why="The same attack against a padded signature.",
        seal=forgeries.signature_changed,
    )
    yield logins.VN.refused(
        "vn-signature-changed",
        "jose.signature_invalid",
        "One bit of a Vietnamese ES512 signature is another",
        why="The same attack against the longest curve.",
        seal=forgeries.signature_changed,
    )
