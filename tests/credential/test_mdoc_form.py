"""The form of an mdoc: what is read at all, within which bounds, and that nothing odd has a place in it."""

import math
from dataclasses import replace
from typing import Any

import cbor2
import pytest

from idbridge.codec import base64url, cbor
from idbridge.codec.cbor import Tagged
from idbridge.credential.mdoc import MDOC
from idbridge.credential.protocol import Reading
from idbridge.crypto.jws import HeaderCache
from idbridge.errors import Refusal
from idbridge.limits import LIMITS
from idbridge.reasons import Indication
from idbridge.sandbox import mdoc_slips as slips
from idbridge.sandbox.mdocs import Document, Mdoc
from tests.verify.pretend import answered, reasons

PID = "example.sg.pid.1"
SHOWN = Mdoc("sg-mdoc", "sg-tan")


def early(text: str) -> str:
    with pytest.raises(Refusal) as caught:
        MDOC.open(text, Reading(HeaderCache(1)))
    return caught.value.code


@pytest.mark.parametrize(
    "value",
    [
        [],
        {},
        {"docType": PID, "issuerSigned": {}},
        {"version": "1.0"},
        {"version": "1.0", "status": 0, "documents": [[]]},
        {"version": "1.0", "status": 0, "documents": [{"docType": 1, "issuerSigned": {}, "deviceSigned": {}}]},
        {"issuerAuth": []},
        {"issuerAuth": [b"", {}, b"", b""], "nameSpaces": []},
        {"issuerAuth": [b"", {}, b"", b""], "nameSpaces": {1: []}},
        {"issuerAuth": [b"", {}, b"", b""], "nameSpaces": {"x": []}},
        {"issuerAuth": [b"", {}, b"", b""], "nameSpaces": {"x": [b""]}},
        {"issuerAuth": [b"", {}, b"", b""], "nameSpaces": {"x": [Tagged(24, "")]}},
        {"issuerAuth": [b"", {}, b"", b""], "nameSpaces": {"x": [Tagged(24, b"\xa0")]}},
        {"issuerAuth": [b"", {}, b"", b""], "other": 1},
        {"issuerAuth": [1, {}, b"", b""]},
        {"issuerAuth": [b"", {}, None, b""]},
        {"issuerAuth": Tagged(24, b"\x00")},
    ],
)
def test_octets_that_are_neither_a_response_nor_issuer_signed_are_malformed(value: Any) -> None:
    assert early(base64url.encode(cbor.encode(value))) == "input.malformed"


@pytest.mark.parametrize("errors", [{}, [1], [{"x": "y"}], [{1: 1}]])
def test_document_errors_of_another_form_are_malformed(errors: Any) -> None:
    source = replace(SHOWN, response=lambda response: {**response, "documentErrors": errors})

    assert reasons(answered(source)) == ["input.malformed"]


@pytest.mark.parametrize("errors", [[], {1: {}}, {"x": 1}, {"x": {"y": "z"}}])
def test_errors_of_a_document_of_another_form_are_malformed(errors: Any) -> None:
    def with_errors(response: Document) -> Document:
        (document,) = response["documents"]
        return {**response, "documents": [{**document, "errors": errors}]}

    assert reasons(answered(replace(SHOWN, response=with_errors))) == ["input.malformed"]


def test_what_the_wallet_did_not_return_is_told() -> None:
    report = answered(replace(SHOWN, response=slips.partial))

    (told,) = [check for check in report.checks if check.id == "mdoc.2"]
    assert told.note == "the wallet says that it did not return 1 of what it was asked for"


def test_more_elements_than_the_limit_are_refused_before_any_is_read() -> None:
    item = Tagged(24, b"\xa0")
    value = {"issuerAuth": [b"", {}, b"", b""], "nameSpaces": {"x": [item] * (LIMITS.disclosures + 1)}}

    assert early(base64url.encode(cbor.encode(value))) == "input.too_large"
    value["nameSpaces"] = {"x": [item] * LIMITS.disclosures}
    assert early(base64url.encode(cbor.encode(value))) == "input.malformed"


def test_a_key_id_beside_the_certificates_is_let_pass_and_never_read() -> None:
    assert reasons(answered(replace(SHOWN, unprotected={4: b"a key id"}))) == []
    assert reasons(answered(replace(SHOWN, unprotected={4: "a key id"}))) == ["input.malformed"]


def test_a_label_in_a_second_spelling_is_no_label() -> None:
    def respelled(issued: Document) -> Document:
        protected, unprotected, payload, proof = issued["issuerAuth"]
        return {**issued, "issuerAuth": [protected, {33.0: unprotected[33]}, payload, proof]}

    def beside(auth: Document) -> Document:
        protected, _, payload, proof = auth["deviceSignature"]
        return {"deviceSignature": [protected, {4.0: b"x"}, payload, proof]}

    assert reasons(answered(replace(SHOWN, tampered=respelled))) == ["input.malformed"]
    assert reasons(answered(replace(SHOWN, proven=beside))) == ["input.malformed"]


@pytest.mark.parametrize("odd", [cbor2.undefined, cbor2.CBORSimpleValue(99), cbor2.CBORTag(99, 0), [[]], 1.5, math.nan])
def test_no_odd_value_has_a_place_in_a_response(odd: Any) -> None:
    def beside(auth: Document) -> Document:
        protected, _, payload, proof = auth["deviceSignature"]
        return {"deviceSignature": [protected, {4: odd}, payload, proof]}

    places: list[dict[str, Any]] = [
        {"response": lambda response: {**response, "version": odd}},
        {"response": lambda response: {**response, "status": odd}},
        {"response": lambda response: {**response, "documents": odd}},
        {"response": lambda response: {**response, "documents": [odd]}},
        {"response": lambda response: {**response, "documentErrors": odd}},
        {"response": lambda response: {**response, "documentErrors": [{"x": odd}]}},
        {"response": lambda response: {**response, "odd": odd}},
        {"tampered": lambda issued: {**issued, "nameSpaces": odd}},
        {"tampered": lambda issued: {**issued, "nameSpaces": {PID: odd}}},
        {"tampered": lambda issued: {**issued, "nameSpaces": {PID: [odd]}}},
        {"tampered": lambda issued: {**issued, "issuerAuth": odd}},
        *({"tampered": lambda issued, place=place: at_place(issued, place, odd)} for place in range(4)),
        {"unprotected": {4: odd}},
        {"unprotected": {33: odd}},
        {"proven": lambda _auth: odd},
        {"proven": lambda _auth: {"deviceSignature": odd}},
        {"proven": beside},
    ]
    for place in places:
        report = answered(replace(SHOWN, **place))
        assert report.indication is Indication.FAILED
        assert len(reasons(report)) >= 1


def at_place(issued: Document, place: int, odd: Any) -> Document:
    return {
        **issued,
        "issuerAuth": [odd if number == place else part for number, part in enumerate(issued["issuerAuth"])],
    }
