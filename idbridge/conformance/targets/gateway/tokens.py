"""The token endpoint and what its tokens open: client credentials, exchange, introspection and revocation."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from idbridge.codec import base64url, strict_json
from idbridge.conformance.answer import FaultKind
from idbridge.conformance.targets.gateway.edge import minted, told
from idbridge.conformance.targets.gateway.findings import granted, refusal, refusal_or
from idbridge.conformance.targets.gateway.suite import (
    CALLBACK,
    CLIENT,
    PURPOSE_TEXT,
    TOKEN,
    VERIFIER,
    Suite,
    without_none,
)
from idbridge.conformance.targets.idp.wire import NoVerdictError, Reply
from idbridge.conformance.targets.live import Finding, Procedure
from idbridge.limits import LIMITS
from idbridge.oidc.client import AUTHORIZATION_CODE, CLIENT_CREDENTIALS, TOKEN_EXCHANGE
from idbridge.oidc.pkce import challenge_of

VERIFY: Final = "/v1/verify"
INTROSPECT: Final = "/oauth/introspect"
LOGIN: Final = "sg-login-opens-account"
ID_TOKEN: Final = "urn:ietf:params:oauth:token-type:id_token"  # noqa: S105 - the name of a type
SD_JWT: Final = "urn:idbridge:token-type:dc+sd-jwt"
_AGAIN: Final = "again"


def client_credentials(suite: Suite, parameters: Mapping[str, Any]) -> Finding | None:
    """Ask for a token for the API; ``proof`` changes the proof, ``assertion`` the client assertion, ``form`` the form.

    ``again`` says what is used a second time: ``assertion`` or ``proof``.
    """
    client = parameters.get("client", CLIENT)
    nonce = suite.dpop_nonce()
    proof = _proof(suite, TOKEN, parameters, nonce=nonce)
    form = _token_form(suite, client, parameters)
    again = parameters.get(_AGAIN)
    if again is not None:
        granted(suite.post(TOKEN, form, proof))
        proof = proof if again == "proof" else _proof(suite, TOKEN, {}, nonce=nonce)
        form = form if again == "assertion" else _token_form(suite, client, parameters)
    return refusal_or(suite.post(TOKEN, form, proof), "access_token", "token_type")


def _token_form(suite: Suite, client: str, parameters: Mapping[str, Any]) -> dict[str, str]:
    proved = suite.proves(client, key=parameters.get("key", "bank"), changes=parameters.get("assertion", {}))
    return without_none({"grant_type": CLIENT_CREDENTIALS, **proved, **parameters.get("form", {})})


def _proof(suite: Suite, path: str, parameters: Mapping[str, Any], *, nonce: str | None, **more: Any) -> dict[str, str]:
    if parameters.get("unproved"):
        return {}
    changes = {**more, **parameters.get("proof", {})}
    name = parameters.get("proof_key", "dpop")
    return {"DPoP": suite.proof(path, key=name, nonce=nonce, changes=changes)}


def token_for_the_api(suite: Suite) -> str:
    """Return a good access token for the API."""
    form = {"grant_type": CLIENT_CREDENTIALS, **suite.proves(CLIENT)}
    proof = {"DPoP": suite.proof(TOKEN, nonce=suite.dpop_nonce())}
    return str(granted(suite.post(TOKEN, form, proof)).document()["access_token"])


def with_token(suite: Suite, parameters: Mapping[str, Any]) -> Finding | None:
    """Ask at ``/v1/verify`` with an access token; ``proof`` changes its proof, ``scheme`` how it is shown.

    ``spoiled`` changes the token itself; ``again`` shows the same proof twice.
    """
    token, nonce = token_for_the_api(suite), suite.dpop_nonce()
    shown = f"{token[:-8]}AAAAAAAA" if parameters.get("spoiled") else token
    proof = _proof(suite, VERIFY, parameters, nonce=nonce, ath=challenge_of(token))
    headers = {"Authorization": f"{parameters.get('scheme', 'DPoP')} {shown}", "Content-Type": "application/json"}
    if parameters.get(_AGAIN):
        granted(suite.wire.send("POST", VERIFY, headers={**headers, **proof}, body=minted(suite, LOGIN).body))
    return told(suite.wire.send("POST", VERIFY, headers={**headers, **proof}, body=minted(suite, LOGIN).body))


def exchanging(suite: Suite, parameters: Mapping[str, Any]) -> Finding | None:
    """Exchange what a case of the catalogue shows for an assertion; ``form`` changes the form.

    ``again`` exchanges the same subject twice, by a new client assertion.
    """
    form = exchange_form(suite, parameters)
    if parameters.get(_AGAIN):
        granted(suite.post(TOKEN, form))
        form |= suite.proves(parameters.get("client", CLIENT))
    reply = suite.post(TOKEN, form)
    return refusal(reply) or _issued(suite, reply, parameters)


def exchange_form(suite: Suite, parameters: Mapping[str, Any]) -> dict[str, str]:
    """Return the form of an exchange that is good but for the changes of the case."""
    name = parameters.get("case", LOGIN)
    asked = minted(suite, name).document()
    subject_type = ID_TOKEN if asked["credential"].count("~") == 0 else SD_JWT
    form = {
        "grant_type": TOKEN_EXCHANGE, "subject_token": asked["credential"], "subject_token_type": subject_type,
        "subject_expected": json.dumps(asked.get("expected", {})), "audience": "https://sandbox.bank.th.example",
        "purpose": asked["purpose"], "purpose_text": PURPOSE_TEXT, "released_claims": " ".join(asked["claims"]),
        **suite.proves(parameters.get("client", CLIENT)),
    }  # fmt: skip
    return without_none({**form, **parameters.get("form", {})})


def _issued(suite: Suite, reply: Reply, parameters: Mapping[str, Any]) -> Finding | None:
    """Return in what an assertion that was issued is wider or longer-lived than it may be."""
    document = reply.document()
    claims = payload_of(str(document["access_token"]))
    wanted = set(parameters.get("form", {}).get("released_claims", "name").split())
    more = set(claims.get("claims", {})) - wanted
    if more:
        return Finding("assertion.wider", f"it releases {', '.join(sorted(more))}, which nobody asked for")
    if claims["exp"] - suite.now > LIMITS.assertion_lifetime.total_seconds() or document["expires_in"] <= 0:
        return Finding("assertion.longer", "it lives longer than an assertion may")
    return None


def payload_of(compact: str) -> Mapping[str, Any]:
    """Return the claims of a JWT, unverified."""
    octets = base64url.decode(compact.split(".")[1])
    return strict_json.parse_object(octets, max_bytes=LIMITS.conformance_answer_bytes)


def redeeming(suite: Suite, parameters: Mapping[str, Any]) -> Finding | None:
    """Redeem a code that nobody was given; ``form`` changes the form."""
    client = parameters.get("client", CLIENT)
    form = {
        "grant_type": AUTHORIZATION_CODE, "code": suite.nonce(), "redirect_uri": CALLBACK, "code_verifier": VERIFIER,
        **suite.proves(client), **parameters.get("form", {}),
    }  # fmt: skip
    return refusal(suite.post(TOKEN, without_none(form), _proof(suite, TOKEN, parameters, nonce=suite.dpop_nonce())))


def asking_about(suite: Suite, parameters: Mapping[str, Any]) -> Finding | None:
    """Ask ``path`` (introspection or revocation) about a token: ``made-up``, or ``api``. Nothing is told of either."""
    token = token_for_the_api(suite) if parameters["token"] == "api" else suite.nonce()  # noqa: S105 - a kind of token
    proved = {} if parameters.get("unproved") else suite.proves(parameters.get("client", CLIENT))
    reply = suite.post(parameters["path"], {"token": token, **proved})
    found = refusal(reply)
    asks = parameters["path"] == INTROSPECT
    if found is not None or (not reply.body and not asks):
        return found
    told_of = dict(reply.document())
    if told_of == ({"active": False} if asks else {}):  # RFC 7662 section 2.2; RFC 7009 section 2.2
        return None
    if asks and "active" not in told_of:
        raise NoVerdictError(FaultKind.MALFORMED, f"{INTROSPECT} does not say whether the token is active")
    return Finding("oidc-token-told", f"{', '.join(sorted(told_of))} is told of a token that is not of a login")


PROCEDURES: Final[Mapping[str, Procedure[Suite]]] = MappingProxyType({
    "client-credentials": client_credentials, "with-token": with_token, "exchange": exchanging,
    "redeem": redeeming, "about-token": asking_about,
})  # fmt: skip
