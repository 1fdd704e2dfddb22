"""``idbridge rp`` and ``idbridge db``, as a shell calls them."""

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from idbridge.cli.main import root
from idbridge.limits import LIMITS
from idbridge.model.time import parse_instant
from idbridge_gateway.registry.commands import OVERLAP_DAYS
from idbridge_gateway.registry.schema import newest_version
from tests.registry.conftest import Database
from tests.registry.kit import ASKED, DIGEST, LEAST, NEEDY, without

Run = Callable[..., Result]


def called(*arguments: str, env: Mapping[str, str | None], given: str | None = None) -> Result:
    return CliRunner().invoke(root, arguments, env={"COLUMNS": "200", **env}, input=given)


def variables(database: Database) -> dict[str, str | None]:
    return {"IDBRIDGE_DATABASE_URL": database.url, "IDBRIDGE_ENVIRONMENT": "sandbox"}


@pytest.fixture
def run(database: Database) -> Run:
    """A shell at a registry in which nobody is registered."""

    def ran(*arguments: str, given: Any = None, exits: int = 0) -> Result:
        text = given if given is None or isinstance(given, str) else json.dumps(given)
        result = called(*arguments, env=variables(database), given=text)
        assert result.exit_code == exits, (result.stdout, result.stderr)
        return result

    return ran


def document(result: Result) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(result.stdout)
    assert told.keys() == {"schema", "summary", "results"}
    return told


def dump(database: Database) -> str:
    tables = ("registry", "relying_parties", "oidc_clients", "api_keys", "registry_changes")
    return "".join(str(database.say(f"SELECT * FROM {table}")) for table in tables)  # noqa: S608 - our own names


@pytest.mark.parametrize("verb", [("list",), ("show", "bakery"), ("disable", "bakery"), ("rotate-key", "bakery")])
@pytest.mark.parametrize("missing", ["IDBRIDGE_DATABASE_URL", "IDBRIDGE_ENVIRONMENT"])
def test_no_database_and_no_environment_is_guessed(
    verb: tuple[str, ...], missing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    env = {**variables(Database("sqlite:///registry.db")), missing: None}

    result = called("rp", *verb, env=env)

    assert result.exit_code == 5
    assert missing in result.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("verb", ["list", "add -"])
def test_a_registry_that_was_not_made_is_not_made_by_asking(verb: str, tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'registry.db'}")

    result = called("rp", *verb.split(), env=variables(database), given=json.dumps(LEAST))

    assert result.exit_code == 5
    assert "db upgrade" in result.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "given",
    [
        "",
        "[]",
        '{"id":"bakery","id":"cafe"}',
        json.dumps({**LEAST, "minimum_levle": "A3"}),
        json.dumps({**LEAST, "name": "idb_test_bakery_" + "s" * 43}),
        json.dumps({**LEAST, "contact": "s" * LIMITS.registration_bytes}),
        json.dumps({**LEAST, "oidc_clients": [NEEDY, 1]}),
    ],
)
def test_a_document_that_is_no_registration_registers_nobody(run: Run, given: str) -> None:
    result = run("rp", "add", "-", given=given, exits=5)

    assert "s" * 43 not in result.stderr
    assert run("rp", "list").stdout == "nobody is registered\n"


def test_a_file_that_is_not_there_ends_with_five(run: Run) -> None:
    assert "cannot be read" in run("rp", "add", "nowhere.json", exits=5).stderr


def test_a_small_business_is_registered_by_one_command_and_told_its_key_once(
    run: Run, database: Database, tmp_path: Path
) -> None:
    file = tmp_path / "bakery.json"
    file.write_text(json.dumps({**LEAST, "oidc_clients": [NEEDY]}), encoding="utf-8")

    result = run("rp", "add", str(file))

    lines = dict(line.split(": ") for line in result.stdout.splitlines())
    key, secret = lines["API key"], lines["client secret of bakery-till"]
    assert key.startswith("idb_test_bakery_")
    assert "not shown again" in result.stderr
    kept = dump(database)
    assert key not in kept
    assert secret not in kept
    assert hashlib.sha256(key.encode()).hexdigest() in kept
    assert hashlib.sha256(secret.encode()).hexdigest() in kept
    for shown in (run("rp", "show", "bakery"), run("rp", "show", "bakery", "--json"), run("rp", "list", "--json")):
        assert key not in shown.output
        assert secret not in shown.output
        assert hashlib.sha256(key.encode()).hexdigest() not in shown.output


def test_a_live_registry_gives_live_keys(empty_database: Database) -> None:
    env = {**variables(empty_database), "IDBRIDGE_ENVIRONMENT": "live"}
    assert called("db", "upgrade", env=env).exit_code == 0

    added = called("rp", "add", "-", env=env, given=json.dumps(LEAST))
    other = called("rp", "add", "-", env=variables(empty_database), given=json.dumps({**LEAST, "id": "cafe"}))

    assert "idb_live_bakery_" in added.stdout
    assert other.exit_code == 5
    assert "another environment" in other.stderr
    assert "idb_test_" not in other.output


def test_an_id_that_is_taken_is_refused_and_a_key_is_not_shown(run: Run) -> None:
    run("rp", "add", "-", given=ASKED)

    result = run("rp", "add", "-", given=LEAST, exits=1)

    assert "idb_test_" not in result.output


@pytest.mark.parametrize("verb", ["show", "rotate-key", "disable"])
def test_nobody_is_shown_or_changed_who_is_not_there(run: Run, verb: str) -> None:
    assert "no relying party of this id" in run("rp", verb, "'; DROP TABLE relying_parties; --", exits=1).stderr


def test_a_rehearsal_of_each_verb_changes_nothing_and_tells_no_key(run: Run, database: Database) -> None:
    assert "would be registered" in run("rp", "add", "-", "--dry-run", given=ASKED).stdout
    run("rp", "add", "-", given=ASKED)
    before = dump(database)

    told = [
        run("rp", "rotate-key", "bakery", "--dry-run"),
        run("rp", "disable", "bakery", "--dry-run"),
        run("rp", "add", "-", "--replace", "--dry-run", given={**ASKED, "name": "Other"}),
        run("rp", "rotate-key", "bakery", "--dry-run", "--json"),
    ]

    assert dump(database) == before
    assert not [result for result in told if "idb_test_" in result.output]
    assert document(told[-1])["summary"]["done"] is False


def test_a_rotated_key_is_shown_once_and_the_old_one_ends_when_it_is_said(run: Run) -> None:
    first = document(run("rp", "add", "-", "--json", given=ASKED))["results"][0]["api_key"]

    result = document(run("rp", "rotate-key", "bakery", "--json"))

    (row,) = result["results"]
    old, new = row["api_keys"]
    assert (old["last_four"], new["last_four"]) == (first[-4:], row["api_key"][-4:])
    assert old["expires_at"] == result["summary"]["old_key_until"]
    assert (parse_instant(old["expires_at"]) - parse_instant(new["created_at"])).days == OVERLAP_DAYS
    assert new["expires_at"] is None


def test_a_leaked_key_ends_at_once(run: Run) -> None:
    run("rp", "add", "-", given=ASKED)

    (row,) = document(run("rp", "rotate-key", "bakery", "--overlap-days", "0", "--json"))["results"]

    assert len(row["api_keys"]) == 1
    assert row["api_keys"][0]["last_four"] == row["api_key"][-4:]


def test_an_overlap_is_bounded_and_so_are_the_keys_of_a_party(run: Run) -> None:
    run("rp", "rotate-key", "bakery", "--overlap-days", str(LIMITS.api_key_overlap.days + 1), exits=2)
    run("rp", "add", "-", given=ASKED)
    for _ in range(LIMITS.api_keys - 1):
        run("rp", "rotate-key", "bakery", "--overlap-days", str(LIMITS.api_key_overlap.days))

    assert "at most" in run("rp", "rotate-key", "bakery", exits=5).stderr
    run("rp", "rotate-key", "bakery", "--overlap-days", "0")


def test_a_party_that_is_switched_off_is_shown_so_and_comes_back_by_being_replaced(run: Run) -> None:
    run("rp", "add", "-", given=ASKED)

    assert "switched off" in run("rp", "disable", "bakery").stdout
    assert "switched off" in run("rp", "disable", "bakery").stdout
    assert document(run("rp", "list", "--json"))["results"][0]["enabled"] is False
    assert "enabled: False -> True" in run("rp", "add", "-", "--replace", given=ASKED).stdout
    assert document(run("rp", "list", "--json"))["results"][0]["enabled"] is True


def test_a_replacement_shows_what_changes_and_keeps_keys_secrets_and_the_count_of_policies(
    run: Run, database: Database
) -> None:
    told = document(run("rp", "add", "-", "--json", given={**LEAST, "oidc_clients": [NEEDY]}))["results"][0]
    keys = database.say("SELECT digest FROM api_keys")

    new = {**LEAST, "purposes": ["age-check", "account-opening"], "oidc_clients": [NEEDY, {**NEEDY, "id": "second"}]}
    result = document(run("rp", "add", "-", "--replace", "--json", given=new))

    (row,) = result["results"]
    assert result["summary"]["changed"]["purposes"] == {
        "from": ["age-check"], "to": ["account-opening", "age-check"],
    }  # fmt: skip
    assert row["client_secrets"].keys() == {"second"}
    assert row["policy_version"] == 2
    assert "api_key" not in row
    assert database.say("SELECT digest FROM api_keys") == keys
    secret = hashlib.sha256(told["client_secrets"]["bakery-till"].encode()).hexdigest()
    assert secret in dump(database)
    assert "stays as it is" in run("rp", "add", "-", "--replace", given=new).stdout


def test_nobody_is_replaced_who_is_not_there(run: Run) -> None:
    run("rp", "add", "-", "--replace", given=LEAST, exits=1)
    run("rp", "add", "-", "--replace", given=without(LEAST, "id"), exits=5)
    assert run("rp", "list").stdout == "nobody is registered\n"


def test_a_list_and_a_registration_are_shown_to_people(run: Run) -> None:
    run("rp", "add", "-", given={**ASKED, "name": "ร้าน\u200b"})

    listed, shown = run("rp", "list").stdout, run("rp", "show", "bakery").stdout

    assert listed.split()[:8] == ["ID", "NAME", "STATE", "SECTOR", "ON", "KEYS", "CLIENTS", "CHANGED"]
    assert "bakery" in listed
    assert "mailto:privacy@bakery.th.example" in shown
    assert "bakery-web (fapi2)" in shown
    assert DIGEST not in shown


def test_a_database_is_made_and_brought_up_to_date_on_purpose_only(empty_database: Database) -> None:
    env = variables(empty_database)

    rehearsed = called("db", "upgrade", "--dry-run", "--json", env=env)
    assert document(rehearsed)["results"] == [{"from": None, "to": newest_version()}]
    assert called("rp", "list", env=env).exit_code == 5
    made = called("db", "upgrade", env=env)
    again = called("db", "upgrade", "--json", env=env)

    assert f"was brought from nothing to version {newest_version()} (sandbox)" in made.stdout
    assert document(again) == {
        "schema": "idbridge-db-1",
        "summary": {"done": True, "environment": "sandbox"},
        "results": [{"from": newest_version(), "to": newest_version()}],
    }
    assert "up to date" in called("db", "upgrade", "--dry-run", env=env).stdout
    assert called("rp", "list", env=env).stdout == "nobody is registered\n"


def test_a_database_of_a_newer_version_is_left_alone(database: Database) -> None:
    database.say("UPDATE alembic_version SET version_num = '9999'")

    for verb in (("rp", "list"), ("db", "upgrade"), ("db", "upgrade", "--dry-run")):
        result = called(*verb, env=variables(database))
        assert result.exit_code == 5
        assert "newer version" in result.stderr


def test_a_password_is_in_no_help_and_in_no_error() -> None:
    env = {"IDBRIDGE_DATABASE_URL": "postgresql://idbridge:s3cr3t@127.0.0.1:1/idbridge", "IDBRIDGE_ENVIRONMENT": "live"}

    result = called("rp", "list", env=env)

    assert result.exit_code == 5
    assert "s3cr3t" not in result.output
    assert "s3cr3t" not in called("rp", "list", "--help", env=env).output
