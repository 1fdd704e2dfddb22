"""The members of a list that are compared or remembered: one spelling, and the same answer the second time."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idbridge.errors import TrustError
from idbridge.limits import LIMITS
from idbridge.trust import members


def code_of(value: Any, *, kind: str) -> str:
    """The code with which a member is refused, the second time too."""
    codes = set()
    for _ in range(2):
        with pytest.raises(TrustError) as caught:
            getattr(members, kind)(value, where="here")
        codes.add(caught.value.code)
    (code,) = codes
    return code


@pytest.mark.parametrize(
    "issuer",
    [
        "https://",
        "https:///path",
        "https://Login.example",
        "https://login.example?x",
        "https://login.example/?",
        "https://login.example/#",
        "https://login.example/a b",
        "https://login.example/a\\b",
        "https://login.example/\n",
        "https://login.example:443",
        "https://login.example:443/",
        "https://u@login.example",
        "https://login.example/@",
        "https://login.\u0435xample",
        "https://login.example/\u202e",
        "https://[::1",
        "http://login.example",
        "https:login.example",
        " https://login.example",
        "https://login.example/" + "x" * LIMITS.identifier_characters,
        None,
        b"https://login.example",
    ],
    ids=repr,
)
def test_what_cannot_name_an_issuer_in_one_spelling_is_refused(issuer: Any) -> None:
    assert code_of(issuer, kind="issuer") == "trust.profile_violation"


@pytest.mark.parametrize(
    "issuer",
    [
        "https://login.example",
        "https://login.example/",
        "https://login.example/a/B_c~d-e.f",
        "https://login.example:8443",
        "https://login.example/a:b",
        "https://login.example/%41",
        "https://[2001:db8::1]/x",
        "https://under_score.example",
    ],
)
def test_what_names_an_issuer_is_taken_as_it_is(issuer: str) -> None:
    assert members.issuer(issuer, where="here") == issuer


@given(st.from_regex(r"https://[a-z0-9][a-z0-9.-]{0,20}(?:/[A-Za-z0-9._~/-]{0,20})?", fullmatch=True))
def test_an_issuer_that_is_not_taken_apart_would_pass_if_it_were(issuer: str) -> None:
    with_port = issuer.replace("https://", "https://x.example:8443/", 1)  # which is always taken apart

    assert members.issuer(issuer, where="here") == issuer
    assert members.issuer(with_port, where="here") == with_port


@pytest.mark.parametrize(
    "value", ["", " ", "x", "urn:", ":x", "ftp://x.example", "https://x y", "urn:x\u200b", "urn:\\x", 1]
)
def test_what_is_no_address_is_refused_and_stays_refused(value: Any) -> None:
    assert code_of(value, kind="address") == "trust.profile_violation"


@pytest.mark.parametrize("value", ["e n", "", "x" * 36, "-", "\u0435n", "en\n", None])
def test_what_names_no_language_is_refused_and_stays_refused(value: Any) -> None:
    assert code_of(value, kind="language") == "trust.profile_violation"


@pytest.mark.parametrize("value", ["2026-02-30T00:00:00Z", "2026-01-01", "yesterday", " 2026-01-01T00:00:00Z", 1, True])
def test_what_is_no_instant_is_refused_and_stays_refused(value: Any) -> None:
    assert code_of(value, kind="instant") == "trust.profile_violation"


def test_what_was_read_before_is_read_the_same_again() -> None:
    for _ in range(2):
        assert members.instant("2026-01-01T00:00:00Z", where="here") == datetime(2026, 1, 1, tzinfo=UTC)
        assert members.address("urn:x", where="here") == "urn:x"
        assert members.language("zh-Hant", where="here") == "zh-Hant"
