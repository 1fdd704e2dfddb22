"""The difference of two editions, and the editions that are kept: nothing is shown that no known key signed."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from idbridge.cli.trust_editions import STORE
from idbridge.clock import SystemClock
from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge.sandbox.region import Region
from idbridge.trust.store import SnapshotStore
from idbridge.trust.tuf import repository
from tests.cli.ended import Ended
from tests.cli.proposals import Table, as_it_is, proposal, travelling, with_leeway, without

Run = Callable[..., Ended]
WIDE = with_leeway(300)


def test_the_snapshots_of_a_node_are_looked_for_where_it_keeps_them() -> None:
    assert STORE == repository.STORE


@pytest.mark.parametrize(
    ("old", "new", "code", "word"),
    [
        ("absent.jws", "SG", 5, "cannot be read as a signed list"),
        ("SG", "XX", 2, "names no list"),
        ("SG", "SG@9", 5, "edition 9 of the list of SG is not kept"),
    ],
)
def test_what_is_no_edition_is_an_error(run: Run, region: Path, old: str, new: str, code: int, word: str) -> None:
    ended = run("trust", "diff", old, new, "--region", str(region))

    assert (ended.code, ended.out) == (code, "")
    assert word in ended.err


def test_a_list_that_no_known_key_signed_is_not_shown(run: Run, region: Path, tmp_path: Path) -> None:
    stranger = tmp_path / "stranger"
    other = Region.generate(at=SystemClock().now())
    stranger.write_text(other.published.lists[MemberState.SG])
    ended = run("trust", "diff", "SG", str(stranger), "--region", str(region))

    assert (ended.code, ended.out) == (4, "")
    assert "not pinned" in ended.err


def test_without_any_key_nothing_is_compared(run: Run, region: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    wide = proposal(region, tmp_path / "wide.jws", WIDE)
    ended = run("trust", "diff", str(wide), str(wide), "--region", str(bare))

    assert (ended.code, ended.out) == (5, "")
    assert "are not known" in ended.err
    assert run("trust", "diff", str(wide), str(wide), "--region", str(tmp_path / "absent")).code == 5


def test_what_widens_is_marked_and_ends_with_one(run: Run, region: Path, tmp_path: Path) -> None:
    ended = run("trust", "diff", "SG", str(proposal(region, tmp_path / "wide.jws", WIDE)), "--region", str(region))

    assert ended.code == 1
    assert "list of SG: widened" in ended.out
    assert "!  leeway  60 s -> 300 s" in ended.out
    assert "scope widened" in ended.out


def test_the_digest_that_a_signer_compares_is_the_same_in_both_forms(run: Run, region: Path, tmp_path: Path) -> None:
    wide = str(proposal(region, tmp_path / "wide.jws", WIDE))
    shown = run("trust", "diff", "SG", wide, "--region", str(region)).out
    summary = run("trust", "diff", "SG", wide, "--region", str(region), "--json").json["summary"]

    assert f"digest {summary['digest']}" in shown
    assert (summary["kind"], summary["subject"], summary["widens"]) == ("list", "SG", True)


def test_a_dropped_service_and_the_share_that_ends_are_told(run: Run, region: Path, tmp_path: Path) -> None:
    gone = {"sg-login", "sg-login-2025", "sg-login-sealed", "sg-pid"}
    half = proposal(region, tmp_path / "half.jws", lambda one: None if one["id"] in gone else one)
    ended = run("trust", "diff", "SG", str(half), "--region", str(region))

    assert "- LionPass login\n" in ended.out
    assert "; 2 of 9 services end" in ended.out
    assert f"more than {LIMITS.shrink_brake:.0%} of the services end" in ended.out


def test_one_service_may_end_without_a_further_signature(run: Run, region: Path, tmp_path: Path) -> None:
    less = proposal(region, tmp_path / "less.jws", without("sg-representative"))
    ended = run("trust", "diff", "SG", str(less), "--region", str(region))

    assert "; 1 of 9 services ends" in ended.out
    assert "more than" not in ended.out


def _of_both_curves(service: Table) -> Table:
    """Change every service but the log and its witness, whose keys are for Ed25519 alone."""
    if service["algorithms"] == ["Ed25519"]:
        return service
    return {**service, "algorithms": ["ES256", "ES384"], "holder_binding": "optional"}


@pytest.mark.parametrize("columns", ["80", "120"])
def test_every_line_fits_the_screen(
    run: Run, region: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    both = proposal(region, tmp_path / "both.jws", _of_both_curves)
    ended = run("trust", "diff", "SG", str(both), "--region", str(region))

    assert ended.code == 1
    assert max(map(len, ended.out.splitlines())) <= int(columns)


def test_a_list_compared_with_itself_does_not_differ(run: Run, region: Path) -> None:
    ended = run("trust", "diff", "sg", "SG@1", "--region", str(region))

    assert ended.code == 0
    assert "list of SG: same" in ended.out
    assert "0 differences" in ended.out


@pytest.fixture
def keeping(region: Path, tmp_path: Path) -> Path:
    """A region in which a node keeps two editions of the list of Singapore, and a tree with a third."""
    place = tmp_path / "keeping"
    shutil.copytree(region, place)
    pins = run_pins(place)
    store = SnapshotStore(place / "nodes" / "TH" / "state" / STORE)
    (place / "nodes" / "TH" / "state" / STORE).mkdir()
    held = (place / "trust" / "lists" / "SG.jws").read_bytes()
    second = proposal(region, tmp_path / "second.jws", WIDE).read_bytes()
    about = {"environment": "sandbox", "keys": pins, "documentKeys": {}}
    for octets in (held, second):
        store.keep({"lists/SG/list.jws": octets}, about, at=SystemClock().now())
    published = tmp_path / "tree" / "targets" / "lists" / "SG"
    published.mkdir(parents=True)
    shutil.copy(proposal(region, tmp_path / "third.jws", without("sg-pid")), published / "aa.list.jws")
    (published / "bb.list.jws").write_text("<html>")
    return place


def run_pins(place: Path) -> dict[str, list[dict[str, str]]]:
    return {state.value: [dict(key.public_jwk)] for state, key in Region.load(place).keys.lists.items()}


def test_a_state_without_any_edition_is_unusable(run: Run, region: Path, tmp_path: Path) -> None:
    copied = tmp_path / "copied"
    shutil.copytree(region, copied)
    (copied / "trust" / "lists" / "SG.jws").unlink()

    assert run("trust", "history", "SG", "--region", str(copied)).code == 4


def test_the_editions_that_are_kept_are_told_oldest_first(run: Run, keeping: Path) -> None:
    ended = run("trust", "history", "SG", "--region", str(keeping))

    assert ended.code == 0
    assert [row.split()[0] for row in ended.out.splitlines()] == ["EDITION", "1", "2"]
    assert "~1 !" in ended.out


def test_a_published_tree_has_every_edition_and_what_is_none_is_named(run: Run, keeping: Path) -> None:
    ended = run("trust", "history", "SG", "--tree", str(keeping.parent / "tree"), "--region", str(keeping), "--json")

    assert [row["sequence"] for row in ended.json["results"]] == [1, 2, 2]
    assert ended.json["summary"]["unread"][0]["found_in"] == "bb.list.jws"
    shown = run("trust", "history", "SG", "--tree", str(keeping.parent / "tree"), "--region", str(keeping))
    assert "bb.list.jws cannot be read as an edition: trust.profile_violation" in shown.err


def test_two_kept_editions_can_be_compared(run: Run, keeping: Path) -> None:
    ended = run("trust", "diff", "SG@1", "SG@2", "--region", str(keeping))

    assert ended.code == 1
    assert "leeway" in ended.out


def test_the_same_content_is_told_by_its_dates_alone(run: Run, region: Path, tmp_path: Path) -> None:
    same = proposal(region, tmp_path / "same.jws", as_it_is)
    ended = run("trust", "diff", "SG", str(same), "--region", str(region), "--json")

    assert ended.json["results"] == []
    assert [fact["what"] for fact in ended.json["summary"]["facts"]] == ["sequence", "issued at", "next update"]


def test_a_proposal_that_travels_is_compared_by_the_list_in_it(run: Run, region: Path, tmp_path: Path) -> None:
    wide = proposal(region, tmp_path / "wide.jws", WIDE)
    travels = travelling(region, wide, tmp_path / "SG-2.proposal.json")
    by_file, by_proposal = (
        run("trust", "diff", "SG", str(one), "--region", str(region), "--json").json["summary"]["digest"]
        for one in (wide, travels)
    )

    assert by_file == by_proposal


def test_a_proposal_of_something_else_is_no_list(run: Run, region: Path, tmp_path: Path) -> None:
    wide = proposal(region, tmp_path / "wide.jws", WIDE)
    other = travelling(region, wide, tmp_path / "agreements-2.proposal.json", role="agreements")
    broken = tmp_path / "broken.proposal.json"
    broken.write_text("{}")

    for file, code, word in ((other, 2, "proposes no list"), (broken, 4, "proposal")):
        ended = run("trust", "diff", "SG", str(file), "--region", str(region))
        assert (ended.code, ended.out) == (code, "")
        assert word in ended.err
