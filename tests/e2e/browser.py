"""A real browser on this machine, and what a page has to be in it: sound for axe-core, narrow enough, of one host."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.engines import REPOSITORY, require_engine, require_node_packages

NARROW: Final = (360, 800)
WIDE: Final = (1280, 900)
LANGUAGES: Final = ("en", "th", "vi")
# `make e2e` looks at every page in each language and width; the short run at each page in one, which the page names.
EVERY: Final = os.environ.get("IDBRIDGE_WALKS") == "all"
PICTURES: Final = REPOSITORY / ".cache" / "e2e"
_PATIENCE_MS: Final = 20_000
_GRAVE: Final = frozenset({"moderate", "serious", "critical"})
# Colours and order, roles and names, labels and languages: everything that the two first levels of WCAG 2.2 ask for.
_RULES: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

Look = tuple[str, tuple[int, int]]


def looks(short: Look, *, every: bool = EVERY) -> tuple[Look, ...]:
    """Return the languages and widths in which a page is looked at: all of them, or ``short`` alone."""
    return tuple((language, size) for language in LANGUAGES for size in (NARROW, WIDE)) if every else (short,)


def in_each_look(language: str, size: tuple[int, int]) -> pytest.MarkDecorator:
    """Look at a page in each language and width; in the short run in this one."""
    chosen = looks((language, size))
    names = [f"{language}-{'narrow' if size == NARROW else 'wide'}" for language, size in chosen]
    return pytest.mark.parametrize(("language", "size"), chosen, ids=names)


def in_each_language(language: str) -> pytest.MarkDecorator:
    """Walk in each language; in the short run in this one."""
    return pytest.mark.parametrize("language", LANGUAGES if EVERY else (language,))


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Debian's Chromium, and end it."""
    program = require_engine("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(program), args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        try:
            yield browser
        finally:
            browser.close()


@dataclass(repr=False)
class Visit:
    """One person's window: its page, the hosts that it asked, and what went wrong in it."""

    page: Page
    hosts: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)

    @property
    def place(self) -> str:
        """The address of the page, without what comes after the path."""
        return self.page.url.partition("?")[0].partition("#")[0]

    @property
    def text(self) -> str:
        """What the page says."""
        return self.page.inner_text("body")

    def picture(self, name: str) -> None:
        """Keep what the page looks like, for whoever wants to look."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=str(PICTURES / f"{name}.png"), full_page=True)

    def require_sound(self, name: str) -> None:
        """Return if the page fits the window and axe-core finds nothing in it but trifles."""
        self.picture(name)
        width = self.page.evaluate("document.documentElement.scrollWidth")
        shown = self.page.evaluate("document.documentElement.clientWidth")
        assert width <= shown, f"{name} is {width} wide in a window of {shown}"
        assert not grave(self.page), f"{name}: {json.dumps(grave(self.page), indent=1)}"

    def require_own_host(self, *hosts: str) -> None:
        """Return if nobody but ``hosts`` was asked for anything, and no script or policy complained."""
        assert self.hosts <= {urlsplit(host).netloc for host in hosts}, self.hosts
        assert self.faults == []


def grave(page: Page) -> list[dict[str, Any]]:
    """Return what axe-core calls moderate, serious or critical in ``page``, each with the elements concerned."""
    axe = Path(require_node_packages()) / "node_modules" / "axe-core" / "axe.min.js"
    page.evaluate(axe.read_text(encoding="utf-8"))
    found = page.evaluate("rules => axe.run(document, {runOnly: {type: 'tag', values: rules}})", _RULES)
    return [
        {"rule": one["id"], "help": one["help"], "at": [node["html"][:200] for node in one["nodes"]]}
        for one in found["violations"]
        if one["impact"] in _GRAVE
    ]


@contextmanager
def visit(
    browser: Browser,
    *,
    size: tuple[int, int] = WIDE,
    language: str = "en",
    script: bool = True,
    headers: dict[str, str] | None = None,
) -> Iterator[Visit]:
    """Open a window of somebody who was never here before."""
    context: BrowserContext = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        locale=language,
        java_script_enabled=script,
        extra_http_headers=headers or {},
    )
    context.set_default_timeout(_PATIENCE_MS)
    page = context.new_page()
    opened = Visit(page)
    page.on("request", lambda request: opened.hosts.add(urlsplit(request.url).netloc))
    page.on("pageerror", lambda error: opened.faults.append(str(error)))
    page.on("console", lambda said: opened.faults.append(said.text) if said.type == "error" else None)
    try:
        yield opened
    finally:
        context.close()
