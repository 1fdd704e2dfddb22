"""The address of a request in one spelling: equal addresses are equal, and no two others are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idbridge.oidc.htu import normalised

NOWHERE = [
    "", "/", "https://", "https:///a", "ftp://a.example/", "https://u@a.example/", "https://a.example:99999/",
    "https://a.example/ ", "https://a.example/%2", "https://a.example/%zz", "https://[::1/", "https://a.example\\b",
    "é",
    "//a.example/", "a.example", "https://a.example/\n",
]  # fmt: skip


@pytest.mark.parametrize("address", NOWHERE)
def test_what_no_request_is_sent_to_has_no_spelling(address: str) -> None:
    assert normalised(address) is None


@pytest.mark.parametrize(
    ("address", "spelled"),
    [
        ("https://a.example", "https://a.example/"),
        ("http://a.example:80/", "http://a.example/"),
        ("https://a.example:80/", "https://a.example:80/"),
        ("https://[::1]:8443/a", "https://[::1]:8443/a"),
        ("https://a.example/a/b/..", "https://a.example/a/"),
        ("https://a.example/../../a", "https://a.example/a"),
        ("https://a.example/a%2fb", "https://a.example/a%2Fb"),
        ("https://a.example/a//b", "https://a.example/a//b"),
        ("https://a.example/a/.", "https://a.example/a/"),
        ("https://a.example/%7Ea", "https://a.example/~a"),
    ],
)
def test_an_address_has_one_spelling(address: str, spelled: str) -> None:
    assert normalised(address) == spelled
    assert normalised(spelled) == spelled


@pytest.mark.parametrize(
    "other", ["https://a.example/B", "https://a.example/b/", "https://a.example/b%2F", "https://a.example//b"]
)
def test_other_addresses_stay_other(other: str) -> None:
    assert normalised(other) != normalised("https://a.example/b")


@given(st.text("./%2eEaF:@[]?#", max_size=24))
def test_a_spelling_is_its_own_spelling(rest: str) -> None:
    spelled = normalised(f"https://a.example/{rest}")

    assert spelled is None or normalised(spelled) == spelled
