"""The pieces into which ``inspect`` takes an artefact, and which of their values it shows without being asked.

What is shown is an allow-list: the members of the protocols, none of the person. A name inside an object proves
nothing, because an issuer may call anything so; there only whole ways through the object are the protocol's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

_SHOWN: Final = frozenset({
    "alg", "typ", "kid", "cty", "crit", "enc", "zip", "b64", "epk",
    "iss", "aud", "azp", "iat", "nbf", "exp", "auth_time", "acr", "amr", "vct", "aka_vcts", "vct#integrity", "_sd_alg",
    "environment", "purpose", "@context", "type", "issuer", "validFrom", "validUntil", "issuanceDate",
    "expirationDate", "docType", "version", "digestAlgorithm", "status list", "ttl",
    "layers", "container", "characters", "octets", "credentials", "documents", "response status", "proof", "digests",
})  # fmt: skip
_SHOWN_INSIDE: Final = frozenset({
    "status.status_list.idx", "status.status_list.uri", "cnf.jwk.kty", "cnf.jwk.crv",
    "jwk.kty", "jwk.crv", "epk.kty", "epk.crv",
    "vc.@context", "vc.type", "vc.issuer", "vc.issuanceDate", "vc.expirationDate", "vp.@context", "vp.type",
    "credentialStatus.type", "credentialStatus.statusPurpose", "credentialStatus.statusListIndex",
    "credentialStatus.statusListCredential", "validityInfo.signed", "validityInfo.validFrom",
    "validityInfo.validUntil", "validityInfo.expectedUpdate", "deviceKey.kty", "deviceKey.crv",
})  # fmt: skip
_SIGNER: Final = frozenset({"iss", "issuer", "kid"})  # of what a holder signs, these name the person
_COUNTED: Final = frozenset({"_sd", "x5c", "x5chain"})


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of an artefact: its members, or why they cannot be read.

    ``public`` is for pieces that are about nobody, such as trust lists: all their values are shown. ``held`` is for
    those that a holder signs, such as presentations: who signed is a person there.
    """

    name: str
    members: Mapping[str, Any] = field(repr=False)
    unreadable: str = ""
    public: bool = False
    held: bool = False

    def within(self, whole: str) -> "Part":
        """Return this part as one of ``whole``."""
        return replace(self, name=f"{whole}: {self.name}")


def masked(part: Part) -> Part:
    """Return ``part`` with every value that is not the protocol's own replaced by its kind."""
    if part.public:
        return part
    hidden = _SIGNER if part.held else frozenset[str]()
    members = {
        name: f"({_kind(value)}, masked)" if name in hidden else _mask(name, value, above="")
        for name, value in part.members.items()
    }
    return replace(part, members=members)


def _mask(name: str, value: Any, *, above: str) -> Any:
    way = f"{above}{name}"
    if isinstance(value, Mapping):
        return {inner: _mask(inner, below, above=f"{way}.") for inner, below in value.items()}
    if way in (_SHOWN_INSIDE if above else _SHOWN | _SHOWN_INSIDE):
        return value
    if name in _COUNTED and isinstance(value, list):
        return f"({len(value)} entries)"
    return f"({_kind(value)}, masked)"


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "yes or no"
    if isinstance(value, list):
        return f"list of {len(value)}"
    if isinstance(value, bytes):
        return f"{len(value)} octets"
    return {str: "text", int: "number", float: "number"}.get(type(value), "nothing")
