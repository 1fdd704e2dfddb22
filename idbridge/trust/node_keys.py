"""The life of a node's own keys: published before use, used, and kept until the last thing signed with it has expired.

Decides which step is allowed at an instant, and what is due. A key that is used before others could learn of it makes
assertions that nobody accepts; one that is dropped too early does the same to those on their way. It knows no files
and no private part (``trust/key_folder``). Clauses: RFC 7517 section 4.5; OpenID Connect Core 1.0 section 10.1.1.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from idbridge.crypto.keys import parse_jwk
from idbridge.errors import ConfigurationError, JoseError, TrustError
from idbridge.limits import LIMITS
from idbridge.model.keys import PublicKey
from idbridge.model.region import Environment
from idbridge.model.time import instant_text
from idbridge.trust import members

SCHEMA: Final = "idbridge-node-keys-1"
_RING: Final = frozenset({"schema", "environment", "keys"})
_KEY: Final = frozenset({
    "kid", "purpose", "algorithm", "state", "published_at", "activated_at", "retire_after", "public", "private",
})  # fmt: skip
_MOST_KEYS: Final = 300  # what fits into one record


class KeyPurpose(StrEnum):
    """What a key signs."""

    ASSERTION = "assertion"  # what the node says of a person to a relying party
    CLIENT = "client"  # that the node is who it is, to an identity provider


class KeyState(StrEnum):
    """Where a key is in its life: others may learn of it, it signs, or it no longer does."""

    PUBLISHED = "published"
    ACTIVE = "active"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class NodeKey:
    """One key. ``private`` says where its private part is: a file name in the same folder, or a PKCS #11 reference.

    ``retire_after`` is when the last thing that a retired key signed has expired.
    """

    kid: str
    purpose: KeyPurpose
    algorithm: str
    state: KeyState
    published_at: datetime
    public_jwk: Mapping[str, Any]
    private: str
    activated_at: datetime | None = None
    retire_after: datetime | None = None

    @property
    def usable_from(self) -> datetime:
        """When others have had the time to learn of this key."""
        return self.published_at + LIMITS.key_publication_lead


@dataclass(frozen=True, slots=True)
class Due:
    """Something that an operator has to do: ``act`` is the verb of ``idbridge keys``, ``why`` says it in words."""

    purpose: KeyPurpose
    act: str
    since: datetime
    why: str


@dataclass(frozen=True, slots=True)
class KeyRing:
    """All keys that a node has or had, oldest first; of each purpose one is active and one waits, at most."""

    environment: Environment
    keys: tuple[NodeKey, ...] = ()

    def find(self, purpose: KeyPurpose, state: KeyState) -> NodeKey | None:
        """Return the newest key of this purpose in this state."""
        return next((key for key in reversed(self.keys) if key.purpose is purpose and key.state is state), None)

    def waiting(self, purpose: KeyPurpose) -> NodeKey:
        """Return the key of this purpose that is published and does not sign yet.

        Raises:
            ConfigurationError: There is none.
        """
        key = self.find(purpose, KeyState.PUBLISHED)
        if key is None:
            raise ConfigurationError(f"no key for the purpose {purpose} is published and waits; generate one first")
        return key

    def with_published(self, key: NodeKey) -> "KeyRing":
        """Return the ring with one more key, which waits.

        Raises:
            ConfigurationError: Another key of this purpose waits already, or the ring has this very key.
        """
        if self.find(key.purpose, KeyState.PUBLISHED) is not None:
            raise ConfigurationError(f"a key for the purpose {key.purpose} is published and waits; rotate first")
        if any(known.kid == key.kid for known in self.keys):
            raise ConfigurationError("this key is in the ring already; a key is used once")
        if len(self.keys) >= _MOST_KEYS:
            raise ConfigurationError("the ring is full; begin another folder")
        return replace(self, keys=(*self.keys, key))

    def rotated(self, purpose: KeyPurpose, *, at: datetime, emergency: bool = False) -> "KeyRing":
        """Return the ring in which the waiting key of ``purpose`` signs from ``at`` on and its predecessor no longer.

        ``emergency`` is for a key that leaked or is lost: the new one signs before everybody knows it.

        Raises:
            ConfigurationError: No key waits, or it was published too lately.
        """
        waiting = self.waiting(purpose)
        if at < waiting.usable_from and not emergency:
            usable = instant_text(waiting.usable_from.replace(microsecond=0))
            raise ConfigurationError(f"the key was published too lately; others may not know it before {usable}")
        ended = at + LIMITS.assertion_lifetime + LIMITS.clock_leeway_max

        def moved(key: NodeKey) -> NodeKey:
            if key.kid == waiting.kid:
                return replace(key, state=KeyState.ACTIVE, activated_at=at)
            if key.purpose is purpose and key.state is KeyState.ACTIVE:
                return replace(key, state=KeyState.RETIRED, retire_after=ended)
            return key

        return replace(self, keys=tuple(map(moved, self.keys)))

    def published(self, *, at: datetime) -> tuple[NodeKey, ...]:
        """Return the keys whose public part others need at ``at``."""
        return tuple(key for key in self.keys if key.retire_after is None or at < key.retire_after)

    def verifying(self) -> dict[str, PublicKey]:
        """Return every public key by thumbprint, the retired ones too: they signed the records of their time."""
        return {key.kid: parse_jwk(key.public_jwk) for key in self.keys}

    def due(self, *, at: datetime) -> tuple[Due, ...]:
        """Return what an operator has to do, longest due first."""
        purposes = dict.fromkeys(key.purpose for key in self.keys)
        dues = [due for purpose in purposes for due in self._due(purpose, at)]
        return tuple(sorted(dues, key=lambda due: due.since))

    def _due(self, purpose: KeyPurpose, at: datetime) -> list[Due]:
        active, waiting = self.find(purpose, KeyState.ACTIVE), self.find(purpose, KeyState.PUBLISHED)
        if active is None or active.activated_at is None:
            since = waiting.usable_from if waiting is not None else at
            return [Due(purpose, "rotate", since, "no key is active and one waits")] if at >= since else []
        end = active.activated_at + LIMITS.node_key_age
        found = []
        if at >= end:
            found.append(Due(purpose, "rotate", end, "the active key is older than a key should be"))
        notice = end - LIMITS.key_successor_notice
        if waiting is None and at >= notice:
            found.append(Due(purpose, "generate", notice, "no successor of the active key is published"))
        return found


def render(ring: KeyRing) -> dict[str, Any]:
    """Return ``ring`` as plain values: the content of the index."""
    return {"schema": SCHEMA, "environment": ring.environment.value, "keys": [_rendered(key) for key in ring.keys]}


def _rendered(key: NodeKey) -> dict[str, Any]:
    return {
        "kid": key.kid,
        "purpose": key.purpose.value,
        "algorithm": key.algorithm,
        "state": key.state.value,
        "published_at": instant_text(key.published_at),
        "activated_at": instant_text(key.activated_at) if key.activated_at is not None else None,
        "retire_after": instant_text(key.retire_after) if key.retire_after is not None else None,
        "public": dict(key.public_jwk),
        "private": key.private,
    }


def parse(content: Any) -> KeyRing:
    """Return the ring that ``content`` holds.

    Raises:
        TrustError: ``trust.profile_violation``: it is not in the form that ``render`` writes.
    """
    read = members.table(content, required=_RING, where="the index of keys")
    if read["schema"] != SCHEMA:
        raise TrustError("trust.profile_violation", "the index of keys has another schema")
    return KeyRing(
        environment=members.word(read["environment"], Environment, where="environment"),
        keys=members.array(read["keys"], _parsed, where="keys", most=_MOST_KEYS),
    )


def _parsed(value: Any) -> NodeKey:
    read = members.table(value, required=_KEY, where="a key")
    if type(read["public"]) is not dict:
        raise TrustError("trust.profile_violation", "the public part of a key is not a JWK")
    try:
        known = parse_jwk(read["public"])
    except JoseError as refusal:
        raise TrustError("trust.profile_violation", f"the public part of a key: {refusal.detail}") from None
    if known.thumbprint != read["kid"] or read["algorithm"] not in known.algorithms:
        raise TrustError("trust.profile_violation", "a key is not named by its thumbprint and algorithm")
    return NodeKey(
        kid=known.thumbprint,
        purpose=members.word(read["purpose"], KeyPurpose, where="purpose"),
        algorithm=members.text(read["algorithm"], where="algorithm"),
        state=members.word(read["state"], KeyState, where="state"),
        published_at=members.instant(read["published_at"], where="published_at"),
        public_jwk=read["public"],
        private=members.text(read["private"], where="private"),
        activated_at=_instant(read["activated_at"], where="activated_at"),
        retire_after=_instant(read["retire_after"], where="retire_after"),
    )


def _instant(value: Any, *, where: str) -> datetime | None:
    return members.instant(value, where=where) if value is not None else None
