"""Checklists: under which number of a format's own checklist is a refusal of step V2 told?

Decides which list is meant, where anybody can tell: the request declares a format, the code belongs to one alone, or
the text begins as no other does. Where nobody can, the refusal stays with the envelope. It runs after a refusal only,
and changes what that is called, never that it is one.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from idbridge.codec import base64url
from idbridge.credential.envelope import FORMATS, SCANNED
from idbridge.credential.protocol import Reading
from idbridge.credential.qr_selection import announced
from idbridge.errors import InputError
from idbridge.model.check import CheckPoint, Step
from idbridge.model.region import Format

# Groups of codes that belong to one checklist alone: formats of W3C credentials share one, and of the group of SD-JWTs
# step V2 has a single code, that of SD-JWT VCs.
_GROUPS: Final[Mapping[str, Format]] = MappingProxyType({
    "mdoc": Format.MDOC, "qr": Format.QR, "sd_jwt": Format.SD_JWT_VC, "w3c": Format.VC_JWT,
})  # fmt: skip
# How maps in CBOR begin, of few members or of a length that is not said (RFC 8949 section 3); an mdoc is one.
_MAPS: Final = tuple(bytes((octet,)) for octet in (*range(0xA0, 0xA8), 0xBF))
_QUANTUM: Final = 4  # characters of base64url that stand for three octets
_NOT_BASE64: Final = frozenset(".~: ")


def early_check(text: str, declared: Format | None, code: str, reading: Reading) -> CheckPoint | None:
    """Return the check under which ``text`` was refused with ``code``, as one of step V2.

    ``declared`` is the format that the request names, itself or in its query. ``None`` where the format is not known,
    or its checklist has no number for the code.
    """
    told = declared if declared is not None else _told(text, code, reading)
    form = FORMATS.get(told) if told is not None else None
    numbered = form.early(code) if form is not None else None
    return CheckPoint(numbered.id, Step.V2, numbered.clause) if numbered is not None else None


def _told(text: str, code: str, reading: Reading) -> Format | None:
    """Return the format that the code or the text tells."""
    group = code.partition(".")[0]
    if group in _GROUPS:
        return _GROUPS[group]
    if announced(text, reading.qr) or SCANNED.fullmatch(text) is not None:
        return Format.QR
    return Format.MDOC if _begins_as_map(text) and _NOT_BASE64.isdisjoint(text) else None


def _begins_as_map(text: str) -> bool:
    try:
        return base64url.decode(text[:_QUANTUM]).startswith(_MAPS)
    except InputError:
        return False
