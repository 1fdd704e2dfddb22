"""Settings: a live node never starts with what belongs to a sandbox."""

from pathlib import Path
from typing import Any

import pytest

from idbridge.cli.exits import Exit, of_error
from idbridge.errors import ConfigurationError
from idbridge_gateway.settings import is_loopback, read_settings, refuse_for_live

FILES = {
    name: Path("somewhere")
    for name in (
        "trust_dir", "pins_file", "state_dir", "relying_parties_file", "assertion_key_file", "pairwise_key_file",
    )
}  # fmt: skip


def given(**changes: Any) -> dict[str, Any]:
    return {"environment": "live", "state": "TH", "node_url": "https://node.th.example", **FILES, **changes}


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"node_url": "http://node.th.example"}, "https"),
        ({"node_url": "https://localhost"}, "this machine"),
        ({"node_url": "https://LOCALHOST."}, "this machine"),
        ({"node_url": "https://node.localhost"}, "this machine"),
        ({"node_url": "https://127.0.0.1:8443"}, "this machine"),
        ({"node_url": "https://127.9.9.9"}, "this machine"),
        ({"node_url": "https://[::1]"}, "this machine"),
        ({"node_url": "https://[::ffff:127.0.0.1]"}, "this machine"),
        ({"node_url": "https://0.0.0.0"}, "this machine"),
        ({"node_url": "ftp://node.th.example"}, "NODE_URL"),
        ({"node_url": "https://node.th.example/"}, "NODE_URL"),
        ({"node_url": "https://node.th.example?a=b"}, "NODE_URL"),
        ({"node_url": "https://me@node.th.example"}, "NODE_URL"),
        ({"node_url": ""}, "NODE_URL"),
        ({"node_url": "http://[::1"}, "NODE_URL"),
        ({"node_url": "https://[node.th.example]"}, "NODE_URL"),
        ({"node_url": "https://node.th.example:70000"}, "NODE_URL"),
        ({"node_url": "https://node.th.example:x"}, "NODE_URL"),
        ({"workers": 2}, "worker"),
        ({"workers": 0}, "WORKERS"),
        ({"environment": "test"}, "ENVIRONMENT"),
        ({"state": "XX"}, "STATE"),
        ({"port": 70000}, "PORT"),
        ({"skip_status": True}, "SKIP_STATUS"),
    ],
)
def test_a_live_node_does_not_start(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigurationError, match=named) as caught:
        read_settings(**given(**changes))

    assert caught.value.code == "system.configuration"


@pytest.mark.parametrize("url", ["https://[::1", "https://[pid.th.example]"])
def test_an_address_that_cannot_be_taken_apart_is_refused_wherever_it_was_read(url: str) -> None:
    with pytest.raises(ConfigurationError, match="an issuer that TH lists") as caught:
        refuse_for_live(url, what="an issuer that TH lists")

    assert caught.value.code == "system.configuration"
    assert of_error(caught.value) is Exit.LOCAL


@pytest.mark.parametrize("missing", [*FILES, "environment", "state", "node_url"])
def test_nothing_is_guessed(missing: str) -> None:
    settings = given()
    del settings[missing]

    with pytest.raises(ConfigurationError, match=f"IDBRIDGE_{missing.upper()}"):
        read_settings(**settings)


def test_a_value_that_is_refused_is_not_repeated() -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_settings(**given(environment="s3cr3t"))

    assert "s3cr3t" not in str(caught.value)


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in given(port=9000).items():
        monkeypatch.setenv(f"IDBRIDGE_{name.upper()}", str(value))

    assert read_settings().port == 9000


def test_a_sandbox_node_may_be_on_this_machine() -> None:
    settings = read_settings(**given(environment="sandbox", node_url="http://127.0.0.1:8080"))

    assert settings.node_url == "http://127.0.0.1:8080"


@pytest.mark.parametrize("host", ["node.th.example", "128.0.0.1", "2001:db8::1", "localhost.example", ""])
def test_a_public_name_is_not_this_machine(host: str) -> None:
    assert not is_loopback(host)
