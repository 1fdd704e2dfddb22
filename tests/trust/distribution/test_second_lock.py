"""The second lock: what is refused with the whole region, what with one state alone, and with which code."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tuf.api.metadata import MetaFile, TargetFile

from idbridge.crypto.signer import generate
from idbridge.errors import TrustError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment, MemberState
from idbridge.trust.tuf import keys, roles, writing
from idbridge.trust.tuf.floors import DistributionFloors
from idbridge.trust.tuf.keys import MetadataSigner
from idbridge.trust.tuf.second_lock import examine
from tests.trust.distribution.kit import (
    AT,
    FLOORS,
    HOUR,
    World,
    altered,
    issue,
    region,
    role_with_list,
    signers,
    unchanged,
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


def test_what_everybody_signed_passes_with_all_eleven_states() -> None:
    view = World().examined()

    assert set(view.states) == set(MemberState)
    assert not view.refused
    assert not view.withdrawn
    assert view.signed_at == AT
    assert view.expires == AT + timedelta(hours=24)
    assert view.versions == {"root": 1, "timestamp": 1, "snapshot": 1, "targets": 1}


# The region


def test_an_older_timestamp_is_refused() -> None:
    floors = World().later().examined(at=AT + HOUR).floors

    assert refused(World(), floors=floors).code == "trust.rollback"


def test_a_second_snapshot_under_one_version_is_refused() -> None:
    floors = World().examined().floors
    other = World().with_role("SG", role_with_list(SG, 2))

    assert refused(other, floors=floors).code == "trust.equivocation"


def test_versions_that_run_far_ahead_are_refused() -> None:
    floors = World().examined().floors
    far = replace(World(), version=2 + LIMITS.metadata_version_step)

    assert refused(far, floors=floors).code == "trust.sequence_jump"


def test_a_version_out_of_bounds_is_refused() -> None:
    assert refused(replace(World(), version=LIMITS.metadata_version + 1)).code == "trust.metadata_invalid"


@pytest.mark.parametrize(("hours", "code"), [(24, "trust.expired"), (25, "trust.expired")])
def test_an_expired_timestamp_refuses_the_whole_region(hours: int, code: str) -> None:
    assert refused(World(), at=AT + hours * HOUR).code == code


def test_a_timestamp_is_good_to_its_last_second() -> None:
    assert World().examined(at=AT + 24 * HOUR - timedelta(seconds=1)).states


def test_a_timestamp_from_the_future_is_refused() -> None:
    early = AT - LIMITS.list_issue_skew - timedelta(seconds=1)

    assert refused(World(), at=early).code == "trust.issued_in_future"
    assert World().examined(at=AT - LIMITS.list_issue_skew).states


@pytest.mark.parametrize(
    ("role", "longest"),
    [
        (roles.TIMESTAMP, LIMITS.timestamp_lifetime),
        (roles.SNAPSHOT, LIMITS.snapshot_lifetime),
        (roles.TARGETS, LIMITS.targets_lifetime),
        (roles.ROOT, LIMITS.root_lifetime),
        ("SG", LIMITS.state_role_lifetime),
        (roles.AGREEMENTS, LIMITS.agreements_lifetime),
        (roles.DENY, LIMITS.deny_role_lifetime),
    ],
)
def test_no_role_may_be_good_for_longer_than_its_terms(role: str, longest: timedelta) -> None:
    def living(life: timedelta) -> World:
        def change(signed: Any) -> None:
            signed.expires = AT + life

        if role in (roles.TIMESTAMP, roles.SNAPSHOT):
            return replace(World(), **{role: change})
        if role == roles.ROOT:
            return replace(World(), roots=(altered(World().roots[0], change, role),))
        return World().with_altered(role, change)

    too_long = living(longest + timedelta(seconds=1))
    region_wide = role in (roles.TIMESTAMP, roles.SNAPSHOT, roles.TARGETS, roles.ROOT)
    found = refused(too_long) if region_wide else too_long.examined().refused[role]

    assert found.code == "trust.lifetime_too_long"
    assert not living(longest).examined().refused


def test_a_snapshot_that_names_files_without_hashes_is_refused() -> None:
    def bare(signed: Any) -> None:
        signed.meta["targets.json"] = MetaFile(1)

    assert refused(replace(World(), snapshot=bare)).code == "trust.metadata_invalid"


def test_a_timestamp_that_names_its_snapshot_without_hash_is_refused() -> None:
    def bare(signed: Any) -> None:
        signed.snapshot_meta = MetaFile(1)

    assert refused(replace(World(), timestamp=bare)).code == "trust.metadata_invalid"


def test_a_snapshot_of_another_publication_is_refused() -> None:
    fetched = World().fetched()
    other = replace(fetched, snapshot=World().later().fetched().snapshot)

    with pytest.raises(TrustError) as caught:
        examine(other, bootstrap=World().roots[0], floors=FLOORS, at=AT + HOUR)

    assert caught.value.code == "trust.snapshot_mismatch"


def test_a_snapshot_that_forgets_the_top_level_is_refused() -> None:
    def forgetful(signed: Any) -> None:
        del signed.meta["targets.json"]

    assert refused(replace(World(), snapshot=forgetful)).code == "trust.snapshot_mismatch"


def test_a_top_level_of_two_officers_is_refused() -> None:
    few = World().with_altered(roles.TARGETS, unchanged, by=signers(roles.TARGETS)[:2])

    assert refused(few).code == "trust.threshold_missing"


def test_officers_of_one_state_count_once() -> None:
    role_keys = region().keys.roles
    extra = generate("ES256")
    holders = (*role_keys.group(roles.TARGETS).holders, writing.Holder(extra.public_jwk, MemberState.SG))
    root = writing.root(
        issue(),
        region=role_keys.group(roles.ROOT),
        targets=writing.Group(holders, 3),
        online=role_keys.group(roles.TIMESTAMP),
    )
    roots = (writing.signed(root, signers(roles.ROOT)),)
    own = dict(role_keys.officers(roles.TARGETS))
    two_states = (
        MetadataSigner(own[MemberState.SG], state=MemberState.SG),
        MetadataSigner(extra, state=MemberState.SG),
        MetadataSigner(own[MemberState.TH], state=MemberState.TH),
    )
    three_keys = replace(World(), roots=roots).with_altered(roles.TARGETS, unchanged, by=two_states)

    assert refused(three_keys).code == "trust.threshold_missing"
    assert replace(World(), roots=roots).examined().states


def test_the_online_key_cannot_sign_the_top_level() -> None:
    stolen = World().with_altered(roles.TARGETS, unchanged, by=signers(roles.SNAPSHOT))

    assert refused(stolen).code == "trust.threshold_missing"


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


# One state


def test_a_state_without_delegation_is_a_withdrawal_and_no_fault() -> None:
    def change(signed: Any) -> None:
        for keyid in list(signed.delegations.roles["SG"].keyids):
            signed.revoke_key(keyid, "SG")
        del signed.delegations.roles["SG"]

    view = World().with_altered(roles.TARGETS, change).examined()

    assert view.withdrawn == {SG}
    assert not view.refused
    assert SG not in view.states


def test_a_role_that_lists_no_list_is_a_withdrawal() -> None:
    view = World().with_altered("SG", lambda signed: signed.targets.clear()).examined()

    assert view.withdrawn == {SG}
    assert not view.refused


def test_a_role_below_its_threshold_is_refused_alone() -> None:
    few = World().with_altered("SG", unchanged, by=signers("SG")[:1])

    assert only_refusal(few, "SG").code == "trust.threshold_missing"


def test_a_role_signed_by_another_state_is_refused_alone() -> None:
    foreign = World().with_altered("SG", unchanged, by=signers("TH"))

    assert only_refusal(foreign, "SG").code == "trust.threshold_missing"


def test_an_expired_role_is_refused_alone() -> None:
    def change(signed: Any) -> None:
        signed.expires = AT + HOUR

    assert only_refusal(replace(World().with_altered("SG", change), at=AT + HOUR), "SG").code == "trust.expired"


def test_an_older_role_is_refused_alone() -> None:
    newer = World().with_role("SG", role_with_list(SG, 2))
    floors = newer.examined().floors
    older = replace(World(), version=2)

    assert only_refusal(older, "SG", floors=floors).code == "trust.rollback"


def test_a_role_that_delegates_further_is_refused_alone() -> None:
    def change(signed: Any) -> None:
        donor = writing.targets(issue(), delegations=region().keys.roles.delegations(), handovers={})
        signed.delegations = donor.delegations

    assert only_refusal(World().with_altered("SG", change), "SG").code == "trust.metadata_invalid"


def test_a_role_that_lists_a_neighbours_list_is_refused_alone() -> None:
    def change(signed: Any) -> None:
        signed.targets["lists/TH/list.jws"] = TargetFile.from_data("lists/TH/list.jws", b"x", ["sha256"])

    assert only_refusal(World().with_altered("SG", change), "SG").code == "trust.territory_mismatch"


@pytest.mark.parametrize("path", ["lists/SG/..", "lists/SG/.list", "lists/SG/a b", "lists/SG/"])
def test_a_role_that_lists_an_odd_path_is_refused_alone(path: str) -> None:
    def change(signed: Any) -> None:
        signed.targets[path] = TargetFile.from_data(path, b"x", ["sha256"])

    assert only_refusal(World().with_altered("SG", change), "SG").code == "trust.territory_mismatch"


def test_a_role_with_too_many_files_is_refused_alone() -> None:
    def change(signed: Any) -> None:
        for number in range(LIMITS.target_files):
            path = f"lists/SG/{number}"
            signed.targets[path] = TargetFile(1, {"sha256": "0"}, path)

    found = World().with_altered("SG", change).examined().refused["SG"]

    assert found.code == "trust.metadata_invalid"


def test_a_list_that_is_not_the_one_named_is_refused_alone() -> None:
    path = roles.list_path(SG)
    swapped = World(targets={**World().targets, path: World().targets[roles.list_path(TH)]})

    assert only_refusal(swapped, "SG").code == "trust.snapshot_mismatch"


def test_a_list_that_is_named_by_another_hash_is_refused_alone() -> None:
    def change(signed: Any) -> None:
        target = signed.targets[roles.list_path(SG)]
        signed.targets[roles.list_path(SG)] = TargetFile(
            target.length, {"sha512": "0" * 128}, target.path, target.unrecognized_fields
        )

    assert only_refusal(World().with_altered("SG", change), "SG").code == "trust.metadata_invalid"


@pytest.mark.parametrize("fault", ["trust.unreachable", "trust.expired"])
@pytest.mark.parametrize("subject", ["SG", "lists/SG/list.jws"])
def test_a_fault_of_the_first_lock_is_that_state_s_alone(fault: str, subject: str) -> None:
    assert only_refusal(World(faults={subject: fault}), "SG").code == fault


def test_a_role_or_a_list_that_is_not_there_is_unreachable() -> None:
    without_role = World(files={name: one for name, one in World().files.items() if name != "SG"})
    fetched = replace(World().fetched(), roles=without_role.files)
    view = examine(fetched, bootstrap=World().roots[0], floors=FLOORS, at=AT)
    no_list = World(targets={path: one for path, one in World().targets.items() if path != roles.list_path(SG)})

    assert view.refused["SG"].code == "trust.unreachable"
    assert only_refusal(no_list, "SG").code == "trust.unreachable"


def test_a_role_that_the_snapshot_names_otherwise_is_refused_alone() -> None:
    fetched = World().fetched()
    swapped = replace(fetched, roles={**fetched.roles, "SG": role_with_list(SG, 1, at=AT + HOUR)})
    view = examine(swapped, bootstrap=World().roots[0], floors=FLOORS, at=AT + HOUR)

    assert view.refused["SG"].code == "trust.snapshot_mismatch"


@pytest.mark.parametrize(
    "change",
    [
        lambda entry: entry.update(sequence="1"),
        lambda entry: entry.update(sequence=0),
        lambda entry: entry.pop("keys"),
        lambda entry: entry.update(keys=[]),
        lambda entry: entry.update(surprise=1),
        lambda entry: entry.update(signer="nobody"),
        lambda entry: entry.update(documentKeys=entry["keys"]),
        lambda entry: entry.update(keys=entry["keys"] * 2),
    ],
)
def test_an_entry_in_disorder_is_refused_alone(change: Callable[[Any], None]) -> None:
    def altered_entry(signed: Any) -> None:
        change(signed.targets[roles.list_path(SG)].unrecognized_fields["custom"]["idbridge"])

    assert only_refusal(World().with_altered("SG", altered_entry), "SG").code == "trust.metadata_invalid"


@pytest.mark.parametrize("role", [roles.AGREEMENTS, roles.DENY])
def test_agreements_and_deny_list_are_refused_without_touching_a_state(role: str) -> None:
    view = World().with_altered(role, unchanged, by=signers(roles.SNAPSHOT)).examined()

    assert view.refused[role].code == "trust.threshold_missing"
    assert set(view.states) == set(MemberState)


def test_one_faulty_agreement_is_named_and_the_others_are_kept() -> None:
    path = "arrangements/SG-TH/1.json"
    world = World(targets={**World().targets, path: b"{}"})
    carried = world.examined().agreements

    assert carried is not None
    assert carried.faulty[path].code == "trust.snapshot_mismatch"
    assert path not in carried.files
    assert "arrangements/ASEAN/1.json" in carried.files
