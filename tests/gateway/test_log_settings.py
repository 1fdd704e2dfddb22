"""The log of a node in its settings, and what keeps a node from starting: first of all files of a backup."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from idbridge.clock import FixedClock
from idbridge.crypto.key_files import write_key_file
from idbridge.crypto.signer import generate
from idbridge.errors import ConfigurationError
from idbridge.evidence.errors import BusyError, HeadBehindError
from idbridge.limits import LIMITS
from idbridge.model.randomness import SystemRandomness
from idbridge.model.region import MemberState
from idbridge.tlog.leaf import LeafType
from idbridge_gateway.demo.nodes import lay_out
from idbridge_gateway.evidence.cosigned import COSIGNED
from idbridge_gateway.evidence.line import OwnLine
from idbridge_gateway.evidence.opening import begin_log, evidence_of, log_opener, read_log_key
from idbridge_gateway.settings import Settings, read_settings
from tests.gateway.asking import the_region
from tests.gateway.clocks import NOON
from tests.gateway.test_settings import given

CLOCK = FixedClock(NOON)
LOG = {"log_dir": Path("log"), "log_key_file": Path("log.pem"), "log_day_keys_dir": Path("days")}
HEADS = {"log_heads_dir": Path("heads")}


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"log_dir": None}, "IDBRIDGE_LOG_DIR"),
        ({"log_key_file": None}, "IDBRIDGE_LOG_KEY_FILE"),
        ({"log_day_keys_dir": None}, "IDBRIDGE_LOG_DAY_KEYS_DIR"),
        ({"log_heads_dir": None}, "IDBRIDGE_LOG_HEADS_DIR"),
        ({"log_day_keys_dir": Path("log/days")}, "IDBRIDGE_LOG_DAY_KEYS_DIR"),
        ({"log_wait_seconds": LIMITS.log_wait.total_seconds() + 0.01}, "IDBRIDGE_LOG_WAIT_SECONDS"),
        ({"log_wait_seconds": LIMITS.log_sandbox_wait.total_seconds() + 1}, "IDBRIDGE_LOG_WAIT_SECONDS"),
    ],
)
def test_a_live_node_without_a_whole_log_does_not_start(changes: dict[str, Any], named: str) -> None:
    assert read_settings(**given(**LOG, **HEADS)).log_origin == "node.th.example/log"

    with pytest.raises(ConfigurationError, match=named):
        read_settings(**given(**{**LOG, **HEADS, **changes}))


def test_a_practice_node_may_be_without_a_log_but_not_with_half_of_one() -> None:
    assert read_settings(**given(environment="sandbox", log_dir=None)).log_origin is None

    with pytest.raises(ConfigurationError, match="IDBRIDGE_LOG_KEY_FILE"):
        read_settings(**given(environment="sandbox", log_key_file=None))


def test_where_there_is_a_database_it_keeps_the_head() -> None:
    by_database = {"relying_parties_file": None, "database_url": "postgresql://a:b@db.example/c"}

    assert read_settings(**given(**LOG, **by_database, log_heads_dir=None)).log_heads_dir is None


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return lay_out(the_region(), tmp_path)[MemberState.TH]


def grown(settings: Settings, count: int) -> Settings:
    """The settings of a node that has written ``count`` leaves more."""
    writer = log_opener(settings, clock=CLOCK)()
    for _ in range(count):
        writer.append_blocking(LeafType.START, {"ver": "1"})
    writer.close()
    return settings


def test_a_node_on_the_files_of_a_backup_does_not_start(settings: Settings, tmp_path: Path) -> None:
    grown(settings, 2)
    shutil.copytree(settings.log_dir or tmp_path, tmp_path / "backup")
    grown(settings, 1)
    restored = settings.model_copy(update={"log_dir": tmp_path / "backup"})

    with pytest.raises(HeadBehindError, match="an old copy"):
        begin_log(evidence_of(restored, clock=CLOCK, randomness=SystemRandomness()), keeping=True)


def test_a_node_whose_heads_came_from_the_same_backup_does_not_start_behind_what_was_confirmed(
    settings: Settings, tmp_path: Path
) -> None:
    grown(settings, 2)
    shutil.copytree(settings.log_dir or tmp_path, tmp_path / "backup")
    shutil.copytree(settings.log_heads_dir or tmp_path, tmp_path / "backup-heads")
    grown(settings, 1)
    confirmed = (settings.log_dir or tmp_path) / "checkpoint"
    (settings.state_dir / COSIGNED).write_bytes(confirmed.read_bytes())
    changes = {"log_dir": tmp_path / "backup", "log_heads_dir": tmp_path / "backup-heads"}
    restored = settings.model_copy(update=changes)

    with pytest.raises(HeadBehindError, match="an old copy"):
        begin_log(evidence_of(restored, clock=CLOCK, randomness=SystemRandomness()), keeping=True)
    for nothing in (b"nonsense", confirmed.read_bytes().replace(b"/log\n", b"/another\n", 1)):
        (settings.state_dir / COSIGNED).write_bytes(nothing)
        grown(settings, 1)


def test_a_log_that_somebody_writes_to_is_not_written_to_and_is_no_fault_of_a_look(settings: Settings) -> None:
    first, second, third = (evidence_of(settings, clock=CLOCK, randomness=SystemRandomness()) for _ in range(3))
    begin_log(first, keeping=True)

    with pytest.raises(BusyError):
        begin_log(second, keeping=True)
    begin_log(third, keeping=False)

    assert isinstance(first.line, OwnLine)
    first.line.end()
    grown(settings, 1)


def test_a_key_of_another_kind_signs_no_log(settings: Settings, tmp_path: Path) -> None:
    write_key_file(tmp_path / "another.pem", generate("ES256"), passphrase=None)

    with pytest.raises(ConfigurationError, match="Ed25519"):
        read_log_key(settings.model_copy(update={"log_key_file": tmp_path / "another.pem"}))
