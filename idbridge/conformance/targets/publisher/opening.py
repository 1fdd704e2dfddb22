"""Opening a publication under test: where it is, and in a file of settings what the suite pins and compares with.

The settings are TOML: ``root`` or ``pins`` names a file, ``previous`` a folder with an older copy; paths are counted
from the file itself. ``not_implemented`` is what the publisher declares not to publish, such as ``agreement`` in a
young region. A tree may lie in a folder or at an https address; plain lists lie in a folder.
"""

import tomllib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from idbridge.clock import Clock
from idbridge.conformance.declaration import read_declaration
from idbridge.conformance.targets.publisher.publication import Publication, environment_of
from idbridge.conformance.targets.publisher.target import PublisherTarget
from idbridge.errors import ConfigurationError, IdBridgeError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment
from idbridge.net import addresses
from idbridge.net.guarded import GuardedClient
from idbridge.trust import pins
from idbridge.trust.tuf.client import DirectoryTree, RemoteTree, Tree

_REMOTE: Final = ("https://", "http://")
_PLACES: Final = frozenset({"root", "pins", "previous"})
_MEMBERS: Final = _PLACES | {"not_implemented"}
_FETCH: Final = timedelta(seconds=30)


def open_publication(where: str, settings: Path, *, clock: Clock) -> PublisherTarget:
    """Return the target for what is published at ``where``, a folder or an address.

    Raises:
        ConfigurationError: The settings are not in order, or what they name is not there.
    """
    said = read_table(settings)
    if not said.keys() <= _MEMBERS or ("root" in said) is ("pins" in said):
        raise ConfigurationError(
            "the settings of a publication name `root` or `pins`, may name more, and nothing unknown"
        )
    beside, declared = settings.parent, read_declaration(said.get("not_implemented", []))
    named = {name: named_place(said, name, beside=beside) for name in _PLACES & said.keys()}
    try:
        root = named["root"].read_bytes() if "root" in named else None
        pinned = pins.parse(named["pins"].read_bytes()) if "pins" in named else None
        environment = environment_of(root) if root is not None else Environment.SANDBOX
    except (OSError, IdBridgeError) as unreadable:
        raise ConfigurationError(f"what the settings pin cannot be read: {unreadable}") from unreadable
    before = None
    if "previous" in named:
        old = named["previous"]
        before = Publication(_tree(str(old), environment), root=root, pins=pinned, folder=old)
    folder = None if where.startswith(_REMOTE) else Path(where)
    try:
        published = Publication(_tree(where, environment), root=root, pins=pinned, folder=folder, previous=before)
    except ValueError as contradiction:
        raise ConfigurationError(str(contradiction)) from contradiction
    return PublisherTarget(published, clock=clock, not_implemented=declared)


def read_table(settings: Path) -> Mapping[str, Any]:
    """Return the TOML table in a file of settings.

    Raises:
        ConfigurationError: It is not there, or none.
    """
    try:
        return tomllib.loads(settings.read_text("utf-8"))
    except (OSError, ValueError) as unreadable:
        raise ConfigurationError(f"the settings {settings.name} cannot be read: {unreadable}") from unreadable


def named_place(said: Mapping[str, Any], name: str, *, beside: Path) -> Path:
    """Return the file or folder that the member ``name`` of settings names, counted from the folder ``beside``.

    Raises:
        ConfigurationError: What it says is no name.
    """
    told = said[name]
    if not isinstance(told, str) or not told or "\0" in told:
        raise ConfigurationError(f"`{name}` names a file or a folder")
    return beside / told


def _tree(where: str, environment: Environment) -> Tree:
    if not where.startswith(_REMOTE):
        if not Path(where).is_dir():
            raise ConfigurationError(f"there is no folder {where}")
        return DirectoryTree(Path(where))
    parts = urlsplit(where)
    address = addresses.parse(parts.hostname or "")
    here = address.is_loopback if address is not None else parts.hostname == "localhost"
    client = GuardedClient(
        frozenset({parts.netloc}),
        environment,
        allow_loopback=environment is Environment.SANDBOX and here,
        ceiling=LIMITS.trust_list_bytes,
        total=_FETCH,
    )
    return RemoteTree(where, client)
