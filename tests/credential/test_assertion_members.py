from collections.abc import Callable
from typing import Any

import pytest

from idbridge.credential import assertion_members as read
from idbridge.errors import CredentialError
from idbridge.model import assertion as members
from idbridge.model.credential import HolderMethod
from idbridge.model.region import AssuranceLevel, Format, MemberState
from tests.credential.assertions import claims, spoiled, without

A2, A3 = AssuranceLevel.A2, AssuranceLevel.A3
LONG = "x" * 513


def named(document: dict[str, Any]) -> Any:
    return read.person_name(read.verified_claims(document))


SPOILED: list[tuple[Callable[[dict[str, Any]], Any], str, Any]] = [
    (read.assurance, "assurance", None),
    (read.assurance, "assurance/loa", "A3"),
    (read.assurance, "assurance/loa", "A1"),
    (read.assurance, "assurance/identity", "A4"),
    (read.assurance, "assurance/identity", 3),
    (read.assurance, "assurance/authentication", None),
    (read.assurance, "assurance/extra", "A2"),
    (read.assurance, "acr", "urn:idbridge:loa:A3"),
    (read.assurance, "acr", "A2"),
    (read.assurance, "acr_national", 2),
    (read.assurance, "acr_national", ""),
    (read.assurance, "loa_mapping", "SG-TH"),
    (read.assurance, "loa_mapping/framework", "urn:other:1"),
    (read.assurance, "loa_mapping/rule", LONG),
    (read.verified_claims, "verified_claims", None),
    (read.verified_claims, "verified_claims/userinfo", {}),
    (read.verified_claims, "verified_claims/claims", []),
    (read.verified_claims, "verified_claims/claims", {str(number): 1 for number in range(65)}),
    (read.verified_claims, "verified_claims/claims", {"": 1}),
    (read.verified_claims, "verified_claims/verification/trust_framework", "eidas"),
    (read.verified_claims, "verified_claims/verification/assurance_level", "A3"),
    (read.verified_claims, "verified_claims/verification/time", "2026-11-24"),
    (read.verified_claims, "verified_claims/verification/time", 1),
    (read.verified_claims, "assurance", "A2"),
    (named, "verified_claims/claims/name", "Tan Mei Ling"),
    (named, "verified_claims/claims/name/family", "Tan"),
    (named, "verified_claims/claims/name/display", " "),
    (named, "verified_claims/claims/name/native", None),
    (named, "verified_claims/claims/name/latin", 1),
    (named, "verified_claims/claims/name/parts", {}),
    (named, "verified_claims/claims/name/parts", [{"kind": "given", "native": "x", "latin": None}] * 17),
    (named, "verified_claims/claims/name/parts", ["x"]),
    (named, "verified_claims/claims/name/parts/0/kind", None),
    (read.represents, "represents", {}),
    (read.represents, "represents", "SG-UEN 53012345D"),
    (read.represents, "represents/entity", {"scheme": "SG-UEN"}),
    (read.represents, "represents/entity/value", 53012345),
    (read.represents, "represents/scope", "represent"),
    (read.represents, "represents/scope", [""]),
    (read.represents, "represents/scope", ["represent"] * 65),
    (read.represents, "represents/valid_until", "tomorrow"),
    (read.represents, "represents/valid_from", 0),
    (read.holder, "holder", True),
    (read.holder, "holder/method", "none"),
    (read.holder, "holder/method", "fingerprint"),
    (read.holder, "holder/method", ["login"]),
    (read.holder, "holder/bound", 1),
    (read.holder, "holder/bound", False),
    (read.holder, "holder/cnf", {}),
    (read.origin, "origin", None),
    (read.origin, "origin/state", "EU"),
    (read.origin, "origin/issuer", ""),
    (read.origin, "origin/format", "saml"),
    (read.origin, "origin/service_type", "urn:other"),
    (read.origin, "origin/token_digest", None),
    (read.origin, "origin/token_salt", ""),
    (read.origin, "origin/alg", None),
    (read.origin, "origin/key_thumbprint", ""),
    (read.origin, "origin/issued_at", "2026-11-24"),
    (read.origin, "origin/auth_time", True),
    (read.origin, "origin/amr", ["pwd"]),
    (read.origin, "purpose", "account-opening"),
    (read.origin, "purpose/code", None),
    (read.origin, "purpose/text", 3),
    (read.references, "jti", ""),
    (read.references, "sub", ""),
    (read.references, "sub", "x" * 256),
    (read.references, "sub", None),
    (read.references, "sub_prev", ""),
    (read.references, "sub_prev", "x" * 256),
    (read.references, "sub_prev", None),
    (read.references, "sub_prev", claims()["sub"]),
    (read.references, "txn", "report-2"),
    (read.references, "report_id", None),
    (read.references, "trust_snapshot", []),
    (read.references, "policy", None),
    (read.references, "policy/version", True),
    (read.references, "policy/version", 0),
    (read.references, "recognition/by", "EU"),
    (read.references, "recognition/arrangement", None),
    (read.references, "recognition/version", None),
    (read.references, "recognition/version", "1"),
    (read.references, "log", {}),
]


@pytest.mark.parametrize(("reader", "path", "value"), SPOILED)
def test_a_member_that_is_not_as_published_is_refused(
    reader: Callable[[dict[str, Any]], Any], path: str, value: Any
) -> None:
    reader(claims())

    with pytest.raises(CredentialError) as caught:
        reader(spoiled(path, value))

    assert caught.value.code == "recognition.assertion_malformed"


@pytest.mark.parametrize(
    ("reader", "parent", "names"),
    [
        (read.assurance, "assurance", members.ASSURANCE),
        (read.assurance, "loa_mapping", members.LOA_MAPPING),
        (read.verified_claims, "verified_claims", members.VERIFIED_CLAIMS),
        (read.verified_claims, "verified_claims/verification", members.VERIFICATION),
        (named, "verified_claims/claims/name", members.NAME),
        (read.represents, "represents", members.REPRESENTS),
        (read.holder, "holder", members.HOLDER),
        (read.origin, "origin", members.ORIGIN),
        (read.origin, "purpose", members.PURPOSE),
        (read.references, "policy", members.POLICY),
        (read.references, "recognition", members.RECOGNITION),
    ],
)
def test_a_missing_member_is_refused(
    reader: Callable[[dict[str, Any]], Any], parent: str, names: frozenset[str]
) -> None:
    for name in names:
        with pytest.raises(CredentialError) as caught:
            reader(without(f"{parent}/{name}"))

        assert caught.value.code == "recognition.assertion_malformed"


def test_an_unknown_member_is_not_repeated_in_the_error() -> None:
    with pytest.raises(CredentialError) as caught:
        read.holder(spoiled("holder/Tan Mei Ling", "1990-02-28"))

    assert "Tan" not in str(caught.value)


def test_a_bearer_is_stated_as_one() -> None:
    binding = read.holder(spoiled("holder", {"bound": False, "method": "none"}))

    assert not binding.bound


def test_what_an_ordinary_assertion_says_is_read_as_it_stands() -> None:
    name = named(claims())
    mandate = read.represents(claims())
    origin = read.origin(claims())

    assert read.assurance(claims()) == (A3, A2)
    assert [(part.kind, part.native, part.latin) for part in name.parts] == [
        ("family", "陈", "Tan"),
        ("given", "美玲", None),
    ]
    assert mandate is not None
    assert (mandate.entity_scheme, mandate.entity_value) == ("SG-UEN", "53012345D")
    assert (mandate.scope, mandate.valid_until) == (frozenset({"represent"}), None)
    assert (origin.member_state, origin.format, origin.purpose) == (MemberState.SG, Format.ID_TOKEN, "account-opening")
    assert (origin.level, origin.identity, origin.authentication) == (A2, A3, A2)
    assert read.holder(claims()).method is HolderMethod.LOGIN


@pytest.mark.parametrize(
    ("scheme", "value", "state"),
    [
        ("VN-MST", "0000000501", "SG"), ("SG-UEN", "53012345D", "VN"), ("SG-UEN", "53012345d", "SG"),
        ("SG-UEN", "not a number", "SG"), ("XX-ANY", "1", "SG"), ("LEI", "5493001KJTIIGC8Y1R13", "SG"),
    ],
)  # fmt: skip
def test_the_origin_speaks_for_the_register_of_the_company(scheme: str, value: str, state: str) -> None:
    document = spoiled("represents/entity", {"scheme": scheme, "value": value})
    document["origin"]["state"] = state

    with pytest.raises(CredentialError) as caught:
        read.represents(document)

    assert caught.value.code == "mandate.entity_invalid"


def test_the_origin_may_name_a_company_by_an_international_number() -> None:
    mandate = read.represents(spoiled("represents/entity", {"scheme": "LEI", "value": "5493001KJTIIGC8Y1R12"}))

    assert mandate is not None
    assert mandate.entity_scheme == "LEI"


def test_what_may_be_null_may_be_null() -> None:
    assert read.represents(spoiled("represents", None)) is None
    assert named(spoiled("verified_claims/claims", {})) is None
    assert read.origin(spoiled("origin/auth_time", None)).issuer == "https://login.sg.example"
    read.references(spoiled("recognition", {"by": "TH", "arrangement": None, "version": None}))
    read.references(spoiled("log", "log.sg.example"))
