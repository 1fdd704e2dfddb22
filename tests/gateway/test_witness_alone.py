"""A witness without a node: first all that it refuses, to start with and to put its name to."""

import asyncio
import os
import re
import subprocess
from pathlib import Path

import httpx2
import pytest
from click.testing import CliRunner

from idbridge.cli.groups import RootGroup
from idbridge.errors import ConfigurationError
from idbridge.model.region import MemberState
from idbridge.sandbox.region import Region
from idbridge.tlog import note
from idbridge_gateway.demo.nodes import lay_out
from idbridge_gateway.serving import BackgroundServer
from idbridge_gateway.settings import Settings, WitnessSettings, read_witness_settings
from idbridge_gateway.standing import ENDING, FULL
from idbridge_gateway.witness.alone import Alone
from tests.cli.ended import Ended
from tests.gateway.asking import BASE, problem_of, the_region
from tests.gateway.clocks import HandClock
from tests.gateway.distributed import the_present_region
from tests.gateway.test_ending import get
from tests.gateway.witnessing import PATH, body_of, signer_of
from tests.gateway.working import _COMMAND, PATIENCE

SG, TH = MemberState.SG, MemberState.TH
SHARED = {
    "environment", "state", "trust_dir", "pins_file", "state_dir", "witness_name", "witness_key_file",
}  # fmt: skip


def settings_of(directory: Path, region: Region) -> WitnessSettings:
    """What the witness of Thailand is told, and nothing that only a node needs."""
    settings = lay_out(region, directory)[TH]
    return read_witness_settings(**{name: getattr(settings, name) for name in SHARED})


@pytest.fixture(scope="module")
def laid_out(tmp_path_factory: pytest.TempPathFactory) -> WitnessSettings:
    """The settings of a witness that confirms nothing in these tests."""
    return settings_of(tmp_path_factory.mktemp("witness"), the_region())


@pytest.fixture
def alone(tmp_path: Path) -> Alone:
    """A witness that has not confirmed anything yet."""
    return Alone(settings_of(tmp_path, the_region()), clock=HandClock())


def ask(alone: Alone, method: str, path: str, body: bytes = b"") -> httpx2.Response:
    async def asked() -> httpx2.Response:
        transport = httpx2.ASGITransport(app=alone.app, client=("127.0.0.1", 40000))
        async with httpx2.AsyncClient(transport=transport, base_url=BASE) as client:
            return await client.request(method, path, content=body)

    return asyncio.run(asked())


@pytest.mark.parametrize("missing", ["witness_name", "witness_key_file", "pins_file", "trust_dir"])
def test_a_witness_without_name_key_or_trust_material_does_not_start(laid_out: WitnessSettings, missing: str) -> None:
    given = {name: getattr(laid_out, name) for name in SHARED - {missing}}

    with pytest.raises(ConfigurationError, match=f"IDBRIDGE_{missing.upper()}") as refused:
        read_witness_settings(**given)
    assert refused.value.code == "system.configuration"


def test_a_witness_does_not_start_on_trust_material_of_the_other_environment(laid_out: WitnessSettings) -> None:
    live = laid_out.model_copy(update={"environment": "live"})

    with pytest.raises(ConfigurationError):
        Alone(live, clock=HandClock())


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/verify"),
        ("POST", "/readyz/more"),
        ("GET", "/log/checkpoint"),
        ("GET", "/openapi.json"),
        ("GET", "/"),
    ],
)
def test_a_witness_answers_at_no_other_address(alone: Alone, method: str, path: str) -> None:
    assert problem_of(ask(alone, method, path), 404) == "input.not_found"


def test_a_witness_says_that_it_is_not_ready_while_it_could_not_remember_or_is_told_to_end(alone: Alone) -> None:
    assert ask(alone, "GET", "/healthz").json() == {"status": "up"}
    ready = ask(alone, "GET", "/readyz")
    assert (ready.status_code, ready.json()["trust_snapshot"]) == (200, alone.trust.in_force.snapshot.id)
    assert "TH" in ready.json()["usable_states"]

    alone.standing._free_of = lambda _: 0.01
    alone.standing.look()
    full = ask(alone, "GET", "/readyz")
    alone.standing.end()
    ended = ask(alone, "GET", "/readyz")

    assert [problem_of(one, 503) for one in (full, ended)] == ["system.not_ready"] * 2
    assert (full.json()["detail"], ended.json()["detail"]) == (FULL, f"{ENDING}; {FULL}")
    assert int(ended.headers["retry-after"]) > 0
    assert ask(alone, "GET", "/healthz").status_code == 200


def test_a_witness_whose_lists_are_all_out_of_date_is_not_ready(tmp_path: Path) -> None:
    clock = HandClock()
    late = Alone(settings_of(tmp_path, the_region()), clock=clock)
    clock.turn(seconds=400 * 86_400)

    assert problem_of(ask(late, "GET", "/readyz"), 503) == "system.not_ready"


def test_a_witness_that_is_told_to_end_ends_well(node: Settings) -> None:
    told = node.model_dump(mode="json", exclude_none=True)
    env = {
        **os.environ,
        **{f"IDBRIDGE_{name.upper()}": str(value) for name, value in told.items()},
        "IDBRIDGE_PORT": "0",
    }
    with subprocess.Popen([*_COMMAND, "witness", "serve"], env=env, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            port = next(found[1] for line in process.stderr if (found := re.search(r"listens on \S+ port (\d+)", line)))
            with httpx2.Client(trust_env=False, timeout=60) as client:
                alive = get(client, f"http://127.0.0.1:{port}/healthz")
            process.terminate()
            rest = process.stderr.read()
            ended = process.wait(timeout=PATIENCE)
        finally:
            process.kill()

    assert (alive.status_code, ended) == (200, 0)
    assert "Traceback" not in rest


def test_a_witness_confirms_no_log_that_is_its_own_or_that_nobody_lists(alone: Alone) -> None:
    unlisted = note.note_signer("node.xx.example/log", the_region().log_service(SG).signer)

    assert ask(alone, "POST", PATH, b"").status_code == 400
    assert ask(alone, "POST", PATH, body_of(signer_of(the_region(), TH), 3)).status_code == 404
    assert ask(alone, "POST", PATH, body_of(unlisted, 3)).status_code == 404


def test_a_log_that_was_withdrawn_meanwhile_is_not_confirmed_any_more(tmp_path: Path, alone: Alone) -> None:
    signer = signer_of(the_region())
    assert ask(alone, "POST", PATH, body_of(signer, 3)).status_code == 200

    the_region().with_status("sg-log", "withdrawn", at=HandClock().now()).publish(tmp_path)
    asyncio.run(alone.reload.look())

    assert ask(alone, "POST", PATH, body_of(signer, 5, old=3)).status_code == 404


def test_a_witness_that_begins_anew_remembers_what_it_confirmed(tmp_path: Path, alone: Alone) -> None:
    signer = signer_of(the_region())
    first = ask(alone, "POST", PATH, body_of(signer, 3))
    again = Alone(settings_of(tmp_path, the_region()), clock=HandClock())

    assert ask(again, "POST", PATH, body_of(signer, 3, first=9)).status_code == 409
    with BackgroundServer(again.app) as server:
        second = httpx2.post(f"{server.url}{PATH}", content=body_of(signer, 7, old=3), trust_env=False, timeout=60)

    assert (first.status_code, second.status_code) == (200, 200)
    (line,) = note.parse_lines(second.content)
    assert (line.name, line.key_id) == (again.key.name, again.key.key_id)


def test_a_witness_that_no_list_names_knows_it(tmp_path: Path, alone: Alone) -> None:
    assert alone.is_listed()

    the_region().with_status("th-witness", "withdrawn", at=HandClock().now()).publish(tmp_path)
    asyncio.run(alone.reload.look())

    assert not alone.is_listed()


def serve(settings: Settings, *arguments: str, **changed: str) -> Ended:
    """Run `idbridge witness serve` as a shell would, with what a node is told too."""
    told = {**settings.model_dump(mode="json", exclude_none=True), **changed}
    variables = {f"IDBRIDGE_{name.upper()}": str(value) for name, value in told.items()}
    root = RootGroup("idbridge", places={"witness": "idbridge_gateway.witness.commands:witness"}, headings={})
    result = CliRunner().invoke(root, ("witness", "serve", *arguments), env={"COLUMNS": "250", **variables})
    return Ended(result.exit_code, result.stdout, result.stderr)


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The settings of a node of today: what a shell starts reads the clock of the machine."""
    return lay_out(the_present_region(), tmp_path_factory.mktemp("node"))[TH]


def test_a_witness_whose_memory_is_empty_or_missing_is_begun_on_purpose(node: Settings, tmp_path: Path) -> None:
    missing = serve(node, "--check", state_dir=str(tmp_path / "nowhere"))
    empty = serve(node, "--check", state_dir=str(tmp_path))

    assert (missing.code, empty.code) == (5, 5)
    assert "is no folder" in missing.err
    assert "`idbridge witness serve --initialise`" in empty.err
    assert serve(node, "--check", "--initialise", state_dir=str(tmp_path)).code == 0
    assert serve(node, "--check", state_dir=str(tmp_path)).code == 0


def test_a_check_of_a_witness_under_another_name_warns_that_nobody_counts_it(node: Settings) -> None:
    good = serve(node, "--check")
    other = serve(node, "--check", witness_name="witness.example")

    assert (good.code, other.code) == (0, 0)
    assert "names no witness" not in good.err
    assert "TH, sandbox.witness.th.example" in good.out
    assert "the list of TH names no witness `witness.example` with this key" in other.err
