"""The public keys of one state, as they travel to the region: of its role, on call, of its lists, and of its officers.

Decides whether such a file is in form and names no key twice. Nothing protects it but the way by which it came: whoever
takes it in compares its digest with the state by another way, and all that sign for the region see it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from idbridge.codec import jcs, strict_json
from idbridge.crypto.keys import JwkPublicKey, parse_jwk
from idbridge.errors import InputError, JoseError, TrustError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment, MemberState
from idbridge.trust import members
from idbridge.trust.tuf.errors import broken
from idbridge.trust.tuf.writing import Delegation, Group, Holder

SCHEMA: Final = "idbridge-state-keys-1"
_MEMBERS: Final = frozenset({
    "schema", "environment", "state", "threshold", "role", "onCall", "lists", "documents", "root", "targets",
})  # fmt: skip
_PUBLIC: Final = frozenset({"kty", "crv", "x", "y", "n", "e", "alg", "kid", "use"})

Jwks = tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class PublicKeys:
    """The keys of one state. ``documents`` are retired list keys that still vouch for what they signed."""

    environment: Environment
    state: MemberState
    threshold: int
    role: Jwks
    on_call: Jwks
    lists: Jwks
    documents: Jwks
    root: Jwks
    targets: Jwks

    def document(self) -> dict[str, Any]:
        """Return the keys as plain JSON values."""
        return {
            "schema": SCHEMA,
            "environment": self.environment.value,
            "state": self.state.value,
            "threshold": self.threshold,
            "role": [dict(one) for one in self.role],
            "onCall": [dict(one) for one in self.on_call],
            "lists": [dict(one) for one in self.lists],
            "documents": [dict(one) for one in self.documents],
            "root": [dict(one) for one in self.root],
            "targets": [dict(one) for one in self.targets],
        }

    def octets(self) -> bytes:
        """Return the keys as they travel."""
        return jcs.canonicalize(self.document())

    @property
    def digest(self) -> str:
        """The SHA-256 (hex) by which two people make sure that they look at the same keys."""
        return jcs.digest_hex(self.document())

    @property
    def key_set(self) -> str:
        """The SHA-256 (hex) of the keys of the role and their threshold, by which the region's signers name them."""
        return jcs.digest_hex(
            {"keys": sorted(parse_jwk(one).thumbprint for one in self.role), "threshold": self.threshold}
        )

    def delegation(self, *, key_set: int) -> Delegation:
        """Return the delegation of the state's role to these keys."""
        return Delegation(Group(self.holders(self.role), self.threshold), key_set)

    def list_keys(self) -> tuple[JwkPublicKey, ...]:
        """Return the keys that sign the state's lists now."""
        return tuple(parse_jwk(one) for one in self.lists)

    def holders(self, keys: Jwks) -> tuple[Holder, ...]:
        """Return ``keys`` as keys of this state."""
        return tuple(Holder(one, self.state) for one in keys)


def parse(octets: bytes) -> PublicKeys:
    """Return the keys that ``octets`` hold.

    Raises:
        TrustError: ``trust.metadata_invalid``: another form, a key that is not served, or one that stands twice.
    """
    try:
        said = members.table(
            strict_json.parse(octets, max_bytes=LIMITS.pins_bytes), required=_MEMBERS, where="the keys of a state"
        )
        found = PublicKeys(
            environment=members.word(said["environment"], Environment, where="environment"),
            state=members.word(said["state"], MemberState, where="state"),
            threshold=members.count(said["threshold"], where="threshold", least=1, most=LIMITS.role_keys),
            role=_several(said["role"], "role"),
            on_call=_several(said["onCall"], "onCall"),
            lists=_several(said["lists"], "lists"),
            documents=_several(said["documents"], "documents", empty=True),
            root=_several(said["root"], "root", empty=True),
            targets=_several(said["targets"], "targets", empty=True),
        )
        _refuse_repeated(found)
    except (InputError, JoseError, TrustError) as refusal:
        raise broken(f"the keys of a state: {refusal.detail}") from refusal
    if said["schema"] != SCHEMA or found.threshold >= len(found.role):
        raise broken("the keys of a state are of another schema, or every one of them would have to sign")
    return found


def plain(jwk: Mapping[str, Any]) -> dict[str, Any]:
    """Return a public key with its public members alone: a private one never travels along.

    Raises:
        InputError: ``input.malformed``: it is no public key, or has private members.
    """
    if not jwk.keys() <= _PUBLIC:
        raise InputError("input.malformed", "a public key with members that do not belong there")
    try:
        parse_jwk(jwk)
    except JoseError as refusal:
        raise InputError("input.malformed", f"not a public key: {refusal.detail}") from refusal
    return dict(jwk)


def _several(value: Any, where: str, *, empty: bool = False) -> Jwks:
    if empty and value == []:
        return ()
    return members.array(value, _key, where=where, most=LIMITS.role_keys)


def _key(value: Any) -> Mapping[str, Any]:
    if type(value) is not dict:
        raise broken("a key is not a JWK")
    return plain(value)


def _refuse_repeated(found: PublicKeys) -> None:
    every = (*found.role, *found.on_call, *found.lists, *found.documents, *found.root, *found.targets)
    names = [parse_jwk(one).thumbprint for one in every]
    if len(set(names)) != len(names):
        raise broken("one key stands in two places")
