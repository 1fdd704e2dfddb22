"""Mdocs that other people's software made, below an authority that Singapore lists, each beside a tampered twin."""

import base64
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

import cbor2
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from isomdoc.create.create_mdoc import create_mdoc

from idbridge.clock import SystemClock
from idbridge.codec import base64url
from idbridge.credential.session_transcript import session_transcript
from idbridge.crypto.certificates import Subject, make_document_signer, make_iaca
from idbridge.crypto.iso_mdoc import DOCUMENT_SIGNING
from idbridge.crypto.signer import FileSigner, generate
from idbridge.model.region import MemberState
from idbridge.model.request import Expectations, Session, VerifyRequest
from idbridge.model.time import Validity
from idbridge.reasons import Indication
from idbridge.sandbox.region import Region
from idbridge.status.snapshot import EMPTY_STATUS
from idbridge.trust.publish import ServiceMaterial
from idbridge.verify.report import Report
from idbridge.verify.verifier import Verifier
from tests.interop.foreign import LEVEL, credential_service, run_node
from tests.verify.pretend import reasons

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # what the peer imports is old
    from pymdoccbor.mdoc.issuer import MdocCborIssuer

TYPE = "example.guest.pid.1"
PLACES: Mapping[str, Any] = {"contact": "https://iaca.guest.sg.example", "crl": "https://iaca.guest.sg.example/crl"}
PERSON = {
    "subject": "guest-1",
    "assurance": LEVEL,
    "given_name": "Mei Ling",
    "family_name": "Contoh",
    "birth_date": "1990-04-01",
    "nationality": "SG",
    "issuing_country": "SG",
}
NONCE = "n-0S6_WzA2Mj"
NOW = SystemClock().now().replace(microsecond=0)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class World:
    """A region in which Singapore lists a guest's IACA, and the guest's document signer."""

    region: Region
    verifier: Verifier
    signer: FileSigner
    certificate: bytes

    @property
    def session(self) -> Session:
        audience = self.region.registration("th-bank").audience
        return Session(audience, f"{audience}/answer")

    def report(self, credential: str, *, bound: bool = True, session: Session | None = None) -> Report:
        expected = Expectations(nonce=NONCE, session=session or self.session) if bound else Expectations()
        request = VerifyRequest(
            credential=credential,
            relying_party=self.region.registration("th-bank").relying_party,
            purpose="account-opening" if bound else "building-visit",
            claims=("name", "birthdate", "nationality") if bound else ("name",),
            expected=expected,
        )
        return self.verifier.verify(request, at=SystemClock().now())  # these libraries read the clock as they sign

    def ask(self, **changes: Any) -> dict[str, Any]:
        """What the scripts of ``tests/node`` are asked for."""
        key = self.signer.private_key.private_numbers().private_value  # type: ignore[union-attr]
        jwk = {name: self.signer.public_jwk[name] for name in ("kty", "crv", "x", "y")}
        return {
            "doc_type": TYPE,
            "name_space": TYPE,
            "claims": PERSON,
            "present": list(PERSON),
            "signer": {**jwk, "d": base64url.encode(key.to_bytes(32, "big"))},
            "signed": (NOW - DAY).isoformat(),
            "valid_until": (NOW + 9 * DAY).isoformat(),
            "client_id": self.session.client_id,
            "response_uri": self.session.response_uri,
            "nonce": NONCE,
            **changes,
        }


@cache
def world() -> World:
    """Made once: nothing in it changes."""
    authority = make_iaca(
        generate("ES256"),
        subject=Subject("Guest IACA", "SG"),
        validity=Validity(NOW - 300 * DAY, NOW + 3000 * DAY),
        **PLACES,
    )
    signer = generate("ES256")
    certificate = make_document_signer(
        signer,
        subject=Subject("Guest signer", "SG"),
        validity=Validity(NOW - 100 * DAY, NOW + 300 * DAY),
        issuer=authority,
        **PLACES,
    )
    region = Region.generate(at=NOW).with_guest(
        MemberState.SG, _provider(), material={"guest-pid": ServiceMaterial((), (authority.certificate,))}, at=NOW
    )
    verifier = Verifier(trust=region.snapshot(at=NOW), status=EMPTY_STATUS)
    return World(region, verifier, signer, certificate)


def _provider() -> dict[str, Any]:
    named = {name: f"{TYPE}/{name}" for name in PERSON}
    parts = [{"kind": "given", "native": named["given_name"]}, {"kind": "family", "native": named["family_name"]}]
    claims = {
        "subject": named["subject"],
        "persistence": "lasting",
        "acr": named["assurance"],
        "name_parts": parts,
        "map": {"birthdate": named["birth_date"], "nationality": named["nationality"]},
    }
    service = {
        **credential_service("https://pid.guest.sg.example", TYPE),
        "formats": ["mso_mdoc"],
        "leaf_rule": {"extended_key_usage": DOCUMENT_SIGNING},
        "material": {"kind": "iaca", "algorithm": "ES256", "count": 1},
        "claims": claims,
    }
    return {
        "name": {"en": "Guest provider of mdocs"},
        "address": {"street": "9 Sample Quay", "locality": "Singapore", "postal_code": "000009", "country": "SG"},
        "information_uri": "https://guest.sg.example/",
        "service": [service],
    }


def tampered(credential: str) -> str:
    """Another person's name in the place of the one that was signed."""
    octets = base64url.decode(credential)
    assert octets.count(b"Mei Ling") == 1
    return base64url.encode(octets.replace(b"Mei Ling", b"Mei Lynn"))


def accepted(report: Report) -> bool:
    identity = report.passed_identity
    return identity is not None and identity.credential.claims["birthdate"] == "1990-04-01"


def pem() -> str:
    return x509.load_der_x509_certificate(world().certificate).public_bytes(Encoding.PEM).decode()


@cache
def owf(*, api: bool) -> dict[str, Any]:
    origin = {"origin": world().session.client_id} if api else {}
    certificate = base64.b64encode(world().certificate).decode()
    return run_node("mint_mdoc_owf.mjs", world().ask(certificate=certificate, **origin))


@cache
def auth0(*, key_ids: bool) -> str:
    transcript = base64url.encode(session_transcript(world().session, NONCE))
    asked = world().ask(certificate=pem(), transcript=transcript, key_ids=key_ids)
    response: str = run_node("mint_mdoc_auth0.mjs", asked)["response"]
    return response


def test_a_response_of_owf_by_redirect_is_accepted_and_its_twin_is_not() -> None:
    response = owf(api=False)["response"]

    report = world().report(response)
    assert accepted(report), reasons(report)
    assert reasons(world().report(tampered(response))) == ["mdoc.digest_mismatch"]


def test_a_response_of_owf_over_the_digital_credentials_api_is_accepted_in_its_own_session_alone() -> None:
    response = owf(api=True)["response"]
    origin = Session(origin=world().session.client_id)

    report = world().report(response, session=origin)
    assert accepted(report), reasons(report)
    assert reasons(world().report(tampered(response), session=origin)) == ["mdoc.digest_mismatch"]
    assert reasons(world().report(response)) == ["mdoc.session_mismatch"]


def test_what_owf_issued_is_good_for_a_visit_without_a_device() -> None:
    alone = owf(api=False)["alone"]

    assert world().report(alone, bound=False).indication is Indication.PASSED
    assert reasons(world().report(tampered(alone), bound=False)) == ["mdoc.digest_mismatch"]


def test_a_response_of_auth0_whose_keys_have_ids_is_accepted_and_its_twin_is_not() -> None:
    response = auth0(key_ids=True)

    report = world().report(response)
    assert accepted(report), reasons(report)
    assert reasons(world().report(tampered(response))) == ["mdoc.digest_mismatch"]


def test_a_response_of_auth0_whose_keys_have_no_ids_carries_undefined_and_is_refused() -> None:
    response = auth0(key_ids=False)

    assert b"\xa1\x04\xf7" in base64url.decode(response)
    assert reasons(world().report(response)) == ["input.malformed"]


def test_what_isomdoc_issued_is_accepted_and_its_twin_is_not() -> None:
    document = create_mdoc(TYPE, [x509.load_der_x509_certificate(world().certificate)], world().signer.private_key)
    for name, value in PERSON.items():
        document.add_data_item(TYPE, name, value)
    device = generate("ES256").private_key.public_key()
    times = {"signed_datetime": NOW - DAY, "valid_from_datetime": NOW - DAY, "valid_until_datetime": NOW + 9 * DAY}
    alone = base64url.encode(document.generate_credential(device, **times))

    assert world().report(alone, bound=False).indication is Indication.PASSED
    assert reasons(world().report(tampered(alone), bound=False)) == ["mdoc.digest_mismatch"]


def test_what_pymdoccbor_issued_is_accepted_and_its_twin_is_not() -> None:
    alone = base64url.encode(_pymdoccbor())

    report = world().report(alone, bound=False)
    assert report.indication is Indication.PASSED, reasons(report)
    assert reasons(world().report(tampered(alone), bound=False)) == ["mdoc.digest_mismatch"]


def _pymdoccbor() -> bytes:
    """The IssuerSigned within the response without a device that the library makes, in its own encoder's spelling."""
    numbers = world().signer.private_key.private_numbers()  # type: ignore[union-attr]
    key = {"KTY": "EC2", "CURVE": "P_256", "ALG": "ES256", "D": numbers.private_value.to_bytes(32, "big")}
    device = generate("ES256").public_jwk
    named = {"KTY": "EC2", "CURVE": "P_256", "X": base64url.decode(device["x"]), "Y": base64url.decode(device["y"])}
    issuer = MdocCborIssuer(private_key=key, alg="ES256")
    validity = {"issuance_date": (NOW - DAY).date().isoformat(), "expiry_date": (NOW + 9 * DAY).date().isoformat()}
    document = issuer.new(
        data={TYPE: PERSON}, doctype=TYPE, validity=validity, devicekeyinfo=named, x509_chain=[world().certificate]
    )
    issued: bytes = cbor2.dumps(document["documents"][0]["issuerSigned"])
    return issued
