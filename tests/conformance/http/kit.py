"""A conformance node on a loopback port, and what a test loads into it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from idbridge.codec import base64std
from idbridge.conformance.corpus import shipped
from idbridge.conformance.loading import load_document
from idbridge.conformance.seed import CORPUS_INSTANT
from idbridge.conformance.targets.gateway.wire import GatewayWire
from idbridge.model.region import MemberState
from idbridge_gateway.conformance.node import Build, ConformanceNode, built
from idbridge_gateway.serving import LOOPBACK, BackgroundServer, address_of, listen

MATERIAL: Final = "region"


@contextmanager
def conformance_node(build: Build = built) -> Iterator[str]:
    """Let a node that holds nothing stand until the block ends; its address."""
    listener = listen(LOOPBACK, 0)
    with BackgroundServer(ConformanceNode(address_of(listener), build=build), listener=listener) as server:
        yield server.url


def document(node: MemberState = MemberState.TH, **changes: Any) -> dict[str, Any]:
    """What loads the material of the corpus for the node of ``node``; ``changes`` are to its members."""
    folder = shipped().material(MATERIAL).folder
    return {**load_document(folder, at=CORPUS_INSTANT, node=node, beside={}), **changes}


def without(loaded: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The same without one file."""
    return {**loaded, "material": {path: text for path, text in loaded["material"].items() if path != name}}


def with_file(loaded: Mapping[str, Any], name: str, octets: bytes) -> dict[str, Any]:
    """The same with a file of another content."""
    return {**loaded, "material": {**loaded["material"], name: base64std.encode(octets)}}


def wire(url: str) -> GatewayWire:
    return GatewayWire(url)
