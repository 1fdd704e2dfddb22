"""``idbridge witness list``: whose word counts, when each last confirmed a log; first what it does not believe."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from idbridge.cli.groups import RootGroup
from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge.model.time import instant_text
from idbridge.model.trust import ServiceStatus
from idbridge.tlog.note import NoteSigner
from idbridge.trust.log_listing import listed_witnesses
from idbridge_gateway.demo.nodes import lay_out
from idbridge_gateway.evidence.cosigned import COSIGNED
from tests.cli.ended import Ended
from tests.gateway.asking import the_region
from tests.gateway.clocks import NOON
from tests.gateway.distributed import the_present_region
from tests.gateway.witnessing import cosigned_by, signer_of, witness_of

Run = Callable[..., Ended]
SG, TH = MemberState.SG, MemberState.TH


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a region of today: a shell reads the clock of the machine."""
    folder = tmp_path_factory.mktemp("region")
    lay_out(the_present_region(), folder)
    return folder


@pytest.fixture
def run(region: Path) -> Run:
    """Run `idbridge witness list` on the region."""
    root = RootGroup("idbridge", places={"witness": "idbridge_gateway.witness.commands:witness"}, headings={})

    def run_command(*arguments: str) -> Ended:
        called = ("witness", "list", "--region", str(region), *arguments)
        result = CliRunner().invoke(root, called, env={"COLUMNS": "250"})
        return Ended(result.exit_code, result.stdout, result.stderr)

    return run_command


@pytest.fixture
def kept(region: Path) -> Iterator[Callable[..., str]]:
    """Keep a checkpoint of Thailand's log as confirmed in the memory of its node, which is returned."""
    memory = region / "nodes" / "TH" / "state"
    present = the_present_region()

    def keep(*witnesses: NoteSigner, by: NoteSigner | None = None, **at: float) -> str:
        instant = present.made_at + timedelta(**at)
        note = cosigned_by(by or signer_of(present, TH), *witnesses, state=TH, size=600, at=instant)
        (memory / COSIGNED).write_bytes(note.octets())
        return str(memory)

    yield keep
    (memory / COSIGNED).unlink(missing_ok=True)


def row_of(ended: Ended, state: MemberState) -> Any:
    (row,) = [one for one in ended.json["results"] if one["state"] == state.value]
    return row


def test_a_region_that_is_not_there_and_a_node_that_is_not_are_said(run: Run, tmp_path: Path) -> None:
    assert run("--region", str(tmp_path / "nowhere")).code == 5
    nowhere = run("--node", str(tmp_path / "nowhere"))
    assert nowhere.code == 5
    assert "is no folder" in nowhere.err


def test_a_log_that_nobody_confirmed_is_due(run: Run, tmp_path: Path) -> None:
    shown, told = run("--node", str(tmp_path)), run("--node", str(tmp_path), "--json")

    assert (shown.code, told.code) == (1, 1)
    assert "no witness has confirmed the log of this node" in shown.err
    assert told.json["summary"]["log"] is None


def test_what_is_kept_and_is_no_checkpoint_of_a_listed_log_is_refused(
    run: Run, kept: Callable[..., str], tmp_path: Path
) -> None:
    (tmp_path / COSIGNED).write_bytes(b"confirmed, believe me\n")
    nonsense = run("--node", str(tmp_path))
    forged = run("--node", kept(by=witnessless(the_region())))

    assert (nonsense.code, forged.code) == (1, 1)
    assert "time.evidence_malformed" in nonsense.err
    assert "time.evidence_unsigned" in forged.err


def witnessless(region: Any) -> NoteSigner:
    """A log of the same name with another key: that of a region of another day."""
    return signer_of(region, TH)


def test_its_own_witness_a_stranger_and_one_from_the_future_have_not_confirmed_a_log(
    run: Run, kept: Callable[..., str]
) -> None:
    present, leeway = the_present_region(), LIMITS.clock_leeway.total_seconds()
    own = kept(witness_of(present, TH), witness_of(the_region(), SG))
    told = run("--node", own, "--json")
    later = run("--node", kept(witness_of(present, SG), seconds=leeway + 3600), "--json")

    assert (told.code, later.code) == (1, 1)
    assert all(one["last_cosigned"] is None for one in (*told.json["results"], *later.json["results"]))


def test_when_lists_are_out_of_date_no_word_counts(run: Run) -> None:
    late = run("--at", "2036-01-01T00:00:00Z", "--json")

    assert late.code == 4
    assert {one["counts"] for one in late.json["results"]} == {False}
    assert {one["list"] for one in late.json["results"]} == {"trust.stale"}


def test_a_witness_that_was_withdrawn_or_has_not_begun_does_not_count() -> None:
    region = the_region()
    later = NOON + timedelta(hours=1)
    ended = region.with_status("sg-witness", "withdrawn", at=NOON).snapshot(at=later)

    of_sg = [one for one in listed_witnesses(ended, at=later) if one.witness.state is SG]
    early = listed_witnesses(region.snapshot(at=NOON), at=NOON - timedelta(days=36_500))

    assert [(one.status, one.counts) for one in of_sg] == [(ServiceStatus.WITHDRAWN, False)]
    assert {(one.status, one.counts) for one in early} == {(None, False)}


def test_each_witness_is_listed_with_its_key_and_when_it_last_confirmed(run: Run, kept: Callable[..., str]) -> None:
    present = the_present_region()
    node = kept(witness_of(present, SG))

    plain, told, shown = run("--json"), run("--node", node, "--json"), run("--node", node)

    assert (plain.code, told.code, shown.code) == (0, 0, 0)
    assert plain.json["schema"] == "idbridge-witness-list-1"
    assert row_of(plain, SG)["last_cosigned"] is None
    assert row_of(told, SG)["last_cosigned"] == instant_text(present.made_at)
    assert row_of(told, SG)["key"] == witness_of(present, SG).key.text()
    assert row_of(told, TH)["last_cosigned"] is None
    assert row_of(told, TH)["counts"] is True
    assert row_of(told, TH)["status"] == "granted"
    assert told.json["summary"]["log"] == {"origin": signer_of(present, TH).key.name, "state": "TH", "size": 600}
    assert "LAST COSIGNED" in shown.out
    assert instant_text(present.made_at) in shown.out
    assert "confirmed up to 600 entries" in shown.out
