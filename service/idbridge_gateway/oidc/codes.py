"""Codes: what a client gets through the browser, and what stands behind one (RFC 6749 section 4.1.2).

A code opens, once and within a minute, what was decided of a login: for the client that asked, with the redirect URI,
the PKCE verifier and the key of its request. It is kept as long as what is issued from it, so that a second use is
noticed and takes that back (section 10.5).
"""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from idbridge.assertion.decision import Decision, kept_decision
from idbridge.codec import length_prefixed
from idbridge.limits import LIMITS
from idbridge.model.randomness import Randomness
from idbridge.oidc.authorization_request import AuthorizationRequest
from idbridge.verify.ground import Ground, kept_ground
from idbridge_gateway.oidc.clients import RegisteredClient
from idbridge_gateway.oidc.consent_record import consent_record, digest_of
from idbridge_gateway.stores.documents import Document, read_document
from idbridge_gateway.stores.one_time import OneTime
from idbridge_gateway.stores.sealed import Kind, SealedStore, new_handle

KEPT: Final = LIMITS.code_lifetime + LIMITS.bound_token_lifetime


@dataclass(frozen=True, slots=True)
class Code:
    """What a code stands for. ``access_token`` is the one token issued from it, ``session`` its ``sid``.

    ``agreed_at`` is when the person said yes, and ``consent`` the digest of the record of that.

    ``ground`` is what the decision rests on, which is asked again when the code is redeemed.

    ``counts_from_login`` tells whether the client has to know to the second when the person logged in.
    """

    client_id: str
    relying_party: str
    redirect_uri: str
    code_challenge: str = field(repr=False)
    dpop_jkt: str | None
    nonce: str | None = field(repr=False)
    claims: str | None = field(repr=False)
    decision: Decision = field(repr=False)
    ground: Ground = field(repr=False)
    expires_at: datetime
    access_token: str = field(repr=False)
    session: str = field(repr=False)
    counts_from_login: bool
    agreed_at: datetime
    consent: str

    def octets(self) -> bytes:
        """Return it as it is sealed."""
        document = {
            "client_id": self.client_id,
            "relying_party": self.relying_party,
            "redirect_uri": self.redirect_uri,
            "code_challenge": self.code_challenge,
            "dpop_jkt": self.dpop_jkt,
            "nonce": self.nonce,
            "claims": self.claims,
            "decision": self.decision.document(),
            "ground": self.ground.document(),
            "expires_at": self.expires_at.timestamp(),
            "access_token": self.access_token,
            "session": self.session,
            "counts_from_login": self.counts_from_login,
            "agreed_at": self.agreed_at.timestamp(),
            "consent": self.consent,
        }
        return json.dumps(document).encode()


@dataclass(frozen=True, slots=True)
class IssuedCode:
    """A new code, and the ``sid`` of the session that begins when it is redeemed."""

    handle: str = field(repr=False)
    session: str = field(repr=False)


def read_code(octets: bytes | None) -> Code | None:
    """Return the code of which ``Code.octets`` made ``octets``; ``None`` for anything else."""
    return read_document(octets, _code)


def _code(kept: Document) -> Code:
    return Code(
        client_id=kept.text("client_id"),
        relying_party=kept.text("relying_party"),
        redirect_uri=kept.text("redirect_uri"),
        code_challenge=kept.text("code_challenge"),
        dpop_jkt=kept.text_or_none("dpop_jkt"),
        nonce=kept.text_or_none("nonce"),
        claims=kept.text_or_none("claims"),
        decision=kept_decision(kept.members("decision")),
        ground=kept_ground(kept.members("ground")),
        expires_at=kept.instant("expires_at"),
        access_token=kept.text("access_token"),
        session=kept.text("session"),
        counts_from_login=kept.flag("counts_from_login"),
        agreed_at=kept.instant("agreed_at"),
        consent=kept.text("consent"),
    )


def _counts_from_login(request: AuthorizationRequest) -> bool:
    """Tell whether ``auth_time`` is required in the ID token (OpenID Connect Core 1.0, section 2)."""
    asked = request.claims.id_token.get("auth_time")
    return request.max_age is not None or (asked is not None and asked.essential)


class Codes:
    """The codes of one node."""

    def __init__(self, *, store: SealedStore, one_time: OneTime, randomness: Randomness) -> None:
        self._store = store
        self._one_time = one_time
        self._randomness = randomness

    async def issue(
        self,
        request: AuthorizationRequest,
        decision: Decision,
        registered: RegisteredClient,
        *,
        ground: Ground,
        session: str,
        agreed_at: datetime,
        at: datetime,
    ) -> IssuedCode:
        """Return a new code for what was decided upon ``request``, on what ``ground``, and agreed to then.

        ``session`` will be the ``sid`` of the login.

        Raises:
            RequestError: ``system.*``, it could not be kept.
        """
        code = Code(
            client_id=registered.client.id,
            relying_party=registered.relying_party.id,
            redirect_uri=request.redirect_uri,
            code_challenge=request.code_challenge,
            dpop_jkt=request.dpop_jkt,
            nonce=request.nonce,
            claims=request.parameters.get("claims"),
            decision=decision,
            ground=ground,
            expires_at=at + LIMITS.code_lifetime,
            access_token=new_handle(self._randomness),
            session=session,
            counts_from_login=_counts_from_login(request),
            agreed_at=agreed_at,
            consent=digest_of(consent_record(decision, request.claims, registered, agreed_at=agreed_at)),
        )
        handle = new_handle(self._randomness)
        await self._store.put(Kind.CODE, handle, code.octets(), until=at + KEPT)
        return IssuedCode(handle, code.session)

    async def find(self, handle: str) -> Code | None:
        """Return what ``handle`` stands for, used or not; ``None`` for nothing."""
        return read_code(await self._store.read(Kind.CODE, handle))

    async def spend(self, handle: str, *, at: datetime) -> bool:
        """Let the code be used; tell whether it was not before. Of several callers at once, one hears so."""
        key = hashlib.sha256(length_prefixed.encode("code", handle)).digest()
        return await self._one_time.claim(key, until=at + KEPT)

    async def stands(self, handle: str) -> bool:
        """Tell whether nobody used the code a second time meanwhile."""
        return await self._store.read(Kind.CODE, handle) is not None

    async def revoke(self, handle: str, code: Code) -> None:
        """Take back what was issued from the code, and the code itself: it was used a second time.

        The token goes first, so that a third use finds the code if the store could not go on; and once more after the
        code, for whoever was writing the token meanwhile looks for the code afterwards (``stands``).

        Raises:
            RequestError: ``system.*``.
        """
        await self._store.take(Kind.ACCESS_TOKEN, code.access_token)
        await self._store.take(Kind.CODE, handle)
        await self._store.take(Kind.ACCESS_TOKEN, code.access_token)
