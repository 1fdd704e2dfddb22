"""Health certificates: codes taken apart layer by layer, and whose signature counts under which trust list.

They are never accepted as identity; they exercise the same base45, zlib, CBOR and COSE as the codes of member states.
"""

import base64
import hashlib
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache

from cryptography import x509

from idbridge.codec import base45, cbor
from idbridge.codec.inflate import inflate
from idbridge.credential.qr import TIME
from idbridge.credential.qr_claims import flat, times
from idbridge.credential.qr_envelope import cwt_message
from idbridge.credential.validity import in_window
from idbridge.crypto import cose
from idbridge.crypto.keys import JwkPublicKey, public_key_from_certificate
from idbridge.errors import IdBridgeError, JoseError
from idbridge.limits import LIMITS
from idbridge.model.qr_profile import QrContainer, QrEnvelope, QrProfile, QrStep
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
DISPUTED_DGC = {
    "dgc/ES/2DCode/raw/1501.json#EXPECTEDEXPIRATIONCHECK": "its expiry is disputed",
    "dgc/ES/2DCode/raw/1502.json#EXPECTEDEXPIRATIONCHECK": "its expiry is disputed",
    "dgc/ES/2DCode/raw/1503.json#EXPECTEDEXPIRATIONCHECK": "its expiry is disputed",
    "dgc/IS/2DCode/raw/3.json#EXPECTEDKEYUSAGE": "its key usage is disputed",
    "dgc/common/2DCode/raw/CO15.json#EXPECTEDKEYUSAGE": "its key usage is disputed",
}
ALGORITHMS = frozenset({"ES256", "PS256"})  # of the specification of the certificates, volume 1 section 2.2
MAX_CHARACTERS = 4_296  # of the largest QR code
PREFIX = "HC1:"
MISMATCH = "input.malformed"
# How the codes of member states would be read if they were written so. No list can say it: the prefix is refused there.
PROFILE = QrProfile(QrEnvelope(PREFIX, (QrStep.BASE45, QrStep.ZLIB), QrContainer.CWT))
KID_OCTETS = 8  # the first ones of the digest of the certificate: specification, volume 1 section 2.3
# What the key of a certificate may sign, where it says so: the last arc, below either spelling of the branch.
USAGES = {"t": "1", "v": "2", "r": "3"}
BRANCHES = ("1.3.6.1.4.1.1847.2021.1.", "1.3.6.1.4.1.0.1847.2021.1.")


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


def judge_prefix(case: Case) -> str:
    """The text below the prefix."""
    text, prefix = case["input"], PROFILE.envelope.prefix
    if not text.startswith(prefix):
        return "qr.envelope_malformed"
    return ACCEPTED if text[len(prefix) :] == case["context"]["expect"].get("BASE45") else MISMATCH


def judge_signature(case: Case) -> str:
    """The message under the certificate of the case, which is found by its key id as a listed key is."""
    der = base64.b64decode(case["context"]["certificate"])
    try:
        message = cwt_message(bytes.fromhex(case["input"]))
        if message.header.kid != cose.kid_text(hashlib.sha256(der).digest()[:KID_OCTETS]):
            return "jose.kid_unknown"
        cose.verify(message, key=public_key_from_certificate(der), algorithms=ALGORITHMS)
    except IdBridgeError as refused:
        return refused.code
    return ACCEPTED


def judge_expiry(case: Case) -> str:
    """The times of the message at the clock of the case, without any leeway."""
    clock = datetime.fromisoformat(case["context"]["clock"])
    now = clock if clock.tzinfo else clock.replace(tzinfo=UTC)
    try:
        stated = times(_claims(case), PROFILE)
    except IdBridgeError as refused:
        return refused.code
    check = in_window(TIME, stated, now=now.timestamp(), leeway=0)
    return check.reason.code if check.reason is not None else ACCEPTED


def judge_usage(case: Case) -> str:
    """What the certificate lets its key sign, if it says anything of it, against what is signed."""
    certificate = x509.load_der_x509_certificate(base64.b64decode(case["context"]["certificate"]))
    try:
        usages = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        claims = _claims(case)
    except x509.ExtensionNotFound:
        return ACCEPTED
    except IdBridgeError as refused:
        return refused.code
    said = {one.dotted_string for one in usages} & {branch + arc for branch in BRANCHES for arc in USAGES.values()}
    signed = [arc for content, arc in USAGES.items() if claims.get(f"-260.1.{content}")]
    fits = not said or all(any(branch + arc in said for branch in BRANCHES) for arc in signed)
    return ACCEPTED if fits and signed else "issuer.certificate_profile"


def _claims(case: Case) -> Mapping[str, object]:
    message = cwt_message(bytes.fromhex(case["input"]))
    return flat(cbor.decode(message.payload, max_bytes=LIMITS.token_bytes))


def _is(octets: bytes, published: str | None) -> bool:
    return published is None or octets.hex() == published.lower()


CROSSBORDER = Court(
    "crossborder", {"federation:dcc": judge_across_borders}, refused=named("crossborder"), unscored=DISPUTED
)
DGC = Court(
    "dgc",
    {
        "dgc:unprefix": judge_prefix,
        "dgc:base45": judge_base45,
        "dgc:zlib": judge_zlib,
        "dgc:verify": judge_signature,
        "dgc:expiry": judge_expiry,
        "dgc:keyusage": judge_usage,
    },
    refused=named("dgc"),
    unscored=DISPUTED_DGC,
    aside={
        "dgc:qr": "a picture, read by a library and judged as its text",
        "dgc:decode": "the health content, which no verifier of identity reads",
    },
)
