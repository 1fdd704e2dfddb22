"""The envelope: which format is this text, and what does it say of itself? Step V2.

Decides by shape alone, first by size, then by form, and believes nothing. A format that the request names has to be the
one that is there; a name never makes a text count as something else. The map of formats is closed.

A JWT without explicit type is an ID token, or a W3C credential or presentation of version 1.1. It is one of the latter
exactly if ``vc`` or ``vp``, and not both, holds a document with a ``@context``, the request does not name an ID token,
and its issuer is not one whom a state lists for ID tokens alone. Everything else is judged as an ID token, which may
have neither claim. A W3C presentation is no format of its own: it is opened as the credentials in it.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from idbridge.codec import base64url, strict_json
from idbridge.credential.assertion_in import ASSERTION
from idbridge.credential.id_token import ID_TOKEN
from idbridge.credential.jwt_vc import JWT_VC
from idbridge.credential.mdoc import MDOC
from idbridge.credential.protocol import CredentialFormat, Reading
from idbridge.credential.qr import QR
from idbridge.credential.qr_selection import addressed, announced
from idbridge.credential.sd_jwt import SEPARATOR
from idbridge.credential.sd_jwt_vc import SD_JWT_VC
from idbridge.credential.vc_document import VC, WRAPPERS
from idbridge.credential.vc_jwt import VC_JWT
from idbridge.credential.vc_model import CONTEXT, Version
from idbridge.credential.vc_presentation import parse_unverified_presentation
from idbridge.credential.vc_sd_jwt import VC_SD_JWT
from idbridge.errors import CredentialError, InputError
from idbridge.limits import LIMITS
from idbridge.model.credential import UnverifiedCredential
from idbridge.model.region import Format
from idbridge.trust.snapshot import TrustSnapshot

FORMATS: Final[Mapping[Format, CredentialFormat]] = MappingProxyType({
    Format.ID_TOKEN: ID_TOKEN,
    Format.SD_JWT_VC: SD_JWT_VC,
    Format.MDOC: MDOC,
    Format.JWT_VC_JSON: JWT_VC,
    Format.VC_JWT: VC_JWT,
    Format.VC_SD_JWT: VC_SD_JWT,
    Format.ASSERTION: ASSERTION,
    Format.QR: QR,
})  # fmt: skip

# By `typ`, in lower case; a version of the model for a presentation of that version. Whatever else a compact JWS says,
# it is judged as an ID token and has to be one.
_BY_TYPE: Final[Mapping[str, Format | Version]] = MappingProxyType({
    Format.ASSERTION.value: Format.ASSERTION,
    Format.VC_JWT.value: Format.VC_JWT,
    Format.VC_SD_JWT.value: Format.VC_SD_JWT,
    "vp+jwt": Version.V2,
})  # fmt: skip
_UNTYPED: Final = frozenset({"", "jwt"})
_TYPE_MARK: Final = b"+"  # every explicit type ends in `+jwt`
_SIGN1_MARK: Final = b"\xd2"  # a tagged COSE_Sign1 (RFC 9052 section 2); an mdoc is a map


def _spelled(mark: bytes) -> tuple[str, ...]:
    """Return how ``mark`` is spelled in base64url, wherever in a text it stands: three ways, less its neighbours' bits.

    So a text is decoded only if what it holds could matter.
    """
    spelled = []
    for before in range(3):
        octets = bytes(before) + mark
        spelled.append(base64url.encode(octets)[(before * 8 + 5) // 6 : len(octets) * 8 // 6])
    return tuple(spelled)


_WRAPPER_MARKS: Final = (*_spelled(b'"vc"'), *_spelled(b'"vp"'))
_SD_JWT_VC_MARKS: Final = _spelled(b'"dc+sd-jwt"')
_SIGN1_CHARACTER: Final = base64url.encode(_SIGN1_MARK)[0]  # with which every text that begins so is spelled
_MDOC: Final = Format.MDOC
_UNDECLARED: Final = (None, Format.MDOC)  # of an mdoc: nothing else is told of what is none
_JWS_DOTS: Final = 2
_JWE_DOTS: Final = 4
# The characters of a QR code's alphanumeric mode (ISO/IEC 18004), in which base45 is written: no small letters, which
# every text in base64url of this length has.
SCANNED: Final = re.compile(r"[0-9A-Z][0-9A-Z $%*+./:-]{31,}", re.ASCII)


def open_credential(text: str, declared: Format | None, reading: Reading) -> tuple[UnverifiedCredential, ...]:
    """Return the credentials in ``text`` taken apart; ``declared`` is the format that the request names, if any.

    Raises:
        InputError: ``input.*``: empty, too large, in no format served here, or in another one than declared.
        Refusal: The format's own rules, as for ``CredentialFormat.open``.
    """
    if declared is not None and declared not in FORMATS:
        raise InputError("input.format_unsupported", f"{declared} is not served here")
    detected = Format.QR if _is_code(text, declared, reading) else _shape(text, declared, reading.logins)
    if detected is _MDOC and (declared not in _UNDECLARED or text[0] == _SIGN1_CHARACTER):
        _require_document(text)
    if isinstance(detected, Version):
        return _presented(text, detected, declared, reading)
    if declared is not None and declared is not detected:
        raise InputError("input.format_mismatch", f"the request names {declared}, and this is {detected}")
    form = FORMATS.get(detected)
    if form is None:
        raise InputError("input.format_unsupported", f"{detected} is not served here")
    return form.open(text, reading)


def _presented(
    text: str, version: Version, declared: Format | None, reading: Reading
) -> tuple[UnverifiedCredential, ...]:
    """Return the credentials of a W3C presentation, each opened in its own format and with the presentation beside it.

    Raises:
        Refusal: As for ``open_credential``; of the presentation itself, as for ``parse_unverified_presentation``.
    """
    presentation, nested = parse_unverified_presentation(text, version, reading)
    credentials = []
    for one in nested:
        if declared not in (None, one.format):
            raise InputError("input.format_mismatch", f"the request names {declared}, and this holds {one.format}")
        (credential,) = FORMATS[one.format].open(one.text, reading)
        shown = credential.presented
        if shown.sd_jwt is not None and shown.sd_jwt.key_binding is not None:
            raise CredentialError("w3c.presentation_invalid", "a holder signs once: a presentation, or a key binding")
        credentials.append(credential._replace(presented=shown._replace(presentation=presentation)))
    return tuple(credentials)


def _is_code(text: str, declared: Format | None, reading: Reading) -> bool:
    """Tell whether ``text`` was scanned: the request says so, or it begins as only the codes of a state do.

    While a list is lost, nobody can tell which prefixes it has; what begins as a prefix alone may is then a code.
    """
    if not text or declared is Format.QR:
        return bool(text)
    return announced(text, reading.qr) or (reading.lost is not None and addressed(text))


def detect(text: str, declared: Format | None = None, *, logins: frozenset[str] = frozenset()) -> Format | Version:
    """Return the format that ``text`` has the shape of, served here or not; the version of a W3C presentation.

    Raises:
        InputError: ``input.empty``, ``input.too_large``, ``input.malformed``, or ``input.format_unsupported`` for an
            encrypted token, for a presentation as SD-JWT, and for a COSE message.
    """
    found = _shape(text, declared, logins)
    if found is _MDOC:
        _require_document(text)
    return found


def _shape(text: str, declared: Format | None, logins: frozenset[str]) -> Format | Version:
    """Return what ``detect`` does, but of an mdoc by its form alone: what stands in it, opening it tells anyway."""
    if not text:
        raise InputError("input.empty")
    if len(text) > LIMITS.token_bytes:
        raise InputError("input.too_large", f"a credential longer than {LIMITS.token_bytes} octets")
    if not text.isascii():
        raise InputError("input.malformed", "no format has characters outside ASCII")
    if text[0] == "{":  # before the tilde, because a vp_token is JSON around presentations
        return Format.VP_TOKEN
    if SCANNED.fullmatch(text) is not None:
        return Format.QR
    if SEPARATOR in text:
        return _sd_jwt(text)
    dots = text.count(".")
    if dots == _JWS_DOTS:
        return _by_type(text, declared, logins)
    if dots == _JWE_DOTS:
        raise InputError("input.format_unsupported", "an encrypted token is for somebody else's key")
    return Format.MDOC  # it travels as base64url; anything else is no format at all


def _require_document(text: str) -> None:
    """Return if ``text`` is base64url of anything but a COSE message.

    Raises:
        InputError: ``input.malformed`` or ``input.format_unsupported``.
    """
    if base64url.decode(text).startswith(_SIGN1_MARK):
        raise InputError("input.format_unsupported", "a COSE message is served as a mdoc or as a QR code only")


def _sd_jwt(text: str) -> Format:
    """Return the format of an SD-JWT; its header is read unless it names the type of an SD-JWT VC."""
    header = text.partition(SEPARATOR)[0].partition(".")[0]
    if any(mark in header for mark in _SD_JWT_VC_MARKS):  # whatever else it says, it has to be one
        return Format.SD_JWT_VC
    try:
        name = _type_of(base64url.decode(header))
    except InputError:  # it names no type; what is wrong with it comes after its size, when it is opened
        return Format.SD_JWT_VC
    if name == "vp+sd-jwt":
        raise InputError("input.format_unsupported", "a presentation whose holder could withhold its parts")
    return Format.VC_SD_JWT if name == Format.VC_SD_JWT.value else Format.SD_JWT_VC


def _by_type(text: str, declared: Format | None, logins: frozenset[str]) -> Format | Version:
    """Return the format of a compact JWS; its header is read only if it could name another type than an ID token's."""
    header, payload, _ = text.split(".")
    octets = base64url.decode(header)
    if _TYPE_MARK in octets:
        name = _type_of(octets)
        if name not in _UNTYPED:
            return _BY_TYPE.get(name, Format.ID_TOKEN)
    if declared is Format.ID_TOKEN:
        return Format.ID_TOKEN
    return _untyped(payload, logins)


def _type_of(octets: bytes) -> str:
    type_ = strict_json.parse_object(octets, max_bytes=LIMITS.protected_header_bytes).get("typ")
    return type_.lower().removeprefix("application/") if isinstance(type_, str) else ""


def _untyped(payload: str, logins: frozenset[str]) -> Format | Version:
    """Tell an ID token from what version 1.1 of the W3C model wraps; read only if it could be the latter."""
    if not any(mark in payload for mark in _WRAPPER_MARKS):
        return Format.ID_TOKEN
    claims = strict_json.parse_object(base64url.decode(payload), max_bytes=LIMITS.token_bytes)
    wrapped = WRAPPERS & claims.keys()
    holds = [name for name in wrapped if isinstance(claims[name], Mapping) and CONTEXT in claims[name]]
    issuer = claims.get("iss")
    if len(wrapped) != 1 or not holds or (isinstance(issuer, str) and issuer in logins):
        return Format.ID_TOKEN
    return Format.JWT_VC_JSON if holds[0] == VC else Version.V1


def logins_in(snapshot: TrustSnapshot) -> frozenset[str]:
    """Return the issuers that states of ``snapshot`` list for ID tokens and not for W3C credentials as JWT."""
    listed: dict[Format, set[str]] = {Format.ID_TOKEN: set(), Format.JWT_VC_JSON: set()}
    for state in snapshot.lists:
        for service in snapshot.services_of(state):
            for form in listed.keys() & service.profile.formats:
                listed[form].add(service.issuer)
    return frozenset(listed[Format.ID_TOKEN] - listed[Format.JWT_VC_JSON])
