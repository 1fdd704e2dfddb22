"""What a wallet sends is an answer to this very request, its refusal, or nothing at all."""

import json
from typing import Any

import pytest

from idbridge.crypto.ephemeral import EphemeralKey, new_ephemeral_key
from idbridge.crypto.jwe import encrypt
from idbridge.limits import LIMITS
from idbridge.presentation.response_parameters import (
    NoAnswerError,
    WalletAnswer,
    WalletError,
    WalletRefusal,
    read_response,
)

STATE = "state-of-this-request"
TOKEN = {"pid": ["presentation"]}
KEY = new_ephemeral_key()


def sealed(members: Any, *, key: EphemeralKey = KEY, algorithm: str = "ECDH-ES", encoding: str = "A256GCM") -> str:
    octets = members if isinstance(members, bytes) else json.dumps(members).encode()
    return encrypt(octets, to=key.public_jwk, algorithm=algorithm, encoding=encoding)


def unnamed(members: Any) -> str:
    """An answer encrypted to the key of the request, whose header does not say so."""
    bare = {name: value for name, value in KEY.public_jwk.items() if name != "kid"}
    return encrypt(json.dumps(members).encode(), to=bare, algorithm="ECDH-ES", encoding="A256GCM")


def refused(parameters: dict[str, str], *, key: EphemeralKey | None = KEY) -> None:
    with pytest.raises(NoAnswerError) as caught:
        read_response(parameters, state=STATE, key=key)

    assert str(caught.value) == ""


ANSWER = {"vp_token": TOKEN, "state": STATE}


@pytest.mark.parametrize(
    "parameters",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"response": "no.jwe"}, id="no JWE"),
        pytest.param({"response": sealed(ANSWER, key=new_ephemeral_key())}, id="another request's key"),
        pytest.param({"response": unnamed(ANSWER)}, id="a key that is not named"),
        pytest.param({"response": sealed(ANSWER, algorithm="ECDH-ES+A128KW")}, id="another algorithm"),
        pytest.param({"response": sealed(ANSWER, encoding="A128CBC-HS256")}, id="another encryption"),
        pytest.param({"response": sealed(b"[]")}, id="no object inside"),
        pytest.param({"response": sealed({"vp_token": TOKEN})}, id="no state inside"),
        pytest.param({"response": sealed({"vp_token": TOKEN, "state": "another"})}, id="another state inside"),
        pytest.param({"response": sealed({"state": STATE})}, id="neither answer nor refusal"),
        pytest.param({"response": sealed({**ANSWER, "error": "access_denied"})}, id="answer and refusal"),
        pytest.param({"response": sealed({"vp_token": [TOKEN], "state": STATE})}, id="a token that is no object"),
        pytest.param({"response": sealed({"error": 5, "state": STATE})}, id="an error that is no text"),
        pytest.param({"response": sealed(ANSWER), "state": STATE}, id="parameters beside"),
        pytest.param({"vp_token": json.dumps(TOKEN), "state": STATE}, id="in the open"),
        pytest.param({"error": "access_denied"}, id="a refusal without state"),
        pytest.param({"error": "access_denied", "state": "another"}, id="a refusal of another request"),
    ],
)
def test_what_is_no_answer_to_an_encrypted_request_is_refused_without_a_word(parameters: dict[str, str]) -> None:
    refused(parameters)


@pytest.mark.parametrize(
    "parameters",
    [
        pytest.param({"response": sealed(ANSWER)}, id="encrypted, to nobody's key"),
        pytest.param({"vp_token": "no JSON", "state": STATE}, id="no JSON"),
        pytest.param({"vp_token": "[]", "state": STATE}, id="no object"),
        pytest.param({"vp_token": json.dumps(TOKEN)}, id="no state"),
    ],
)
def test_what_is_no_answer_to_an_open_request_is_refused_without_a_word(parameters: dict[str, str]) -> None:
    refused(parameters, key=None)


def test_an_encrypted_answer_past_its_bound_is_refused_and_one_at_it_is_read() -> None:
    def answer(padding: int) -> dict[str, str]:
        return {"response": sealed({"vp_token": {"pid": ["p" * padding]}, "state": STATE})}

    bare = len(answer(1)["response"])
    room = (LIMITS.encrypted_answer_bytes - bare) * 3 // 4

    assert read_response(answer(room), state=STATE, key=KEY) == WalletAnswer(
        json.dumps({"pid": ["p" * room]}, separators=(",", ":"))
    )
    refused(answer(room + 8))


def test_an_answer_is_its_token_whether_encrypted_or_not() -> None:
    told = json.dumps(TOKEN)

    assert read_response({"vp_token": told, "state": STATE}, state=STATE, key=None) == WalletAnswer(told)
    inside = read_response({"response": sealed({**ANSWER, "more": 1})}, state=STATE, key=KEY)
    assert isinstance(inside, WalletAnswer)
    assert json.loads(inside.unverified_vp_token) == TOKEN
    assert "presentation" not in repr(inside)


def test_a_refusal_is_read_in_the_open_too_and_a_strange_word_is_not_repeated() -> None:
    denied = {"error": "access_denied", "error_description": "no", "state": STATE}

    assert read_response(denied, state=STATE, key=KEY) == WalletRefusal(WalletError.ACCESS_DENIED)
    assert read_response({"response": sealed(denied)}, state=STATE, key=KEY) == WalletRefusal(WalletError.ACCESS_DENIED)
    assert read_response({**denied, "error": "Mei Ling"}, state=STATE, key=None) == WalletRefusal(WalletError.OTHER)
