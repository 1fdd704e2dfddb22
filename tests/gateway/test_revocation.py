"""Revocation lists at a node: fetched beside the requests, never by one; what is not known is not good."""

import asyncio
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from idbridge.errors import ConfigurationError, FetchError
from idbridge.model.randomness import SystemRandomness
from idbridge.model.region import Environment
from idbridge.status.snapshot import EMPTY_STATUS
from idbridge.trust import crl_floors
from idbridge.trust.store import CURRENT, SnapshotStore
from idbridge_gateway.app import create_app
from idbridge_gateway.bell import Bell
from idbridge_gateway.distribution import distribution_of
from idbridge_gateway.revocation import ListedHosts, Prefetch, Revocations, begin_memory
from idbridge_gateway.watch import Pace
from tests.gateway.asking import PRESENTATION, Node, unreceipted, verdict_of
from tests.gateway.revoking import DAY, HOUR, SERVICE, CrlHost, crl, crl_host, demanding, node_demanding, refresh
from tests.gateway.test_bell import told

GOOD = ("PASSED", None)
UNKNOWN = ("INDETERMINATE", "status.unavailable")
REVOKED = ("FAILED", "issuer.certificate_revoked")
PATH = "/sg.crl"


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CrlHost]:
    """A host of revocation lists whose authority this machine knows."""
    folder = tmp_path / "web"
    folder.mkdir()
    with crl_host(folder) as serving:
        monkeypatch.setenv("SSL_CERT_FILE", str(folder / "ca.pem"))
        yield serving


@pytest.fixture
def node(tmp_path: Path, host: CrlHost) -> Node:
    """A node of Thailand; the list of Singapore names an address for its wallet identity."""
    return node_demanding(tmp_path, {SERVICE: [host.address(PATH)]})


def asked(node: Node) -> tuple[str, str | None]:
    return verdict_of(node.ask(PRESENTATION))


def restarted(node: Node) -> Node:
    return replace(node, app=create_app(node.settings, clock=node.clock))


def numbers(node: Node) -> list[str]:
    written = json.loads((node.settings.state_dir / crl_floors.FILE).read_text())
    return [part["number"] for part in written["parts"].values()]


def test_what_no_round_has_brought_yet_is_undecided_and_asking_fetches_nothing(node: Node, host: CrlHost) -> None:
    host.documents[PATH] = crl()

    assert asked(node) == UNKNOWN
    assert host.asked == []


def test_a_revoked_certificate_fails_and_one_that_nobody_revoked_passes(node: Node, host: CrlHost) -> None:
    host.documents[PATH] = crl()
    refresh(node)
    assert asked(node) == GOOD

    host.documents[PATH] = crl(number=8, revoked=True)
    refresh(node)

    assert asked(node) == REVOKED
    assert host.asked == [PATH, PATH]
    assert numbers(node) == ["8"]


def test_a_list_out_of_reach_is_undecided_and_told_once(
    node: Node, host: CrlHost, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="idbridge_gateway")
    for _ in range(3):
        refresh(node)

    assert asked(node) == UNKNOWN
    subject = f"crl/SG {host.address(PATH)}"
    assert told(caplog) == [("transport", subject, "status.unavailable")]

    host.documents[PATH] = crl()
    refresh(node)
    del host.documents[PATH]
    refresh(node)

    assert told(caplog) == [("transport", subject, "status.unavailable")]


def test_the_last_good_list_serves_until_its_next_update_and_no_longer(node: Node, host: CrlHost) -> None:
    host.documents[PATH] = crl(life=2 * HOUR)
    refresh(node)
    del host.documents[PATH]

    refresh(node)
    node.clock.turn(seconds=HOUR.total_seconds() - 1)
    assert asked(node) == GOOD
    node.clock.turn(seconds=1)
    assert asked(node) == UNKNOWN


def test_a_number_that_falls_is_refused_after_a_restart_and_what_was_held_serves_on(
    node: Node, host: CrlHost, caplog: pytest.LogCaptureFixture
) -> None:
    host.documents[PATH] = crl(number=8, revoked=True)
    refresh(node)
    host.documents[PATH] = crl(number=7)

    again = restarted(node)
    assert asked(again) == REVOKED
    refresh(again)

    assert asked(again) == REVOKED
    assert told(caplog) == [("freshness", f"crl/SG {host.address(PATH)}", "status.crl_rollback")]


def test_a_number_that_falls_is_refused_though_the_octets_are_lost(
    node: Node, host: CrlHost, caplog: pytest.LogCaptureFixture
) -> None:
    host.documents[PATH] = crl(number=8, revoked=True)
    refresh(node)
    host.documents[PATH] = crl(number=7)
    (node.settings.state_dir / crl_floors.STORE / CURRENT).write_text("damaged")

    again = restarted(node)
    refresh(again)

    assert "what was held of revocation is not used" in caplog.text
    assert asked(again) == UNKNOWN
    host.documents[PATH] = crl(number=9)
    refresh(again)
    assert asked(again) == asked(restarted(again)) == GOOD


def test_a_node_starts_from_the_lists_it_held_without_asking_anybody(node: Node, host: CrlHost) -> None:
    host.documents[PATH] = crl()
    refresh(node)
    before = node.app.state.trust.current().verifier.status.id

    again = restarted(node)

    assert asked(again) == GOOD
    assert again.app.state.trust.current().verifier.status.id == before
    assert host.asked == [PATH]


def test_one_bad_list_of_two_is_told_and_the_other_counts(
    tmp_path: Path, host: CrlHost, caplog: pytest.LogCaptureFixture
) -> None:
    node = node_demanding(tmp_path, {SERVICE: [host.address(PATH)], "id-pid": [host.address("/id.crl")]})
    host.documents = {PATH: crl(), "/id.crl": b"<html>"}

    refresh(node)

    assert asked(node) == GOOD
    assert told(caplog) == [("parse_failed", f"crl/ID {host.address('/id.crl')}", "status.crl_invalid")]


def test_a_report_names_the_status_snapshot_and_its_octets_are_kept(node: Node, host: CrlHost) -> None:
    kept = set()
    for number in (7, 8):
        host.documents[PATH] = crl(number=number)
        refresh(node)
        kept.add(node.ask(PRESENTATION).json()["status_snapshot"])

    store = SnapshotStore(node.settings.state_dir / crl_floors.STORE)
    about = {store.named(name).about["status_snapshot"]: store.named(name).files for name in store.ids()}
    assert about.keys() == kept
    assert all(octets for files in about.values() for octets in files.values())


def test_what_was_long_not_in_force_and_is_held_by_nobody_goes(node: Node, host: CrlHost) -> None:
    store = SnapshotStore(node.settings.state_dir / crl_floors.STORE)
    host.documents[PATH] = crl()
    refresh(node)
    first = store.ids()
    host.documents[PATH] = crl(number=8)
    refresh(node)

    node.clock.turn(hours=24 * (node.settings.snapshot_days + 1))
    host.documents[PATH] = crl(number=9, made=node.clock.now() - HOUR)
    refresh(node)

    assert len(store.ids()) == 2  # the one before was in force until now
    assert not {*first} & {*store.ids()}


def test_nothing_is_used_that_could_not_be_written_down(
    node: Node, host: CrlHost, caplog: pytest.LogCaptureFixture
) -> None:
    host.documents[PATH] = crl()
    floors = node.settings.state_dir / crl_floors.FILE
    octets = floors.read_bytes()
    floors.unlink()
    for _ in range(3):
        refresh(node)

    assert asked(node) == UNKNOWN
    assert caplog.text.count("revocation lists not taken: system.configuration") == 1
    floors.write_bytes(octets)
    refresh(node)
    assert asked(node) == GOOD


def test_the_numbers_are_on_disk_before_anything_else_of_a_round(node: Node, host: CrlHost) -> None:
    host.documents[PATH] = crl(number=8)
    store = node.settings.state_dir / crl_floors.STORE
    store.rmdir()
    refresh(node)

    assert numbers(node) == ["8"]
    assert asked(node) == UNKNOWN
    store.mkdir()
    refresh(node)
    assert asked(node) == GOOD


def test_what_nobody_foresaw_leaves_in_force_what_was(
    node: Node, host: CrlHost, caplog: pytest.LogCaptureFixture
) -> None:
    host.documents[PATH] = crl()
    refresh(node)

    prefetch = prefetch_of(node, lambda: int("nonsense"))
    asyncio.run(prefetch.look())

    assert "unexpected ValueError, correlation_id=prefetch" in caplog.text
    assert asked(node) == GOOD


def test_a_new_trust_snapshot_keeps_what_is_known_of_revocation(node: Node, host: CrlHost) -> None:
    host.documents[PATH] = crl(revoked=True)
    refresh(node)

    node.clock.turn(seconds=60)
    node.region.with_status("my-login", "withdrawn", at=node.clock.now()).publish(node.directory)
    asyncio.run(node.app.state.reload.look())

    assert asked(node) == REVOKED


def test_a_list_that_names_other_addresses_is_asked_there_and_what_it_no_longer_names_is_not_held(
    node: Node, host: CrlHost
) -> None:
    host.documents = {PATH: crl(), "/new.crl": crl(number=8, revoked=True)}
    refresh(node)

    node.clock.turn(seconds=60)
    demanding({SERVICE: [host.address("/new.crl")]}, region=node.region, at=node.clock.now()).publish(node.directory)
    asyncio.run(node.app.state.reload.look())
    refresh(node)

    assert host.asked == [PATH, "/new.crl"]
    assert asked(node) == REVOKED


def test_a_question_asked_again_is_answered_as_before_unless_the_certificate_was_revoked(
    node: Node, host: CrlHost
) -> None:
    host.documents[PATH] = crl()
    refresh(node)
    exchange = node.case(PRESENTATION).exchange
    first = node.put(exchange, idempotency_key="order-0001").json()

    host.documents[PATH] = crl(number=8)
    refresh(node)
    again = node.put(exchange, idempotency_key="order-0001").json()
    host.documents[PATH] = crl(number=9, revoked=True)
    refresh(node)

    assert unreceipted(again) == unreceipted(first)
    assert verdict_of(node.put(exchange, idempotency_key="order-0001")) == REVOKED


def test_a_request_keeps_the_status_snapshot_that_it_began_with(node: Node, host: CrlHost) -> None:
    trust = node.app.state.trust
    host.documents[PATH] = crl()
    refresh(node)
    begun = trust.current()

    host.documents[PATH] = crl(number=8, revoked=True)
    refresh(node)

    assert trust.held(begun.id) is begun
    assert trust.current().snapshot is begun.snapshot
    assert trust.current().verifier.status.id != begun.verifier.status.id


class Counted:
    """A source that has nothing, does ``then`` whenever it is asked, and counts."""

    def __init__(self, then: Callable[[], object]) -> None:
        self.then = then
        self.count = 0

    def fetch(self, url: str, *, max_bytes: int) -> bytes:
        self.count += 1
        self.then()
        raise FetchError(f"nothing at {url}, of {max_bytes} octets or less")


def prefetch_of(node: Node, then: Callable[[], object]) -> Prefetch:
    settings = node.settings
    revocations = Revocations(
        settings.state_dir, settings.environment, source=Counted(then), clock=node.clock, retention=DAY
    )
    return Prefetch(revocations, trust=node.app.state.trust, bell=Bell(node.clock))


def test_a_node_looks_at_once_and_again_as_soon_as_other_lists_are_in_force(node: Node) -> None:
    async def watched() -> int:
        loop, looked = asyncio.get_running_loop(), asyncio.Semaphore(0)
        prefetch = prefetch_of(node, lambda: loop.call_soon_threadsafe(looked.release))
        pace = Pace(timedelta(hours=1))
        watch = asyncio.create_task(prefetch.watch(pace=pace, randomness=SystemRandomness()))
        await looked.acquire()
        prefetch.hurry()
        await looked.acquire()
        watch.cancel()
        return 2

    assert asyncio.run(asyncio.wait_for(watched(), 120)) == 2


def test_a_node_looks_again_when_its_time_has_come(node: Node) -> None:
    async def watched() -> None:
        loop, looked = asyncio.get_running_loop(), asyncio.Semaphore(0)
        prefetch = prefetch_of(node, lambda: loop.call_soon_threadsafe(looked.release))
        pace = Pace(timedelta(microseconds=1), jitter=True)
        watch = asyncio.create_task(prefetch.watch(pace=pace, randomness=SystemRandomness()))
        for _ in range(3):
            await looked.acquire()
        watch.cancel()

    asyncio.run(asyncio.wait_for(watched(), 120))


def test_a_node_without_its_numbers_does_not_start(node: Node) -> None:
    (node.settings.state_dir / crl_floors.FILE).unlink()

    with pytest.raises(ConfigurationError, match=r"revocation\.json is missing"):
        create_app(node.settings, clock=node.clock)


def test_a_node_that_is_older_than_the_file_of_its_numbers_begins_that_file_alone_on_purpose(node: Node) -> None:
    folder, environment = node.settings.state_dir, node.settings.environment
    begin = distribution_of(node.settings).repository.initialise
    (folder / crl_floors.FILE).unlink()
    floors = (folder / "floors.json").read_bytes()

    begin_memory(folder, environment, begin=begin)

    assert (folder / "floors.json").read_bytes() == floors
    assert restarted(node).app.state.trust.current().verifier.status == EMPTY_STATUS
    with pytest.raises(ConfigurationError, match="is there already"):
        begin_memory(folder, environment, begin=begin)


@pytest.mark.parametrize("address", ["https://", "https://[::1", "https://a b.example/1", "https://user@sg.example/1"])
def test_an_address_that_names_no_host_is_out_of_reach(address: str) -> None:
    with pytest.raises(FetchError):
        ListedHosts(Environment.SANDBOX).fetch(address, max_bytes=8)


def test_only_a_sandbox_fetches_from_this_machine(host: CrlHost) -> None:
    host.documents[PATH] = b"a list"

    with pytest.raises(FetchError, match="may not be fetched from"):
        ListedHosts(Environment.LIVE).fetch(host.address(PATH), max_bytes=8)
    assert host.asked == []
    assert ListedHosts(Environment.SANDBOX).fetch(host.address(PATH), max_bytes=8) == b"a list"
