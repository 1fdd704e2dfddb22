"""Somebody is asked for an ID from a wallet: the page with its code, without script, and its end while it is open."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Browser

from idbridge.limits import LIMITS
from tests.e2e.browser import NARROW, in_each_look, visit
from tests.e2e.conftest import World


def begun(world: World, **asked: Any) -> dict[str, Any]:
    """A request of the bank for an ID."""
    order = {"template": "age-over-20", "purpose_text": "To rent you a car", **asked}
    answer = httpx2.post(
        f"{world.node}/v1/presentations",
        headers={"authorization": f"Bearer {world.key}"},
        json=order,
        trust_env=False,
    )
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def _answer(world: World, link: str, *options: str) -> None:
    """Let a pretend wallet answer, in a process of its own."""
    program = Path(sys.executable).with_name("idbridge")
    told = [str(program), "sandbox", "answer", link, *options, "--region", str(world.directory)]
    ended = subprocess.run(told, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr


@in_each_look("vi", NARROW)
def test_the_page_with_the_code_is_sound_and_asks_nobody_else(
    browser: Browser, world: World, language: str, size: tuple[int, int]
) -> None:
    asked = begun(world)
    with visit(browser, size=size, language=language) as seen:
        seen.page.goto(asked["page"])

        assert seen.page.get_attribute("html", "lang") == language
        assert "To rent you a car" in seen.text
        assert seen.page.locator(".qr svg").is_visible()
        seen.require_sound(f"wallet-{language}-{size[0]}")
        seen.require_own_host(world.node)


def test_the_page_is_there_without_script_and_looks_again_by_itself(browser: Browser, world: World) -> None:
    with visit(browser, size=NARROW, script=False) as seen:
        seen.page.goto(begun(world)["page"])

        assert seen.page.locator(".qr svg").is_visible()
        assert seen.page.locator("meta[http-equiv=refresh]").count() == 1


@pytest.mark.parametrize(("denies", "end"), [(True, "refused"), (False, "answered")])
def test_the_open_page_tells_by_itself_how_it_ended(browser: Browser, world: World, denies: bool, end: str) -> None:
    asked = begun(world)
    with visit(browser, size=NARROW) as seen:
        seen.page.goto(asked["page"])
        _answer(world, asked["wallet_link"], *(["--deny"] if denies else []))
        seen.page.wait_for_selector(f"#wallet[data-outcome={end}]")

        seen.require_sound(f"wallet-{end}-360")
        assert "Tan" not in seen.text


def test_a_request_that_nobody_made_is_a_page_that_is_sound(browser: Browser, world: World) -> None:
    with visit(browser, size=NARROW) as seen:
        answer = seen.page.goto(f"{world.node}/wallet/{'A' * LIMITS.identifier_characters}"[:200])

        assert answer is not None
        assert answer.status == 404
        seen.require_sound("wallet-nobody-360")
