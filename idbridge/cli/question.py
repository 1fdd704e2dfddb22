"""The question that ``idbridge verify`` asks: the options of the command, and what a request body brings along.

Whoever sits at this command line is the relying party and its own authority: what the options say is registered. A
request body only says what was expected of the presentation; it can register nothing (architecture D4).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from idbridge.cli.exits import Exit
from idbridge.cli.output import Failure
from idbridge.codec import strict_json
from idbridge.credential.encrypted import received, received_userinfo
from idbridge.crypto.jwe import DecryptionKey
from idbridge.errors import InputError, RequestError
from idbridge.limits import LIMITS
from idbridge.model.evidence import TimeEvidence
from idbridge.model.login import LoginExpectations
from idbridge.model.query import Query, Transaction
from idbridge.model.region import AssuranceLevel, Environment, Format, MemberState
from idbridge.model.request import Detail, Expectations, RelyingParty, Session, VerifyRequest
from idbridge.presentation.dcql import parse_query
from idbridge.presentation.transaction_data import parse_transactions
from idbridge.verify.schema import documents
from idbridge.verify.time_evidence import read_time_evidence

COMMAND_LINE: Final = "command-line"
REQUEST_SCHEMA: Final = "verify-request.json"


@dataclass(frozen=True, slots=True)
class Presented:
    """What was presented, and what its request body says was expected of it."""

    credential: str
    purpose: str | None = None
    format: Format | None = None
    expected: Expectations = field(default_factory=Expectations)
    claims: tuple[str, ...] = ()
    assertion_audience: str | None = None
    userinfo: str | None = None
    query: Query | None = None
    transactions: tuple[Transaction, ...] = ()
    time_evidence: TimeEvidence | None = None


def presented(text: str, *, dcql: str | None = None) -> Presented:
    """Return the credential that ``text`` is, or the one in the request body that it is; ``dcql`` is its query.

    A body is held to the published schema: a member that was passed over could have been a restriction. Beside a query
    an object of lists is a vp_token.

    Raises:
        Failure: It is a JSON object and neither of the two, or there is no query in ``dcql``, or two of them.
    """
    query = None if dcql is None else _query(_object(dcql, "query"))
    if not text.startswith("{"):
        return Presented(text, query=query)
    members = _object(text, "request body")
    if query is not None and all(type(value) is list for value in members.values()):
        return Presented(text, query=query)
    if query is not None and "dcql" in members:
        raise Failure("the request body has a query of its own", hint="leave `--dcql` out", exit_code=Exit.USAGE)
    return _body(members, query)


def _object(text: str, what: str) -> dict[str, Any]:
    try:
        return strict_json.parse_object(text, max_bytes=LIMITS.body_bytes)
    except InputError as error:
        raise Failure(f"the {what} cannot be read, {error.code}: {error}", exit_code=Exit.REFUSED) from None


def _query(value: Any) -> Query:
    try:
        return parse_query(value)
    except RequestError as error:
        raise Failure(f"the query is none, {error.code}: {error}", exit_code=Exit.REFUSED) from None


def _transactions(value: Any, query: Query | None) -> tuple[Transaction, ...]:
    try:
        return parse_transactions(value, query=query)
    except RequestError as error:
        raise Failure(f"the transactions are none, {error.code}: {error}", exit_code=Exit.REFUSED) from None


def _body(members: Mapping[str, Any], query: Query | None) -> Presented:
    """Return what a request body asks; ``query`` is the one beside it, if any."""
    fault = best_match(Draft202012Validator(documents()[REQUEST_SCHEMA]).iter_errors(members))
    if fault is not None:
        place = fault.json_path.removeprefix("$").removeprefix(".") or "the body"
        hint = f"`docs/reference/{REQUEST_SCHEMA}` is its schema"
        raise Failure(f"the request body breaks its schema at `{place}`", hint=hint, exit_code=Exit.REFUSED)
    if "dcql" in members:
        query = _query(members["dcql"])
    return Presented(
        members["credential"],
        purpose=members["purpose"],
        format=Format(members["format"]) if "format" in members else None,
        expected=_expectations(members.get("expected", {})),
        claims=tuple(members.get("claims", ())),
        assertion_audience=members.get("assertion", {}).get("audience"),
        userinfo=members.get("userinfo"),
        query=query,
        transactions=_transactions(members["transaction_data"], query) if "transaction_data" in members else (),
        time_evidence=read_time_evidence(members["time_evidence"]) if "time_evidence" in members else None,
    )


def _expectations(members: Mapping[str, Any]) -> Expectations:
    entity = members.get("entity")
    return Expectations(
        nonce=members.get("nonce"),
        audience=members.get("audience"),
        minimum_level=AssuranceLevel[members["loa"]] if "loa" in members else None,
        entity=(entity["scheme"], entity["value"]) if entity is not None else None,
        session=Session(**members["session"]) if "session" in members else None,
        login=LoginExpectations.of(members),
    )


def asker(
    *,
    state: MemberState,
    environment: Environment,
    purpose: str,
    claims: Iterable[str],
    audiences: Iterable[str],
    clients: Iterable[tuple[str, str]],
) -> RelyingParty:
    """Return the registration that the options amount to."""
    by_issuer: dict[str, frozenset[str]] = {}
    for issuer, client in clients:
        by_issuer[issuer] = by_issuer.get(issuer, frozenset()) | {client}
    return RelyingParty(
        id=COMMAND_LINE,
        name=COMMAND_LINE,
        state=state,
        environment=environment,
        sector=COMMAND_LINE,
        purposes=frozenset({purpose}),
        claims=frozenset(claims),
        audiences=frozenset(audiences),
        clients=MappingProxyType(by_issuer),
    )


def question(
    shown: Presented,
    *,
    relying_party: RelyingParty,
    purpose: str,
    level: AssuranceLevel | None,
    nonce: str | None,
    claims: tuple[str, ...],
    detail: Detail,
    keys: tuple[DecryptionKey, ...] = (),
) -> VerifyRequest:
    """Return the request: an option counts before what the body says, but for the level, of which the higher counts.

    Raises:
        Failure: The body was made for another purpose.
    """
    if shown.purpose not in (None, purpose):
        hint = f"say `--purpose {shown.purpose}`, or hand over the credential alone"
        raise Failure("the request body is for another purpose", hint=hint, exit_code=Exit.USAGE)
    levels = [one for one in (level, shown.expected.minimum_level) if one is not None]
    expected = replace(
        shown.expected,
        nonce=nonce if nonce is not None else shown.expected.nonce,
        minimum_level=max(levels, default=None),
    )
    credential, encryption = received(shown.credential, keys)
    return VerifyRequest(
        credential=credential,
        relying_party=relying_party,
        purpose=purpose,
        format=shown.format,
        expected=expected,
        claims=claims or shown.claims,
        detail=detail,
        assertion_audience=shown.assertion_audience,
        encryption=encryption,
        userinfo=received_userinfo(shown.userinfo, keys),
        query=shown.query,
        transactions=shown.transactions,
        time_evidence=shown.time_evidence,
    )
