"""Alerts: every refusal has its kind, and nobody is told the same thing twice."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType

import pytest

from idbridge.limits import LIMITS
from idbridge.reasons import REASONS
from idbridge.trust.alerts import OF_CODE, AlertKind, Severity, alerts_between, refused_alert
from idbridge.trust.deny import DenyBook
from idbridge.trust.freshness import RegionalFreshness
from idbridge.trust.snapshot import RefusedOffer, TrustSnapshot, snapshot_of
from tests.trust.denying import MY, book, denial, lift, listing, officers, own, ratified, region
from tests.trust.editions import DAY, HOUR, KH, NOON, SG, TH, edition, trusted

ROLLED_BACK = RefusedOffer("lists/SG", "trust.rollback", "sequence 6 is older than 7")
HELD = trusted(edition(7, lifetime=90 * DAY))
QUIET = snapshot_of(HELD)


def refusing(*offers: RefusedOffer) -> TrustSnapshot:
    return snapshot_of(HELD, refused=offers)


def holding(denials: DenyBook) -> TrustSnapshot:
    return snapshot_of(replace(HELD, denials=denials))


def told(
    before: TrustSnapshot | None, after: TrustSnapshot, *, at: datetime = NOON, since: datetime | None = None
) -> list[tuple[str, str, str, str | None]]:
    """Kind, severity, subject and code of each alert."""
    found = alerts_between(before, after, at=at, since=since)
    return [(one.kind.value, one.severity.value, one.subject, one.code) for one in found]


# What a status list says of one credential is a verdict, and nothing to alert an operator about.
OF_A_CREDENTIAL = {
    "status.revoked", "status.suspended", "status.reserved_value", "status.reference_invalid", "status.index_range",
}  # fmt: skip


def test_every_refusal_of_trust_material_has_a_kind_of_its_group() -> None:
    material = {code for code in REASONS if code.startswith(("trust.", "status."))} - OF_A_CREDENTIAL
    assert set(OF_CODE) == material
    assert {kind for kind, _ in OF_CODE.values()} >= {
        AlertKind.FRESHNESS,
        AlertKind.KEYS,
        AlertKind.SIGNATURE_FAILED,
        AlertKind.SCOPE,
        AlertKind.PARSE_FAILED,
        AlertKind.TRANSPORT,
        AlertKind.REANCHORED,
        AlertKind.DENY_REFUSED,
    }


@pytest.mark.parametrize("code", ["trust.rollback", "trust.equivocation", "trust.reanchored", "trust.deny_dropped"])
def test_what_needs_a_stolen_key_or_a_plan_is_critical(code: str) -> None:
    assert refused_alert(RefusedOffer("lists/SG", code, ""), at=NOON).severity is Severity.CRITICAL


def test_a_refusal_with_a_code_that_nobody_foresaw_is_told_all_the_same() -> None:
    assert refused_alert(RefusedOffer("lists/SG", "input.too_large", ""), at=NOON).kind is AlertKind.TRANSPORT


def test_a_refused_offer_is_told_once() -> None:
    alert = ("freshness", "critical", "lists/SG", "trust.rollback")

    assert told(QUIET, refusing(ROLLED_BACK)) == [alert]
    assert told(None, refusing(ROLLED_BACK, ROLLED_BACK)) == [alert]
    assert told(refusing(ROLLED_BACK), refusing(ROLLED_BACK)) == []


def test_another_refusal_of_the_same_list_is_told_of_its_own() -> None:
    other = RefusedOffer("lists/SG", "trust.rollback", "sequence 5 is older than 7")

    assert len(told(refusing(ROLLED_BACK), refusing(ROLLED_BACK, other))) == 1


def test_an_offer_that_is_refused_again_after_a_good_one_is_told_again() -> None:
    assert told(refusing(ROLLED_BACK), QUIET) == []
    assert len(told(QUIET, refusing(ROLLED_BACK))) == 1


def test_nothing_new_is_nothing_to_tell() -> None:
    assert told(None, QUIET) == []
    assert told(QUIET, QUIET, since=NOON - HOUR) == []


def test_a_new_edition_is_told_for_information() -> None:
    after = snapshot_of(trusted(edition(8, lifetime=90 * DAY)))

    assert told(QUIET, after) == [("list_updated", "info", "lists/SG", None)]


def test_the_same_content_signed_again_is_told_for_information() -> None:
    (alert,) = alerts_between(QUIET, snapshot_of(trusted(edition(7, lifetime=90 * DAY))), at=NOON)

    assert (alert.kind, alert.detail) == (AlertKind.LIST_UPDATED, "edition 7, signed again")


def test_a_first_list_is_told_and_one_that_is_gone_is_critical() -> None:
    both = HELD.with_list(edition(1, state=TH, lifetime=90 * DAY), state=TH, at=NOON)
    gone = replace(both, lists=MappingProxyType({SG: both.lists[SG]}))

    assert told(QUIET, snapshot_of(both)) == [("list_updated", "info", "lists/TH", None)]
    assert told(snapshot_of(both), snapshot_of(gone, states_without_list={TH: "trust.unreachable"})) == [
        ("list_gone", "critical", "lists/TH", "trust.unreachable")
    ]


def test_a_list_that_comes_another_way_or_is_signed_by_another_key_has_moved() -> None:
    held = QUIET.lists[SG]
    moved = replace(held, provenance=replace(held.provenance, distribution="tuf"))
    resigned = replace(held, provenance=replace(held.provenance, signer="another"))

    for changed in (moved, resigned):
        after = snapshot_of(replace(HELD, lists=MappingProxyType({SG: changed})))
        assert told(QUIET, after) == [("list_moved", "warning", "lists/SG", None)]


def test_a_list_is_told_when_its_last_third_begins_and_when_it_has_run_out() -> None:
    life = 90 * DAY
    begins, ends = NOON - HOUR + life * 2 / 3, NOON - HOUR + life
    second = timedelta(seconds=1)

    assert told(QUIET, QUIET, at=begins - second, since=NOON) == []
    assert told(QUIET, QUIET, at=begins, since=begins - second) == [("expiry_near", "warning", "lists/SG", None)]
    assert told(QUIET, QUIET, at=begins + second, since=begins) == []
    assert told(QUIET, QUIET, at=ends, since=ends - second) == [("expired", "critical", "lists/SG", "trust.stale")]
    assert told(QUIET, QUIET, at=ends + second, since=ends) == []


def test_a_node_that_starts_is_told_of_everything_that_is_due() -> None:
    assert told(None, QUIET, at=NOON + 80 * DAY) == [("expiry_near", "warning", "lists/SG", None)]
    assert told(None, QUIET, at=NOON + 91 * DAY) == [("expired", "critical", "lists/SG", "trust.stale")]


def test_without_the_instant_before_only_what_the_new_snapshot_brought_is_told() -> None:
    late = NOON + 80 * DAY
    after = snapshot_of(trusted(edition(8, lifetime=90 * DAY)))

    assert told(QUIET, QUIET, at=late) == []
    assert [kind for kind, *_ in told(QUIET, after, at=late)] == ["list_updated", "expiry_near"]


def test_an_expired_timestamp_is_told_for_the_region() -> None:
    regional = RegionalFreshness(NOON, NOON + 24 * HOUR, 1, 5, 3, "0" * 64)
    snapshot = snapshot_of(HELD, regional=regional)
    noon = NOON + 24 * HOUR

    assert told(snapshot, snapshot, at=noon, since=noon - HOUR) == [
        ("expired", "critical", "role/region", "trust.stale")
    ]


BY_OFFICER = denial(officers(TH))
LAPSE = NOON - HOUR + LIMITS.deny_unratified


def kinds(before: TrustSnapshot | None, after: TrustSnapshot, *, at: datetime, since: datetime) -> list[str]:
    return [kind for kind, *_ in told(before, after, at=at, since=since) if kind.startswith("deny")]


def test_a_denial_is_told_when_it_begins_and_not_again() -> None:
    denied = holding(book(listing(1, BY_OFFICER)))
    (alert,) = alerts_between(QUIET, denied, at=NOON)

    assert (alert.kind, alert.severity, alert.code) == (AlertKind.DENY_APPLIED, Severity.CRITICAL, "issuer.denied")
    assert alert.detail.endswith("by TH")
    assert kinds(denied, denied, at=NOON + HOUR, since=NOON) == []


def test_a_denial_of_officers_is_told_a_day_before_it_lapses_and_when_it_has() -> None:
    denied = holding(book(listing(1, BY_OFFICER)))
    warning, second = LAPSE - LIMITS.deny_alarm, timedelta(seconds=1)

    assert kinds(denied, denied, at=warning - second, since=NOON) == []
    assert kinds(denied, denied, at=warning, since=warning - second) == ["deny_lapsing"]
    assert kinds(denied, denied, at=warning + HOUR, since=warning) == []
    assert told(denied, denied, at=LAPSE, since=LAPSE - second)[-1][:2] == ("deny_ended", "critical")


def test_a_denial_of_its_own_state_or_a_ratified_one_never_lapses() -> None:
    own_denial = holding(book(listing(1, denial())))
    confirmed = holding(book(listing(1, BY_OFFICER, ratified(BY_OFFICER, region(SG, KH, MY)))))

    for denied in (own_denial, confirmed):
        assert kinds(denied, denied, at=LAPSE, since=NOON) == []


def test_a_lifted_denial_is_told() -> None:
    held = book(listing(1, denial()))
    lifted = book(listing(2, denial(), lift(denial(), own(SG))), onto=held)

    assert [one[:2] for one in told(holding(held), holding(lifted))] == [("deny_ended", "warning")]


def test_an_alert_is_plain_json_and_names_no_key_of_a_person() -> None:
    (alert,) = alerts_between(QUIET, refusing(ROLLED_BACK), at=NOON)

    assert json.loads(json.dumps(alert.document())) == {
        "kind": "freshness",
        "severity": "critical",
        "subject": "lists/SG",
        "code": "trust.rollback",
        "detail": "sequence 6 is older than 7",
        "at": "2026-11-24T12:00:00Z",
    }
