"""A sandbox node that takes its trust by TUF, and how a test publishes to it."""

import asyncio
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from idbridge.clock import SystemClock
from idbridge.model.denial import DenialReason
from idbridge.model.region import MemberState
from idbridge.sandbox.distribution import ROOT_FILE, TREE, publisher
from idbridge.sandbox.region import Region
from idbridge.trust import deny_entry, deny_list
from idbridge.trust.tuf import roles, writing
from idbridge.trust.tuf.keys import MetadataSigner
from idbridge.trust.tuf.publisher import Change
from idbridge.trust.tuf.writing import Issue
from idbridge_gateway.app import create_app
from idbridge_gateway.demo.nodes import lay_out
from idbridge_gateway.distribution import distribution_of
from idbridge_gateway.settings import Settings, read_settings
from tests.gateway.asking import Node
from tests.gateway.clocks import HandClock
from tests.gateway.recording import shared_log


@cache
def the_present_region() -> Region:
    """A region of today: the library of the first lock reads the clock of the machine, and takes no other."""
    return Region.generate(at=SystemClock().now().replace(microsecond=0))


@cache
def first_publication() -> Mapping[str, bytes]:
    """The files of the region's first publication: the tree, the pinned root and the memory of the publisher."""
    region = the_present_region()
    with TemporaryDirectory() as folder:
        region.distribute(Path(folder), at=region.made_at)
        files = [path for path in Path(folder).rglob("*") if path.is_file()]
        return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def lay_down(directory: Path) -> None:
    """Write the first publication below ``directory``."""
    for name, octets in first_publication().items():
        place = directory / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(octets)


def settings_in(directory: Path, region: Region, *, state: MemberState = MemberState.TH, **more: Any) -> Settings:
    """The settings of a node of ``state`` that reads the tree below ``directory``, its memory begun."""
    memory = directory / "nodes" / state.value / "memory"
    memory.mkdir(parents=True)
    given = lay_out(region, directory)[state].model_dump(exclude={"pins_file", "trust_dir", "trust_root_file"})
    where = {} if "trust_url" in more else {"trust_dir": directory / TREE}
    told = {**given, **where, "trust_root_file": directory / ROOT_FILE, "state_dir": memory, **more}
    settings = read_settings(**told)
    distribution_of(settings).repository.initialise()
    return settings


def distributed_node(directory: Path, **more: Any) -> Node:
    """A node of Thailand that took up the first publication of the region; its clock stands still at that moment."""
    region = the_present_region()
    clock = HandClock(region.made_at)
    lay_down(directory)
    settings = settings_in(directory, region, **more, **shared_log(region, MemberState.TH))
    return Node(create_app(settings, clock=clock), settings, clock, None, directory, region)


def look(node: Node) -> None:
    """Let the node look at its source once, as it does every second."""
    asyncio.run(node.app.state.reload.look())


def distribute(node: Node, *, withdrawn: str = "sg-login") -> None:
    """Publish a minute later that a service is withdrawn; ``sg-login`` passes the usual case until then."""
    node.clock.turn(seconds=60)
    at = node.clock.now()
    node.region = node.region.with_status(withdrawn, "withdrawn", at=at)
    node.region.distribute(node.directory, at=at)


def deny_state(node: Node, state: MemberState) -> str:
    """Publish a minute later that ``state`` denies itself whole, by its one key on call; return the denial's id."""
    node.clock.turn(seconds=60)
    at, keys, environment = node.clock.now(), node.region.keys.roles, node.region.environment
    payload = deny_entry.denial_payload(
        state, deny_entry.STATE_TARGET, environment=environment, since=at, reason=DenialReason.KEY_COMPROMISE,
        issued_at=at,
    )  # fmt: skip
    entry = deny_entry.sign_entry(payload, {state: (keys.on_call(state),)})
    octets = deny_list.written((entry,), number=2, environment=environment)
    carried = writing.carrier(Issue(environment, 2, at), roles.DENY, files={roles.DENY_LIST: octets})
    role = writing.signed(carried, (MetadataSigner(keys.on_call(state), state=state),))
    change = Change(roles={roles.DENY: role}, targets={roles.DENY_LIST: octets})
    publisher(node.directory, role_keys=keys, environment=environment).publish(change, at=at)
    return deny_entry.entry_id(payload)
