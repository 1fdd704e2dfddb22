"""A node that reads a tree: what it takes up, what it keeps, and what no lost memory makes it forget."""

import json
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from tuf.api.metadata import Metadata, TargetFile

from idbridge.crypto.signer import generate
from idbridge.errors import ConfigurationError, FetchError, TrustError
from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge.trust.tuf import handover, keys, roles, writing
from idbridge.trust.tuf.keys import MetadataSigner
from idbridge.trust.tuf.publisher import Change
from idbridge.trust.tuf.quorum import quorum_of
from idbridge.trust.tuf.repository import REGION, TufRepository
from tests.trust.distribution.places import NOW, SECOND, Place, begin, force

SG, TH = MemberState.SG, MemberState.TH
OTHERS = frozenset(MemberState) - {SG}


def subjects(snapshot: object) -> dict[str, str]:
    return {offer.subject: offer.code for offer in snapshot.refused}  # type: ignore[attr-defined]


class Dead:
    """A mirror that answers nothing."""

    def read(self, path: str, *, max_bytes: int) -> bytes:
        raise FetchError(f"{path} of at most {max_bytes} octets: nobody answers")


class Page:
    """A mirror behind a captive portal."""

    def read(self, path: str, *, max_bytes: int) -> bytes:
        return f"<html>To read {path}, log in</html>".encode()[:max_bytes]


def test_a_node_takes_up_eleven_lists_and_names_how_they_came(place: Place) -> None:
    snapshot = place.load()

    assert set(snapshot.lists) == set(MemberState)
    assert not snapshot.refused
    assert {listed.provenance.distribution for listed in snapshot.lists.values()} == {"tuf"}
    assert snapshot.regional is not None
    assert snapshot.regional.timestamp_version == 1


def test_the_same_offer_again_is_the_same_snapshot(place: Place) -> None:
    repository = place.repository()

    assert repository.load(at=NOW) is repository.load(at=NOW + SECOND)


@pytest.mark.parametrize("years", [-20, 20])
def test_a_tree_of_another_time_is_judged_at_the_instant_that_is_given(years: int, tmp_path: Path) -> None:
    then = NOW + years * timedelta(days=365)
    distant = begin(tmp_path, at=then)

    assert set(distant.load(at=then).lists) == set(MemberState)
    assert subjects(distant.load(at=then + timedelta(days=2))) == {REGION: "trust.expired"}


def test_a_node_that_was_never_begun_takes_up_nothing(place: Place, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()

    with pytest.raises(ConfigurationError, match="missing"):
        TufRepository(place.tree.reader, place.root_file, empty).load(at=NOW)


def test_a_node_is_begun_once(place: Place) -> None:
    with pytest.raises(ConfigurationError, match="already"):
        place.repository().initialise()


@pytest.mark.parametrize("text", ["", "{}", "not json", '{"signed": 1}'])
def test_a_pinned_root_in_disorder_is_no_root(place: Place, text: str) -> None:
    place.root_file.write_text(text)

    with pytest.raises(ConfigurationError, match="root"):
        place.load()


def test_a_pinned_root_that_others_may_write_is_refused(place: Place) -> None:
    place.root_file.chmod(0o666)

    with pytest.raises(ConfigurationError, match="root"):
        place.load()


@pytest.mark.parametrize("mirror", [Dead(), Page()])
def test_without_anything_held_an_unusable_mirror_is_an_error(place: Place, mirror: object) -> None:
    with pytest.raises(TrustError) as caught:
        place.load(tree=mirror)  # type: ignore[arg-type]

    assert caught.value.code in ("trust.unreachable", "trust.metadata_invalid")


@pytest.mark.parametrize(("mirror", "code"), [(Dead(), "trust.unreachable"), (Page(), "trust.metadata_invalid")])
def test_an_unusable_mirror_leaves_in_force_what_was_held(place: Place, mirror: object, code: str) -> None:
    held = place.load()
    again = place.load(tree=mirror)  # type: ignore[arg-type]

    assert again.id == held.id
    assert subjects(again) == {REGION: code}


def test_a_tree_that_is_gone_is_unreachable(place: Place) -> None:
    held = place.load()
    shutil.rmtree(place.tree.directory)
    again = place.load()

    assert again.id == held.id
    assert subjects(again) == {REGION: "trust.unreachable"}


def _damage(place: Place) -> None:
    (current,) = (place.memory / "store" / "snapshots").glob("*")
    (damaged,) = current.glob("files/lists?SG?list.jws")
    damaged.chmod(0o600)
    damaged.write_bytes(b"something else")


def test_what_is_kept_and_damaged_is_fetched_again(place: Place) -> None:
    held = place.load()
    _damage(place)

    assert place.load().id == held.id


def test_what_is_kept_and_damaged_is_no_snapshot_to_start_from(place: Place) -> None:
    place.load()
    _damage(place)

    with pytest.raises(TrustError) as caught:
        place.load(tree=Dead())

    assert caught.value.code == "trust.unreachable"


@pytest.mark.parametrize("name", ["distribution.json", "floors.json"])
@pytest.mark.parametrize("content", [None, "{", '{"schema": "other"}'])
def test_lost_floors_stop_the_node(place: Place, name: str, content: str | None) -> None:
    place.load()
    file = place.memory / name
    file.unlink() if content is None else file.write_text(content)

    with pytest.raises(ConfigurationError, match=name):
        place.load()


def test_a_clock_that_was_set_back_stops_the_node(place: Place) -> None:
    place.load()

    with pytest.raises(TrustError) as caught:
        place.load(at=NOW - LIMITS.list_issue_skew - SECOND)

    assert caught.value.code == "trust.clock_behind"


def test_a_wiped_cache_brings_back_no_older_region(place: Place, tmp_path: Path) -> None:
    old = tmp_path / "old"
    shutil.copytree(place.tree.directory, old)
    place = place.reissued(SG, at=NOW + SECOND)
    held = place.load(at=NOW + SECOND)
    shutil.rmtree(place.memory / "tuf")
    shutil.rmtree(place.tree.directory)
    shutil.copytree(old, place.tree.directory)
    again = place.load(at=NOW + 2 * SECOND)

    assert again.id == held.id
    assert subjects(again) == {REGION: "trust.rollback"}
    assert again.provenance(SG).sequence == 2


def test_a_root_that_is_kept_back_is_noticed(place: Place) -> None:
    _exchange_root(place)
    held = place.load(at=NOW + SECOND)
    (place.tree.directory / "metadata" / "2.root.json").unlink()
    shutil.rmtree(place.memory / "tuf")
    again = place.load(at=NOW + SECOND)

    assert again.id == held.id
    assert subjects(again) == {REGION: "trust.rollback"}


def _exchange_root(place: Place) -> None:
    """Publish a second root, signed by the officers of the first."""
    signed = Metadata.from_bytes(place.tree.head().roots[-1]).signed
    issue = writing.Issue(place.region.environment, 2, NOW + SECOND)
    signed.version, signed.expires = 2, issue.expires(roles.ROOT)
    signed.unrecognized_fields = issue.members()
    root = writing.signed(signed, place.region.keys.roles.signing(roles.ROOT))
    place.publish(Change(roots=(root,)), at=NOW + SECOND)


def test_a_node_that_slept_through_roots_walks_them_all(place: Place) -> None:
    _exchange_root(place)
    snapshot = place.load(at=NOW + SECOND)

    assert snapshot.regional is not None
    assert snapshot.regional.root_version == 2
    assert set(snapshot.lists) == set(MemberState)


def test_one_state_below_its_threshold_keeps_its_last_list_and_touches_nobody(place: Place) -> None:
    held = place.load()
    few = place.next_role("SG", lambda _: None, at=NOW, by=place.region.keys.roles.signing("SG")[:1])
    force(place, {"SG": few}, at=NOW + SECOND)
    again = place.load(at=NOW + SECOND)

    assert again.provenance(SG) == held.provenance(SG)
    assert subjects(again) == {"lists/SG": "trust.threshold_missing"}
    assert {state for state in OTHERS if state in again.lists} == OTHERS


def test_without_a_last_list_one_bad_state_has_none_and_ten_have_theirs(place: Place) -> None:
    few = place.next_role("SG", lambda _: None, at=NOW, by=place.region.keys.roles.signing("SG")[:1])
    force(place, {"SG": few}, at=NOW + SECOND)
    snapshot = place.load(at=NOW + SECOND)

    assert set(snapshot.lists) == OTHERS
    assert snapshot.states_without_list[SG] == "trust.threshold_missing"
    assert snapshot.arrangements.between(TH, MemberState.MY) is not None
    assert snapshot.arrangements.between(TH, SG) is None  # nobody can tell what Singapore signed


def test_a_withdrawn_list_is_dropped_and_its_issuers_are_remembered(place: Place) -> None:
    place.load()
    everybody = tuple(MetadataSigner(key, state=SG) for key in place.region.keys.roles.of_state(SG))
    empty = place.next_role("SG", lambda signed: signed.targets.clear(), at=NOW, by=everybody)
    force(place, {"SG": empty}, at=NOW + SECOND)
    snapshot = place.load(at=NOW + SECOND)

    assert SG not in snapshot.lists
    assert snapshot.states_without_list[SG] == "trust.not_configured"
    assert snapshot.orphaned("https://sandbox.login.sg.example") is SG
    assert not snapshot.refused


def test_an_older_list_under_a_newer_role_is_refused(place: Place) -> None:
    older = place.role("SG").targets
    place = place.reissued(SG, at=NOW + SECOND)
    held = place.load(at=NOW + SECOND)

    def back(signed: object) -> None:
        signed.targets = older  # type: ignore[attr-defined]

    force(place, {"SG": place.next_role("SG", back, at=NOW + SECOND)}, at=NOW + 2 * SECOND)
    again = place.load(at=NOW + 2 * SECOND)

    assert again.provenance(SG) == held.provenance(SG)
    assert subjects(again) == {"lists/SG": "trust.rollback"}


@pytest.mark.parametrize(("member", "value"), [("sequence", 7), ("digest", "0" * 64)])
def test_an_entry_that_is_about_another_list_is_refused(place: Place, member: str, value: object) -> None:
    held = place.load()

    def other(signed: object) -> None:
        target = signed.targets[roles.list_path(SG)]  # type: ignore[attr-defined]
        target.unrecognized_fields["custom"]["idbridge"][member] = value

    force(place, {"SG": place.next_role("SG", other, at=NOW)}, at=NOW + SECOND)
    again = place.load(at=NOW + SECOND)

    assert again.provenance(SG) == held.provenance(SG)
    assert subjects(again) == {"lists/SG": "trust.entry_mismatch"}


def test_a_document_that_is_larger_than_any_of_its_kind_is_not_fetched(place: Place) -> None:
    path = "arrangements/SG-TH/2.json"

    def large(signed: object) -> None:
        octets = b" " * (LIMITS.recognition_document_bytes + 1)
        signed.targets[path] = TargetFile.from_data(path, octets, ["sha256"])  # type: ignore[attr-defined]

    held = place.load()
    force(place, {roles.AGREEMENTS: place.next_role(roles.AGREEMENTS, large, at=NOW)}, at=NOW + SECOND)
    again = place.load(at=NOW + SECOND)

    assert subjects(again)["arrangements/SG-TH"] == "trust.metadata_invalid"
    assert again.arrangements.manifest() == held.arrangements.manifest()


def test_an_expired_region_leaves_in_force_what_was_held(place: Place) -> None:
    held = place.load()
    again = place.load(at=NOW + timedelta(hours=24))

    assert again.id == held.id
    assert subjects(again) == {REGION: "trust.expired"}


# New keys of a state


def _new_keys(place: Place, *, countersigned: int) -> tuple[Place, str]:
    """Publish a second key set of Singapore, signed by so many of the first; also its digest."""
    role_keys = place.region.keys.roles
    fresh = [generate("ES256") for _ in range(3)]
    group = writing.Group(tuple(writing.Holder(key.public_jwk, SG) for key in fresh), 2)
    delegations = {**role_keys.delegations(), "SG": writing.Delegation(group, 2)}
    before = quorum_of(place.role(roles.TARGETS), "SG")
    issue = writing.Issue(place.region.environment, 2, NOW + SECOND)
    after = quorum_of(writing.targets(issue, delegations=delegations, handovers={}), "SG")
    path = roles.handover_path(SG, 2)
    signers = role_keys.of_state(SG)[:countersigned] or (generate("ES256"),)
    document = handover.written(after, before, signers, number=2, environment=place.region.environment)
    top = writing.signed(
        writing.targets(issue, delegations=delegations, handovers={path: document}), role_keys.signing(roles.TARGETS)
    )
    by = tuple(MetadataSigner(key, state=SG) for key in fresh[:2])
    role = place.next_role("SG", lambda _: None, at=NOW + SECOND, by=by)
    target = place.tree.directory / "targets" / "handovers" / "SG"
    target.mkdir(parents=True)
    (target / f"{writing.digest(document)}.2.json").write_bytes(document)
    force(place, {roles.TARGETS: top, "SG": role}, at=NOW + SECOND)
    return place, after.digest


def test_new_keys_that_the_old_ones_countersigned_are_taken_up(place: Place) -> None:
    place.load()
    _new_keys(place, countersigned=2)
    snapshot = place.load(at=NOW + SECOND)
    floors = json.loads((place.memory / "distribution.json").read_text())

    assert not snapshot.refused
    assert floors["key_sets"]["SG"]["number"] == 2


@pytest.mark.parametrize("countersigned", [0, 1])
def test_new_keys_that_too_few_old_ones_countersigned_wait_for_the_operator(place: Place, countersigned: int) -> None:
    held = place.load()
    _new_keys(place, countersigned=countersigned)
    again = place.load(at=NOW + SECOND)

    assert subjects(again) == {"lists/SG": "trust.reanchored"}
    assert again.provenance(SG) == held.provenance(SG)


def test_the_operator_may_confirm_new_keys_and_none_but_those(place: Place) -> None:
    place.load()
    _, digest = _new_keys(place, countersigned=0)
    with pytest.raises(TrustError) as caught:
        place.repository().reanchored({SG: "0" * 64}, at=NOW + SECOND)
    snapshot = place.repository().reanchored({SG: digest}, at=NOW + SECOND)

    assert caught.value.code == "trust.reanchored"
    assert not snapshot.refused
    assert not place.load(at=NOW + SECOND).refused


def test_a_node_that_begins_now_takes_up_the_present_keys(place: Place) -> None:
    _new_keys(place, countersigned=0)

    assert not place.load(at=NOW + SECOND).refused


def test_keys_that_were_exchanged_cannot_come_back(place: Place) -> None:
    before = place.tree.head().roles[roles.TARGETS].octets
    place.load()
    _new_keys(place, countersigned=2)
    place.load(at=NOW + SECOND)
    signed = Metadata.from_bytes(before).signed
    signed.version = 3
    signed.unrecognized_fields = writing.Issue(place.region.environment, 3, NOW + SECOND).members()
    old = writing.signed(signed, place.region.keys.roles.signing(roles.TARGETS))
    role = place.next_role("SG", lambda _: None, at=NOW + SECOND)
    force(place, {roles.TARGETS: old, "SG": role}, at=NOW + 2 * SECOND)

    assert subjects(place.load(at=NOW + 2 * SECOND)) == {"lists/SG": "trust.rollback"}


def test_a_key_is_written_in_one_way_only() -> None:
    signer = generate("Ed25519")
    written = keys.written(signer.public_jwk, state=SG)
    written.keyval["public"] = written.keyval["public"].upper()

    with pytest.raises(TrustError) as caught:
        keys.read(written)

    assert caught.value.code == "trust.metadata_invalid"
