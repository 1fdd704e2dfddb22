"""What is read of a trusted list, what is left out of it with a reason, and which editions are not read at all."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from idbridge.crypto.listed import listed_certificate
from idbridge.errors import TrustError
from idbridge.limits import LIMITS
from idbridge.model.time import instant_text
from idbridge.model.trust import ServiceStatus
from idbridge.trust.errors import EquivocationError, RollbackError
from idbridge.trust.floor import Floor
from idbridge.trust.importers import edition, trusted_list
from idbridge.trust.importers.imported import Dropped, ImportedList, Terms
from idbridge.trust.importers.trusted_list import import_trusted_list
from tests.trust.importers.xml_lists import (
    GOOD,
    ISSUED,
    ISSUER,
    LISTS_TYPE,
    NOON,
    OPERATOR,
    STATUS,
    STRANGER,
    TERMS,
    Service,
    TrustedList,
    authority,
    b64,
    identity,
    octets,
    offer,
    past,
    pointer,
    sign,
    signed_list,
)

GRANTED = f"{STATUS}granted"
WITHDRAWN = f"{STATUS}withdrawn"
TAKEN_OVER = (
    '<Extension Critical="true"><a:TakenOverBy xmlns:a="http://uri.etsi.org/02231/v2/additionaltypes#"/></Extension>'
)
KIND = (
    '<Extension Critical="true"><AdditionalServiceInformation><URI xml:lang="en">urn:for:seals</URI>'
    "</AdditionalServiceInformation></Extension>"
)
QUALIFIED = (
    '<Extension Critical="true"><q:Qualifications xmlns:q="http://uri.etsi.org/TrstSvc/SvcInfoExt/'
    'eSigDir-1999-93-EC-TrustedList/#"><q:QualificationElement><q:Qualifiers><q:Qualifier uri="urn:not:qualified"/>'
    "</q:Qualifiers></q:QualificationElement></q:Qualifications></Extension>"
)
OTHER = Service(identity(authority("Other").certificate), name="Other")


def read(made: TrustedList, terms: Terms = TERMS, *, after: timedelta = timedelta(0)) -> ImportedList:
    return import_trusted_list(offer(signed_list(made), at=NOON + after), terms)


def refusal(made: TrustedList, terms: Terms = TERMS, **how: Any) -> TrustError:
    with pytest.raises(TrustError) as caught:
        read(made, terms, **how)
    return caught.value


def left_out(service: Service, **how: Any) -> Dropped:
    """The one entry that is left out of a list that has another, which stays."""
    found = read(TrustedList(services=(service, OTHER), **how))
    assert [one.name for one in found.services] == ["Other"]
    return found.dropped[0]


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (TrustedList(version="4"), "trust.profile_violation"),
        (TrustedList(version="7"), "trust.profile_violation"),
        (TrustedList(sequence="0"), "trust.profile_violation"),
        (TrustedList(sequence="-1"), "trust.profile_violation"),
        (TrustedList(sequence="1e3"), "trust.profile_violation"),
        (TrustedList(sequence="9" * 16), "trust.profile_violation"),
        (TrustedList(sequence="٧"), "trust.profile_violation"),
        (TrustedList(sequence=""), "trust.profile_violation"),
        (TrustedList(sequence="7</TSLSequenceNumber><TSLSequenceNumber>8"), "trust.profile_violation"),
        (TrustedList(list_type=LISTS_TYPE), "trust.profile_violation"),
        (TrustedList(next_update="<dateTime>yesterday</dateTime>"), "trust.profile_violation"),
        (TrustedList(next_update="<dateTime>2026-07-01T00:00:00</dateTime>"), "trust.profile_violation"),
        (TrustedList(next_update="<dateTime>0001-01-01T00:00:00+14:00</dateTime>"), "trust.profile_violation"),
        (TrustedList(next_update=f"<dateTime>{instant_text(ISSUED)}</dateTime>"), "trust.profile_violation"),
        (TrustedList(next_update=""), "trust.profile_violation"),
        (TrustedList(next_update=f"<dateTime>{instant_text(NOON)}</dateTime>"), "trust.expired"),
        (TrustedList(next_update="<dateTime>2036-07-01T00:00:00Z</dateTime>"), "trust.lifetime_too_long"),
        (TrustedList(issued=NOON + timedelta(minutes=6)), "trust.issued_in_future"),
        (TrustedList(territory="x" * 600), "trust.profile_violation"),
        (TrustedList(pointers=pointer("https://l.example/", STRANGER.certificate) * 129), "trust.profile_violation"),
    ],
)  # fmt: skip
def test_a_list_that_breaks_the_standard_or_its_time_is_refused(made: TrustedList, code: str) -> None:
    assert refusal(made).code == code


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<NextUpdate>", "<Other>"),
        ("<ListIssueDateTime>", "<Other>"),
        ("<SchemeOperatorName>", "<Other>"),
        ('<SchemeOperatorName><Name xml:lang="en">Lion Gate Trust Office</Name>', "<SchemeOperatorName>"),
    ],
)
def test_a_list_without_a_part_that_it_needs_is_refused(old: str, new: str) -> None:
    made = TrustedList().xml().replace(old, new)
    if new == "<Other>":
        made = made.replace(old.replace("<", "</"), "</Other>")

    with pytest.raises(TrustError) as caught:
        import_trusted_list(offer(octets(sign(made))), TERMS)

    assert caught.value.code == "trust.profile_violation"


def test_octets_that_are_no_trusted_list_are_refused_whoever_signed_them() -> None:
    for content in (b"<", b"<html/>", b"<TrustServiceStatusList/>"):
        with pytest.raises(TrustError) as caught:
            trusted_list.read(content)
        assert caught.value.code == "trust.profile_violation"


def test_an_edition_without_date_is_refused() -> None:
    undated = replace(read(TrustedList()).provenance, issued_at=None)

    with pytest.raises(TrustError) as caught:
        edition.require_current(undated, TERMS)

    assert caught.value.code == "trust.profile_violation"


def test_a_list_of_more_services_or_pointers_than_allowed_is_refused() -> None:
    many = TrustedList(services=(Service(""),) * (LIMITS.services_per_list + 1))
    astray = TrustedList(pointers=pointer("https://l.example/") * (LIMITS.import_pointers + 1))

    assert refusal(many).code == "trust.profile_violation"
    assert refusal(astray).code == "trust.profile_violation"


def test_a_list_for_another_territory_is_refused() -> None:
    assert refusal(TrustedList(), replace(TERMS, territory="TH")).code == "trust.territory_mismatch"
    assert read(TrustedList(), replace(TERMS, territory="SG")).provenance.territory == "SG"


def test_an_older_edition_than_the_one_imported_before_is_refused() -> None:
    held = Floor(sequence=8, digest="0" * 64)

    refused = refusal(TrustedList(sequence="7"), replace(TERMS, held=held))

    assert isinstance(refused, RollbackError)
    assert (refused.code, refused.held, refused.offered) == ("trust.rollback", 8, 7)


def test_another_text_under_the_number_that_was_imported_is_refused() -> None:
    first = read(TrustedList()).provenance
    held = Floor(sequence=7, digest=first.content)

    assert isinstance(refusal(TrustedList(territory="TH"), replace(TERMS, held=held)), EquivocationError)


def test_the_same_edition_signed_again_is_no_other_text() -> None:
    first = read(TrustedList()).provenance
    again = read(TrustedList(), replace(TERMS, held=Floor(sequence=7, digest=first.content))).provenance

    assert again.content == first.content
    assert again.octets != first.octets  # ECDSA signs anew each time


def test_a_list_that_names_no_end_is_read_only_up_to_the_age_that_was_set() -> None:
    closed = TrustedList(next_update="")
    terms = replace(TERMS, max_age=timedelta(days=2))

    assert refusal(closed).code == "trust.profile_violation"
    assert read(closed, terms).provenance.good_until == ISSUED + timedelta(days=2)
    assert refusal(closed, terms, after=timedelta(days=1)).code == "trust.expired"


def test_a_list_past_its_end_is_read_only_up_to_the_age_that_was_set() -> None:
    late = TrustedList(next_update=f"<dateTime>{instant_text(NOON - timedelta(hours=1))}</dateTime>")

    assert refusal(late).code == "trust.expired"
    assert read(late, replace(TERMS, max_age=timedelta(days=2))).services
    assert refusal(late, replace(TERMS, max_age=timedelta(hours=24))).code == "trust.expired"


@pytest.mark.parametrize(
    ("anchors", "max_age"), [((), None), ((b"",), timedelta(0)), ((b"",), timedelta(days=-1))]
)  # fmt: skip
def test_terms_without_anchor_or_with_no_age_are_a_mistake(anchors: tuple[bytes, ...], max_age: timedelta) -> None:
    with pytest.raises(ValueError, match=r"anchor|age"):
        Terms(anchors, max_age=max_age)


SUBJECT = "<DigitalId><X509SubjectName>CN=Issuing authority, C=SG</X509SubjectName></DigitalId>"


@pytest.mark.parametrize(
    ("service", "code", "why"),
    [
        (replace(GOOD, digital_identity=SUBJECT), "trust.profile_violation", "identifies nobody"),
        (replace(GOOD, digital_identity="<DigitalId><X509SKI>AAAA</X509SKI></DigitalId>"), "trust.profile_violation",
         "identifies nobody"),
        (replace(GOOD, digital_identity=""), "trust.profile_violation", "identifies nobody"),
        (replace(GOOD, digital_identity=identity(b"no certificate")), "issuer.certificate_profile", ""),
        (replace(GOOD, digital_identity=identity(ISSUER.certificate + b"!")), "issuer.certificate_profile", ""),
        (replace(GOOD, digital_identity=identity(b"x" * 9000)), "trust.profile_violation", "too large"),
        (replace(GOOD, digital_identity=identity(b"")), "trust.profile_violation", "empty"),
        (replace(GOOD, digital_identity="<DigitalId><X509Certificate>AA=A</X509Certificate></DigitalId>"),
         "trust.profile_violation", "not base64"),
        (replace(GOOD, digital_identity=identity(ISSUER.certificate, authority("B").certificate)),
         "trust.profile_violation", "several keys"),
        (replace(GOOD, digital_identity=identity(*[ISSUER.certificate] * (LIMITS.keys_per_service + 1))),
         "trust.profile_violation", "more than 16"),
        (replace(GOOD, status="urn:unknown"), "trust.profile_violation", "status urn:unknown is not known"),
        (replace(GOOD, status=f"{STATUS}Granted"), "trust.profile_violation", "not known"),
        (replace(GOOD, status=""), "trust.profile_violation", "empty"),
        (replace(GOOD, since="2025-01-01"), "trust.profile_violation", "instant"),
        (replace(GOOD, extensions=TAKEN_OVER), "trust.profile_violation", "TakenOverBy is not understood"),
        (replace(GOOD, extensions='<Extension Critical="true">text</Extension>'), "trust.profile_violation",
         "not understood"),
        (replace(GOOD, extensions='<Extension Critical="yes"><x xmlns="urn:x"/></Extension>'),
         "trust.profile_violation", "x is not understood"),
        (replace(GOOD, extensions='<Extension><x xmlns="urn:x"/></Extension>'), "trust.profile_violation",
         "x is not understood"),
        (replace(GOOD, extensions='<Extension Critical="1"><AdditionalServiceInformation xmlns="urn:x"/></Extension>'),
         "trust.profile_violation", "not understood"),
        (replace(GOOD, history=past(GRANTED, GOOD.since)), "trust.status_order", "not in order"),
        (replace(GOOD, history=past(GRANTED, "2025-02-01T00:00:00Z")), "trust.status_order", "not in order"),
        (replace(GOOD, history=past(GRANTED, "2023-01-01T00:00:00Z") + past(WITHDRAWN, "2024-01-01T00:00:00Z")),
         "trust.status_order", "not in order"),
        (replace(GOOD, history=past("urn:unknown", "2024-01-01T00:00:00Z")), "trust.profile_violation", "not known"),
        (replace(GOOD, history=past(GRANTED, "2024-01-01T00:00:00Z", kind="urn:other")), "trust.profile_violation",
         "another type"),
        (replace(GOOD, history=past(GRANTED, "2024-01-01T00:00:00Z", extensions=TAKEN_OVER)),
         "trust.profile_violation", "TakenOverBy"),
        (replace(GOOD, history=past(GRANTED, "2024-01-01T00:00:00Z",
                                    digital_identity="<DigitalId><X509SKI>AAAA</X509SKI></DigitalId>")),
         "trust.profile_violation", "another key"),
        (replace(GOOD, history=past(GRANTED, "2024-01-01T00:00:00Z",
                                    digital_identity=identity(authority("C").certificate))),
         "trust.profile_violation", "another key"),
        (replace(GOOD, name=""), "trust.profile_violation", "empty"),
        (replace(GOOD, name="n" * 600), "trust.profile_violation", "too long"),
        (replace(GOOD, kind=""), "trust.profile_violation", "empty"),
    ],
)  # fmt: skip
def test_an_entry_that_cannot_be_believed_is_left_out_and_the_rest_stays(service: Service, code: str, why: str) -> None:
    dropped = left_out(service)

    assert dropped.code == code
    assert why in dropped.why
    assert dropped.provider == "Lion Gate Identity"


def test_a_condition_on_a_provider_or_the_whole_scheme_leaves_out_what_is_below_it() -> None:
    provider = TrustedList(provider_extensions=f"<TSPInformationExtensions>{TAKEN_OVER}</TSPInformationExtensions>")
    scheme = TrustedList(scheme_extensions=f"<SchemeExtensions>{TAKEN_OVER}</SchemeExtensions>")

    for made in (provider, scheme):
        found = read(made)
        assert not found.services
        assert "TakenOverBy is not understood" in found.dropped[0].why


def test_extensions_that_are_understood_or_need_not_be_are_kept() -> None:
    free = '<Extension Critical="false"><Anything xmlns="urn:x"/></Extension>'

    (service,) = read(TrustedList(services=(replace(GOOD, extensions=KIND + QUALIFIED + free),))).services

    assert [(one.name, one.critical, one.values) for one in service.extensions] == [
        ("AdditionalServiceInformation", True, ("urn:for:seals",)),
        ("Qualifications", True, ("urn:not:qualified",)),
        ("Anything", False, ()),
    ]


def test_the_history_is_read_oldest_first_and_a_withdrawn_service_is_not_granted() -> None:
    ski = (
        f"<DigitalId><X509SKI>{b64(listed_certificate(ISSUER.certificate).key_identifier or b'')}</X509SKI></DigitalId>"
    )
    before = past(GRANTED, "2024-01-01T00:00:00Z", digital_identity=ski) + past(
        f"{STATUS}undersupervision", "2020-01-01T02:00:00+02:00", digital_identity=identity(ISSUER.certificate)
    )
    made = TrustedList(services=(replace(GOOD, status=f"{STATUS}withdrawn/", history=before),))

    (service,) = read(made).services

    assert [(instant_text(one.since), one.status) for one in service.statuses] == [
        ("2020-01-01T00:00:00Z", ServiceStatus.GRANTED),
        ("2024-01-01T00:00:00Z", ServiceStatus.GRANTED),
        ("2025-01-01T00:00:00Z", ServiceStatus.WITHDRAWN),
    ]
    assert not service.granted


@pytest.mark.parametrize(
    "location",
    ["file:///etc/passwd", "ftp://l.example/tl.xml", "//l.example/tl.xml", "tl.xml", "https://user@l.example/", "https://["],
)  # fmt: skip
def test_a_pointer_to_what_is_no_address_of_the_web_is_left_out(location: str) -> None:
    found = read(TrustedList(pointers=pointer(location, STRANGER.certificate)))

    assert not found.pointers
    assert (found.dropped[0].provider, found.dropped[0].name) == ("pointer", location)
    assert found.services


def test_a_pointer_without_the_certificate_of_a_signer_is_left_out() -> None:
    assert "without the certificate" in read(TrustedList(pointers=pointer("https://l.example/"))).dropped[0].why


def test_a_list_is_read_with_its_provenance_and_pointers() -> None:
    signers = (STRANGER.certificate, OPERATOR.certificate)

    found = read(TrustedList(version="6", pointers=pointer("https://l.example/tl.xml", *signers, territory="TH")))

    assert found.provenance.sequence == 7
    assert found.provenance.issued_at == ISSUED
    assert found.provenance.operator == "Lion Gate Trust Office"
    assert found.provenance.imported_at == NOON
    assert found.pointers[0].signers == signers
    assert (found.pointers[0].territory, found.pointers[0].media_type) == ("TH", None)
    assert found.services[0].certificates == (ISSUER.certificate,)
    assert found.services[0].granted
