"""QR profiles in a list: complete, bounded, nobody else's, and never for health certificates."""

from typing import Any

import pytest

from idbridge.errors import TrustError
from idbridge.limits import LIMITS
from idbridge.model.qr_profile import QrContainer
from idbridge.model.region import CommitmentTier
from idbridge.sandbox.sources import services_of, shipped
from idbridge.trust import qr_listing
from idbridge.trust.extension import RuleBook

CWT = {"steps": ["base45", "zlib"], "container": "cwt", "issuer": {"claim": "1", "names": "issuer"}}
JSON = {
    "steps": [],
    "container": "json",
    "issuer": {"claim": "Issuer", "names": "text", "text": "PSA"},
    "json": {"signature": "signature", "algorithm": "alg", "signed": "jcs"},
    "expires": "until",
}


@pytest.mark.parametrize(
    "profile",
    [
        None,
        {},
        CWT | {"steps": "base45"},
        CWT | {"steps": ["zlib"]},
        CWT | {"steps": ["zlib", "base45"]},
        CWT | {"steps": ["base45", "base45"]},
        CWT | {"steps": ["base45", "zlib", "zlib"]},
        CWT | {"steps": ["gzip"]},
        CWT | {"steps": []},
        CWT | {"container": "jwe"},
        CWT | {"container": "cose_sign1"},  # it would never end
        CWT | {"issuer": {"claim": "1"}},
        CWT | {"issuer": {"claim": "1", "names": "anybody"}},
        CWT | {"issuer": {"claim": "1", "names": "text"}},
        CWT | {"issuer": {"claim": "1", "names": "state", "text": "LA"}},
        {name: value for name, value in CWT.items() if name != "issuer"},  # neither a prefix nor an issuer
        CWT | {"prefix": ""},
        CWT | {"prefix": "LA1"},
        CWT | {"prefix": "{LA1:"},
        CWT | {"prefix": "LA 1:"},
        CWT | {"prefix": "L:" * 100},
        CWT | {"prefix": "HC1:"},
        CWT | {"prefix": "HC1:6BF"},
        CWT | {"json": JSON["json"]},
        {name: value for name, value in JSON.items() if name != "json"},
        JSON | {"json": {"signature": "alg", "algorithm": "alg", "signed": "jcs"}},
        JSON | {"json": {"signature": "signature", "algorithm": "alg", "signed": "as it comes"}},
        JSON | {"embedded": ["subject"]},
        CWT | {"embedded": []},
        CWT | {"embedded": [str(n) for n in range(LIMITS.qr_embedded + 1)]},
        CWT | {"maximumAgeDays": 30},
        CWT | {"issued": "6", "maximumAgeDays": 0},
        CWT | {"issued": "6", "maximumAgeDays": LIMITS.qr_age.days + 1},
        CWT | {"issued": "6", "maximumAgeDays": True},
        CWT | {"dates": []},
        CWT | {"dates": {"169.8": "whenever"}},
        CWT | {"expires": ""},
        CWT | {"signature": "optional"},
        CWT | {"algorithms": ["none"]},
        CWT | {"leewaySeconds": 10_000_000},
    ],
)
def test_a_profile_that_is_incomplete_loose_or_anothers_is_refused(profile: Any) -> None:
    with pytest.raises(TrustError) as caught:
        qr_listing.read(profile)

    assert caught.value.code == "trust.profile_violation"


@pytest.mark.parametrize("profile", [CWT, JSON, CWT | {"container": "cose_sign1", "expires": "4"}])
def test_a_whole_profile_is_read(profile: dict[str, Any]) -> None:
    assert qr_listing.read(profile).envelope.container in QrContainer


def test_a_list_has_no_more_envelopes_than_every_code_may_be_tried_in() -> None:
    profiles = [qr_listing.read(CWT | {"prefix": f"LA{number}:"}) for number in range(LIMITS.qr_envelopes + 1)]

    qr_listing.require_few(profiles[:-1])
    with pytest.raises(TrustError) as caught:
        qr_listing.require_few(profiles)

    assert caught.value.code == "trust.profile_violation"


def test_a_profile_is_listed_exactly_where_the_format_is() -> None:
    rules = {
        "issuer": "https://card.la.example",
        "formats": ["qr"],
        "algorithms": ["ES256"],
        "credentialTypes": [],
        "leewaySeconds": 60,
        "holderBinding": "none",
        "ladder": [],
        "claims": {"subject": "1", "persistence": "lasting", "acr": "a", "nameParts": [], "map": {}},
    }
    book = RuleBook(CommitmentTier.T1)

    assert book.service_rules(rules | {"qrProfile": CWT})[1].qr is not None
    for wrong in (rules, rules | {"formats": ["id_token"], "qrProfile": CWT}):
        with pytest.raises(TrustError):
            book.service_rules(wrong)


def test_every_profile_of_the_sandbox_says_in_words_what_it_is() -> None:
    told = {
        service["id"]: qr_listing.words(qr_listing.read(qr_listing.written(service["qr"])))
        for source in shipped().lists.values()
        for service in services_of(source)
        if "qr" in service
    }

    assert told == {
        "la-card-qr": "no prefix base45 zlib cwt; issuer named issuer in 1; level card; 169.8 as compact",
        "la-visit-qr": "https://visit.la.example/?c= jws; no issuer named; issued iat; level pass; at most 400 days",
        "ph-card-qr": "no prefix json; issuer named text SampaID in Issuer; signed indented, alg, signature; "
        "issued DateIssued; level offline; at most 3650 days; DateIssued as day-month-year; "
        "subject.DOB as month-day-year",
        "ph-ecard-qr": "PH1: base45 cwt; issuer named state in 1; issued 169.d; level offline; at most 3650 days; "
        "169.d as iso",
    }
    assert qr_listing.words(None) is None
