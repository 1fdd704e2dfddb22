"""What a node keeps of a distribution that it took up, so that it can start again without a network.

Decides nothing: what is read here was judged when it was taken up, and the store refuses what is damaged. A list that
lies here counts only if it is the very edition on the floor, under a key that its state's role named then.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

from idbridge.crypto.keys import parse_jwk
from idbridge.errors import ConfigurationError, InputError, JoseError, TrustError
from idbridge.model.keys import PublicKey
from idbridge.model.region import Environment, MemberState
from idbridge.recognition.signed_document import payload_digest
from idbridge.trust import agreements, freshness, members
from idbridge.trust.floors import Floors
from idbridge.trust.freshness import RegionalFreshness
from idbridge.trust.shelf import OctetShelf
from idbridge.trust.snapshot import TrustSnapshot
from idbridge.trust.stored import StoredSnapshot
from idbridge.trust.trusted_set import TrustedSet
from idbridge.trust.tuf import roles
from idbridge.trust.tuf.acceptance import DISTRIBUTION

SCHEMA: Final = "idbridge-distribution-1"
_MEMBERS: Final = frozenset({
    "schema", "environment", "trust_snapshot", "regional", "keys", "documentKeys", "vouching", "absent",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Held:
    """What a node holds of a distribution: the set, the octets behind it by path, and how fresh the region was.

    ``absent`` says for each state without list why. ``vouching`` are the keys that ever vouched here for a document:
    what was accepted stays accepted when its signer's key is exchanged, and nothing new is taken up on such a key.
    """

    trusted: TrustedSet
    octets: Mapping[str, bytes]
    regional: RegionalFreshness
    absent: Mapping[MemberState, str]
    vouching: Mapping[MemberState, tuple[PublicKey, ...]]


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
        "vouching": _written(held.vouching),
        "absent": {state.value: code for state, code in sorted(held.absent.items())},
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
        keys, vouching = _keys(said["keys"]), _keys(said["vouching"])
        trusted = TrustedSet(
            environment,
            keys,
            floors=floors.states,
            arrangement_floors=floors.arrangements,
            purposes_floor=floors.purposes,
            denials=floors.denials,
            distribution=DISTRIBUTION,
            document_keys=_others(vouching, keys),
        )
        retired = _keys(said["documentKeys"])
        regional = freshness.parse(said["regional"])
        absent = _absent(said["absent"])
    except (TrustError, JoseError, InputError, ValueError, KeyError, TypeError) as damaged:
        raise ConfigurationError(f"what is kept is damaged: {damaged}") from damaged
    filled = replace(_filled(trusted, stored.files), document_keys=retired)
    return Held(filled, stored.files, regional, absent, vouching)


def grown(
    before: Mapping[MemberState, tuple[PublicKey, ...]], trusted: TrustedSet
) -> Mapping[MemberState, tuple[PublicKey, ...]]:
    """Return the vouching keys with those that sign for each state now."""
    now = trusted.signing_keys
    return MappingProxyType({
        state: tuple({key.thumbprint: key for key in (*before.get(state, ()), *now.get(state, ()))}.values())
        for state in {*before, *now}
    })  # fmt: skip


def documents_of(trusted: TrustedSet) -> Mapping[str, str]:
    """Return the recognition documents that are held, by path with the digest of what each says."""
    found = {
        f"{agreements.ARRANGEMENTS}/{name}/{version.version}.json": version.digest
        for name, history in trusted.arrangements.histories.items()
        for version in history.versions
    }
    register = trusted.purpose_register
    return found | ({f"{agreements.PURPOSES}/{register.version}.json": register.digest} if register is not None else {})


def is_document(octets: bytes, digest: str) -> bool:
    """Tell whether ``octets`` are a document that says what ``digest`` names."""
    try:
        return payload_digest(octets) == digest
    except TrustError:
        return False


def _others(
    vouching: Mapping[MemberState, tuple[PublicKey, ...]], keys: Mapping[MemberState, tuple[PublicKey, ...]]
) -> Mapping[MemberState, tuple[PublicKey, ...]]:
    """Return the vouching keys that do not sign lists now."""
    known = {key.thumbprint for found in keys.values() for key in found}
    left = {state: tuple(key for key in found if key.thumbprint not in known) for state, found in vouching.items()}
    return MappingProxyType({state: found for state, found in left.items() if found})


def _absent(value: Any) -> Mapping[MemberState, str]:
    if type(value) is not dict:
        raise ValueError("what is absent is named by state")
    return MappingProxyType({
        members.word(state, MemberState, where="a state"): members.text(code, where="a code")
        for state, code in value.items()
    })  # fmt: skip


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
            jwks, parse_jwk, where="keys"
        )
        for state, jwks in value.items()
    })  # fmt: skip
