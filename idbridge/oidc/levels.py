"""Levels of assurance in a login: which are wanted, whether they were proved, and which one is stated.

Decides by the regional ladder (``model.assertion.LEVEL_URIS``). ``acr_values`` are a wish: the login goes on without.
An essential ``acr`` is a demand: without it the answer is ``unmet_authentication_requirements``. A level that nobody
knows is never met, and what a provider does not say counts as the lowest. More than was proved is never stated.
Clauses: OpenID Connect Core 1.0, sections 3.1.2.1 and 5.5.1.1; Unmet Authentication Requirements 1.0; architecture D2.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from idbridge.limits import LIMITS
from idbridge.model.assertion import LEVELS_BY_URI
from idbridge.model.region import AssuranceLevel
from idbridge.oidc.claims_request import ClaimRequest
from idbridge.oidc.client import Profile
from idbridge.oidc.errors import OAuthError

# What a client of each profile can be told at most: one that proves nothing of a key gets no token worth A3.
CEILINGS: Final[Mapping[Profile, AssuranceLevel]] = MappingProxyType({
    Profile.FAPI2: AssuranceLevel.A3,
    Profile.OIDC_CODE: AssuranceLevel.A2,
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class LevelRequest:
    """Which levels a login is to have: ``wished`` by preference, ``demanded`` or ``None`` for no demand."""

    ceiling: AssuranceLevel
    wished: tuple[AssuranceLevel, ...] = ()
    demanded: frozenset[AssuranceLevel] | None = None

    @property
    def minimum(self) -> AssuranceLevel:
        """The level below which the login is not worth beginning; the lowest without demand."""
        return min(self.demanded) if self.demanded else AssuranceLevel.A0

    def stated(self, proved: AssuranceLevel | None) -> AssuranceLevel:
        """Return the level that the answer states, if ``proved`` is what was recognised; ``None`` is the lowest.

        Under a demand it is the highest of those demanded, as the ``acr`` has to be one of them; whoever proved more
        has proved that too.

        Raises:
            OAuthError: ``unmet_authentication_requirements``: none of the levels demanded was proved.
        """
        reached = min(AssuranceLevel.A0 if proved is None else proved, self.ceiling)
        if self.demanded is None:
            return reached
        met = [level for level in self.demanded if level <= reached]
        if not met:
            raise _unmet("the level of assurance that is demanded was not reached")
        return max(met)


def read_levels(acr_values: str | None, acr: ClaimRequest | None, *, profile: Profile) -> LevelRequest:
    """Return which levels a request wants: its ``acr_values``, and what it asks of the claim ``acr`` in the ID token.

    Raises:
        OAuthError: ``unmet_authentication_requirements`` for a demand that can never be met: of no level that is known,
            or above what the profile of the client allows. ``invalid_request`` for too many values.
    """
    named = (acr_values or "").split(" ")
    if len(named) > LIMITS.query_values:
        raise OAuthError("invalid_request", "acr_values has too many values", cause="input.too_large")
    wished = [LEVELS_BY_URI[name] for name in named if name in LEVELS_BY_URI]
    asked = acr.values if acr is not None and acr.values is not None else ()
    levels = [level for one in asked if (level := _level(one)) is not None]
    ceiling = CEILINGS[profile]
    if acr is None or not acr.essential or acr.values is None:
        return LevelRequest(ceiling, tuple(dict.fromkeys([*levels, *wished])))
    demanded = frozenset(level for level in levels if level <= ceiling)
    if not demanded:
        raise _unmet("no level of assurance that is demanded can be had by this client")
    return LevelRequest(ceiling, tuple(dict.fromkeys(wished)), demanded)


def _level(asked: Any) -> AssuranceLevel | None:
    """Return the level that one value of a claim request names; ``None`` for what is no level."""
    return LEVELS_BY_URI.get(asked[1]) if asked is not None and asked[0] is str else None


def _unmet(description: str) -> OAuthError:
    return OAuthError("unmet_authentication_requirements", description)
