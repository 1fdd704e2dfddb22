"""The head of a request: nothing in it may carry an access key to where ids and addresses are written down."""

import pytest

from idbridge.errors import RequestError
from idbridge.model.randomness import SystemRandomness
from idbridge_gateway.api.head import correlate, refuse_key_in_query

KEY = b"idb_test_th-bank_0123456789abcdefghijklmnopqrstuvwxyz"


@pytest.mark.parametrize("sent", [KEY, KEY.upper(), b"idb_live_abcdefgh"])
def test_an_api_key_is_no_id_of_a_request(sent: bytes) -> None:
    taken = correlate([(b"x-request-id", sent)], randomness=SystemRandomness())

    assert taken.encode().lower() != sent.lower()
    assert correlate([(b"x-request-id", sent[4:])], randomness=SystemRandomness()).encode() == sent[4:]


SPELLED = [
    b"key=" + KEY, b"x=%69db_test_th-bank_abc", b"%61ccess_token=x", b"API%5FKEY=x", b"access_token[]=x",
    b"access_token%5B0%5D=x", b"[access_token]=x", b"+access_token=x", b"access_token%20=x", b"%09authorization=x",
    b"a=1;access_token=x", b"a=1;api_key", b"apikey=x", b"api-key=x", b"X-API-Key=x", b"client_secret=x",
    b"access.token=x", b"accessToken=x",
]  # fmt: skip


@pytest.mark.parametrize("query", SPELLED)
def test_an_access_key_in_the_query_is_refused_however_it_is_spelled(query: bytes) -> None:
    with pytest.raises(RequestError) as caught:
        refuse_key_in_query(query)

    assert caught.value.code == "input.request_malformed"


def test_a_query_without_an_access_key_passes() -> None:
    refuse_key_in_query(b"for=TH&purpose=account-opening")


def test_what_a_provider_tells_a_browser_of_an_authorization_is_no_access_key() -> None:
    refuse_key_in_query(b"error=access_denied&error_description=the+authorization+ended&state=s")
    refuse_key_in_query(b"error=invalid_request&error_description=access_token%3Bclient_secret;of+an+api-key&state=s")
    refuse_key_in_query(b"code=xIdB_9access_tokenA&iss=https%3A%2F%2Flogin.sg.example")
