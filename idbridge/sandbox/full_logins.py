"""Full logins: ID tokens with all that comes beside them, as a provider with quirks of its own makes them.

The quirks are those of the provider's listing: a ``sub`` of several values, claims inside others, a legal person who is
represented or logs in itself, encryption to the node. Good, or bad in one named detail.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from idbridge.codec import base64url
from idbridge.credential.login_hashes import half_hash
from idbridge.crypto.jwe import encrypt
from idbridge.model.region import MemberState
from idbridge.model.trust import PATH
from idbridge.sandbox.bench import Bench
from idbridge.sandbox.draft import Draft, Seal, json_text, sealed
from idbridge.sandbox.edits import Edits, edited
from idbridge.sandbox.parties import Registration, client_id
from idbridge.sandbox.people import Company
from idbridge.sandbox.providers import LOGIN_AGE, id_token_claims, protected_header
from idbridge.sandbox.recipe import Shown
from idbridge.sandbox.services import Service

Envelope = Callable[[str, Bench, MemberState], str]
_HASHED: Final[Mapping[str, str]] = {"access_token": "at_hash", "code": "c_hash", "state": "s_hash"}
_YEAR: Final = timedelta(days=365)


def in_the_open(token: str, _bench: Bench, _node: MemberState) -> str:
    """Send the token as it is."""
    return token


@dataclass(frozen=True, slots=True)
class Encrypted:
    """Send it encrypted to a key of the node; ``stranger`` to a key that the node never had, ``times`` how often.

    ``header`` are edits to the header, ``spoil`` what is done to the text afterwards.
    """

    algorithm: str = "ECDH-ES+A256KW"
    encoding: str = "A256GCM"
    key: int = 0
    header: Edits = field(default_factory=dict)
    stranger: bool = False
    times: int = 1
    spoil: Callable[[str], str] = str

    def __call__(self, token: str, bench: Bench, node: MemberState) -> str:
        """Return ``token`` for the node of ``node`` alone."""
        ours = bench.region.decryption_keys(node)[self.key].public_jwk
        strangers = bench.region.keys.maker.make("ES256", name=f"stranger/decryption/{node}")
        to = {**strangers.public_jwk, "kid": ours["kid"]} if self.stranger else ours
        header = edited({"cty": "JWT"}, self.header, at=bench.at)
        for _ in range(self.times):
            token = encrypt(token.encode(), to=to, algorithm=self.algorithm, encoding=self.encoding, header=header)
        return self.spoil(token)


@dataclass(frozen=True, slots=True)
class Userinfo:
    """A userinfo response of the same login: ``says`` are claims that the token leaves out, ``edits`` change others.

    ``signed_by`` another service whose key signs instead, ``header`` edits to its header.
    """

    says: tuple[str, ...] = ()
    edits: Edits = field(default_factory=dict)
    header: Edits = field(default_factory=dict)
    signed_by: str | None = None
    seal: Seal = sealed
    envelope: Envelope = in_the_open


@dataclass(frozen=True, slots=True)
class FullLogin:
    """A login of ``person`` at ``service``, for ``company`` if one is named, at its highest level unless said.

    ``token`` and ``header`` are edits to the ID token, ``entity`` to the claims of the legal person, by the names that
    the listing gives them. ``sends`` are the values that the relying party sends along, ``hashed`` those whose hashes
    the token holds, ``max_age`` what it expects of the age of the login, and ``logged_in`` how long ago that was.
    """

    service: str
    person: str
    company: str | None = None
    level: str | None = None
    header: Edits = field(default_factory=dict)
    token: Edits = field(default_factory=dict)
    entity: Edits = field(default_factory=dict)
    seal: Seal = sealed
    envelope: Envelope = in_the_open
    sends: tuple[str, ...] = ()
    hashed: tuple[str, ...] | None = None
    max_age: int | None = None
    logged_in: timedelta = LOGIN_AGE
    userinfo: Userinfo | None = None

    def shown(self, bench: Bench, *, to: Registration) -> Shown:
        """Return what the relying party ``to`` receives for a nonce of its own."""
        service, nonce = bench.service(self.service, made_in=None), bench.nonce()
        values = {name: base64url.encode(bench.randomness.octets(16)) for name in self.sends}
        flat = self._flat(service, bench, to=to, nonce=nonce)
        hashes = self.sends if self.hashed is None else self.hashed
        flat |= {_HASHED[name]: half_hash(values[name], algorithm=service.signer.algorithm) for name in hashes}
        whole = nested(flat, key_values=service.claim_map.get("key_values", ()))
        beside = self.userinfo or Userinfo()
        claims = {name: value for name, value in whole.items() if name not in beside.says}
        header = edited(protected_header(service, typ="JWT"), self.header, at=bench.at)
        payload = json_text(edited(claims, self.token, at=bench.at))
        token = self.envelope(self.seal(Draft(header, payload, service.signer)), bench, to.node)
        expected: dict[str, Any] = {**values} if self.max_age is None else {**values, "max_age": self.max_age}
        response = {} if self.userinfo is None else {"userinfo": self._response(service, whole, bench, to=to)}
        return Shown(token, nonce, expected, response)

    def _flat(self, service: Service, bench: Bench, *, to: Registration, nonce: str) -> dict[str, Any]:
        """Return the claims by the names of the listing, those inside others by their paths."""
        claims = id_token_claims(
            service,
            bench.everybody.people[self.person],
            level=self.level or service.top_level,
            client=client_id(to.relying_party.id, issuer=service.issuer),
            nonce=nonce,
            at=bench.at,
            randomness=bench.randomness,
        )
        claims["auth_time"] = int((bench.at - self.logged_in).timestamp())
        if self.company is None:
            return claims
        company = bench.everybody.companies[self.company]
        entity = edited(entity_claims(service, company, bench), self.entity, at=bench.at)
        return {**claims, **entity}

    def _response(self, service: Service, claims: Mapping[str, Any], bench: Bench, *, to: Registration) -> str:
        beside = self.userinfo or Userinfo()
        stated = {name: claims[name] for name in ("iss", "sub", "aud", "iat", *beside.says)}
        signer = bench.region.service(beside.signed_by).signer if beside.signed_by else service.signer
        header = edited(protected_header(service, typ="JWT"), beside.header, at=bench.at)
        payload = json_text(edited(stated, beside.edits, at=bench.at))
        return beside.envelope(beside.seal(Draft(header, payload, signer)), bench, to.node)


def entity_claims(service: Service, company: Company, bench: Bench) -> dict[str, Any]:
    """Return what the provider says of ``company``, under the names of its listing."""
    listed = service.claim_map["entity"]
    words = {scheme: word for word, scheme in listed.get("schemes", {}).items()}
    told = {
        "identifier": company.value,
        "scheme_claim": words.get(company.scheme),
        "name": company.name,
        "status": next(iter(listed.get("in_force", ())), None),
        "power_claim": ["represent"],
        "until": int((bench.at + _YEAR).timestamp()),
    }
    return {listed[member]: value for member, value in told.items() if member in listed}


def nested(flat: Mapping[str, Any], *, key_values: tuple[str, ...]) -> dict[str, Any]:
    """Return ``flat`` with each path made into what it leads to: objects, or a text of several values."""
    whole = {name: value for name, value in flat.items() if not name.startswith(PATH)}
    roots: dict[str, dict[str, Any]] = {}
    for path, value in flat.items():
        if path.startswith(PATH):
            root, name = path.removeprefix(PATH).split(".")
            roots.setdefault(root, {})[name] = value
    for root, members in roots.items():
        whole[root] = ",".join(f"{name}={text}" for name, text in members.items()) if root in key_values else members
    return whole
