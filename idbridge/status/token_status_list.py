"""Token Status Lists (JWT and CWT): from octets to the values that one provider signed, or a refusal.

Decides whether a Token Status List is well formed, of the right type, for the very address at which it was found, in
time, and packed within the bounds: points 2, 4 and 5 of the checklist; point 3, who signed, is ``signers``. What is
refused says nothing, so the answer stays open and never becomes "good". Clauses: Token Status List sections 4, 5 and
8.3.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NoReturn

from idbridge.codec import base64url, cbor, strict_json
from idbridge.codec.inflate import inflate
from idbridge.crypto import cose, jws
from idbridge.crypto.header import HeaderCache, HeaderRules
from idbridge.errors import InputError, JoseError, StatusError
from idbridge.limits import LIMITS
from idbridge.model.credential import UnverifiedJws, UnverifiedSign1
from idbridge.status.packing import SIZES, Octets
from idbridge.status.status_list import Mechanism, Place, StatusList, Vouched, relied_on_until

JWT_TYPE: Final = "statuslist+jwt"
CWT_TYPE: Final = "application/statuslist+cwt"
BITSTRING_TYPE: Final = "vc+jwt"
# The signed type keeps any other token of the same key from passing for a list (RFC 8725 section 3.11).
RULES: Final = HeaderRules(types=frozenset({JWT_TYPE, BITSTRING_TYPE}), allow_x5c=True)
SUBJECT: Final = 2
EXPIRES: Final = 4
ISSUED: Final = 6
TTL: Final = 65_534
LIST: Final = 65_533
TYP: Final = 16  # RFC 9596
_NAMES: Final = {1: "iss", SUBJECT: "sub", EXPIRES: "exp", 5: "nbf", ISSUED: "iat", TTL: "ttl", LIST: "status_list"}
_CWT_TAG: Final = b"\xd8\x3d"  # 61 (RFC 8392 section 6), which may stand before the tag of the COSE_Sign1
_BINARY: Final = 0x80  # no JWT begins with such an octet, and every COSE_Sign1 does
_LAST_SECOND: Final = 253_370_764_800  # in the year 9998, so that a lifetime can be added

Keeper = Callable[[bytes], Octets]


@dataclass(frozen=True, slots=True)
class UnverifiedList:
    """A list taken apart. Nothing in it may be believed. ``claims`` of a CWT are under the names that a JWT gives."""

    mechanism: Mechanism
    message: UnverifiedJws | UnverifiedSign1
    unverified_claims: Mapping[str, Any]
    digest: str


def parse_unverified(octets: bytes) -> UnverifiedList:
    """Return the list in ``octets`` taken apart: a JWT or CWT, by its form and its signed type.

    Raises:
        StatusError: ``status.list_invalid``.
    """
    if not octets or len(octets) > LIMITS.status_list_bytes:
        invalid(f"a status list has between one and {LIMITS.status_list_bytes} octets")
    try:
        return _cwt(octets) if octets[0] >= _BINARY else _jwt(octets)
    except (InputError, JoseError) as refusal:
        raise StatusError("status.list_invalid", refusal.detail or refusal.code) from refusal


def _jwt(octets: bytes) -> UnverifiedList:
    try:
        text = octets.decode("ascii").strip("\r\n")
    except UnicodeDecodeError:
        invalid("neither a JWT nor a CWT")
    message = jws.parse_unverified(text, RULES, HeaderCache(1), max_bytes=LIMITS.status_list_bytes)
    claims = strict_json.parse_object(message.payload, max_bytes=LIMITS.status_list_bytes)
    mechanism = Mechanism.TOKEN if message.header.type == JWT_TYPE else Mechanism.BITSTRING
    return UnverifiedList(mechanism, message, claims, hashlib.sha256(octets).hexdigest())


def _cwt(octets: bytes) -> UnverifiedList:
    message = cose.parse_unverified(octets.removeprefix(_CWT_TAG), max_bytes=LIMITS.status_list_bytes)
    protected = cbor.decode(message.protected, max_bytes=LIMITS.protected_header_bytes)
    if protected.get(TYP) != CWT_TYPE:
        raise JoseError("jose.typ_mismatch", f"the protected header does not say `{CWT_TYPE}`")
    claims = cbor.decode(message.payload, max_bytes=LIMITS.status_list_bytes)
    if type(claims) is not dict:
        invalid("the claims of a CWT are a map")
    named = {_NAMES.get(label, str(label)): value for label, value in claims.items() if type(label) is int}
    return UnverifiedList(Mechanism.TOKEN, message, named, hashlib.sha256(octets).hexdigest())


def read_token_status_list(
    unverified: UnverifiedList, place: Place, *, signer: Vouched, fetched_at: datetime, keep: Keeper = bytes
) -> StatusList:
    """Return the list as signed by ``signer`` for ``place``, as fetched at an instant.

    ``keep`` says where the inflated octets stay. The caller verified the signature over these very claims.

    Raises:
        StatusError: ``status.list_invalid`` or ``status.list_stale``.
    """
    claims = unverified.unverified_claims
    if claims.get("sub") != place[1]:
        invalid("the list is for another address")
    if "iss" in claims and signer.issuer and claims["iss"] != signer.issuer:
        invalid("the list names another issuer than the service that signed it")
    issued_at = instant(claims, "iat", required=True)
    until = relied_on_until(
        issued_at=issued_at or fetched_at,
        expires_at=instant(claims, "exp"),
        ttl=_ttl(claims),
        fetched_at=fetched_at,
    )
    begins = instant(claims, "nbf")
    if begins is not None and begins > fetched_at + LIMITS.list_issue_skew:
        raise StatusError("status.list_stale", "the list is not in force yet")
    binary = isinstance(unverified.message, UnverifiedSign1)
    bits, octets = unpacked(claims.get("status_list"), binary=binary)
    return StatusList(
        place=place,
        mechanism=Mechanism.TOKEN,
        purposes=frozenset(),
        bits=bits,
        issued_at=issued_at or fetched_at,
        until=until,
        digest=unverified.digest,
        content=hashlib.sha256(unverified.message.payload).hexdigest(),
        signer=signer,
        octets=keep(octets),
        binary=binary,
    )


def unpacked(status_list: Any, *, binary: bool = False) -> tuple[int, bytes]:
    """Return the bits of an entry and the inflated octets of a ``status_list`` member; ``binary`` in a CWT.

    Raises:
        StatusError: ``status.list_invalid``.
    """
    if type(status_list) is not dict:
        invalid("`status_list` is no object")
    bits, compressed = status_list.get("bits"), status_list.get("lst")
    if type(bits) is not int or bits not in SIZES:
        invalid("`bits` is 1, 2, 4 or 8")
    if type(compressed) is not (bytes if binary else str):
        invalid("`lst` is missing or of another type")
    try:
        stream = compressed if isinstance(compressed, bytes) else base64url.decode(compressed)
        octets = inflate(stream, max_bytes=LIMITS.status_list_inflated_bytes)
    except InputError as refusal:
        raise StatusError("status.list_invalid", refusal.detail) from refusal
    if not octets:
        invalid("the list has no entry")
    return bits, octets


def instant(claims: Mapping[str, Any], name: str, *, required: bool = False) -> datetime | None:
    """Return a time of ``claims`` in whole seconds; ``None`` where it may be and is missing.

    Raises:
        StatusError: ``status.list_invalid``.
    """
    if name not in claims:
        if required:
            invalid(f"the list has no `{name}`")
        return None
    seconds = claims[name]
    if type(seconds) is not int or not 0 <= seconds < _LAST_SECOND:
        invalid(f"`{name}` is no time in whole seconds")
    return datetime.fromtimestamp(seconds, UTC)


def _ttl(claims: Mapping[str, Any]) -> timedelta | None:
    if "ttl" not in claims:
        return None
    seconds = claims["ttl"]
    if type(seconds) is not int or seconds <= 0:
        invalid("`ttl` is a positive number of seconds")
    return timedelta(seconds=min(seconds, int(LIMITS.status_list_lifetime.total_seconds())))


def invalid(why: str) -> NoReturn:
    """Refuse a list.

    Raises:
        StatusError: ``status.list_invalid``, always.
    """
    raise StatusError("status.list_invalid", why)
