"""A node whose keys lie in a folder of `idbridge keys`: that of Singapore, beside Thailand's, unless told otherwise."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import jwt

from idbridge.crypto.signer import generate
from idbridge.model.randomness import SystemRandomness
from idbridge.model.region import MemberState
from idbridge.sandbox.bench import Bench
from idbridge.sandbox.presentations import Presentation
from idbridge.sandbox.region import Region
from idbridge.trust import key_folder
from idbridge.trust.node_keys import KeyPurpose, NodeKey
from idbridge.trust.publish import ServiceMaterial
from idbridge_gateway.app import create_app
from idbridge_gateway.demo.nodes import lay_out
from idbridge_gateway.settings import Settings
from tests.gateway.asking import Node, the_region, verdict_of
from tests.gateway.clocks import NOON, HandClock
from tests.gateway.recording import shared_log

SERVICE, BRANCH = "sg-node", "sg-branch"
PASSPHRASE = "twelve words for a node"
LONG_AGO = NOON - timedelta(days=30)


def known(_: str) -> str:
    return PASSPHRASE


@dataclass(repr=False)
class Rotating:
    """Files of two nodes below one directory, one clock, and what the ``state`` of one lists of its node."""

    directory: Path
    region: Region
    clock: HandClock
    laid_out: dict[MemberState, Settings]
    state: MemberState = MemberState.SG
    service: str = SERVICE

    @property
    def folder(self) -> Path:
        return self.directory / "keys"

    @property
    def passphrase_file(self) -> Path:
        return self.directory / "passphrase"

    def key(self, *, at: datetime | None = None, purpose: KeyPurpose = KeyPurpose.ASSERTION) -> NodeKey:
        """Publish one more key."""
        return key_folder.publish(
            self.folder,
            generate("ES256"),
            purpose=purpose,
            environment=self.region.environment,
            at=at or self.clock.now(),
            passphrase=PASSPHRASE,
        )

    def rotate(self, *, at: datetime | None = None, emergency: bool = False) -> NodeKey:
        return key_folder.rotate(
            self.folder,
            purpose=KeyPurpose.ASSERTION,
            at=at or self.clock.now(),
            passphrase=known,
            emergency=emergency,
        )

    def list_keys(self, *keys: NodeKey) -> None:
        """Let the state publish a list that names these keys for its node."""
        material = ServiceMaterial(jwks=tuple(dict(key.public_jwk) for key in keys))
        region = replace(self.region, guests=MappingProxyType({**self.region.guests, self.service: material}))
        self.region = region.reissued(self.state, at=self.clock.now())
        self.region.publish(self.directory)

    def settings(self, **changes: Any) -> Settings:
        told = {
            "assertion_key_file": None,
            "assertion_keys_dir": self.folder,
            "assertion_passphrase_file": self.passphrase_file,
        }
        return self.laid_out[self.state].model_copy(update={**told, **changes})

    def node(self, **changes: Any) -> Node:
        """Start the node."""
        settings = self.settings(**changes)
        return Node(create_app(settings, clock=self.clock), settings, self.clock, None, self.directory, self.region)

    def verifying(self) -> Node:
        """Start the node of Thailand."""
        settings = self.laid_out[MemberState.TH]
        return Node(create_app(settings, clock=self.clock), settings, self.clock, None, self.directory, self.region)


def files_of(directory: Path, region: Region | None = None, **of: Any) -> Rotating:
    """Files of two nodes, and the folder of the first with a passphrase and no key yet."""
    made = region or the_region()
    rotating = Rotating(
        directory,
        made,
        HandClock(),
        {state: one.model_copy(update=shared_log(made, state)) for state, one in lay_out(made, directory).items()},
        **of,
    )
    rotating.folder.mkdir(mode=0o700)
    rotating.passphrase_file.write_text(f"{PASSPHRASE}\n")
    rotating.passphrase_file.chmod(0o600)
    return rotating


def with_one_key(directory: Path, region: Region | None = None, **of: Any) -> tuple[Rotating, NodeKey]:
    """The same with a key that has been active for long and that the state lists."""
    rotating = files_of(directory, region, **of)
    rotating.key(at=LONG_AGO)
    active = rotating.rotate(at=LONG_AGO + timedelta(days=2))
    rotating.list_keys(active)
    return rotating, active


def look(*nodes: Node) -> None:
    """Let each node look at its lists, then at its keys, as it does every second."""
    for node in nodes:
        asyncio.run(node.app.state.reload.look())
        asyncio.run(node.app.state.key_watch.look())


def question(node: Node, **changes: Any) -> dict[str, Any]:
    """A wallet identity of Singapore, shown to the branch there, which wants an assertion for the bank in Bangkok."""
    bench = Bench(node.region, node.clock.now(), SystemRandomness())
    branch = node.region.registration(BRANCH)
    shown = Presentation("sg-pid", "sg-tan").shown(bench, to=branch)
    body = {
        "credential": shown.credential,
        "purpose": "account-opening",
        "expected": {"nonce": shown.nonce},
        "claims": ["name"],
        "assertion": {"audience": branch.audience},
        **changes,
    }
    return {name: value for name, value in body.items() if value is not None}


def asserted_by(node: Node) -> str:
    """The assertion that the node makes of it."""
    response = node.send("POST", "/v1/verify", body=question(node), headers=node.access(BRANCH))
    assert verdict_of(response) == ("PASSED", None)
    return str(response.json()["assertion"])


def kid_of(assertion: str) -> str:
    return str(jwt.get_unverified_header(assertion)["kid"])


def published(node: Node) -> list[str]:
    """The names of the keys that a node publishes for its assertions."""
    keys = node.send("GET", "/.well-known/jwks.json").json()["keys"]
    return [key["kid"] for key in keys if key["use"] == "sig"]
