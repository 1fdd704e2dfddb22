"""What a browser or a server sends to a pretend provider, and what it gets back: plain values, no web framework."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from idbridge.oidc.errors import OAuthError
from idbridge.oidc.parameters import Parameters, parse_form

FORM: Final = "application/x-www-form-urlencoded"
_OK: Final = 200
_SEE_OTHER: Final = 303
_NO_STORE: Final = (("cache-control", "no-store"), ("pragma", "no-cache"))
_PAGE: Final = (
    ("content-type", "text/html; charset=utf-8"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
)


@dataclass(frozen=True, slots=True)
class WebRequest:
    """One request to one provider. ``path`` is below the provider's own address; names of header fields are in lower
    case; ``caller`` is the address that it came from.
    """

    method: str
    path: str
    query: bytes = field(default=b"", repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    body: bytes = field(default=b"", repr=False)
    caller: str = ""

    def fields(self, name: str) -> tuple[str, ...]:
        """Return the values of a header field, in the order received."""
        return tuple(value for own, value in self.headers if own == name)

    def only(self, name: str) -> str | None:
        """Return the value of a header field that may stand once; ``None`` if it is absent.

        Raises:
            OAuthError: ``invalid_request``: it stands twice.
        """
        found = self.fields(name)
        if len(found) > 1:
            raise OAuthError("invalid_request", "a header field stands twice")
        return found[0] if found else None

    def cookie(self, name: str) -> str | None:
        """Return the value of a cookie, the first if there are several."""
        pairs = (part.strip().partition("=") for text in self.fields("cookie") for part in text.split(";"))
        return next((value for own, _, value in pairs if own == name), None)

    def parameters(self) -> Parameters:
        """Return the parameters of the query, or of the form in a body that was posted.

        Raises:
            OAuthError: ``invalid_request``: they are not in order, or the body is no form.
        """
        if self.method != "POST":
            return parse_form(self.query)
        if (self.only("content-type") or "").partition(";")[0].strip().lower() != FORM:
            raise OAuthError("invalid_request", "the body is a form", cause="input.media_type")
        return parse_form(self.body)


@dataclass(frozen=True, slots=True)
class Errand:
    """A form that the provider sends to a client before it answers: a logout token on its way to ``address``."""

    address: str
    form: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider answers; ``errands`` are run before it is sent."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = field(default=b"", repr=False)
    errands: tuple[Errand, ...] = ()


def json_answer(document: Mapping[str, Any], *, status: int = _OK, headers: Mapping[str, str] | None = None) -> Answer:
    """Return a document that nobody keeps."""
    named = (*_NO_STORE, ("content-type", "application/json"), *(headers or {}).items())
    return Answer(status, named, json.dumps(document).encode())


def public_answer(document: Mapping[str, Any], *, seconds: int) -> Answer:
    """Return a document that anybody may keep for so many ``seconds``."""
    named = (("cache-control", f"public, max-age={seconds}"), ("content-type", "application/json"))
    return Answer(_OK, named, json.dumps(document).encode())


def signed_answer(token: str) -> Answer:
    """Return a signed document (OpenID Connect Core 1.0 section 5.3.2)."""
    return Answer(_OK, (*_NO_STORE, ("content-type", "application/jwt")), token.encode("ascii"))


def error_answer(error: OAuthError) -> Answer:
    """Return why nothing was granted, to the client."""
    return json_answer(error.document(), status=error.status, headers=error.headers)


def page_answer(text: str, *, policy: str, status: int = _OK) -> Answer:
    """Return a page under its content security ``policy``."""
    return Answer(status, (*_PAGE, *_NO_STORE, ("content-security-policy", policy)), text.encode())


def see_other(address: str, *headers: tuple[str, str]) -> Answer:
    """Return a redirect that a browser follows by GET, whatever it sent."""
    return Answer(_SEE_OTHER, (*_NO_STORE, ("location", address), *headers))
