"""Refusals of the second lock: with the whole region, or with one role alone."""

from collections.abc import Callable
from typing import Any

import pytest

from idbridge.errors import TrustError
from idbridge.model.region import MemberState
from idbridge.trust.tuf import roles
from tests.trust.distribution.kit import (
    World,
    altered,
)

SG, TH = MemberState.SG, MemberState.TH


def refused(world: World, **given: Any) -> TrustError:
    with pytest.raises(TrustError) as caught:
        world.examined(**given)
    return caught.value


def only_refusal(world: World, role: str, **given: Any) -> TrustError:
    """Return the refusal of ``role``, if nothing else was refused and every other state passed."""
    view = world.examined(**given)
    assert set(view.refused) == {role}
    assert {state.value for state in view.states} == {state.value for state in MemberState} - {role}
    return view.refused[role]


def root_with(change: Callable[[Any], None], version: int = 2) -> bytes:
    """Return the root that follows the first one, changed and signed by the same officers."""

    def changed(signed: Any) -> None:
        signed.version = version
        change(signed)

    return altered(World().roots[0], changed, roles.ROOT)
