"""Key files beside a source document: ``keys/<service>.jwk``, ``certificates/<service>.pem``, held against it.

Decides whether each file holds public keys or certificates that the list may name for that service. A document may
come without any: its keys are then made, or handed in, later.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from idbridge.codec import pem, strict_json
from idbridge.crypto.certificate_facts import CertificateFacts, certificate_facts
from idbridge.crypto.keys import JwkPublicKey, parse_jwk
from idbridge.crypto.listed import ListedCertificate, listed_certificate
from idbridge.errors import InputError, IssuerError, JoseError
from idbridge.limits import LIMITS
from idbridge.trust.lint_note import FORM, KeyFile, Note, Severity

TERRITORY: Final = "trust.territory_mismatch"
# The `identifier` of `trust_lists/list.schema.json`. Files are named after it, so it has no path in it. It is matched
# as a whole here, because `$` in a schema lets the end of a line pass.
SERVICE_ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class HeldCertificate:
    """A certificate of a file: what a list asks of it, and its dates."""

    file: str
    listed: ListedCertificate
    facts: CertificateFacts


@dataclass(frozen=True, slots=True)
class Held:
    """What key files hold, by service id, each with its file; and what is wrong with the files themselves."""

    keys: Mapping[str, tuple[tuple[str, JwkPublicKey], ...]]
    certificates: Mapping[str, tuple["HeldCertificate", ...]]
    notes: tuple[Note, ...]

    def thumbprints(self, service_id: str) -> frozenset[str]:
        """Return the thumbprints of all keys of a service, those in certificates too."""
        keys = [key for _, key in self.keys.get(service_id, ())]
        return frozenset(key.thumbprint for key in keys) | frozenset(
            one.listed.key.thumbprint for one in self.certificates.get(service_id, ())
        )


def read(files: tuple[KeyFile, ...], document: Document) -> Held:
    """Return what ``files`` hold for the services of ``document``."""
    known = {service["id"] for provider in document["provider"] for service in provider["service"]}
    keys: defaultdict[str, list[tuple[str, JwkPublicKey]]] = defaultdict(list)
    certificates: defaultdict[str, list[HeldCertificate]] = defaultdict(list)
    notes = []
    for one in files:
        if one.service_id not in known:
            words = f"keys of a service `{one.service_id}` that the list does not have"
            notes.append(Note((), "stray-key", words, Severity.WARNING, one.file))
            continue
        try:
            if one.certificates:
                certificates[one.service_id] += _certificates(one)
            else:
                keys[one.service_id].append((one.file, _key(one)))
        except (InputError, JoseError, IssuerError) as refusal:
            notes.append(Note((), FORM, refusal.detail, file=one.file))
    return Held(_frozen(keys), _frozen(certificates), tuple(notes))


def _frozen(found: Mapping[str, list[Any]]) -> Mapping[str, tuple[Any, ...]]:
    return {service_id: tuple(listed) for service_id, listed in found.items()}


def _key(one: KeyFile) -> JwkPublicKey:
    return parse_jwk(strict_json.parse_object(one.octets, max_bytes=LIMITS.key_file_bytes))


def _certificates(one: KeyFile) -> list[HeldCertificate]:
    try:
        text = one.octets.decode("ascii")
    except UnicodeDecodeError:
        raise InputError("input.malformed", "a file of certificates is PEM, which is ASCII") from None
    return [
        HeldCertificate(one.file, listed_certificate(der), certificate_facts(der))
        for der in pem.decode(text, label=pem.CERTIFICATE)
    ]


def notes(held: Held, document: Document, *, at: datetime) -> Iterator[Note]:
    """Yield what is wrong with the keys for the services that they are for."""
    yield from held.notes
    yield from _two_keys_of_one_name(held, document)
    for at_provider, provider in enumerate(document["provider"]):
        for at_service, service in enumerate(provider["service"]):
            if SERVICE_ID.fullmatch(service["id"]) is None:
                yield Note(("provider", at_provider, "service", at_service, "id"), FORM, "an id that names no file")
            yield from _unfit(held, service)
            for certificate in held.certificates.get(service["id"], ()):
                yield from _certificate(certificate, service, state=document["state"])
                yield from _lifetime(certificate, at=at)


def _two_keys_of_one_name(held: Held, document: Document) -> Iterator[Note]:
    named: dict[tuple[str, str], str] = {}
    for provider in document["provider"]:
        for service in provider["service"]:
            for file, key in held.keys.get(service["id"], ()):
                name = (service["issuer"], key.kid or key.thumbprint)
                if named.setdefault(name, key.thumbprint) != key.thumbprint:
                    yield Note((), FORM, f"the issuer has another key of the key id `{name[1]}`", file=file)


def _unfit(held: Held, service: Document) -> Iterator[Note]:
    allowed = frozenset(service["algorithms"])
    seen: set[str] = set()
    for file, key in held.keys.get(service["id"], ()):
        if key.algorithms.isdisjoint(allowed):
            yield Note((), FORM, "the key fits none of the algorithms of its service", file=file)
        if key.thumbprint in seen:
            yield Note((), FORM, "the service has this key already", file=file)
        seen.add(key.thumbprint)


def _certificate(one: HeldCertificate, service: Document, *, state: str) -> Iterator[Note]:
    listed = one.listed
    if listed.countries - {state}:
        yield Note((), TERRITORY, f"a certificate of {', '.join(sorted(listed.countries))}", file=one.file)
    if listed.authority and "leaf_rule" not in service:
        yield Note((), FORM, "a certificate authority without a rule for its leaves", file=one.file)
    if not listed.authority and listed.key.algorithms.isdisjoint(service["algorithms"]):
        yield Note((), FORM, "the key of the certificate fits none of the algorithms of its service", file=one.file)


def _lifetime(one: HeldCertificate, *, at: datetime) -> Iterator[Note]:
    if not one.facts.not_before <= at <= one.facts.not_after:
        yield Note((), "not-in-force", "a certificate that is not in force now", Severity.WARNING, one.file)
    elif one.facts.not_after < at + LIMITS.list_lifetime:
        words = f"a certificate that ends within {LIMITS.list_lifetime.days} days, the life of a list"
        yield Note((), "ends-soon", words, Severity.WARNING, one.file)
