"""The container file starts a database that the gateway reaches by its socket, and by nothing else."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from idbridge.clock import SystemClock
from idbridge.model.region import MemberState
from idbridge.sandbox.region import Region
from idbridge_gateway.demo.nodes import lay_out
from idbridge_gateway.registry.database import database_address
from tests.gateway.test_commands import variables
from tests.registry.conftest import Database
from tests.registry.postgres_server import postgres_server
from tests.source import ROOT

COMPOSE = ROOT / "compose.yaml"
SOCKET = "/var/run/postgresql"


@pytest.fixture(scope="module")
def compose() -> Any:
    return YAML(typ="safe").load(COMPOSE.read_text(encoding="utf-8"))


def told_url() -> str:
    """The address that the file tells its reader to use."""
    (found,) = re.findall(r"IDBRIDGE_DATABASE_URL='(\S+)'", COMPOSE.read_text(encoding="utf-8"))
    return str(found)


def run(*words: str, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("idbridge")
    return subprocess.run(
        [program, *words], env={**os.environ, **env}, capture_output=True, text=True, timeout=120, check=False
    )


def test_the_gateway_finds_the_database_where_it_listens_and_no_network_leads_there(compose: Any) -> None:
    postgres, gateway = compose["services"]["postgres"], compose["services"]["gateway"]
    listens = {mount["target"]: mount["source"] for mount in postgres["volumes"]}
    placed = {mount["source"]: mount["target"] for mount in gateway["volumes"]}

    assert postgres["command"][-1] == f"unix_socket_directories={SOCKET}"
    assert "listen_addresses=" in postgres["command"]
    assert postgres["network_mode"] == "none"
    assert database_address(told_url()).told["host"] == placed[listens[SOCKET]]
    assert postgres["environment"]["POSTGRES_DB"] == database_address(told_url()).url.database
    assert postgres["environment"]["POSTGRES_USER"] == database_address(told_url()).url.username


def test_a_gateway_starts_with_the_database_of_the_file_once_it_was_made(compose: Any, tmp_path: Path) -> None:
    """The database is started by the words of the file, at a place of this machine."""
    region = Region.generate(at=SystemClock().now().replace(microsecond=0))
    settings = lay_out(region, tmp_path)[MemberState.TH]
    words = [word.replace(SOCKET, "{}") for word in compose["services"]["postgres"]["command"][1:]]
    with postgres_server(*words) as server:
        Database(server.url).outside_a_transaction("CREATE DATABASE idbridge")
        url = told_url().replace("/run/postgresql", str(server.folder))
        env = {**variables(settings), "IDBRIDGE_RELYING_PARTIES_FILE": "", "IDBRIDGE_DATABASE_URL": url}

        before = run("serve", "--check", env=env)
        upgraded = run("db", "upgrade", env=env)
        after = run("serve", "--check", env=env)

    assert before.returncode == 5
    assert "db upgrade" in before.stderr
    assert upgraded.returncode == 0, upgraded.stderr
    assert after.returncode == 0, after.stderr
    assert "in a database" in after.stdout
