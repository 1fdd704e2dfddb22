"""``response_mode=form_post``: the answer travels in a form that the browser sends on to the client by itself.

Which words stand beside its button is decided when the page is sent, because only the browser says what its person
reads. One script runs there, known by its digest, and nothing else; without script there is the button.
Clause: OAuth 2.0 Form Post Response Mode.
"""

import base64
import hashlib
from collections.abc import Mapping
from typing import Final

from fastapi import Request, Response
from starlette.types import Receive, Scope, Send

from idbridge_gateway.oidc.answers import NO_STORE

FORM_POST: Final = "form_post"
SUBMIT: Final = "document.forms[0].submit()"
_SUBMIT_HASH: Final = f"sha256-{base64.b64encode(hashlib.sha256(SUBMIT.encode()).digest()).decode()}"
_POLICY: Final = (
    f"default-src 'none'; script-src '{_SUBMIT_HASH}'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'"
)


class FormPost(Response):
    """An answer on its way to ``redirect_uri``; ``wished`` are the languages that the client named."""

    media_type = "text/html"

    def __init__(self, redirect_uri: str, parameters: Mapping[str, str], *, wished: tuple[str, ...]) -> None:
        super().__init__(headers={**NO_STORE, "content-security-policy": _POLICY})
        self.redirect_uri = redirect_uri
        self.parameters = parameters
        self.wished = wished

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the page, in the language of whoever asked."""
        request = Request(scope)
        self.body = request.app.state.site.handing_over(request, self)
        self.headers["content-length"] = str(len(self.body))
        await super().__call__(scope, receive, send)
