"""``GET /.well-known/openid-configuration``: what this node is as an OpenID provider.

What the document says, ``idbridge.oidc.metadata`` decides; here it learns what this node has now: the algorithm of the
key that signs, the grants of its token endpoint, the claims that listed providers state, the languages of its pages.
RFC 8414 has the same document under a name of its own; for an issuer with a path its place is on the host, and whoever
runs the proxy maps it. Clauses: OpenID Connect Discovery 1.0 section 4; RFC 8414 section 3; RFC 9110 section 13.1.2.
"""

import hashlib
from collections.abc import Iterator
from typing import Any, Final

from fastapi import APIRouter, Response

from idbridge.errors import RequestError
from idbridge.model.region import Format
from idbridge.model.trust import ClaimMap
from idbridge.oidc.client import Profile
from idbridge.oidc.metadata import MAX_AGE, Endpoints, Offer, discovery_document
from idbridge.trust.snapshot import TrustSnapshot
from idbridge.verify.minimise import BIRTHDATE, NAME
from idbridge_gateway.api.answer import json_octets
from idbridge_gateway.api.schemas import JSON_MEDIA, PROBLEM_MEDIA, reference
from idbridge_gateway.api.trust import IfNoneMatch, tags_in
from idbridge_gateway.oidc.clients import Clients
from idbridge_gateway.oidc.turns import Turns
from idbridge_gateway.pages.catalogue import catalogues

CONFIGURATION: Final = "/.well-known/openid-configuration"
TRUSTMARK: Final = "/.well-known/idbridge-trustmark"
AUTHORIZATION_SERVER: Final = "/.well-known/oauth-authorization-server"
AGES: Final = ("age_over_18", "age_over_20", "age_over_21")  # any other age is answered too; no list has them all
_CACHED: Final = f"public, max-age={int(MAX_AGE.total_seconds())}"


class Discovery:
    """The document of one node. ``grants`` are the grant types that its token endpoint answers."""

    def __init__(self, *, endpoints: Endpoints, clients: Clients, grants: frozenset[str], turns: Turns) -> None:
        self._endpoints = endpoints
        self._clients = clients
        self._grants = grants
        self._turns = turns
        self._made: tuple[tuple[str, str, bool], bytes] | None = None

    def document(self) -> bytes:
        """Return what this node is now, as JSON; it is made anew only once something of it changed.

        Raises:
            RequestError: ``system.not_ready``: it can sign nothing, or no list names a claim.
        """
        turn = self._turns.begin()
        snapshot = turn.state.snapshot
        signer = turn.issuing.signer(snapshot, at=turn.at)
        if signer is None:
            raise RequestError("system.not_ready")
        now = (snapshot.id, signer.algorithm, self._clients.serves(Profile.OIDC_CODE))
        if self._made is None or self._made[0] != now:
            self._made = now, json_octets(self._document(snapshot, algorithm=now[1], plain_requests=now[2]))
        return self._made[1]

    def _document(self, snapshot: TrustSnapshot, *, algorithm: str, plain_requests: bool) -> dict[str, Any]:
        claims = frozenset(listed_claims(snapshot))
        if not claims:
            raise RequestError("system.not_ready")
        offer = Offer(
            signing_algorithms=(algorithm,),
            claims=claims,
            ui_locales=tuple(catalogue.tag for catalogue in catalogues().values()),
            grants=self._grants,
            plain_requests=plain_requests,
            trustmark=f"{self._endpoints.issuer}{TRUSTMARK}",
        )
        return discovery_document(self._endpoints, offer)

    def answer(self, if_none_match: str | None) -> Response:
        """Return the document, or that the caller's copy of it is current."""
        octets = self.document()
        tag = f'"{hashlib.sha256(octets).hexdigest()}"'
        headers = {"etag": tag, "cache-control": _CACHED}
        if tags_in(if_none_match) & {tag, "*"}:
            return Response(status_code=304, headers=headers)
        return Response(octets, media_type=JSON_MEDIA, headers=headers)


def listed_claims(snapshot: TrustSnapshot) -> Iterator[str]:
    """Yield the claims that some listed provider of logins states."""
    for state in snapshot.lists:
        for service in snapshot.services_of(state):
            if Format.ID_TOKEN in service.profile.formats:
                yield from _named(service.profile.claim_map)


def _named(names: ClaimMap) -> Iterator[str]:
    yield from names.claims
    if names.display is not None or names.name_parts:
        yield NAME
    if BIRTHDATE in names.claims:
        yield from AGES


def discovery_router(discovery: Discovery) -> APIRouter:
    """Return the routes of the document."""
    router = APIRouter(tags=["oauth"])
    described: dict[int | str, dict[str, Any]] = {
        200: {"description": "The document.", "content": {JSON_MEDIA: {"schema": {"type": "object"}}}},
        304: {"description": "The copy that the caller holds is current."},
        503: {
            "description": "This node can sign nothing now.",
            "content": {PROBLEM_MEDIA: {"schema": reference("Problem")}},
        },
    }

    @router.get(CONFIGURATION, summary="The OpenID provider", response_class=Response, responses=described)
    async def configuration(if_none_match: IfNoneMatch = None) -> Response:
        return discovery.answer(if_none_match)

    @router.get(AUTHORIZATION_SERVER, summary="The OAuth server", response_class=Response, responses=described)
    async def authorization_server(if_none_match: IfNoneMatch = None) -> Response:
        return discovery.answer(if_none_match)

    return router
