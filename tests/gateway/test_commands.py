"""``idbridge serve`` and ``idbridge demo``, as a shell calls them."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from click.testing import CliRunner, Result

from idbridge.cli.main import root
from idbridge.clock import SystemClock
from idbridge.model.randomness import SystemRandomness
from idbridge.model.region import MemberState
from idbridge.sandbox.catalogue import case_named
from idbridge.sandbox.mint import mint
from idbridge.sandbox.region import Region
from idbridge_gateway.demo.nodes import RunningNodes, lay_out, region_in
from idbridge_gateway.demo.rounds import Answered, play, summary
from idbridge_gateway.serving import listen
from idbridge_gateway.settings import Settings
from tests.gateway.distributed import lay_down, settings_in, the_present_region

Environment = Mapping[str, str]


def variables(settings: Settings) -> dict[str, str]:
    """The environment variables that say what ``settings`` say."""
    return {
        f"IDBRIDGE_{name.upper()}": str(value)
        for name, value in settings.model_dump(mode="json", exclude_none=True).items()
    }


def run(*arguments: str, env: Environment | None = None) -> Result:
    return CliRunner().invoke(root, arguments, env={"COLUMNS": "200", **(env or {})})


@pytest.fixture
def region() -> Region:
    """A region of today: what a shell starts reads the clock of the machine."""
    return Region.generate(at=SystemClock().now().replace(microsecond=0))


@pytest.fixture
def env(region: Region, tmp_path: Path) -> dict[str, str]:
    """The variables of a node of Thailand."""
    return variables(lay_out(region, tmp_path)[MemberState.TH])


@contextmanager
def started(*arguments: str, until: str, env: Environment) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process of ``idbridge``, once it has written ``until``, and what it wrote until then."""
    command = [sys.executable, "-c", "from idbridge.cli.main import main; main()", *arguments]
    with subprocess.Popen(
        command, env={**os.environ, **env}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            written = ""
            while until not in written:
                line = process.stdout.readline() if process.stdout is not None else ""
                assert line, written
                written += line
            yield process, written
        finally:
            process.kill()


def test_every_case_over_http_comes_out_as_the_catalogue_says() -> None:
    result = run("demo", "--once", "--json")

    document = json.loads(result.stdout)
    assert result.exit_code == 0, result.stderr
    assert document.keys() == {"schema", "results", "summary"}
    assert document["summary"] == {"cases": len(document["results"]), "states": 11, "unexpected": 0}
    assert len(document["results"]) >= 60
    for row in document["results"]:
        assert row["got"] == row["expected"], row
        assert row["unexpected"] is False
        assert row["ms"] > 0
    assert {row["expected"]["indication"] for row in document["results"]} == {"PASSED", "FAILED", "INDETERMINATE", None}


def test_a_surprise_is_shown_to_a_reader_and_ends_with_one(region: Region, tmp_path: Path) -> None:
    region.with_status("sg-login", "withdrawn", at=region.made_at).save(tmp_path)

    result = run("demo", "--once", "--region", str(tmp_path))

    lines = result.stdout.splitlines()
    assert result.exit_code == 1
    assert lines[0].split() == ["state", "format", "case", "expected", "got", "reason", "ms"]
    assert re.search(r"\d+ cases over 11 states, [1-9]\d* unexpected", lines[-1])
    surprise = next(line.split() for line in lines if "sg-login-opens-account" in line)
    assert surprise[:-1] == [
        "SG", "id_token", "sg-login-opens-account", "PASSED", "FAILED", "issuer.withdrawn", "(expected", "-)",
    ]  # fmt: skip


def test_a_region_is_kept_between_runs_and_its_lists_are_issued_afresh(tmp_path: Path) -> None:
    at = SystemClock().now()
    first = region_in(tmp_path, at=at)

    second = region_in(tmp_path, at=at + timedelta(days=100))

    assert second.keys == first.keys
    assert {*second.published.sequences.values()} == {2}
    assert second.snapshot(at=at + timedelta(days=100)).lists.keys() == first.published.lists.keys()


def test_json_without_once_is_a_mistake() -> None:
    assert run("demo", "--json").exit_code == 2


def test_a_region_that_is_spoilt_is_an_error_and_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "region.json").write_text("{}", encoding="utf-8")

    assert run("demo", "--once", "--region", str(tmp_path)).exit_code == 5
    assert (tmp_path / "region.json").read_text(encoding="utf-8") == "{}"


def test_a_node_that_answers_nonsense_is_a_surprise(region: Region, tmp_path: Path) -> None:
    clock = SystemClock()
    with RunningNodes(region, lay_out(region, tmp_path), clock=clock) as nodes:
        wrong = {state: f"{url}/docs?" for state, url in nodes.addresses.items()}
        case = case_named("sg-login-opens-account")
        results = list(play(region, nodes=wrong, clock=clock, randomness=SystemRandomness(), chosen=[case]))

    assert results[0].surprising
    assert results[0].got == Answered(405, None, "input.method_not_allowed")
    assert summary(results) == {"cases": 1, "states": 1, "unexpected": 1}


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_a_demo_that_stays_up_says_how_to_go_on_and_does_what_it_says(tmp_path: Path, end: signal.Signals) -> None:
    with started("demo", "--region", str(tmp_path), until="Ctrl-C", env={"COLUMNS": "200"}) as (process, written):
        url = re.search(r"node of TH\s+(http://127\.0\.0\.1:\d+)", written)
        key = re.search(r"Authorization: Bearer (idb_test_\S+)'", written)
        shown = re.search(r"sandbox mint (\S+) --region (\S+)", written)
        assert url is not None
        assert key is not None
        assert shown is not None
        minted = mint(
            case_named(shown[1]), region=Region.load(tmp_path), at=SystemClock().now(), randomness=SystemRandomness()
        )

        response = httpx2.post(
            f"{url[1]}/v1/verify",
            content=minted.body,
            headers={"authorization": f"Bearer {key[1]}", "content-type": "application/json"},
            trust_env=False,
            timeout=60,
        )
        process.send_signal(end)

        assert response.json()["accepted"] is True
        assert shown[2] == str(tmp_path)
        assert process.wait(timeout=120) == 0


def test_a_check_says_what_a_node_would_start_with(env: Environment) -> None:
    result = run("serve", "--check", env=env)

    assert result.exit_code == 0, result.stderr
    assert "sandbox" in result.stdout
    assert re.search(r"trust snapshot\s+[0-9a-f]{64}", result.stdout)
    assert "BN, ID, KH, LA, MM, MY, PH, SG, TH, TL, VN" in result.stdout


def test_a_node_that_keeps_one_time_values_in_memory_says_in_one_line_that_it_forgets_them(env: Environment) -> None:
    said = [line for line in run("serve", "--check", env=env).stderr.splitlines() if "forgotten" in line]

    assert len(said) == 1
    assert "IDBRIDGE_REDIS_URL" in said[0]


def without(name: str) -> Callable[[dict[str, str]], dict[str, str]]:
    return lambda env: {key: value for key, value in env.items() if key != name}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (without("IDBRIDGE_STATE"), "IDBRIDGE_STATE"),
        (without("IDBRIDGE_PINS_FILE"), "IDBRIDGE_PINS_FILE"),
        (lambda env: {**env, "IDBRIDGE_WORKERS": "2"}, "worker"),
        (lambda env: {**env, "IDBRIDGE_ENVIRONMENT": "live"}, "IDBRIDGE_NODE_URL|environment|live"),
        (lambda env: {**env, "IDBRIDGE_TRUST_DIR": "nowhere"}, "folder|directory"),
    ],
)
def test_a_check_ends_with_five_and_says_what_is_wrong(
    env: dict[str, str], change: Callable[[dict[str, str]], dict[str, str]], named: str
) -> None:
    result = run("serve", "--check", env={**dict.fromkeys(env), **change(env)})  # type: ignore[dict-item]

    assert result.exit_code == 5, result.stderr
    assert re.search(named, result.stderr)
    assert "idbridge: hint:" in result.stderr


@pytest.mark.parametrize("option", [("--workers", "2"), ("--host", "999.0.0.1")])
def test_an_option_that_is_not_possible_ends_with_five(env: Environment, option: tuple[str, str]) -> None:
    assert run("serve", *option, env=env).exit_code == 5


def test_a_port_that_is_taken_ends_with_five(env: Environment) -> None:
    with listen("127.0.0.1", 0) as taken:
        result = run("serve", "--port", str(taken.getsockname()[1]), env=env)

    assert result.exit_code == 5
    assert "cannot listen" in result.stderr


def test_a_node_without_any_usable_list_ends_a_check_with_four(tmp_path: Path) -> None:
    long_ago = Region.generate(at=SystemClock().now() - timedelta(days=400))
    settings = lay_out(long_ago, tmp_path)[MemberState.TH]

    result = run("serve", "--check", env=variables(settings))

    assert result.exit_code == 4, result.stderr
    assert "usable" in result.stderr


def test_the_memory_of_a_node_begins_once_and_on_purpose(region: Region, tmp_path: Path) -> None:
    settings = lay_out(region, tmp_path)[MemberState.TH]
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    env = {**variables(settings), "IDBRIDGE_STATE_DIR": str(fresh)}

    missing = run("serve", "--check", env=env)
    assert missing.exit_code == 5
    assert "serve --initialise" in missing.stderr
    assert not list(fresh.iterdir())
    assert run("serve", "--check", "--initialise", env=env).exit_code == 0
    assert run("serve", "--check", "--initialise", env=env).exit_code == 5
    assert run("serve", "--check", env=env).exit_code == 0


def test_a_node_by_tuf_begins_its_memory_and_says_how_fresh_its_trust_is(tmp_path: Path) -> None:
    lay_down(tmp_path)
    settings = settings_in(tmp_path, the_present_region())
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    env = {**variables(settings), "IDBRIDGE_STATE_DIR": str(fresh)}

    assert run("serve", "--check", env=env).exit_code == 5
    begun = run("serve", "--check", "--initialise", env=env)

    assert begun.exit_code == 0, begun.stderr
    assert "TUF: timestamp 1, good until" in begun.stdout
    (tmp_path / "tree" / "metadata" / "timestamp.json").unlink()
    assert "TUF: timestamp 1" in run("serve", "--check", env=env).stdout
    assert run("serve", "--check", env={**env, "IDBRIDGE_PINS_FILE": "pins.json"}).exit_code == 5


STATUS_HOST = ".example has no address)"  # the hosts of the region's status lists, which nobody serves here


def test_a_node_serves_and_writes_nothing_about_who_asked(region: Region, env: dict[str, str]) -> None:
    minted = mint(
        case_named("sg-login-opens-account"), region=region, at=SystemClock().now(), randomness=SystemRandomness()
    )
    with started("serve", "--port", "0", until="listens on", env=env) as (process, written):
        port = re.search(r"port (\d+)", written)
        assert port is not None
        with httpx2.Client(base_url=f"http://127.0.0.1:{port[1]}", trust_env=False, timeout=60) as client:
            answered: list[Any] = [
                client.post("/v1/verify", content=minted.body, headers=dict(minted.headers)).json()["indication"],
                client.get("/nothing/S1234567D?x=S1234567D").status_code,
            ]
        process.terminate()
        rest, _ = process.communicate(timeout=120)

    assert answered == ["PASSED", 404]
    said = [line for line in f"{written}\n{rest}".splitlines() if line and STATUS_HOST not in line]
    assert len(said) == 2
    assert sum("forgotten at a restart" in line for line in said) == 1
    assert "S1234567D" not in written + rest
