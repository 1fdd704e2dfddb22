"""What a list may say as a whole: attacks 10, 11, 48 to 50, 60 and 61 of the trust-list catalogue."""

import json
from typing import Any

import pytest

from idbridge.limits import LIMITS
from idbridge.model.region import CommitmentTier, Environment, Format, ServiceType
from tests.trust.editions import (
    ENTITY,
    HOUR,
    LOGIN,
    NOON,
    SCHEME,
    SERVICE,
    SG,
    TH,
    attestation,
    changed,
    edition,
    lote,
    raw,
    refusal,
    service,
    signed,
    trusted,
)

IDENTITY = (*SERVICE, "ServiceDigitalIdentity")
GOOD = lote()
HELD = trusted(edition(6))


def code_of(document: Any) -> str:
    """The code with which a list of this content, signed by its state, is refused."""
    return refusal(HELD, raw(json.dumps(document))).code


def test_the_twin_of_all_these_lists_is_accepted() -> None:
    listed = HELD.with_list(signed(GOOD), state=SG, at=NOON).lists[SG]

    (login,) = listed.services
    assert (login.issuer, login.service_type, login.member_state) == (LOGIN, ServiceType.LOGIN, SG)
    assert login.environment is Environment.SANDBOX
    assert login.profile.formats == {Format.ID_TOKEN}
    assert [key.kid for key in login.keys] == ["login-1"]
    assert not login.observer
    assert listed.operator == "Example Office"
    assert listed.provenance.tier is CommitmentTier.T2


def test_a_state_speaks_for_itself_only() -> None:
    for document in (
        changed(GOOD, *SCHEME, "SchemeTerritory", to="TH"),
        changed(GOOD, *SCHEME, "SchemeTerritory", to="sg"),
        changed(GOOD, *SCHEME, "SchemeOperatorAddress", "SchemeOperatorPostalAddress", 0, "Country", to="TH"),
        changed(GOOD, *ENTITY, "TrustedEntityInformation", "TEAddress", "TEPostalAddress", 0, "Country", to="TH"),
        lote(state=TH),
    ):
        assert code_of(document) == "trust.territory_mismatch"


def test_one_foreign_address_beside_an_own_one_is_refused() -> None:
    place = (*ENTITY, "TrustedEntityInformation", "TEAddress", "TEPostalAddress")
    own = {"lang": "en", "StreetAddress": "1 Sample Road", "Country": "SG"}

    assert code_of(changed(GOOD, *place, to=[own, {**own, "Country": "TH"}])) == "trust.territory_mismatch"


def test_a_list_of_the_other_environment_is_refused() -> None:
    assert code_of(lote(environment=Environment.LIVE)) == "trust.environment_mismatch"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LoTEType", "http://uri.etsi.org/19602/LoTEType/EUWRPACProvidersList"),
        ("StatusDeterminationApproach", "http://uri.etsi.org/other"),
        ("SchemeTypeCommunityRules", [{"lang": "en", "uriValue": "https://other.example/rules"}]),
        ("HistoricalInformationPeriod", 12),
        ("HistoricalInformationPeriod", -1),
        ("LoTEType", "no address"),
        ("SchemeExtensions", []),
        ("SchemeExtensions", [{}]),
        ("SchemeExtensions", [{"IdBridge": {}}]),
        ("SchemeExtensions", [{"Other": 1}]),
        ("SchemeExtensions", ["IdBridge"]),
        ("SchemeOperatorName", []),
        ("SchemeOperatorName", [{"lang": "th", "value": "x"}]),
        ("SchemeOperatorName", [{"lang": "en", "value": "x"}, {"lang": "en", "value": "y"}]),
        ("SchemeOperatorName", [{"lang": "en", "value": ""}]),
        ("SchemeOperatorName", {"en": "x"}),
        ("SchemeName", [{"lang": "e n", "value": "x"}]),
        ("SchemeInformationURI", [{"lang": "en", "uriValue": "javascript:alert(1)"}]),
        ("SchemeInformationURI", [{"lang": "en", "uriValue": "file:///etc/passwd"}]),
        ("PolicyOrLegalNotice", [{}]),
        ("PolicyOrLegalNotice", [{"LoTELegalNotice": "x", "LoTEPolicy": {"lang": "en", "uriValue": "https://x.example"}}]),
        ("PointersToOtherLoTE", [{"LoTELocation": "https://other.example"}]),
        ("DistributionPoints", ["https://other.example"]),
    ],
    ids=str,
)  # fmt: skip
def test_a_list_of_another_kind_is_refused(name: str, value: Any) -> None:
    assert code_of(changed(GOOD, *SCHEME, name, to=value)) == "trust.profile_violation"


def test_an_unknown_scheme_extension_is_ignored_unless_it_is_critical() -> None:
    ours = GOOD["LoTE"]["ListAndSchemeInformation"]["SchemeExtensions"][0]
    place = (*SCHEME, "SchemeExtensions")

    assert HELD.with_list(signed(changed(GOOD, *place, to=[ours, {"New": 1}])), state=SG, at=NOON) != HELD
    for extensions in ([ours, {"New": 1, "Critical": True}], [ours, ours], [ours, {"New": 1, "Critical": 1}]):
        assert code_of(changed(GOOD, *place, to=extensions)) == "trust.profile_violation"


def test_next_update_comes_after_the_issue_and_not_too_late() -> None:
    assert code_of(changed(GOOD, *SCHEME, "NextUpdate", to="2026-11-24T11:00:00Z")) == "trust.profile_violation"
    assert code_of(changed(GOOD, *SCHEME, "NextUpdate", to="2026-11-24T10:59:59Z")) == "trust.profile_violation"
    assert code_of(lote(lifetime=LIMITS.list_lifetime + HOUR)) == "trust.lifetime_too_long"
    assert HELD.with_list(signed(lote(lifetime=LIMITS.list_lifetime)), state=SG, at=NOON) != HELD


def test_the_same_entry_twice_is_refused() -> None:
    services = (*ENTITY, "TrustedEntityServices")
    entry = GOOD["LoTE"]["TrustedEntitiesList"][0]["TrustedEntityServices"][0]

    assert code_of(changed(GOOD, *services, to=[entry, entry])) == "trust.profile_violation"


def test_more_services_than_a_list_may_have_are_refused() -> None:
    entry = GOOD["LoTE"]["TrustedEntitiesList"][0]["TrustedEntityServices"][0]
    many = [changed(entry, "ServiceInformation", "ServiceName", 0, "value", to=f"n{number}")
            for number in range(LIMITS.services_per_list + 1)]  # fmt: skip

    assert code_of(changed(GOOD, *ENTITY, "TrustedEntityServices", to=many)) == "trust.profile_violation"


UNKNOWN = [
    ((*SERVICE, "ServiceStatus"), "http://uri.etsi.org/TrstSvc/Svcstatus/accredited"),
    ((*SERVICE, "ServiceStatus"), "urn:idbridge:status:GRANTED"),
    ((*SERVICE, "ServiceTypeIdentifier"), "urn:idbridge:service:notary"),
]


@pytest.mark.parametrize(("place", "value"), UNKNOWN, ids=str)
def test_an_unknown_word_costs_the_entry_its_trust_and_spares_the_rest(place: Any, value: str) -> None:
    document = changed(lote(service(), attestation()), *place, to=value)

    listed = HELD.with_list(signed(document), state=SG, at=NOON).lists[SG]

    assert [entry.name for entry in listed.untrusted] == ["Example login"]
    assert [one.name for one in listed.services] == ["Example pid"]


def test_an_unknown_critical_extension_costs_the_entry_its_trust_and_spares_the_rest() -> None:
    document = lote(service(), attestation())
    extensions = (*SERVICE, "ServiceInformationExtensions")
    ours = document["LoTE"]["TrustedEntitiesList"][0]["TrustedEntityServices"][0]["ServiceInformation"]
    taken_over = [*ours["ServiceInformationExtensions"], {"TakenOverBy": {}, "Critical": True}]

    listed = HELD.with_list(signed(changed(document, *extensions, to=taken_over)), state=SG, at=NOON).lists[SG]

    assert [(entry.name, "TakenOverBy" in entry.untrusted) for entry in listed.untrusted] == [("Example login", True)]
    assert [one.name for one in listed.services] == ["Example pid"]


def test_an_unknown_word_does_not_hide_a_broken_entry() -> None:
    (place, value), *_ = UNKNOWN
    broken = changed(changed(GOOD, *place, to=value), *IDENTITY, to={})

    assert code_of(broken) == "trust.profile_violation"
