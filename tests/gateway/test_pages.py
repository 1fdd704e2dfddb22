"""Pages as such: what their header fields forbid, how they are served, and what a problem looks like to a person."""

import gzip
import re
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from starlette.requests import Request

from idbridge.errors import RequestError
from idbridge.model.region import Environment, MemberState
from idbridge.reasons import REASONS
from idbridge_gateway.pages.catalogue import LANGUAGES, catalogues
from idbridge_gateway.pages.rendering import Pages
from idbridge_gateway.pages.site import Site
from idbridge_gateway.pages.static_files import static_files, static_path
from tests.gateway.asking import Node, problem_of
from tests.gateway.paging import code_shown, page_node, page_of, send_form

FIRST_VIEW_BYTES = 60 * 1024
PROBLEMS = [code for code, why in REASONS.items() if why.http_status is not None]


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Node:
    return page_node(tmp_path_factory.mktemp("pages"))


def asked(*, lang: str = "en") -> Request:
    """A request for a page, as the framework hands it over."""
    return Request({
        "type": "http", "method": "GET", "path": "/try", "query_string": f"lang={lang}".encode(), "headers": [],
        "state": {"correlation_id": "an-id-of-this-request"}, "server": ("127.0.0.1", 8080), "scheme": "http",
    })  # fmt: skip


def test_a_file_of_another_name_or_digest_is_not_there(node: Node) -> None:
    for path in ("/static/pages.css", "/static/pages.0000000000000000.css", "/static/..%2Frendering.py"):
        assert problem_of(node.send("GET", path), 404) == "input.not_found"
    with pytest.raises(LookupError):
        static_path("no-such.css")


@pytest.mark.parametrize("code", PROBLEMS)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_problem_is_a_page_that_says_what_happened_and_what_to_do(code: str, lang: str) -> None:
    pages = Pages(environment=Environment.SANDBOX, state=MemberState.TH)

    response = Site(pages).problem(asked(lang=lang), RequestError(code, "<b>detail</b>"), headers={})

    text = bytes(response.body).decode()
    why, words = REASONS[code], catalogues()[lang]
    assert response.status_code == why.http_status
    assert response.headers["cache-control"] == "no-store"
    assert f'<html lang="{words.tag}">' in text
    assert "an-id-of-this-request" in text
    assert f"/v1/reasons/{code}" in text
    assert words.sentences["refusal.do"] in text
    assert ("data-machine-made" in text) is (lang != "en")
    assert (words.sentences["refusal.retry_never"] in text) is not why.retryable
    if why.http_status in (401, 403):  # who is not let in is not told to try just that again
        assert words.sentences["refusal.do_other"] not in text
    assert (response.headers.get("retry-after") is not None) is why.retryable
    assert "detail" not in text.replace("details", "")


def test_what_goes_wrong_at_the_address_of_a_page_is_told_by_a_page(node: Node) -> None:
    refused = node.send("DELETE", "/try")

    assert "input.method_not_allowed" in page_of(refused, 405)
    assert refused.headers["allow"] == "GET, HEAD, OPTIONS, POST"
    assert problem_of(node.send("DELETE", "/v1/reasons"), 405) == "input.method_not_allowed"


def test_a_fault_of_this_node_is_a_page_too(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise OSError("a secret")

    monkeypatch.setattr("idbridge_gateway.pages.try_it.read_request", broken)
    transport_error = send_form(node, {"sample": "sg-pid-opens-account"})

    text = page_of(transport_error, 500)
    assert code_shown(transport_error) == "system.internal"
    assert "secret" not in text
    assert transport_error.headers["retry-after"] == "300"


def test_a_page_and_all_that_it_loads_weigh_little_and_come_from_this_node(node: Node) -> None:
    page = node.send("GET", "/try")
    addresses = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', page_of(page, 200)))
    files = [node.send("GET", address) for address in addresses]

    assert len(addresses) == 3
    assert all(file.status_code == 200 for file in files)
    weight = sum(len(gzip.compress(answer.content)) for answer in (page, *files))
    assert weight <= FIRST_VIEW_BYTES
    for file in files:
        assert file.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert file.headers["x-content-type-options"] == "nosniff"
        assert not re.search(rb"https?://(?!www\.w3\.org/2000/svg)|@import|url\(", file.content)
    assert {file.headers["content-type"].partition(";")[0] for file in files} == {
        "text/css", "text/javascript", "image/svg+xml",
    }  # fmt: skip


def test_a_file_is_served_under_the_digest_of_what_is_in_it() -> None:
    folder = files("idbridge_gateway.pages").joinpath("static")
    assert len(static_files()) == len([path for path in folder.iterdir() if path.is_file()]) >= 5
    assert all(re.fullmatch(r"[a-z]+\.[0-9a-f]{16}\.(css|js|svg)", name) for name in static_files())


def test_a_chosen_language_is_remembered_and_a_guessed_one_is_not(node: Node) -> None:
    chosen = node.send("GET", "/try?lang=th")
    guessed = node.send("GET", "/try", headers={"accept-language": "th"})
    remembered = node.send("GET", "/try", headers={"cookie": "idbridge_lang=th"})

    assert all('<html lang="th">' in page_of(page, 200) for page in (chosen, guessed, remembered))
    assert re.fullmatch(
        r"idbridge_lang=th; HttpOnly; Max-Age=31536000; Path=/; SameSite=lax", chosen.headers["set-cookie"]
    )
    assert "set-cookie" not in guessed.headers
    assert "set-cookie" not in remembered.headers
    assert 'action="/try?lang=th"' in chosen.text
    assert guessed.headers["vary"] == "accept-language, cookie"


def test_a_live_page_is_for_https_alone() -> None:
    pages = Pages(environment=Environment.LIVE, state=MemberState.TH)

    page = pages.page(asked(), "closed.html", status=403)

    assert page.headers["strict-transport-security"] == "max-age=31536000"
    assert "Secure" in page.headers["set-cookie"]
    assert "Practice area" not in bytes(page.body).decode().replace(catalogues()["en"].sentences["try.closed_do"], "")


def test_a_page_says_that_nothing_here_is_real(node: Node) -> None:
    text = page_of(node.send("GET", "/try"), 200)

    assert '<p class="banner" role="note">Practice area: nothing and nobody here is real.</p>' in text
    assert text.index('class="skip"') < text.index("<header")
    assert urlsplit(re.findall(r'<form[^>]* action="([^"]+)"', text)[0]).path == "/try"


def test_a_page_has_a_label_for_every_field(node: Node) -> None:
    text = page_of(node.send("GET", "/try"), 200)

    fields = set(re.findall(r"<(?:select|textarea|input)[^>]* id=\"([^\"]+)\"", text))
    assert fields == set(re.findall(r'<label for="([^"]+)"', text))
    assert len(re.findall("<h1", text)) == 1
    assert Path(urlsplit(static_path("pages.css")).path).suffix == ".css"
