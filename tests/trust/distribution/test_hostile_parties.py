"""One party with one key, or a mirror with none: what it can do to the other ten, and to nodes that begin later."""

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tuf.api.metadata import Metadata, TargetFile

from idbridge.crypto.keys import parse_jwk
from idbridge.crypto.signer import FileSigner, generate
from idbridge.errors import IssuerError, TrustError
from idbridge.limits import LIMITS
from idbridge.model.denial import DenialReason
from idbridge.model.region import MemberState
from idbridge.net.source import AbsentDocumentError
from idbridge.trust import deny_entry, deny_list, profile
from idbridge.trust.snapshot import TrustSnapshot
from idbridge.trust.tuf import entry, keys, roles, writing
from idbridge.trust.tuf.publisher import Change
from idbridge.trust.tuf.repository import REGION, TufRepository
from tests.trust.distribution.places import NOW, SANDBOX, SECOND, Place, force

SG, TH, KH = MemberState.SG, MemberState.TH, MemberState.KH
SOON = NOW + SECOND
DAY = timedelta(hours=24)


def codes(snapshot: TrustSnapshot) -> dict[str, str]:
    return {offer.subject: offer.code for offer in snapshot.refused}


def beginner(place: Place, name: str = "beginner", *, tree: Any = None) -> TufRepository:
    """A node that begins now."""
    folder = place.folder / name
    folder.mkdir(mode=0o700)
    repository = TufRepository(tree or place.tree.reader, place.root_file, folder)
    repository.initialise()
    return repository


class Hiding:
    """A mirror that hides files by the end of their name."""

    def __init__(self, place: Place, *endings: str) -> None:
        self.place = place
        self.endings = endings

    def read(self, path: str, *, max_bytes: int) -> bytes:
        if path.endswith(self.endings):
            raise AbsentDocumentError(path)
        return self.place.tree.reader.read(path, max_bytes=max_bytes)


def listing(octets: bytes) -> Any:
    def change(signed: Any) -> None:
        signed.targets[roles.DENY_LIST] = TargetFile.from_data(roles.DENY_LIST, octets, ["sha256"])

    return change


def denial(
    place: Place, state: MemberState, target: Any, *, by: MemberState | None = None, at: datetime = NOW
) -> bytes:
    payload = deny_entry.denial_payload(
        state, target, environment=SANDBOX, since=at, reason=DenialReason.KEY_COMPROMISE, issued_at=at
    )
    officer = by or state
    return deny_entry.sign_entry(payload, {officer: (place.region.keys.roles.on_call(officer),)})


def denying(place: Place, *entries: bytes, number: int = 2, at: datetime = SOON) -> Change:
    octets = deny_list.written(entries, number=number, environment=SANDBOX)
    return Change({roles.DENY: place.next_role(roles.DENY, listing(octets), at=at)}, {roles.DENY_LIST: octets})


# A mirror without any key


def test_to_hide_the_deny_list_keeps_a_node_from_beginning(place: Place) -> None:
    for name, hidden in (("a", "1.deny.json"), ("b", "list.json")):
        with pytest.raises(TrustError) as caught:
            beginner(place, name, tree=Hiding(place, hidden)).load(at=NOW)

        assert caught.value.code == "trust.unreachable"


@pytest.mark.parametrize("hidden", ["2.deny.json", ".list.json"])
def test_to_hide_a_newer_deny_list_gains_no_more_time_than_to_hide_everything(place: Place, hidden: str) -> None:
    held = place.load()
    place.publish(denying(place, denial(place, SG, deny_entry.STATE_TARGET)), at=SOON)
    later = place.load(at=SOON, tree=Hiding(place, hidden))

    assert held.regional is not None
    assert later.regional is not None
    assert later.regional.expires == held.regional.expires
    assert later.grace_ends() == held.grace_ends()
    with pytest.raises(TrustError):
        later.require_current(TH, at=held.regional.expires)
    assert place.load(at=SOON).regional.expires > held.regional.expires  # type: ignore[union-attr]


def test_to_hide_a_newer_version_of_an_arrangement_gains_no_more_time_either(place: Place) -> None:
    held = place.load()
    role = place.next_role(roles.AGREEMENTS, lambda _: None, at=SOON)
    place.publish(Change({roles.AGREEMENTS: role}), at=SOON)
    later = place.load(at=SOON, tree=Hiding(place, "2.agreements.json"))

    assert later.regional is not None
    assert held.regional is not None
    assert later.regional.expires == held.regional.expires
    assert codes(later) == {roles.AGREEMENTS: "trust.unreachable"}


def test_a_node_that_begins_takes_up_no_part_of_the_agreements(place: Place) -> None:
    (suspension,) = [path for path in place.role(roles.AGREEMENTS).targets if path == "arrangements/KH-TH/2.json"]
    digest = place.role(roles.AGREEMENTS).targets[suspension].hashes["sha256"]

    with pytest.raises(TrustError):
        beginner(place, tree=Hiding(place, f"{digest}.2.json")).load(at=NOW)


def test_to_hide_one_state_s_newer_role_lets_that_state_alone_go_stale(place: Place) -> None:
    held = place.load()
    place.reissued(SG, at=SOON)
    later = place.load(at=SOON, tree=Hiding(place, "2.SG.json"))

    assert held.regional is not None
    assert later.stale_from(SG) == held.regional.expires
    assert later.stale_from(TH) > later.stale_from(SG)
    with pytest.raises(TrustError) as caught:
        later.require_current(SG, at=held.regional.expires)
    assert caught.value.code == "trust.stale"


# One on-call key


def test_a_suspension_cannot_be_taken_out_of_the_tree(place: Place) -> None:
    shorter = place.next_role(roles.AGREEMENTS, lambda signed: signed.targets.pop("arrangements/KH-TH/2.json"), at=SOON)

    with pytest.raises(TrustError) as caught:
        place.publish(Change({roles.AGREEMENTS: shorter}), at=SOON)

    assert caught.value.code == "trust.rollback"


def test_an_on_call_key_is_not_exchanged_before_its_denials_are_signed_again(place: Place) -> None:
    key = place.region.signer("sg-login").kid
    denied = denial(place, SG, deny_entry.key_target(key))
    place.publish(denying(place, denied), at=SOON)
    fresh = generate("ES256")
    exchanged = _with_on_call(place, fresh)
    by_another = (MetadataOnCall(place, TH),)
    carriers = {
        role: place.next_role(role, lambda _: None, at=SOON, by=by_another) for role in (roles.DENY, roles.AGREEMENTS)
    }

    with pytest.raises(TrustError) as caught:
        place.publish(Change({roles.TARGETS: exchanged, **carriers}), at=SOON)

    assert caught.value.code == "trust.deny_invalid"


def MetadataOnCall(place: Place, state: MemberState) -> keys.MetadataSigner:  # noqa: N802 - makes one
    return keys.MetadataSigner(place.region.keys.roles.on_call(state), state=state)


def _with_on_call(place: Place, fresh: FileSigner) -> bytes:
    old = place.region.keys.roles.on_call(SG)

    def change(signed: Any) -> None:
        for role in (roles.DENY, roles.AGREEMENTS):
            signed.revoke_key(old.kid, role)
            signed.add_key(keys.written(fresh.public_jwk, state=SG), role)

    return place.next_role(roles.TARGETS, change, at=SOON)


def test_one_officer_denies_no_whole_state_by_the_key_that_signs_its_list(place: Place) -> None:
    target = deny_entry.key_target(place.region.keys.lists[TH].kid)
    place.publish(denying(place, denial(place, TH, target, by=SG)), at=SOON)
    by_one = place.load(at=SOON)
    by_one.require_not_denied(TH, at=SOON)

    place.publish(
        denying(place, denial(place, TH, target, by=SG), denial(place, TH, target, at=SOON), number=3), at=SOON
    )
    with pytest.raises(IssuerError) as caught:
        place.load(at=SOON).require_not_denied(TH, at=SOON)

    assert caught.value.code == "issuer.denied"


# One state's own quorum


def _new_list_key(place: Place, signer: FileSigner, *, retired: tuple[Any, ...]) -> Change:
    """Singapore's next list under another list key, with these retired ones."""
    lists = {**place.region.keys.lists, SG: signer}
    region = replace(place.region, keys=replace(place.region.keys, lists=lists)).reissued(SG, at=SOON)
    octets, path = region.published.lists[SG].encode("ascii"), roles.list_path(SG)
    listed = profile.parse(octets, state=SG, environment=SANDBOX, keys=(parse_jwk(signer.public_jwk),))
    named = entry.entry_for(listed, keys=(dict(signer.public_jwk),), document_keys=retired)

    def change(signed: Any) -> None:
        target = TargetFile.from_data(path, octets, ["sha256"])
        target.unrecognized_fields["custom"] = named.custom()
        signed.targets = {path: target}

    return Change({"SG": place.next_role("SG", change, at=SOON)}, {path: octets})


def test_a_list_key_is_not_dropped_while_documents_rest_on_it_alone(place: Place) -> None:
    with pytest.raises(TrustError) as caught:
        place.publish(_new_list_key(place, generate("ES256"), retired=()), at=SOON)

    assert caught.value.code == "trust.arrangement_invalid"


def test_a_list_key_that_stays_as_document_key_is_exchanged(place: Place) -> None:
    held = place.load()
    old = dict(place.region.keys.lists[SG].public_jwk)
    place.publish(_new_list_key(place, generate("ES256"), retired=(old,)), at=SOON)

    for repository in (place.repository(), beginner(place)):
        snapshot = repository.load(at=SOON)
        assert not snapshot.refused
        assert snapshot.arrangements.manifest() == held.arrangements.manifest()


def test_where_it_was_dropped_all_the_same_nodes_go_on_and_take_up_denials(place: Place) -> None:
    """With a stolen online key: nodes that were there keep what they accepted, also across a restart."""
    held = place.load()
    change = _new_list_key(place, generate("ES256"), retired=())
    path = roles.list_path(SG)
    folder = place.tree.directory / "targets" / "lists" / "SG"
    (folder / f"{writing.digest(change.targets[path])}.list.jws").write_bytes(change.targets[path])
    force(place, dict(change.roles), at=SOON)

    for _ in range(2):
        again = place.load(at=SOON)
        assert again.arrangements.manifest() == held.arrangements.manifest()
        assert again.purposes.version == held.purposes.version
        assert again.provenance(SG).sequence == 2


@pytest.mark.parametrize("of", ["keys", "documentKeys"])
def test_a_state_that_names_a_neighbour_s_key_is_refused_alone(place: Place, of: str) -> None:
    held = place.load()
    thai = dict(parse_jwk(place.region.keys.lists[TH].public_jwk).jwk)

    def usurp(signed: Any) -> None:
        signed.targets[roles.list_path(SG)].unrecognized_fields["custom"]["idbridge"][of].append(thai)

    role = place.next_role("SG", usurp, at=SOON)
    with pytest.raises(TrustError) as caught:
        place.publish(Change({"SG": role}), at=SOON)
    force(place, {"SG": role}, at=SOON)
    again = place.load(at=SOON)

    assert caught.value.code == "trust.metadata_invalid"
    assert codes(again) == {"lists/SG": "trust.metadata_invalid"}
    assert again.provenance(SG) == held.provenance(SG)
    assert again.provenance(TH) == held.provenance(TH)


def test_dates_at_the_end_of_time_are_refused_like_any_other(place: Place) -> None:
    held = place.load()
    end = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)

    def endless(signed: Any) -> None:
        signed.expires = end
        signed.unrecognized_fields[roles.SIGNED_AT] = "9999-12-30T00:00:00Z"

    force(place, {"SG": place.next_role("SG", endless, at=SOON)}, at=SOON)
    again = place.load(at=SOON)

    assert codes(again) == {"lists/SG": "trust.metadata_invalid"}
    assert again.provenance(SG) == held.provenance(SG)


# Two processes of one node, and lost memory


def test_a_denial_that_another_process_took_up_is_not_forgotten(place: Place) -> None:
    one = place.repository()
    one.load(at=NOW)
    place.publish(denying(place, denial(place, SG, deny_entry.STATE_TARGET)), at=SOON)
    place.load(at=SOON)
    shutil.rmtree(place.tree.directory)
    snapshot = one.load(at=SOON)

    assert codes(snapshot) == {REGION: "trust.unreachable"}
    with pytest.raises(IssuerError):
        snapshot.require_not_denied(SG, at=SOON)


def test_a_start_without_a_network_is_the_same_snapshot(place: Place) -> None:
    everybody = tuple(keys.MetadataSigner(key, state=SG) for key in place.region.keys.roles.of_state(SG))
    place.load()
    empty = place.next_role("SG", lambda signed: signed.targets.clear(), at=SOON, by=everybody)
    place.publish(Change({"SG": empty}), at=SOON)
    held = place.load(at=SOON)
    shutil.rmtree(place.tree.directory)

    assert held.states_without_list[SG] == "trust.not_configured"
    assert place.load(at=SOON).id == held.id


def test_a_state_that_leaves_takes_nothing_but_what_it_signed_from_nodes_that_begin_later(place: Place) -> None:
    everybody = tuple(keys.MetadataSigner(key, state=SG) for key in place.region.keys.roles.of_state(SG))
    empty = place.next_role("SG", lambda signed: signed.targets.clear(), at=SOON, by=everybody)
    place.publish(Change({"SG": empty}), at=SOON)
    snapshot = beginner(place).load(at=SOON)

    assert snapshot.purposes.version == 1
    assert snapshot.arrangements.between(TH, KH) is not None
    assert snapshot.arrangements.between(TH, SG) is None


def test_junk_in_the_agreements_is_not_kept(place: Place) -> None:
    path = "arrangements/JUNK/1.json"

    def more(signed: Any) -> None:
        signed.targets[path] = TargetFile.from_data(path, b"{}", ["sha256"])

    folder = place.tree.directory / "targets" / "arrangements" / "JUNK"
    folder.mkdir()
    (folder / f"{writing.digest(b'{}')}.1.json").write_bytes(b"{}")
    place.load()
    force(place, {roles.AGREEMENTS: place.next_role(roles.AGREEMENTS, more, at=SOON)}, at=SOON)
    repository = place.repository()
    repository.load(at=SOON)
    stored = repository.store.current()

    assert stored is not None
    assert path not in stored.files
    assert "arrangements/SG-TH/1.json" in stored.files


def test_more_documents_than_a_distribution_may_have_are_not_fetched(place: Place) -> None:
    many = LIMITS.documents_bytes // LIMITS.recognition_document_bytes + 1
    octets = b" " * LIMITS.recognition_document_bytes

    def more(signed: Any) -> None:
        for number in range(many):
            path = f"arrangements/A{number}/1.json"
            signed.targets[path] = TargetFile.from_data(path, octets, ["sha256"])

    place.load()
    for number in range(many):
        folder = place.tree.directory / "targets" / "arrangements" / f"A{number}"
        folder.mkdir()
        _linked(folder / f"{writing.digest(octets)}.1.json", octets, place.folder / "junk")
    force(place, {roles.AGREEMENTS: place.next_role(roles.AGREEMENTS, more, at=SOON)}, at=SOON)
    found = set(codes(place.load(at=SOON)).values())

    assert "trust.metadata_invalid" in found


def _linked(path: Path, octets: bytes, source: Path) -> None:
    if not source.exists():
        source.write_bytes(octets)
    path.hardlink_to(source)


def test_an_added_online_key_drops_no_floor(place: Place) -> None:
    held = place.load().regional
    place.publisher().refresh(at=SOON)
    place.load(at=SOON)
    floors = (place.memory / "distribution.json").read_text()

    signed = Metadata.from_bytes(place.tree.head().roots[-1]).signed
    issue = writing.Issue(SANDBOX, 2, SOON)
    signed.version, signed.expires = 2, issue.expires(roles.ROOT)
    signed.unrecognized_fields = issue.members()
    for role in (roles.SNAPSHOT, roles.TIMESTAMP):
        signed.add_key(keys.written(generate("ES256").public_jwk, state=None), role)
    root = writing.signed(signed, place.region.keys.roles.signing(roles.ROOT))
    place.publish(Change(roots=(root,)), at=SOON)
    after = place.load(at=SOON).regional

    assert held is not None
    assert after is not None
    assert after.timestamp_version == 3
    assert '"timestamp": {"digest"' in floors
