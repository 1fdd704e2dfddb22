"""An answer that travels by form: to the registered address alone, by one script, in words that its reader reads."""

import base64
import hashlib
import re
from html import unescape
from pathlib import Path

import httpx2
import pytest

from idbridge_gateway.oidc.form_post import SUBMIT
from idbridge_gateway.pages.catalogue import FULL, catalogues
from tests.gateway.logging_in import Visit, visit_in
from tests.gateway.providing import CALLBACK

HOSTILE = '"><script>alert(1)</script>'


@pytest.fixture
def visit(shared_files: Path) -> Visit:
    return visit_in(shared_files)


def agreed(visit: Visit, **changes: str) -> httpx2.Response:
    return visit.say(visit.logged_in(response_mode="form_post", **changes), "yes")


def fields(response: httpx2.Response) -> dict[str, str]:
    """What the form sends, after a look at what every such page has."""
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    assert response.text.count("<form") == 1
    assert f'<form method="post" action="{CALLBACK}">' in response.text
    hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', response.text)
    return {name: unescape(value) for name, value in hidden}


def test_what_the_client_sent_is_text_and_never_markup(visit: Visit) -> None:
    response = agreed(visit, state=HOSTILE)

    assert "<script>alert" not in response.text
    assert fields(response)["state"] == HOSTILE


def test_one_script_runs_there_which_is_known_by_its_digest(visit: Visit) -> None:
    response = agreed(visit)
    scripts = re.findall(r"<script[^>]*>(.*?)</script>", response.text)
    digest = base64.b64encode(hashlib.sha256(SUBMIT.encode()).digest()).decode()

    assert scripts == [SUBMIT]
    assert response.headers["content-security-policy"] == (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'"
    )
    assert "onsubmit" not in response.text


@pytest.mark.parametrize("code", FULL)
def test_the_page_speaks_the_language_of_its_reader_and_has_a_button_for_whoever_runs_no_script(
    visit: Visit, code: str
) -> None:
    visit.browser.cookies["idbridge_lang"] = code
    response = agreed(visit)
    words = catalogues()[code].sentences

    assert f'<html lang="{catalogues()[code].tag}">' in response.text
    assert f"<button>{words['form_post.go_on']}</button>" in response.text
    assert words["form_post.lead"].replace("{place}", "bank.th.example") in response.text
    assert ("data-machine-made" in response.text) is catalogues()[code].machine_made
    assert fields(response).keys() == {"code", "iss", "state"}


def test_the_language_that_the_client_named_counts_where_nobody_chose_one(visit: Visit) -> None:
    assert '<html lang="vi">' in agreed(visit, ui_locales="xx vi").text


def test_a_refusal_travels_by_the_same_page(visit: Visit) -> None:
    name = visit.logged_in(response_mode="form_post", ui_locales="ms")
    response = visit.say(name, "no")

    assert '<html lang="ms">' in response.text
    assert fields(response)["error"] == "access_denied"
    assert fields(visit.say(visit.logged_in(response_mode="form_post"), "no")).keys() >= {"error", "iss", "state"}


def test_the_cookie_of_the_login_goes_with_it(visit: Visit) -> None:
    response = agreed(visit)

    assert any("idbridge-login-" in line for line in response.headers.get_list("set-cookie"))
    assert int(response.headers["content-length"]) == len(response.content)
