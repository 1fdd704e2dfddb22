"""Sandbox and live never mix, and a node signs only under a key that its state lists for it."""

import json
import shutil
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from idbridge.errors import ConfigurationError, TrustError
from idbridge.model.region import Environment, MemberState
from idbridge.sandbox.region import Region
from idbridge_gateway.app import create_app
from idbridge_gateway.demo.nodes import lay_out
from idbridge_gateway.settings import Settings
from tests.gateway.asking import Node, node_in, the_region, verdict_of
from tests.gateway.clocks import NOON, HandClock


@cache
def live_region() -> Region:
    return Region.generate(at=NOON - timedelta(hours=1), environment=Environment.LIVE)


@pytest.fixture
def live(tmp_path: Path) -> Settings:
    """The settings of a live node of Thailand that starts."""
    return lay_out(live_region(), tmp_path / "live")[MemberState.TH]


@pytest.fixture
def sandbox(tmp_path: Path) -> Settings:
    """The settings of a sandbox node of Thailand that starts."""
    return lay_out(the_region(), tmp_path / "sandbox")[MemberState.TH]


def start(settings: Settings, **changes: Any) -> None:
    create_app(settings.model_copy(update=changes), clock=HandClock())


def test_a_live_node_with_live_files_starts_and_decides(tmp_path: Path) -> None:
    node = node_in(tmp_path, region=live_region())

    response = node.ask("live-login-at-live-node")

    assert verdict_of(response) == ("PASSED", None)
    assert response.json()["environment"] == "live"


@pytest.mark.parametrize(
    "foreign",
    [
        ("trust_dir", "pins_file", "state_dir"),
        ("pins_file",),
        ("trust_dir",),
        ("state_dir",),
        ("relying_parties_file",),
        ("assertion_key_file",),
        ("pairwise_key_file",),
    ],
)
def test_a_live_node_with_any_file_of_a_sandbox_does_not_start(
    live: Settings, sandbox: Settings, foreign: tuple[str, ...]
) -> None:
    start(live)

    with pytest.raises((ConfigurationError, TrustError)) as caught:
        start(live, **{name: getattr(sandbox, name) for name in foreign})

    assert caught.value.code in ("system.configuration", "trust.arrangement_invalid")


def test_a_sandbox_node_with_live_files_does_not_start(live: Settings, sandbox: Settings) -> None:
    start(sandbox)

    with pytest.raises(ConfigurationError):
        start(sandbox, relying_parties_file=live.relying_parties_file)
    with pytest.raises(ConfigurationError):
        start(sandbox, pairwise_key_file=live.pairwise_key_file)


def test_a_node_does_not_sign_with_the_key_of_another_node(sandbox: Settings, tmp_path: Path) -> None:
    other = tmp_path / "sandbox" / "nodes" / "SG" / "assertion.pem"

    with pytest.raises(ConfigurationError, match="does not list the key"):
        start(sandbox, assertion_key_file=other)


def test_a_node_does_not_sign_under_another_name(sandbox: Settings) -> None:
    with pytest.raises(ConfigurationError, match="does not list the key"):
        start(sandbox, node_url="https://sandbox.node.sg.example")
    with pytest.raises(ConfigurationError, match="does not list the key"):
        start(sandbox, state=MemberState.SG)


def test_a_node_whose_key_was_withdrawn_does_not_start_again(sandbox: Settings, tmp_path: Path) -> None:
    the_region().with_status("th-node", "withdrawn", at=NOON).publish(tmp_path / "sandbox")

    with pytest.raises(ConfigurationError, match="does not list the key"):
        start(sandbox)


@pytest.mark.parametrize("name", ["assertion_key_file", "pairwise_key_file"])
def test_a_key_that_others_can_read_is_refused(sandbox: Settings, name: str) -> None:
    getattr(sandbox, name).chmod(0o644)

    with pytest.raises(ConfigurationError, match="only its owner"):
        start(sandbox)


@pytest.mark.parametrize(
    "name",
    ["trust_dir", "pins_file", "state_dir", "relying_parties_file", "assertion_key_file", "pairwise_key_file"],
)
def test_nothing_that_is_missing_is_made_up(sandbox: Settings, name: str) -> None:
    place = getattr(sandbox, name)
    if place.is_dir():
        shutil.rmtree(place)
    else:
        place.unlink()

    with pytest.raises(ConfigurationError):
        start(sandbox)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"schema":"idbridge-pairwise-key-1","environment":"sandbox"}',
        '{"schema":"idbridge-pairwise-key-2","environment":"sandbox","key":"AAAA"}',
        '{"schema":"idbridge-pairwise-key-1","environment":"sandbox","key":"AAAA"}',
        '{"schema":"idbridge-pairwise-key-1","environment":"sandbox","key":7}',
        json.dumps({"schema": "idbridge-pairwise-key-1", "environment": "sandbox", "key": "A" * 43}),
        json.dumps({"schema": "idbridge-pairwise-key-1", "environment": "sandbox", "key": "?" * 43}),
    ],
)
def test_a_pairwise_key_that_is_none_is_refused(sandbox: Settings, text: str) -> None:
    sandbox.pairwise_key_file.write_text(text, encoding="utf-8")

    with pytest.raises(ConfigurationError):
        start(sandbox)


def test_a_sandbox_node_starts_before_its_own_state_has_a_list(tmp_path: Path) -> None:
    settings = lay_out(the_region(), tmp_path)[MemberState.TH]
    (settings.trust_dir / "lists" / "TH.jws").unlink()

    start(settings)


def test_a_live_node_does_not_start_without_its_own_states_list(live: Settings) -> None:
    (live.trust_dir / "lists" / "TH.jws").unlink()

    with pytest.raises(ConfigurationError, match="does not list the key"):
        start(live)


def test_a_credential_of_the_other_environment_is_refused(tmp_path: Path) -> None:
    node: Node = node_in(tmp_path)

    assert verdict_of(node.ask("live-login-at-sandbox-node")) == ("FAILED", "recognition.environment_mismatch")
