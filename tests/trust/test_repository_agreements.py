"""Recognition documents from a directory: each arrangement stands for itself, and none is ever lost."""

import shutil
from collections.abc import Iterable
from typing import Any

import pytest

from idbridge.errors import TrustError
from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge.trust.snapshot import TrustSnapshot
from tests.trust.agreements import RULE, arrangement, purposes
from tests.trust.editions import KH, NOON, SG, TH, edition
from tests.trust.nodes import Place, code_of

LA, MM, MY, PH, VN = MemberState.LA, MemberState.MM, MemberState.MY, MemberState.PH, MemberState.VN


def refusals(snapshot: TrustSnapshot) -> list[tuple[str, str]]:
    """What was refused, with its code."""
    return [(refused.subject, refused.code) for refused in snapshot.refused]


def offer(place: Place, name: str, version: int, document: bytes) -> None:
    """Distribute one more version of an arrangement."""
    folder = place.agreed.parent / name
    folder.mkdir(exist_ok=True)
    (folder / f"{version}.json").write_bytes(document)


def several(*parties: MemberState, version: int = 1, by: Iterable[MemberState] = (), **changes: Any) -> bytes:
    """An arrangement of several in which each recognises every other; signed by them all, or by some."""
    rules = [{"recognising": party.value, **RULE} for party in parties]
    return arrangement(version, by=by or parties, **{"parties": sorted(parties), "rules": rules, **changes})


def recognised(snapshot: TrustSnapshot, one: MemberState, other: MemberState) -> bool:
    """Whether anything of the second state is recognised by the first at noon."""
    history = snapshot.arrangements.between(one, other)
    return history is not None and any(rule.pair == (one, other) for rule in history.rules_at(NOON))


REPEALED_MY_VN = arrangement(2, id="MY-VN", parties=["MY", "VN"], status="repealed", by=(VN,))
MY_VN = several(MY, VN, id="MY-VN")
BROKEN = {
    "one signature": several(KH, LA, MM, version=2, id="KH-LA", parties=["KH", "LA", "MM", "PH"], by=(PH,)),
    "no signature that counts": arrangement(2)[:-40],
    "no document": b"",
    "a gap": several(KH, LA, MM, version=3, id="KH-LA"),
    "another arrangement": MY_VN,
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("restart", [False, True])
def test_a_repeal_takes_effect_whatever_is_offered_beside_it(place: Place, broken: bytes, *, restart: bool) -> None:
    offer(place, "KH-LA", 1, several(KH, LA, MM, id="KH-LA"))
    offer(place, "MY-VN", 1, MY_VN)
    node = place.repository()
    assert recognised(node.load(at=NOON), MY, VN)
    offer(place, "KH-LA", 2, broken)
    offer(place, "MY-VN", 2, REPEALED_MY_VN)

    after = (place.repository() if restart else node).load(at=NOON)

    assert not recognised(after, MY, VN)
    assert recognised(after, KH, LA)
    assert len(after.arrangements.histories["KH-LA"].versions) == 1
    assert refusals(after) == [("arrangements/KH-LA", "trust.arrangement_invalid")]


def test_what_lacks_a_signature_keeps_no_new_node_from_starting(place: Place) -> None:
    offer(place, "KH-LA", 1, several(KH, LA, MM, id="KH-LA"))
    offer(place, "KH-LA", 2, BROKEN["one signature"])
    offer(place, "MY-VN", 1, several(MY, VN, id="MY-VN", by=(VN,)))

    first = place.load()

    assert recognised(first, KH, LA)
    assert not recognised(first, MY, VN)
    assert refusals(first) == [
        ("arrangements/KH-LA", "trust.arrangement_invalid"), ("arrangements/MY-VN", "trust.arrangement_invalid"),
    ]  # fmt: skip


def test_two_arrangements_for_one_pair_are_both_named_and_cost_this_pair_alone(place: Place) -> None:
    offer(place, "B", 1, several(KH, LA, MM, id="B"))
    node = place.repository()
    assert recognised(node.load(at=NOON), KH, LA)
    offer(place, "A", 1, several(KH, LA, PH, id="A"))

    warm, cold = node.load(at=NOON), place.load()

    assert warm.id == cold.id
    for snapshot in (warm, cold):
        assert [(one, recognised(snapshot, KH, one)) for one in (LA, MM, PH)] == [(LA, False), (MM, True), (PH, True)]
        assert refusals(snapshot) == [("arrangements/A,B", "trust.arrangement_invalid")]
        assert "KH-LA" in snapshot.refused[0].detail


def test_a_newer_version_stands_though_the_one_after_it_is_refused(place: Place) -> None:
    offer(place, "MY-VN", 1, MY_VN)
    place.load()
    offer(place, "MY-VN", 2, REPEALED_MY_VN)
    offer(place, "MY-VN", 3, several(MY, VN, version=3, id="MY-VN", by=(MY,)))

    after = place.load()

    assert not recognised(after, MY, VN)
    assert refusals(after) == [("arrangements/MY-VN", "trust.arrangement_invalid")]


def test_a_process_that_holds_more_than_is_offered_keeps_it_and_says_so(place: Place) -> None:
    node = place.repository()
    before = node.load(at=NOON)
    (place.agreed / "2.json").unlink()

    assert refusals(node.load(at=NOON)) == [("arrangements/SG-TH", "trust.rollback")]
    shutil.rmtree(place.agreed)
    after = node.load(at=NOON)
    assert refusals(after) == [("arrangements/SG-TH", "trust.rollback")]
    assert after.id == before.id


def test_a_node_whose_memory_was_begun_anew_reads_anew(place: Place) -> None:
    node = place.repository()
    node.load(at=NOON)
    for file in place.floors.parent.glob("*.json"):
        file.unlink()
    place.repository().initialise()
    (place.agreed / "1.json").write_bytes(arrangement(until="2027-01-01T00:00:00Z"))

    after = node.load(at=NOON)

    assert not after.refused
    assert after.id == place.load().id


def test_a_purpose_register_that_is_refused_leaves_the_newest_before_it_and_holds_nothing_up(place: Place) -> None:
    node = place.repository()
    node.load(at=NOON)
    (place.registers / "2.json").write_bytes(purposes(2, by=(SG,)))
    offer(place, "SG-TH", 3, arrangement(3, status="repealed", by=(SG,)))

    for after in (node.load(at=NOON), place.load()):
        assert after.purposes.version == 1
        assert len(after.arrangements.histories["SG-TH"].versions) == 3
        assert refusals(after) == [("purposes/2", "trust.arrangement_invalid")]


def test_a_process_keeps_the_purpose_register_that_is_no_longer_offered_and_says_so(place: Place) -> None:
    node = place.repository()
    before = node.load(at=NOON)
    (place.registers / "1.json").unlink()

    after = node.load(at=NOON)

    assert after.id == before.id
    assert refusals(after) == [("purposes", "trust.rollback")]
    assert code_of(place) == "trust.rollback"


def test_a_file_in_the_place_of_an_arrangement_is_refused_and_never_takes_an_arrangement_away(place: Place) -> None:
    node = place.repository()
    before = node.load(at=NOON)
    shutil.rmtree(place.agreed)
    for name in ("SG-TH", "MY-VN"):
        (place.agreed.parent / name).write_bytes(b"")

    after = node.load(at=NOON)

    assert after.id == before.id
    assert refusals(after) == [("arrangements/MY-VN", "trust.unreachable"), ("arrangements/SG-TH", "trust.unreachable")]
    assert code_of(place) == "trust.unreachable"


def test_a_stray_file_holds_up_nothing_at_a_node_that_knows_its_arrangements(place: Place) -> None:
    place.load()
    (place.agreed.parent / "note.txt").write_bytes(b"")
    (place.registers / "note.txt").write_bytes(b"")
    offer(place, "SG-TH", 3, arrangement(3, status="repealed", by=(SG,)))

    after = place.load()

    assert len(after.arrangements.histories["SG-TH"].versions) == 3
    assert refusals(after) == [
        ("arrangements", "trust.arrangement_invalid"), ("purposes", "trust.arrangement_invalid"),
    ]  # fmt: skip


def test_a_refused_version_at_the_floor_leaves_what_is_held_and_stops_a_new_process(place: Place) -> None:
    node = place.repository()
    before = node.load(at=NOON)
    (place.agreed / "2.json").write_bytes(arrangement(2, status="suspended", by=(SG,))[:-40])

    after = node.load(at=NOON)

    assert after.id == before.id
    assert refusals(after) == [("arrangements/SG-TH", "trust.arrangement_invalid")]
    assert code_of(place) == "trust.arrangement_invalid"


def test_a_broken_arrangement_does_not_hold_up_a_list(place: Place) -> None:
    node = place.repository()
    node.load(at=NOON)
    (place.agreed / "2.json").write_bytes(b"")
    place.offer(TH, edition(2, state=TH))

    assert node.load(at=NOON).provenance(TH).sequence == 2


def test_a_suspension_that_disappears_is_missed(place: Place) -> None:
    node = place.repository()
    before = node.load(at=NOON)
    (place.agreed / "2.json").unlink()

    assert code_of(place) == "trust.rollback"
    assert node.load(at=NOON).id == before.id
    shutil.rmtree(place.agreed)
    assert code_of(place) == "trust.rollback"
    assert node.load(at=NOON).id == before.id


def test_a_purpose_register_that_gets_older_or_disappears_is_missed(place: Place) -> None:
    (place.registers / "2.json").write_bytes(purposes(2))
    assert place.load().purposes.version == 2

    (place.registers / "2.json").unlink()
    assert code_of(place) == "trust.rollback"
    (place.registers / "1.json").unlink()
    assert code_of(place) == "trust.rollback"


def test_another_text_of_an_agreed_version_is_refused(place: Place) -> None:
    place.load()
    (place.agreed / "1.json").write_bytes(arrangement(until="2027-01-01T00:00:00Z"))

    assert code_of(place) == "trust.equivocation"


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("arrangements/SG-TH", "02.json"),
        ("arrangements/SG-TH", "3.JSON"),
        ("arrangements/SG-TH", "0.json"),
        ("arrangements/SG-TH", "note.txt"),
        ("arrangements", "note.txt"),
        ("arrangements", "SG TH"),
        ("purposes", "two.json"),
        ("purposes", "+2.json"),
        ("purposes", "٢.json"),
    ],
)
def test_a_file_with_no_business_among_recognition_documents_is_refused(place: Place, folder: str, name: str) -> None:
    (place.root / "trust" / folder / name).write_bytes(b"{}")

    assert code_of(place) == "trust.arrangement_invalid"


def test_a_document_stands_under_its_own_name_and_version(place: Place) -> None:
    other = place.agreed.parent / "KH-TH"
    other.mkdir()
    assert code_of(place) == "trust.arrangement_invalid"  # an arrangement without any version

    (other / "1.json").write_bytes(arrangement())
    assert code_of(place) == "trust.arrangement_invalid"
    shutil.rmtree(other)

    (place.registers / "5.json").write_bytes(purposes(2))
    assert code_of(place) == "trust.arrangement_invalid"
    (place.registers / "5.json").unlink()
    assert place.load().purposes.version == 1


def test_one_version_under_two_numbers_is_refused(place: Place) -> None:
    (place.agreed / "2.json").write_bytes(arrangement())

    assert code_of(place) == "trust.arrangement_invalid"


def test_a_process_that_is_behind_another_one_does_not_fall_back_on_what_it_holds(place: Place) -> None:
    slow = place.repository()
    slow.load(at=NOON)
    (place.agreed / "3.json").write_bytes(arrangement(3, status="repealed", by=(TH,)))
    place.load()
    (place.agreed / "3.json").write_bytes(b"unreadable")

    with pytest.raises(TrustError) as caught:
        slow.load(at=NOON)

    assert caught.value.code == "trust.arrangement_invalid"


def test_a_gap_in_the_versions_of_an_arrangement_is_refused(place: Place) -> None:
    (place.agreed / "2.json").rename(place.agreed / "3.json")

    assert code_of(place) == "trust.arrangement_invalid"


@pytest.mark.parametrize("name", ["arrangements/SG-TH/2.json", "purposes/1.json"])
def test_a_document_that_is_a_link_or_too_large_is_refused(place: Place, name: str) -> None:
    path = place.root / "trust" / name
    octets = path.read_bytes()
    path.write_bytes(octets + b" " * LIMITS.recognition_document_bytes)
    assert code_of(place) == "trust.arrangement_invalid"

    (place.root / "elsewhere").write_bytes(octets)
    path.unlink()
    path.symlink_to(place.root / "elsewhere")
    assert code_of(place) == "trust.unreachable"


def test_a_node_may_begin_without_arrangements_and_then_recognises_nobody(place: Place) -> None:
    shutil.rmtree(place.agreed)
    (place.registers / "1.json").unlink()

    snapshot = place.load()

    assert not snapshot.arrangements.histories
    assert snapshot.purposes.version == 0
