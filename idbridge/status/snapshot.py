"""What is known of revocation at one moment: immutable and named by its content, so that a verdict can name it.

Holds what was fetched ahead of time: revocation lists of certificates, status lists of credentials, and the key sets of
login services whose states list where they are. A credential that refers to a list that is not here is INDETERMINATE,
and so is a token whose key is in none of the sets (``status/check``, ``trust/resolver``).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from idbridge.codec import jcs
from idbridge.crypto.crl import VerifiedCrl
from idbridge.errors import StatusError
from idbridge.model.region import MemberState
from idbridge.model.time import instant_text
from idbridge.model.trust import NO_POLLED_KEYS, Polled
from idbridge.status.status_list import Place, StatusList

SCHEMA: Final = "idbridge-status-1"
_NO_LISTS: Final[Mapping[Place, StatusList]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class StatusSnapshot:
    """One state of knowledge about revocation. ``id`` is the SHA-256 (hex) of the canonical manifest.

    ``crls`` are the newest of each scope, by the authority that made them. ``lists`` are by state and address, and so
    are the ``polled`` keys. Made by ``status_snapshot``.
    """

    id: str
    crls: Mapping[str, tuple[VerifiedCrl, ...]] = field(default_factory=dict, compare=False, repr=False)
    lists: Mapping[Place, StatusList] = field(default_factory=lambda: _NO_LISTS, compare=False, repr=False)
    polled: Polled = field(default_factory=lambda: NO_POLLED_KEYS, compare=False, repr=False)

    def is_of_another_state(self, place: Place) -> bool:
        """Tell whether another state than that of ``place`` lists its address."""
        return any((state, place[1]) in self.lists for state in MemberState if state is not place[0])


def status_snapshot(
    crls: Iterable[VerifiedCrl] = (), *, lists: Iterable[StatusList] = (), polled: Polled = NO_POLLED_KEYS
) -> StatusSnapshot:
    """Return the snapshot that holds ``crls``, of each authority, scope and set of points the newest, and the others.

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
    by_place = {one.place: one for one in lists}
    entries = [_entry(crl) for crl in kept]
    entries += [_list_entry(by_place[place]) for place in sorted(by_place)]
    entries += [_key_set_entry(place, polled) for place in sorted(polled)]
    manifest = {"schema": SCHEMA, "lists": entries}
    return StatusSnapshot(
        jcs.digest_hex(manifest),
        MappingProxyType(by_authority),
        MappingProxyType(by_place),
        MappingProxyType(dict(polled)) if polled else NO_POLLED_KEYS,
    )


def _entry(crl: VerifiedCrl) -> dict[str, Any]:
    return {"kind": "crl", "authority": crl.authority, "digest": crl.digest}


def _list_entry(one: StatusList) -> dict[str, Any]:
    state, address = one.place
    until = instant_text(one.until)
    return {"kind": "status-list", "state": state.value, "address": address, "digest": one.digest, "until": until}


def _key_set_entry(place: Place, polled: Polled) -> dict[str, Any]:
    state, address = place
    keys = polled[place]
    until = instant_text(keys.until)
    return {"kind": "key-set", "state": state.value, "address": address, "digest": keys.digest, "until": until}


EMPTY_STATUS: Final = status_snapshot()
