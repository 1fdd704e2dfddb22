"""The codes in a picture, read by a process of its own so that a hostile picture harms nobody.

Decides by the first octets whether something is a picture at all. The library that reads pictures is an extra, because
only people need it, at a desk or on the page where they try something out: others send the text of a code.
"""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from idbridge.codec import picture_reader
from idbridge.errors import ConfigurationError, InputError
from idbridge.limits import LIMITS

_STARTS: Final = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF", b"GIF8", b"BM")
_EXTRA: Final = ("PIL", "zxingcpp")
_WALL: Final = 3 * LIMITS.picture_time.total_seconds()
_ANSWER_BYTES: Final = 6 * LIMITS.picture_codes * 2 * LIMITS.qr_characters  # every character as an escape of JSON
_REASONS: Final = {
    picture_reader.TOO_LARGE: f"the picture has more than {LIMITS.picture_pixels} pixels or "
    f"{LIMITS.picture_bytes} octets",
    picture_reader.NO_PICTURE: "the picture is damaged, or of a kind that is not read",
}


def is_picture(octets: bytes) -> bool:
    """Tell whether ``octets`` begin as a picture does."""
    return octets.startswith(_STARTS)


def can_be_read() -> bool:
    """Tell whether the extra that reads pictures is installed."""
    return all(find_spec(name) is not None for name in _EXTRA)


def codes_in(picture: bytes) -> list[str]:
    """Return the texts of the QR codes in a picture, in the order in which they were found; none if there are none.

    Raises:
        ConfigurationError: The extra is not installed.
        InputError: ``input.too_large`` or ``input.malformed``: the picture cannot be read within the bounds.
    """
    if not can_be_read():
        raise ConfigurationError("pictures are read with the extra `qr`")
    if len(picture) > LIMITS.picture_bytes:
        raise InputError("input.too_large", _REASONS[picture_reader.TOO_LARGE])
    ended = _read(picture)
    if ended.returncode == picture_reader.TOO_LARGE:
        raise InputError("input.too_large", _REASONS[ended.returncode])
    if ended.returncode in _REASONS:
        raise _unreadable(_REASONS[ended.returncode])
    if ended.returncode != 0 or len(ended.stdout) > _ANSWER_BYTES:
        raise _unreadable("the picture was not read: its reader ended within its limits")
    try:
        texts = json.loads(ended.stdout)
    except ValueError:
        texts = None
    if not isinstance(texts, list):
        raise _unreadable("the picture was not read: its reader ended in the middle")
    return [str(text) for text in texts]


def _unreadable(why: str) -> InputError:
    return InputError("input.malformed", why)


def _read(picture: bytes) -> subprocess.CompletedProcess[bytes]:
    bounds = (
        LIMITS.picture_bytes,
        LIMITS.picture_pixels,
        LIMITS.picture_memory,
        int(LIMITS.picture_time.total_seconds()),
        LIMITS.picture_codes,
    )
    command = [sys.executable, "-I", str(Path(picture_reader.__file__)), *map(str, bounds)]
    try:
        return subprocess.run(  # noqa: S603 - this interpreter and a script of ours
            command,
            input=picture,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_WALL,
            check=False,
            env={},
        )
    except subprocess.TimeoutExpired:
        raise _unreadable("the picture takes too long to read") from None
