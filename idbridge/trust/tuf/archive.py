"""What a node keeps of a distribution that it took up, so that it can start again without a network.

Decides nothing: what is read here was judged when it was taken up, and the store refuses what is damaged. A list that
lies here counts only if it is the very edition on the floor, under a key that its state's role named then.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from idbridge.crypto.keys import parse_jwk
from idbridge.errors import ConfigurationError, InputError, JoseError, TrustError
from idbridge.limits import LIMITS
from idbridge.model.keys import PublicKey
from idbridge.model.region import Environment, MemberState
from idbridge.model.time import parse_instant
from idbridge.trust import agreements, members
from idbridge.trust.floors import Floors
from idbridge.trust.freshness import RegionalFreshness
from idbridge.trust.shelf import OctetShelf
from idbridge.trust.snapshot import TrustSnapshot
from idbridge.trust.stored import StoredSnapshot
from idbridge.trust.trusted_set import TrustedSet
from idbridge.trust.tuf import roles
from idbridge.trust.tuf.acceptance import DISTRIBUTION

SCHEMA: Final = "idbridge-distribution-1"
_MEMBERS: Final = frozenset({"schema", "environment", "trust_snapshot", "regional", "keys", "documentKeys"})
_REGIONAL: Final = frozenset({
    "signed_at", "expires", "root_version", "timestamp_version", "snapshot_version", "snapshot_digest",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Held:
    """What a node holds of a distribution: the set, the octets behind it by path, and how fresh the region was."""

    trusted: TrustedSet
    octets: Mapping[str, bytes]
    regional: RegionalFreshness


def about(held: Held, snapshot: TrustSnapshot) -> dict[str, Any]:
    """Return what is written of ``held`` beside its octets; ``snapshot`` is what verdicts name."""
    trusted = held.trusted
    return {
        "schema": SCHEMA,
        "environment": trusted.environment.value,
        "trust_snapshot": snapshot.id,
        "regional": held.regional.document(),
        "keys": _written(trusted.pins),
        "documentKeys": _written(trusted.document_keys),
    }


def _written(keys: Mapping[MemberState, tuple[PublicKey, ...]]) -> dict[str, Any]:
    return {state.value: [dict(key.jwk) for key in found] for state, found in sorted(keys.items())}


def read(stored: StoredSnapshot, *, environment: Environment, floors: Floors) -> Held:
    """Return what was held, as far as it still stands on ``floors``.

    Raises:
        ConfigurationError: It is of another environment or in another form.
    """
    try:
        said = members.table(dict(stored.about), required=_MEMBERS, where="the archive")
        if (said["schema"], said["environment"]) != (SCHEMA, environment.value):
            raise ConfigurationError("what is kept is of another schema, or of another environment")
        trusted = TrustedSet(
            environment,
            _keys(said["keys"]),
            floors=floors.states,
            arrangement_floors=floors.arrangements,
            purposes_floor=floors.purposes,
            denials=floors.denials,
            distribution=DISTRIBUTION,
            document_keys=_keys(said["documentKeys"]),
        )
        regional = _regional(said["regional"])
    except (TrustError, JoseError, InputError, ValueError, KeyError, TypeError) as damaged:
        raise ConfigurationError(f"what is kept is damaged: {damaged}") from damaged
    return Held(_filled(trusted, stored.files), stored.files, regional)


def _filled(trusted: TrustedSet, octets: Mapping[str, bytes]) -> TrustedSet:
    for state in MemberState:
        offered = octets.get(roles.list_path(state))
        if offered is not None:
            try:
                trusted = trusted.with_stored_list(offered, state=state)
            except TrustError:
                continue  # no longer the edition on the floor: it is fetched again, or the state has none
    try:
        trusted, _ = agreements.read(OctetShelf(octets, {}), trusted)
    except TrustError:
        return trusted  # the distribution has to bring what is missing; until then `agreements` refuses
    return trusted


def _keys(value: Any) -> Mapping[MemberState, tuple[PublicKey, ...]]:
    if type(value) is not dict:
        raise ValueError("keys are by state")
    return MappingProxyType({
        members.word(state, MemberState, where="a state"): members.array(
            jwks, parse_jwk, where="keys", most=2 * LIMITS.keys_per_service
        )
        for state, jwks in value.items()
    })  # fmt: skip


def _regional(value: Any) -> RegionalFreshness:
    said = members.table(value, required=_REGIONAL, where="regional")
    number = LIMITS.metadata_version
    return RegionalFreshness(
        signed_at=parse_instant(said["signed_at"]),
        expires=parse_instant(said["expires"]),
        root_version=members.count(said["root_version"], where="root_version", least=1, most=number),
        timestamp_version=members.count(said["timestamp_version"], where="timestamp_version", least=1, most=number),
        snapshot_version=members.count(said["snapshot_version"], where="snapshot_version", least=1, most=number),
        snapshot_digest=members.text(said["snapshot_digest"], where="snapshot_digest"),
    )
