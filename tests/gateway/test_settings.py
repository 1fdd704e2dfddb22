"""Settings: a live node never starts with what belongs to a sandbox."""

from pathlib import Path
from typing import Any

import pytest

from idbridge.cli.exits import Exit, of_error
from idbridge.errors import ConfigurationError
from idbridge.limits import LIMITS
from idbridge_gateway.settings import is_loopback, read_settings, refuse_for_live

FILES = {
    name: Path("somewhere")
    for name in (
        "trust_dir", "pins_file", "state_dir", "relying_parties_file", "assertion_key_file", "pairwise_key_file",
        "log_key_file", "log_day_keys_dir", "log_heads_dir",
    )
} | {"log_dir": Path("log")}  # fmt: skip

BY_TUF = {"pins_file": None, "trust_root_file": Path("root.json")}


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
        ({"browser_url": "https://node.th.example"}, "BROWSER_URL"),
        ({"browser_url": "http://127.0.0.1:8080"}, "BROWSER_URL"),
        ({"workers": 2}, "REDIS_URL"),
        ({"workers": LIMITS.workers + 1, "redis_url": "redis://127.0.0.1:1/0"}, "WORKERS"),
        ({"workers": 0}, "WORKERS"),
        ({"environment": "test"}, "ENVIRONMENT"),
        ({"state": "XX"}, "STATE"),
        ({"port": 70000}, "PORT"),
        ({"skip_status": True}, "SKIP_STATUS"),
        ({"trust_root_file": Path("root.json")}, "two ways"),
        ({"trust_url": "https://trust.region.example"}, "TRUST_ROOT_FILE"),
        ({**BY_TUF, "trust_dir": Path("tree"), "trust_url": "https://trust.region.example"}, "without"),
        ({**BY_TUF, "trust_dir": None}, "TRUST_DIR"),
        *(
            ({**BY_TUF, "trust_dir": None, "trust_url": url}, named)
            for url, named in (
                ("http://trust.region.example", "https"),
                ("https://127.0.0.1:8443/trust", "this machine"),
                ("https://me@trust.region.example", "TRUST_URL"),
                ("https://trust.region.example/?a=b", "TRUST_URL"),
                ("https://trust.region.example/#a", "TRUST_URL"),
                ("https://[::1", "TRUST_URL"),
                ("tree", "TRUST_URL"),
                ("", "TRUST_URL"),
            )
        ),
        ({"assertion_keys_dir": Path("keys")}, "one of the two"),
        ({"assertion_key_file": None}, "ASSERTION_KEYS_DIR"),
        ({"database_url": "sqlite:///registry.db"}, "DATABASE_URL"),
        ({"relying_parties_file": None}, "DATABASE_URL"),
        ({"reload_seconds": 0}, "RELOAD_SECONDS"),
        ({"poll_seconds": 0}, "POLL_SECONDS"),
        ({"crl_poll_seconds": 0}, "CRL_POLL_SECONDS"),
        ({"snapshot_days": 0}, "SNAPSHOT_DAYS"),
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


@pytest.mark.parametrize("where", [{"trust_dir": Path("tree")}, {"trust_dir": None, "trust_url": "https://t.example"}])
def test_trust_comes_by_tuf_from_one_place_with_a_pinned_root(where: dict[str, Any]) -> None:
    assert read_settings(**given(**BY_TUF, **where)).trust_root_file == Path("root.json")


@pytest.mark.parametrize("url", ["http://trust.region.example", "ftp://127.0.0.1/trust", "http://10.0.0.1"])
def test_plain_http_leads_a_sandbox_node_no_further_than_this_machine(url: str) -> None:
    by_url = {**BY_TUF, "trust_dir": None, "environment": "sandbox"}
    with pytest.raises(ConfigurationError, match="plain http"):
        read_settings(**given(**by_url, trust_url=url))

    assert read_settings(**given(**by_url, trust_url="http://127.0.0.1:8080/trust")).trust_url


@pytest.mark.parametrize(
    "url",
    ["http://10.0.0.1", "https://node.th.example", "http://127.0.0.1/", "http://me@127.0.0.1", "ftp://127.0.0.1", "x"],
)
def test_browsers_reach_a_sandbox_node_at_no_other_name_than_this_machine(url: str) -> None:
    with pytest.raises(ConfigurationError, match="BROWSER_URL"):
        read_settings(**given(environment="sandbox", browser_url=url))


def test_a_node_is_where_its_list_says_unless_a_sandbox_is_on_this_machine() -> None:
    here = read_settings(**given(environment="sandbox", browser_url="http://127.0.0.1:8080"))

    assert read_settings(**given()).public_url == "https://node.th.example"
    assert (here.public_url, here.node_url) == ("http://127.0.0.1:8080", "https://node.th.example")


def test_a_node_signs_with_the_keys_of_a_folder_or_with_that_of_a_file() -> None:
    settings = read_settings(**given(assertion_key_file=None, assertion_keys_dir=Path("keys")))

    assert (settings.assertion_key_file, settings.assertion_keys_dir) == (None, Path("keys"))


def test_relying_parties_are_registered_in_a_file_or_in_a_database_whose_password_is_not_shown() -> None:
    settings = read_settings(**given(relying_parties_file=None, database_url="postgresql://a:s3cr3t@db.example/b"))

    assert settings.relying_parties_file is None
    assert "s3cr3t" not in repr(settings)


def test_files_are_looked_at_every_second_and_a_tree_elsewhere_every_half_minute() -> None:
    settings = read_settings(**given())

    assert (settings.reload_seconds, settings.poll_seconds, settings.crl_poll_seconds) == (1.0, 30.0, 300.0)


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
