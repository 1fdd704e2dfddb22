"""Parameters of a request: names and values of a form or query, each at most once.

Decides that a request is unambiguous: a parameter that comes twice would be read by its first value here and by its
last there (RFC 6749 section 3.1, ``ParWithoutDuplicateParameters``). A parameter without value counts as absent (the
same section). It does not know which parameters exist.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final
from urllib.parse import parse_qsl

from idbridge.limits import LIMITS
from idbridge.oidc.errors import OAuthError

_BAD_ESCAPE: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")  # read as it stands here, and perhaps otherwise by a proxy


@dataclass(frozen=True, slots=True)
class Parameters:
    """Parameters by name, each with one value that is not empty. Made by ``of`` and ``parse_form``."""

    values: Mapping[str, str] = field(repr=False)

    @classmethod
    def of(cls, values: Mapping[str, Iterable[str]]) -> "Parameters":
        """Return the parameters of a request whose reader found ``values``, by name in the order received.

        Raises:
            OAuthError: ``invalid_request`` for too many, too long, or one that comes twice.
        """
        if len(values) > LIMITS.request_parameters:
            raise OAuthError("invalid_request", "too many parameters", cause="input.too_large")
        found: dict[str, str] = {}
        for name, several in values.items():
            texts = list(several)
            if len(texts) != 1:
                raise OAuthError("invalid_request", "a parameter comes twice")
            if "\0" in name + texts[0] or not _is_utf8(name + texts[0]):
                raise OAuthError("invalid_request", "a parameter is no text that is read here", cause="input.malformed")
            if texts[0]:
                found[name] = texts[0]
        return cls(MappingProxyType(found))

    def text(self, name: str) -> str | None:
        """Return the value of ``name``, ``None`` if it is absent or empty."""
        return self.values.get(name)


def parse_form(octets: bytes) -> Parameters:
    """Return the parameters that ``octets`` spell as ``application/x-www-form-urlencoded``, a body or a query.

    Raises:
        OAuthError: ``invalid_request``.
    """
    if len(octets) > LIMITS.body_bytes:
        raise OAuthError("invalid_request", "the request is too long", cause="input.too_large")
    try:
        pairs = parse_qsl(
            octets.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=LIMITS.request_parameters,
            separator="&",
        )
    except ValueError:  # UnicodeDecodeError, of the octets or of what they escape, or too many fields
        raise OAuthError("invalid_request", "the parameters are not a form", cause="input.malformed") from None
    if _BAD_ESCAPE.search(octets) or any(not name for name, _ in pairs):
        raise OAuthError("invalid_request", "the parameters are not a form", cause="input.malformed")
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return Parameters.of(values)


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeError:
        return False
    return True
