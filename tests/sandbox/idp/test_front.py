"""The browser's side of a pretend provider: what it refuses, how it asks, and that it asks once."""

from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlencode

import pytest

from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge.sandbox.idp.pages import ProviderPages, catalogues
from tests.sandbox.idp.kit import CALLBACK, document, error_of, hidden, location, page_of, visit

PLAIN = "my-login"
FAPI = "sg-login"
LOCAL = {"my-login": "Siapakah anda?", "th-login": "คุณเป็นใคร", "kh-login": "តើអ្នកជានរណា?", "vn-login": "Bạn là ai?"}


@pytest.mark.parametrize(
    ("service", "address"),
    [(PLAIN, "redirect_uri"), ("kh-login", "redirect_url")],
)
@pytest.mark.parametrize("value", [None, "https://elsewhere.example/callback", CALLBACK + "/", CALLBACK + "?a=b"])
def test_nobody_is_sent_to_an_address_that_is_not_registered(service: str, address: str, value: str | None) -> None:
    page_of(visit(service).begin(**{address: value}))


@pytest.mark.parametrize("service", [PLAIN, "kh-login"])
def test_a_client_that_is_not_registered_is_sent_nowhere(service: str) -> None:
    page_of(visit(service).begin(client_id="somebody-else"))


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "unsupported_response_type"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"request": "e30."}, "request_not_supported"),
        ({"prompt": "none"}, "login_required"),
        ({"nonce": "n" * (LIMITS.opaque_characters + 1)}, "invalid_request"),
    ],
)
def test_a_request_that_is_not_in_order_is_told_to_the_client(changes: dict[str, str | None], error: str) -> None:
    plain, pushed = visit(PLAIN), visit(FAPI)

    told = location(plain.begin(**changes))

    assert (told["error"], told["state"]) == (error, "state-1")
    assert "iss" not in told
    assert error_of(pushed.push(**changes)) == error


def test_a_state_that_cannot_be_sent_back_is_not() -> None:
    assert "state" not in location(visit(PLAIN).begin(state="s" * (LIMITS.opaque_characters + 1)))
    assert "state" not in location(visit("kh-login").begin(state=None))


def test_a_request_that_was_not_pushed_leads_nowhere_at_a_provider_of_fapi() -> None:
    at_provider = visit(FAPI)

    page_of(at_provider.browse("GET", f"/authorize?{urlencode(at_provider.asks())}"))


@pytest.mark.parametrize(
    "uri", ["urn:ietf:params:oauth:request_uri:" + "A" * 43, "urn:ietf:params:oauth:request_uri:x", "https://x.example"]
)
def test_a_request_uri_that_nobody_pushed_leads_nowhere(uri: str) -> None:
    at_provider = visit(FAPI)
    named = {"client_id": at_provider.client.id, "request_uri": uri}

    page_of(at_provider.browse("GET", f"/authorize?{urlencode(named)}"))


def test_a_pushed_request_is_of_its_client_and_lasts_a_minute() -> None:
    at_provider = visit(FAPI)
    uri = document(at_provider.push())["request_uri"]
    own = urlencode({"client_id": at_provider.client.id, "request_uri": uri})
    other = urlencode({"client_id": "somebody-else", "request_uri": uri})

    page_of(at_provider.browse("GET", f"/authorize?{other}"))
    assert at_provider.browse("GET", f"/authorize?{own}").status == 200
    at_provider.later(LIMITS.pushed_request_lifetime)
    page_of(at_provider.browse("GET", f"/authorize?{own}"))


def test_a_pushed_request_can_be_looked_at_again_and_is_answered_once() -> None:
    at_provider = visit(FAPI)
    uri = document(at_provider.push())["request_uri"]
    own = urlencode({"client_id": at_provider.client.id, "request_uri": uri})
    first, second = (at_provider.browse("GET", f"/authorize?{own}") for _ in range(2))

    assert "code" in location(at_provider.choose(second))
    page_of(at_provider.choose(first))
    page_of(at_provider.browse("GET", f"/authorize?{own}"))


def test_a_page_is_answered_once_and_within_a_quarter_of_an_hour() -> None:
    at_provider = visit(PLAIN)
    answered, late = at_provider.begin(), at_provider.begin()
    at_provider.choose(answered)

    page_of(at_provider.choose(answered))
    at_provider.later(LIMITS.login_transaction)
    page_of(at_provider.choose(late))


@pytest.mark.parametrize(
    "choice",
    [
        {"person": "sg-tan"},
        {"person": ""},
        {"level": "urn:example:sg:loa:3"},
        {"level": ""},
        {"answer": "perhaps"},
        {"transaction": "A" * 43},
        {"transaction": ""},
    ],
)
def test_nobody_is_logged_in_who_was_not_offered(choice: dict[str, str]) -> None:
    at_provider = visit(PLAIN)
    page = at_provider.begin()

    page_of(at_provider.choose(page, **choice))
    assert "code" in location(at_provider.choose(page))


def test_a_login_of_companies_wants_a_company() -> None:
    at_provider = visit("th-company-login")
    page = at_provider.begin()

    page_of(at_provider.choose(page, company="sg-quay"))
    page_of(at_provider.choose(page, company=""))


@pytest.mark.parametrize("service", [PLAIN, FAPI, "kh-login"])
def test_a_no_is_a_no(service: str) -> None:
    at_provider = visit(service)

    told = location(at_provider.choose(at_provider.begin(), answer="no"))

    assert (told["error"], told["state"]) == ("access_denied", "state-1")
    assert told.get("iss") == (at_provider.provider.listed.issuer if service == FAPI else None)


def test_a_provider_of_fapi_names_itself_in_its_answer() -> None:
    at_provider = visit(FAPI)

    assert location(at_provider.choose(at_provider.begin())).keys() == {"code", "state", "iss"}


def test_a_level_that_is_wished_for_is_chosen_already_and_the_highest_otherwise() -> None:
    wished = visit(FAPI).begin(acr_values="urn:example:sg:loa:9 urn:example:sg:loa:2").body.decode()
    free = visit(FAPI).begin().body.decode()

    assert 'checked type="radio" name="level" value="urn:example:sg:loa:2"' in wished
    assert 'checked type="radio" name="level" value="urn:example:sg:loa:3"' in free
    assert wished.count('checked type="radio" name="level"') == 1


@pytest.mark.parametrize(("service", "words"), LOCAL.items())
def test_a_page_speaks_the_language_of_its_state_and_english(service: str, words: str) -> None:
    answer = visit(service).begin()
    page = answer.body.decode()

    assert words in page
    assert "Who are you?" in page
    assert "Sandbox. Nobody here is real" in page
    assert "<script" not in page
    assert "frame-ancestors 'none'" in dict(answer.headers)["content-security-policy"]


def test_a_provider_of_a_state_without_words_speaks_english_alone() -> None:
    listed = visit(PLAIN).provider.listed
    elsewhere = replace(listed, service=replace(listed.service, state=MemberState.MM))
    page = ProviderPages(elsewhere).login(client="A bank", transaction="t", action="/authorize", level=None)

    assert '<html lang="en">' in page
    assert "A bank asks who you are." in page
    assert "<small lang" not in page.replace('<small lang="en">RayaID login</small>', "")


def test_every_language_has_all_words() -> None:
    english = catalogues()["en"].keys()

    assert all(words.keys() == english for words in catalogues().values())
    assert all("{number}" in words["rung"] and "{client}" in words["asks"] for words in catalogues().values())


def test_what_a_client_calls_itself_is_text_and_no_markup() -> None:
    page = visit(PLAIN, relying_party="<b>Bank</b>").begin().body.decode()

    assert "<b>" not in page
    assert "&lt;b&gt;Bank" in page


def test_a_provider_forgets_the_oldest_when_it_has_no_room() -> None:
    at_provider = visit(PLAIN)
    first = hidden(at_provider.begin(), "transaction")
    for _ in range(LIMITS.sandbox_memory_entries):
        last = at_provider.begin()

    page_of(at_provider.choose(last, transaction=first))
    at_provider.later(timedelta(seconds=1))
    assert "code" in location(at_provider.choose(last))
