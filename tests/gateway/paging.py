"""Nodes with pages: examples to pick, and forms as a browser sends them."""

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlencode

import httpx2

from idbridge.model.randomness import SystemRandomness
from idbridge.model.region import MemberState
from idbridge.sandbox.statuses import RegionHost
from idbridge_gateway.demo.samples import RegionSamples
from tests.gateway.asking import Node, node_in, the_region
from tests.gateway.clocks import HandClock

URLENCODED = {"content-type": "application/x-www-form-urlencoded"}
BOUNDARY = "a-line-between-parts"
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)


def page_node(directory: Path, *, state: MemberState = MemberState.TH) -> Node:
    """A node of ``state`` whose page `/try` is open, and which knows what its lists say of revocation."""
    clock = HandClock()
    samples = RegionSamples(the_region(), state, randomness=SystemRandomness())
    host = RegionHost(the_region(), clock)
    node = node_in(directory, state=state, clock=clock, revocation_source=host, samples=samples)
    asyncio.run(node.app.state.prefetch.look())
    return node


def send_form(node: Node, fields: Mapping[str, str], *, path: str = "/try", **headers: str) -> httpx2.Response:
    """Send a form of text as a browser does."""
    return node.send("POST", path, body=urlencode(fields).encode(), headers={**URLENCODED, **headers})


def multipart(*parts: tuple[str, bytes], boundary: str = BOUNDARY) -> bytes:
    """The body of a form with a file: each part a name and its octets."""
    written = b"".join(
        b'--%b\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n' % (boundary.encode(), name.encode(), octets)
        for name, octets in parts
    )
    return written + b"--%b--\r\n" % boundary.encode()


def send_parts(node: Node, *parts: tuple[str, bytes]) -> httpx2.Response:
    """Send a form with a file as a browser does."""
    headers = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}
    return node.send("POST", "/try", body=multipart(*parts), headers=headers)


def code_shown(page: httpx2.Response) -> str | None:
    """The reason code that stands on a page, if one does."""
    found = re.search(r'href="/v1/reasons/([a-z0-9_.]+)"', page.text)
    return found[1] if found else None


def page_of(response: httpx2.Response, status: int) -> str:
    """The text of a page, after a look at what every page has."""
    assert response.status_code == status, response.text[:500]
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["content-security-policy"] == POLICY
    assert response.headers["referrer-policy"] == "no-referrer"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert not re.search(r"<script(?! src=)|<style|<[^>]*\s(?:style|on[a-z]+)=|javascript:", response.text)
    assert not re.search(r'(?:src|href|action)="(?![/#])', response.text)
    return response.text
