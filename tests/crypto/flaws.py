"""Certificates of which one detail is wrong: a draft, and flaws by name that a differential test of paths puts in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from asn1crypto import core
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from idbridge.crypto.certificates import Subject
from idbridge.crypto.signer import FileSigner, generate
from tests.crypto.chains import ANY_USAGE, ISSUER, NOON, POLICY, RULE, YEAR, usage

SECOND: Final = timedelta(seconds=1)
HOST: Final = "login.sg.example"
USAGE: Final = x509.ObjectIdentifier(str(RULE.extended_key_usage))
LISTED: Final = x509.ObjectIdentifier(str(POLICY.policy))
OTHER: Final = x509.ObjectIdentifier("1.3.6.1.4.1.99999.3")
ANY_POLICY: Final = x509.ObjectIdentifier("2.5.29.32.0")
MAPPINGS: Final = x509.ObjectIdentifier("2.5.29.33")
STRANGER: Final = generate("ES256")
EDWARDS: Final = generate("Ed25519")


@dataclass(slots=True)
class Draft:
    """A certificate before it is signed with ``above``; a flaw changes it."""

    subject: x509.Name
    issuer: x509.Name
    key: FileSigner
    above: FileSigner
    start: datetime = YEAR.start
    end: datetime = YEAR.end or NOON
    extensions: dict[x509.ObjectIdentifier, tuple[x509.ExtensionType, bool]] = field(default_factory=dict)

    def put(self, value: x509.ExtensionType, *, critical: bool = False) -> None:
        self.extensions[value.oid] = (value, critical)

    def drop(self, kind: type[x509.ExtensionType]) -> None:
        self.extensions.pop(kind.oid, None)

    def sign(self) -> bytes:
        public, serial = self.key.private_key.public_key(), x509.random_serial_number()
        builder = x509.CertificateBuilder(self.issuer, self.subject, public, serial, self.start, self.end)
        for value, critical in self.extensions.values():
            builder = builder.add_extension(value, critical=critical)
        private = self.above.private_key
        digest = None if isinstance(private, ed25519.Ed25519PrivateKey) else hashes.SHA256()
        return builder.sign(private, digest).public_bytes(Encoding.DER)


Flaw = Callable[[Draft], None]


def named(common_name: str) -> x509.Name:
    return Subject(common_name, "SG").name()


def policies(*stated: x509.ObjectIdentifier) -> x509.CertificatePolicies:
    return x509.CertificatePolicies([x509.PolicyInformation(policy, None) for policy in stated])


def _unknown(draft: Draft, critical: bool) -> None:
    draft.put(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.9"), b"\x05\x00"), critical=critical)


class _Pair(core.SequenceOf):
    _child_spec = core.ObjectIdentifier


class _Mappings(core.SequenceOf):
    _child_spec = _Pair


def _maps(draft: Draft, critical: bool) -> None:
    pair = _Mappings([_Pair([LISTED.dotted_string, OTHER.dotted_string])])
    draft.put(x509.UnrecognizedExtension(MAPPINGS, pair.dump()), critical=critical)


def key_identifiers(draft: Draft, above: FileSigner | None) -> None:
    draft.drop(x509.AuthorityKeyIdentifier)
    if above is None:
        draft.drop(x509.SubjectKeyIdentifier)
    else:
        draft.put(x509.AuthorityKeyIdentifier.from_issuer_public_key(above.private_key.public_key()))


def _constrain(**names: x509.GeneralName) -> Flaw:
    trees = {f"{kind}_subtrees": [name] for kind, name in names.items()}
    both = {"permitted_subtrees": None, "excluded_subtrees": None}
    return lambda draft: draft.put(x509.NameConstraints(**{**both, **trees}), critical=True)


def _mail(draft: Draft) -> None:
    """An address in the subject alone, which constraints on addresses reach as well (RFC 5280 section 4.2.1.10)."""
    draft.subject = x509.Name([*draft.subject, x509.NameAttribute(NameOID.EMAIL_ADDRESS, "eve@evil.example")])
    draft.drop(x509.SubjectAlternativeName)


def _dates(**at: datetime) -> Flaw:
    def change(draft: Draft) -> None:
        draft.start, draft.end = at.get("start", draft.start - timedelta(days=9)), at.get("end", draft.end)

    return change


def _set(name: str, value: object) -> Flaw:
    return lambda draft: setattr(draft, name, value)


def put(value: x509.ExtensionType, critical: bool = False) -> Flaw:
    return lambda draft: draft.put(value, critical=critical)


def _drop(kind: type[x509.ExtensionType]) -> Flaw:
    return lambda draft: draft.drop(kind)


def basic(ca: bool, length: int | None = None, critical: bool = True) -> Flaw:
    return put(x509.BasicConstraints(ca=ca, path_length=length), critical)


_SAN = x509.SubjectAlternativeName
ANYWHERE: Final[Mapping[str, Flaw]] = MappingProxyType({
    "expired": _dates(end=NOON - timedelta(days=1)),
    "not yet valid": _dates(start=NOON + timedelta(days=1)),
    "ended a second ago": _dates(end=NOON - SECOND),
    "ends this second": _dates(end=NOON),
    "begins this second": _dates(start=NOON),
    "begins in a second": _dates(start=NOON + SECOND),
    "unknown critical extension": lambda draft: _unknown(draft, critical=True),
    "unknown extension": lambda draft: _unknown(draft, critical=False),
    "critical issuer names": put(x509.IssuerAlternativeName([x509.DNSName(HOST)]), True),
    "signed by a stranger": _set("above", STRANGER),
    "signed by a stranger who says so": lambda draft: (
        _set("above", STRANGER)(draft), key_identifiers(draft, STRANGER),
    )[0],
    "another issuer's name": _set("issuer", named("Nobody")),
    "issuer's name in other letters": lambda draft: _set("issuer", x509.Name(
        [x509.NameAttribute(part.oid, str(part.value).upper()) for part in draft.issuer]))(draft),
    "self-issued": lambda draft: _set("subject", draft.issuer)(draft),
    "an Edwards key": _set("key", EDWARDS),
    "no key identifiers": lambda draft: key_identifiers(draft, None),
    "key identifier of a stranger": lambda draft: key_identifiers(draft, STRANGER),
    "address in the subject": _mail,
    "empty subject": _set("subject", x509.Name([])),
})  # fmt: skip
OF_AUTHORITIES: Final[Mapping[str, Flaw]] = MappingProxyType({
    "not a CA": basic(False),
    "no basic constraints": _drop(x509.BasicConstraints),
    "basic constraints not critical": basic(True, critical=False),
    "path length 0": basic(True, 0),
    "path length 1": basic(True, 1),
    "usage without signing certificates": put(usage("crl_sign", "digital_signature"), True),
    "authority without usage": _drop(x509.KeyUsage),
    "usage not critical": put(usage("key_cert_sign"), False),
    "authority for another usage": put(x509.ExtendedKeyUsage([x509.ObjectIdentifier("1.2.3.4")])),
    "authority for any usage": put(x509.ExtendedKeyUsage([ANY_USAGE])),
    "authority for the listed usage": put(x509.ExtendedKeyUsage([USAGE])),
    "host permitted": _constrain(permitted=x509.DNSName("sg.example")),
    "another host permitted": _constrain(permitted=x509.DNSName("th.example")),
    "host excluded": _constrain(excluded=x509.DNSName("sg.example")),
    "another host excluded": _constrain(excluded=x509.DNSName("th.example")),
    "URI permitted": _constrain(permitted=x509.UniformResourceIdentifier(HOST)),
    "another URI permitted": _constrain(permitted=x509.UniformResourceIdentifier("th.example")),
    "URI excluded": _constrain(excluded=x509.UniformResourceIdentifier(HOST)),
    "address permitted": _constrain(permitted=x509.RFC822Name("sg.example")),
    "address excluded": _constrain(excluded=x509.RFC822Name("evil.example")),
    "directory name permitted": _constrain(permitted=x509.DirectoryName(
        x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "SG")]))),
    "another directory name permitted": _constrain(permitted=x509.DirectoryName(
        x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "TH")]))),
    "another policy": put(policies(OTHER)),
    "any policy": put(policies(ANY_POLICY)),
    "no policies": _drop(x509.CertificatePolicies),
    "policy constraints": put(x509.PolicyConstraints(0, None), True),
    "inhibits any policy": put(x509.InhibitAnyPolicy(0), True),
    "maps the listed policy": lambda draft: _maps(draft, critical=False),
    "maps the listed policy, critically": lambda draft: _maps(draft, critical=True),
})  # fmt: skip
OF_LEAVES: Final[Mapping[str, Flaw]] = MappingProxyType({
    "leaf is an authority": basic(True),
    "leaf without basic constraints": _drop(x509.BasicConstraints),
    "leaf without usage": _drop(x509.KeyUsage),
    "leaf for key agreement": put(usage("key_agreement"), True),
    "leaf that signs certificates": put(usage("digital_signature", "key_cert_sign"), True),
    "leaf without extended usage": _drop(x509.ExtendedKeyUsage),
    "leaf for another usage": put(x509.ExtendedKeyUsage([x509.ObjectIdentifier("1.2.3.4")]), True),
    "leaf for any usage": put(x509.ExtendedKeyUsage([ANY_USAGE])),
    "leaf without policies": _drop(x509.CertificatePolicies),
    "leaf of another policy": put(policies(OTHER)),
    "leaf of any policy": put(policies(ANY_POLICY)),
    "leaf names another host": put(_SAN([x509.DNSName("evil.example"), x509.UniformResourceIdentifier(ISSUER)])),
    "leaf names another URI": put(_SAN([x509.UniformResourceIdentifier("https://evil.example/x")])),
    "leaf names a URI without a host": put(_SAN([x509.UniformResourceIdentifier("urn:example:sg")])),
    "leaf names an address": put(_SAN([x509.RFC822Name("eve@evil.example")])),
    "leaf without names": _drop(_SAN),
})  # fmt: skip


def flaws_of(place: int, below: int) -> dict[str, Flaw]:
    """The flaws that a certificate may have: the anchor is at 0, the leaf at ``below``."""
    return {**ANYWHERE, **(OF_LEAVES if place == below else OF_AUTHORITIES)}
