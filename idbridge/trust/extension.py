"""The ``IdBridge`` extensions of a trust list: what the standard has no member for, and a verification needs.

Decides whether the rules that a state signs for a service are complete and make sense together. Per-state quirks are
data of the signed list, never code (architecture D2). The members are written in the form of the standard's JSON,
lower camel case inside the extension.
"""

import marshal
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Final

from idbridge.crypto import algorithms
from idbridge.errors import JoseError
from idbridge.limits import LIMITS
from idbridge.model.region import AssuranceLevel, CommitmentTier, Environment, Format, ServiceType
from idbridge.model.trust import (
    EncryptionRule,
    HolderBindingRule,
    LadderRung,
    LeafRule,
    ServiceProfile,
)
from idbridge.trust import members, qr_listing
from idbridge.trust.claim_listing import claim_map
from idbridge.trust.errors import violation
from idbridge.trust.lote import Extension

NAME: Final = "IdBridge"
UNIQUE_IDENTIFIER: Final = "ServiceUniqueIdentifier"  # ETSI TS 119 602; known, and not needed here
KNOWN: Final = frozenset({NAME, UNIQUE_IDENTIFIER})

TYPED_FORMATS: Final = frozenset({Format.SD_JWT_VC, Format.MDOC, Format.JWT_VC_JSON, Format.VC_JWT, Format.VC_SD_JWT})
_ISSUANCE: Final = TYPED_FORMATS | {Format.QR}
# What a service of each type may sign: a key that is listed for one thing signs nothing else.
FORMATS: Final[Mapping[ServiceType, frozenset[Format]]] = MappingProxyType({
    ServiceType.LOGIN: frozenset({Format.ID_TOKEN}),
    ServiceType.PID: _ISSUANCE,
    ServiceType.ATTESTATION: _ISSUANCE,
    ServiceType.REVOCATION: frozenset(),
    ServiceType.ASSERTION: frozenset({Format.ASSERTION}),
    ServiceType.LOG: frozenset(),
    ServiceType.WITNESS: frozenset(),
})  # fmt: skip

_SCHEME: Final = frozenset({"environment", "tier", "otherEnvironmentIssuers"})
_RULES: Final = frozenset({
    "formats", "algorithms", "credentialTypes", "leewaySeconds", "holderBinding", "ladder", "claims",
})  # fmt: skip
_RULES_OPTIONAL: Final = frozenset({"leafRule", "crl", "statusLists", "keySet", "qrProfile", "encryption"})
_IDENTIFIER = re.compile(r"[0-2](?:\.(?:0|[1-9]\d*)){1,31}", re.ASCII)
_LEEWAY_SECONDS: Final = int(LIMITS.clock_leeway_max.total_seconds())


@dataclass(frozen=True, slots=True)
class SchemeRules:
    """What the list says of itself: its environment, the state's tier, and issuers of the other environment."""

    environment: Environment
    tier: CommitmentTier
    other_environment_issuers: frozenset[str]


def only(extensions: tuple[Extension, ...]) -> Any:
    """Return the content of the one ``IdBridge`` extension; beside it, every extension has one name.

    Raises:
        TrustError: It is missing or there twice, or another has no name or several.
    """
    require_named(extensions)
    contents = [extension.content for extension in extensions if extension.name == NAME]
    if len(contents) != 1:
        raise violation("there is one IdBridge extension, not more and not less")
    return contents[0]


def require_named(extensions: tuple[Extension, ...]) -> None:
    """Return if every extension has one name, so that none can hide a second one.

    Raises:
        TrustError: One has none or several.
    """
    for extension in extensions:
        if not extension.name:
            raise violation("an extension has one name")


def refuse_critical(extensions: tuple[Extension, ...]) -> None:
    """Refuse an extension that must be understood, at a place where none is."""
    require_named(extensions)
    for extension in extensions:
        if extension.critical:
            raise violation(f"critical extension {extension.name[:80]} is not known here")


def unknown_critical(extensions: tuple[Extension, ...]) -> str | None:
    """Return the name of an extension that must be understood and is not; ``None`` if there is none."""
    for one in extensions:
        if one.critical and one.name not in KNOWN:
            return one.name
    return None


def scheme_rules(content: Any) -> SchemeRules:
    """Return what the scheme extension says.

    Raises:
        TrustError: ``trust.profile_violation``.
    """
    read = members.table(content, required=_SCHEME, where="the IdBridge scheme extension")
    return SchemeRules(
        environment=members.word(read["environment"], Environment, where="environment"),
        tier=members.word(read["tier"], CommitmentTier, where="tier"),
        other_environment_issuers=members.several(
            read["otherEnvironmentIssuers"],
            lambda one: members.issuer(one, where="otherEnvironmentIssuers"),
            where="otherEnvironmentIssuers",
        ),
    )


class RuleBook:
    """Reads the rules of the services of one list. Rules that several services have in common are read once."""

    def __init__(self, tier: CommitmentTier) -> None:
        self._tier = tier
        self._read: dict[bytes, ServiceProfile] = {}

    def service_rules(self, content: Any) -> tuple[str, ServiceProfile]:
        """Return the issuer and the rules that the service extension names.

        Raises:
            TrustError: ``trust.profile_violation``.
        """
        if type(content) is not dict or "issuer" not in content:
            raise violation("the IdBridge service extension is not an object, or lacks issuer")
        rules = content.copy()
        issuer = members.issuer(rules.pop("issuer"), where="issuer")
        spelled = marshal.dumps(rules, 0)  # one string of octets for one plain value, and for no other
        profile = self._read.get(spelled)
        if profile is None:
            profile = self._read[spelled] = _profile(rules, self._tier)
            qr_listing.require_few(one.qr for one in self._read.values())
        return issuer, profile


def _profile(rules: dict[str, Any], tier: CommitmentTier) -> ServiceProfile:
    read = members.table(rules, required=_RULES, optional=_RULES_OPTIONAL, where="the IdBridge service extension")
    profile = ServiceProfile(
        formats=members.several(
            read["formats"], lambda one: members.word(one, Format, where="a format"), where="formats"
        ),
        algorithms=members.several(read["algorithms"], _algorithm, where="algorithms"),
        credential_types=members.several(
            read["credentialTypes"], lambda one: members.text(one, where="a credential type"), where="credentialTypes"
        ),
        ladder=_ladder(read["ladder"]),
        claim_map=claim_map(read["claims"]),
        leeway=timedelta(
            seconds=members.count(read["leewaySeconds"], where="leewaySeconds", least=0, most=_LEEWAY_SECONDS)
        ),
        holder_binding=members.word(read["holderBinding"], HolderBindingRule, where="holderBinding"),
        leaf_rule=_leaf_rule(read["leafRule"]) if "leafRule" in read else None,
        crl=_places(read["crl"], where="crl", most=LIMITS.crl_addresses) if "crl" in read else frozenset(),
        status_lists=_places(read["statusLists"], where="statusLists", most=LIMITS.status_list_addresses)
        if "statusLists" in read
        else frozenset(),
        key_set=_place(read["keySet"], where="keySet") if "keySet" in read else None,
        encryption=_encryption(read),
        tier=tier,
        qr=qr_listing.read(read["qrProfile"]) if "qrProfile" in read else None,
    )
    if not profile.algorithms:
        raise violation("a service lists at least one algorithm")
    if bool(profile.credential_types) is profile.formats.isdisjoint(TYPED_FORMATS):
        raise violation("credential types are listed exactly for the formats that have them")
    if (profile.qr is not None) is not (Format.QR in profile.formats):
        raise violation("a QR profile is listed exactly where the format qr is")
    return profile


def _encryption(read: Mapping[str, Any]) -> EncryptionRule:
    """Return whether tokens come encrypted; a list that says nothing of it is no list that says so in a word."""
    if "encryption" not in read:
        return EncryptionRule.NONE
    rule = members.word(read["encryption"], EncryptionRule, where="encryption")
    if rule is EncryptionRule.NONE:
        raise violation("encryption is required or allowed, or is not named")
    return rule


def _algorithm(value: Any) -> str:
    try:
        return algorithms.find(members.text(value, where="an algorithm")).name
    except JoseError:
        raise violation("an algorithm that is not in the closed table") from None


def _ladder(value: Any) -> tuple[LadderRung, ...]:
    if type(value) is not list:
        raise violation("ladder is not a list")
    rungs = tuple(_rung(entry) for entry in value)
    if len({rung.national for rung in rungs}) != len(rungs):
        raise violation("the ladder names a national level twice")
    return rungs


def _rung(value: Any) -> LadderRung:
    read = members.table(value, required=frozenset({"national", "identity", "authentication"}), where="a rung")
    return LadderRung(
        national=members.text(read["national"], where="national"),
        identity=members.word(read["identity"], AssuranceLevel.__getitem__, where="identity"),
        authentication=members.word(read["authentication"], AssuranceLevel.__getitem__, where="authentication"),
    )


def require_role(profile: ServiceProfile, service_type: ServiceType) -> None:
    """Return if a service of this type may name what ``profile`` has nodes fetch, which widens what counts.

    Raises:
        TrustError: Another service than one of revocation signs status lists, or than a login has a key set or
            encrypted tokens.
    """
    if profile.status_lists and service_type is not ServiceType.REVOCATION:
        raise violation("only a service of revocation names status lists")
    if profile.key_set is not None and service_type is not ServiceType.LOGIN:
        raise violation("only a login service names a key set")
    if profile.encryption is not EncryptionRule.NONE and service_type is not ServiceType.LOGIN:
        raise violation("only the tokens of a login service come encrypted")


def _places(value: Any, *, where: str, most: int) -> frozenset[str]:
    """Return where documents are that a node fetches; whoever names them names at least one address, none twice."""
    addresses = members.array(value, lambda one: _place(one, where=where), where=where, most=most)
    if len(set(addresses)) != len(addresses):
        raise violation(f"{where} names an address twice")
    return frozenset(addresses)


def _place(value: Any, *, where: str) -> str:
    address = members.address(value, where=where)
    if not address.startswith("https://"):
        raise violation(f"{where} is not an https address")
    return address


def _leaf_rule(value: Any) -> LeafRule:
    """Return the rule for the leaf of an ``x5c`` path: exactly one of the two."""
    read = members.table(
        value, required=frozenset(), optional=frozenset({"extendedKeyUsage", "policy"}), where="leafRule"
    )
    if len(read) != 1:
        raise violation("leafRule names an extended key usage or a policy")
    if any(_IDENTIFIER.fullmatch(members.text(one, where="leafRule")) is None for one in read.values()):
        raise violation("leafRule is not an object identifier")
    return LeafRule(extended_key_usage=read.get("extendedKeyUsage"), policy=read.get("policy"))
