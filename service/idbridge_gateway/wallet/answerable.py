"""Answerable: could any credential that a state lists answer an order and be accepted, as lists and arrangements stand?

Decides it from the rows of the recognition table, by format, type and level, for now and for the order's last instant:
a person is not asked for what nobody would be told. What may be good again by then counts as possible, a list that is
out of date or cannot be had, or a denial; so does what a superseded service issued before. Nothing is refused here that
the pipeline could accept of one state. Clauses: OpenID4VP 1.0 section 6; architecture D2 and D4.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from idbridge.errors import RequestError
from idbridge.model.query import CredentialQuery, Query
from idbridge.model.region import AssuranceLevel
from idbridge.model.request import VerifyRequest
from idbridge.recognition.table import ServiceRow, service_row
from idbridge_gateway.node import NodeState

_MISSING_MANDATE: Final = "mandate.missing"  # another credential of the same presentation may state it
_SUPERSEDED: Final = "issuer.superseded"
_NEVER_HELD: Final = "trust.not_configured"


def require_answerable(asked: VerifyRequest, *, state: NodeState, at: datetime, until: datetime) -> None:
    """Return if some credential could answer what is ``asked`` of a wallet between ``at`` and ``until``.

    Raises:
        RequestError: ``query.unanswerable``: none could, and why not.
    """
    query = asked.query
    if query is None or any(code != _NEVER_HELD for code in state.snapshot.states_without_list.values()):
        return
    rows = [*_rows(asked, state, at=at), *_rows(asked, state, at=until)]
    least = max(asked.relying_party.minimum_level, asked.expected.minimum_level or AssuranceLevel.A0)
    able = {one.id for one in query.credentials if any(_could_pass(row, query, least) for row in _fitting(one, rows))}
    if not _is_answered(query, able):
        raise RequestError("query.unanswerable", _why_not(query, rows, able=able, least=least))


def _rows(asked: VerifyRequest, state: NodeState, *, at: datetime) -> Iterator[ServiceRow]:
    by, purpose, standings = asked.relying_party.state, asked.purpose, state.verifier.standings
    for listed in state.snapshot.listed_states():
        for service in listed.services:
            for form in sorted(service.profile.formats):
                yield service_row(service, form, standings=standings, by=by, purpose=purpose, at=at)


def _fitting(asked: CredentialQuery, rows: list[ServiceRow]) -> Iterator[ServiceRow]:
    """Yield the rows whose credentials are of the format, and may be of a type, that is ``asked`` for."""
    for row in rows:
        listed = row.service.profile.credential_types
        named = listed.union(*(kind.split(" ") for kind in listed))  # a W3C credential is of several types
        if row.format.value == asked.format and (not asked.types or any(types <= named for types in asked.types)):
            yield row


def _could_pass(row: ServiceRow, query: Query, least: AssuranceLevel) -> bool:
    if row.code == _MISSING_MANDATE:
        return len(query.credentials) > 1
    if row.code == _SUPERSEDED:  # the row speaks of new credentials
        return row.standing.recognised and row.standing.maximum_level >= least
    return row.code is None and row.level >= least


def _is_answered(query: Query, able: set[str]) -> bool:
    """Tell whether the credentials that are ``able`` to would be all that is needed (OpenID4VP 1.0 section 6.4.2)."""
    if not query.sets:
        return query.by_id.keys() <= able
    required = (one for one in query.sets if one.required)
    return bool(able) and all(any(option <= able for option in one.options) for one in required)


def _in_the_way(query: Query, able: set[str]) -> CredentialQuery:
    """Return the first credential without which the query stays unanswered; of a set that is met none is in the way."""
    unmet = [one for one in query.sets if one.required and not any(option <= able for option in one.options)]
    named = {id_ for one in unmet or query.sets for option in one.options for id_ in option} or query.by_id.keys()
    return next(one for one in query.credentials if one.id in named and one.id not in able)


def _why_not(query: Query, rows: list[ServiceRow], *, able: set[str], least: AssuranceLevel) -> str:
    """Return in a sentence why a credential that is needed could not pass; of the request only an id."""
    missing = _in_the_way(query, able)
    found = list(_fitting(missing, rows))
    if not found:
        return f"no state lists what `{missing.id}` asks for"
    if any(_obstacle(row) is None for row in found):
        return f"no credential that `{missing.id}` asks for counts as {least} here for this purpose"
    codes = ", ".join(sorted({f"`{_obstacle(row)}`" for row in found}))
    return f"no credential that `{missing.id}` asks for is recognised here for this purpose: {codes}"


def _obstacle(row: ServiceRow) -> str | None:
    """Return what keeps the credentials of a row from counting at any level: that others succeeded a service does not.

    What it issued before counts as the arrangement says of it.
    """
    return row.standing.code if row.code == _SUPERSEDED else row.code
