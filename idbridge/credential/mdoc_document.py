"""Mdocs as they travel, taken apart: a DeviceResponse with one document, or an IssuerSigned alone.

Decides whether octets are one of the two, in one spelling and with no member that is not accounted for. What a digest
or a signature is made over is kept as received; nothing is written again and taken for what was sent. A response with
several documents is refused, because a presentation for each is what a vp_token is for (HAIP 1.0, 5.3.1). It believes
nothing: whether any of it is signed, ``mso`` and ``device_auth`` tell. Clause: ISO 18013-5, 8.3.2.1.
"""

from collections.abc import Mapping
from itertools import accumulate, pairwise
from typing import Any, Final, NamedTuple, NoReturn

from idbridge.codec import cbor
from idbridge.codec.cbor import Tagged
from idbridge.credential.mdoc_items import VALUES, Items, read_items
from idbridge.crypto import cose
from idbridge.errors import CredentialError, InputError, JoseError
from idbridge.limits import LIMITS

EMBEDDED: Final = 24  # octets that are CBOR themselves (RFC 8949, 3.4.5.1)
VERSION: Final = "1.0"
_NO_TAGS: Final = frozenset[int]()
_RESPONSE: Final = frozenset({"version", "documents", "documentErrors", "status"})
_DOCUMENT: Final = frozenset({"docType", "issuerSigned", "deviceSigned", "errors"})
_REQUIRED: Final = _DOCUMENT - {"errors", "deviceSigned"}  # without a device's signature it has a reason of its own
_RESPONSE_REQUIRED: Final = frozenset({"version", "status"})
_ISSUER_SIGNED: Final = frozenset({"nameSpaces", "issuerAuth"})
_ISSUER_REQUIRED: Final = frozenset({"issuerAuth"})
_DEVICE_SIGNED: Final = frozenset({"nameSpaces", "deviceAuth"})
# Labels of the IANA registry of COSE header parameters.
_PROTECTED: Final = frozenset({1})  # alg
_UNPROTECTED: Final = frozenset({4, 33})  # kid, x5chain
_PARTS: Final = 4


class DeviceSigned(NamedTuple):
    """What the device signed: its own elements as octets and as read, by namespace, and its proof as received."""

    octets: bytes
    elements: Mapping[str, Mapping[str, Any]]
    auth: Any

    def __repr__(self) -> str:
        """Name the type alone: a ``repr`` ends in logs, and what this holds is about a person."""
        return f"{type(self).__name__}(...)"


class PresentedMdoc(NamedTuple):
    """One document. ``doc_type`` is what the response calls it, ``None`` for an IssuerSigned alone, as ``device`` is.

    ``absent`` counts the documents and elements that the wallet says it did not return.
    """

    name_spaces: Mapping[str, Items]
    issuer_auth: list[Any]
    doc_type: str | None = None
    device: DeviceSigned | None = None
    absent: int = 0

    def __repr__(self) -> str:
        """Name the type alone: a ``repr`` ends in logs, and what this holds is about a person."""
        return f"{type(self).__name__}(...)"


def parse_unverified_mdoc(octets: bytes) -> PresentedMdoc:
    """Return the document in ``octets``.

    Raises:
        InputError: ``input.malformed`` or ``input.too_large``.
        CredentialError: ``mdoc.response_status`` or ``mdoc.several_documents``.
        JoseError: ``jose.header_forbidden``: a header of the issuer's signature stands where it does not belong.
    """
    value = cbor.read_unproven(octets, max_bytes=LIMITS.token_bytes)
    presented = _presented(value)  # every kind in it is looked at there, or in `device_proof`
    cbor.require_spelling(octets, value, [cbor.array_of(items.octets) for items in presented.name_spaces.values()])
    return presented


def _presented(value: Any) -> PresentedMdoc:
    """Return the document in ``value``, which keeps a gap for the items of each namespace."""
    if type(value) is dict and "issuerAuth" in value:
        return PresentedMdoc(*_issuer_signed(value))
    response = _map(value, _RESPONSE, required=_RESPONSE_REQUIRED)
    if response["version"] != VERSION or type(response["status"]) is not int or response["status"] != 0:
        raise CredentialError("mdoc.response_status")
    documents = response.get("documents")
    if type(documents) is not list or not documents:
        raise CredentialError("mdoc.response_status", "the response holds no document")
    if len(documents) > 1:
        raise CredentialError("mdoc.several_documents")
    document = _map(documents[0], _DOCUMENT, required=_REQUIRED)
    return _document(document, absent=_document_errors(response.get("documentErrors", [])))


def read_embedded(value: Any, *, tags: frozenset[int] = VALUES) -> Any:
    """Return what the octets under tag 24 hold.

    Raises:
        InputError: ``input.malformed`` or ``input.too_large``.
    """
    return cbor.decode(_embedded_octets(value), max_bytes=LIMITS.token_bytes, tags=tags)


def _document(document: dict[str, Any], *, absent: int) -> PresentedMdoc:
    doc_type = document["docType"]
    if type(doc_type) is not str:
        _malformed("`docType` is a text")
    if "deviceSigned" not in document:
        raise CredentialError("mdoc.device_auth_invalid", "a document of a response is signed by the device")
    name_spaces, issuer_auth = _issuer_signed(document["issuerSigned"])
    if "errors" in document:
        absent += _errors(document["errors"])
    return PresentedMdoc(name_spaces, issuer_auth, doc_type, _device_signed(document["deviceSigned"]), absent)


def _issuer_signed(value: Any) -> tuple[Mapping[str, Items], list[Any]]:
    """Return the items by namespace, and the issuer's signature."""
    signed = _map(value, _ISSUER_SIGNED, required=_ISSUER_REQUIRED)
    name_spaces = _name_spaces(signed.get("nameSpaces", {}))
    if name_spaces:
        signed["nameSpaces"] = dict.fromkeys(name_spaces, cbor.GAP)
    return name_spaces, _issuer_auth(signed["issuerAuth"])


def _issuer_auth(value: Any) -> list[Any]:
    """Return the COSE_Sign1, which has its algorithm under protection, its certificates outside, and nothing more.

    A ``kid`` is let pass beside the certificates, because some issuers send one, and nothing ever reads it.
    """
    if type(value) is not list or len(value) != _PARTS or type(value[1]) is not dict or type(value[0]) is not bytes:
        _malformed("`issuerAuth` is a COSE_Sign1 of four parts")
    cbor.account(value[1], _NO_TAGS)  # to Python, 33 and 33.0 are one key
    if not cose.protected_members(value[0]).keys() <= _PROTECTED or not value[1].keys() <= _UNPROTECTED:
        raise JoseError("jose.header_forbidden", "only `alg` is protected, and only `x5chain` stands outside")
    if value[2] is None:
        _malformed("the security object of an mdoc is never detached")
    return value


def _name_spaces(value: Any) -> Mapping[str, Items]:
    """Return the items by namespace; they are read all at once, because reading each costs as much as its digest."""
    if type(value) is not dict:
        _malformed("`nameSpaces` is a map")
    several: list[bytes] = []
    for name_space, items in value.items():
        if type(name_space) is not str or type(items) is not list or not items:
            _malformed("a namespace is a text with a list of items")
        several.extend(map(_embedded_octets, items))
    if len(several) > LIMITS.disclosures:
        raise InputError("input.too_large", f"more than {LIMITS.disclosures} elements")
    if not several:
        return {}
    read = read_items(several)
    ends = list(accumulate(map(len, value.values()), initial=0))
    return {
        name_space: read.between(begin, end) for name_space, (begin, end) in zip(value, pairwise(ends), strict=True)
    }


def _device_signed(value: Any) -> DeviceSigned:
    signed = _map(value, _DEVICE_SIGNED, required=_DEVICE_SIGNED)
    octets = _embedded_octets(signed["nameSpaces"])
    elements = {} if octets == _NOTHING else read_embedded(signed["nameSpaces"])
    if type(elements) is not dict or not all(
        type(name_space) is str and type(items) is dict and all(type(name) is str for name in items)
        for name_space, items in elements.items()
    ):
        _malformed("the device's elements are maps by namespace")
    return DeviceSigned(octets, elements, signed["deviceAuth"])


_NOTHING: Final = b"\xa0"  # an empty map


def _document_errors(value: Any) -> int:
    """Count what the wallet says it did not return; nobody signed that, so it is told and decides nothing."""
    if type(value) is not list or not all(
        type(error) is dict and all(type(kind) is str and type(code) is int for kind, code in error.items())
        for error in value
    ):
        _malformed("`documentErrors` are codes by document type")
    return sum(map(len, value))


def _errors(value: Any) -> int:
    if type(value) is not dict or not all(
        type(name_space) is str
        and type(errors) is dict
        and all(type(name) is str and type(code) is int for name, code in errors.items())
        for name_space, errors in value.items()
    ):
        _malformed("`errors` are codes by namespace and element")
    return sum(map(len, value.values()))


def _map(value: Any, known: frozenset[str], *, required: frozenset[str]) -> dict[str, Any]:
    if type(value) is not dict or not required <= value.keys() <= known:
        _malformed("a map lacks a member, or has one that is not known")
    return value


def _embedded_octets(value: Any) -> bytes:
    if type(value) is not Tagged or value.tag != EMBEDDED or type(value.value) is not bytes:
        _malformed("embedded CBOR is octets under tag 24")
    octets: bytes = value.value
    return octets


def _malformed(why: str) -> NoReturn:
    raise InputError("input.malformed", why)
