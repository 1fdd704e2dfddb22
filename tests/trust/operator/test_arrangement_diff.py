"""The semantic difference of two versions of an arrangement, and of two key sets: what reaches further is flagged."""

from datetime import timedelta
from typing import Any

import pytest

from idbridge.recognition.arrangement import ArrangementVersion, parse_version
from idbridge.recognition.signed_document import ARRANGEMENT_TYPE, open_signed
from idbridge.trust.operator.arrangements import diff_arrangements
from idbridge.trust.operator.change import Diff
from idbridge.trust.operator.delegations import Delegations, RoleKeys, diff_delegations
from tests.trust.agreements import RULE, arrangement
from tests.trust.editions import NOON, pins

Table = dict[str, Any]


def version(number: int = 1, **changes: Any) -> ArrangementVersion:
    return parse_version(open_signed(arrangement(number, **changes), typ=ARRANGEMENT_TYPE, keys=pins()))


def ruled(number: int = 1, *more: Table, **changes: Any) -> ArrangementVersion:
    """A version under which Singapore recognises Thailand."""
    return version(number, rules=[{"recognising": "SG", **RULE, **changes}, *more])


def what_changed(diff: Diff) -> dict[str, bool]:
    return {change.what: change.widens for item in diff.items for change in item.changes}


def test_versions_of_two_arrangements_have_no_difference() -> None:
    with pytest.raises(ValueError, match="two arrangements"):
        diff_arrangements(version(id="other"), version())


@pytest.mark.parametrize(
    ("what", "narrow", "wide"),
    [
        ("formats", {}, {"formats": ["id_token", "dc+sd-jwt"]}),
        ("service types", {}, {"service_types": ["urn:idbridge:service:login", "urn:idbridge:service:pid-issuance"]}),
        ("purposes", {}, {"purposes": ["age-check", "account-opening"]}),
        ("claims", {}, {"claims": ["name", "birthdate"]}),
        ("bearer purposes", {}, {"bearer_purposes": ["age-check"]}),
        ("minimum level", {"minimum_level": "A2"}, {}),
        ("levels", {"levels": {"A1": "A1", "A2": "A1"}}, {}),
        ("levels", {"levels": {"A2": "A2"}}, {}),
        ("grace", {}, {"grace_seconds": {"A1": 60, "A2": 0}}),
    ],
)
def test_what_a_rule_recognises_more_is_flagged_and_less_is_not(what: str, narrow: Table, wide: Table) -> None:
    wider = diff_arrangements(ruled(1, **narrow), ruled(2, **wider_of(narrow, wide)))
    narrower = diff_arrangements(ruled(1, **wider_of(narrow, wide)), ruled(2, **narrow))

    assert (what_changed(wider), wider.effect, wider.widens) == ({what: True}, "widens", True)
    assert (what_changed(narrower), narrower.effect, narrower.widens) == ({what: False}, "narrows", False)


def wider_of(narrow: Table, wide: Table) -> Table:
    return {**{name: RULE[name] for name in narrow}, **wide}


def test_a_rule_that_gives_and_takes_is_flagged_and_changes() -> None:
    there = diff_arrangements(ruled(1, claims=["name"]), ruled(2, claims=["birthdate"]))

    assert (there.effect, there.widens) == ("changes", True)


def test_a_rule_cut_in_two_recognises_the_same() -> None:
    whole = ruled(1, purposes=["age-check", "account-opening"])
    other = {"recognising": "SG", **RULE, "purposes": ["account-opening"]}
    there = diff_arrangements(whole, ruled(2, other, purposes=["age-check"]))

    assert (there.effect, there.widens) == ("same", False)
    assert [change.what for change in there.items[0].changes] == ["rule", "rule", "rule"]
    assert diff_arrangements(ruled(1), ruled(2, other)).widens


def test_the_first_version_enters_and_widens_nothing_that_was() -> None:
    there = diff_arrangements(None, version())

    assert (there.effect, there.widens, there.before) == ("enters", False, None)
    assert [item.name for item in there.items] == ["SG recognises TH", "TH recognises SG"]
    assert {item.mark for item in there.items} == {"+"}


@pytest.mark.parametrize(("status", "effect"), [("suspended", "suspends"), ("repealed", "repeals")])
def test_an_end_takes_every_pair_and_resuming_is_flagged(status: str, effect: str) -> None:
    over = diff_arrangements(version(1), version(2, status=status))
    back = diff_arrangements(version(1, status=status), version(2))

    assert (over.effect, over.widens, over.share_removed) == (effect, False, 1.0)
    assert {item.mark for item in over.items} == {"-"}
    assert (back.effect, back.widens, back.share_removed) == ("resumes", True, 0.0)


@pytest.mark.parametrize(
    ("before", "after", "widens"),
    [
        ("2026-12-01T00:00:00Z", None, True),
        ("2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z", True),
        ("2027-01-01T00:00:00Z", "2026-12-01T00:00:00Z", False),
        (None, "2027-01-01T00:00:00Z", False),
    ],
)
def test_a_longer_life_is_flagged(before: str | None, after: str | None, widens: bool) -> None:
    there = diff_arrangements(version(1, until=before), version(2, until=after))

    assert there.widens is widens
    assert [change.what for change in there.facts] == ["version", "from", "until"]


def test_a_state_that_joins_is_flagged() -> None:
    parties, more = ["SG", "TH", "KH"], ["SG", "TH", "KH", "LA"]
    rules = [{"recognising": "SG", **RULE, "recognised": "TH"}]
    there = diff_arrangements(version(1, parties=parties, rules=rules), version(2, parties=more, rules=rules))

    assert [change.what for change in there.facts if change.widens] == ["parties"]
    assert there.effect == "widens"


ROLE = RoleKeys("SG", 2, {"key-a": "SG", "key-b": "SG", "key-c": "SG"}, ("lists/SG/*",))
ONLINE = RoleKeys("timestamp", 1, {"key-o": ""})


def delegations(*roles: RoleKeys, number: int = 1, subject: str = "targets") -> Delegations:
    return Delegations(subject, number, NOON + timedelta(days=number), roles)


def test_versions_of_two_files_have_no_difference() -> None:
    with pytest.raises(ValueError, match="two files"):
        diff_delegations(delegations(), delegations(subject="root"))


@pytest.mark.parametrize(
    ("role", "what", "widens"),
    [
        (RoleKeys("SG", 1, ROLE.keys, ROLE.paths), "threshold", True),
        (RoleKeys("SG", 3, ROLE.keys, ROLE.paths), "threshold", False),
        (RoleKeys("SG", 2, {**ROLE.keys, "key-a": "TH"}, ROLE.paths), "state of a key", True),
        (RoleKeys("SG", 2, ROLE.keys, ("lists/SG/*", "lists/TH/*")), "paths", True),
        (RoleKeys("SG", 2, ROLE.keys, ()), "paths", False),
        (RoleKeys("SG", 2, {"key-a": "SG", "key-b": "SG", "key-d": "SG"}, ROLE.paths), "key changed", True),
    ],
)
def test_who_may_sign_more_is_flagged(role: RoleKeys, what: str, widens: bool) -> None:
    there = diff_delegations(delegations(ROLE), delegations(role, number=2))

    assert what_changed(there) == {what: widens}
    assert (there.effect, there.widens) == ("widened" if widens else "changed", widens)


def test_one_more_key_is_flagged_and_one_less_is_not() -> None:
    more = RoleKeys("SG", 2, {**ROLE.keys, "key-d": "SG"}, ROLE.paths)

    added = diff_delegations(delegations(ROLE), delegations(more, number=2))
    removed = diff_delegations(delegations(more), delegations(ROLE, number=2))

    assert what_changed(added) == {"key added": True, "threshold": False}
    assert what_changed(removed) == {"key removed": False, "threshold": False}


def test_a_state_that_comes_or_goes_is_told_with_its_keys() -> None:
    there = diff_delegations(delegations(ROLE), delegations(ONLINE, number=2))

    assert [(item.mark, item.name) for item in there.items] == [("-", "SG"), ("+", "timestamp")]
    assert there.items[1].changes[1].after == ("key-o",)
    assert (there.held, there.ended, there.widens) == (1, 1, False)


def test_first_delegations_widen_nothing_that_was_and_the_order_of_roles_says_nothing() -> None:
    first = diff_delegations(None, delegations(ROLE, ONLINE))

    assert (first.effect, first.widens) == ("first", False)
    assert first.digest == diff_delegations(None, delegations(ONLINE, ROLE)).digest


def test_a_new_version_of_the_same_keys_is_told_by_its_facts_alone() -> None:
    there = diff_delegations(delegations(ROLE), delegations(ROLE, number=2))

    assert (there.effect, there.items) == ("same", ())
    assert [change.what for change in there.facts] == ["version", "expires"]
