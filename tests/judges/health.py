"""Health certificates: codes taken apart layer by layer, and whose signature counts under which trust list.

They are never accepted as identity; they exercise the same base45, zlib, CBOR and COSE as the codes of member states.
"""

import base64
from collections import defaultdict
from collections.abc import Mapping
from functools import cache

from idbridge.codec import base45
from idbridge.codec.inflate import inflate
from idbridge.crypto import cose
from idbridge.crypto.keys import JwkPublicKey, public_key_from_certificate
from idbridge.errors import IdBridgeError, JoseError
from idbridge.limits import LIMITS
from tests.judges.court import ACCEPTED, Case, Court, named
from tests.vectors import shared_vectors

# Disputed by their publishers: the expiry of three, and the key usage of one. Only where they should be accepted are
# they not scored; a wrong list has to refuse them all the same.
DISPUTED = {
    "crossborder/ES/2DCode/raw/1501.json#own": "its expiry is disputed",
    "crossborder/ES/2DCode/raw/1502.json#own": "its expiry is disputed",
    "crossborder/ES/2DCode/raw/1503.json#own": "its expiry is disputed",
    "crossborder/IS/2DCode/raw/3.json#own": "its key usage is disputed",
}
ALGORITHMS = frozenset({"ES256", "PS256"})  # of the specification of the certificates, volume 1 section 2.2
MAX_CHARACTERS = 4_296  # of the largest QR code
PREFIX = "HC1:"
MISMATCH = "input.malformed"


@cache
def states() -> Mapping[str, tuple[JwkPublicKey, ...]]:
    """The keys of each state, from the certificates that it published with its own examples."""
    found: dict[str, dict[str, JwkPublicKey]] = defaultdict(dict)
    for case in shared_vectors("dgc"):
        context = case["context"]
        if context["country"] != "common":  # examples of nobody's
            key = public_key_from_certificate(base64.b64decode(context["certificate"]))
            found[context["country"]][key.thumbprint] = key
    return {state: tuple(keys.values()) for state, keys in found.items()}


def listed(rule: str, state: str) -> tuple[JwkPublicKey, ...]:
    """The keys that a case lists for ``state``; where another's are swapped in, those of every other state."""
    published = states()
    if rule == "full":
        return published[state]
    if rule == f"without:{state}":
        return ()
    assert rule.startswith(f"swap:{state}:")
    return tuple(key for other, keys in published.items() if other != state for key in keys)


def code_of(text: str, keys: tuple[JwkPublicKey, ...]) -> str:
    """Why the code of a QR is refused under ``keys``; the empty text if one of them signed it."""
    code = "issuer.unknown"
    try:
        octets = base45.decode(text.removeprefix(PREFIX), max_characters=MAX_CHARACTERS)
        message = cose.parse_unverified(inflate(octets, max_bytes=LIMITS.token_bytes))
        for key in keys:
            try:
                cose.verify(message, key=key, algorithms=ALGORITHMS)
            except JoseError as refused:
                code = refused.code
            else:
                return ACCEPTED
    except IdBridgeError as refused:
        return refused.code
    return code


def judge_across_borders(case: Case) -> str:
    """The certificate of one state under the list of the case."""
    return code_of(case["input"], listed(case["context"]["list"], case["context"]["state"]))


def judge_base45(case: Case) -> str:
    """The octets that a code spells."""
    try:
        octets = base45.decode(case["input"], max_characters=MAX_CHARACTERS)
    except IdBridgeError as refused:
        return refused.code
    return ACCEPTED if _is(octets, case["context"]["expect"].get("COMPRESSED")) else MISMATCH


def judge_zlib(case: Case) -> str:
    """The octets that a stream swells into."""
    try:
        octets = inflate(bytes.fromhex(case["input"]), max_bytes=LIMITS.token_bytes)
    except IdBridgeError as refused:
        return refused.code
    return ACCEPTED if _is(octets, case["context"]["expect"].get("COSE")) else MISMATCH


def _is(octets: bytes, published: str | None) -> bool:
    return published is None or octets.hex() == published.lower()


CROSSBORDER = Court(
    "crossborder", {"federation:dcc": judge_across_borders}, refused=named("crossborder"), unscored=DISPUTED
)
DGC = Court(
    "dgc",
    {"dgc:base45": judge_base45, "dgc:zlib": judge_zlib},
    aside={
        "dgc:qr": "a picture, read by a library and judged as its text",
        "dgc:decode": "the health content, which no verifier of identity reads",
        "dgc:unprefix": "not judged yet",
        "dgc:verify": "not judged yet",
        "dgc:expiry": "not judged yet",
        "dgc:keyusage": "not judged yet",
    },
)
