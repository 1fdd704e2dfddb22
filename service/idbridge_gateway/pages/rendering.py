"""From values to a page: templates that escape everything, and header fields that forbid whatever a page does not need.

A page loads style and script from this node alone, is shown in no frame, sends forms to this node alone, and tells no
other site where its reader came from. A page about somebody is kept by nobody.

A page of which a form may end at another site, by a redirect, is allowed forms to any https address: browsers hold each
redirect of a sent form against ``form-action``, and where a provider or a client sends people on is for them to say. It
also tells this node, and no other, which page it came from, as without that a browser would not name its origin.
"""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import Request, Response
from jinja2 import Environment as Templates
from jinja2 import PackageLoader, StrictUndefined

from idbridge.model.region import Environment, MemberState
from idbridge_gateway.pages.catalogue import FULL, SOURCE, catalogues
from idbridge_gateway.pages.languages import COOKIE, PARAMETER, Language, language
from idbridge_gateway.pages.static_files import static_path

_POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; form-action {forms}; "
    "frame-ancestors 'none'; base-uri 'none'"
)
POLICY: Final = _POLICY.format(forms="'self'")
_WAYS_OUT: Final = {
    Environment.LIVE: "'self' https:",
    Environment.SANDBOX: "'self' https: http://127.0.0.1:* http://localhost:*",
}
_HEADERS: Final = {
    "content-security-policy": POLICY,
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
    "vary": "accept-language, cookie",
}
_TRANSPORT: Final = {"strict-transport-security": "max-age=31536000"}
_YEAR_SECONDS: Final = 365 * 24 * 3600
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


class Pages:
    """Makes the pages of one node."""

    def __init__(self, *, environment: Environment, state: MemberState) -> None:
        self._environment = environment
        self._templates = _templates(environment, state)

    def language(self, request: Request, *, offered: tuple[str, ...] = FULL, wished: tuple[str, ...] = ()) -> Language:
        """Return the language in which ``request`` is answered; ``wished`` are those that a client named before."""
        accepted = request.headers.get("accept-language", "")
        return language(request.query_params, request.cookies, accepted, offered=offered, wished=wished)

    def text(self, template: str, **values: Any) -> str:
        """Return what ``template`` makes of ``values``: a file to be handed over, not a page."""
        return self._templates.get_template(template).render(**values)

    def page(
        self,
        request: Request,
        template: str,
        *,
        status: int = 200,
        personal: bool = True,
        offered: tuple[str, ...] = FULL,
        wished: tuple[str, ...] = (),
        kept: Mapping[str, str] | None = _NOTHING,
        leaves: bool = False,
        **values: Any,
    ) -> Response:
        """Return the page that ``template`` makes of ``values``, in one of the languages ``offered``.

        ``kept`` are the parameters that its own addresses keep; ``None`` for a page that its address does not show
        again. ``leaves`` tells that a form of it may end elsewhere.
        """
        spoken = self.language(request, offered=offered, wished=wished)
        path = request.scope["path"]
        text = self.text(
            template,
            m=spoken,
            offered=offered,
            path=path,
            kept=kept,
            action=_address(path, kept or _NOTHING, spoken.code if spoken.asked else None),
            english=_address(path, kept or _NOTHING, SOURCE),
            **values,
        )
        response = Response(text, status, media_type="text/html; charset=utf-8")
        response.headers.update(_HEADERS)
        if leaves:
            response.headers["content-security-policy"] = _POLICY.format(forms=_WAYS_OUT[self._environment])
            response.headers["referrer-policy"] = "same-origin"
        response.headers["cache-control"] = "no-store" if personal else "private, no-cache"
        if self._environment is Environment.LIVE:
            response.headers.update(_TRANSPORT)
        if spoken.asked:
            self._remember(response, spoken)
        return response

    def _remember(self, response: Response, spoken: Language) -> None:
        live = self._environment is Environment.LIVE
        response.set_cookie(COOKIE, spoken.code, max_age=_YEAR_SECONDS, httponly=True, samesite="lax", secure=live)


@cache
def _templates(environment: Environment, state: MemberState) -> Templates:
    """Return the templates of a node, read and compiled once for all who make pages of it; nobody changes them."""
    templates = Templates(
        loader=PackageLoader("idbridge_gateway.pages", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    templates.globals.update(
        static=static_path, environment=environment.value, node_state=state.value, catalogues=catalogues()
    )
    return templates


def _address(path: str, kept: Mapping[str, str], code: str | None) -> str:
    """Return the address of a page; with a language where one was asked for."""
    query = urlencode({**kept, **({} if code is None else {PARAMETER: code})})
    return f"{path}?{query}" if query else path
