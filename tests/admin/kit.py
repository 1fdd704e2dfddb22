"""An issuer at which operators sign in, on this machine, and the tokens that it makes or that somebody else would."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from idbridge.crypto.jws import sign_compact
from idbridge.crypto.signer import FileSigner, generate
from tests.gateway.clocks import NOON

CLIENT: Final = "idbridge-admin"
ROLE: Final = "registrar"
KEY: Final = generate("ES256", kid="issuer-1")
NEXT_KEY: Final = generate("ES256", kid="issuer-2")
STRANGER: Final = generate("ES256", kid="issuer-1")
RSA_KEY: Final = generate("RS256", kid="issuer-rsa")
NOW: Final = int(NOON.timestamp())


@dataclass
class Issuer:
    """What the issuer publishes, and how often somebody looked."""

    url: str
    keys: list[FileSigner] = field(default_factory=lambda: [KEY, RSA_KEY])
    published: bytes | None = None
    looks: int = 0

    @property
    def key_set(self) -> str:
        return f"{self.url}/keys"

    def octets(self) -> bytes:
        keys = [{**key.public_jwk, "use": "sig"} for key in self.keys]
        return json.dumps({"keys": keys}).encode() if self.published is None else self.published

    def claims(self, **changes: Any) -> dict[str, Any]:
        good = {
            "iss": self.url, "sub": "malee", "aud": CLIENT, "iat": NOW, "exp": NOW + 3600,
            "roles": ["staff", ROLE], "name": "Malee Sample", "email": "malee@bank.th.example",
        }  # fmt: skip
        return {name: value for name, value in {**good, **changes}.items() if value is not None}

    def token(self, key: FileSigner = KEY, *, head: dict[str, Any] | None = None, **changes: Any) -> str:
        header = {"alg": key.algorithm, "kid": key.kid, "typ": "JWT", **(head or {})}
        header = {name: value for name, value in header.items() if value is not None}
        return sign_compact(header, json.dumps(self.claims(**changes)).encode(), key)


@contextmanager
def running_issuer() -> Iterator[Issuer]:
    """Serve the key set of an issuer from a port of this machine."""
    held: list[Issuer] = []

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer = held[0]
            issuer.looks += 1
            octets = issuer.octets()
            self.send_response(200 if self.path == "/keys" else 404)
            self.send_header("content-length", str(len(octets)))
            self.end_headers()
            self.wfile.write(octets)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    held.append(Issuer(f"http://127.0.0.1:{server.server_address[1]}"))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield held[0]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
