"""The court of status lists: is the value that a case claims the one that stands at the index? By our own unpacking."""

from typing import Any, Final

from idbridge.codec import cbor
from idbridge.errors import StatusError
from idbridge.limits import LIMITS
from idbridge.status import packing
from idbridge.status.token_status_list import unpacked
from tests.judges.court import ACCEPTED, Case, Court


def _judged(status_list: Any, context: dict[str, int], *, binary: bool) -> str:
    try:
        bits, octets = unpacked(status_list, binary=binary)
    except StatusError as refusal:
        return refusal.code
    index = context["index"]
    if bits != context["bits"] or index >= packing.capacity(octets, bits):
        return "status.index_range"
    return ACCEPTED if packing.value_at(octets, index, bits) == context["value"] else "status.list_invalid"


def _json(case: Case) -> str:
    return _judged(case["input"], case["context"], binary=False)


def _cbor(case: Case) -> str:
    octets = bytes.fromhex(case["input"])
    return _judged(cbor.decode(octets, max_bytes=LIMITS.status_list_bytes), case["context"], binary=True)


STATUSLIST: Final = Court("statuslist", {"statuslist:json": _json, "statuslist:cbor": _cbor})
