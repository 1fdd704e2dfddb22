"""Finer checks, of what the product's locks take and a publisher should not mean: looked for in lists and files.

Private keys in the tree, certificates out of force, addresses that are not https, keys and issuers that two states
claim, names that nobody abroad can read, files that are not what their name says. Clauses: ETSI TS 119 602 (names,
digital identities, history); ISO/IEC 18013-5 annex B.1.2 (path length of an issuing authority); RFC 5280.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlsplit

from idbridge.codec import base64url
from idbridge.conformance.targets.live import Finding, Procedure
from idbridge.conformance.targets.publisher.seen import Consumer
from idbridge.crypto.algorithms import ALGORITHMS
from idbridge.crypto.certificate_facts import certificate_facts, path_length
from idbridge.crypto.listed import listed_certificate
from idbridge.errors import ConfigurationError, InputError, TrustError
from idbridge.limits import LIMITS
from idbridge.model.region import Format, MemberState
from idbridge.model.trust import ServiceStatus, TrustService
from idbridge.trust.scheme import LANGUAGE
from idbridge.trust.trusted_set import TrustedSet
from idbridge.trust.tuf.client import TARGETS

Parameters = Mapping[str, Any]
_PRIVATE_PEM: Final = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE" rb" KEY-----")
_PRIVATE_MEMBERS: Final = frozenset({"d", "k", "p", "q"})  # of a JWK (RFC 7518 sections 6.2.2, 6.3.2 and 6.4)
_KEY_FILES: Final = frozenset({".key", ".p12", ".pfx", ".jks"})
_NAMES: Final = frozenset({"SchemeOperatorName", "SchemeName", "TEName", "ServiceName"})
_HASHED: Final = re.compile(r"([0-9a-f]{64})\..+")


def no_private_keys(consumer: Consumer, _: Parameters) -> Finding | None:
    """Find a private or secret key anywhere in what is published: in PEM, in a JWK, inside a signed payload."""
    for name, octets in _everything(consumer):
        if Path(name).suffix in _KEY_FILES or _PRIVATE_PEM.search(octets) or _has_private_jwk(octets):
            return Finding("private_key", f"{name} holds a private key, which is lost from now on")
    return None


def _everything(consumer: Consumer) -> Iterator[tuple[str, bytes]]:
    """Yield every file of a folder; of a tree elsewhere, those that a consumer asks for.

    Raises:
        ConfigurationError: A file is larger than any that is published, or a folder is a link, which is published by
            most servers and leads anywhere: nobody looks what is in it.
    """
    folder, got = consumer.publication.folder, consumer.look.fetched
    if folder is not None:
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder).as_posix()
            if path.is_symlink() and path.is_dir():
                raise ConfigurationError(f"{name} is a link to a folder, and is not looked through")
            if path.is_file():
                if path.stat().st_size > LIMITS.trust_list_bytes:
                    raise ConfigurationError(f"{name} is too large to be looked through")
                yield name, path.read_bytes()
    elif got is not None:
        yield from {**got.files, **got.roles, "targets": got.targets, "snapshot": got.snapshot}.items()


def _has_private_jwk(octets: bytes) -> bool:
    texts = [octets]
    if octets.count(b".") == 2 and not octets.startswith(b"{"):
        texts.append(_decoded(octets.split(b".")[1]))
    for text in texts:
        try:
            if _private(json.loads(text)):
                return True
        except (ValueError, RecursionError):
            continue
    return False


def _decoded(part: bytes) -> bytes:
    try:
        return base64url.decode(part.decode("ascii"))
    except (InputError, UnicodeDecodeError):
        return b""


def _private(value: Any) -> bool:
    if isinstance(value, dict):
        if (
            "payload" in value
            and isinstance(value["payload"], str)
            and _has_private_jwk(_decoded(value["payload"].encode("utf-8")))
        ):
            return True
        return ("kty" in value and not _PRIVATE_MEMBERS.isdisjoint(value)) or any(map(_private, value.values()))
    return isinstance(value, list) and any(map(_private, value))


def files_under_their_hash(consumer: Consumer, _: Parameters) -> Finding | None:
    """Find a target in the folder whose name is the hash of another file."""
    folder = consumer.publication.folder
    for path in sorted((folder / TARGETS).rglob("*")) if folder is not None else ():
        named = _HASHED.fullmatch(path.name)
        if path.is_file() and named is not None and _digest(path) != named[1]:
            return Finding("trust.snapshot_mismatch", f"{path.name[:20]}... is another file than its name says")
    return None


def _digest(path: Path) -> str:
    """Return the SHA-256 of a file, of which no more than a piece is held at a time."""
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def sequences(consumer: Consumer, _: Parameters) -> Finding | None:
    """Find a list whose number is below 1: nobody could tell an older edition from it."""
    for state, payload in _payloads(consumer):
        number = payload["LoTE"]["ListAndSchemeInformation"].get("LoTESequenceNumber")
        if type(number) is not int or number < 1:
            return Finding("trust.profile_violation", f"the list of {state} has the number {number}")
    return None


def english_names(consumer: Consumer, _: Parameters) -> Finding | None:
    """Find a name of a scheme, provider or service without an English form."""
    for state, payload in _payloads(consumer):
        for texts in _multilingual(payload):
            if LANGUAGE not in {one["lang"] for one in texts}:
                return Finding("trust.profile_violation", f"the list of {state}: {texts[0].get('value', '')!r} only")
    return None


def _multilingual(value: Any) -> Iterator[list[dict[str, Any]]]:
    """Yield the names of the scheme, of providers and of services: each a list of texts with their languages."""
    for name, one in value.items() if isinstance(value, dict) else ():
        if name in _NAMES:
            yield one
        else:
            yield from _multilingual(one)
    for one in value if isinstance(value, list) else ():
        yield from _multilingual(one)


def _payloads(consumer: Consumer) -> Iterator[tuple[MemberState, Any]]:
    """Yield what each list says, whether or not it was taken up.

    Raises:
        ConfigurationError: No list is on offer, or one is no JWS.
    """
    if not consumer.look.offers:
        raise ConfigurationError("no list is on offer")
    for state, octets in consumer.look.offers.items():
        try:
            yield state, json.loads(base64url.decode(octets.decode("ascii").split(".")[1]))
        except (InputError, ValueError, IndexError) as odd:
            raise ConfigurationError(f"the list of {state} is no JWS of a JSON object") from odd


def services_whole(consumer: Consumer, _: Parameters) -> Finding | None:
    """Find a service without key or certificate, or without a status and the instant since which it has it."""
    for state, payload in _payloads(consumer):
        for about in _listed_services(payload):
            identity = about.get("ServiceDigitalIdentity") or {}
            if not identity.get("X509Certificates") and not identity.get("PublicKeyValues"):
                return Finding("trust.profile_violation", f"a service of {state} has neither key nor certificate")
            if not about.get("ServiceStatus") or not about.get("StatusStartingTime"):
                return Finding("trust.profile_violation", f"a service of {state} does not tell since when it has what")
    return None


def _listed_services(payload: Any) -> Iterator[Mapping[str, Any]]:
    for entity in payload["LoTE"].get("TrustedEntitiesList", ()):
        for entry in entity["TrustedEntityServices"]:
            yield entry["ServiceInformation"]


def algorithms(consumer: Consumer, _: Parameters) -> Finding | None:
    """Find an algorithm outside the closed table, in the rules of a service or in the header of a list."""
    for state, payload in _payloads(consumer):
        strange = sorted(set(_named_algorithms(payload)) - ALGORITHMS.keys())
        if strange:
            return Finding("trust.profile_violation", f"a service of {state} may sign with {', '.join(strange)}")
        header = json.loads(_decoded(consumer.look.offers[state].partition(b".")[0]) or b"{}")
        if header.get("alg") not in ALGORITHMS:
            return Finding("trust.signature_invalid", f"the list of {state} is signed with {header.get('alg')!r}")
    return None


def _named_algorithms(value: Any) -> Iterator[str]:
    """Yield what stands under ``algorithms``, at any depth."""
    for name, one in value.items() if isinstance(value, dict) else ():
        if name == "algorithms" and isinstance(one, list):
            yield from map(str, one)
        else:
            yield from _named_algorithms(one)
    for one in value if isinstance(value, list) else ():
        yield from _named_algorithms(one)


def addresses(consumer: Consumer, _: Parameters) -> Finding | None:
    """Find an address that is not https: of a list, a status list, a revocation list or a key set."""
    for service in _services(consumer):
        profile = service.profile
        named = {*profile.status_lists, *profile.crl, *([profile.key_set] if profile.key_set else [])}
        for address in sorted(named):
            if urlsplit(address).scheme != "https":
                return Finding("trust.profile_violation", f"{service.name} of {service.member_state}: {address}")
    for listed in _trusted(consumer).lists.values():
        for address in sorted(listed.addresses):
            if urlsplit(address).scheme != "https":
                return Finding("trust.profile_violation", f"the list of {listed.provenance.member_state}: {address}")
    return None


def certificates_in_force(consumer: Consumer, _: Parameters) -> Finding | None:
    """Find a certificate of a granted service that is not in force now."""
    at = consumer.look.at
    for service in _services(consumer):
        period = service.status_at(at)
        for anchor in service.anchors if period is not None and period.status is ServiceStatus.GRANTED else ():
            facts = certificate_facts(anchor)
            if not facts.not_before <= at <= facts.not_after:
                return Finding("issuer.certificate_expired", f"{service.name}: serial {facts.serial:x}")
    return None


def path_lengths(consumer: Consumer, _: Parameters) -> Finding | None:
    """Find an issuing authority of mobile documents that says that further authorities may stand beneath it.

    One that says nothing is none that a verifier takes for such an authority at all.
    """
    for service in _services(consumer):
        for anchor in service.anchors if Format.MDOC in service.profile.formats else ():
            if listed_certificate(anchor).authority and path_length(anchor) not in (None, 0):
                return Finding("issuer.certificate_profile", f"{service.name}: its path length is not 0")
    return None


def issuers_once(consumer: Consumer, _: Parameters) -> Finding | None:
    """Find an issuer that two states list: neither is trusted for it then."""
    owners: dict[str, MemberState] = {}
    for state, listed in _trusted(consumer).lists.items():
        for issuer in sorted(listed.issuers):
            if owners.setdefault(issuer, state) is not state:
                return Finding("trust.territory_mismatch", f"{issuer} is listed by {owners[issuer]} and {state}")
    return None


def service_keys_once(consumer: Consumer, _: Parameters) -> Finding | None:
    """Find a key that services of two states have."""
    owners: dict[str, MemberState] = {}
    for state, listed in _trusted(consumer).lists.items():
        for key in (key for entry in listed.entries for key in entry.keys):
            if owners.setdefault(key.thumbprint, state) is not state:
                return Finding("trust.territory_mismatch", f"a key is listed by {owners[key.thumbprint]} and {state}")
    return None


def purposes_there(consumer: Consumer, _: Parameters) -> Finding | None:
    """Find that no register of purposes is in force: without one, nothing may be asked for."""
    if _trusted(consumer).purposes.version < 1:
        return Finding("trust.arrangement_invalid", "no register of purposes is in force")
    return None


def deny_list_there(consumer: Consumer, _: Parameters) -> Finding | None:
    """Find that no deny list is in force: nobody could tell that nothing is denied from that it was kept back."""
    if _trusted(consumer).denials.number < 1:
        return Finding("trust.deny_dropped", "no deny list is in force")
    return None


def _services(consumer: Consumer) -> Iterator[TrustService]:
    for listed in _trusted(consumer).lists.values():
        yield from listed.services


def _trusted(consumer: Consumer) -> TrustedSet:
    """Return what was taken up.

    Raises:
        TrustError: Nothing was, and this is why.
    """
    if consumer.look.trusted is None:
        raise consumer.look.blocked or TrustError("trust.not_configured")
    return consumer.look.trusted


FINER: Final[Mapping[str, Procedure[Consumer]]] = MappingProxyType({
    "no-private-keys": no_private_keys,
    "files-under-their-hash": files_under_their_hash,
    "sequences": sequences,
    "english-names": english_names,
    "services-whole": services_whole,
    "algorithms": algorithms,
    "addresses": addresses,
    "certificates-in-force": certificates_in_force,
    "path-lengths": path_lengths,
    "issuers-once": issuers_once,
    "service-keys-once": service_keys_once,
    "purposes-there": purposes_there,
    "deny-list-there": deny_list_there,
})  # fmt: skip
