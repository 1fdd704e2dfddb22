"""Mdocs: what the catalogue of cases cannot say, because it needs another listing, another request or another key."""

import hashlib
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from idbridge.codec import base64url, cbor
from idbridge.codec.cbor import Tagged
from idbridge.credential.device_proof import device_authentication
from idbridge.credential.envelope import FORMATS, open_credential
from idbridge.credential.mdoc import POINTS
from idbridge.credential.protocol import Reading
from idbridge.credential.session_transcript import session_transcript
from idbridge.crypto import device_mac, signature
from idbridge.crypto.device_mac import EphemeralKey
from idbridge.crypto.jws import HeaderCache
from idbridge.model.check import Check, Refused, Result
from idbridge.model.credential import HolderMethod, VerifiedCredential
from idbridge.model.region import AssuranceLevel
from idbridge.model.request import Session, VerifyRequest
from idbridge.model.trust import HolderBindingRule
from idbridge.sandbox.edits import ABSENT, Within
from idbridge.sandbox.mdocs import Document, Mdoc
from idbridge.trust.resolver import KeyResolver
from tests.verify.pretend import NOON, answered, asked, region

PID = "example.sg.pid.1"
SHOWN = Mdoc("sg-mdoc", "sg-tan")
READER = EphemeralKey(ec.generate_private_key(ec.SECP256R1()))


def account(
    request: VerifyRequest,
    *,
    binding: HolderBindingRule = HolderBindingRule.REQUIRED,
    lowest_without_acr: bool = False,
    at: Any = NOON,
) -> VerifiedCredential:
    """Steps V2 to V5 of what is asked about, its service listed with another rule."""
    (unverified,) = open_credential(request.credential, None, Reading(HeaderCache(1)))
    form = FORMATS[unverified.format]
    kind = form.credential_type(unverified)
    resolved = KeyResolver(region().snapshot(at=NOON)).resolve(unverified=unverified, credential_type=kind, at=at)
    claim_map = replace(resolved.service.profile.claim_map, lowest_without_acr=lowest_without_acr)
    profile = replace(resolved.service.profile, holder_binding=binding, claim_map=claim_map)
    resolved = replace(resolved, service=replace(resolved.service, profile=profile))
    algorithms = profile.algorithms
    claims = unverified.unverified_claims
    signed = signature.verify(unverified.message, claims=claims, key=resolved.key, algorithms=algorithms)
    return form.account(signed, unverified, resolved=resolved, request=request, at=at)


def refusals(request: VerifyRequest, **named: Any) -> dict[str, str]:
    """The codes by check with which V5 refuses."""
    with pytest.raises(Refused) as caught:
        account(request, **named)
    return {check.id: check.reason.code for check in caught.value.checks if check.reason is not None}


def results(checks: tuple[Check, ...]) -> dict[str, Result]:
    return {check.id: check.result for check in checks}


# Who presents it.


def test_a_good_presentation_passes_all_sixteen_points_and_is_bound_to_the_device() -> None:
    credential = account(asked(SHOWN))

    assert results(credential.checks) == {f"mdoc.{number}": Result.PASSED for number in range(1, 17)}
    assert [point.id for point in POINTS] == [f"mdoc.{number}" for number in range(1, 17)]
    assert credential.holder.method is HolderMethod.DEVICE_SIG
    assert credential.holder.key_thumbprint == region().wallet("sg-tan").kid
    assert len(credential.one_time) == 1


def test_a_nonce_is_kept_for_as_long_as_the_document_is_good_because_a_device_states_no_time() -> None:
    (once,) = account(asked(replace(SHOWN, ends=timedelta(days=9)))).one_time

    assert once.until == NOON + timedelta(days=9, seconds=60)


@pytest.mark.parametrize("binding", [HolderBindingRule.OPTIONAL, HolderBindingRule.NONE])
def test_what_the_issuer_signed_alone_is_a_bearers_where_the_list_allows_it(binding: HolderBindingRule) -> None:
    credential = account(asked(replace(SHOWN, alone=True)), binding=binding)

    assert not credential.holder.bound
    assert credential.authentication is AssuranceLevel.A1
    assert results(credential.checks)["mdoc.12"] is Result.SKIPPED
    assert credential.one_time == ()


def test_of_what_the_issuer_signed_alone_nothing_is_told_that_only_a_response_has() -> None:
    alone = replace(SHOWN, alone=True)
    checks = account(asked(alone), binding=HolderBindingRule.OPTIONAL).checks
    skipped = {name for name, result in results(checks).items() if result is Result.SKIPPED}

    assert {"mdoc.2", "mdoc.9"} <= skipped
    spoiled = replace(alone, mso={"version": "2.0"})
    with pytest.raises(Refused) as caught:
        account(asked(spoiled), binding=HolderBindingRule.OPTIONAL)
    found = results(caught.value.checks)
    assert (found["mdoc.7"], found["mdoc.2"]) == (Result.FAILED, Result.SKIPPED)


@pytest.mark.parametrize(
    "expected", [{"nonce": "n"}, {"audience": "https://x"}, {"session": Session(origin="https://x")}]
)
def test_what_the_issuer_signed_alone_answers_no_request_that_expects_a_holder(expected: dict[str, Any]) -> None:
    request = asked(replace(SHOWN, alone=True), expected=expected)

    assert refusals(request, binding=HolderBindingRule.OPTIONAL) == {"mdoc.12": "holder.binding_missing"}


def test_a_response_to_no_session_is_a_bearers_where_the_list_allows_it_and_refused_where_not() -> None:
    request = asked(SHOWN, expected={"nonce": None, "session": None})

    credential = account(request, binding=HolderBindingRule.OPTIONAL)

    assert not credential.holder.bound
    assert results(credential.checks)["mdoc.15"] is Result.SKIPPED
    assert refusals(request) == {"mdoc.15": "mdoc.session_missing"}


@pytest.mark.parametrize("missing", ["nonce", "session"])
def test_half_a_session_is_refused_even_where_the_list_demands_no_device(missing: str) -> None:
    request = asked(SHOWN, expected={missing: None})

    assert refusals(request, binding=HolderBindingRule.OPTIONAL) == {"mdoc.15": "mdoc.session_missing"}


def test_a_device_whose_list_knows_no_holders_binds_nothing_and_its_nonce_is_spent() -> None:
    credential = account(asked(SHOWN), binding=HolderBindingRule.NONE)

    assert not credential.holder.bound
    assert len(credential.one_time) == 1


# Sessions and audiences.


def test_a_presentation_over_the_digital_credentials_api_is_bound_to_its_origin() -> None:
    bank = region().registration("th-bank").audience
    api = {"client_id": ABSENT, "response_uri": ABSENT, "origin": bank}
    request = asked(replace(SHOWN, took=api), expected={"session": Session(origin=bank)})

    assert account(request).holder.method is HolderMethod.DEVICE_SIG
    other = asked(
        replace(SHOWN, took={**api, "origin": "https://x"}), expected={"session": Session(origin="https://x")}
    )
    assert refusals(other) == {"mdoc.15": "holder.audience_mismatch"}


def test_an_encrypted_answer_is_bound_to_the_key_that_it_was_encrypted_to() -> None:
    thumbprint = "QoPsknrg8gjaqi0CaoFPKyLcpSz4X_qPP4Ymxr1mkEc"
    bank = region().registration("th-bank").audience
    session = Session(bank, f"{bank}/answer", None, thumbprint)
    bound = {"encryption_jwk_thumbprint": thumbprint}

    assert account(asked(replace(SHOWN, took=bound), expected={"session": session})).holder.bound
    assert refusals(asked(SHOWN, expected={"session": session})) == {"mdoc.15": "mdoc.session_mismatch"}


def test_the_audience_that_the_request_expects_narrows_those_that_are_registered() -> None:
    bank = region().registration("th-bank").audience

    assert account(asked(SHOWN, expected={"audience": bank})).holder.bound
    several = {"audiences": frozenset({bank, "https://other.example"})}
    request = asked(SHOWN, expected={"audience": "https://other.example"}, party=several)
    assert refusals(request) == {"mdoc.15": "holder.audience_mismatch"}


def test_the_note_of_a_mismatch_names_the_input_and_nothing_of_the_person() -> None:
    report = answered(replace(SHOWN, took={"response_uri": "https://sandbox.bank.th.example/answer/"}))

    (refused,) = [check for check in report.checks if check.reason is not None]
    assert refused.note == "the device answered to another `response_uri`: with a slash at its end"


# MACs.


def macced(request: VerifyRequest, *, reader: EphemeralKey = READER, device: str = "sg-tan") -> VerifyRequest:
    """The same question, the device's signature replaced by a MAC under ``reader``'s and the device's keys."""
    response = cbor.decode(base64url.decode(request.credential), max_bytes=99_999, tags=frozenset({24}))
    signed = response["documents"][0]["deviceSigned"]
    session, nonce = request.expected.session, request.expected.nonce
    assert session is not None
    assert nonce is not None
    transcript = session_transcript(session, nonce)
    private = region().wallet(device).private_key
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    secret = private.exchange(ec.ECDH(), reader.private_key.public_key())
    key = device_mac.mac_key(secret, transcript=cbor.embedded(transcript))
    protected = cbor.encode({1: 5})
    payload = device_authentication(transcript, doc_type=PID, octets=signed["nameSpaces"].value)
    tag = hashlib_hmac(key, cbor.encode(["MAC0", protected, b"", payload]))
    signed["deviceAuth"] = {"deviceMac": [protected, {}, None, tag]}
    return replace(request, credential=base64url.encode(cbor.encode(response)), reader_key=READER)


def hashlib_hmac(key: bytes, message: bytes) -> bytes:
    """HMAC by its definition (RFC 2104), so that it is not the library's word against itself."""
    key = key.ljust(64, b"\0")
    inner = hashlib.sha256(bytes(octet ^ 0x36 for octet in key) + message).digest()
    return hashlib.sha256(bytes(octet ^ 0x5C for octet in key) + inner).digest()


def test_a_mac_under_the_reader_key_of_this_node_binds_the_presentation() -> None:
    assert account(macced(asked(SHOWN))).holder.method is HolderMethod.DEVICE_MAC


def test_a_mac_of_another_device_or_under_another_reader_key_is_refused() -> None:
    another = EphemeralKey(ec.generate_private_key(ec.SECP256R1()))

    assert refusals(macced(asked(SHOWN), device="sg-kavitha")) == {"mdoc.12": "holder.signature_invalid"}
    assert refusals(macced(asked(SHOWN), reader=another)) == {"mdoc.12": "holder.signature_invalid"}


def test_a_mac_without_a_reader_key_or_with_one_on_another_curve_is_refused() -> None:
    request = macced(asked(SHOWN))
    large = EphemeralKey(ec.generate_private_key(ec.SECP384R1()))

    for reader in (None, large):
        assert refusals(replace(request, reader_key=reader)) == {"mdoc.12": "mdoc.mac_key_missing"}


def test_a_mac_of_another_session_tells_which_input_differs() -> None:
    request = macced(asked(SHOWN))
    session = request.expected.session
    assert session is not None
    slashed = replace(session, response_uri=f"{session.response_uri}/")

    request = replace(request, expected=replace(request.expected, session=slashed))

    assert refusals(request) == {"mdoc.15": "mdoc.session_mismatch"}


@pytest.mark.parametrize("header", [{1: 4}, {1: -7}, {}, {1: 5, 4: b"x"}])
def test_a_mac_of_another_kind_is_refused(header: dict[int, Any]) -> None:
    def other(auth: Document) -> Document:
        (parts,) = auth.values()
        return {"deviceMac": [cbor.encode(header), {}, None, parts[3]]}

    found = refusals(replace(asked(replace(SHOWN, proven=other)), reader_key=READER))

    assert found["mdoc.12"] in {"jose.alg_not_allowed", "mdoc.device_auth_invalid"}


# What is stated.


def test_elements_are_claims_under_their_namespace_and_dates_are_texts() -> None:
    credential = account(asked(replace(SHOWN, elements={f"{PID}/portrait": b"\xff\xd8\xff"})))
    disclosed = credential.disclosed

    assert credential.claims["birthdate"] == "1991-04-17"
    assert disclosed is not None
    assert disclosed.types == {PID}
    assert disclosed.claims[PID]["portrait"] == "_9j_"
    assert disclosed.claims[PID]["birth_date"] == "1991-04-17"
    assert "portrait" not in credential.claims


def test_a_level_that_the_holder_withholds_is_no_missing_one() -> None:
    unknown = replace(SHOWN, level="urn:example:sg:loa:none-proven")
    withheld = replace(unknown, withheld=("assurance_level",))

    assert account(asked(SHOWN), lowest_without_acr=True).level is AssuranceLevel.A3
    for source in (unknown, withheld):
        assert account(asked(source), lowest_without_acr=True).level is AssuranceLevel.A0


def test_an_element_whose_name_holds_a_slash_is_no_claim_of_another_namespace() -> None:
    hidden = {
        "example.sg": [{"digestID": 0, "random": b"\0" * 16, "elementIdentifier": "pid.1/x", "elementValue": "y"}]
    }
    credential = account(asked(replace(SHOWN, items=lambda items: {**items, **hidden})))

    assert credential.disclosed is not None
    assert credential.disclosed.claims["example.sg"] == {"pid.1/x": "y"}


@pytest.mark.parametrize("value", [{1: "x"}, [Tagged(0, "2026-01-01T00:00:00Z"), b"\0"], {"a": {"b": None}}, 1.5, True])
def test_whatever_an_element_holds_it_is_read_and_named_or_left_out(value: Any) -> None:
    credential = account(asked(replace(SHOWN, elements={f"{PID}/odd": value})))

    assert credential.claims["birthdate"] == "1991-04-17"


def test_what_the_device_signed_of_its_own_is_never_a_claim() -> None:
    allowed = {"deviceKeyInfo": Within({"keyAuthorizations": {"nameSpaces": [PID]}})}
    report = answered(replace(SHOWN, own={PID: {"birth_date": "1950-01-01"}}, mso=allowed))
    identity = report.passed_identity

    assert identity is not None
    assert identity.credential.claims["birthdate"] == "1991-04-17"


@pytest.mark.parametrize(
    "authorizations",
    [
        [],
        {"nameSpaces": "x"},
        {"dataElements": {"x": "y"}},
        {"dataElements": []},
        {"nameSpaces": ["x"], "dataElements": {"x": ["y"]}},
        {"other": []},
        {"nameSpaces": [1]},
    ],
)
def test_authorizations_of_another_form_are_refused(authorizations: Any) -> None:
    mso = {"deviceKeyInfo": Within({"keyAuthorizations": authorizations})}

    assert refusals(asked(replace(SHOWN, mso=mso)))["mdoc.7"] == "mdoc.mso_invalid"


@pytest.mark.parametrize(
    "mso",
    [
        {"version": 1},
        {"digestAlgorithm": "sha-256"},
        {"digestAlgorithm": 1},
        {"valueDigests": []},
        {"valueDigests": {}},
        {"valueDigests": {PID: {}}},
        {"valueDigests": {PID: {"0": b"\0" * 32}}},
        {"valueDigests": Within({PID: Within({-1: b"\0" * 32})})},
        {"valueDigests": {PID: {0: b"\0" * 31}}},
        {"deviceKeyInfo": {}},
        {"deviceKeyInfo": {"deviceKey": b""}},
        {"deviceKeyInfo": Within({"other": 1})},
        {"validityInfo": []},
    ],
)
def test_a_security_object_of_another_form_is_refused(mso: Any) -> None:
    found = refusals(asked(replace(SHOWN, mso=mso)))

    assert found == {"mdoc.7": "mdoc.mso_invalid"}


@pytest.mark.parametrize("status", [[], "x", None, {}])
def test_a_status_of_no_kind_is_indeterminate(status: Any) -> None:
    assert refusals(asked(replace(SHOWN, mso={"status": status}))) == {"mdoc.14": "status.unavailable"}
