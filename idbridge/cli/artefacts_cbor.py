"""CBOR taken apart for people: mdocs, signed messages, CWTs, status lists, and whatever else is in octets.

What stands under tag 24 is read where it stands. Labels of headers and claim keys of RFC 8392 get their names; all
else is shown as it is, octets by their length. Checks nothing, and says of what it cannot read why.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from idbridge.cli import artefacts_lists
from idbridge.cli.parts import Part
from idbridge.codec import cbor
from idbridge.codec.cbor import Tagged
from idbridge.crypto import cose
from idbridge.errors import InputError
from idbridge.limits import LIMITS

_EMBEDDED: Final = 24  # RFC 8949 section 3.4.5.1
_CWT: Final = 61  # RFC 8392 section 6
_TAGS: Final = frozenset({0, 1, cose.SIGN1, _EMBEDDED, _CWT, 1004})
_SIGN1_PARTS: Final = 4
_STATUS_LIST: Final = 65533  # Token Status List section 6.2
_HEADER: Final = {1: "alg", 2: "crit", 3: "cty", 4: "kid", 16: "typ", 33: "x5chain", 34: "x5t", 35: "x5u"}
_CLAIMS: Final = {1: "iss", 2: "sub", 3: "aud", 4: "exp", 5: "nbf", 6: "iat", 7: "cti", 8: "cnf", 65535: "status"}
_KEY: Final = {1: "kty", 3: "alg", -1: "crv", -2: "x", -3: "y"}
_TYPES: Final = {1: "OKP", 2: "EC", 3: "RSA"}
_CURVES: Final = {1: "P-256", 2: "P-384", 3: "P-521", 6: "Ed25519"}
_HEX: Final = 32  # octets that are written out


def take_apart(octets: bytes) -> Iterator[Part]:
    """Yield the pieces of what ``octets`` hold."""
    try:
        value = cbor.decode(octets, max_bytes=LIMITS.body_bytes, tags=_TAGS)
    except InputError as fault:
        yield Part("credential", {}, f"not CBOR that is read here: {fault.detail}")
        return
    while isinstance(value, Tagged) and value.tag == _CWT:
        value = value.value
    value = value.value if isinstance(value, Tagged) and value.tag == cose.SIGN1 else value
    if isinstance(value, list) and len(value) == _SIGN1_PARTS:
        yield from _message(value, "message")
    elif isinstance(value, Mapping) and isinstance(value.get("documents"), list):
        yield from _response(value)
    elif isinstance(value, Mapping) and "issuerAuth" in value:
        yield from _issuer_signed(value, "mdoc")
    else:
        yield Part("CBOR", _table(value))


def _message(parts: list[Any], name: str) -> Iterator[Part]:
    """Yield header, payload and signature of a COSE_Sign1."""
    protected, unprotected, payload, signature = parts
    signed = _inner(protected)
    head = {**(_named(unprotected, _HEADER)), **_named(signed, _HEADER)}
    algorithm = cose.ALGORITHMS.get(head["alg"]) if isinstance(head.get("alg"), int) else None
    chain = head.get("x5chain")
    shown = {
        **head,
        **({"alg": algorithm} if algorithm else {}),
        **({"kid": cose.kid_text(head["kid"])} if isinstance(head.get("kid"), bytes) else {}),
        **({"x5chain": chain if isinstance(chain, list) else [chain]} if chain is not None else {}),
    }
    yield Part(f"{name} header", shown, "" if isinstance(signed, Mapping) else "the protected header is no map")
    yield from _payload(payload, name)
    yield Part(f"{name} signature", {"octets": len(signature) if isinstance(signature, bytes) else 0})


def _payload(payload: Any, name: str) -> Iterator[Part]:
    content = _inner(payload)
    if isinstance(content, Tagged) and content.tag == _EMBEDDED:
        content = _inner(content.value)
    if isinstance(content, Mapping) and "valueDigests" in content:
        yield Part(f"{name} security object", _security_object(content))
    elif isinstance(content, Mapping):
        yield Part(f"{name} payload", _table(content, _CLAIMS))
        status = content.get(_STATUS_LIST)
        if isinstance(status, Mapping):
            yield artefacts_lists.status_list(status)
    else:
        yield Part(f"{name} payload", {"octets": len(payload) if isinstance(payload, bytes) else 0})


def _response(response: Mapping[Any, Any]) -> Iterator[Part]:
    documents = response["documents"]
    about = {("response status" if name == "status" else name): value for name, value in response.items()}
    yield Part("mdoc response", {**_table(about), "documents": len(documents)})
    for number, document in enumerate(documents, start=1):
        yield from _document(document, f"document {number}")


def _document(document: Any, name: str) -> Iterator[Part]:
    if not isinstance(document, Mapping):
        yield Part(name, {}, "a document is a map")
        return
    yield Part(name, {"docType": document.get("docType")})
    signed = document.get("issuerSigned")
    if isinstance(signed, Mapping):
        yield from _issuer_signed(signed, name)
    device = document.get("deviceSigned")
    if isinstance(device, Mapping):
        proof = device.get("deviceAuth")
        kinds = ", ".join(map(str, proof)) if isinstance(proof, Mapping) else "none"
        spaces = _inner_tagged(device.get("nameSpaces"))
        yield Part(f"{name} device", {"proof": kinds, **({"namespaces": _table(spaces)} if spaces else {})})


def _issuer_signed(signed: Mapping[Any, Any], name: str) -> Iterator[Part]:
    spaces = signed.get("nameSpaces")
    for space, items in spaces.items() if isinstance(spaces, Mapping) else ():
        yield Part(f"{name} namespace {space}", _elements(items))
    message = signed.get("issuerAuth")
    if isinstance(message, Tagged):
        message = message.value
    if isinstance(message, list) and len(message) == _SIGN1_PARTS:
        yield from _message(message, f"{name} issuer")
    else:
        yield Part(f"{name} issuer", {}, "it has no signed message")


def _elements(items: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for item in items if isinstance(items, list) else ():
        element = _inner_tagged(item)
        if isinstance(element, Mapping):
            found[str(element.get("elementIdentifier", "?"))] = _plain(element.get("elementValue"))
    return found


def _security_object(content: Mapping[Any, Any]) -> dict[str, Any]:
    digests, device = content["valueDigests"], content.get("deviceKeyInfo")
    digests = digests if isinstance(digests, Mapping) else {}
    key = device.get("deviceKey") if isinstance(device, Mapping) else None
    named = _named(key, _KEY)
    shown = {
        name: _plain(value) for name, value in content.items() if name not in ("valueDigests", "deviceKeyInfo")
    }  # fmt: skip
    counted = ", ".join(f"{len(one)} of {space}" for space, one in digests.items() if isinstance(one, Mapping | list))
    kind = {"kty": _of(_TYPES, named.get("kty")), "crv": _of(_CURVES, named.get("crv"))}
    return {**{str(name): value for name, value in shown.items()}, "digests": counted or "none", "deviceKey": kind}


def _of(names: Mapping[int, str], value: Any) -> str:
    return names.get(value, str(value)) if isinstance(value, int) else "none"


def _named(value: Any, names: Mapping[int, str]) -> dict[str, Any]:
    """Return a map by the names of its labels."""
    if not isinstance(value, Mapping):
        return {}
    return {names.get(label, str(label)) if isinstance(label, int) else str(label): one for label, one in value.items()}


def _table(value: Any, names: Mapping[int, str] | None = None) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        return {"value": _plain(value)}
    return {name: _plain(one) for name, one in _named(value, names or {}).items()}


def _plain(value: Any) -> Any:
    """Return ``value`` with text for every name, and what is embedded read in its place."""
    if isinstance(value, Tagged):
        return _plain(_inner_tagged(value))
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value


def _inner_tagged(value: Any) -> Any:
    if isinstance(value, Tagged):
        return _inner(value.value) if value.tag == _EMBEDDED else value.value
    return value


def _inner(octets: Any) -> Any:
    """Return the item that ``octets`` spell, or the octets themselves if they spell none."""
    if not isinstance(octets, bytes) or not octets:
        return {} if octets == b"" else octets
    try:
        return cbor.decode(octets, max_bytes=LIMITS.body_bytes, tags=_TAGS)
    except InputError:
        return octets


def written(octets: bytes) -> str:
    """Return octets as people read them: how many, and the first of them."""
    first = octets[:_HEX].hex()
    return f"h'{first}{'...' if len(octets) > _HEX else ''}' ({len(octets)} octets)"
