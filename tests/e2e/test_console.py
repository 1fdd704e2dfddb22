"""Operators sign in and look at the console; everybody else sees a door, or is told that they are none."""

from playwright.sync_api import Browser

from idbridge.sandbox.idp.operators import STAFF
from tests.e2e.browser import NARROW, WIDE, Visit, in_each_look, visit
from tests.e2e.conftest import Operated, World

OPERATOR, COLLEAGUE = STAFF


def at_issuer(world: World, seen: Visit) -> None:
    seen.page.goto(f"{world.node}/console")
    seen.page.locator("a[href='/console/sign-in']").click()
    seen.page.wait_for_url(f"{world.living.providers}/operators/authorize*")


def signed_in(world: World, seen: Visit) -> None:
    at_issuer(world, seen)
    seen.page.locator(f"input[name=person][value={OPERATOR.id}]").check()
    seen.page.locator("button[name=answer][value=yes]").click()
    seen.page.wait_for_url(f"{world.node}/console")


@in_each_look("en", NARROW)
def test_an_operator_signs_in_looks_at_everything_and_signs_out(
    browser: Browser, world: World, language: str, size: tuple[int, int]
) -> None:
    name = f"{language}-{size[0]}"
    with visit(browser, size=size, language=language) as seen:
        seen.page.goto(f"{world.node}/console")
        assert seen.page.get_attribute("html", "lang") == language
        seen.require_sound(f"console-door-{name}")
        at_issuer(world, seen)
        seen.require_sound(f"operators-{name}")
        signed_in(world, seen)
        seen.faults.clear()  # a browser calls the status of the door an error
        seen.require_own_host(world.node, world.living.providers)

        assert seen.page.locator(".tile").count() == 11
        assert seen.page.locator(".matrix tbody tr").count() == 11
        assert seen.page.locator("#calendar tbody tr").count() >= 1
        assert seen.page.locator("#alerts").is_visible()
        seen.require_sound(f"console-living-{name}")
        seen.page.locator(".matrix td a").first.click()
        seen.page.wait_for_url("**/console/arrangements/**")
        seen.require_sound(f"arrangement-living-{name}")

        seen.page.goto(f"{world.node}/console")
        seen.page.locator("button[name=sign-out]").click()
        seen.page.wait_for_selector("a[href='/console/sign-in']")
        assert seen.page.locator(".matrix").count() == 0


def test_an_operator_signs_in_and_looks_without_script(browser: Browser, world: World) -> None:
    with visit(browser, size=NARROW, script=False) as seen:
        signed_in(world, seen)
        seen.page.select_option("#purpose", value="age-check")
        seen.page.locator("form:has(#purpose) button").click()
        seen.page.wait_for_url("**/console?purpose=age-check*")
        seen.page.locator(".matrix td a").first.click()
        seen.page.wait_for_url("**/console/arrangements/**")

        assert seen.page.locator("h1").is_visible()


def test_whoever_works_there_without_the_role_is_told_so_on_a_page_that_is_sound(
    browser: Browser, world: World
) -> None:
    with visit(browser, size=NARROW) as seen:
        at_issuer(world, seen)
        seen.page.locator(f"input[name=person][value={COLLEAGUE.id}]").check()
        seen.page.locator("button[name=answer][value=yes]").click()
        seen.page.wait_for_url(f"{world.node}/console/callback*")

        assert seen.page.locator(".matrix").count() == 0
        seen.require_sound("console-no-operator-360")


@in_each_look("th", WIDE)
def test_the_console_is_sound_with_and_without_a_week(
    browser: Browser, operated: Operated, language: str, size: tuple[int, int]
) -> None:
    token = {"authorization": f"Bearer {operated.issuer.token()}"}
    with visit(browser, size=size, language=language, headers=token) as seen:
        seen.page.goto(f"{operated.url}/console")
        assert seen.page.get_attribute("html", "lang") == language
        assert seen.page.locator("rect.bar.failed").count() >= 1
        for held in ("passed", "waived", "old", "refused"):
            assert seen.page.locator(f".attested td.{held}").count() == 1
        seen.require_sound(f"console-{language}-{size[0]}")

        seen.page.locator(".spans a").click()
        seen.page.wait_for_url("**/console?span=week*")
        seen.page.locator(".matrix td a").first.click()
        seen.page.wait_for_url("**/console/arrangements/**")
        seen.require_sound(f"arrangement-{language}-{size[0]}")
        seen.require_own_host(operated.url)


def test_without_a_place_to_sign_in_there_is_a_door_that_says_so(browser: Browser, operated: Operated) -> None:
    with visit(browser, size=NARROW) as seen:
        answer = seen.page.goto(f"{operated.url}/console")

        assert answer is not None
        assert answer.status == 401
        assert seen.page.locator(".matrix").count() == 0
        seen.require_sound("console-closed-360")
