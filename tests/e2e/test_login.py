"""Somebody logs in at a bank with the ID of another state: selector, provider, consent, receipt, and each no."""

from playwright.sync_api import Browser

from idbridge.model.region import MemberState
from idbridge_gateway.demo.living import LivingRegion
from tests.e2e.browser import NARROW, Visit, in_each_language, in_each_look, visit

TH = MemberState.TH


def at_selector(living: LivingRegion, seen: Visit) -> None:
    seen.page.goto(living.banks[TH])
    seen.page.locator("button[name=wish][value=person]").click()
    seen.page.wait_for_url(f"{living.nodes[TH]}/login*")


def at_consent(living: LivingRegion, seen: Visit, provider: str = "sg-login") -> None:
    at_selector(living, seen)
    choose(seen, provider)
    seen.page.wait_for_url(f"{living.providers}/{provider}/**")
    seen.page.locator("button[name=answer][value=yes]").click()
    seen.page.wait_for_url(f"{living.nodes[TH]}/consent*")


def choose(seen: Visit, provider: str) -> None:
    """Open the state that has ``provider`` and go on to it."""
    button = seen.page.locator(f"button[name=provider][value={provider}]")
    if not button.is_visible():
        seen.page.locator("details", has=button).locator("summary").first.click()
    button.click()


def agree(seen: Visit) -> None:
    """Say yes without a receipt."""
    seen.page.locator("input[name=receipt]").uncheck()
    seen.page.locator("button[name=answer][value=yes]").click()


def everybody(living: LivingRegion) -> tuple[str, ...]:
    return living.nodes[TH], living.banks[TH], living.providers


@in_each_look("th", NARROW)
def test_every_page_of_a_login_is_sound_in_three_languages_and_two_widths(
    browser: Browser, living: LivingRegion, language: str, size: tuple[int, int]
) -> None:
    with visit(browser, size=size, language=language) as seen:
        at_selector(living, seen)
        assert seen.page.get_attribute("html", "lang") == language
        seen.require_sound(f"login-{language}-{size[0]}")

        at_consent(living, seen)
        assert seen.page.get_attribute("html", "lang") == language
        seen.require_sound(f"consent-{language}-{size[0]}")

        seen.page.locator("button[name=answer][value=yes]").click()
        seen.page.wait_for_selector("form[action*=receipt]")
        seen.require_sound(f"receipt-{language}-{size[0]}")
        seen.require_own_host(*everybody(living))

        seen.page.locator("form[action*=consent] button[name=answer][value=yes]").click()
        seen.page.wait_for_url(f"{living.banks[TH]}/account*")
        assert "Tan Hui Ling" in seen.text


@in_each_language("th")
def test_a_login_ends_at_an_account_without_script_on_a_small_screen(
    browser: Browser, living: LivingRegion, language: str
) -> None:
    with visit(browser, size=NARROW, language=language, script=False) as seen:
        at_consent(living, seen)
        agree(seen)
        seen.page.wait_for_url(f"{living.banks[TH]}/account*")

        assert "Tan Hui Ling" in seen.text
        seen.picture(f"account-{language}-360-no-script")


def test_a_login_can_be_walked_with_the_keyboard_alone(browser: Browser, living: LivingRegion) -> None:
    with visit(browser) as seen:
        at_selector(living, seen)
        _tab_to(seen, "details:has(button[value=sg-login]) > summary")
        seen.page.keyboard.press("Enter")
        _tab_to(seen, "button[name=provider][value=sg-login]")
        seen.page.keyboard.press("Enter")
        seen.page.wait_for_url(f"{living.providers}/sg-login/**")
        _tab_to(seen, "button[name=answer][value=yes]")
        seen.page.keyboard.press("Enter")
        seen.page.wait_for_url(f"{living.nodes[TH]}/consent*")
        _tab_to(seen, "input[name=receipt]")
        seen.page.keyboard.press("Space")
        _tab_to(seen, "button[name=answer][value=yes]")
        seen.page.keyboard.press("Enter")
        seen.page.wait_for_url(f"{living.banks[TH]}/account*")

        assert "Tan Hui Ling" in seen.text


def _tab_to(seen: Visit, wanted: str) -> None:
    """Press Tab until what is focused is ``wanted``, which has to be seen to be."""
    for _ in range(200):
        seen.page.keyboard.press("Tab")
        if seen.page.evaluate("wanted => document.activeElement.matches(wanted)", wanted):
            outline = seen.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline != "none", f"nobody sees that {wanted} is focused"
            return
    raise AssertionError(f"Tab never came to {wanted}")


@in_each_language("en")
def test_a_no_to_consent_is_a_no_at_the_bank(browser: Browser, living: LivingRegion, language: str) -> None:
    with visit(browser, size=NARROW, language=language) as seen:
        at_consent(living, seen)
        seen.page.locator("button[name=answer][value=no]").click()
        seen.page.wait_for_url(f"{living.banks[TH]}/callback*")

        assert "You said no" in seen.text


@in_each_language("vi")
def test_a_login_that_is_over_says_so_on_a_page_that_is_sound(
    browser: Browser, living: LivingRegion, language: str
) -> None:
    with visit(browser, size=NARROW, language=language) as seen:
        answer = seen.page.goto(f"{living.nodes[TH]}/consent?t=AAAAAAAAAAAAAAAAAAAAAA")

        assert answer is not None
        assert answer.status == 400
        assert seen.page.get_attribute("html", "lang") == language
        seen.require_sound(f"over-{language}-360")


def test_the_same_login_in_two_tabs_counts_once(browser: Browser, living: LivingRegion) -> None:
    with visit(browser) as seen:
        at_consent(living, seen)
        other = seen.page.context.new_page()
        other.goto(seen.page.url)
        agree(seen)
        seen.page.wait_for_url(f"{living.banks[TH]}/account*")
        agree(Visit(other))
        other.wait_for_load_state()

        assert other.url.startswith(living.nodes[TH])
        assert "Tan Hui Ling" not in other.inner_text("body")


def test_nothing_personal_ever_stands_in_an_address(browser: Browser, living: LivingRegion) -> None:
    addresses: list[str] = []
    with visit(browser) as seen:
        seen.page.on("request", lambda request: addresses.append(request.url))
        at_consent(living, seen)
        agree(seen)
        seen.page.wait_for_url(f"{living.banks[TH]}/account*")

    assert addresses
    for canary in ("Tan", "Hui", "1990", "sg-tan", "birthdate"):
        assert not any(canary in address for address in addresses), canary
