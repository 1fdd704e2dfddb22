"""The doctor finds what would keep a node from starting, and touches nothing."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType

import pytest

from idbridge.cli.doctor import Finding, examine
from idbridge.clock import SystemClock
from idbridge.crypto.signer import FileSigner, generate
from idbridge.limits import LIMITS
from idbridge.model.region import Environment, MemberState
from idbridge.sandbox.region import Region
from idbridge.trust import key_folder
from idbridge.trust.node_keys import KeyPurpose
from idbridge.trust.publish import ServiceMaterial
from tests.cli.ended import Ended

Run = Callable[..., Ended]
PASSPHRASE = "twelve words for a node"


@pytest.fixture
def copy(region: Path, tmp_path: Path) -> Path:
    place = tmp_path / "copy"
    shutil.copytree(region, place)
    return place


def test_an_absent_folder_is_an_error_and_is_not_made(run: Run, tmp_path: Path) -> None:
    ended = run("doctor", "--region", str(tmp_path / "absent"))

    assert ended.code == 5
    assert not (tmp_path / "absent").exists()


def test_keys_that_others_may_read_are_found_whatever_their_name(run: Run, copy: Path) -> None:
    secret = copy / "notes.txt"
    shutil.copyfile(next((copy / "private").glob("*.pem")), secret)
    secret.chmod(0o640)

    ended = run("doctor", "--region", str(copy))

    assert ended.code == 5
    assert "notes.txt" in ended.out


def test_pins_that_are_not_in_order_are_found(run: Run, copy: Path) -> None:
    (copy / "pins.json").write_text('{"schema": "idbridge-pins-1", "environment": "sandbox", "states": {}}')
    (copy / "pins.json").chmod(0o644)

    ended = run("doctor", "--region", str(copy))

    assert ended.code == 5
    assert "pins" in ended.out


def test_a_refused_list_is_a_warning_and_the_others_count(run: Run, copy: Path) -> None:
    (copy / "trust" / "lists" / "VN.jws").write_text("not a list")

    ended = run("doctor", "--region", str(copy), "--json")

    found = {row["check"]: row for row in ended.json["results"]}
    assert ended.code == 0
    assert found["lists"]["result"] == "warning"
    assert "VN" in found["offers"]["words"]


def test_no_usable_list_is_an_error_of_trust(run: Run, copy: Path) -> None:
    for path in (copy / "trust" / "lists").glob("*.jws"):
        path.write_text("not a list")

    assert run("doctor", "--region", str(copy)).code == 4


def test_lists_that_are_soon_due_are_a_warning(region: Path) -> None:
    found = {one.check: one for one in examine(region, at=datetime(2100, 1, 1, tzinfo=UTC))}

    assert found["freshness"].result == "warning"
    assert found["lists"].result == "error"


def test_a_region_in_order_has_nothing_to_say(run: Run, region: Path) -> None:
    ended = run("doctor", "--region", str(region), "--json")

    assert ended.code == 0
    assert ended.json["summary"] == {"errors": 0, "warnings": 0}
    assert {row["result"] for row in ended.json["results"]} == {"ok"}


def node_keys(
    folder: Path,
    *signers: FileSigner,
    environment: Environment = Environment.SANDBOX,
    purpose: KeyPurpose = KeyPurpose.ASSERTION,
) -> None:
    """A folder in which the first key signs, and the second waits."""
    folder.mkdir()
    at = SystemClock().now() - 2 * LIMITS.key_publication_lead
    secret = PASSPHRASE if environment is Environment.LIVE else None
    for signer in signers:
        key_folder.publish(folder, signer, purpose=purpose, environment=environment, at=at, passphrase=secret)
        if signer is signers[0]:
            key_folder.rotate(folder, purpose=purpose, at=at, passphrase=lambda _: PASSPHRASE, emergency=True)


def listed(region: Path, *signers: FileSigner) -> None:
    """Let Thailand name these keys for its node, and no others."""
    made = Region.load(region)
    material = ServiceMaterial(jwks=tuple(dict(signer.public_jwk) for signer in signers))
    changed = replace(made, guests=MappingProxyType({**made.guests, "th-node": material}))
    changed.reissued(MemberState.TH, at=SystemClock().now()).publish(region)


def found_in(region: Path, folder: Path, *, later: timedelta = timedelta(0)) -> dict[str, Finding]:
    return {one.check: one for one in examine(region, folder, at=SystemClock().now() + later)}


def test_a_folder_of_keys_that_is_named_and_absent_or_empty_is_an_error(run: Run, region: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    for name in ("absent", "empty"):
        ended = run("doctor", "--region", str(region), "--keys", str(tmp_path / name), "--json")

        assert ended.code == 5
        assert {row["check"]: row["result"] for row in ended.json["results"]}["node keys"] == "error"


def test_keys_of_the_other_environment_are_an_error(run: Run, region: Path, tmp_path: Path) -> None:
    node_keys(tmp_path / "keys", generate("ES256"), environment=Environment.LIVE)

    ended = run("doctor", "--region", str(region), "--keys", str(tmp_path / "keys"))

    assert ended.code == 5
    assert "keys are of live" in ended.out


def test_keys_that_no_list_grants_are_a_warning_each(copy: Path, tmp_path: Path) -> None:
    first, second = generate("ES256"), generate("ES256")
    node_keys(tmp_path / "keys", first, second)
    found = found_in(copy, tmp_path / "keys")["listing"]
    assert found.result == "warning"
    assert found.words.split("; ") == [
        f"no list grants the active key {first.kid}", f"no list grants the published key {second.kid}",
    ]  # fmt: skip

    listed(copy, first)

    assert found_in(copy, tmp_path / "keys")["listing"].words == f"no list grants the published key {second.kid}"


def test_keys_that_the_list_grants_are_in_order_until_one_is_due(copy: Path, tmp_path: Path) -> None:
    signer = generate("ES256")
    node_keys(tmp_path / "keys", signer)
    listed(copy, signer)

    found = found_in(copy, tmp_path / "keys")
    later = found_in(copy, tmp_path / "keys", later=LIMITS.node_key_age - LIMITS.key_successor_notice)

    assert (found["node keys"].result, found["listing"].result) == ("ok", "ok")
    assert found["listing"].words == "active key: https://sandbox.node.th.example (TH)"
    assert later["node keys"].result == "warning"
    assert "`idbridge keys generate --purpose assertion`" in later["node keys"].hint


def test_an_index_behind_its_records_is_a_warning(region: Path, tmp_path: Path) -> None:
    node_keys(tmp_path / "keys", generate("ES256"))
    (tmp_path / "keys" / key_folder.FILE).unlink()

    assert "is behind its records" in found_in(region, tmp_path / "keys")["node keys"].words


def test_keys_for_other_purposes_are_no_concern_of_the_lists(region: Path, tmp_path: Path) -> None:
    node_keys(tmp_path / "keys", generate("ES256"), purpose=KeyPurpose.CLIENT)

    assert found_in(region, tmp_path / "keys")["listing"].words == "there is no assertion key"


def test_a_node_whose_one_time_values_are_forgotten_at_a_restart_is_warned_of(
    run: Run, region: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IDBRIDGE_NODE_URL", "https://node.th.example")
    monkeypatch.delenv("IDBRIDGE_REDIS_URL", raising=False)
    ended = run("doctor", "--region", str(region), "--json")
    (found,) = [one for one in ended.json["results"] if one["check"] == "one-time values"]
    assert (ended.code, found["result"]) == (0, "warning")
    assert "forgotten" in found["words"]
    assert "IDBRIDGE_REDIS_URL" in found["hint"]

    monkeypatch.setenv("IDBRIDGE_REDIS_URL", "unix:///run/redis.sock")
    assert run("doctor", "--region", str(region), "--json").json["summary"]["warnings"] == 0
