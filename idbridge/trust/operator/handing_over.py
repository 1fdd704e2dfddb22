"""How a state exchanges the keys of its role: its present keys sign the next ones, before the region names them.

Makes the document that ``trust/tuf/handover`` reads; its text follows from the keys alone, so that the holders of the
present keys can sign it one after the other, in different places. Clause: architecture D1.
"""

from collections.abc import Sequence
from types import MappingProxyType
from typing import Final

from idbridge.codec import jcs, strict_json
from idbridge.crypto.keys import parse_jwk
from idbridge.crypto.signer import Signer
from idbridge.errors import InputError, TrustError
from idbridge.limits import LIMITS
from idbridge.trust.operator import drafting
from idbridge.trust.operator.public_keys import PublicKeys
from idbridge.trust.operator.published import Published
from idbridge.trust.tuf import handover
from idbridge.trust.tuf.errors import mismatched
from idbridge.trust.tuf.floors import KeySet
from idbridge.trust.tuf.keys import RoleKey
from idbridge.trust.tuf.quorum import Quorum

_SIGNATURES: Final = "signatures"


def countersigned(
    before: Published, public: PublicKeys, collected: Sequence[bytes], signers: Sequence[Signer]
) -> bytes:  # fmt: skip
    """Return the handover to the keys in ``public`` with the signatures ``collected`` so far and those of ``signers``.

    Raises:
        ConfigurationError: The state is not in the region, or the keys are for another environment.
        TrustError: ``trust.signer_unknown``: a key is none of the present ones; ``trust.snapshot_mismatch``: what was
            collected is about other keys.
    """
    outgoing = _outgoing(before, public)
    for one in signers:
        name = parse_jwk(one.public_jwk).thumbprint
        if name not in outgoing.keys:
            raise TrustError("trust.signer_unknown", f"the key {name} is none of the present keys of {public.state}")
    number = drafting.next_key_set(before, public)
    made = handover.written(_incoming(public), outgoing, signers, number=number, environment=before.environment)
    return _merged([*collected, made])


def require_countersigned(before: Published, public: PublicKeys, document: bytes) -> None:
    """Return if enough of the present keys of a state signed ``document``, the handover to the keys in ``public``.

    Raises:
        ConfigurationError: As ``countersigned``.
        TrustError: ``trust.reanchored``: too few did, or it is about other keys.
    """
    outgoing, number = _outgoing(before, public), drafting.next_key_set(before, public)
    held = KeySet(number - 1, frozenset(outgoing.keys), outgoing.threshold)
    handover.accepted(
        _incoming(public), number=number, held=held, environment=before.environment, document=lambda _: document
    )


def _outgoing(before: Published, public: PublicKeys) -> Quorum:
    return before.voters(public.state.value)[0].quorum


def _incoming(public: PublicKeys) -> Quorum:
    found = (RoleKey(public.state, parse_jwk(one)) for one in public.role)
    return Quorum(public.state.value, MappingProxyType({one.thumbprint: one for one in found}), public.threshold)


def _merged(documents: Sequence[bytes]) -> bytes:
    try:
        tables = [strict_json.parse_object(one, max_bytes=LIMITS.recognition_document_bytes) for one in documents]
        payloads = {str(table["payload"]) for table in tables}
        made = {jcs.canonicalize(one): one for table in tables for one in table[_SIGNATURES]}
    except (InputError, KeyError, TypeError) as malformed:
        raise mismatched("what was signed so far is no handover") from malformed
    if len(payloads) != 1:
        raise mismatched("what was signed so far is a handover to other keys")
    newest = {_header(one): made[one] for one in sorted(made)}
    return jcs.canonicalize({"payload": payloads.pop(), _SIGNATURES: list(newest.values())})


def _header(signature: bytes) -> str:
    """Return what tells whose signature it is, so that a key that signs again signs once."""
    return str(strict_json.parse_object(signature, max_bytes=LIMITS.recognition_document_bytes).get("protected"))
