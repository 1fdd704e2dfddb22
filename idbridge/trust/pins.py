"""Pinned keys: with which keys each state signs its list, as the operator of this node confirmed by another way.

Decides whether the pins file is in order. It is the root of trust of a node in plain mode: no list, and nothing that
a list says, can change it. The form is ``{"schema", "environment", "states": {"SG": [jwk, ...]}}``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from idbridge.codec import jcs, strict_json
from idbridge.crypto.keys import parse_jwk
from idbridge.errors import ConfigurationError, InputError, JoseError, TrustError
from idbridge.limits import LIMITS
from idbridge.model.keys import PublicKey
from idbridge.model.region import Environment, MemberState
from idbridge.trust import members, published_test_keys

SCHEMA: Final = "idbridge-pins-1"
_MEMBERS: Final = frozenset({"schema", "environment", "states"})

Keys = Mapping[MemberState, tuple[PublicKey, ...]]


@dataclass(frozen=True, slots=True)
class Pins:
    """The list signing keys of each state, in one environment."""

    environment: Environment
    keys: Keys


def parse(octets: bytes) -> Pins:
    """Return the pins that ``octets`` hold.

    Raises:
        ConfigurationError: They are not in the form above, name no state, or pin one key twice.
        TrustError: ``trust.published_test_key``: a live node would believe whoever has read the standards.
    """
    try:
        content = strict_json.parse(octets, max_bytes=LIMITS.pins_bytes)
        read = members.table(content, required=_MEMBERS, where="the pins file")
        if read["schema"] != SCHEMA or type(read["states"]) is not dict or not read["states"]:
            raise ConfigurationError("the pins file is of another schema, or pins no state")
        keys = {
            members.word(state, MemberState, where="a state"): members.array(
                jwks, _key, where="the keys of a state", most=LIMITS.keys_per_service
            )
            for state, jwks in read["states"].items()
        }
        environment = members.word(read["environment"], Environment, where="environment")
    except (InputError, JoseError, TrustError) as refusal:
        raise ConfigurationError(f"the pins file is not in order: {refusal.detail}") from refusal
    thumbprints = [key.thumbprint for pinned in keys.values() for key in pinned]
    if len(set(thumbprints)) != len(thumbprints):
        raise ConfigurationError("one key is pinned twice: a key signs for one state, once")
    published_test_keys.refuse(thumbprints, environment=environment, where="the pins")
    return Pins(environment, MappingProxyType(keys))


def _key(value: Any) -> PublicKey:
    if type(value) is not dict:
        raise ConfigurationError("a pinned key is not a JWK")
    return parse_jwk(value)


def document(environment: Environment, states: Mapping[MemberState, tuple[Mapping[str, Any], ...]]) -> bytes:
    """Return the pins file for these public JWKs."""
    listed = {state.value: [dict(jwk) for jwk in states[state]] for state in sorted(states)}
    return jcs.canonicalize({"schema": SCHEMA, "environment": environment.value, "states": listed})
