"""What a node held of revocation, and of types, as it travels with a dispute.

Decides whether what came is what a verdict names: the documents are judged again as of when they were fetched, by the
trust lists that came with them, and the status snapshot has to be the one that was named.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from idbridge.credential.type_documents import type_documents
from idbridge.crypto.crl import CrlFloor, VerifiedCrl
from idbridge.errors import ConfigurationError, InputError, TrustError
from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge.model.type_metadata import NO_DOCUMENTS, TypeDocuments
from idbridge.status import archive
from idbridge.status.snapshot import EMPTY_STATUS, StatusSnapshot
from idbridge.trust import members
from idbridge.trust.crl_floors import CrlFloors
from idbridge.trust.portable import read_files, written_files
from idbridge.trust.snapshot import TrustSnapshot
from idbridge.trust.stored import StoredSnapshot

_MEMBERS: Final = frozenset({"about", "files"})
_NONE: Final[Mapping[str, Any]] = MappingProxyType({})


class _AnyEdition(CrlFloors):
    """Floors for who looks back: every edition counts that is named, since its id decides and no other can be meant."""

    def carry(self, crl: VerifiedCrl) -> bool:  # noqa: ARG002 - the edition is compared by the snapshot's id
        """Tell that ``crl`` counts."""
        return True

    def carry_list(self, state: MemberState, address: str, floor: CrlFloor) -> bool:  # noqa: ARG002 - as above
        """Tell that the list counts."""
        return True


@dataclass(frozen=True, slots=True)
class StatusMaterial:
    """The documents behind one status snapshot, in the form in which nodes keep them; nothing, for the empty one."""

    about: Mapping[str, Any] = field(default_factory=lambda: _NONE)
    files: Mapping[str, bytes] = field(default_factory=lambda: _NONE, repr=False)

    def snapshot(self, trust: TrustSnapshot, *, named: str) -> StatusSnapshot:
        """Return the snapshot that this is the material of, if its id is ``named``.

        Raises:
            ConfigurationError: It is another, or what is here is damaged.
        """
        made = EMPTY_STATUS
        if self.about:
            stored = StoredSnapshot(named, self.about, self.files)
            floors = _AnyEdition(trust.environment)
            held = archive.read_everything(stored, trust, environment=trust.environment, floors=floors, keep=bytes)
            made = held.snapshot()
        if made.id != named:
            raise ConfigurationError("the status lists are not those of the snapshot which the report names")
        return made

    def document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {"about": dict(self.about), "files": written_files(self.files)}


def parse_status(value: Any) -> StatusMaterial:
    """Return the material of which ``StatusMaterial.document`` made ``value``.

    Raises:
        ConfigurationError: It is in another form.
    """
    try:
        read = members.table(value, required=_MEMBERS, where="the status material")
        about = members.table(read["about"], required=frozenset(read["about"]), where="about")
        return StatusMaterial(MappingProxyType(about), read_files(read["files"], most=LIMITS.snapshot_files))
    except (TrustError, InputError, TypeError) as damaged:
        raise ConfigurationError(f"the status material is not in its form: {damaged}") from damaged


def types_of(documents: tuple[bytes, ...]) -> TypeDocuments:
    """Return what documents of types say.

    Raises:
        ConfigurationError: They do not fit together.
    """
    return type_documents(documents) if documents else NO_DOCUMENTS
