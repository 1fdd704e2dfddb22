"""Recognition documents from a directory: they stand together, and none is ever lost."""

import shutil

import pytest

from idbridge.errors import TrustError
from idbridge.limits import LIMITS
from tests.trust.agreements import arrangement, purposes
from tests.trust.editions import NOON, SG, TH, edition
from tests.trust.nodes import Place, code_of


def test_arrangements_and_purposes_stand_together(place: Place) -> None:
    broken = arrangement(2, status="suspended", by=(SG,))[:-40]
    node = place.repository()
    before = node.load(at=NOON)
    (place.agreed / "2.json").write_bytes(broken)

    after = node.load(at=NOON)

    assert after.id == before.id
    assert [(refused.subject, refused.code) for refused in after.refused] == [
        ("recognition", "trust.arrangement_invalid")
    ]
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

    assert caught.value.code == "trust.rollback"


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
