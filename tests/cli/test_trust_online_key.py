"""A region whose online key was stolen or lost: its officers name another one, and nodes follow."""

import json
import shutil
from pathlib import Path

import pytest

from idbridge.crypto.signer import generate
from tests.cli.ceremony import MY, SG, TH, Ceremony, Run, begun
from tests.trust.operator.offices import public_of


@pytest.fixture
def ceremony(tmp_path: Path, run: Run) -> Ceremony:
    return Ceremony(begun(tmp_path / "region"), run)


@pytest.fixture
def officers(ceremony: Ceremony) -> list[str]:
    found = []
    for state in (SG, TH, MY):
        place = ceremony.folder / f"{state}.json"
        place.write_bytes(public_of(ceremony.place.region, state).octets())
        found += ["--officers", str(place)]
    return found


def test_a_new_online_key_comes_with_a_new_root_alone(ceremony: Ceremony, tmp_path: Path) -> None:
    ended = ceremony.trust(
        "propose", "--renew", "root", "--online", str(tmp_path / "online.jwk"), *ceremony.tree,
        "--key", ceremony.key("role-root-SG"), "--reason", "a test",
    )  # fmt: skip

    assert ended.code == 2
    assert "--officers" in ended.err


def test_what_is_no_public_key_is_refused(ceremony: Ceremony, officers: list[str], tmp_path: Path) -> None:
    (tmp_path / "online.jwk").write_text('{"kty": "EC"}')

    ended = ceremony.trust(
        "propose", *officers, "--online", str(tmp_path / "online.jwk"), *ceremony.tree,
        "--key", ceremony.key("role-root-SG"), "--reason", "a test",
    )  # fmt: skip

    assert ended.code == 5
    assert "holds no public key" in ended.err


def test_after_a_new_root_the_new_online_key_publishes_and_the_old_one_does_not(
    ceremony: Ceremony, officers: list[str], tmp_path: Path
) -> None:
    new, old = generate("ES256"), Path(ceremony.key("role-online"))
    (tmp_path / "online.jwk").write_text(json.dumps(dict(new.public_jwk)))
    ceremony.fetched()
    wanted = [*officers, "--online", str(tmp_path / "online.jwk")]
    made = ceremony.proposed("propose", *wanted, name="root", key="role-root-SG")
    ceremony.signed(made, "role-root-TH", "role-root-MY")
    assert ceremony.publish(made).code != 0

    shutil.copy(old, tmp_path / "old.pem")
    old.write_text(new.pem())

    assert ceremony.publish(made).code == 0
    assert ceremony.fetched()["summary"]["regional"]["root_version"] == 2
    shutil.copy(tmp_path / "old.pem", old)
    assert ceremony.trust("refresh", *ceremony.online).code != 0
