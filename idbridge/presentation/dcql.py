"""DCQL: a query as JSON values becomes a ``Query``, or is refused whole.

Decides whether a query is well formed, strictly: a member that is passed over could have been a restriction. It knows
no credential; ``matching`` and ``fulfilment`` hold those against it. Clauses: OpenID4VP 1.0, section 6 and appendix B.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final, NoReturn

from idbridge.errors import RequestError
from idbridge.limits import LIMITS
from idbridge.model.query import (
    AKI,
    ETSI_LIST,
    FEDERATION,
    Authority,
    ClaimQuery,
    CredentialQuery,
    CredentialSet,
    PathStep,
    Query,
    Value,
)
from idbridge.model.region import Format

_QUERY: Final = frozenset({"credentials", "credential_sets"})
_CREDENTIAL: Final = frozenset({
    "id", "format", "multiple", "meta", "trusted_authorities", "require_cryptographic_holder_binding", "claims",
    "claim_sets",
})  # fmt: skip
_CLAIM: Final = frozenset({"id", "path", "values"})
_MDOC_CLAIM: Final = _CLAIM | {"intent_to_retain"}
_SET: Final = frozenset({"options", "required"})
_AUTHORITY: Final = frozenset({"type", "values"})
_AUTHORITIES: Final = frozenset({AKI, ETSI_LIST, FEDERATION})
_ID = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_MDOC_PATH: Final = 2  # namespace and element
_EXACT_INTEGER: Final = 2**53 - 1  # RFC 8785 section 3.2.2.3
LDP_VC: Final = "ldp_vc"  # asked for by others; never served here, and so never satisfied


def parse_query(value: Any) -> Query:
    """Return the query that ``value`` (one JSON value) spells.

    Raises:
        RequestError: ``query.malformed``: a member is missing, unknown, twice, of another type or past a bound.
    """
    members = _object(value, "`dcql`", known=_QUERY, required=frozenset({"credentials"}))
    listed = _list(members["credentials"], "`credentials`", most=LIMITS.query_credentials)
    credentials = tuple(_credential(one, f"`credentials[{place}]`") for place, one in enumerate(listed))
    ids = _unique((one.id for one in credentials), "the credentials")
    sets: tuple[CredentialSet, ...] = ()
    if "credential_sets" in members:
        found = _list(members["credential_sets"], "`credential_sets`", most=LIMITS.query_sets)
        sets = tuple(_set(one, f"`credential_sets[{place}]`", ids=ids) for place, one in enumerate(found))
    return Query(credentials, sets)


def _malformed(detail: str) -> NoReturn:
    raise RequestError("query.malformed", detail)


def _object(value: Any, where: str, *, known: frozenset[str], required: frozenset[str]) -> Mapping[str, Any]:
    """Return ``value``, an object with members among ``known``; a stranger's name is not repeated."""
    if type(value) is not dict:
        _malformed(f"{where} is an object")
    if not value.keys() <= known:
        _malformed(f"{where} has a member that OpenID4VP 1.0 does not define there")
    if missing := sorted(required - value.keys()):
        _malformed(f"{where} has no `{missing[0]}`")
    return value


def _list(value: Any, where: str, *, most: int) -> list[Any]:
    if type(value) is not list or not 0 < len(value) <= most:
        _malformed(f"{where} is a list of 1 to {most} entries")
    return value


def _text(value: Any, where: str) -> str:
    if type(value) is not str or not 0 < len(value) <= LIMITS.identifier_characters:
        _malformed(f"{where} is a text of 1 to {LIMITS.identifier_characters} characters")
    return value


def _id(value: Any, where: str) -> str:
    text = _text(value, where)
    if _ID.fullmatch(text) is None:
        _malformed(f"{where} has letters, digits, `_` and `-` only")
    return text


def _flag(members: Mapping[str, Any], name: str, where: str, *, default: bool) -> bool:
    value = members.get(name, default)
    if type(value) is not bool:
        _malformed(f"`{name}` of {where} is true or false")
    return value


def _unique(values: Iterable[str], what: str) -> frozenset[str]:
    found = list(values)
    if len(set(found)) != len(found):
        _malformed(f"two of {what} have one id")
    return frozenset(found)


def _credential(value: Any, where: str) -> CredentialQuery:
    members = _object(value, where, known=_CREDENTIAL, required=frozenset({"id", "format", "meta"}))
    format_ = _text(members["format"], f"`format` of {where}")
    claims = _claims(members, where, format_=format_)
    return CredentialQuery(
        id=_id(members["id"], f"`id` of {where}"),
        format=format_,
        multiple=_flag(members, "multiple", where, default=False),
        types=_META.get(format_, _no_types)(members["meta"], f"`meta` of {where}"),
        authorities=_authorities(members, where),
        holder_binding=_flag(members, "require_cryptographic_holder_binding", where, default=True),
        claims=claims,
        claim_sets=_claim_sets(members, where, claims=claims),
    )


def _texts(value: Any, where: str) -> list[str]:
    return [_text(one, f"an entry of {where}") for one in _list(value, where, most=LIMITS.query_values)]


def _meta(value: Any, where: str, member: str) -> Any:
    """Return the one member of ``meta``, ``None`` if it asks for nothing (section 6.1: then any type will do)."""
    return _object(value, where, known=frozenset({member}), required=frozenset()).get(member)


def _vct_types(value: Any, where: str) -> tuple[frozenset[str], ...]:
    """Return the alternatives of an SD-JWT VC (appendix B.3.5)."""
    values = _meta(value, where, "vct_values")
    return () if values is None else tuple(frozenset({one}) for one in _texts(values, f"`vct_values` in {where}"))


def _document_types(value: Any, where: str) -> tuple[frozenset[str], ...]:
    """Return the one alternative of an mdoc (appendix B.2.3)."""
    name = _meta(value, where, "doctype_value")
    return () if name is None else (frozenset({_text(name, f"`doctype_value` in {where}")}),)


def _w3c_types(value: Any, where: str) -> tuple[frozenset[str], ...]:
    """Return the alternatives of a W3C credential, each of several types (appendix B.1.1)."""
    values = _meta(value, where, "type_values")
    if values is None:
        return ()
    listed = _list(values, f"`type_values` in {where}", most=LIMITS.query_values)
    return tuple(frozenset(_texts(one, f"an entry of `type_values` in {where}")) for one in listed)


def _no_types(value: Any, where: str) -> tuple[frozenset[str], ...]:
    """Accept any ``meta`` of a format that is not known here: no credential will ever be of it."""
    if type(value) is not dict:
        _malformed(f"{where} is an object")
    return ()


_META: Final[Mapping[str, Callable[[Any, str], tuple[frozenset[str], ...]]]] = MappingProxyType({
    Format.SD_JWT_VC.value: _vct_types,
    Format.MDOC.value: _document_types,
    Format.JWT_VC_JSON.value: _w3c_types,
    Format.VC_JWT.value: _w3c_types,
    Format.VC_SD_JWT.value: _w3c_types,
    LDP_VC: _w3c_types,
})  # fmt: skip


def _authorities(members: Mapping[str, Any], where: str) -> frozenset[Authority]:
    """Return who may vouch (section 6.1.1); a mechanism that is not known could not be checked, and is refused."""
    if "trusted_authorities" not in members:
        return frozenset()
    found: set[Authority] = set()
    for one in _list(members["trusted_authorities"], f"`trusted_authorities` of {where}", most=LIMITS.query_values):
        place = f"an entry of `trusted_authorities` of {where}"
        entry = _object(one, place, known=_AUTHORITY, required=_AUTHORITY)
        kind = _text(entry["type"], f"`type` in {place}")
        if kind not in _AUTHORITIES:
            _malformed(f"`type` in {place} is one of {', '.join(sorted(_AUTHORITIES))}")
        found.update(Authority(kind, value) for value in _texts(entry["values"], f"`values` in {place}"))
    return frozenset(found)


def _claims(members: Mapping[str, Any], where: str, *, format_: str) -> tuple[ClaimQuery, ...]:
    if "claims" not in members:
        return ()
    listed = _list(members["claims"], f"`claims` of {where}", most=LIMITS.requested_claims)
    claims = tuple(
        _claim(one, f"`claims[{place}]` of {where}", mdoc=format_ == Format.MDOC.value)
        for place, one in enumerate(listed)
    )
    _unique((one.id for one in claims if one.id is not None), f"the claims of {where}")
    if len({one.path for one in claims}) != len(claims):
        _malformed(f"two claims of {where} have one path")
    return claims


def _claim(value: Any, where: str, *, mdoc: bool) -> ClaimQuery:
    members = _object(value, where, known=_MDOC_CLAIM if mdoc else _CLAIM, required=frozenset({"path"}))
    _flag(members, "intent_to_retain", where, default=False)
    path = tuple(_step(one, where) for one in _list(members["path"], f"`path` of {where}", most=LIMITS.nesting_depth))
    if mdoc and (len(path) != _MDOC_PATH or not all(isinstance(step, str) for step in path)):
        _malformed(f"`path` of {where} is a namespace and an element (section 7.2)")
    return ClaimQuery(
        id=_id(members["id"], f"`id` of {where}") if "id" in members else None,
        path=path,
        values=_values(members["values"], where) if "values" in members else frozenset(),
    )


def _step(value: Any, where: str) -> PathStep:
    """Return one step of a claims path pointer (section 7)."""
    if value is None or (type(value) is int and 0 <= value <= _EXACT_INTEGER):
        return value
    if type(value) is not str or len(value) > LIMITS.identifier_characters:
        _malformed(f"a step of `path` of {where} is a text, null or an index")
    return value


def _values(value: Any, where: str) -> frozenset[Value]:
    found: set[Value] = set()
    for one in _list(value, f"`values` of {where}", most=LIMITS.query_values):
        if type(one) not in (str, int, bool):
            _malformed(f"`values` of {where} are texts, whole numbers, true or false")
        found.add((type(one), one))
    return frozenset(found)


def _claim_sets(
    members: Mapping[str, Any], where: str, *, claims: tuple[ClaimQuery, ...]
) -> tuple[tuple[int, ...], ...]:
    """Return which claims will do together, as places in ``claims`` (section 6.4.1)."""
    if "claim_sets" not in members:
        return ()
    if not claims or any(one.id is None for one in claims):
        _malformed(f"{where} has `claim_sets`, so it has `claims`, each with an `id`")
    places = {one.id: place for place, one in enumerate(claims)}
    sets = []
    for option in _list(members["claim_sets"], f"`claim_sets` of {where}", most=LIMITS.query_values):
        names = _list(option, f"an entry of `claim_sets` of {where}", most=LIMITS.requested_claims)
        if not all(type(name) is str and name in places for name in names):
            _malformed(f"`claim_sets` of {where} names a claim that is not asked for")
        _unique(names, f"the entries of a claim set of {where}")
        sets.append(tuple(places[name] for name in names))
    return tuple(sets)


def _set(value: Any, where: str, *, ids: frozenset[str]) -> CredentialSet:
    members = _object(value, where, known=_SET, required=frozenset({"options"}))
    options = []
    for option in _list(members["options"], f"`options` of {where}", most=LIMITS.query_sets):
        names = _list(option, f"an option of {where}", most=LIMITS.query_credentials)
        if not all(type(name) is str and name in ids for name in names):
            _malformed(f"an option of {where} names a credential that is not asked for")
        _unique(names, f"the entries of an option of {where}")
        options.append(frozenset(names))
    return CredentialSet(tuple(options), _flag(members, "required", where, default=True))
