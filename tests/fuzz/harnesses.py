"""The harnesses: one for each thing that takes octets apart, and one for a whole verification."""

import json
from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from typing import Final

from idbridge.codec import base45, base64std, base64url, cbor, pem, strict_json
from idbridge.codec.inflate import inflate
from idbridge.credential import sd_jwt, vc_model
from idbridge.credential.envelope import open_credential
from idbridge.credential.mdoc_document import parse_unverified_mdoc
from idbridge.credential.protocol import Reading
from idbridge.credential.qr_selection import choose, listed_in
from idbridge.credential.status_claims import referred_status
from idbridge.crypto import cose, did_key, jwe, jws
from idbridge.crypto.certificate_lint import lint_listed
from idbridge.crypto.crl import verify_crl
from idbridge.crypto.jws import HeaderCache, HeaderRules
from idbridge.crypto.keys import parse_jwk
from idbridge.errors import InputError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment, MemberState
from idbridge.model.request import VerifyRequest
from idbridge.presentation.dcql import parse_query
from idbridge.presentation.transaction_data import parse_transactions
from idbridge.reasons import REASONS, Indication
from idbridge.sandbox.questions import question
from idbridge.status import token_status_list
from idbridge.status.references import read_references
from idbridge.status.snapshot import EMPTY_STATUS
from idbridge.trust import deny_list, profile
from idbridge.trust.importers.imported import Offer, Terms
from idbridge.trust.importers.jwks import import_jwks
from idbridge.trust.importers.trusted_list import import_trusted_list
from idbridge.trust.importers.vical import import_vical
from idbridge.trust.tuf import proposal
from idbridge.verify.verifier import Verifier
from idbridge_gateway.api.request import read_request
from tests.credential.kit import RELYING_PARTY
from tests.fuzz import samples
from tests.fuzz.harness import Harness
from tests.fuzz.log import LOG
from tests.fuzz.protocol import PROTOCOL
from tests.sandbox.regions import NOON, region, snapshot
from tests.trust.editions import LOGIN_KEY, lote, pins, raw

_RULES: Final = HeaderRules(types=frozenset({"", "jwt", "dc+sd-jwt"}), allow_x5c=True)
_TAGS: Final = frozenset({0, 18, 24, 61, 1004})
_INFLATED: Final = 4_096
_SG: Final = MemberState.SG
_KIND: Final = 3


def _text(octets: bytes) -> str:
    """Every text can be met: what is no UTF-8 stays in as it is."""
    return octets.decode("utf-8", "surrogateescape")


def _json(octets: bytes) -> None:
    value = strict_json.parse(octets, max_bytes=LIMITS.token_bytes)
    if json.loads(octets) != value and value == value:
        raise AssertionError("two readers of JSON disagree")


def _cbor(octets: bytes) -> None:
    value = cbor.decode(octets, max_bytes=LIMITS.token_bytes, tags=_TAGS)
    if cbor.encode(value) != octets:
        raise AssertionError("a second spelling was read")


def _spellings(octets: bytes) -> None:
    """One of the text codecs, by the first octet; what it reads it spells in the same way."""
    kind, text = (octets[0] % _KIND if octets else 0), _text(octets[1:])
    if kind == 0:
        same = base45.encode(base45.decode(text, max_characters=LIMITS.token_bytes)) == text
    elif kind == 1:
        same = base64url.encode(base64url.decode(text)) == text
    else:
        same = base64std.encode(base64std.decode(text)) == text
    if not same:
        raise AssertionError("a second spelling was read")


def _inflate(octets: bytes) -> None:
    if len(inflate(octets, max_bytes=_INFLATED)) > _INFLATED:
        raise AssertionError("more came out than was allowed")


def _sd_jwt(octets: bytes) -> None:
    """A payload and disclosures, parted by tildes, as if they were signed."""
    payload, *disclosures = _text(octets).split("~")
    claims = strict_json.parse_object(payload, max_bytes=LIMITS.token_bytes)
    if len(disclosures) > LIMITS.disclosures:
        raise InputError("input.too_large")
    try:
        sd_jwt.process(claims, tuple(disclosures))
    except sd_jwt.SdJwtFault as fault:
        if not fault.code:
            raise AssertionError("a fault without a code") from fault


def _sd_jwt_seeds() -> Sequence[bytes]:
    found = []
    for text in samples.credentials():
        jwt, *disclosures = text.split(b"~")
        if disclosures:
            found.append(b"~".join((base64url.decode(jwt.split(b".")[1].decode()), *disclosures[:-1])))
    return found


def _jwe(octets: bytes) -> None:
    """A token for a key that is held: nothing opens but what was encrypted to it."""
    jwe.decrypt(_text(octets), (_opening(),))


@cache
def _opening() -> jwe.DecryptionKey:
    return region().decryption_keys(_SG)[0]


def _jwe_seeds() -> Sequence[bytes]:
    return [text for text in samples.credentials() if text.count(b".") == jwe.PARTS - 1]


def _mdoc(octets: bytes) -> None:
    parse_unverified_mdoc(octets)


def _mdoc_seeds() -> Sequence[bytes]:
    found = []
    for text in samples.credentials():
        if not text.startswith(b"{") and b"." not in text and b":" not in text:
            try:
                found.append(base64url.decode(text.decode()))
            except InputError:
                continue
    return found


def _query(octets: bytes) -> None:
    parse_query(strict_json.parse(octets, max_bytes=LIMITS.token_bytes))


def _query_seeds() -> Sequence[bytes]:
    return [json.dumps(body["dcql"]).encode() for body in samples.bodies() if "dcql" in body]


def _transactions(octets: bytes) -> None:
    parse_transactions(strict_json.parse(octets, max_bytes=LIMITS.token_bytes), query=None)


def _qr(octets: bytes) -> None:
    """A scanned text in each of the envelopes that the region lists."""
    choose(_text(octets), listed_in(snapshot()), HeaderCache(1))


def _status_reference(octets: bytes) -> None:
    """What a credential says of its status, and the same as the claims of a token that may have two such members."""
    value = strict_json.parse(octets, max_bytes=LIMITS.token_bytes)
    referred = referred_status(value) if isinstance(value, dict) else None
    read_references(value if referred is None else referred)


def _status_bits(octets: bytes) -> None:
    """The compressed entries of a list that was signed: what they may swell into is bounded."""
    value = strict_json.parse(octets, max_bytes=LIMITS.token_bytes)
    _, inflated = token_status_list.unpacked(value)
    if len(inflated) > LIMITS.status_list_inflated_bytes:
        raise AssertionError("more came out than was allowed")


def _w3c(octets: bytes) -> None:
    """A document as if it were signed, as a credential, as a presentation and as an entry of one."""
    document = strict_json.parse_object(octets, max_bytes=LIMITS.token_bytes)
    for version in vc_model.Version:
        faults = (vc_model.credential_fault(document, version), vc_model.presentation_fault(document, version))
        if any(fault is not None and fault.code not in REASONS for fault in faults):
            raise AssertionError("a fault without a code")
    vc_model.enveloped_fault(document)


def _w3c_seeds() -> Sequence[bytes]:
    """What W3C credentials and presentations of the samples say, those inside others too."""
    found = [part for part in samples.parts() if b"." not in part and part.isascii()]
    payloads = (_decoded(part) for part in found)
    return [payload for payload in payloads if b"@context" in payload]


def _decoded(part: bytes) -> bytes:
    try:
        return base64url.decode(part.decode())
    except InputError:
        return b""


def _did(octets: bytes) -> None:
    """A DID; the key that one spells out is spelled out by it again."""
    did = _text(octets)
    key = did_key.key_of(did)
    if did.startswith("did:key:") and did_key.did_key(key) != did:
        raise AssertionError("a second spelling was read")


def _request(octets: bytes) -> None:
    read_request(
        strict_json.parse(octets, max_bytes=LIMITS.body_bytes), relying_party=RELYING_PARTY, node_audiences=frozenset()
    )


def _jwk(octets: bytes) -> None:
    parse_jwk(strict_json.parse_object(octets, max_bytes=LIMITS.token_bytes))


def _trust_list(octets: bytes) -> None:
    """A payload that the state did sign: what it may not say is refused all the same."""
    if not octets.isascii():
        raise InputError("input.malformed")
    profile.parse(raw(octets.decode("ascii")), state=_SG, environment=Environment.SANDBOX, keys=pins(_SG)[_SG])


def _xml_list(octets: bytes) -> None:
    import_trusted_list(Offer(octets, "fuzz", NOON), Terms((_anchor(),), territory="SG"))


def _vical(octets: bytes) -> None:
    import_vical(Offer(octets, "fuzz", NOON), Terms((_anchor(),), max_age=timedelta(days=30)))


@cache
def _anchor() -> bytes:
    return samples.certificates()[0]


@cache
def _asked() -> dict[bytes, VerifyRequest]:
    """The requests whose credential nobody can spell in another way: signed as a whole, or bound to a key."""
    found = {}
    for body in samples.bodies():
        text = str(body["credential"])
        if not text.startswith("{") and not text.endswith("~"):
            party = next(one for one, _ in region().relying_parties() if body["purpose"] in one.purposes)
            found[text.encode()] = question(dict(body), relying_party=party)
    return found


@cache
def _verifier() -> Verifier:
    return Verifier(trust=snapshot(), status=EMPTY_STATUS)


def _whole(octets: bytes) -> None:
    """Put a credential to a node under the requests of the samples: only a sample itself may ever pass."""
    text = _text(octets)
    for sample, request in list(_asked().items())[:4]:
        asked = VerifyRequest(**{**{name: getattr(request, name) for name in request.__slots__}, "credential": text})
        report = _verifier().verify(asked, at=NOON)
        if report.indication is Indication.PASSED and octets not in _asked():
            raise AssertionError(f"a false accept, made of {sample[:40]!r}")


HARNESSES: Final[tuple[Harness, ...]] = (
    Harness("strict-json", _json, samples.requests, 16_384),
    Harness("cbor", _cbor, lambda: [cbor.encode({1: [b"a", "b", {"c": -1.5}]}), b"\xd8\x18\x43\x01\x02\x03"], 8_192),
    Harness("text-codecs", _spellings, lambda: [b"\0" + b"BB8", b"\1Zm9v", b"\2Zm9vYg=="], 4_096),
    Harness("inflate", _inflate, lambda: [b"x\x9cK\x04\0\0b\0b"], 4_096),
    Harness("pem", lambda octets: pem.decode(_text(octets), label="CERTIFICATE"), lambda: [
        pem.encode(one, label="CERTIFICATE").encode() for one in samples.certificates()
    ], 8_192),
    Harness("jws", lambda octets: jws.parse_unverified(_text(octets), _RULES, HeaderCache(1)), samples.parts, 16_384),
    Harness("cose", lambda octets: cose.parse_unverified(octets), lambda: [
        cbor.encode([b"\xa1\x01\x26", {4: b"kid"}, b"payload", bytes(64)])
    ], 8_192),
    Harness("sd-jwt", _sd_jwt, _sd_jwt_seeds, 16_384),
    Harness("envelope", lambda octets: open_credential(
        _text(octets), None, Reading(HeaderCache(1))
    ), samples.credentials, 16_384),
    Harness("whole-verification", _whole, lambda: list(_asked()), 16_384),
    Harness("w3c-document", _w3c, _w3c_seeds, 16_384),
    Harness("did", _did, lambda: [
        spelled(parse_jwk(LOGIN_KEY.public_jwk)).encode() for spelled in (did_key.did_key, did_key.did_jwk)
    ], 512),
    Harness("request", _request, samples.requests, 16_384),
    Harness("jwk", _jwk, lambda: [json.dumps(dict(LOGIN_KEY.public_jwk)).encode()], 4_096),
    Harness("jwks-import", lambda octets: import_jwks(
        Offer(octets, "fuzz", NOON), expected="0" * 64
    ), samples.requests, 8_192),
    Harness("trust-list", _trust_list, lambda: [json.dumps(lote()).encode()], 32_768),
    Harness("xml-list", _xml_list, lambda: [b"<TrustServiceStatusList/>"], 16_384),
    Harness("vical", _vical, lambda: [cbor.encode([b"\xa1\x01\x26", {33: _anchor()}, b"\xa0", bytes(64)])], 16_384),
    Harness("certificate", lint_listed, samples.certificates, 8_192),
    Harness("crl", lambda octets: verify_crl(octets, issuer=_anchor(), at=NOON), samples.certificates, 8_192),
    Harness("jwe", _jwe, _jwe_seeds, 16_384),
    Harness("mdoc", _mdoc, _mdoc_seeds, 12_288),
    Harness("qr", _qr, samples.credentials, 4_296),
    Harness("dcql", _query, _query_seeds, 16_384),
    Harness("transaction-data", _transactions, samples.requests, 16_384),
    Harness("status-reference", _status_reference, lambda: [
        b'{"status_list":{"idx":1,"uri":"https://status.example/1"}}',
        b'{"status":[{"status_list":{"idx":1,"uri":"a:b"}}],"credentialStatus":[{"type":"BitstringStatusListEntry"}]}',
    ], 4_096),
    Harness("token-status-list", token_status_list.parse_unverified, samples.parts, 16_384),
    Harness("status-bits", _status_bits, lambda: [b'{"bits":1,"lst":"eNrbuRgAAhcBXQ"}'], 16_384),
    Harness("deny-list", deny_list.parse, samples.requests, 16_384),
    Harness("proposal", proposal.parse, samples.requests, 16_384),
    *PROTOCOL,
    *LOG,
)  # fmt: skip
