"""What a node keeps of revocation: octets of CRLs, status lists and key sets, which show what a verdict relied on.

Decides nothing anew: what is read here was judged when it was taken up, and a list counts only if it is the very one on
which the floors stand. Status lists are judged once more as of the second at which they were fetched, by the trust
lists that are held; one whose signer is no longer listed is left out. Whether what is read is still current, and still
demanded, is asked wherever it is used.
"""

import hashlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

from idbridge.crypto.crl import verify_crl
from idbridge.errors import ConfigurationError, StatusError, TrustError
from idbridge.model.region import Environment, MemberState
from idbridge.model.time import instant_text
from idbridge.status.key_sets import HeldKeySet, demanded_sets, read_key_set
from idbridge.status.list_round import HeldList, verified_list
from idbridge.status.prefetch import HeldCrl
from idbridge.status.rounds import Held
from idbridge.status.snapshot import StatusSnapshot
from idbridge.status.status_list import Place
from idbridge.status.token_status_list import Keeper
from idbridge.trust import members
from idbridge.trust.crl_floors import CrlFloors
from idbridge.trust.snapshot import TrustSnapshot
from idbridge.trust.stored import StoredSnapshot

SCHEMA: Final = "idbridge-status-archive-1"
_MEMBERS: Final = frozenset({"schema", "environment", "status_snapshot", "lists"})
_MORE: Final = frozenset({"status_lists", "key_sets"})
_FETCHED: Final = frozenset({"state", "address", "digest", "fetched_at"})
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
        said = members.table(dict(stored.about), required=_MEMBERS, optional=_MORE, where="the archive")
        if (said["schema"], said["environment"]) != (SCHEMA, environment.value):
            raise ConfigurationError("what is kept is of another schema, or of another environment")
        if said["lists"] == [] and not _MORE.isdisjoint(said):
            return ()
        entries = members.array(said["lists"], lambda entry: _held(entry, stored.files), where="lists")
    except (TrustError, StatusError, KeyError, TypeError) as damaged:
        raise ConfigurationError(f"what is kept is damaged: {damaged}") from damaged
    return tuple(one for one in entries if floors.carry(one.crl))


def everything(held: Held) -> dict[str, bytes]:
    """Return the octets of all that is ``held``, by path."""
    files = content(held.crls)
    files |= {_list_path(one.listed.digest): one.octets for one in held.lists}
    return files | {_set_path(one.polled.digest): one.octets for one in held.key_sets}


def about_everything(held: Held, statuses: StatusSnapshot, *, environment: Environment) -> dict[str, Any]:
    """Return what is written beside the octets of all that is ``held``."""
    said = about(held.crls, statuses, environment=environment)
    lists = [_fetched(one.place, one.listed.digest, one.fetched_at) for one in held.lists]
    sets = [_fetched(one.place, one.polled.digest, one.fetched_at) for one in held.key_sets]
    return said | ({"status_lists": lists} if lists else {}) | ({"key_sets": sets} if sets else {})


def _fetched(place: Place, digest: str, fetched_at: datetime) -> dict[str, str]:
    state, address = place
    return {"state": state.value, "address": address, "digest": digest, "fetched_at": instant_text(fetched_at)}


def read_everything(
    stored: StoredSnapshot, trust: TrustSnapshot, *, environment: Environment, floors: CrlFloors, keep: Keeper
) -> Held:
    """Return all that was held, as far as ``floors`` still stand on it and ``trust`` knows who signed it.

    Raises:
        ConfigurationError: It is of another environment or in another form, or octets cannot be kept.
    """
    crls = read(stored, environment=environment, floors=floors)
    try:
        lists = [_place_of(entry) for entry in stored.about.get("status_lists", ())]
        sets = [_place_of(entry) for entry in stored.about.get("key_sets", ())]
        found = Held(crls, tuple(_lists(lists, stored, trust, keep)), tuple(_sets(sets, stored, trust)))
    except (TrustError, KeyError, TypeError) as damaged:
        raise ConfigurationError(f"what is kept is damaged: {damaged}") from damaged
    standing = tuple(one for one in found.lists if floors.carry_list(*one.place, one.floor))
    return Held(found.crls, standing, found.key_sets)


def _place_of(entry: Any) -> tuple[Place, str, datetime]:
    said = members.table(entry, required=_FETCHED, where="a fetched document")
    state = members.word(said["state"], MemberState, where="state")
    address, digest = (members.text(said[name], where=name) for name in ("address", "digest"))
    return (state, address), digest, members.instant(said["fetched_at"], where="fetched_at")


def _lists(
    entries: Iterable[tuple[Place, str, datetime]], stored: StoredSnapshot, trust: TrustSnapshot, keep: Keeper
) -> Iterable[HeldList]:
    for place, digest, fetched_at in entries:
        with suppress(StatusError):
            octets = stored.files[_list_path(digest)]
            yield verified_list(octets, place, trust=trust, fetched_at=fetched_at, keep=keep)


def _sets(
    entries: Iterable[tuple[Place, str, datetime]], stored: StoredSnapshot, trust: TrustSnapshot
) -> Iterable[HeldKeySet]:
    algorithms = {demand.place: allowed for demand, allowed in demanded_sets(trust).items()}
    for place, digest, fetched_at in entries:
        with suppress(StatusError):
            if place in algorithms:
                octets = stored.files[_set_path(digest)]
                yield read_key_set(
                    octets, place, algorithms=algorithms[place], environment=trust.environment, fetched_at=fetched_at
                )


def _held(entry: Any, files: Mapping[str, bytes]) -> HeldCrl:
    said = members.table(entry, required=_LIST, where="a list")
    octets = files[_crl_path(members.text(said["crl"], where="crl"))]
    issuer = files[_issuer_path(members.text(said["issuer"], where="issuer"))]
    made = members.instant(said["this_update"], where="this_update")
    place = (members.word(said["state"], MemberState, where="state"), members.text(said["address"], where="address"))
    return HeldCrl(place, verify_crl(octets, issuer=issuer, at=made), octets, issuer)


def _list_path(digest: str) -> str:
    return f"status-lists/{digest}.list"


def _set_path(digest: str) -> str:
    return f"key-sets/{digest}.json"


def _crl_path(digest: str) -> str:
    return f"crls/{digest}.crl"


def _issuer_path(digest: str) -> str:
    return f"issuers/{digest}.cer"


def _sha256(octets: bytes) -> str:
    return hashlib.sha256(octets).hexdigest()
