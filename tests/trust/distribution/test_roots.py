"""The second lock: roots follow each other, and delegations are those of the region."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tuf.api.metadata import MetaFile, TargetFile

from idbridge.crypto.signer import generate
from idbridge.errors import TrustError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment, MemberState
from idbridge.trust.tuf import keys, roles
from idbridge.trust.tuf.floors import DistributionFloors
from idbridge.trust.tuf.keys import MetadataSigner
from idbridge.trust.tuf.second_lock import examine
from tests.trust.distribution.kit import (
    AT,
    FLOORS,
    World,
    altered,
    region,
    signers,
    unchanged,
)
from tests.trust.distribution.refusals import refused, root_with

SG, TH = MemberState.SG, MemberState.TH


# Roots


def test_a_root_that_the_one_before_did_not_sign_is_refused() -> None:
    stranger = root_with(unchanged)
    unsigned = altered(stranger, unchanged, roles.ROOT, by=signers(roles.TARGETS))

    assert refused(replace(World(), roots=(*World().roots, unsigned))).code == "trust.threshold_missing"


def test_a_root_that_skips_a_version_is_refused() -> None:
    skipped = root_with(unchanged, version=3)

    assert refused(replace(World(), roots=(*World().roots, skipped))).code == "trust.snapshot_mismatch"


def test_a_root_chain_that_begins_elsewhere_is_refused() -> None:
    world = World()
    fetched = replace(world.fetched(), roots=(root_with(unchanged),))

    with pytest.raises(TrustError) as caught:
        examine(fetched, bootstrap=world.roots[0], floors=FLOORS, at=AT)

    assert caught.value.code == "trust.metadata_invalid"


def test_roots_without_end_are_refused() -> None:
    endless = (World().roots[0],) * (LIMITS.root_rotations + 1)

    assert refused(replace(World(), roots=endless)).code == "trust.metadata_invalid"


def test_a_root_that_was_accepted_cannot_be_taken_back() -> None:
    newer = replace(World(), roots=(*World().roots, root_with(unchanged)))
    floors = newer.examined().floors

    assert refused(World().later(), floors=floors).code == "trust.rollback"


def test_a_new_online_key_drops_the_floors_of_the_old_one_and_no_others() -> None:
    ahead = replace(World(), version=90_000)
    floors = ahead.examined().floors
    fresh = generate("ES256")

    def exchanged(signed: Any) -> None:
        signed.version = 2
        for role in (roles.SNAPSHOT, roles.TIMESTAMP):
            for keyid in list(signed.roles[role].keyids):
                signed.revoke_key(keyid, role)
            signed.add_key(keys.written(fresh.public_jwk, state=None), role)

    roots = (*World().roots, altered(World().roots[0], exchanged, roles.ROOT))
    fetched = replace(World(), roots=roots).fetched()
    online = (MetadataSigner(fresh, state=None),)
    snapshot = altered(fetched.snapshot, unchanged, roles.SNAPSHOT, by=online)

    def over(signed: Any) -> None:
        signed.snapshot_meta = MetaFile.from_data(1, snapshot, ["sha256"])

    stamp = altered(fetched.timestamp, over, roles.TIMESTAMP, by=online)
    recovered = replace(fetched, snapshot=snapshot, timestamp=stamp)
    view = examine(recovered, bootstrap=roots[0], floors=floors, at=AT)

    assert view.versions[roles.TIMESTAMP] == 1
    assert view.floors.roles[roles.TARGETS] == floors.roles[roles.TARGETS]


@pytest.mark.parametrize("consistent", [False, None])
def test_a_region_without_consistent_snapshots_is_refused(consistent: bool | None) -> None:
    def change(signed: Any) -> None:
        signed.consistent_snapshot = consistent

    assert refused(replace(World(), roots=(altered(World().roots[0], change, roles.ROOT),))).code == (
        "trust.metadata_invalid"
    )


@pytest.mark.parametrize("threshold", [1, 5])
def test_a_region_that_one_officer_decides_or_that_needs_every_officer_is_refused(threshold: int) -> None:
    def change(signed: Any) -> None:
        signed.roles[roles.TARGETS].threshold = threshold

    assert refused(replace(World(), roots=(altered(World().roots[0], change, roles.ROOT),))).code == (
        "trust.metadata_invalid"
    )


def test_metadata_of_the_other_environment_is_refused() -> None:
    live = DistributionFloors(Environment.LIVE)

    assert refused(World(), floors=live).code == "trust.environment_mismatch"


# Delegations


@pytest.mark.parametrize(
    "change",
    [
        lambda role: setattr(role, "paths", ["lists/TH/*"]),
        lambda role: setattr(role, "paths", ["lists/SG/*", "lists/TH/*"]),
        lambda role: setattr(role, "terminating", False),
        lambda role: setattr(role, "threshold", 3),
    ],
)
def test_a_delegation_with_other_terms_than_ours_refuses_the_region(change: Callable[[Any], None]) -> None:
    world = World().with_altered(roles.TARGETS, lambda signed: change(signed.delegations.roles["SG"]))

    assert refused(world).code == "trust.metadata_invalid"


def test_a_key_of_another_state_in_a_role_refuses_the_region() -> None:
    thai = region().keys.roles.of_state(TH)[0]

    def change(signed: Any) -> None:
        signed.add_key(keys.written(thai.public_jwk, state=TH), "SG")

    assert refused(World().with_altered(roles.TARGETS, change)).code == "trust.metadata_invalid"


def test_one_key_in_the_roles_of_two_states_refuses_the_region() -> None:
    thai = region().keys.roles.of_state(TH)[0]

    def change(signed: Any) -> None:
        signed.delegations.keys[thai.kid] = keys.written(thai.public_jwk, state=SG)
        signed.delegations.roles["SG"].keyids.append(thai.kid)

    assert refused(World().with_altered(roles.TARGETS, change)).code == "trust.metadata_invalid"


def test_a_key_that_no_role_uses_refuses_the_region() -> None:
    idle = generate("ES256")

    def change(signed: Any) -> None:
        signed.delegations.keys[idle.kid] = keys.written(idle.public_jwk, state=SG)

    assert refused(World().with_altered(roles.TARGETS, change)).code == "trust.metadata_invalid"


def test_a_top_level_that_lists_lists_itself_is_refused() -> None:
    def change(signed: Any) -> None:
        signed.targets["lists/SG/list.jws"] = TargetFile.from_data("lists/SG/list.jws", b"x", ["sha256"])

    assert refused(World().with_altered(roles.TARGETS, change)).code == "trust.metadata_invalid"


@pytest.mark.parametrize("missing", [roles.AGREEMENTS, roles.DENY])
def test_a_region_without_agreements_or_deny_list_is_refused(missing: str) -> None:
    def change(signed: Any) -> None:
        for keyid in list(signed.delegations.roles[missing].keyids):
            signed.revoke_key(keyid, missing)
        del signed.delegations.roles[missing]

    assert refused(World().with_altered(roles.TARGETS, change)).code == "trust.metadata_invalid"
