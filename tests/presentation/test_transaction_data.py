"""Transaction data as a request brings it: texts that say for which credential they are, and nothing is guessed."""

import json
from typing import Any

import pytest

from idbridge.codec import base64url
from idbridge.errors import RequestError
from idbridge.limits import LIMITS
from idbridge.presentation.dcql import parse_query
from idbridge.presentation.transaction_data import parse_transactions
from tests.presentation.dcql_kit import credential, query

ASKED = parse_query(query(credential(), credential(id="other")))


def text(**members: Any) -> str:
    return base64url.encode(json.dumps({"type": "pay", "credential_ids": ["pid"], **members}).encode())


@pytest.mark.parametrize(
    "value",
    [
        [],
        {},
        "x",
        [7],
        ["!"],
        [base64url.encode(b"[]")],
        [base64url.encode(b'{"type":"pay","type":"pay","credential_ids":["pid"]}')],
        [text(type=7)],
        [text(type="")],
        [text(credential_ids=[])],
        [text(credential_ids="pid")],
        [text(credential_ids=[{}])],
        [text(credential_ids=["stranger"])],
        [text(transaction_data_hashes_alg=["md5"])],
        [text(transaction_data_hashes_alg=[])],
        [text(transaction_data_hashes_alg="sha-256")],
        [text(), text()],
        [text(amount=number) for number in range(LIMITS.transactions + 1)],
    ],
)
def test_what_is_no_transaction_is_refused(value: Any) -> None:
    with pytest.raises(RequestError) as caught:
        parse_transactions(value, query=ASKED)

    assert caught.value.code == "query.malformed"


def test_a_transaction_without_a_query_is_refused() -> None:
    with pytest.raises(RequestError) as caught:
        parse_transactions([text()], query=None)

    assert caught.value.code == "query.malformed"


def test_a_transaction_keeps_the_text_that_was_sent() -> None:
    offered = text(credential_ids=["pid", "other"], transaction_data_hashes_alg=["sha-512", "sha3-256"])
    plain, choice = parse_transactions([text(), offered], query=ASKED)

    assert (plain.text, plain.type, plain.credentials, plain.algorithms) == (text(), "pay", {"pid"}, frozenset())
    assert (choice.credentials, choice.algorithms) == ({"pid", "other"}, {"sha-512"})
