"""A role whose file is gone or spoiled on the online machine costs its state, and neither the others nor the region."""

import json
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tuf.api.metadata import Metadata, MetaFile

from idbridge.crypto.signer import generate
from idbridge.errors import ConfigurationError, IdBridgeError
from idbridge.model.region import MemberState
from idbridge.trust.operator.role_calendar import role_dues
from idbridge.trust.tuf import roles, writing
from idbridge.trust.tuf.keys import MetadataSigner
from idbridge.trust.tuf.publisher import Change
from idbridge.trust.tuf.repository import CACHE
from tests.trust.distribution.places import NOW, SECOND, Place, force

SG, TH = MemberState.SG, MemberState.TH
LATE = NOW + timedelta(days=3, hours=13)  # half the life of the snapshot is gone, and a new one is signed


def missing(file: Path) -> None:
    file.unlink()


def emptied(file: Path) -> None:
    file.write_bytes(b"")


def of_another(file: Path) -> None:
    file.write_bytes(file.with_name("1.SG.json").read_bytes())


def reworded(file: Path) -> None:
    file.write_bytes(file.read_bytes() + b"\n")


def linked(file: Path) -> None:
    file.rename(file.with_name("elsewhere"))
    file.symlink_to(file.with_name("elsewhere"))


Spoil = Callable[[Path], None]
SPOILED = (emptied, of_another, reworded)


def file_of(place: Place, role: str) -> Path:
    return place.tree.directory / "metadata" / f"1.{role}.json"


def named(place: Place) -> dict[str, Any]:
    """What the snapshot in sight names, by role."""
    meta: dict[str, Any] = json.loads(place.tree.head().snapshot.octets)["signed"]["meta"]
    return {name.removesuffix(".json"): entry for name, entry in meta.items()}


def newcomer(place: Place) -> Place:
    """The place with a node that begins now."""
    shutil.rmtree(place.memory)
    place.memory.mkdir(mode=0o700)
    place.repository().initialise()
    return place


# What is not carried over


def in_a_version_far_ahead(place: Place, entry: MetaFile) -> None:
    missing(file_of(place, "TH"))
    entry.version = 99


def by_no_hash(place: Place, entry: MetaFile) -> None:
    reworded(file_of(place, "TH"))
    entry.hashes = entry.length = None


def by_the_hash_of_a_spoiled_file(place: Place, entry: MetaFile) -> None:
    reworded(file_of(place, "TH"))
    spoiled = MetaFile.from_data(1, file_of(place, "TH").read_bytes(), ["sha256"])
    entry.hashes, entry.length = spoiled.hashes, spoiled.length


@pytest.mark.parametrize("signers", [(), (MetadataSigner(generate("ES256"), state=None),)], ids=["nobody", "another"])
@pytest.mark.parametrize("lie", [in_a_version_far_ahead, by_no_hash, by_the_hash_of_a_spoiled_file])
def test_what_a_snapshot_says_that_the_online_key_did_not_sign_is_not_signed_again(
    place: Place, lie: Callable[[Place, MetaFile], None], signers: tuple[MetadataSigner, ...]
) -> None:
    """Else whoever may write to the tree would let the online key name a version that no state could ever follow."""
    payload = Metadata.from_bytes(place.tree.head().snapshot.octets).signed
    lie(place, payload.meta["TH.json"])
    (place.tree.directory / "metadata" / "1.snapshot.json").write_bytes(writing.signed(payload, signers))

    with pytest.raises(IdBridgeError) as caught:
        place.publisher().refresh(at=LATE)

    assert caught.value.code == "trust.threshold_missing"
    assert not (place.tree.directory / "metadata" / "2.snapshot.json").exists()


def test_an_older_snapshot_is_not_carried_on(place: Place) -> None:
    metadata = place.tree.directory / "metadata"
    before = {name: (metadata / name).read_bytes() for name in ("timestamp.json", "1.snapshot.json")}
    newer = place.reissued(SG, at=NOW).reissued(SG, at=NOW + SECOND)
    (metadata / "timestamp.json").write_bytes(before["timestamp.json"])
    missing(file_of(newer, "TH"))

    with pytest.raises(IdBridgeError) as caught:
        newer.publisher().refresh(at=LATE)

    assert caught.value.code == "trust.rollback"


@pytest.mark.parametrize("role", [roles.TARGETS, "XX"])
def test_without_the_top_level_or_with_a_role_that_nobody_knows_nothing_is_signed(place: Place, role: str) -> None:
    if role == roles.TARGETS:
        missing(file_of(place, role))
    else:
        force(place, {"XX": file_of(place, "TH").read_bytes()}, at=NOW)
        missing(file_of(place, "XX"))

    with pytest.raises(ConfigurationError, match=role):
        place.publisher().refresh(at=LATE)


def test_a_spoiled_top_level_is_not_signed(place: Place) -> None:
    reworded(file_of(place, roles.TARGETS))

    with pytest.raises(ConfigurationError, match="targets"):
        place.publisher().refresh(at=LATE)


def test_agreements_that_are_gone_are_not_replaced_by_some_that_may_lack_a_document(place: Place) -> None:
    following = place.next_role(roles.AGREEMENTS, lambda signed: signed.targets.clear(), at=NOW + SECOND)
    missing(file_of(place, roles.AGREEMENTS))

    with pytest.raises(ConfigurationError, match="agreements"):
        place.publish(Change(roles={roles.AGREEMENTS: following}), at=NOW + SECOND)

    assert place.publisher().refresh(at=LATE).gaps == (roles.AGREEMENTS,)


def test_a_calendar_is_not_made_without_a_role(place: Place) -> None:
    missing(file_of(place, "TH"))

    with pytest.raises(ConfigurationError, match="TH"):
        role_dues(place.tree.head())


# What is


@pytest.mark.parametrize("spoil", [missing, linked, *SPOILED])
def test_the_entry_of_a_role_that_is_gone_or_spoiled_is_carried_over_as_it_was(place: Place, spoil: Spoil) -> None:
    before = named(place)
    spoil(file_of(place, "TH"))

    publication = place.publisher().refresh(at=LATE)

    assert (publication.snapshot_version, publication.gaps) == (2, ("TH",))
    assert named(place) == before


@pytest.mark.parametrize(("spoil", "code"), [(missing, "trust.unreachable"), (of_another, "trust.snapshot_mismatch")])
def test_whoever_reads_the_tree_then_lacks_that_state_alone(place: Place, spoil: Spoil, code: str) -> None:
    spoil(file_of(place, "TH"))
    place.publisher().refresh(at=LATE)

    found = newcomer(place).load(at=LATE)

    assert set(found.lists) == set(MemberState) - {TH}
    assert dict(found.states_without_list) == {TH: code}
    others = [offer for offer in found.refused if offer.subject != "lists/TH"]
    # Who begins now has no key of Thailand, and so what it signed together with others is not agreed for it either.
    assert {offer.code for offer in others} == {"trust.arrangement_invalid"}
    assert all("TH" in offer.subject or "ASEAN" in offer.subject for offer in others)


@pytest.mark.parametrize("spoil", [missing, of_another])
def test_a_node_that_holds_its_list_goes_on_with_it(place: Place, spoil: Spoil) -> None:
    before = place.load()
    spoil(file_of(place, "TH"))
    shutil.rmtree(place.memory / CACHE)
    place.publisher().refresh(at=LATE)

    found = place.load(at=LATE)

    assert found.regional is not None
    assert (set(found.lists), found.regional.snapshot_version) == (set(before.lists), 2)
    assert [offer.subject for offer in found.refused] == ["lists/TH"]


def test_several_gaps_are_named_each_and_a_timestamp_alone_names_them_too(place: Place) -> None:
    for role in ("TH", "SG"):
        missing(file_of(place, role))

    publication = place.publisher().refresh(at=NOW + SECOND)

    assert (publication.snapshot_version, publication.gaps) == (1, ("SG", "TH"))


def test_another_state_publishes_beside_a_gap(place: Place) -> None:
    following = place.next_role("SG", lambda _: None, at=NOW + SECOND)
    before = named(place)
    missing(file_of(place, "TH"))

    publication = place.publish(Change(roles={"SG": following}), at=NOW + SECOND)

    assert publication.gaps == ("TH",)
    assert {role for role, entry in named(place).items() if entry != before[role]} == {"SG"}
    assert set(newcomer(place).load(at=NOW + SECOND).lists) == set(MemberState) - {TH}


def test_a_new_version_of_the_role_closes_the_gap_and_none_is_left_out(place: Place) -> None:
    following = place.next_role("TH", lambda _: None, at=NOW + SECOND)
    later = place.next_role("TH", lambda signed: setattr(signed, "version", 3), at=NOW + SECOND)
    missing(file_of(place, "TH"))

    with pytest.raises(IdBridgeError) as caught:
        place.publish(Change(roles={"TH": later}), at=NOW + SECOND)
    publication = place.publish(Change(roles={"TH": following}), at=NOW + SECOND)

    assert caught.value.code == "trust.snapshot_mismatch"
    assert (publication.gaps, named(place)["TH"]["version"]) == ((), 2)
    assert set(newcomer(place).load(at=NOW + SECOND).lists) == set(MemberState)


def test_without_the_role_of_denials_a_node_holds_its_lists_and_is_no_fresher_than_it_was(place: Place) -> None:
    held = place.load()
    missing(file_of(place, roles.DENY))
    shutil.rmtree(place.memory / CACHE)

    publication = place.publisher().refresh(at=LATE)
    found = place.load(at=NOW + SECOND)

    assert publication.gaps == (roles.DENY,)
    assert (set(found.lists), found.regional) == (set(held.lists), held.regional)
