"""The identity provider that the suite is: the sandbox's own, standing on loopback while a case walks a login.

The gateway under test learns of it with the trust material: it is a provider of the corpus, whose keys follow from the
published test seed, and somebody on this machine stands in for its host.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Final

from idbridge.conformance.targets.gateway.suite import NODE, Suite
from idbridge.conformance.targets.receiving import SECONDS, body_of
from idbridge.model.region import Environment
from idbridge.oidc.client import OidcClient, Profile
from idbridge.sandbox.idp.desk import Desk
from idbridge.sandbox.idp.listed import listed_in
from idbridge.sandbox.idp.provider import PretendProvider
from idbridge.sandbox.idp.web import WebRequest
from idbridge.sandbox.parties import client_id

PROVIDER: Final = "sg-login"
UPSTREAM_FOLDER: Final = "upstream"
UPSTREAM_FILE: Final = "clients.json"
_KEY_FILE: Final = "client.pem"
_SCHEMA: Final = "idbridge-upstream-clients-1"


@contextmanager
def provider_standing(suite: Suite) -> Iterator[str]:
    """Let the provider stand, and the gateway know of it, until the block ends; the address of the provider."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    url = f"http://127.0.0.1:{server.server_address[1]}"
    server.RequestHandlerClass = serving(_provider(suite, url), suite.at)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        suite.begin(beside=_files(suite, url))
        yield url
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _provider(suite: Suite, url: str) -> PretendProvider:
    listed = listed_in(suite.region, PROVIDER, browser=url)
    desk = Desk(listed, suite.region, randomness=suite.randomness, list_key=lambda _service, _signer: None)
    desk.register(
        OidcClient(
            id=_client(suite),
            relying_party="Conformance suite",
            profile=Profile.FAPI2,
            redirect_uris=(f"{suite.wire.url}/login/callback/{PROVIDER}",),
            sector="identity",
            jwks=(dict(suite.key("upstream").public_jwk),),
            environment=Environment.SANDBOX,
        )
    )
    return PretendProvider(desk)


def _client(suite: Suite) -> str:
    return client_id(f"node-{NODE.value.lower()}", issuer=suite.region.service(PROVIDER).issuer)


def _files(suite: Suite, url: str) -> Mapping[str, bytes]:
    entry = {
        "issuer": suite.region.service(PROVIDER).issuer, "client_id": _client(suite), "reached_at": url,
        "authentication": "private_key_jwt", "key_file": _KEY_FILE,
    }  # fmt: skip
    document = {"schema": _SCHEMA, "environment": Environment.SANDBOX.value, "providers": {PROVIDER: entry}}
    return {
        f"{UPSTREAM_FOLDER}/{UPSTREAM_FILE}": json.dumps(document).encode(),
        f"{UPSTREAM_FOLDER}/{_KEY_FILE}": suite.key("upstream").pem().encode("ascii"),
    }


def serving(provider: PretendProvider, at: datetime) -> type[BaseHTTPRequestHandler]:
    """Return what takes requests for ``provider``, each within the bounds of a body, at the instant ``at``."""

    class Serving(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1
        timeout = SECONDS

        def _serve(self) -> None:
            body = body_of(self)
            if body is None:
                return
            headers = tuple((name.lower(), value) for name, value in self.headers.items())
            path, _, query = self.path.partition("?")
            request = WebRequest(self.command, path, query.encode(), headers, body, self.client_address[0])
            answer = provider.answer(request, at=at)
            self.send_response(answer.status)
            for name, value in (*answer.headers, ("content-length", str(len(answer.body))), ("connection", "close")):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)

        do_GET = do_POST = _serve  # noqa: N815 - names of the standard library

        def log_message(self, *_: Any) -> None:
            """Write nothing: standard error is for people."""

    return Serving
