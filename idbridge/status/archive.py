"""What a node keeps of the revocation lists that it took up: octets that show later what a verdict relied on.

Decides nothing anew: what is read here was judged when it was taken up, and counts only if it is the very CRL on which
the floors stand. Whether it is still current, and still demanded, is asked wherever it is used.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, Final

from idbridge.crypto.crl import verify_crl
from idbridge.errors import ConfigurationError, StatusError, TrustError
from idbridge.model.region import Environment, MemberState
from idbridge.model.time import instant_text
from idbridge.status.prefetch import HeldCrl
from idbridge.status.snapshot import StatusSnapshot
from idbridge.trust import members
from idbridge.trust.crl_floors import CrlFloors
from idbridge.trust.stored import StoredSnapshot

SCHEMA: Final = "idbridge-status-archive-1"
_MEMBERS: Final = frozenset({"schema", "environment", "status_snapshot", "lists"})
_LIST: Final = frozenset({"state", "address", "crl", "issuer", "this_update"})


def content(held: Iterable[HeldCrl]) -> dict[str, bytes]:
    """Return the octets of ``held`` by path: the CRLs, and the certificates that they were verified with."""
    files: dict[str, bytes] = {}
    for one in held:
        files[_crl_path(one.crl.digest)] = one.octets
        files[_issuer_path(_sha256(one.issuer))] = one.issuer
    return files


def about(held: Iterable[HeldCrl], statuses: StatusSnapshot, *, environment: Environment) -> dict[str, Any]:
    """Return what is written beside the octets; ``status_snapshot`` is what verdicts name."""
    return {
        "schema": SCHEMA,
        "environment": environment.value,
        "status_snapshot": statuses.id,
        "lists": [_entry(one) for one in held],
    }


def _entry(one: HeldCrl) -> dict[str, str]:
    state, address = one.place
    return {
        "state": state.value,
        "address": address,
        "crl": one.crl.digest,
        "issuer": _sha256(one.issuer),
        "this_update": instant_text(one.crl.this_update),
    }


def read(stored: StoredSnapshot, *, environment: Environment, floors: CrlFloors) -> tuple[HeldCrl, ...]:
    """Return what was held, as far as ``floors`` still stand on it.

    Raises:
        ConfigurationError: It is of another environment or in another form.
    """
    try:
        said = members.table(dict(stored.about), required=_MEMBERS, where="the archive")
        if (said["schema"], said["environment"]) != (SCHEMA, environment.value):
            raise ConfigurationError("what is kept is of another schema, or of another environment")
        entries = members.array(said["lists"], lambda entry: _held(entry, stored.files), where="lists")
    except (TrustError, StatusError, KeyError) as damaged:
        raise ConfigurationError(f"what is kept is damaged: {damaged}") from damaged
    return tuple(one for one in entries if floors.carry(one.crl))


def _held(entry: Any, files: Mapping[str, bytes]) -> HeldCrl:
    said = members.table(entry, required=_LIST, where="a list")
    octets = files[_crl_path(members.text(said["crl"], where="crl"))]
    issuer = files[_issuer_path(members.text(said["issuer"], where="issuer"))]
    made = members.instant(said["this_update"], where="this_update")
    place = (members.word(said["state"], MemberState, where="state"), members.text(said["address"], where="address"))
    return HeldCrl(place, verify_crl(octets, issuer=issuer, at=made), octets, issuer)


def _crl_path(digest: str) -> str:
    return f"crls/{digest}.crl"


def _issuer_path(digest: str) -> str:
    return f"issuers/{digest}.cer"


def _sha256(octets: bytes) -> str:
    return hashlib.sha256(octets).hexdigest()
