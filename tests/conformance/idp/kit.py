"""Providers that stand on loopback under the suite, and the clock by which both of them live."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Final
from urllib.parse import urlencode

import httpx2

from idbridge.clock import Clock
from idbridge.conformance.answer import Verdict
from idbridge.conformance.case import ConformanceCase
from idbridge.conformance.making.id_provider import cases as written
from idbridge.conformance.profiles import Profile
from idbridge.conformance.targets.idp.settings import IdpSettings, Registered
from idbridge.conformance.targets.idp.target import IdpTarget
from idbridge.crypto.jwe import decryption_key
from idbridge.crypto.signer import FileSigner, generate
from idbridge.model.randomness import SystemRandomness
from idbridge.model.region import CommitmentTier, Environment
from idbridge.oidc.client import OidcClient, ResponseEncryption
from idbridge.oidc.client import Profile as ClientProfile
from idbridge.reasons import Indication
from idbridge.sandbox.idp.desk import Desk
from idbridge.sandbox.idp.listed import Listed, Speech, listed_in
from idbridge.sandbox.idp.provider import PretendProvider
from idbridge.sandbox.idp.web import FORM, Answer, Errand, WebRequest
from tests.sandbox.regions import NOON, region

FAPI: Final = "sg-login"
SEALED_FAPI: Final = "sg-login-sealed"
PLAIN: Final = "id-login"
REFUSAL: Final = {"answer": "no"}
_SEALED: Final = ResponseEncryption("ECDH-ES+A256KW", "A256GCM")
Answering = Callable[[WebRequest, datetime], Answer]
Making = Callable[[Desk], Answering]


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self._now = NOON

    def now(self) -> datetime:
        return self._now

    def pause(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)


@dataclass(frozen=True)
class Party:
    """The two clients of the suite, and where they listen."""

    redirect_uri: str
    goodbye: str
    backchannel: str
    clients: tuple[Registered, ...]
    decryption: FileSigner | None = None


@dataclass(frozen=True)
class Standing:
    """A provider that stands, with the suite's target for it."""

    url: str
    desk: Desk
    clock: Hand
    settings: IdpSettings
    target: IdpTarget
    asked: list[WebRequest] = field(default_factory=list)


@cache
def cases() -> Mapping[str, ConformanceCase]:
    """The cases of the profile by id, as their table says."""
    found = (_case(document, put) for document, put in written())
    return {case.id: case for case in found}


def _case(document: Mapping[str, Any], put: Mapping[str, Any]) -> ConformanceCase:
    members = {name: value for name, value in document.items() if name != "schema"}
    expect = Verdict(Indication(document["expect"]["indication"]), document["expect"]["code"])
    sequences = {name: tuple(document[name]) for name in ("tags", "requirements")}
    return ConformanceCase(
        **{**members, **sequences, "profile": Profile(document["profile"]), "expect": expect, "input": put}
    )


def honest(desk: Desk) -> Answering:
    """The sandbox's own provider."""
    provider = PretendProvider(desk)
    return lambda request, at: provider.answer(request, at=at)


@contextmanager
def standing(
    service: str = FAPI, *, make: Making = honest, by_key: bool = True, changes: Mapping[str, Any] | None = None
) -> Iterator[Standing]:
    """Let the provider of ``service`` stand on loopback until the block ends; ``changes`` are to the settings."""
    clock, asked = Hand(), list[WebRequest]()
    with served(service, make=make, clock=clock, asked=asked) as (url, desk):
        listed = listed_in(region(), service)
        party = _party(listed, by_key=by_key)
        for client in party.clients:
            desk.register(client_of(client, party, listed))
        settings = replace(_settings(listed, party), **(changes or {}))
        target = IdpTarget(url, settings, clock=clock, pause=clock.pause, rotate=_rotating(url))
        yield Standing(url, desk, clock, settings, target, asked)


@contextmanager
def served(service: str, *, make: Making, clock: Clock, asked: list[WebRequest]) -> Iterator[tuple[str, Desk]]:
    """Let the provider of ``service`` answer on loopback until the block ends; its address and its desk."""
    listed = listed_in(region(), service)
    desk = Desk(listed, region(), randomness=SystemRandomness(), list_key=lambda _service, _signer: None)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _serving(make(desk), clock, asked))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", desk
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _serving(answering: Answering, clock: Clock, asked: list[WebRequest]) -> type[BaseHTTPRequestHandler]:
    class Serving(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet, or the kernel waits between them

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = tuple((name.lower(), value) for name, value in self.headers.items())
            path, _, query = self.path.partition("?")
            request = WebRequest(self.command, path, query.encode(), headers, body, self.client_address[0])
            asked.append(request)
            answer = answering(request, clock.now())
            for errand in answer.errands:
                deliver(errand)
            self.send_response(answer.status)
            for name, value in answer.headers:
                self.send_header(name, value)
            self.send_header("content-length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        do_GET = do_POST = _serve  # noqa: N815 - names of the standard library

        def log_message(self, *_: object) -> None:
            pass

    return Serving


def deliver(errand: Errand) -> None:
    """Take a logout token to the suite; outside the one case about it nobody listens."""
    with suppress(httpx2.HTTPError):
        httpx2.post(errand.address, content=urlencode(errand.form), headers={"content-type": FORM}, trust_env=False)


def _rotating(url: str) -> Callable[[str], None]:
    def rotate(step: str) -> None:
        httpx2.post(f"{url}/sandbox/keys/{step}", trust_env=False).raise_for_status()

    return rotate


def free_port() -> int:
    """A port of this machine that nobody uses now."""
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        return int(server.server_address[1])


def _party(listed: Listed, *, by_key: bool) -> Party:
    here = f"http://127.0.0.1:{free_port()}"
    keyed = by_key or listed.speech is Speech.FAPI
    clients = tuple(
        Registered(f"suite-{number}", generate("ES256"), None)
        if keyed
        else Registered(f"suite-{number}", None, f"secret-{number}" * 5)
        for number in (1, 2)
    )
    sealed = None if listed.encryption is None else generate("ES256")
    return Party(f"{here}/callback", f"{here}/bye", f"{here}/backchannel", clients, sealed)


def client_of(client: Registered, party: Party, listed: Listed) -> OidcClient:
    """What the provider registers for ``client`` of the suite."""
    keys = () if client.signer is None else (client.signer.public_jwk,)
    sealed = party.decryption
    jwk = () if sealed is None else ({**_public(sealed), "use": "enc"},)
    return OidcClient(
        id=client.id,
        relying_party="Conformance suite",
        profile=ClientProfile.FAPI2 if listed.speech is Speech.FAPI else ClientProfile.OIDC_CODE,
        redirect_uris=(party.redirect_uri,),
        sector="identity",
        post_logout_redirect_uris=(party.goodbye,),
        backchannel_logout_uri=party.backchannel,
        jwks=(*keys, *jwk),
        secret_digest=None if client.secret is None else hashlib.sha256(client.secret.encode()).hexdigest(),
        id_token_encryption=None if sealed is None else _SEALED,
        userinfo_encryption=None if sealed is None else _SEALED,
        environment=Environment.SANDBOX,
    )


def _public(signer: FileSigner) -> dict[str, Any]:
    return {name: signer.public_jwk[name] for name in ("kty", "crv", "x", "y", "kid")}


def _settings(listed: Listed, party: Party) -> IdpSettings:
    return IdpSettings(
        tier=CommitmentTier.T3 if listed.speech is Speech.FAPI else CommitmentTier.T2,
        redirect_uri=party.redirect_uri,
        clients=party.clients,
        algorithms=frozenset(listed.algorithms),
        issuer=listed.issuer,
        level_claim=str(listed.service.claim_map["acr"]),
        levels=listed.levels,
        refusal=REFUSAL,
        decryption_keys=() if party.decryption is None else (decryption_key(party.decryption.private_key),),
        backchannel_logout_uri=party.backchannel,
        post_logout_redirect_uri=party.goodbye,
        patience=timedelta(minutes=11),
    )
