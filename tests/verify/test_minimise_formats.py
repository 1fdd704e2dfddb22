"""Minimisation in every format: what leaves is requested, registered and allowed, in each combination of these."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from itertools import chain, combinations
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idbridge.assertion.decision import Decision, decide
from idbridge.assertion.login import VERIFIED_CLAIMS
from idbridge.assertion.pseudonym import PairwiseKey
from idbridge.model.randomness import SystemRandomness
from idbridge.model.region import Format, MemberState
from idbridge.model.request import Detail, RelyingParty, VerifyRequest
from idbridge.oidc.claims_release import for_id_token, for_userinfo
from idbridge.oidc.claims_request import parse_claims
from idbridge.sandbox.catalogue import case_named
from idbridge.sandbox.mint import mint
from idbridge.sandbox.questions import question
from idbridge.sandbox.region import Region
from idbridge.status.snapshot import EMPTY_STATUS
from idbridge.verify.minimise import minimise
from idbridge.verify.report import Report
from idbridge.verify.verifier import Verifier

NOON: Final = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
CASES: Final = {
    Format.ID_TOKEN: "sg-login-opens-account",
    Format.SD_JWT_VC: "sg-pid-opens-account",
    Format.MDOC: "sg-mdoc-opens-account",
    Format.VC_JWT: "sg-vc-opens-account",
    Format.VC_SD_JWT: "sg-vc-sd-jwt-opens-account",
    Format.ASSERTION: "assertion-of-node-sg",
}
CLAIMS: Final = ("name", "birthdate", "nationality", "email", "age_over_20")
NEVER: Final = "favourite_colour"  # that no register, arrangement or credential knows
ASKED: Final = (*CLAIMS, NEVER)


def subsets(names: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    return chain.from_iterable(combinations(names, size) for size in range(len(names) + 1))


@cache
def region() -> Region:
    return Region.generate(at=NOON)


@cache
def verifier() -> Verifier:
    return Verifier(trust=region().snapshot(at=NOON), status=EMPTY_STATUS)


@dataclass(frozen=True, slots=True)
class Asking:
    """A question of the catalogue that is accepted, before anybody changes what it asks for."""

    document: dict[str, Any]
    party: RelyingParty

    def asked(self, claims: tuple[str, ...], *, registered: tuple[str, ...]) -> VerifyRequest:
        party = replace(self.party, claims=frozenset(registered))
        return question({**self.document, "claims": list(claims)}, relying_party=party)

    def report(self, claims: tuple[str, ...], *, registered: tuple[str, ...] = ASKED) -> Report:
        return verifier().verify(self.asked(claims, registered=registered), at=NOON)


@cache
def asking(form: Format) -> Asking:
    case = case_named(CASES[form])
    minted = mint(case, region=region(), at=NOON, randomness=SystemRandomness())
    return Asking(json.loads(minted.body), region().registration(str(case.relying_party)).relying_party)


@pytest.mark.parametrize("form", CASES)
def test_a_report_that_does_not_count_releases_nothing_in_any_combination(form: Format) -> None:
    spoilt = asking(form)
    spoilt = replace(spoilt, document={**spoilt.document, "credential": spoilt.document["credential"][:-9]})

    for claims in subsets(ASKED):
        released, withheld = spoilt.report(claims).released()
        assert released == {}
        assert {entry["why"] for entry in withheld} <= {"not_accepted"}
        assert len(withheld) == len(claims)


@pytest.mark.parametrize("form", CASES)
def test_what_leaves_is_requested_registered_and_allowed_in_every_combination(form: Format) -> None:
    whole = asking(form).report(ASKED)
    identity = whole.passed_identity
    assert identity is not None
    assert identity.credential.format is form

    for claims in subsets(ASKED):
        for registered in subsets(ASKED):
            asked = asking(form).asked(claims, registered=registered)
            released, withheld = minimise(asked, identity, at=NOON)
            why = {entry["claim"]: entry["why"] for entry in withheld}

            assert released.keys() <= set(claims) & set(registered) | by_birthdate(claims, registered)
            assert released.keys() <= identity.claims | by_birthdate(claims, tuple(identity.claims))
            assert NEVER not in released
            assert [*released, *why] == sorted([*released, *why], key=lambda name: (name in why, claims.index(name)))
            assert released.keys() | why.keys() == set(claims)
            for claim, reason in why.items():
                assert reason == expected_reason(claim, registered, identity.claims), (claim, registered)


def by_birthdate(claims: tuple[str, ...], allowed: tuple[str, ...]) -> set[str]:
    return {"age_over_20"} & set(claims) if "birthdate" in allowed else set()


def expected_reason(claim: str, registered: tuple[str, ...], allowed: frozenset[str]) -> str:
    by_age = claim == "age_over_20"
    if claim not in registered and not (by_age and "birthdate" in registered):
        return "not_registered"
    if claim not in allowed and not (by_age and "birthdate" in allowed):
        return "not_allowed"
    return "absent"


@pytest.mark.parametrize("form", CASES)
def test_the_whole_pipeline_answers_every_request_as_minimisation_does(form: Format) -> None:
    everything = asking(form).report(ASKED).released()[0]
    assert everything.keys() >= {"name"}

    for claims in subsets(CLAIMS):
        answer = asking(form).report(claims)
        assert answer.accepted
        assert answer.released()[0] == {name: value for name, value in everything.items() if name in claims}


@pytest.mark.parametrize("form", [form for form in CASES if form is not Format.ASSERTION])
def test_an_age_is_told_without_the_date_that_it_is_reckoned_from(form: Format) -> None:
    answer = asking(form).report(("age_over_20",))
    born = asking(form).report(("birthdate",)).released()[0]

    assert answer.released() == ({"age_over_20": True}, [])
    assert born["birthdate"] not in json.dumps(answer.render(Detail.EVIDENCE, report_id="report-1"))


def decision(claims: tuple[str, ...]) -> Decision:
    answer = asking(Format.ID_TOKEN).report(claims)
    return decide(
        answer,
        audience=next(iter(answer.request.relying_party.audiences)),
        node=region().node(MemberState.TH),
        pairwise_key=PairwiseKey(bytes(range(32))),
        report_id="report-1",
        at=NOON,
        randomness=SystemRandomness(),
    )


def test_an_assertion_and_a_login_release_what_the_report_does_and_of_that_what_is_asked_for_there() -> None:
    for claims in subsets(CLAIMS):
        made = decision(claims)
        recognised = made.core[VERIFIED_CLAIMS]
        assert recognised["claims"] == asking(Format.ID_TOKEN).report(claims).released()[0]
        for wanted in subsets(CLAIMS):
            assert told(wanted, recognised).keys() == set(wanted) & recognised["claims"].keys()


def told(wanted: tuple[str, ...], recognised: dict[str, Any]) -> dict[str, Any]:
    """What an ID token and the userinfo endpoint tell to a client that asks for ``wanted`` at both."""
    if not wanted:
        return {}
    entry = {"verification": {"trust_framework": None}, "claims": dict.fromkeys(wanted)}
    text = json.dumps({"id_token": {VERIFIED_CLAIMS: entry}, "userinfo": {VERIFIED_CLAIMS: entry}})
    request = parse_claims(text)
    both = [release(request, recognised, at=NOON) for release in (for_id_token, for_userinfo)]
    assert both[0] == both[1]
    assert not isinstance(both[0], list)
    claims: dict[str, Any] = both[0]["claims"] if both[0] is not None else {}
    return claims


@settings(max_examples=60, deadline=None)
@given(
    form=st.sampled_from(sorted(CASES)),
    claims=st.lists(st.sampled_from(ASKED) | st.text(min_size=1, max_size=12), max_size=12).map(tuple),
    registered=st.lists(st.sampled_from(ASKED) | st.text(min_size=1, max_size=12), max_size=12).map(tuple),
)
def test_whatever_is_named_no_more_leaves_than_was_requested_and_registered(
    form: Format, claims: tuple[str, ...], registered: tuple[str, ...]
) -> None:
    answer = asking(form).report(claims, registered=registered)
    released, withheld = answer.released()

    assert released.keys() <= set(claims) & set(registered) | by_birthdate(claims, registered)
    assert {entry["claim"] for entry in withheld} == set(claims) - released.keys()
    assert all(entry.keys() == {"claim", "why"} for entry in withheld)
