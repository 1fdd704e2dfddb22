"""Step V2 for what a wallet answered: the query says what each presentation is, and nothing is guessed."""

import json
from dataclasses import replace
from typing import Any

import pytest

from idbridge.credential.protocol import Reading
from idbridge.crypto.jws import HeaderCache
from idbridge.errors import IdBridgeError
from idbridge.limits import LIMITS
from idbridge.model.query import Transaction
from idbridge.model.region import Format
from idbridge.model.request import VerifyRequest
from idbridge.presentation.answers import Answer, open_answers
from idbridge.presentation.dcql import parse_query
from idbridge.presentation.narrowing import asked_of
from tests.credential.kit import bound, sd_jwt
from tests.presentation.dcql_kit import credential, query
from tests.verify.questions import question

PRESENTATION = bound(sd_jwt())


def asked(text: str, *, named: Format | None = None, asks: Any = None) -> VerifyRequest:
    return question(credential=text, format=named, query=None if asks is None else parse_query(asks))


def token(**answers: Any) -> str:
    return json.dumps(answers)


def opened(request: VerifyRequest) -> tuple[Answer, ...]:
    return open_answers(request, Reading(HeaderCache(8)))


def code(text: str, *, named: Format | None = None, asks: Any = None) -> str:
    with pytest.raises(IdBridgeError) as caught:
        opened(asked(text, named=named, asks=asks))
    return caught.value.code


ONE = query(credential())
SEVERAL = query(credential(multiple=True))
TWO = query(credential(id="a"), credential(id="b"))


@pytest.mark.parametrize(
    ("text", "asks", "expected"),
    [
        ("{", ONE, "input.malformed"),
        ("{}", ONE, "input.malformed"),
        ('{"pid":["a"],"pid":["b"]}', ONE, "input.malformed"),
        (token(pid=[]), ONE, "input.malformed"),
        (token(pid=PRESENTATION), ONE, "input.malformed"),
        (token(pid={"0": PRESENTATION}), ONE, "input.malformed"),
        (token(pid=[{"proof": {}}]), ONE, "input.format_unsupported"),
        (token(pid=[None]), ONE, "input.format_unsupported"),
        (token(other=[PRESENTATION]), ONE, "query.id_unknown"),
        (token(pid=[PRESENTATION], other=[PRESENTATION]), ONE, "query.id_unknown"),
        (token(pid=[PRESENTATION, PRESENTATION]), ONE, "query.multiple_not_allowed"),
        (token(pid=["a"] * (LIMITS.presentations + 1)), SEVERAL, "input.too_large"),
        (token(pid=["a" * LIMITS.vp_token_bytes]), ONE, "input.too_large"),
        (token(pid=["a" * (LIMITS.token_bytes + 1)]), ONE, "input.too_large"),
        (token(pid=[token(pid=[PRESENTATION])]), ONE, "query.format_mismatch"),
        (token(pid=["a.b.c"]), ONE, "input.malformed"),
        (token(pid=[PRESENTATION]), query(credential(format="anoncreds", meta={})), "input.format_unsupported"),
        (PRESENTATION, TWO, "input.format_mismatch"),
        (token(pid=[PRESENTATION]), None, "query.missing"),
        (token(pid=PRESENTATION), None, "input.format_unsupported"),
    ],
)
def test_what_is_no_answer_is_refused(text: str, asks: Any, expected: str) -> None:
    assert code(text, asks=asks) == expected


def test_a_name_never_makes_a_text_something_else() -> None:
    assert code(PRESENTATION, named=Format.VP_TOKEN, asks=ONE) == "input.format_mismatch"
    assert code(token(pid=[PRESENTATION]), named=Format.SD_JWT_VC, asks=ONE) == "input.format_mismatch"


def test_answers_come_in_the_order_of_the_query_and_not_of_the_wallet() -> None:
    found = opened(asked(token(b=[PRESENTATION], a=[PRESENTATION]), asks=TWO))

    assert [one.query.id for one in found if one.query is not None] == ["a", "b"]
    assert all(len(one.credentials) == 1 for one in found)


def test_a_credential_alone_answers_a_query_for_one_or_none() -> None:
    (answered,) = opened(asked(PRESENTATION, asks=ONE))
    (alone,) = opened(asked(PRESENTATION))

    assert answered.query is not None
    assert answered.query.id == "pid"
    assert alone.query is None


def test_each_presentation_is_asked_what_its_query_asks() -> None:
    pay = Transaction("p", "pay", frozenset({"a"}))
    either = Transaction("e", "either", frozenset({"a", "b"}))
    request = replace(
        asked(
            PRESENTATION, asks=query(credential(id="a"), credential(id="b", require_cryptographic_holder_binding=False))
        ),
        transactions=(pay, either),
    )
    assert request.query is not None
    first, second = (asked_of(request, one) for one in request.query.credentials)

    assert (first.transactions, first.needs_holder) == ((pay, either), True)
    assert (second.transactions, second.needs_holder) == ((either,), False)
    assert asked_of(request, None) is request
