"""Asking whether a document is still the one that is held."""

import pytest

from idbridge.errors import FetchError
from idbridge.net.conditional import ConditionalSource, Document
from tests.net.clients import refused_answer, sandbox
from tests.net.servers import document, sending, serving

UNCHANGED = sending(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 0\r\n\r\n")


def asked(*headers: str, tag: str | None, body: bytes = b"the list") -> tuple[Document | None, bytes]:
    """What comes back, and the request that was sent."""
    with serving(document(body, *headers)) as server:
        client: ConditionalSource = sandbox(server)
        found = client.fetch_changed(f"http://127.0.0.1:{server.port}/list", max_bytes=1000, tag=tag)
        return found, server.requests[0]


def test_an_answer_that_nothing_changed_is_no_document_where_nobody_asked() -> None:
    assert "unasked" in refused_answer(UNCHANGED)
    with serving(UNCHANGED) as server, pytest.raises(FetchError) as caught:
        sandbox(server).fetch_changed(f"http://127.0.0.1:{server.port}/", max_bytes=1000, tag=None)
    assert caught.value.code == "system.fetch_failed"


def test_whoever_holds_the_current_document_is_told_so() -> None:
    with serving(UNCHANGED) as server:
        found = sandbox(server).fetch_changed(f"http://127.0.0.1:{server.port}/", max_bytes=1000, tag='"one"')

        assert found is None
        assert b'\r\nIf-None-Match: "one"\r\n' in server.requests[0]


def test_a_document_comes_with_the_tag_under_which_it_can_be_asked_for_again() -> None:
    assert asked('ETag: W/"two"', tag='"one"')[0] == Document(b"the list", 'W/"two"')
    assert asked('ETag: "two"', tag=None)[0] == Document(b"the list", '"two"')
    assert b"If-None-Match" not in asked(tag=None)[1]


@pytest.mark.parametrize(
    "headers",
    [
        (),
        ("ETag: two",),
        ('ETag: ""',),
        ('ETag: "t"o"',),
        ('ETag: "two", "three"',),
        ('ETag: "two"', 'ETag: "three"'),
        ('ETag: "tw\tö"',),
        (f'ETag: "{"x" * 129}"',),
    ],
)
def test_what_is_no_tag_is_not_sent_back(headers: tuple[str, ...]) -> None:
    assert asked(*headers, tag=None)[0] == Document(b"the list", None)
