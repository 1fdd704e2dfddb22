"""Trust material from a directory: one bad state, one bad file, one bad clock, and a memory that outlives the process.

Attacks 2, 8, 17, 63, 66, 67 and the local rows of 72 of the trust-list catalogue.
"""

import json
import os
import shutil
from datetime import timedelta
from typing import Any

import pytest

from idbridge.crypto.signer import generate
from idbridge.limits import LIMITS
from idbridge.model.region import Environment, MemberState
from idbridge.trust.snapshot import TrustSnapshot
from tests.trust.editions import DAY, HOUR, LOGIN, NOON, SG, TH, edition, jwk, service
from tests.trust.nodes import ALL_PINS, Place, code_of

SECOND = timedelta(seconds=1)
BN = MemberState.BN


def test_everything_that_is_in_order_is_loaded_and_named_plain(place: Place) -> None:
    snapshot = place.load()

    assert set(snapshot.lists) == set(MemberState)
    assert not snapshot.refused
    assert snapshot.provenance(SG).distribution == "plain"
    assert len(snapshot.arrangements.histories["SG-TH"].versions) == 2
    assert snapshot.purposes.version == 1
    assert place.load().id == snapshot.id


def told(snapshot: TrustSnapshot) -> list[tuple[str, str]]:
    """What was refused, with its code."""
    return [(refused.subject, refused.code) for refused in snapshot.refused]


def test_an_issuer_that_two_lists_name_at_a_first_start_is_nobodys_and_both_are_named(place: Place) -> None:
    for state in (BN, SG):
        place.offer(state, edition(1, service(issuer=LOGIN), state=state))
    node = place.repository()

    first, again, restarted = node.load(at=NOON), node.load(at=NOON), place.load()

    assert first.by_issuer(LOGIN) == ()
    assert told(first) == [("lists/BN", "trust.territory_mismatch"), ("lists/SG", "trust.territory_mismatch")]
    assert all(LOGIN in refused.detail for refused in first.refused)
    assert first.id == again.id == restarted.id
    assert told(first) == told(again) == told(restarted)


def test_an_issuer_that_a_state_held_before_stays_its_own_whoever_is_read_first(place: Place) -> None:
    node = place.repository()
    node.load(at=NOON)
    place.offer(BN, edition(2, service(issuer=LOGIN), state=BN))

    for snapshot in (node.load(at=NOON), place.load()):
        assert [one.member_state for one in snapshot.by_issuer(LOGIN)] == [SG]
        assert told(snapshot) == [("lists/BN", "trust.territory_mismatch")]


def with_another_signature(octets: bytes) -> bytes:
    """Return ``octets`` with two bits of the signature changed, and never by chance the same octets."""
    return octets[:-1] + (b"Q" if octets.endswith(b"A") else b"A")


BAD = {
    "no list": ("trust.profile_violation", b"<html>temporarily unavailable</html>"),
    "empty": ("trust.profile_violation", b""),
    "oversized": ("trust.profile_violation", b"a" * (LIMITS.trust_list_bytes + 1)),
    "other signer": ("trust.signer_unknown", edition(2, state=SG)),
    "cut short": ("trust.profile_violation", edition(2, state=TH)[:-30].replace(b".", b"")),
    "altered": ("trust.signature_invalid", with_another_signature(edition(2, state=TH))),
    "environment": ("trust.environment_mismatch", edition(2, state=TH, environment=Environment.LIVE)),
    "expired": ("trust.expired", edition(2, state=TH, issued_at=NOON - 2 * HOUR, lifetime=HOUR)),
}


@pytest.mark.parametrize("fault", BAD)
def test_one_bad_state_costs_its_own_list_and_none_of_the_ten_others(place: Place, fault: str) -> None:
    code, octets = BAD[fault]
    place.offer(TH, octets)

    snapshot = place.load()

    assert set(snapshot.lists) == set(MemberState) - {TH}
    assert snapshot.states_without_list == {TH: code}
    assert [(refused.subject, refused.code) for refused in snapshot.refused] == [("lists/TH", code)]


@pytest.mark.parametrize("fault", BAD)
def test_what_a_process_holds_stays_in_force_when_a_bad_list_is_offered(place: Place, fault: str) -> None:
    node = place.repository()
    before = node.load(at=NOON)
    code, octets = BAD[fault]
    place.offer(TH, octets)

    after = node.load(at=NOON)

    assert after.id == before.id
    assert [(refused.subject, refused.code) for refused in after.refused] == [("lists/TH", code)]


def test_a_state_whose_list_is_missing_was_never_configured_or_cannot_be_reached(place: Place) -> None:
    (place.lists / "TH.jws").unlink()
    assert place.load().states_without_list == {TH: "trust.not_configured"}

    (place.lists / "SG.jws").unlink()
    assert place.load().states_without_list == {TH: "trust.not_configured", SG: "trust.unreachable"}


def test_a_state_without_pinned_key_is_not_configured_whatever_its_file_says(place: Place) -> None:
    place.pin({SG: ALL_PINS[SG], TH: ALL_PINS[TH], MemberState.KH: ALL_PINS[MemberState.KH]})

    snapshot = place.load()

    assert set(snapshot.lists) == {SG, TH, MemberState.KH}
    assert set(snapshot.states_without_list.values()) == {"trust.not_configured"}
    assert not snapshot.refused


@pytest.mark.parametrize("kind", ["link", "hard to read", "folder", "fifo"])
def test_a_list_that_is_no_plain_file_is_not_read(place: Place, kind: str) -> None:
    path = place.lists / "TH.jws"
    octets = path.read_bytes()
    path.unlink()
    if kind == "link":
        (place.root / "elsewhere").write_bytes(octets)
        path.symlink_to(place.root / "elsewhere")
    elif kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        path.symlink_to("/proc/self/mem")

    assert place.load().states_without_list == {TH: "trust.unreachable"}


def test_a_folder_of_lists_that_is_a_link_is_not_read(place: Place) -> None:
    place.lists.rename(place.root / "elsewhere")
    place.lists.symlink_to(place.root / "elsewhere")

    assert set(place.load().states_without_list.values()) == {"trust.unreachable"}


def test_files_of_no_state_are_not_looked_at(place: Place) -> None:
    before = place.load().id
    for name in ("XX.jws", "sg.jws", "SG.jws.old", "..SG.jws", "SG.json"):
        (place.lists / name).write_bytes(edition(2, state=SG))

    assert place.load().id == before


def test_an_old_list_is_refused_after_a_restart(place: Place) -> None:
    old = (place.lists / "TH.jws").read_bytes()
    place.offer(TH, edition(2, state=TH))
    place.load()
    place.offer(TH, old)

    assert place.load().states_without_list == {TH: "trust.rollback"}


def test_a_second_list_under_one_number_is_refused_after_a_restart(place: Place) -> None:
    place.load()
    place.offer(TH, edition(1, service(issuer="https://login.th.example", name={"en": "Another"}), state=TH))

    assert place.load().states_without_list == {TH: "trust.equivocation"}


def test_a_key_that_ended_is_refused_after_a_restart_that_saw_only_its_end(place: Place) -> None:
    place.offer(TH, edition(2, service(issuer="https://login.th.example", status=[
        {"status": "granted", "from": "2026-01-01T00:00:00Z"},
        {"status": "compromised", "from": "2026-02-01T00:00:00Z"},
    ]), state=TH))  # fmt: skip
    place.load()
    place.offer(TH, edition(3, state=TH))

    assert place.load().states_without_list == {TH: "trust.history_rewritten"}


def test_the_floors_are_on_disk_before_anything_is_used(place: Place) -> None:
    place.load()

    written = json.loads(place.floors.read_bytes())
    assert {state: floor["sequence"] for state, floor in written["states"].items()} == dict.fromkeys(MemberState, 1)
    assert written["arrangements"]["SG-TH"]["sequence"] == 2
    assert written["purposes"]["sequence"] == 1
    assert place.floors.stat().st_mode & 0o777 == 0o600


def test_nothing_is_used_when_the_floors_cannot_be_written(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "no space left on device")

    before = place.floors.read_bytes()
    monkeypatch.setattr(os, "fsync", full)

    assert code_of(place) == "system.configuration"
    assert place.floors.read_bytes() == before
    kept = sorted(path.name for path in place.floors.parent.iterdir())
    assert kept == [".floors.lock", "floors.json", "revocation.json", "status-store"]


def test_unchanged_floors_are_not_written_again(place: Place) -> None:
    place.load()
    before = place.floors.stat().st_ino

    place.load()

    assert place.floors.stat().st_ino == before


def test_a_process_that_is_behind_another_one_gives_up_what_it_holds(place: Place) -> None:
    slow = place.repository()
    slow.load(at=NOON)
    place.offer(TH, edition(2, state=TH))
    place.load()
    place.offer(TH, b"unreadable")

    assert slow.load(at=NOON).states_without_list == {TH: "trust.profile_violation"}


def test_a_list_whose_signer_is_no_longer_pinned_is_given_up(place: Place) -> None:
    node = place.repository()
    node.load(at=NOON)
    place.pin({**ALL_PINS, TH: (jwk(generate("ES256")),)})

    assert node.load(at=NOON).states_without_list == {TH: "trust.signer_unknown"}


def test_a_list_that_expires_in_a_running_process_is_held_and_stale(place: Place) -> None:
    node = place.repository()
    later = NOON + 60 * DAY
    node.load(at=NOON)

    snapshot = node.load(at=later)

    assert snapshot.provenance(TH).next_update < later
    assert {refused.code for refused in snapshot.refused} == {"trust.expired"}
    assert set(place.load(at=later).states_without_list.values()) == {"trust.expired"}


def test_a_clock_that_was_set_back_stops_the_node(place: Place) -> None:
    place.load()
    issued_at = NOON - HOUR

    assert code_of(place, at=issued_at - LIMITS.list_issue_skew - SECOND) == "system.configuration"
    assert set(place.load(at=issued_at - LIMITS.list_issue_skew).lists) == set(MemberState)


@pytest.mark.parametrize("name", ["trust/lists", "trust/arrangements", "trust/purposes", "pins.json", "state"])
def test_what_is_missing_is_an_error_and_never_empty(place: Place, name: str) -> None:
    path = place.root / name
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()

    assert code_of(place) == "system.configuration"
    assert not path.exists()
