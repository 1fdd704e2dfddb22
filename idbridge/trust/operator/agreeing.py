"""Arrangements and the purpose register on their way: signed by one state after the other, then carried into the tree.

Makes the documents and the proposal that carries them; who must have signed what, ``recognition`` decides, here as on
every node. The role that carries them adds no trust: one key on call is enough for it. Architecture D2.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from idbridge.codec import base64url, jcs, strict_json
from idbridge.crypto.keys import thumbprint
from idbridge.crypto.signer import Signer
from idbridge.errors import ConfigurationError, InputError, TrustError
from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge.recognition import arrangement, purpose
from idbridge.recognition.arrangement import ArrangementIndex
from idbridge.recognition.members import invalid
from idbridge.recognition.purpose import PurposeRegister
from idbridge.recognition.signed_document import ARRANGEMENT_TYPE, PURPOSES_TYPE, sign_with_each
from idbridge.trust.operator import drafting
from idbridge.trust.operator.comparison import document_keys, unverified_payload
from idbridge.trust.operator.drafting import Intent
from idbridge.trust.operator.published import Published
from idbridge.trust.tuf import roles, writing
from idbridge.trust.tuf.proposal import Proposal

_TYPES: Final = MappingProxyType({arrangement.SCHEMA: ARRANGEMENT_TYPE, purpose.SCHEMA: PURPOSES_TYPE})
_SIGNED: Final = frozenset({"payload", "signatures"})


def payload_of(octets: bytes) -> dict[str, Any] | None:
    """Return what an arrangement or register says, signed or not yet; ``None`` for a file of another kind."""
    try:
        said = strict_json.parse_object(octets, max_bytes=LIMITS.recognition_document_bytes)
        payload = unverified_payload(octets) if said.keys() == _SIGNED else said
    except (InputError, TrustError):
        return None
    return payload if payload.get("schema") in _TYPES else None


def countersigned(before: Published, octets: bytes, signer: Signer) -> bytes:
    """Return the document in ``octets`` with one more signature, by the list key of whichever state's it is.

    Raises:
        TrustError: ``trust.signer_unknown``: it is no state's list key; ``trust.arrangement_invalid``: another file.
    """
    payload = payload_of(octets)
    if payload is None:
        raise invalid("neither an arrangement nor a register of purposes")
    state = _state_of(before, thumbprint(signer.public_jwk))
    made = strict_json.parse_object(
        sign_with_each(payload, [(state, signer)], _TYPES[payload["schema"]]),
        max_bytes=LIMITS.recognition_document_bytes,
    )
    held = strict_json.parse_object(octets, max_bytes=LIMITS.recognition_document_bytes).get("signatures", [])
    others = [one for one in held if one["protected"] != made["signatures"][0]["protected"]]
    return jcs.canonicalize({**made, "signatures": [*others, *made["signatures"]]})


def signed_again(
    before: Published, lost: Mapping[str, bytes], dropped: frozenset[str], signer: Signer
) -> dict[str, bytes]:
    """Return the documents ``lost``, by path, with a signature by ``signer`` in the place of those by ``dropped`` keys.

    Raises:
        TrustError: As ``countersigned``.
    """
    return {path: countersigned(before, _without(octets, dropped), signer) for path, octets in lost.items()}


def _without(octets: bytes, dropped: frozenset[str]) -> bytes:
    document = strict_json.parse_object(octets, max_bytes=LIMITS.recognition_document_bytes)
    kept = [one for one in document["signatures"] if _kid(one) not in dropped]
    return jcs.canonicalize({**document, "signatures": kept})


def signers_of(octets: bytes) -> frozenset[str]:
    """Return the thumbprints of the keys that a signed document names, good or not."""
    document = strict_json.parse_object(octets, max_bytes=LIMITS.recognition_document_bytes)
    return frozenset(_kid(one) for one in document["signatures"])


def _kid(signature: Mapping[str, Any]) -> str:
    header = base64url.decode(signature["protected"])
    return str(strict_json.parse_object(header, max_bytes=LIMITS.protected_header_bytes).get("kid"))


def _state_of(before: Published, name: str) -> MemberState:
    for state, keys in document_keys(before).items():
        if any(key.thumbprint == name for key in keys):
            return state
    raise TrustError("trust.signer_unknown", f"the key {name} signs no state's lists")


def carried(before: Published, documents: Sequence[bytes], intent: Intent) -> Proposal:
    """Return the proposal that carries signed ``documents`` into the tree, if those who must have signed them.

    Raises:
        ConfigurationError: There is none, or one is of another kind.
        TrustError: ``trust.arrangement_invalid``: a signature is missing, or it does not follow what stands.
        FetchError: What stands cannot be had.
    """
    standing = before.files(roles.AGREEMENTS)
    added = {_path(octets): octets for octets in documents}
    if not added or any(standing.get(path) == octets for path, octets in added.items()):
        raise ConfigurationError("there is nothing to carry, or this very document stands already")
    require_agreed(before, {**standing, **added})
    payload = writing.carrier(
        drafting.issue(before, roles.AGREEMENTS, at=intent.at), roles.AGREEMENTS, files={**standing, **added}
    )
    return drafting.completed(before, roles.AGREEMENTS, payload, added, intent)


def _path(octets: bytes) -> str:
    payload = payload_of(octets)
    if payload is None:
        raise ConfigurationError("a file is neither a signed arrangement nor a signed register")
    version = payload.get("version")
    if payload["schema"] == purpose.SCHEMA:
        return f"purposes/{version}.json"
    return f"arrangements/{payload.get('id')}/{version}.json"


def require_agreed(before: Published, files: Mapping[str, bytes]) -> None:
    """Return if a node that holds nothing yet would take up every one of ``files``, by path.

    Raises:
        TrustError: ``trust.arrangement_invalid``.
    """
    keys = document_keys(before)
    index, register = ArrangementIndex.none(before.environment), PurposeRegister.none(before.environment)
    for path in sorted(files, key=_place):
        if path.startswith("purposes/"):
            register = register.with_register(files[path], keys=keys)
        else:
            index = index.with_arrangement(files[path], keys=keys)


def _place(path: str) -> tuple[str, int]:
    """Order versions as numbers."""
    folder, _, name = path.rpartition("/")
    number = name.removesuffix(".json")
    return folder, int(number) if number.isascii() and number.isdigit() else 0
