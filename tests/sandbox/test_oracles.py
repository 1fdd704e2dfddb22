"""Other people's verifiers accept what the sandbox mints: it speaks the standards, and not a dialect of its own."""

import base64
import hashlib
import json
from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from jwcrypto.jwk import JWK
from sd_jwt.verifier import SDJWTVerifier

from idbridge.codec import base64url
from idbridge.model.region import Format
from idbridge.sandbox.bench import Bench
from idbridge.sandbox.catalogue import entries
from idbridge.sandbox.entry import Entry
from idbridge.sandbox.logins import Login
from idbridge.sandbox.parties import client_id
from idbridge.sandbox.presentations import Presentation
from idbridge.sandbox.recipe import Shown
from idbridge.sandbox.seeded import SeededRandomness
from tests.sandbox.regions import NOON, region

ACCEPTED = [entry for entry in entries().values() if entry.case.code is None and entry.case.over_http]
LOGINS = [entry for entry in ACCEPTED if isinstance(entry.recipe.source, Login)]
PRESENTATIONS = [entry for entry in ACCEPTED if isinstance(entry.recipe.source, Presentation)]
CURVES = ("ES256",)  # what the oracle's library verifies without further settings
NO_TIMES = {"verify_exp": False, "verify_iat": False, "verify_nbf": False}  # PyJWT asks this machine's clock


def shown(entry: Entry) -> Shown:
    """What the relying party of the case receives."""
    asking = region().registration(str(entry.case.relying_party))
    return entry.recipe.source.shown(Bench(region(), NOON, SeededRandomness(b"oracle")), to=asking)


def listed_key(entry: Entry) -> dict[str, Any]:
    """The key that the case's service signs with, as a JWK."""
    return dict(region().service(entry.recipe.source.service).signer.public_jwk)


def signing_key(entry: Entry, credential: str) -> JWK:
    """The key that the oracle has to verify with: the listed one, or one that the listed authority certified."""
    source = entry.recipe.source
    service = region().service(source.service)
    if not isinstance(source, Presentation) or source.certified is None:
        key = listed_key(entry)
        return JWK(**{name: key[name] for name in ("kty", "crv", "x", "y")})
    header = json.loads(base64url.decode(credential.partition(".")[0]))
    leaf = x509.load_der_x509_certificate(base64.b64decode(header["x5c"][0]))
    leaf.verify_directly_issued_by(x509.load_der_x509_certificate(service.keys.listed[0]))
    return JWK.from_pem(leaf.public_bytes(Encoding.PEM))


@pytest.mark.parametrize("entry", LOGINS, ids=lambda entry: entry.case.name)
def test_pyjwt_accepts_every_good_id_token(entry: Entry) -> None:
    service = region().service(entry.recipe.source.service)
    received = shown(entry)

    claims = jwt.decode(
        received.credential,
        jwt.PyJWK(listed_key(entry)),
        algorithms=[service.signer.algorithm],
        audience=client_id(str(entry.case.relying_party), issuer=service.issuer),
        issuer=service.issuer,
        options=NO_TIMES,
    )

    assert claims["nonce"] == received.nonce
    assert claims["exp"] - claims["iat"] <= timedelta(minutes=10).total_seconds()


@pytest.mark.parametrize("entry", PRESENTATIONS, ids=lambda entry: entry.case.name)
def test_every_disclosure_that_is_shown_has_its_digest_in_the_payload(entry: Entry) -> None:
    issuer_jwt, *disclosures, key_binding = shown(entry).credential.split("~")
    payload = json.loads(base64url.decode(issuer_jwt.split(".")[1]))
    digests = {base64url.encode(hashlib.sha256(one.encode()).digest()) for one in disclosures}

    assert digests < set(payload["_sd"])  # and a decoy besides
    assert payload["_sd"] == sorted(payload["_sd"])
    assert bool(key_binding) is (shown(entry).nonce is not None)
    assert not {json.loads(base64url.decode(one))[1] for one in disclosures} & payload.keys()


@pytest.mark.parametrize(
    "entry",
    [entry for entry in PRESENTATIONS if region().service(entry.recipe.source.service).signer.algorithm in CURVES],
    ids=lambda entry: entry.case.name,
)
def test_the_reference_library_accepts_every_good_presentation_that_it_can_verify(entry: Entry) -> None:
    received = shown(entry)
    audience = region().registration(str(entry.case.relying_party)).audience if received.nonce else None
    key = signing_key(entry, received.credential)

    verified = SDJWTVerifier(
        received.credential,
        lambda _issuer, _header: key,
        expected_aud=audience,
        expected_nonce=received.nonce,
    ).get_verified_payload()

    assert entry.case.format is Format.SD_JWT_VC
    assert verified["iss"] == region().service(entry.recipe.source.service).issuer
    assert "_sd" not in verified
