"""The suite as relying party of one provider: the steps of a login, each honest unless a case says how it deviates.

A step sends one request and returns what came back; what that means is for ``verdicts``. Where a provider demands a
DPoP nonce, the step is done again with it, as RFC 9449 section 8 wants. Clauses: OpenID Connect Core 1.0 section 3.1;
RFC 9126 section 2; RFC 7636 section 4; RFC 9449 sections 5 and 7.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from idbridge.clock import Clock
from idbridge.codec import base64url
from idbridge.conformance.answer import FaultKind
from idbridge.conformance.targets.idp.proofs import Keys, Words, assertion, dpop_proof
from idbridge.conformance.targets.idp.settings import IdpSettings, Registered
from idbridge.conformance.targets.idp.walks import Walk
from idbridge.conformance.targets.idp.wire import NoVerdictError, Reply, Wire
from idbridge.crypto.signer import FileSigner, generate
from idbridge.model.randomness import Randomness
from idbridge.oidc.client_assertion import ASSERTION_TYPE
from idbridge.oidc.pkce import METHOD, challenge_of
from idbridge.oidc.upstream_proofs import basic_authorization

TOKEN: Final = "token_endpoint"  # noqa: S105 - the name of a member
PUSH: Final = "pushed_authorization_request_endpoint"
AUTHORIZE: Final = "authorization_endpoint"
USERINFO: Final = "userinfo_endpoint"
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
_NONCE: Final = "dpop-nonce"


@dataclass(frozen=True, slots=True)
class Tools:
    """What every procedure works with. ``pause`` lets seconds go by; ``rotate`` is told a step of a rotation."""

    settings: IdpSettings
    wire: Wire
    document: Mapping[str, Any]
    clock: Clock
    randomness: Randomness
    browser: Callable[[], Walk]
    pause: Callable[[float], None]
    rotate: Callable[[str], None] | None = None

    @property
    def issuer(self) -> str:
        """The issuer identifier that the provider is tested under."""
        return self.wire.place.issuer

    @property
    def own(self) -> Registered:
        """The suite's own client."""
        return self.settings.clients[0]

    @property
    def other(self) -> Registered:
        """The other client, whose codes and requests are stolen."""
        return self.settings.clients[1]

    def endpoint(self, name: str) -> str:
        """Return an address of the discovery document.

        Raises:
            NoVerdictError: It names none.
        """
        address = self.document.get(name)
        if not isinstance(address, str):
            raise NoVerdictError(FaultKind.MALFORMED, f"the discovery document names no `{name}`")
        return address

    def random(self) -> str:
        """Return 256 bits that nobody can guess."""
        return base64url.encode(self.randomness.octets(32))

    def client(self, name: str) -> Registered:
        """Return ``own`` or ``other`` client."""
        return self.other if name == "other" else self.own


@dataclass(frozen=True, slots=True)
class Login:
    """One login that is under way. ``key`` is what its tokens are bound to, if they are."""

    client: Registered
    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    key: FileSigner

    @property
    def challenge(self) -> str:
        """The S256 challenge of the verifier."""
        return challenge_of(self.verifier)


@dataclass(frozen=True, slots=True)
class Deviation:
    """How one step differs from an honest one; every member is as in ``input.json``.

    ``held_assertion`` and ``held_proof`` are what an earlier request had already sent.
    """

    form: Mapping[str, Any] = field(default_factory=dict)
    assertion: Mapping[str, Any] = field(default_factory=dict)
    proof: Mapping[str, Any] = field(default_factory=dict)
    credential: str = "own"
    method: str | None = None
    media: str | None = None
    header: Mapping[str, Any] = field(default_factory=dict)
    query: str = ""
    held_assertion: str | None = field(default=None, repr=False)
    held_proof: str | None = field(default=None, repr=False)


HONEST: Final = Deviation()


@dataclass(frozen=True, slots=True)
class Sent:
    """What was answered to a step, and the proofs that went along."""

    reply: Reply
    assertion: str | None = field(repr=False)
    proof: str | None = field(repr=False)


def begun(tools: Tools, client: Registered) -> Login:
    """Return a new login of ``client``."""
    return Login(client, tools.random(), tools.random(), tools.random(), generate("ES256"))


def words_of(tools: Tools, login: Login) -> Words:
    """Return what the words of a case stand for in ``login``."""
    redirect = tools.settings.redirect_uri
    parts = urlsplit(redirect)
    named = {name: str(value) for name, value in tools.document.items() if isinstance(value, str)}
    return Words(
        {
            **named,
            "issuer": tools.issuer,
            "client": tools.own.id,
            "other_client": tools.other.id,
            "redirect_uri": redirect,
            "redirect_cut": redirect[:-1],
            "redirect_host": parts.hostname or "",
            "redirect_authority": parts.netloc,
            "redirect_path": parts.path,
            "kid": (tools.own.signer or login.key).kid,
            "verifier": login.verifier,
            "challenge": login.challenge,
            "other_verifier": tools.random(),
            "jkt": login.key.kid,
            "jkt_of_another": generate("ES256").kid,
            "random": tools.random(),
            "long": "x" * 200,
        },
        int(tools.clock.now().timestamp()),
    )


def request_of(tools: Tools, login: Login, changes: Mapping[str, Any] = _NOTHING) -> dict[str, Any]:
    """Return the parameters of an authorization request with ``changes``."""
    honest = {
        "client_id": login.client.id,
        "response_type": "code",
        "redirect_uri": tools.settings.redirect_uri,
        "scope": tools.settings.scope,
        "state": login.state,
        "nonce": login.nonce,
        "code_challenge": login.challenge,
        "code_challenge_method": METHOD,
        "acr_values": tools.settings.acr_values,
    }
    return words_of(tools, login).changed({k: v for k, v in honest.items() if v is not None}, changes)


def push(tools: Tools, login: Login, deviation: Deviation = HONEST) -> Sent:
    """Hand in the request of ``login`` (RFC 9126 section 2.1)."""
    form = request_of(tools, login, deviation.form)
    return _posted(tools, login, PUSH, form, deviation, bound=bool(deviation.proof))


def redeem(tools: Tools, login: Login, code: str, deviation: Deviation = HONEST) -> Sent:
    """Redeem a ``code`` (RFC 6749 section 4.1.3)."""
    honest = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": tools.settings.redirect_uri,
        "code_verifier": login.verifier,
    }
    form = words_of(tools, login).changed(honest, deviation.form)
    return _posted(tools, login, TOKEN, form, deviation, bound=tools.settings.fapi)


def userinfo(tools: Tools, login: Login, token: str, deviation: Deviation = HONEST) -> Sent:
    """Ask who logged in (OpenID Connect Core 1.0 section 5.3.1)."""
    address, method = tools.endpoint(USERINFO), deviation.method or "GET"
    scheme = "DPoP" if tools.settings.fapi else "Bearer"
    words = replace(words_of(tools, login), texts={**words_of(tools, login).texts, "access_token": token})
    headers = words.changed({"Authorization": f"{scheme} {token}"}, deviation.header)
    query = f"?{words.said(deviation.query)}" if deviation.query else ""

    def sent(nonce: str | None) -> Sent:
        bound = tools.settings.fapi and not deviation.proof.get("omit")
        proof = _proof(tools, login, address, method, deviation, nonce=nonce, token=token) if bound else None
        fields = [*headers.items(), *_proof_fields(proof, deviation)]
        return Sent(tools.wire.send(method, f"{address}{query}", headers=fields), None, proof)

    return _with_nonce(sent, deviation)


def authorization_url(tools: Tools, parameters: Mapping[str, Any]) -> str:
    """Return where a browser goes with ``parameters``."""
    endpoint = tools.endpoint(AUTHORIZE)
    return f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{urlencode(_pairs(parameters))}"


def came_back(query: str) -> Mapping[str, str]:
    """Return the parameters with which a browser came back; of one that came twice, none is left."""
    pairs = parse_qsl(query, keep_blank_values=True)
    names = [name for name, _ in pairs]
    return {name: value for name, value in pairs if names.count(name) == 1}


def _posted(
    tools: Tools, login: Login, endpoint: str, form: Mapping[str, Any], deviation: Deviation, *, bound: bool
) -> Sent:
    address, method = tools.endpoint(endpoint), deviation.method or "POST"

    def sent(nonce: str | None) -> Sent:
        proves, headers, made = _authentication(tools, login, deviation)
        with_proof = bound and not deviation.proof.get("omit")
        proof = _proof(tools, login, address, method, deviation, nonce=nonce, token=None) if with_proof else None
        whole = _pairs({**form, **proves, **{k: v for k, v in form.items() if k in ("client_id",)}})
        fields = [*headers, *_proof_fields(proof, deviation)]
        if method != "POST":
            return Sent(tools.wire.send(method, f"{address}?{urlencode(whole)}", headers=fields), made, proof)
        if deviation.media is not None:
            named = [("Content-Type", deviation.media), *fields]
            return Sent(tools.wire.send("POST", address, headers=named, body=_json(whole)), made, proof)
        return Sent(tools.wire.post(address, whole, headers=fields), made, proof)

    return _with_nonce(sent, deviation)


def _with_nonce(sent: Callable[[str | None], Sent], deviation: Deviation) -> Sent:
    first = sent(None)
    nonce = first.reply.headers.get(_NONCE)
    demanded = "use_dpop_nonce" in (error_of(first.reply) or "")
    if demanded and nonce is not None and deviation.held_proof is None:
        return sent(nonce)
    return first


def error_of(reply: Reply) -> str | None:
    """Return the OAuth error of an answer: of its body, or of its challenge (RFC 6750 section 3)."""
    error = reply.document().get("error")
    if isinstance(error, str) and error:
        return error
    challenge = reply.headers.get("www-authenticate", "")
    _, found, rest = challenge.partition('error="')
    return rest.partition('"')[0] if found else None


def _authentication(
    tools: Tools, login: Login, deviation: Deviation
) -> tuple[dict[str, str], list[tuple[str, str]], str | None]:
    client = login.client
    if client.signer is not None:
        if deviation.assertion.get("omit"):
            return {"client_id": client.id}, [], None
        text = deviation.held_assertion or _assertion(tools, login, deviation)
        named = {"client_id": client.id, "client_assertion_type": ASSERTION_TYPE, "client_assertion": text}
        return named, [], text
    secret = {"own": client.secret or "", "wrong": tools.random(), "other": tools.other.secret or ""}.get(
        deviation.credential, client.secret or ""
    )
    basic = [("Authorization", basic_authorization(client.id, secret))]
    if deviation.credential == "none":
        return {"client_id": client.id}, [], None
    if deviation.credential == "twice":
        return {"client_id": client.id, "client_secret": secret}, basic, None
    return {"client_id": client.id}, basic, None


def _assertion(tools: Tools, login: Login, deviation: Deviation) -> str:
    words = words_of(tools, login)
    keys = _keys(login.client.signer or login.key, tools.other.signer)
    return assertion(
        keys, client_id=login.client.id, issuer=tools.issuer, jti=tools.random(), words=words, spec=deviation.assertion
    )


def _proof(
    tools: Tools, login: Login, address: str, method: str, deviation: Deviation, *, nonce: str | None, token: str | None
) -> str:
    if deviation.held_proof is not None:
        return deviation.held_proof
    return dpop_proof(
        _keys(login.key, None),
        method=method,
        url=address,
        jti=tools.random(),
        words=words_of(tools, login),
        nonce=nonce,
        access_token=token,
        spec=deviation.proof,
    )


def _proof_fields(proof: str | None, deviation: Deviation) -> list[tuple[str, str]]:
    several = 2 if deviation.proof.get("twice") else 1
    return [] if proof is None else [("DPoP", proof)] * several


def _keys(own: FileSigner, other: FileSigner | None) -> Keys:
    stranger = generate(own.algorithm)
    return {"own": own, "other": other or stranger, "stranger": stranger}


def _pairs(parameters: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the parameters in order; a list is a parameter that comes several times."""
    return [
        (name, str(one))
        for name, value in parameters.items()
        for one in (value if isinstance(value, list) else [value])
    ]


def _json(pairs: list[tuple[str, str]]) -> bytes:
    return json.dumps(dict(pairs)).encode()
