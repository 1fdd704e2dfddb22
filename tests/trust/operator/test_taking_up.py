"""The online role: what it publishes, what it puts aside, what waits, and what it writes down."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from idbridge.codec import base64url
from idbridge.crypto import jws
from idbridge.crypto.keys import parse_jwk
from idbridge.crypto.signer import generate
from idbridge.errors import ConfigurationError, TrustError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment, MemberState
from idbridge.trust import records
from idbridge.trust.operator import drafting
from idbridge.trust.operator.drafting import Intent
from idbridge.trust.operator.taking_up import OnlineRole, Places
from idbridge.trust.tuf import acts, roles
from idbridge.trust.tuf.proposal import Proposal
from idbridge.trust.tuf.tree import INCOMING, RECORDS
from tests.trust.distribution.places import NOW, Place
from tests.trust.operator.offices import LATER, SECOND, SG, TH, Office, online_role, standing

Open = Callable[[MemberState], Office]


def lay_down(place: Place, name: str, octets: bytes) -> None:
    place.tree.lay_down(name, octets)


def incoming(place: Place) -> list[str]:
    folder = place.tree.directory / INCOMING
    return sorted(str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file())


def renewal(place: Place, role: str = roles.DENY) -> Proposal:
    signer = place.region.keys.roles.on_call(SG)
    return drafting.renewed(standing(place), role, Intent("renew", "a test", signer, LATER))


def test_what_lacks_a_signature_is_not_published(sg: Office) -> None:
    with pytest.raises(TrustError) as caught:
        online_role(sg.place).publish([sg.edition()], at=LATER)

    assert caught.value.code == "trust.threshold_missing"
    assert standing(sg.place).version("SG") == 1


def test_two_proposals_about_one_role_are_not_published_together(sg: Office) -> None:
    made = sg.signed(sg.edition(), 1)

    with pytest.raises(TrustError) as caught:
        online_role(sg.place).publish([made, made], at=LATER)

    assert caught.value.code == "trust.snapshot_mismatch"


def test_a_proposal_for_the_other_environment_is_not_published(sg: Office) -> None:
    made = replace(sg.signed(sg.edition(), 1), environment=Environment.LIVE)

    with pytest.raises(TrustError) as caught:
        online_role(sg.place).publish([made], at=LATER)

    assert caught.value.code == "trust.environment_mismatch"


def test_without_a_tree_or_a_root_there_is_nothing_to_publish_to(sg: Office, tmp_path: Path) -> None:
    made, key = sg.signed(sg.edition(), 1), sg.place.region.keys.roles.online
    nowhere = OnlineRole(Places(tmp_path / "tree", tmp_path / "root.json", tmp_path / "state"), key)
    unpinned = OnlineRole(Places(sg.place.tree.directory, tmp_path / "root.json", tmp_path / "state"), key)

    for role in (nowhere, unpinned):
        with pytest.raises(ConfigurationError):
            role.publish([made], at=LATER)


def test_a_rehearsal_writes_nothing(sg: Office) -> None:
    before = sorted(sg.place.tree.directory.rglob("*"))

    publication = online_role(sg.place).publish([sg.signed(sg.edition(), 1)], at=LATER, dry_run=True)

    assert publication.timestamp_version == 2
    assert sorted(sg.place.tree.directory.rglob("*")) == before


def test_what_was_published_is_recorded_with_who_proposed_and_who_signed(sg: Office) -> None:
    made = sg.signed(sg.edition(), 2)

    online_role(sg.place).publish([made], at=LATER)

    online = parse_jwk(sg.place.region.keys.roles.online.public_jwk)
    (record,) = records.read(sg.place.tree.directory / RECORDS, keys={online.thumbprint: online})
    assert (record.act, record.content["role"], record.content["version"]) == ("publish", "SG", 2)
    assert record.content["diff"] == made.diff_digest
    acts = [(one["act"], one["by"]) for one in record.content["acts"]]
    assert acts == [("propose", sg.keys[0].kid), ("sign", sg.keys[2].kid)]


def test_a_round_publishes_what_is_ready_and_leaves_what_is_not(open_office: Open) -> None:
    sg, th = open_office(SG), open_office(TH)
    ready, waiting = sg.signed(sg.edition(), 1), th.edition()
    lay_down(sg.place, ready.name, ready.octets())
    lay_down(sg.place, waiting.name, waiting.octets())
    lay_down(sg.place, "note.txt", b"not a proposal")

    found = online_role(sg.place).round(at=LATER)

    assert found.published == (ready.name,)
    assert [one.name for one in found.waiting] == [waiting.name]
    assert not found.refused
    assert incoming(sg.place) == sorted([waiting.name, "note.txt"])
    assert sg.place.load(at=LATER).lists[SG].provenance.sequence == 2


def test_what_is_refused_is_put_aside_under_its_code_and_holds_up_nothing(sg: Office) -> None:
    late = sg.signed(sg.edition(), 1)
    other = sg.signed(sg.edition(at=LATER + SECOND), 1)
    broken = b"{}"
    lay_down(sg.place, "SG-1-broken.proposal.json", broken)
    lay_down(sg.place, late.name, late.octets())
    lay_down(sg.place, other.name, other.octets())

    found = online_role(sg.place).round(at=LATER + SECOND)

    assert len(found.published) == 1
    assert sorted(one.code for one in found.refused) == ["trust.metadata_invalid", "trust.snapshot_mismatch"]
    assert all(one.startswith(".refused/") for one in incoming(sg.place))


def test_what_comes_too_late_is_put_aside_even_without_its_signatures(sg: Office) -> None:
    late = sg.edition()
    online_role(sg.place).publish([sg.signed(sg.edition(at=LATER + SECOND), 1)], at=LATER + SECOND)
    lay_down(sg.place, late.name, late.octets())

    found = online_role(sg.place).round(at=LATER + SECOND)

    assert [one.code for one in found.refused] == ["trust.snapshot_mismatch"]


def test_what_comes_too_early_waits_for_the_version_before_it(sg: Office) -> None:
    first = sg.signed(sg.edition(), 1)
    second = sg.signed(sg.edition(at=LATER + SECOND), 1)
    table = json.loads(second.octets())
    early = table["metadata"]["signed"]
    early["version"] = 3
    lay_down(sg.place, "SG-3-early.proposal.json", json.dumps(table).encode())

    found = online_role(sg.place).round(at=LATER)

    assert [one.name for one in found.waiting] == ["SG-3-early.proposal.json"]
    lay_down(sg.place, first.name, first.octets())
    assert online_role(sg.place).round(at=LATER).published == (first.name,)


@pytest.mark.parametrize("name", ["SG-²-x", "a" * 230, "SG--x", "deny-", "\udcff"])
def test_whatever_a_file_is_called_it_ends_no_round(sg: Office, name: str) -> None:
    ready = sg.signed(sg.edition(), 1)
    folder = sg.place.tree.directory / INCOMING
    folder.mkdir()
    (folder / f"{name}.proposal.json").write_bytes(b"{}")
    (folder / "z.proposal.json").write_bytes(ready.octets())

    found = online_role(sg.place).round(at=LATER)

    assert found.published == ("z.proposal.json",)
    assert [one.code for one in found.refused] == ["trust.metadata_invalid"]
    assert all(one.startswith(".refused/") for one in incoming(sg.place))


@pytest.mark.parametrize("blanks", [1, LIMITS.act_bytes, 196_000])
def test_an_act_blown_up_until_its_record_cannot_be_written_is_not_published(place: Place, blanks: int) -> None:
    made = renewal(place)
    signer = place.region.keys.roles.on_call(SG)
    said = base64url.decode(made.acts[0].split(".")[1])
    act = jws.sign_compact({"typ": acts.TYPE, "kid": made.proposer}, said[:-1] + b" " * blanks + b"}", signer)
    lay_down(place, "deny.proposal.json", replace(made, acts=(act,)).octets())

    rounds = [online_role(place).round(at=LATER + timedelta(seconds=second)) for second in (1, 2)]

    assert [refused.code for refused in rounds[0].refused] == ["trust.metadata_invalid"]
    assert (rounds[0].published, rounds[1].refused, rounds[1].waiting) == ((), (), ())
    assert rounds[1].publication.timestamp_version == rounds[0].publication.timestamp_version + 1


def test_what_cannot_be_put_aside_is_refused_in_every_round(sg: Office) -> None:
    lay_down(sg.place, "SG-1-broken.proposal.json", b"{}")
    (sg.place.tree.directory / INCOMING / ".refused").write_text("no folder")

    found = online_role(sg.place).round(at=LATER)

    assert [(one.name, one.code) for one in found.refused] == [("SG-1-broken.proposal.json", "trust.metadata_invalid")]
    assert "stays where it is" in found.refused[0].detail


def test_what_cannot_be_taken_away_is_a_failure(sg: Office) -> None:
    (sg.place.tree.directory / INCOMING / "folder").mkdir(parents=True)

    with pytest.raises(ConfigurationError):
        sg.place.tree.take_away("folder")


# The key and the records


def test_with_another_key_than_the_online_key_nothing_is_published(sg: Office) -> None:
    made = sg.signed(sg.edition(), 1)
    places = Places(sg.place.tree.directory, sg.place.root_file, sg.place.folder / "publisher")
    role = OnlineRole(places, generate("ES256"))
    lay_down(sg.place, made.name, made.octets())

    with pytest.raises(ConfigurationError, match="not the online key"):
        role.publish([made], at=LATER)
    with pytest.raises(ConfigurationError, match="not the online key"):
        role.round(at=LATER)

    assert incoming(sg.place) == [made.name]


@pytest.mark.parametrize("damage", ["line", "folder", "link"])
def test_beside_damaged_records_nothing_is_published_and_nothing_put_aside(sg: Office, damage: str) -> None:
    made = sg.signed(sg.edition(), 1)
    place = sg.place.tree.directory / RECORDS / records.FILE
    place.parent.mkdir()
    if damage == "line":
        place.write_bytes(b'{"broken"}\n')
    elif damage == "folder":
        place.mkdir()
    else:
        place.symlink_to("nowhere")
    lay_down(sg.place, made.name, made.octets())

    with pytest.raises(ConfigurationError, match="nothing was published"):
        online_role(sg.place).publish([made], at=LATER)
    found = online_role(sg.place).round(at=LATER)

    assert [(one.name, one.code) for one in found.waiting] == [(made.name, "system.configuration")]
    assert (found.refused, incoming(sg.place)) == ((), [made.name])
    assert standing(sg.place).version("SG") == 1
    assert found.publication.timestamp_version == 2


def test_denials_go_first(sg: Office) -> None:
    made, denial = sg.signed(sg.edition(), 1), renewal(sg.place)
    lay_down(sg.place, made.name, made.octets())
    lay_down(sg.place, denial.name, denial.octets())

    found = online_role(sg.place).round(at=LATER)

    assert found.published == (denial.name, made.name)


def test_a_round_without_proposals_signs_a_fresh_timestamp_and_records_no_act(place: Place) -> None:
    found = online_role(place).round(at=LATER)

    assert (found.published, found.publication.timestamp_version) == ((), 2)
    assert not (place.tree.directory / RECORDS).exists()


def test_a_round_names_the_roles_of_which_half_the_life_has_passed(place: Place) -> None:
    role = online_role(place)
    for day in range(1, 5):
        found = role.round(at=NOW + timedelta(hours=23 * day))

    assert [name for name, _ in found.publication.due] == [roles.DENY]


def test_the_memory_of_a_new_machine_is_begun_once(sg: Office, tmp_path: Path) -> None:
    key = sg.place.region.keys.roles.online
    role = OnlineRole(Places(sg.place.tree.directory, sg.place.root_file, tmp_path / "new"), key)

    role.remember()
    role.remember()

    assert role.publish([sg.signed(sg.edition(), 1)], at=LATER).snapshot_version == 2


def test_a_folder_that_cannot_be_made_is_a_failure(sg: Office, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    key = sg.place.region.keys.roles.online

    with pytest.raises(ConfigurationError):
        OnlineRole(Places(sg.place.tree.directory, sg.place.root_file, tmp_path / "file" / "x"), key).remember()
