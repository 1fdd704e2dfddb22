"""Pairwise keys that are exchanged: who was known is known again, where they were known, and else nobody."""

import hashlib
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idbridge.assertion.decision import kept_decision
from idbridge.assertion.login import id_token_claims, userinfo_claims
from idbridge.assertion.pseudonym import FormerKey, PairwiseKey, Whose, former_pairwise, pairwise
from idbridge.codec import base64url
from idbridge.errors import ConfigurationError
from idbridge.limits import LIMITS
from idbridge.model import assertion as members
from idbridge.model.region import MemberState
from idbridge.model.trust import IdentifierPersistence
from idbridge.sandbox.logins import Login
from tests.assertion.answers import KEY, NOON, asserted, leaves, report, said
from tests.assertion.test_login import decided

TAN: Final = Login("sg-login", "sg-tan")
NEW: Final = hashlib.sha256(b"another pairwise key for tests only").digest()
OVERLAP: Final = timedelta(days=90)
ROTATED: Final = KEY.rotated(NEW, at=NOON - timedelta(days=1), overlap=OVERLAP)
TEXT: Final = st.text(min_size=1, max_size=12)


def whose(**changes: Any) -> Whose:
    good = {
        "home_state": MemberState.SG, "provider": "https://login.sg.example", "subject": "1042", "sector": "banking",
        "persistence": IdentifierPersistence.LASTING, "transaction": "report-1",
    }  # fmt: skip
    return Whose(**{**good, **changes})


@pytest.mark.parametrize(
    ("since", "until"),
    [
        (NOON, NOON),
        (NOON, NOON - timedelta(seconds=1)),
        (NOON, NOON + LIMITS.subject_overlap + timedelta(seconds=1)),
        (NOON.replace(tzinfo=None), NOON),
        (NOON, (NOON + OVERLAP).replace(tzinfo=None)),
    ],
)
def test_a_time_that_is_none_or_too_long_is_refused(since: datetime, until: datetime) -> None:
    with pytest.raises(ConfigurationError) as caught:
        FormerKey(KEY.octets, since, until)

    assert caught.value.code == "system.configuration"


def test_the_longest_time_is_the_published_one() -> None:
    assert FormerKey(KEY.octets, NOON, NOON + LIMITS.subject_overlap).until == NOON + LIMITS.subject_overlap


@pytest.mark.parametrize("octets", [b"", bytes(32), bytes(31)])
def test_a_former_key_that_could_be_guessed_is_refused(octets: bytes) -> None:
    with pytest.raises(ConfigurationError):
        FormerKey(octets, NOON, NOON + OVERLAP)


def test_a_key_that_is_exchanged_for_itself_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="the present one"):
        KEY.rotated(KEY.octets, at=NOON, overlap=OVERLAP)


def test_no_key_is_shown() -> None:
    assert repr(ROTATED) == "PairwiseKey()"
    assert ROTATED.former is not None
    assert "octets" not in repr(ROTATED.former)


@pytest.mark.parametrize(
    ("since", "is_told"),
    [
        (timedelta(seconds=-1), False),
        (timedelta(0), True),
        (OVERLAP - timedelta(seconds=1), True),
        (OVERLAP, False),
        (timedelta(days=36_500), False),
    ],
)
def test_a_former_name_is_told_in_its_time_alone(since: timedelta, is_told: bool) -> None:
    key = KEY.rotated(NEW, at=NOON, overlap=OVERLAP)

    assert (former_pairwise(key, whose(), at=NOON + since) is not None) is is_told


def test_a_key_that_leaked_is_exchanged_without_a_word_of_its_names() -> None:
    # Whoever has the leaked key can make every name of it: to go on telling them would link both for that very thief.
    cut_over = PairwiseKey(NEW)

    assert former_pairwise(cut_over, whose(), at=NOON) is None
    assert members.FORMER_SUBJECT not in said(asserted(report(TAN), key=cut_over))


def test_of_two_exchanges_only_the_last_is_bridged() -> None:
    twice = ROTATED.rotated(hashlib.sha256(b"a third").digest(), at=NOON, overlap=OVERLAP)

    assert former_pairwise(twice, whose(), at=NOON) == pairwise(PairwiseKey(NEW), whose())


@pytest.mark.parametrize("changes", [{"subject": None}, {"persistence": IdentifierPersistence.TRANSIENT}])
def test_a_name_for_one_transaction_has_no_former_one(changes: dict[str, Any]) -> None:
    assert former_pairwise(ROTATED, whose(**changes), at=NOON) is None


def test_the_party_that_knew_a_person_knows_them_again_and_no_other_does() -> None:
    before = {sector: pairwise(KEY, whose(sector=sector)) for sector in ("banking", "health", "travel")}
    after = {sector: former_pairwise(ROTATED, whose(sector=sector), at=NOON) for sector in before}
    now = {sector: pairwise(ROTATED, whose(sector=sector)) for sector in before}

    assert after == before
    assert len({*before.values(), *now.values()}) == 6


def test_an_assertion_tells_both_names_and_so_does_the_id_token() -> None:
    before, during = said(asserted(report(TAN))), said(asserted(report(TAN), key=ROTATED))

    assert during.keys() - before.keys() == {members.FORMER_SUBJECT}
    assert during[members.FORMER_SUBJECT] == before["sub"] != during["sub"]


def test_userinfo_has_one_subject_as_the_standard_demands() -> None:
    decision = decided(report(TAN), key=ROTATED)

    token = id_token_claims(decision, nonce=None, verified_claims=None, at=decision.decided_at)
    assert token[members.FORMER_SUBJECT] == decided(report(TAN)).subject
    assert userinfo_claims(decision, verified_claims=None, at=decision.decided_at).keys() == {"sub", "txn"}


def test_a_decision_with_a_former_name_is_kept_and_read_back() -> None:
    decision = decided(report(TAN), key=ROTATED)

    assert kept_decision(decision.document()).core == decision.core


def test_while_both_names_are_told_two_sectors_have_none_in_common() -> None:
    bank, tower = (said(asserted(report(TAN, party=party), key=ROTATED)) for party in ("th-bank", "th-tower"))
    named = [{leaf for path, leaf in leaves(one).items() if path in ("/sub", "/sub_prev")} for one in (bank, tower)]

    assert [len(names) for names in named] == [2, 2]
    assert not named[0] & named[1]


@settings(max_examples=200)
@given(one=st.tuples(TEXT, TEXT, TEXT), other=st.tuples(TEXT, TEXT, TEXT))
def test_however_the_fields_are_cut_two_people_never_share_a_message(
    one: tuple[str, str, str], other: tuple[str, str, str]
) -> None:
    messages = [
        whose(provider=provider, subject=subject, sector=sector).message() for provider, subject, sector in (one, other)
    ]

    assert (messages[0] == messages[1]) is (one == other)
    # An HMAC is not extended by whoever does not have the key; that no message begins another is said all the same.
    assert one == other or not messages[0].startswith(messages[1])


def test_a_thousand_parties_cannot_tell_whether_they_see_one_person_or_a_thousand() -> None:
    of_one = [pairwise(KEY, whose(sector=f"sector-{number}")) for number in range(1_000)]
    of_many = [pairwise(KEY, whose(subject=str(number))) for number in range(1_000)]

    assert len({*of_one, *of_many}) == 2_000
    # No beginning is shared that chance does not share too: of 1,000 names, 24 bits agree for 0.03 pairs.
    assert len({name[:6] for name in of_one}) == 1_000
    # Chi-squared over the values of an octet: 255 degrees of freedom, and 330 is exceeded once in a thousand times.
    assert chi_squared(of_one) < 330
    assert chi_squared(of_many) < 330
    # The measure finds what is not even: names that begin alike.
    assert chi_squared([base64url.encode(bytes(8) + base64url.decode(name)[8:]) for name in of_one]) > 330


def chi_squared(names: list[str]) -> float:
    octets = Counter(octet for name in names for octet in base64url.decode(name))
    expected = octets.total() / 256
    return sum((octets[value] - expected) ** 2 / expected for value in range(256))


def test_a_hundred_thousand_people_have_a_hundred_thousand_names() -> None:
    one = whose()
    names = {pairwise(KEY, replace(one, subject=str(number))) for number in range(100_000)}

    assert len(names) == 100_000
    assert all(len(name) == 43 for name in names)  # all 256 bits: by the birthday bound two agree once in 2**128 names
