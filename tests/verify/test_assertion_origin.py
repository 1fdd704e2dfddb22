"""What an assertion rests on, held against the verifier's own lists: a node says what it saw, not who may issue."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

import pytest

from idbridge.model.check import Result, Step
from idbridge.model.region import Format, MemberState, ServiceType
from idbridge.reasons import Indication
from idbridge.sandbox.assertions import AssertionOf
from idbridge.sandbox.bench import Bench
from idbridge.sandbox.edits import Within
from idbridge.sandbox.logins import Login
from idbridge.sandbox.presentations import Presentation
from idbridge.sandbox.questions import question
from idbridge.sandbox.region import Region
from idbridge.sandbox.seeded import SeededRandomness
from idbridge.status.snapshot import EMPTY_STATUS
from idbridge.trust.snapshot import TrustSnapshot, snapshot_of
from idbridge.verify.report import Report
from idbridge.verify.verifier import Verifier
from tests.verify.pretend import NOON, reasons, region

PH = MemberState.PH
ABOUT_LOGIN = AssertionOf("sg-node", "sg-branch", Login("ph-login", "ph-luisa"))
ABOUT_WALLET = AssertionOf("sg-node", "sg-branch", Presentation("sg-pid", "sg-tan"))
ORIGIN_CHECKS = ("assertion.18", "assertion.19", "assertion.20")


def seen_by(
    trust: TrustSnapshot,
    source: AssertionOf = ABOUT_LOGIN,
    *,
    made_in: Region | None = None,
    at: datetime = NOON,
) -> Report:
    """What a node that holds ``trust`` says of an assertion made by a node that holds what ``made_in`` published."""
    home = made_in or region()
    party = home.registration("th-bank")
    shown = source.shown(Bench(home, at, SeededRandomness(b"origin")), to=party)
    document = {"credential": shown.credential, "purpose": "account-opening", "claims": ["name"]}
    asked = question(document, relying_party=party.relying_party)
    return Verifier(trust=trust, status=EMPTY_STATUS).verify(asked, at=at)


def here() -> TrustSnapshot:
    return region().snapshot(at=NOON)


def naming(source: AssertionOf = ABOUT_LOGIN, **origin: Any) -> AssertionOf:
    """The assertion whose origin says something else, signed by the node."""
    return replace(source, token={"origin": Within(origin)})


def without(state: MemberState, why: Mapping[MemberState, str]) -> TrustSnapshot:
    """The snapshot of a node that holds no list of ``state``."""
    held = region().trusted_set(at=NOON)
    kept = MappingProxyType({other: listed for other, listed in held.lists.items() if other is not state})
    return snapshot_of(replace(held, lists=kept), states_without_list=why)


def decided(report: Report) -> tuple[str, str]:
    """The check that decided and its code, after holding that nothing was accepted or went on."""
    assert not report.accepted
    assert report.passed_identity is None
    assert report.one_time == ()
    assert report.decided_by is not None
    assert report.decided_by.reason is not None
    assert {check.result for check in report.checks if check.step in (Step.V6, Step.V7)} == {Result.SKIPPED}
    return report.decided_by.id, report.decided_by.reason.code


@pytest.mark.parametrize("status", ["withdrawn", "compromised"])
def test_an_origin_that_ended_here_is_refused_whatever_the_node_knew(status: str) -> None:
    ended = region().with_status("ph-login", status, at=NOON)

    assert seen_by(here()).accepted
    assert decided(seen_by(ended.snapshot(at=NOON))) == ("assertion.20", f"issuer.{status}")


def test_an_origin_that_is_announced_to_end_counts_until_then() -> None:
    end = NOON + timedelta(minutes=1)
    trust = region().with_status("ph-login", "withdrawn", at=end).snapshot(at=NOON)

    assert seen_by(trust, at=end - timedelta(seconds=1)).accepted
    assert decided(seen_by(trust, at=end)) == ("assertion.20", "issuer.withdrawn")


def test_a_superseded_origin_counts_because_the_node_saw_when_it_signed() -> None:
    superseded = region().with_status("ph-login", "superseded", at=NOON)

    assert seen_by(superseded.snapshot(at=NOON)).accepted


def test_an_origin_that_is_not_yet_granted_is_refused() -> None:
    later = region().sources.lists[PH]
    granted = [{"status": "granted", "from": "2027-01-01T00:00:00Z"}]
    providers = [
        {**provider, "service": [{**one, "status": granted} for one in provider["service"]]}
        for provider in later["provider"]
    ]
    generated = Region.generate(at=NOON)
    changed = generated._with_source(PH, {**later, "provider": providers}).reissued(PH, at=NOON)

    assert decided(seen_by(changed.snapshot(at=NOON), made_in=generated)) == ("assertion.20", "issuer.not_yet_granted")


def test_a_key_that_leaked_is_refused_though_its_provider_has_a_better_one() -> None:
    leaked = replace(ABOUT_LOGIN, about="th-broker-leaked")
    present = replace(ABOUT_LOGIN, about="th-broker")
    issuer = region().service("th-broker-leaked").issuer

    assert region().service("th-broker").issuer == issuer
    assert seen_by(here(), present).accepted
    assert decided(seen_by(here(), leaked)) == ("assertion.20", "issuer.compromised")


def test_a_key_that_the_origins_list_does_not_name_cannot_be_judged() -> None:
    report = seen_by(here(), naming(key_thumbprint="NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"))

    assert decided(report) == ("assertion.19", "jose.kid_unknown")
    assert report.indication is Indication.INDETERMINATE


def test_an_origin_whose_key_was_certified_names_none_and_is_found_by_its_service() -> None:
    certified = replace(ABOUT_LOGIN, about="my-student")
    trust = region().with_status("my-student", "withdrawn", at=NOON).snapshot(at=NOON)
    made = {check.id: check.result for check in seen_by(here(), certified).checks}

    assert [made[name] for name in ORIGIN_CHECKS] == [Result.PASSED] * 3
    assert decided(seen_by(trust, certified)) == ("assertion.20", "issuer.withdrawn")


@pytest.mark.parametrize(
    ("origin", "code"),
    [
        ({"issuer": "https://nobody.example"}, "issuer.unknown"),
        ({"issuer": "https://sandbox.login.sg.example"}, "recognition.assertion_malformed"),
        ({"state": "MY"}, "recognition.assertion_malformed"),
        ({"state": "TH"}, "recognition.assertion_malformed"),
        ({"state": "TL"}, "recognition.assertion_malformed"),
        ({"state": "TH", "issuer": "https://sandbox.login.kh.example"}, "recognition.assertion_malformed"),
        ({"format": "dc+sd-jwt"}, "issuer.service_not_listed"),
        ({"format": "qr"}, "issuer.service_not_listed"),
        ({"format": "vp_token"}, "issuer.service_not_listed"),
        ({"service_type": ServiceType.PID.value}, "issuer.service_not_listed"),
        ({"service_type": ServiceType.REVOCATION.value}, "issuer.service_not_listed"),
        ({"alg": "none"}, "jose.alg_not_allowed"),
        ({"alg": "ES512"}, "jose.alg_not_allowed"),
    ],
)
def test_an_origin_that_its_state_does_not_list_like_that_is_refused(origin: Mapping[str, Any], code: str) -> None:
    assert decided(seen_by(here(), naming(**origin))) == ("assertion.19", code)


def test_the_relying_partys_own_state_is_no_way_round_the_lists() -> None:
    domestic = replace(ABOUT_LOGIN, about="th-login")
    origin: dict[str, Any] = {"state": "TH", "issuer": region().service("th-login").issuer, "key_thumbprint": None}
    impossible: dict[str, Any] = {**origin, "format": "vp_token", "service_type": ServiceType.REVOCATION.value}

    assert seen_by(here(), domestic).accepted
    assert decided(seen_by(here(), naming(**impossible))) == ("assertion.19", "issuer.service_not_listed")


def test_an_origin_of_the_other_environment_is_refused_as_such() -> None:
    elsewhere = next(iter(sorted(here().lists[PH].other_environment_issuers)))

    assert decided(seen_by(here(), naming(issuer=elsewhere))) == ("assertion.19", "recognition.environment_mismatch")


@pytest.mark.parametrize(
    ("why", "code"),
    [
        ("trust.not_configured", "trust.not_configured"),
        ("trust.unreachable", "trust.unreachable"),
        ("trust.expired", "trust.stale"),
        ("trust.refused", "trust.refused"),
        ("trust.signature_invalid", "trust.refused"),
    ],
)
def test_an_origin_whose_states_list_is_not_held_cannot_be_judged(why: str, code: str) -> None:
    report = seen_by(without(PH, {PH: why}))

    assert decided(report) == ("assertion.18", code)
    assert report.indication is Indication.INDETERMINATE


def test_an_origin_whose_states_list_is_out_of_date_cannot_be_judged() -> None:
    later = here().lists[PH].provenance.next_update
    renewed = region().renewed(at=later)
    held = region().trusted_set(at=NOON)
    for state, offered in renewed.published.lists.items():
        if state is not PH:
            held = held.with_list(offered.encode(), state=state, at=later)
    fresh = held.with_list(renewed.published.lists[PH].encode(), state=PH, at=later)
    report = seen_by(snapshot_of(held), made_in=renewed, at=later)

    assert seen_by(snapshot_of(fresh), made_in=renewed, at=later).accepted
    assert decided(report) == ("assertion.18", "trust.stale")
    assert report.indication is Indication.INDETERMINATE


@pytest.mark.parametrize("why", ["trust.not_configured", "trust.refused", "trust.expired", "trust.unreachable"])
def test_an_observer_takes_no_part_whether_its_list_is_held_or_not(why: str) -> None:
    of_observer = replace(ABOUT_LOGIN, about="tl-login")
    report = seen_by(here(), of_observer)

    assert "recognition.observer_state" in reasons(report)
    assert not report.accepted
    assert decided(seen_by(without(MemberState.TL, {MemberState.TL: why}), of_observer))[0] == "assertion.18"


def test_a_state_whose_list_is_not_held_is_no_participant() -> None:
    trust = without(MemberState.MY, {MemberState.MY: "trust.refused"})
    kind: dict[str, Any] = {
        "service_type": ServiceType.LOGIN,
        "format": Format.ID_TOKEN,
        "purpose": "account-opening",
        "at": NOON,
    }
    with_list, without_list = (Verifier(trust=held, status=EMPTY_STATUS).standings for held in (here(), trust))

    assert with_list.find(by=MemberState.TH, origin=MemberState.MY, **kind).recognised
    found = without_list.find(by=MemberState.TH, origin=MemberState.MY, **kind)
    assert found.code == "recognition.observer_state"


@pytest.mark.parametrize("source", [ABOUT_LOGIN, ABOUT_WALLET], ids=["login", "wallet"])
def test_a_good_origin_is_told_as_three_checks_that_passed(source: AssertionOf) -> None:
    report = seen_by(here(), source)
    made = {check.id: check for check in report.checks}

    assert report.accepted
    assert [(made[name].step, made[name].result) for name in ORIGIN_CHECKS] == [(Step.V5, Result.PASSED)] * 3


def test_a_refused_origin_leaves_what_depends_on_it_unmade() -> None:
    made = {check.id: check.result for check in seen_by(without(PH, {PH: "trust.refused"})).checks}

    assert [made[name] for name in ORIGIN_CHECKS] == [Result.INDETERMINATE, Result.SKIPPED, Result.SKIPPED]
