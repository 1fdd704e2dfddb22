"""Mdocs of the pretend providers as wallets show them, good, or bad in one named detail.

Written with our own encoder and signed for real. Clauses: ISO 18013-5, 8.3.2.1 and 9.1; OpenID4VP 1.0, B.2.6.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from idbridge.codec import base64url, cbor
from idbridge.codec.cbor import Tagged
from idbridge.credential.device_proof import device_authentication
from idbridge.credential.mdoc_document import EMBEDDED, VERSION
from idbridge.credential.mdoc_items import DATE_TIME, FULL_DATE
from idbridge.credential.session_transcript import session_transcript
from idbridge.crypto import cose
from idbridge.crypto.signer import Signer
from idbridge.model.randomness import Randomness
from idbridge.model.request import Session
from idbridge.model.time import instant_text
from idbridge.sandbox import chains
from idbridge.sandbox.bench import Bench
from idbridge.sandbox.edits import Edits, edited
from idbridge.sandbox.parties import Registration
from idbridge.sandbox.people import claims_of
from idbridge.sandbox.providers import subject_of
from idbridge.sandbox.recipe import Shown
from idbridge.sandbox.services import Service

ALG: Final = 1
X5CHAIN: Final = 33
_ALGORITHMS: Final[Mapping[str, int]] = {"ES256": -7, "ES384": -35, "ES512": -36, "Ed25519": -19}
_RANDOM_OCTETS: Final = 32
_AGE: Final = timedelta(days=30)
_LIFE: Final = timedelta(days=365)
_DATES: Final = frozenset({"birth_date", "issue_date", "expiry_date"})

Document = dict[str, Any]
Items = dict[str, list[dict[str, Any]]]
Chain = Callable[[Service, Bench], tuple[bytes, ...]]


def as_it_is(value: Any) -> Any:
    """Change nothing."""
    return value


@dataclass(frozen=True, slots=True)
class Mdoc:
    """A presentation of a document that ``service`` issued to ``person``.

    Of the issuer: ``elements`` are edits by ``namespace/element``, ``items`` is what it builds wrong before it makes
    digests, ``mso``, ``protected`` and ``unprotected`` are edits, ``signed`` and ``ends`` its times counted from
    minting, ``chain`` the certificates it sends. Of the holder: ``tampered`` is what is done to the IssuerSigned,
    ``withheld`` the elements kept back, ``device_by`` whose device signs, ``own`` the elements that it signs of its
    own, ``proven`` what is done to its ``deviceAuth``, ``took`` edits to the session that it answers to, ``alone``
    whether no device is asked. ``response`` and ``octets`` are what is done to the whole, as values and as octets.
    """

    service: str
    person: str
    level: str | None = None
    elements: Edits = field(default_factory=dict)
    items: Callable[[Items], Items] = as_it_is
    mso: Edits = field(default_factory=dict)
    protected: Edits = field(default_factory=dict)
    unprotected: Edits = field(default_factory=dict)
    signed: timedelta = -_AGE
    ends: timedelta = _LIFE
    chain: Chain = chains.own
    tampered: Callable[[Document], Document] = as_it_is
    withheld: tuple[str, ...] = ()
    device_by: str | None = None
    own: Mapping[str, Any] = field(default_factory=dict)
    proven: Callable[[Document], Document] = as_it_is
    took: Edits = field(default_factory=dict)
    audience_of: str | None = None
    alone: bool = False
    response: Callable[[Document], Document] = as_it_is
    octets: Callable[[bytes], bytes] = as_it_is

    def shown(self, bench: Bench, *, to: Registration) -> Shown:
        """Return what the relying party ``to`` receives."""
        return self.answer(bench, to=to, nonce=bench.nonce())

    def answer(self, bench: Bench, *, to: Registration, nonce: str) -> Shown:
        """Return what answers ``nonce``, by itself or in a vp_token, unless no device is asked."""
        service = bench.region.service(self.service)
        issued = self.tampered(self._issued(service, bench))
        if self.alone:
            return Shown(self._text(issued), None)
        audience = bench.region.registration(self.audience_of).audience if self.audience_of else to.audience
        session = {"client_id": audience, "response_uri": f"{audience}/answer"}
        transcript = session_transcript(Session(**edited(session, self.took, at=bench.at)), nonce)
        document = {
            "docType": service.credential_type,
            "issuerSigned": issued,
            "deviceSigned": self._proof(service, bench, transcript),
        }
        response = self.response({"version": VERSION, "documents": [document], "status": 0})
        return Shown(self._text(response), nonce, {"session": session})

    def _text(self, value: Document) -> str:
        return base64url.encode(self.octets(cbor.encode(value)))

    def _issued(self, service: Service, bench: Bench) -> Document:
        """Return the IssuerSigned, with the elements that the holder shows."""
        items = self.items(_items(self._elements(service, bench), randomness=bench.randomness))
        octets = {name_space: [cbor.encode(item) for item in listed] for name_space, listed in items.items()}
        digests = {
            name_space: {item["digestID"]: _digest(one) for item, one in zip(listed, octets[name_space], strict=True)}
            for name_space, listed in items.items()
        }
        device = bench.region.wallet(self.person).public_jwk
        mso = {
            "version": VERSION,
            "digestAlgorithm": "SHA-256",
            "valueDigests": digests,
            "deviceKeyInfo": {"deviceKey": cose_key(device)},
            "docType": service.credential_type,
            "validityInfo": self._validity(bench.at),
        }
        shown = {
            name_space: [
                Tagged(EMBEDDED, one)
                for item, one in zip(listed, octets[name_space], strict=True)
                if item["elementIdentifier"] not in self.withheld
            ]
            for name_space, listed in items.items()
        }
        payload = cbor.embedded(cbor.encode(edited(mso, self.mso, at=bench.at)))
        auth = self._auth(service.signer, payload, certificates=self.chain(service, bench), at=bench.at)
        return {
            "nameSpaces": {name_space: listed for name_space, listed in shown.items() if listed},
            "issuerAuth": auth,
        }

    def _elements(self, service: Service, bench: Bench) -> dict[str, Any]:
        person, claim_map = bench.everybody.people[self.person], service.claim_map
        elements = {
            **claims_of(person, claim_map),
            claim_map["subject"]: subject_of(service, person, randomness=bench.randomness),
            claim_map["acr"]: self.level or service.top_level,
            f"{service.credential_type}/issuing_country": service.state.value,
        }
        return edited(elements, self.elements, at=bench.at)

    def _validity(self, at: datetime) -> Document:
        signed = at + self.signed
        times = {"signed": signed, "validFrom": signed, "validUntil": at + self.ends}
        return {name: tdate(instant) for name, instant in times.items()}

    def _auth(self, signer: Signer, payload: bytes, *, certificates: tuple[bytes, ...], at: datetime) -> list[Any]:
        protected = cbor.encode(edited({ALG: _ALGORITHMS[signer.algorithm]}, self.protected, at=at))
        chain = certificates[0] if len(certificates) == 1 else list(certificates)
        signature = signer.sign(cose.signature_octets(protected=protected, payload=payload))
        return [protected, edited({X5CHAIN: chain}, self.unprotected, at=at), payload, signature]

    def _proof(self, service: Service, bench: Bench, transcript: bytes) -> Document:
        device = bench.region.wallet(self.device_by or self.person)
        octets = cbor.encode(dict(self.own))
        payload = device_authentication(transcript, doc_type=service.credential_type, octets=octets)
        protected = cbor.encode({ALG: _ALGORITHMS[device.algorithm]})
        signature = device.sign(cose.signature_octets(protected=protected, payload=payload))
        auth = self.proven({"deviceSignature": [protected, {}, None, signature]})
        return {"nameSpaces": Tagged(EMBEDDED, octets), "deviceAuth": auth}


def tdate(instant: datetime) -> Tagged:
    """Return an instant as a security object writes it, to the second."""
    return Tagged(DATE_TIME, instant_text(instant.replace(microsecond=0)))


def cose_key(jwk: Mapping[str, Any]) -> dict[int, Any]:
    """Return a public key on P-256 as COSE writes it (RFC 9053 section 7.1.1)."""
    return {1: 2, -1: 1, -2: base64url.decode(jwk["x"]), -3: base64url.decode(jwk["y"])}


def _items(elements: Mapping[str, Any], *, randomness: Randomness) -> Items:
    """Return one item for each element, numbered in its namespace, its dates as dates."""
    items: Items = {}
    for name, value in elements.items():
        name_space, _, identifier = name.rpartition("/")
        listed = items.setdefault(name_space, [])
        listed.append(
            {
                "digestID": len(listed),
                "random": randomness.octets(_RANDOM_OCTETS),
                "elementIdentifier": identifier,
                "elementValue": Tagged(FULL_DATE, value) if identifier in _DATES else value,
            }
        )
    return items


def _digest(octets: bytes) -> bytes:
    return hashlib.sha256(cbor.embedded(octets)).digest()
