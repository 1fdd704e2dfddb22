"""The online role: it signs only what it would accept, in order, and a reader never sees half of it."""

import hashlib
import json
from datetime import timedelta
from typing import Any

import pytest
from freezegun import freeze_time
from tuf.api.metadata import TargetFile

from idbridge.errors import ConfigurationError, FetchError, TrustError
from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge.net.source import AbsentDocumentError
from idbridge.trust.tuf import roles
from idbridge.trust.tuf.client import DirectoryTree, parts
from idbridge.trust.tuf.publisher import Change
from tests.trust.distribution.places import NOW, SECOND, Place

SG = MemberState.SG
HOUR = timedelta(hours=1)
LIST = roles.list_path(SG)


def in_sight(place: Place) -> str:
    """A digest of everything that a reader can find."""
    files = sorted(path for path in place.tree.directory.rglob("*") if path.is_file() and path.name[0] != ".")
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


def refused(place: Place, change: Change, *, code: str) -> None:
    before = in_sight(place)
    with pytest.raises(TrustError) as caught:
        place.publish(change, at=NOW + SECOND)

    assert caught.value.code == code
    assert in_sight(place) == before


def role(place: Place, change: Any = lambda _: None, **given: Any) -> Change:
    return Change(roles={"SG": place.next_role("SG", change, at=NOW + SECOND, **given)})


def test_a_role_below_its_threshold_is_not_published(place: Place) -> None:
    refused(place, role(place, by=place.region.keys.roles.signing("SG")[:1]), code="trust.threshold_missing")


def test_a_role_of_another_state_s_keys_is_not_published(place: Place) -> None:
    refused(place, role(place, by=place.region.keys.roles.signing("TH")), code="trust.threshold_missing")


def test_a_version_that_does_not_follow_is_not_published(place: Place) -> None:
    def skip(signed: Any) -> None:
        signed.version += 1

    refused(place, role(place, skip), code="trust.snapshot_mismatch")


def test_a_role_that_lists_a_file_which_is_not_there_is_not_published(place: Place) -> None:
    def other(signed: Any) -> None:
        custom = signed.targets[LIST].unrecognized_fields
        signed.targets[LIST] = TargetFile.from_data(LIST, b"not there", ["sha256"])
        signed.targets[LIST].unrecognized_fields = custom

    refused(place, role(place, other), code="trust.unreachable")


def test_a_role_that_is_good_for_too_long_is_not_published(place: Place) -> None:
    def long(signed: Any) -> None:
        signed.expires = NOW + LIMITS.state_role_lifetime + timedelta(days=1)

    refused(place, role(place, long), code="trust.lifetime_too_long")


def test_a_list_that_its_entry_does_not_name_is_not_published(place: Place) -> None:
    def wrong(signed: Any) -> None:
        signed.targets[LIST].unrecognized_fields["custom"]["idbridge"]["digest"] = "0" * 64

    refused(place, role(place, wrong), code="trust.entry_mismatch")


def test_a_list_that_nodes_would_refuse_is_not_published(place: Place) -> None:
    older = place.role("SG").targets
    newer = place.reissued(SG, at=NOW)

    def back(signed: Any) -> None:
        signed.targets = older

    refused(newer, role(newer, back), code="trust.rollback")


def test_a_faulty_arrangement_is_not_published(place: Place) -> None:
    path = "arrangements/SG-TH/9.json"

    def more(signed: Any) -> None:
        signed.targets[path] = TargetFile.from_data(path, b"{}", ["sha256"])

    changed = Change(
        roles={roles.AGREEMENTS: place.next_role(roles.AGREEMENTS, more, at=NOW + SECOND)}, targets={path: b"{}"}
    )
    refused(place, changed, code="trust.arrangement_invalid")


def test_what_one_state_did_wrong_holds_up_no_other(place: Place) -> None:
    """Singapore's role has expired; Thailand publishes all the same."""
    soon = place.next_role("SG", lambda signed: setattr(signed, "expires", NOW + HOUR), at=NOW)
    place.publish(Change(roles={"SG": soon}), at=NOW + SECOND)
    thai = Change(roles={"TH": place.next_role("TH", lambda _: None, at=NOW + 2 * HOUR)})
    with freeze_time(NOW + 2 * HOUR):
        publication = place.publish(thai, at=NOW + 2 * HOUR)

    assert [offer.code for offer in publication.accepted.refused] == ["trust.expired"]
    assert place.tree.head().roles["TH"].version == 2


def test_a_refresh_signs_a_timestamp_and_a_snapshot_only_when_half_its_life_is_gone(place: Place) -> None:
    early = place.publisher().refresh(at=NOW + SECOND)
    late = place.publisher().refresh(at=NOW + timedelta(days=3, hours=13))

    assert (early.timestamp_version, early.snapshot_version) == (2, 1)
    assert (late.timestamp_version, late.snapshot_version) == (3, 2)


def test_a_refresh_names_the_roles_of_which_half_the_life_is_gone(place: Place) -> None:
    assert place.publisher().refresh(at=NOW + SECOND).due == ()
    due = place.publisher().refresh(at=NOW + timedelta(days=4)).due

    assert [name for name, _ in due] == [roles.DENY]


def test_a_dry_run_writes_nothing(place: Place) -> None:
    before = in_sight(place)
    memory = (place.folder / "publisher" / "distribution.json").read_bytes()
    publication = place.publisher().publish(role(place), at=NOW + SECOND, dry_run=True)

    assert publication.timestamp_version == 2
    assert in_sight(place) == before
    assert (place.folder / "publisher" / "distribution.json").read_bytes() == memory


def test_of_two_publishers_at_once_one_waits_outside(place: Place) -> None:
    with place.tree.locked(), pytest.raises(ConfigurationError, match="somebody else"):
        place.publisher().refresh(at=NOW + SECOND)


def test_of_two_publishers_with_one_version_one_wins(place: Place) -> None:
    first, second = role(place), role(place, lambda signed: setattr(signed, "expires", NOW + timedelta(days=9)))
    place.publish(first, at=NOW + SECOND)

    refused(place, second, code="trust.snapshot_mismatch")


def test_a_snapshot_names_every_file_with_length_and_hash(place: Place) -> None:
    snapshot = json.loads(place.tree.head().snapshot.octets)["signed"]

    assert all({"length", "hashes", "version"} == set(named) for named in snapshot["meta"].values())


# The tree as others read it


@pytest.mark.parametrize(
    "path",
    [
        "../node/floors.json", "metadata/../../node/floors.json", "/etc/passwd", "metadata//timestamp.json", "",
        "metadata/.publish.lock", ".publish.lock", "metadata/%2e%2e/x", "targets/a/b/c/d/e",
        "metadata/timestamp.json?x",        "metadata/", "C:\\x",
    ],
)  # fmt: skip
def test_no_path_leads_out_of_the_tree(place: Place, path: str) -> None:
    with pytest.raises(FetchError):
        parts(path)
    with pytest.raises(FetchError):
        place.tree.reader.read(path, max_bytes=1000)


def test_a_link_in_the_tree_is_not_followed(place: Place) -> None:
    metadata = place.tree.directory / "metadata"
    metadata.rename(place.folder / "elsewhere")
    metadata.symlink_to(place.folder / "elsewhere")

    with pytest.raises(FetchError):
        place.tree.reader.read("metadata/timestamp.json", max_bytes=LIMITS.timestamp_bytes)


def test_a_missing_file_is_told_from_a_missing_tree(place: Place) -> None:
    with pytest.raises(AbsentDocumentError):
        place.tree.reader.read("metadata/9.root.json", max_bytes=1000)
    with pytest.raises(FetchError) as caught:
        DirectoryTree(place.folder / "nowhere").read("metadata/9.root.json", max_bytes=1000)

    assert not isinstance(caught.value, AbsentDocumentError)


def test_a_timestamp_that_never_ends_is_not_read(place: Place) -> None:
    held = place.load()
    (place.tree.directory / "metadata" / "timestamp.json").write_bytes(b" " * (LIMITS.timestamp_bytes + 1))
    again = place.load()

    assert again.id == held.id
    assert [offer.code for offer in again.refused] == ["trust.unreachable"]
