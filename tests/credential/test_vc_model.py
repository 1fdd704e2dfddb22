"""The data model of W3C credentials: what is none is refused with its code, and no document makes it fall over."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idbridge.credential import vc_model
from idbridge.credential.vc_model import Fault, PeriodFault, Version
from idbridge.limits import LIMITS
from idbridge.reasons import REASONS

V1, V2 = Version.V1, Version.V2
EXAMPLE = "https://example.org/context"
MANY = LIMITS.vc_entries + 1
GOOD: dict[str, Any] = {
    "@context": [V2.value, EXAMPLE],
    "id": "urn:uuid:1",
    "type": ["VerifiableCredential", "Sample"],
    "issuer": {"id": "https://issuer.example", "name": [{"@value": "Somebody", "@language": "en"}]},
    "validFrom": "2026-01-01T00:00:00Z",
    "validUntil": "2027-01-01T07:00:00.5+07:00",
    "credentialSubject": {"id": "did:example:1", "name": "Somebody else"},
    "credentialStatus": [{"type": "BitstringStatusListEntry", "id": "https://status.example/1#7"}],
    "credentialSchema": {"id": "https://schema.example/1", "type": "JsonSchema"},
    "evidence": [{"type": "Passport"}],
    "termsOfUse": {"type": "Policy"},
    "relatedResource": {"id": "https://picture.example/1", "digestSRI": "sha384-x"},
    "description": "A sample",
}


def code(version: Version = V2, **changes: Any) -> str | None:
    document = {name: value for name, value in {**GOOD, **changes}.items() if value is not ...}
    fault = vc_model.credential_fault(document, version)
    return None if fault is None else fault.code


@pytest.mark.parametrize(
    "contexts",
    [
        ...,
        None,
        [],
        V2.value,
        [EXAMPLE],
        [EXAMPLE, V2.value],
        [V1.value],
        [V2.value, V1.value],
        [V2.value, V2.value],
        [f"{V2.value}/"],
        [V2.value, "no-url"],
        [V2.value, 7],
        [V2.value, {"issuer": EXAMPLE}],
        [V2.value, {"id": EXAMPLE}],
        [V2.value, {"exp": EXAMPLE}],
        [V2.value, {"@vocab": EXAMPLE}],
        [V2.value, {"@base": None}],
        [V2.value, {"Sample": None}],
        [V2.value, {"Sample": {"@id": EXAMPLE, "@context": {}}}],
        [V2.value, {"": EXAMPLE}],
        [V2.value, *[f"{EXAMPLE}/{number}" for number in range(MANY)]],
    ],
)
def test_a_context_that_is_not_first_or_that_changes_the_model_is_refused(contexts: Any) -> None:
    assert code(**{"@context": contexts}) == "w3c.context_invalid"


@pytest.mark.parametrize(
    "types",
    [
        ...,
        None,
        "Sample",
        [],
        ["Sample"],
        ["verifiableCredential"],
        ["VerifiableCredential", "VerifiableCredential"],
        ["VerifiableCredential", 7],
        ["VerifiableCredential", ""],
        ["VerifiableCredential", "two words"],
        ["VerifiableCredential", *[f"T{number}" for number in range(MANY)]],
    ],
)
def test_types_without_that_of_the_model_or_in_doubt_are_refused(types: Any) -> None:
    assert code(type=types) == "w3c.type_invalid"


@pytest.mark.parametrize(
    "changes",
    [
        {"id": None},
        {"id": "no-url"},
        {"id": ["urn:uuid:1"]},
        {"id": f"urn:{'x' * LIMITS.identifier_characters}"},
        {"issuer": ...},
        {"issuer": None},
        {"issuer": "somebody"},
        {"issuer": {}},
        {"issuer": {"id": None}},
        {"issuer": ["https://issuer.example"]},
        {"issuer": {"id": "https://issuer.example", "name": 7}},
        {"name": {"@value": "x", "url": "https://x.example"}},
        {"name": {"@language": "en"}},
        {"name": {"@value": "x", "@direction": "up"}},
        {"name": {"@value": "x", "@language": 7}},
        {"name": []},
        {"description": ["x"] * MANY},
        {"credentialSubject": ...},
        {"credentialSubject": None},
        {"credentialSubject": {}},
        {"credentialSubject": []},
        {"credentialSubject": "did:example:1"},
        {"credentialSubject": [{"id": "did:example:1"}, {}]},
        {"credentialSubject": {"id": ["did:example:1"]}},
        {"credentialSubject": [{"id": "did:example:1"}] * MANY},
        {"credentialStatus": None},
        {"credentialStatus": {}},
        {"credentialStatus": []},
        {"credentialStatus": {"id": "https://status.example/1"}},
        {"credentialStatus": {"type": "X", "id": ["a:b"]}},
        {"credentialStatus": {"type": ["X", "X"]}},
        {"credentialSchema": {"type": "JsonSchema"}},
        {"credentialSchema": {"id": "https ://schema.example", "type": "JsonSchema"}},
        {"evidence": {}},
        {"evidence": ["x"]},
        {"termsOfUse": {"type": ""}},
        {"refreshService": "https://refresh.example"},
        {"relatedResource": {"digestSRI": "x"}},
        {"relatedResource": ["x"]},
    ],
)
def test_a_member_of_another_shape_is_refused(changes: dict[str, Any]) -> None:
    assert code(**changes) == "w3c.malformed"


@pytest.mark.parametrize(
    "written",
    [
        None,
        7,
        "",
        "2026-01-01",
        "2026-01-01T00:00:00",
        "2026-01-01 00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-02-30T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "2026-01-01T00:00:00+99:00",
        "2026-01-01T00:00:00.Z",
        "2026-01-01T00:00:00Z\n",
        "\u0662026-01-01T00:00:00Z",
        "Sat 25 Feb 2023 07:16:31 PM CST",
    ],
)
def test_a_time_in_another_form_is_refused(written: Any) -> None:
    assert code(validFrom=written) == code(validUntil=written) == "time.claim_malformed"


def test_a_credential_that_ends_before_it_begins_is_refused() -> None:
    assert code(validFrom="2026-01-01T00:00:01Z", validUntil="2026-01-01T00:00:00Z") == "time.claim_malformed"
    assert code(validFrom="2026-01-01T00:00:00Z", validUntil="2026-01-01T00:00:00Z") is None


def test_a_credential_of_version_1_1_says_since_when() -> None:
    context = {"@context": [V1.value]}

    assert code(V1, **context) == "time.claim_malformed"
    assert code(V1, **context, issuanceDate="2026-01-01T00:00:00Z") is None
    assert code(V1, **context, issuanceDate="2026-01-01T00:00:00Z", expirationDate="x") == "time.claim_malformed"
    assert code(V1, issuanceDate="2026-01-01T00:00:00Z") == "w3c.context_invalid"


def test_times_are_read_with_their_offsets() -> None:
    assert vc_model.instant_of("2026-01-01T07:00:00.25+07:00") == datetime(2026, 1, 1, 0, 0, 0, 250_000, UTC)
    with pytest.raises(PeriodFault) as caught:
        vc_model.instant_of("now")
    assert caught.value.fault.code == "time.claim_malformed"


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"id": ...},
        {"issuer": "https://issuer.example"},
        {"@context": [V2.value, {"Sample": EXAMPLE}]},
        {"type": ["https://types.example/Sample", "VerifiableCredential"]},
        {"validFrom": ..., "validUntil": ...},
        {"credentialSubject": [{"id": "did:example:1"}, {"x": 1}]},
        {"name": {"@value": "x", "@language": "en", "@direction": "rtl"}},
    ],
)
def test_what_the_model_allows_is_no_fault(changes: dict[str, Any]) -> None:
    assert code(**changes) is None


PRESENTED: dict[str, Any] = {"@context": [V2.value], "type": "VerifiablePresentation", "holder": {"id": "did:key:z"}}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"@context": [V1.value]}, "w3c.context_invalid"),
        ({"type": ["VerifiableCredential"]}, "w3c.type_invalid"),
        ({"id": None}, "w3c.presentation_invalid"),
        ({"holder": {"name": "Acme"}}, "w3c.presentation_invalid"),
        ({"holder": None}, "w3c.presentation_invalid"),
    ],
)
def test_a_presentation_that_is_none_is_refused(changes: dict[str, Any], expected: str) -> None:
    fault = vc_model.presentation_fault({**PRESENTED, **changes}, V2)

    assert vc_model.presentation_fault(PRESENTED, V2) is None
    assert fault is not None
    assert fault.code == expected


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("a.b.c", "w3c.presentation_invalid"),
        ({}, "w3c.presentation_invalid"),
        ({"type": "VerifiableCredential"}, "w3c.presentation_invalid"),
        ({"type": vc_model.ENVELOPED, "id": "data:x"}, "w3c.context_invalid"),
        ({"type": vc_model.ENVELOPED, "@context": [EXAMPLE], "id": "data:x"}, "w3c.context_invalid"),
        ({"type": vc_model.ENVELOPED, "@context": V2.value}, "w3c.presentation_invalid"),
        ({"type": vc_model.ENVELOPED, "@context": V2.value, "id": "https://x.example"}, "w3c.presentation_invalid"),
        ({"type": vc_model.ENVELOPED, "@context": V2.value, "id": "data:x"}, None),
        ({"type": [vc_model.ENVELOPED], "@context": [V2.value], "id": "data:x"}, None),
    ],
)
def test_an_enveloped_credential_has_type_context_and_data(entry: Any, expected: str | None) -> None:
    fault = vc_model.enveloped_fault(entry)

    assert (None if fault is None else fault.code) == expected


NAMES = [*GOOD, "name", "proof", "refreshService", "issuanceDate", "expirationDate", "holder"]
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=8)
    | st.sampled_from([V1.value, V2.value, EXAMPLE, "VerifiableCredential", "2026-01-01T00:00:00Z"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["id", "type", "@context", "@value", "x"]), inner, max_size=4)
    ),
    max_leaves=8,
)


@settings(max_examples=300)
@given(st.dictionaries(st.sampled_from(NAMES), JSON, max_size=4), st.sampled_from(Version))
def test_whatever_a_member_holds_there_is_a_fault_with_a_code_or_none(
    changes: dict[str, Any], version: Version
) -> None:
    document = {**GOOD, "@context": [version.value], "issuanceDate": "2026-01-01T00:00:00Z", **changes}
    faults: list[Fault | None] = [
        vc_model.credential_fault(document, version),
        vc_model.presentation_fault(document, version),
        vc_model.enveloped_fault(document),
    ]

    assert all(fault is None or fault.code in REASONS for fault in faults)
    if faults[0] is None:
        assert vc_model.issuer_of(document)
        assert vc_model.CREDENTIAL in vc_model.types_of(document)
