"""Operators look at the console; everybody else sees a door."""

import pytest
from playwright.sync_api import Browser

from tests.e2e.browser import NARROW, WIDE, visit
from tests.e2e.conftest import Operated

LANGUAGES = ("en", "th", "vi")


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["narrow", "wide"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_console_is_sound_with_and_without_a_week(
    browser: Browser, operated: Operated, language: str, size: tuple[int, int]
) -> None:
    token = {"authorization": f"Bearer {operated.issuer.token()}"}
    with visit(browser, size=size, language=language, headers=token) as seen:
        seen.page.goto(f"{operated.url}/console")
        assert seen.page.get_attribute("html", "lang") == language
        assert seen.page.locator("rect.bar.failed").count() >= 1
        seen.require_sound(f"console-{language}-{size[0]}")

        seen.page.locator(".spans a").click()
        seen.page.wait_for_url("**/console?span=week*")
        seen.page.locator(".matrix td a").first.click()
        seen.page.wait_for_url("**/console/arrangements/**")
        seen.require_sound(f"arrangement-{language}-{size[0]}")
        seen.require_own_host(operated.url)


def test_whoever_is_no_operator_sees_a_door_that_is_sound(browser: Browser, operated: Operated) -> None:
    with visit(browser, size=NARROW) as seen:
        answer = seen.page.goto(f"{operated.url}/console")

        assert answer is not None
        assert answer.status == 401
        assert seen.page.locator(".matrix").count() == 0
        seen.require_sound("console-door-360")
