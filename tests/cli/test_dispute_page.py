"""The page for a court: whatever stands in a bundle, it stays one page that runs nothing and names no claim's value."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from idbridge.cli.dispute_page import page
from idbridge.evidence.dispute import Bundle
from idbridge.evidence.dispute_findings import findings
from idbridge.evidence.dispute_request import Brought
from tests.conformance.reports.test_formats import Page
from tests.evidence.disputes import asked, bundle, by_another_version, reported
from tests.sandbox.regions import NOON

AT = NOON + timedelta(days=1)
HOSTILE = "<script>alert(1)</script>\"'&\u202e"


@pytest.fixture(scope="module")
def whole() -> Bundle:
    return bundle()


def shown(made: Bundle) -> Page:
    """The page of a bundle as a browser reads it."""
    return Page(page(findings(made, now=AT), at=AT))


def words(seen: Page) -> str:
    return " ".join(" ".join(seen.words).split())


def test_nothing_in_a_bundle_becomes_an_element_of_the_page(whole: Bundle) -> None:
    party = replace(whole.relying_party, name=HOSTILE, id=HOSTILE)
    spoilt = by_another_version(
        replace(whole, relying_party=party, report_id=HOSTILE),
        version=HOSTILE,
        claims={HOSTILE: HOSTILE},
        issuer={"state": HOSTILE, "id": HOSTILE, "name": HOSTILE},
        assurance={"loa": HOSTILE},
        recognition={"purpose": HOSTILE, "arrangement": HOSTILE, "version": HOSTILE, "limits": [HOSTILE]},
        reason={"code": HOSTILE},
        format=HOSTILE,
    )

    seen = shown(spoilt)

    assert "script" not in seen.elements
    assert not [name for name, _ in seen.attributes if name.startswith("on")]
    assert "\u202e" not in words(seen)
    assert "<script>alert(1)</script>" in words(seen)


def test_members_of_another_kind_than_they_should_be_are_passed_over(whole: Bundle) -> None:
    odd = by_another_version(whole, claims=[], issuer=1, assurance="A2", recognition=None, reason=[], indication=7)

    assert "Decision unknown" in words(shown(odd))


def test_the_page_names_what_was_released_and_no_value_of_it(whole: Bundle) -> None:
    claims = reported("sg-pid-opens-account")[0]["claims"]
    text = page(findings(whole, now=AT), at=AT)

    assert claims["birthdate"] not in text
    assert claims["name"]["display"] not in text
    assert "Released birthdate, name, nationality" in words(Page(text))


def test_the_page_asks_nobody_and_its_policy_forbids_it(whole: Bundle) -> None:
    text = page(findings(whole, now=AT), at=AT)
    seen = Page(text)

    assert not {"img", "link", "script", "iframe", "form"} & set(seen.elements)
    assert re.search(r'content="default-src &#x27;none&#x27;; style-src &#x27;sha256-', text)
    assert {value for name, value in seen.attributes if name == "href"} == {
        "#decided", "#proven", "#not-proven", "#material", "#check",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("made", "headline", "proven"),
    [
        (lambda whole: whole, "The decision comes out the same", 5),
        (lambda whole: replace(whole, receipt=None), "The decision comes out the same", 2),
        (lambda whole: whole.without_credential(), "The decision cannot be made again", 3),
        (
            lambda whole: replace(whole, brought=Brought(asked("alg-none")[0]["credential"])),
            "Another decision comes of it",
            3,
        ),
    ],
)
def test_the_headline_says_what_came_of_it_and_each_statement_stands_where_it_belongs(
    whole: Bundle, made: object, headline: str, proven: int
) -> None:
    assert callable(made)
    text = words(shown(made(whole)))

    assert headline in text
    assert f"Proven ({proven})" in text
    assert f"Not proven ({9 - proven})" in text


def test_a_refusal_is_told_in_plain_words_with_its_code() -> None:
    text = words(shown(bundle("alg-none")))

    assert "Decision Refused Why Do not accept this" in text
    assert "jose.alg_none" in text


def test_a_credential_that_counts_by_evidence_of_time_says_so_on_the_page() -> None:
    text = words(shown(bundle("evidence-before-withdrawal")))

    assert "its issuer has ended since; it was there by 2026-04-30T12:00:00Z" in text


def test_a_decision_of_another_version_that_differs_lists_the_places(whole: Bundle) -> None:
    text = words(shown(by_another_version(whole, indication="FAILED")))

    assert "The decision differs here: $.indication" in text
    assert "As the bundle says. What comes of it here is something else, or nothing. Decision Refused" in text
    assert "As the bundle says" not in words(shown(whole))


def test_a_bundle_whose_material_is_spoilt_proves_nothing(whole: Bundle) -> None:
    text = words(shown(replace(whole, trust=replace(whole.trust, files={}))))

    assert "Proven (0) Nothing." in text
    assert "Signed with the key" not in text
