"""The cookies of one browser at one provider: kept by name and path, and sent where the path says.

A provider that is tested on this machine sets the cookies that it sets behind its own name, `Secure` among them; they
are kept all the same, because nothing here leaves the provider's hosts. Clause: RFC 6265 sections 5.1.4, 5.3 and 5.4.
"""

from email.utils import parsedate_to_datetime
from http.cookies import CookieError, SimpleCookie
from typing import Final

_LONG_AGO: Final = 24 * 3600.0  # seconds after 1970: what ended then is a cookie that is taken back


class Cookies:
    """The cookies of one browser."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], str] = {}

    def take(self, fields: list[str], *, path: str) -> None:
        """Keep what ``Set-Cookie`` fields of an answer from ``path`` say, or forget what they take back."""
        for text in fields:
            try:
                parsed = SimpleCookie(text)
            except CookieError:
                continue
            for name, morsel in parsed.items():
                key = (name, morsel["path"] or path.rpartition("/")[0] or "/")
                if morsel["max-age"] == "0" or _is_over(morsel["expires"]):
                    self._held.pop(key, None)
                else:
                    self._held[key] = morsel.coded_value

    def header(self, *, path: str) -> str | None:
        """Return the field ``Cookie`` of a request to ``path``, the longest paths first; ``None`` if there is none."""
        fitting = [(key, value) for key, value in self._held.items() if _covers(key[1], path)]
        fitting.sort(key=lambda one: -len(one[0][1]))
        return "; ".join(f"{name}={value}" for (name, _), value in fitting) or None


def _covers(kept: str, path: str) -> bool:
    return path == kept or path.startswith(kept if kept.endswith("/") else f"{kept}/")


def _is_over(expires: str) -> bool:
    try:
        return bool(expires) and parsedate_to_datetime(expires).timestamp() < _LONG_AGO
    except (ValueError, OverflowError):
        return False
