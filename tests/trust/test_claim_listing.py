"""What a list may say of a service's claims: each half-said thing is refused, and what is said is read as it stands."""

from typing import Any

import pytest

from idbridge.errors import TrustError
from idbridge.limits import LIMITS
from idbridge.model.entities import SCHEMES, is_of
from idbridge.model.region import MemberState
from idbridge.model.trust import EncryptionRule, EntitySubject
from idbridge.trust.claim_listing import claim_map
from idbridge.trust.publish import _claims
from tests.trust.editions import SG, attestation, edition, lote, service, trusted
from tests.trust.test_extension import code_of

PLAIN: dict[str, Any] = {"subject": "sub", "persistence": "lasting", "acr": "acr", "nameParts": [], "map": {}}
ENTITY: dict[str, Any] = {
    "subject": "representative",
    "identifier": "$.entityInfo.CPEntID",
    "schemeClaim": "$.entityInfo.CPEnt_TYPE",
    "schemes": {"UEN": "SG-UEN"},
    "status": "$.entityInfo.CPEnt_Status",
    "inForce": ["Registered"],
    "power": ["represent"],
}
LONG = "$." + ".".join("a" * (LIMITS.claim_path_steps + 1))


def entity(**changes: Any) -> dict[str, Any]:
    return {name: value for name, value in {**ENTITY, **changes}.items() if value is not ...}


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": "$.sub"},
        {"subject": "$.sub."},
        {"subject": "$..u"},
        {"subject": LONG},
        {"acr": "$.acr"},
        {"keyValues": []},
        {"keyValues": "sub"},
        {"acrAbsent": "highest"},
        {"acrAbsent": None},
        {"map": {"representative_name": "name"}},
        {"map": {"represents": "company"}},
        {"map": {"birthdate": "$.person."}},
        {"surprise": 1},
        {"mandate": "represents", "entity": ENTITY},
        {"entity": None},
        {"entity": entity(identifier=...)},
        {"entity": entity(subject="company")},
        {"entity": entity(subject=...)},
        {"entity": entity(scheme="SG-UEN")},
        {"entity": entity(schemes=...)},
        {"entity": entity(schemeClaim=...)},
        {"entity": entity(schemeClaim=..., schemes=...)},
        {"entity": entity(schemes={"UEN": "XX-UEN"})},
        {"entity": entity(schemes={})},
        {"entity": entity(schemes=["UEN"])},
        {"entity": entity(status=...)},
        {"entity": entity(inForce=...)},
        {"entity": entity(inForce=[])},
        {"entity": entity(power=...)},
        {"entity": entity(power=[])},
        {"entity": entity(powerClaim="roles")},
        {"entity": entity(subject="itself")},
        {"entity": entity(complete=[])},
        {"entity": entity(subject="itself", power=...), "display": "name"},
        {"entity": entity(surprise=1)},
    ],
    ids=str,
)
def test_what_is_half_said_of_claims_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(TrustError) as caught:
        claim_map({**PLAIN, **changes})

    assert caught.value.code == "trust.profile_violation"


def test_what_is_said_is_read_as_it_stands() -> None:
    read = claim_map({**PLAIN, "subject": "$.sub.u", "keyValues": ["sub"], "acrAbsent": "lowest", "entity": ENTITY})

    assert (read.subject, read.key_values, read.lowest_without_acr) == ("$.sub.u", {"sub"}, True)
    assert read.entity is not None
    assert (read.entity.subject, read.entity.schemes) == (EntitySubject.REPRESENTATIVE, {"UEN": "SG-UEN"})
    assert (read.entity.in_force, read.entity.power) == ({"Registered"}, {"represent"})
    assert read.paths == {"$.sub.u", *read.entity.sources}
    assert read.sources == {"sub", "acr", "entityInfo"}


def test_a_plain_map_has_no_paths_and_names_what_it_names() -> None:
    read = claim_map({**PLAIN, "map": {"birthdate": "https://claims.example/v1.2"}, "display": "name"})

    assert read.paths == frozenset()
    assert read.sources == {"sub", "acr", "name", "https://claims.example/v1.2"}


def test_a_legal_person_itself_needs_no_power() -> None:
    read = claim_map({**PLAIN, "entity": {"subject": "itself", "identifier": "code", "scheme": "VN-MST", "name": "n"}})

    assert read.entity is not None
    assert (read.entity.scheme, read.entity.power, read.entity.name) == ("VN-MST", frozenset(), "n")


def test_a_source_document_is_published_in_the_words_that_are_read() -> None:
    source = {
        "subject": "$.sub.u",
        "persistence": "lasting",
        "acr": "acr",
        "acr_absent": "lowest",
        "key_values": ["sub"],
        "name_parts": [],
        "map": {},
        "entity": {
            "subject": "representative",
            "identifier": "$.entityInfo.CPEntID",
            "scheme_claim": "$.entityInfo.CPEnt_TYPE",
            "schemes": {"UEN": "SG-UEN"},
            "status": "$.entityInfo.CPEnt_Status",
            "in_force": ["Registered"],
            "power_claim": "$.roles.list",
        },
    }

    read = claim_map(_claims(source)).entity

    assert read is not None
    assert read.power_claim == "$.roles.list"


@pytest.mark.parametrize(
    ("scheme", "value", "state", "fits"),
    [
        ("SG-UEN", "209900001K", "SG", True),
        ("SG-UEN", "53312345A", "SG", True),
        ("SG-UEN", "T99LL0001A", "SG", True),
        ("SG-UEN", "209900001k", "SG", False),
        ("SG-UEN", "209900001K ", "SG", False),
        ("SG-UEN", "٢٠٩٩٠٠٠٠١K", "SG", False),
        ("SG-UEN", "", "SG", False),
        ("SG-UEN", "209900001K", "TH", False),
        ("TH-DBD", "0105599000011", "TH", True),
        ("TH-DBD", "010559900001", "TH", False),
        ("VN-MST", "0000000501", "VN", True),
        ("VN-MST", "0000000501-001", "VN", True),
        ("LEI", "5493001KJTIIGC8Y1R12", "VN", True),
        ("LEI", "5493001KJTIIGC8Y1R13", "VN", False),
        ("XX-ANY", "1", "SG", False),
    ],
)
def test_a_legal_person_has_a_number_of_the_form_of_a_register_that_the_state_speaks_for(
    scheme: str, value: str, state: str, fits: bool
) -> None:
    assert is_of(scheme, value, vouched_by=MemberState(state)) is fits


def test_each_state_but_none_twice_has_a_register_of_its_own() -> None:
    assert {one.state for one in SCHEMES.values()} == {*MemberState, None}


@pytest.mark.parametrize("rule", ["none", "sometimes", "", None, True])
def test_encryption_is_said_in_one_of_two_words(rule: Any) -> None:
    assert code_of(lote(service(encryption=rule))) == "trust.profile_violation"


@pytest.mark.parametrize("rule", ["required", "allowed"])
def test_only_a_login_says_that_its_tokens_come_encrypted(rule: str) -> None:
    login = trusted(edition(7, service(encryption=rule))).lists[SG].services[0]

    assert code_of(lote(attestation(encryption=rule))) == "trust.profile_violation"
    assert login.profile.encryption is EncryptionRule(rule)
    assert trusted(edition()).lists[SG].services[0].profile.encryption is EncryptionRule.NONE
