"""From values to a page: templates that escape everything, and header fields that forbid whatever a page does not need.

A page loads style and script from this node alone, is shown in no frame, sends forms to this node alone, and tells no
other site where its reader came from. A page about somebody is kept by nobody.
"""

from typing import Any, Final

from fastapi import Request, Response
from jinja2 import Environment as Templates
from jinja2 import PackageLoader, StrictUndefined

from idbridge.model.region import Environment, MemberState
from idbridge_gateway.pages.catalogue import FULL, catalogues
from idbridge_gateway.pages.languages import COOKIE, PARAMETER, Language, language
from idbridge_gateway.pages.static_files import static_path

POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS: Final = {
    "content-security-policy": POLICY,
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
    "vary": "accept-language, cookie",
}
_TRANSPORT: Final = {"strict-transport-security": "max-age=31536000"}
_YEAR_SECONDS: Final = 365 * 24 * 3600


class Pages:
    """Makes the pages of one node."""

    def __init__(self, *, environment: Environment, state: MemberState) -> None:
        self._environment = environment
        self._templates = Templates(
            loader=PackageLoader("idbridge_gateway.pages", "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._templates.globals.update(
            static=static_path, environment=environment.value, node_state=state.value, catalogues=catalogues()
        )

    def language(self, request: Request, *, offered: tuple[str, ...] = FULL) -> Language:
        """Return the language in which ``request`` is answered."""
        accepted = request.headers.get("accept-language", "")
        return language(request.query_params, request.cookies, accepted, offered=offered)

    def page(
        self,
        request: Request,
        template: str,
        *,
        status: int = 200,
        personal: bool = True,
        offered: tuple[str, ...] = FULL,
        **values: Any,
    ) -> Response:
        """Return the page that ``template`` makes of ``values``, in one of the languages ``offered``."""
        spoken = self.language(request, offered=offered)
        path = request.scope["path"]
        text = self._templates.get_template(template).render(
            m=spoken,
            offered=offered,
            path=path,
            action=f"{path}?{PARAMETER}={spoken.code}" if spoken.asked else path,
            **values,
        )
        response = Response(text, status, media_type="text/html; charset=utf-8")
        response.headers.update(_HEADERS)
        response.headers["cache-control"] = "no-store" if personal else "private, no-cache"
        if self._environment is Environment.LIVE:
            response.headers.update(_TRANSPORT)
        if spoken.asked:
            self._remember(response, spoken)
        return response

    def _remember(self, response: Response, spoken: Language) -> None:
        live = self._environment is Environment.LIVE
        response.set_cookie(COOKIE, spoken.code, max_age=_YEAR_SECONDS, httponly=True, samesite="lax", secure=live)
