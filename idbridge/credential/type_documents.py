"""Type documents: octets of local files become what types say, or nothing does (SD-JWT VC, section 6).

Decides by the documents alone, once, when a node starts: each has a type of its own, what it extends is there and
leads to an end, and no type is laxer than one that it extends. Nothing is fetched, ever. Members that only tell how a
credential is shown are ignored.
"""

import hashlib
from base64 import b64encode
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple, NoReturn

from idbridge.codec import strict_json
from idbridge.errors import ConfigurationError, InputError
from idbridge.limits import LIMITS
from idbridge.model.query import ClaimPath
from idbridge.model.type_metadata import ClaimRule, Disclosable, TypeDocument, TypeDocuments

ALGORITHMS: Final = MappingProxyType({
    "sha256": hashlib.sha256, "sha384": hashlib.sha384, "sha512": hashlib.sha512,
})  # fmt: skip
_DISCLOSABLE: Final = {one.value: one for one in Disclosable}


class _Read(NamedTuple):
    """One document by itself: what it extends, and the rules that it adds."""

    octets: bytes
    extends: str | None
    extends_integrity: str | None
    rules: Mapping[ClaimPath, ClaimRule]


def type_documents(files: Iterable[bytes]) -> TypeDocuments:
    """Return what the documents in ``files`` say, by type.

    Raises:
        ConfigurationError: One of them is none, or they do not fit together.
    """
    read: dict[str, _Read] = {}
    for octets in files:
        name, document = _read(octets)
        if name in read:
            _refuse(f"two documents are of the type {name}")
        read[name] = document
    if len(read) > LIMITS.type_documents:
        _refuse(f"more than {LIMITS.type_documents} documents")
    return MappingProxyType({name: _resolved(name, read) for name in read})


def integrity_of(octets: bytes) -> Mapping[str, str]:
    """Return the digests of ``octets`` by algorithm, as Subresource Integrity writes them."""
    return MappingProxyType({
        name: b64encode(hash_of(octets).digest()).decode("ascii") for name, hash_of in ALGORITHMS.items()
    })  # fmt: skip


def has_integrity(integrity: Mapping[str, str], stated: str) -> bool:
    """Tell whether a document has the digest ``stated``: of several, one of the strongest algorithm counts."""
    found: dict[str, set[str]] = {}
    for one in stated.split():
        algorithm, _, digest = one.partition("?")[0].partition("-")
        found.setdefault(algorithm, set()).add(digest)
    strongest = next((name for name in reversed(ALGORITHMS) if name in found), None)
    return strongest is not None and integrity[strongest] in found[strongest]


def _refuse(detail: str) -> NoReturn:
    raise ConfigurationError(f"type metadata: {detail}")


def _read(octets: bytes) -> tuple[str, _Read]:
    try:
        members = strict_json.parse_object(octets, max_bytes=LIMITS.type_document_bytes)
    except InputError as error:
        raise ConfigurationError(f"type metadata: a document cannot be read: {error.detail}") from None
    name = _text(members, "vct")
    if name is None:
        _refuse("a document without `vct`")
    claims = members.get("claims", [])
    if type(claims) is not list or len(claims) > LIMITS.requested_claims:
        _refuse(f"`claims` of {name} is a list of at most {LIMITS.requested_claims}")
    rules: dict[ClaimPath, ClaimRule] = {}
    for claim in claims:
        rule = _rule(claim, name)
        if rule.path in rules:
            _refuse(f"`claims` of {name} names one path twice")
        rules[rule.path] = rule
    return name, _Read(octets, _text(members, "extends"), _text(members, "extends#integrity"), rules)


def _text(members: Mapping[str, Any], name: str) -> str | None:
    value = members.get(name)
    if value is None:
        return None
    if type(value) is not str or not 0 < len(value) <= LIMITS.identifier_characters:
        _refuse(f"`{name}` is a text")
    return value


def _rule(value: Any, name: str) -> ClaimRule:
    if (
        type(value) is not dict
        or type(value.get("path")) is not list
        or not 0 < len(value["path"]) <= LIMITS.nesting_depth
    ):
        _refuse(f"a claim of {name} has a path")
    path = tuple(value["path"])
    if not all(one is None or type(one) is str or (type(one) is int and one >= 0) for one in path):
        _refuse(f"a step of a path of {name} is a text, null or an index")
    mandatory, disclosable = value.get("mandatory", False), value.get("sd", Disclosable.ALLOWED.value)
    if type(mandatory) is not bool or type(disclosable) is not str or disclosable not in _DISCLOSABLE:
        _refuse(f"`mandatory` of {name} is true or false, and `sd` is always, allowed or never")
    return ClaimRule(path, mandatory, _DISCLOSABLE[disclosable])


def _resolved(name: str, read: Mapping[str, _Read]) -> TypeDocument:
    """Return the type with the rules of all that it extends; the nearest counts, and is no laxer than the others."""
    rules: dict[ClaimPath, ClaimRule] = {}
    seen: list[str] = []
    current: str | None = name
    while current is not None:
        if current in seen:
            _refuse(f"{name} extends itself")
        if len(seen) == LIMITS.type_chain:
            _refuse(f"{name} extends more than {LIMITS.type_chain} types, one by another")
        seen.append(current)
        document = read[current]
        for path, rule in document.rules.items():
            _refuse_laxer(rules.setdefault(path, rule), rule, name)
        current = _extended(document, read, name)
    octets = read[name].octets
    return TypeDocument(name, hashlib.sha256(octets).hexdigest(), integrity_of(octets), tuple(rules.values()))


def _extended(document: _Read, read: Mapping[str, _Read], name: str) -> str | None:
    """Return the type that ``document`` extends, once its document is known to be the one that was meant."""
    if document.extends is None:
        return None
    parent = read.get(document.extends)
    if parent is None:
        _refuse(f"{name} extends a type without document")
    stated = document.extends_integrity
    if stated is not None and not has_integrity(integrity_of(parent.octets), stated):
        _refuse(f"what {name} extends is another document than it says")
    return document.extends


def _refuse_laxer(nearest: ClaimRule, extended: ClaimRule, name: str) -> None:
    """Refuse a type that takes back what one that it extends demands (SD-JWT VC, section 6.4)."""
    fixed = extended.disclosable is not Disclosable.ALLOWED
    if (extended.mandatory and not nearest.mandatory) or (fixed and nearest.disclosable is not extended.disclosable):
        _refuse(f"{name} is laxer than what it extends")
