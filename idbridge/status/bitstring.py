"""W3C Bitstring Status Lists v1.0: a credential in VC-JOSE-COSE whose subject is a list. Point 9 of the checklist.

Decides whether it is such a credential, for the very address at which it was found, in time, named by the service that
signed it, and packed within the bounds. Which purposes and how large an entry a credential may refer to is judged where
it does (``check``). Only the JWT form is read, and no credential about the list itself is followed. Clauses: Bitstring
Status List v1.0 sections 2.2, 3.2 and 3.3; VC-JOSE-COSE section 3.1.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from idbridge.codec import base64url
from idbridge.codec.inflate import gunzip
from idbridge.errors import InputError, StatusError
from idbridge.limits import LIMITS
from idbridge.status.status_list import Mechanism, Place, StatusList, Vouched, relied_on_until
from idbridge.status.token_status_list import Keeper, UnverifiedList, instant, invalid

CONTEXT: Final = "https://www.w3.org/ns/credentials/v2"
TYPE: Final = "BitstringStatusListCredential"
SUBJECT_TYPE: Final = "BitstringStatusList"
_MULTIBASE: Final = "u"  # base64url without padding
_MOST_PURPOSES: Final = 8
_LAST_YEAR: Final = 9998


def read_bitstring(
    unverified: UnverifiedList, place: Place, *, signer: Vouched, fetched_at: datetime, keep: Keeper = bytes
) -> StatusList:
    """Return the list as signed by ``signer`` for ``place``, as fetched at an instant.

    ``keep`` says where the inflated octets stay. The caller verified the signature over these very claims.

    Raises:
        StatusError: ``status.list_invalid`` or ``status.list_stale``.
    """
    document = unverified.unverified_claims
    _require_form(document, place, signer)
    subject = document["credentialSubject"]
    issued_at = _date(document, "validFrom") or invalid("the list has no `validFrom`")
    until = relied_on_until(
        issued_at=issued_at, expires_at=_end(document), ttl=_ttl(subject), fetched_at=fetched_at
    )  # fmt: skip
    return StatusList(
        place=place,
        mechanism=Mechanism.BITSTRING,
        purposes=_purposes(subject.get("statusPurpose")),
        bits=None,
        issued_at=issued_at,
        until=until,
        digest=unverified.digest,
        content=hashlib.sha256(unverified.message.payload).hexdigest(),
        signer=signer,
        octets=keep(unpacked(subject.get("encodedList"))),
    )


def _require_form(document: Mapping[str, Any], place: Place, signer: Vouched) -> None:
    contexts, types = document.get("@context"), document.get("type")
    if type(contexts) is not list or contexts[:1] != [CONTEXT]:
        invalid("the list is no credential of version 2.0")
    if type(types) is not list or TYPE not in types or "VerifiableCredential" not in types:
        invalid(f"the list is no `{TYPE}`")
    if document.get("id") != place[1]:
        invalid("the list is for another address")
    issuer = document.get("issuer")
    named = issuer.get("id") if type(issuer) is dict else issuer
    if signer.issuer and (named != signer.issuer or document.get("iss", named) != named):
        invalid("the list names another issuer than the service that signed it")
    subject = document.get("credentialSubject")
    if type(subject) is not dict or subject.get("type") != SUBJECT_TYPE:
        invalid(f"the subject of the list is no `{SUBJECT_TYPE}`")
    if "credentialStatus" in document or "vc" in document:
        invalid("the list has a status of its own, or is of an older form")


def unpacked(encoded: Any) -> bytes:
    """Return the octets of an ``encodedList``: multibase, gzip.

    Raises:
        StatusError: ``status.list_invalid``.
    """
    if type(encoded) is not str or not encoded.startswith(_MULTIBASE):
        invalid("`encodedList` is not in base64url with its multibase prefix")
    try:
        octets = gunzip(base64url.decode(encoded[1:]), max_bytes=LIMITS.status_list_inflated_bytes)
    except InputError as refusal:
        raise StatusError("status.list_invalid", refusal.detail) from refusal
    if not octets:
        invalid("the list has no entry")
    return octets


def _purposes(stated: Any) -> frozenset[str]:
    purposes = [stated] if type(stated) is str else stated
    if type(purposes) is not list or not 0 < len(purposes) <= _MOST_PURPOSES:
        invalid("`statusPurpose` is one purpose, or several")
    if not all(type(one) is str and one for one in purposes):
        invalid("a status purpose is a text")
    return frozenset(purposes)


def _ttl(subject: Mapping[str, Any]) -> timedelta | None:
    """Return the ``ttl``, which this standard gives in milliseconds."""
    if "ttl" not in subject:
        return None
    milliseconds = subject["ttl"]
    if type(milliseconds) is not int or milliseconds <= 0:
        invalid("`ttl` is a positive number of milliseconds")
    return min(timedelta(milliseconds=min(milliseconds, 10**12)), LIMITS.status_list_lifetime)


def _end(document: Mapping[str, Any]) -> datetime | None:
    """Return when the list ends: `validUntil`, or the `exp` that the JWT may say beside it, whichever is first."""
    ends = [end for end in (_date(document, "validUntil"), instant(document, "exp")) if end is not None]
    return min(ends, default=None)


def _date(document: Mapping[str, Any], name: str) -> datetime | None:
    if name not in document:
        return None
    text = document[name]
    try:
        date = datetime.fromisoformat(text)
        placed = date.astimezone(UTC) if date.tzinfo is not None else None
    except (TypeError, ValueError, OverflowError):
        placed = None
    if placed is None or not 1970 <= placed.year <= _LAST_YEAR or "T" not in text:
        invalid(f"`{name}` is no instant with a time zone")
    return placed
