"""Drafts against what stands: editions, joining, handing over, renewing, and the founding of a region."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from idbridge.crypto.signer import FileSigner, generate
from idbridge.errors import ConfigurationError, FetchError, TrustError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment, MemberState
from idbridge.trust.operator import comparison, drafting, founding, handing_over, published
from idbridge.trust.operator.drafting import Intent
from idbridge.trust.operator.founding import Founders
from idbridge.trust.operator.public_keys import PublicKeys
from idbridge.trust.operator.taking_up import OnlineRole, Places
from idbridge.trust.tuf import proposal, roles, writing
from idbridge.trust.tuf.client import DirectoryTree
from idbridge.trust.tuf.proposal import Proposal
from idbridge.trust.tuf.repository import TufRepository
from tests.trust.distribution.places import Place
from tests.trust.operator.offices import (
    KH,
    LATER,
    MY,
    SECOND,
    SG,
    TH,
    Office,
    officers_sign,
    online_role,
    public_of,
    standing,
)

Open = Callable[[MemberState], Office]
TL = MemberState.TL


def officer(place: Place, state: MemberState = SG, role: str = roles.TARGETS) -> FileSigner:
    return dict(place.region.keys.roles.officers(role))[state]


def wants(signer: FileSigner, act: str = "test") -> Intent:
    return Intent(act, "a test", signer, LATER)


def new_keys(public: PublicKeys) -> tuple[PublicKeys, tuple[FileSigner, ...]]:
    """The same state with new keys of its role."""
    signers = tuple(generate("ES256") for _ in range(3))
    return replace(public, role=tuple(dict(one.public_jwk) for one in signers), threshold=2), signers


def publish(place: Place, *made: Proposal, at: Any = LATER) -> None:
    online_role(place).publish(made, at=at)


# A state's list


def test_an_edition_for_another_environment_is_not_drafted(sg: Office) -> None:
    sg.workspace.write_public(replace(sg.workspace.public(), environment=Environment.LIVE))

    with pytest.raises(ConfigurationError):
        sg.edition()


def test_an_edition_that_nodes_would_refuse_is_not_drafted(sg: Office) -> None:
    text = sg.workspace.text().replace('status = "superseded"', 'status = "withdrawn"', 1)

    with pytest.raises(TrustError) as caught:
        sg.edition(workspace=sg.workspace.edited(text))

    assert caught.value.code == "trust.history_rewritten"


def test_the_next_edition_follows_the_present_one_and_names_what_it_changes(sg: Office) -> None:
    made = sg.edition()

    change = comparison.change_of(sg.standing(), "SG", made.file.signed, made.targets)

    assert (made.file.version, change.digest) == (2, made.diff_digest)
    assert {fact.what: fact.after for fact in change.facts}["sequence"] == 2
    publish(sg.place, sg.signed(made, 1))
    assert sg.place.load(at=LATER).lists[SG].provenance.sequence == 2


def test_a_change_of_something_that_is_not_there_cannot_be_told(sg: Office) -> None:
    before = sg.standing()
    empty = writing.state_role(drafting.issue(before, "SG", at=LATER), SG, octets=None, entry=None)

    with pytest.raises(TrustError) as caught:
        comparison.change_of(before, "SG", empty, {})

    assert caught.value.code == "trust.snapshot_mismatch"
    again = sg.edition()
    with pytest.raises(TrustError) as caught:
        comparison.change_of(before, "SG", again.file.signed, {})
    assert caught.value.code == "trust.snapshot_mismatch"


# Joining, and exchanging keys


def test_a_state_that_is_in_the_region_does_not_join_again(place: Place) -> None:
    with pytest.raises(ConfigurationError):
        drafting.joined(standing(place), public_of(place.region, TH), wants(officer(place)))


def test_keys_for_the_other_environment_are_not_taken(place: Place) -> None:
    live = replace(public_of(place.region, TH), environment=Environment.LIVE)

    with pytest.raises(ConfigurationError):
        drafting.joined(standing(place), live, wants(officer(place)))
    with pytest.raises(ConfigurationError):
        handing_over.require_countersigned(standing(place), live, b"{}")


def test_a_state_exchanges_its_keys_only_with_enough_of_the_present_ones(sg: Office) -> None:
    before, (public, new) = sg.standing(), new_keys(public_of(sg.place.region, SG))
    one = handing_over.countersigned(before, public, [], sg.keys[:1])

    with pytest.raises(TrustError) as caught:
        handing_over.require_countersigned(before, public, one)
    assert caught.value.code == "trust.reanchored"
    with pytest.raises(TrustError) as caught:
        handing_over.countersigned(before, public, [], new)
    assert caught.value.code == "trust.signer_unknown"
    other, _ = new_keys(public)
    for wrong in (handing_over.countersigned(before, other, [], sg.keys[:1]), b"{}", b"{"):
        with pytest.raises(TrustError) as caught:
            handing_over.countersigned(before, public, [wrong], sg.keys[1:2])
        assert caught.value.code == "trust.snapshot_mismatch"

    two = handing_over.countersigned(before, public, [one, one], sg.keys[1:2])
    handing_over.require_countersigned(before, public, two)


def test_new_keys_and_the_first_edition_under_them_are_published_together(sg: Office) -> None:
    place, before = sg.place, sg.standing()
    place.load(at=LATER)
    public, new = new_keys(public_of(place.region, SG))
    document = handing_over.countersigned(before, public, [], sg.keys[:2])
    exchanged = drafting.handed_over(before, public, document, wants(officer(place), "handover"))
    exchanged = officers_sign(place, exchanged, TH, MY)
    sg.workspace.write_public(public)
    after = published.following(before, exchanged)
    made = drafting.list_edition(after, sg.workspace, wants(new[0]), list_signer=sg.list_key)
    made = proposal.signed(made, new[1], voters=after.voters("SG"), at=LATER)

    publish(place, exchanged, made)

    trusted = place.load(at=LATER)
    assert not trusted.refused
    assert trusted.lists[SG].provenance.sequence == 2
    assert "handovers" in {fact["what"] for fact in exchanged.diff["facts"]}


def test_a_state_that_never_joined_hands_nothing_over(place: Place) -> None:
    before = standing(place)
    top = before.top
    assert top is not None
    wanted = {name: one for name, one in drafting.delegations(top).items() if name != "TL"}
    gone = replace(before, top=writing.targets(
        drafting.issue(before, roles.TARGETS, at=LATER), delegations=wanted, handovers={}))  # fmt: skip

    with pytest.raises(ConfigurationError):
        drafting.next_key_set(gone, public_of(place.region, TL))

    made = drafting.joined(gone, public_of(place.region, TL), wants(officer(place), "join"))
    assert {item["name"]: item["mark"] for item in made.diff["items"]}["TL"] == "+"
    sets = next(fact["after"] for fact in made.diff["facts"] if fact["what"] == "key sets")
    assert f"TL 1 {public_of(place.region, TL).key_set}" in sets


# Renewing


@pytest.mark.parametrize("role", [roles.ROOT, roles.TARGETS, roles.AGREEMENTS, roles.DENY, "SG"])
def test_any_role_is_renewed_as_it_is(place: Place, role: str) -> None:
    keys = place.region.keys.roles
    signer = {roles.ROOT: officer(place, role=roles.ROOT), roles.TARGETS: officer(place), "SG": keys.of_state(SG)[0]}
    made = drafting.renewed(standing(place), role, wants(signer.get(role, keys.on_call(SG)), "renew"))
    if role in (roles.ROOT, roles.TARGETS):
        made = officers_sign(place, made, TH, MY)
    if role == "SG":
        voters = standing(place).voters("SG")
        made = proposal.signed(made, keys.of_state(SG)[1], voters=voters, at=LATER)

    publish(place, made)

    assert not place.load(at=LATER).refused
    assert standing(place).version(role) == 2


def test_what_was_never_published_is_not_renewed(place: Place) -> None:
    nothing = replace(standing(place), versions={})

    with pytest.raises(ConfigurationError):
        drafting.renewed(nothing, "SG", wants(officer(place)))


# What stands


def test_a_tree_under_another_root_is_not_read(place: Place, tmp_path: Path) -> None:
    with pytest.raises(TrustError) as caught:
        published.read(place.tree.reader, b"{}")
    assert caught.value.code == "trust.metadata_invalid"


def test_without_a_tree_nothing_can_be_had(place: Place) -> None:
    with pytest.raises(FetchError):
        replace(standing(place), tree=None).list_of(SG)


def test_what_is_not_the_file_that_was_named_is_not_compared_with(place: Place) -> None:
    for path in (place.tree.directory / "targets" / "lists" / "SG").iterdir():
        path.write_bytes(b"x")

    with pytest.raises(TrustError) as caught:
        standing(place).list_of(SG)

    assert caught.value.code == "trust.snapshot_mismatch"


def test_one_role_that_is_not_in_order_holds_up_nobody_else(place: Place) -> None:
    (place.tree.directory / "metadata" / "1.TH.json").write_bytes(b"{}")

    before = standing(place)

    assert "TH" not in before.roles
    assert before.version("TH") == 1
    assert before.list_of(TH) is None
    assert before.list_of(SG) is not None


def test_a_role_of_another_version_or_hash_than_the_snapshot_names_is_not_in_order(place: Place) -> None:
    metadata = place.tree.directory / "metadata"
    (metadata / "1.targets.json").write_bytes((metadata / "1.targets.json").read_bytes() + b"\n")

    with pytest.raises(TrustError) as caught:
        standing(place)

    assert caught.value.code == "trust.snapshot_mismatch"


def test_nobody_signs_for_a_role_that_the_region_does_not_delegate(place: Place) -> None:
    before = standing(place)

    for nobody in (replace(before, top=None), before):
        with pytest.raises(TrustError) as caught:
            nobody.voters("nobody")
        assert caught.value.code == "trust.signer_unknown"


# Founding a region


def founders(place: Place, *states: MemberState, threshold: int = 2, **changes: Any) -> Founders:
    found = tuple(replace(public_of(place.region, state), **changes) for state in states)
    online = dict(place.region.keys.roles.online.public_jwk)
    return Founders(found, threshold, online)


@pytest.mark.parametrize(
    ("states", "threshold"),
    [((), 2), ((SG, SG, TH), 2), ((SG, TH, KH), 2), ((SG, TH, MY), 1), ((SG, TH, MY), 3)],
)
def test_fewer_than_three_states_with_an_officer_found_no_region(
    place: Place, states: tuple[MemberState, ...], threshold: int
) -> None:
    with pytest.raises(ConfigurationError):
        founding.founded(
            founders(place, *states, threshold=threshold), wants(place.region.keys.roles.online, "found")
        )  # fmt: skip


def test_states_of_two_environments_found_no_region(place: Place) -> None:
    wanted = founders(place, SG, TH, MY)
    mixed = replace(wanted, states=(replace(wanted.states[0], environment=Environment.LIVE), *wanted.states[1:]))

    with pytest.raises(ConfigurationError):
        founding.founded(mixed, wants(place.region.keys.roles.online, "found"))


def test_a_region_is_founded_by_its_officers_and_has_its_first_list(sg: Office, tmp_path: Path) -> None:
    place, keys = sg.place, sg.place.region.keys.roles
    made = founding.founded(founders(place, SG, TH, MY), wants(keys.online, founding.FOUND))
    before = published.proposed(made[0], made[1])
    signed = []
    for one in made:
        signers = [key for state, key in keys.officers(one.role) if state in (SG, TH)] if one.role in (
            roles.ROOT, roles.TARGETS) else [keys.on_call(SG)]  # fmt: skip
        for signer in signers:
            voters = before.voters(one.role, proposed=one.file.signed)
            one = proposal.signed(one, signer, voters=voters, at=LATER)
        signed.append(one)
    edition = drafting.list_edition(before, sg.workspace, wants(sg.keys[0]), list_signer=sg.list_key)
    edition = proposal.signed(edition, sg.keys[1], voters=before.voters("SG"), at=LATER)
    places = Places(tmp_path / "tree", tmp_path / "root.json", tmp_path / "state")
    role = OnlineRole(places, keys.online)

    trial = role.begin([*signed, edition], at=LATER, dry_run=True)
    assert not places.tree.exists()
    role.begin([*signed, edition], at=LATER)

    assert trial.timestamp_version == 1
    node = tmp_path / "node"
    node.mkdir(mode=0o700)
    repository = TufRepository(DirectoryTree(places.tree), places.root_file, node)
    repository.initialise()
    trusted = repository.load(at=LATER)
    assert set(trusted.lists) == {SG}
    assert not trusted.refused
    assert trusted.states_without_list[TH] == "trust.not_configured"
    with pytest.raises(ConfigurationError):
        role.begin([*signed, edition], at=LATER)


def test_a_root_that_is_there_already_is_not_replaced_by_another(sg: Office, tmp_path: Path) -> None:
    place, keys = sg.place, sg.place.region.keys.roles
    made = founding.founded(founders(place, SG, TH, MY), wants(keys.online, founding.FOUND))
    before = published.proposed(made[0], made[1])
    root, top = made[0], made[1]
    for state in (SG, TH):
        root = proposal.signed(root, officer(place, state, roles.ROOT), voters=before.voters(
            roles.ROOT, proposed=root.file.signed), at=LATER)  # fmt: skip
        top = proposal.signed(top, officer(place, state), voters=before.voters(roles.TARGETS), at=LATER)
    (tmp_path / "root.json").write_bytes(place.root_file.read_bytes())
    role = OnlineRole(Places(tmp_path / "tree", tmp_path / "root.json", tmp_path / "state"), keys.online)

    with pytest.raises(ConfigurationError):
        role.begin([root, top], at=LATER)


def test_officers_are_exchanged_by_those_before_and_those_after(place: Place) -> None:
    before = standing(place)
    wanted = Founders(
        tuple(public_of(place.region, state) for state in (SG, TH, MY, KH)),
        founding.usual_threshold([public_of(place.region, state) for state in (SG, TH, MY, KH)]),
        dict(before.online_key().jwk),
    )
    made = founding.next_root(before, wanted, wants(officer(place, role=roles.ROOT), "officers"))

    voters = before.voters(roles.ROOT, proposed=made.file.signed)

    assert [one.quorum.threshold for one in voters] == [3, 2]
    made = officers_sign(place, made, TH, MY)
    publish(place, made)
    assert standing(place).root.version == 2
    assert place.load(at=LATER + SECOND).regional is not None
    assert LIMITS.root_lifetime > timedelta(days=365)
