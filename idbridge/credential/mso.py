"""Mobile security objects: what the issuer of an mdoc signed, and whether it covers what was presented (M7 to M11).

Decides from the signed map alone: its version and members (ISO 18013-5, 9.1.2.4), and whether the digest of each
presented item stands under its own id in its own namespace (9.3.1, step 3). It does not know who signed, nor when.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from idbridge.codec import cbor
from idbridge.codec.cbor import Tagged
from idbridge.credential.mdoc_document import EMBEDDED, VERSION, read_embedded
from idbridge.credential.mdoc_items import DATE_TIME, Items
from idbridge.errors import CredentialError
from idbridge.limits import LIMITS

_REQUIRED: Final = frozenset({
    "version", "digestAlgorithm", "valueDigests", "deviceKeyInfo", "docType", "validityInfo",
})  # fmt: skip
# Beside these and `status` an issuer may put members that nobody here reads; nothing comes to depend on them.
_KEY_INFO: Final = frozenset({"deviceKey", "keyAuthorizations", "keyInfo"})
_AUTHORIZATIONS: Final = frozenset({"nameSpaces", "dataElements"})
_HASHES: Final[Mapping[str, Callable[[bytes], Any]]] = MappingProxyType({
    "SHA-256": hashlib.sha256, "SHA-384": hashlib.sha384, "SHA-512": hashlib.sha512,
})  # fmt: skip
_PAYLOAD: Final = frozenset({EMBEDDED})
_MEMBERS: Final = frozenset({DATE_TIME})
_RANDOM_OCTETS: Final = 16
_WHOLE: Final = frozenset[type]({int})
_OCTETS: Final = frozenset[type]({bytes})
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)  # without fractions: 9.1.2.4


class Authorizations(NamedTuple):
    """What the device may sign of its own: whole namespaces, and single elements by namespace."""

    name_spaces: frozenset[str] = frozenset()
    elements: Mapping[str, frozenset[str]] = MappingProxyType({})

    def cover(self, name_space: str, element: str) -> bool:
        """Tell whether the device may sign this element."""
        return name_space in self.name_spaces or element in self.elements.get(name_space, ())


_NONE_GIVEN: Final = Authorizations()


class Mso(NamedTuple):
    """A security object whose members are all of their kind. The device's key is still as COSE writes it."""

    hash: Callable[[bytes], Any]
    digests: Mapping[str, Mapping[int, bytes]]
    device_key: Mapping[Any, Any]
    authorizations: Authorizations
    doc_type: str
    signed: datetime
    valid_from: datetime
    valid_until: datetime

    def __repr__(self) -> str:
        """Name the type alone: a ``repr`` ends in logs, and what this holds is about a person."""
        return f"{type(self).__name__}(...)"


def parse_unverified_mso(payload: bytes) -> Mapping[str, Any]:
    """Return the map that an issuer's payload spells; only its document type is looked at, which the list is asked for.

    Raises:
        InputError: ``input.malformed`` or ``input.too_large``.
        CredentialError: ``mdoc.mso_invalid``: no map, or without a document type.
    """
    held = cbor.inside(payload)
    if held is None:  # it is none, or not in its one spelling, and reading it tells why
        members = read_embedded(cbor.decode(payload, max_bytes=LIMITS.token_bytes, tags=_PAYLOAD), tags=_MEMBERS)
    else:
        members = cbor.decode(held, max_bytes=LIMITS.token_bytes, tags=_MEMBERS)
    doc_type = members.get("docType") if type(members) is dict else None
    if type(doc_type) is not str or not 0 < len(doc_type) <= LIMITS.identifier_characters:
        raise _invalid("it names no document type")
    named: Mapping[str, Any] = members
    return named


def read_mso(members: Mapping[str, Any]) -> Mso:
    """Return the security object that the signed ``members`` make.

    Raises:
        CredentialError: ``mdoc.mso_invalid``, ``time.claim_missing`` or ``time.claim_malformed``.
    """
    if not members.keys() >= _REQUIRED:
        raise _invalid("it lacks a member")
    if members["version"] != VERSION:
        raise _invalid("it is of another version than 1.0")
    algorithm = members["digestAlgorithm"]
    digest = _HASHES.get(algorithm) if type(algorithm) is str else None
    if digest is None:
        raise _invalid("its digest algorithm is none of SHA-256, SHA-384 and SHA-512")
    key, authorizations = _key_info(members["deviceKeyInfo"])
    validity = members["validityInfo"]
    if type(validity) is not dict:
        raise _invalid("`validityInfo` is no map")
    return Mso(
        digest,
        _digests(members["valueDigests"], octets=digest(b"").digest_size),
        key,
        authorizations,
        members["docType"],
        _instant(validity, "signed"),
        _instant(validity, "validFrom"),
        _instant(validity, "validUntil"),
    )


def judge_items(mso: Mso, name_spaces: Mapping[str, Items]) -> tuple[str, str] | None:
    """Return the code and the words of the first fault of the presented items, ``None`` if the issuer signed them all.

    No word of it repeats what was presented.
    """
    for name_space, items in name_spaces.items():
        digests = mso.digests.get(name_space)
        if digests is None:
            return "mdoc.digest_unknown", "a presented namespace is not in the security object"
        if len(set(items.digest_ids)) < len(items.digest_ids):
            return "mdoc.digest_duplicate", "two items of one namespace have one digest id"
        if len(set(items.identifiers)) < len(items.identifiers):
            return "mdoc.digest_duplicate", "two items of one namespace are one element"
        for octets, digest_id in zip(items.octets, items.digest_ids, strict=True):
            if mso.hash(octets).digest() != digests.get(digest_id):
                return _unlike(known=digest_id in digests)
        if min(map(len, items.randoms)) < _RANDOM_OCTETS:
            return "mdoc.random_short", ""
    return None


def _unlike(*, known: bool) -> tuple[str, str]:
    if known:
        return "mdoc.digest_mismatch", ""
    return "mdoc.digest_unknown", "a presented item has a digest id that the security object lacks"


def _invalid(why: str) -> CredentialError:
    return CredentialError("mdoc.mso_invalid", why)


def _digests(value: Any, *, octets: int) -> Mapping[str, Mapping[int, bytes]]:
    if type(value) is not dict or not value:
        raise _invalid("`valueDigests` is no map")
    for name_space, digests in value.items():
        if type(name_space) is not str or type(digests) is not dict or not digests:
            raise _invalid("`valueDigests` holds a namespace that is no map")
        if not _WHOLE.issuperset(map(type, digests)) or not _OCTETS.issuperset(map(type, digests.values())):
            raise _invalid("`valueDigests` holds something that is no digest")
        if min(digests) < 0:
            raise _invalid("`valueDigests` holds a negative digest id")
        if set(map(len, digests.values())) != {octets}:
            raise _invalid("`valueDigests` holds a digest of another length")
    return value


def _key_info(value: Any) -> tuple[Mapping[Any, Any], Authorizations]:
    if (
        type(value) is not dict
        or not {"deviceKey"} <= value.keys() <= _KEY_INFO
        or type(value["deviceKey"]) is not dict
    ):
        raise _invalid("`deviceKeyInfo` names no key, or something that is not known")
    if "keyAuthorizations" not in value:
        return value["deviceKey"], _NONE_GIVEN
    return value["deviceKey"], _authorizations(value["keyAuthorizations"])


def _authorizations(value: Any) -> Authorizations:
    """Return what the device may sign; whole namespaces and elements of the same exclude each other (9.1.2.4)."""
    if type(value) is not dict or not value.keys() <= _AUTHORIZATIONS:
        raise _invalid("`keyAuthorizations` has a member that is not known")
    name_spaces, elements = value.get("nameSpaces", []), value.get("dataElements", {})
    if not _are_texts(name_spaces) or type(elements) is not dict:
        raise _invalid("`keyAuthorizations` are lists of names")
    if not all(type(name) is str and _are_texts(names) for name, names in elements.items()):
        raise _invalid("`keyAuthorizations` are lists of names")
    if not elements.keys().isdisjoint(name_spaces):
        raise _invalid("`keyAuthorizations` name a namespace in whole and in part")
    return Authorizations(frozenset(name_spaces), {name: frozenset(names) for name, names in elements.items()})


def _are_texts(value: Any) -> bool:
    return type(value) is list and all(type(one) is str for one in value)


def _instant(validity: Mapping[str, Any], name: str) -> datetime:
    if name not in validity:
        raise CredentialError("time.claim_missing", f"a security object has `{name}`")
    value = validity[name]
    text = value.value if type(value) is Tagged and value.tag == DATE_TIME else None
    if type(text) is str and _INSTANT.fullmatch(text):
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            pass
    raise CredentialError("time.claim_malformed", f"`{name}` is an instant in UTC, to the second, under tag 0")
