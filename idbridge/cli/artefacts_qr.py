"""The layers of a scanned text, found without any list: prefix, base45 or base64url, zlib, and what is below.

Guesses by shape, for people who look at a code and for a draft of its profile; a verification never guesses.
"""

import re
from contextlib import suppress
from typing import Any, Final, NamedTuple

from idbridge.codec import base45, base64url
from idbridge.codec.inflate import inflate
from idbridge.errors import InputError
from idbridge.limits import LIMITS
from idbridge.model.qr_profile import QrContainer, QrStep

_SCANNED: Final = re.compile(r"[0-9A-Z $%*+./:-]{24,}", re.ASCII)
_NAME: Final = re.compile(r"[A-Z0-9]{1,15}:", re.ASCII)
_ADDRESS: Final = re.compile(r"https?://[!-~]{1,110}?[=/#](?=[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+){0,2}$)", re.ASCII)
_ZLIB: Final = 0x78
_GZIP: Final = b"\x1f\x8b"
_ARRAY_OF_FOUR: Final = 0x84
_SIGN1: Final = 0xD2
_CWT: Final = 0xD8
_JWS_DOTS: Final = 2


class Peeled(NamedTuple):
    """What is below the layers of a code: a text, or octets; and what could be told of the layers."""

    prefix: str
    steps: tuple[QrStep, ...]
    container: QrContainer | None
    text: str | None
    octets: bytes
    characters: int
    note: str = ""

    @property
    def members(self) -> dict[str, Any]:
        """What is shown of the layers."""
        layers = [f"prefix {self.prefix}"] if self.prefix else []
        found: dict[str, Any] = {
            "characters": self.characters,
            "layers": [*layers, *self.steps] or ["none"],
            "container": self.container or "none that is known",
        }
        return found | ({"layers beyond": self.note} if self.note else {})


def looks_scanned(text: str) -> bool:
    """Tell whether ``text`` has the characters of a code, or an address with a token behind it."""
    return _SCANNED.fullmatch(text) is not None or _ADDRESS.match(text) is not None or _named_token(text)


def _named_token(text: str) -> bool:
    return _NAME.match(text) is not None


def peel(text: str) -> Peeled:
    """Return what is below the layers of ``text``, as far as they can be told."""
    bound = text[: LIMITS.qr_characters]
    for prefix in _prefixes(bound):
        found = _layers(bound[len(prefix) :], prefix, len(text))
        if found.container is not None:
            return found
    return _layers(bound, "", len(text))


def _prefixes(text: str) -> list[str]:
    """Return what may be a prefix, the likeliest first."""
    matches = (pattern.match(text) for pattern in (_NAME, _ADDRESS))
    return [*(match[0] for match in matches if match is not None), ""]


def _layers(text: str, prefix: str, characters: int) -> Peeled:
    if text.startswith("{"):
        return Peeled(prefix, (), QrContainer.JSON, text, b"", characters)
    if text.count(".") == _JWS_DOTS and not text.isupper():
        return Peeled(prefix, (), QrContainer.JWS, text, b"", characters)
    found = None
    for step, octets in _decoded(text):
        found = _below(octets, prefix, (step,), characters)
        if found.container is not None:
            return found
    return found or Peeled(prefix, (), None, None, b"", characters)


def _decoded(text: str) -> list[tuple[QrStep, bytes]]:
    found = []
    with suppress(InputError):
        found.append((QrStep.BASE45, base45.decode(text, max_characters=LIMITS.qr_characters)))
    with suppress(InputError):
        found.append((QrStep.BASE64URL, base64url.decode(text)))
    return found


def _below(octets: bytes, prefix: str, steps: tuple[QrStep, ...], characters: int) -> Peeled:
    note = "gzip, which no profile can say" if octets.startswith(_GZIP) else ""
    if octets[:1] == bytes([_ZLIB]):
        try:
            octets, steps = inflate(octets, max_bytes=LIMITS.token_bytes), (*steps, QrStep.ZLIB)
        except InputError as fault:
            note = f"zlib that cannot be read: {fault.detail}"
    container = _container(octets)
    text = None
    if container in (QrContainer.JWS, QrContainer.JSON):
        try:
            text = octets.decode()
        except UnicodeDecodeError:
            container = None
    return Peeled(prefix, steps, container, text, octets, characters, note)


def _container(octets: bytes) -> QrContainer | None:
    first = octets[0] if octets else 0
    if first in (_CWT, _SIGN1, _ARRAY_OF_FOUR):
        return QrContainer.CWT
    if first == ord("{"):
        return QrContainer.JSON
    return QrContainer.JWS if octets.isascii() and octets.count(b".") == _JWS_DOTS and first == ord("e") else None
