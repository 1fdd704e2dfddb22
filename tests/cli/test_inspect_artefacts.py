"""Every artefact is taken apart, masked, and harmless: mdocs, presentations, lists, codes and encrypted tokens."""

import json
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idbridge.cli.artefacts import MOST, take_apart
from idbridge.codec import base45, base64url, cbor
from idbridge.codec.cbor import Tagged
from tests.cli.ended import Ended
from tests.credential.codes import claim169, cwt_claims, philid, sign1
from tests.credential.kit import id_token, sd_jwt

Run = Callable[..., Ended]


def part(value: Any) -> str:
    return base64url.encode(json.dumps(value, ensure_ascii=False).encode())


def jwt(payload: Any, **header: Any) -> str:
    return f"{part({'alg': 'ES256', **header})}.{part(payload)}.AAAA"


def item(number: int, name: str, value: Any) -> Tagged:
    element = {"digestID": number, "random": b"r" * 16, "elementIdentifier": name, "elementValue": value}
    return Tagged(24, cbor.encode(element))


MSO = {
    "version": "1.0",
    "digestAlgorithm": "SHA-256",
    "valueDigests": {"org.iso.18013.5.1": {0: b"0" * 32, 1: b"1" * 32}},
    "deviceKeyInfo": {"deviceKey": {1: 2, -1: 1, -2: b"x" * 32, -3: b"y" * 32}},
    "docType": "org.iso.18013.5.1.mDL",
    "validityInfo": {"signed": Tagged(0, "2026-01-01T00:00:00Z"), "validUntil": Tagged(0, "2027-01-01T00:00:00Z")},
}
AUTH = [cbor.encode({1: -7}), {33: b"certificate"}, cbor.encode(Tagged(24, cbor.encode(MSO))), b"s" * 64]
SIGNED = {
    "nameSpaces": {"org.iso.18013.5.1": [item(0, "family_name", "Srisuk"), item(1, "portrait", b"\xff\xd8" * 40)]},
    "issuerAuth": AUTH,
}
RESPONSE = {
    "version": "1.0",
    "documents": [
        {
            "docType": "org.iso.18013.5.1.mDL",
            "issuerSigned": SIGNED,
            "deviceSigned": {
                "nameSpaces": Tagged(24, cbor.encode({})),
                "deviceAuth": {"deviceSignature": [b"", {}, None, b"d" * 64]},
            },
        }
    ],
    "status": 0,
}
BITS = {"bits": 2, "lst": base64url.encode(zlib.compress(bytes([0b11_10_01_00, 0])))}
VC = jwt({"iss": "did:x", "vc": {"type": ["VerifiableCredential"], "credentialSubject": {"name": "Secret"}}})
VP = jwt({"vp": {"type": "VerifiablePresentation", "verifiableCredential": [VC, sd_jwt()]}})
ENVELOPED = {"@context": "x", "id": f"data:application/vc+jwt,{VC}", "type": "EnvelopedVerifiableCredential"}


def text_of(value: Any) -> str:
    return base64url.encode(cbor.encode(value))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (text_of(RESPONSE), ("mdoc response", "deviceSignature", "SHA-256", "2027-01-01", "P-256", "family_name")),
        (text_of(SIGNED), ("mdoc namespace org.iso.18013.5.1", "portrait", "(1 entries)", "digests")),
        (base64url.encode(sign1(cwt_claims())), ("message payload", "https://card.la.example", "169.4")),
        (text_of({"any": {"thing": 1}}), ("CBOR", "any.thing")),
        (
            jwt({"sub": "https://status.example", "status_list": BITS}, typ="statuslist+jwt"),
            ("suspended", "value 3", "valid"),
        ),
        (
            base64url.encode(sign1({65533: {"bits": 1, "lst": zlib.compress(b"\x01")}})),
            ("status list", "entries  8", "invalid  1"),
        ),
        (VP, ("credential 1: token payload", "credential 2: issuer header", "VerifiablePresentation")),
        (jwt({"type": "VerifiablePresentation", "verifiableCredential": [ENVELOPED]}), ("credential 1: token header",)),
        (json.dumps({"pid": [sd_jwt()], "mdl": [text_of(RESPONSE)]}), ("pid 1: issuer header", "mdl 1: mdoc response")),
        (json.dumps({"credential": VC, "purpose": "account-opening"}), ("request", "account-opening", "token header")),
        (f"{part({'alg': 'ECDH-ES', 'enc': 'A256GCM'})}..AA.AAAA.AA", ("A256GCM", "only who holds the key")),
        (claim169(), ("base45, zlib", "cwt", "card.la.example")),
        (philid(), ("object", "EDDSA", "subject.lName")),
        (f"LA1:{base45.encode(sign1(cwt_claims()))}", ("prefix LA1:, base45",)),
        (id_token(), ("token payload", "https://login.th.example")),
    ],
)
def test_an_artefact_is_taken_apart_and_its_person_is_masked(run: Run, text: str, shown: tuple[str, ...]) -> None:
    ended = run("inspect", "-", stdin=text)

    assert ended.code == 0
    assert [word for word in shown if word not in ended.out] == []
    assert not any(word in ended.out for word in ("Srisuk", "Secret", "Bounmy", "Luisa", "ธนพร"))


def test_octets_are_read_as_they_are_and_shown_by_their_length(run: Run) -> None:
    ended = run("inspect", "-", "--show-claims", stdin=cbor.encode(RESPONSE))

    assert ended.code == 0
    assert "Srisuk" in ended.out
    assert "(80 octets)" in ended.out
    assert run("inspect", "-", "--show-claims", "--json", stdin=cbor.encode(RESPONSE)).json["summary"]["parts"] == 7


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (text_of({"documents": [7]}), "a document is a map"),
        (text_of({"issuerAuth": 7}), "no signed message"),
        (base64url.encode(b"\xff" * 20), "not CBOR"),
        (jwt({"status_list": {"bits": 3, "lst": ""}}), "known number of bits"),
        (jwt({"status_list": {"bits": 1, "lst": "AAAA"}}), "compressed stream"),
        (jwt({"LoTE": {}}), "trust list"),
        ("{", "JSON"),
        (text_of([b"\x01", {}, b"", b"s" * 16]), "no map"),
    ],
)
def test_what_is_broken_is_said_where_it_stands(run: Run, text: str, why: str) -> None:
    ended = run("inspect", "-", stdin=text)

    assert ended.code == 1
    assert why in ended.out


def test_credentials_within_credentials_end_somewhere() -> None:
    nested = VC
    for _ in range(8):
        nested = jwt({"vp": {"verifiableCredential": [nested]}})

    assert take_apart(nested)[-1].unreadable or any(
        part.unreadable == "nested too deeply" for part in take_apart(nested)
    )


def test_an_artefact_of_very_many_parts_is_cut() -> None:
    parts = take_apart(json.dumps({str(number): ["a.b.c"] for number in range(MOST)}))

    assert len(parts) == MOST + 1
    assert parts[-1].unreadable == f"more than {MOST} parts"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from([VC, claim169(), "a.b.c"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["vp", "vc", "verifiableCredential", "status_list", "LoTE", "id", "x"]), inner
        )
    ),
    max_leaves=8,
)
CBOR = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=8) | st.binary(max_size=16),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from([
            "documents", "issuerAuth", "nameSpaces", "deviceSigned", "deviceAuth", "issuerSigned", "valueDigests", 1, 4,
        ])
        | st.sampled_from([33, 65533, 169]),
        inner,
        max_size=4,
    )
    | st.builds(lambda value: Tagged(24, cbor.encode(value)), inner)
    | st.builds(lambda value: Tagged(18, value), inner),
    max_leaves=10,
)  # fmt: skip
TEXTS = (
    JSON.map(json.dumps)
    | JSON.map(jwt)
    | CBOR.map(text_of)
    | CBOR.map(lambda value: base45.encode(zlib.compress(cbor.encode(value))))
    | CBOR.map(lambda value: base64url.encode(sign1(value)))
    | st.binary(max_size=64).map(base64url.encode)
    | st.text(max_size=64)
    | st.text(alphabet="0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:", max_size=80)
)


@given(TEXTS)
@settings(deadline=None, max_examples=300)
def test_anything_is_taken_apart_and_nothing_is_raised(text: str) -> None:
    assert take_apart(text)
