"""Requests in a dispute: what a relying party asked, and what it was registered for, written down and read again.

Decides nothing anew. A request is its body as it was sent, held to the published schema, without what it was about:
that is the caller's own, who brings it again. What no body says and a verification depends on stands beside it as its
circumstances. Clauses: interface page, Verify; architecture D4.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any, Final

from jsonschema import Draft202012Validator

from idbridge.errors import ConfigurationError, RequestError, TrustError
from idbridge.limits import LIMITS
from idbridge.model.login import Encryption, LoginExpectations, Userinfo
from idbridge.model.region import AssuranceLevel, Environment, Format, MemberState
from idbridge.model.request import Expectations, RelyingParty, Session, VerifyRequest
from idbridge.presentation.dcql import parse_query
from idbridge.presentation.transaction_data import parse_transactions
from idbridge.trust import members
from idbridge.verify.schema import documents
from idbridge.verify.time_evidence import read_time_evidence

_SCHEMA: Final = "verify-request.json"
BROUGHT: Final = frozenset({"credential", "userinfo"})  # members of a body that are the caller's own
_REGISTRATION: Final = frozenset({
    "id", "name", "state", "environment", "sector", "purposes", "claims", "audiences", "clients", "minimum_level",
    "enabled", "policy_version",
})  # fmt: skip
_CIRCUMSTANCES: Final = frozenset({"node_audiences", "needs_holder", "encryption", "userinfo_encryption", "signer"})
_ENCRYPTION: Final = frozenset({"algorithm", "encoding", "refused"})


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What no body says: whom a node receives for, how a credential came to it, and what it knew of a login of its own.

    What was opened with a session key that only the node had is not here: no private key ever is.
    """

    node_audiences: frozenset[str] = frozenset()
    needs_holder: bool = True
    encryption: Encryption | None = None
    userinfo_encryption: Encryption | None = None
    signer: str | None = None

    def document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "node_audiences": sorted(self.node_audiences),
            "needs_holder": self.needs_holder,
            "encryption": _encryption_document(self.encryption),
            "userinfo_encryption": _encryption_document(self.userinfo_encryption),
            "signer": self.signer,
        }


@dataclass(frozen=True, slots=True)
class Brought:
    """What the caller brings, of which no node keeps a copy: the credential, and what came beside it."""

    credential: str = field(repr=False)
    userinfo: str | None = field(default=None, repr=False)


def body_without(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a request's body without what it was about.

    Raises:
        ConfigurationError: It breaks the published schema.
    """
    kept = {name: member for name, member in body.items() if name not in BROUGHT}
    fault = next(Draft202012Validator(documents()[_SCHEMA]).iter_errors({**kept, "credential": ""}), None)
    if fault is not None:
        raise ConfigurationError(f"the request breaks its schema at `{fault.json_path}`")
    return kept


def question(
    body: Mapping[str, Any], brought: Brought, *, party: RelyingParty, circumstances: Circumstances
) -> VerifyRequest:
    """Return the question that was asked for ``party``; ``body`` is one that ``body_without`` returned.

    Raises:
        ConfigurationError: Its query or transactions are none.
    """
    expected: Mapping[str, Any] = body.get("expected", {})
    entity, userinfo = expected.get("entity"), brought.userinfo
    try:
        query = parse_query(body["dcql"]) if "dcql" in body else None
        return VerifyRequest(
            credential=brought.credential,
            relying_party=party,
            purpose=body["purpose"],
            format=Format(body["format"]) if "format" in body else None,
            expected=Expectations(
                nonce=expected.get("nonce"),
                audience=expected.get("audience"),
                minimum_level=AssuranceLevel[expected["loa"]] if "loa" in expected else None,
                entity=(entity["scheme"], entity["value"]) if entity is not None else None,
                session=Session(**expected["session"]) if "session" in expected else None,
                login=LoginExpectations.of(expected),
            ),
            claims=tuple(body.get("claims", ())),
            node_audiences=circumstances.node_audiences,
            assertion_audience=body.get("assertion", {}).get("audience"),
            query=query,
            transactions=parse_transactions(body["transaction_data"], query=query)
            if "transaction_data" in body
            else (),
            needs_holder=circumstances.needs_holder,
            encryption=circumstances.encryption,
            userinfo=None if userinfo is None else Userinfo(userinfo, circumstances.userinfo_encryption),
            signer=circumstances.signer,
            time_evidence=read_time_evidence(body["time_evidence"]) if "time_evidence" in body else None,
        )
    except (RequestError, ValueError) as refusal:
        raise ConfigurationError(f"the request cannot be asked again: {refusal}") from refusal


def registration_document(party: RelyingParty) -> dict[str, Any]:
    """Return a registration as JSON values, without the digests of its API keys."""
    return {
        "id": party.id,
        "name": party.name,
        "state": party.state.value,
        "environment": party.environment.value,
        "sector": party.sector,
        "purposes": sorted(party.purposes),
        "claims": sorted(party.claims),
        "audiences": sorted(party.audiences),
        "clients": {issuer: sorted(party.clients[issuer]) for issuer in sorted(party.clients)},
        "minimum_level": party.minimum_level.name,
        "enabled": party.enabled,
        "policy_version": party.policy_version,
    }


def parse_registration(value: Any) -> RelyingParty:
    """Return the registration of which ``registration_document`` made ``value``.

    Raises:
        ConfigurationError: It is in another form.
    """
    try:
        read = members.table(value, required=_REGISTRATION, where="the registration")
        return RelyingParty(
            id=members.text(read["id"], where="id"),
            name=members.text(read["name"], where="name"),
            state=members.word(read["state"], MemberState, where="state"),
            environment=members.word(read["environment"], Environment, where="environment"),
            sector=members.text(read["sector"], where="sector"),
            purposes=_texts(read["purposes"], where="purposes"),
            claims=_texts(read["claims"], where="claims"),
            audiences=_texts(read["audiences"], where="audiences"),
            clients=_clients(read["clients"]),
            minimum_level=members.word(read["minimum_level"], AssuranceLevel.__getitem__, where="minimum_level"),
            enabled=_flag(read["enabled"], where="enabled"),
            policy_version=members.count(
                read["policy_version"], where="policy_version", least=1, most=LIMITS.list_sequence
            ),
        )
    except (TrustError, ValueError, TypeError) as damaged:
        raise ConfigurationError(f"the registration is not in its form: {damaged}") from damaged


def parse_circumstances(value: Any) -> Circumstances:
    """Return the circumstances of which ``Circumstances.document`` made ``value``.

    Raises:
        ConfigurationError: They are in another form.
    """
    try:
        read = members.table(value, required=_CIRCUMSTANCES, where="the circumstances")
        return Circumstances(
            node_audiences=_texts(read["node_audiences"], where="node_audiences"),
            needs_holder=_flag(read["needs_holder"], where="needs_holder"),
            encryption=_encryption(read["encryption"]),
            userinfo_encryption=_encryption(read["userinfo_encryption"]),
            signer=None if read["signer"] is None else members.text(read["signer"], where="signer"),
        )
    except (TrustError, TypeError) as damaged:
        raise ConfigurationError(f"the circumstances are not in their form: {damaged}") from damaged


def _texts(value: Any, *, where: str) -> frozenset[str]:
    return members.several(value, lambda one: members.text(one, where=where), where=where)


def _clients(value: Any) -> Mapping[str, frozenset[str]]:
    if type(value) is not dict:
        raise TypeError("clients are by issuer")
    return MappingProxyType({issuer: _texts(clients, where="clients") for issuer, clients in value.items()})


def _flag(value: Any, *, where: str) -> bool:
    if type(value) is not bool:
        raise TypeError(f"{where} is true or false")
    return value


def _encryption_document(encryption: Encryption | None) -> dict[str, Any] | None:
    return None if encryption is None else {one.name: getattr(encryption, one.name) for one in fields(encryption)}


def _encryption(value: Any) -> Encryption | None:
    if value is None:
        return None
    read = members.table(value, required=_ENCRYPTION, where="encryption")
    if any(type(one) not in (str, type(None)) for one in read.values()):
        raise TypeError("what is said of encryption are texts or null")
    return Encryption(**read)
