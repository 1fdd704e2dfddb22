"""The page for a court in a real browser: sound at two widths, by day and by night, and it asks nobody anything."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from idbridge.cli.dispute_page import page
from idbridge.evidence.dispute_findings import findings
from idbridge.evidence.dispute_request import Brought
from tests.e2e.browser import NARROW, WIDE, chromium, visit
from tests.evidence.disputes import asked, bundle
from tests.sandbox.regions import NOON

AT = NOON + timedelta(days=1)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser alone: the page is a file, and no node has to run for it."""
    with chromium() as started:
        yield started


@pytest.mark.parametrize(
    ("size", "night", "good"), [(NARROW, True, False), (WIDE, False, True)], ids=["narrow-night", "wide-day"]
)
def test_the_page_is_sound_and_asks_nobody(
    browser: Browser, tmp_path: Path, size: tuple[int, int], night: bool, good: bool
) -> None:
    other = Brought(asked("alg-none")[0]["credential"])
    made = bundle() if good else replace(bundle(), brought=other)
    path = tmp_path / "page.html"
    path.write_text(page(findings(made, now=AT), at=AT), "utf-8")
    with visit(browser, size=size) as seen:
        seen.page.emulate_media(color_scheme="dark" if night else "light")
        seen.page.goto(path.as_uri())

        assert seen.hosts == {""}
        assert seen.faults == []
        assert seen.page.inner_text("h1").startswith("The decision" if good else "Another decision")
        seen.require_sound(f"dispute-{size[0]}-{'night' if night else 'day'}")
