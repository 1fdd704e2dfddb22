"""Session transcripts: the published ones, octet by octet, and what is tried when a device bound to another."""

import pytest

from idbridge.credential.session_transcript import MAX_VARIATIONS, session_transcript, variations
from idbridge.model.request import Session

NONCE = "exc7gBkxjx1rdc9udRrveKvSsJIq80avlXeLHhGwqtA"
REDIRECT = Session(client_id="x509_san_dns:example.com", response_uri="https://example.com/response")
API = Session(origin="https://example.com")
# OpenID4VP 1.0, B.2.6.1 and B.2.6.2: the key of the examples.
PUBLISHED = "QoPsknrg8gjaqi0CaoFPKyLcpSz4X_qPP4Ymxr1mkEc"


@pytest.mark.parametrize(
    ("session", "published"),
    [
        (
            Session("x509_san_dns:example.com", "https://example.com/response", None, PUBLISHED),
            "83f6f682714f70656e494434565048616e646f7665725820"  # noqa: ISC004 - one text, too long for a line
            "048bc053c00442af9b8eed494cefdd9d95240d254b046b11b68013722aad38ac",
        ),
        (
            Session(origin="https://example.com", encryption_jwk_thumbprint=PUBLISHED),
            "83f6f682764f70656e4944345650444341504948616e646f7665725820"  # noqa: ISC004 - as above
            "fbece366f4212f9762c74cfdbf83b8c69e371d5d68cea09cb4c48ca6daab761a",
        ),
    ],
)
def test_the_published_transcripts_are_made(session: Session, published: str) -> None:
    assert session_transcript(session, NONCE).hex() == published


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"client_id": "x"},
        {"response_uri": "https://example.com/"},
        {"origin": "https://example.com", "response_uri": "https://example.com/"},
        {"origin": "https://example.com", "encryption_jwk_thumbprint": "short"},
        {"origin": "https://example.com", "encryption_jwk_thumbprint": PUBLISHED + "\n"},
    ],
)
def test_half_a_session_is_none(members: dict[str, str]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each has words of its own
        Session(**members)


@pytest.mark.parametrize(
    "session",
    [
        REDIRECT,
        Session("https://example.com", "https://example.com/response/", None, PUBLISHED),
        Session("no address", "no address", None, PUBLISHED),
        Session("x", "https://[", None, PUBLISHED),
        API,
        Session("client", None, "origin:https://example.com/", PUBLISHED),
    ],
)
def test_no_more_than_eight_variations_are_tried_and_none_is_the_session_itself(session: Session) -> None:
    tried = list(variations(session, NONCE))

    assert 0 < len(tried) <= MAX_VARIATIONS
    assert session_transcript(session, NONCE) not in {one.transcript for one in tried}
    assert len({one.transcript for one in tried}) == len(tried)


@pytest.mark.parametrize(
    ("expected", "taken", "difference"),
    [
        (Session("a", "https://b", None, PUBLISHED), Session("a", "https://b"), "encryption_jwk_thumbprint"),
        (Session("x509_san_dns:a", "https://b"), Session("a", "https://b"), "client_id"),
        (Session("a", "https://b"), Session("x509_san_dns:a", "https://b"), "client_id"),
        (Session("a", "https://b"), Session("a", "https://b/"), "response_uri"),
        (Session("a", "https://b/c"), Session(origin="https://b"), "handover"),
        (Session(origin="https://b"), Session(origin="origin:https://b"), "origin"),
        (Session(origin="https://b"), Session(origin="https://b/"), "origin"),
    ],
)
def test_the_input_that_differs_is_named(expected: Session, taken: Session, difference: str) -> None:
    found = [
        one.difference for one in variations(expected, NONCE) if one.transcript == session_transcript(taken, NONCE)
    ]

    assert len(found) == 1
    assert difference in found[0]


def test_a_wallet_that_left_the_nonce_away_is_told_apart() -> None:
    found = [one.difference for one in variations(API, NONCE) if one.transcript == session_transcript(API, "")]

    assert found == ["another `nonce`: an empty one"]
