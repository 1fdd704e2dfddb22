"""Providers of the pretend region: what they say of a person, in an ID token or in an SD-JWT VC.

A provider speaks by its own listing: claim names, level names and identifiers come from the source document that its
state signs. Clauses: OpenID Connect Core 1.0 section 2; SD-JWT VC section 2.2.
"""

from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from idbridge.codec import base64url
from idbridge.model.randomness import Randomness
from idbridge.sandbox.people import Person, claims_of
from idbridge.sandbox.services import Service

ID_TOKEN_LIFE: Final = timedelta(minutes=10)
LOGIN_AGE: Final = timedelta(seconds=20)
CREDENTIAL_LIFE: Final = timedelta(days=5 * 365)
CREDENTIAL_AGE: Final = timedelta(days=30)
_TRANSIENT_OCTETS: Final = 12


def subject_of(service: Service, person: Person, *, randomness: Randomness) -> str:
    """Return the identifier under which ``service`` knows ``person``: another one each time if it does not last."""
    if service.claim_map["persistence"] == "lasting":
        return person.subject
    return f"once-{base64url.encode(randomness.octets(_TRANSIENT_OCTETS))}"


def protected_header(service: Service, *, typ: str, chain: tuple[bytes, ...] | None = None) -> dict[str, Any]:
    """Return the header that ``service`` signs under: its certificates where the list has some, else the key's id.

    ``chain`` replaces the service's own certificates, for the cases that are about them.
    """
    certificates = service.keys.chain if chain is None else chain
    header: dict[str, Any] = {"alg": service.signer.algorithm, "typ": typ}
    if certificates:
        return {**header, "x5c": [b64encode(certificate).decode("ascii") for certificate in certificates]}
    return {**header, "kid": service.signer.kid}


def id_token_claims(
    service: Service,
    person: Person,
    *,
    level: str,
    client: str,
    nonce: str,
    at: datetime,
    randomness: Randomness,
) -> dict[str, Any]:
    """Return the claims of an ID token made at ``at`` for a login some seconds earlier."""
    now = int(at.timestamp())
    subject = subject_of(service, person, randomness=randomness)
    return {
        "iss": service.issuer,
        **claims_of(person, service.claim_map),
        "sub": subject,
        service.claim_map["subject"]: subject,
        "aud": client,
        "iat": now,
        "exp": now + int(ID_TOKEN_LIFE.total_seconds()),
        "auth_time": now - int(LOGIN_AGE.total_seconds()),
        "nonce": nonce,
        service.claim_map["acr"]: level,
    }


def credential_claims(
    service: Service, person: Person, *, level: str, holder_key: Mapping[str, Any], at: datetime, randomness: Randomness
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the claims of an SD-JWT VC: those in plain sight, and those that the holder may withhold."""
    issued = int((at - CREDENTIAL_AGE).timestamp())
    subject_claim = service.claim_map["subject"]
    plain = {
        "iss": service.issuer,
        "vct": service.credential_type,
        subject_claim: subject_of(service, person, randomness=randomness),
        "iat": issued,
        "exp": issued + int(CREDENTIAL_LIFE.total_seconds()),
        "cnf": {"jwk": dict(holder_key)},
        service.claim_map["acr"]: level,
    }
    hidden = {name: value for name, value in claims_of(person, service.claim_map).items() if name not in plain}
    return plain, hidden
