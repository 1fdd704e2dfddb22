"""Handovers: how a state exchanges the keys of its role without anybody else deciding for it (architecture D1).

The region delegates to a state's keys, and so could delegate to keys that are not the state's. Therefore each key set
has a number, and the next one counts only if the threshold of the one before it signed it. What is not countersigned
is ``trust.reanchored``: it waits for the operator of the node, who asks the state by another way.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from tuf.api.metadata import DelegatedRole

from idbridge.codec import base64url, strict_json
from idbridge.crypto.keys import JwkPublicKey, parse_jwk
from idbridge.crypto.signer import Signer
from idbridge.errors import InputError, JoseError, TrustError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment, MemberState
from idbridge.recognition.signed_document import open_signed, sign_with_each
from idbridge.trust import members, published_test_keys
from idbridge.trust.errors import EquivocationError, RollbackError
from idbridge.trust.tuf import roles
from idbridge.trust.tuf.errors import broken
from idbridge.trust.tuf.floors import KeySet
from idbridge.trust.tuf.quorum import Quorum

TYPE: Final = "idbridge-handover+json"
SCHEMA: Final = "idbridge-handover-1"
_MEMBERS: Final = frozenset({"schema", "environment", "state", "number", "threshold", "from", "to"})
_LONGEST_WALK: Final = 64


def number_of(delegated: DelegatedRole) -> int:
    """Return the number of the key set to which a state's role is delegated.

    Raises:
        TrustError: ``trust.metadata_invalid``: there is none.
    """
    if set(delegated.unrecognized_fields) != {roles.KEY_SET}:
        raise broken("a delegation has members that nobody knows, or no number of its key set")
    number = delegated.unrecognized_fields[roles.KEY_SET]
    return members.count(number, where=roles.KEY_SET, least=1, most=LIMITS.metadata_version)


def accepted(
    quorum: Quorum, *, number: int, held: KeySet | None, environment: Environment, document: Callable[[int], bytes]
) -> KeySet:
    """Return the key set of ``quorum`` if it is the one held, or was handed over to from it; the first one counts.

    ``document`` returns the handover to a key set by its number, and raises ``TrustError`` without one.

    Raises:
        TrustError: ``trust.reanchored``; ``trust.published_test_key``: everybody can have a key of a set that hands
            over, be it the one held or one on the way, and so anybody could have done so.
        RollbackError, EquivocationError: An older key set, or another under the same number.
    """
    offered = KeySet(number, frozenset(quorum.keys), quorum.threshold)
    if held is None or held == offered:
        return offered
    if number < held.number:
        raise RollbackError(held=held.number, offered=number)
    if number == held.number:
        raise EquivocationError(sequence=number, held=_name(held), offered=_name(offered))
    if number > held.number + _LONGEST_WALK:
        raise _reanchored(f"key set {number} is too far from {held.number}")
    state = MemberState(quorum.role)
    reached = held
    for step in range(held.number + 1, number + 1):
        where = f"key set {reached.number} of {state}"
        published_test_keys.refuse(reached.keys, environment=environment, where=where)
        reached = _step(document(step), reached, state=state, number=step, environment=environment)
    if reached != offered:
        raise _reanchored(f"{state} handed over to other keys than those of key set {number}")
    return offered


def _step(octets: bytes, before: KeySet, *, state: MemberState, number: int, environment: Environment) -> KeySet:
    """Return the key set to which ``before`` hands over, if enough of its keys signed that."""
    try:
        signed = open_signed(octets, typ=TYPE, keys={state: _outgoing(octets)})
        read = members.table(signed.payload, required=_MEMBERS, where="a handover")
        named = (read["schema"], read["environment"], read["state"], read["number"])
        offered = KeySet(
            number,
            members.several(read["to"], lambda one: members.text(one, where="a key"), where="to"),
            members.count(read["threshold"], where="threshold", least=1, most=LIMITS.role_keys),
        )
    except (TrustError, JoseError, InputError) as refusal:
        raise _reanchored(f"handover {number} of {state} is not in order: {refusal.detail}") from refusal
    if named != (SCHEMA, environment.value, state.value, number):
        raise _reanchored(f"handover {number} of {state} is about something else")
    if len(signed.signed_with & before.keys) < before.threshold:
        raise _reanchored(f"handover {number} of {state} lacks signatures of the keys before it")
    return offered


def _outgoing(octets: bytes) -> tuple[JwkPublicKey, ...]:
    """Return the outgoing keys that a handover brings along; which of them count, the key set held says."""
    outer = strict_json.parse_object(octets, max_bytes=LIMITS.recognition_document_bytes)
    payload = strict_json.parse_object(
        base64url.decode(members.string(outer.get("payload"), where="payload")),
        max_bytes=LIMITS.recognition_document_bytes,
    )
    return members.array(payload.get("from"), _key, where="from", most=LIMITS.role_keys)


def _key(value: Any) -> JwkPublicKey:
    if type(value) is not dict:
        raise broken("a key is not a JWK")
    return parse_jwk(value)


def _name(key_set: KeySet) -> str:
    return ",".join(sorted(key_set.keys))


def _reanchored(detail: str) -> TrustError:
    return TrustError("trust.reanchored", detail)


def written(
    incoming: Quorum,
    outgoing: Quorum,
    signers: Sequence[Signer],
    *,
    number: int,
    environment: Environment,
) -> bytes:
    """Return the handover from ``outgoing`` to ``incoming``, signed by ``signers`` of the outgoing keys."""
    state = MemberState(incoming.role)
    payload = {
        "schema": SCHEMA,
        "environment": environment.value,
        "state": state.value,
        "number": number,
        "threshold": incoming.threshold,
        "from": [dict(outgoing.keys[key].key.jwk) for key in sorted(outgoing.keys)],
        "to": sorted(incoming.keys),
    }
    return sign_with_each(payload, [(state, signer) for signer in signers], TYPE)
