"""Templates: a question in one word becomes a query in the terms of those credentials that could answer it.

Decides, from the trust lists in force, which credentials a state would recognise for a purpose and have every claim
asked for; each becomes one credential query, and any one of them answers. A credential that cannot be bound to its
holder is not asked for. Whether an answer counts, the pipeline decides afterwards, as for any other. Clause: OpenID4VP
1.0 section 6; the wallets' formats of its appendix B.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any, Final

from idbridge.errors import RequestError
from idbridge.limits import LIMITS
from idbridge.model.region import Format, MemberState
from idbridge.model.trust import PATH, ClaimMap, HolderBindingRule
from idbridge.recognition.standing import Standings
from idbridge.recognition.table import ServiceRow, recognition_table
from idbridge.trust.snapshot import TrustSnapshot

_NAME: Final = "name"
_BIRTHDATE: Final = "birthdate"
_AGE: Final = re.compile(r"age_over_[1-9][0-9]{0,2}", re.ASCII)
_FORMATS: Final = frozenset({Format.SD_JWT_VC, Format.MDOC, Format.JWT_VC_JSON})
_SEPARATOR: Final = "/"  # of name space and element, as lists name the claims of mdocs


@dataclass(frozen=True, slots=True)
class Template:
    """One question: for which purpose if the caller names none, and which regional claims."""

    name: str
    purpose: str
    claims: tuple[str, ...]


@cache
def templates() -> Mapping[str, Template]:
    """Return the closed catalogue, by name."""
    text = resources.files("idbridge.presentation").joinpath("templates.toml").read_text("utf-8")
    tables = tomllib.loads(text)
    return MappingProxyType({
        name: Template(name, table["purpose"], tuple(table["claims"])) for name, table in tables.items()
    })  # fmt: skip


def query_for(
    claims: tuple[str, ...],
    *,
    purpose: str,
    by: MemberState,
    snapshot: TrustSnapshot,
    standings: Standings,
    at: datetime,
) -> dict[str, Any]:
    """Return the DCQL query for ``claims`` of any one credential that ``by`` recognises for ``purpose``.

    Raises:
        RequestError: ``query.unanswerable``: no credential that is recognised has them.
    """
    known = snapshot.purposes.find(purpose)
    mandated = known is not None and bool(known.mandate_scope)
    table = recognition_table(snapshot.listed_states(), standings=standings, by=by, purpose=purpose, at=at)
    found: list[dict[str, Any]] = []
    for row in (row for state in table for row in state.services):
        found += [one for one in _queries(row, claims, mandated=mandated) if one not in found]
    if not found:
        raise RequestError("query.unanswerable", "no credential that is recognised for this purpose has these claims")
    named = [{"id": f"c{number}", **query} for number, query in enumerate(found[: LIMITS.query_credentials], 1)]
    return {"credentials": named, "credential_sets": [{"options": [[query["id"]] for query in named]}]}


def _queries(row: ServiceRow, claims: tuple[str, ...], *, mandated: bool) -> Iterator[dict[str, Any]]:
    """Yield what asks for the credentials of one service, nothing if none of them could answer."""
    profile = row.service.profile
    if row.code is not None or row.format not in _FORMATS or profile.holder_binding is HolderBindingRule.NONE:
        return
    names = [_named(claim, profile.claim_map) for claim in claims]
    if mandated:
        names.append((profile.claim_map.mandate,) if profile.claim_map.mandate is not None else ())
    if row.format is Format.MDOC:  # an SD-JWT VC shows both to everybody; here each is an element like any other
        names.append((profile.claim_map.subject, profile.claim_map.acr))
    if not all(names):
        return
    paths = dict.fromkeys(_path(name, row.format) for several in names for name in several)
    for kind in sorted(profile.credential_types):
        yield {
            "format": row.format.value,
            "meta": _meta(kind, row.format),
            "claims": [{"path": list(path)} for path in paths],
        }


def _named(claim: str, listed: ClaimMap) -> tuple[str, ...]:
    """Return what the provider calls the regional ``claim``, nothing if its credentials do not have it.

    An age is reckoned from the date of birth where the provider states no age; the date itself is then not released.
    """
    if claim == _NAME:
        return (listed.display,) if listed.display is not None else tuple(part.native for part in listed.name_parts)
    own = listed.claims.get(claim)
    if own is None and _AGE.fullmatch(claim) is not None:
        own = listed.claims.get(_BIRTHDATE)
    return (own,) if own is not None else ()


def _path(name: str, form: Format) -> tuple[str, ...]:
    """Return the claims path pointer of what a list calls ``name`` (sections 7.1 and 7.2)."""
    if form is Format.MDOC:
        return tuple(name.rsplit(_SEPARATOR, 1))
    return tuple(name.removeprefix(PATH).split(".")) if name.startswith(PATH) else (name,)


def _meta(kind: str, form: Format) -> dict[str, Any]:
    """Return how a query of this format names a type that a list spells ``kind`` (appendix B)."""
    if form is Format.SD_JWT_VC:
        return {"vct_values": [kind]}
    return {"doctype_value": kind} if form is Format.MDOC else {"type_values": [kind.split(" ")]}
