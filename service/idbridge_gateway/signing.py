"""With which key a node signs an assertion, and which keys it publishes: decided anew for each request.

A node signs with the best of its keys that its state's list grants at that instant: the active one, else the one
before it. So a key that is rotated in before the list names it is not used, and one that the list withdraws no longer.
How keys are opened is not known here (``keys.py``). Clauses: RFC 7517 section 5; OpenID Connect Core 10.1.1.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from idbridge.assertion.node import Node
from idbridge.assertion.pseudonym import PairwiseKey
from idbridge.crypto.keys import parse_jwk
from idbridge.crypto.signer import Signer
from idbridge.model.keys import PublicKey
from idbridge.model.region import Environment
from idbridge.trust.node_keys import KeyPurpose, KeyRing
from idbridge.trust.node_listing import grants
from idbridge.trust.snapshot import TrustSnapshot


@dataclass(frozen=True, slots=True)
class NamedSigner:
    """A signer under the name that the list gives its key, whichever way the private part is held."""

    signer: Signer = field(repr=False)
    kid: str

    @property
    def algorithm(self) -> str:
        """The JOSE name of the one algorithm that this signer uses."""
        return self.signer.algorithm

    @property
    def public_jwk(self) -> Mapping[str, Any]:
        """The public key as a JWK, under the name of the list."""
        return published_jwk(self.signer.public_jwk, algorithm=self.algorithm, kid=self.kid)

    def sign(self, message: bytes) -> bytes:
        """Return the signature over ``message`` in JOSE form."""
        return self.signer.sign(message)


@dataclass(frozen=True, slots=True)
class Issuing:
    """What a node makes assertions with. ``signers`` are the keys that could be opened, best first, by thumbprint.

    ``ring`` has all keys of a folder, and is ``None`` for a single key file. ``active`` is the thumbprint of the key
    that should sign; ``locked`` says why it could not be opened, and is empty if it was. If ``stopped``, none signs.
    """

    node: Node
    pairwise_key: PairwiseKey
    signers: tuple[Signer, ...]
    active: str
    ring: KeyRing | None = None
    locked: str = ""
    stopped: bool = False

    def signer(self, snapshot: TrustSnapshot, *, at: datetime) -> NamedSigner | None:
        """Return what signs at ``at``: ``None`` if the node's state grants none of its keys.

        A practice node whose state has no list yet signs with what it has; nobody recognises that.
        """
        if self.stopped:
            return None
        if not self.needs_listing(snapshot):
            return NamedSigner(self.signers[0], self.signers[0].kid)
        for signer in self.signers:
            listed = self.listed(signer.kid, snapshot, algorithm=signer.algorithm, at=at)
            if listed is not None:
                return NamedSigner(signer, listed.kid or signer.kid)
        return None

    def needs_listing(self, snapshot: TrustSnapshot) -> bool:
        """Tell whether this node signs with listed keys alone."""
        return self.node.environment is Environment.LIVE or self.node.state in snapshot.lists

    def listed(self, thumbprint: str, snapshot: TrustSnapshot, *, algorithm: str, at: datetime) -> PublicKey | None:
        """Return a key as the node's own state lists it for assertions of this node, if it is granted at ``at``."""
        for grant in grants(snapshot, thumbprint, algorithm=algorithm, at=at):
            if (grant.service.member_state, grant.service.issuer) == (self.node.state, self.node.issuer):
                return grant.key
        return None

    def ever_signed_with(self) -> tuple[PublicKey, ...]:
        """Return the keys that tokens of this node can be signed with, those retired or withdrawn among them.

        They have no name: a token that is shown long after names its key as the list did then.
        """
        jwks = [signer.public_jwk for signer in self.signers]
        if self.ring is not None:
            jwks = [key.public_jwk for key in self.ring.keys if key.purpose is KeyPurpose.ASSERTION]
        return tuple(parse_jwk({name: value for name, value in jwk.items() if name != "kid"}) for jwk in jwks)

    def key_set(self, snapshot: TrustSnapshot, *, at: datetime) -> dict[str, Any]:
        """Return the keys that others must know at ``at``, as a JWK set."""
        return {"keys": list(self._public(snapshot, at=at))}

    def _public(self, snapshot: TrustSnapshot, *, at: datetime) -> Iterator[dict[str, Any]]:
        """Yield what is published: a retired key too until its last assertion is over, or while the list grants it."""
        known = [(signer.kid, signer.algorithm, signer.public_jwk, True) for signer in self.signers]
        if self.ring is not None:
            current = self.ring.published(at=at)
            keys = (key for key in self.ring.keys if key.purpose is KeyPurpose.ASSERTION)
            known = [(key.kid, key.algorithm, key.public_jwk, key in current) for key in keys]
        for thumbprint, algorithm, jwk, needed in known:
            listed = self.listed(thumbprint, snapshot, algorithm=algorithm, at=at)
            if needed or listed is not None:
                name = listed.kid if listed is not None else None
                yield published_jwk(jwk, algorithm=algorithm, kid=name or thumbprint)

    def fault(self, snapshot: TrustSnapshot, *, at: datetime) -> str:
        """Say why the active key does not sign at ``at``; nothing if it does."""
        chosen = self.signer(snapshot, at=at)
        if chosen is not None and chosen.signer.kid == self.active:
            return ""
        unlisted = f"{self.node.state} does not list the key {self.active} for assertions of {self.node.issuer}"
        why = self.locked or unlisted
        if chosen is None:
            return f"{why}; no assertion is made"
        return f"{why}; the node goes on with {chosen.signer.kid}"


def published_jwk(jwk: Mapping[str, Any], *, algorithm: str, kid: str) -> dict[str, Any]:
    """Return the public half of a signing key as a member of a JWK set."""
    return {**jwk, "kid": kid, "alg": algorithm, "use": "sig"}


class IssuingInForce:
    """The one reference to what the node signs with; it is exchanged whole and never changed."""

    def __init__(self, issuing: Issuing) -> None:
        self._current = issuing
        self._stopped = False

    def current(self) -> Issuing:
        """Return what is in force now. A request takes it once and keeps it to its end."""
        return self._current

    def exchange(self, issuing: Issuing) -> None:
        """Put ``issuing`` in force; what was stopped stays so."""
        self._current = replace(issuing, stopped=True) if self._stopped else issuing

    def stop(self) -> None:
        """Sign nothing any more, whatever keys come: what this node takes for genuine may be forged."""
        self._stopped = True
        self._current = replace(self._current, stopped=True)
