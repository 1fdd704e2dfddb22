"""A list of lists is believed under a pinned signer, or along pivots of which none may be missing or out of order."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from idbridge.errors import TrustError
from idbridge.limits import LIMITS
from idbridge.trust.importers.imported import ImportedList, Terms
from idbridge.trust.importers.list_of_lists import import_list_of_lists
from tests.trust.importers.xml_lists import (
    ISSUED,
    LIST_TYPE,
    LISTS_TYPE,
    NOON,
    OPERATOR,
    STRANGER,
    TERMS,
    Operator,
    Signing,
    TrustedList,
    Validity,
    offer,
    pointer,
    signed_list,
)

HOME = "https://lists.example/lotl.xml"
FIRST, SECOND = "https://lists.example/pivot-10.xml", "https://lists.example/pivot-20.xml"
NOTICE = ("https://lists.example/notice.html#en", "https://lists.example/")
# The pinned operator hands over to the second, who hands over to the third, who signs now.
SECOND_SIGNER, THIRD_SIGNER = Operator.make("Second"), Operator.make("Third")


def lotl(
    signer: Operator, *, sequence: int, names: Operator, pivots: tuple[str, ...] = (), **how: Any
) -> bytes:  # fmt: skip
    """A list of lists that names its own next signer; ``pivots`` newest first, as the list writes them."""
    made = TrustedList(
        **{
            "services": (),
            "list_type": LISTS_TYPE,
            "sequence": str(sequence),
            "information": (*pivots, *NOTICE),
            "pointers": pointer(HOME, names.certificate)
            + pointer("https://l.example/", STRANGER.certificate, list_type=LIST_TYPE),
            **how,
        }
    )
    return signed_list(made, Signing(operator=signer))


ONE = lotl(OPERATOR, sequence=10, names=SECOND_SIGNER)
TWO = lotl(SECOND_SIGNER, sequence=20, names=THIRD_SIGNER, pivots=(FIRST,))
PIVOTS = {FIRST: ONE, SECOND: TWO}
NOW = lotl(THIRD_SIGNER, sequence=30, names=THIRD_SIGNER, pivots=(SECOND, FIRST))


def read(text: bytes = NOW, pivots: Mapping[str, bytes] = PIVOTS, terms: Terms = TERMS) -> ImportedList:
    return import_list_of_lists(offer(text), terms, pivots=pivots)


def refusal(text: bytes = NOW, pivots: Mapping[str, bytes] = PIVOTS, terms: Terms = TERMS) -> TrustError:
    with pytest.raises(TrustError) as caught:
        read(text, pivots, terms)
    return caught.value


@pytest.mark.parametrize("missing", [FIRST, SECOND])
def test_a_missing_pivot_ends_the_import(missing: str) -> None:
    refused = refusal(pivots={name: text for name, text in PIVOTS.items() if name != missing})

    assert refused.code == "trust.signer_unknown"
    assert f"{missing} is missing" in refused.detail


def unsigned(signer: Operator, names: Operator, sequence: int) -> bytes:
    text = lotl(signer, sequence=sequence, names=names)
    return text[: text.index(b"<ds:Signature")] + b"</TrustServiceStatusList>"


@pytest.mark.parametrize(
    ("pivots", "code"),
    [
        ({FIRST: unsigned(OPERATOR, SECOND_SIGNER, 10)}, "trust.signature_invalid"),
        ({FIRST: ONE.replace(b"Lion Gate Trust Office", b"Lion Gate Trust Offica")}, "trust.signature_invalid"),
        ({FIRST: lotl(STRANGER, sequence=10, names=SECOND_SIGNER)}, "trust.signer_unknown"),
        ({FIRST: lotl(SECOND_SIGNER, sequence=10, names=SECOND_SIGNER)}, "trust.signer_unknown"),
        ({SECOND: lotl(OPERATOR, sequence=20, names=THIRD_SIGNER)}, "trust.signer_unknown"),  # skips a hand-over
        ({FIRST: lotl(OPERATOR, sequence=20, names=SECOND_SIGNER)}, "trust.profile_violation"),
        ({FIRST: lotl(OPERATOR, sequence=21, names=SECOND_SIGNER)}, "trust.profile_violation"),
        ({SECOND: ONE}, "trust.signer_unknown"),  # the first again
        ({SECOND: NOW}, "trust.signer_unknown"),  # the list itself
        ({SECOND: lotl(SECOND_SIGNER, sequence=30, names=THIRD_SIGNER)}, "trust.profile_violation"),
        ({FIRST: b"<html>temporarily unavailable</html>"}, "trust.profile_violation"),
        ({FIRST: b""}, "trust.profile_violation"),
        ({FIRST: lotl(OPERATOR, sequence=10, names=SECOND_SIGNER, pointers="")}, "trust.signer_unknown"),
        ({FIRST: lotl(OPERATOR, sequence=10, names=SECOND_SIGNER, list_type=LIST_TYPE)}, "trust.profile_violation"),
        ({FIRST: lotl(OPERATOR, sequence=10, names=SECOND_SIGNER, territory="TH")}, "trust.signer_unknown"),
        ({FIRST: lotl(OPERATOR, sequence=10, names=SECOND_SIGNER, issued=NOON + timedelta(days=1))},
         "trust.issued_in_future"),
        ({SECOND: lotl(SECOND_SIGNER, sequence=20, names=THIRD_SIGNER, territory="TH",
                       pointers=pointer(HOME, THIRD_SIGNER.certificate, territory="TH"))}, "trust.territory_mismatch"),
    ],
)  # fmt: skip
def test_a_pivot_that_does_not_lead_on_ends_the_import(pivots: dict[str, bytes], code: str) -> None:
    assert refusal(pivots={**PIVOTS, **pivots}).code == code


def test_a_pivot_whose_signer_was_out_of_its_time_when_it_was_issued_is_refused() -> None:
    early = Operator.make("Early", validity=Validity(ISSUED - timedelta(days=50), ISSUED - timedelta(days=1)))
    pivot = lotl(early, sequence=10, names=SECOND_SIGNER)

    refused = refusal(pivots={**PIVOTS, FIRST: pivot}, terms=Terms((early.certificate,)))

    assert refused.code == "trust.signer_unknown"


def test_a_pivot_that_is_named_twice_or_one_too_many_is_refused() -> None:
    loop = lotl(THIRD_SIGNER, sequence=30, names=THIRD_SIGNER, pivots=(SECOND, FIRST, SECOND))
    names = tuple(f"https://lists.example/pivot-{number}.xml" for number in range(LIMITS.import_pivots + 1))
    endless = lotl(THIRD_SIGNER, sequence=30, names=THIRD_SIGNER, pivots=names)

    assert "twice" in refusal(loop).detail
    assert f"more than {LIMITS.import_pivots}" in refusal(endless).detail


def test_a_list_of_an_unknown_signer_without_pivots_is_refused() -> None:
    assert refusal(lotl(STRANGER, sequence=30, names=STRANGER), {}).code == "trust.signer_unknown"


def test_a_list_whose_last_pivot_names_others_is_refused() -> None:
    stranger = lotl(STRANGER, sequence=30, names=STRANGER, pivots=(SECOND, FIRST))

    assert refusal(stranger).code == "trust.signer_unknown"


def test_a_list_that_speaks_for_another_territory_than_its_pivots_is_refused() -> None:
    moved = lotl(THIRD_SIGNER, sequence=30, names=THIRD_SIGNER, pivots=(SECOND, FIRST), territory="TH")

    assert refusal(moved).code == "trust.profile_violation"
    assert refusal(terms=replace(TERMS, territory="TH")).code == "trust.territory_mismatch"


def test_as_many_pivots_as_are_allowed_are_walked() -> None:
    names = tuple(f"https://lists.example/pivot-{number}.xml" for number in range(LIMITS.import_pivots))
    long = lotl(THIRD_SIGNER, sequence=30, names=THIRD_SIGNER, pivots=names)

    assert "is missing" in refusal(long).detail


def test_a_pivot_may_be_issued_at_this_very_instant() -> None:
    assert read(pivots={**PIVOTS, FIRST: lotl(OPERATOR, sequence=10, names=SECOND_SIGNER, issued=NOON)}).trail


def test_the_end_of_the_walk_says_what_is_missing() -> None:
    assert "no pivot" in refusal(lotl(STRANGER, sequence=30, names=STRANGER), {}).detail
    lost = lotl(OPERATOR, sequence=10, names=SECOND_SIGNER, pointers="")
    assert "names no signer of the next list" in refusal(pivots={**PIVOTS, FIRST: lost}).detail


def test_a_list_that_does_not_follow_its_last_pivot_is_refused() -> None:
    older = lotl(THIRD_SIGNER, sequence=20, names=THIRD_SIGNER, pivots=(SECOND, FIRST))

    assert "does not follow" in refusal(older).detail


def test_an_address_that_is_none_is_no_pivot() -> None:
    odd = lotl(OPERATOR, sequence=30, names=OPERATOR, pivots=("https://[lists.example/pivot.xml",))
    loose = lotl(STRANGER, sequence=30, names=STRANGER, pivots=("https://[lists.example/pivot.xml",))

    assert read(odd, {}).trail == ()
    assert refusal(loose, {}).code == "trust.signer_unknown"


def test_a_list_of_services_is_no_list_of_lists() -> None:
    assert refusal(signed_list(), {}).code == "trust.profile_violation"


def test_a_spoilt_list_is_refused_and_no_pivot_is_asked() -> None:
    spoilt = lotl(OPERATOR, sequence=30, names=OPERATOR).replace(b"Lion Gate", b"Lion Gata", 1)

    assert refusal(spoilt).code == "trust.signature_invalid"


def test_a_list_is_read_along_its_pivots_oldest_first() -> None:
    found = read()

    assert found.trail == (FIRST, SECOND)
    assert found.provenance.sequence == 30
    assert [one.location for one in found.pointers] == [HOME, "https://l.example/"]


def test_a_list_that_a_pinned_signer_signed_needs_no_pivots() -> None:
    found = read(pivots={}, terms=Terms((OPERATOR.certificate, THIRD_SIGNER.certificate)))

    assert found.trail == ()
    assert found.provenance.sequence == 30


def test_a_pivot_is_judged_by_its_own_date_and_not_by_todays() -> None:
    gone = Operator.make("Gone", validity=Validity(ISSUED - timedelta(days=300), ISSUED - timedelta(days=100)))
    old = lotl(gone, sequence=10, names=SECOND_SIGNER, issued=ISSUED - timedelta(days=200))

    found = read(pivots={**PIVOTS, FIRST: old}, terms=Terms((gone.certificate,)))

    assert found.trail == (FIRST, SECOND)
