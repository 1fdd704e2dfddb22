"""The second lock: what is refused with one state alone, and what is a withdrawal."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tuf.api.metadata import TargetFile

from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge.trust.tuf import roles, writing
from idbridge.trust.tuf.keys import MetadataSigner
from idbridge.trust.tuf.second_lock import examine
from tests.trust.distribution.kit import (
    AT,
    FLOORS,
    HOUR,
    World,
    issue,
    region,
    role_with_list,
    signers,
    unchanged,
)
from tests.trust.distribution.refusals import only_refusal

SG, TH = MemberState.SG, MemberState.TH


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


@pytest.mark.parametrize(("keys_used", "ends"), [(2, False), (3, True)])
def test_to_end_a_whole_list_takes_a_signature_more_than_usual(keys_used: int, ends: bool) -> None:
    floors = World().examined().floors
    by = tuple(MetadataSigner(key, state=SG) for key in region().keys.roles.of_state(SG)[:keys_used])

    def emptied(signed: Any) -> None:
        signed.version = 2
        signed.targets.clear()

    view = World().with_altered("SG", emptied, by=by).later().examined(floors=floors)

    assert (SG in view.withdrawn) is ends
    assert [refusal.code for refusal in view.refused.values()] == ([] if ends else ["trust.shrink_unconfirmed"])


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


def test_a_role_that_lists_a_second_file_of_its_own_is_refused_alone() -> None:
    def change(signed: Any) -> None:
        signed.targets["lists/SG/other.jws"] = TargetFile.from_data("lists/SG/other.jws", b"x", ["sha256"])

    assert only_refusal(World().with_altered("SG", change), "SG").code == "trust.metadata_invalid"


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
@pytest.mark.parametrize("where", [{"role_faults": {"SG": ""}}, {"faults": {"lists/SG/list.jws": ""}}])
def test_a_fault_of_the_first_lock_is_that_state_s_alone(fault: str, where: Any) -> None:
    world = World(**{kind: dict.fromkeys(subjects, fault) for kind, subjects in where.items()})

    assert only_refusal(world, "SG").code == fault


def test_a_file_that_is_called_like_a_role_takes_nothing_from_that_role() -> None:
    world = World(faults=dict.fromkeys(("TH", "deny", "agreements"), "trust.snapshot_mismatch"))

    assert not world.examined().refused


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
