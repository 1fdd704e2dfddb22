"""The doctor at a node that is described by its settings: what would keep it from starting, or let it go wrong."""

import json
import shutil
import socket
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from idbridge.cli import finding
from idbridge.cli.finding import Finding
from idbridge.cli.main import root
from idbridge.clock import SystemClock
from idbridge.evidence.writer import LogWriter
from idbridge.limits import LIMITS
from idbridge.model.region import Environment
from idbridge.tlog.leaf import LeafType
from idbridge_gateway import examination
from idbridge_gateway.evidence.opening import log_opener
from idbridge_gateway.examination import examined
from idbridge_gateway.examination_log import look_at_log, span
from idbridge_gateway.metrics.figures import Figures
from idbridge_gateway.metrics.serving import metrics_app
from idbridge_gateway.ports import Held, held_by
from idbridge_gateway.registry.database import database_address, engine_to, make_file, transaction
from idbridge_gateway.registry.schema import upgrade
from idbridge_gateway.serving import LOOPBACK, BackgroundServer, listen
from idbridge_gateway.settings import Settings
from idbridge_gateway.standing import latch
from tests.gateway.asking import Node
from tests.gateway.distributed import lay_down, settings_in, the_present_region
from tests.gateway.redis_server import redis_server
from tests.gateway.working import variables


@pytest.fixture(scope="module")
def laid(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The settings of a node in order that no test changes the files of."""
    directory = tmp_path_factory.mktemp("node")
    lay_down(directory)
    return settings_in(directory, the_present_region())


class Deployed:
    """A node that the environment variables of this process describe, until the test ends."""

    def __init__(self, settings: Settings, patch: pytest.MonkeyPatch) -> None:
        self.settings = settings
        self._patch = patch
        with listen(LOOPBACK, 0) as unused:
            port = unused.getsockname()[1]
        for name, folder in settings:
            if name.startswith("log_") and name.endswith("_dir") and folder is not None:
                folder.mkdir(parents=True, exist_ok=True)
        self.tell(**variables(settings, port=str(port)))

    def tell(self, **variables_: str) -> None:
        for name, value in variables_.items():
            self._patch.setenv(name if name.startswith("IDBRIDGE_") else f"IDBRIDGE_{name.upper()}", value)

    def found(self) -> dict[str, Finding]:
        found = {one.check: one for one in examined({"IDBRIDGE_STATE_DIR": "set"})}
        assert all((one.result == finding.ERROR) is (one.exit_code != 0) for one in found.values())
        return found

    def errors(self) -> dict[str, int]:
        return {one.check: int(one.exit_code) for one in self.found().values() if one.result == finding.ERROR}


@pytest.fixture
def deployed(laid: Settings, monkeypatch: pytest.MonkeyPatch) -> Deployed:
    return Deployed(laid, monkeypatch)


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Deployed:
    """A node whose files the test may change."""
    lay_down(tmp_path)
    return Deployed(settings_in(tmp_path, the_present_region()), monkeypatch)


def test_what_keeps_a_node_from_starting_is_an_error_whichever_file_it_is(own: Deployed) -> None:
    assert own.settings.relying_parties_file is not None
    registered = own.settings.relying_parties_file.read_bytes()
    own.settings.relying_parties_file.write_bytes(b"\xff")
    assert own.errors() == {"start": 5}

    own.settings.relying_parties_file.write_bytes(registered)
    own.tell(webhook_key_file=str(own.settings.pairwise_key_file))

    assert own.errors() == {"start": 5}


def test_no_hint_of_the_doctor_sends_to_the_doctor(own: Deployed) -> None:
    own.settings.pairwise_key_file.write_bytes(b"\xff")
    own.tell(redis_url="redis://127.0.0.1:1/0")

    found = own.found()

    assert {"signing", "store"} <= {name for name, one in found.items() if one.result == finding.ERROR}
    assert all(one.hint and "idbridge doctor" not in one.hint for one in found.values() if one.result == finding.ERROR)


def begun_log(own: Deployed) -> LogWriter:
    """The log of a node with two entries, open for writing."""
    assert own.settings.log_dir is not None
    own.settings.log_dir.rmdir()
    opened = log_opener(own.settings, clock=SystemClock())()
    for _ in range(2):
        opened.append_blocking(LeafType.START, {"ver": "1"})
    return opened


def test_a_log_that_is_not_there_or_damaged_or_whose_key_cannot_be_read_is_an_error(own: Deployed) -> None:
    assert own.settings.log_dir is not None
    assert own.settings.log_key_file is not None
    assert own.found()["log"].words == "not begun yet, which a practice node does by itself"
    live = own.settings.model_copy(update={"environment": Environment.LIVE, "log_passphrase_file": None})
    absent = look_at_log(live, SystemClock())
    begun_log(own).close()
    (own.settings.log_dir / "checkpoint").write_bytes(b"no checkpoint")
    damaged = own.found()["log"]
    own.settings.log_key_file.write_bytes(b"no key")
    locked_out = own.found()["log"]

    assert [one.exit_code for one in (absent, damaged, locked_out)] == [5, 5, 5]


def test_a_log_of_a_backup_is_an_error_and_one_that_the_store_of_heads_knows_is_not(
    own: Deployed, tmp_path: Path
) -> None:
    assert own.settings.log_dir is not None
    begun_log(own).close()
    shutil.copytree(own.settings.log_dir, tmp_path / "backup")
    good = own.found()["log"]
    with closing(log_opener(own.settings, clock=SystemClock())()) as opened:
        opened.append_blocking(LeafType.START, {"ver": "1"})
        written = own.found()["log"]
    shutil.rmtree(own.settings.log_dir)
    shutil.copytree(tmp_path / "backup", own.settings.log_dir)

    restored = own.found()["log"]

    assert (good.result, written.result, restored.exit_code) == (finding.OK, finding.OK, 5)
    assert good.words == "2 entries, published 0 min ago, nobody has it, and the store of heads agrees"
    assert written.words.endswith("a node writes to it")


def test_a_store_of_heads_that_is_gone_is_a_warning(own: Deployed) -> None:
    begun_log(own).close()
    heads = own.settings.log_heads_dir
    assert heads is not None
    (heads / ".lock").unlink()
    (heads / ".lock").mkdir()

    assert "cannot be asked" in own.found()["log"].words


@pytest.mark.parametrize(
    ("time", "words"),
    [
        (timedelta(seconds=-5), "0 min"), (timedelta(minutes=59), "59 min"), (timedelta(minutes=1436), "23 h 56 min"),
        (timedelta(hours=48), "2 days"),
    ],
)  # fmt: skip
def test_spans_are_told_in_units_that_people_read(time: timedelta, words: str) -> None:
    assert span(time) == words


def test_settings_that_contradict_themselves_are_an_error_and_nothing_else_is_said(deployed: Deployed) -> None:
    deployed.tell(workers="2")

    found = deployed.found()

    assert found.keys() == {"settings"}
    assert found["settings"].exit_code == 5
    assert "IDBRIDGE_REDIS_URL" in found["settings"].words


def test_files_that_are_not_there_or_that_others_may_read_are_errors(own: Deployed) -> None:
    assert own.settings.relying_parties_file is not None
    own.settings.relying_parties_file.unlink()
    own.settings.pairwise_key_file.chmod(0o644)

    found = own.found()

    assert "IDBRIDGE_RELYING_PARTIES_FILE" in found["node files"].words
    assert found["permissions"].words == "others may read pairwise.json"
    assert own.errors() == {"node files": 5, "permissions": 5, "signing": 5}


def test_trust_material_that_cannot_be_used_is_an_error_of_trust(own: Deployed) -> None:
    assert own.settings.trust_dir is not None
    for path in (own.settings.trust_dir / "metadata").glob("*.json"):
        path.write_text("{}", encoding="utf-8")

    assert own.errors() == {"node trust": 4}


def test_a_key_that_no_list_grants_is_an_error(own: Deployed, deployed: Deployed) -> None:
    assert own.settings.assertion_key_file is not None
    other = the_present_region().keys.decryption[own.settings.state][0]
    own.settings.assertion_key_file.write_bytes(other.pem().encode("ascii"))
    own.tell(**variables(own.settings))

    found = own.found()["signing"]

    assert found.exit_code == 5


def test_a_clock_behind_what_was_signed_is_an_error(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    class Behind:
        def now(self) -> object:
            return the_present_region().made_at - 3 * LIMITS.list_issue_skew

    monkeypatch.setattr(examination, "SystemClock", Behind)

    assert deployed.errors() == {"node trust": 4}


def test_a_clock_behind_pinned_lists_is_an_error(node: Node) -> None:
    state = node.app.state.trust.in_force
    newest = max(state.snapshot.provenance(listed).issued_at for listed in state.snapshot.lists)

    behind = examination._clock(state, newest - LIMITS.list_issue_skew - timedelta(seconds=1))

    assert (behind.result, behind.exit_code) == (finding.ERROR, 5)
    assert examination._clock(state, newest - LIMITS.list_issue_skew).result == finding.OK


def test_a_store_that_does_not_answer_or_evicts_is_an_error(deployed: Deployed, tmp_path: Path) -> None:
    deployed.tell(redis_url="redis://127.0.0.1:1/0")
    assert deployed.errors() == {"store": 5}
    with redis_server(tmp_path, "--maxmemory-policy", "allkeys-lru") as evicting:
        deployed.tell(redis_url=evicting.url)
        assert "noeviction" in deployed.found()["store"].words
    with redis_server(tmp_path) as fit:
        deployed.tell(redis_url=fit.url)
        assert deployed.found()["store"].result == finding.OK


def test_a_database_that_is_not_there_or_of_another_environment_is_an_error(deployed: Deployed, tmp_path: Path) -> None:
    import asyncio

    async def made(environment: Environment, url: str) -> None:
        address = database_address(url)
        make_file(address)
        engine = engine_to(address)
        async with transaction(engine) as connection:
            await upgrade(connection, environment)
        await engine.dispose()

    deployed._patch.delenv("IDBRIDGE_RELYING_PARTIES_FILE")
    url = f"sqlite:///{tmp_path / 'registry.db'}"
    deployed.tell(database_url=url)
    assert deployed.errors() == {"database": 5}
    asyncio.run(made(Environment.SANDBOX, url))
    assert deployed.found()["database"].result == finding.OK
    other = f"sqlite:///{tmp_path / 'live.db'}"
    asyncio.run(made(Environment.LIVE, other))
    deployed.tell(database_url=other)
    assert deployed.errors() == {"database": 5}


def test_a_port_of_another_program_is_an_error_and_that_of_a_node_is_not(deployed: Deployed) -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        taken.settimeout(0)
        deployed.tell(metrics_port=str(taken.getsockname()[1]))
        assert deployed.errors() == {"metrics port": 5}
    with BackgroundServer(metrics_app(Figures().reading, routes=frozenset())) as server:
        deployed.tell(metrics_port=server.url.rpartition(":")[2])
        assert deployed.found()["metrics port"].words.endswith("is answered by a node")
    assert held_by("192.0.2.1", 80) is Held.NOT_OURS


def test_a_disk_that_is_nearly_full_is_an_error(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examination, "free_share", lambda _: LIMITS.disk_unready - 0.01)

    found = deployed.found()["disk"]

    assert (found.exit_code, found.words) == (5, "9% of the disk of IDBRIDGE_STATE_DIR is free")


def test_a_latched_canary_is_an_error_and_none_a_warning(own: Deployed) -> None:
    assert own.found()["canary"].result == finding.WARNING

    latch(own.settings.state_dir, "a forged sample of SG was accepted")

    assert own.errors() == {"canary": 5}
    assert "--release-canary" in own.found()["canary"].hint


def test_samples_of_which_a_state_has_none_are_a_warning(own: Deployed, tmp_path: Path) -> None:
    folder = tmp_path / "samples"
    folder.mkdir()
    (tmp_path / "key").write_text("idb_test_x", encoding="ascii")
    (tmp_path / "key").chmod(0o600)
    own.tell(canary_dir=str(folder), canary_key_file=str(tmp_path / "key"))
    assert own.errors() == {"samples": 5}
    (folder / "sg.json").write_text('{"state":"SG","expect":"accepted","request":{}}', encoding="utf-8")

    found = own.found()["samples"]

    assert found.result == finding.WARNING
    assert "SG forged" in found.words
    assert "SG good" not in found.words


def test_keys_that_may_be_swapped_to_a_disk_are_a_warning(
    deployed: Deployed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tmp_path / "swaps"
    table.write_text("Filename Type Size Used Priority\n/swap file 1 0 -2\n", encoding="ascii")
    monkeypatch.setattr(examination, "_SWAPS", table)

    assert deployed.found()["memory"].result == finding.WARNING


def test_a_node_in_order_has_no_errors_and_the_table_says_so(
    deployed: Deployed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shown = CliRunner().invoke(root, ["doctor"])
    told = CliRunner().invoke(root, ["doctor", "--json"])

    assert shown.exit_code == 0, shown.output
    assert "✓" in shown.output
    assert "✗" not in shown.output
    results = {row["check"]: row["result"] for row in json.loads(told.stdout)["results"]}
    assert set(results.values()) <= {"ok", "warning"}
    assert {"settings", "node files", "permissions", "node trust", "clock", "signing", "store", "database", "log",
            "disk", "canary", "port", "memory", "start"} <= results.keys()  # fmt: skip


def test_an_error_ends_the_command_by_its_code_and_a_cross(
    own: Deployed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    latch(own.settings.state_dir, "a forged sample of SG was accepted")
    monkeypatch.chdir(tmp_path)
    shown = CliRunner().invoke(root, ["doctor"])

    assert shown.exit_code == 5
    assert "✗" in shown.output


def test_without_a_node_in_the_environment_nothing_is_looked_at() -> None:
    assert not [*examined({})]


def test_looks_that_cannot_be_loaded_are_a_warning() -> None:
    def load() -> finding.Looks:
        raise ImportError("no module")

    (found,) = finding._loaded(load, "somewhere:looks")({})

    assert found.result == finding.WARNING
