"""The address of a request, in the one spelling by which two are compared: without query and fragment.

Syntax-based and scheme-based normalisation: scheme and host in lower case, no default port, no dot segments, no escape
that is not needed, and the others in capitals. Clauses: RFC 9449 section 4.3 (9); RFC 3986 sections 6.2.2 and 6.2.3.
"""

import re
from typing import Final
from urllib.parse import urlsplit

_PRINTABLE: Final = re.compile(r"[!-~]+")
_ESCAPE: Final = re.compile(r"%([0-9A-Fa-f]{2})")
_BAD_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_UNRESERVED: Final = re.compile(r"[A-Za-z0-9._~-]")
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}


def normalised(address: str) -> str | None:
    """Return ``address`` in the spelling that is compared; ``None`` for what no request is ever sent to."""
    if _PRINTABLE.fullmatch(address) is None or "\\" in address:
        return None
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in _DEFAULT_PORTS or not host or "@" in parts.netloc or _BAD_ESCAPE.search(parts.path):
        return None
    named = f"[{host}]" if ":" in host else host
    at = "" if port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{port}"
    return f"{parts.scheme}://{named}{at}{_without_dots(_ESCAPE.sub(_unescaped, parts.path))}"


def _unescaped(escape: re.Match[str]) -> str:
    character = chr(int(escape.group(1), 16))
    return character if _UNRESERVED.fullmatch(character) else escape.group(0).upper()


def _without_dots(path: str) -> str:
    """Return ``path`` without dot segments (RFC 3986 section 5.2.4); it begins with a slash, always."""
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments and segments[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)
