"""Arrangements: strict documents, histories, and who must sign for what."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from idbridge.limits import LIMITS
from idbridge.model.region import AssuranceLevel, Environment, MemberState
from idbridge.recognition.arrangement import ArrangementIndex
from tests.recognition.documents import (
    ALL_LEVELS,
    MY,
    NOON,
    SANDBOX,
    SG,
    TH,
    accepted,
    arrangement,
    in_force,
    pins,
    refused,
    rule,
    signed,
)  # fmt: skip

DAY = timedelta(days=1)


def malformed(**changes: Any) -> str:
    return refused(ArrangementIndex.none(SANDBOX), arrangement(SG, TH, **changes), SG, TH)


def ruled(**changes: Any) -> list[dict[str, Any]]:
    return [{**rule(TH, "SG"), **changes}]


def second(**changes: Any) -> dict[str, Any]:
    return arrangement(SG, TH, **{"version": 2, "from": "2026-06-01T00:00:00Z", **changes})


# Schema


@pytest.mark.parametrize("member", sorted(arrangement(SG, TH)))
def test_a_missing_member_is_refused(member: str) -> None:
    payload = arrangement(SG, TH)
    del payload[member]

    assert member in refused(ArrangementIndex.none(SANDBOX), payload, SG, TH)


@pytest.mark.parametrize("member", sorted(rule(TH, "SG")))
def test_a_missing_member_of_a_rule_is_refused(member: str) -> None:
    incomplete = rule(TH, "SG")
    del incomplete[member]

    assert member in malformed(rules=[incomplete])


@pytest.mark.parametrize(
    "changes",
    [
        {"extra": True},
        {"schema": "idbridge-arrangement-2"},
        {"id": ""},
        {"id": "../SG-TH"},
        {"id": 7},
        {"version": True},
        {"version": 1.5},
        {"version": 0},
        {"version": 2**31},
        {"environment": "live"},
        {"environment": "test"},
        {"parties": []},
        {"parties": ["TH"]},
        {"parties": ["TH", "TH"]},
        {"parties": ["TH", "EU"]},
        {"parties": "TH"},
        {"status": "granted"},
        {"status": None},
        {"from": None},
        {"from": "2026-01-01"},
        {"from": "2026-01-01T00:00:00+00:00"},
        {"from": "2026-13-01T00:00:00Z"},
        {"until": "2026-01-01T00:00:00Z"},
        {"until": "2025-01-01T00:00:00Z"},
        {"until": "soon"},
        {"until": 5},
        {"rules": []},
        {"rules": {}},
        {"rules": [7]},
    ],
)
def test_a_document_that_is_not_exactly_of_the_schema_is_refused(changes: dict[str, Any]) -> None:
    assert malformed(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"extra": True},
        {"recognising": "*"},
        {"recognising": "MY"},
        {"recognised": "TH"},
        {"recognised": "MY"},
        {"recognised": ["SG"]},
        {"service_types": []},
        {"service_types": ["login"]},
        {"service_types": ["*"]},
        {"formats": []},
        {"formats": ["jwt"]},
        {"formats": ["id_token", "id_token"]},
        {"formats": "id_token"},
        {"purposes": []},
        {"purposes": ["*"]},
        {"purposes": [{}]},
        {"levels": {}},
        {"levels": []},
        {"levels": {"A1": "A2"}},
        {"levels": {"A2": "A3"}},
        {"levels": {"A0": "A0"}},
        {"levels": {"A4": "A1"}},
        {"levels": {"A1": 1}},
        {"minimum_level": "A0"},
        {"minimum_level": 1},
        {"minimum_level": None},
        {"claims": ["name", 7]},
        {"claims": "name"},
        {"bearer_purposes": ["remittance"]},
        {"grace_seconds": {"A1": 0}},
        {"grace_seconds": {"A1": 0, "A2": 0, "A3": 0}},
        {"grace_seconds": {"A1": -1, "A2": 0}},
        {"grace_seconds": {"A1": 0.5, "A2": 0}},
        {"grace_seconds": {"A1": True, "A2": 0}},
        {"grace_seconds": 0},
    ],
)
def test_a_rule_that_is_not_exactly_of_the_schema_is_refused(changes: dict[str, Any]) -> None:
    assert malformed(rules=ruled(**changes))


def test_grace_is_bounded_at_a_week_for_a1_and_a_day_for_a2() -> None:
    week, day = int(LIMITS.grace_low.total_seconds()), int(LIMITS.grace_substantial.total_seconds())

    assert malformed(rules=ruled(grace_seconds={"A1": week + 1, "A2": 0}))
    assert malformed(rules=ruled(grace_seconds={"A1": 0, "A2": day + 1}))
    longest = in_force(arrangement(SG, TH, rules=ruled(grace_seconds={"A1": week, "A2": day})))
    (only,) = longest.histories["SG-TH"].latest.rules[TH, SG]
    assert only.grace == {AssuranceLevel.A1: timedelta(days=7), AssuranceLevel.A2: timedelta(hours=24)}


def test_two_rules_may_not_cover_one_cell() -> None:
    assert "overlap" in malformed(rules=[rule(TH, "SG"), rule(TH, "*", purposes=["building-visit", "other"])])


def test_two_rules_of_one_pair_may_cover_cells_of_their_own() -> None:
    apart = [rule(TH, "SG", formats=["id_token"]), rule(TH, "SG", formats=["dc+sd-jwt"])]

    assert len(in_force(arrangement(SG, TH, rules=apart)).histories["SG-TH"].latest.rules[TH, SG]) == 2


def test_everybody_else_means_every_other_party_and_nobody_beyond() -> None:
    index = in_force(arrangement(SG, TH, MY, rules=[rule(TH, "*")]))

    assert set(index.histories["MY-SG-TH"].latest.rules) == {(TH, SG), (TH, MY)}


def test_only_an_arrangement_that_is_not_enacted_may_have_no_rules() -> None:
    ended = accepted((arrangement(SG, TH), (SG, TH)), (second(status="repealed", rules=[]), (SG,)))

    assert ended.histories["SG-TH"].latest.version == 2


# Signatures


@pytest.mark.parametrize("status", ["enacted", "suspended", "repealed"])
@pytest.mark.parametrize("alone", [SG, TH])
def test_one_state_alone_brings_no_arrangement_into_being(status: str, alone: MemberState) -> None:
    assert "signature" in refused(ArrangementIndex.none(SANDBOX), arrangement(SG, TH, status=status), alone)


def test_a_stranger_signs_neither_instead_of_a_party_nor_beside_them() -> None:
    empty = ArrangementIndex.none(SANDBOX)

    assert "no party" in refused(empty, arrangement(SG, TH), SG, MY)
    assert "no party" in refused(empty, arrangement(SG, TH), SG, TH, MY)
    assert "no party" in refused(in_force(arrangement(SG, TH)), second(status="repealed"), MY)


@pytest.mark.parametrize(
    "wider",
    [
        {"service_types": ["urn:idbridge:service:login", "urn:idbridge:service:attestation-issuance"]},
        {"formats": ["id_token", "dc+sd-jwt", "mso_mdoc"]},
        {"purposes": ["account-opening", "building-visit", "remittance"]},
        {"levels": {**ALL_LEVELS, "A3": "A3"}},
        {"minimum_level": "A1"},
        {"claims": ["name", "birthdate", "nationality", "address"]},
        {"bearer_purposes": ["building-visit", "account-opening"]},
        {"grace_seconds": {"A1": 61, "A2": 60}},
        {"grace_seconds": {"A1": 60, "A2": 61}},
    ],
)
def test_widening_a_rule_in_any_respect_needs_both_signatures(wider: dict[str, Any]) -> None:
    grace = {"A1": 60, "A2": 60}
    before = {"levels": {"A1": "A1", "A2": "A2", "A3": "A2"}, "minimum_level": "A2", "grace_seconds": grace}
    index = in_force(arrangement(SG, TH, rules=ruled(**before)))
    widened = second(rules=ruled(**{**before, **wider}))

    for alone in (SG, TH):
        assert "widens" in refused(index, widened, alone)
    assert index.with_arrangement(signed(widened, SG, TH), keys=pins()).histories["SG-TH"].latest.version == 2


@pytest.mark.parametrize("alone", [SG, TH])
@pytest.mark.parametrize(
    "narrower",
    [
        {"status": "suspended"},
        {"status": "repealed"},
        {"until": "2026-12-01T00:00:00Z"},
        {"rules": ruled(purposes=["account-opening"], bearer_purposes=[])},
        {"rules": ruled(levels={"A2": "A1"}, minimum_level="A1", claims=[], bearer_purposes=[])},
        {"rules": ruled(minimum_level="A3")},
    ],
)
def test_either_side_can_leave_or_narrow_alone(narrower: dict[str, Any], alone: MemberState) -> None:
    index = in_force(arrangement(SG, TH, rules=ruled()))

    narrowed = index.with_arrangement(signed(second(**{"rules": ruled(), **narrower}), alone), keys=pins())

    assert narrowed.histories["SG-TH"].latest.version == 2


def test_taking_up_a_suspended_arrangement_again_needs_both_signatures() -> None:
    suspended = accepted((arrangement(SG, TH), (SG, TH)), (second(status="suspended"), (TH,)))
    resumed = second(version=3, **{"from": "2026-07-01T00:00:00Z"})

    assert "widens" in refused(suspended, resumed, TH)
    assert suspended.with_arrangement(signed(resumed, SG, TH), keys=pins()).histories["SG-TH"].latest.version == 3


@pytest.mark.parametrize("until", ["2027-01-02T00:00:00Z", None])
def test_prolonging_an_arrangement_needs_both_signatures(until: str | None) -> None:
    index = in_force(arrangement(SG, TH, until="2027-01-01T00:00:00Z"))

    assert "widens" in refused(index, second(until=until), SG)


def test_reaching_back_before_the_first_version_needs_both_signatures() -> None:
    index = in_force(arrangement(SG, TH))

    assert "widens" in refused(index, second(**{"from": "2025-01-01T00:00:00Z"}), SG)


def test_a_narrowing_now_cannot_smuggle_in_a_widening_later() -> None:
    planned = accepted(
        (arrangement(SG, TH), (SG, TH)),
        (second(status="suspended", **{"from": "2027-01-01T00:00:00Z"}), (SG,)),
    )
    sly = second(version=3, rules=ruled(purposes=["account-opening"], bearer_purposes=[]))

    # The new version narrows at once, and from 2027 on it would undo the suspension.
    assert "widens" in refused(planned, sly, TH)


def test_a_suspension_takes_effect_before_a_later_version_that_was_already_agreed() -> None:
    planned = accepted(
        (arrangement(SG, TH, rules=ruled()), (SG, TH)),
        (second(rules=[rule(TH, "SG"), rule(SG, "TH")], **{"from": "2027-01-01T00:00:00Z"}), (SG, TH)),
        (second(version=3, status="suspended"), (TH,)),
    )

    history = planned.histories["SG-TH"]
    assert history.rules_at(datetime(2026, 5, 1, tzinfo=UTC))
    assert not history.rules_at(NOON)
    assert not history.rules_at(datetime(2027, 5, 1, tzinfo=UTC))


# Histories


def test_the_same_version_again_changes_nothing() -> None:
    index = in_force(arrangement(SG, TH))

    assert index.with_arrangement(signed(arrangement(SG, TH), SG, TH), keys=pins()) is index


def test_another_text_of_a_version_already_held_is_refused() -> None:
    index = accepted((arrangement(SG, TH), (SG, TH)), (second(status="suspended"), (TH,)))

    assert "two texts" in refused(index, arrangement(SG, TH, until="2030-01-01T00:00:00Z"), SG, TH)


def test_a_gap_in_the_versions_is_refused() -> None:
    assert "follow" in refused(in_force(arrangement(SG, TH)), second(version=3), SG, TH)
    assert "follow" in refused(ArrangementIndex.none(SANDBOX), second(), SG, TH)


def test_an_arrangement_of_another_environment_is_refused() -> None:
    live = ArrangementIndex.none(Environment.LIVE)

    assert "environment" in refused(live, arrangement(SG, TH), SG, TH)


def test_the_index_before_any_arrangement_finds_nothing() -> None:
    assert ArrangementIndex.none(SANDBOX).between(TH, SG) is None


def test_the_manifest_names_each_version_with_its_digest() -> None:
    index = accepted((arrangement(SG, TH), (SG, TH)), (second(status="suspended"), (TH,)))

    entries = index.manifest()

    assert [(entry["id"], entry["version"]) for entry in entries] == [("SG-TH", 1), ("SG-TH", 2)]
    assert len({entry["digest"] for entry in entries}) == 2


# Instants


def test_a_version_begins_with_its_from_and_ends_before_its_until() -> None:
    start, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    history = in_force(arrangement(SG, TH, until="2027-01-01T00:00:00Z")).histories["SG-TH"]
    moment = timedelta(microseconds=1)

    assert [bool(history.rules_at(at)) for at in (start - moment, start, end - moment, end)] == [
        False, True, True, False,
    ]  # fmt: skip


def test_the_end_of_a_version_does_not_bring_the_one_before_it_back() -> None:
    index = accepted(
        (arrangement(SG, TH), (SG, TH)),
        (second(until="2026-07-01T00:00:00Z"), (SG,)),
    )

    assert not index.histories["SG-TH"].rules_at(NOON)
    assert index.histories["SG-TH"].rules_at(datetime(2026, 6, 30, tzinfo=UTC) + DAY / 2)
