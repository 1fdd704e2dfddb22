from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idbridge.assertion.decision import Decision, decide
from idbridge.assertion.login import VERIFIED_CLAIMS, id_token_claims, userinfo_claims
from idbridge.assertion.pseudonym import PairwiseKey
from idbridge.errors import Refusal
from idbridge.model.randomness import SystemRandomness
from idbridge.reasons import Indication
from idbridge.sandbox.logins import Login
from idbridge.sandbox.presentations import Presentation, Representation
from idbridge.sandbox.recipe import Source
from idbridge.verify.report import Report
from tests.assertion.answers import KEY, TH, asserted, region, report, said

TAN = Login("sg-login", "sg-tan")
SOURCES: tuple[Source, ...] = (TAN, Login("id-login", "id-wayan"), Presentation("sg-pid", "sg-tan"))


def decided(given_report: Report, *, at: datetime | None = None, key: PairwiseKey = KEY) -> Decision:
    party = given_report.request.relying_party
    return decide(
        given_report,
        audience=region().registration(party.id).audience,
        node=region().node(TH),
        pairwise_key=key,
        report_id="report-1",
        at=at or given_report.at + timedelta(milliseconds=3),
        randomness=SystemRandomness(),
    )


def test_nothing_is_written_once_the_decision_is_over() -> None:
    decision = decided(report(TAN))

    for write in (
        lambda at: id_token_claims(decision, nonce=None, verified_claims=None, at=at),
        lambda at: userinfo_claims(decision, verified_claims=None, at=at),
    ):
        for at in (decision.expires_at, decision.decided_at - timedelta(seconds=1)):
            with pytest.raises(Refusal) as caught:
                write(at)
            assert caught.value.code == "policy.assertion_not_available"


def test_nothing_is_decided_from_a_report_that_failed() -> None:
    failed = report(Login("sg-login", "sg-tan", token={"aud": "somebody-else"}))
    assert failed.indication is Indication.FAILED

    with pytest.raises(Refusal) as caught:
        decided(failed)
    assert caught.value.code == "policy.assertion_not_available"


@pytest.mark.parametrize("source", SOURCES, ids=("sg-login", "id-login", "sg-pid"))
def test_a_login_and_an_assertion_say_the_same(source: Source) -> None:
    same_as_the_assertion(report(source), nonce="n-1")


@settings(max_examples=20, deadline=None)
@given(
    purpose=st.sampled_from(("building-visit", "open-account")),
    claims=st.lists(st.sampled_from(("name", "nationality", "age_over_18")), unique=True, min_size=1).map(tuple),
    nonce=st.none() | st.text(min_size=1, max_size=64),
)
def test_whatever_is_asked_a_login_and_an_assertion_say_the_same(
    purpose: str, claims: tuple[str, ...], nonce: str | None
) -> None:
    answer = report(TAN, purpose=purpose, claims=claims)
    if answer.accepted:
        same_as_the_assertion(answer, nonce=nonce)
    else:
        with pytest.raises(Refusal):
            decided(answer)


def same_as_the_assertion(answer: Report, *, nonce: str | None) -> None:
    decision = decided(answer)
    of_jwt = said(asserted(answer))
    asked = decision.core[VERIFIED_CLAIMS]

    token = id_token_claims(decision, nonce=nonce, verified_claims=asked, at=decision.decided_at)
    userinfo = userinfo_claims(decision, verified_claims=asked, at=decision.decided_at)

    assert without_salt(of_jwt, {"jti", "nbf"}) == without_salt(token, {"nonce", "auth_time"})
    assert token.get("nonce") == nonce
    assert token.get("auth_time") == of_jwt["origin"]["auth_time"]
    assert userinfo == {name: of_jwt[name] for name in ("sub", "txn", VERIFIED_CLAIMS)}


def without_salt(claims: Mapping[str, Any], dropped: set[str]) -> dict[str, Any]:
    """The claims, but for those of one form and for the random salt with the digest that it enters."""
    kept = {name: value for name, value in claims.items() if name not in dropped}
    kept["origin"] = {n: v for n, v in claims["origin"].items() if n not in {"token_salt", "token_digest"}}
    return kept


def test_what_was_not_asked_for_stands_nowhere() -> None:
    decision = decided(report(TAN))

    assert VERIFIED_CLAIMS not in id_token_claims(decision, nonce=None, verified_claims=None, at=decision.decided_at)
    assert userinfo_claims(decision, verified_claims=None, at=decision.decided_at).keys() == {"sub", "txn"}


def test_who_represents_a_company_is_said_in_both() -> None:
    source = Presentation("sg-representative", "sg-tan", represents=Representation("sg-quay"))
    answer = report(source, purpose="company-representation")
    assert answer.accepted
    token = id_token_claims(decided(answer), nonce=None, verified_claims=None, at=answer.at + timedelta(seconds=1))

    assert token["represents"] is not None
    assert token["represents"]["entity"] == said(asserted(answer))["represents"]["entity"]
