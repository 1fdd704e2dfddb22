"""Who may be party to an arrangement: two states, or several, and which of them decides for a pair."""

from typing import Any

import pytest

from idbridge.model.region import MemberState
from tests.recognition.documents import ID, LA, MY, SG, TH, arrangement, in_force, pins, refused, rule, signed


def test_two_arrangements_for_one_pair_recognise_nothing_between_the_two_and_all_else_stands() -> None:
    one, other = arrangement(SG, TH, MY), arrangement(SG, TH, ID)

    for index in (in_force(one, other), in_force(other, one)):
        assert index.between(TH, SG) is None
        assert index.between(SG, TH) is None
        assert index.between(TH, MY) == index.histories["MY-SG-TH"]
        assert index.between(TH, ID) == index.histories["ID-SG-TH"]
        assert index.contested() == {("ID-SG-TH", "MY-SG-TH"): ((SG, TH), (TH, SG))}


def test_two_arrangements_between_the_same_two_states_do_not_fall_back_on_one_of_several() -> None:
    several, first, second = arrangement(SG, TH, MY), arrangement(SG, TH), arrangement(SG, TH, id="TH-SG")

    for index in (in_force(several, first, second), in_force(second, first, several)):
        assert index.between(TH, SG) is None
        assert index.between(TH, MY) is not None
        assert index.contested() == {("SG-TH", "TH-SG"): ((SG, TH), (TH, SG))}


def test_an_arrangement_between_two_settles_what_two_of_several_contest() -> None:
    index = in_force(arrangement(SG, TH, MY), arrangement(SG, TH, ID), arrangement(SG, TH))

    assert index.between(TH, SG) == index.histories["SG-TH"]
    assert not index.contested()


def test_a_version_that_joins_two_states_a_second_time_darkens_their_pair_alone() -> None:
    index = in_force(arrangement(SG, MY, LA), arrangement(TH, SG, ID), arrangement(
        SG, MY, LA, TH, id="LA-MY-SG", version=2,
    ))  # fmt: skip

    assert index.between(TH, SG) is None
    assert index.between(TH, LA) is not None
    assert index.between(TH, ID) is not None


def test_an_arrangement_between_two_stays_between_these_two() -> None:
    index = in_force(arrangement(SG, TH))

    assert "these two" in refused(index, arrangement(SG, TH, MY, id="SG-TH", version=2), SG, TH, MY)
    assert "these two" in refused(index, arrangement(SG, MY, id="SG-TH", version=2), SG, TH, MY)
    regional = in_force(arrangement(SG, TH, MY))
    assert "these two" in refused(regional, arrangement(SG, TH, id="MY-SG-TH", version=2), SG, TH, MY)


@pytest.mark.parametrize("rules", [[rule(party, "*") for party in (SG, TH, MY, ID)], [rule(TH, "SG")]])
@pytest.mark.parametrize("missing", [SG, TH, MY, ID])
def test_a_state_joins_several_only_with_every_signature_whether_or_not_anything_widens(
    missing: MemberState, rules: list[dict[str, Any]]
) -> None:
    index = in_force(arrangement(SG, TH, MY, rules=[rule(TH, "SG")]))
    joined = arrangement(SG, TH, MY, ID, id="MY-SG-TH", version=2, rules=rules)
    everybody = {SG, TH, MY, ID}

    assert "signature" in refused(index, joined, *(everybody - {missing}))
    assert "signature" in refused(index, joined, ID)
    assert index.with_arrangement(signed(joined, *everybody), keys=pins()).between(TH, ID) is not None


def test_a_state_is_not_put_in_the_place_of_another_without_that_ones_signature() -> None:
    index = in_force(arrangement(SG, TH, MY, rules=[rule(TH, "SG")]))
    replaced = arrangement(SG, TH, ID, id="MY-SG-TH", version=2, rules=[rule(TH, "SG")], status="suspended")

    assert "joins" in refused(index, replaced, SG, TH, ID)
    assert index.with_arrangement(signed(replaced, SG, TH, ID, MY), keys=pins()).between(TH, ID) is not None


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
