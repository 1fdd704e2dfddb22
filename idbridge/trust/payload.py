"""The payload of a trust list: from octets to the list that they hold, and the digest of each of its entries.

Decides whether the octets are one unambiguous list. A list that was signed in canonical form, as ``publish`` writes
it, is read once (``canonical_list``). Any other list is read strictly, and each entry is put into canonical form; both
ways end in the same values.
"""

from collections.abc import Iterator
from typing import Any

from idbridge.codec import canonical, jcs, strict_json
from idbridge.errors import InputError, TrustError
from idbridge.limits import LIMITS
from idbridge.trust import canonical_list, extension, lote
from idbridge.trust.errors import violation
from idbridge.trust.lote import ListOfTrustedEntities

Digests = tuple[str, ...]


def read(payload: bytes) -> tuple[ListOfTrustedEntities, Digests]:
    """Return the list, and the SHA-256 (hex) of every canonical service entry in the order of the list.

    Raises:
        TrustError: ``trust.profile_violation``: it is no list of trusted entities, or has more than one reading.
    """
    found = _canonical(payload)
    if found is not None:
        return found
    try:
        content = strict_json.parse(payload, max_bytes=LIMITS.trust_list_bytes)
    except InputError:
        raise violation("the list does not parse unambiguously") from None
    listed = lote.parse(content)
    try:
        return listed, tuple(jcs.digest_hex(entry) for entry in _entries(content["LoTE"]))
    except InputError:
        raise violation("a service entry has no canonical form") from None


def _canonical(payload: bytes) -> tuple[ListOfTrustedEntities, Digests] | None:
    """Return what ``read`` returns if the payload is canonical; ``None`` if it is not, or is no list."""
    try:
        listed, digests = canonical_list.read(canonical.characters(payload, max_bytes=LIMITS.trust_list_bytes))
        for free in _free(listed):
            strict_json.refuse_deeper(free, LIMITS.nesting_depth // 2)
    except (InputError, TrustError, RecursionError):
        return None
    return listed, digests


def _entries(content: dict[str, Any]) -> Iterator[Any]:
    """Yield the service entries of a list in the shape of the standard, as they were written."""
    return (entry for entity in content.get("TrustedEntitiesList", ()) for entry in entity["TrustedEntityServices"])


def _free(listed: ListOfTrustedEntities) -> Iterator[Any]:
    """Yield what the model takes as it stands, at any depth; all else is as deep as its shape.

    The rules of a service are not among it: ``extension`` reads them to the last member or refuses them.
    """
    yield from (one.content for one in listed.scheme.extensions)
    for entity in listed.entities:
        yield from (one.content for one in entity.extensions)
        for entry in entity.services:
            yield from (one.content for one in entry.extensions if one.name != extension.NAME)
            yield from (one for key in entry.identity.public_keys for one in key.values() if type(one) is not str)
            for past in entry.history:
                yield from (one.content for one in past.extensions)
                yield from past.identity.public_keys
