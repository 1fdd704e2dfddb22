"""A business asks by link, somebody answers it in another browser, and the business prints the answer."""

import json
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Browser

from idbridge_gateway.demo.businesses import COMPANY
from tests.e2e.browser import NARROW, WIDE, Visit, in_each_language, in_each_look, visit
from tests.e2e.conftest import World

INVOICE = "Invoice 2026-0815"
_TRIES = 200
A4 = {"width": 794, "height": 1123}  # in pixels of CSS


def signed_in(world: World, seen: Visit) -> None:
    """Sign in at the node as somebody who acts for the trading company of Singapore."""
    seen.page.goto(f"{world.node}/ask")
    seen.page.locator("a[href='/ask/sign-in']").click()
    seen.page.wait_for_url(f"{world.node}/login*")
    seen.page.locator("details", has=seen.page.locator("button[value=sg-corporate-login]")).locator("summary").click()
    seen.page.locator("button[name=provider][value=sg-corporate-login]").click()
    seen.page.wait_for_url(f"{world.living.providers}/**")
    seen.page.locator("input[name=person][value=sg-tan]").check()
    seen.page.locator("input[name=company][value=sg-quay]").check()
    seen.page.locator("button[name=answer][value=yes]").click()
    seen.page.wait_for_url(f"{world.node}/consent*")


def agreed(world: World, seen: Visit) -> None:
    """Say yes to the node without a receipt, and come to the page of questions."""
    seen.page.locator("input[name=receipt]").uncheck()
    seen.page.locator("button[name=answer][value=yes]").click()
    seen.page.wait_for_url(f"{world.node}/ask*")


def asked(seen: Visit, question: str = "age-over-20/age-check", *, number: str = "") -> str:
    """Ask, and return the link to send."""
    seen.page.locator(f"input[name=question][value='{question}']").check()
    if number:
        seen.page.select_option("#scheme", value=COMPANY.scheme)
        seen.page.fill("#number", number)
    seen.page.fill("#purpose_text", INVOICE)
    seen.page.locator("button[name=ask]").click()
    seen.page.wait_for_selector("#link")
    return seen.page.input_value("#link")


def answered(world: World, person: Visit, link: str, *options: str) -> None:
    """Open the link, let a pretend wallet answer what it leads to, and come back from it."""
    person.page.goto(link)
    assert INVOICE in person.text
    person.page.locator("button[name=go-on]").click()
    wallet_link = person.page.locator("a[href^='openid4vp:']").get_attribute("href")
    assert wallet_link
    program = str(Path(sys.executable).with_name("idbridge"))
    told = [program, "sandbox", "answer", wallet_link, "--region", str(world.directory), *options]
    ended = subprocess.run(told, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr
    person.page.goto(json.loads(ended.stdout)["redirect_uri"])


@in_each_look("vi", WIDE)
def test_a_business_asks_and_prints_what_somebody_answered(
    browser: Browser, world: World, language: str, size: tuple[int, int]
) -> None:
    name = f"{language}-{size[0]}"
    with (
        visit(browser, size=size, language=language) as seen,
        visit(browser, size=NARROW, language=language) as person,
    ):
        seen.page.goto(f"{world.node}/ask")
        assert seen.page.get_attribute("html", "lang") == language
        seen.require_sound(f"ask-door-{name}")
        signed_in(world, seen)
        seen.faults.clear()  # a browser calls the status of the door an error
        seen.require_sound(f"ask-consent-{name}")
        agreed(world, seen)
        seen.require_sound(f"ask-{name}")

        link = asked(seen)
        assert seen.page.locator(".qr svg").is_visible()
        seen.require_sound(f"ask-link-{name}")
        answered(world, person, link)
        seen.page.wait_for_selector("#wallet[data-outcome=answered]")
        assert INVOICE in seen.text
        assert seen.page.locator(".verdict.good").is_visible()
        seen.require_sound(f"ask-answer-{name}")
        seen.require_own_host(world.node, world.living.providers)

        code = seen.page.locator("code.typed").inner_text()
        seen.page.locator(".onward a").click()
        seen.page.wait_for_selector(".asks .answered")
        seen.require_sound(f"ask-list-{name}")

        checked(world, seen, code.lower(), name)


def checked(world: World, anybody: Visit, code: str, name: str) -> None:
    """Type the code of an answer, and then a wrong one."""
    anybody.page.goto(f"{world.node}/receipt")
    anybody.require_sound(f"receipt-check-{name}")
    for typed, tone in ((code, "good"), (code[::-1], "bad")):
        anybody.page.fill("#code", typed)
        anybody.page.locator("main form button").click()
        anybody.page.wait_for_selector(".verdict")
        for _ in range(_TRIES):  # a leaf can be read once it is published, which is a second later
            if anybody.page.locator(f".verdict.{tone}").count():
                break
            anybody.page.reload()
        assert anybody.page.locator(f".verdict.{tone}").is_visible()
        anybody.faults.clear()  # a browser calls the status of a page that finds nothing an error
        anybody.require_sound(f"receipt-{tone}-{name}")


def test_an_answer_fits_on_one_printed_page(browser: Browser, world: World) -> None:
    with visit(browser) as seen, visit(browser, size=NARROW) as person:
        signed_in(world, seen)
        agreed(world, seen)
        answered(world, person, asked(seen))
        seen.page.wait_for_selector("#wallet[data-outcome=answered]")
        seen.page.emulate_media(media="print")
        seen.page.set_viewport_size({"width": A4["width"] - 90, "height": A4["height"]})
        seen.picture("ask-printed")
        printed = seen.page.pdf(format="A4", prefer_css_page_size=True)

        assert printed.count(b"/Type /Page\n") + printed.count(b"/Type /Page ") == 1
        assert not seen.page.locator("button[name=print]").is_visible()


@in_each_language("th")
def test_a_business_asks_without_script_on_a_small_screen(browser: Browser, world: World, language: str) -> None:
    with (
        visit(browser, size=NARROW, language=language, script=False) as seen,
        visit(browser, size=NARROW, language=language, script=False) as person,
    ):
        signed_in(world, seen)
        agreed(world, seen)
        link, page = asked(seen), seen.page.url
        assert seen.page.locator("noscript meta[http-equiv=refresh], meta[http-equiv=refresh]").count() == 1
        answered(world, person, link)
        seen.page.goto(page)

        assert seen.page.locator(".verdict.good").is_visible()
        assert INVOICE in seen.text
        assert not seen.page.locator("button[name=print]").is_visible()


def test_a_no_in_the_wallet_is_a_no_on_the_page_that_is_open(browser: Browser, world: World) -> None:
    with visit(browser, size=NARROW) as seen, visit(browser, size=NARROW) as person:
        signed_in(world, seen)
        agreed(world, seen)
        answered(world, person, asked(seen), "--deny")
        seen.page.wait_for_selector("#wallet[data-outcome=refused]")

        seen.require_sound("ask-refused-360")


def test_a_number_that_no_register_has_is_asked_for_again_and_nothing_is_lost(browser: Browser, world: World) -> None:
    with visit(browser, size=NARROW) as seen:
        signed_in(world, seen)
        agreed(world, seen)
        seen.page.locator("input[name=question][value='company-representative/company-representation']").check()
        seen.page.fill("#number", "")
        seen.page.fill("#purpose_text", INVOICE)
        seen.page.locator("button[name=ask]").click()
        seen.page.wait_for_selector(".card.warn[role=alert]")

        assert seen.page.input_value("#purpose_text") == INVOICE
        seen.require_sound("ask-fault-360")


def test_a_link_about_a_company_names_it_to_whoever_is_asked_and_can_be_called_off(
    browser: Browser, world: World
) -> None:
    with visit(browser, size=NARROW) as seen, visit(browser, size=NARROW) as person:
        signed_in(world, seen)
        agreed(world, seen)
        link = asked(seen, "company-representative/company-representation", number=COMPANY.value)
        person.page.goto(link)
        assert COMPANY.value in person.text
        person.require_sound("wallet-company-360")

        seen.page.locator("button[name=call-off]").click()
        seen.page.wait_for_selector("#wallet[data-outcome=cancelled], #wallet[data-outcome=expired]")
        seen.require_sound("ask-called-off-360")
        person.page.goto(link)
        assert person.page.locator(".qr svg").count() == 0
