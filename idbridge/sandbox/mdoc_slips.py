"""What issuers, wallets and thieves do wrong with an mdoc: each takes what is right and returns it with one fault."""

from typing import Any, Final

from idbridge.codec import cbor
from idbridge.codec.cbor import Tagged
from idbridge.credential.mdoc_document import EMBEDDED
from idbridge.sandbox.mdocs import Document, Items

_RANDOM: Final = b"\x5a" * 32


# What an issuer builds wrong before it makes digests.


def short_random(items: Items) -> Items:
    """Make the random of one element so short that its value can be guessed from its digest."""
    return _each(items, 0, {"random": _RANDOM[:15]})


def one_element_twice(items: Items) -> Items:
    """State one element a second time, with another value, under a digest of its own."""
    (name_space, listed), *_ = items.items()
    again = {**listed[0], "digestID": len(listed), "elementValue": "another"}
    return {**items, name_space: [*listed, again]}


def five_members(items: Items) -> Items:
    """Put a member into an item that no standard knows."""
    return _each(items, 0, {"comment": "none"})


def _each(items: Items, place: int, changes: dict[str, Any]) -> Items:
    (name_space, listed), *others = items.items()
    changed = [{**item, **changes} if number == place else item for number, item in enumerate(listed)]
    return {name_space: changed, **dict(others)}


# What a holder does to what the issuer signed.


def value_changed(issued: Document) -> Document:
    """Change the value of an element."""
    return _with_first(issued, {"elementValue": "Somebody Else"})


def digest_id_unknown(issued: Document) -> Document:
    """Give an element a digest id that the issuer never made."""
    return _with_first(issued, {"digestID": 9_999})


def name_space_unknown(issued: Document) -> Document:
    """Move the elements to a namespace that the issuer never signed."""
    (listed,) = issued["nameSpaces"].values()
    return {**issued, "nameSpaces": {"example.nowhere.1": listed}}


def shown_twice(issued: Document) -> Document:
    """Show one element twice."""
    ((name_space, listed),) = issued["nameSpaces"].items()
    return {**issued, "nameSpaces": {name_space: [*listed, listed[0]]}}


def signature_changed(issued: Document) -> Document:
    """Change one bit of the issuer's signature."""
    *parts, signature = issued["issuerAuth"]
    return {**issued, "issuerAuth": [*parts, bytes((signature[0] ^ 1,)) + signature[1:]]}


def detached(issued: Document) -> Document:
    """Take the security object away."""
    protected, unprotected, _, signature = issued["issuerAuth"]
    return {**issued, "issuerAuth": [protected, unprotected, None, signature]}


def _with_first(issued: Document, changes: dict[str, Any]) -> Document:
    ((name_space, (first, *rest)),) = issued["nameSpaces"].items()
    item = cbor.decode(first.value, max_bytes=len(first.value), tags=frozenset({0, 1004}))
    changed = Tagged(EMBEDDED, cbor.encode({**item, **changes}))
    return {**issued, "nameSpaces": {name_space: [changed, *rest]}}


# What a wallet does wrong with its proof.


def proven_twice(auth: Document) -> Document:
    """Send a signature and a MAC."""
    return {**auth, **as_mac(auth)}


def as_mac(auth: Document) -> Document:
    """Send a MAC, which only the reader that gave the key could check."""
    (parts,) = auth.values()
    return {"deviceMac": [cbor.encode({1: 5}), {}, None, parts[3][:32]]}


def payload_carried(auth: Document) -> Document:
    """Carry what was signed along, so that a careless reader takes it for what should have been."""
    protected, unprotected, _, signature = auth["deviceSignature"]
    return {"deviceSignature": [protected, unprotected, b"\xf6", signature]}


def key_of_its_own(auth: Document) -> Document:
    """Bring a certificate along."""
    protected, _, payload, signature = auth["deviceSignature"]
    return {"deviceSignature": [protected, {33: b"\x30\x00"}, payload, signature]}


def unproven(auth: Document) -> Document:
    """Send neither."""
    return {name: parts for name, parts in auth.items() if name is None}


# What becomes of the response.


def status_ten(response: Document) -> Document:
    """Report a general error beside a document."""
    return {**response, "status": 10}


def version_two(response: Document) -> Document:
    """Answer in a version that nobody reads here."""
    return {**response, "version": "2.0"}


def empty(response: Document) -> Document:
    """Answer with no document."""
    return {"version": response["version"], "status": response["status"]}


def doubled(response: Document) -> Document:
    """Answer with the document twice."""
    return {**response, "documents": response["documents"] * 2}


def renamed(response: Document) -> Document:
    """Pass the document off as a driving licence."""
    return _in_document(response, {"docType": "org.iso.18013.5.1.mDL"})


def deviceless(response: Document) -> Document:
    """Answer without what the device signed."""
    (document,) = response["documents"]
    return {**response, "documents": [{name: part for name, part in document.items() if name != "deviceSigned"}]}


def annotated(response: Document) -> Document:
    """Put a member into the response that no standard knows."""
    return {**response, "comment": "none"}


def partial(response: Document) -> Document:
    """Say that another document was asked for and is not there."""
    return {**response, "documentErrors": [{"org.iso.18013.5.1.mDL": 0}]}


def undefined(octets: bytes) -> bytes:
    """Write ``undefined`` where a wallet forgot a value: beside the algorithm of its own signature."""
    return octets.replace(b"\x84\x43\xa1\x01\x26\xa0\xf6", b"\x84\x43\xa1\x01\x26\xa1\x04\xf7\xf6")


def indefinite(octets: bytes) -> bytes:
    """Write the outer map without its length."""
    return b"\xbf" + octets[1:] + b"\xff"


def status_twice(octets: bytes) -> bytes:
    """Write the status a second time, as an error."""
    return bytes((octets[0] + 1,)) + octets[1:] + cbor.encode("status") + b"\x0a"


def trailing(octets: bytes) -> bytes:
    """Leave an octet behind the response."""
    return octets + b"\x00"


def _in_document(response: Document, changes: dict[str, Any]) -> Document:
    (document,) = response["documents"]
    return {**response, "documents": [{**document, **changes}]}
