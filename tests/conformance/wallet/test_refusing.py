"""What counts as a wallet's refusal: nothing that comes later, a word that fits, silence only where it is allowed."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from threading import Timer
from urllib.parse import urlencode

import httpx2
import pytest

from idbridge.clock import FixedClock
from idbridge.conformance.answer import Fault
from idbridge.conformance.case import ConformanceCase
from idbridge.conformance.judge import Outcome, Result, judged
from idbridge.conformance.making import wallet
from idbridge.conformance.seed import CORPUS_INSTANT
from idbridge.conformance.targets.wallet.asking import new_access
from idbridge.conformance.targets.wallet.calling import Refused
from idbridge.conformance.targets.wallet.desk import Errand, opened
from idbridge.conformance.targets.wallet.target import LateAnswerError, WalletSettings, WalletTarget
from idbridge.limits import LIMITS
from idbridge.sandbox.bench import Bench
from idbridge.sandbox.region import Region
from idbridge.sandbox.seeded import SeededRandomness
from idbridge.sandbox.statuses import statuses_of
from idbridge.verify.verifier import Verifier
from tests.conformance.live import read_all
from tests.mutants.wallet import Believing, HolderCall
from tests.mutants.wallet_calls import LateCall, SayingCall

SOON = timedelta(milliseconds=40)
ANSWERED = "wal-sd-jwt-answers-in-the-open"


@pytest.fixture(scope="module")
def bench() -> Bench:
    """A region, and a person of it with a wallet."""
    return Bench(Region.generate(at=CORPUS_INSTANT), CORPUS_INSTANT, SeededRandomness(b"wallet"))


@pytest.fixture(scope="module")
def settings(bench: Bench) -> WalletSettings:
    """The suite as a verifier, and a wallet that says nothing."""
    trust = bench.snapshot()
    verifier = Verifier(trust=trust, status=statuses_of(bench.region, trust=trust, at=CORPUS_INSTANT))
    random, access = SeededRandomness(b"suite"), new_access(at=CORPUS_INSTANT)
    made = WalletSettings(SayingCall(None), access, verifier, FixedClock(CORPUS_INSTANT), random)
    return replace(made, settling=SOON, patience=SOON)


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ConformanceCase]:
    """Every case of the profile."""
    return {case.id: case for case in read_all(wallet.cases(), tmp_path_factory.mktemp("cases"))}


def came(settings: WalletSettings, case: ConformanceCase) -> tuple[Result, str]:
    """What came of one case, and what was received."""
    target = WalletTarget(settings)
    try:
        seen = target.answer(case)
    finally:
        target.close()
    return judged(case, seen), seen.received


def test_a_wallet_that_answers_once_it_was_judged_fails_the_next_case_and_the_run(
    settings: WalletSettings, cases: dict[str, ConformanceCase]
) -> None:
    late = LateCall()
    target = WalletTarget(replace(settings, call=late))

    first, second = (
        judged(cases[name], target.answer(cases[name])) for name in ("wal-other-key", "wal-changed-request")
    )
    late.post()

    assert first.outcome is Outcome.PASSED
    assert second.outcome is Outcome.FAILED
    assert "after it was judged, the wallet answered wal-other-key" in second.detail
    with pytest.raises(LateAnswerError, match="wal-changed-request"):
        target.close()


def test_an_error_that_is_posted_late_discloses_nothing(
    settings: WalletSettings, cases: dict[str, ConformanceCase]
) -> None:
    target = WalletTarget(replace(settings, call=LateCall({"error": "invalid_request"})))

    for name in ("wal-other-key", "wal-unknown-authority"):
        assert judged(cases[name], target.answer(cases[name])).outcome is Outcome.PASSED
    target.close()


@dataclass
class Slow:
    """Answers whoever asks, a while after it said that it is done."""

    call: HolderCall
    running: list[Timer] = field(default_factory=list)

    def open(self, link: str) -> Fault | Refused | None:
        """Begin."""
        self.running.append(Timer(0.2, self.call.open, [link]))
        self.running[-1].start()
        return None


class Counted:
    """A stopwatch on which the first answer took twenty seconds, and nothing else any time."""

    def __init__(self) -> None:
        self._times: Iterator[float] = iter((0.0, 20.0))

    def seconds(self) -> float:
        """What it shows."""
        return next(self._times, 20.0)


def test_a_refused_case_waits_for_longer_than_its_twin_took(
    bench: Bench, settings: WalletSettings, cases: dict[str, ConformanceCase]
) -> None:
    slow = Slow(HolderCall(bench, settings.access, Believing))
    patient = replace(settings, call=slow, patience=LIMITS.conformance_patience, stopwatch=Counted())
    target = WalletTarget(patient)

    twin, refused = (judged(cases[name], target.answer(cases[name])) for name in ("wal-sd-jwt-answers", "wal-no-end"))
    for one in slow.running:
        one.join()
    target.close()

    assert twin.outcome is Outcome.PASSED
    assert refused.outcome is Outcome.FAILED


def test_a_wallet_that_never_answers_anybody_has_refused_nothing_by_its_silence(
    settings: WalletSettings, cases: dict[str, ConformanceCase]
) -> None:
    target = WalletTarget(settings, cases)
    refused = [case for case in cases.values() if case.is_negative]
    found = [judged(case, target.answer(case)) for case in refused]
    target.close()

    assert {one.outcome for one in found} == {Outcome.ERROR, Outcome.FAILED}
    assert {one.outcome for one in found if one.case.input.get("silence")} == {Outcome.ERROR}
    assert any("as silent where it has to answer (wal-sd-jwt-answers)" in one.detail for one in found)


def test_a_wallet_that_answers_the_accepted_twin_may_refuse_by_silence(
    bench: Bench, settings: WalletSettings, cases: dict[str, ConformanceCase]
) -> None:
    class Choosy(HolderCall):
        """Answers the honest request, and looks at any other without a word."""

        def open(self, link: str) -> Fault | Refused | None:
            asked.append(link)
            return super().open(link) if len(asked) == 2 else SayingCall(None).open(link)

    asked: list[str] = []
    choosy = Choosy(bench, settings.access, Believing)
    target = WalletTarget(replace(settings, call=choosy, patience=LIMITS.conformance_patience), cases)
    found = [judged(cases[name], target.answer(cases[name])) for name in ("wal-other-key", "wal-no-end")]
    target.close()

    assert [one.outcome for one in found] == [Outcome.PASSED, Outcome.PASSED]
    assert len(asked) == 3  # the twin of both once


def test_what_a_wallet_discloses_while_its_silence_is_checked_fails_the_case(
    bench: Bench, settings: WalletSettings, cases: dict[str, ConformanceCase]
) -> None:
    class Sly(HolderCall):
        """Holds its answer to the first request back until it is opened for the honest one, and answers that too."""

        def open(self, link: str) -> Fault | Refused | None:
            if not late.held:
                return late.open(link)
            late.post()
            return super().open(link)

    late = LateCall()
    sly = Sly(bench, settings.access, Believing)
    target = WalletTarget(replace(settings, call=sly, patience=LIMITS.conformance_patience), cases)
    found = judged(cases["wal-other-key"], target.answer(cases["wal-other-key"]))
    target.close()

    assert found.outcome is Outcome.FAILED
    assert "after it was judged, the wallet answered wal-other-key" in found.detail


def test_the_suite_waits_seconds_for_a_wallet_of_which_it_is_told_nothing_else() -> None:
    assert {one.name: one.default for one in fields(WalletSettings)}["settling"] == LIMITS.conformance_settling
    assert timedelta(seconds=1) <= LIMITS.conformance_settling < LIMITS.conformance_patience


@pytest.mark.parametrize(
    ("name", "word", "outcome"),
    [
        ("wal-other-key", "invalid_request", Outcome.PASSED),
        ("wal-other-key", "invalid_client", Outcome.PASSED),
        ("wal-other-key", "invalid_request_object", Outcome.PASSED),
        ("wal-other-key", "access_denied", Outcome.FAILED),
        ("wal-other-media", "invalid_request_uri", Outcome.PASSED),
        ("wal-other-media", "invalid_client", Outcome.FAILED),
        ("wal-unknown-format", "vp_formats_not_supported", Outcome.PASSED),
        ("wal-unknown-format", "invalid_request", Outcome.FAILED),
        ("wal-other-key", "vp_formats_not_supported", Outcome.FAILED),
        ("wal-other-key", "a-word-of-nobody", Outcome.FAILED),
        ("wal-unknown-transaction", "invalid_transaction_data", Outcome.PASSED),
        ("wal-unknown-transaction", "invalid_request", Outcome.FAILED),
        ("wal-absent-claim", "access_denied", Outcome.PASSED),
        ("wal-absent-claim", "server_error", Outcome.FAILED),
        (ANSWERED, "access_denied", Outcome.FAILED),
    ],
)
@pytest.mark.parametrize("posts", [True, False])
def test_a_refusal_has_to_give_a_reason_that_fits(
    name: str,
    word: str,
    outcome: Outcome,
    posts: bool,
    settings: WalletSettings,
    cases: dict[str, ConformanceCase],
) -> None:
    found, received = came(replace(settings, call=SayingCall(word, posts=posts)), cases[name])

    assert found.outcome is outcome
    assert received.endswith(word if word != "a-word-of-nobody" else "other")


def test_silence_is_told_as_such_and_passes_only_where_it_is_allowed(
    settings: WalletSettings, cases: dict[str, ConformanceCase]
) -> None:
    allowed, received = came(settings, cases["wal-other-key"])
    not_allowed, _ = came(settings, cases["wal-unknown-transaction"])
    owed, _ = came(settings, cases[ANSWERED])

    assert allowed.outcome is Outcome.PASSED
    assert received.startswith("silent")
    assert not_allowed.outcome is owed.outcome is Outcome.FAILED
    assert "got FAILED silent" in not_allowed.detail


@pytest.mark.parametrize(
    ("length", "status"),
    [("-1", 400), ("ten", 400), ("1" * 40, 400), ("\u00b2", 400), (str(LIMITS.body_bytes + 1), 413)],
)
def test_the_desk_reads_no_body_without_bound(length: str, status: int) -> None:
    with opened() as desk, socket.create_connection(("127.0.0.1", desk.port), timeout=5) as caller:
        caller.sendall(f"POST /response/x HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n".encode("latin-1"))
        said = caller.recv(64)

    assert said.split()[1] == str(status).encode()


def test_of_many_posts_the_first_few_are_kept() -> None:
    errand = Errand(lambda _: "")
    with opened() as desk:
        desk.open("x", errand)
        for number in range(LIMITS.conformance_posts + 3):
            body = urlencode({"error": str(number)}).encode()
            httpx2.post(f"http://127.0.0.1:{desk.port}/response/x", content=body, trust_env=False)

    assert [one["error"] for one in errand.posted] == [str(number) for number in range(LIMITS.conformance_posts)]


def test_what_is_closed_is_handed_out_no_more_and_still_hears() -> None:
    errand = Errand(lambda _: "object")
    with opened() as desk:
        base = f"http://127.0.0.1:{desk.port}"
        desk.open("x", errand)
        errand.close()
        desk.open("y", Errand(lambda _: "another"))

        assert httpx2.get(f"{base}/request/x", trust_env=False).status_code == 404
        assert httpx2.post(f"{base}/response/x", data={"vp_token": "{}"}, trust_env=False).status_code == 200
    assert errand.late == [{"vp_token": "{}"}]
    assert errand.posted == []
