"""The logout page in a real browser: its form leads to the client, by keyboard and without scripts."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, Route, sync_playwright

from idbridge_gateway.pages.catalogue import catalogues
from idbridge_gateway.serving import BackgroundServer
from tests.engines import require_engine
from tests.gateway.providing import LOGGED_OUT, bank_in

WORDS = catalogues()["en"].sentences


@pytest.fixture
def page(shared_files: Path) -> Iterator[Page]:
    """The question in somebody else's browser; the client's address answers there."""
    bank = bank_in(shared_files)
    id_token = bank.redeem(bank.code()).json()["id_token"]
    hint = urlencode({"id_token_hint": id_token, "post_logout_redirect_uri": LOGGED_OUT, "state": "state-1"})

    def bye(route: Route) -> None:
        route.fulfill(body="Good bye", content_type="text/plain")

    with BackgroundServer(bank.node.app) as server, sync_playwright() as engine:
        browser = engine.chromium.launch(executable_path=require_engine("chromium"), args=["--no-sandbox"])
        context = browser.new_context(base_url=server.url, java_script_enabled=False, locale="en")
        context.route("https://bank.th.example/**", bye)
        page = context.new_page()
        response = page.goto(f"/oauth/logout?{hint}")
        assert response is not None
        assert response.status == 200
        assert page.get_by_role("heading", level=1).inner_text() == WORDS["logout.ask"]
        yield page
        browser.close()


def test_a_no_leaves_the_browser_here(page: Page) -> None:
    page.get_by_role("button", name=WORDS["logout.no"]).click()

    assert page.get_by_role("heading", level=1).inner_text() == WORDS["logout.kept"]


def test_a_yes_by_keyboard_leads_to_the_client(page: Page) -> None:
    page.get_by_role("button", name=WORDS["logout.yes"]).press("Enter")
    page.wait_for_url(f"{LOGGED_OUT}?state=state-1")

    assert page.inner_text("body") == "Good bye"
