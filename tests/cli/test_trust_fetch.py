"""Fetching as a node does: what was accepted, what was refused and why, and new keys that somebody has to confirm."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from freezegun import freeze_time

from idbridge.crypto.signer import generate
from idbridge.trust.operator import drafting
from idbridge.trust.tuf import writing
from idbridge.trust.tuf.keys import MetadataSigner
from tests.cli.ceremony import SG, Ceremony
from tests.cli.ended import Ended
from tests.trust.distribution.places import NOW, force
from tests.trust.operator.offices import LATER, public_of, standing

Run = Callable[..., Ended]


def fetch(ceremony: Ceremony, *more: str) -> Ended:
    return ceremony.trust("fetch", *ceremony.tree, "--state", str(ceremony.place.memory), *more)


def test_without_a_tree_a_root_or_a_memory_nothing_is_fetched(ceremony: Ceremony, tmp_path: Path) -> None:
    memory = ["--state", str(ceremony.place.memory)]

    assert ceremony.trust("fetch", *ceremony.tree[:2], *memory).code == 2
    assert ceremony.trust("fetch", *ceremony.tree[2:], *memory).code == 2
    assert ceremony.trust("fetch", *ceremony.tree).code == 2
    assert ceremony.trust("fetch", *ceremony.tree, "--state", str(tmp_path / "new")).code == 5
    (tmp_path / "file").write_text("x")
    assert ceremony.trust("fetch", *ceremony.tree, "--state", str(tmp_path / "file" / "x"), "--initialise").code == 5


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/", "https://localhost:9/"])
def test_a_tree_that_cannot_be_reached_is_unusable(ceremony: Ceremony, address: str) -> None:
    ended = ceremony.trust("fetch", "--from", address, *ceremony.tree[2:], "--state", str(ceremony.place.memory))

    assert ended.code == 4


@pytest.mark.parametrize("address", ["http://[::", "https://[x]/", "https://a]b/"])
def test_what_is_no_address_is_a_usage_error(ceremony: Ceremony, address: str) -> None:
    place = ["--from", address, *ceremony.tree[2:]]

    for ended in (
        ceremony.trust("fetch", *place, "--state", str(ceremony.place.memory)),
        ceremony.trust("proposals", *place),
    ):
        assert (ended.code, ended.out) == (2, "")
        assert "is not the address of a tree" in ended.err


def test_everything_that_was_accepted_is_shown(ceremony: Ceremony, tmp_path: Path) -> None:
    ended = ceremony.trust("fetch", *ceremony.tree, "--state", str(tmp_path / "new"), "--initialise")

    assert ended.code == 0
    assert "11 of 11 lists usable" in ended.out
    assert "timestamp   1" in ended.out


def test_what_is_refused_is_named_and_costs_nobody_else(ceremony: Ceremony) -> None:
    assert fetch(ceremony).code == 0
    path = next(iter((ceremony.place.tree.directory / "targets" / "lists" / "SG").iterdir()))
    path.write_bytes(b"x")
    edition = ceremony.place.next_role("SG", lambda signed: signed.targets.clear(), at=LATER)
    force(ceremony.place, {"SG": edition + b" "}, at=LATER)
    (ceremony.place.tree.directory / "metadata" / "2.SG.json").write_bytes(edition)

    ended = fetch(ceremony)
    told = fetch(ceremony, "--json")

    assert (ended.code, told.code) == (1, 1)
    assert "refused lists/SG" in ended.err
    assert "trust." in ended.out
    rows = {row["state"]: row for row in told.json["results"]}
    assert rows["TH"]["code"] is None
    assert told.json["refused"][0]["subject"] == "lists/SG"
    assert told.json["summary"]["current"] is True


def reanchored(ceremony: Ceremony) -> str:
    """Let the region name other keys of Singapore that nobody countersigned; return the digest of the new key set."""
    signers = tuple(generate("ES256") for _ in range(3))
    public = replace(public_of(ceremony.place.region, SG), role=tuple(dict(one.public_jwk) for one in signers))
    before = standing(ceremony.place)
    assert before.top is not None
    wanted = drafting.with_state(drafting.delegations(before.top), public, key_set=2)
    top = writing.targets(drafting.issue(before, "targets", at=LATER), delegations=wanted, handovers={})
    officers = ceremony.place.region.keys.roles.signing("targets")
    state = ceremony.place.next_role("SG", lambda _: None, at=LATER, by=[
        MetadataSigner(one, state=SG) for one in signers[:2]])  # fmt: skip
    force(ceremony.place, {"targets": writing.signed(top, officers), "SG": state}, at=LATER)
    return standing(ceremony.place).voters("SG")[0].quorum.digest


def test_new_keys_that_nobody_countersigned_wait_for_a_person(ceremony: Ceremony) -> None:
    assert fetch(ceremony).code == 0
    digest = reanchored(ceremony)

    refused = fetch(ceremony)
    assert (refused.code, "trust.reanchored" in refused.err) == (1, True)
    shown = fetch(ceremony, "--reanchor", "SG")
    assert (shown.code, digest in shown.err) == (6, True)
    assert fetch(ceremony, "--reanchor", "nobody").code == 2
    other = fetch(ceremony, "--reanchor", f"SG={'0' * 64}")
    assert (other.code, digest in other.err) == (6, True)

    accepted = fetch(ceremony, "--reanchor", f"sg={digest}")

    assert accepted.code == 0
    assert fetch(ceremony).code == 0


def test_a_region_that_is_out_of_date_is_unusable(ceremony: Ceremony) -> None:
    assert fetch(ceremony).code == 0

    with freeze_time(NOW + timedelta(days=2)):
        ended = fetch(ceremony)

    assert ended.code == 4
    assert "out of date" in ended.err
    assert "11 of 11" not in ended.out
