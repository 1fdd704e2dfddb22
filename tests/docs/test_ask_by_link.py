"""The guide to asking by link, walked as its reader does: the buttons that it names, and its command."""

import json
import os
import re
import sys
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from idbridge.limits import LIMITS
from idbridge.model.region import Environment
from idbridge_gateway.demo.businesses import COMPANY
from idbridge_gateway.pages.catalogue import SOURCE, catalogues
from idbridge_gateway.registry.form import read_registration
from tests.docs.test_first_verdict import BLOCK, Reader, demo
from tests.engines import REPOSITORY
from tests.gateway.walking import Walker

__all__ = ["demo"]  # the same demo as for the first guide
GUIDE = REPOSITORY / "docs" / "ask-by-link.md"


def guide() -> str:
    return GUIDE.read_text(encoding="utf-8")


@pytest.fixture
def walker() -> Iterator[Walker]:
    with Walker() as one:
        yield one


@pytest.fixture
def person() -> Iterator[Walker]:
    with Walker() as one:
        yield one


def test_everything_in_bold_stands_on_a_page_just_so() -> None:
    sentences = set(catalogues()[SOURCE].sentences.values())
    named = {" ".join(one.split()) for one in re.findall(r"\*\*([^*]+)\*\*", guide())} - {"bold"}

    assert len(named) > 10
    assert named <= sentences


def test_the_registration_of_the_guide_can_be_registered() -> None:
    (document,) = re.findall(r"```json\n(.*?)```", guide(), re.DOTALL)
    registration = read_registration(json.loads(document), environment=Environment.LIVE)

    assert registration.signs_in_as == COMPANY


def test_the_times_of_the_guide_are_those_of_the_node() -> None:
    assert f"for {LIMITS.business_session.total_seconds() / 3600:.0f} hours" in guide()
    assert f"for {LIMITS.presentation_lifetime_max.total_seconds() / 3600:.0f}\nhours" in guide()
    assert LIMITS.presentation_kept.total_seconds() == 15 * 60
    assert "a quarter of an hour" in guide()


def pressed(walker: Walker, sentence: str) -> str:
    """What the link that is called ``sentence`` leads to."""
    found = re.search(rf'href="([^"]+)">{re.escape(sentence)}<', walker.page.text)
    assert found is not None, walker.page.text
    return unescape(found[1])


def test_a_business_signs_in_asks_and_reads_the_answer(
    demo: tuple[Path, str, str], walker: Walker, person: Walker, tmp_path: Path
) -> None:
    region, url, _ = demo
    walker.go(f"{url}/ask")
    walker.go(f"{url}{pressed(walker, 'Sign in for my company')}")
    walker.log_in("sg-corporate-login", person="sg-tan", company="sg-quay")
    assert walker.place == f"{url}/ask"
    walker.press("ask", "yes", question="age-over-20/age-check", purpose_text="Invoice 2026-0815", number="")
    page = walker.place
    link = re.search(r'id="link" readonly value="([^"]+)"', walker.page.text)
    assert link is not None
    assert "Invoice 2026-0815" in person.go(link[1]).page.text
    person.press("go-on", "yes")
    printed = answered(region, tmp_path, pressed(person, "Open my wallet"))
    person.go(json.loads(printed)["redirect_uri"])
    text = walker.go(page).page.text

    for sentence in ("Accepted", "The answer does not prove", "Print this page", "Invoice 2026-0815"):
        assert sentence in text
    walker.go(f"{url}/ask").press("sign-out", "yes")
    assert "Invoice 2026-0815" not in walker.go(page).page.text


def answered(region: Path, folder: Path, link: str) -> str:
    """Run the command of the guide with the address of the button."""
    (command,) = [text for _, name, text in BLOCK.findall(guide()) if name == "answer"]
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    environment = os.environ | {"PATH": path, "IDBRIDGE_REGION": str(region), "LINK": link, "COLUMNS": "120"}
    return Reader(folder, environment).run("bash", "-euc", command)
