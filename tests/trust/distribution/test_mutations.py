"""Thousands of damaged metadata files and documents: none is taken up as something that nobody signed.

What a mutation leaves as it was, such as white space or a signature beyond the threshold, may pass; what is signed must
then be the same. ``IDBRIDGE_MUTATIONS`` sets how many there are in all.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from random import Random
from types import MappingProxyType
from typing import Any

import pytest
from tuf.api.metadata import Metadata
from tuf.api.serialization.json import CanonicalJSONSerializer

from idbridge.errors import TrustError
from idbridge.model.region import MemberState
from idbridge.trust.trusted_set import TrustedSet
from idbridge.trust.tuf import roles, writing
from idbridge.trust.tuf.acceptance import authorities
from idbridge.trust.tuf.second_lock import Fetched, RegionalView, examine
from tests.trust.distribution.kit import AT, FLOORS, SANDBOX, World, first_change, issue, region, signers
from tests.trust.json_mutation import flipped, mutated

MUTATIONS = int(os.environ.get("IDBRIDGE_MUTATIONS", "20000"))
ROLES = MUTATIONS * 35 // 100
TOP = MUTATIONS * 10 // 100
DOCUMENTS = MUTATIONS * 20 // 100
RESIGNED = MUTATIONS * 5 // 100
CARRIED = (*sorted(state.value for state in MemberState), roles.AGREEMENTS, roles.DENY)


def payload(octets: bytes) -> bytes:
    return CanonicalJSONSerializer().serialize(Metadata.from_bytes(octets).signed)


def damaged(random: Random, octets: bytes, *, others: tuple[bytes, ...] = ()) -> bytes:
    """Return metadata with a bit flipped, a member changed, or the signatures of another file."""
    kind = random.randrange(5)
    if kind == 0:
        return flipped(random, octets)
    document = json.loads(octets)
    if kind == 1 and others:
        document["signatures"] = json.loads(random.choice(others))["signatures"]
        return json.dumps(document).encode()
    if kind == 2:
        document["signed"] = mutated(random, document["signed"])
        return json.dumps(document).encode()
    return json.dumps(mutated(random, document)).encode()


def over(files: Mapping[str, bytes]) -> Fetched:
    """Return what an attacker with the online key offers: a snapshot and a timestamp over ``files``, as they are."""
    versions = {name: (1, octets) for name, octets in files.items()}
    snapshot = writing.signed(writing.snapshot(issue(), files=versions), signers(roles.SNAPSHOT))
    stamp = writing.timestamp(issue(), snapshot_version=1, octets=snapshot)
    return Fetched(
        roots=World().roots,
        timestamp=writing.signed(stamp, signers(roles.TIMESTAMP)),
        snapshot=snapshot,
        targets=files[roles.TARGETS],
        roles=MappingProxyType({name: octets for name, octets in files.items() if name != roles.TARGETS}),
        files=first_change().targets,
        role_faults={},
        faults={},
    )


def passed(view: RegionalView) -> set[str]:
    carriers = {roles.AGREEMENTS: view.agreements, roles.DENY: view.deny}
    listed = {state.value for state in (*view.states, *view.withdrawn)}
    return listed | {name for name, carried in carriers.items() if carried is not None}


def test_no_damaged_role_passes_even_under_a_stolen_online_key() -> None:
    random = Random(20261128)
    honest = first_change().roles
    accepted = 0
    for _ in range(ROLES // len(CARRIED)):
        files = dict(honest) | {name: damaged(random, honest[name], others=tuple(honest.values())) for name in CARRIED}
        for name in passed(examine(over(files), bootstrap=World().roots[0], floors=FLOORS, at=AT)):
            accepted += 1
            assert payload(files[name]) == payload(honest[name]), name

    assert accepted < ROLES // 10


def test_no_damaged_top_of_the_tree_passes() -> None:
    random = Random(20261129)
    fetched = World().fetched()
    originals = {"timestamp": fetched.timestamp, "snapshot": fetched.snapshot, "targets": fetched.targets}
    passes = 0
    for _ in range(TOP):
        name = random.choice(sorted(originals))
        offered = replace(fetched, **{name: damaged(random, originals[name], others=tuple(originals.values()))})
        try:
            examine(offered, bootstrap=World().roots[0], floors=FLOORS, at=AT)
        except TrustError:
            continue
        passes += 1
        assert name == "timestamp", "snapshot and top level are named by their hash"
        assert payload(getattr(offered, name)) == payload(originals[name])

    assert passes < TOP // 10


def test_no_role_passes_that_others_signed() -> None:
    """Well-formed roles with one change, signed by whoever may not: another state, the online key, too few."""
    random = Random(20261130)
    honest = first_change().roles
    for _ in range(RESIGNED // len(CARRIED)):
        files = dict(honest)
        for name in CARRIED:
            signed = Metadata.from_bytes(honest[name]).signed
            signed.version = random.choice((1, 2, 3))
            other = random.choice([one for one in sorted(MemberState.__members__) if one != name])
            by: Any = random.choice((signers(other), signers(roles.SNAPSHOT), signers(roles.TARGETS)))
            files[name] = writing.signed(signed, by)
        view = examine(_versioned(files), bootstrap=World().roots[0], floors=FLOORS, at=AT)

        assert passed(view) == set()
        assert {refusal.code for refusal in view.refused.values()} == {"trust.threshold_missing"}


def _versioned(files: Mapping[str, bytes]) -> Fetched:
    fetched = over(files)
    named = {name: (Metadata.from_bytes(octets).signed.version, octets) for name, octets in files.items()}
    snapshot = writing.signed(writing.snapshot(issue(), files=named), signers(roles.SNAPSHOT))
    stamp = writing.timestamp(issue(), snapshot_version=1, octets=snapshot)
    return replace(fetched, snapshot=snapshot, timestamp=writing.signed(stamp, signers(roles.TIMESTAMP)))


def held() -> TrustedSet:
    return TrustedSet(SANDBOX, MappingProxyType(region().pins()))


def signed_text(octets: bytes) -> Any:
    return json.loads(octets)["payload"]


@pytest.mark.parametrize("kind", ["arrangement", "purposes", "deny"])
def test_no_damaged_document_is_taken_up(kind: str) -> None:
    random = Random(f"documents {kind}")
    made = region()
    offers = {
        "arrangement": [one for versions in made.published.arrangements.values() for one in versions[:1]],
        "purposes": [made.published.purposes],
        "deny": [first_change().targets[roles.DENY_LIST]],
    }[kind]
    who = authorities(World().examined())
    passes = 0
    for _ in range(DOCUMENTS // 3):
        honest = random.choice(offers)
        offered = (
            flipped(random, honest)
            if random.randrange(3) == 0
            else json.dumps(mutated(random, json.loads(honest))).encode()
        )
        try:
            if kind == "arrangement":
                held().with_arrangement(offered)
            elif kind == "purposes":
                held().with_purposes(offered)
            else:
                held().with_deny_list(offered, authorities=who, at=AT)
        except TrustError:
            continue
        passes += 1
        if kind == "deny":
            assert json.loads(offered)["entries"] == []
        else:
            assert signed_text(offered) == signed_text(honest)

    assert passes < DOCUMENTS // 10
