"""Legal persons and claims inside others: half a set is refused, and a path leads to one place or to none."""

from dataclasses import replace
from typing import Any

import pytest

from idbridge.credential.claim_paths import flattened, pairs
from idbridge.limits import LIMITS
from idbridge.model.check import Result
from idbridge.model.region import AssuranceLevel, Format
from idbridge.model.trust import EntityMap, EntitySubject, TrustService
from idbridge.recognition.assurance import lowest_rung
from tests.credential.kit import (
    ABSENT,
    CLAIM_MAP,
    LADDER,
    bound,
    code,
    digest,
    disclosure,
    faults,
    id_token,
    refused,
    results,
    sd_jwt,
    service,
    verify,
)

COMPANY = {"id": "0105599000011", "name": "จำปี", "type": "DBD", "state": "active", "powers": ["represent"]}
ENTITY = EntityMap(
    subject=EntitySubject.REPRESENTATIVE,
    identifier="$.company.id",
    scheme_claim="$.company.type",
    schemes={"DBD": "TH-DBD", "LEI": "LEI"},
    name="$.company.name",
    status="$.company.state",
    in_force=frozenset({"active"}),
    power_claim="$.company.powers",
    until="$.company.until",
    complete=frozenset({"name", "birthdate"}),
)


def listed(entity: EntityMap | None = ENTITY, **changes: Any) -> TrustService:
    return service(claim_map=replace(CLAIM_MAP, mandate=None, entity=entity, **changes))


def company(**changes: Any) -> dict[str, Any]:
    return {name: value for name, value in {**COMPANY, **changes}.items() if value is not ABSENT}


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"company": company(id=ABSENT)}, "mandate.incomplete"),
        ({"company": company(id="")}, "mandate.incomplete"),
        ({"company": company(id=105599000011)}, "mandate.incomplete"),
        ({"company": company(name=ABSENT)}, "mandate.incomplete"),
        ({"company": company(name=" ")}, "mandate.incomplete"),
        ({"company": company(powers=ABSENT)}, "mandate.incomplete"),
        ({"company": company(powers=[])}, "mandate.incomplete"),
        ({"company": company(powers=["represent", 7])}, "mandate.incomplete"),
        ({"company": company(powers=["x"] * 33)}, "mandate.incomplete"),
        ({"company": company(until="soon")}, "mandate.incomplete"),
        ({"company": company(until=True)}, "mandate.incomplete"),
        ({"company": company(until=-1)}, "mandate.incomplete"),
        ({"company": company(), "birthdate": ABSENT}, "mandate.incomplete"),
        ({"company": company(), "given_name": ABSENT, "family_name": ABSENT}, "mandate.incomplete"),
        ({"company": {"name": "จำปี"}}, "mandate.incomplete"),
        ({"company": company(type=ABSENT)}, "mandate.entity_invalid"),
        ({"company": company(type="UEN")}, "mandate.entity_invalid"),
        ({"company": company(type=["DBD"])}, "mandate.entity_invalid"),
        ({"company": company(id="209900001K")}, "mandate.entity_invalid"),
        ({"company": company(type="LEI")}, "mandate.entity_invalid"),
        ({"company": company(state="closed")}, "mandate.entity_invalid"),
        ({"company": company(state=ABSENT)}, "mandate.entity_invalid"),
        ({"company": company(state={"is": "active"})}, "mandate.entity_invalid"),
        ({"company": company(state=["active"])}, "mandate.entity_invalid"),
    ],
    ids=range(24),
)
def test_a_set_that_is_not_whole_is_refused(claims: dict[str, Any], expected: str) -> None:
    assert code(id_token(**claims), listed()) == expected


@pytest.mark.parametrize("nothing", [{}, {"company": {}}, {"company": company(**dict.fromkeys(COMPANY, ""))}])
def test_who_names_no_company_acts_for_themself(nothing: dict[str, Any]) -> None:
    assert verify(id_token(**nothing), listed()).mandate is None


def test_a_whole_set_is_read_as_it_stands() -> None:
    mandate = verify(id_token(company=company(until="2027-01-01T00:00:00Z")), listed()).mandate

    assert mandate is not None
    assert (mandate.entity_scheme, mandate.entity_value, mandate.entity_name) == ("TH-DBD", COMPANY["id"], "จำปี")
    assert (mandate.scope, mandate.itself) == ({"represent"}, False)
    assert mandate.valid_until is not None
    assert mandate.valid_until.year == 2027


def test_a_company_of_a_register_of_nobody_is_named_by_any_state() -> None:
    mandate = verify(id_token(company=company(type="LEI", id="5493001KJTIIGC8Y1R12")), listed()).mandate

    assert mandate is not None
    assert mandate.entity_scheme == "LEI"


def test_a_legal_person_itself_has_to_be_named() -> None:
    own = replace(ENTITY, subject=EntitySubject.ITSELF, power_claim=None, complete=frozenset())
    nobody = listed(own, name_parts=())

    assert code(id_token(), nobody) == "mandate.incomplete"
    credential = verify(id_token(company=company()), nobody)
    assert credential.mandate is not None
    assert (credential.mandate.itself, credential.mandate.scope, credential.name) == (True, frozenset(), None)


def test_a_wallet_credential_names_a_company_in_the_same_way() -> None:
    sd = service(Format.SD_JWT_VC, claim_map=replace(CLAIM_MAP, mandate=None, entity=ENTITY))

    assert code(bound(sd_jwt(company=company(id=ABSENT))), sd) == "mandate.incomplete"
    mandate = verify(bound(sd_jwt(company=company())), sd).mandate
    assert mandate is not None
    assert mandate.entity_value == COMPANY["id"]


def test_the_end_of_a_power_cannot_be_withheld() -> None:
    sd = service(Format.SD_JWT_VC, claim_map=replace(CLAIM_MAP, mandate=None, entity=ENTITY))
    end = disclosure("until", "2026-12-31T00:00:00Z", salt="end")
    stated = sd_jwt(company={**company(), "_sd": [digest(end)]})
    shown = sd_jwt(end, company={**company(), "_sd": [digest(end)]})
    decoy = sd_jwt(company={**company(until="2026-12-31T00:00:00Z"), "_sd": [digest(end)]})

    assert code(bound(stated), sd) == "mandate.incomplete"
    for whole in (shown, decoy):
        mandate = verify(bound(whole), sd).mandate
        assert mandate is not None
        assert mandate.valid_until is not None


@pytest.mark.parametrize(
    ("scheme", "value"),
    [
        ("SG-UEN", "209900001K"), ("XX-ANY", "1"), ("TH-DBD", "not a number \u202e"), ("TH-DBD", " "),
        ("th-dbd", COMPANY["id"]), ("LEI", "5493001KJTIIGC8Y1R13"),
    ],
)  # fmt: skip
def test_a_mandate_is_for_a_number_of_a_register_that_the_state_of_its_issuer_speaks_for(
    scheme: str, value: str
) -> None:
    foreign = {"entity": {"scheme": scheme, "value": value}, "scope": ["represent"]}
    sd = service(Format.SD_JWT_VC)

    for text, by in ((id_token(represents=foreign), service()), (bound(sd_jwt(represents=foreign)), sd)):
        checks = faults(refused(text, by))
        assert checks == {"entity.1": "mandate.entity_invalid"}


@pytest.mark.parametrize(("scheme", "value"), [("TH-DBD", COMPANY["id"]), ("LEI", "5493001KJTIIGC8Y1R12")])
def test_a_mandate_for_a_company_of_the_state_or_of_all_is_told_as_checked(scheme: str, value: str) -> None:
    own = {"entity": {"scheme": scheme, "value": value}, "scope": ["represent"]}
    credential = verify(id_token(represents=own))

    assert credential.mandate is not None
    assert (credential.mandate.entity_scheme, credential.mandate.entity_value) == (scheme, value)
    assert results(credential)["entity.1"] is Result.PASSED
    assert "entity.1" not in results(verify(id_token()))


@pytest.mark.parametrize("name", ["represents", "$.company.represents", "$.company.for.represents"])
def test_no_bound_of_a_mandate_can_be_withheld_wherever_it_stands(name: str) -> None:
    sd = service(Format.SD_JWT_VC, claim_map=replace(CLAIM_MAP, mandate=name))
    top, *inner = name.removeprefix("$.").split(".")

    def said(**changes: Any) -> dict[str, Any]:
        value: Any = {"entity": {"scheme": "TH-DBD", "value": COMPANY["id"]}, "scope": ["represent"], **changes}
        for step in reversed(inner):
            value = {step: value}
        return {top: value}

    for bound_of_it, instant in (("valid_from", "2026-12-01T00:00:00Z"), ("valid_until", "2026-11-01T00:00:00Z")):
        text = disclosure(bound_of_it, instant)
        for shown in ((), (text,)):
            refusal = code(bound(sd_jwt(*shown, **said(_sd=[digest(text)]))), sd)
            assert refusal == "sd_jwt.disclosure_forbidden_claim"
    assert verify(bound(sd_jwt(**said())), sd).mandate is not None
    ((whole, value),) = said().items()
    assert verify(bound(sd_jwt(hidden={whole: value})), sd).mandate is not None
    assert verify(bound(sd_jwt(hidden={whole: value}, shown=[])), sd).mandate is None


@pytest.mark.parametrize(
    "text",
    [
        None, 7, "", "s", "s=", "=S1", "s=S1,", ",s=S1", "s=S1,,u=0", "s=S1,s=S2", "s=S1=S2", "s=S1 ,u=0,\n", "1s=S1",
        "s=" + "x" * LIMITS.identifier_characters,
        ",".join(f"k{number}=v" for number in range(LIMITS.key_value_pairs + 1)),
    ],
)  # fmt: skip
def test_a_text_of_several_values_that_is_in_doubt_has_none(text: Any) -> None:
    assert dict(pairs(text)) == {}


def test_a_text_of_several_values_is_read_by_its_keys() -> None:
    assert pairs("s=S1234567D,u=0b1c-2,c=SG") == {"s": "S1234567D", "u": "0b1c-2", "c": "SG"}
    assert len(pairs(",".join(f"k{number}=v" for number in range(LIMITS.key_value_pairs)))) == LIMITS.key_value_pairs


@pytest.mark.parametrize("subject", ["0000000000011", "s=S1,u=", "u=a,u=b", "s=S1"])
def test_a_subject_that_does_not_hold_the_listed_value_names_nobody(subject: str) -> None:
    composite = service(claim_map=replace(CLAIM_MAP, subject="$.sub.u", key_values=frozenset({"sub"})))

    assert code(id_token(sub=subject), composite) == "oidc.subject_invalid"
    assert verify(id_token(sub="s=S1,u=0b1c,c=SG"), composite).subject == "0b1c"


def test_a_claim_that_is_called_like_a_path_is_not_what_the_path_leads_to() -> None:
    nested = service(claim_map=replace(CLAIM_MAP, claims={"birthdate": "$.person.born"}))
    posing = {"$.person.born": "1900-01-01"}

    assert "birthdate" not in verify(id_token(**posing), nested).claims
    assert "birthdate" not in verify(id_token(person="1900-01-01", **posing), nested).claims
    assert verify(id_token(person={"born": "1994-08-29"}, **posing), nested).claims["birthdate"] == "1994-08-29"


def test_without_paths_nothing_is_copied() -> None:
    claims = {"sub": "x"}

    assert flattened(claims, CLAIM_MAP) is claims


@pytest.mark.parametrize(("acr", "level"), [(ABSENT, "A1"), ("unknown", "A0"), ("3", "A3"), ("", "A0")])
def test_a_missing_level_is_worth_the_lowest_rung_only_where_the_list_says_so(acr: Any, level: str) -> None:
    lenient = service(claim_map=replace(CLAIM_MAP, lowest_without_acr=True))

    assert verify(id_token(acr=acr), lenient).level is AssuranceLevel[level]
    assert verify(id_token(acr=ABSENT)).level is AssuranceLevel.A0


def test_a_level_that_the_holder_withholds_is_no_missing_one() -> None:
    lenient = service(Format.SD_JWT_VC, claim_map=replace(CLAIM_MAP, lowest_without_acr=True))
    hidden = {"acr": "unknown"}

    assert verify(bound(sd_jwt(hidden=hidden, acr=ABSENT)), lenient).level is AssuranceLevel.A0
    assert verify(bound(sd_jwt(hidden=hidden, shown=[], acr=ABSENT)), lenient).level is AssuranceLevel.A0
    assert verify(bound(sd_jwt(hidden={}, acr=ABSENT)), lenient).level is AssuranceLevel.A1


def test_the_lowest_rung_is_worth_no_more_than_a1_and_nothing_without_rungs() -> None:
    assert lowest_rung(LADDER[1:]) == (AssuranceLevel.A1, AssuranceLevel.A1)
    assert lowest_rung(()) == (AssuranceLevel.A0, AssuranceLevel.A0)
