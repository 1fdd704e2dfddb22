"""A corpus passes its gates only if it is large, refuses much, and leaves no requirement, code or twin out."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from idbridge.conformance.answer import Verdict
from idbridge.conformance.case import ConformanceCase
from idbridge.conformance.corpus import Corpus, shipped
from idbridge.conformance.coverage import (
    BUILTIN,
    LEAST_CASES,
    LEAST_NEGATIVE_SHARE,
    Gap,
    Gate,
    gaps,
    untested_codes,
)
from idbridge.conformance.profiles import Profile
from idbridge.conformance.requirements import Level, Requirement
from idbridge.errors import ConfigurationError
from idbridge.reasons import REASONS, Indication

ACCEPTED = Verdict(Indication.PASSED, None)
EXPIRED = Verdict(Indication.FAILED, "time.expired")
WHY = "Nobody outside can bring it about."
ALL_UNTESTED = dict.fromkeys(REASONS, WHY)
ALL_BUT_EXPIRED = {code: WHY for code in REASONS if code != "time.expired"}


def requirement(
    identity: str = "IDB-TIME-001",
    *,
    level: Level = Level.MUST,
    profiles: tuple[Profile, ...] = (Profile.VERIFIER,),
    not_tested: str = "",
) -> Requirement:
    return Requirement(
        identity, "RFC 7519 section 4.1.4", "What has expired is refused.", "verifier", level, profiles, not_tested
    )


def case(
    identity: str,
    expect: Verdict = ACCEPTED,
    *,
    profile: Profile = Profile.VERIFIER,
    requirements: tuple[str, ...] = ("IDB-TIME-001",),
    twin: str | None = "accepted",
) -> ConformanceCase:
    return ConformanceCase(
        id=identity, profile=profile, tags=(), title="A case", why="Because.", requirements=requirements,
        material=None, at=None, expect=expect, twin=None if expect.code is None else twin, state=None, frozen=False,
        input={},
    )  # fmt: skip


def corpus(cases: Iterable[ConformanceCase], requirements: Iterable[Requirement] = ()) -> Corpus:
    return Corpus(
        Path("/nowhere"),
        "1",
        {one.id: one for one in cases},
        {one.id: one for one in requirements or (requirement(),)},
    )


def large(*, refused: int) -> list[ConformanceCase]:
    """As many cases as there have to be, of which this many are refused."""
    accepted = [case("accepted"), *(case(f"accepted-{n}") for n in range(LEAST_CASES - refused - 1))]
    return [*accepted, *(case(f"refused-{n}", EXPIRED) for n in range(refused))]


def found(checked: Corpus, gate: Gate, *, untested: Mapping[str, str] = ALL_BUT_EXPIRED) -> list[Gap]:
    return [gap for gap in gaps(checked, untested_codes=untested) if gap.gate is gate]


def test_a_corpus_that_lacks_one_case_is_too_small() -> None:
    cases = large(refused=LEAST_CASES - 1)

    assert [gap.words for gap in found(corpus(cases[:-1]), Gate.SIZE)] == [
        "599 cases run against the built-in implementation, and 600 have to"
    ]
    assert found(corpus(cases), Gate.SIZE) == []


def test_cases_of_a_profile_without_a_built_in_target_do_not_make_a_corpus_large() -> None:
    others = [case(f"wallet-{n}", profile=Profile.WALLET) for n in range(LEAST_CASES)]

    assert len(found(corpus(others), Gate.SIZE)) == 1
    assert set(BUILTIN) == {Profile.VERIFIER, Profile.TRUST_LIST_CONSUMER}


def test_a_corpus_that_refuses_one_case_too_few_accepts_too_much() -> None:
    just = round(LEAST_CASES * LEAST_NEGATIVE_SHARE)

    assert [gap.words for gap in found(corpus(large(refused=just - 1)), Gate.NEGATIVE_SHARE)] == [
        "359 of 600 cases have to be refused, and 60% must be"
    ]
    assert found(corpus(large(refused=just)), Gate.NEGATIVE_SHARE) == []


def test_a_must_without_a_case_and_without_a_reason_is_a_gap() -> None:
    rows = (requirement(), requirement("IDB-TIME-002"))

    assert found(corpus([case("accepted")], rows), Gate.MUST) == [
        Gap(Gate.MUST, "IDB-TIME-002", "no case names it, and nothing says why")
    ]


def test_a_must_with_a_case_and_with_a_reason_is_a_gap() -> None:
    assert found(corpus([case("accepted")], [requirement(not_tested=WHY)]), Gate.MUST) == [
        Gap(Gate.MUST, "IDB-TIME-001", "a case names it, and it says why none does")
    ]


def test_a_must_with_a_reason_and_without_a_case_is_none() -> None:
    rows = (requirement(), requirement("IDB-TIME-002", not_tested=WHY))

    assert found(corpus([case("accepted")], rows), Gate.MUST) == []


def test_a_should_without_use_is_a_gap_of_its_own_gate() -> None:
    rows = (requirement(), requirement("IDB-TIME-002", level=Level.SHOULD))
    checked = corpus([case("accepted")], rows)

    assert [gap.about for gap in found(checked, Gate.USE)] == ["IDB-TIME-002"]
    assert found(checked, Gate.MUST) == []


def test_a_case_that_names_a_requirement_which_there_is_not_is_a_gap() -> None:
    checked = corpus([case("accepted", requirements=("IDB-TIME-001", "IDB-TIME-009"))])

    assert found(checked, Gate.USE) == [Gap(Gate.USE, "accepted", "it names IDB-TIME-009, which there is not")]


def test_a_case_of_another_profile_than_its_requirement_is_a_gap() -> None:
    checked = corpus([case("accepted"), case("elsewhere", profile=Profile.TRUST_LIST_CONSUMER)])

    assert [gap.about for gap in found(checked, Gate.PROFILE)] == ["elsewhere"]


def test_a_requirement_that_one_of_its_profiles_does_not_prove_is_a_gap() -> None:
    both = requirement(profiles=(Profile.VERIFIER, Profile.TRUST_LIST_CONSUMER))

    assert [gap.about for gap in found(corpus([case("accepted")], [both]), Gate.PROFILE)] == ["IDB-TIME-001"]
    also = case("elsewhere", profile=Profile.TRUST_LIST_CONSUMER)
    assert found(corpus([case("accepted"), also], [both]), Gate.PROFILE) == []


def test_a_code_that_no_case_expects_and_nothing_excuses_is_a_gap() -> None:
    excused = {code: WHY for code in ALL_BUT_EXPIRED if code != "jose.alg_none"}
    checked = corpus([case("accepted"), case("refused", EXPIRED)])

    assert found(checked, Gate.CODE, untested=excused) == [
        Gap(Gate.CODE, "jose.alg_none", "no case expects it, and nothing says why")
    ]


def test_a_code_that_a_case_expects_and_a_reason_excuses_is_a_gap() -> None:
    checked = corpus([case("accepted"), case("refused", EXPIRED)])

    assert [gap.about for gap in found(checked, Gate.CODE, untested=ALL_UNTESTED)] == ["time.expired"]
    assert found(checked, Gate.CODE) == []


def test_an_excused_code_that_there_is_not_is_a_gap() -> None:
    checked = corpus([case("accepted"), case("refused", EXPIRED)])

    assert [gap.about for gap in found(checked, Gate.CODE, untested={**ALL_BUT_EXPIRED, "time.gone": WHY})] == [
        "time.gone"
    ]


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        (Verdict(Indication.FAILED, "time.gone"), "it expects time.gone, which is not in the catalogue"),
        (Verdict(Indication.INDETERMINATE, "time.expired"), "time.expired is FAILED by the catalogue"),
    ],
)
def test_a_verdict_that_the_catalogue_does_not_have_is_a_gap(verdict: Verdict, words: str) -> None:
    checked = corpus([case("accepted"), case("refused", verdict)])

    assert found(checked, Gate.CATALOGUE) == [Gap(Gate.CATALOGUE, "refused", words)]


def test_a_live_profile_may_expect_a_code_of_another_catalogue() -> None:
    oauth = Verdict(Indication.FAILED, "invalid_grant")
    row = requirement(profiles=(Profile.ID_PROVIDER,))
    cases = [case("accepted", profile=Profile.ID_PROVIDER), case("refused", oauth, profile=Profile.ID_PROVIDER)]

    assert found(corpus(cases, [row]), Gate.CATALOGUE) == []


@pytest.mark.parametrize(
    "twin",
    [None, case("twin", EXPIRED), case("twin", profile=Profile.TRUST_LIST_CONSUMER)],
    ids=["missing", "refused", "of-another-profile"],
)
def test_a_refused_case_without_an_accepted_twin_of_its_profile_is_a_gap(twin: ConformanceCase | None) -> None:
    cases = [case("accepted"), case("refused", EXPIRED, twin="twin"), *([twin] if twin else [])]

    assert [gap.about for gap in found(corpus(cases), Gate.TWIN)] == ["refused"]


def test_a_corpus_that_lacks_nothing_has_no_gap() -> None:
    assert gaps(corpus(large(refused=400)), untested_codes=ALL_BUT_EXPIRED) == ()


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("[codes", "cannot be read"),
        ("", "one table called `codes`"),
        ('codes = "time.expired"', "one table called `codes`"),
        ('[codes]\n"time.expired" = " "', "time.expired"),
        ('[codes]\n"time.expired" = 1', "time.expired"),
    ],
)
def test_a_table_of_untested_codes_that_is_not_in_order_is_refused(text: str, what: str, tmp_path: Path) -> None:
    path = tmp_path / "codes.toml"
    path.write_text(text, "utf-8")

    with pytest.raises(ConfigurationError, match=what):
        untested_codes(path)


def test_a_table_of_untested_codes_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        untested_codes(tmp_path / "codes.toml")


def test_the_codes_that_are_not_tested_are_codes() -> None:
    assert untested_codes().keys() <= REASONS.keys()


@pytest.mark.parametrize("gate", Gate)
def test_the_shipped_corpus_passes_every_gate(gate: Gate) -> None:
    assert found(shipped(), gate, untested=untested_codes()) == []
