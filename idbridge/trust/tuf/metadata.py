"""One metadata file: octets to a value whose form, dates and version are in order, signatures not yet looked at.

Stricter than the library where that is silent: no ambiguous JSON, no version beyond bounds, no lifetime beyond the
role's, no member that nobody knows, and an instant of signing, which TUF has no word for.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Generic, TypeVar, cast

from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, Root, Snapshot, Targets, Timestamp
from tuf.api.serialization import DeserializationError, SerializationError
from tuf.api.serialization.json import CanonicalJSONSerializer

from idbridge.codec import strict_json
from idbridge.errors import InputError, TrustError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment
from idbridge.model.time import parse_instant
from idbridge.trust.tuf import roles
from idbridge.trust.tuf.errors import broken

Kind = TypeVar("Kind", Root, Targets, Snapshot, Timestamp)
LIBRARY_ERRORS: Final = (
    RepositoryError, DeserializationError, SerializationError, ValueError, KeyError, TypeError, AttributeError,
)  # fmt: skip
_KNOWN: Final = frozenset({roles.SIGNED_AT, roles.ENVIRONMENT, roles.DIFF, roles.PROPOSER, roles.ACT, roles.REASON})
_REQUIRED: Final = frozenset({roles.SIGNED_AT, roles.ENVIRONMENT})
_SPECIFICATION: Final = "1."


@dataclass(frozen=True, slots=True)
class MetadataFile(Generic[Kind]):
    """A metadata file that was read. ``digest`` is the SHA-256 (hex) of its octets; ``payload`` is what is signed."""

    role: str
    octets: bytes
    digest: str
    metadata: Metadata[Kind]
    payload: bytes
    signed_at: datetime

    @property
    def signed(self) -> Kind:
        """What the signatures are about."""
        return self.metadata.signed

    @property
    def version(self) -> int:
        """The version of the role."""
        return self.metadata.signed.version

    @property
    def expires(self) -> datetime:
        """The instant from which it is out of date, in UTC."""
        return self.metadata.signed.expires.astimezone(UTC)

    @property
    def signers(self) -> frozenset[str]:
        """The keyids under which there is a signature, good or not."""
        return frozenset(self.metadata.signatures)


def read(octets: bytes, kind: type[Kind], *, role: str, environment: Environment) -> MetadataFile[Kind]:
    """Return the metadata of ``role`` that ``octets`` hold.

    Raises:
        TrustError: ``trust.metadata_invalid``; ``trust.environment_mismatch``: it is of another environment.
    """
    try:
        strict_json.parse(octets, max_bytes=LIMITS.metadata_bytes)  # what two readers read differently is refused
        metadata = cast("Metadata[Kind]", Metadata.from_bytes(octets))  # of which kind, is asked below
        payload = CanonicalJSONSerializer().serialize(metadata.signed)
    except InputError:
        raise broken(f"the metadata of {role} does not parse unambiguously, or is too large") from None
    except LIBRARY_ERRORS:
        raise broken(f"the metadata of {role} is not in the form of the specification") from None
    if metadata.signed.type != kind.type or metadata.unrecognized_fields:
        raise broken(f"the metadata of {role} is of another type")
    signed_at = _own_members(metadata.signed.unrecognized_fields, role=role, environment=environment)
    _refuse_numbers(metadata.signed, role=role)
    found = MetadataFile(role, octets, hashlib.sha256(octets).hexdigest(), metadata, payload, signed_at)
    if not timedelta(0) < found.expires - signed_at <= roles.terms(role).longest:
        raise TrustError("trust.lifetime_too_long", f"the metadata of {role} is good for longer than it may be")
    return found


def parse_unverified(octets: bytes) -> Any:
    """Return what metadata says that nobody has verified: a ``Root``, ``Targets``, ``Snapshot`` or ``Timestamp``.

    Raises:
        One of ``LIBRARY_ERRORS``: It is none of them.
    """
    return Metadata.from_bytes(octets).signed


def _own_members(members: dict[str, Any], *, role: str, environment: Environment) -> datetime:
    """Return when the metadata was signed; every member of ours is known, and the environment is this one."""
    if not members.keys() >= _REQUIRED or not members.keys() <= _KNOWN:
        raise broken(f"the metadata of {role} has members that nobody knows, or lacks one")
    if any(type(value) is not str for value in members.values()):
        raise broken(f"a member of the metadata of {role} is not a text")
    if members[roles.ENVIRONMENT] != environment.value:
        raise TrustError("trust.environment_mismatch")
    try:
        return parse_instant(members[roles.SIGNED_AT])
    except ValueError:
        raise broken(f"the metadata of {role} does not say when it was signed") from None


def _refuse_numbers(signed: Root | Targets | Snapshot | Timestamp, *, role: str) -> None:
    if not 1 <= signed.version <= LIMITS.metadata_version or not signed.spec_version.startswith(_SPECIFICATION):
        raise broken(f"the metadata of {role} is of a version out of bounds")


def require_current(read_: MetadataFile[Any], *, at: datetime) -> None:
    """Return if the metadata is neither from the future nor out of date at ``at``.

    Raises:
        TrustError: ``trust.issued_in_future`` or ``trust.expired``.
    """
    if read_.signed_at > at + LIMITS.list_issue_skew:
        raise TrustError("trust.issued_in_future", f"the metadata of {read_.role}")
    if read_.expires <= at:
        raise TrustError("trust.expired", f"the metadata of {read_.role} expired at {read_.expires.isoformat()}")
