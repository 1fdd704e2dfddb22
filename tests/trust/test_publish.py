"""The operator's side: what is published passes the official schema, our own, and every node."""

import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator, Draft202012Validator
from referencing import Registry, Resource

from idbridge.crypto.signer import generate
from idbridge.errors import ConfigurationError, TrustError
from idbridge.model.region import AssuranceLevel, CommitmentTier, Environment, Format, MemberState, ServiceType
from idbridge.model.trust import HolderBindingRule, IdentifierPersistence, NamePart, ServiceStatus
from idbridge.trust.publish import ServiceMaterial, lote_from_source, sign_list, write_plain
from idbridge.trust.trusted_set import TrustedSet
from tests.source import ROOT
from tests.trust.editions import (
    DAY,
    HOUR,
    LOGIN_KEY,
    NOON,
    SG,
    SIGNERS,
    attestation,
    jwk,
    lote,
    pins,
    raw,
    refusal,
    service,
    signed,
    statuses,
    trusted,
    without,
)
from tests.vectors import shared_vectors

SOURCES = sorted((ROOT / "trust_lists").glob("*/list.toml"))
SCHEMA = json.loads((ROOT / "trust_lists" / "list.schema.json").read_text(encoding="utf-8"))
RICH = lote(
    service(status=statuses(("granted", "2026-01-01"), ("superseded", "2026-03-01"), ("withdrawn", "2026-05-01"))),
    attestation(leaf_rule={"policy": "1.3.6.1.4.1.99999.2"}),
    elsewhere=("https://login.sg.example/live",),
)


def source(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def key_of(service_id: str, algorithm: str = "ES256") -> ServiceMaterial:
    """A key made for this service."""
    return ServiceMaterial((generate(algorithm, service_id).public_jwk,))


def published(document: dict[str, Any], material: Callable[[str], ServiceMaterial] = key_of) -> dict[str, Any]:
    """The list that a source document becomes."""
    return lote_from_source(
        document,
        environment=Environment.SANDBOX,
        sequence=1,
        issued_at=NOON - HOUR,
        next_update=NOON + 90 * DAY,
        material=material,
    )


def test_there_is_a_source_document_for_every_state() -> None:
    assert {path.parent.name for path in SOURCES} == set(MemberState)
    assert {source(path)["state"] for path in SOURCES} == set(MemberState)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.parent.name)
def test_a_source_document_keeps_its_schema_and_becomes_an_acceptable_list(path: Path) -> None:
    document = source(path)
    state = MemberState(document["state"])

    assert [error.message for error in Draft202012Validator(SCHEMA).iter_errors(document)] == []
    written = {one["id"]: one for provider in document["provider"] for one in provider["service"]}
    made = published(document, lambda name: key_of(name, written[name]["algorithms"][0]))
    octets = sign_list(made, SIGNERS[state], at=NOON - HOUR).encode()
    listed = TrustedSet(Environment.SANDBOX, pins()).with_list(octets, state=state, at=NOON).lists[state]
    assert [one.issuer for one in listed.services] == [one["issuer"] for one in written.values()]
    assert [len(one.history) for one in listed.services] == [len(one["status"]) for one in written.values()]
    assert listed.untrusted == ()


def test_the_schema_is_one_and_refuses_what_the_profile_refuses() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    judge = Draft202012Validator(SCHEMA)
    good = source(SOURCES[0])
    assert judge.is_valid(good)

    def with_service(**changes: Any) -> dict[str, Any]:
        first = {**good["provider"][0]["service"][0], **changes}
        return {**good, "provider": [{**good["provider"][0], "service": [first]}]}

    bad = [
        {**good, "state": "XX"},
        {**good, "extra": 1},
        {**good, "provider": []},
        without(good, "operator"),
        with_service(extra=1),
        with_service(algorithms=["HS256"]),
        with_service(algorithms=[]),
        with_service(issuer="http://login.example"),
        with_service(leeway_seconds=301),
        with_service(status=[]),
        with_service(status=[{"status": "granted", "from": "2026-01-01"}]),
        with_service(name={"pt": "x"}),
        with_service(material={"kind": "authority", "algorithm": "ES256", "count": 1}),
        with_service(leaf_rule={}),
        with_service(ladder=[{"national": "x", "identity": "A9", "authentication": "A1"}]),
    ]
    assert [number for number, document in enumerate(bad) if judge.is_valid(document)] == []


def test_what_is_written_is_what_is_read() -> None:
    pid = attestation(
        leeway_seconds=120,
        holder_binding="required",
        ladder=[{"national": "urn:x", "identity": "A3", "authentication": "A1"}],
        claims={
            "subject": "uid", "persistence": "transient", "acr": "loa", "mandate": "represents", "display": "name",
            "display_latin": "name_en", "map": {"birthdate": "dob"},
            "name_parts": [{"kind": "given", "native": "g", "latin": "g_en"}, {"kind": "patronymic", "native": "p"}],
        },
    )  # fmt: skip

    (read,) = trusted(signed(lote(pid, tier="observer"))).lists[SG].services

    assert (read.service_type, read.provider, read.name) == (ServiceType.PID, "Example Provider", "Example pid")
    assert read.observer
    assert read.profile.tier is CommitmentTier.OBSERVER
    assert read.profile.formats == {Format.SD_JWT_VC}
    assert read.profile.credential_types == {"urn:example:pid"}
    assert read.profile.leeway.total_seconds() == 120
    assert read.profile.holder_binding is HolderBindingRule.REQUIRED
    (rung,) = read.profile.ladder
    assert (rung.national, rung.identity, rung.authentication) == ("urn:x", AssuranceLevel.A3, AssuranceLevel.A1)
    claims = read.profile.claim_map
    assert (claims.subject, claims.acr, claims.mandate) == ("uid", "loa", "represents")
    assert (claims.display, claims.display_latin) == ("name", "name_en")
    assert claims.persistence is IdentifierPersistence.TRANSIENT
    assert claims.name_parts == (NamePart("given", "g", "g_en"), NamePart("patronymic", "p"))
    assert dict(claims.claims) == {"birthdate": "dob"}


def test_the_present_status_stands_alone_and_the_past_newest_first() -> None:
    entry = RICH["LoTE"]["TrustedEntitiesList"][0]["TrustedEntityServices"][0]

    assert entry["ServiceInformation"]["ServiceStatus"] == ServiceStatus.WITHDRAWN
    assert [past["ServiceStatus"] for past in entry["ServiceHistory"]] == [
        ServiceStatus.SUPERSEDED, ServiceStatus.GRANTED,
    ]  # fmt: skip


@pytest.mark.parametrize(
    "gap",
    [
        {},
        {"schema": "idbridge-list-source-2"},
        {"operator": {}},
        {"operator": None},
        {"provider": [{}]},
        {"provider": 7},
        {"provider": [{"service": [{"id": "x"}]}]},
    ],
    ids=str,
)
def test_a_source_document_with_a_gap_is_a_local_error(gap: dict[str, Any]) -> None:
    document = {**source(SOURCES[0]), **gap} if gap else {}

    with pytest.raises(ConfigurationError):
        published(document)


@pytest.mark.parametrize("changes", [{"status": []}, {"type": "notary"}, {"leaf_rule": {"other": "1.2.3"}}], ids=str)
def test_a_service_with_a_gap_is_a_local_error(changes: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        lote(service(**changes))


def test_a_service_without_any_key_is_not_published() -> None:
    with pytest.raises(ValueError, match="at least one"):
        ServiceMaterial()


def test_signed_documents_are_written_under_their_names(tmp_path: Path) -> None:
    write_plain(
        tmp_path / "new" / "trust", lists={SG: "a.b.c"}, arrangements={"SG-TH": [b"1", b"2"]}, purposes={3: b"p"}
    )

    found = {str(path.relative_to(tmp_path)): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert found == {
        "new/trust/lists/SG.jws": b"a.b.c",
        "new/trust/arrangements/SG-TH/1.json": b"1",
        "new/trust/arrangements/SG-TH/2.json": b"2",
        "new/trust/purposes/3.json": b"p",
    }


def test_a_directory_that_cannot_be_made_is_a_local_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(ConfigurationError):
        write_plain(tmp_path / "file", lists={}, arrangements={}, purposes={})


def test_a_folder_for_each_kind_is_there_even_when_there_is_nothing_of_it(tmp_path: Path) -> None:
    write_plain(tmp_path, lists={}, arrangements={}, purposes={})

    assert sorted(path.name for path in tmp_path.iterdir()) == ["arrangements", "lists", "purposes"]


def official() -> Draft7Validator:
    """The JSON schema that comes with ETSI TS 119 602."""
    schemas = shared_vectors("lote")[0]["context"]["schemas"]
    text = json.dumps(schemas["1960201_json_schema.json"]).replace("rfcs/rfc7517.json", "urn:rfc7517")
    registry = Registry().with_resource("urn:rfc7517", Resource.from_contents(schemas["rfc7517.json"]))
    return Draft7Validator(json.loads(text), registry=registry)


def test_our_lists_keep_the_official_schema() -> None:
    judge = official()  # its schema of a JWK is older than RFC 8037 and knows no Ed25519, hence keys of one kind

    for document in (RICH, *(published(source(path)) for path in SOURCES)):
        assert [error.message for error in judge.iter_errors(document)] == []


def test_the_official_schema_lets_pass_what_our_profile_refuses() -> None:
    judge = official()
    held = trusted(signed(lote(sequence=1)))
    text = json.dumps(lote())
    lenient = [
        re.sub(r'"LoTESequenceNumber": 7', '"LoTESequenceNumber": -7', text),
        re.sub(r'"NextUpdate": "[^"]*"', '"NextUpdate": "yesterday"', text),
        re.sub(r'"LoTEVersionIdentifier": 1', '"LoTEVersionIdentifier": 99', text),
        re.sub(r'"PublicKeyValues"', '"additionalProperties"', text),
        re.sub(r'"StatusStartingTime": "[^"]*", ', "", text),
    ]
    for document in lenient:
        assert document != text
        assert judge.is_valid(json.loads(document)) or "additionalProperties" in document
        assert refusal(held, raw(document)).code == "trust.profile_violation"


@pytest.mark.parametrize("vector", shared_vectors("lote"), ids=lambda vector: vector["id"])
def test_published_examples_of_others_are_read_to_a_decision(vector: dict[str, Any]) -> None:
    held = trusted(signed(lote(sequence=1)))

    # None of them is a list of a member state: whatever their own schema says, none may be accepted here.
    assert refusal(held, raw(json.dumps(vector["input"]))).code.startswith("trust.")


def test_a_list_signed_at_one_instant_says_so() -> None:
    listed = trusted(signed(lote(service(keys=(LOGIN_KEY,))), at=NOON)).lists[SG]

    assert listed.signed_at == NOON
    assert listed.services[0].keys[0].thumbprint
    assert jwk(LOGIN_KEY)["kid"] == "login-1"
    with pytest.raises(TrustError):
        TrustedSet(Environment.SANDBOX, pins(MemberState.TH)).with_list(signed(lote()), state=SG, at=NOON)
