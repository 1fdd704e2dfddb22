"""What the standard allows a list to be, before our profile asks for more. Fact 4 and cases 14, 64 and 69."""

import copy
from typing import Any

import pytest

from idbridge.errors import TrustError
from idbridge.trust import lote
from idbridge.trust.lote import Extension
from tests.trust.editions import ENTITY, SCHEME, SERVICE, SG, changed, refusal, signed, trusted, without
from tests.trust.editions import edition as own_edition
from tests.trust.editions import lote as own_list
from tests.vectors import shared_vectors

KEY = {"PublicKeyValues": [{"kty": "EC", "crv": "P-256"}]}
SPARSE: dict[str, Any] = {
    "LoTE": {
        "ListAndSchemeInformation": {
            "LoTEVersionIdentifier": 1,
            "LoTESequenceNumber": 42,
            "SchemeOperatorName": [{"lang": "en", "value": "Example Operator"}],
            "ListIssueDateTime": "2026-01-01T00:00:00Z",
            "NextUpdate": "2026-02-01T00:00:00Z",
        },
        "TrustedEntitiesList": [{
            "TrustedEntityInformation": {
                "TEName": [{"lang": "en", "value": "Example Entity"}],
                "TEAddress": {
                    "TEPostalAddress": [{"lang": "en", "StreetAddress": "1 Road", "Country": "FR"}],
                    "TEElectronicAddress": [{"lang": "en", "uriValue": "https://entity.example"}],
                },
                "TEInformationURI": [{"lang": "en", "uriValue": "https://entity.example/"}],
            },
            "TrustedEntityServices": [{"ServiceInformation": {
                "ServiceName": [{"lang": "en", "value": "Example Service"}], "ServiceDigitalIdentity": KEY,
            }}],
        }],
    },
}  # fmt: skip
IDENTITY = (*SERVICE, "ServiceDigitalIdentity")
HISTORY = (*ENTITY, "TrustedEntityServices", 0, "ServiceHistory")
PAST = {
    "ServiceName": [{"lang": "en", "value": "Before"}],
    "ServiceDigitalIdentity": KEY,
    "ServiceStatus": "urn:x:granted",
    "StatusStartingTime": "2025-01-01T00:00:00Z",
}
POINTER = {
    "LoTELocation": "https://other.example/list",
    "ServiceDigitalIdentities": [{**KEY, "X509SKI": "beside"}],
    "LoTEQualifiers": [{
        "LoTEType": "urn:x:type", "SchemeOperatorName": [{"lang": "en", "value": "Other"}],
        "MimeType": "application/jose", "SchemeTerritory": "EU",
        "SchemeTypeCommunityRules": [{"lang": "en", "uriValue": "https://other.example/rules"}],
    }],
}  # fmt: skip


def with_member(*path: str | int, to: Any) -> dict[str, Any]:
    """The sparse list with one more member."""
    return changed(SPARSE, *path, to=to)


def code_of(document: Any) -> str:
    """The code with which the model refuses ``document``."""
    with pytest.raises(TrustError) as caught:
        lote.parse(document)
    return caught.value.code


@pytest.mark.parametrize("case", shared_vectors("lote"), ids=lambda case: case["id"])
def test_the_lists_that_the_standards_bodies_published_are_judged_as_they_say(case: dict[str, Any]) -> None:
    assert case["kind"] == "lote:schema"
    if case["expected"] == "reject":
        assert code_of(case["input"]) == "trust.profile_violation"
        return

    listed = lote.parse(case["input"])

    written = case["input"]["LoTE"].get("TrustedEntitiesList", [])
    assert sum(len(one.services) for one in listed.entities) == sum(
        len(one["TrustedEntityServices"]) for one in written
    )


def test_the_vectors_are_all_there() -> None:
    verdicts = [case["expected"] for case in shared_vectors("lote")]

    assert (verdicts.count("accept"), verdicts.count("reject")) == (5, 2)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ((*SCHEME, "LoTESequenceNumber"), -1),
        ((*SCHEME, "LoTESequenceNumber"), 1.0),
        ((*SCHEME, "LoTEVersionIdentifier"), 99),
        ((*SCHEME, "NextUpdate"), "yesterday"),
        ((*SCHEME, "NextUpdate"), {"dateTime": "2026-02-01T00:00:00Z"}),
        ((*SCHEME, "SchemeTerritory"), "EUR"),
        ((*SCHEME, "SchemeTerritory"), None),
        ((*SCHEME, "HistoricalInformationPeriod"), -1),
        ((*SCHEME, "LoTEType"), "PIDProviders"),
        ((*SCHEME, "PolicyOrLegalNotice"), [{"LoTELegalNotice": " "}]),
        ((*SCHEME, "PolicyOrLegalNotice"), [{}]),
        ((*SCHEME, "SchemeExtensions"), []),
        ((*SCHEME, "SchemeExtensions"), [{}]),
        ((*SCHEME, "SchemeExtensions"), ["remark"]),
        ((*SCHEME, "SchemeExtensions"), [{"Critical": "yes", "x": 1}]),
        ((*SCHEME, "DistributionPoints"), ["here"]),
        ((*SCHEME, "Surprise"), 1),
        (("LoTE", "Surprise"), 1),
        (("LoTE", "TrustedEntitiesList"), []),
        (IDENTITY, {}),
        (IDENTITY, {"bogus": 1}),
        (IDENTITY, {**KEY, "bogus": 1}),
        (IDENTITY, {"X509SKIs": []}),
        (IDENTITY, {"X509SKIs": [1]}),
        (IDENTITY, {"PublicKeyValues": ["key"]}),
        (IDENTITY, {"X509Certificates": [{"val": 1}]}),
        (IDENTITY, {"X509Certificates": [{"val": "AA==", "specRef": 1}]}),
        (IDENTITY, {"X509Certificates": ["AA=="]}),
        ((*SERVICE, "ServiceStatus"), "urn:x:granted"),
        ((*SERVICE, "StatusStartingTime"), "2026-01-01T00:00:00Z"),
        ((*SERVICE, "ServiceName"), []),
        (HISTORY, []),
        (HISTORY, [{**PAST, "StatusStartingTime": "2025"}]),
        (HISTORY, [{name: member for name, member in PAST.items() if name != "StatusStartingTime"}]),
        ((*SCHEME, "PointersToOtherLoTE"), [{**POINTER, "ServiceDigitalIdentities": [{"X509SKI": "only"}]}]),
        ((*SCHEME, "PointersToOtherLoTE"), [{**POINTER, "ServiceDigitalIdentities": ["key"]}]),
        ((*SCHEME, "PointersToOtherLoTE"), [{**POINTER, "LoTELocation": "elsewhere"}]),
        ((*SCHEME, "PointersToOtherLoTE"), [{**POINTER, "LoTEQualifiers": []}]),
    ],
    ids=lambda value: str(value)[-70:],
)
def test_what_the_official_schema_lets_slip_is_refused(path: Any, value: Any) -> None:
    assert code_of(with_member(*path, to=value)) == "trust.profile_violation"


@pytest.mark.parametrize("name", sorted(SPARSE["LoTE"]["ListAndSchemeInformation"]))
def test_what_the_standard_requires_of_a_scheme_is_required(name: str) -> None:
    assert code_of(without(SPARSE, *SCHEME, name)) == "trust.profile_violation"


def test_a_list_that_says_only_what_it_must_is_one() -> None:
    listed = lote.parse(SPARSE)

    (entity,) = listed.entities
    (service,) = entity.services
    assert (service.status, service.service_type, service.history, service.extensions) == (None, None, (), ())
    assert (listed.scheme.territory, listed.scheme.lote_type, listed.scheme.countries) == (None, None, frozenset())
    assert lote.parse(without(SPARSE, "LoTE", "TrustedEntitiesList")).entities == ()


def test_pointers_places_and_free_extensions_are_read_as_they_stand() -> None:
    document = with_member(*SCHEME, "PointersToOtherLoTE", to=[POINTER])
    document = changed(document, *SCHEME, "DistributionPoints", to=["https://here.example/list"])
    document = changed(document, *SCHEME, "SchemeExtensions", to=[{"key": "remark", "value": "x", "Critical": True}])
    document = changed(document, *SCHEME, "PolicyOrLegalNotice", to=[{"LoTELegalNotice": "Long. " * 1000}])

    scheme = lote.parse(document).scheme

    assert [(one.location, one.lote_types) for one in scheme.pointers] == [
        ("https://other.example/list", ("urn:x:type",))
    ]
    assert scheme.distribution_points == ("https://here.example/list",)
    assert scheme.extensions == (Extension("", {"key": "remark", "value": "x", "Critical": True}, critical=True),)
    assert len(scheme.notices[0]) == 6000


def test_a_trade_name_may_be_said_twice_in_one_language_and_a_name_may_not() -> None:
    twice = [{"lang": "en", "value": "VATFR-1"}, {"lang": "en", "value": "Trade"}]

    assert lote.parse(with_member(*ENTITY, "TrustedEntityInformation", "TETradeName", to=twice)).entities
    assert code_of(with_member(*ENTITY, "TrustedEntityInformation", "TEName", to=twice)) == "trust.profile_violation"


def test_history_of_another_key_or_type_is_read_as_it_stands() -> None:
    other = {"X509SubjectNames": ["CN=before"], "X509SKIs": ["AAAA"], "OtherIds": ["x"]}
    past = {**PAST, "ServiceDigitalIdentity": other, "ServiceTypeIdentifier": "urn:x:type"}

    (entity,) = lote.parse(with_member(*HISTORY, to=[past])).entities

    (before,) = entity.services[0].history
    assert before.identity != entity.services[0].identity
    assert dict(before.identity.names) == {"X509SubjectNames": "CN=before", "X509SKIs": "AAAA", "OtherIds": "x"}


HELD = trusted(own_edition(6))
GOOD = own_list()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ((*SCHEME, "PointersToOtherLoTE"), [POINTER]),
        ((*SCHEME, "DistributionPoints"), ["https://here.example/list"]),
        ((*SCHEME, "SchemeTerritory"), "ASEAN"),
        (IDENTITY, {"X509SKIs": ["AAAA"]}),
        (IDENTITY, {"X509SubjectNames": ["CN=only"]}),
    ],
    ids=lambda value: str(value)[-40:],
)
def test_what_the_model_takes_the_profile_may_still_refuse(path: Any, value: Any) -> None:
    assert refusal(HELD, signed(changed(GOOD, *path, to=value))).code == "trust.profile_violation"


def test_an_extension_without_one_name_hides_nothing_from_the_profile() -> None:
    ours = GOOD["LoTE"]["TrustedEntitiesList"][0]["TrustedEntityServices"][0]["ServiceInformation"]
    (rules,) = copy.deepcopy(ours["ServiceInformationExtensions"])
    hidden = [rules, {"IdBridge": {}, "Other": 1}]

    assert refusal(HELD, signed(changed(GOOD, *SERVICE, "ServiceInformationExtensions", to=hidden))).code == (
        "trust.profile_violation"
    )
    assert HELD.lists[SG].services
