"""QR codes of the pretend providers, as a scanner reads them: good, or bad in one named detail.

A code is written by its service's own listing: claim names, dates, layers and container come from the source document
that its state signs. Clauses: RFC 8392 (CWT), RFC 9052 (COSE_Sign1), RFC 9285 (base45).
"""

import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

from idbridge.codec import base45, base64std, base64url, cbor, jcs
from idbridge.codec.cbor import Tagged
from idbridge.crypto import cose
from idbridge.crypto.signer import Signer
from idbridge.model.qr_profile import DateForm, QrContainer, QrProfile, QrStep, SignedForm
from idbridge.sandbox.bench import Bench
from idbridge.sandbox.draft import Draft, json_text, sealed
from idbridge.sandbox.edits import Edits, edited
from idbridge.sandbox.parties import Registration
from idbridge.sandbox.people import claims_of
from idbridge.sandbox.recipe import Shown
from idbridge.sandbox.services import Service
from idbridge.trust import qr_listing

_AGE: Final = timedelta(days=90)
_LIFE: Final = timedelta(days=5 * 365)
_COSE: Final = {name: number for number, name in cose.ALGORITHMS.items()} | {"ES256": -7, "Ed25519": -8}
_ALG, _KID = 1, 4
_WRITTEN: Final[Mapping[DateForm, Callable[[date], str]]] = {
    DateForm.ISO: date.isoformat,
    DateForm.COMPACT: lambda day: f"{day:%Y%m%d}",
    DateForm.DAY_MONTH_YEAR: lambda day: f"{day:%d %B %Y}",
    DateForm.MONTH_DAY_YEAR: lambda day: f"{day:%B %d, %Y}",
}

Layering = Callable[[bytes, QrProfile], str]


def layered(octets: bytes, profile: QrProfile) -> str:
    """Return the text of a code: the layers of its profile put on, the last one first."""
    for step in profile.envelope.steps[1:]:
        octets = zlib.compress(octets) if step is QrStep.ZLIB else octets
    first = profile.envelope.steps[0] if profile.envelope.steps else None
    written = {QrStep.BASE45: base45.encode, QrStep.BASE64URL: base64url.encode}.get(first, bytes.decode)  # type: ignore[arg-type]  # `None` is no step
    return profile.envelope.prefix + written(octets)


def spoken(octets: bytes) -> bytes:
    """Leave the signed message as it is."""
    return octets


@dataclass(frozen=True, slots=True)
class Code:
    """A code that ``service`` printed for ``person``.

    ``payload`` are edits to what is signed, ``header`` to the protected header, ``beside`` to the unprotected one;
    ``signed_by`` is another service whose key signs instead, and says so. ``bent`` is what is done to the message after
    it was signed, ``layers`` how it becomes a text.
    """

    service: str
    person: str
    payload: Edits = field(default_factory=dict)
    header: Edits = field(default_factory=dict)
    beside: Edits = field(default_factory=dict)
    signed_by: str | None = None
    bent: Callable[[bytes], bytes] = spoken
    layers: Layering = layered

    def shown(self, bench: Bench, *, to: Registration) -> Shown:  # noqa: ARG002 - a code is for everybody
        """Return the text that a scanner at the relying party reads."""
        service = bench.region.service(self.service)
        signer = bench.region.service(self.signed_by).signer if self.signed_by else service.signer
        profile = profile_of(service)
        claims = edited(stated(service, self.person, bench), self.payload, at=bench.at)
        return Shown(self.layers(self.bent(self._message(claims, profile, signer, bench)), profile), None)

    def _message(self, claims: Mapping[Any, Any], profile: QrProfile, signer: Signer, bench: Bench) -> bytes:
        detached = profile.envelope.detached
        if detached is not None:
            signed = jcs.canonicalize(claims) if detached.signed is SignedForm.JCS else indented(claims)
            return json_text({**claims, detached.signature: base64std.encode(signer.sign(signed))})
        if profile.envelope.container is QrContainer.JWS:
            header = edited({"alg": signer.algorithm, "kid": signer.kid}, self.header, at=bench.at)
            return sealed(Draft(header, json_text(claims), signer)).encode("ascii")
        protected = edited({_ALG: _COSE[signer.algorithm], _KID: signer.kid.encode()}, self.header, at=bench.at)
        return sign1(protected, edited({}, self.beside, at=bench.at), cbor.encode(claims), signer)


def profile_of(service: Service) -> QrProfile:
    """Return the profile that the service's state lists."""
    return qr_listing.read(qr_listing.written(service.source["qr"]))


def sign1(protected: Mapping[Any, Any], beside: Mapping[Any, Any], payload: bytes, signer: Signer) -> bytes:
    """Return a tagged COSE_Sign1 (RFC 9052 section 4.2)."""
    spelled = cbor.encode(dict(protected))
    signature = signer.sign(cose.signature_octets(protected=spelled, payload=payload))
    return cbor.encode(Tagged(cose.SIGN1, [spelled, dict(beside), payload, signature]))


def indented(claims: Mapping[Any, Any]) -> bytes:
    """Return what the signature of an object in JSON is over, in the order and the indent of its issuer."""
    return json.dumps(claims, indent=2, ensure_ascii=False).encode("latin-1", "replace")


def stated(service: Service, person_id: str, bench: Bench) -> dict[Any, Any]:
    """Return what ``service`` says of a person, each claim in its place."""
    profile, envelope = profile_of(service), profile_of(service).envelope
    person = bench.everybody.people[person_id]
    flat: dict[str, Any] = dict(claims_of(person, service.claim_map))
    for name, form in profile.dates.items():
        if name in flat:
            flat[name] = _WRITTEN[form](date.fromisoformat(flat[name]))
    for name, away in _times(profile).items():
        moment = bench.at + away
        form_of = profile.dates.get(name)
        flat[name] = _WRITTEN[form_of](moment.date()) if form_of else int(moment.timestamp())
    if envelope.issuer is not None:
        named = {"issuer": service.issuer, "state": service.state.value}
        flat[envelope.issuer.claim] = named.get(envelope.issuer.names.value, envelope.issuer.text)
    if envelope.detached is not None:
        flat[envelope.detached.algorithm] = "EDDSA" if service.signer.algorithm == "Ed25519" else "ES256"
    return _placed(flat, numbers=envelope.container in (QrContainer.CWT, QrContainer.COSE_SIGN1))


def _times(profile: QrProfile) -> dict[str, timedelta]:
    """Return the names of the times and how far each lies from now; a CWT names its own."""
    own = {"4": _LIFE, "6": -_AGE} if profile.envelope.container is QrContainer.CWT and not profile.issued else {}
    jws = {"exp": _LIFE, "iat": -_AGE} if profile.envelope.container is QrContainer.JWS else {}
    named = {profile.expires: _LIFE, profile.issued: -_AGE}
    return {**own, **jws, **{name: away for name, away in named.items() if name is not None}}


def _placed(flat: Mapping[str, Any], *, numbers: bool) -> dict[Any, Any]:
    """Return claims by their way through the map as the map; in CBOR, what looks like a number is one."""
    placed: dict[Any, Any] = {}
    for name, value in flat.items():
        *way, last = (int(one) if numbers and one.isdecimal() else one for one in name.split("."))
        inside = placed
        for step in way:
            inside = inside.setdefault(step, {})
        inside[last] = value
    return placed


def cut(octets: bytes, profile: QrProfile) -> str:
    """Lose the end of the text, as a scanner does that moved."""
    return layered(octets, profile)[:-7]


def as_health_certificate(octets: bytes, profile: QrProfile) -> str:
    """Put the prefix of a health certificate before the same code."""
    return f"HC1:{layered(octets, profile)}"


def swelling(_octets: bytes, profile: QrProfile) -> str:
    """Send a few octets that swell into a million (RFC 1950)."""
    return layered(b"\0" * 1_000_000, profile)


def signature_bent(octets: bytes) -> bytes:
    """Change one bit of the signature, which is what ends the message."""
    return octets[:-1] + bytes([octets[-1] ^ 1])


def name_bent(octets: bytes) -> bytes:
    """Put another name into what was signed."""
    return octets.replace(b"Luisa", b"Maria")
