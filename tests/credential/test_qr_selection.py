"""Whose code is it: one state's, told by what only that state can list, or nobody's."""

from dataclasses import replace
from typing import Any

import pytest

from idbridge.credential.qr_selection import announced, choose, listed_in
from idbridge.errors import Refusal
from idbridge.model.qr_profile import ListedQr
from idbridge.model.region import Environment, MemberState
from tests.credential.codes import CLAIM169, JWS, PHILID, claim169, compact, philid, profile, reading
from tests.credential.kit import ABSENT
from tests.sandbox.regions import snapshot

LA, TH = MemberState.LA, MemberState.TH
OURS = "https://card.la.example"
THEIRS = "https://card.th.example"


def listed(of: str, state: MemberState, base: Any = CLAIM169, **changes: Any) -> ListedQr:
    return ListedQr(profile(base, **changes).envelope, of, state)


def chosen(text: str, *profiles: ListedQr) -> str:
    """The issuer whose code it is, or the code of the refusal."""
    ordered = tuple(sorted(profiles, key=lambda one: -len(one.envelope.prefix)))
    try:
        return choose(text, ordered, reading().headers).listed.issuer
    except Refusal as refusal:
        return refusal.code


@pytest.mark.parametrize("text", ["", "NOTHING", "HC1:6BF", "HC2:6BF", "HC1:" + claim169(), "{}"])
def test_without_a_profile_a_code_is_nobodys(text: str) -> None:
    assert chosen(text) == "qr.profile_unknown"


@pytest.mark.parametrize("text", ["HC1:" + claim169(), "HC2:" + claim169()])
def test_a_health_certificate_is_nobodys_whoever_would_read_it(text: str) -> None:
    assert chosen(text, listed(OURS, LA)) == "qr.profile_unknown"


def test_a_code_that_names_its_issuer_is_that_ones_although_others_list_the_same_envelope() -> None:
    assert chosen(claim169(), listed(THEIRS, TH), listed(OURS, LA)) == OURS
    assert chosen(claim169(k1=THEIRS), listed(THEIRS, TH), listed(OURS, LA)) == THEIRS
    assert chosen(claim169(k1="https://card.vn.example"), listed(THEIRS, TH), listed(OURS, LA)) == "issuer.unknown"


def test_no_state_takes_anothers_codes_away_by_listing_a_text_as_its_own_name() -> None:
    greedy = listed(THEIRS, TH, issuer={"claim": "1", "names": "text", "text": OURS})

    assert chosen(claim169(), greedy, listed(OURS, LA)) == OURS


@pytest.mark.parametrize("issuer", [{"claim": "169.13", "names": "state"}, {"claim": "169.1", "names": "issuer"}])
@pytest.mark.parametrize("container", ["cwt", "cose_sign1"])
def test_no_state_takes_anothers_codes_away_by_reading_its_own_name_elsewhere_in_them(
    issuer: dict[str, Any], container: str
) -> None:
    person = {1: THEIRS, 13: "TH"}
    greedy = listed(THEIRS, TH, container=container, issuer=issuer, issued="6", maximumAgeDays=9)

    assert chosen(claim169(k169=person), greedy, listed(OURS, LA)) == OURS
    assert chosen(claim169(k169=person), listed(OURS, LA), greedy) == OURS


def test_in_json_the_claim_of_a_token_that_names_the_issuer_comes_before_any_other() -> None:
    ours = listed(OURS, LA, PHILID, issuer={"claim": "iss", "names": "issuer"})
    theirs = listed(THEIRS, TH, PHILID, issuer={"claim": "nationality", "names": "state"})
    texts = listed("https://card.vn.example", MemberState.VN, PHILID)

    assert chosen(philid(iss=OURS, nationality="TH"), theirs, texts, ours) == OURS
    assert chosen(philid(iss=OURS, nationality="TH"), texts, theirs) == THEIRS
    assert chosen(philid(nationality="TH"), theirs, texts, ours) == THEIRS


def test_a_code_that_names_two_issuers_in_claims_of_no_standard_is_neithers() -> None:
    ours = listed(OURS, LA, issuer={"claim": "169.4", "names": "issuer"})
    theirs = listed(THEIRS, TH, issuer={"claim": "169.13", "names": "state"})

    assert chosen(claim169(k169={4: OURS, 13: "TH"}), ours, theirs) == "qr.profile_unknown"


def test_a_code_that_fits_two_issuers_alike_is_neithers() -> None:
    same = {"issuer": {"claim": "Issuer", "names": "text", "text": "PSA"}}

    ours, theirs = listed(OURS, LA, PHILID, **same), listed(THEIRS, TH, PHILID, **same)

    assert chosen(philid(), ours) == OURS
    assert chosen(philid(), ours, theirs) == "qr.profile_unknown"
    assert chosen(compact(), listed(OURS, LA, JWS), listed(THEIRS, TH, JWS)) == "qr.profile_unknown"


def test_the_refusal_of_the_attempt_that_got_furthest_is_told() -> None:
    cut = claim169()[:-3]
    plain = listed(OURS, LA, steps=["base45"])

    assert chosen(cut, listed(OURS, LA), plain) == "qr.envelope_malformed"
    assert chosen(claim169(k1="https://x.example"), listed(OURS, LA), plain) == "issuer.unknown"
    assert chosen(claim169(k1=ABSENT), listed(OURS, LA), plain) == "issuer.missing"


def test_two_envelopes_of_one_issuer_are_both_read() -> None:
    named = listed(OURS, LA, issuer={"claim": "1", "names": "issuer"}, embedded=["169"])

    assert chosen(claim169(), listed(OURS, LA), named) == OURS


def test_only_a_listed_prefix_announces_a_code() -> None:
    profiles = (listed(OURS, LA, JWS), listed(OURS, LA))

    assert announced(compact(), profiles)
    assert not announced(claim169(), profiles)
    assert not announced("eyJhbGciOiJFUzI1NiJ9.e30.AA", profiles)
    assert not announced(compact(), ())


def test_the_sandbox_lists_four_ways_the_longest_prefix_first_and_each_once() -> None:
    found = listed_in(snapshot(Environment.SANDBOX))

    assert [one.envelope.prefix for one in found] == ["https://visit.la.example/?c=", "PH1:", "", ""]
    assert len({one.envelope for one in found}) == len(found)
    assert {one.state for one in found} == {MemberState.LA, MemberState.PH}
    assert replace(found[0]) == found[0]
