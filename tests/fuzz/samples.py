"""Seeds: real inputs of every kind, made by the sandbox at one fixed instant."""

import json
from collections.abc import Mapping, Sequence
from functools import cache

from idbridge.model.randomness import SystemRandomness
from idbridge.model.region import Environment
from idbridge.reasons import Indication
from idbridge.sandbox.catalogue import entries
from idbridge.sandbox.mint import mint
from tests.sandbox.regions import NOON, region, snapshot


@cache
def bodies() -> Sequence[Mapping[str, object]]:
    """The bodies of all accepted cases of the catalogue that are sent to a sandbox node."""
    found = []
    for entry in entries().values():
        case = entry.case
        if case.indication is Indication.PASSED and case.environment is Environment.SANDBOX and case.over_http:
            minted = mint(case, region=region(), at=NOON, randomness=SystemRandomness())
            found.append(json.loads(minted.body))
    return [body for body in found if isinstance(body, dict) and "credential" in body]


@cache
def credentials() -> Sequence[bytes]:
    """The credentials of all accepted cases."""
    return [str(body["credential"]).encode() for body in bodies()]


@cache
def requests() -> Sequence[bytes]:
    """Whole requests."""
    return [json.dumps(body).encode() for body in bodies()]


@cache
def parts() -> Sequence[bytes]:
    """The issuers' JWTs, headers, payloads and disclosures of the credentials, each by itself."""
    return [piece for text in credentials() for part in text.split(b"~") for piece in (part, *part.split(b"."))]


@cache
def certificates() -> Sequence[bytes]:
    """The certificates that the lists of the region name."""
    listed = snapshot().lists.values()
    return [anchor for one in listed for service in one.services for anchor in service.anchors]


@cache
def lists() -> Sequence[bytes]:
    """The payloads of the region's lists, as JSON."""
    return [held.content for held in snapshot().lists.values()]
