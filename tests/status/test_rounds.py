"""Rounds of status lists and key sets: what is old, false or missing leaves the last good one, and spoils no other."""

import json
import os
import zlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from idbridge.codec import base64url
from idbridge.conformance.seed import corpus_keys
from idbridge.crypto.crl import CrlFloor
from idbridge.crypto.signer import generate
from idbridge.errors import ConfigurationError, StatusError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment
from idbridge.status import archive
from idbridge.status.key_sets import read_key_set
from idbridge.status.mapped import MappedOctets
from idbridge.status.rounds import Held, Round, fetch_all, take_up_all
from idbridge.status.snapshot import EMPTY_STATUS
from idbridge.trust import crl_floors
from idbridge.trust.crl_floors import CrlFloors
from idbridge.trust.snapshot import TrustSnapshot
from idbridge.trust.store import SnapshotStore
from tests.status.listing import ONE, SG, TH, THREE, TWO, bitstring, jwt, making, revocation, snapshot, trust
from tests.status.test_prefetch import Shelf
from tests.trust.editions import DAY, HOUR, NOON, service, statuses
from tests.trust.test_crl_floors import CRL

FRESH = CrlFloors(Environment.SANDBOX)
JWKS = "https://login.sg.example/jwks"
SECOND = timedelta(seconds=1)
NEW, OLD = generate("ES256", "new"), generate("ES256", "old")


def round_of(
    documents: Mapping[str, bytes],
    *,
    after: Round | None = None,
    held: Held | None = None,
    over: TrustSnapshot | None = None,
    at: datetime = NOON,
    keep: Any = bytes,
) -> Round:
    over = over or trust()
    standing = held if held is not None else after.held if after is not None else Held()
    floors = after.floors if after is not None else FRESH
    return take_up_all(fetch_all(Shelf(documents), over), over, held=standing, floors=floors, keep=keep, at=at)


def codes(found: Round, address: str = ONE) -> list[str]:
    return [offer.code for offer in found.refused if offer.subject.endswith(f" {address}")]


FIRST = round_of({ONE: jwt(), TWO: jwt(of=making(TWO)), THREE: bitstring(of=making(THREE))})


@pytest.mark.parametrize(
    ("offered", "code"),
    [
        (jwt(of=making(made=NOON - 2 * HOUR)), "status.list_rollback"),
        (jwt((1,)), "status.list_rollback"),
        (jwt(of=making(made=NOON - 2 * DAY)), "status.list_stale"),
        (jwt(of=making(TWO)), "status.list_invalid"),
        (jwt(by=generate("ES256", "thief")), "status.signer_unauthorised"),
        (b"<html>", "status.list_invalid"),
        (None, "status.unavailable"),
    ],
)
def test_what_is_refused_or_missing_leaves_the_last_good_list_and_spoils_no_other(
    offered: bytes | None, code: str
) -> None:
    newer = {place: jwt(of=making(place, made=NOON - HOUR / 2)) for place in (TWO,)}
    found = round_of({**newer, **({ONE: offered} if offered is not None else {})}, after=FIRST)

    assert FIRST.refused == ()
    assert codes(found) == [code]
    assert found.statuses.lists[SG, ONE] == FIRST.statuses.lists[SG, ONE]
    assert found.statuses.lists[SG, TWO].issued_at == NOON - HOUR / 2


def test_an_older_list_is_refused_though_nothing_is_held_any_more() -> None:
    found = round_of({ONE: jwt(of=making(made=NOON - 2 * HOUR))}, after=FIRST, held=Held())

    assert codes(found) == ["status.list_rollback"]
    assert found.statuses == EMPTY_STATUS


def test_the_same_list_signed_again_is_no_step_back() -> None:
    found = round_of({ONE: jwt()}, after=FIRST)

    assert codes(found) == []
    assert found.floors == FIRST.floors
    assert found.statuses.lists[SG, ONE].digest != FIRST.statuses.lists[SG, ONE].digest


def test_the_same_octets_keep_the_name_of_what_is_known_until_half_of_their_time_is_gone() -> None:
    held = FIRST.held.lists[0].octets
    long = jwt(of=making(life=20 * DAY))
    first = round_of({ONE: long})

    assert round_of({ONE: held}, after=FIRST, at=NOON + HOUR).statuses.lists[SG, ONE] == FIRST.statuses.lists[SG, ONE]
    soon, late = (round_of({ONE: long}, after=first, at=NOON + hours * HOUR) for hours in (11, 12))
    assert soon.statuses.id == first.statuses.id
    assert late.statuses.id != first.statuses.id
    assert late.statuses.lists[SG, ONE].until == NOON + 36 * HOUR


def test_what_its_signer_may_no_longer_say_is_held_no_more() -> None:
    ended = snapshot(revocation(status=statuses(("granted", "2026-01-01"), ("withdrawn", "2026-11-24"))))

    assert round_of({}, after=FIRST, over=ended).held == Held()
    assert FIRST.held.still_asked_for(ended, at=NOON) == Held()
    assert FIRST.held.still_asked_for(trust(), at=NOON) == FIRST.held


def test_one_state_has_its_share_of_addresses_of_octets_and_of_memory() -> None:
    addresses = [f"https://status.sg.example/{number:03}" for number in range(LIMITS.status_state_lists + 1)]
    halves = [addresses[: LIMITS.status_list_addresses], addresses[LIMITS.status_list_addresses :]]
    halves = [halves[0], halves[1][: LIMITS.status_list_addresses], halves[1][LIMITS.status_list_addresses :]]
    services = [
        revocation(f"r{number}", issuer=f"https://s{number}.sg.example", keys=(generate("ES256"),), status_lists=half)
        for number, half in enumerate(halves)
    ]
    shelf = Shelf({})
    fetch_all(shelf, snapshot(*services))
    assert len(shelf.asked) == LIMITS.status_state_lists

    zeros = bytes(LIMITS.status_list_inflated_bytes)
    names = [f"https://status.sg.example/{number}" for number in range(6)]
    claims = {"status_list": {"bits": 8, "lst": base64url.encode(zlib.compress(zeros, 1))}}
    found = round_of({one: jwt(of=making(one), claims=claims) for one in names}, over=snapshot(status_lists=names))
    room = LIMITS.status_state_inflated_bytes // LIMITS.status_list_inflated_bytes
    assert len(found.held.lists) == room
    assert [offer.code for offer in found.refused] == ["status.list_invalid"] * (6 - room)

    noise = base64url.encode(zlib.compress(os.urandom(2 * 1024 * 1024), 0))
    said = {"status_list": {"bits": 8, "lst": noise}}
    large = round_of(
        {one: jwt(of=making(one), claims=said) for one in names[:3]}, over=snapshot(status_lists=names[:3])
    )
    assert len(large.held.lists) == 1
    late = {names[1]: jwt(of=making(names[1]), claims=said)}
    again = round_of(late, after=large, over=snapshot(status_lists=names[:3]))
    assert codes(again, names[1]) == ["status.list_invalid"]
    assert sum(len(one.octets) for one in again.held.lists) <= LIMITS.status_state_bytes


def test_floors_have_room_for_so_many_lists_of_one_state() -> None:
    full = FRESH
    for number in range(LIMITS.crl_floors):
        full = full.raised_list(SG, f"https://status.sg.example/{number}", CrlFloor(1, "a" * 64))

    with pytest.raises(StatusError) as caught:
        full.raised_list(SG, "https://status.sg.example/more", CrlFloor(1, "a" * 64))
    assert caught.value.code == "status.list_invalid"


def full_of_lists(made: datetime) -> CrlFloors:
    """Floors with as many lists of Singapore as there is room for, all made at one instant."""
    full = FRESH
    for number in range(LIMITS.crl_floors):
        floor = CrlFloor(int(made.timestamp()), "a" * 64)
        full = full.raised_list(SG, f"https://status.sg.example/old/{number}", floor)
    return full


@pytest.mark.parametrize(
    ("age", "answer"),
    [
        (LIMITS.status_list_lifetime + 2 * SECOND, []),
        (LIMITS.status_list_lifetime, ["status.list_invalid"]),
        (DAY, ["status.list_invalid"]),
    ],
)
def test_floors_of_lists_that_are_no_longer_named_and_would_be_stale_make_room(
    tmp_path: Path, age: timedelta, answer: list[str]
) -> None:
    crl_floors.write(tmp_path, full_of_lists(NOON - age))
    kept = crl_floors.read(tmp_path, Environment.SANDBOX)

    found = take_up_all(fetch_all(Shelf({ONE: jwt()}), trust()), trust(), held=Held(), floors=kept, keep=bytes, at=NOON)

    assert codes(found) == answer
    assert len(found.floors.parts) == (1 if not answer else LIMITS.crl_floors)


def test_the_floor_of_a_list_that_is_still_named_stays_however_old_it_is() -> None:
    old, place = CrlFloor(int((NOON - 400 * DAY).timestamp()), "a" * 64), crl_floors.part_of_list(SG, TWO)
    kept = FRESH.raised_list(SG, TWO, old).raised_list(TH, TWO, old).raised(SG, CRL)

    found = take_up_all(fetch_all(Shelf({}), trust()), trust(), held=Held(), floors=kept, keep=bytes, at=NOON)

    assert set(found.floors.parts) == {place, crl_floors.part_of(CRL)}


def test_what_a_dropped_floor_refused_is_refused_without_it() -> None:
    made = NOON - LIMITS.status_list_lifetime - 2 * SECOND
    octets = jwt(of=making(made=made, life=400 * DAY))

    assert codes(round_of({ONE: octets})) == ["status.list_stale"]


# Key sets


def jwks(*keys: Mapping[str, Any]) -> bytes:
    return json.dumps({"keys": [dict(one) for one in keys]}).encode()


def read(octets: bytes, environment: Environment = Environment.LIVE) -> list[str | None]:
    held = read_key_set(octets, (SG, JWKS), algorithms=frozenset({"ES256"}), environment=environment, fetched_at=NOON)
    assert held.polled.until == NOON + LIMITS.key_set_life
    return [key.kid for key in held.polled.keys]


UNNAMED = {name: value for name, value in NEW.public_jwk.items() if name != "kid"}
UNUSED = {name: value for name, value in NEW.public_jwk.items() if name not in ("use", "alg")}


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"[]",
        b"{}",
        jwks(),
        json.dumps({"keys": ["x"]}).encode(),
        jwks({**NEW.public_jwk, "d": "AA"}),
        jwks({"kty": "oct", "k": "AAAA", "kid": "x"}, NEW.public_jwk),
        jwks(NEW.public_jwk, {**OLD.public_jwk, "kid": "new"}),
        jwks(UNNAMED),
        jwks({**NEW.public_jwk, "use": "enc"}),
        jwks(UNUSED, {**OLD.public_jwk, "use": "enc"}),
        jwks({**NEW.public_jwk, "alg": "ES384"}),
        jwks(generate("ES384", "x").public_jwk),
        jwks(*[{**NEW.public_jwk, "kid": str(number)} for number in range(LIMITS.key_set_keys + 1)]),
        jwks(NEW.public_jwk) + b" " * LIMITS.key_set_bytes,
    ],
)
def test_a_set_that_is_doubtful_is_refused_whole(octets: bytes) -> None:
    with pytest.raises(StatusError) as caught:
        read(octets)

    assert caught.value.code == "status.key_set_invalid"


def test_keys_for_other_uses_and_of_other_kinds_are_passed_over() -> None:
    others = [generate("RS256", "r").public_jwk, {**OLD.public_jwk, "use": "enc", "kid": "e"}, UNNAMED]

    assert read(jwks(NEW.public_jwk, *others)) == ["new"]
    assert read(jwks(UNUSED, {**OLD.public_jwk, "kid": "o"})) == ["new", "o"]


def test_a_set_with_a_published_test_key_is_refused_by_live_nodes_alone() -> None:
    open_key = corpus_keys().make("ES256", name="list/SG")
    octets = jwks({**open_key.public_jwk, "kid": "open"}, NEW.public_jwk)

    with pytest.raises(StatusError) as caught:
        read(octets)
    assert caught.value.code == "status.key_set_invalid"
    assert "published" in caught.value.detail
    assert read(octets, Environment.SANDBOX) == ["open", NEW.kid]


def test_a_key_that_left_the_set_is_gone_and_an_unreachable_set_lasts_its_life_and_no_longer() -> None:
    over = snapshot(service(key_set=JWKS), revocation())
    first = round_of({JWKS: jwks(NEW.public_jwk, OLD.public_jwk)}, over=over)
    place = (SG, JWKS)

    assert [key.kid for key in first.statuses.polled[place].keys] == ["new", "old"]
    left = round_of({JWKS: jwks(NEW.public_jwk)}, after=first, over=over, at=NOON + HOUR)
    assert [key.kid for key in left.statuses.polled[place].keys] == ["new"]
    for at, held in ((NOON + DAY - HOUR, True), (NOON + DAY, False)):
        silent = round_of({}, after=first, over=over, at=at)
        assert (place in silent.statuses.polled) is held
        assert codes(silent, JWKS) == ["status.unavailable"]
    spoiled = round_of({JWKS: b"<html>"}, after=first, over=over)
    assert codes(spoiled, JWKS) == ["status.key_set_invalid"]
    assert spoiled.statuses.polled == first.statuses.polled
    again = round_of({JWKS: first.held.key_sets[0].octets}, after=first, over=over, at=NOON + 11 * HOUR)
    assert again.statuses.id == first.statuses.id
    later = round_of({JWKS: first.held.key_sets[0].octets}, after=first, over=over, at=NOON + 12 * HOUR)
    assert later.statuses.polled[place].until == NOON + 12 * HOUR + LIMITS.key_set_life
    assert round_of({}, after=first, over=trust()).held.key_sets == ()


def test_no_more_key_sets_of_one_state_are_fetched_than_its_share() -> None:
    addresses = [f"{JWKS}/{number}" for number in range(LIMITS.key_sets_per_state + 1)]
    many = [
        service(
            f"l{number}", issuer=f"https://l{number}.sg.example", keys=(generate("ES256"),), key_set=f"{JWKS}/{number}"
        )
        for number in range(LIMITS.key_sets_per_state + 1)
    ]
    shelf = Shelf({})
    fetch_all(shelf, snapshot(*many))

    assert sorted(shelf.asked) == [(one, LIMITS.key_set_bytes) for one in addresses[:-1]]


# What is kept


def test_all_that_was_held_is_read_back_and_only_what_the_floors_stand_on(tmp_path: Path) -> None:
    over = snapshot(service(key_set=JWKS), revocation())
    found = round_of({ONE: jwt(), THREE: bitstring(of=making(THREE)), JWKS: jwks(NEW.public_jwk)}, over=over)
    store = SnapshotStore(tmp_path)
    about = archive.about_everything(found.held, found.statuses, environment=Environment.SANDBOX)
    store.keep(archive.everything(found.held), about, at=NOON)
    stored = store.current()
    assert stored is not None

    def back(**how: Any) -> Held:
        arguments = {"environment": Environment.SANDBOX, "floors": found.floors, "keep": bytes, **how}
        return archive.read_everything(stored, arguments.pop("over", over), **arguments)

    assert back() == found.held
    assert back().snapshot().id == found.statuses.id == about["status_snapshot"]
    assert back(floors=FRESH).lists == ()
    assert back(over=trust()).key_sets == ()
    assert back(over=snapshot(service(key_set=JWKS))).lists == ()
    with pytest.raises(ConfigurationError):
        back(environment=Environment.LIVE)


@pytest.mark.parametrize(
    "change", [{"state": "XX"}, {"digest": "0" * 64}, {"fetched_at": "noon"}, {"more": "x"}], ids=str
)
@pytest.mark.parametrize("kind", ["status_lists", "key_sets"])
def test_an_archive_that_is_damaged_is_not_read(tmp_path: Path, kind: str, change: dict[str, str]) -> None:
    over = snapshot(service(key_set=JWKS), revocation())
    found = round_of({ONE: jwt(), JWKS: jwks(NEW.public_jwk)}, over=over)
    about = archive.about_everything(found.held, found.statuses, environment=Environment.SANDBOX)
    about[kind] = [{**about[kind][0], **change}]
    SnapshotStore(tmp_path).keep(archive.everything(found.held), about, at=NOON)
    stored = SnapshotStore(tmp_path).current()
    assert stored is not None

    with pytest.raises(ConfigurationError):
        archive.read_everything(stored, over, environment=Environment.SANDBOX, floors=found.floors, keep=bytes)


# Mapped octets


def test_a_list_is_read_alike_from_memory_and_from_a_file(tmp_path: Path) -> None:
    made = {ONE: jwt(), THREE: bitstring(of=making(THREE))}
    plain, mapped = round_of(made), round_of(made, keep=MappedOctets(tmp_path).keep)

    assert plain.statuses.id == mapped.statuses.id
    for place, size in (((SG, ONE), 2), ((SG, THREE), 1)):
        one, other = plain.statuses.lists[place], mapped.statuses.lists[place]
        assert [one.value(index, size=size) for index in range(8)] == [other.value(i, size=size) for i in range(8)]
