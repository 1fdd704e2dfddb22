"""ID tokens and userinfo responses of a pretend provider: made as the sandbox makes every login, by the listing.

Claim names, levels, keys and encryption are those that the state's list names, so that what the list says is true.
Clauses: OpenID Connect Core 1.0 sections 2, 3.1.3.6 and 5.3.2; RFC 7519 section 11.2 (nested tokens).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from idbridge.credential.login_hashes import half_hash
from idbridge.crypto.jwe import encrypt
from idbridge.model.randomness import Randomness
from idbridge.oidc.client import OidcClient, ResponseEncryption
from idbridge.sandbox.bench import Bench
from idbridge.sandbox.draft import Draft, json_text, sealed
from idbridge.sandbox.full_logins import entity_claims, nested
from idbridge.sandbox.idp.faults import Faults
from idbridge.sandbox.people import Company, Person
from idbridge.sandbox.providers import id_token_claims, protected_header
from idbridge.sandbox.region import Region
from idbridge.sandbox.services import Service

_ABOUT_THE_TOKEN: Final = ("exp", "auth_time", "nonce", "at_hash", "sid")


@dataclass(frozen=True, slots=True)
class Choice:
    """Who logs in, for which company, and at which national level."""

    person: Person
    company: Company | None
    level: str


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A login that took place. ``session`` is how the provider calls it toward clients (``sid``)."""

    choice: Choice
    session: str = field(repr=False)
    at: datetime


@dataclass(frozen=True, slots=True)
class Minting:
    """What tokens are made with: one region, one instant, and what is wrong with the provider."""

    region: Region
    faults: Faults
    randomness: Randomness
    at: datetime


def login_claims(
    service: Service, login: LoggedIn, *, client: OidcClient, nonce: str | None, made: Minting
) -> dict[str, Any]:
    """Return everything that ``service`` says of a login to one client, under the names of its listing."""
    choice = login.choice
    flat = id_token_claims(
        service,
        choice.person,
        level=choice.level,
        client=client.id,
        nonce=nonce or "",
        at=made.at,
        randomness=made.randomness,
    )
    flat |= {"auth_time": int(login.at.timestamp()), "sid": login.session}
    if nonce is None:
        del flat["nonce"]
    if choice.company is not None:
        flat |= entity_claims(service, choice.company, Bench(made.region, made.at, made.randomness))
    return nested(flat, key_values=tuple(service.claim_map.get("key_values", ())))


def id_token(
    service: Service, claims: Mapping[str, Any], *, client: OidcClient, access_token: str, made: Minting
) -> str:
    """Return the ID token with ``claims``, signed, and encrypted to the client if it registered how."""
    whole = {**claims, "at_hash": half_hash(access_token, algorithm=service.signer.algorithm)}
    wrong = made.faults.claims(whole, level_claim=service.claim_map["acr"], at=made.at)
    header = made.faults.header(protected_header(service, typ="JWT"))
    token = made.faults.seal()(Draft(header, json_text(wrong), service.signer))
    return _for_client(token, client, client.id_token_encryption)


def userinfo(service: Service, claims: Mapping[str, Any], *, client: OidcClient) -> str:
    """Return the signed userinfo response: what the ID token says of the person."""
    said = {name: value for name, value in claims.items() if name not in _ABOUT_THE_TOKEN}
    token = sealed(Draft(protected_header(service, typ="JWT"), json_text(said), service.signer))
    return _for_client(token, client, client.userinfo_encryption)


def _for_client(token: str, client: OidcClient, encryption: ResponseEncryption | None) -> str:
    if encryption is None:
        return token
    return encrypt(
        token.encode("ascii"),
        to=client.encryption_jwk(encryption),
        algorithm=encryption.algorithm,
        encoding=encryption.encoding,
        header={"cty": "JWT"},
    )
