"""Holders: a pretend wallet that answers a real request, as a person of the region would.

It fetches the request object, and answers nobody whose certificate is not below an authority that it knows, or whose
request was changed, is for another wallet, or is not the one that it asked for. It shows what was asked for and nothing
else. Clauses: OpenID4VP 1.0 sections 5.9.3, 5.10, 8.1 to 8.3; RFC 9101.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from idbridge.codec import base64url, strict_json
from idbridge.crypto.header import HeaderCache, HeaderRules
from idbridge.crypto.jwe import encrypt
from idbridge.crypto.jws import parse_unverified, verify
from idbridge.crypto.x509 import VerifiedPath, verify_path
from idbridge.errors import IdBridgeError
from idbridge.limits import LIMITS
from idbridge.model.region import Format, MemberState
from idbridge.net.calls import Answer, Call, Caller, Method
from idbridge.presentation.access_certificate import ClientIdPrefix
from idbridge.presentation.request_object import AUDIENCE, MEDIA, SCHEME, TYPE, ResponseMode
from idbridge.sandbox.bench import Bench
from idbridge.sandbox.mdocs import Mdoc
from idbridge.sandbox.people import claims_of, population
from idbridge.sandbox.presentations import Presentation
from idbridge.sandbox.services import Service
from idbridge.sandbox.sources import services_of

_RULES: Final = HeaderRules(frozenset({TYPE}), allow_x5c=True)
_FORM: Final = "application/x-www-form-urlencoded"
_OK: Final = 200
_ENCODING: Final = "A256GCM"


class UnansweredError(Exception):
    """The wallet does not answer this, and says why to its own person."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A person of the region with a wallet, which knows ``authorities`` (DER) and makes calls by ``caller``."""

    bench: Bench
    person: str
    authorities: tuple[bytes, ...]
    caller: Caller

    def answer(self, link: str, *, denies: bool = False) -> Answer:
        """Answer the request behind ``link``, or say no where the person ``denies``; what came back.

        Raises:
            UnansweredError: The request is none that a wallet answers, or the person has nothing that was asked for.
            FetchError: The other side cannot be reached.
        """
        asked = self._asked(link)
        if denies:
            members: dict[str, Any] = {"error": "access_denied", "state": asked.claims["state"]}
        else:
            members = {"vp_token": self._vp_token(asked), "state": asked.claims["state"]}
        return self._posted(asked.claims["response_uri"], asked.form(members))

    def _asked(self, link: str) -> "Asked":
        named = dict(parse_qsl(urlsplit(link).query)) if link.startswith(SCHEME) else {}
        if not {"client_id", "request_uri"} <= named.keys():
            raise UnansweredError("this is no link to a wallet")
        nonce = base64url.encode(self.bench.randomness.octets(16))
        got = self._posted(named["request_uri"], {"wallet_nonce": nonce})
        if got.status != _OK or got.head.get("content-type", "") != MEDIA:
            raise UnansweredError("there is no request at this link, or none any more")
        return self._verified(got.body.decode("ascii", errors="replace"), client_id=named["client_id"], nonce=nonce)

    def _verified(self, compact: str, *, client_id: str, nonce: str) -> "Asked":
        """Return the request, if a certificate below a known authority signed it for this wallet."""
        try:
            jws = parse_unverified(compact, _RULES, HeaderCache(1), max_bytes=LIMITS.body_bytes)
            claims = strict_json.parse_object(jws.payload, max_bytes=LIMITS.body_bytes)
            path = verify_path(jws.header.certificates, anchors=self.authorities, at=self.bench.at, rule=None)
            verify(jws, claims=claims, key=path.leaf_key, algorithms=frozenset({"ES256"}))
        except IdBridgeError as refused:
            raise UnansweredError("nobody whom this wallet knows signed the request") from refused
        if claims.get("client_id") != client_id or not _is_named(path, claims):
            raise UnansweredError("the request is signed by somebody else than it says")
        if claims.get("aud") != AUDIENCE or claims.get("wallet_nonce") != nonce:
            raise UnansweredError("the request is for another wallet, or an old one")
        if not self.bench.at.timestamp() < claims.get("exp", 0):
            raise UnansweredError("the request is over")
        return Asked(claims)

    def _vp_token(self, asked: "Asked") -> dict[str, list[str]]:
        """Return what answers the first credential query for which the person has something."""
        for query in asked.claims["dcql_query"]["credentials"]:
            service = self._service(query)
            if service is not None:
                anybody = self.bench.region.registrations(MemberState.TH)[0]
                to = replace(anybody, audience=asked.claims["client_id"])
                source = self._shown(service, query, asked)
                shown = source.answer(self.bench, to=to, nonce=asked.claims["nonce"])
                return {query["id"]: [shown.credential]}
        raise UnansweredError("the person has nothing in their wallet that was asked for")

    def _service(self, query: Mapping[str, Any]) -> Service | None:
        """Return the service of the person's state that issues what ``query`` asks for, of those that people have."""
        state = population().people[self.person].state
        meta = query.get("meta", {})
        wanted = {*meta.get("vct_values", ()), meta.get("doctype_value")}
        for source in services_of(self.bench.region.sources.lists[state]):
            granted = source["status"][-1]["status"] == "granted"
            if granted and source["formats"] == [query["format"]] and wanted & set(source["credential_types"]):
                return self.bench.region.service(source["id"])
        return None

    def _shown(self, service: Service, query: Mapping[str, Any], asked: "Asked") -> Presentation | Mdoc:
        names = {"/".join(map(str, claim["path"])) for claim in query.get("claims", ())}
        has = claims_of(population().people[self.person], service.claim_map).keys() - {service.claim_map["subject"]}
        if query["format"] == Format.MDOC.value:
            took = {"response_uri": asked.claims["response_uri"]}
            if asked.key is not None:
                took["encryption_jwk_thumbprint"] = asked.key["kid"]
            withheld = tuple(name.rpartition("/")[2] for name in has - names)
            return Mdoc(service.id, self.person, withheld=withheld, took=took)
        return Presentation(service.id, self.person, withheld=tuple(has - names))

    def _posted(self, url: str, form: Mapping[str, str]) -> Answer:
        call = Call(Method.POST, url, {"Content-Type": _FORM, "Accept": f"{MEDIA}, application/json"}, _body(form))
        return self.caller.call(call, max_bytes=LIMITS.body_bytes)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that was verified."""

    claims: Mapping[str, Any] = field(repr=False)

    @property
    def key(self) -> Mapping[str, Any] | None:
        """The key that the answer has to be encrypted to; ``None`` if it comes in the open."""
        if self.claims["response_mode"] != ResponseMode.DIRECT_POST_JWT:
            return None
        jwk: Mapping[str, Any] = self.claims["client_metadata"]["jwks"]["keys"][0]
        return jwk

    def form(self, members: Mapping[str, Any]) -> Mapping[str, str]:
        """Return ``members`` as the form that the request wants."""
        if self.key is None:
            return {name: one if isinstance(one, str) else json.dumps(one) for name, one in members.items()}
        octets = json.dumps(members).encode()
        return {"response": encrypt(octets, to=self.key, algorithm=self.key["alg"], encoding=_ENCODING)}


def _is_named(path: VerifiedPath, claims: Mapping[str, Any]) -> bool:
    """Tell whether the client identifier is what its prefix says of the certificate (section 5.9.3)."""
    prefix, _, name = str(claims["client_id"]).partition(":")
    if prefix == ClientIdPrefix.X509_HASH:
        return name == base64url.encode(hashlib.sha256(path.chain[0]).digest())
    host = urlsplit(str(claims.get("response_uri"))).hostname
    return prefix == ClientIdPrefix.X509_SAN_DNS and name in path.dns_names and name == host


def _body(form: Mapping[str, str]) -> bytes:
    return urlencode(form).encode("ascii")
