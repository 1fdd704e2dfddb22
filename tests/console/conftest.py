"""A node whose operators sign in by browser, at an issuer whose token endpoint checks what a real one checks."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest

from idbridge.oidc.pkce import challenge_of
from tests.admin.kit import CLIENT, ROLE, Issuer, running_issuer
from tests.gateway.asking import Node, node_in
from tests.gateway.conftest import own_node, shared_files

__all__ = ["own_node", "shared_files"]


@dataclass
class TokenEndpoint:
    """Gives an ID token for the one code that it handed out, once if it is careful, to whoever knows the verifier."""

    issuer: Issuer
    url: str
    challenge: str = ""
    nonce: str = ""
    changes: dict[str, Any] = field(default_factory=dict)
    body: bytes | None = None
    careful: bool = True
    asked: list[dict[str, str]] = field(default_factory=list)

    def answer(self, form: dict[str, str]) -> tuple[int, bytes]:
        self.asked.append(form)
        again = self.careful and len(self.asked) > 1
        if challenge_of(form["code_verifier"]) != self.challenge or form["code"] != "a-code" or again:
            return 400, b'{"error":"invalid_grant"}'
        told = {"nonce": self.nonce, **self.changes}
        return 200, json.dumps({"id_token": self.issuer.token(**told)}).encode() if self.body is None else self.body


@contextmanager
def running_token_endpoint(issuer: Issuer) -> Iterator[TokenEndpoint]:
    """Serve a token endpoint of ``issuer`` from a port of this machine."""
    held: list[TokenEndpoint] = []

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = dict(parse_qsl(self.rfile.read(int(self.headers["content-length"])).decode()))
            status, octets = held[0].answer(form)
            self.send_response(status)
            self.send_header("content-length", str(len(octets)))
            self.end_headers()
            self.wfile.write(octets)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    held.append(TokenEndpoint(issuer, f"http://127.0.0.1:{server.server_address[1]}/token"))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield held[0]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass(repr=False)
class Desk:
    """One browser of an operator, and what it brings."""

    node: Node
    issuer: Issuer
    endpoint: TokenEndpoint
    cookies: dict[str, str] = field(default_factory=dict)

    def browse(self, method: str, path: str, **headers: str) -> httpx2.Response:
        """Ask as the browser would, and keep the cookies that come back."""
        head = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookies:
            head["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = self.node.send(method, path, headers=head)
        for line in answer.headers.get_list("set-cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            if value.strip('"'):
                self.cookies[name] = value
            else:
                self.cookies.pop(name, None)
        return answer

    def sent(self) -> dict[str, str]:
        """Begin a sign-in; return what the issuer is asked."""
        answer = self.browse("GET", "/console/sign-in")
        assert answer.status_code == 303, answer.text
        place = urlsplit(answer.headers["location"])
        assert f"{place.scheme}://{place.netloc}{place.path}" == f"{self.issuer.url}/authorize"
        asked = dict(parse_qsl(place.query))
        self.endpoint.challenge, self.endpoint.nonce = asked["code_challenge"], asked["nonce"]
        return asked

    def returned(self, state: str, *, code: str = "a-code", more: str = "") -> httpx2.Response:
        """Come back from the issuer."""
        return self.browse("GET", f"/console/callback?code={code}&state={state}{more}")

    def signed_in(self) -> "Desk":
        answer = self.returned(self.sent()["state"])
        assert answer.status_code == 303, answer.text
        assert answer.headers["location"] == "/console"
        return self


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with running_issuer() as running:
        yield running


@pytest.fixture
def endpoint(issuer: Issuer) -> Iterator[TokenEndpoint]:
    with running_token_endpoint(issuer) as running:
        yield running


@pytest.fixture
def desk(tmp_path: Path, issuer: Issuer, endpoint: TokenEndpoint) -> Desk:
    return desk_in(tmp_path, issuer, endpoint)


def desk_in(directory: Path, issuer: Issuer, endpoint: TokenEndpoint, token_url: str = "") -> Desk:
    """A browser at a node, whose operators sign in at ``issuer``."""
    told = {
        "operator_issuer": issuer.url, "operator_key_set": issuer.key_set, "operator_client_id": CLIENT,
        "operator_role": ROLE, "operator_authorization_endpoint": f"{issuer.url}/authorize",
        "operator_token_endpoint": token_url or endpoint.url,
    }  # fmt: skip
    return Desk(node_in(directory, told=told), issuer, endpoint)


def another_browser(desk: Desk) -> Desk:
    return replace(desk, cookies={})
