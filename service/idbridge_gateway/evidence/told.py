"""What a node has told its log last, so that what changes while it is down is told when it starts, and not twice.

Decides nothing about what is told. Kept are names of relying parties with the digests of their registrations, and which
keys of days are held by which report. It is written behind the leaves: a node that is killed in between tells again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from idbridge.codec import jcs, strict_json
from idbridge.errors import ConfigurationError, FetchError, InputError
from idbridge.limits import LIMITS
from idbridge.trust import files

NAME: Final = "acts-told"
_SCHEMA: Final = "idbridge-acts-told-1"

Party = tuple[str, int]  # the digest of a registration, and the version of its policy


@dataclass(frozen=True, slots=True)
class Told:
    """The registrations by relying party, and the holds, each by the name of its file."""

    parties: Mapping[str, Party]
    holds: frozenset[str]


class ToldFile:
    """The memory in the state directory of a node."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self) -> Told | None:
        """Return what was told last; ``None`` if nothing was told yet.

        Raises:
            ConfigurationError: The file cannot be read, or is damaged: what changed since cannot be told.
        """
        try:
            octets = files.read_own(self._folder, NAME, max_bytes=LIMITS.acts_told_bytes)
            members = strict_json.parse_object(octets, max_bytes=LIMITS.acts_told_bytes)
            parties = {str(name): (str(told[0]), int(told[1])) for name, told in members["parties"].items()}
            found = Told(MappingProxyType(parties), frozenset(map(str, members["holds"])))
        except files.AbsentError:
            return None
        except (FetchError, InputError, LookupError, TypeError, ValueError, AttributeError) as damaged:
            raise ConfigurationError(f"{NAME} in the state directory cannot be read or is damaged") from damaged
        if _octets(found) != octets:
            raise ConfigurationError(f"{NAME} in the state directory is damaged")
        return found

    def keep(self, told: Told) -> None:
        """Keep what was told.

        Raises:
            ConfigurationError: The file cannot be written.
        """
        files.write(self._folder, NAME, _octets(told), mode=0o600)


def _octets(told: Told) -> bytes:
    parties = {name: list(one) for name, one in told.parties.items()}
    return jcs.canonicalize({"schema": _SCHEMA, "parties": parties, "holds": sorted(told.holds)})
