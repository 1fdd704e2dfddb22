"""Holders: a pretend wallet that answers a real request, as a person of the region would.

It fetches the request object, and answers nobody whose certificate is not below an authority that it knows, or whose
request was changed, is for another wallet, or is not the one that it asked for. What a request must say, ``asked``
decides. The wallet shows what was asked for, all of it or nothing, and nothing else. Clauses: OpenID4VP 1.0 sections
5.9.3, 5.10, 6.4 and 8.1 to 8.3; RFC 9101.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from idbridge.codec import base64url, strict_json
from idbridge.crypto.header import HeaderCache, HeaderRules
from idbridge.crypto.jws import parse_unverified, verify
from idbridge.crypto.x509 import VerifiedPath, verify_path
from idbridge.errors import IdBridgeError
from idbridge.limits import LIMITS
from idbridge.model.query import ClaimQuery, CredentialQuery
from idbridge.model.region import Format, MemberState
from idbridge.net.calls import Answer, Call, Caller, Method
from idbridge.presentation.access_certificate import ClientIdPrefix
from idbridge.presentation.request_object import AUDIENCE, MEDIA, SCHEME, TYPE
from idbridge.sandbox.asked import Asked, UnansweredError, read_asked
from idbridge.sandbox.bench import Bench
from idbridge.sandbox.mdocs import Mdoc
from idbridge.sandbox.people import claims_of
from idbridge.sandbox.presentations import Presentation
from idbridge.sandbox.services import Service
from idbridge.sandbox.sources import services_of

_RULES: Final = HeaderRules(frozenset({TYPE}), allow_x5c=True)
_FORM: Final = "application/x-www-form-urlencoded"
_OK: Final = 200


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

    def _asked(self, link: str) -> Asked:
        named = dict(parse_qsl(urlsplit(link).query)) if link.startswith(SCHEME) else {}
        if not {"client_id", "request_uri"} <= named.keys():
            raise UnansweredError("this is no link to a wallet")
        nonce = base64url.encode(self.bench.randomness.octets(16))
        got = self._posted(named["request_uri"], {"wallet_nonce": nonce})
        if got.status != _OK or got.head.get("content-type", "") != MEDIA:
            raise UnansweredError("there is no request at this link, or none any more")
        return self._verified(got.body.decode("ascii", errors="replace"), client_id=named["client_id"], nonce=nonce)

    def _verified(self, compact: str, *, client_id: str, nonce: str) -> Asked:
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
        try:
            return read_asked(claims)
        except UnansweredError as why:
            if why.error is not None:
                self._posted(claims["response_uri"], {"error": why.error, "state": claims["state"]})
            raise

    def _vp_token(self, asked: Asked) -> dict[str, list[str]]:
        """Return what answers the first credential query that the person can answer in full."""
        for query in asked.query.credentials:
            service = self._service(query)
            names = self._names(service, query) if service is not None else None
            if service is not None and names is not None:
                anybody = self.bench.region.registrations(MemberState.TH)[0]
                to = replace(anybody, audience=asked.claims["client_id"])
                source = self._shown(service, query, names, asked)
                shown = source.answer(self.bench, to=to, nonce=asked.claims["nonce"])
                return {query.id: [shown.credential]}
        raise UnansweredError("the person has nothing in their wallet that was asked for")

    def _service(self, query: CredentialQuery) -> Service | None:
        """Return the service of the person's state that issues what ``query`` asks for, of those that people have."""
        state = self.bench.everybody.people[self.person].state
        wanted = {name for types in query.types for name in types}
        for source in services_of(self.bench.region.sources.lists[state]):
            granted = source["status"][-1]["status"] == "granted"
            if granted and source["formats"] == [query.format] and wanted & set(source["credential_types"]):
                return self.bench.region.service(source["id"])
        return None

    def _names(self, service: Service, query: CredentialQuery) -> frozenset[str] | None:
        """Return the claims that answer ``query``, by their whole names; ``None`` if one that is needed is missing."""
        said = self._said(service)
        whole = tuple(range(len(query.claims)))
        for places in query.claim_sets or (whole,):
            claims = [query.claims[place] for place in places]
            if all(_is_had(claim, said) for claim in claims):
                return frozenset("/".join(map(str, claim.path)) for claim in claims)
        return None

    def _said(self, service: Service) -> dict[str, Any]:
        """Return all that a credential of ``service`` says of the person, each claim by its whole name."""
        claim_map, person = service.claim_map, self.bench.everybody.people[self.person]
        said = {
            **claims_of(person, claim_map),
            claim_map["subject"]: person.subject,
            claim_map["acr"]: service.top_level,
        }
        if service.source["formats"] == [Format.MDOC.value]:
            return {**said, f"{service.credential_type}/issuing_country": service.state.value}
        return {**said, "iss": service.issuer, "vct": service.credential_type}

    def _shown(
        self, service: Service, query: CredentialQuery, names: frozenset[str], asked: Asked
    ) -> Presentation | Mdoc:
        withheld = self._said(service).keys() - names
        signed = asked.authorised(query)
        if query.format == Format.MDOC.value:
            if signed:
                raise UnansweredError("a document of this kind authorises no transaction here")
            took = {"response_uri": asked.claims["response_uri"]}
            if asked.key is not None:
                took["encryption_jwk_thumbprint"] = asked.key["kid"]
            elements = tuple(name.rpartition("/")[2] for name in withheld)
            return Mdoc(service.id, self.person, withheld=elements, took=took)
        return Presentation(service.id, self.person, withheld=tuple(withheld), kb_claims=signed)

    def _posted(self, url: str, form: Mapping[str, str]) -> Answer:
        call = Call(Method.POST, url, {"Content-Type": _FORM, "Accept": f"{MEDIA}, application/json"}, _body(form))
        return self.caller.call(call, max_bytes=LIMITS.body_bytes)


def _is_named(path: VerifiedPath, claims: Mapping[str, Any]) -> bool:
    """Tell whether the client identifier is what its prefix says of the certificate (section 5.9.3)."""
    prefix, _, name = str(claims["client_id"]).partition(":")
    if prefix == ClientIdPrefix.X509_HASH:
        return name == base64url.encode(hashlib.sha256(path.chain[0]).digest())
    host = urlsplit(str(claims.get("response_uri"))).hostname
    return prefix == ClientIdPrefix.X509_SAN_DNS and name in path.dns_names and name == host


def _is_had(claim: ClaimQuery, said: Mapping[str, Any]) -> bool:
    """Tell whether what is said has ``claim``, with one of the values that will do."""
    name = "/".join(map(str, claim.path))
    values = {value for _, value in claim.values}
    return name in said and (not values or said[name] in values)


def _body(form: Mapping[str, str]) -> bytes:
    return urlencode(form).encode("ascii")
