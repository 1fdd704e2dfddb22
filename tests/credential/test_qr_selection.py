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
