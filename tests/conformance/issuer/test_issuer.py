"""The profile issuer: every broken folder of samples is caught by its requirement, and an honest one passes."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from idbridge.clock import FixedClock
from idbridge.conformance.answer import Fault, FaultKind
from idbridge.conformance.case import ConformanceCase
from idbridge.conformance.judge import Outcome
from idbridge.conformance.making import issuer
from idbridge.conformance.making.issuer_samples import recipes, write_samples
from idbridge.conformance.requirements import Level
from idbridge.conformance.seed import CORPUS_INSTANT
from idbridge.conformance.targets.issuer.checks import CODE_OCTETS, SALT_OCTETS
from idbridge.conformance.targets.issuer.target import IssuerTarget, open_issuer
from idbridge.errors import ConfigurationError
from idbridge.sandbox.bench import Bench
from idbridge.sandbox.region import Region
from idbridge.sandbox.seeded import SeededRandomness
from tests.conformance.live import bad, failing_requirements, naming, read_all, requirements, requirements_of, results
from tests.mutants.issuer import Mutant, mutants, pinned_in
from tests.mutants.mutant import some

LEAST_CASES = 40


@pytest.fixture(scope="module")
def bench() -> Bench:
    """A region, and where its providers issue."""
    region = Region.generate(at=CORPUS_INSTANT)
    return Bench(region, CORPUS_INSTANT, SeededRandomness(b"samples"))


@pytest.fixture(scope="module")
def pins(tmp_path_factory: pytest.TempPathFactory, bench: Bench) -> bytes:
    """What is pinned for the region."""
    folder = tmp_path_factory.mktemp("pins")
    bench.region.publish(folder)
    return pinned_in(folder)


def target_of(folder: Path, pins: bytes) -> IssuerTarget:
    """The samples in ``folder``, verified under ``pins``."""
    return IssuerTarget(folder, pinned=pins, clock=FixedClock(CORPUS_INSTANT))


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> tuple[ConformanceCase, ...]:
    """Every case of the profile."""
    return read_all(issuer.cases(), tmp_path_factory.mktemp("cases"))


@pytest.mark.parametrize("mutant", some(mutants()), ids=lambda one: one.name)
def test_a_broken_issuer_fails_by_the_requirement_that_it_breaks(
    mutant: Mutant, tmp_path: Path, bench: Bench, cases: tuple[ConformanceCase, ...]
) -> None:
    found = results(naming(cases, mutant.breaks), mutant.target(tmp_path, bench))

    assert set(mutant.breaks) <= failing_requirements(found), bad(found)


def test_an_empty_folder_is_an_error_before_anything_is_asked(tmp_path: Path, pins: bytes) -> None:
    with pytest.raises(ConfigurationError, match=r"samples\.toml"):
        target_of(tmp_path, pins).describe()


@pytest.mark.parametrize("name", ["../outside.txt", "/etc/hostname", "linked/outside.txt", "a/./b", "", "link.txt"])
@pytest.mark.parametrize("member", ["trust", "file"])
def test_nothing_outside_the_folder_of_samples_is_read(
    tmp_path: Path, bench: Bench, name: str, member: str, pins: bytes
) -> None:
    folder, outside = tmp_path / "samples", tmp_path / "outside"
    folder.mkdir()
    write_samples(folder, bench)
    table = (folder / "samples.toml").read_text("utf-8")
    named = next(line for line in table.splitlines() if line.startswith(f"{member} = "))
    outside.mkdir()
    for place in (tmp_path / "outside.txt", outside / "outside.txt"):
        place.write_text("x", "utf-8")
    (folder / "linked").symlink_to(outside)
    (folder / "link.txt").symlink_to(tmp_path / "outside.txt")
    (folder / "samples.toml").write_text(table.replace(named, f'{member} = "{name}"', 1), "utf-8")

    with pytest.raises(ConfigurationError, match="leads out of the folder"):
        target_of(folder, pins).describe()


def test_a_folder_that_cannot_be_read_is_a_fault_to_every_case(
    tmp_path: Path, cases: tuple[ConformanceCase, ...], pins: bytes
) -> None:
    target = target_of(tmp_path, pins)

    answers = {type(answer).__name__ for answer in (target.answer(case).answer for case in cases)}

    assert answers == {Fault.__name__}


def test_a_kind_without_samples_is_an_error_unless_it_is_declared(
    tmp_path: Path, bench: Bench, cases: tuple[ConformanceCase, ...], pins: bytes
) -> None:
    write_samples(tmp_path, bench, [one for one in recipes() if not one.id.endswith("mdoc")])
    about = [case for case in cases if "mdoc" in case.tags]

    undeclared = results(about, target_of(tmp_path, pins))
    place = tmp_path / "samples.toml"
    place.write_text('not_implemented = ["mdoc"]\n' + place.read_text("utf-8"), "utf-8")
    declared = results(about, target_of(tmp_path, pins))

    assert {one.outcome for one in undeclared} == {Outcome.ERROR}
    assert {one.outcome for one in declared} == {Outcome.NOT_IMPLEMENTED}


def test_a_sample_of_no_credential_at_all_passes_nothing(
    tmp_path: Path, bench: Bench, cases: tuple[ConformanceCase, ...], pins: bytes
) -> None:
    write_samples(tmp_path, bench)
    for place in (tmp_path / "samples").glob("*-sd-jwt.txt"):
        place.write_text("no credential", "utf-8")
    (tmp_path / "samples" / "tan-revoked.txt").write_text("no credential", "utf-8")
    about = [case for case in cases if "sd-jwt" in case.tags and not case.is_negative]

    found = results(about, target_of(tmp_path, pins))

    assert {one.case.id for one in found if one.outcome is Outcome.PASSED} <= {
        "isr-sd-jwt-in-date", "isr-sd-jwt-signed", "isr-sd-jwt-status-good"
    }  # fmt: skip
    assert "IDB-ISR-003" in failing_requirements(found)


def said_of_samples(folder: Path, line: str, instead: str) -> None:
    """Say ``instead`` of every sample whose table has a line that begins with ``line``."""
    place = folder / "samples.toml"
    told = place.read_text("utf-8").splitlines()
    place.write_text("\n".join(instead if one.startswith(line) else one for one in told), "utf-8")


def test_samples_that_are_all_said_to_be_revoked_are_not_said_to_verify(
    tmp_path: Path, bench: Bench, cases: tuple[ConformanceCase, ...], pins: bytes
) -> None:
    write_samples(tmp_path, bench)
    said_of_samples(tmp_path, "status = ", 'status = "revoked"')
    about = [case for case in cases if case.input["procedure"] == "verified"]

    found = results(about, target_of(tmp_path, pins))

    assert {one.outcome for one in found} == {Outcome.ERROR}
    assert all("revoked" in one.detail for one in found)


def test_a_sample_that_is_said_to_be_revoked_is_excused_from_nothing_else(
    tmp_path: Path, bench: Bench, cases: tuple[ConformanceCase, ...], pins: bytes
) -> None:
    write_samples(tmp_path, bench)
    (tmp_path / "samples" / "tan-revoked.txt").write_text("no credential", "utf-8")
    about = [case for case in cases if case.id == "isr-sd-jwt-verified"]

    (found,) = results(about, target_of(tmp_path, pins))

    assert found.outcome is Outcome.FAILED
    assert found.observed is not None
    assert "tan-revoked" in found.observed.received


def test_claims_that_no_sample_says_are_not_called_read(
    tmp_path: Path, bench: Bench, cases: tuple[ConformanceCase, ...], pins: bytes
) -> None:
    write_samples(tmp_path, bench)
    said_of_samples(tmp_path, "claims = ", "claims = {}")
    about = [case for case in cases if case.input["procedure"] == "claims-as-expected"]

    found = results(about, target_of(tmp_path, pins))

    assert {one.outcome for one in found} == {Outcome.ERROR}


def test_the_samples_of_the_pretend_issuer_pass_every_case(
    tmp_path: Path, bench: Bench, cases: tuple[ConformanceCase, ...], pins: bytes
) -> None:
    write_samples(tmp_path, bench)

    found = results(cases, target_of(tmp_path, pins))

    assert bad(found) == []
    assert all(one.outcome is Outcome.PASSED for one in found)


def test_every_must_has_a_case_and_every_case_a_requirement(cases: tuple[ConformanceCase, ...]) -> None:
    known = requirements("issuer")

    assert requirements_of(cases) <= known.keys()
    assert {name for name, one in known.items() if one.level is Level.MUST and not one.not_tested} <= requirements_of(
        cases
    )


def test_there_are_enough_cases_and_each_refused_one_has_an_accepted_twin(cases: tuple[ConformanceCase, ...]) -> None:
    by_id = {case.id: case for case in cases}

    assert len(by_id) == len(cases) >= LEAST_CASES
    assert all(case.twin is None or not by_id[case.twin].is_negative for case in cases)
    assert (SALT_OCTETS, CODE_OCTETS) == (16, 1273)


def test_a_procedure_that_nobody_knows_is_a_fault(
    tmp_path: Path, bench: Bench, cases: tuple[ConformanceCase, ...], pins: bytes
) -> None:
    write_samples(tmp_path, bench)
    target = target_of(tmp_path, pins)

    answer = target.answer(replace(cases[0], input={"procedure": "magic"})).answer

    assert isinstance(answer, Fault)
    assert answer.kind is FaultKind.MALFORMED


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "name `pins`"),
        ('pins = "pins.json"\ntrust = "trust"', "name `pins`"),
        ("pins = 1", "name `pins`"),
        ("pins = ", "cannot be read"),
        ('pins = "nowhere.json"', "cannot be read"),
        ('pins = "settings.toml"', "pins .* cannot be read"),
    ],
)
def test_settings_that_pin_nothing_open_no_issuer(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "settings.toml").write_text(text, "utf-8")

    with pytest.raises(ConfigurationError, match=why):
        open_issuer(tmp_path, tmp_path / "settings.toml", clock=FixedClock(CORPUS_INSTANT))


def test_an_issuer_who_pins_its_own_keys_is_not_put_to_the_test(tmp_path: Path, bench: Bench, pins: bytes) -> None:
    write_samples(tmp_path, bench)
    place = tmp_path / "samples.toml"
    place.write_text('pins = "pins.json"\n' + place.read_text("utf-8"), "utf-8")

    with pytest.raises(ConfigurationError, match="which keys are pinned"):
        target_of(tmp_path, pins).describe()


def test_samples_under_keys_that_nobody_pinned_are_not_put_to_the_test(tmp_path: Path, bench: Bench) -> None:
    write_samples(tmp_path / "samples", bench)
    Region.generate(at=CORPUS_INSTANT).publish(tmp_path / "another")

    with pytest.raises(ConfigurationError, match="no trust list"):
        target_of(tmp_path / "samples", pinned_in(tmp_path / "another")).describe()


def test_what_was_pinned_is_told_by_its_digest(tmp_path: Path, bench: Bench, pins: bytes) -> None:
    write_samples(tmp_path / "samples", bench)
    (tmp_path / "held.json").write_bytes(pins)
    (tmp_path / "settings.toml").write_text('pins = "held.json"', "utf-8")
    target = open_issuer(tmp_path / "samples", tmp_path / "settings.toml", clock=FixedClock(CORPUS_INSTANT))

    assert target.describe().pinned == hashlib.sha256(pins).hexdigest()
