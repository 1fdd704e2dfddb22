"""Status claims: where an ID token or an SD-JWT VC says that its status is looked up, handed on as it stands.

Decides only whether a claim refers to anything; what it refers to, and whether that can be followed, step V6 reads
(``status/references``). Two names do: ``status`` of the Token Status List, and ``credentialStatus`` of W3C credentials,
which no provider uses for anything else. Whoever has both means both. A login provider may call a word of its own
``status``: a value without any object in it refers to nothing, because every mechanism that the registry of the
standard knows is an object. Clauses: Token Status List, section 6.1; Bitstring Status List v1.0, section 2.1.
"""

from collections.abc import Mapping
from typing import Any, Final

from idbridge.model.credential import StatusClaims, StatusReference

STATUS: Final = "status"
ENTRIES: Final = "credentialStatus"


def referred_status(claims: Mapping[str, Any]) -> StatusReference | None:
    """Return what ``claims`` say of where their status is; ``None`` if nothing in them refers to one."""
    status = claims.get(STATUS)
    if status is not None and not _refers(status):
        status = None
    if ENTRIES not in claims:
        return status
    return {ENTRIES: claims[ENTRIES]} if status is None else StatusClaims(status, claims[ENTRIES])


def _refers(value: Any) -> bool:
    """Tell whether there is an object in ``value``, at whatever depth: anything but a provider's own word."""
    return isinstance(value, Mapping) or (isinstance(value, list) and any(map(_refers, value)))
