"""Parameters: a request that two readers could read differently is refused."""

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idbridge.limits import LIMITS
from idbridge.oidc.errors import OAuthError
from idbridge.oidc.parameters import Parameters, parse_form
from tests.oidc.kit import outcome, refused

TEXT = st.characters(exclude_categories=["Cs"], exclude_characters="\0")


@pytest.mark.parametrize("form", [b"a=1&a=2", b"a=1&a=1", b"a=1&a=", b"a=&a=", b"%61=1&a=2"])
def test_par_without_duplicate_parameters(form: bytes) -> None:
    """ParWithoutDuplicateParameters: one that comes twice is refused, though both say the same."""
    found = refused(parse_form, form)

    assert (found.error, found.status, found.description) == ("invalid_request", 400, "a parameter comes twice")


@pytest.mark.parametrize(
    "form", [b"a=%ff", b"%ff=a", "a=é".encode(), b"a=%00", b"%00=a", b"a=%ed%a0%80", b"a=%zz", b"a=%4", b"=a", b"a=1&="]
)
def test_what_is_no_text_is_refused(form: bytes) -> None:
    assert refused(parse_form, form).code == "input.malformed"


def test_too_many_and_too_long_are_refused() -> None:
    crowd = {f"p{number}": ["1"] for number in range(LIMITS.request_parameters + 1)}

    assert refused(Parameters.of, crowd).code == "input.too_large"
    assert refused(parse_form, urlencode(dict.fromkeys(crowd, "1")).encode()).error == "invalid_request"
    assert refused(parse_form, b"a" * (LIMITS.body_bytes + 1)).code == "input.too_large"


def test_nothing_at_all_for_a_name_is_refused_and_nothing_as_value_is_absent() -> None:
    assert refused(Parameters.of, {"a": []}).error == "invalid_request"
    assert parse_form(b"a=&b=1").text("a") is None


def test_no_value_is_in_a_repr() -> None:
    assert "canary" not in repr(parse_form(b"login_hint=canary"))


@given(st.dictionaries(st.text(TEXT, min_size=1, max_size=8), st.text(TEXT, min_size=1, max_size=20), max_size=8))
def test_what_a_form_spells_is_what_was_meant(values: dict[str, str]) -> None:
    assert dict(parse_form(urlencode(values).encode()).values) == values


@given(st.binary(max_size=80))
def test_no_octets_make_the_reader_stumble(octets: bytes) -> None:
    found = outcome(parse_form, octets)

    assert found.error == "invalid_request" if isinstance(found, OAuthError) else all(found.values.values())
