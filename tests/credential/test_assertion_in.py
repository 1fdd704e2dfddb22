import copy
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idbridge.codec import jcs
from idbridge.credential.assertion_in import ASSERTION
from idbridge.credential.protocol import Reading
from idbridge.crypto import signature
from idbridge.crypto.jws import HeaderCache, sign_compact
from idbridge.crypto.keys import parse_jwk
from idbridge.crypto.signer import generate
from idbridge.errors import JoseError, Refusal
from idbridge.limits import LIMITS
from idbridge.model import assertion as members
from idbridge.model.check import Refused, Result
from idbridge.model.credential import HolderMethod, VerifiedCredential
from idbridge.model.region import AssuranceLevel, Environment, Format, MemberState, ServiceType
from idbridge.model.request import Expectations, RelyingParty, VerifyRequest
from idbridge.model.trust import LadderRung, ServiceStatus, TrustService
from idbridge.reasons import REASONS
from idbridge.trust.resolver import ResolvedKey
from tests.credential.assertions import AUDIENCE, ISSUER, NOON, claims, spoiled, without
from tests.recognition.credentials import history, service

A0, A1, A2, A3 = AssuranceLevel
SIGNER = generate("ES256")
KEY = parse_jwk(SIGNER.public_jwk)
LADDER = tuple(LadderRung(members.LEVEL_URIS[level], level, level) for level in (A1, A2, A3))
YEAR_AGO = NOON - timedelta(days=365)


def node(**changes: Any) -> TrustService:
    """The listed assertion service of Singapore's node."""
    listed = {
        "service_type": ServiceType.ASSERTION,
        "issuer": ISSUER,
        "keys": (KEY,),
        "formats": frozenset({Format.ASSERTION}),
        "algorithms": frozenset({"ES256"}),
        "ladder": LADDER,
        "history": history((ServiceStatus.GRANTED, YEAR_AGO)),
    }
    return service(MemberState.SG, **{**listed, **changes})


def request(audiences: frozenset[str] = frozenset({AUDIENCE}), **expected: Any) -> VerifyRequest:
    party = RelyingParty(
        id="bank-th",
        name="A bank",
        state=MemberState.TH,
        environment=Environment.SANDBOX,
        sector="banking",
        purposes=frozenset({"account-opening"}),
        claims=frozenset({"birthdate"}),
        audiences=audiences,
        clients={},
    )
    return VerifyRequest("", party, "account-opening", expected=Expectations(**expected))


def account(
    document: Mapping[str, Any],
    *,
    at: Any = NOON,
    listed: TrustService | None = None,
    asked: VerifyRequest | None = None,
    header: Mapping[str, Any] | None = None,
) -> VerifiedCredential:
    """Take a signed assertion through V2, V4 and V5."""
    text = sign_compact(header or {"typ": members.TYPE}, jcs.canonicalize(document), SIGNER)
    (unverified,) = ASSERTION.open(text, Reading(HeaderCache(8)))
    signed = signature.verify(
        unverified.message, claims=unverified.unverified_claims, key=KEY, algorithms=frozenset({"ES256"})
    )
    return ASSERTION.account(
        signed, unverified, resolved=ResolvedKey(listed or node(), KEY, at), request=asked or request(), at=at
    )


def refusal(*arguments: Any, **options: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        account(*arguments, **options)
    return caught.value


@pytest.mark.parametrize("type_", ["jwt", "at+jwt", "kb+jwt", "dc+sd-jwt", "idbridge-assertion", ""])
def test_no_other_token_passes_for_an_assertion(type_: str) -> None:
    with pytest.raises(JoseError) as caught:
        account(claims(), header={"typ": type_})

    assert caught.value.code == "jose.typ_mismatch"


def test_an_assertion_without_a_type_is_refused() -> None:
    text = sign_compact({}, jcs.canonicalize(claims()), SIGNER)

    with pytest.raises(JoseError) as caught:
        ASSERTION.open(text, Reading(HeaderCache(8)))

    assert caught.value.code == "jose.typ_mismatch"


@pytest.mark.parametrize("name", sorted(members.MEMBERS - {"iss"}))
def test_an_assertion_that_lacks_a_member_is_refused(name: str) -> None:
    assert refusal(without(name)).code == "recognition.assertion_malformed"


@pytest.mark.parametrize("name", ["cnf", "nonce", "act", "profile", "receipt", "amr"])
def test_an_assertion_with_a_member_that_is_not_known_is_refused(name: str) -> None:
    assert refusal(spoiled(name, None)).code == "recognition.assertion_malformed"


def test_a_former_subject_is_left_out_of_account() -> None:
    found = account(spoiled("sub_prev", "the-name-before"))

    assert found.subject == claims()["sub"]
    assert "the-name-before" not in str(found.claims)


@pytest.mark.parametrize("audience", ["https://bank.vn.example", "", None, 7, [AUDIENCE], [AUDIENCE, AUDIENCE], {}])
def test_an_assertion_for_another_audience_is_refused(audience: Any) -> None:
    assert refusal(spoiled("aud", audience)).code == "recognition.assertion_audience"


def test_an_assertion_for_another_of_ones_own_audiences_is_refused_where_one_is_expected() -> None:
    both = frozenset({AUDIENCE, "https://loans.th.example"})

    assert account(claims(), asked=request(both, audience=AUDIENCE))
    assert refusal(claims(), asked=request(both, audience="https://loans.th.example")).code == (
        "recognition.assertion_audience"
    )


def test_the_refusal_of_an_audience_says_what_would_have_been_accepted() -> None:
    checks = {check.id: check for check in refusal(spoiled("aud", "https://bank.vn.example")).checks}

    assert AUDIENCE in checks["assertion.6"].note
    assert "bank.vn" not in checks["assertion.6"].note


@pytest.mark.parametrize("environment", ["live", "", None])
def test_an_assertion_of_another_environment_is_refused(environment: Any) -> None:
    assert refusal(spoiled("environment", environment)).code == "recognition.environment_mismatch"


@pytest.mark.parametrize(
    ("path", "value"),
    [("origin/format", "idbridge-assertion+jwt"), ("origin/service_type", "urn:idbridge:service:assertion")],
)
def test_an_assertion_that_rests_on_an_assertion_is_refused(path: str, value: str) -> None:
    assert refusal(spoiled(path, value)).code == "recognition.assertion_chained"


@pytest.mark.parametrize("service_type", [kind for kind in ServiceType if kind is not ServiceType.ASSERTION])
def test_a_service_that_is_no_node_makes_no_assertion(service_type: ServiceType) -> None:
    assert refusal(claims(), listed=node(service_type=service_type)).code == "issuer.service_not_listed"


def test_an_assertion_that_names_another_node_than_the_listed_one_is_refused() -> None:
    assert refusal(spoiled("iss", "https://node.vn.example")).code == "issuer.unknown"


@pytest.mark.parametrize("name", ["iat", "nbf", "exp"])
@pytest.mark.parametrize("value", [None, "1", 1.5, True, -1, 10**12])
def test_a_time_that_is_no_time_is_refused(name: str, value: Any) -> None:
    assert refusal(spoiled(name, value)).code == "time.claim_malformed"


def test_an_assertion_is_good_until_its_end_and_the_leeway_and_no_second_longer() -> None:
    end = NOON + timedelta(minutes=4)

    assert account(claims(), at=end + timedelta(seconds=59))
    assert refusal(claims(), at=end + timedelta(seconds=60)).code == "time.expired"


def test_an_assertion_from_the_future_is_refused_past_the_leeway() -> None:
    issued = NOON - timedelta(minutes=1)

    assert account(claims(), at=issued - timedelta(seconds=60))
    assert refusal(claims(), at=issued - timedelta(seconds=61)).code == "time.not_yet_valid"


def test_an_assertion_that_starts_at_once_but_was_issued_later_is_refused() -> None:
    document = spoiled("iat", int(NOON.timestamp()) + 61)

    assert refusal(document).code == "time.issued_in_future"


def test_an_assertion_lives_five_minutes_at_most() -> None:
    longest = int(LIMITS.assertion_lifetime.total_seconds())
    start = claims()["iat"]

    assert account(spoiled("exp", start + longest))
    assert refusal(spoiled("exp", start + longest + 1)).code == "recognition.assertion_malformed"


def test_an_early_start_does_not_lengthen_the_life() -> None:
    assert refusal(spoiled("nbf", claims()["iat"] - 1)).code == "recognition.assertion_malformed"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("acr", "urn:idbridge:loa:A3"),
        ("assurance/loa", "A3"),
        ("verified_claims/verification/assurance_level", "A3"),
        ("verified_claims/claims/name", "Tan Mei Ling"),
        ("origin/state", "EU"),
        ("represents", {}),
        ("holder/method", "none"),
        ("jti", ""),
        ("sub", 7),
    ],
)
def test_a_member_of_another_shape_is_refused(path: str, value: Any) -> None:
    assert refusal(spoiled(path, value)).code == "recognition.assertion_malformed"


def test_an_expected_nonce_is_never_taken_as_answered() -> None:
    assert refusal(claims(), asked=request(nonce="n-0S6_WzA2Mj")).code == "holder.nonce_mismatch"


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (ServiceStatus.SUPERSEDED, "issuer.superseded"),
        (ServiceStatus.WITHDRAWN, "issuer.withdrawn"),
        (ServiceStatus.COMPROMISED, "issuer.compromised"),
    ],
)
def test_a_node_that_had_ended_when_it_signed_is_refused(status: ServiceStatus, code: str) -> None:
    ended = node(history=history((ServiceStatus.GRANTED, YEAR_AGO), (status, NOON - timedelta(minutes=1))))

    assert refusal(claims(), listed=ended).code == code


def test_a_node_that_was_not_yet_granted_is_refused() -> None:
    later = node(history=history((ServiceStatus.GRANTED, NOON)))

    assert refusal(claims(), listed=later).code == "issuer.not_yet_granted"


def test_every_fault_is_told_at_once_and_each_check_has_its_own_number() -> None:
    document = spoiled("aud", "https://bank.vn.example")
    document["holder"]["bound"] = False
    document["environment"] = "live"

    checks = refusal(document).checks

    assert [check.id for check in checks] == [f"assertion.{number}" for number in range(1, 18)]
    assert {check.id for check in checks if check.result is Result.FAILED} == {
        "assertion.5",
        "assertion.6",
        "assertion.14",
    }


def test_after_a_missing_member_nothing_else_is_guessed() -> None:
    checks = refusal(without("origin")).checks

    assert [check.id for check in checks] == [f"assertion.{number}" for number in range(1, 18)]
    assert {check.result for check in checks[4:]} == {Result.SKIPPED}


def test_an_ordinary_assertion_is_taken_as_stated() -> None:
    found = account(claims())

    assert (found.identity, found.authentication, found.level) == (A3, A2, A2)
    assert (found.national_level, found.subject) == ("urn:sg:loa:2", claims()["sub"])
    assert found.holder.method is HolderMethod.LOGIN
    assert found.claims == {"birthdate": "1990-02-28"}
    assert found.name is not None
    assert found.name.native == "陈美玲"
    assert found.mandate is not None
    assert found.mandate.entity_value == "53012345D"
    assert found.origin is not None
    assert (found.origin.member_state, found.origin.purpose) == (MemberState.SG, "account-opening")
    assert found.status_reference is None


def test_an_unbound_holder_stays_unbound_and_has_at_most_a1() -> None:
    found = account(spoiled("holder", {"bound": False, "method": "none"}))

    assert not found.holder.bound
    assert found.level is A1


def test_the_listing_of_a_node_may_lower_what_it_states_and_never_raise_it() -> None:
    lowered = (LadderRung(members.LEVEL_URIS[A2], A1, A1),)
    raised = (LadderRung(members.LEVEL_URIS[A2], A3, A3),)

    assert account(claims(), listed=node(ladder=lowered)).level is A1
    assert account(claims(), listed=node(ladder=())).level is A0
    assert account(claims(), listed=node(ladder=raised)).level is A2


def test_no_axis_is_above_the_best_that_the_listing_of_a_node_names_for_it() -> None:
    def axes(*ladder: LadderRung) -> tuple[AssuranceLevel, AssuranceLevel]:
        found = account(claims(), listed=node(ladder=ladder))
        return found.identity, found.authentication

    assert axes(LADDER[0], LADDER[1]) == (A2, A2)
    assert axes(LADDER[1], LadderRung(members.LEVEL_URIS[A3], A2, A3)) == (A2, A2)
    assert axes(LadderRung(members.LEVEL_URIS[A2], A3, A1)) == (A3, A1)
    assert axes(LADDER[1], LADDER[2]) == (A3, A2)


def test_a_level_of_nothing_stays_one_whatever_is_listed() -> None:
    nothing = {"acr": members.LEVEL_URIS[A0], "assurance": {"loa": "A0", "identity": "A3", "authentication": "A0"}}
    for ladder, identity in (((), A0), (LADDER[:1], A1), (LADDER, A3)):
        document = spoiled("verified_claims/verification/assurance_level", "A0") | nothing
        found = account(document, listed=node(ladder=ladder))

        assert (found.identity, found.authentication) == (identity, A0)


def test_a_released_claim_of_the_wrong_kind_stays_behind() -> None:
    found = account(spoiled("verified_claims/claims", {"birthdate": 19900228, "nationality": "SG"}))

    assert found.claims == {"nationality": "SG"}


def test_the_jti_counts_once_for_its_node_and_until_the_assertion_cannot_be_accepted() -> None:
    (value,) = account(claims()).one_time
    (again,) = account(spoiled("txn", "report-2") | {"report_id": "report-2"}).one_time
    (other,) = account(spoiled("jti", "another")).one_time

    assert value.key == again.key
    assert value.key != other.key
    assert value.until == NOON + timedelta(minutes=5)
    assert refusal(claims(), at=value.until).code == "time.expired"


LEAVES = sorted(members.MEMBERS - {"iss"})
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)


def outcome(document: Mapping[str, Any]) -> VerifiedCredential | str:
    """What comes of a document: a verified credential, or the code of its refusal."""
    try:
        return account(document)
    except (Refused, Refusal) as refused:
        return refused.code


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(LEAVES), JSON)
def test_whatever_stands_in_a_member_there_is_an_answer_with_a_code(name: str, value: Any) -> None:
    found = outcome(copy.deepcopy(claims()) | {name: value})

    assert found in REASONS if isinstance(found, str) else found.level <= A2


def test_a_refusal_before_the_account_belongs_to_one_of_its_checks() -> None:
    for code, number in [
        ("jose.typ_mismatch", 1),
        ("issuer.unknown", 2),
        ("jose.signature_invalid", 3),
        ("issuer.withdrawn", 17),
    ]:
        point = ASSERTION.early(code)
        assert point is not None
        assert point.id == f"assertion.{number}"
    assert ASSERTION.early("status.unavailable") is None
    assert ASSERTION.format is Format.ASSERTION
