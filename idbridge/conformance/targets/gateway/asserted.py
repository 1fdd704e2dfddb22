"""Assertions that the gateway issues: verified by our own verifier with the keys that it publishes."""

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from idbridge.conformance.targets.gateway.edge import minted, told
from idbridge.conformance.targets.gateway.findings import granted
from idbridge.conformance.targets.gateway.provider import JWKS
from idbridge.conformance.targets.gateway.suite import Suite
from idbridge.conformance.targets.gateway.tokens import LOGIN, payload_of
from idbridge.conformance.targets.idp.wire import Reply
from idbridge.conformance.targets.live import Finding, Procedure
from idbridge.crypto.jws import HeaderCache, HeaderRules, parse_unverified, verify
from idbridge.crypto.keys import parse_jwk
from idbridge.limits import LIMITS
from idbridge.model.assertion import TYPE
from idbridge.model.region import AssuranceLevel

OWN: Final = "https://sandbox.bank.th.example"
_CLAIMS: Final = ("name", "birthdate", "address", "nationality", "sex", "phone_number", "email")
_HEADER: Final = HeaderRules(types=frozenset({TYPE}))


def asserted(suite: Suite, parameters: Mapping[str, Any]) -> Finding | None:
    """Verify a case with an assertion asked for, and look at one ``aspect`` of what comes.

    ``audience`` is whom it is asked for; ``aspect`` ``none`` says that there may be none beside the refusal.
    """
    made = minted(suite, parameters.get("case", LOGIN))
    body = {**made.document(), "assertion": {"audience": parameters.get("audience", OWN)}}
    body |= parameters.get("request", {})
    reply = suite.wire.send(made.method, made.path, headers=made.headers, body=json.dumps(body).encode())
    found = told(reply)
    if found is not None:
        released = reply.document().get("assertion")
        return Finding("assertion.of_refused", "an assertion of what was refused") if released is not None else found
    return _ASPECTS[parameters["aspect"]](suite, reply)


def _signed(suite: Suite, reply: Reply) -> Finding | None:
    compact = str(reply.document()["assertion"])
    keys = granted(suite.wire.send("GET", JWKS)).document()["keys"]
    jws = parse_unverified(compact, _HEADER, HeaderCache())
    jwk = next((key for key in keys if key["kid"] == jws.header.kid), None)
    if jwk is None:
        return Finding("issuer-key-unknown", "it is signed by a key that is not published")
    key = parse_jwk(jwk)
    verify(jws, claims=payload_of(compact), key=key, algorithms=frozenset({str(jwk["alg"])}))
    return None


def _for_whom(suite: Suite, reply: Reply) -> Finding | None:
    claims = payload_of(str(reply.document()["assertion"]))
    if claims["iss"] != suite.issuer or claims["aud"] != OWN:
        return Finding("recognition.assertion_audience", "it is of another issuer, or for another audience")
    return None


def _lifetime(suite: Suite, reply: Reply) -> Finding | None:
    claims = payload_of(str(reply.document()["assertion"]))
    longest = LIMITS.assertion_lifetime.total_seconds()
    right = claims["iat"] <= suite.now < claims["exp"] <= suite.now + longest
    return None if right else Finding("time.too_old", "it is good for longer than an assertion may be")


def _level(_suite: Suite, reply: Reply) -> Finding | None:
    document = reply.document()
    claims = payload_of(str(document["assertion"]))
    held = AssuranceLevel[document["assurance"]["loa"]]
    said = (claims["assurance"]["loa"], str(claims["acr"]).rpartition(":")[2])
    if all(AssuranceLevel[one] <= held for one in said):
        return None
    return Finding("policy.loa_too_low", f"it says {' and '.join(said)} of a {held.name}")


def _claims(_suite: Suite, reply: Reply) -> Finding | None:
    document = reply.document()
    claims = json.dumps(dict(payload_of(str(document["assertion"]))["verified_claims"]), ensure_ascii=False)
    unasked = [word for word in _CLAIMS if f'"{word}"' in claims and word not in document["claims"]]
    return Finding("policy-claim-not-allowed", f"it holds {', '.join(unasked)}, unasked") if unasked else None


_ASPECTS: Final[Mapping[str, Callable[[Suite, Reply], Finding | None]]] = MappingProxyType({
    "signed": _signed, "for-whom": _for_whom, "lifetime": _lifetime, "level": _level, "claims": _claims,
})  # fmt: skip
PROCEDURES: Final[Mapping[str, Procedure[Suite]]] = MappingProxyType({"assertion": asserted})
