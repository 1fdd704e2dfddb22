"""The page of a conformance run in a real browser: sound at every width, by day, by night and on paper, and inert."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from idbridge.conformance.corpus import shipped
from idbridge.conformance.reports.html import html
from tests.conformance.records import of_every_outcome, record
from tests.e2e.browser import NARROW, WIDE, chromium, visit


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser alone: the page is a file, and no node has to run for it."""
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    path: Path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(html(of_every_outcome(), shipped()), "utf-8")
    return path.as_uri()


def test_nothing_that_a_target_answered_runs_or_asks_anybody(browser: Browser, page: str) -> None:
    with visit(browser, size=WIDE) as seen:
        said: list[str] = []
        seen.page.on("dialog", lambda dialog: said.append(dialog.message))
        seen.page.goto(page)

        assert said == []
        assert seen.hosts == {""}
        assert seen.faults == []
        assert seen.page.locator("script").count() == 0
        assert "<script>alert(1)</script>" in seen.text


@pytest.mark.parametrize(("size", "night"), [(NARROW, True), (WIDE, False)], ids=["narrow-night", "wide-day"])
def test_a_run_with_failures_is_sound(browser: Browser, page: str, size: tuple[int, int], night: bool) -> None:
    with visit(browser, size=size) as seen:
        seen.page.emulate_media(color_scheme="dark" if night else "light")
        seen.page.goto(page)

        assert seen.page.locator("article.failed").count() == 5
        assert seen.page.locator("article.waived").count() == 1
        assert seen.page.locator(".matrix tbody tr").count() > 100
        seen.require_sound(f"conformance-{size[0]}-{'night' if night else 'day'}")


def test_a_run_that_passed_is_sound(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(html(record(), shipped()), "utf-8")
    with visit(browser, size=NARROW) as seen:
        seen.page.goto(path.as_uri())

        assert seen.page.inner_text("h1") == "Passed"
        seen.require_sound("conformance-passed-360")


def test_on_paper_everything_is_shown_and_nothing_that_only_a_screen_can_do(browser: Browser, page: str) -> None:
    with visit(browser, size=WIDE) as seen:
        seen.page.goto(page)
        seen.page.emulate_media(media="print")
        heights = "all => all.map(one => one.scrollHeight - one.clientHeight)"

        assert not seen.page.locator("nav").is_visible()
        assert seen.page.locator("pre").count() > 0
        assert set(seen.page.locator("pre").evaluate_all(heights)) == {0}
