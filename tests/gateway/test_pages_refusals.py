"""A login that cannot go on: each cause in words that somebody can act on, in every language."""

import re
from pathlib import Path

import pytest
from starlette.requests import Request

from idbridge.limits import LIMITS
from idbridge.model.region import Environment, MemberState
from idbridge.oidc.errors import OAuthError, OAuthErrorCode
from idbridge_gateway.oidc.transaction import unknown_transaction
from idbridge_gateway.pages.catalogue import LANGUAGES, catalogues
from idbridge_gateway.pages.forgery import ForgedFormError
from idbridge_gateway.pages.rendering import Pages
from idbridge_gateway.pages.site import Site
from tests.gateway.logging_in import OVER, Visit, page_of, refused, visit_in

SITE = Site(Pages(environment=Environment.SANDBOX, state=MemberState.TH))


def asked(path: str, query: str) -> Request:
    return Request({
        "type": "http", "method": "GET", "path": path, "query_string": query.encode(), "headers": [],
        "state": {"correlation_id": "an-id-of-this-request"}, "server": ("127.0.0.1", 8080), "scheme": "http",
    })  # fmt: skip


@pytest.fixture
def visit(shared_files: Path) -> Visit:
    return visit_in(shared_files)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("code", OAuthErrorCode)
def test_every_error_is_a_page_that_says_what_to_do(code: OAuthErrorCode, lang: str) -> None:
    error = OAuthError(code, "a sentence of ours")
    response = SITE.refused(asked("/login", f"lang={lang}&t=x"), error)

    text = bytes(response.body).decode()
    words = catalogues()[lang].sentences
    assert response.status_code == error.status
    assert words["refusal.do"] in text
    assert "an-id-of-this-request" in text
    assert f"/v1/reasons/{error.code}" in text
    assert code.value in text
    assert (response.headers.get("retry-after") is not None) is (error.status in (500, 503))
    assert ('lang="en">Something' in text or 'lang="en">It ' in text) is (lang != "en")


def test_each_cause_has_words_of_its_own() -> None:
    told = [
        re.findall(r"<h1>([^<]+)</h1>", bytes(SITE.refused(asked("/login", ""), error).body).decode())
        for error in (
            unknown_transaction(),
            OAuthError("invalid_request_uri", "used before"),
            ForgedFormError(),
            OAuthError("invalid_request", "redirect_uri is missing"),
            OAuthError("temporarily_unavailable", "busy", cause="system.overloaded"),
            OAuthError("server_error", "broken"),
        )
    ]

    assert [title for [title] in told] == [
        "This log-in is over", "This log-in is over", "Your answer did not count",
        "The service that sent you here made a mistake", "This did not work", "This did not work",
    ]  # fmt: skip


def test_the_time_of_a_login_stands_on_the_page_of_one_that_is_over() -> None:
    text = bytes(SITE.refused(asked("/login", ""), unknown_transaction()).body).decode()

    assert f"longer than {int(LIMITS.login_transaction.total_seconds()) // 60} minutes" in text


def test_who_is_sent_with_an_address_that_is_not_registered_is_told_in_their_language(visit: Visit) -> None:
    answer = visit.bank.authorize(**visit.bank.asked("shop", redirect_uri="https://evil.example/", ui_locales="fr th"))

    text = page_of(answer, 400)
    assert f"<h1>{catalogues()['th'].sentences['refusal.service']}</h1>" in text
    assert "<form" not in text  # its address would not show the page again in another language
    assert "evil" not in text


def test_a_pushed_request_that_was_used_is_over(visit: Visit) -> None:
    uri = visit.bank.pushed()
    visit.bank.node.clock.turn(seconds=LIMITS.pushed_request_lifetime.total_seconds() + 1)

    refused(visit.bank.authorize(client_id="bank", request_uri=uri), OVER)


def test_the_language_of_an_error_page_can_be_changed_where_its_address_is_a_page(visit: Visit) -> None:
    text = page_of(visit.get("/login?t=abc&lang=vi"), 400)

    assert '<html lang="vi">' in text
    assert '<input type="hidden" name="t" value="abc">' in text
    assert 'href="/login?t=abc&amp;lang=en"' in text


def test_an_address_of_a_page_called_in_another_way_is_a_page_too(visit: Visit) -> None:
    for path in ("/login", "/consent", "/receipt"):
        answer = visit.bank.node.send("DELETE", path)
        assert "input.method_not_allowed" in page_of(answer, 405)
        assert answer.headers["allow"] == "GET, HEAD, OPTIONS, POST"
