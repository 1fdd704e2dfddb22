"""Lists as ``inspect`` shows them: a state's trust list, and a status list. They are about nobody in particular."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from idbridge.cli.parts import Part
from idbridge.codec import base64url
from idbridge.codec.inflate import inflate
from idbridge.errors import InputError, TrustError
from idbridge.model.time import instant_text
from idbridge.trust import extension, lote
from idbridge.trust.lote import ListOfTrustedEntities, ServiceEntry

_BITS: Final = (1, 2, 4, 8)
_OCTET: Final = 8
_VALUES: Final = {0: "valid", 1: "invalid", 2: "suspended"}
_INFLATED: Final = 16 * 1024 * 1024


def trust_list(members: Mapping[str, Any]) -> Iterator[Part]:
    """Yield what a list of trusted entities says of itself, and each of its services."""
    try:
        listed = lote.parse(dict(members))
    except TrustError as refusal:
        yield Part("trust list", {}, str(refusal))
        return
    yield Part("trust list", _about(listed), public=True)
    services = (entry for entity in listed.entities for entry in entity.services)
    for number, entry in enumerate(services, start=1):
        yield Part(f"service {number}", _service(entry), public=True)


def _about(listed: ListOfTrustedEntities) -> dict[str, Any]:
    scheme = listed.scheme
    said: dict[str, Any] = {}
    for one in scheme.extensions:
        if one.name == extension.NAME and isinstance(one.content, Mapping):
            said = {name: one.content.get(name) for name in ("environment", "tier")}
    return {
        "state": scheme.territory,
        "sequence": scheme.sequence,
        "issued": instant_text(scheme.issued_at),
        "next update": instant_text(scheme.next_update),
        **said,
        "services": sum(len(entity.services) for entity in listed.entities),
    }


def _service(entry: ServiceEntry) -> dict[str, Any]:
    held = next((one.content for one in entry.extensions if one.name == extension.NAME), None)
    rules: Mapping[str, Any] = held if isinstance(held, Mapping) else {}
    names = ("issuer", "formats", "algorithms", "credentialTypes", "qrProfile")
    return {
        "name": entry.names.get("en") or next(iter(entry.names.values()), "none"),
        "type": entry.service_type,
        "status": entry.status.status if entry.status is not None else "none",
        "since": instant_text(entry.status.since) if entry.status is not None else "never",
        **{name: rules[name] for name in names if rules.get(name)},
    }


def status_list(members: Mapping[Any, Any]) -> Part:
    """Return how many entries a status list has and what they say, of nobody in particular."""
    bits, packed = members.get("bits"), members.get("lst")
    if bits not in _BITS or isinstance(bits, bool) or not isinstance(packed, str | bytes):
        return Part("status list", {}, "it has neither a known number of bits nor a list")
    try:
        octets = base64url.decode(packed) if isinstance(packed, str) else packed
        plain = inflate(octets, max_bytes=_INFLATED)
    except InputError as fault:
        return Part("status list", {}, str(fault))
    return Part("status list", {"bits": bits, **_counted(plain, bits)}, public=True)


def _counted(plain: bytes, bits: int) -> dict[str, int]:
    """Return how often each value stands in the list; the octets are counted first, because there are only 256."""
    found: Counter[int] = Counter()
    mask = (1 << bits) - 1
    for octet, times in Counter(plain).items():
        for shift in range(0, _OCTET, bits):
            found[(octet >> shift) & mask] += times
    named = {_VALUES.get(value, f"value {value}"): times for value, times in sorted(found.items())}
    return {"entries": len(plain) * _OCTET // bits, **named}
