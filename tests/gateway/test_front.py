"""The edge of the gateway: who asks, in which form, how much; settled before anything is looked at."""

import asyncio
import json
from typing import Any

import pytest

from idbridge.limits import LIMITS
from idbridge_gateway.metrics.catalogue import ANSWERS
from tests.gateway.asking import Node, problem_of, verdict_of

PATHS = ("/v1/verify", "/v1/verify/batch")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "authorization", ["", "Bearer", "Bearer idb_test_th-bank_wrong", "Bearer idb_live_th-bank_wrong", "Basic dGg6YQ=="]
)
def test_without_a_key_of_ours_nothing_is_read(node: Node, path: str, authorization: str) -> None:
    response = node.send("POST", path, body={}, headers={"authorization": authorization})

    assert problem_of(response, 401) == "policy.unauthenticated"
    assert response.headers["www-authenticate"].startswith("Bearer")


def test_the_body_of_a_stranger_is_not_even_awaited(node: Node) -> None:
    sent: list[Any] = []

    async def never() -> Any:
        raise AssertionError("the body was asked for")

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/v1/verify", "query_string": b"", "headers": []}
    asyncio.run(node.app(scope, never, send))

    assert sent[0]["status"] == 401


def test_a_key_of_the_other_environment_is_no_key(node: Node) -> None:
    key = node.region.keys.api["th-bank"].replace("idb_test_", "idb_live_")

    response = node.send("POST", "/v1/verify", body=node.item(), headers={"authorization": f"Bearer {key}"})

    assert problem_of(response, 401) == "policy.unauthenticated"


def test_a_party_of_another_node_is_a_stranger(node: Node) -> None:
    response = node.send("POST", "/v1/verify", body=node.item(), headers=node.access("sg-bank"))

    assert problem_of(response, 401) == "policy.unauthenticated"


def test_a_party_that_is_switched_off_is_told_so(node: Node) -> None:
    response = node.send("POST", "/v1/verify", body=node.item(), headers=node.access("th-closed"))

    assert problem_of(response, 403) == "policy.relying_party_disabled"


@pytest.mark.parametrize("path", [*PATHS, "/v1/trust", "/v1/reasons", "/healthz", "/nothing"])
@pytest.mark.parametrize("name", ["access_token", "api_key", "key", "Authorization"])
def test_a_key_in_the_address_is_refused_everywhere(node: Node, path: str, name: str) -> None:
    key = node.region.keys.api["th-bank"]
    method = "POST" if path in PATHS else "GET"

    response = node.send(method, f"{path}?{name}={key}", body=node.item(), headers=node.access())

    assert problem_of(response, 400) == "input.request_malformed"
    assert key not in response.text


@pytest.mark.parametrize("name", ["authorization", "content-type", "idempotency-key", "content-encoding"])
def test_a_header_field_that_stands_twice_is_not_chosen_from(node: Node, name: str) -> None:
    fields = [*node.access().items(), (name, "idb-repeated"), (name, "idb-repeated")]

    response = node.send("POST", "/v1/verify", body=node.item(), headers=fields)

    assert problem_of(response, 400) == "input.request_malformed"
    assert "idb-repeated" not in response.text


@pytest.mark.parametrize(
    "media",
    [
        "",
        "text/plain",
        "text/json",
        "application/jwt",
        "application/x-www-form-urlencoded",
        "application/json; charset=utf-16",
        "application/json; charset=latin-1",
        "application/problem+json",
        "application/json, text/plain",
    ],
)
def test_anything_but_json_is_refused_by_its_name(node: Node, media: str) -> None:
    response = node.send("POST", "/v1/verify", body=node.item(), headers={**node.access(), "content-type": media})

    assert problem_of(response, 415) == "input.media_type"


@pytest.mark.parametrize("media", ["application/json", "Application/JSON", 'application/json; charset="UTF-8"'])
def test_json_is_json_however_it_is_written(node: Node, media: str) -> None:
    response = node.send("POST", "/v1/verify", body=node.item(), headers={**node.access(), "content-type": media})

    assert verdict_of(response) == ("PASSED", None)


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate", "zstd", "gzip, identity"])
def test_a_body_in_disguise_is_refused(node: Node, coding: str) -> None:
    response = node.send("POST", "/v1/verify", body=b"{}", headers={**node.access(), "content-encoding": coding})

    assert problem_of(response, 415) == "input.media_type"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nonsense",
        b"\xff\xfe\x00",
        b"\xef\xbb\xbf{}",
        b'{"purpose":"a","purpose":"b"}',
        b'{"credential":NaN}',
        b'{"credential":"\\ud800"}',
        b"[" * 20 + b"]" * 20,
        b'{"a":' * 20 + b"1" + b"}" * 20,
        b"[" * 60_000,
        b"1" * 60_000,
        b"{} {}",
    ],
)
@pytest.mark.parametrize("path", PATHS)
def test_a_body_that_is_not_one_strict_json_value_is_refused(node: Node, path: str, body: bytes) -> None:
    response = node.send("POST", path, body=body, headers=node.access())

    assert problem_of(response, 400) == "input.request_malformed"


def test_a_body_within_its_bound_is_read_and_one_octet_more_is_not(node: Node) -> None:
    body = json.dumps(node.item()).encode()
    full = body + b" " * (LIMITS.body_bytes - len(body))

    assert verdict_of(node.send("POST", "/v1/verify", body=full, headers=node.access())) == ("PASSED", None)
    over = node.send("POST", "/v1/verify", body=full + b" ", headers=node.access())
    assert problem_of(over, 413) == "input.body_too_large"


@pytest.mark.parametrize("length", [b"65537", b"99999999999999999999", b"+5", b"5 ", b"0x10", b"-1", b""])
def test_a_length_that_is_too_long_or_none_is_refused_before_the_body_is_read(node: Node, length: bytes) -> None:
    status, taken = asyncio.run(trickle(node, pieces=[b"{}"], headers=[(b"content-length", length)]))

    assert status in (400, 413)
    assert taken == 0


def test_reading_stops_at_the_bound_however_much_would_follow(node: Node) -> None:
    pieces = [b" " * 16_384] * 1_000

    status, taken = asyncio.run(trickle(node, pieces=pieces))

    assert status == 413
    assert taken == LIMITS.body_bytes // 16_384 + 1


def test_a_body_in_pieces_is_one_body(node: Node) -> None:
    body = json.dumps(node.item()).encode()

    status, _ = asyncio.run(trickle(node, pieces=[body[index : index + 100] for index in range(0, len(body), 100)]))

    assert status == 200


def test_nobody_answers_a_client_that_went_away(node: Node) -> None:
    status, _ = asyncio.run(trickle(node, pieces=[b"{", None]))

    assert status is None


def test_more_at_once_than_the_node_has_room_for_is_put_off(node: Node) -> None:
    room = LIMITS.arriving_bytes // LIMITS.batch_body_bytes

    async def hold_and_ask() -> list[int | None]:
        parties = ("th-tower", "th-hospital", "th-campus", "kh-telco")
        waiting = [
            trickle(node, pieces=[b"{", ...], path="/v1/verify/batch", party=party)
            for party in parties
            for _ in range(room // len(parties))
        ]
        arriving = [asyncio.create_task(one) for one in waiting]
        for _ in range(3):
            await asyncio.sleep(0)
        (during, _) = await trickle(node, pieces=[b"{}"])
        for task in arriving:
            task.cancel()
        await asyncio.gather(*arriving, return_exceptions=True)
        (after, _) = await trickle(node, pieces=[b"{}"])
        return [during, after]

    assert asyncio.run(hold_and_ask()) == [503, 400]


def test_one_party_whose_bodies_arrive_slowly_leaves_room_for_the_others(node: Node) -> None:
    room = LIMITS.arriving_bytes_each // LIMITS.batch_body_bytes

    async def hold_and_ask() -> list[int | None]:
        waiting = [trickle(node, pieces=[b"{", ...], path="/v1/verify/batch") for _ in range(room)]
        arriving = [asyncio.create_task(one) for one in waiting]
        for _ in range(3):
            await asyncio.sleep(0)
        (its_own, _) = await trickle(node, pieces=[b"{}"])
        (of_another, _) = await trickle(node, pieces=[b"{}"], party="th-tower")
        for task in arriving:
            task.cancel()
        await asyncio.gather(*arriving, return_exceptions=True)
        (after, _) = await trickle(node, pieces=[b"{}"])
        return [its_own, of_another, after]

    assert asyncio.run(hold_and_ask()) == [503, 400, 400]
    assert 4 * LIMITS.arriving_bytes_each == LIMITS.arriving_bytes


def test_a_body_reserves_no_more_room_than_it_announces(node: Node) -> None:
    room = LIMITS.arriving_bytes // LIMITS.batch_body_bytes
    short = [(b"content-length", b"2")]

    async def hold_and_ask() -> int | None:
        waiting = [trickle(node, pieces=[b"{", ...], path="/v1/verify/batch", headers=short) for _ in range(room)]
        arriving = [asyncio.create_task(one) for one in waiting]
        for _ in range(3):
            await asyncio.sleep(0)
        (during, _) = await trickle(node, pieces=[b"{}"])
        for task in arriving:
            task.cancel()
        await asyncio.gather(*arriving, return_exceptions=True)
        return during

    assert asyncio.run(hold_and_ask()) == 400


TAKING = ("/oauth/token", "/wallet/request/any", "/wallet/any", "/consent", "/v1/attestations", "/v1/receipts/check")


async def trickle(
    node: Node, *, pieces: list[Any], headers: Any = (), path: str = "/v1/verify", party: str = "th-bank"
) -> tuple[int | None, int]:
    """Send a body piece by piece: ``None`` ends the connection, ``...`` never ends. Return status and pieces taken."""
    sent: list[Any] = []
    taken = 0

    async def receive() -> Any:
        nonlocal taken
        piece = pieces[taken]
        taken += 1
        if piece is ...:
            await asyncio.Event().wait()
        if piece is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": piece, "more_body": taken < len(pieces)}

    async def send(message: Any) -> None:
        sent.append(message)

    own = {name for name, _ in headers}
    access = [(name.encode(), value.encode()) for name, value in node.access(party).items() if name.encode() not in own]
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "query_string": b"",
        "headers": [*access, *headers],
    }
    await node.app(scope, receive, send)
    return (sent[0]["status"] if sent else None), taken


@pytest.mark.parametrize(
    "path", ["/oauth/token", "/wallet/request/any", "/wallet/any", "/consent", "/v1/attestations", "/v1/receipts/check"]
)
def test_who_goes_away_before_its_request_was_complete_is_no_fault_of_this_node(
    node: Node, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    media = "application/json" if path.startswith("/v1/") else "application/x-www-form-urlencoded"
    before = node.app.state.parts.figures.reading()
    asyncio.run(trickle(node, pieces=[b"a", None], path=path, headers=[(b"content-type", media.encode())]))
    after = node.app.state.parts.figures.reading()

    counted = {key: count for key, count in after.counts.items() if count != before.counts.get(key)}
    assert [key[-1] for key in counted if key[0] == ANSWERS] == ["4xx"]
    assert "unexpected" not in caplog.text


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "TRACE", "QUERY"])
def test_only_post_verifies(node: Node, path: str, method: str) -> None:
    response = node.send(method, path, headers=node.access())

    assert response.status_code == 405
    assert response.headers["allow"] == "POST, OPTIONS"


@pytest.mark.parametrize(("path", "allowed"), [(PATHS[0], "OPTIONS, POST"), ("/v1/trust", "GET, HEAD, OPTIONS")])
def test_options_says_what_an_address_takes(node: Node, path: str, allowed: str) -> None:
    response = node.send("OPTIONS", path)

    assert response.status_code == 204
    assert ", ".join(sorted(response.headers["allow"].split(", "))) == allowed
    assert "access-control-allow-origin" not in response.headers


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v1/verify/", "/V1/verify", "/v1//verify", "/v1/trust/", "/admin", "/%00"]
)
def test_there_is_nothing_anywhere_else(node: Node, path: str) -> None:
    assert problem_of(node.send("GET", path), 404) == "input.not_found"


def test_head_is_get_without_its_body(node: Node) -> None:
    head, whole = node.send("HEAD", "/v1/reasons"), node.send("GET", "/v1/reasons")

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == whole.headers["content-length"]


def test_a_wrong_method_is_named_with_the_right_ones(node: Node) -> None:
    response = node.send("POST", "/v1/trust")

    assert problem_of(response, 405) == "input.method_not_allowed"
    assert response.headers["allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize("path", ["/v1/verify", "/v1/trust", "/nothing"])
def test_the_callers_correlation_id_is_taken_up(node: Node, path: str) -> None:
    response = node.send("GET", path, headers={"x-request-id": "order-4711.a_b"})

    assert response.headers["x-request-id"] == "order-4711.a_b"


@pytest.mark.parametrize("sent", ["short", "a" * 65, "with space", "S1234567D<script>", "é" * 8, ""])
def test_an_id_that_could_carry_something_else_is_replaced(node: Node, sent: str) -> None:
    response = node.send("GET", "/v1/verify", headers=[("x-request-id", sent.encode())])

    assert problem_of(response, 405)
    assert response.headers["x-request-id"] != sent
    assert len(response.headers["x-request-id"]) == 32


def test_a_trace_goes_on_under_its_own_id(node: Node) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"

    response = node.send("GET", "/v1/verify", headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"})

    assert problem_of(response, 405)
    assert response.headers["x-request-id"] == trace


@pytest.mark.parametrize(
    "parent",
    [
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "nonsense",
    ],
)
def test_a_trace_that_is_none_is_not_followed(node: Node, parent: str) -> None:
    response = node.send("GET", "/v1/verify", headers={"traceparent": parent})

    assert response.headers["x-request-id"] not in parent.lower()


@pytest.mark.parametrize("path", ["/v1/verify", "/v1/trust", "/v1/reasons", "/docs", "/openapi.json", "/nothing"])
def test_every_answer_protects_whoever_reads_it(node: Node, path: str) -> None:
    headers = node.send("GET", path).headers

    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["content-security-policy"].startswith("default-src 'none'")
