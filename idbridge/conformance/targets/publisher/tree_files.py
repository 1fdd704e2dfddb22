"""The files of a tree by what they are: where each lies, and a tree in which some of them are others, or missing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from idbridge.conformance.targets.publisher.publication import TIMESTAMP_PATH, Look, metadata_files
from idbridge.errors import ConfigurationError, FetchError
from idbridge.model.region import MemberState
from idbridge.net.source import AbsentDocumentError
from idbridge.trust.tuf import roles
from idbridge.trust.tuf.client import METADATA, TARGETS, Tree

_LISTING: Final = (("arrangement", roles.AGREEMENTS, "arrangements/"), ("purposes", roles.AGREEMENTS, "purposes/"))
_NONE: Final[Mapping[str, bytes | None]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class AlteredTree:
    """A tree with ``changed`` files by path; ``None`` for one that is gone."""

    below: Tree
    changed: Mapping[str, bytes | None] = field(default_factory=lambda: _NONE)

    def read(self, path: str, *, max_bytes: int) -> bytes:
        """Return the file at ``path``."""
        if path not in self.changed:
            return self.below.read(path, max_bytes=max_bytes)
        octets = self.changed[path]
        if octets is None:
            raise AbsentDocumentError(f"{path} is not there")
        if len(octets) > max_bytes:
            raise FetchError(f"{path} is longer than {max_bytes} octets")
        return octets


def some_states(look: Look, number: int) -> tuple[MemberState, ...]:
    """Return the first ``number`` states whose lists are offered.

    Raises:
        ConfigurationError: There are fewer.
    """
    found = tuple(sorted(look.offers))[:number]
    if len(found) < number:
        raise ConfigurationError(f"fewer than {number} states publish a list here")
    return found


def place_of(look: Look, what: str) -> tuple[str, str]:
    """Return where a file of the tree lies, and the subject under which a refusal of it is told.

    ``what`` is ``timestamp``, ``snapshot``, ``targets``, ``state`` (the role of a state), ``list``, ``agreements``,
    ``arrangement``, ``purposes``, ``deny`` or ``deny-list``.

    Raises:
        ConfigurationError: The tree has no such file.
    """
    said = metadata_files(look)
    if what == roles.TIMESTAMP:
        return TIMESTAMP_PATH, ""
    if what in (roles.SNAPSHOT, roles.TARGETS, roles.AGREEMENTS, roles.DENY) and what in said:
        return _role_place(said, what), roles.DENY_LIST if what == roles.DENY else what
    if what in ("state", "list"):
        state = some_states(look, 1)[0]
        subject = f"lists/{state}"
        if what == "state":
            return _role_place(said, state.value), subject
        return _target_place(said, state.value, roles.list_path(state)), subject
    if what == "deny-list" and roles.DENY in said:
        return _target_place(said, roles.DENY, roles.DENY_LIST), roles.DENY_LIST
    for name, role, folder in _LISTING:
        if what == name and role in said:
            path = next((one for one in sorted(said[role].targets) if one.startswith(folder)), None)
            if path is not None:
                return _target_place(said, role, path), path.rpartition("/")[0]
    raise ConfigurationError(f"the tree has no {what}")


def _role_place(said: Mapping[str, object], role: str) -> str:
    return f"{METADATA}/{getattr(said[role], 'version')}.{role}.json"  # noqa: B009 - of metadata of any kind


def _target_place(said: Mapping[str, object], role: str, path: str) -> str:
    targets = getattr(said[role], "targets", {})
    if path not in targets:
        raise ConfigurationError(f"{role} lists no {path}")
    folder, _, name = path.rpartition("/")
    return f"{TARGETS}/{folder}/{targets[path].hashes['sha256']}.{name}"
