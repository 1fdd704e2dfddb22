"""The nine steps: where each refuses, what is made after it, and what a verdict does not depend on."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idbridge.errors import ConfigurationError, RequestError
from idbridge.model.check import Check, Result, Step
from idbridge.model.region import AssuranceLevel, Environment, Format, MemberState
from idbridge.reasons import Indication
from idbridge.sandbox.assertions import AssertionOf
from idbridge.sandbox.edits import ABSENT, After
from idbridge.sandbox.logins import Login
from idbridge.sandbox.presentations import Presentation, Representation
from idbridge.sandbox.recipe import Source
from idbridge.status.snapshot import EMPTY_STATUS
from idbridge.verify.report import Report
from idbridge.verify.verifier import Verifier, observers
from tests.verify.pretend import NOON, answered, asked, reasons, region, verifier

A1, A2, A3 = AssuranceLevel.A1, AssuranceLevel.A2, AssuranceLevel.A3
LOGIN = Login("sg-login", "sg-tan")
CARD = Presentation("la-card", "la-bounmy")
REVOCABLE = {"status": {"status_list": {"idx": 1, "uri": "https://status.sg.example/1"}}}
LOW = "urn:example:sg:loa:1"
SOURCES: tuple[Source, ...] = (
    LOGIN,
    CARD,
    replace(CARD, bound=False),
    replace(LOGIN, level=LOW),
    replace(LOGIN, signed_by="th-login"),
    replace(LOGIN, token={"iss": "https://nobody.example"}),
    Login("tl-login", "tl-domingos"),
)


def refused(report: Report) -> Check:
    """The check that decided, after holding that the report accepts nothing."""
    assert not report.accepted
    assert report.passed_identity is None
    assert report.released()[0] == {}
    assert report.one_time == ()
    assert report.decided_by is not None
    return report.decided_by


def results(report: Report) -> dict[Step, set[Result]]:
    """What came of the checks of each step."""
    found: dict[Step, set[Result]] = {}
    for check in report.checks:
        found.setdefault(check.step, set()).add(check.result)
    return found


def unmade(report: Report) -> Iterator[Step]:
    """The steps of which no check was made."""
    return (step for step, came in results(report).items() if came == {Result.SKIPPED})


# V1, and the registration


def test_an_unregistered_question_is_refused_before_the_credential_is_opened() -> None:
    report = answered(LOGIN, purpose="health-visit", credential="\0 not even text of a credential")

    assert refused(report).reason is not None
    assert reasons(report) == ["policy.purpose_not_registered"]
    assert report.format is None
    assert set(unmade(report)) == {Step.V2, Step.V3, Step.V4, Step.V5, Step.V6, Step.V7}


@pytest.mark.parametrize(
    "changes", [{"expected": {"audience": "https://other.example"}}, {"assertion_audience": "https://other.example"}]
)
def test_a_request_cannot_name_an_audience_that_is_not_registered(changes: dict[str, Any]) -> None:
    assert answered(LOGIN).accepted

    assert reasons(answered(LOGIN, **changes)) == ["policy.audience_not_registered"]


def test_a_disabled_registration_gets_no_verdict_at_all() -> None:
    with pytest.raises(RequestError) as caught:
        answered(LOGIN, party={"enabled": False})

    assert caught.value.code == "policy.relying_party_disabled"


def test_a_registration_of_the_other_environment_gets_no_verdict_at_all() -> None:
    with pytest.raises(ConfigurationError):
        answered(LOGIN, party={"environment": Environment.LIVE})


@pytest.mark.parametrize(
    "at", [NOON.replace(tzinfo=None), datetime(2026, 11, 24, 19, tzinfo=timezone(timedelta(hours=7)))]
)
def test_an_instant_that_is_not_in_utc_is_no_instant(at: datetime) -> None:
    with pytest.raises(ValueError, match="UTC"):
        answered(LOGIN, at=at)


def test_utc_by_another_name_is_utc() -> None:
    assert answered(LOGIN, at=NOON.replace(tzinfo=timezone(timedelta(0), "somewhere"))).accepted


# V2 to V5: the first refusal ends them


@pytest.mark.parametrize(
    ("credential", "code"),
    [
        ("", "input.empty"),
        ("!", "input.malformed"),
        ("a" * 20_000, "input.too_large"),
        ("{}", "input.format_unsupported"),
        ('{"pid":["x"]}', "query.missing"),
        ("..", "input.malformed"),
    ],
)
def test_v2_refuses_what_is_no_credential(credential: str, code: str) -> None:
    report = answered(LOGIN, credential=credential)

    assert (refused(report).step, reasons(report)) == (Step.V2, [code])
    assert {Step.V3, Step.V4, Step.V5, Step.V6, Step.V7} <= set(unmade(report))
    assert report.findings.unverified is None


def test_v2_refuses_another_format_than_the_one_named() -> None:
    assert reasons(answered(LOGIN, format=Format.SD_JWT_VC)) == ["input.format_mismatch"]
    assert answered(LOGIN, format=Format.ID_TOKEN).accepted


@pytest.mark.parametrize(
    ("source", "code", "indication"),
    [
        (replace(LOGIN, token={"iss": "https://nobody.example"}), "issuer.unknown", Indication.FAILED),
        (replace(LOGIN, header={"kid": "another"}), "jose.kid_unknown", Indication.INDETERMINATE),
        (replace(LOGIN, made_in=Environment.LIVE), "recognition.environment_mismatch", Indication.FAILED),
    ],
)
def test_v3_refuses_what_nobody_lists(source: Login, code: str, indication: Indication) -> None:
    report = answered(source)

    assert (refused(report).step, reasons(report), report.indication) == (Step.V3, [code], indication)
    assert {Step.V5, Step.V6, Step.V7} <= set(unmade(report))
    assert not report.findings.signed


def test_v3_is_undecided_while_the_list_is_out_of_date() -> None:
    report = answered(LOGIN, at=NOON + timedelta(days=200))

    assert refused(report).step is Step.V3
    assert (report.indication, reasons(report)) == (Indication.INDETERMINATE, ["trust.stale"])


def test_v4_refuses_a_signature_by_another_listed_key() -> None:
    report = answered(replace(LOGIN, signed_by="th-login"))

    assert (refused(report).step, reasons(report)) == (Step.V4, ["jose.signature_invalid"])
    assert {Step.V6, Step.V7} <= set(unmade(report))
    assert report.findings.resolved is not None
    assert not report.findings.signed


def test_a_refusal_before_v5_bears_the_number_of_the_formats_own_checklist_and_the_step_where_it_happened() -> None:
    decided = refused(answered(replace(LOGIN, header={"kid": "another"})))

    assert (decided.id, decided.step) == ("id-token.4", Step.V3)


def test_v5_tells_every_reason_and_ends_there() -> None:
    expired = {"iat": After(-7200), "exp": After(-3600), "aud": "another", "sub": ABSENT}
    report = answered(replace(LOGIN, token=expired))

    assert refused(report).step is Step.V5
    assert reasons(report) == ["oidc.audience_mismatch", "time.expired", "oidc.subject_invalid"]
    assert set(unmade(report)) == {Step.V6, Step.V7}
    assert report.findings.signed
    assert report.findings.credential is None


def test_a_mismatch_says_what_would_have_been_accepted() -> None:
    (client,) = asked(LOGIN).relying_party.clients[region().service("sg-login").issuer]

    assert client in refused(answered(replace(LOGIN, token={"aud": "another"}))).note


# V6, V7 and V8: all are made


def test_v6_v7_and_v8_are_all_made_and_the_first_of_the_worst_is_the_reason() -> None:
    report = answered(replace(LOGIN, level=LOW, token=REVOCABLE), party={"minimum_level": A3}, expected={"nonce": None})

    assert reasons(report) == [
        "status.unavailable",
        "recognition.holder_not_bound",
        "recognition.loa_too_low",
        "policy.loa_too_low",
    ]
    assert (report.indication, refused(report).step) == (Indication.FAILED, Step.V7)


def test_an_unknown_status_alone_is_undecided_and_accepts_nothing() -> None:
    report = answered(replace(LOGIN, token=REVOCABLE))

    assert (report.indication, reasons(report)) == (Indication.INDETERMINATE, ["status.unavailable"])
    assert refused(report).step is Step.V6


def test_v8_alone_refuses_a_level_below_what_was_asked() -> None:
    report = answered(replace(LOGIN, level="urn:example:sg:loa:2"), expected={"minimum_level": A3})

    assert (refused(report).step, reasons(report)) == (Step.V8, ["policy.loa_too_low"])
    assert report.findings.recognised is not None


def test_an_observers_login_is_genuine_and_not_recognised() -> None:
    report = answered(Login("tl-login", "tl-domingos"))

    assert refused(report).step is Step.V7
    assert reasons(report)[0] == "recognition.observer_state"
    assert observers(verifier().trust) == {MemberState.TL}


def test_a_national_level_that_the_list_does_not_name_is_worth_nothing() -> None:
    assert reasons(answered(replace(LOGIN, token={"acr": "urn:example:sg:loa:9"}))) == ["recognition.loa_too_low"]


def test_a_photocopied_card_opens_a_door_and_no_account() -> None:
    copy = replace(CARD, bound=False)

    assert answered(CARD, purpose="account-opening").accepted
    assert reasons(answered(copy, purpose="account-opening"))[0] == "recognition.holder_not_bound"
    visit = answered(copy, party_id="th-tower", purpose="building-visit", claims=("name",))
    assert visit.accepted
    assert any("copy" in limit for limit in visit.require_passed().limits)


# V9, and acceptance


def test_a_good_login_is_accepted_with_every_step_made() -> None:
    report = answered(LOGIN)

    assert report.accepted
    assert reasons(report) == []
    assert [step for step in Step if step not in (Step.V1, Step.V9)] == sorted(results(report))
    assert all(Result.PASSED in came for came in results(report).values())
    assert len(report.one_time) == 1


def test_at_home_no_arrangement_is_needed() -> None:
    identity = answered(Login("th-login", "th-kitti")).require_passed()

    assert (identity.arrangement, identity.by) == (None, MemberState.TH)


def test_the_assertion_of_another_node_is_accepted_and_none_is_made_from_it() -> None:
    vouched = AssertionOf("sg-node", "sg-branch", Login("my-login", "my-arvind"))

    assert answered(vouched).accepted
    assert reasons(answered(vouched, assertion_audience="https://sandbox.bank.th.example")) == [
        "policy.assertion_not_available"
    ]


def test_a_company_is_represented_only_by_the_mandate_that_is_expected() -> None:
    director = Presentation("sg-representative", "sg-tan", represents=Representation("sg-quay"))
    purpose: dict[str, Any] = {"purpose": "company-representation", "claims": ("name",)}

    found = answered(director, **purpose).require_passed()
    assert found.mandate is not None
    entity = (found.mandate.entity_scheme, found.mandate.entity_value)
    assert answered(director, **purpose, expected={"entity": entity}).accepted
    assert reasons(answered(director, **purpose, expected={"entity": (entity[0], "another")})) == [
        "mandate.entity_mismatch"
    ]


def test_a_verdict_about_another_instant_accepts_nothing() -> None:
    request = asked(LOGIN)

    report = verifier().verify(request, at=NOON, historical=True)

    assert report.indication is Indication.PASSED
    assert not report.accepted
    assert report.one_time == ()
    with pytest.raises(ValueError, match="historical"):
        report.require_passed()


# What a verdict does not depend on


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300) | st.binary(max_size=300).map(lambda octets: octets.decode("latin-1")))
def test_no_text_whatever_is_accepted_or_breaks_the_verifier(text: str) -> None:
    assert not answered(LOGIN, credential=text).accepted


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_single_changed_character_of_a_good_credential_is_accepted(data: st.DataObject) -> None:
    request = asked(data.draw(st.sampled_from(SOURCES[:2])))
    text = request.credential
    place = data.draw(st.integers(0, len(text) - 1))
    character = data.draw(st.sampled_from("ABab01-_.~=+ \n{é"))
    changed = text[:place] + character + text[place + 1 :]

    assert verifier().verify(replace(request, credential=changed), at=NOON).accepted is (changed == text)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.sampled_from(SOURCES), min_size=1, max_size=8))
def test_what_was_verified_before_changes_no_decision(order: list[Any]) -> None:
    used = Verifier(trust=verifier().trust, status=EMPTY_STATUS)
    for source in order:
        request = asked(source)
        fresh = Verifier(trust=verifier().trust, status=EMPTY_STATUS)

        assert used.verify(request, at=NOON).decision() == fresh.verify(request, at=NOON).decision()


def test_snapshots_are_those_that_the_verifier_was_made_with() -> None:
    trust = verifier().trust
    made = Verifier(trust=trust, status=EMPTY_STATUS)

    assert (made.trust, made.status) == (trust, EMPTY_STATUS)
    assert made.standings.environment is Environment.SANDBOX
    assert made.verify(asked(LOGIN), at=datetime(2026, 11, 24, 12, tzinfo=UTC)).trust is trust
