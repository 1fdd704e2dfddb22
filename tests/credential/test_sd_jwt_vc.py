"""Points 1 to 13 and 16 of the SD-JWT VC checklist, its parts: each refuses with its code, and its twin passes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from idbridge.credential.sd_jwt_vc import PLAIN, POINTS
from idbridge.errors import JoseError
from idbridge.limits import LIMITS
from idbridge.model.check import Check, Result
from idbridge.model.credential import HolderMethod, VerifiedCredential
from idbridge.model.region import AssuranceLevel, Format
from idbridge.model.time import Validity
from idbridge.model.trust import ServiceStatus, StatusPeriod
from tests.credential.kit import (
    ABSENT,
    CLAIM_MAP,
    NOW,
    PERSON,
    YEAR,
    bound,
    digest,
    disclosure,
    early,
    faults,
    refused,
    sd_jwt,
    service,
    signer,
    verify,
)

LEEWAY = 60
STATUS = {"status_list": {"idx": 7, "uri": "https://pid.th.example/status"}}


def checks(credential: VerifiedCredential) -> dict[str, Check]:
    return {check.id: check for check in credential.checks}


def passes(number: int, text: str, **named: Any) -> bool:
    return checks(verify(text, **named))[f"sd-jwt.{number}"].result is Result.PASSED


def fault(text: str, **named: Any) -> tuple[str, str]:
    """The one check with which ``text`` is refused, and its code."""
    (found,) = faults(refused(text, **named)).items()
    return found


def test_a_good_presentation_passes_all_nineteen_but_for_type_metadata() -> None:
    credential = verify(bound(sd_jwt()))
    own = [check for check in credential.checks if check.id.startswith("sd-jwt.")]

    assert [check.id for check in own] == [f"sd-jwt.{number}" for number in range(1, 20)]
    assert [point.id for point in POINTS] == [check.id for check in own]
    assert [check.id for check in own if check.result is not Result.PASSED] == ["sd-jwt.18"]
    assert credential.holder.method is HolderMethod.KB_JWT
    assert credential.level is AssuranceLevel.A3
    assert credential.claims["birthdate"] == PERSON["birthdate"]
    assert credential.name is not None
    assert credential.name.latin == "Thanaporn Srisuk"
    assert credential.expires_at == datetime.fromtimestamp(NOW + YEAR, UTC)


def test_what_the_holder_withholds_is_not_there_and_not_missed() -> None:
    credential = verify(bound(sd_jwt(shown=("birthdate",))))

    assert dict(credential.claims) == {"birthdate": PERSON["birthdate"]}
    assert credential.name is None
    assert credential.subject is None


# 1: shape and size


def test_too_many_disclosures_are_refused_before_any_key_is_looked_up() -> None:
    assert early("a.b.c" + "~d" * (LIMITS.disclosures + 1) + "~") == "input.too_large"


def test_a_presentation_longer_than_the_bound_is_refused() -> None:
    text = sd_jwt(hidden={})
    filler = disclosure("x", "y" * LIMITS.token_bytes)

    assert early(f"{text}{filler}~") == "input.too_large"
    assert passes(1, bound(text))


@pytest.mark.parametrize("text", ["~", "~~", "a~", "a.b~", "a.b.c.d~", "a.b.c.d.e~"])
def test_an_sd_jwt_whose_first_part_is_no_jws_is_refused(text: str) -> None:
    assert early(text) == "input.malformed"


# 2: type


@pytest.mark.parametrize("typ", ["JWT", "vc+sd-jwt", "example+sd-jwt", "kb+jwt", "at+jwt", "", ABSENT])
def test_another_type_is_refused(typ: Any) -> None:
    assert early(sd_jwt(header={"typ": typ})) == "jose.typ_mismatch"


@pytest.mark.parametrize("typ", ["dc+sd-jwt", "DC+SD-JWT", "application/dc+sd-jwt"])
def test_the_one_type_passes_in_each_spelling(typ: str) -> None:
    assert passes(2, bound(sd_jwt(header={"typ": typ})))


# 3: algorithm and extensions


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ({"alg": "none"}, "jose.alg_none"),
        ({"alg": "HS256"}, "jose.alg_not_allowed"),
        ({"crit": ["exp"]}, "jose.crit_unsupported"),
    ],
)
def test_no_algorithm_and_no_extension_outside_the_table_is_accepted(header: dict[str, Any], expected: str) -> None:
    assert early(sd_jwt(header=header)) == expected
    assert passes(3, bound(sd_jwt()))


# 4: the issuer and its service


@pytest.mark.parametrize("issuer", [ABSENT, "", None, 7])
def test_a_credential_without_issuer_is_refused(issuer: Any) -> None:
    assert early(sd_jwt(iss=issuer)) == "issuer.missing"


def superseded(at: datetime) -> tuple[StatusPeriod, ...]:
    return (
        StatusPeriod(ServiceStatus.GRANTED, Validity(datetime(2026, 1, 1, tzinfo=UTC), at)),
        StatusPeriod(ServiceStatus.SUPERSEDED, Validity(at)),
    )


ISSUED = datetime.fromtimestamp(NOW - 30 * 86_400, UTC)


@pytest.mark.parametrize("iat", [NOW - 30 * 86_400, ABSENT])
def test_a_credential_not_surely_older_than_the_end_of_its_key_is_refused(iat: Any) -> None:
    listed = service(Format.SD_JWT_VC, history=superseded(ISSUED))

    assert fault(bound(sd_jwt(iat=iat)), listed=listed) == ("sd-jwt.4", "issuer.superseded")


def test_a_credential_older_than_the_end_of_its_key_passes() -> None:
    listed = service(Format.SD_JWT_VC, history=superseded(ISSUED + timedelta(seconds=1)))

    assert passes(4, bound(sd_jwt()), listed=listed)


def test_a_credential_that_does_not_say_when_it_was_issued_passes_while_its_key_is_granted() -> None:
    assert verify(bound(sd_jwt(iat=ABSENT))).issued_at is None


def test_the_time_of_issue_may_be_disclosed() -> None:
    text = disclosure("iat", NOW - 100)

    credential = verify(bound(sd_jwt(text, iat=ABSENT, _sd=[digest(text)], hidden={})))

    assert credential.issued_at == datetime.fromtimestamp(NOW - 100, UTC)


# 5: signature


def test_a_credential_signed_by_another_key_is_refused() -> None:
    with pytest.raises(JoseError) as caught:
        verify(bound(sd_jwt(by=signer("thief"))))

    assert caught.value.code == "jose.signature_invalid"
    assert passes(5, bound(sd_jwt()))


# 6 to 13 and 16: the processing, rule by rule, as the processing layer names it


D = disclosure("nickname", "Nok")
FAULTS: list[tuple[int, str, str]] = [
    (6, "sd_jwt.alg_unsupported", sd_jwt(_sd_alg="sha-1")),
    (7, "sd_jwt.disclosure_malformed", sd_jwt("e30", _sd=lambda digests: [*digests, digest("e30")])),
    (7, "sd_jwt.disclosure_arity", sd_jwt(disclosure("x"), _sd=lambda digests: [*digests, digest(disclosure("x"))])),
    (
        8,
        "sd_jwt.disclosure_reserved_name",
        sd_jwt(disclosure("_sd", []), _sd=lambda digests: [*digests, digest(disclosure("_sd", []))]),
    ),
    (9, "sd_jwt.disclosure_collision", sd_jwt(D, nickname="x", _sd=lambda digests: [*digests, digest(D)])),
    (10, "sd_jwt.disclosure_malformed", sd_jwt(_sd="none")),
    (11, "sd_jwt.digest_duplicate", sd_jwt(_sd=lambda digests: [*digests, digests[0]])),
    (12, "sd_jwt.disclosure_unreferenced", sd_jwt(D)),
    (
        13,
        "sd_jwt.disclosure_forbidden_claim",
        sd_jwt(
            disclosure("status", STATUS), _sd=lambda digests: [*digests, digest(disclosure("status", STATUS))]
        ),
    ),
    (16, "sd_jwt.disclosure_unreferenced", sd_jwt(D, hidden={}, _sd=ABSENT)),
    (16, "sd_jwt.disclosure_malformed", sd_jwt(hidden={}, _sd=[])),
]  # fmt: skip


@pytest.mark.parametrize(("number", "expected", "text"), FAULTS)
def test_a_fault_of_the_disclosures_is_refused_under_its_number(number: int, expected: str, text: str) -> None:
    found = refused(bound(text))

    assert faults(found) == {f"sd-jwt.{number}": expected}
    assert [check for check in found.values() if check.result is Result.SKIPPED and not check.note] == []
    assert [found[f"sd-jwt.{number}"].result for number in (1, 2, 3, 5, 19)] == [Result.PASSED] * 5
    assert found["sd-jwt.15"].result is Result.SKIPPED
    assert found["kb.9"].result is Result.SKIPPED


def test_disclosures_that_nest_too_deeply_are_refused_under_their_number() -> None:
    text = disclosure("x", "end")
    texts = [text]
    for _ in range(LIMITS.nesting_depth):
        text = disclosure("x", {"_sd": [digest(text)]})
        texts.append(text)

    assert fault(bound(sd_jwt(*texts, hidden={}, _sd=[digest(text)]))) == ("sd-jwt.10", "input.too_large")


@pytest.mark.parametrize("number", [6, 7, 8, 9, 10, 11, 12, 13, 16])
def test_disclosures_in_their_places_pass_every_rule(number: int) -> None:
    assert passes(number, bound(sd_jwt(D, _sd=lambda digests: [*digests, digest(D), digest("a decoy")])))


def test_a_credential_without_disclosable_claims_passes() -> None:
    credential = verify(bound(sd_jwt(hidden={}, _sd=ABSENT, _sd_alg=ABSENT, **PERSON)))

    assert credential.subject == PERSON["sub"]


@pytest.mark.parametrize("name", sorted(PLAIN - {"vct", "iss"}))
def test_no_claim_that_must_be_in_plain_sight_may_be_disclosed(name: str) -> None:
    text = disclosure(name, NOW + YEAR)

    found = fault(bound(sd_jwt(text, **{name: ABSENT}, _sd=lambda digests: [*digests, digest(text)])))

    assert found == ("sd-jwt.13", "sd_jwt.disclosure_forbidden_claim")


@pytest.mark.parametrize(
    "changes",
    [
        {"status": {"_sd": [digest(D)]}},
        {"cnf": {"jwk": {"_sd": [digest(D)]}}},
        {"aka_vcts": [{"...": digest(D)}]},
    ],
)
@pytest.mark.parametrize("disclosed", [(), (D,)])
def test_no_part_of_such_a_claim_may_be_disclosable(changes: dict[str, Any], disclosed: tuple[str, ...]) -> None:
    assert fault(bound(sd_jwt(*disclosed, **changes))) == ("sd-jwt.13", "sd_jwt.disclosure_forbidden_claim")


MANDATE: dict[str, Any] = {
    "entity": {"scheme": "TH-DBD", "value": "0105500000001"},
    "scope": ["represent"],
    "valid_from": "2025-01-01T00:00:00Z",
    "valid_until": "2026-01-01T00:00:00Z",
}
UNTIL = disclosure("valid_until", MANDATE["valid_until"])
ENTITY_NAME = disclosure("name", "A company")
SCOPE = disclosure("represent")
BOUNDLESS = {name: value for name, value in MANDATE.items() if name != "valid_until"}
DIVISIBLE = [
    ({**BOUNDLESS, "_sd": [digest(UNTIL)]}, UNTIL),
    ({**MANDATE, "entity": {**MANDATE["entity"], "_sd": [digest(ENTITY_NAME)]}}, ENTITY_NAME),
    ({**MANDATE, "scope": ["represent", {"...": digest(SCOPE)}]}, SCOPE),
]


@pytest.mark.parametrize(("mandate", "part"), DIVISIBLE)
def test_a_holder_cannot_choose_which_part_of_a_mandate_to_show(mandate: dict[str, Any], part: str) -> None:
    refusal = ("sd-jwt.13", "sd_jwt.disclosure_forbidden_claim")
    whole = disclosure("represents", mandate)

    def also(digests: list[str]) -> list[str]:
        return [*digests, digest(whole)]

    assert fault(bound(sd_jwt(represents=mandate))) == refusal
    assert fault(bound(sd_jwt(part, represents=mandate))) == refusal
    assert fault(bound(sd_jwt(whole, _sd=also))) == refusal
    assert fault(bound(sd_jwt(whole, part, _sd=also))) == refusal


def test_a_mandate_may_be_hidden_in_one_piece() -> None:
    whole = disclosure("represents", MANDATE)

    shown = verify(bound(sd_jwt(whole, _sd=lambda digests: [*digests, digest(whole)])))
    withheld = verify(bound(sd_jwt(_sd=lambda digests: [*digests, digest(whole)])))

    assert shown.mandate == verify(bound(sd_jwt(represents=MANDATE))).mandate
    assert shown.mandate is not None
    assert shown.mandate.valid_until == datetime(2026, 1, 1, tzinfo=UTC)
    assert withheld.mandate is None


def test_the_list_says_which_claim_the_mandate_is() -> None:
    listed = service(Format.SD_JWT_VC, claim_map=replace(CLAIM_MAP, mandate="poder"))
    mandate, _ = DIVISIBLE[0]

    assert fault(bound(sd_jwt(poder=mandate)), listed=listed) == ("sd-jwt.13", "sd_jwt.disclosure_forbidden_claim")
    assert verify(bound(sd_jwt(represents=mandate)), listed=listed).mandate is None


def test_half_a_name_never_looks_like_a_whole_one() -> None:
    half = {name: value for name, value in PERSON.items() if not name.startswith("family_name")}
    mononym = verify(bound(sd_jwt(hidden=half))).name
    with_a_decoy = sd_jwt(hidden=half, _sd=lambda digests: [*digests, digest("a decoy")])

    assert verify(bound(sd_jwt(shown=half))).name is None
    assert verify(bound(sd_jwt(shown=set(half) - {"birthdate"}, hidden=half))).name is None
    assert verify(bound(with_a_decoy)).name is None
    assert mononym is not None
    assert mononym.display == PERSON["given_name"]
    assert verify(bound(sd_jwt(shown=set(PERSON) - {"birthdate"}))).name is not None


def test_what_is_hidden_within_a_claim_is_no_part_of_a_name() -> None:
    half = {name: value for name, value in PERSON.items() if not name.startswith("family_name")}
    address = {"country": "TH", "_sd": [digest("a street")]}

    assert verify(bound(sd_jwt(hidden={**half, "address": address}))).name is not None


def test_subject_and_time_of_issue_may_be_disclosed() -> None:
    assert verify(bound(sd_jwt(shown=("sub",)))).subject == PERSON["sub"]


def test_claims_that_nobody_names_are_counted_and_never_released() -> None:
    credential = verify(bound(sd_jwt(favourite_colour="blue")))

    assert checks(credential)["sd-jwt.10"].note == "1 claims that the listing does not name were counted and not read"
    assert "favourite_colour" not in credential.claims
    assert checks(verify(bound(sd_jwt())))["sd-jwt.10"].note == ""
