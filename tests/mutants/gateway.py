"""Broken gateways: our own, started for the suite on loopback, with one check removed or weakened.

Each wraps one function of the real node while it stands. While one is at work, no other node stands in this process.
"""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Final
from unittest.mock import patch

from idbridge.assertion import decision, issue
from idbridge.conformance.corpus import Corpus
from idbridge.conformance.profiles import Profile
from idbridge.conformance.target import Target
from idbridge.conformance.targets.gateway.target import GatewayTarget
from idbridge.crypto.signer import generate
from idbridge.errors import RequestError
from idbridge.oidc import authorization_request, client_assertion, dpop, token_exchange
from idbridge.oidc.dpop_nonce import DpopNonces
from idbridge.oidc.errors import OAuthError
from idbridge.presentation import response_parameters
from idbridge.presentation.response_parameters import WalletError
from idbridge.verify.report import Report
from idbridge_gateway.api import answer, gateway, verify
from idbridge_gateway.api.faults import FaultyClock, FaultyOneTime, FaultyTrust
from idbridge_gateway.oidc import addresses, authorize, code_grant, completion, discovery
from idbridge_gateway.oidc.codes import Codes
from idbridge_gateway.registry.in_force import RegistryInForce
from idbridge_gateway.stores.one_time import MemoryOneTime
from idbridge_gateway.wallet import wallet_side
from idbridge_gateway.wallet.presentations import Presentations
from tests.conformance.http.kit import conformance_node, wire
from tests.mutants.mutant import Mutant

Change = tuple[Any, str, Any]


def mutants() -> Iterator[Mutant]:
    """Yield the broken gateways."""
    for name, title, breaks, change in _BROKEN:
        profile = Profile.PRIVACY if breaks[0].startswith("IDB-PRIV") else Profile.GATEWAY
        yield Mutant(f"gw-{name}", title, profile, breaks, partial(broken, change))


@contextmanager
def broken(change: Change, corpus: Corpus) -> Iterator[Target]:
    """Let our own gateway stand with ``change`` until the block ends."""
    with patch.object(*change), conformance_node() as url:
        yield GatewayTarget(wire(url), corpus)


@contextmanager
def standing(name: str) -> Iterator[str]:
    """Let the broken gateway called ``name`` stand until the block ends; its address."""
    (change,) = (change for known, _, _, change in _BROKEN if known == name)
    with patch.object(*change), conformance_node() as url:
        yield url


def _gw(*numbers: int) -> tuple[str, ...]:
    return tuple(f"IDB-GW-{number:03d}" for number in numbers)


def _nothing(*_: object, **__: object) -> None:
    """Find nothing wrong."""


def wrapped(owner: Any, name: str, make: Any) -> Change:
    """Return the change by which ``name`` of ``owner`` is what ``make`` makes of it."""
    return owner, name, make(getattr(owner, name))


def _any_key(real: Any) -> Any:
    def authenticate(self: RegistryInForce, authorization: bytes | None) -> Any:
        try:
            return real(self, authorization)
        except RequestError as refused:
            if refused.code == "policy.unauthenticated":
                return self.registration("th-bank").relying_party
            raise

    return authenticate


def _closed_too(real: Any) -> Any:
    def authenticate(self: RegistryInForce, authorization: bytes | None) -> Any:
        try:
            return real(self, authorization)
        except RequestError as refused:
            if refused.code == "policy.relying_party_disabled":
                return self.registration("th-bank").relying_party
            raise

    return authenticate


def _echoing(real: Any) -> Any:
    def read_request(members: Any, **more: Any) -> Any:
        try:
            return real(members, **more)
        except RequestError as refused:
            raise RequestError(refused.code, f"what was sent: {members}") from refused

    return read_request


def _passing_over(real: Any) -> Any:
    def read_request(members: Any, **more: Any) -> Any:
        known = {"credential", "purpose", "claims", "expected", "format", "dcql", "transaction_data", "detail"}
        return real({name: value for name, value in members.items() if name in {*known, "assertion"}}, **more)

    return read_request


def _telling_more(real: Any) -> Any:
    def render(self: Report, *arguments: Any, **more: Any) -> Any:
        document = real(self, *arguments, **more)
        if self.accepted:
            document["claims"] = {**document["claims"], "birthdate": "1991-04-17"}
        return document

    return render


def keyless(real: Any) -> Any:
    """Return what reads no idempotency key."""

    def read_head(*arguments: Any, **more: Any) -> Any:
        return dataclasses.replace(real(*arguments, **more), idempotency_key=None)

    return read_head


async def no_memory(*_: object, **__: object) -> bool:
    """Count every value as new."""
    return True


def _prefix(real: Any) -> Any:
    def require_redirect_uri(parameters: Any, client: Any) -> str:
        address = parameters.text("redirect_uri")
        if address is not None and any(address.startswith(known) for known in client.redirect_uris):
            return str(address)
        return str(real(parameters, client))

    return require_redirect_uri


def _nameless(real: Any) -> Any:
    def error_response(*arguments: Any, **more: Any) -> Any:
        return {name: value for name, value in real(*arguments, **more).items() if name != "iss"}

    return error_response


def _talkative(real: Any) -> Any:
    async def answered(self: Any, found: Any, name: str, told: Any) -> Any:
        try:
            return await real(self, found, name, told)
        except wallet_side.RefusedError:
            return {"why": "the answer was not accepted", "name": "Tan Hui Ling"}

    return answered


def _of_anybody(real: Any) -> Any:
    async def find(self: Presentations, handle: str, *, owner: str) -> Any:
        try:
            return await real(self, handle, owner=owner)
        except RequestError:
            return await real(self, handle, owner="th-bank")

    return find


def _of_another_issuer(real: Any) -> Any:
    def document(*arguments: Any, **more: Any) -> Any:
        return {**real(*arguments, **more), "issuer": "https://another.example"}

    return document


def _one_sector(real: Any) -> Any:
    def pairwise(key: Any, whose: Any) -> Any:
        return real(key, dataclasses.replace(whose, sector="everybody"))

    return pairwise


def _written(**changes: Any) -> Any:
    """Return what writes assertions of a decision with ``changes``, each made of what it was."""

    def wrapper(real: Any) -> Any:
        def write(found: Any, *, signer: Any, **more: Any) -> Any:
            made = {name: change(getattr(found, name)) for name, change in changes.items() if name != "signer"}
            key = changes["signer"](signer) if "signer" in changes else signer
            return real(dataclasses.replace(found, **made), signer=key, **more)

        return write

    return wrapper


def _at_the_highest(core: Any) -> Any:
    return {**core, "assurance": {**core["assurance"], "loa": "A3"}, "acr": "urn:idbridge:loa:A3"}


def _with_address(core: Any) -> Any:
    held = core["verified_claims"]
    return {**core, "verified_claims": {**held, "claims": {**held["claims"], "address": "12 Sample Avenue 3"}}}


def _any_state(real: Any) -> Any:
    def read_response(parameters: Any, *, state: str, **more: Any) -> Any:
        return real(parameters, state=parameters.get("state", state), **more)

    return read_response


def _with_name(real: Any) -> Any:
    async def answered(self: Any, *arguments: Any) -> Any:
        return {**await real(self, *arguments), "name": "Tan Hui Ling"}

    return answered


def _only_refusing(real: Any) -> Any:
    async def spend(self: Codes, handle: str, **more: Any) -> bool:
        if not await real(self, handle, **more):
            raise OAuthError("invalid_grant", "the code was used before")
        return True

    return spend


def _in_a_minute(_claims: Any, *, now: float) -> int:
    return int(now) + 60


_CACHED: Final = (b"cache-control", b"public, max-age=60")
_Row = tuple[str, str, tuple[str, ...], Change]
_EDGE: Final[tuple[_Row, ...]] = (
    ("any-key", "takes any key for the bank's", ("IDB-POL-009",), wrapped(RegistryInForce, "authenticate", _any_key)),
    ("closed-shop", "serves parties that are switched off", ("IDB-POL-009",),
     wrapped(RegistryInForce, "authenticate", _closed_too)),
    ("members-passed-over", "passes over members that it does not know",
     ("IDB-IN-010", "IDB-IN-012", "IDB-IN-013"), wrapped(verify, "read_request", _passing_over)),
    ("any-media", "reads bodies of every type", ("IDB-IN-011",), (verify, "refuse_media", _nothing)),
    ("no-bound", "reads bodies without end", ("IDB-IN-011",), (verify, "bound_of", lambda *_, **__: 10**9)),
    ("key-in-address", "takes keys in addresses", _gw(4), (gateway, "refuse_key_in_query", _nothing)),
    ("repeats-nothing", "ignores idempotency keys", ("IDB-IN-015", "IDB-GW-002"),
     wrapped(gateway, "read_head", keyless)),
    ("without-lists", "decides without lists", ("IDB-SYS-001",), (FaultyTrust, "current", lambda self: self.in_force)),
    ("stale-lists", "decides by lists that are out of date", ("IDB-SYS-002",),
     (FaultyTrust, "last_update", lambda _self: None)),
    ("full-store", "accepts what it cannot remember", ("IDB-SYS-003",), (FaultyOneTime, "claim", no_memory)),
    ("slow-clock", "counts the future as now", _gw(5), (FaultyClock, "now", lambda self: self._clock.now())),
    ("remembers-nothing", "remembers no one-time value", _gw(2, 17, 20, 22, 31),
     (MemoryOneTime, "claim", no_memory)),
    ("kept-by-caches", "lets caches keep verdicts", _gw(1), (answer, "NO_STORE", _CACHED)),
    ("unprotected", "leaves out the header fields that protect", _gw(1), (answer, "PROTECTION", ())),
)  # fmt: skip
_PROVIDER: Final[tuple[_Row, ...]] = (
    ("other-issuer", "publishes another issuer", _gw(10),
     wrapped(discovery, "discovery_document", _of_another_issuer)),
    ("any-flow", "takes every response type", _gw(11), (authorization_request, "_require_code", _nothing)),
    ("no-pkce", "takes requests without PKCE", _gw(12),
     (authorization_request, "require_challenge", lambda challenge, _method: challenge or "x")),
    ("redirect-prefix", "compares redirect URIs from the front", _gw(15),
     wrapped(authorization_request, "require_redirect_uri", _prefix)),
    ("any-purpose", "takes every purpose", _gw(16),
     (authorization_request, "_purpose", lambda parameters, _known: parameters.text("purpose"))),
    ("nameless-responses", "names no issuer in its responses", _gw(13),
     wrapped(completion, "error_response", _nameless)),
    ("assertions-for-others", "takes client assertions for others", _gw(17),
     (client_assertion, "_require_parties", _nothing)),
    ("old-assertions", "takes client assertions that are over", _gw(17),
     (client_assertion, "_require_times", _in_a_minute)),
    ("requests-of-others", "lets a client use the request of another", _gw(18), (authorize, "require_bound", _nothing)),
    ("proofs-of-anything", "takes DPoP proofs for other requests", _gw(20, 22), (dpop, "_require_request", _nothing)),
    ("old-proofs", "takes DPoP proofs of yesterday", _gw(20), (dpop, "_require_times", _in_a_minute)),
    ("any-nonce", "takes every nonce in proofs", _gw(20), (DpopNonces, "accepts", lambda *_, **__: True)),
    ("proofs-of-any-token", "takes proofs for other tokens", _gw(22), (dpop, "_require_token", _nothing)),
    ("exchange-any-claims", "exchanges for claims that are not registered", _gw(32),
     (token_exchange, "_claims", lambda *_: ("name",))),
    ("exchange-any-purpose", "exchanges for every purpose", _gw(32),
     (token_exchange, "_purpose", lambda *_: "account-opening")),
    ("exchange-any-audience", "exchanges for the audiences of others", _gw(31),
     (token_exchange, "_audience", lambda *_: "https://sandbox.bank.th.example")),
)  # fmt: skip
_ASSERTIONS: Final[tuple[_Row, ...]] = (
    ("assertion-other-key", "signs by a key that it does not publish", _gw(40),
     wrapped(issue, "write", _written(signer=lambda _key: generate("ES256")))),
    ("assertion-other-audience", "makes assertions for others", _gw(41),
     wrapped(issue, "write", _written(audience=lambda _one: "https://nobody.example"))),
    ("assertion-without-end", "makes assertions that live for a year", _gw(42),
     wrapped(issue, "write", _written(expires_at=lambda at: at.replace(year=at.year + 1)))),
    ("assertion-higher", "states the highest level in every assertion", _gw(43),
     wrapped(issue, "write", _written(core=_at_the_highest))),
    ("assertion-wider", "puts more claims into assertions than were asked for", _gw(44),
     wrapped(issue, "write", _written(core=_with_address))),
)  # fmt: skip
_WALLETS: Final[tuple[_Row, ...]] = (
    ("loses-refusals", "takes every word of a wallet for one of its own", _gw(57),
     (response_parameters, "_error", lambda _word: WalletError.OTHER)),
    ("fetched-for-ever", "hands out a request for ever", _gw(50), (wallet_side.WalletSide, "_count_fetch", no_memory)),
    ("wallet-told-why", "tells wallets why they are refused", _gw(52),
     wrapped(wallet_side.WalletSide, "_answered", _talkative)),
    ("any-state", "takes answers of another state", _gw(54), wrapped(wallet_side, "read_response", _any_state)),
    ("results-for-anybody", "shows results to every party", _gw(56), wrapped(Presentations, "find", _of_anybody)),
)  # fmt: skip
_PRIVACY: Final[tuple[_Row, ...]] = (
    ("echoes", "repeats what was sent in problems", ("IDB-PRIV-002",), wrapped(verify, "read_request", _echoing)),
    ("tells-more", "releases claims that nobody asked for", ("IDB-PRIV-001",),
     wrapped(Report, "render", _telling_more)),
    ("one-name", "gives every sector the same name for a person", ("IDB-PRIV-006",),
     wrapped(decision, "pairwise", _one_sector)),
    ("kept-verdicts", "lets caches keep what is about a person", ("IDB-PRIV-003",), (answer, "NO_STORE", _CACHED)),
    ("wallet-hears", "greets the person by name in the wallet", ("IDB-PRIV-004",),
     wrapped(wallet_side.WalletSide, "_answered", _with_name)),
    ("address-tells", "says in an address what is asked for", ("IDB-PRIV-005",),
     (addresses, "selector", lambda name: f"/login?t={name}&purpose=account-opening")),
)  # fmt: skip
_LOGINS: Final[tuple[_Row, ...]] = (
    ("any-verifier", "redeems codes with every verifier", _gw(25), (code_grant, "require_verifier", _nothing)),
    ("code-reusable", "redeems a code again and again", _gw(25), (Codes, "spend", no_memory)),
    ("token-survives", "leaves the token when its code comes again", _gw(25), wrapped(Codes, "spend", _only_refusing)),
    ("nameless-codes", "names no issuer beside a code", _gw(13), wrapped(completion, "code_response", _nameless)),
    ("one-subject", "gives every sector the same subject for a person", _gw(26),
     wrapped(decision, "pairwise", _one_sector)),
)  # fmt: skip
_BROKEN: Final = (*_EDGE, *_PROVIDER, *_ASSERTIONS, *_WALLETS, *_LOGINS, *_PRIVACY)
