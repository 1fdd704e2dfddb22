"""The one file that a provider hands to the operator of its state's list: services, public keys, proofs of possession.

Decides whether the file is in form and whether whoever made it holds every private key in it. That the provider is who
it says, the operator finds out by another way: both compare the digest. Clause: RFC 7515; ETSI TS 119 602.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from idbridge.codec import base64std, jcs, strict_json
from idbridge.crypto import jws
from idbridge.crypto.header import HeaderCache, HeaderRules
from idbridge.crypto.keys import JwkPublicKey, parse_jwk, thumbprint
from idbridge.crypto.listed import listed_certificate
from idbridge.crypto.signer import Signer
from idbridge.errors import ConfigurationError, InputError, IssuerError, JoseError, TrustError
from idbridge.limits import LIMITS
from idbridge.trust import members
from idbridge.trust.errors import violation
from idbridge.trust.lint_keys import SERVICE_ID
from idbridge.trust.operator import public_keys
from idbridge.trust.publish import ServiceMaterial

SCHEMA: Final = "idbridge-provider-1"
TYPE: Final = "idbridge-provider+json"
_MEMBERS: Final = frozenset({"schema", "provider", "material", "proofs"})
_MATERIAL: Final = frozenset({"jwks", "certificates"})
_RULES: Final = HeaderRules(types=frozenset({TYPE}))


@dataclass(frozen=True, slots=True)
class ProviderFile:
    """What a provider wants to be listed with: its stanza of the list, and the public keys of each service by id."""

    provider: Mapping[str, Any]
    material: Mapping[str, ServiceMaterial]

    @property
    def digest(self) -> str:
        """The SHA-256 (hex) of everything but the proofs, for the two sides to compare."""
        return jcs.digest_hex(self._said())

    def _said(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "provider": dict(self.provider),
            "material": {
                name: {
                    "jwks": [dict(one) for one in found.jwks],
                    "certificates": [base64std.encode(one) for one in found.certificates],
                }
                for name, found in self.material.items()
            },
        }

    def keys(self) -> dict[str, JwkPublicKey]:
        """Return every public key in the file by thumbprint, those of certificates among them.

        Raises:
            JoseError, IssuerError: One cannot be read.
        """
        found = [parse_jwk(one) for held in self.material.values() for one in held.jwks]
        found += [listed_certificate(der).key for held in self.material.values() for der in held.certificates]
        return {key.thumbprint: key for key in found}

    def octets(self, signers: Iterable[Signer]) -> bytes:
        """Return the file with a proof by each of ``signers``.

        Raises:
            ConfigurationError: A key in the file has no signer among them, or one signs that is not in the file.
        """
        by_key = {thumbprint(one.public_jwk): one for one in signers}
        try:
            wanted = self.keys().keys()
        except (JoseError, IssuerError) as refusal:
            raise ConfigurationError(f"a key of the provider: {refusal.detail}") from refusal
        if by_key.keys() != wanted:
            lacking = ", ".join(sorted(wanted - by_key.keys())) or "none"
            raise ConfigurationError(f"the private key of every listed key proves that it is yours; missing: {lacking}")
        payload = jcs.canonicalize({"digest": self.digest})
        proofs = [jws.sign_compact({"typ": TYPE, "kid": name}, payload, by_key[name]) for name in sorted(by_key)]
        return jcs.canonicalize({**self._said(), "proofs": proofs})


def parse(octets: bytes) -> ProviderFile:
    """Return what a provider's file holds, if it proves that it holds every key.

    Raises:
        TrustError: ``trust.profile_violation``: another form; ``trust.signature_invalid``: a proof is missing or wrong.
    """
    try:
        said = members.table(
            strict_json.parse(octets, max_bytes=LIMITS.proposal_bytes), required=_MEMBERS, where="a provider's file"
        )
        if said["schema"] != SCHEMA or type(said["provider"]) is not dict or type(said["material"]) is not dict:
            raise violation("a provider's file of another schema")
        material = {name: _material(held) for name, held in said["material"].items()}
        found = ProviderFile(MappingProxyType(said["provider"]), MappingProxyType(material))
        _require_services(found)
        proofs = members.array(said["proofs"], lambda one: members.string(one, where="a proof"), where="proofs")
        _require_proofs(found, proofs)
    except (InputError, JoseError, IssuerError) as refusal:
        raise violation(f"a provider's file: {refusal.detail}") from refusal
    return found


def _material(value: Any) -> ServiceMaterial:
    read = members.table(value, required=_MATERIAL, where="the keys of a service")
    if type(read["jwks"]) is not list or type(read["certificates"]) is not list:
        raise violation("the keys of a service are lists")
    if not 0 < len(read["jwks"]) + len(read["certificates"]) <= LIMITS.keys_per_service:
        raise violation("a service without a key, or with too many")
    return ServiceMaterial(
        jwks=tuple(_jwk(one) for one in read["jwks"]),
        certificates=tuple(
            base64std.decode(members.string(one, where="a certificate")) for one in read["certificates"]
        ),
    )


def _jwk(value: Any) -> Mapping[str, Any]:
    if type(value) is not dict:
        raise violation("a key is not a JWK")
    return public_keys.plain(value)


def _require_services(found: ProviderFile) -> None:
    """Return if the stanza describes the services whose keys are there, and no others."""
    services = found.provider.get("service")
    if type(services) is not list or not services or not all(type(one) is dict for one in services):
        raise violation("a provider's file describes no service")
    if not all(type(one.get("claims", {})) is dict for one in services):
        raise violation("a service whose claims are no table")
    names = [one.get("id") for one in services]
    if not all(type(name) is str and SERVICE_ID.fullmatch(name) for name in names):
        raise violation("a service whose id is not lower-case letters, digits and hyphens, 63 at most")
    if sorted(names) != sorted(found.material):
        raise violation("a provider's file has keys of other services than it describes")


def _require_proofs(found: ProviderFile, proofs: tuple[str, ...]) -> None:
    keys, proved = found.keys(), set[str]()
    for compact in proofs:
        unverified = jws.parse_unverified(compact, _RULES, HeaderCache(), max_bytes=LIMITS.record_bytes)
        said = strict_json.parse_object(unverified.payload, max_bytes=LIMITS.record_bytes)
        key = keys.get(str(unverified.header.kid))
        if key is None or said != {"digest": found.digest}:
            raise TrustError("trust.signature_invalid", "a proof is about another file, or of a key that is not in it")
        try:
            jws.verify(unverified, claims=said, key=key, algorithms=key.algorithms)
        except JoseError as refusal:
            raise TrustError("trust.signature_invalid", "a proof of possession does not verify") from refusal
        proved.add(key.thumbprint)
    if proved != keys.keys():
        raise TrustError("trust.signature_invalid", "the file does not prove that its maker holds every key in it")
