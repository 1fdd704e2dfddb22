"""A gateway is called what its contract says, and never by its address."""

import json
from typing import Any

import pytest
from click.testing import CliRunner

from idbridge import __version__
from idbridge.cli.main import root
from idbridge.conformance.corpus import shipped
from idbridge.conformance.declaration import NOT_TOLD
from idbridge.conformance.targets.gateway.naming import NOBODY, told_name
from idbridge.conformance.targets.gateway.target import GatewayTarget
from idbridge.conformance.targets.gateway.wire import GatewayWire
from idbridge.conformance.targets.http_verifier import HttpVerifier
from idbridge.limits import LIMITS
from idbridge_gateway.serving import BackgroundServer
from tests.conformance.http.kit import conformance_node


def _saying(body: bytes) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            return
        head = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": body})

    return app


@pytest.mark.parametrize(
    "told",
    [{}, [], {"info": 1}, {"info": {"title": 1, "version": ["1"]}}, {"info": {"title": "", "version": "1" * 101}}],
    ids=str,
)
def test_a_gateway_that_does_not_tell_what_it_is_has_no_address_for_a_name(told: Any) -> None:
    with BackgroundServer(_saying(json.dumps(told).encode())) as server:
        assert told_name(GatewayWire(server.url)) == (NOBODY, NOT_TOLD)


def _nested(levels: int) -> dict[str, Any]:
    """A contract that tells its version, with so many objects within each other."""
    inner: dict[str, Any] = {}
    for _ in range(levels - 2):
        inner = {"within": inner}
    return {"info": {"title": "somebody's", "version": "7"}, "components": inner}


@pytest.mark.parametrize(
    ("levels", "version"),
    [(LIMITS.conformance_contract_depth + 1, NOT_TOLD), (LIMITS.conformance_contract_depth, "7")],
    ids=["too deep", "as deep as may be"],
)
def test_a_contract_may_be_deeper_than_a_claim_and_not_endless(levels: int, version: str) -> None:
    with BackgroundServer(_saying(json.dumps(_nested(levels)).encode())) as server:
        assert told_name(GatewayWire(server.url))[1] == version


def test_neither_has_one_that_is_gone() -> None:
    with BackgroundServer(_saying(b"{}")) as server:
        gone = server.url

    assert told_name(GatewayWire(gone)) == (NOBODY, NOT_TOLD)


def test_our_own_node_tells_name_and_version_once_it_holds_lists() -> None:
    with conformance_node() as url:
        wire = GatewayWire(url)
        target = HttpVerifier(wire, shipped())
        first = target.describe()
        target.answer(shipped().case("mdoc-expired"))
        described = target.describe(), GatewayTarget(wire, shipped()).describe()

    assert (first.name, first.version) == (NOBODY, NOT_TOLD)
    for one in described:
        assert one.version == __version__
        assert "://" not in one.name
        assert one.name != NOBODY


def test_a_run_names_the_version_that_is_told_after_the_first_case() -> None:
    with conformance_node() as url:
        words = ("run", "--target", f"http:{url}", "--profile", "verifier", "--case", "mdoc-expired", "--json")
        told = CliRunner().invoke(root, ["conformance", *words])

    target = json.loads(told.stdout)["summary"]["target"]
    assert target["version"] == __version__
    assert url not in target["name"]
