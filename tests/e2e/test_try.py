"""Somebody tries what this makes of an ID: a good example, each way of a bad one, and nothing at all."""

import pytest
from playwright.sync_api import Browser

from tests.e2e.browser import NARROW, WIDE, in_each_look, visit
from tests.e2e.conftest import World


@in_each_look("en", WIDE)
def test_example_and_verdict_are_sound(browser: Browser, world: World, language: str, size: tuple[int, int]) -> None:
    with visit(browser, size=size, language=language) as seen:
        seen.page.goto(f"{world.node}/try")
        seen.require_sound(f"try-{language}-{size[0]}")

        seen.page.select_option("#sample", index=0)
        seen.page.locator("form:has(#sample) button").click()
        seen.page.wait_for_selector(".verdict.good")
        assert seen.page.get_attribute("html", "lang") == language
        seen.require_sound(f"verdict-good-{language}-{size[0]}")
        seen.require_own_host(world.node)


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_a_bad_example_is_refused_with_words_and_a_way_on(browser: Browser, world: World, script: bool) -> None:
    with visit(browser, size=NARROW, script=script) as seen:
        seen.page.goto(f"{world.node}/try")
        bad = seen.page.locator("#sample optgroup").nth(1).locator("option").first.get_attribute("value")
        assert bad
        seen.page.select_option("#sample", value=bad)
        seen.page.locator("form:has(#sample) button").click()
        seen.page.wait_for_selector(".verdict.bad, .verdict.open")

        assert "does not prove" in seen.text
        if script:
            seen.require_sound("verdict-bad-360")


def test_what_is_pasted_is_never_run(browser: Browser, world: World) -> None:
    with visit(browser) as seen:
        seen.page.goto(f"{world.node}/try")
        seen.page.fill("textarea[name=credential]", "<img src=x onerror=\"document.title='run'\"><script>1</script>")
        seen.page.locator("form:has(textarea) button").first.click()
        seen.page.wait_for_load_state()

        assert seen.page.title() != "run"
        assert seen.faults == []
