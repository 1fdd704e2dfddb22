"""The gateway as the verifier of wallets: the suite orders as a relying party, and fetches and answers as a wallet."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

from idbridge.codec import base64url, strict_json
from idbridge.conformance.answer import FaultKind
from idbridge.conformance.targets.gateway.findings import granted, refusal, refusal_or
from idbridge.conformance.targets.gateway.suite import PARTY, PURPOSE_TEXT, Suite, without_none
from idbridge.conformance.targets.idp.wire import FORM, NoVerdictError, Reply
from idbridge.conformance.targets.live import Finding, Procedure
from idbridge.crypto.jwe import encrypt
from idbridge.limits import LIMITS
from idbridge.sandbox.bench import Bench
from idbridge.sandbox.presentations import Presentation

ORDERS: Final = "/v1/presentations"
OPAQUE: Final = "invalid_request"
PERSON: Final = "sg-tan"
QUERY: Final = MappingProxyType({
    "credentials": [{
        "id": "pid", "format": "dc+sd-jwt", "meta": {"vct_values": ["urn:example:sg:pid:1"]},
        "claims": [{"path": ["name"]}, {"path": ["birthdate"]}],
    }]
})  # fmt: skip
_OBJECT: Final = "application/oauth-authz-req+jwt"


@dataclass(frozen=True, slots=True)
class Ordered:
    """A request that stands at the gateway, and the request object as the wallet read it."""

    id: str
    link: str
    header: Mapping[str, Any]
    claims: Mapping[str, Any]

    @property
    def response_path(self) -> str:
        """Where the answer goes."""
        return str(urlsplit(self.claims["response_uri"]).path)


def order_of(suite: Suite, changes: Mapping[str, Any], *, party: str = PARTY) -> Reply:
    """Return the answer to an order that is good but for ``changes``."""
    good = {
        "dcql": dict(QUERY), "purpose": "account-opening", "purpose_text": PURPOSE_TEXT, "claims": ["name", "birthdate"]
    }  # fmt: skip
    body = json.dumps(without_none({**good, **changes})).encode()
    return suite.wire.send("POST", ORDERS, headers=suite.access(party), body=body)


def ordered(suite: Suite, **changes: Any) -> Ordered:
    """Return a good order with its request object."""
    told = granted(order_of(suite, changes)).document()
    return _read(str(told["id"]), str(told["wallet_link"]), fetched(suite, str(told["wallet_link"])))


def fetched(suite: Suite, link: str) -> Reply:
    """Return what is behind a wallet link."""
    path = urlsplit(parse_qs(urlsplit(link).query)["request_uri"][0]).path
    return suite.wire.send("GET", path)


def _read(name: str, link: str, reply: Reply) -> Ordered:
    granted(reply)
    if reply.headers.get("content-type") != _OBJECT:
        raise NoVerdictError(FaultKind.MALFORMED, "what a wallet fetched is no request object")
    head, claims = (
        strict_json.parse_object(base64url.decode(part), max_bytes=LIMITS.conformance_answer_bytes)
        for part in reply.body.decode("ascii").split(".")[:2]
    )
    return Ordered(name, link, head, claims)


def presented(suite: Suite, one: Ordered, source: Presentation | None = None, **changes: Any) -> str:
    """Return what the wallet shows; ``changes`` are to what the binding is made for."""
    claims = {**one.claims, **changes}
    bench = Bench(suite.region, suite.at, suite.randomness)
    to = replace(suite.region.registration(PARTY), audience=claims["client_id"])
    return (source or Presentation("sg-pid", PERSON)).answer(bench, to=to, nonce=claims["nonce"]).credential


def answered(suite: Suite, one: Ordered, members: Mapping[str, Any], *, path: str | None = None) -> Reply:
    """Return what the gateway says to an answer, which is written as its mode wants."""
    if one.claims["response_mode"] == "direct_post":
        form = {name: value if isinstance(value, str) else json.dumps(value) for name, value in members.items()}
    else:
        (jwk,) = one.claims["client_metadata"]["jwks"]["keys"]
        sealed = encrypt(json.dumps(members).encode(), to=jwk, algorithm="ECDH-ES", encoding="A256GCM")
        form = {"response": sealed}
    headers = {"Content-Type": FORM}
    return suite.wire.send("POST", path or one.response_path, headers=headers, body=urlencode(form).encode())


def seen(suite: Suite, one: Ordered, *, party: str = PARTY, code: str | None = None) -> Reply:
    """Return what a relying party is told of a presentation."""
    query = f"?response_code={code}" if code is not None else ""
    return suite.wire.send("GET", f"{ORDERS}/{one.id}{query}", headers=suite.access(party))


def ordering(suite: Suite, parameters: Mapping[str, Any]) -> Finding | None:
    """Send an order; ``order`` changes it, ``as`` says who orders."""
    reply = order_of(suite, parameters.get("order", {}), party=parameters.get("as", PARTY))
    return refusal_or(reply, "id", "wallet_link")


def fetching(suite: Suite, parameters: Mapping[str, Any]) -> Finding | None:
    """Fetch a request object ``times`` times, or one that is ``unknown``."""
    if parameters.get("unknown"):
        return refusal(suite.wire.send("GET", f"/wallet/request/{suite.nonce()}"))
    one = ordered(suite)
    found = None
    for _ in range(parameters.get("times", 2) - 1):
        again = fetched(suite, one.link)
        found = refusal(again)
        if found is None and _read(one.id, one.link, again).claims["nonce"] != one.claims["nonce"]:
            return Finding("holder.nonce_mismatch", "the same request asks under another nonce the second time")
    return found


def request_object(suite: Suite, parameters: Mapping[str, Any]) -> Finding | None:
    """Look at what a request object says: typed, of a certificate, and nothing of it twice in another request."""
    del parameters
    one, other = ordered(suite), ordered(suite)
    if one.header.get("typ") != "oauth-authz-req+jwt" or not one.header.get("x5c"):
        return Finding("jose.typ_mismatch", "the request object is not signed under a certificate, as its type")
    same = [name for name in ("nonce", "state", "response_uri") if one.claims[name] == other.claims[name]]
    return Finding("holder.nonce_mismatch", f"two requests share {', '.join(same)}") if same else None


def answering(suite: Suite, parameters: Mapping[str, Any]) -> Finding | None:
    """Answer a request as a wallet; the finding is what the wallet is told, or with ``told`` what the party is.

    ``attack`` names what is wrong: see ``_ATTACKS``. ``mode`` is the response mode. ``again`` answers twice.
    """
    mode = {"response_mode": parameters["mode"]} if "mode" in parameters else {}
    one = ordered(suite, **mode)
    members, path = _ATTACKS[parameters.get("attack", "none")](suite, one)
    if parameters.get("again"):
        granted(answered(suite, one, members))
    found = refusal(answered(suite, one, members, path=path))
    if parameters.get("told") == "party":
        return _reported(suite, one)
    return found


def _reported(suite: Suite, one: Ordered) -> Finding | None:
    """Return what the relying party reads of the answer."""
    document = granted(seen(suite, one)).document()
    if document["state"] != "answered":
        return Finding("query.unsatisfied", f"the presentation is {document['state']}")
    report = document["report"]
    if report["reason"] is None:
        return None
    if report["claims"]:
        return Finding("policy-claim-not-allowed", "claims of what was refused")
    return Finding(report["reason"]["code"], "as the relying party reads it")


def looking(suite: Suite, parameters: Mapping[str, Any]) -> Finding | None:
    """Look at a presentation that was answered: ``as`` who, ``code`` with which response code."""
    one = ordered(suite)
    granted(answered(suite, one, _good(suite, one)))
    return refusal(seen(suite, one, party=parameters.get("as", PARTY), code=parameters.get("code")))


def declining(suite: Suite, parameters: Mapping[str, Any]) -> Finding | None:
    """Refuse a request as a wallet with each of ``words``; the party is told that word, or ``told`` in its place."""
    for word in parameters["words"]:
        one = ordered(suite)
        granted(answered(suite, one, {"error": word, "state": one.claims["state"]}))
        document = granted(seen(suite, one)).document()
        if document["state"] != "refused" or document["wallet_error"] != parameters.get("told", word):
            words = f"the wallet refused with {word}, and the party reads {document['wallet_error']}"
            return Finding("wallet-word-lost", words)
    return None


def _good(suite: Suite, one: Ordered) -> dict[str, Any]:
    return {"vp_token": {"pid": [presented(suite, one)]}, "state": one.claims["state"]}


_Answer = tuple[dict[str, Any], str | None]


def _none(suite: Suite, one: Ordered) -> _Answer:
    return _good(suite, one), None


def _other_state(suite: Suite, one: Ordered) -> _Answer:
    return {**_good(suite, one), "state": suite.nonce()}, None


def _other_nonce(suite: Suite, one: Ordered) -> _Answer:
    shown = presented(suite, one, nonce=suite.nonce())
    return {"vp_token": {"pid": [shown]}, "state": one.claims["state"]}, None


def _other_audience(suite: Suite, one: Ordered) -> _Answer:
    shown = presented(suite, one, client_id="https://sandbox.bank.th.example")
    return {"vp_token": {"pid": [shown]}, "state": one.claims["state"]}, None


def _copy(suite: Suite, one: Ordered) -> _Answer:
    shown = presented(suite, one, Presentation("sg-pid", PERSON, bound=False))
    return {"vp_token": {"pid": [shown]}, "state": one.claims["state"]}, None


def _other_holder(suite: Suite, one: Ordered) -> _Answer:
    shown = presented(suite, one, Presentation("sg-pid", PERSON, bound_by="th-kitti"))
    return {"vp_token": {"pid": [shown]}, "state": one.claims["state"]}, None


def _other_query(suite: Suite, one: Ordered) -> _Answer:
    return {"vp_token": {"other": [presented(suite, one)]}, "state": one.claims["state"]}, None


def _other_request(suite: Suite, one: Ordered) -> _Answer:
    return _good(suite, one), ordered(suite).response_path


def _error_too(suite: Suite, one: Ordered) -> _Answer:
    return {**_good(suite, one), "error": "access_denied"}, None


_ATTACKS: Final = MappingProxyType({
    "none": _none, "other-state": _other_state, "other-nonce": _other_nonce, "other-audience": _other_audience,
    "copy": _copy, "other-holder": _other_holder, "other-query": _other_query, "other-request": _other_request,
    "error-too": _error_too,
})  # fmt: skip
PROCEDURES: Final[Mapping[str, Procedure[Suite]]] = MappingProxyType({
    "order": ordering, "fetch": fetching, "request-object": request_object, "answer": answering, "look": looking,
    "decline": declining,
})  # fmt: skip
