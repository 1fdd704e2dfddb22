"""Coverage: does a corpus prove what it is for? The gates that it has to pass, and what stands in their way.

A gate counts and compares names; whether a case proves the requirement that it names is for those who read it, and for
the deliberately broken implementations, each of which must fail a case of the right requirement.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from idbridge.conformance.case import ConformanceCase
from idbridge.conformance.corpus import Corpus
from idbridge.conformance.profiles import PROFILES, Profile, Reach
from idbridge.conformance.requirements import Level, Requirement
from idbridge.errors import ConfigurationError
from idbridge.reasons import REASONS

CODES_FILE: Final = Path(__file__).parent / "making" / "codes-not-tested.toml"
LEAST_CASES: Final = 600
LEAST_NEGATIVE_SHARE: Final = 0.6
BUILTIN: Final = tuple(profile for profile, terms in PROFILES.items() if Reach.BUILTIN in terms.reaches)


class Gate(StrEnum):
    """What a corpus has to pass."""

    SIZE = "size"  # enough cases that run against the built-in implementation
    NEGATIVE_SHARE = "negative-share"  # enough of them have to be refused
    MUST = "must"  # every MUST has a case, or a reason why it has none, and not both
    USE = "use"  # so has every other requirement
    PROFILE = "profile"  # a requirement is proved in the profiles that it names, and in no other
    CODE = "code"  # every reason code is expected by a case, or stands among those that are not, and not both
    CATALOGUE = "catalogue"  # a verdict is one that the catalogue of reasons has
    TWIN = "twin"  # a refused case has an accepted one of its profile beside it


@dataclass(frozen=True, slots=True)
class Gap:
    """One thing that a corpus lacks or has too much: at which gate, about what, and in words."""

    gate: Gate
    about: str
    words: str


def gaps(corpus: Corpus, *, untested_codes: Mapping[str, str]) -> tuple[Gap, ...]:
    """Return everything that keeps ``corpus`` from passing, nothing if it passes.

    ``untested_codes`` says by reason code why no case expects it.
    """
    return (
        *_of_size(corpus),
        *_of_requirements(corpus),
        *_of_profiles(corpus),
        *_of_codes(corpus, untested_codes),
        *_of_verdicts(corpus),
        *_of_twins(corpus),
    )


def untested_codes(path: Path = CODES_FILE) -> Mapping[str, str]:
    """Return the reason codes that no case expects, each with why.

    Raises:
        ConfigurationError: The table is not there or not in order, or a code of it has no reason.
    """
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as unreadable:
        raise ConfigurationError("the table of reason codes that are not tested cannot be read") from unreadable
    codes = document.get("codes")
    if document.keys() != {"codes"} or not isinstance(codes, dict):
        raise ConfigurationError("the reason codes that are not tested are one table called `codes`")
    for code, why in codes.items():
        if not isinstance(why, str) or not why.strip():
            raise ConfigurationError(f"nothing says why {code} is not tested")
    return codes


def _of_size(corpus: Corpus) -> Iterator[Gap]:
    cases = corpus.chosen(BUILTIN)
    if len(cases) < LEAST_CASES:
        words = f"{len(cases)} cases run against the built-in implementation, and {LEAST_CASES} have to"
        yield Gap(Gate.SIZE, corpus.version, words)
    negative = sum(case.is_negative for case in cases)
    if negative < LEAST_NEGATIVE_SHARE * len(cases):
        words = f"{negative} of {len(cases)} cases have to be refused, and {LEAST_NEGATIVE_SHARE:.0%} must be"
        yield Gap(Gate.NEGATIVE_SHARE, corpus.version, words)


def _of_requirements(corpus: Corpus) -> Iterator[Gap]:
    named = {one for case in corpus.cases.values() for one in case.requirements}
    for requirement in corpus.requirements.values():
        gate = Gate.MUST if requirement.level is Level.MUST else Gate.USE
        if requirement.id in named and requirement.not_tested:
            yield Gap(gate, requirement.id, "a case names it, and it says why none does")
        if requirement.id not in named and not requirement.not_tested:
            yield Gap(gate, requirement.id, "no case names it, and nothing says why")


def _of_profiles(corpus: Corpus) -> Iterator[Gap]:
    proved: dict[str, set[Profile]] = {name: set() for name in corpus.requirements}
    for case in corpus.cases.values():
        for name in case.requirements:
            requirement = corpus.requirements.get(name)
            if requirement is None:
                yield Gap(Gate.USE, case.id, f"it names {name}, which there is not")
                continue
            proved[name].add(case.profile)
            if case.profile not in requirement.profiles:
                yield Gap(Gate.PROFILE, case.id, f"it names {name}, which is not of {case.profile.value}")
    yield from (gap for name, found in proved.items() if found for gap in _unproved(corpus.requirements[name], found))


def _unproved(requirement: Requirement, found: set[Profile]) -> Iterator[Gap]:
    for profile in requirement.profiles:
        if profile not in found:
            yield Gap(Gate.PROFILE, requirement.id, f"it is of {profile.value}, and no case of that profile names it")


def _of_codes(corpus: Corpus, untested: Mapping[str, str]) -> Iterator[Gap]:
    expected = {case.expect.code for case in corpus.cases.values()}
    for code in REASONS:
        if code in expected and code in untested:
            yield Gap(Gate.CODE, code, "a case expects it, and it stands among those that none does")
        if code not in expected and code not in untested:
            yield Gap(Gate.CODE, code, "no case expects it, and nothing says why")
    for code in untested.keys() - REASONS.keys():
        yield Gap(Gate.CODE, code, "it is said why no case expects it, and there is no such code")


def _of_verdicts(corpus: Corpus) -> Iterator[Gap]:
    """Yield what is wrong with verdicts, in the profiles in which our catalogue says what a refusal is called."""
    for case in corpus.chosen(BUILTIN):
        code = case.expect.code
        if code is None:
            continue
        if code not in REASONS:
            yield Gap(Gate.CATALOGUE, case.id, f"it expects {code}, which is not in the catalogue")
        elif REASONS[code].indication is not case.expect.indication:
            yield Gap(Gate.CATALOGUE, case.id, f"{code} is {REASONS[code].indication.value} by the catalogue")


def _of_twins(corpus: Corpus) -> Iterator[Gap]:
    for case in corpus.cases.values():
        if case.twin is not None and not _is_twin(corpus.cases.get(case.twin), of=case):
            yield Gap(Gate.TWIN, case.id, f"{case.twin} is no accepted case of its profile")


def _is_twin(twin: ConformanceCase | None, *, of: ConformanceCase) -> bool:
    return twin is not None and not twin.is_negative and twin.profile is of.profile
