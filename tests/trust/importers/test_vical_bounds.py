"""The bounds of a VICAL, met exactly, and what an entry is called that is left out."""

from typing import Any

import pytest

from idbridge.codec.cbor import Tagged
from idbridge.limits import LIMITS
from tests.trust.importers.test_vical import DATE, MDL, TERMS, A, entry, left_out, read, refusal, ski, vical

LONGEST = "n" * LIMITS.identifier_characters


def test_as_many_entries_as_are_allowed_are_read() -> None:
    assert len(read(vical(certificateInfos=[{}] * LIMITS.services_per_list)).dropped) == LIMITS.services_per_list
    assert "at most" in refusal(vical(certificateInfos=[{}] * (LIMITS.services_per_list + 1))).detail


def test_a_list_and_an_entry_need_no_more_than_their_required_members() -> None:
    bare = {"certificate": A.certificate, "ski": ski(A.certificate), "docType": [MDL]}
    terms = type(TERMS)(TERMS.anchors, max_age=LIMITS.list_lifetime)

    (service,) = read(vical(bare, vicalIssueID=None, nextUpdate=None), terms).services

    assert (service.provider, service.name, service.territory) == ("Islands", "Islands", None)


def test_the_first_issue_is_an_issue() -> None:
    assert read(vical(vicalIssueID=1)).provenance.sequence == 1


def test_texts_are_bounded_exactly() -> None:
    assert read(vical(vicalProvider=LONGEST)).provenance.operator == LONGEST
    assert refusal(vical(vicalProvider=LONGEST + "n")).code == "trust.profile_violation"
    assert left_out(entry(issuingAuthority=LONGEST + "n")).name == LONGEST


@pytest.mark.parametrize(
    ("spoilt", "name"),
    [
        ("text", "entry 0"),
        ({"issuingAuthority": 7}, "entry 0"),
        ({"issuingAuthority": ""}, "entry 0"),
        ({"issuingAuthority": "Registry"}, "Registry"),
    ],
)
def test_an_entry_that_is_left_out_is_called_by_its_authority_or_its_place(spoilt: Any, name: str) -> None:
    assert left_out(spoilt).name == name


def test_a_date_under_the_tag_of_a_number_is_none() -> None:
    assert refusal(vical(date=Tagged(2, DATE.isoformat()))).code == "trust.profile_violation"


@pytest.mark.parametrize("identifier", [b"\x04\x00", b"\x04", b"\x04\x04\x04\x02\x04\x00"])
def test_heads_without_a_key_identifier_in_them_are_none(identifier: bytes) -> None:
    assert "not that of the certificate" in left_out(entry(ski=identifier)).why
