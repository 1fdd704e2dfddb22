"""The envelope: which format is this text, and what does it say of itself? Step V2.

Decides by shape alone, first by size, then by form, and believes nothing. A format that the request names has to be the
one that is there; a name never makes a text count as something else. The map of formats is closed.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from idbridge.codec import base64url, strict_json
from idbridge.credential.assertion_in import ASSERTION
from idbridge.credential.id_token import ID_TOKEN
from idbridge.credential.mdoc import MDOC
from idbridge.credential.protocol import CredentialFormat, Reading
from idbridge.credential.qr import QR
from idbridge.credential.qr_selection import announced
from idbridge.credential.sd_jwt import SEPARATOR
from idbridge.credential.sd_jwt_vc import SD_JWT_VC
from idbridge.errors import InputError
from idbridge.limits import LIMITS
from idbridge.model.credential import UnverifiedCredential
from idbridge.model.region import Format

FORMATS: Final[Mapping[Format, CredentialFormat]] = MappingProxyType({
    Format.ID_TOKEN: ID_TOKEN,
    Format.SD_JWT_VC: SD_JWT_VC,
    Format.MDOC: MDOC,
    Format.ASSERTION: ASSERTION,
    Format.QR: QR,
})  # fmt: skip

# By `typ`, in lower case. Whatever else a compact JWS says, it is judged as an ID token and has to be one.
_BY_TYPE: Final[Mapping[str, Format]] = MappingProxyType({
    Format.ASSERTION.value: Format.ASSERTION,
    Format.VC_JWT.value: Format.VC_JWT,
})  # fmt: skip
_TYPE_MARK: Final = b"+"  # every explicit type ends in `+jwt`
_JWS_DOTS: Final = 2
_JWE_DOTS: Final = 4
# The characters of a QR code's alphanumeric mode (ISO/IEC 18004), in which base45 is written: no small letters, which
# every text in base64url of this length has.
_SCANNED: Final = re.compile(r"[0-9A-Z][0-9A-Z $%*+./:-]{31,}", re.ASCII)


def open_credential(text: str, declared: Format | None, reading: Reading) -> tuple[UnverifiedCredential, ...]:
    """Return the credentials in ``text`` taken apart; ``declared`` is the format that the request names, if any.

    Raises:
        InputError: ``input.*``: empty, too large, in no format served here, or in another one than declared.
        Refusal: The format's own rules, as for ``CredentialFormat.open``.
    """
    if declared is not None and declared not in FORMATS:
        raise InputError("input.format_unsupported", f"{declared} is not served here")
    detected = Format.QR if _is_code(text, declared, reading) else detect(text)
    if declared is not None and declared is not detected:
        raise InputError("input.format_mismatch", f"the request names {declared}, and this is {detected}")
    form = FORMATS.get(detected)
    if form is None:
        raise InputError("input.format_unsupported", f"{detected} is not served here")
    return form.open(text, reading)


def _is_code(text: str, declared: Format | None, reading: Reading) -> bool:
    """Tell whether ``text`` was scanned: the request says so, or it begins as only the codes of a state do."""
    return bool(text) and (declared is Format.QR or announced(text, reading.qr))


def detect(text: str) -> Format:
    """Return the format that ``text`` has the shape of, served here or not.

    Raises:
        InputError: ``input.empty``, ``input.too_large``, ``input.malformed``, or ``input.format_unsupported`` for an
            encrypted token.
    """
    if not text:
        raise InputError("input.empty")
    if len(text) > LIMITS.token_bytes:
        raise InputError("input.too_large", f"a credential longer than {LIMITS.token_bytes} octets")
    if not text.isascii():
        raise InputError("input.malformed", "no format has characters outside ASCII")
    if text[0] == "{":  # before the tilde, because a vp_token is JSON around presentations
        return Format.VP_TOKEN
    if _SCANNED.fullmatch(text) is not None:
        return Format.QR
    if SEPARATOR in text:
        return Format.SD_JWT_VC
    dots = text.count(".")
    if dots == _JWS_DOTS:
        return _by_type(text[: text.index(".")])
    if dots == _JWE_DOTS:
        raise InputError("input.format_unsupported", "an encrypted token is for somebody else's key")
    base64url.decode(text)  # an mdoc travels as base64url; anything else is no format at all
    return Format.MDOC


def _by_type(header: str) -> Format:
    """Return the format of a compact JWS; its header is read only if it could name another type than an ID token's."""
    octets = base64url.decode(header)
    if _TYPE_MARK not in octets:
        return Format.ID_TOKEN
    type_ = strict_json.parse_object(octets, max_bytes=LIMITS.protected_header_bytes).get("typ")
    name = type_.lower().removeprefix("application/") if isinstance(type_, str) else ""
    return _BY_TYPE.get(name, Format.ID_TOKEN)
