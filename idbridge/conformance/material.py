"""Trust material of cases: the files that a target loads before it answers, and how it is told where they are.

One folder of the corpus holds what is common to many cases. An edition of it holds only what is otherwise in it, and
says upon which folder it lies. The private keys and secrets that a node needs are in none: they are derived from the
published test seed when the material is laid out for a target.
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from idbridge.codec import strict_json
from idbridge.errors import ConfigurationError, IdBridgeError
from idbridge.limits import LIMITS

MATERIAL_FILE: Final = "material.json"
REGION: Final = "region"
"""The material of verifiers, upon which its editions lie."""
UPON: Final = "upon"
WITHOUT: Final = "without"
"""Members of ``material.json`` of an edition: the material that it changes, and the files of that which it has not."""


@dataclass(frozen=True, slots=True)
class Material:
    """A folder of trust material in the corpus; ``held`` are the files of what was made for one run, by their paths."""

    name: str
    folder: Path
    held: Mapping[str, bytes] | None = None

    def laid_out(self, to: Path) -> Path:
        """Copy the public files to ``to``, which must not exist yet, and return it; of an edition, all that it is.

        What is said of the material stays behind: whoever is asked would know from it what is wrong.

        Raises:
            ConfigurationError: They cannot be copied, or an edition lies upon nothing.
        """
        if self.held is not None:
            return self._written(self.held, to)
        about = self._about()
        try:
            if UPON in about:
                _copy(self.folder.parent / about[UPON], to)
                for gone in about[WITHOUT]:
                    (to / gone).unlink()
            _copy(self.folder, to)
            (to / MATERIAL_FILE).unlink()
        except (OSError, KeyError, TypeError) as unwritable:
            raise ConfigurationError(f"the trust material {self.name} cannot be laid out") from unwritable
        return to

    def _written(self, held: Mapping[str, bytes], to: Path) -> Path:
        try:
            for path, octets in held.items():
                (to / path).parent.mkdir(parents=True, exist_ok=True)
                (to / path).write_bytes(octets)
        except OSError as unwritable:
            raise ConfigurationError(f"the trust material {self.name} cannot be laid out") from unwritable
        return to

    def _about(self) -> dict[str, Any]:
        try:
            octets = (self.folder / MATERIAL_FILE).read_bytes()
            return strict_json.parse_object(octets, max_bytes=LIMITS.conformance_file_bytes)
        except (OSError, IdBridgeError) as unreadable:
            raise ConfigurationError(f"the trust material {self.name} does not say what it is") from unreadable


def _copy(folder: Path, to: Path) -> None:
    """Copy files alone: when each was written would tell which of them an edition changes."""
    shutil.copytree(folder, to, dirs_exist_ok=True, copy_function=shutil.copyfile)
