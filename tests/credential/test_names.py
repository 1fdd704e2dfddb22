"""Names as the source gives them: no family name made up, no script changed, no Latin form invented."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idbridge.credential.names import person_name
from idbridge.limits import LIMITS
from idbridge.model.credential import NamePartValue, PersonName
from idbridge.model.trust import ClaimMap, NamePart

THAI = (NamePart("given", "given_name", "given_name_en"), NamePart("family", "family_name", "family_name_en"))
KHMER = (NamePart("family", "family_name_kh", "family_name"), NamePart("given", "given_name_kh", "given_name"))
MONONYM = (NamePart("single", "name_my", "name"),)
PATRONYMIC = (NamePart("given", "nama_diri"), NamePart("patronymic", "nama_bapa"))


def name(
    parts: tuple[NamePart, ...], claims: dict[str, Any], *, hides: bool = False, **named: str
) -> PersonName | None:
    return person_name(claims, ClaimMap(claims={}, name_parts=parts, **named), hides=hides)


def test_half_a_name_is_none_where_the_other_half_may_be_hidden() -> None:
    given = {"given_name": "ธนพร", "given_name_en": "Thanaporn"}
    family = {"family_name": "ศรีสุข", "family_name_en": "Srisuk"}

    assert name(THAI, given, hides=True) is None
    assert name(THAI, family, hides=True) is None
    assert name(THAI, {**given, **family}, hides=True) == name(THAI, {**given, **family})
    assert name(MONONYM, {"name_my": "သီရိ"}, hides=True) == name(MONONYM, {"name_my": "သီရိ"})


def test_a_full_name_is_whole_whichever_parts_are_hidden_but_no_latin_name_is_made_of_the_others() -> None:
    claims = {"name": "ธนพร ศรีสุข", "given_name": "ธนพร", "given_name_en": "Thanaporn"}
    found = name(THAI, claims, hides=True, display="name")
    stated = name(THAI, {**claims, "name_en": "T. Srisuk"}, hides=True, display="name", display_latin="name_en")

    assert found is not None
    assert (found.display, found.latin) == ("ธนพร ศรีสุข", None)
    assert stated is not None
    assert stated.latin == "T. Srisuk"


def test_a_mononym_has_one_part_and_no_family_name() -> None:
    assert name(MONONYM, {"name_my": "သီရိ", "name": "Thiri"}) == PersonName(
        "သီရိ", "သီရိ", "Thiri", (NamePartValue("single", "သီရိ", "Thiri"),)
    )


@pytest.mark.parametrize(
    ("parts", "claims", "whole", "latin"),
    [
        (
            THAI,
            {"given_name": "ธนพร", "given_name_en": "Thanaporn", "family_name": "ศรีสุข", "family_name_en": "Srisuk"},
            "ธนพร ศรีสุข",
            "Thanaporn Srisuk",
        ),
        (
            KHMER,
            {"family_name_kh": "សុខ", "family_name": "Sok", "given_name_kh": "ចាន់ថា", "given_name": "Chantha"},
            "សុខ ចាន់ថា",
            "Sok Chantha",
        ),
        (
            (NamePart("given", "given_name_lo", "given_name"), NamePart("family", "family_name_lo", "family_name")),
            {"given_name_lo": "ບຸນມີ", "given_name": "Bounmy", "family_name_lo": "ແກ້ວ", "family_name": "Keo"},
            "ບຸນມີ ແກ້ວ",
            "Bounmy Keo",
        ),
        (PATRONYMIC, {"nama_diri": "Nur Aisyah", "nama_bapa": "Hamdan"}, "Nur Aisyah Hamdan", None),
    ],
)
def test_a_name_keeps_its_script_and_its_order(
    parts: tuple[NamePart, ...], claims: dict[str, str], whole: str, latin: str | None
) -> None:
    found = name(parts, claims)

    assert found is not None
    assert (found.display, found.native, found.latin) == (whole, whole, latin)
    assert [part.kind for part in found.parts] == [part.kind for part in parts]
    assert [part.native for part in found.parts] == [claims[part.native] for part in parts]


def test_a_part_that_a_person_does_not_have_is_left_out() -> None:
    found = name(THAI, {"given_name": "ธนพร", "given_name_en": "Thanaporn", "family_name_en": "Srisuk"})

    assert found == PersonName("ธนพร", "ธนพร", "Thanaporn", (NamePartValue("given", "ธนพร", "Thanaporn"),))


def test_a_latin_name_with_a_gap_is_none_at_all() -> None:
    found = name(THAI, {"given_name": "ธนพร", "given_name_en": "Thanaporn", "family_name": "ศรีสุข"})

    assert found is not None
    assert found.latin is None
    assert found.parts[0].latin == "Thanaporn"
    assert found.parts[1].latin is None


def test_a_full_name_in_one_claim_is_shown_as_it_stands() -> None:
    claims = {"name": "Kavitha d/o Ramesh", "given": "Kavitha", "father": "Ramesh"}
    found = name((NamePart("given", "given"), NamePart("patronymic", "father")), claims, display="name")

    assert found is not None
    assert found.display == found.native == "Kavitha d/o Ramesh"
    assert [part.native for part in found.parts] == ["Kavitha", "Ramesh"]


def test_a_full_latin_name_in_one_claim_is_copied() -> None:
    found = name((), {"name": "陈慧玲", "name_en": "Tan Hui Ling"}, display="name", display_latin="name_en")

    assert found == PersonName("陈慧玲", "陈慧玲", "Tan Hui Ling", ())


@pytest.mark.parametrize("claims", [{}, {"given_name_en": "Thanaporn"}, {"given_name": None}, {"given_name": ""}])
def test_without_a_part_in_its_own_script_there_is_no_name(claims: dict[str, Any]) -> None:
    assert name(THAI, claims) is None


@pytest.mark.parametrize("value", [7, None, [], {"x": "y"}, "", "  ", "x" * (LIMITS.identifier_characters + 1)])
def test_what_is_no_text_is_no_part_of_a_name(value: Any) -> None:
    assert name((NamePart("given", "given"),), {"given": value}) is None
    assert name((), {"name": value}, display="name") is None


@settings(deadline=None)
@given(st.lists(st.text(min_size=1, max_size=20).filter(lambda text: not text.isspace()), min_size=1, max_size=4))
def test_every_part_comes_back_character_by_character(texts: list[str]) -> None:
    parts = tuple(NamePart("given", f"part_{number}") for number in range(len(texts)))
    found = name(parts, {f"part_{number}": text for number, text in enumerate(texts)})

    assert found is not None
    assert [part.native for part in found.parts] == texts
    assert found.latin is None
