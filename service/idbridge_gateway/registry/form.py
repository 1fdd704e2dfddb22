"""How a registration is written as JSON, and read back strictly: in the file, the database, the admin API and by `rp`.

Decides whether a document is a registration of an environment. A live one names nothing that belongs to a sandbox: no
plain http, nothing on this machine.
"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from idbridge.errors import ConfigurationError
from idbridge.limits import LIMITS
from idbridge.model.region import AssuranceLevel, Environment, MemberState
from idbridge.model.request import RelyingParty
from idbridge.oidc.registered_uri import require_registrable
from idbridge_gateway.registry.client_form import client_document, kept_client_document, read_client
from idbridge_gateway.registry.members import flag, members, refused, text, texts, whole, written
from idbridge_gateway.registry.record import ApiKey, Company, Registration, RequestLimits
from idbridge_gateway.settings import refuse_for_live
from idbridge_gateway.stores.relying_parties import ID

REQUIRED: Final = frozenset({"id", "name", "state", "sector", "purposes"})
OPTIONAL: Final = frozenset({
    "claims", "audiences", "clients", "minimum_level", "enabled", "policy_version", "oidc_clients", "limits",
    "webhook", "contact", "withdrawal", "signs_in_as",
})  # fmt: skip
# What bounds requests: another policy, and so another `policy_version`.
POLICY: Final = ("state", "sector", "purposes", "claims", "audiences", "clients", "minimum_level")
_MAIL: Final = re.compile(r"mailto:[A-Za-z0-9._+-]{1,64}@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")


def read_registration(
    entry: Any, *, environment: Environment, api_keys: tuple[ApiKey, ...] = (), **kept: Any
) -> Registration:
    """Return the registration that ``entry`` describes, with ``api_keys``; ``kept`` is what its keeper adds.

    Raises:
        RequestError: ``input.request_malformed``: a member is missing, unknown, of another kind, or names what this
            environment does not allow.
    """
    entry = members(entry, "a registration", required=REQUIRED, optional=OPTIONAL)
    party = _party(entry, environment)
    clients = entry.get("oidc_clients", [])
    if not isinstance(clients, list) or len(clients) > LIMITS.oidc_clients:
        raise refused(f"`oidc_clients` of a registration is a list of at most {LIMITS.oidc_clients}")
    try:
        return Registration(
            relying_party=party,
            api_keys=api_keys,
            clients=tuple(read_client(client, party) for client in clients),
            limits=_limits(entry.get("limits")),
            webhook=_address(entry, "webhook", environment),
            contact=None if entry.get("contact") is None else text(entry["contact"], "contact"),
            withdrawal=_address(entry, "withdrawal", environment, or_mail=True),
            signs_in_as=_company(entry.get("signs_in_as")),
            **kept,
        )
    except ValueError as refusal:
        raise refused(str(refusal)) from refusal


def registration_document(registration: Registration) -> dict[str, Any]:
    """Return ``registration`` as it may be shown: no key, no secret, and no digest of either."""
    return {**_own(registration), "oidc_clients": [client_document(client) for client in registration.clients]}


def kept_document(registration: Registration) -> dict[str, Any]:
    """Return ``registration`` as it is kept, without its API keys, such that it is read back equal."""
    return {**_own(registration), "oidc_clients": [kept_client_document(client) for client in registration.clients]}


def shown_document(registration: Registration) -> dict[str, Any]:
    """Return ``registration`` with what its keeper knows of it: when it changed, and which keys and
    ending secrets it has; never a digest.
    """
    return {
        **registration_document(registration),
        "environment": registration.relying_party.environment.value,
        "api_keys": [key_document(key) for key in registration.api_keys],
        "ending_secrets": [
            {"client": client.id, "until": written(client.ending_secret.until)}
            for client in registration.clients
            if client.ending_secret is not None
        ],
        "version": registration.version,
        "created_at": written(registration.created_at),
        "changed_at": written(registration.changed_at),
    }


def key_document(key: ApiKey) -> dict[str, Any]:
    """Return what may be shown of an API key."""
    return {
        "last_four": key.last_four,
        "created_at": written(key.created_at),
        "expires_at": written(key.expires_at),
    }


def _own(registration: Registration) -> dict[str, Any]:
    party, limits, company = registration.relying_party, registration.limits, registration.signs_in_as
    return {
        "id": party.id,
        "name": party.name,
        "state": party.state.value,
        "sector": party.sector,
        "purposes": sorted(party.purposes),
        "claims": sorted(party.claims),
        "audiences": sorted(party.audiences),
        "clients": {issuer: sorted(ids) for issuer, ids in sorted(party.clients.items())},
        "minimum_level": party.minimum_level.name,
        "enabled": party.enabled,
        "policy_version": party.policy_version,
        "limits": None if limits is None else {"per_minute": limits.per_minute, "burst": limits.burst},
        "webhook": registration.webhook,
        "contact": registration.contact,
        "withdrawal": registration.withdrawal,
        "signs_in_as": None if company is None else {"scheme": company.scheme, "value": company.value},
    }


def _party(entry: Mapping[str, Any], environment: Environment) -> RelyingParty:
    read = {name: reader(entry[name], name) for name, reader in _READERS.items() if name in entry}
    party_id = text(entry["id"], "id")
    if ID.fullmatch(party_id) is None:
        raise refused("a relying party has an id of its own, of lower case letters, digits and `-`")
    if environment is Environment.LIVE:
        for named in (*read.get("audiences", ()), *read.get("clients", ())):
            _refuse_for_live(named)
    try:
        return RelyingParty(id=party_id, environment=environment, **{**_DEFAULTS, **read})
    except ValueError as refusal:
        raise refused(str(refusal)) from refusal


def _refuse_for_live(named: str) -> None:
    """Refuse an address that a live node may not name; what is no address may be any name."""
    if "://" not in named:
        return
    try:
        refuse_for_live(named, what="an audience or issuer of a registration")
    except ConfigurationError as refusal:
        raise refused(str(refusal)) from refusal


def _address(entry: Mapping[str, Any], name: str, environment: Environment, *, or_mail: bool = False) -> str | None:
    if entry.get(name) is None:
        return None
    address = text(entry[name], name)
    if or_mail and _MAIL.fullmatch(address):
        return address
    try:
        require_registrable(address, environment=environment)
    except ValueError as refusal:
        other = ", or a mail address as `mailto:`" if or_mail else ""
        raise refused(f"`{name}` of a registration: {refusal}{other}") from refusal
    return address


def _limits(value: Any) -> RequestLimits | None:
    if value is None:
        return None
    value = members(value, "`limits` of a registration", required={"per_minute", "burst"})
    return RequestLimits(whole(value["per_minute"], "limits.per_minute"), whole(value["burst"], "limits.burst"))


def _company(value: Any) -> Company | None:
    if value is None:
        return None
    value = members(value, "`signs_in_as` of a registration", required={"scheme", "value"})
    return Company(text(value["scheme"], "signs_in_as.scheme"), text(value["value"], "signs_in_as.value"))


def _several(value: Any, name: str) -> frozenset[str]:
    return frozenset(texts(value, name))


def _state(value: Any, name: str) -> MemberState:
    if not isinstance(value, str) or value not in list(MemberState):
        raise refused(f"`{name}` of a registration is one of {', '.join(sorted(MemberState))}")
    return MemberState(value)


def _level(value: Any, name: str) -> AssuranceLevel:
    if not isinstance(value, str) or value not in AssuranceLevel.__members__:
        raise refused(f"`{name}` of a registration is one of {', '.join(AssuranceLevel.__members__)}")
    return AssuranceLevel[value]


def _foreign(value: Any, name: str) -> Mapping[str, frozenset[str]]:
    if not isinstance(value, dict) or len(value) > LIMITS.registered_entries:
        raise refused(f"`{name}` of a registration maps each issuer to the client ids registered there")
    return MappingProxyType({text(issuer, name): _several(ids, name) for issuer, ids in value.items()})


_READERS: Final[Mapping[str, Callable[[Any, str], Any]]] = MappingProxyType({
    "name": text,
    "state": _state,
    "sector": text,
    "purposes": _several,
    "claims": _several,
    "audiences": _several,
    "clients": _foreign,
    "minimum_level": _level,
    "enabled": flag,
    "policy_version": whole,
})  # fmt: skip
_DEFAULTS: Final[Mapping[str, Any]] = MappingProxyType({
    "claims": frozenset(), "audiences": frozenset(), "clients": MappingProxyType({}),
})  # fmt: skip
