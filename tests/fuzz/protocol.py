"""The harnesses of OpenID Connect: what clients, browsers and national providers send, taken apart step by step."""

import json
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlencode

from idbridge.model.region import Environment
from idbridge.oidc.authorization_request import read_kept_request, read_pushed_request
from idbridge.oidc.claims_release import for_userinfo
from idbridge.oidc.claims_request import parse_claims
from idbridge.oidc.client_assertion import ASSERTION_TYPE, verify_client_assertion
from idbridge.oidc.client_authentication import read_presented_client
from idbridge.oidc.dpop import verify_proof
from idbridge.oidc.htu import normalised
from idbridge.oidc.logout_request import read_logout_hint
from idbridge.oidc.parameters import parse_form
from idbridge.oidc.registered_uri import require_registrable
from idbridge.oidc.request_uri import read_named_request
from idbridge.oidc.upstream import keys_to_try, read_authorization_response, read_token_response
from idbridge.oidc.upstream_discovery import narrowed
from idbridge.oidc.upstream_errors import UpstreamError
from idbridge.oidc.upstream_token import expected_of, signer_of
from tests.fuzz.harness import Harness
from tests.oidc import test_authorization_request as requests
from tests.oidc import test_claims_request as claims
from tests.oidc import test_client_assertion as assertions
from tests.oidc import test_dpop as proofs
from tests.oidc import test_logout_request as logouts
from tests.oidc import test_logout_token as logout_tokens
from tests.oidc import test_upstream as upstream
from tests.oidc import test_upstream_discovery as discovery
from tests.oidc import test_upstream_token as nameless
from tests.oidc.kit import ISSUER, NOON, client, signed

_ASSERTION: Final = signed(assertions.claims())
_PROOF: Final = proofs.proof()
_LOGOUT: Final = logout_tokens.token()
_HINT: Final = logouts.id_token()


def _text(octets: bytes) -> str:
    return octets.decode("utf-8", "surrogateescape")


def _only(taken: str, good: str) -> None:
    """Nobody without the key can spell another message that passes."""
    if taken != good:
        raise AssertionError("a false accept")


def _assertion(octets: bytes) -> None:
    text = _text(octets)
    verify_client_assertion(text, client=client(), issuer=ISSUER, at=NOON)
    _only(text, _ASSERTION)


def _proof(octets: bytes) -> None:
    text = _text(octets)
    verify_proof((text,), method="POST", url=proofs.URL, at=NOON, bound_to=proofs.HOLDER.kid)
    _only(text, _PROOF)


def _logout_token(octets: bytes) -> None:
    text = _text(octets)
    logout_tokens.verified(text)
    _only(text, _LOGOUT)


def _logout_hint(octets: bytes) -> None:
    """The form of a logout request; of the hints in it only the real one is one."""
    parameters = parse_form(octets)
    if read_logout_hint(parameters, issuer=ISSUER, keys=logouts.KEYS, at=NOON) is not None:
        _only(parameters.values["id_token_hint"], _HINT)


def _pushed(octets: bytes) -> None:
    """A pushed form; what is kept of it is read again as the same request."""
    parties = {"client": client(), "purposes": requests.PURPOSES}
    request = read_pushed_request(parse_form(octets), **parties)  # type: ignore[arg-type] # of two types
    if read_kept_request(request.parameters, **parties) != request:  # type: ignore[arg-type] # of two types
        raise AssertionError("what was kept is another request")


def _named(octets: bytes) -> None:
    read_named_request(parse_form(octets))


def _claims(octets: bytes) -> None:
    request = parse_claims(_text(octets))
    found = for_userinfo(request, claims.RECOGNISED, at=NOON)
    for one in found if isinstance(found, list) else [found] if found else []:
        if not one["claims"].items() <= claims.CLAIMS.items() or not one["claims"].keys() <= set(request.wanted):
            raise AssertionError("what was not asked for was released")


def _claims_seeds() -> Sequence[bytes]:
    several = [{}, {"value": "SG"}, {"values": ["SG", "TH"]}, {"essential": True}]
    return [claims.asking({"nationality": one}, {"trust_framework": one}).encode() for one in several]


def _authentication(octets: bytes) -> None:
    """A form and, behind a line break, a header field."""
    form, _, field = octets.partition(b"\n")
    read_presented_client(parse_form(form), authorization=_text(field) if field else None)


def _addresses(octets: bytes) -> None:
    """An address as registered and as compared: what may be registered is already in its one spelling, or near it."""
    text = _text(octets)
    spelled = normalised(text)
    if spelled is not None and normalised(spelled) != spelled:
        raise AssertionError("a spelling has another spelling")
    try:
        require_registrable(text, environment=Environment.LIVE)
    except ValueError:
        return
    if spelled is None:
        raise AssertionError("an address may be registered to which no request is ever sent")


def _response(octets: bytes) -> None:
    parameters = parse_form(octets)
    read_authorization_response(parameters, upstream.PENDING)
    if (parameters.text("state"), parameters.text("iss")) != (upstream.PENDING.state, upstream.PROVIDER):
        raise AssertionError("a response to another request was believed")


def _discovery(octets: bytes) -> None:
    found = narrowed(octets, discovery.SIMPLE)
    for address in (found.authorization, found.token, found.pushed, found.userinfo, found.logout):
        if address is not None and not address.startswith(discovery.PROVIDER):
            raise AssertionError("a document led elsewhere")


def _tokens(octets: bytes) -> None:
    for bound in (True, False):
        try:
            read_token_response(octets, status=200, bound=bound)
        except UpstreamError as refused:
            if not refused.code:
                raise AssertionError("a refusal without a code") from refused


def _keys(octets: bytes) -> None:
    for key in keys_to_try(octets, kid=None, algorithm="ES256", allowed=upstream.ES256):
        if "d" in key.jwk or "ES256" not in key.algorithms:
            raise AssertionError("a key that is not to be tried")


def _nameless(octets: bytes) -> None:
    text = octets.decode("utf-8", errors="surrogateescape")
    if text != nameless.TOKEN and signer_of(text, nameless.KEYS[1:2], algorithms=nameless.ES256) is not None:
        raise AssertionError("a token that nobody signed was said to be signed")
    expected_of(text, issuer=nameless.ISSUER, client_id=nameless.CLIENT, algorithms=nameless.ES256, access_token="t")


def _form(**values: str) -> bytes:
    return urlencode(values).encode()


PROTOCOL: Final[tuple[Harness, ...]] = (
    Harness("client-assertion", _assertion, lambda: [_ASSERTION.encode()], 8_192),
    Harness("dpop-proof", _proof, lambda: [_PROOF.encode()], 8_192),
    Harness("logout-token", _logout_token, lambda: [_LOGOUT.encode()], 8_192),
    Harness("logout-request", _logout_hint, lambda: [
        _form(id_token_hint=_HINT, post_logout_redirect_uri=logouts.AFTER, state="x")
    ], 8_192),
    Harness("pushed-request", _pushed, lambda: [
        _form(**requests.values(**one)) for one in ({}, {"prompt": "login", "max_age": "1", "ui_locales": "th en"})
    ], 8_192),
    Harness("named-request", _named, lambda: [
        _form(client_id="bank.sg", request_uri="urn:ietf:params:oauth:request_uri:" + "h" * 43)
    ], 1_024),
    Harness("claims-parameter", _claims, _claims_seeds, 8_192),
    Harness("client-authentication", _authentication, lambda: [
        b"client_id=bank.sg&client_secret=x", b"\nBasic YmFuay5zZzpzZWNyZXQ=",
        _form(client_assertion=_ASSERTION, client_assertion_type=ASSERTION_TYPE),
    ], 8_192),
    Harness("addresses", _addresses, lambda: [
        b"https://bank.sg.example/callback?a=b", b"https://node.sg.example:443/a/../b/%7e"
    ], 512),
    Harness("authorization-response", _response, lambda: [_form(**upstream.GOOD)], 4_096),
    Harness("provider-discovery", _discovery, lambda: [discovery.document()], 8_192),
    Harness("token-response", _tokens, lambda: [json.dumps(upstream.TOKENS).encode()], 4_096),
    Harness("provider-key-set", _keys, lambda: [upstream.key_set(upstream.FIRST, upstream.OTHER)], 4_096),
    Harness("provider-token", _nameless, lambda: [nameless.TOKEN.encode()], 8_192),
)  # fmt: skip
