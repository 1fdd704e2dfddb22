"""What an answer of a provider means: which refusals count, and which answers are none."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import idbridge.conformance.making
from idbridge.conformance.answer import Fault, FaultKind, Verdict
from idbridge.conformance.case import ConformanceCase
from idbridge.conformance.requirements import read_requirements
from idbridge.conformance.targets.idp.proofs import Words
from idbridge.conformance.targets.idp.verdicts import on_reply
from idbridge.conformance.targets.idp.wire import NoVerdictError, Reply
from idbridge.reasons import Indication
from tests.conformance.idp.kit import FAPI, cases, standing

TABLE = Path(idbridge.conformance.making.__file__).parent / "requirements" / "id-provider.csv"


def case(**put: Any) -> ConformanceCase:
    """A case that has to be refused with invalid_grant."""
    return replace(cases()["idp-code-used"], input=put)


def reply(status: int, body: bytes = b"", **headers: str) -> Reply:
    return Reply(status, headers, body)


def verdict(answer: Reply, **put: Any) -> str:
    got = on_reply(answer, case(**put), what="a request").answer
    assert isinstance(got, Verdict)
    return str(got)


@pytest.mark.parametrize(
    ("answer", "put"),
    [
        (reply(400), {}),
        (reply(400), {"place": True}),
        (reply(400, b"<p>words</p>"), {}),
        (reply(400, b'{"error": 7}'), {}),
        (reply(303, location="https://bank.example/cb?error=invalid_grant"), {}),
        (reply(100), {"place": True}),
    ],
    ids=["empty", "empty-place", "page", "no-text", "redirect", "neither"],
)
def test_an_answer_that_says_nothing_is_no_refusal(answer: Reply, put: Mapping[str, Any]) -> None:
    with pytest.raises(NoVerdictError) as caught:
        on_reply(answer, case(**put), what="a request")

    assert caught.value.fault.kind is FaultKind.MALFORMED


def test_another_error_than_the_one_that_is_due_is_told_as_it_is() -> None:
    assert verdict(reply(400, b'{"error": "invalid_request"}')) == "FAILED invalid_request"


def test_the_error_that_is_due_counts_and_so_does_one_that_is_right_too() -> None:
    assert verdict(reply(400, b'{"error": "invalid_grant"}')) == "FAILED invalid_grant"
    assert verdict(reply(400, b'{"error": "invalid_request"}'), also=["invalid_request"]) == "FAILED invalid_grant"


def test_an_error_counts_that_stands_in_the_challenge_of_a_resource() -> None:
    challenge = {"www-authenticate": 'DPoP error="invalid_token", algs="ES256"'}

    assert verdict(Reply(401, challenge, b"")) == "FAILED invalid_token"


def test_a_page_counts_where_the_case_takes_one_and_an_acceptance_never_does() -> None:
    assert verdict(reply(400, b"<p>words</p>"), place=True) == "FAILED invalid_grant"
    assert verdict(Reply(401, {"www-authenticate": "DPoP"}, b""), place=True) == "FAILED invalid_grant"
    assert verdict(reply(200, b"{}"), place=True) == "PASSED"


def test_a_word_that_stands_for_nothing_is_an_error_of_the_case() -> None:
    words = Words({"issuer": "https://login.example"}, 1000)

    with pytest.raises(ValueError, match="nothing"):
        words.said("{nobody}")
    assert words.said(["{issuer}/x", {"after": -10}, {"a": 7}]) == ["https://login.example/x", 990, {"a": 7}]
    assert words.changed({"a": "1", "b": "2"}, {"a": "{absent}", "c": True}) == {"b": "2", "c": True}


@pytest.mark.parametrize(
    "put",
    [
        {"procedure": "no-such-procedure"},
        {"procedure": "discovery", "aspect": "no-such-aspect"},
        {"procedure": "request-uri", "attack": "no-such-attack"},
        {"procedure": "token", "code": "no-such-code"},
        {"procedure": "push", "form": {"state": "{no_such_word}"}},
        {"procedure": "push", "assertion": {"key": "no-such-key"}},
    ],
    ids=lambda put: str(list(put.values())),
)
def test_a_case_that_is_not_in_order_passes_nothing(put: Mapping[str, Any]) -> None:
    with standing(FAPI) as stands:
        answer = stands.target.answer(case(**put)).answer

    assert isinstance(answer, Fault)
    assert answer.kind is FaultKind.MALFORMED


def test_what_was_done_is_told_with_every_answer() -> None:
    with standing(FAPI) as stands:
        observed = stands.target.answer(cases()["idp-code-verifier-wrong"])

    assert observed.answer == Verdict(Indication.FAILED, "invalid_grant")
    assert '"code_verifier": "{other_verifier}"' in observed.sent
    assert "invalid_grant" in observed.received


def test_every_requirement_of_a_provider_is_proved_by_a_case_or_says_why_not() -> None:
    rows = read_requirements(TABLE)
    proved = {name for one in cases().values() for name in one.requirements}

    assert proved <= rows.keys()
    assert [row.id for row in rows.values() if row.id not in proved and not row.not_tested] == []
    assert [row.id for row in rows.values() if row.id in proved and row.not_tested] == []
