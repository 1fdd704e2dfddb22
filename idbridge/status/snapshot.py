"""What is known of revocation at one moment: immutable and named by its content, so that a verdict can name it.

Holds the certificate revocation lists that were fetched ahead of time. No status list of credentials is served yet, so
a credential that refers to one is INDETERMINATE until that very list is held (``status/check``).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from idbridge.codec import jcs
from idbridge.crypto.crl import VerifiedCrl
from idbridge.errors import StatusError

SCHEMA: Final = "idbridge-status-1"


@dataclass(frozen=True, slots=True)
class StatusSnapshot:
    """One state of knowledge about revocation. ``id`` is the SHA-256 (hex) of the canonical manifest.

    ``crls`` are the newest of each scope, by the authority that made them. Made by ``status_snapshot``.
    """

    id: str
    crls: Mapping[str, tuple[VerifiedCrl, ...]] = field(default_factory=dict, compare=False, repr=False)


def status_snapshot(crls: Iterable[VerifiedCrl] = ()) -> StatusSnapshot:
    """Return the snapshot that holds ``crls``, of each authority, scope and set of points the newest.

    Raises:
        StatusError: ``status.crl_rollback``: one authority said two things under one number.
    """
    newest: dict[tuple[str, str, frozenset[str]], VerifiedCrl] = {}
    for crl in crls:
        name = (crl.authority, crl.scope.value, crl.points)
        held = newest.setdefault(name, crl)
        if held.number == crl.number and held.digest != crl.digest:
            raise StatusError("status.crl_rollback", f"two CRLs are numbered {crl.number}")
        if held.number < crl.number:
            newest[name] = crl
    kept = sorted(newest.values(), key=lambda crl: (crl.authority, crl.digest))
    by_authority: dict[str, tuple[VerifiedCrl, ...]] = {}
    for crl in kept:
        by_authority[crl.authority] = (*by_authority.get(crl.authority, ()), crl)
    manifest = {"schema": SCHEMA, "lists": [_entry(crl) for crl in kept]}
    return StatusSnapshot(jcs.digest_hex(manifest), MappingProxyType(by_authority))


def _entry(crl: VerifiedCrl) -> dict[str, Any]:
    return {"kind": "crl", "authority": crl.authority, "digest": crl.digest}


EMPTY_STATUS: Final = status_snapshot()
