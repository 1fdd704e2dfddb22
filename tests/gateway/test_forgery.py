"""Tokens of pages: of one browser, one login, one page and one sight; and origins as browsers write them."""

import pytest

from idbridge_gateway.pages.forgery import form_token, origin_of

HANDLE = "h" * 43


def test_a_token_is_of_one_handle_one_page_and_what_it_showed() -> None:
    tokens = {
        form_token(HANDLE, "/consent", shown=("a",)),
        form_token(HANDLE, "/consent", shown=("b",)),
        form_token(HANDLE, "/consent", shown=("a", "b")),
        form_token(HANDLE, "/consent", shown=("ab",)),
        form_token(HANDLE, "/consent"),
        form_token(HANDLE, "/login"),
        form_token("i" * 43, "/login"),
        form_token(HANDLE, "/consenta"),
    }

    assert len(tokens) == 8
    assert all(HANDLE not in token and len(token) == 43 for token in tokens)
    assert form_token(HANDLE, "/login") in tokens


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("https://node.th.example", "https://node.th.example"),
        ("https://Node.TH.example:443/", "https://node.th.example"),
        ("https://node.th.example:8443", "https://node.th.example:8443"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://127.0.0.1:80", "http://127.0.0.1"),
        ("http://[::1]:8080/a", "http://[::1]:8080"),
    ],
)
def test_an_origin_is_written_as_browsers_write_it(address: str, origin: str) -> None:
    assert origin_of(address) == origin
