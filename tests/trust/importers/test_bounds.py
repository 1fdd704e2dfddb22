"""Each bound of an import is met exactly: what lies on it is read, what lies past it is refused."""

from dataclasses import replace
from datetime import timedelta

import pytest

from idbridge.errors import TrustError
from idbridge.limits import LIMITS
from idbridge.model.time import instant_text
from idbridge.trust.errors import RollbackError
from idbridge.trust.floor import Floor
from idbridge.trust.importers import edition
from idbridge.trust.importers.imported import ImportedList
from idbridge.trust.importers.trusted_list import import_trusted_list
from tests.crypto.chains import bespoke
from tests.trust.importers.xml_lists import (
    GOOD,
    ISSUED,
    ISSUER,
    NOON,
    STATUS,
    STRANGER,
    TERMS,
    Service,
    TrustedList,
    identity,
    octets,
    offer,
    past,
    pointer,
    sign,
)

SECOND = timedelta(seconds=1)


def read(made: TrustedList | str) -> ImportedList:
    return import_trusted_list(offer(octets(sign(made if isinstance(made, str) else made.xml()))), TERMS)


def refusal(made: TrustedList | str) -> TrustError:
    with pytest.raises(TrustError) as caught:
        read(made)
    return caught.value


def until(last: timedelta) -> str:
    return f"<dateTime>{instant_text(ISSUED + last)}</dateTime>"


def test_as_many_services_keys_and_pointers_as_are_allowed_are_read() -> None:
    crowd = TrustedList(services=(Service(""),) * LIMITS.services_per_list)
    keys = replace(GOOD, digital_identity=identity(*[ISSUER.certificate] * LIMITS.keys_per_service))
    pointers = pointer("https://l.example/", STRANGER.certificate) * LIMITS.import_pointers

    assert len(read(crowd).dropped) == LIMITS.services_per_list
    assert len(read(TrustedList(services=(keys,))).services) == 1
    assert len(read(TrustedList(pointers=pointers)).pointers) == LIMITS.import_pointers


def test_the_dates_of_a_list_may_lie_on_their_bounds_and_not_past_them() -> None:
    late = NOON + LIMITS.list_issue_skew

    assert read(TrustedList(next_update=until(LIMITS.list_lifetime))).services
    assert refusal(TrustedList(next_update=until(LIMITS.list_lifetime + SECOND))).code == "trust.lifetime_too_long"
    assert read(TrustedList(issued=late)).services
    assert refusal(TrustedList(issued=late + SECOND)).code == "trust.issued_in_future"


def test_the_first_edition_is_an_edition() -> None:
    assert read(TrustedList(sequence="1")).provenance.sequence == 1


def test_an_edition_without_number_follows_none_that_has_one() -> None:
    unnumbered = replace(read(TrustedList()).provenance, sequence=None)

    with pytest.raises(RollbackError) as caught:
        edition.require_current(unnumbered, replace(TERMS, held=Floor(sequence=1, digest="0" * 64)))

    assert (caught.value.held, caught.value.offered) == (1, 0)


def test_an_entry_without_name_is_told_as_such() -> None:
    start, end = "<ServiceName>", "</ServiceName>"
    text = TrustedList().xml()
    unnamed = text[: text.index(start)] + text[text.index(end) + len(end) :]

    assert read(unnamed).dropped[0].name == "(unnamed)"


def test_a_key_identifier_in_the_past_says_nothing_of_a_certificate_that_has_none() -> None:
    history = past(
        f"{STATUS}granted", "2024-01-01T00:00:00Z", digital_identity="<DigitalId><X509SKI>AAAA</X509SKI></DigitalId>"
    )

    assert read(TrustedList(services=(Service(identity(bespoke([])), history=history),))).services


@pytest.mark.parametrize("location", ["https:///tl.xml", "https://:443/tl.xml"])
def test_an_address_without_host_is_left_out(location: str) -> None:
    assert "no address of the web" in read(TrustedList(pointers=pointer(location, STRANGER.certificate))).dropped[0].why


def test_a_text_with_elements_in_it_is_no_text() -> None:
    assert "SchemeTerritory is empty or too long" in refusal(TrustedList(territory="SG<X/>")).detail
    assert "TSLType is empty" in refusal(TrustedList(list_type="")).detail


def test_a_document_of_another_name_is_no_trusted_list_whatever_it_holds() -> None:
    other = TrustedList().xml().replace("TrustServiceStatusList", "TrustServiceStatusLists")

    assert "no trusted list" in refusal(other).detail


def test_a_name_may_be_as_long_as_is_allowed_and_english_goes_before_other_languages() -> None:
    longest = "n" * LIMITS.identifier_characters
    tamil_first = f'தமிழ்</Name><Name xml:lang="EN">{longest}'
    text = TrustedList(services=(replace(GOOD, name=tamil_first),)).xml()
    text = text.replace('<Name xml:lang="en">தமிழ்', '<Name xml:lang="ta">தமிழ்')

    assert read(text).services[0].name == longest


def test_a_name_in_another_language_is_a_name() -> None:
    text = TrustedList().xml().replace('<Name xml:lang="en">Identity', '<Name xml:lang="ta">Identity')

    assert read(text).services[0].name == "Identity issuance"


def test_a_certificate_with_an_element_in_it_is_none() -> None:
    split = identity(ISSUER.certificate).replace("</X509Certificate>", "<X/></X509Certificate>")

    assert "X509Certificate is not base64" in read(TrustedList(services=(Service(split),))).dropped[0].why
