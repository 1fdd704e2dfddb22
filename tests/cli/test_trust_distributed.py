"""Looking at trust that came by TUF: what is kept, what ends when, and how fresh the region is."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from idbridge.clock import SystemClock
from idbridge.model.region import MemberState
from idbridge.sandbox.distribution import ROOT_FILE, TREE
from idbridge.sandbox.region import Region
from idbridge.trust import records
from idbridge.trust.tuf.client import DirectoryTree
from idbridge.trust.tuf.repository import TufRepository
from idbridge.trust.tuf.tree import RECORDS
from tests.cli.ended import Ended
from tests.cli.proposals import proposal, with_leeway

Run = Callable[..., Ended]
SG = MemberState.SG


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pretend region with a tree, whose node took up nothing yet."""
    folder = tmp_path_factory.mktemp("distributed")
    made = Region.generate(at=SystemClock().now() - timedelta(seconds=5))
    made.save(folder)
    made.distribute(folder, at=SystemClock().now())
    memory = folder / "state"
    memory.mkdir(mode=0o700)
    TufRepository(DirectoryTree(folder / TREE), folder / ROOT_FILE, memory).initialise()
    return folder


def test_a_list_in_a_file_is_compared_with_keys_of_the_distribution(run: Run, place: Path, tmp_path: Path) -> None:
    wide = str(proposal(place, tmp_path / "wide.jws", with_leeway(300)))
    ended = run("trust", "diff", "SG", wide, "--region", str(place))

    assert ended.code == 1
    assert "scope widened" in ended.out


def test_the_list_says_how_fresh_the_region_is(run: Run, place: Path) -> None:
    ended = run("trust", "list", "--region", str(place))

    assert ended.code == 0
    assert "timestamp 1, signed " in ended.out
    listed = run("trust", "list", "--region", str(place), "--json").json
    assert listed["summary"]["distribution"]["mode"] == "tuf"


def test_without_a_fresh_timestamp_no_list_is_current(run: Run, place: Path) -> None:
    later = f"{SystemClock().now() + timedelta(days=2):%Y-%m-%dT%H:%M:%SZ}"
    ended = run("trust", "list", "--region", str(place), "--at", later)

    assert ended.code == 4
    assert ended.out.count("trust.stale") == 11
    explained = run("trust", "explain", "https://sandbox.login.sg.example", "--region", str(place), "--at", later)
    assert explained.code == 3
    assert "the timestamp of the region ran out" in " ".join(explained.out.split())


def test_the_roles_of_the_own_tree_are_in_the_calendar(run: Run, place: Path) -> None:
    ended = run("trust", "calendar", "--region", str(place))

    assert ended.code == 0
    assert ended.out.count("timestamp 1") == 1  # as the node holds it and as the tree offers it
    assert "root 1" in ended.out


def test_every_edition_of_the_own_tree_is_in_the_history(run: Run, place: Path) -> None:
    assert run("trust", "history", "SG", "--region", str(place)).code == 0
    Region.load(place).reissued(SG, at=SystemClock().now()).distribute(place, at=SystemClock().now())
    ended = run("trust", "history", "SG", "--region", str(place), "--json")

    assert [row["sequence"] for row in ended.json["results"]] == [1, 2]
    assert all(any(one.startswith("snapshot ") for one in row["found_in"]) for row in ended.json["results"])
    assert run("trust", "diff", "SG@1", "SG@2", "--region", str(place)).code == 1


def test_the_records_of_the_tree_say_who_published_what_and_why(run: Run, place: Path) -> None:
    folder = place / TREE / RECORDS
    folder.mkdir(exist_ok=True)
    content = {"role": "SG", "version": 2, "act": "withdraw", "reason": "the office closed", "proposer": "a-key"}
    acts = [{"by": "a-thumbprint-of-one"}, {"by": "a-thumbprint-of-two"}]
    records.append(
        folder,
        "publish",
        {**content, "diff": "0" * 64, "acts": acts},
        signer=Region.load(place).keys.roles.online,
        at=SystemClock().now(),
    )
    ended = run("trust", "history", "SG", "--region", str(place))

    assert "withdraw v2" in ended.out
    assert "a-thumbprint.., a-thumbprint.." in ended.out
    assert "the office closed" in ended.out
    listed = run("trust", "history", "SG", "--region", str(place), "--json").json["summary"]["records"]
    assert [(one["act"], one["proposer"]) for one in listed] == [("withdraw", "a-key")]
