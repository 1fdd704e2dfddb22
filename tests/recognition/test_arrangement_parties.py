"""Who may be party to an arrangement: two states, or several, and which of them decides for a pair."""

import pytest

from idbridge.errors import TrustError
from tests.recognition.documents import ID, LA, MY, SG, TH, arrangement, in_force, pins, refused, rule, signed


def test_a_second_arrangement_between_the_same_two_states_is_refused() -> None:
    index = in_force(arrangement(SG, TH))

    assert "both decide" in refused(index, arrangement(SG, TH, id="TH-SG"), SG, TH)


def test_a_second_arrangement_of_several_for_the_same_pair_is_refused() -> None:
    index = in_force(arrangement(SG, TH, MY))

    assert "both decide" in refused(index, arrangement(SG, TH, ID), SG, TH, ID)


def test_an_arrangement_between_two_stays_between_these_two() -> None:
    index = in_force(arrangement(SG, TH))

    assert "these two" in refused(index, arrangement(SG, TH, MY, id="SG-TH", version=2), SG, TH, MY)
    assert "these two" in refused(index, arrangement(SG, MY, id="SG-TH", version=2), SG, TH, MY)
    regional = in_force(arrangement(SG, TH, MY))
    assert "these two" in refused(regional, arrangement(SG, TH, id="MY-SG-TH", version=2), SG, TH, MY)


def test_a_state_joins_several_only_with_every_signature_and_never_without_its_own() -> None:
    index = in_force(arrangement(SG, TH, MY))
    joined = arrangement(SG, TH, MY, ID, id="MY-SG-TH", version=2)

    assert "widens" in refused(index, joined, SG, TH, MY)
    assert "widens" in refused(index, joined, ID)
    assert index.with_arrangement(signed(joined, SG, TH, MY, ID), keys=pins()).between(TH, ID) is not None


def test_a_state_is_not_named_a_party_without_its_own_signature_even_where_nothing_widens() -> None:
    index = in_force(arrangement(SG, TH, MY, rules=[rule(TH, "SG")]))
    named = arrangement(SG, TH, MY, ID, id="MY-SG-TH", version=2, rules=[rule(TH, "SG")])

    with pytest.raises(TrustError, match="joins"):
        index.with_arrangement(signed({**named, "status": "suspended"}, TH, SG), keys=pins())


def test_a_state_leaves_several_by_its_own_signature_and_ends_nothing_between_the_others() -> None:
    index = in_force(arrangement(SG, TH, MY))
    left = arrangement(SG, TH, MY, version=2, rules=[rule(TH, "SG"), rule(SG, "TH")])

    after = index.with_arrangement(signed(left, MY), keys=pins())

    assert set(after.histories["MY-SG-TH"].latest.rules) == {(TH, SG), (SG, TH)}
    assert "two others" in refused(index, arrangement(SG, TH, MY, version=2, status="repealed"), MY)


def test_a_bilateral_arrangement_decides_for_its_pair_and_the_regional_one_for_the_rest() -> None:
    index = in_force(arrangement(SG, TH, MY, LA), arrangement(SG, TH))

    for one, other, expected in ((SG, TH, "SG-TH"), (TH, SG, "SG-TH"), (TH, MY, "LA-MY-SG-TH"), (TH, ID, None)):
        found = index.between(one, other)
        assert (found.latest.id if found is not None else None) == expected


def test_the_order_in_which_they_are_read_does_not_matter() -> None:
    one = in_force(arrangement(SG, TH, MY), arrangement(SG, TH))
    other = in_force(arrangement(SG, TH), arrangement(SG, TH, MY))

    assert one.between(TH, SG) == other.between(TH, SG)
    assert one.manifest() == other.manifest()
