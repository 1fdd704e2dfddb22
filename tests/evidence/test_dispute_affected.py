"""A recall: of a thousand answers exactly those that relied on what turned out bad, by relying party, and no more."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from idbridge.codec import base64url
from idbridge.evidence.dispute_affected import Recalled, affected
from idbridge.limits import LIMITS
from idbridge.tlog import further
from idbridge.tlog.leaf import Leaf, LeafType

SINCE = datetime(2026, 11, 30, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
KEY, OTHER = (base64url.encode(hashlib.sha256(name).digest()) for name in (b"leaked", b"good"))
LIST, STATUS = (hashlib.sha256(name).hexdigest() for name in (b"list", b"status"))
PARTIES = tuple(f"rp-{number:02}" for number in range(20))
ANSWERS = 1_000


def told(digest: str) -> str:
    """A digest as a leaf tells it."""
    return base64url.encode(bytes.fromhex(digest))


def leaf(number: int, *, type_: LeafType = LeafType.VERIFY, at: datetime = SINCE, **members: Any) -> Leaf:
    """The leaf of one answer, with the test's members."""
    said = {
        "req": f"rep_{number:032x}",
        "rp": PARTIES[number % len(PARTIES)],
        "res": "PASSED",
        "com": base64url.encode(hashlib.sha256(b"%d" % number).digest()),
        "kt": OTHER,
        "list": f"7 {told('00' * 32)}",
        "st": f"{told('00' * 32)} good",
        "pol": "1",
    }
    return Leaf(type_, int(at.timestamp() * 1_000), {**said, **members})


def log() -> tuple[Leaf, ...]:
    """A thousand answers; every seventh relied on the key, every fifth of these before it leaked, some were refused."""
    return tuple(
        leaf(
            number,
            type_=LeafType.REJECT if number % 11 == 0 else LeafType.VERIFY,
            at=SINCE - SECOND if number % 5 == 0 else SINCE + number * SECOND,
            kt=KEY if number % 7 == 0 else OTHER,
        )
        for number in range(ANSWERS)
    )


@pytest.mark.parametrize(
    "named",
    [
        {},
        {"key": KEY, "trust_list": LIST},
        {"key": KEY[:-1]},
        {"key": hashlib.sha256(b"leaked").hexdigest()},
        {"trust_list": "no digest"},
        {"status_snapshot": "00"},
    ],
)
def test_a_recall_that_names_nothing_or_two_things_is_none(named: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"recall|named|thumbprint|non-hexadecimal"):
        Recalled(SINCE, **named)


def test_of_a_thousand_answers_over_twenty_parties_exactly_the_right_ones_are_found() -> None:
    expected: dict[str, list[str]] = {}
    for number in range(ANSWERS):
        if number % 7 == 0 and number % 5 and number % 11:
            expected.setdefault(f"rp-{number % 20:02}", []).append(f"rep_{number:032x}")

    found = affected(log(), Recalled(SINCE, key=KEY))

    assert {party: list(reports) for party, reports in found.items()} == expected
    assert sum(map(len, expected.values())) == 104
    assert len(found) == 16  # a multiple of five has been before the leak, and so have their parties


def test_what_is_found_names_report_ids_and_no_person() -> None:
    found = affected(log(), Recalled(SINCE, key=KEY))

    assert all(report.startswith("rep_") and len(report) == 36 for reports in found.values() for report in reports)


def test_an_answer_of_the_very_instant_is_found_and_one_before_is_not() -> None:
    leaves = [leaf(1, kt=KEY), leaf(2, kt=KEY, at=SINCE - timedelta(milliseconds=1))]

    assert affected(leaves, Recalled(SINCE, key=KEY)) == {"rp-01": (f"rep_{1:032x}",)}


@pytest.mark.parametrize("type_", [LeafType.REJECT])
def test_what_was_refused_misled_nobody(type_: LeafType) -> None:
    assert affected([leaf(1, type_=type_, kt=KEY)], Recalled(SINCE, key=KEY)) == {}


def test_an_answer_with_an_assertion_stands_in_two_leaves_and_is_told_once() -> None:
    both = [leaf(1, kt=KEY), leaf(1, kt=KEY, type_=LeafType.ASSERT)]

    assert affected(both, Recalled(SINCE, key=KEY)) == {"rp-01": (f"rep_{1:032x}",)}


def test_a_list_and_a_status_snapshot_are_found_by_their_digests_and_nothing_like_them() -> None:
    leaves = [
        leaf(1, list=f"8 {told(LIST)}"),
        leaf(2, list=f"8 {told(STATUS)}"),
        leaf(3, st=f"{told(STATUS)} good"),
        leaf(4, st=f"{told(LIST)} good"),
        replace(leaf(5), members={name: one for name, one in leaf(5).members.items() if name not in ("list", "st")}),
    ]

    assert affected(leaves, Recalled(SINCE, trust_list=LIST)) == {"rp-01": (f"rep_{1:032x}",)}
    assert affected(leaves, Recalled(SINCE, status_snapshot=STATUS)) == {"rp-03": (f"rep_{3:032x}",)}


def test_an_authority_and_what_came_in_the_same_presentation_are_found_too() -> None:
    beside = base64url.encode(hashlib.sha256(b"authority").digest())
    leaves = [
        leaf(1, also=further.told([beside, KEY])),
        leaf(2, also=further.told([told(LIST)])),
        leaf(3, also=further.told([OTHER])),
        leaf(4, type_=LeafType.REJECT, also=further.told([beside])),
    ]

    assert affected(leaves, Recalled(SINCE, key=beside)) == {"rp-01": (f"rep_{1:032x}",)}
    assert affected(leaves, Recalled(SINCE, key=KEY)) == {"rp-01": (f"rep_{1:032x}",)}
    assert affected(leaves, Recalled(SINCE, trust_list=LIST)) == {"rp-02": (f"rep_{2:032x}",)}
    assert affected(leaves, Recalled(SINCE, status_snapshot=LIST)) == {}


def test_an_answer_that_rests_on_more_than_its_leaf_can_name_is_told_of_whatever_is_recalled() -> None:
    several = [base64url.encode(hashlib.sha256(b"%d" % number).digest()) for number in range(LIMITS.leaf_further + 1)]
    named, crowded = leaf(1, also=further.told(several[1:])), leaf(2, also=further.told(several))

    assert affected([named, crowded], Recalled(SINCE, key=KEY)) == {"rp-02": (f"rep_{2:032x}",)}
    assert affected([named, crowded], Recalled(SINCE, key=several[1])) == {
        "rp-01": (f"rep_{1:032x}",),
        "rp-02": (f"rep_{2:032x}",),
    }


def test_a_policy_is_one_version_of_one_party_also_where_its_name_is_told_by_a_digest() -> None:
    long = "a relying party with a name that is longer than what a leaf tells in full, by far"
    digest = "#" + base64url.encode(hashlib.sha256(long.encode()).digest())
    leaves = [leaf(1, pol="2"), leaf(2, pol="2"), leaf(21, pol="1"), leaf(3, rp=digest, pol="2")]

    assert affected(leaves, Recalled(SINCE, policy=("rp-01", 2))) == {"rp-01": (f"rep_{1:032x}",)}
    assert affected(leaves, Recalled(SINCE, policy=(long, 2))) == {digest: (f"rep_{3:032x}",)}
