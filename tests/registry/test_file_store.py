"""``idbridge rp`` at a registry that is a file: the same verbs, put in place whole, and never a guess."""

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from idbridge.errors import ConfigurationError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment
from idbridge_gateway.registration import read_registrations, write_registrations
from idbridge_gateway.registry.record import ApiKey
from tests.gateway.asking import Node, problem_of, verdict_of
from tests.registry.kit import LEAST, NEEDY, registration
from tests.registry.test_commands import called
from tests.registry.test_file import look

SANDBOX = Environment.SANDBOX
Run = Callable[..., Result]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "relying-parties.json"


@pytest.fixture
def run(file: Path) -> Run:
    """A shell at a registry whose file was not made yet."""

    def ran(*arguments: str, given: Any = None, exits: int = 0) -> Result:
        env = {"IDBRIDGE_RELYING_PARTIES_FILE": str(file), "IDBRIDGE_ENVIRONMENT": "sandbox"}
        text = given if given is None or isinstance(given, str) else json.dumps(given)
        result = called("rp", *arguments, env={**env, "IDBRIDGE_DATABASE_URL": None}, given=text)
        assert result.exit_code == exits, (result.stdout, result.stderr)
        return result

    return ran


def told(result: Result) -> dict[str, Any]:
    (found,) = json.loads(result.stdout)["results"]
    return dict(found)


def named(*ids: str) -> list[dict[str, Any]]:
    return [{**LEAST, "id": one} for one in ids]


def test_without_a_file_nothing_is_listed_and_nothing_is_made_but_by_adding(run: Run, file: Path) -> None:
    for verb in (("list",), ("show", "bakery"), ("disable", "bakery"), ("rotate-key", "bakery")):
        assert "registration file" in run(*verb, exits=5).stderr
    run("add", "-", "--dry-run", given=LEAST)
    assert not file.exists()

    run("add", "-", given=LEAST)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "bakery" in run("list").stdout


def test_a_file_with_a_slip_is_not_written_over(run: Run, file: Path) -> None:
    run("add", "-", given=LEAST)
    spoilt = file.read_text(encoding="utf-8").replace('"purposes"', '"purpose"')
    file.write_text(spoilt, encoding="utf-8")

    run("add", "-", given=named("grocer")[0], exits=5)
    run("disable", "bakery", exits=5)
    assert file.read_text(encoding="utf-8") == spoilt


def test_a_file_of_another_environment_is_left_alone(file: Path) -> None:
    write_registrations(file, [registration()], environment=SANDBOX)
    before = file.read_bytes()
    env = {"IDBRIDGE_RELYING_PARTIES_FILE": str(file), "IDBRIDGE_ENVIRONMENT": "live", "IDBRIDGE_DATABASE_URL": None}

    result = called("rp", "disable", "bakery", env=env)

    assert (result.exit_code, file.read_bytes()) == (5, before)
    assert "another environment" in result.stderr


def test_who_is_registered_is_not_registered_again_and_who_is_not_is_not_found(run: Run, file: Path) -> None:
    run("add", "-", given=NEEDY_PARTY)
    before = file.read_bytes()

    assert "registered" in run("add", "-", given=NEEDY_PARTY, exits=1).stderr
    run("add", "-", given={**NEEDY_PARTY, "id": "grocer"}, exits=1)  # its client is the bakery's
    for verb in ("show", "disable", "rotate-key"):
        run(verb, "nobody", exits=1)
    assert file.read_bytes() == before


NEEDY_PARTY = {**LEAST, "oidc_clients": [NEEDY]}


def test_what_is_told_once_stands_nowhere_in_the_file(run: Run, file: Path) -> None:
    made = told(run("add", "-", "--json", given=NEEDY_PARTY))
    rotated = told(run("rotate-key", "bakery", "--json"))

    kept = file.read_text(encoding="utf-8")
    for text in (made["api_key"], rotated["api_key"], *made["client_secrets"].values()):
        assert len(text) > 40
        assert text not in kept


def test_after_a_rotation_both_keys_are_good_for_the_overlap_and_then_the_new_one(run: Run, file: Path) -> None:
    run("add", "-", given=LEAST)
    run("rotate-key", "bakery", "--overlap-days", "3")

    (held,) = read_registrations(file, environment=SANDBOX)
    old, new = held.api_keys
    assert new.created_at is not None
    assert old.expires_at == new.created_at + timedelta(days=3)
    assert new.expires_at is None
    shown = told(run("show", "bakery", "--json"))["api_keys"]
    assert [key["last_four"] for key in shown] == [old.last_four, new.last_four]
    run("rotate-key", "bakery", "--overlap-days", "0")
    (held,) = read_registrations(file, environment=SANDBOX)
    assert len(held.api_keys) == 1


def test_a_party_has_no_more_keys_than_the_bound(run: Run) -> None:
    run("add", "-", given=LEAST)
    for _ in range(LIMITS.api_keys - 1):
        run("rotate-key", "bakery")

    assert "API keys" in run("rotate-key", "bakery", exits=5).stderr


def test_a_change_touches_one_registration_and_keeps_order_mode_and_the_number_of_the_policy(
    run: Run, file: Path
) -> None:
    for party in named("bakery", "grocer", "tailor"):
        run("add", "-", given=party)
    file.chmod(0o640)
    mask = os.umask(0o077)
    try:
        run("add", "-", "--replace", given={**LEAST, "id": "grocer", "purposes": ["account-opening"]})
        run("disable", "tailor")
    finally:
        os.umask(mask)

    found = read_registrations(file, environment=SANDBOX)
    assert [one.id for one in found] == ["bakery", "grocer", "tailor"]
    assert [one.relying_party.policy_version for one in found] == [1, 2, 1]
    assert [one.relying_party.enabled for one in found] == [True, True, False]
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_a_rehearsal_changes_nothing(run: Run, file: Path) -> None:
    run("add", "-", given=LEAST)
    before = file.read_bytes()
    for verb in (("disable", "bakery"), ("rotate-key", "bakery")):
        run(*verb, "--dry-run")
    run("add", "-", "--dry-run", given=named("grocer")[0])
    run("add", "-", "--replace", "--dry-run", given={**LEAST, "sector": "bank"})

    assert file.read_bytes() == before


def test_a_link_is_not_replaced_by_a_file(run: Run, file: Path, tmp_path: Path) -> None:
    real = tmp_path / "real.json"
    write_registrations(real, [registration()], environment=SANDBOX)
    file.symlink_to(real)

    assert "plain file" in run("disable", "bakery", exits=5).stderr
    assert file.is_symlink()


def test_commands_at_the_same_time_lose_nothing_of_each_other(run: Run, file: Path) -> None:
    parties = [f"shop-{number}" for number in range(4)]
    with ThreadPoolExecutor(4) as pool:
        codes = list(pool.map(lambda party: _added(file, party), parties))

    assert codes == [0] * len(parties)
    assert sorted(one.id for one in read_registrations(file, environment=SANDBOX)) == sorted(parties)


def _added(file: Path, party: str) -> int:
    """Register ``party`` as another process would, past the one terminal that a test has."""
    document = json.dumps({**LEAST, "id": party})
    env = {**os.environ, "IDBRIDGE_RELYING_PARTIES_FILE": str(file), "IDBRIDGE_ENVIRONMENT": "sandbox"}
    command = [sys.executable, "-c", "from idbridge.cli.main import main; main()", "rp", "add", "-"]
    return subprocess.run(command, input=document, env=env, text=True, capture_output=True, check=False).returncode


def test_a_database_that_is_named_goes_before_the_file(file: Path, tmp_path: Path) -> None:
    write_registrations(file, [registration()], environment=SANDBOX)
    env = {
        "IDBRIDGE_RELYING_PARTIES_FILE": str(file),
        "IDBRIDGE_ENVIRONMENT": "sandbox",
        "IDBRIDGE_DATABASE_URL": f"sqlite:///{tmp_path / 'registry.db'}",
    }

    assert "db upgrade" in called("rp", "list", env=env).stderr


def test_a_running_node_takes_up_what_a_command_changed(own_node: Node) -> None:
    path = own_node.settings.relying_parties_file
    assert verdict_of(own_node.ask()) == ("PASSED", None)
    env = {
        "IDBRIDGE_RELYING_PARTIES_FILE": str(path),
        "IDBRIDGE_ENVIRONMENT": "sandbox",
        "IDBRIDGE_DATABASE_URL": None,
    }
    assert called("rp", "disable", "th-bank", env=env).exit_code == 0
    look(own_node)

    assert problem_of(own_node.ask(), 403) == "policy.relying_party_disabled"


@pytest.mark.parametrize(
    "keys",
    [
        {"api_keys": "x"},
        {"api_keys": [{"last_four": "abcd"}]},
        {"api_keys": [{"digest": "0" * 63}]},
        {"api_keys": [{"digest": "0" * 64, "expires": "2027-01-01T00:00:00Z"}]},
        {"api_keys": [{"digest": "0" * 64, "expires_at": "tomorrow"}]},
        {"api_keys": [{"digest": "0" * 64}], "api_key_digests": ["1" * 64]},
        {},
    ],
)
def test_keys_in_a_file_are_of_one_form_or_the_file_is_refused(file: Path, keys: dict[str, Any]) -> None:
    write_registrations(file, [registration()], environment=SANDBOX)
    document = json.loads(file.read_text(encoding="utf-8"))
    (entry,) = document["relying_parties"]
    entry.pop("api_key_digests", None)
    entry.pop("api_keys", None)
    entry.update(keys)
    file.write_text(json.dumps(document), encoding="utf-8")

    with pytest.raises(ConfigurationError):
        read_registrations(file, environment=SANDBOX)


def test_keys_are_written_with_what_is_known_of_them_and_read_back_equal(file: Path) -> None:
    bare = registration()
    known = replace(bare, api_keys=(ApiKey("a" * 64, "wxyz"), ApiKey("b" * 64)))
    write_registrations(file, [known], environment=SANDBOX)

    assert read_registrations(file, environment=SANDBOX)[0].api_keys == known.api_keys
