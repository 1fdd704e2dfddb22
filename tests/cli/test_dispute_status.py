"""A dispute over a verdict that rests on status lists that were handed over: these very lists go along, or nothing."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from idbridge.clock import SystemClock
from idbridge.codec import base64std
from idbridge.sandbox.region import Region
from idbridge.sandbox.statuses import SG, TOKENS, documents
from idbridge.status import issue
from idbridge.status.issue import Making
from idbridge.status.packing import packed
from tests.cli.ended import Ended
from tests.status.listing import altered

Run = Callable[..., Ended]
CASE = "sg-pid-in-force"
ADDRESS = f"{SG}/{TOKENS}"
AS = ("--for", "TH", "--as", "th-bank")


@dataclass
class Dispute:
    """A request, its report, and the one list that the verdict rests on."""

    folder: Path
    region: Path
    run: Run

    def export(self, *lists: str, out: str) -> Ended:
        """Export it with these lists."""
        given = [word for name in lists for word in ("--status-list", str(self.folder / name))]
        named = ("--report", str(self.folder / "report.json"), "--credential", str(self.folder / "request.json"))
        return self.run(
            "dispute", "export", *named, *AS, *given, "--out", str(self.folder / out), "--region", str(self.region)
        )

    def lay(self, name: str, octets: bytes) -> str:
        """Lay a list down."""
        (self.folder / name).write_bytes(octets)
        return name

    def younger(self) -> bytes:
        """Another list of the same address, which calls the same credential good."""
        making = Making(ADDRESS, SystemClock().now().replace(microsecond=0) - timedelta(seconds=1), timedelta(days=1))
        service = Region.load(self.region).signer("sg-revocation")
        return issue.sign_jwt(issue.claims_of(making, packed([0, 0, 0, 0], 2), 2), making, service)


@pytest.fixture(scope="module")
def _made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("dispute")


@pytest.fixture
def dispute(_made: Path, run: Run, region: Path) -> Dispute:
    made = Dispute(_made, region, run)
    if not (_made / "report.json").exists():
        made.lay("right.list", documents(Region.load(region), at=SystemClock().now())[ADDRESS])
        (_made / "request.json").write_text(run("sandbox", "mint", CASE, "--region", str(region)).out)
        asked = (str(_made / "request.json"), *AS, "--purpose", "account-opening", "--region", str(region))
        handed_over = ("--status-list", str(_made / "right.list"))
        report = run("verify", *asked, *handed_over, "--detail", "evidence", "--json")
        assert report.json["status"]["state"] == "valid", report.out
        (_made / "report.json").write_text(report.out)
    return made


def test_without_the_list_nothing_is_exported_and_the_way_is_shown(dispute: Dispute) -> None:
    ended = dispute.export(out="never.json")

    assert ended.code == 5
    assert "status snapshot" in ended.err
    assert "`--status-list FILE`" in ended.err
    assert not (dispute.folder / "never.json").exists()


@pytest.mark.parametrize("which", ["younger", "both", "altered", "none"])
def test_other_lists_than_those_that_the_report_relied_on_are_refused(dispute: Dispute, which: str) -> None:
    right = (dispute.folder / "right.list").read_bytes()
    lists = {
        "younger": [dispute.lay("younger.list", dispute.younger())],
        "both": ["right.list", dispute.lay("younger.list", dispute.younger())],
        "altered": [dispute.lay("altered.list", altered(right))],
        "none": [dispute.lay("none.list", b"<html>")],
    }

    ended = dispute.export(*lists[which], out="never.json")

    assert (ended.code, ended.out) == (3, "")
    assert "are not those which the report relied on" in ended.err
    assert ("status.list_invalid" in ended.err) is (which in ("altered", "none"))
    assert not (dispute.folder / "never.json").exists()


def test_a_report_that_relied_on_no_list_takes_none_along(dispute: Dispute, run: Run, tmp_path: Path) -> None:
    request = run("sandbox", "mint", "sg-pid-opens-account", "--region", str(dispute.region)).out
    (tmp_path / "request.json").write_text(request)
    (tmp_path / "right.list").write_bytes((dispute.folder / "right.list").read_bytes())
    asked = (str(tmp_path / "request.json"), *AS, "--purpose", "account-opening", "--region", str(dispute.region))
    (tmp_path / "report.json").write_text(run("verify", *asked, "--detail", "evidence", "--json").out)

    ended = Dispute(tmp_path, dispute.region, run).export("right.list", out="never.json")

    assert ended.code == 3
    assert "are not those which the report relied on" in ended.err


def test_the_list_goes_along_and_the_decision_is_made_again_with_nothing_else(
    dispute: Dispute, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ended = dispute.export("right.list", out="bundle.json")
    assert ended.code == 0, ended.err
    document = json.loads((dispute.folder / "bundle.json").read_text())
    held = {base64std.decode(text) for text in document["status"]["files"].values()}
    assert held == {(dispute.folder / "right.list").read_bytes()}

    monkeypatch.setenv("IDBRIDGE_REGION", str(tmp_path / "absent"))
    replayed = run("dispute", "replay", str(dispute.folder / "bundle.json"), "--json")

    assert replayed.code == 0, replayed.err
    assert replayed.json["summary"]["identical"] is True


def test_a_bundle_whose_list_was_exchanged_is_not_replayed(dispute: Dispute, run: Run) -> None:
    if not (dispute.folder / "again.json").exists():
        assert dispute.export("right.list", out="again.json").code == 0
    document: dict[str, Any] = json.loads((dispute.folder / "again.json").read_text())
    (name,) = document["status"]["files"]
    document["status"]["files"][name] = base64std.encode(dispute.younger())
    dispute.lay("spoilt.json", json.dumps(document, separators=(",", ":"), sort_keys=True).encode())

    ended = run("dispute", "replay", str(dispute.folder / "spoilt.json"))

    assert (ended.code, ended.out) == (3, "")
    assert "not those of the snapshot" in ended.err
