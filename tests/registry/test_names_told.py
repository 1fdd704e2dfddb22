"""``idbridge rp`` refuses a registration under a name of the node itself, as far as it is told which node that is."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from idbridge_gateway.settings import Settings
from tests.gateway.asking import Node
from tests.gateway.upstreaming import by_key, write_clients
from tests.registry.kit import LEAST
from tests.registry.test_commands import called

ISSUER = "https://sandbox.login.sg.example"


def of_node(settings: Settings, **changes: str | None) -> dict[str, str | None]:
    """The variables by which a node would start with these settings."""
    kept = {name: value for name, value in settings.model_dump(mode="json").items() if value is not None}
    variables: dict[str, str | None] = {f"IDBRIDGE_{name.upper()}": str(value) for name, value in kept.items()}
    return {**variables, "IDBRIDGE_DATABASE_URL": None, **changes}


def add(env: Mapping[str, str | None], *arguments: str, **members: Any) -> Result:
    return called("rp", "add", "-", *arguments, env=env, given=json.dumps({**LEAST, **members}))


@pytest.fixture
def env(own_node: Node) -> dict[str, str | None]:
    path = write_clients(own_node.settings, sg_login=by_key(ISSUER, client_id="node-th"))
    return of_node(own_node.settings.model_copy(update={"upstream_clients_file": path}))


@pytest.mark.parametrize("arguments", [(), ("--dry-run",), ("--replace",)])
@pytest.mark.parametrize("what", ["audience", "address as a client", "redirect", "client at a provider"])
def test_a_registration_that_names_the_node_is_refused_and_not_written(
    env: dict[str, str | None], what: str, arguments: tuple[str, ...]
) -> None:
    node = str(env["IDBRIDGE_NODE_URL"])
    client = {"id": "bakery-till", "profile": "oidc-code", "redirect_uris": [f"{node}/callback"]}
    members: dict[str, dict[str, Any]] = {
        "audience": {"audiences": [node]},
        "address as a client": {"clients": {ISSUER: [node]}},
        "redirect": {"oidc_clients": [client]},
        "client at a provider": {"clients": {ISSUER: ["node-th"]}},
    }
    if "--replace" in arguments:
        assert add(env).exit_code == 0
    file = Path(str(env["IDBRIDGE_RELYING_PARTIES_FILE"]))
    before = file.read_bytes()

    result = add(env, *arguments, **members[what])
    assert result.exit_code == 1, (result.stdout, result.stderr)
    assert "what is the node's own" in result.stderr
    assert result.stdout == ""
    assert file.read_bytes() == before


def test_a_command_that_is_not_told_the_node_says_that_it_cannot_know_its_names(env: dict[str, str | None]) -> None:
    alone = {**dict.fromkeys(env), **{name: env[name] for name in env if name.endswith(("PARTIES_FILE", "RONMENT"))}}
    result = add(alone, audiences=[str(env["IDBRIDGE_NODE_URL"])])

    assert result.exit_code == 0
    assert "the names of the node are not known here" in result.stderr
    assert "IDBRIDGE_NODE_URL" in result.stderr


@pytest.mark.parametrize("broken", [{"IDBRIDGE_STATE": "XX"}, {"IDBRIDGE_UPSTREAM_CLIENTS_FILE": "/nowhere.json"}])
def test_settings_that_are_broken_tell_no_names_and_the_command_says_why(
    env: dict[str, str | None], broken: dict[str, str]
) -> None:
    result = add({**env, **broken})

    assert result.exit_code == 0
    assert "the names of the node are not known here" in result.stderr


@pytest.mark.parametrize("what", ["audience", "redirect", "webhook"])
def test_where_only_the_address_of_the_node_is_told_nobody_is_registered_under_it(
    env: dict[str, str | None], what: str
) -> None:
    told = ("PARTIES_FILE", "RONMENT", "NODE_URL")
    alone = {**dict.fromkeys(env), **{name: env[name] for name in env if name.endswith(told)}}
    node = str(env["IDBRIDGE_NODE_URL"])
    client = {"id": "bakery-till", "profile": "oidc-code", "redirect_uris": [f"{node}/callback"]}
    members: dict[str, dict[str, Any]] = {
        "audience": {"audiences": [node]},
        "redirect": {"oidc_clients": [client]},
        "webhook": {"webhook": f"{node}/hook"},
    }
    result = add(alone, **members[what])

    assert result.exit_code == 1, (result.stdout, result.stderr)
    assert "what is the node's own" in result.stderr


def test_an_address_of_the_node_that_is_none_is_no_name(env: dict[str, str | None]) -> None:
    assert add({**env, "IDBRIDGE_NODE_URL": "https://node.th.example:x"}).exit_code == 0


def test_a_registration_that_names_nobody_else_is_taken_without_a_word(env: dict[str, str | None]) -> None:
    result = add(env)

    assert result.exit_code == 0
    assert "names of the node" not in result.stderr
