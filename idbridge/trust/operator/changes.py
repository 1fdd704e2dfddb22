"""Changes that an operator makes with one command: another key of a service, another signer, an arrangement suspended.

Makes the documents; each ends in a proposal, and whether it is acceptable is judged where every proposal is. A key
that is exchanged in good order is listed for as long as anybody may still hold the list that does not know the new
one; a key that is compromised is not. Clause: architecture D1, D2.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from idbridge.codec import strict_json
from idbridge.crypto.keys import parse_jwk
from idbridge.crypto.signer import Signer
from idbridge.errors import ConfigurationError, FetchError, InputError, TrustError
from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge.model.time import instant_text
from idbridge.model.trust import ServiceStatus
from idbridge.recognition.arrangement import ArrangementIndex, ArrangementStatus
from idbridge.recognition.members import invalid
from idbridge.recognition.signed_document import ARRANGEMENT_TYPE, sign_document
from idbridge.trust import jades
from idbridge.trust.operator import agreeing, drafting, editing, public_keys
from idbridge.trust.operator.comparison import document_keys, newest_path, unverified_payload
from idbridge.trust.operator.drafting import Intent
from idbridge.trust.operator.public_keys import PublicKeys
from idbridge.trust.operator.published import Published
from idbridge.trust.operator.workspace import LIST_LIFETIME, Workspace
from idbridge.trust.publish import ServiceMaterial, sign_list
from idbridge.trust.tuf import metadata, roles, writing
from idbridge.trust.tuf.client import METADATA, TARGETS
from idbridge.trust.tuf.metadata import LIBRARY_ERRORS
from idbridge.trust.tuf.proposal import Proposal

_DAY: Final = "%Y%m%d"


# Keys of a service


@dataclass(frozen=True, slots=True)
class Succession:
    """How one key of a service follows another: in good order until ``ends``, or because of a compromise ``since``."""

    new_id: str
    material: ServiceMaterial
    begins: datetime
    status: ServiceStatus
    ends: datetime


def least_overlap(before: Published, state: MemberState, *, at: datetime) -> timedelta:
    """Return how long two keys are listed side by side at least: while the list that stands may be held, and grace."""
    listed = before.list_of(state)
    left = listed.provenance.next_update - at if listed is not None else timedelta(0)
    return max(left, timedelta(0)) + LIMITS.grace_low


def successor_id(service_id: str, *, at: datetime) -> str:
    """Return the usual id of the service with its next key."""
    return f"{service_id}-{at.strftime(_DAY)}"


def rotated(workspace: Workspace, service_id: str, succession: Succession) -> Workspace:
    """Return the folder in which another key follows that of a service.

    Raises:
        ConfigurationError: There is no such service, or its list cannot be edited.
    """
    held = editing.service(workspace.text(), service_id)
    try:
        name = {**held["name"], "en": f"{held['name']['en']}, key of {succession.begins.date()}"}
        kind = dict(held["material"])
    except (KeyError, TypeError, ValueError) as odd:
        raise ConfigurationError(f"the service {service_id} is not in its form; run `idbridge trust lint`") from odd
    count = len(succession.material.jwks) + len(succession.material.certificates)
    changes = {
        "id": succession.new_id,
        "name": name,
        "material": {**kind, "count": count},
        "status": [{"status": "granted", "from": instant_text(succession.begins.replace(microsecond=0))}],
    }
    text = editing.with_successor(workspace.text(), service_id, changes)
    text = editing.with_status(text, service_id, succession.status, since=succession.ends)
    return workspace.edited(text, added={succession.new_id: succession.material})


# Keys that sign lists


def with_signer(public: PublicKeys, signer: Signer, *, compromised: bool) -> PublicKeys:
    """Return the keys of a state whose lists ``signer`` signs from now on.

    The ones before still vouch for what they signed, unless they are ``compromised``.

    Raises:
        ConfigurationError: It is the key that signs now, or one that was retired.
    """
    new = public_keys.plain(dict(parse_jwk(signer.public_jwk).jwk))
    known = {parse_jwk(one).thumbprint for one in (*public.lists, *public.documents)}
    if parse_jwk(new).thumbprint in known:
        raise ConfigurationError("the new key signs already, or was retired before")
    retired = public.documents if compromised else (*public.lists, *public.documents)
    return replace(public, lists=(new,), documents=retired)


def signed_by_keys(before: Published, public: PublicKeys) -> tuple[str, ...]:
    """Return the arrangements and registers that carry a signature of the state's present list keys, by path.

    Raises:
        FetchError, TrustError: One of them cannot be had.
    """
    keys = {parse_jwk(one).thumbprint for one in public.lists}
    found = before.files(roles.AGREEMENTS).items()
    return tuple(path for path, octets in sorted(found) if keys & agreeing.signers_of(octets))


def signed_again(after: Published, public: PublicKeys, signer: Signer, intent: Intent) -> Proposal:
    """Return the proposal of the documents that lost the signature of ``public``'s list keys, signed by ``signer``.

    ``after`` is what stands once ``signer`` is the state's list key.

    Raises:
        ConfigurationError, FetchError, TrustError: As ``agreeing.carried``.
    """
    dropped = frozenset(parse_jwk(one).thumbprint for one in public.lists)
    files = after.files(roles.AGREEMENTS)
    lost = {path: octets for path, octets in files.items() if dropped & agreeing.signers_of(octets)}
    made = agreeing.signed_again(after, lost, dropped, signer)
    return agreeing.carried(after, tuple(made.values()), intent)


# An arrangement


def suspended(before: Published, name: str, state: MemberState, list_signer: Signer, intent: Intent) -> Proposal:
    """Return the proposal by which ``state`` suspends an arrangement; one signature is enough to recognise less.

    Raises:
        ConfigurationError: There is no such arrangement.
        TrustError: ``trust.arrangement_invalid``: it is no matter of this state alone.
        FetchError: What stands cannot be had.
    """
    standing = newest_path(before, name)
    if standing is None:
        raise ConfigurationError(f"there is no arrangement {name}")
    payload = dict(unverified_payload(before.target(roles.AGREEMENTS, standing)))
    if payload.get("status") == ArrangementStatus.SUSPENDED.value:
        raise invalid(f"the arrangement {name} is suspended already")
    start = intent.at.replace(microsecond=0)
    payload |= {
        "version": payload["version"] + 1, "status": ArrangementStatus.SUSPENDED.value,
        "from": instant_text(start), "until": None, "rules": [],
    }  # fmt: skip
    octets = sign_document(payload, {state: list_signer}, ARRANGEMENT_TYPE)
    path = f"arrangements/{name}/{payload['version']}.json"
    _require_agreed(before, name, octets)
    files = {**before.files(roles.AGREEMENTS), path: octets}
    carried = writing.carrier(drafting.issue(before, roles.AGREEMENTS, at=intent.at), roles.AGREEMENTS, files=files)
    return drafting.completed(before, roles.AGREEMENTS, carried, {path: octets}, intent)


def _require_agreed(before: Published, name: str, octets: bytes) -> None:
    """Return if the next version of an arrangement may follow those that stand."""
    keys, index = document_keys(before), ArrangementIndex.none(before.environment)
    within = f"arrangements/{name}/"
    paths = [path for path in before.targets(roles.AGREEMENTS) if path.startswith(within)]
    for path in sorted(paths, key=lambda one: int(one[len(within) :].removesuffix(".json"))):
        index = index.with_arrangement(before.target(roles.AGREEMENTS, path), keys=keys)
    index.with_arrangement(octets, keys=keys)


# An earlier edition


def reverted(before: Published, public: PublicKeys, sequence: int, list_signer: Signer, intent: Intent) -> Proposal:
    """Return the proposal that publishes the content of edition ``sequence`` again, under the next number.

    Raises:
        ConfigurationError: There is no such edition in the tree.
        TrustError: The edition would be refused: what has ended since then stays ended.
    """
    listed = before.list_of(public.state)
    if listed is None or not 0 < sequence < listed.provenance.sequence:
        raise ConfigurationError(f"edition {sequence} of {public.state} is not one before the present one")
    lote = _edition(before, public, sequence)
    start = intent.at.replace(microsecond=0)
    about = lote["LoTE"]["ListAndSchemeInformation"]
    about |= {
        "LoTESequenceNumber": listed.provenance.sequence + 1,
        "ListIssueDateTime": instant_text(start),
        "NextUpdate": instant_text(start + LIST_LIFETIME),
    }
    octets = sign_list(lote, list_signer, at=start).encode("ascii")
    return drafting.state_edition(before, public, octets, intent)


def _edition(before: Published, public: PublicKeys, sequence: int) -> dict[str, Any]:
    """Return the payload of an earlier edition, from what the tree still has, if a key signed it that still vouches."""
    state, keys = public.state, tuple(parse_jwk(one) for one in (*public.lists, *public.documents))
    for version in range(before.version(state.value) - 1, 0, -1):
        octets = _listed(before, state, version)
        if octets is None:
            continue
        try:
            payload = strict_json.parse_object(
                jades.open_list(octets, keys=keys).payload, max_bytes=LIMITS.trust_list_bytes
            )
        except TrustError:
            continue
        if payload["LoTE"]["ListAndSchemeInformation"]["LoTESequenceNumber"] == sequence:
            return payload
    raise ConfigurationError(f"edition {sequence} of {state} is not in the tree any more, or its signer was dropped")


def _listed(before: Published, state: MemberState, version: int) -> bytes | None:
    if before.tree is None:
        return None
    try:
        role = before.tree.read(f"{METADATA}/{version}.{state}.json", max_bytes=LIMITS.metadata_bytes)
        named = metadata.parse_unverified(role).targets[roles.list_path(state)]
        sha256 = named.hashes["sha256"]
        octets = before.tree.read(f"{TARGETS}/lists/{state}/{sha256}.list.jws", max_bytes=LIMITS.trust_list_bytes)
    except (*LIBRARY_ERRORS, FetchError, InputError):
        return None
    return octets if writing.digest(octets) == sha256 else None
