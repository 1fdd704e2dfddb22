"""The container files say what the code says: settings that exist, bounds that agree, nobody runs as root."""

import re
from typing import Any

import pytest
from ruamel.yaml import YAML

from idbridge.limits import LIMITS
from idbridge_gateway.settings import Settings
from tests.source import ROOT

CONTAINERFILE = ROOT / "service" / "Containerfile"
PROXY = ROOT / "service" / "deploy" / "nginx.conf"


@pytest.fixture(scope="module")
def compose() -> Any:
    return YAML(typ="safe").load((ROOT / "compose.yaml").read_text(encoding="utf-8"))


def instructions() -> list[tuple[str, str]]:
    """The instructions of the Containerfile, continued lines joined."""
    text = re.sub(r"\\\n\s*", "", CONTAINERFILE.read_text(encoding="utf-8"))
    found = [row.partition(" ") for row in text.splitlines() if row and not row.startswith("#")]
    return [(word, rest) for word, _, rest in found]


def test_the_image_does_not_run_as_root() -> None:
    users = [rest for word, rest in instructions() if word == "USER"]

    assert users == ["10001"]


def test_the_image_installs_only_what_the_lock_pins() -> None:
    installs = [rest for word, rest in instructions() if word == "RUN" and "pip install" in rest]

    assert len(installs) == 2
    assert "--require-hashes --no-deps -r requirements/runtime.txt" in installs[0]
    assert "--no-build-isolation --no-deps --no-index ." in installs[1]


def test_everything_the_image_copies_exists_and_passes_the_ignore_file() -> None:
    allowed = {row[1:] for row in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if row[:1] == "!"}
    copied = [rest.split()[:-1] for word, rest in instructions() if word == "COPY" and "--from" not in rest]
    sources = [source for group in copied for source in group]

    assert sources
    assert all((ROOT / source).exists() for source in sources)
    assert {source.split("/")[0] for source in sources} == allowed


def test_the_command_of_the_image_is_one_we_have() -> None:
    words = dict(instructions())

    assert words["ENTRYPOINT"] == '["idbridge"]'
    assert words["CMD"] == '["serve"]'
    assert 'serve = "idbridge_gateway.commands:serve"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def test_the_gateway_gets_every_setting_that_has_no_default_and_none_that_does_not_exist(compose: Any) -> None:
    given = {name.removeprefix("IDBRIDGE_").lower() for name in compose["services"]["gateway"]["environment"]}
    required = {name for name, field in Settings.model_fields.items() if field.is_required()}

    assert required <= given <= set(Settings.model_fields)


def test_an_environment_is_live_unless_somebody_says_otherwise(compose: Any) -> None:
    assert compose["services"]["gateway"]["environment"]["IDBRIDGE_ENVIRONMENT"] == "${IDBRIDGE_ENVIRONMENT:-live}"


def test_only_the_proxy_can_be_reached_from_outside(compose: Any) -> None:
    services = compose["services"]

    assert [name for name, service in services.items() if "ports" in service] == ["proxy"]
    assert compose["networks"]["inside"]["internal"] is True
    assert [name for name, service in services.items() if "outside" in service["networks"]] == ["proxy"]


def test_the_one_time_store_never_evicts(compose: Any) -> None:
    command = compose["services"]["valkey"]["command"]

    assert command[command.index("--maxmemory-policy") + 1] == "noeviction"


def test_no_secret_stands_in_the_file(compose: Any) -> None:
    names = [name for service in compose["services"].values() for name in service.get("environment", {})]

    assert not [
        name for name in names if re.search("PASSWORD|SECRET|TOKEN|KEY", name) and not name.endswith(("_FILE", "_DIR"))
    ]
    assert all(set(secret) == {"file"} for secret in compose["secrets"].values())


def test_the_proxy_lets_through_what_the_gateway_takes_and_no_more() -> None:
    size = re.search(r"client_max_body_size (\d+)m;", PROXY.read_text(encoding="utf-8"))

    assert size is not None
    assert int(size[1]) * 1024 * 1024 == LIMITS.batch_body_bytes


def test_the_proxy_logs_neither_address_nor_query() -> None:
    formats = re.findall(r"log_format \w+ (.*);", PROXY.read_text(encoding="utf-8"))

    assert formats
    assert not re.search(r"remote_addr|request_uri|\$request |args|http_", " ".join(formats))


def test_switches_of_the_sandbox_are_not_served_to_the_outside() -> None:
    text = PROXY.read_text(encoding="utf-8")

    assert "location /sandbox/ { return 404; }" in text
    assert "location /conformance/ { return 404; }" in text
