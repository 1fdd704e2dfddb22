"""The container files say what the code says: settings that exist, bounds that agree, nobody runs as root."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from idbridge.clock import SystemClock
from idbridge.errors import RequestError
from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge.sandbox.region import Region
from idbridge_gateway.api.problems import problem
from idbridge_gateway.demo.nodes import lay_out
from idbridge_gateway.serving import SHUTDOWN_SECONDS
from idbridge_gateway.settings import Settings
from tests.engines import require_engine
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
    assert [name for name, service in services.items() if "outside" in service.get("networks", ())] == ["proxy"]
    assert services["valkey"]["network_mode"] == "none"


def test_the_one_time_store_never_evicts_and_forgets_nothing_in_a_crash(compose: Any) -> None:
    command = compose["services"]["valkey"]["command"]

    told = {name: command[command.index(name) + 1] for name in ("--maxmemory-policy", "--appendonly", "--appendfsync")}
    assert told == {"--maxmemory-policy": "noeviction", "--appendonly": "yes", "--appendfsync": "always"}


def test_the_gateway_starts_with_several_workers_and_has_the_time_to_end_them(compose: Any) -> None:
    gateway = compose["services"]["gateway"]

    assert int(default_of(gateway["environment"]["IDBRIDGE_WORKERS"])) > 1
    assert int(gateway["stop_grace_period"].removesuffix("s")) > SHUTDOWN_SECONDS + 1


def default_of(setting: str) -> str:
    """What a setting of the file is where the environment says nothing."""
    found = re.fullmatch(r"\$\{IDBRIDGE_[A-Z_]+:-([^}]*)\}", setting)
    assert found is not None
    return found[1]


def test_the_gateway_finds_the_store_where_it_listens(compose: Any) -> None:
    valkey, gateway = compose["services"]["valkey"], compose["services"]["gateway"]
    placed = {mount["source"]: mount["target"] for mount in gateway["volumes"]}
    command = valkey["command"]
    listens = command[command.index("--unixsocket") + 1].removeprefix("/data/")

    assert "profiles" not in valkey
    assert gateway["depends_on"]["valkey"]["condition"] == "service_healthy"
    assert gateway["environment"]["IDBRIDGE_REDIS_URL"] == (
        f"${{IDBRIDGE_REDIS_URL:-unix://{placed['valkey']}/{listens}}}"
    )


def test_a_gateway_starts_with_the_store_of_the_file_and_not_without(compose: Any, tmp_path: Path) -> None:
    """The store is started by the words of the file, at a place of this machine."""
    region = Region.generate(at=SystemClock().now().replace(microsecond=0))
    settings = lay_out(region, tmp_path / "node")[MemberState.TH]
    (tmp_path / "store").mkdir()
    command = compose["services"]["valkey"]["command"]
    socket = f"{tmp_path}/store/valkey.sock"
    told = [word.replace("/data/valkey.sock", socket) for word in command[1:]]
    environment = {
        f"IDBRIDGE_{name.upper()}": str(value)
        for name, value in settings.model_dump(exclude_none=True).items()
        if not isinstance(value, dict)
    }
    environment["IDBRIDGE_REDIS_URL"] = f"unix://{socket}"
    environment["IDBRIDGE_WORKERS"] = default_of(compose["services"]["gateway"]["environment"]["IDBRIDGE_WORKERS"])

    def started() -> subprocess.CompletedProcess[str]:
        words = [Path(sys.executable).with_name("idbridge"), "serve", "--check"]
        return subprocess.run(
            words, env={**os.environ, **environment}, capture_output=True, text=True, timeout=120, check=False
        )

    store = subprocess.Popen([require_engine("redis-server"), *told], cwd=tmp_path / "store", stdout=subprocess.DEVNULL)
    try:
        wait_for(Path(socket))
        with_store = started()
    finally:
        store.kill()
        store.wait(timeout=10)
    without = started()

    assert with_store.returncode == 0, with_store.stderr
    assert "in Redis" in with_store.stdout
    assert without.returncode == 5
    assert "does not answer" in without.stderr


def wait_for(path: Path) -> None:
    """Wait until a server listens at ``path``."""
    for _ in range(500):
        if path.exists():
            return
        time.sleep(0.02)
    raise RuntimeError("the store did not start")


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


def told_by_the_proxy(seconds: str) -> Any:
    """The body of what the proxy answers by itself, where its variables have these values."""
    found = re.search(r"location @unavailable \{.*?return 503 '([^']*)';", PROXY.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    values = {"$retry_after": seconds, "$request_id": "0" * 32}
    return json.loads(re.sub(r"\$\w+", lambda variable: values[variable[0]], found[1]))


def test_what_the_proxy_refuses_by_itself_is_a_problem_of_the_catalogue_without_detail() -> None:
    overloaded = problem(RequestError("system.overloaded"), correlation_id="0" * 32)

    told = told_by_the_proxy("4")

    expected = {name: value for name, value in overloaded.items() if name != "detail"}
    assert told == {**expected, "retry_after_s": 4}
    assert told["status"] == 503


def test_what_the_proxy_refuses_by_itself_says_when_to_come_back_and_not_to_all_the_same() -> None:
    text = PROXY.read_text(encoding="utf-8")
    spread = re.search(r"split_clients \$request_id \$retry_after \{(.*?)\}", text, re.DOTALL)
    (own,) = re.findall(r"location @unavailable \{(.*?)\n    \}", text, re.DOTALL)

    assert spread is not None
    seconds = [int(value) for value in re.findall(r"(?:\d+%|\*) (\d+);", spread[1])]
    assert seconds == list(range(1, int(LIMITS.overload_pause.total_seconds()) + 1))
    assert "error_page 502 503 504 =503 @unavailable;" in text  # without `=` a client gets 502 or 504 after all
    assert "proxy_intercept_errors" not in text  # what the gateway says itself passes through as it is
    assert "internal;" in own
    assert "default_type application/problem+json;" in own
    for field in ("Retry-After $retry_after", "Cache-Control no-store", "Strict-Transport-Security"):
        assert re.search(rf"add_header {re.escape(field)}[^;]* always;", own), field
