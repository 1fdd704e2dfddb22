"""The profile wallet: every broken wallet is caught by its requirement, and the pretend wallet passes every case."""

import json
import shlex
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from idbridge.clock import FixedClock
from idbridge.codec import base64url
from idbridge.conformance.answer import Fault, FaultKind, Verdict
from idbridge.conformance.case import ConformanceCase
from idbridge.conformance.judge import Outcome
from idbridge.conformance.making import wallet
from idbridge.conformance.requirements import Level
from idbridge.conformance.seed import CORPUS_INSTANT
from idbridge.conformance.targets.wallet.asking import new_access
from idbridge.conformance.targets.wallet.calling import AddressCall, CommandCall, Refused
from idbridge.conformance.targets.wallet.target import WalletSettings, WalletTarget
from idbridge.limits import LIMITS
from idbridge.sandbox.asked import Asked
from idbridge.sandbox.bench import Bench
from idbridge.sandbox.holder import Holder
from idbridge.sandbox.region import Region
from idbridge.sandbox.seeded import SeededRandomness
from idbridge.sandbox.statuses import statuses_of
from idbridge.verify.verifier import Verifier
from tests.conformance.live import bad, failing_requirements, naming, read_all, requirements, requirements_of, results
from tests.mutants.mutant import some
from tests.mutants.wallet import FALLS_OVER, Crashing, HolderCall, Mutant, Silent, mutants

LEAST_CASES = 30
LEAST_NEGATIVE = 0.6
SOON = timedelta(milliseconds=40)  # every wallet here has posted by the time that it says it is done


@pytest.fixture(scope="module")
def bench() -> Bench:
    """A region, and a person of it with a wallet."""
    return Bench(Region.generate(at=CORPUS_INSTANT), CORPUS_INSTANT, SeededRandomness(b"wallet"))


@pytest.fixture(scope="module")
def settings(bench: Bench) -> WalletSettings:
    """The suite as a verifier, and the pretend wallet that it calls."""
    access = new_access(at=CORPUS_INSTANT)
    trust = bench.snapshot()
    verifier = Verifier(trust=trust, status=statuses_of(bench.region, trust=trust, at=CORPUS_INSTANT))
    call = HolderCall(bench, access)
    return WalletSettings(
        call, access, verifier, FixedClock(CORPUS_INSTANT), SeededRandomness(b"suite"), settling=SOON, patience=SOON
    )


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> tuple[ConformanceCase, ...]:
    """Every case of the profile."""
    return read_all(wallet.cases(), tmp_path_factory.mktemp("cases"))


@pytest.fixture
def opened() -> Iterator[list[WalletTarget]]:
    """Targets that are closed when the test is over."""
    targets: list[WalletTarget] = []
    yield targets
    for target in targets:
        target.close()


@pytest.mark.parametrize("mutant", some(mutants()), ids=lambda one: one.name)
def test_a_broken_wallet_fails_by_the_requirement_that_it_breaks(
    mutant: Mutant,
    bench: Bench,
    settings: WalletSettings,
    cases: tuple[ConformanceCase, ...],
    opened: list[WalletTarget],
) -> None:
    opened.append(WalletTarget(mutant.settings(settings, bench)))

    found = results(naming(cases, mutant.breaks), opened[0])

    assert set(mutant.breaks) <= failing_requirements(found), bad(found)


@pytest.mark.parametrize(("make", "kind"), [(Crashing, FaultKind.CRASH), (Silent, FaultKind.EMPTY)])
def test_a_wallet_that_falls_over_or_does_nothing_has_refused_nothing(
    make: type,
    kind: FaultKind,
    bench: Bench,
    settings: WalletSettings,
    cases: tuple[ConformanceCase, ...],
    opened: list[WalletTarget],
) -> None:
    opened.append(WalletTarget(replace(settings, call=HolderCall(bench, settings.access, make))))

    answers = [opened[0].answer(case).answer for case in cases]

    assert {answer.kind if isinstance(answer, Fault) else answer for answer in answers} == {kind}


def test_a_command_that_fetches_and_falls_over_has_refused_nothing(
    settings: WalletSettings, cases: tuple[ConformanceCase, ...], opened: list[WalletTarget]
) -> None:
    call = CommandCall(shlex.join([sys.executable, "-c", FALLS_OVER]))
    opened.append(WalletTarget(replace(settings, call=call)))

    found = results([case for case in cases if case.is_negative][:3], opened[0])

    assert {one.outcome for one in found} == {Outcome.ERROR}
    assert all("ended with 1" in one.detail for one in found)


def test_a_command_that_breaks_and_one_that_is_not_there_are_faults() -> None:
    broken = CommandCall(f'"{sys.executable}" -c "import sys; sys.exit(7)"').open("openid4vp://?x=1")
    missing = CommandCall("/nonexistent/wallet").open("openid4vp://?x=1")

    assert isinstance(broken, Fault)
    assert broken.kind is FaultKind.CRASH
    assert isinstance(missing, Fault)
    assert missing.kind is FaultKind.UNREACHABLE


def test_a_command_that_refuses_is_no_fault_and_has_the_link_last() -> None:
    program = "import sys; sys.exit(0 if sys.argv[-1] == 'openid4vp://?x=1' else 7)"

    assert CommandCall(f'"{sys.executable}" -c "{program}"').open("openid4vp://?x=1") is None
    assert saying('{"refused": true}', 1) == Refused()
    assert saying('{"refused": true, "code": "invalid_request"}', 1) == Refused("invalid_request")


def saying(text: str, ends: int) -> Fault | Refused | None:
    """What is made of a command that writes ``text`` and ends."""
    return CommandCall(f"sh -c {shlex.quote(f'echo {shlex.quote(text)}; exit {ends}')}").open("openid4vp://?x=1")


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("", 1),
        ("Traceback", 1),
        ('{"refused": false}', 1),
        ('{"refused": 1}', 1),
        ('{"refused": true, "code": 7}', 1),
        ('{"refused": true} {}', 1),
        ('{"refused": true}', 2),
    ],
)
def test_an_end_with_one_without_the_word_is_a_crash_and_no_refusal(text: str, ends: int) -> None:
    fault = saying(text, ends)

    assert isinstance(fault, Fault)
    assert fault.kind is FaultKind.CRASH


def test_a_command_that_writes_without_end_is_ended() -> None:
    fault = CommandCall("yes").open("openid4vp://?x=1")

    assert isinstance(fault, Fault)
    assert fault.kind is FaultKind.MALFORMED
    assert str(LIMITS.conformance_answer_bytes) in fault.detail


def test_an_address_where_nobody_is_is_a_fault() -> None:
    gone = AddressCall("http://127.0.0.1:9/open").open("openid4vp://?x=1")

    assert gone is not None
    assert gone.kind is FaultKind.UNREACHABLE


def test_the_pretend_wallet_passes_every_case(
    settings: WalletSettings, cases: tuple[ConformanceCase, ...], opened: list[WalletTarget]
) -> None:
    opened.append(WalletTarget(settings))

    found = results(cases, opened[0])

    assert bad(found) == []
    assert all(one.outcome is Outcome.PASSED for one in found)


def showing(vp_token: Any) -> type[Holder]:
    """A holder that shows ``vp_token`` whatever it was asked, encrypted as it has to be."""

    class Showing(Holder):
        def _vp_token(self, asked: Asked) -> dict[str, list[str]]:
            del asked
            return vp_token  # type: ignore[no-any-return]  # whatever a wallet may send

    return Showing


def disclosed(value: object) -> str:
    """An SD-JWT of nobody that discloses ``value``."""
    return f"a.b.c~{base64url.encode(json.dumps(value).encode())}~"


ODD = (5, "abc", ["s", [1], 1], {"a": 1, "b": 2, "c": 3}, ["s", "nationality", 1])
RUBBISH = (*([disclosed(value)] for value in ODD), ["AAAA"], [7], "abc")


@pytest.mark.parametrize(
    ("name", "vp_token"),
    [
        *(("wal-sd-jwt-only-asked", vp_token) for vp_token in ({}, *({"pid": one} for one in RUBBISH))),
        *(("wal-mdoc-only-asked", vp_token) for vp_token in ({}, {"card": ["AAAA"]}, {"card": ["abc"]})),
    ],
    ids=str,
)
def test_rubbish_is_not_called_an_answer_that_shows_only_what_was_asked(
    name: str,
    vp_token: Any,
    bench: Bench,
    settings: WalletSettings,
    cases: tuple[ConformanceCase, ...],
    opened: list[WalletTarget],
) -> None:
    opened.append(WalletTarget(replace(settings, call=HolderCall(bench, settings.access, showing(vp_token)))))

    answer = opened[0].answer(next(one for one in cases if one.id == name)).answer

    assert isinstance(answer, Verdict)
    assert not answer.is_accepted


def test_a_kind_that_the_maker_declares_is_not_asked_for(
    settings: WalletSettings, cases: tuple[ConformanceCase, ...], opened: list[WalletTarget]
) -> None:
    opened.append(WalletTarget(replace(settings, not_implemented=frozenset({"mdoc"}))))

    found = results([case for case in cases if "mdoc" in case.tags], opened[0])

    assert {one.outcome for one in found} == {Outcome.NOT_IMPLEMENTED}


def test_every_must_has_a_case_and_every_case_a_requirement(cases: tuple[ConformanceCase, ...]) -> None:
    known = requirements("wallet")

    assert requirements_of(cases) <= known.keys()
    assert {name for name, one in known.items() if one.level is Level.MUST and not one.not_tested} <= requirements_of(
        cases
    )


def test_there_are_enough_cases_and_most_of_them_are_refused(cases: tuple[ConformanceCase, ...]) -> None:
    by_id = {case.id: case for case in cases}

    assert len(by_id) == len(cases) >= LEAST_CASES
    assert sum(case.is_negative for case in cases) / len(cases) >= LEAST_NEGATIVE
    assert all(case.twin is None or not by_id[case.twin].is_negative for case in cases)
