"""What identifies a service in a list of trusted entities: certificates, public keys, and names of either.

Decides whether the member is in the form of ETSI TS 119 602 v1.1.1, and names something at all; the JSON schema that
comes with the standard accepts one that is empty or has made-up members. Which of them may be a reason for trust,
``profile`` decides: names and key identifiers alone identify nobody.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from idbridge.trust import members
from idbridge.trust.errors import violation

Value = TypeVar("Value")

_MEMBERS: Final = frozenset({"X509Certificates", "PublicKeyValues", "X509SubjectNames", "X509SKIs", "OtherIds"})
_NAMES: Final = frozenset({"X509SubjectNames", "X509SKIs", "OtherIds"})
_CERTIFICATE: Final = frozenset({"val"})
_CERTIFICATE_OPTIONAL: Final = frozenset({"encoding", "specRef"})


@dataclass(frozen=True, slots=True)
class DigitalIdentity:
    """Certificates in base64 as written, JWKs, and by their kinds the names and key identifiers beside them."""

    certificates: tuple[str, ...] = ()
    public_keys: tuple[Mapping[str, Any], ...] = ()
    names: tuple[tuple[str, str], ...] = ()


def parse(value: Any) -> DigitalIdentity:
    """Return the identity that ``value`` holds.

    Raises:
        TrustError: ``trust.profile_violation``: it is in another form, or identifies nothing.
    """
    read = members.table(value, required=frozenset(), optional=_MEMBERS, where="ServiceDigitalIdentity")
    if not read:
        raise violation("a ServiceDigitalIdentity identifies nothing")
    return DigitalIdentity(
        certificates=_listed(read, "X509Certificates", _certificate),
        public_keys=_listed(read, "PublicKeyValues", _public_key),
        names=() if _NAMES.isdisjoint(read) else _names(read),
    )


def _names(read: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple([(kind, name) for kind in read if kind in _NAMES for name in _listed(read, kind, _name)])


def parse_pointed(value: Any) -> None:
    """Return if ``value`` identifies whoever signs the list that a pointer leads to.

    No pointer is followed and nothing is kept of it, so that what the schema lets stand beside the known members may
    stand there.

    Raises:
        TrustError: ``trust.profile_violation``: it is no identity, or has no known member.
    """
    if type(value) is not dict:
        raise violation("a ServiceDigitalIdentity is not an object")
    parse({name: member for name, member in value.items() if name in _MEMBERS})


def _listed(read: Mapping[str, Any], name: str, entry: Callable[[Any], Value]) -> tuple[Value, ...]:
    return members.array(read[name], entry, where=name) if name in read else ()


def _certificate(value: Any) -> str:
    read = members.table(value, required=_CERTIFICATE, optional=_CERTIFICATE_OPTIONAL, where="X509Certificates")
    for name in _CERTIFICATE_OPTIONAL & read.keys():  # said of DER in base64, whatever it says
        members.text(read[name], where=name)
    return members.string(read["val"], where="val")


def _public_key(value: Any) -> Mapping[str, Any]:
    if type(value) is not dict:
        raise violation("a PublicKeyValue is not an object")
    return value


def _name(value: Any) -> str:
    return members.text(value, where="an identity")
