"""The second lock: what is refused with the whole region, and with which code."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tuf.api.metadata import MetaFile

from idbridge.crypto.signer import generate
from idbridge.errors import TrustError
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
    altered,
    issue,
    region,
    role_with_list,
    signers,
    unchanged,
)
from tests.trust.distribution.refusals import refused

SG, TH = MemberState.SG, MemberState.TH


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
