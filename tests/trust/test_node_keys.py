"""A node's own keys: no step of their life is taken too early, and every step is written down."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from idbridge.crypto.keys import parse_jwk
from idbridge.crypto.signer import FileSigner, generate
from idbridge.errors import ConfigurationError, TrustError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment
from idbridge.trust import key_folder, node_keys, records
from idbridge.trust.node_keys import KeyPurpose, KeyRing, KeyState, NodeKey
from tests.trust.editions import DAY, NOON

ASSERTION, CLIENT = KeyPurpose.ASSERTION, KeyPurpose.CLIENT
LEAD = LIMITS.key_publication_lead
KEPT = LIMITS.assertion_lifetime + LIMITS.clock_leeway_max
SECOND = timedelta(seconds=1)
PASSPHRASE = "twelve words"


def known(what: str) -> str:
    return PASSPHRASE


def never(what: str) -> str:
    pytest.fail(f"asked for the passphrase of {what}")


def key(purpose: KeyPurpose = ASSERTION, *, signer: FileSigner | None = None) -> NodeKey:
    made = signer or generate("ES256")
    return NodeKey(
        made.kid, purpose, made.algorithm, KeyState.PUBLISHED, NOON, dict(made.public_jwk), f"key-{made.kid}.pem"
    )


ONE, TWO = key(), key()
RING = KeyRing(Environment.SANDBOX).with_published(ONE)
ACTIVE = RING.rotated(ASSERTION, at=NOON + LEAD)


def test_a_key_signs_nothing_before_others_could_learn_of_it() -> None:
    with pytest.raises(ConfigurationError, match="may not know it before 2026-11-25T12:00:00Z"):
        RING.rotated(ASSERTION, at=NOON + LEAD - SECOND)

    assert RING.rotated(ASSERTION, at=NOON + LEAD).keys[0].state is KeyState.ACTIVE
    assert RING.rotated(ASSERTION, at=NOON, emergency=True).keys[0].activated_at == NOON


def test_without_a_key_that_waits_nothing_is_rotated() -> None:
    for ring in (KeyRing(Environment.SANDBOX), ACTIVE, RING):
        with pytest.raises(ConfigurationError, match="generate one first"):
            ring.rotated(CLIENT, at=NOON + DAY, emergency=True)
    with pytest.raises(ConfigurationError, match="generate one first"):
        ACTIVE.rotated(ASSERTION, at=NOON + 9 * DAY)


def test_one_key_of_a_purpose_waits_and_none_comes_back() -> None:
    with pytest.raises(ConfigurationError, match="rotate first"):
        RING.with_published(TWO)
    with pytest.raises(ConfigurationError, match="used once"):
        ACTIVE.with_published(ONE)

    assert RING.with_published(key(CLIENT)).find(CLIENT, KeyState.PUBLISHED) is not None


def test_a_ring_has_an_end() -> None:
    full = KeyRing(Environment.SANDBOX, tuple([ACTIVE.keys[0]] * 300))

    with pytest.raises(ConfigurationError, match="full"):
        full.with_published(TWO)


def test_a_key_stays_published_until_the_last_thing_it_signed_has_expired() -> None:
    turn = NOON + 10 * DAY
    ring = ACTIVE.with_published(TWO).rotated(ASSERTION, at=turn, emergency=True)

    assert [one.state for one in ring.keys] == [KeyState.RETIRED, KeyState.ACTIVE]
    assert ring.keys[0].retire_after == turn + KEPT
    assert [one.kid for one in ring.published(at=turn + KEPT - SECOND)] == [ONE.kid, TWO.kid]
    assert [one.kid for one in ring.published(at=turn + KEPT)] == [TWO.kid]
    assert ring.verifying().keys() == {ONE.kid, TWO.kid}


def test_keys_of_another_purpose_are_left_alone() -> None:
    ring = ACTIVE.with_published(key(CLIENT)).rotated(CLIENT, at=NOON + LEAD)

    assert [one.state for one in ring.keys] == [KeyState.ACTIVE, KeyState.ACTIVE]


def dues(ring: KeyRing, after: timedelta) -> list[tuple[str, timedelta]]:
    return [(due.act, due.since - NOON) for due in ring.due(at=NOON + after)]


def test_a_successor_is_due_before_the_key_is_old_and_the_change_once_it_is() -> None:
    age, notice = LEAD + LIMITS.node_key_age, LIMITS.key_successor_notice
    with_successor = ACTIVE.with_published(TWO)

    assert dues(ACTIVE, age - notice - SECOND) == []
    assert dues(ACTIVE, age - notice) == [("generate", age - notice)]
    assert dues(ACTIVE, age) == [("generate", age - notice), ("rotate", age)]
    assert dues(with_successor, age - SECOND) == []
    assert dues(with_successor, age) == [("rotate", age)]


def test_a_key_that_waits_for_nothing_is_due() -> None:
    assert dues(RING, LEAD - SECOND) == []
    assert dues(RING, LEAD) == [("rotate", LEAD)]


def test_a_ring_that_is_written_is_read_again() -> None:
    ring = ACTIVE.with_published(TWO).rotated(ASSERTION, at=NOON + 10 * DAY)

    assert node_keys.parse(json.loads(json.dumps(node_keys.render(ring)))) == ring


@pytest.mark.parametrize(
    "change",
    [
        lambda ring: ring.update(schema="idbridge-node-keys-2"),
        lambda ring: ring.update(environment="test"),
        lambda ring: ring.update(keys=[]),
        lambda ring: ring["keys"][0].update(kid=TWO.kid),
        lambda ring: ring["keys"][0].update(algorithm="ES384"),
        lambda ring: ring["keys"][0].update(state="lost"),
        lambda ring: ring["keys"][0].update(public=[]),
        lambda ring: ring["keys"][0].update(public={**ONE.public_jwk, "d": "AA"}),
        lambda ring: ring["keys"][0].update(published_at="today"),
        lambda ring: ring["keys"][0].pop("private"),
    ],
)
def test_an_index_of_another_form_is_refused(change: Callable[[dict[str, Any]], object]) -> None:
    index = node_keys.render(RING)
    change(index)

    with pytest.raises(TrustError) as caught:
        node_keys.parse(index)

    assert caught.value.code == "trust.profile_violation"


def published(folder: Path, purpose: KeyPurpose = ASSERTION, *, secret: str | None = None, **changes: Any) -> NodeKey:
    settings = {"environment": Environment.SANDBOX, "at": NOON, "passphrase": secret, **changes}
    return key_folder.publish(folder, generate("ES256"), purpose=purpose, **settings)


def test_a_live_key_is_never_written_in_the_open(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="passphrase"):
        published(tmp_path, environment=Environment.LIVE)

    assert not list(tmp_path.iterdir())


def test_a_folder_without_keys_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no records"):
        key_folder.read(tmp_path)
    with pytest.raises(ConfigurationError, match="not there"):
        published(tmp_path / "absent")
    (tmp_path / records.FILE).write_bytes(b"")
    with pytest.raises(ConfigurationError, match="empty"):
        key_folder.read(tmp_path)


def test_records_that_were_removed_or_rewritten_are_noticed(tmp_path: Path) -> None:
    published(tmp_path)
    file = tmp_path / records.FILE
    whole = file.read_bytes()

    file.write_bytes(whole.replace(b'"sandbox"', b'"live"', 1))
    with pytest.raises(TrustError) as caught:
        key_folder.read(tmp_path)
    assert caught.value.code == "trust.history_rewritten"
    file.unlink()
    with pytest.raises(ConfigurationError, match="were removed"):
        published(tmp_path, CLIENT)


def test_a_refused_step_changes_nothing(tmp_path: Path) -> None:
    published(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    for step in (
        lambda: published(tmp_path),
        lambda: published(tmp_path, CLIENT, environment=Environment.LIVE, secret=PASSPHRASE),
        lambda: key_folder.rotate(tmp_path, purpose=ASSERTION, at=NOON + LEAD - SECOND, passphrase=never),
        lambda: key_folder.rotate(tmp_path, purpose=CLIENT, at=NOON + LEAD, passphrase=never),
    ):
        with pytest.raises(ConfigurationError):
            step()

    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_private_part_of_another_key_or_place_signs_nothing(tmp_path: Path) -> None:
    one, other = published(tmp_path), published(tmp_path, CLIENT)
    (tmp_path / one.private).unlink()
    (tmp_path / other.private).rename(tmp_path / one.private)

    with pytest.raises(ConfigurationError, match="another key"):
        key_folder.rotate(tmp_path, purpose=ASSERTION, at=NOON + LEAD, passphrase=never)
    with pytest.raises(ConfigurationError, match="beside the index"):
        key_folder.open_private(tmp_path, NodeKey(**{**_members(one), "private": "../key.pem"}), passphrase=never)


def _members(one: NodeKey) -> dict[str, Any]:
    return {name: getattr(one, name) for name in NodeKey.__slots__}


def test_a_live_key_that_somebody_decrypted_on_disk_signs_nothing(tmp_path: Path) -> None:
    one = published(tmp_path, environment=Environment.LIVE, secret=PASSPHRASE)
    signer = key_folder.open_private(tmp_path, one, passphrase=known)
    assert isinstance(signer, FileSigner)
    (tmp_path / one.private).write_text(signer.pem())

    with pytest.raises(ConfigurationError, match="not encrypted"):
        key_folder.rotate(tmp_path, purpose=ASSERTION, at=NOON + LEAD, passphrase=known)


def test_an_index_that_a_crash_left_behind_is_told_and_brought_up_to_date(tmp_path: Path) -> None:
    published(tmp_path)
    behind = (tmp_path / key_folder.FILE).read_bytes()
    published(tmp_path, CLIENT)
    (tmp_path / key_folder.FILE).write_bytes(behind)

    held = key_folder.read(tmp_path)
    assert (held.index_current, len(held.ring.keys)) == (False, 2)
    key_folder.rotate(tmp_path, purpose=ASSERTION, at=NOON + LEAD, passphrase=never)

    assert key_folder.read(tmp_path).index_current
    (tmp_path / key_folder.FILE).write_bytes(b"[")
    with pytest.raises(TrustError):
        key_folder.read(tmp_path)
    (tmp_path / key_folder.FILE).unlink()
    assert not key_folder.read(tmp_path).index_current


def test_a_key_in_a_token_is_taken_up_by_its_reference_only(tmp_path: Path) -> None:
    class Elsewhere:
        """A signer whose private part is not in this process."""

        held = generate("ES256")
        algorithm, kid, public_jwk, sign = held.algorithm, held.kid, held.public_jwk, held.sign

    with pytest.raises(ConfigurationError, match="by which reference"):
        key_folder.publish(tmp_path, Elsewhere(), purpose=ASSERTION, environment=Environment.SANDBOX, at=NOON)
    taken = key_folder.publish(
        tmp_path, Elsewhere(), purpose=ASSERTION, environment=Environment.LIVE, at=NOON, private="pkcs11:object=a"
    )

    assert taken.private == "pkcs11:object=a"
    assert sorted(path.name for path in tmp_path.iterdir()) == [key_folder.FILE, records.FILE]


def test_every_act_is_signed_by_whom_it_passes_from(tmp_path: Path) -> None:
    one = published(tmp_path, secret=PASSPHRASE)
    key_folder.rotate(tmp_path, purpose=ASSERTION, at=NOON + LEAD, passphrase=known)
    two = published(tmp_path, at=NOON + 2 * DAY)
    second = key_folder.rotate(tmp_path, purpose=ASSERTION, at=NOON + 5 * DAY, passphrase=known)
    three = published(tmp_path, at=NOON + 6 * DAY)
    key_folder.rotate(tmp_path, purpose=ASSERTION, at=NOON + 6 * DAY, passphrase=never, emergency=True)

    held = key_folder.read(tmp_path)
    told = records.read(tmp_path, keys=held.ring.verifying())

    assert second.state is KeyState.ACTIVE
    assert [(record.act, record.by) for record in told] == [
        (key_folder.GENERATED, one.kid), (key_folder.ROTATED, one.kid), (key_folder.GENERATED, two.kid),
        (key_folder.ROTATED, one.kid), (key_folder.GENERATED, three.kid), (key_folder.REPLACED, three.kid),
    ]  # fmt: skip
    assert [key_.state for key_ in held.ring.keys] == [KeyState.RETIRED, KeyState.RETIRED, KeyState.ACTIVE]
    assert b"PRIVATE" not in (tmp_path / records.FILE).read_bytes() + (tmp_path / key_folder.FILE).read_bytes()
    assert (tmp_path / one.private).stat().st_mode & 0o777 == 0o600
    assert parse_jwk(key_folder.open_private(tmp_path, three, passphrase=never).public_jwk).thumbprint == three.kid


# Acts that cannot have been


def begun(folder: Path) -> tuple[NodeKey, FileSigner, KeyRing]:
    """A folder whose first key is active, with its signer and ring."""
    made = published(folder)
    key_folder.rotate(folder, purpose=ASSERTION, at=NOON + LEAD, passphrase=never)
    signer = key_folder.open_private(folder, made, passphrase=never)
    assert isinstance(signer, FileSigner)
    return made, signer, key_folder.read(folder).ring


def recorded(folder: Path, act: str, ring: KeyRing, kid: str, signer: FileSigner, *, after: timedelta) -> str:
    """Write a record as it comes, and return the code with which the folder is refused then."""
    records.append(folder, act, {"kid": kid, "index": node_keys.render(ring)}, signer=signer, at=NOON + after)
    with pytest.raises(TrustError) as caught:
        key_folder.read(folder)
    return caught.value.code


@pytest.mark.parametrize("act", [key_folder.ROTATED, key_folder.REPLACED, key_folder.GENERATED, "keys.other"])
def test_whoever_can_write_but_holds_no_key_puts_none_in_the_place_of_another(tmp_path: Path, act: str) -> None:
    _, _, ring = begun(tmp_path)
    evil = generate("ES256")
    mine = replace(key(signer=evil), state=KeyState.ACTIVE, activated_at=NOON + DAY)
    former = replace(ring.keys[0], state=KeyState.RETIRED, retire_after=NOON + DAY)

    code = recorded(tmp_path, act, replace(ring, keys=(former, mine)), mine.kid, evil, after=DAY)

    assert code == "trust.history_rewritten"


def test_keys_that_were_there_are_not_left_out(tmp_path: Path) -> None:
    _, _, ring = begun(tmp_path)
    evil = generate("ES256")
    mine = replace(key(signer=evil), published_at=NOON + DAY)

    alone = recorded(tmp_path, key_folder.GENERATED, replace(ring, keys=(mine,)), mine.kid, evil, after=DAY)

    assert alone == "trust.signer_unknown"


def test_in_good_order_the_former_key_signs_who_follows_it(tmp_path: Path) -> None:
    _, _, _ = begun(tmp_path)
    evil = generate("ES256")
    key_folder.publish(tmp_path, evil, purpose=ASSERTION, environment=Environment.SANDBOX, at=NOON + DAY)
    rotated = key_folder.read(tmp_path).ring.rotated(ASSERTION, at=NOON + 9 * DAY)

    assert recorded(tmp_path, key_folder.ROTATED, rotated, evil.kid, evil, after=9 * DAY) == "trust.signer_unknown"


def test_a_key_of_another_purpose_has_no_part_in_an_act(tmp_path: Path) -> None:
    _, _, _ = begun(tmp_path)
    other = generate("ES256")
    key_folder.publish(tmp_path, other, purpose=CLIENT, environment=Environment.SANDBOX, at=NOON + DAY)
    ring = key_folder.read(tmp_path).ring.with_published(replace(TWO, published_at=NOON + 2 * DAY))

    assert recorded(tmp_path, key_folder.GENERATED, ring, TWO.kid, other, after=2 * DAY) == "trust.signer_unknown"


@pytest.mark.parametrize("index", [None, {}, {"keys": []}])
def test_an_act_of_the_past_leaves_an_index(tmp_path: Path, index: object) -> None:
    made, signer, ring = begun(tmp_path)
    records.append(tmp_path, key_folder.ROTATED, {"kid": made.kid, "index": index}, signer=signer, at=NOON + DAY)

    code = recorded(tmp_path, key_folder.ROTATED, ring, made.kid, signer, after=DAY)

    assert code == "trust.profile_violation"


@pytest.mark.parametrize("ended", [None, NOON])
def test_a_former_key_ends_no_earlier_than_it_is_followed(tmp_path: Path, ended: datetime | None) -> None:
    _, signer, _ = begun(tmp_path)
    following = published(tmp_path, at=NOON + DAY)
    ring = key_folder.read(tmp_path).ring.rotated(ASSERTION, at=NOON + 9 * DAY)
    ring = replace(ring, keys=(replace(ring.keys[0], retire_after=ended), ring.keys[1]))

    code = recorded(tmp_path, key_folder.ROTATED, ring, following.kid, signer, after=9 * DAY)

    assert code == "trust.history_rewritten"


def test_an_act_is_about_a_key_that_it_leaves(tmp_path: Path) -> None:
    _, signer, ring = begun(tmp_path)

    assert recorded(tmp_path, key_folder.ROTATED, ring, TWO.kid, signer, after=DAY) == "trust.history_rewritten"


def test_another_limit_condemns_no_act_of_the_past(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun(tmp_path)
    published(tmp_path, at=NOON + DAY)
    key_folder.rotate(tmp_path, purpose=ASSERTION, at=NOON + 9 * DAY, passphrase=never)
    before = key_folder.read(tmp_path)

    longer = replace(LIMITS, key_publication_lead=30 * DAY, assertion_lifetime=2 * LIMITS.assertion_lifetime)
    monkeypatch.setattr(node_keys, "LIMITS", longer)

    assert key_folder.read(tmp_path) == before


@pytest.mark.parametrize("bit", [0o020, 0o002])
@pytest.mark.parametrize("name", ["", records.FILE])
def test_a_folder_that_others_may_write_to_is_refused(tmp_path: Path, name: str, bit: int) -> None:
    begun(tmp_path)
    place = tmp_path / name
    place.chmod(place.stat().st_mode | bit)

    with pytest.raises(ConfigurationError, match="writable by its owner only"):
        key_folder.read(tmp_path)


def test_a_folder_that_cannot_be_looked_at_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")

    with pytest.raises(ConfigurationError, match="cannot be read"):
        key_folder.read(tmp_path / "file" / "keys")
