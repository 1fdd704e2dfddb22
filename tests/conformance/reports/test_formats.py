"""Whatever a target answers, a report stays what it is: XML that parses, cells that hold, and no element of its own."""

import re
import unicodedata
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from xml.etree import ElementTree as Xml

import pytest

from idbridge.conformance.answer import Observation, Verdict
from idbridge.conformance.corpus import shipped
from idbridge.conformance.judge import Outcome, judged
from idbridge.conformance.profiles import Profile
from idbridge.conformance.record import Record
from idbridge.conformance.reports.element import coded, tag
from idbridge.conformance.reports.findings import Kind, findings, tallied
from idbridge.conformance.reports.html import html
from idbridge.conformance.reports.junit import junit
from idbridge.conformance.reports.markdown import code, markdown
from idbridge.conformance.reports.matrix import Standing, matrix, standing
from idbridge.conformance.reports.shown import address, in_one_line, shortened, visible
from idbridge.conformance.target import Description
from idbridge.limits import LIMITS
from idbridge.reasons import Indication
from tests.conformance.records import (
    ALTERED,
    CRASH,
    NASTY,
    accepted,
    as_it_must,
    cases,
    of_every_outcome,
    record,
    refused_case,
)  # fmt: skip

EVERY = of_every_outcome()
TEN_THOUSAND = 10_000


class Page(HTMLParser):
    """What a browser would make of a page: its elements, its attributes, and the words between them."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def hidden(text: str) -> set[str]:
    """Return the characters of ``text`` that nobody sees and that move others."""
    joiners = "\u200b\u200c\u200d\n"
    return {one for one in text if unicodedata.category(one) in {"Cc", "Cf", "Cs", "Cn", "Co"} and one not in joiners}


def many(number: int) -> Record:
    """Return a run of ``number`` cases that all failed."""
    case = refused_case()
    results = [judged(case, accepted(case, sent="{}", received="yes"))] * number
    return record(results)


def test_nothing_of_what_a_target_answers_becomes_an_element_of_the_page() -> None:
    page = Page(html(EVERY, shipped()))

    assert "script" not in page.elements
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert any("<script>alert(1)</script>" in words for words in page.words)


def test_a_page_names_no_address_and_forbids_all() -> None:
    page = Page(html(EVERY, shipped()))
    links = [value for name, value in page.attributes if name in {"href", "src", "action", "xlink:href", "style"}]
    (policy,) = [value for name, value in page.attributes if name == "content" and "default-src" in (value or "")]

    assert all(link is not None and link.startswith("#") for link in links)
    assert policy is not None
    assert policy.startswith("default-src 'none'; style-src 'sha256-")


@pytest.mark.parametrize(
    "made", [html(EVERY, shipped()), markdown(EVERY, shipped()), junit(EVERY)], ids=["h", "m", "j"]
)
def test_no_report_holds_control_characters_or_the_password_of_a_target(made: str) -> None:
    assert hidden(made) == set()
    assert "hush-hush" not in made
    assert "node.example" in made


def test_an_attribute_cannot_be_left_early() -> None:
    assert tag("p", "x", title='"><b>', class_=None).text == '<p title="&quot;&gt;&lt;b&gt;">x</p>'


def test_the_xml_parses_and_counts_failures_errors_and_what_was_skipped_apart() -> None:
    (suite,) = Xml.fromstring(junit(EVERY)).findall("testsuite")  # noqa: S314 - we wrote it ourselves
    properties = {one.get("name"): one.get("value") for one in suite.iter("property")}

    assert suite.attrib["name"] == "verifier"
    assert {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "8", "failures": "4", "errors": "1", "skipped": "2",
    }  # fmt: skip
    assert (len(list(suite.iter("failure"))), len(list(suite.iter("error")))) == (4, 1)
    assert properties["corpus.digest"] == shipped().digest()
    assert properties["corpus.version"] == shipped().version
    assert properties["suite.version"] == "0.1.0"
    assert properties["target"] == "http://…@node.example/v1"


def test_a_cell_of_the_markdown_cannot_be_left() -> None:
    made = markdown(EVERY, shipped())
    rows = [line for line in made.splitlines() if line.startswith("| `")]

    assert len(rows) == len(findings(EVERY, shipped()))
    assert all(line.count("|") == 6 for line in rows)
    for line in made.splitlines():
        assert "@everybody" not in re.sub(r"`[^`]*`", "", line)
        assert "<script>" not in re.sub(r"`[^`]*`", "", line)


@pytest.mark.parametrize("text", ["`", "``x``", "|", "a\\", "a\\|b", "\n\n", "x\n# y", "\u202e"])
def test_a_code_span_ends_where_it_should(text: str) -> None:
    span = code(text)

    assert span == "" or re.fullmatch(r"`[^`|\n]*`", span) is not None


def test_ten_thousand_failures_are_counted_all_and_told_in_part() -> None:
    run = many(TEN_THOUSAND)
    page, summary, xml = html(run, shipped()), markdown(run, shipped()), junit(run)
    more = TEN_THOUSAND - LIMITS.conformance_findings

    assert page.count('class="card failed"') == LIMITS.conformance_findings
    assert f"And {more} more" in page
    assert len(re.findall(r"^\| `", summary, re.MULTILINE)) == LIMITS.conformance_findings
    assert f"And {more} more" in summary
    assert 'failures="10000"' in xml
    assert len(page) < 4 * LIMITS.conformance_findings * LIMITS.conformance_shown_characters


@pytest.mark.parametrize(("longer", "told"), [(0, False), (1, True)])
def test_a_long_answer_is_cut_and_says_so(longer: int, told: bool) -> None:
    case = refused_case()
    answer = "x" * (LIMITS.conformance_shown_characters + longer)
    run = record([judged(case, accepted(case, sent="{}", received=answer))])

    for made in (html(run, shipped()), junit(run)):
        assert ("1 characters more" in made) is told
        assert ("x" * (LIMITS.conformance_shown_characters + 1) in made) is False


def test_a_manager_reads_the_outcome_first_and_a_developer_what_to_do() -> None:
    case = refused_case()
    run = record([judged(case, accepted(case, sent='{"credential": "abc"}', received="welcome"))])
    words = " ".join(Page(html(run, shipped())).words)
    requirement = shipped().requirements[case.requirements[0]]

    assert "Not passed" in words
    assert Kind.ACCEPTED.value in words
    twin = shipped().case(str(case.twin))
    for due in (
        case.title, str(case.expect), requirement.id, requirement.text, requirement.clause, twin.id, twin.title,
        '{"credential": "abc"}', "welcome", "Remedy", shipped().version, shipped().digest(), "2026-11-24T12:00:00Z",
    ):  # fmt: skip
        assert due in words


def test_a_run_in_which_all_passed_says_so_and_shows_no_failures() -> None:
    run = record()
    page = html(run, shipped())

    assert '<h1>Passed</h1>' in page  # fmt: skip
    assert 'id="failures"' not in page
    assert "## Conformance: passed" in markdown(run, shipped())


@pytest.mark.parametrize("made", [html, markdown])
def test_a_run_of_chosen_cases_says_that_it_proves_no_profile(made: object) -> None:
    case = cases(1)[0]
    run = record([judged(case, as_it_must(case))], chosen_by=("qr",))
    text = html(run, shipped()) if made is html else markdown(run, shipped())

    assert "chosen by" in text


def test_a_waiver_stands_beside_the_failure_that_it_excuses() -> None:
    words = " ".join(Page(html(EVERY, shipped())).words)

    assert "Expected failures (1)" in words
    assert "until the next release" in words
    assert "until the next release" in markdown(EVERY, shipped())


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ((), Standing.NOT_TESTED),
        ((Outcome.PASSED, Outcome.ERROR), Standing.FAILED),
        ((Outcome.PASSED, Outcome.FAILED, Outcome.EXPECTED_FAILURE), Standing.FAILED),
        ((Outcome.PASSED, Outcome.UNEXPECTED_PASS), Standing.FAILED),
        ((Outcome.PASSED, Outcome.EXPECTED_FAILURE), Standing.WAIVED),
        ((Outcome.NOT_IMPLEMENTED, Outcome.EXPECTED_FAILURE), Standing.WAIVED),
        ((Outcome.PASSED, Outcome.NOT_IMPLEMENTED), Standing.IN_PART),
        ((Outcome.NOT_IMPLEMENTED,), Standing.NOT_IMPLEMENTED),
        ((Outcome.PASSED, Outcome.PASSED), Standing.PASSED),
    ],
)
def test_a_requirement_stands_as_its_worst_case(outcomes: tuple[Outcome, ...], expected: Standing) -> None:
    assert standing(outcomes) is expected


def test_the_matrix_has_every_requirement_of_the_profile_with_its_clause() -> None:
    lines = matrix(record(), shipped())[Profile.VERIFIER]
    named = {one.id for one in shipped().requirements.values() if Profile.VERIFIER in one.profiles}

    assert {line.id for line in lines} >= named
    assert all(line.clause and line.text and line.level for line in lines)
    assert all(line.why for line in lines if line.standing is Standing.NOT_TESTED)
    assert {line.standing for line in lines} <= {Standing.PASSED, Standing.NOT_TESTED}


def test_a_requirement_of_another_corpus_is_told_and_not_left_out() -> None:
    case = refused_case()
    run = record([judged(case, accepted(case))])
    row = replace(run.rows[0], case="x", requirements=("IDB-NEW-001",))
    strange = replace(run, corpus_digest="0" * 64, rows=(row,))
    page = html(strange, shipped())

    assert "IDB-NEW-001" in page
    assert "another corpus" in page


def test_findings_begin_with_what_was_accepted_and_name_each_kind() -> None:
    found = findings(EVERY, shipped())
    kinds = [list(Kind).index(one.kind) for one in found]

    assert kinds == sorted(kinds)
    assert dict(tallied(found)) == dict.fromkeys((one for one in Kind if one is not Kind.WANTING), 1)


def test_every_kind_of_finding_says_what_to_do() -> None:
    found = {one.kind: one for one in findings(EVERY, shipped())}

    assert found[Kind.ACCEPTED].row.expected.endswith(found[Kind.ACCEPTED].to_do.split()[-1].rstrip("."))
    assert all(one.to_do in unescape(html(EVERY, shipped())) for one in found.values() if NASTY[:20] not in one.to_do)
    assert len({one.to_do for one in found.values()}) == len(found) == len(Kind) - 1


def test_a_crash_is_an_error_and_not_a_refusal() -> None:
    case = refused_case()
    (found,) = findings(record([judged(case, CRASH)]), shipped())

    assert found.kind is Kind.ERROR


def test_what_is_accepted_in_grace_is_accepted() -> None:
    case = refused_case()
    graced = Verdict(Indication.INDETERMINATE, "status.unavailable", in_grace=True)
    (found,) = findings(record([judged(case, Observation(graced, case.state))]), shipped())

    assert found.kind is Kind.ACCEPTED


def test_a_right_verdict_in_another_state_is_not_called_accepted() -> None:
    case = next(one for one in cases() if one.state is not None and not one.is_negative)
    (found,) = findings(record([judged(case, Observation(case.expect, {}))]), shipped())

    assert found.kind is Kind.OTHERWISE
    assert found.reason is None


def test_a_good_thing_that_was_refused_shows_what_the_reason_means() -> None:
    case = next(one for one in cases() if not one.is_negative)
    (found,) = findings(record([judged(case, Observation(ALTERED, case.state))]), shipped())

    assert found.kind is Kind.REFUSED
    assert found.reason is not None
    assert found.reason.code == ALTERED.code


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("a\x1bb", "a\\x1bb"),
        ("a\u202eb", "a\\u202eb"),
        ("a\nb\tc", "a\nb\tc"),
        ("ကို\u200bး", "ကို\u200bး"),
        ("\ud800", "\\ud800"),
    ],
)
def test_what_hides_or_moves_is_spelled_out(given: str, shown: str) -> None:
    assert visible(given) == shown
    assert "\n" not in in_one_line(given)


def test_an_address_loses_its_user_and_nothing_else() -> None:
    assert address("http:http://a:b@node.example/x?y@z") == "http:http://…@node.example/x?y@z"
    assert address("cli:./verify --name a@b") == "cli:./verify --name a@b"
    assert shortened("abc", most=2) == "ab … and 1 characters more"
    assert NASTY not in visible(NASTY)


@pytest.mark.parametrize(
    ("left", "words"),
    [
        ("state", "the state was not compared in 2 cases"),
        ("state.spent", "the state was compared in part only in 2 cases"),
    ],
)
def test_every_headline_says_first_that_the_state_was_not_compared(left: str, words: str) -> None:
    described = Description("quiet", "1", frozenset({left}))
    chosen = [case for case in cases() if not described.declines(case)][:2]
    run = record([judged(case, as_it_must(case)) for case in chosen], description=described)

    assert markdown(run, shipped()).startswith(f"## Conformance: passed ({words}")
    assert f'<h1>Passed<span class="left"> ({words}' in html(run, shipped())
    assert "compared" not in markdown(replace(run, description=Description("open", "1")), shipped())


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("no code", "no code"),
        ("`typ` of `a<b`, too", "<code>typ</code> of <code>a&lt;b</code>, too"),
        ("one ` left", "one ` left"),
        ("`a` and ` left", "<code>a</code> and ` left"),
    ],
)
def test_what_stands_between_backticks_is_code_on_the_page(text: str, due: str) -> None:
    assert coded(text).text == due


def test_one_mistake_of_a_kind_was_made_one_time() -> None:
    case = refused_case()

    assert "<b>1</b> time it accepted what must be refused" in html(record([judged(case, accepted(case))]), shipped())


def test_who_made_something_wrong_refused_nothing_and_is_sent_to_what_was_found() -> None:
    makers = {Profile.ISSUER: Kind.WANTING, Profile.TRUST_LIST_PUBLISHER: Kind.WANTING, Profile.WALLET: Kind.REFUSED}
    for profile, kind in makers.items():
        case = next(one for one in shipped().chosen([profile]) if not one.is_negative)
        wrong = Observation(Verdict(Indication.FAILED, "claims"), received="`birthdate` is read otherwise")
        (found,) = findings(record([judged(case, wrong)], profiles=(profile,)), shipped())

        assert found.kind is kind
        assert found.to_do == "Mend what was found, which stands under Received."


def test_on_a_narrow_screen_each_number_has_its_head_beside_it() -> None:
    heads = [value for name, value in Page(html(EVERY, shipped())).attributes if name == "data-head"]

    assert heads[:6] == ["Cases", "Passed", "Failed", "Errors", "Expected failures", "Not implemented"]
