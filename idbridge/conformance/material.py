"""Trust material of cases: the files that a target loads before it answers, and how it is told where they are.

One folder of the corpus holds what is common to many cases. An edition of it holds only what is otherwise in it, and
says upon which folder it lies. The private keys and secrets that a node needs are in none: they are derived from the
published test seed when the material is laid out for a target.
"""

import shutil
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
    """A folder of trust material in the corpus."""

    name: str
    folder: Path

    def laid_out(self, to: Path) -> Path:
        """Copy the public files to ``to``, which must not exist yet, and return it; of an edition, all that it is.

        Raises:
            ConfigurationError: They cannot be copied, or an edition lies upon nothing.
        """
        about = self._about()
        try:
            if UPON in about:
                shutil.copytree(self.folder.parent / about[UPON], to)
                for gone in about[WITHOUT]:
                    (to / gone).unlink()
            shutil.copytree(self.folder, to, dirs_exist_ok=UPON in about)
        except (OSError, KeyError, TypeError) as unwritable:
            raise ConfigurationError(f"the trust material {self.name} cannot be laid out") from unwritable
        return to

    def _about(self) -> dict[str, Any]:
        try:
            octets = (self.folder / MATERIAL_FILE).read_bytes()
            return strict_json.parse_object(octets, max_bytes=LIMITS.conformance_file_bytes)
        except (OSError, IdBridgeError) as unreadable:
            raise ConfigurationError(f"the trust material {self.name} does not say what it is") from unreadable
