"""The night of the stolen key, as its page tells it, against three nodes that are up."""

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from idbridge.clock import SystemClock
from idbridge.crypto.signer import generate
from idbridge.model.randomness import SystemRandomness
from idbridge.model.region import MemberState
from idbridge.sandbox.catalogue import case_named
from idbridge.sandbox.distribution import TREE
from idbridge.sandbox.mint import mint
from idbridge.sandbox.region import Region
from idbridge.trust.operator.public_keys import plain
from idbridge_gateway.app import create_app
from idbridge_gateway.demo.nodes import lay_out
from idbridge_gateway.distribution import distribution_of
from idbridge_gateway.serving import BackgroundServer
from tests.docs.walk import Block, Walk, blocks
from tests.trust.operator.offices import folder_of

PAGE = "incident.md"
LOGIN = "sg-login-opens-account"
SG, TH = MemberState.SG, MemberState.TH


@dataclass(frozen=True)
class Night:
    """The region, the folder where somebody follows the page, and three nodes."""

    walk: Walk
    region: Region
    nodes: tuple[str, ...]

    @property
    def folder(self) -> Path:
        return self.walk.machine("")

    def told(self, **variables: str) -> None:
        """Set variables as the reader does by hand."""
        exports = "\n".join(f'{name}="{value}"' for name, value in variables.items())
        assert self.walk.run(exports, self.folder)[0] == 0

    def verdicts(self) -> set[tuple[str, str | None]]:
        """Ask each node of Thailand about somebody who logs in at Singapore."""
        found = set()
        for node in self.nodes[:2]:
            asked = mint(case_named(LOGIN), region=self.region, at=SystemClock().now(), randomness=SystemRandomness())
            with httpx2.Client(base_url=node, trust_env=False) as client:
                report = client.post(asked.path, content=asked.body, headers=dict(asked.headers)).json()
            found.add((report["indication"], report["reason"] and report["reason"]["code"]))
        return found


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    walk = Walk(tmp_path_factory.mktemp("night"))
    folder = walk.machine("")
    at = SystemClock().now().replace(microsecond=0)
    region = Region.generate(at=at)
    region.save(folder)
    settings = lay_out(region, folder, distributed_at=at)
    folder_of(region, SG, folder / "SG")
    public = plain(generate("ES256").public_jwk)
    (folder / "login-new.jwk").write_text(json.dumps(dict(public)), encoding="utf-8")
    own = {
        "state_dir": "third",
        "log_dir": "third-log",
        "log_day_keys_dir": "third-days",
        "log_heads_dir": "third-heads",
    }
    update = {"log_socket": None, **{setting: folder / "nodes" / name for setting, name in own.items()}}
    third = settings[TH].model_copy(update=update)
    third.state_dir.mkdir(mode=0o700)
    distribution_of(third).repository.initialise()
    with ExitStack() as stack:
        servers = [
            BackgroundServer(create_app(one, clock=SystemClock())) for one in (settings[TH], third, settings[SG])
        ]
        nodes = tuple(stack.enter_context(one).url for one in servers)
        yield Night(walk, region, nodes)


def test_one_person_takes_a_stolen_key_out_of_force_on_three_nodes(night: Night) -> None:
    found = iter(blocks(PAGE))
    assert (folder := night.folder / TREE).is_dir()
    assert night.verdicts() == {("PASSED", None)}

    by_hand(found)
    night.told(IDBRIDGE_REGION=".", IDBRIDGE_ROOT="root.json", NODES=" ".join(night.nodes))
    explained = walked(night, found)
    night.told(KEY=re.findall(r"^keys\s+(\S+),", explained, re.MULTILINE)[0])
    denied = walked(night, found)
    night.told(ID=entry_in(denied))
    walked(night, found)
    assert night.verdicts() == {("FAILED", "issuer.denied")}
    night.told(NEW="login-new.jwk")
    other = entry_in(walked(night, found))
    night.told(OTHER=other)
    printed = walked(night, found)
    assert printed.count(f"--deny {other}") == 2
    assert next(found, None) is None
    assert not list((folder / "incoming").glob("*.proposal.json"))


def by_hand(found: Iterator[Block]) -> None:
    assert next(found).is_by_hand


def walked(night: Night, found: Iterator[Block]) -> str:
    """Follow the page until something has to be done by hand, or to its end."""
    printed = ""
    for one in found:
        if one.is_by_hand:
            break
        printed += night.walk.block(one)
    return printed


def entry_in(printed: str) -> str:
    """Return the id of the denial that was made."""
    return str(re.findall(r"^entry\s+([0-9a-f]{64})", printed, re.MULTILINE)[-1])
