"""The tree as a node accepted it, for those who read it from the node: nothing that was refused is handed on."""

from datetime import timedelta
from typing import Any

import pytest

from idbridge.errors import TrustError
from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from tests.trust.distribution.places import NOW, SECOND, Place, force


def files_in(place: Place) -> dict[str, bytes]:
    tree = place.tree.directory
    return {
        str(path.relative_to(tree)): path.read_bytes()
        for folder in ("metadata", "targets")
        for path in (tree / folder).rglob("*.*")
        if path.is_file()
    }


def lasting_too_long(signed: Any) -> None:
    """What the library's client accepts, and the second lock does not (trap T6)."""
    signed.expires = NOW + LIMITS.state_role_lifetime + timedelta(days=365)


def test_a_role_that_the_second_lock_refused_is_left_out_and_the_others_are_not(place: Place) -> None:
    force(place, {"SG": place.next_role("SG", lasting_too_long, at=NOW + SECOND)}, at=NOW + SECOND)
    repository = place.repository()

    found = repository.load(at=NOW + SECOND)

    assert MemberState.SG not in found.lists
    assert "metadata/2.SG.json" not in repository.accepted_tree
    assert "metadata/1.TH.json" in repository.accepted_tree
    assert "metadata/2.snapshot.json" in repository.accepted_tree


def test_what_is_refused_whole_leaves_the_tree_as_it_was_accepted(place: Place) -> None:
    repository = place.repository()
    repository.load(at=NOW)
    before = dict(repository.accepted_tree)
    (place.tree.directory / "metadata" / "timestamp.json").write_bytes(b"{}")

    repository.load(at=NOW + SECOND)

    assert repository.accepted_tree == before


def test_before_anything_was_accepted_there_is_nothing_to_hand_on(place: Place) -> None:
    (place.tree.directory / "metadata" / "timestamp.json").unlink()
    repository = place.repository()

    with pytest.raises(TrustError):
        repository.load(at=NOW)

    assert repository.accepted_tree == {}


def test_everything_that_was_accepted_stands_under_the_name_that_its_publisher_gave_it(place: Place) -> None:
    repository = place.repository()
    repository.load(at=NOW)

    assert dict(repository.accepted_tree) == files_in(place)
