"""Laid-down versions of the deny role: which of them is built on, whose turn it is, and what a node would remember."""

from dataclasses import replace
from datetime import datetime

import pytest
from tuf.api.metadata import Targets

from idbridge.crypto.signer import generate
from idbridge.errors import ConfigurationError, FetchError, TrustError
from idbridge.model.denial import DenialReason, DenyEntry, FollowUpKind
from idbridge.model.region import Environment, MemberState
from idbridge.trust.deny import DenyBook
from idbridge.trust.operator import deny_book, deny_queue, denying, drafting, published
from idbridge.trust.operator.drafting import Intent
from idbridge.trust.operator.published import Published
from idbridge.trust.tuf import metadata, roles, writing
from idbridge.trust.tuf.keys import MetadataSigner
from idbridge.trust.tuf.proposal import Proposal
from idbridge.trust.tuf.writing import Group, Holder
from tests.trust.distribution.places import Place
from tests.trust.operator.denials import LOGIN, SINCE, blown_up, denial, edition, listed, listing, numbered, on_call
from tests.trust.operator.offices import LATER, MY, SG, TH, online_role, standing


def accepted(before: Published, found: Proposal, *, at: datetime = LATER) -> DenyBook:
    return deny_queue.accepted(before, deny_book.standing(before), found, at=at)


def test_two_officers_in_one_night_do_not_undo_each_other(place: Place) -> None:
    before = standing(place)
    first = edition(place, before, denial(place, before, LOGIN, SG))
    place.tree.lay_down(first.name, first.octets())
    unsigned = edition(place, before, denial(place, before, "TH", TH), by=TH)
    noise = [b"{", unsigned.octets().replace(b"TH", b"TX")]
    laid_down = [octets for _, octets in place.tree.incoming()]

    then = deny_queue.standing(before, [*noise, *laid_down], at=LATER)[-1]
    second = edition(place, then, denial(place, then, "TH", TH), by=TH)
    place.tree.lay_down(second.name, second.octets())
    found = online_role(place).round(at=LATER)

    assert found.published == (first.name, second.name)
    assert {one.state for one in place.load(at=LATER).denials.in_force(LATER)} == {SG, TH}
    older = deny_queue.standing(standing(place), [first.octets()], at=LATER)[-1]
    assert older.version(roles.DENY) == 3


def altered(place: Place, before: Published, change: str) -> Proposal:
    """The list that stands, as the next version of a deny role that is altered before it is signed."""
    good = numbered(place, before, 2)
    payload = good.file.signed
    named = payload.targets[roles.DENY_LIST]
    if change == "length":
        named.length += 1
    elif change == "hashes":
        named.hashes["sha512"] = "00"
    elif change == "more":
        payload.targets["deny/more.json"] = named
    elif change == "nothing":
        del payload.targets[roles.DENY_LIST]
    else:
        named.hashes["sha256"] = "0" * 64
    octets = writing.signed(payload, (MetadataSigner(on_call(place, MY), state=MY),))
    file = metadata.read(octets, Targets, role=roles.DENY, environment=before.environment)
    return replace(good, file=file, acts=())


@pytest.mark.parametrize("change", ["length", "hashes", "more", "nothing"])
def test_a_deny_role_that_names_another_file_is_built_on_by_nobody(place: Place, change: str) -> None:
    before = standing(place)

    with pytest.raises(TrustError) as caught:
        accepted(before, altered(place, before, change))

    code = "trust.metadata_invalid" if change in ("more", "nothing") else "trust.snapshot_mismatch"
    assert caught.value.code == code


def test_nobody_builds_on_a_denial_that_no_node_accepts(place: Place) -> None:
    before = standing(place)
    good = numbered(place, before, 2)
    bad = edition(place, before, denial(place, before, "SG", MY), by=MY)
    refused = {
        "trust.deny_invalid": (bad, LATER),
        "trust.environment_mismatch": (replace(good, environment=Environment.LIVE), LATER),
        "trust.metadata_invalid": (replace(good, acts=("x",)), LATER),
        "trust.expired": (good, good.file.expires),
    }

    for code, (found, at) in refused.items():
        with pytest.raises(TrustError) as caught:
            accepted(before, found, at=at)
        assert caught.value.code == code
    with pytest.raises(FetchError):
        accepted(before, altered(place, before, "gone"))
    for one in (bad, numbered(place, before, 99)):
        assert deny_queue.standing(before, [one.octets()], at=LATER)[-1].version(roles.DENY) == 1
    assert deny_queue.standing(before, [good.octets()], at=LATER)[-1].version(roles.DENY) == 2


def test_a_denial_waits_behind_none_that_is_refused(place: Place) -> None:
    before = standing(place)
    bad = edition(place, before, denial(place, before, "SG", MY), by=MY)
    high = numbered(place, before, 99)
    place.tree.lay_down("deny-2-a.proposal.json", bad.octets())
    place.tree.lay_down("deny-99-a.proposal.json", high.octets())

    then = deny_queue.standing(before, [octets for _, octets in place.tree.incoming()], at=LATER)[-1]
    good = edition(place, then, denial(place, then, LOGIN, SG))
    place.tree.lay_down("deny-2-b.proposal.json", good.octets())
    found = online_role(place).round(at=LATER)

    assert found.published == ("deny-2-b.proposal.json",)
    assert {one.name: one.code for one in found.refused} == {
        "deny-2-a.proposal.json": "trust.deny_invalid", "deny-99-a.proposal.json": "trust.snapshot_mismatch",
    }  # fmt: skip
    assert all(one.denial for one in found.refused)
    assert [one.state for one in place.load(at=LATER).denials.in_force(LATER)] == [SG]


def test_who_denied_with_a_key_that_was_exchanged_since_is_not_asked_again(place: Place) -> None:
    before = standing(place)
    online_role(place).publish([edition(place, before, denial(place, before, LOGIN, SG))], at=LATER)
    before = standing(place)
    stranger = {SG: (generate("ES256"),)}
    denied = denying.look_up(before, "TH", at=LATER)
    unknown = denying.denial(before, denied, stranger, since=SINCE, reason=DenialReason.CESSATION, at=LATER)
    held = published.following(before, edition(place, before, unknown))

    made = edition(place, held, denial(place, before, "MY", MY), by=MY)

    accepted(held, made)


# What a node would remember


def exchanged(place: Place, before: Published, state: MemberState) -> Published:
    """What stands after the key on call of ``state`` was exchanged."""
    assert before.top is not None
    held = drafting.delegations(before.top)
    stranger = Holder(dict(generate("ES256").public_jwk), state)
    for role in (roles.AGREEMENTS, roles.DENY):
        others = tuple(one for one in held[role].group.holders if one.state is not state)
        held[role] = replace(held[role], group=Group((*others, stranger), 1))
    issue = drafting.issue(before, roles.TARGETS, at=LATER)
    return replace(before, top=writing.targets(issue, delegations=held, handovers={}))


def lifted_by_singapore(place: Place, before: Published, denied: DenyEntry) -> Proposal:
    """A deny list with a lift by the quorum of Singapore, which may lift what it denied itself."""
    keys = place.region.keys.roles.of_state(SG)
    lift = denying.countersigned(before, FollowUpKind.LIFT, denied, [], {SG: keys[:2]}, at=LATER)
    return edition(place, before, lift, by=MY)


@pytest.mark.parametrize("by", [TH, SG])
def test_who_denied_with_a_key_exchanged_since_is_found_in_an_earlier_top_level(place: Place, by: MemberState) -> None:
    online_role(place).publish([edition(place, standing(place), denial(place, standing(place), LOGIN, by))], at=LATER)
    after = exchanged(place, standing(place), by)

    (denied,) = deny_book.standing(after).denials.values()

    assert denied.by == {by}


def test_nobody_builds_on_a_lift_by_the_state_of_what_an_officer_denied_whose_key_was_exchanged(place: Place) -> None:
    online_role(place).publish([edition(place, standing(place), denial(place, standing(place), LOGIN, TH))], at=LATER)
    after = exchanged(place, standing(place), TH)
    (denied,) = deny_book.standing(after).denials.values()

    with pytest.raises(TrustError) as caught:
        accepted(after, lifted_by_singapore(place, after, denied))

    assert caught.value.code == "trust.deny_invalid"


def test_where_nobody_knows_who_denied_only_the_region_is_taken_to_lift_it(place: Place) -> None:
    before = standing(place)
    denied = denying.look_up(before, LOGIN, at=LATER)
    stranger = {SG: (generate("ES256"),)}
    unknown = denying.denial(before, denied, stranger, since=SINCE, reason=DenialReason.CESSATION, at=LATER)
    held = published.following(before, edition(place, before, unknown))
    (entry,) = deny_book.standing(held).denials.values()

    assert entry.officers_made
    with pytest.raises(TrustError) as caught:
        accepted(held, lifted_by_singapore(place, held, entry))
    assert caught.value.code == "trust.deny_invalid"


def test_what_was_lifted_and_left_out_is_remembered_past_versions_that_are_gone(place: Place) -> None:
    entry = denial(place, standing(place), LOGIN, SG)
    online_role(place).publish([edition(place, standing(place), entry)], at=LATER)
    (denied,) = deny_book.standing(standing(place)).denials.values()
    online_role(place).publish([lifted_by_singapore(place, standing(place), denied)], at=LATER)
    for _ in range(2):
        online_role(place).publish([listing(place, standing(place), ())], at=LATER)
    (place.tree.directory / "metadata" / "2.deny.json").write_bytes(b"{")
    (place.tree.directory / "metadata" / "1.deny.json").unlink()

    assert deny_book.standing(standing(place)).settled == (denied.id,)
    with pytest.raises(TrustError) as caught:
        accepted(standing(place), listing(place, standing(place), [entry]))
    assert caught.value.code == "trust.deny_dropped"


def test_without_a_tree_or_a_list_there_is_an_empty_book_and_nothing_to_build_on(place: Place) -> None:
    before = standing(place)
    nothing = replace(before, roles={name: one for name, one in before.roles.items() if name != roles.DENY})
    unread = replace(before, tree=None)
    first = edition(place, before, denial(place, before, LOGIN, SG))

    assert deny_book.standing(nothing) == DenyBook()
    assert deny_queue.standing(unread, [first.octets()], at=LATER) == (unread,)


# Whose turn it is


def test_a_state_that_signed_what_stands_comes_after_the_others_and_then_who_brings_less(place: Place) -> None:
    before = published.following(
        standing(place), edition(place, standing(place), denial(place, standing(place), LOGIN, MY), by=MY)
    )
    again = edition(place, before, denial(place, before, "MY", MY), by=MY)
    other = edition(place, before, denial(place, before, "TH", TH), by=TH)
    nothing = listing(place, before, listed(before), by=TH)
    unreadable = replace(other, targets={roles.DENY_LIST: b"{"})

    found = sorted([unreadable, again, nothing, other], key=lambda one: deny_queue.turn(before, one))

    assert found == [other, nothing, again, unreadable]


def test_what_came_too_late_is_done_only_if_everything_in_it_stands(place: Place) -> None:
    before = standing(place)
    first = edition(place, before, denial(place, before, LOGIN, SG))
    after = published.following(before, first)

    assert deny_queue.is_overtaken(after, first)
    assert not deny_queue.is_overtaken(before, first)
    assert not deny_queue.is_overtaken(after, edition(place, before, denial(place, before, "TH", TH), by=TH))
    assert not deny_queue.is_overtaken(after, listing(place, before, ()))
    assert not deny_queue.is_overtaken(after, replace(first, targets={}))
    assert not deny_queue.is_overtaken(after, replace(first, targets={roles.DENY_LIST: b"{"}))
    assert not deny_queue.is_overtaken(after, replace(first, role=roles.AGREEMENTS))


# What follows them


def test_an_entry_that_a_laid_down_version_lists_already_is_still_brought_in_on_what_is_published(place: Place) -> None:
    before = standing(place)
    entry = denial(place, before, LOGIN, SG)
    after = published.following(before, edition(place, before, entry))
    intent = Intent("deny", "a test", on_call(place, SG), LATER)

    (made,) = deny_queue.editions((before, after), entry, intent)

    assert made.file.version == 2
    with pytest.raises(ConfigurationError):
        deny_queue.editions((after,), entry, intent)


def test_no_more_than_a_few_laid_down_versions_are_built_on(place: Place) -> None:
    then = standing(place)
    laid_down = []
    for _ in range(18):
        found = listing(place, then, ())
        laid_down.append(found.octets())
        then = published.following(then, found)

    assert len(deny_queue.standing(standing(place), laid_down, at=LATER)) == 17


def test_an_entry_longer_than_all_could_sign_is_not_published(place: Place) -> None:
    before = standing(place)
    entry = blown_up(place, denial(place, before, LOGIN, SG), SG, blanks=16 * 1024)

    with pytest.raises(TrustError) as caught:
        online_role(place).publish([listing(place, before, [entry], by=SG)], at=LATER)

    assert caught.value.code == "trust.deny_invalid"
    assert not denying.entries(standing(place))


def test_an_entry_as_long_as_all_could_sign_is_published(place: Place) -> None:
    before = standing(place)
    entry = blown_up(place, denial(place, before, LOGIN, SG), SG, blanks=11 * 1024)

    online_role(place).publish([listing(place, before, [entry], by=SG)], at=LATER)

    assert denying.entries(standing(place))
