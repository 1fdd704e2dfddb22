"""Whether nodes have caught up with each other, from what they say."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from idbridge.errors import InputError
from idbridge.limits import LIMITS
from idbridge.trust.propagation import Standing, judge, parse_unverified
from tests.trust.editions import changed, without

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
DENIAL = "d" * 64
LATER = "2026-06-02T12:00:00Z"


def statement(**of_top: Any) -> dict[str, Any]:
    """What a node says that took up timestamp 7 at noon, with two lists and a denial."""
    top = {"timestamp": 7, "snapshot": 3, "digest": "a" * 64, "root": 2, **of_top}
    return {
        "schema": "idbridge-trust-1",
        "environment": "sandbox",
        "trust_snapshot": "e" * 64,
        "distribution": {
            "mode": "tuf",
            "root_version": top["root"],
            "timestamp": {
                "version": top["timestamp"],
                "signed_at": top.get("signed_at", "2026-06-01T11:00:00Z"),
                "expires": top.get("expires", LATER),
            },
            "snapshot": {"version": top["snapshot"], "digest": top["digest"]},
            "denials": [{"id": DENIAL, "lapses_at": top.get("lapses_at")}],
        },
        "states": [listed("SG", **top), listed("TH"), {"state": "TL", "listed": False, "sequence": None}],
    }


def listed(state: str, *, sequence: int = 4, text: str = "b" * 64, **_: Any) -> dict[str, Any]:
    return {
        "state": state,
        "listed": True,
        "sequence": sequence,
        "digest": text,
        "issued_at": "2026-05-01T00:00:00Z",
        "next_update": "2026-07-01T00:00:00Z",
        "services": 3,
    }


def plain(**of_list: Any) -> dict[str, Any]:
    """What a node in plain mode says."""
    distribution = {"mode": "plain", "root_version": None, "timestamp": None, "snapshot": None, "denials": []}
    return {**statement(**of_list), "distribution": distribution}


def octets(document: Any) -> bytes:
    return json.dumps(document).encode()


def standing(
    node: dict[str, Any], *others: dict[str, Any], at: datetime = NOON, denial: str | None = None
) -> tuple[Standing, str]:
    said = [parse_unverified(octets(one)) for one in (node, *others)]
    judged = judge(said[0], said[1:], at=at, denial=denial)
    return judged.standing, judged.why


WHOLE = statement()
BROKEN: list[Any] = [
    None,
    [],
    {},
    "current",
    without(WHOLE, "distribution"),
    without(WHOLE, "states"),
    without(WHOLE, "environment"),
    changed(WHOLE, "environment", to="test"),
    changed(WHOLE, "environment", to=[]),
    changed(WHOLE, "trust_snapshot", to=None),
    changed(WHOLE, "trust_snapshot", to=""),
    changed(WHOLE, "trust_snapshot", to="x" * 513),
    changed(WHOLE, "states", to={}),
    changed(WHOLE, "states", to=[1]),
    changed(WHOLE, "states", to=[listed("SG"), listed("SG")]),
    changed(WHOLE, "states", 0, "state", to="XX"),
    changed(WHOLE, "states", 0, "sequence", to=0),
    changed(WHOLE, "states", 0, "sequence", to=True),
    changed(WHOLE, "states", 0, "sequence", to="4"),
    changed(WHOLE, "states", 0, "digest", to=None),
    changed(WHOLE, "states", 0, "next_update", to="soon"),
    without(WHOLE, "states", 0, "issued_at"),
    changed(WHOLE, "distribution", to=None),
    changed(WHOLE, "distribution", "timestamp", to=None),
    changed(WHOLE, "distribution", "timestamp", "version", to=-1),
    changed(WHOLE, "distribution", "timestamp", "expires", to=1),
    changed(WHOLE, "distribution", "snapshot", to=[]),
    changed(WHOLE, "distribution", "root_version", to=None),
    changed(WHOLE, "distribution", "denials", to=None),
    changed(WHOLE, "distribution", "denials", 0, "id", to=1),
    without(WHOLE, "distribution", "denials", 0, "lapses_at"),
]


@pytest.mark.parametrize("document", BROKEN)
def test_what_is_no_statement_is_refused(document: Any) -> None:
    with pytest.raises(InputError) as caught:
        parse_unverified(octets(document))

    assert caught.value.code == "input.malformed"


@pytest.mark.parametrize("text", [b"", b"<html>busy</html>", b'{"a":1,"a":2}', b"\xff"])
def test_what_is_not_even_json_is_refused(text: bytes) -> None:
    with pytest.raises(InputError):
        parse_unverified(text)


def test_a_statement_past_its_size_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        parse_unverified(octets({**WHOLE, "more": "x" * LIMITS.node_statement_bytes}))

    assert caught.value.code == "input.too_large"


FORKS = [
    ({"expires": "2026-06-03T12:00:00Z"}, "timestamp 7 says two things"),
    ({"digest": "f" * 64}, "timestamp 7 says two things"),
    ({"snapshot": 4}, "timestamp 7 says two things"),
    ({"timestamp": 8, "digest": "f" * 64}, "snapshot 3 has two contents"),
    ({"timestamp": 8, "snapshot": 4, "text": "f" * 64}, "list 4 of SG has two texts"),
]


@pytest.mark.parametrize(("other", "why"), FORKS)
def test_two_contents_under_one_number_are_a_fork_for_both(other: dict[str, Any], why: str) -> None:
    assert standing(WHOLE, WHOLE, statement(**other)) == (Standing.FORKED, why)
    assert standing(statement(**other), WHOLE) == (Standing.FORKED, why)


def test_two_texts_of_one_list_are_a_fork_in_plain_mode_too() -> None:
    assert standing(plain(), plain(text="f" * 64)) == (Standing.FORKED, "list 4 of SG has two texts")
    assert standing(plain(text="f" * 64), WHOLE)[0] is Standing.FORKED


@pytest.mark.parametrize("older", [{"snapshot": 2, "digest": "f" * 64}, {"root": 1}])
def test_a_newer_timestamp_over_something_older_is_a_rollback(older: dict[str, Any]) -> None:
    found, why = standing(statement(timestamp=8, **older), WHOLE)

    assert found is Standing.ROLLED_BACK
    assert "older than" in why
    assert standing(WHOLE, statement(timestamp=8, **older))[0] is Standing.BEHIND


def test_a_node_whose_timestamp_is_over_is_expired_though_its_lists_are_in_date() -> None:
    over = datetime.fromisoformat(LATER)

    assert standing(WHOLE, at=over)[0] is Standing.EXPIRED
    assert standing(WHOLE, at=over - timedelta(seconds=1))[0] is Standing.CURRENT


def test_a_node_without_any_list_in_date_is_expired() -> None:
    due = NOON.replace(month=7, day=1, hour=0)

    assert standing(plain(), at=due)[0] is Standing.EXPIRED
    assert standing(plain(), at=due - timedelta(seconds=1))[0] is Standing.CURRENT
    assert standing({**plain(), "states": []})[0] is Standing.EXPIRED


@pytest.mark.parametrize(
    ("node", "newer", "why"),
    [
        (statement(), statement(timestamp=8), "timestamp 7, elsewhere 8"),
        (plain(), plain(sequence=5), "list 4 of SG, elsewhere 5"),
        (plain(), statement(sequence=5), "list 4 of SG, elsewhere 5"),
        (changed(WHOLE, "states", to=[listed("TH")]), plain(), "no list of SG, elsewhere 4"),
    ],
)
def test_a_node_that_holds_less_than_another_is_behind_and_the_other_is_not(
    node: dict[str, Any], newer: dict[str, Any], why: str
) -> None:
    assert standing(node, WHOLE, newer) == (Standing.BEHIND, why)
    assert standing(newer, node)[0] is Standing.CURRENT


def test_a_node_without_the_denial_asked_for_is_behind() -> None:
    lapsed = statement(lapses_at="2026-06-01T12:00:00Z")

    assert standing(WHOLE, denial=DENIAL)[0] is Standing.CURRENT
    assert standing(WHOLE, denial="c" * 64) == (Standing.BEHIND, "the denial is not in force here")
    assert standing(lapsed, denial=DENIAL)[0] is Standing.BEHIND
    assert standing(lapsed, denial=DENIAL, at=NOON - timedelta(seconds=1))[0] is Standing.CURRENT


def test_nodes_that_say_the_same_are_current_whatever_else_they_say() -> None:
    assert standing(WHOLE, {**WHOLE, "added_later": 1, "trust_snapshot": "0" * 64}, WHOLE) == (Standing.CURRENT, "")
    assert standing(plain(), plain(), WHOLE) == (Standing.CURRENT, "")
    assert standing(WHOLE) == (Standing.CURRENT, "")


def test_how_old_it_is_is_told_by_the_timestamp_or_else_by_the_youngest_list() -> None:
    assert parse_unverified(octets(WHOLE)).signed_at == NOON - timedelta(hours=1)
    assert parse_unverified(octets(plain())).signed_at == datetime.fromisoformat("2026-05-01T00:00:00Z")
    assert parse_unverified(octets({**plain(), "states": []})).signed_at is None
