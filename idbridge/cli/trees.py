"""Where a region's tree is, and what an operator's command reads of it: a folder, an address, or a founding folder."""

import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import click

from idbridge.cli import output
from idbridge.cli.exits import Exit
from idbridge.cli.output import Failure
from idbridge.codec import base64url, strict_json
from idbridge.errors import FetchError, InputError, TrustError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment
from idbridge.net import addresses
from idbridge.net.guarded import GuardedClient
from idbridge.trust import files
from idbridge.trust.operator import founding, published
from idbridge.trust.operator.published import Published
from idbridge.trust.tuf import proposal, roles
from idbridge.trust.tuf.client import DirectoryTree, RemoteTree, Tree
from idbridge.trust.tuf.errors import refusing_surprises
from idbridge.trust.tuf.metadata import LIBRARY_ERRORS, parse_unverified
from idbridge.trust.tuf.proposal import Proposal
from idbridge.trust.tuf.tree import PublishedTree

_FETCH_TOTAL: Final = timedelta(seconds=30)  # an operator waits longer than a verification may
_NEW_MODE: Final = 0o644
_SIGNED: Final = frozenset({"payload", "signatures"})  # RFC 7515, JSON serialisation
FILE: Final = click.Path(dir_okay=False, path_type=Path)
FOLDER: Final = click.Path(file_okay=False, path_type=Path)

from_option: Final[Callable[..., Any]] = click.option(
    "--from",
    "place",
    metavar="TREE",
    help="What stands now: a folder with a tree, its https address, or a region's first folder.",
)
root_option: Final[Callable[..., Any]] = click.option(
    "--root",
    "root_file",
    type=FILE,
    envvar="IDBRIDGE_ROOT",
    show_envvar=True,
    metavar="FILE",
    help="The root that you trust.",
)
after_option: Final[Callable[..., Any]] = click.option(
    "--after",
    "after",
    type=FILE,
    multiple=True,
    metavar="FILE",
    help="As if this proposal were published already; for those that are published together.",
)
key_option: Final[Callable[..., Any]] = click.option(
    "--key", "key", required=True, metavar="KEY", help="Your private key: a file, or `pkcs11:...` for a token."
)
dry_run_option: Final[Callable[..., Any]] = click.option(
    "--dry-run", is_flag=True, help="Say what would be done, and write nothing."
)


@contextmanager
def refusing(schema: str, *, as_json: bool) -> Iterator[None]:
    """End a command whose material is refused: exit 6 where a signature is missing, else 1, and the code either way."""
    try:
        yield
    except TrustError as refusal:
        missing = refusal.code == "trust.threshold_missing"
        code = Exit.UNCONFIRMED if missing else Exit.REFUSED
        if not as_json:
            detail = f"refused, {refusal.code}: {refusal.detail or refusal}"
            raise Failure(detail, hint=refusal.reason.remedy, exit_code=code) from None
        summary = {"done": False, "code": refusal.code, "detail": refusal.detail}
        output.document(schema, summary=summary, results=[])
        raise click.exceptions.Exit(code) from None


def read_file(place: Path, *, max_bytes: int) -> bytes:
    """Return the octets of a file.

    Raises:
        Failure: It cannot be read, or is too large.
    """
    try:
        return files.read(place.parent, place.name, max_bytes=max_bytes)
    except (FetchError, InputError) as unreadable:
        raise Failure(f"`{place}` cannot be read: {unreadable}") from None


def pinned_root(root_file: Path | None) -> bytes:
    """Return the root that the caller trusts.

    Raises:
        Failure: None was named, or it cannot be read.
    """
    if root_file is None:
        raise click.UsageError("say which root you trust with `--root FILE`")
    return read_file(root_file, max_bytes=LIMITS.metadata_bytes)


def open_tree(place: str, environment: Environment) -> Tree:
    """Return the tree at ``place``. A sandbox may be on this machine, over plain http.

    Raises:
        Failure: There is no such folder.
        UsageError: It begins as an address and is none.
    """
    if not place.startswith(("https://", "http://")):
        folder = Path(place)
        if not folder.is_dir():
            raise Failure(f"there is no tree in `{place}`", hint="name a folder with a tree, or its https address")
        return DirectoryTree(folder)
    try:
        parts = urlsplit(place)
    except ValueError:
        raise click.UsageError(f"`{place}` is not the address of a tree, such as `https://lists.example`") from None
    client = GuardedClient(
        frozenset({parts.netloc}),
        environment,
        allow_loopback=environment is Environment.SANDBOX and is_loopback(parts.hostname or ""),
        ceiling=LIMITS.trust_list_bytes,
        total=_FETCH_TOTAL,
    )
    return RemoteTree(place, client)


def is_loopback(host: str) -> bool:
    """Tell whether ``host`` is this machine."""
    address = addresses.parse(host)
    return address.is_loopback if address is not None else host == "localhost"


def environment_of(root: bytes) -> Environment:
    """Return the environment of a root.

    Raises:
        Failure: It cannot be read.
    """
    try:
        return Environment(parse_unverified(root).unrecognized_fields[roles.ENVIRONMENT])
    except LIBRARY_ERRORS:
        raise Failure("the root that you trust cannot be read") from None


def standing(place: str | None, root_file: Path | None, after: Iterable[Path] = ()) -> Published:
    """Return what stands at ``place``, verified from the root that the caller trusts; or what founds a region.

    ``after`` are proposals that count as published already.

    Raises:
        Failure: Something is not there.
        FetchError, TrustError: What stands cannot be had, or is not in order.
    """
    if place is None:
        raise click.UsageError("say what stands now with `--from TREE`")
    if _is_founding(place):
        return published.proposed(*_founding(Path(place)))
    root = pinned_root(root_file)
    found = published.read(open_tree(place, environment_of(root)), root)
    for one in after:
        found = published.following(found, read_proposal(one))
    return found


def _is_founding(place: str) -> bool:
    folder = Path(place)
    return (folder / founding.file_name(roles.ROOT)).is_file() and not PublishedTree(folder).is_begun()


def _founding(folder: Path) -> tuple[Proposal, Proposal]:
    root, top = (folder / founding.file_name(role) for role in (roles.ROOT, roles.TARGETS))
    return read_proposal(root), read_proposal(top)


def read_proposal(place: Path) -> Proposal:
    """Return the proposal in a file.

    Raises:
        Failure: The file cannot be read.
        TrustError: It holds no proposal in its form.
    """
    octets = read_file(place, max_bytes=LIMITS.proposal_bytes)
    with refusing_surprises("the proposal"):
        return proposal.parse(octets)


def write_file(place: Path, octets: bytes) -> None:
    """Put ``octets`` in place as a whole; the folder has to be there.

    Only a document of the same kind makes way, so that a slip of the hand replaces no key and no list. Its mode stays.

    Raises:
        Failure: Something else is there.
        ConfigurationError: The folder is not there, or cannot be written to.
    """
    mode = _NEW_MODE
    if place.is_symlink() or place.exists():
        held = read_file(place, max_bytes=LIMITS.proposal_bytes)
        if _kind(held) is None or _kind(held) != _kind(octets):
            raise Failure(f"`{place}` holds something else and is not replaced", hint="name another file")
        mode = stat.S_IMODE(place.stat().st_mode) & _NEW_MODE
    files.write(place.parent, place.name, octets, mode=mode)


def _kind(octets: bytes) -> object:
    """Return what a document that travels is: its schema, the type that its signatures name, else its members.

    ``None`` for what is none of ours.
    """
    try:
        said = strict_json.parse_object(octets, max_bytes=LIMITS.proposal_bytes)
        if said.keys() == _SIGNED:
            protected = base64url.decode(said["signatures"][0]["protected"])
            return strict_json.parse_object(protected, max_bytes=LIMITS.record_bytes).get("typ")
    except (InputError, LookupError, TypeError, AttributeError):
        return None
    return said.get("schema") or frozenset(said) or None
