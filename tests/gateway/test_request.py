"""Step V1: every member accounted for; a caller can narrow and never widen."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from idbridge.errors import RequestError
from idbridge.limits import LIMITS
from idbridge.model.evidence import TimeEvidence
from idbridge.model.region import AssuranceLevel, Environment, Format, MemberState
from idbridge.model.request import Detail, RelyingParty, Session, VerifyRequest
from idbridge.verify.schema import documents
from idbridge_gateway.api.request import FORBIDDEN, MEMBERS, read_request

BANK = RelyingParty(
    id="th-bank",
    name="Bank",
    state=MemberState.TH,
    environment=Environment.SANDBOX,
    sector="finance",
    purposes=frozenset({"account-opening"}),
    claims=frozenset(),
    audiences=frozenset(),
    clients={},
)
NODE = frozenset({"https://node.th.example"})
LEAST = {"credential": "a.b.c", "purpose": "account-opening"}


def read(members: Any) -> VerifyRequest:
    return read_request(members, relying_party=BANK, node_audiences=NODE)


def refusal_of(members: Any) -> RequestError:
    with pytest.raises(RequestError) as caught:
        read(members)
    return caught.value


@pytest.mark.parametrize("name", sorted(FORBIDDEN))
def test_what_only_the_node_or_the_registration_may_set_is_forbidden(name: str) -> None:
    refused = refusal_of({**LEAST, name: "2020-01-01T00:00:00Z"})

    assert refused.code == "input.member_forbidden"
    assert f"`{name}`" in refused.detail


@pytest.mark.parametrize(
    "value",
    [
        {},
        None,
        "a receipt",
        [],
        {"shown": "a.b.c"},
        {"receipt": ""},
        {"receipt": 1},
        {"receipt": None},
        {"receipt": "x" * (LIMITS.receipt_bytes + 1)},
        {"receipt": "a receipt", "shown": ""},
        {"receipt": "a receipt", "shown": None},
        {"receipt": "a receipt", "shown": "x" * (LIMITS.body_bytes + 1)},
        {"receipt": "a receipt", "at": "2026-01-01T00:00:00Z"},
    ],
)
def test_time_evidence_in_another_form_is_refused_and_the_published_schema_says_so(value: Any) -> None:
    members = {**LEAST, "time_evidence": value}

    assert refusal_of(members).code == "input.request_malformed"
    assert not Draft202012Validator(documents()["verify-request.json"]).is_valid(members)


def test_time_evidence_is_read_as_it_stands_and_shows_in_no_repr() -> None:
    read_from = read({**LEAST, "time_evidence": {"receipt": "a receipt", "shown": "d.e.f"}})

    assert read_from.time_evidence == TimeEvidence("a receipt", "d.e.f")
    assert "d.e.f" not in repr(read_from)


@pytest.mark.parametrize(
    "session",
    [
        None, {}, [], "x",
        {"client_id": "x"},
        {"response_uri": "https://bank.th.example/answer"},
        {"client_id": "x", "response_uri": "https://bank.th.example/answer", "origin": "https://bank.th.example"},
        {"origin": "https://bank.th.example", "transcript": "x"},
        {"origin": ""},
        {"origin": 1},
        {"origin": "https://bank.th.example", "encryption_jwk_thumbprint": "x"},
        {"origin": "https://bank.th.example", "encryption_jwk_thumbprint": "=" * 43},
    ],
)  # fmt: skip
def test_a_session_that_is_none_is_refused_and_its_schema_says_the_same(session: Any) -> None:
    members = {**LEAST, "expected": {"session": session}}

    assert refusal_of(members).code == "input.request_malformed"
    assert list(Draft202012Validator(documents()["verify-request.json"]).iter_errors(members))


@pytest.mark.parametrize(
    "session",
    [
        {"client_id": "x", "response_uri": "https://bank.th.example/answer"},
        {"origin": "https://bank.th.example", "encryption_jwk_thumbprint": "A" * 43},
        {"origin": "https://bank.th.example", "client_id": "x"},
    ],
)
def test_a_session_of_either_kind_is_read_and_its_schema_says_the_same(session: dict[str, str]) -> None:
    members = {**LEAST, "expected": {"session": session}}

    assert read(members).expected.session == Session(**session)
    assert not list(Draft202012Validator(documents()["verify-request.json"]).iter_errors(members))


@pytest.mark.parametrize("name", ["policy", "at", "client_id"])
def test_a_forbidden_member_is_forbidden_among_the_expectations_too(name: str) -> None:
    assert refusal_of({**LEAST, "expected": {name: "x"}}).code == "input.member_forbidden"


@pytest.mark.parametrize("name", ["S1234567D", "Credential", "credential ", "", "purpose\u200b", "__proto__"])
def test_an_unknown_member_is_refused_and_never_repeated(name: str) -> None:
    for members in ({**LEAST, name: "value"}, {**LEAST, "expected": {name: "value"}}):
        refused = refusal_of(members)

        assert refused.code == "input.request_malformed"
        assert not name.strip() or name not in refused.detail


@pytest.mark.parametrize(
    "members",
    [
        None,
        [],
        "text",
        7,
        {},
        {"credential": "a.b.c"},
        {"purpose": "account-opening"},
        {**LEAST, "credential": None},
        {**LEAST, "credential": ["a.b.c"]},
        {**LEAST, "credential": {"jwt": "a.b.c"}},
        {**LEAST, "purpose": ""},
        {**LEAST, "purpose": None},
        {**LEAST, "purpose": ["account-opening"]},
        {**LEAST, "purpose": "p" * (LIMITS.identifier_characters + 1)},
        {**LEAST, "format": "jwt"},
        {**LEAST, "format": None},
        {**LEAST, "format": ["id_token"]},
        {**LEAST, "detail": "everything"},
        {**LEAST, "detail": None},
        {**LEAST, "detail": {}},
        {**LEAST, "purpose_text": "ab"},
        {**LEAST, "purpose_text": "a" * (LIMITS.purpose_text_max_characters + 1)},
        {**LEAST, "purpose_text": 7},
        {**LEAST, "purpose_text": "     "},
        {**LEAST, "purpose_text": "a     "},
        {**LEAST, "purpose_text": "\u200b\u200b\u200b"},
        {**LEAST, "purpose_text": "\u3164\u3164\u3164"},
        {**LEAST, "purpose_text": "\u0600\u0600\u0600"},
        {**LEAST, "purpose_text": "Open\x00 an account"},
        {**LEAST, "purpose_text": "Open an account\n\n\nBank verified"},
        {**LEAST, "purpose_text": "Open \u202etnuocca na"},
        {**LEAST, "purpose_text": "Open \ud800 an account"},
        {**LEAST, "claims": "name"},
        {**LEAST, "claims": None},
        {**LEAST, "claims": [""]},
        {**LEAST, "claims": [1]},
        {**LEAST, "claims": ["name", "name"]},
        {**LEAST, "claims": ["c" * (LIMITS.identifier_characters + 1)]},
        {**LEAST, "claims": [str(number) for number in range(LIMITS.requested_claims + 1)]},
        {**LEAST, "expected": None},
        {**LEAST, "expected": []},
        {**LEAST, "expected": {"nonce": ""}},
        {**LEAST, "expected": {"nonce": None}},
        {**LEAST, "expected": {"nonce": 1}},
        {**LEAST, "expected": {"audience": ["https://bank.th.example"]}},
        {**LEAST, "expected": {"loa": "A4"}},
        {**LEAST, "expected": {"loa": 2}},
        {**LEAST, "expected": {"loa": None}},
        {**LEAST, "expected": {"entity": "SG-UEN"}},
        {**LEAST, "expected": {"entity": {"scheme": "SG-UEN"}}},
        {**LEAST, "expected": {"entity": {"scheme": "SG-UEN", "value": ""}}},
        {**LEAST, "expected": {"entity": {"scheme": "SG-UEN", "value": "1", "name": "x"}}},
        {**LEAST, "assertion": True},
        {**LEAST, "assertion": {}},
        {**LEAST, "assertion": {"audience": ""}},
        {**LEAST, "assertion": {"audience": ["https://bank.th.example"]}},
        {**LEAST, "assertion": {"audience": "https://bank.th.example", "lifetime": 3600}},
    ],
)
def test_a_member_that_is_missing_or_of_another_kind_is_refused(members: Any) -> None:
    assert refusal_of(members).code == "input.request_malformed"


def test_a_credential_that_no_request_could_hold_is_refused() -> None:
    assert refusal_of({**LEAST, "credential": "x" * (LIMITS.body_bytes + 1)}).code == "input.body_too_large"


def test_the_longest_and_the_shortest_of_everything_is_taken() -> None:
    claims = [f"c{number}" for number in range(LIMITS.requested_claims)]
    request = read({**LEAST, "purpose_text": "a" * LIMITS.purpose_text_max_characters, "claims": claims})

    assert request.claims == tuple(claims)
    assert read({**LEAST, "purpose_text": "a" * LIMITS.purpose_text_min_characters}).purpose_text == "aaa"
    for words in ("เปิดบัญชี", "ដើម្បី\u200bបើក\u200bគណនី", "ab\u200cc", "开户头"):
        assert read({**LEAST, "purpose_text": words}).purpose_text == words
    assert read({**LEAST, "purpose": "p" * LIMITS.identifier_characters}).purpose
    assert read({**LEAST, "credential": ""}).credential == ""


def test_the_least_question_expects_nothing_and_is_answered_simply() -> None:
    assert read(LEAST) == VerifyRequest(
        credential="a.b.c", relying_party=BANK, purpose="account-opening", node_audiences=NODE
    )


def test_every_member_reaches_the_question() -> None:
    request = read({
        **LEAST,
        "format": "dc+sd-jwt",
        "purpose_text": "Open an account",
        "expected": {
            "nonce": "n-1",
            "audience": "https://bank.th.example",
            "loa": "A2",
            "entity": {"scheme": "SG-UEN", "value": "1"},
        },
        "claims": ["name"],
        "assertion": {"audience": "https://bank.th.example"},
        "detail": "evidence",
    })  # fmt: skip

    assert (request.format, request.detail, request.claims) == (Format.SD_JWT_VC, Detail.EVIDENCE, ("name",))
    assert (request.expected.nonce, request.expected.audience) == ("n-1", "https://bank.th.example")
    assert (request.expected.minimum_level, request.expected.entity) == (AssuranceLevel.A2, ("SG-UEN", "1"))
    assert (request.purpose_text, request.assertion_audience) == ("Open an account", "https://bank.th.example")


def test_no_two_lists_of_members_overlap() -> None:
    assert not MEMBERS & FORBIDDEN


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from(sorted(MEMBERS | {"at", "policy"})) | st.text(max_size=12)


def outcome(members: Any) -> VerifyRequest | RequestError:
    try:
        return read(members)
    except RequestError as refused:
        return refused


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(NAMES, JSON_VALUES, max_size=6) | JSON_VALUES)
def test_any_json_is_a_question_or_a_broken_request(members: Any) -> None:
    came = outcome(members)

    if isinstance(came, RequestError):
        assert came.code.startswith("input.") or came.code == "query.malformed"
    else:
        assert came.relying_party is BANK
        assert came.node_audiences is NODE
