"""``/admin/v1/relying-parties``: operators register who may ask, change it, and switch it off.

Who asks is settled before anything else is read. A change names the version that was seen (``If-Match``), so that two
operators do not overwrite each other; it is in force at this node when the answer leaves, and at every other of the
registry a look later. A key or secret is told once, in the answer to what made it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from idbridge.codec import strict_json
from idbridge.errors import ConfigurationError, InputError, RequestError
from idbridge.limits import LIMITS
from idbridge_gateway.admin.merge import merged
from idbridge_gateway.admin.operators import Operator
from idbridge_gateway.parts import Parts
from idbridge_gateway.registry.act import Act
from idbridge_gateway.registry.api_keys import new_api_key, with_new_key, with_secrets
from idbridge_gateway.registry.chosen import Begun
from idbridge_gateway.registry.form import read_registration, registration_document, shown_document
from idbridge_gateway.registry.members import members, refused
from idbridge_gateway.registry.record import Registration

if TYPE_CHECKING:
    from idbridge_gateway.registry.store import SqlRegistry

SCHEMA: Final = "idbridge-registration-1"
LIST_SCHEMA: Final = "idbridge-registrations-1"
ROTATE: Final = "rotate_api_key"
_OVERLAP: Final = "overlap_days"
_COUNTED: Final = frozenset({"id", "policy_version"})
HELD: Final = frozenset({"enabled", "minimum_level"})  # without them a party may do more, so nothing takes them away
_TAG: Final = re.compile(r'"([1-9][0-9]{0,8})"', re.ASCII)


@dataclass(frozen=True, slots=True)
class Changed:
    """A registration as it is now, and what is told of it only once."""

    registration: Registration
    told: Mapping[str, Any]

    @property
    def document(self) -> dict[str, Any]:
        """The answer to what changed it."""
        return {"schema": SCHEMA, **shown_document(self.registration), **self.told}


class RelyingPartiesDesk:
    """What operators may do to the registry of one node."""

    def __init__(self, parts: Parts, registry: Begun) -> None:
        self._environment = parts.settings.environment
        self._clock = parts.turns.clock
        self._randomness = parts.randomness
        self._registry = registry

    async def all(self) -> dict[str, Any]:
        """Return everybody who is registered.

        Raises:
            RequestError: ``system.overloaded``: the database does not answer.
        """
        if self._registry.database is None:
            everybody = self._registry.in_force.registrations
        else:
            everybody = await _answered(self._registry.database.all())
        return {"schema": LIST_SCHEMA, "relying_parties": [shown_document(one) for one in everybody]}

    async def one(self, party_id: str) -> Changed:
        """Return one registration.

        Raises:
            RequestError: ``input.not_found`` or ``system.overloaded``.
        """
        if self._registry.database is None:
            return Changed(self._registry.in_force.registration(party_id), {})
        return Changed(await _answered(self._registry.database.one(party_id)), {})

    async def add(self, body: bytes, operator: Operator) -> Changed:
        """Register whom ``body`` describes, with a new API key.

        Raises:
            RequestError: ``input.request_malformed``, ``input.already_registered`` or ``system.overloaded``.
        """
        act = self._act("add", operator)
        entry, secrets = with_secrets(_parsed(body), self._randomness)
        named = read_registration(entry, environment=self._environment)
        self._registry.in_force.own.require_none(named)
        key, kept = new_api_key(named.id, environment=self._environment, randomness=self._randomness, at=act.at)
        made = await _answered(self._database().add(replace(named, api_keys=(kept,)), act))
        await self._registry.watch.look()
        return Changed(made, {"api_key": key.text, "client_secrets": dict(secrets)})

    async def change(self, party_id: str, body: bytes, operator: Operator, *, if_match: list[str]) -> Changed:
        """Change some members of a registration, by a merge patch; ``rotate_api_key`` among them makes a new key.

        Raises:
            RequestError: ``input.version_missing``, ``input.version_stale``, ``input.request_malformed``,
                ``input.not_found``, ``input.already_registered`` or ``system.overloaded``.
        """
        seen, patch, act = _version(if_match), _parsed(body), self._act("change", operator)
        if not _COUNTED.isdisjoint(patch):
            raise refused("`id` stays, and `policy_version` counts by itself")
        if gone := sorted(name for name in HELD.intersection(patch) if patch[name] is None):
            raise refused(f"`{gone[0]}` of a registration is changed and not taken away")
        told: dict[str, Any] = {}

        def step(held: Registration) -> Registration:
            return self._patched(held, dict(patch), told, act)

        made = await _answered(self._database().change(party_id, step, act, seen=seen))
        await self._registry.watch.look()
        return Changed(made, told)

    def _patched(self, held: Registration, patch: dict[str, Any], told: dict[str, Any], act: Act) -> Registration:
        rotation = patch.pop(ROTATE, None)
        entry, secrets = with_secrets(merged(registration_document(held), patch), self._randomness, held=held)
        made = read_registration(
            entry,
            environment=self._environment,
            api_keys=held.api_keys,
            version=held.version,
            created_at=held.created_at,
            changed_at=held.changed_at,
        )
        self._registry.in_force.own.require_none(made)
        if secrets:
            told["client_secrets"] = dict(secrets)
        if rotation is None:
            return made
        key, kept = new_api_key(held.id, environment=self._environment, randomness=self._randomness, at=act.at)
        told["api_key"] = key.text
        return with_new_key(made, kept, at=act.at, overlap=_overlap(rotation))

    def _act(self, name: str, operator: Operator) -> Act:
        return Act(name, operator.actor, self._clock.now())

    def _database(self) -> "SqlRegistry":
        """Return where the registry is changed.

        Raises:
            RequestError: ``policy.operator_required``: it is a file, which only whoever owns it writes.
        """
        if self._registry.database is None:
            raise RequestError("policy.operator_required", "the registry is a file: change it with `idbridge rp`")
        return self._registry.database


async def _answered(work: Any) -> Any:
    """Return what ``work`` returns.

    Raises:
        RequestError: As ``work`` does; ``system.overloaded`` where the database does not answer.
    """
    try:
        return await work
    except ConfigurationError as fault:
        raise RequestError("system.overloaded", "the database of the registry does not answer") from fault


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        return strict_json.parse_object(body, max_bytes=LIMITS.registration_bytes)
    except InputError as error:
        raise RequestError("input.request_malformed", f"the body is no strict JSON object: {error.detail}") from None


def _version(if_match: list[str]) -> int:
    """Return the version that ``If-Match`` names: one, strongly, and never any (`*`)."""
    if not if_match:
        raise RequestError("input.version_missing")
    found = _TAG.fullmatch(if_match[0].strip()) if len(if_match) == 1 else None
    if found is None:
        raise RequestError("input.version_stale", "`If-Match` is the `ETag` of one version")
    return int(found[1])


def _overlap(rotation: Any) -> timedelta:
    days = members(rotation, f"`{ROTATE}`", required={_OVERLAP})[_OVERLAP]
    if not isinstance(days, int) or isinstance(days, bool) or not 0 <= days <= LIMITS.api_key_overlap.days:
        raise refused(f"`{_OVERLAP}` is a number from 0 to {LIMITS.api_key_overlap.days}")
    return timedelta(days=days)
