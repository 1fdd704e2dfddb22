"""The entry under which a state's role lists its trust list: what the list must be, and the state's signing keys.

The entry and the list say the same thing twice, in two signatures of two kinds of keys; where they differ, neither is
believed. ``keys`` sign lists and documents now; ``document_keys`` are retired ones, whose arrangements still stand.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tuf.api.metadata import TargetFile

from idbridge.crypto.keys import JwkPublicKey, parse_jwk
from idbridge.errors import JoseError, TrustError
from idbridge.limits import LIMITS
from idbridge.trust import members
from idbridge.trust.profile import TrustList
from idbridge.trust.tuf import roles
from idbridge.trust.tuf.errors import broken

_MEMBERS: Final = frozenset({"sequence", "digest", "signer", "keys", "documentKeys"})


@dataclass(frozen=True, slots=True)
class ListEntry:
    """What a state's role says of its list. ``digest`` is the SHA-256 (hex) of the payload of the list."""

    sequence: int
    digest: str
    signer: str
    keys: tuple[JwkPublicKey, ...]
    document_keys: tuple[JwkPublicKey, ...]

    def require(self, listed: TrustList) -> None:
        """Return if ``listed`` is the list that this entry is about.

        Raises:
            TrustError: ``trust.entry_mismatch``.
        """
        about = listed.provenance
        if (about.sequence, listed.content) != (self.sequence, self.digest):
            raise TrustError("trust.entry_mismatch", f"the entry names sequence {self.sequence}, the list is another")

    def custom(self) -> dict[str, Any]:
        """Return the entry as the ``custom`` member of a target."""
        return {
            roles.CUSTOM: {
                "sequence": self.sequence,
                "digest": self.digest,
                "signer": self.signer,
                "keys": [dict(key.jwk) for key in self.keys],
                "documentKeys": [dict(key.jwk) for key in self.document_keys],
            }
        }


def read(target: TargetFile) -> ListEntry:
    """Return the entry in a target's ``custom`` member.

    Raises:
        TrustError: ``trust.metadata_invalid``: it is not in its form, or one key stands in it twice.
    """
    try:
        outer = members.table(target.custom, required=frozenset({roles.CUSTOM}), where="custom")
        read_ = members.table(outer[roles.CUSTOM], required=_MEMBERS, where="custom")
        entry = ListEntry(
            sequence=members.count(read_["sequence"], where="sequence", least=1, most=LIMITS.list_sequence),
            digest=members.text(read_["digest"], where="digest"),
            signer=members.text(read_["signer"], where="signer"),
            keys=members.array(read_["keys"], _key, where="keys", most=LIMITS.keys_per_service),
            document_keys=_retired(read_["documentKeys"]),
        )
    except (TrustError, JoseError) as refusal:
        raise broken(f"the entry of the list: {refusal.detail}") from refusal
    thumbprints = [key.thumbprint for key in (*entry.keys, *entry.document_keys)]
    if len(set(thumbprints)) != len(thumbprints) or entry.signer not in {key.thumbprint for key in entry.keys}:
        raise broken("the entry of the list names a key twice, or a signer that is not among its keys")
    return entry


def _retired(value: Any) -> tuple[JwkPublicKey, ...]:
    return members.array(value, _key, where="documentKeys", most=LIMITS.keys_per_service) if value != [] else ()


def _key(value: Any) -> JwkPublicKey:
    if type(value) is not dict:
        raise broken("a key of the entry is not a JWK")
    return parse_jwk(value)


def entry_for(
    listed: TrustList, *, keys: Iterable[Mapping[str, Any]], document_keys: Iterable[Mapping[str, Any]] = ()
) -> ListEntry:
    """Return the entry under which ``listed`` is published, with the keys that the state signs with.

    Raises:
        JoseError: A key cannot be read.
    """
    about = listed.provenance
    return ListEntry(
        sequence=about.sequence,
        digest=listed.content,
        signer=about.signer,
        keys=tuple(parse_jwk(jwk) for jwk in keys),
        document_keys=tuple(parse_jwk(jwk) for jwk in document_keys),
    )
