"""Standing: a node whose disk fills, or that took something forged for genuine, says so and stops."""

import asyncio
import errno
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from idbridge.errors import ConfigurationError
from idbridge.limits import LIMITS
from idbridge_gateway import standing as standing_module
from idbridge_gateway.standing import (
    ENDING,
    FULL,
    LATCHED,
    UNRECORDED,
    Standing,
    free_share,
    is_latched,
    latch,
    release,
)
from tests.gateway.asking import Node, problem_of, verdict_of
from tests.gateway.test_assertion import ASSERTION


def standing_in(directory: Path, *, free: Callable[[Path], float] = lambda _: 1.0) -> tuple[Standing, list[str]]:
    """A standing, and how often it said that something is latched."""
    heard: list[str] = []
    return Standing(directory, on_latch=lambda: heard.append("latched"), free=free), heard


@pytest.mark.parametrize(
    ("free", "against", "full"),
    [
        (LIMITS.disk_unready, (), False),
        (LIMITS.disk_unready - 0.001, (FULL,), False),
        (LIMITS.disk_refuse, (FULL,), False),
        (LIMITS.disk_refuse - 0.001, (FULL,), True),
        (0.0, (FULL,), True),
    ],
)
def test_a_disk_that_fills_takes_a_node_out_of_readiness_first_and_out_of_service_then(
    tmp_path: Path, free: float, against: tuple[str, ...], full: bool
) -> None:
    standing, _ = standing_in(tmp_path, free=lambda _: free)

    standing.look()

    assert standing.against == against
    assert standing.is_full is full


def test_a_log_that_cannot_be_written_takes_a_node_out_of_readiness_at_once(tmp_path: Path) -> None:
    broken = [False]
    standing = Standing(tmp_path, on_latch=lambda: None, unrecorded=lambda: broken[0])
    assert standing.against == ()

    broken[0] = True

    assert standing.against == (UNRECORDED,)


def test_a_disk_that_cannot_be_asked_is_taken_for_a_full_one(tmp_path: Path) -> None:
    standing = Standing(tmp_path / "absent", on_latch=lambda: None)

    standing.look()

    assert standing.is_full


def test_a_disk_with_room_again_is_good_again_and_each_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shares = iter([0.07, 0.07, 0.5, 0.5])
    standing, _ = standing_in(tmp_path, free=lambda _: next(shares))

    with caplog.at_level(logging.INFO, logger="idbridge_gateway"):
        for _ in range(4):
            standing.look()

    assert not standing.against
    assert [record.message for record in caplog.records] == [f"not ready: {FULL}", "ready again"]


def test_the_share_of_a_real_disk_is_one() -> None:
    assert 0 <= free_share(Path("/")) <= 1


def test_a_disk_with_room_for_octets_and_none_for_files_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = os.statvfs("/")
    few = os.statvfs_result((*asked[:2], 1000, 900, 900, 500, 40, 20, *asked[8:]))
    monkeypatch.setattr(os, "statvfs", lambda _: few)

    assert free_share(Path("/")) == 20 / 500


def test_a_file_system_that_counts_no_files_has_room_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = os.statvfs("/")
    monkeypatch.setattr(os, "statvfs", lambda _: os.statvfs_result((*asked[:2], 1000, 900, 900, 0, 0, 0, *asked[8:])))

    assert free_share(Path("/")) == 0.9


def test_the_fullest_of_the_disks_that_a_node_writes_to_counts(own_node: Node) -> None:
    standing, log_dir = own_node.app.state.parts.standing, own_node.settings.log_dir
    assert log_dir is not None
    standing._free_of = lambda place: 0.04 if place == log_dir else 0.5

    standing.look()

    assert standing.is_full


def test_a_folder_that_is_yet_to_be_made_is_on_the_disk_of_the_one_above(tmp_path: Path) -> None:
    asked: list[Path] = []

    def free(place: Path) -> float:
        asked.append(place)
        return 1.0

    standing = Standing(tmp_path, on_latch=lambda: None, free=free)
    standing.needs_room(tmp_path / "log" / "of" / "a node")
    standing.look()

    assert asked == [tmp_path, tmp_path]


def test_a_latch_that_cannot_be_looked_at_lets_nothing_be_decided_and_ends_no_watch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    standing, heard = standing_in(tmp_path)

    def broken(_: Path) -> bool:
        raise OSError(errno.EIO, "of the disk")

    with monkeypatch.context() as patch:
        patch.setattr(standing_module, "is_latched", broken)
        standing.look()
        assert standing.is_full
    standing.look()
    assert not standing.against
    latch(tmp_path, "a forged sample of SG was accepted")
    standing.look()

    assert (standing.against, heard) == ((LATCHED,), ["latched"])


def test_what_the_canary_wrote_stays_until_an_operator_takes_it_away(tmp_path: Path) -> None:
    latch(tmp_path, "a forged sample of SG was accepted")
    first, heard = standing_in(tmp_path)
    first.look()
    first.look()
    second, _ = standing_in(tmp_path)
    second.look()

    assert heard == ["latched"]
    assert first.against == second.against == (LATCHED,)
    release(tmp_path)
    first.look()
    assert first.against == (LATCHED,)
    third, _ = standing_in(tmp_path)
    third.look()
    assert not third.against
    assert not is_latched(tmp_path)


def test_a_latch_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError):
        latch(tmp_path / "absent", "a forged sample of SG was accepted")


def test_a_node_that_was_told_to_end_is_alive_and_not_ready_and_goes_on_answering(node: Node) -> None:
    node.app.state.parts.standing.end()

    refused = node.send("GET", "/readyz")

    assert problem_of(refused, 503) == "system.not_ready"
    assert refused.json()["detail"] == ENDING
    assert node.send("GET", "/healthz").status_code == 200
    assert verdict_of(node.ask())[0] == "PASSED"


def test_a_latched_node_asserts_nothing_whatever_keys_come_later(own_node: Node) -> None:
    issuing = own_node.app.state.parts.turns.issuing
    assert own_node.ask(assertion=ASSERTION).json()["assertion"] is not None
    latch(own_node.settings.state_dir, "a forged sample of SG was accepted")
    own_node.app.state.parts.standing.look()
    issuing.exchange(issuing.current())

    asked = own_node.ask(assertion=ASSERTION)

    assert asked.json()["assertion"] is None
    assert asked.json()["reason"]["code"] == "policy.assertion_not_available"
    assert problem_of(own_node.send("GET", "/readyz"), 503) == "system.not_ready"


def test_a_full_disk_is_answered_by_503_and_a_node_looks_by_itself(own_node: Node) -> None:
    standing = own_node.app.state.parts.standing
    standing._free_of = lambda _: 0.01

    async def lived() -> None:
        async with asyncio.timeout(120):
            watching = asyncio.create_task(standing.watch())
            while not standing.is_full:
                await asyncio.sleep(0)
            watching.cancel()

    asyncio.run(lived())

    assert problem_of(own_node.ask(), 503) == "system.overloaded"
    assert problem_of(own_node.send("GET", "/readyz"), 503) == "system.not_ready"
    assert own_node.send("GET", "/healthz").status_code == 200
    assert LIMITS.standing_look.total_seconds() <= 1


def test_a_process_leaves_no_core_once_it_said_so_and_before_it_could() -> None:
    before = "import resource as r; r.setrlimit(r.RLIMIT_CORE, (0, r.getrlimit(r.RLIMIT_CORE)[1]))"
    told = "from idbridge_gateway.hardening import leave_no_core as l, leaves_no_core as q; print(q()); l(); print(q())"

    said = subprocess.run([sys.executable, "-c", f"{before}; {told}"], capture_output=True, text=True, check=True)

    assert said.stdout.split() == ["False", "True"]
