"""Grace: a list that is out of date counts for as long as the arrangement says and not a second longer."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from types import MappingProxyType
from typing import Any

import pytest

from idbridge.assertion.issue import issue
from idbridge.crypto.keys import thumbprint
from idbridge.errors import Refusal
from idbridge.limits import LIMITS
from idbridge.model.check import Refused, Result
from idbridge.model.region import MemberState
from idbridge.model.request import Detail, VerifyRequest
from idbridge.reasons import Indication
from idbridge.sandbox.assertions import AssertionOf
from idbridge.sandbox.bench import Bench
from idbridge.sandbox.graces import LONGEST, NO_GRACE, Grace, timestamp, trusted_with
from idbridge.sandbox.logins import Login
from idbridge.sandbox.presentations import Presentation
from idbridge.sandbox.publication import LIST_LIFETIME
from idbridge.sandbox.questions import question
from idbridge.sandbox.recipe import Source
from idbridge.sandbox.seeded import SeededRandomness
from idbridge.status.snapshot import EMPTY_STATUS
from idbridge.trust.deny_entry import key_target
from idbridge.trust.freshness import RegionalFreshness
from idbridge.trust.snapshot import TrustSnapshot, snapshot_of
from idbridge.verify.grace import Grace as GraceOfReport
from idbridge.verify.grace import granted
from idbridge.verify.report import Report
from idbridge.verify.verifier import Verifier
from tests.trust.denying import authorities, denial, listing
from tests.verify.pretend import NOON, region

SG, TH, PH = MemberState.SG, MemberState.TH, MemberState.PH
DUE = region().made_at + LIST_LIFETIME
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
A1, A2, A3 = (Login("sg-login", "sg-tan", level=f"urn:example:sg:loa:{level}") for level in (1, 2, 3))
NODE = AssertionOf("sg-node", "sg-branch", Login("ph-login", "ph-luisa"))


@cache
def held(days: tuple[tuple[str, timedelta], ...]) -> Any:
    """What a node holds at noon, had every arrangement granted this."""
    return trusted_with(region(), dict(days), at=NOON)


FRESH = timestamp(signed_at=DUE + 8 * DAY, life=30 * DAY)  # so that only the lists themselves are late


def trust(grace: Grace = LONGEST, *, regional: RegionalFreshness | None = FRESH) -> TrustSnapshot:
    return snapshot_of(held(tuple(sorted(grace.items()))), regional=regional)


def asked(source: Source, *, at: datetime, to: str = "th-bank", **members: Any) -> VerifyRequest:
    """The question of a relying party about an age."""
    party = region().registration(to)
    shown = source.shown(Bench(region(), at, SeededRandomness(b"grace")), to=party)
    document = {
        "credential": shown.credential,
        "purpose": "age-check",
        "claims": ["name", "age_over_20"],
        "expected": {"nonce": shown.nonce} if shown.nonce is not None else {},
        **members,
    }
    return question(document, relying_party=party.relying_party)


def answered(
    source: Source = A2, *, late: timedelta, over: TrustSnapshot | None = None, historical: bool = False, **members: Any
) -> Report:
    """The report on ``source``, shown so long after the lists went out of date."""
    at = DUE + late
    verifier = Verifier(trust=over if over is not None else trust(), status=EMPTY_STATUS)
    return verifier.verify(asked(source, at=at, **members), at=at, historical=historical)


def refused(report: Report) -> bool:
    """Whether the report is what a list out of date gives without grace; nothing about the person leaves with it."""
    document = report.render(Detail.EVIDENCE, report_id="rep_1")
    assert (report.indication, report.accepted) == (Indication.INDETERMINATE, False)
    assert (document["claims"], document["represents"], document["recognition"]["limits"]) == ({}, None, [])
    assert report.one_time == ()
    assert document["summary"] == report.decided_by.reason.business  # type: ignore[union-attr]  # it is stale
    return report.is_stale and report.grace is None


# The rungs


@pytest.mark.parametrize(
    ("source", "longest"), [(A1, LIMITS.grace_low), (A2, LIMITS.grace_substantial)], ids=["A1", "A2"]
)
def test_each_rung_holds_to_its_last_second_and_not_one_longer(source: Login, longest: timedelta) -> None:
    assert answered(source, late=-SECOND).indication is Indication.PASSED
    for late in (timedelta(0), SECOND, longest):
        report = answered(source, late=late)
        assert (report.indication, report.accepted, report.is_stale) == (Indication.INDETERMINATE, True, True)
    assert refused(answered(source, late=longest + SECOND))


def test_without_a_timestamp_nobody_knows_what_was_denied_and_there_is_no_grace() -> None:
    assert answered(A1, late=-SECOND, over=trust(regional=None)).accepted
    assert refused(answered(A1, late=SECOND, over=trust(regional=None)))


def test_the_highest_level_never_has_grace() -> None:
    assert answered(A3, late=-SECOND).accepted
    for late in (timedelta(0), SECOND, HOUR):
        assert refused(answered(A3, late=late))


@pytest.mark.parametrize("source", [A1, A2, A3], ids=["A1", "A2", "A3"])
def test_without_a_word_in_the_arrangement_there_is_no_grace(source: Login) -> None:
    for late in (timedelta(0), SECOND, HOUR):
        assert refused(answered(source, late=late, over=trust(NO_GRACE)))


def test_an_arrangement_may_grant_less_and_then_less_it_is() -> None:
    over = trust({"A1": HOUR, "A2": timedelta(0)})

    assert answered(A1, late=HOUR, over=over).accepted
    assert refused(answered(A1, late=HOUR + SECOND, over=over))
    assert refused(answered(A2, late=timedelta(0), over=over))


def test_the_level_that_counts_is_the_one_recognised() -> None:
    over = trust({"A1": LIMITS.grace_low, "A2": HOUR})

    assert answered(A1, late=DAY, over=over).accepted
    assert refused(answered(A2, late=DAY, over=over))


def test_a_state_has_no_grace_at_home() -> None:
    at_home = Login("th-login", "th-kitti", level="2.3")

    assert answered(at_home, late=-SECOND).accepted
    assert refused(answered(at_home, late=SECOND))


def test_where_nothing_is_agreed_there_is_nothing_to_put_up_with() -> None:
    card = Presentation("mm-card", "mm-thida")

    assert not answered(card, late=-SECOND, to="sg-bank").accepted
    assert refused(answered(card, late=SECOND, to="sg-bank"))


# The region's timestamp


def test_an_expired_timestamp_makes_every_list_stale_also_at_home() -> None:
    at = NOON + HOUR
    expired = timestamp(signed_at=at - 2 * HOUR, life=HOUR)
    for source in (A3, Login("th-login", "th-kitti", level="2.3")):
        verifier = Verifier(trust=trust(regional=expired), status=EMPTY_STATUS)
        assert refused(verifier.verify(asked(source, at=at), at=at))
    assert trust(regional=expired).stale_from(SG) == at - HOUR


def test_an_expired_timestamp_counts_from_its_end_and_the_ladder_applies() -> None:
    at = NOON + DAY
    fresh = timestamp(signed_at=at - 20 * HOUR, life=20 * HOUR + SECOND)
    just = timestamp(signed_at=at - 20 * HOUR, life=20 * HOUR)
    early = timestamp(signed_at=at - 20 * HOUR, life=2 * HOUR)

    def verdict(regional: RegionalFreshness, grace: Grace = LONGEST) -> Report:
        verifier = Verifier(trust=trust(grace, regional=regional), status=EMPTY_STATUS)
        return verifier.verify(asked(A2, at=at), at=at)

    assert verdict(fresh).indication is Indication.PASSED
    assert (verdict(just).indication, verdict(just).accepted) == (Indication.INDETERMINATE, True)
    assert verdict(early, {"A1": DAY, "A2": 18 * HOUR}).accepted
    assert refused(verdict(early, {"A1": DAY, "A2": 18 * HOUR - SECOND}))


def test_past_a_day_since_the_last_timestamp_there_is_no_grace_at_all() -> None:
    late = HOUR
    at = DUE + late

    def over(age: timedelta) -> TrustSnapshot:
        return trust(regional=timestamp(signed_at=at - age, life=7 * DAY))

    assert LIMITS.deny_freshness == DAY
    assert answered(A1, late=late, over=over(LIMITS.deny_freshness)).accepted
    assert refused(answered(A1, late=late, over=over(LIMITS.deny_freshness + SECOND)))
    last = answered(A1, late=late, over=over(LIMITS.deny_freshness)).grace
    assert last is not None
    assert last.lists[0].until == at  # grace ends with the freshness of denials, whatever was agreed


# Everything else has to pass


@pytest.mark.parametrize(
    "source",
    [
        replace(A2, signed_by="th-login"),
        replace(A2, header={"kid": "x"}),
        replace(A2, token={"exp": NOON}),
        replace(A2, token={"status": {"status_list": {"idx": 1, "uri": "u"}}}),
    ],
    ids=["forged", "unknown key", "expired", "status unknown"],
)
def test_what_is_not_good_otherwise_is_not_made_good_by_grace(source: Login) -> None:
    assert refused(answered(source, late=SECOND))


def test_what_is_denied_has_no_grace() -> None:
    entry = denial(target=denial_of_login(), issued_at=NOON)
    denied = held(tuple(sorted(LONGEST.items()))).with_deny_list(listing(1, entry), authorities=authorities(), at=NOON)

    for late in (SECOND, LIMITS.grace_substantial + SECOND, 100 * DAY):
        report = answered(late=late, over=snapshot_of(denied, regional=FRESH))
        assert (report.indication, report.reason.code) == (Indication.FAILED, "issuer.denied")  # type: ignore[union-attr]  # it failed
        assert not report.accepted
    assert answered(late=SECOND).accepted


def denial_of_login() -> Any:
    """The login key of Singapore."""
    return key_target(thumbprint(region().signer("sg-login").public_jwk))


def test_a_demand_of_the_relying_party_is_no_less_in_grace() -> None:
    assert answered(late=SECOND, expected={"loa": "A3"}).accepted is False


def test_a_list_that_is_not_held_has_no_grace() -> None:
    whole = held(tuple(sorted(LONGEST.items())))
    without = replace(
        whole, lists=MappingProxyType({state: listed for state, listed in whole.lists.items() if state is not SG})
    )
    report = answered(late=SECOND, over=snapshot_of(without, regional=FRESH, states_without_list={SG: "trust.expired"}))

    assert refused(report)


# What is told


def test_a_report_in_grace_says_so_in_limits_and_summary_and_in_its_check() -> None:
    report = answered(late=HOUR)
    document = report.render(Detail.EVIDENCE, report_id="rep_1")
    words = (
        "the list of SG is out of date since 2027-02-22T12:00:00Z; the arrangement puts up with that until "
        "2027-02-23T12:00:00Z"
    )

    assert (document["indication"], document["accepted"]) == ("INDETERMINATE", True)
    assert document["reason"]["code"] == "trust.stale"
    assert document["recognition"]["limits"] == [words]
    assert document["summary"].startswith("Accepted with a reserve: ")
    assert document["summary"].endswith(f" But {words}.")
    assert document["trust"]["list"]["freshness"] == "stale"
    assert [check.id for check in report.checks if check.result is not Result.PASSED and check.reason] == ["issuer.1"]
    assert document["sub_indication"] == "TRY_LATER"


def test_what_was_asked_for_is_released_and_what_counts_once_is_spent() -> None:
    report = answered(late=HOUR)
    claims, withheld = report.released()

    assert claims == {"age_over_20": True}
    assert withheld == [{"claim": "name", "why": "not_allowed"}]
    assert len(report.one_time) == len(answered(late=-HOUR).one_time) > 0
    spent = report.spent()
    assert (spent.indication, spent.accepted, spent.grace) == (Indication.FAILED, False, None)
    assert spent.render(Detail.SIMPLE, report_id="rep_1")["claims"] == {}


def test_indeterminate_is_never_a_pass() -> None:
    report = answered(late=HOUR)

    assert report.passed_identity is None
    assert report.identity is not None
    with pytest.raises(Refused) as caught:
        report.require_passed()
    assert caught.value.code == "trust.stale"


def test_a_historical_report_accepts_nothing_and_decides_the_same() -> None:
    now, then = answered(late=HOUR), answered(late=HOUR, historical=True)

    assert not then.accepted
    assert then.one_time == ()
    assert then.decision() == now.decision()
    assert then.render(Detail.SIMPLE, report_id="rep_1")["summary"].startswith("This accepts nothing today.")


def test_a_decision_in_grace_is_made_again_byte_for_byte() -> None:
    over, at = trust(), DUE + HOUR
    request = asked(A2, at=at)
    warm = Verifier(trust=over, status=EMPTY_STATUS)
    warm.verify(asked(A2, at=NOON), at=NOON)
    first = warm.verify(request, at=at).decision()

    assert warm.verify(request, at=at).decision() == first
    assert Verifier(trust=over, status=EMPTY_STATUS).verify(request, at=at).decision() == first


# Assertions


def test_no_assertion_is_made_in_grace_and_who_asks_for_one_gets_no_grace() -> None:
    audience = region().registration("th-bank").audience

    assert refused(answered(late=SECOND, assertion={"audience": audience}))
    with pytest.raises(Refusal) as caught:
        issue(
            answered(late=SECOND),
            audience=audience,
            node=region().node(TH),
            signer=region().node_service(TH).signer,
            pairwise_key=region().keys.pairwise[TH],
            report_id="rep_1",
            at=DUE + SECOND,
            randomness=SeededRandomness(b"none"),
        )
    assert caught.value.code == "policy.assertion_not_available"


def assertion_seen(over: TrustSnapshot, *, at: datetime, made_in: Any) -> Report:
    """What a bank in Bangkok hears of an assertion that node SG made of a login of the Philippines."""
    party = region().registration("th-bank")
    shown = NODE.shown(Bench(made_in, at, SeededRandomness(b"assertion")), to=party)
    document = {"credential": shown.credential, "purpose": "account-opening", "claims": ["name"]}
    return Verifier(trust=over, status=EMPTY_STATUS).verify(
        question(document, relying_party=party.relying_party), at=at
    )


@pytest.mark.parametrize(
    ("late", "check"),
    [((SG,), ["issuer.1"]), ((PH,), ["assertion.18"]), ((SG, PH), ["issuer.1", "assertion.18"])],
)
def test_an_assertion_rests_on_two_lists_and_each_needs_grace(late: tuple[MemberState, ...], check: list[str]) -> None:
    at = DUE + HOUR
    renewed = region().renewed(at=at)

    def over(grace: Mapping[str, timedelta]) -> TrustSnapshot:
        whole = held(tuple(sorted(grace.items())))
        for state, offered in renewed.published.lists.items():
            if state not in late:
                whole = whole.with_list(offered.encode(), state=state, at=at)
        return snapshot_of(whole, regional=FRESH)

    report = assertion_seen(over(LONGEST), at=at, made_in=renewed)
    assert (report.indication, report.accepted) == (Indication.INDETERMINATE, True)
    assert [one.id for one in report.checks if one.reason is not None] == check
    limits = report.render(Detail.SIMPLE, report_id="rep_1")["recognition"]["limits"]
    assert [text[len("the list of ") :][:2] for text in limits] == [state.value for state in late]
    assert not assertion_seen(over(NO_GRACE), at=at, made_in=renewed).accepted


def test_of_two_lists_the_one_without_grace_decides() -> None:
    at = DUE + HOUR
    renewed = region().renewed(at=at)
    whole = held(tuple(sorted(LONGEST.items())))
    report = assertion_seen(snapshot_of(whole, regional=FRESH), at=at, made_in=renewed)
    identity = report.identity

    assert report.accepted
    assert identity is not None
    only_node = identity._replace(origin_grace={})
    only_origin = identity._replace(grace={})
    assert granted(only_node, snapshot_of(whole, regional=FRESH), at=at) is None
    assert granted(only_origin, snapshot_of(whole, regional=FRESH), at=at) is None
    assert granted(identity, snapshot_of(whole, regional=FRESH), at=at) == report.grace


def test_grace_for_nothing_is_no_grace() -> None:
    report = answered(late=-HOUR)

    assert report.grace is None
    with pytest.raises(ValueError, match="out of date"):
        GraceOfReport(())
    with pytest.raises(ValueError, match="grace is for what passes"):
        report.in_grace(answered(late=HOUR).grace, {})  # type: ignore[arg-type]  # it is there
