"""Orders: what a relying party wants a wallet to be asked, within what it is registered for.

Decides whether the members of ``POST /v1/presentations`` are in order, before anybody is asked anything: what could not
be verified afterwards is not asked for. The question itself is read by the reader of ``/v1/verify``, so that the two
cannot come to mean different things. The caller can only narrow (architecture D4).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final, TypeVar

from idbridge.errors import RequestError
from idbridge.limits import LIMITS
from idbridge.model.region import Format
from idbridge.model.request import RelyingParty
from idbridge.presentation.access_certificate import ClientIdPrefix
from idbridge.presentation.request_object import ResponseMode
from idbridge.presentation.templates import query_for, templates
from idbridge.recognition.purpose import PurposeRegister
from idbridge.verify.minimise import BIRTHDATE
from idbridge_gateway.api.request import FORBIDDEN, read_request
from idbridge_gateway.node import NodeState
from idbridge_gateway.wallet.answerable import require_answerable
from idbridge_gateway.wallet.records import ORDERED

Choice = TypeVar("Choice", ResponseMode, ClientIdPrefix)

MEMBERS: Final = ORDERED | {"template", "expected", "response_mode", "client_id_prefix", "expires_in", "return_uri"}
_EXPECTED: Final = frozenset({"loa", "entity"})  # the rest of what is expected follows from the request to the wallet
_AGE: Final = re.compile(r"age_over_[1-9][0-9]{0,2}", re.ASCII)  # whole: the page shows a person what follows
_PROBE: Final = "."  # stands for the answer while the question is read; nothing looks at it


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked of a wallet, and how. ``question`` are members of a verification request without the answer."""

    question: Mapping[str, Any] = field(repr=False)
    mode: ResponseMode
    prefix: ClientIdPrefix
    lifetime: timedelta
    return_uri: str | None = None

    @property
    def company(self) -> str:
        """The number of the company that is expected, after its register; empty if none is."""
        entity = self.question.get("expected", {}).get("entity")
        return f"{entity['scheme']} {entity['value']}" if entity is not None else ""

    @property
    def transactions(self) -> tuple[str, ...]:
        """The texts of the transactions that the holder is asked to authorise."""
        return tuple(self.question.get("transaction_data", ()))


def read_order(
    members: Any, *, party: RelyingParty, return_uris: frozenset[str], state: NodeState, at: datetime
) -> Order:
    """Return what ``members`` (one JSON value) order for ``party``, whose browsers may go back to ``return_uris``.

    Raises:
        RequestError: A member is missing, unknown, of another type or past a bound, asks for more than the party is
            registered for, or for what no credential could answer.
    """
    if type(members) is not dict:
        raise _malformed("the request is not an object")
    if not members.keys() <= MEMBERS:
        forbidden = sorted(FORBIDDEN.intersection(members.keys() - MEMBERS))
        if forbidden:
            raise RequestError("input.member_forbidden", f"`{forbidden[0]}` may not be set by a request")
        raise _malformed("the request has a member that the published schema does not know")
    question = _question(members, party=party, state=state, at=at)
    asked = read_request(
        {"credential": _PROBE, "format": Format.VP_TOKEN.value, **question},
        relying_party=party,
        node_audiences=frozenset(),
    )
    _refuse_unregistered(question, party, state.snapshot.purposes)
    order = Order(
        MappingProxyType(question),
        mode=_one_of(members, "response_mode", ResponseMode, ResponseMode.DIRECT_POST_JWT),
        prefix=_one_of(members, "client_id_prefix", ClientIdPrefix, ClientIdPrefix.X509_HASH),
        lifetime=_lifetime(members),
        return_uri=_return_uri(members, return_uris),
    )
    require_answerable(asked, state=state, at=at, until=at + order.lifetime)
    return order


def _malformed(detail: str) -> RequestError:
    return RequestError("input.request_malformed", detail)


def _question(members: Mapping[str, Any], *, party: RelyingParty, state: NodeState, at: datetime) -> dict[str, Any]:
    """Return the members of the verification request, a template's filled in."""
    question = {name: members[name] for name in ORDERED.intersection(members)}
    if "purpose_text" not in question:
        raise _malformed("`purpose_text` is required: a person reads it before they answer")
    if "expected" in members:
        if type(members["expected"]) is not dict or not members["expected"].keys() <= _EXPECTED:
            raise _malformed("`expected` is an object with `loa` or `entity` and nothing else")
        question["expected"] = members["expected"]
    if ("template" in members) is ("dcql" in members):
        raise _malformed("a request has `template` or `dcql`, one of the two")
    return question if "dcql" in members else _filled(question, members["template"], party=party, state=state, at=at)


def _filled(
    question: dict[str, Any], name: Any, *, party: RelyingParty, state: NodeState, at: datetime
) -> dict[str, Any]:
    """Return ``question`` with the query, the claims and, where it names none, the purpose of a template."""
    template = templates().get(name) if isinstance(name, str) else None
    if template is None:
        raise _malformed(f"`template` is one of {', '.join(templates())}")
    if "claims" in question:
        raise _malformed("a template has claims of its own: `claims` goes with `dcql`")
    purpose = question.setdefault("purpose", template.purpose)
    if not isinstance(purpose, str):
        raise _malformed("`purpose` is a text")
    query = query_for(
        template.claims,
        purpose=purpose,
        by=party.state,
        snapshot=state.snapshot,
        standings=state.verifier.standings,
        at=at,
    )
    return {**question, "claims": list(template.claims), "dcql": query}


def _refuse_unregistered(question: Mapping[str, Any], party: RelyingParty, purposes: PurposeRegister) -> None:
    """Refuse to ask a person for what the relying party would never be told."""
    purpose = purposes.find(question["purpose"])
    if question["purpose"] not in party.purposes or purpose is None:
        raise _malformed("`purpose` is not one that this relying party is registered for")
    for claim in question.get("claims", ()):
        if not (is_among(claim, party.claims) and is_among(claim, purpose.claims)):
            raise _malformed("`claims` names one that the registration or the purpose does not have")


def is_among(claim: str, claims: frozenset[str]) -> bool:
    """Tell whether ``claim`` is one of ``claims``, or an age where they have the date of birth."""
    return claim in claims or (BIRTHDATE in claims and _AGE.fullmatch(claim) is not None)


def _one_of(members: Mapping[str, Any], name: str, choices: type[Choice], default: Choice) -> Choice:
    value = members.get(name, default)
    if not isinstance(value, str) or value not in list(choices):
        raise _malformed(f"`{name}` is one of {', '.join(choices)}")
    return choices(value)


def _lifetime(members: Mapping[str, Any]) -> timedelta:
    least, most = LIMITS.presentation_lifetime_min, LIMITS.presentation_lifetime_max
    seconds = members.get("expires_in", int(LIMITS.presentation_lifetime.total_seconds()))
    if type(seconds) is not int or not least.total_seconds() <= seconds <= most.total_seconds():
        raise _malformed(
            f"`expires_in` is a number of seconds from {least.total_seconds():.0f} to {most.total_seconds():.0f}"
        )
    return timedelta(seconds=seconds)


def _return_uri(members: Mapping[str, Any], registered: frozenset[str]) -> str | None:
    """Return where a browser goes with the answer: a registered address, compared as a text (RFC 9700, 4.1.1)."""
    if "return_uri" not in members:
        return None
    uri = members["return_uri"]
    if not isinstance(uri, str) or uri not in registered:
        raise _malformed("`return_uri` is one of the redirect URIs that are registered for this relying party")
    return uri
