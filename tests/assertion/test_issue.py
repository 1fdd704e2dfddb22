import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idbridge.assertion.decision import _coarse
from idbridge.assertion.node import Node
from idbridge.assertion.pseudonym import PairwiseKey
from idbridge.codec import base64url
from idbridge.errors import Refusal
from idbridge.limits import LIMITS
from idbridge.model import assertion as members
from idbridge.model.randomness import SystemRandomness
from idbridge.model.region import Environment, Format, MemberState
from idbridge.reasons import Indication
from idbridge.sandbox.assertions import AssertionOf
from idbridge.sandbox.bench import Bench
from idbridge.sandbox.edits import After
from idbridge.sandbox.logins import Login
from idbridge.sandbox.parties import Registration
from idbridge.sandbox.presentations import Presentation, Representation
from idbridge.sandbox.recipe import Shown, Source
from idbridge.verify.report import Report
from tests.assertion.answers import KEY, NOON, TH, asserted, leaves, region, report, said

TAN = Login("sg-login", "sg-tan")
WALLET = Presentation("sg-pid", "sg-tan")
PHOTO = Presentation("la-card", "la-dalavanh", bound=False)
PEOPLE = (TAN, WALLET, PHOTO, Login("id-login", "id-wayan"), Presentation("th-pid", "th-kitti"))

# What may be equal in the assertions of two sectors, and why it names nobody. Everything else must differ.
IMPERSONAL = frozenset({
    "/iss", "/environment", "/trust_snapshot", "/status_snapshot", "/log",  # the node and what it knew
    "/iat", "/nbf", "/exp", "/verified_claims/verification/time",  # the moment of asking
    "/acr", "/acr_national", "/assurance/loa", "/assurance/identity", "/assurance/authentication",  # words of a ladder
    "/loa_mapping/framework", "/loa_mapping/rule", "/verified_claims/verification/trust_framework",
    "/verified_claims/verification/assurance_level", "/policy/version",
    "/purpose/code", "/purpose/text", "/recognition/by", "/recognition/arrangement", "/recognition/version",
    "/holder/bound", "/holder/method", "/represents",
    "/origin/state", "/origin/issuer", "/origin/format", "/origin/service_type", "/origin/alg",  # the provider
    "/origin/key_thumbprint",  # a key that the list names for everybody
    "/origin/issued_at", "/origin/auth_time",  # to the day and to the hour
})  # fmt: skip
RELEASED = "/verified_claims/claims"  # what each relying party asked for and may have


def refusal(given_report: Report, **options: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        asserted(given_report, **options)
    return caught.value


def test_nothing_is_asserted_from_a_report_that_failed() -> None:
    failed = report(replace(TAN, token={"exp": After(-3600)}))
    assert failed.indication is Indication.FAILED

    assert refusal(failed).code == "policy.assertion_not_available"


def test_nothing_is_asserted_from_a_report_that_cannot_tell() -> None:
    undecided = report(replace(TAN, header={"kid": "a key that no list names"}))
    assert undecided.indication is Indication.INDETERMINATE

    assert refusal(undecided).code == "policy.assertion_not_available"


def test_nothing_is_asserted_from_a_historical_report() -> None:
    historical = report(TAN, historical=True)
    assert historical.indication is Indication.PASSED

    assert refusal(historical).code == "policy.assertion_not_available"


def test_nothing_is_asserted_from_a_report_whose_one_time_value_was_spent_before() -> None:
    assert refusal(report(TAN).spent()).code == "policy.assertion_not_available"


def test_nothing_is_asserted_from_an_assertion() -> None:
    resting = report(AssertionOf("sg-node", "sg-branch", WALLET), purpose="account-opening")
    assert resting.accepted

    assert refusal(resting).code == "policy.assertion_not_available"


@pytest.mark.parametrize("late", [timedelta(microseconds=-1), LIMITS.idempotency_window + timedelta(microseconds=1)])
def test_nothing_is_asserted_from_a_report_of_another_moment(late: timedelta) -> None:
    assert refusal(report(TAN), at=NOON + late).code == "policy.assertion_not_available"


def test_a_node_of_another_environment_asserts_nothing() -> None:
    live = Node("https://node.th.example", TH, Environment.LIVE)

    assert refusal(report(TAN), node=live).code == "policy.assertion_not_available"


def test_an_audience_that_is_not_registered_gets_nothing() -> None:
    assert refusal(report(TAN), audience="https://stranger.th.example").code == "policy.audience_not_registered"


def test_what_ends_within_the_minute_is_not_asserted() -> None:
    ending = report(replace(TAN, token={"exp": After(53)}))

    assert asserted(ending)
    assert refusal(report(replace(TAN, token={"exp": After(52)}))).code == ("policy.assertion_not_available")


def test_an_assertion_never_outlives_what_it_rests_on() -> None:
    claims = said(asserted(report(replace(TAN, token={"exp": After(200)}))))

    end = NOON + timedelta(seconds=200)
    assert claims["exp"] == int(end.replace(second=0).timestamp())


def after(minutes: int) -> datetime:
    """The instant so long after noon's minute, to the whole minute."""
    return NOON.replace(second=0) + timedelta(minutes=minutes)


def acting(ends: datetime) -> Source:
    """A representative whose mandate ends then."""
    mandate = Representation("sg-quay", ends=ends - NOON)
    return Presentation("sg-representative", "sg-tan", represents=mandate)


def test_an_assertion_never_outlives_the_mandate_that_it_states() -> None:
    long = report(acting(after(60)), purpose="company-representation")
    short = report(acting(after(2) + timedelta(seconds=41)), purpose="company-representation")
    ending = report(acting(after(0) + timedelta(seconds=50)), purpose="company-representation")

    assert asserted(long).expires_at == NOON + LIMITS.assertion_lifetime
    assert asserted(short).expires_at == after(2)
    assert refusal(ending).code == "policy.assertion_not_available"


def test_a_mandate_that_the_purpose_leaves_out_ends_nothing() -> None:
    private = report(acting(after(2)), purpose="account-opening")
    assert private.require_passed().mandate is None

    assert asserted(private).expires_at == NOON + LIMITS.assertion_lifetime


@pytest.mark.parametrize("status", ["superseded", "withdrawn", "compromised"])
def test_an_assertion_never_outlives_the_next_announced_status_of_its_service(status: str) -> None:
    def announced(end: datetime) -> Report:
        published = region().with_status("sg-login", status, at=end).reissued(MemberState.SG, at=NOON)
        return report(TAN, trust=published.snapshot(at=NOON))

    assert asserted(announced(after(60))).expires_at == NOON + LIMITS.assertion_lifetime
    assert asserted(announced(after(2) + timedelta(seconds=41))).expires_at == after(2)
    assert refusal(announced(after(0) + timedelta(seconds=50))).code == "policy.assertion_not_available"


def test_an_assertion_never_outlives_the_list_of_its_source() -> None:
    end = region().snapshot(at=NOON).lists[MemberState.SG].provenance.next_update
    early, late, last = (end - before for before in (timedelta(hours=1), timedelta(minutes=2), timedelta(seconds=7)))

    assert asserted(report(TAN, at=early)).expires_at == early + LIMITS.assertion_lifetime
    assert asserted(report(TAN, at=late)).expires_at == end.replace(second=0)
    assert refusal(report(TAN, at=last)).code == "policy.assertion_not_available"


def test_an_assertion_lives_five_minutes_at_most() -> None:
    assertion = asserted(report(WALLET))
    claims = said(assertion)

    assert claims["exp"] - claims["iat"] == LIMITS.assertion_lifetime.total_seconds()
    assert claims["nbf"] == claims["iat"] == int(NOON.timestamp())
    assert assertion.expires_at == datetime.fromtimestamp(claims["exp"], UTC)


def test_claims_that_make_it_too_long_for_another_node_are_not_asserted() -> None:
    address = {f"line {number}": "x" * 512 for number in range(16)}
    long = replace(TAN, token={"name": "ชื่อยาวมาก" * 51, "regadd": address})
    given_report = report(long, purpose="account-opening", claims=("name", "address"))
    assert given_report.released()[0]["address"] == address

    assert refusal(given_report).code == "policy.assertion_not_available"
    assert asserted(report(long, purpose="account-opening", claims=("name",)))


def test_the_level_never_rises_and_a_bearer_stays_a_bearer() -> None:
    bearer = report(TAN, nonce=False)
    claims = said(asserted(bearer))

    assert bearer.accepted
    assert claims["holder"] == {"bound": False, "method": "none"}
    assert claims["assurance"]["authentication"] in {"A0", "A1"}
    assert claims["acr"] in {"urn:idbridge:loa:A0", "urn:idbridge:loa:A1"}


def test_the_subject_says_nothing_that_the_source_said() -> None:
    given_report = report(TAN)
    credential = given_report.require_passed().credential
    assertion = said(asserted(given_report))

    assert credential.subject is not None
    assert credential.subject not in str(assertion)
    assert given_report.request.credential not in str(assertion)
    assert hashlib.sha256(given_report.request.credential.encode()).hexdigest() not in str(assertion)


def test_a_person_is_one_subject_in_a_sector_and_another_in_the_next_and_under_another_key() -> None:
    in_bank = said(asserted(report(TAN, party="th-bank")))["sub"]

    assert said(asserted(report(TAN, party="th-bank"), report_id="report-2"))["sub"] == in_bank
    assert said(asserted(report(TAN, party="th-tower")))["sub"] != in_bank
    assert said(asserted(report(TAN, party="th-bank"), key=PairwiseKey(bytes(range(32)))))["sub"] != in_bank


def test_a_person_whose_identifier_does_not_last_is_another_subject_each_time() -> None:
    first = report(Login("bn-login", "bn-hakim"), party="th-hospital")
    assert first.accepted

    assert said(asserted(first, report_id="report-1"))["sub"] != said(asserted(first, report_id="report-2"))["sub"]


@settings(max_examples=20, deadline=None)
@given(
    source=st.sampled_from(PEOPLE),
    parties=st.permutations(["th-bank", "th-tower", "th-hospital"]),
)
def test_nothing_that_could_name_a_person_is_equal_in_two_sectors(source: Source, parties: list[str]) -> None:
    given_reports = [report(source, party=party) for party in parties[:2]]
    assert all(found.accepted for found in given_reports)
    one, other = (
        leaves(said(asserted(found, report_id=f"report-of-{found.request.relying_party.id}")))
        for found in given_reports
    )
    personal = {path for path in one.keys() & other.keys() if not path.startswith(RELEASED)} - IMPERSONAL

    assert personal == {
        "/sub", "/aud", "/jti", "/txn", "/report_id", "/policy/id", "/origin/token_digest", "/origin/token_salt",
    }  # fmt: skip
    assert not {one[path] for path in personal} & {other[path] for path in personal}


def test_the_very_same_credential_shown_in_two_sectors_leaves_no_common_trace() -> None:
    once = PHOTO.shown(Bench(region(), NOON, SystemRandomness()), to=region().registration("th-bank"))

    @dataclass(frozen=True)
    class Copy:
        service: str = "la-card"

        def shown(self, bench: Bench, *, to: Registration) -> Shown:  # noqa: ARG002 - the protocol's
            return once

    one, other = (
        leaves(said(asserted(report(Copy(), party=party), report_id=party))) for party in ("th-bank", "th-tower")
    )

    common = {path for path, leaf in one.items() if other.get(path) == leaf and not path.startswith(RELEASED)}
    assert common <= IMPERSONAL
    assert one["/sub"] != other["/sub"]
    assert one["/origin/token_digest"] != other["/origin/token_digest"]


def test_the_times_of_the_source_are_shared_by_many_people() -> None:
    claims = said(asserted(report(TAN)))

    assert claims["origin"]["issued_at"] % 86_400 == 0
    assert claims["origin"]["auth_time"] % 3_600 == 0


@given(st.datetimes(timezones=st.just(UTC)), st.sampled_from([members.ISSUED_AT_GRAIN, members.AUTH_TIME_GRAIN]))
def test_a_coarse_time_never_looks_newer_than_it_is(instant: datetime, grain: timedelta) -> None:
    coarse = _coarse(instant, grain)

    assert coarse is not None
    assert timedelta(0) <= instant - datetime.fromtimestamp(coarse, UTC) < grain
    assert _coarse(None, grain) is None


def test_whoever_holds_the_source_can_check_its_digest() -> None:
    given_report = report(TAN)
    origin = said(asserted(given_report))["origin"]

    def field(octets: bytes) -> bytes:
        return len(octets).to_bytes(4, "big") + octets

    text = given_report.request.credential.encode()
    salted = field(base64url.decode(origin["token_salt"])) + field(text)
    assert base64url.decode(origin["token_digest"]) == hashlib.sha256(salted).digest()


def test_two_assertions_of_one_report_share_neither_jti_nor_salt() -> None:
    given_report = report(TAN)
    one, other = said(asserted(given_report)), said(asserted(given_report))

    assert one["jti"] != other["jti"]
    assert one["origin"]["token_salt"] != other["origin"]["token_salt"]


def test_a_key_that_no_list_names_is_not_named_here_either() -> None:
    certified = report(Presentation("my-student", "my-aisyah"), party="th-campus", purpose="school-enrolment")
    service = certified.require_passed().credential.service
    assert service.keys == ()

    assert said(asserted(certified))["origin"]["key_thumbprint"] is None


@pytest.mark.parametrize("source", [TAN, WALLET])
def test_every_member_is_there_and_says_what_the_report_says(source: Source) -> None:
    given_report = report(source)
    claims = said(asserted(given_report))
    simple = given_report._simple(report_id="report-1", assertion=None, receipt=None)

    assert claims.keys() == members.MEMBERS
    assert claims["verified_claims"]["claims"] == simple["claims"] != {}
    assert claims["acr"] == f"urn:idbridge:loa:{simple['assurance']['loa']}"
    assert claims["acr_national"] == simple["assurance"]["national"]
    assert claims["loa_mapping"]["rule"] == simple["assurance"]["mapping"]
    assert claims["holder"] == simple["holder"]
    assert claims["represents"] == simple["represents"]
    assert claims["policy"] == simple["policy"]
    assert (claims["trust_snapshot"], claims["status_snapshot"]) == (
        simple["trust_snapshot"],
        simple["status_snapshot"],
    )
    assert claims["purpose"] == {"code": "building-visit", "text": "Visiting a friend"}
    assert claims["recognition"] == {"by": "TH", "arrangement": "SG-TH", "version": simple["recognition"]["version"]}
    assert claims["txn"] == claims["report_id"] == "report-1"
    assert claims["log"] is None


def test_an_ordinary_jwt_library_accepts_the_assertion_with_the_published_key() -> None:
    signer = region().node_service(TH).signer
    audience = region().registration("th-bank").audience

    claims = jwt.decode(
        asserted(report(TAN)).jwt,
        jwt.PyJWK(dict(signer.public_jwk)),
        algorithms=[signer.algorithm],
        audience=audience,
        issuer=region().node(TH).issuer,
        options={"verify_exp": False, "verify_nbf": False, "verify_iat": False},
    )

    assert claims["aud"] == audience


def test_the_header_names_type_algorithm_and_key_and_nothing_else() -> None:
    signer = region().node_service(TH).signer

    assert jwt.get_unverified_header(asserted(report(TAN)).jwt) == {
        "alg": signer.algorithm,
        "kid": signer.kid,
        "typ": "idbridge-assertion+jwt",
    }


def test_the_other_node_accepts_it_for_the_audience_it_was_made_for() -> None:
    accepted = report(
        AssertionOf("th-node", "th-branch", Presentation("th-pid", "th-thanaporn")),
        party="sg-bank",
        purpose="account-opening",
    )

    identity = accepted.require_passed()
    assert identity.credential.format is Format.ASSERTION
    assert identity.credential.origin is not None
    assert identity.credential.origin.member_state is MemberState.TH
    assert identity.level <= identity.credential.origin.level


def test_all_that_is_unpredictable_is_a_parameter() -> None:
    class Counted:
        def octets(self, count: int) -> bytes:
            return bytes(count)

    given_report = report(TAN)
    one, other = (said(asserted(given_report, randomness=Counted(), key=KEY)) for _ in range(2))

    assert one == other
