"""Where the trust material of this machine is, and how a command reads it. What is missing is an error."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click

from idbridge.cli.exits import Exit
from idbridge.cli.output import Failure
from idbridge.cli.reading import INSTANT
from idbridge.clock import SystemClock
from idbridge.model.region import MemberState
from idbridge.model.request import RelyingParty
from idbridge.sandbox.distribution import ROOT_FILE, TREE
from idbridge.sandbox.region import Region
from idbridge.trust.repository import PlainRepository, Repository
from idbridge.trust.snapshot import TrustSnapshot
from idbridge.trust.tuf.client import DirectoryTree
from idbridge.trust.tuf.repository import TufRepository

DEFAULT_REGION: Final = Path(".idbridge") / "sandbox"

region_option: Final[Callable[..., Any]] = click.option(
    "--region",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="IDBRIDGE_REGION",
    default=DEFAULT_REGION,
    show_default=True,
    show_envvar=True,
    metavar="DIR",
    help="Folder with lists, pins and state.",
)
at_option: Final[Callable[..., Any]] = click.option(
    "--at", type=INSTANT, help="Look at this instant instead of now, such as 2026-01-31T00:00:00Z."
)


def instant(at: datetime | None) -> datetime:
    """Return the instant asked about: the one given, else the present one."""
    return at if at is not None else SystemClock().now().replace(microsecond=0)


def state_directory(region: Path) -> Path:
    """Return where the floors are: a node's own folder, or of several nodes' the first.

    Raises:
        Failure: The region is not there, or no node was ever begun in it.
    """
    if not region.is_dir():
        raise absent(region)
    for folder in (region / "state", *sorted((region / "nodes").glob("*/state"))):
        if folder.is_dir():
            return folder
    hint = "`idbridge serve --initialise` begins a node, `idbridge demo` a pretend region"
    raise Failure(f"no node was ever begun in `{region}`", hint=hint)


def open_snapshot(region: Path) -> TrustSnapshot:
    """Return what is trusted on this machine now; the floors of its node rise with it.

    Raises:
        Failure: The region is not there, or no node was ever begun in it.
        ConfigurationError: Its files do not allow a safe answer.
        TrustError: Its recognition documents are not acceptable.
    """
    return repository_of(region).load(at=SystemClock().now())


def repository_of(region: Path) -> Repository:
    """Return where the trust material of ``region`` comes from: by TUF where a root is pinned, else from pinned lists.

    Raises:
        Failure: The region is not there, or no node was ever begun in it.
    """
    memory = state_directory(region)
    if (region / ROOT_FILE).is_file():
        return TufRepository(DirectoryTree(region / TREE), region / ROOT_FILE, memory)
    return PlainRepository(region / "trust", region / "pins.json", memory)


def open_region(region: Path) -> Region:
    """Return the pretend region with its private keys.

    Raises:
        Failure: It is not there.
        ConfigurationError: Its files are not in order.
    """
    if not region.is_dir():
        raise absent(region)
    return Region.load(region)


def registered_party(region: Path, party: str, *, state: MemberState) -> RelyingParty:
    """Return the relying party of the pretend region that is called ``party`` and belongs to ``state``.

    Raises:
        Failure: There is none, or it belongs to another state.
    """
    known = {one.id: one for one, _ in open_region(region).relying_parties()}
    if party not in known:
        hint = f"the region has: {', '.join(known)}"
        raise Failure(f"there is no relying party `{party}`", hint=hint, exit_code=Exit.USAGE)
    if known[party].state is not state:
        hint = f"say `--for {known[party].state}`"
        raise Failure(f"`{party}` is a relying party of {known[party].state}", hint=hint, exit_code=Exit.USAGE)
    return known[party]


def absent(region: Path) -> Failure:
    """Return the failure of a command whose trust material is not there."""
    hint = "run `idbridge demo` first, or name the folder with `--region` or IDBRIDGE_REGION"
    return Failure(f"there is no trust material in `{region}`", hint=hint)
