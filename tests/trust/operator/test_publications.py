"""The publications of a role in the records of a tree: whole, signed by the tree's online key, or not told."""

from pathlib import Path
from typing import Any

import pytest

from idbridge.crypto.signer import generate
from idbridge.errors import ConfigurationError, TrustError
from idbridge.trust import records
from idbridge.trust.operator.publications import publications
from idbridge.trust.tuf.tree import RECORDS
from tests.trust.distribution.places import NOW, Place, begin

CONTENT: dict[str, Any] = {
    "role": "SG",
    "version": 2,
    "act": "withdraw",
    "reason": "the office closed",
    "proposer": "key-1",
    "diff": "0" * 64,
    "acts": [{"by": "key-1", "act": "propose"}, {"by": "key-2", "act": "sign"}, {"by": "key-1", "act": "sign"}],
}


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return begin(tmp_path_factory.mktemp("region"))


@pytest.fixture
def place(begun: Place, tmp_path: Path) -> Place:
    copied = begun.copied(tmp_path / "place")
    (copied.tree.directory / RECORDS).mkdir(exist_ok=True)
    return copied


def record(place: Place, content: dict[str, Any], *, signer: Any = None) -> None:
    online = signer or place.region.keys.roles.online
    records.append(place.tree.directory / RECORDS, "publish", content, signer=online, at=NOW)


def test_where_nothing_is_recorded_there_is_nothing_to_tell(place: Place) -> None:
    assert publications(place.tree.directory, role="SG") == ()


def test_records_of_another_key_than_the_trees_are_refused(place: Place) -> None:
    record(place, CONTENT, signer=generate("ES256"))
    with pytest.raises(TrustError) as caught:
        publications(place.tree.directory, role="SG")

    assert caught.value.code == "trust.signer_unknown"


@pytest.mark.parametrize("change", [{"version": "two"}, {"acts": [{}]}, {"acts": None}])
def test_a_record_in_another_form_is_refused(place: Place, change: dict[str, Any]) -> None:
    record(place, {**CONTENT, **change})

    with pytest.raises(ConfigurationError, match="another form"):
        publications(place.tree.directory, role="SG")


def test_a_damaged_root_names_no_key(place: Place) -> None:
    record(place, CONTENT)
    (place.tree.directory / "metadata" / "1.root.json").write_bytes(b"{}")

    with pytest.raises(ConfigurationError):
        publications(place.tree.directory, role="SG")


def test_a_publication_is_told_with_who_proposed_it_and_who_signed(place: Place) -> None:
    record(place, {**CONTENT, "role": "TH"})
    record(place, CONTENT)
    (found,) = publications(place.tree.directory, role="SG")

    assert (found.record, found.version, found.act, found.proposer) == (2, 2, "withdraw", "key-1")
    assert found.signers == ("key-1", "key-2")
    assert found.document()["reason"] == "the office closed"
