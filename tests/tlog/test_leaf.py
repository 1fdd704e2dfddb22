"""A leaf has one spelling, the members of its type, and nothing that could say more."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idbridge.codec import base64url, jcs
from idbridge.errors import EvidenceError
from idbridge.limits import LIMITS
from idbridge.reasons import REASONS
from idbridge.tlog import further
from idbridge.tlog.leaf import MEMBERS, Leaf, LeafType, parse_leaf, released
from tests.tlog.kit import flipped, leaf, opening_of

WHOLE = leaf().octets()
DIGEST = base64url.encode(bytes(32))
VALUES: dict[str, Any] = {name: "text" for required, optional in MEMBERS.values() for name in required | optional} | {
    "kt": DIGEST,
    "com": DIGEST,
    "con": DIGEST,
    "sub": DIGEST,
    "dig": DIGEST,
    "root": DIGEST,
    "size": 7,
    "rel": "age_over_18 name",
}
START: dict[str, Any] = {"t": "start", "ts": 1, "v": 1, "ver": "0.1.0"}


def spelled(**changed: Any) -> bytes:
    members = {name: value for name, value in {**START, **changed}.items() if value is not None}
    return json.dumps(members, sort_keys=True, separators=(",", ":")).encode()


def malformed(octets: bytes) -> None:
    with pytest.raises(EvidenceError) as caught:
        parse_leaf(octets)

    assert caught.value.code == "time.evidence_malformed"


@pytest.mark.parametrize(
    "octets",
    [
        b"", b"{}", b"[]", b"null", b"\xff", b'{"t":"start","ts":1,"v":1}', spelled() + b"\n", b" " + spelled(),
        spelled().replace(b",", b", "), b'{"ts":1,"t":"start","v":1,"ver":"0.1.0"}',
        b'{"t":"start","t":"start","ts":1,"v":1,"ver":"0.1.0"}', b'{"t":"start","ts":1,"v":1,"ver":"\\u0030.1.0"}',
        b'{"t":"start","ts":1e0,"v":1,"ver":"0.1.0"}', b'{"t":"start","ts":1.0,"v":1,"ver":"0.1.0"}',
        b'{"t":"start","ts":01,"v":1,"ver":"0.1.0"}', b'{"t":"start","ts":-0,"v":1,"ver":"0.1.0"}',
    ],
)  # fmt: skip
def test_a_leaf_has_one_spelling(octets: bytes) -> None:
    malformed(octets)


@pytest.mark.parametrize(
    "changed",
    [
        {"v": 2}, {"v": "1"}, {"v": True}, {"v": None}, {"t": "stop"}, {"t": None}, {"t": 1}, {"t": ["start"]},
        {"ts": "1"}, {"ts": -1}, {"ts": None}, {"ts": 2**53}, {"ts": True}, {"ver": None}, {"ver": ""}, {"ver": 1},
        {"ver": ["a"]}, {"ver": {}}, {"ver": "é"}, {"ver": "a\nb"}, {"ver": 'a"b'}, {"ver": "a\\b"}, {"ver": "\x7f"},
        {"req": "x"}, {"name": "x"}, {"é": "x"}, {"size": "7"}, {"size": -1}, {"size": 2**53}, {"size": True},
        {"root": DIGEST[:-1]}, {"root": f"{DIGEST}A"}, {"root": DIGEST.replace("A", "=")}, {"root": 7},
        {"root": f"{DIGEST[:-1]}B"}, {"root": f"{DIGEST}\n"}, {"ver": "a\n"}, {"ver": "a\x1f"},
    ],
)  # fmt: skip
def test_a_leaf_has_the_members_of_its_type_and_each_is_what_it_should_be(changed: dict[str, Any]) -> None:
    malformed(spelled(**changed))


@pytest.mark.parametrize(
    "told", ["b a", "a a", "a  b", " a", "a ", "a,é", 7, " ", "#", "#a", f"#{DIGEST}A", f"{'a' * 96} b"]
)
def test_released_names_stand_in_their_order_each_once(told: Any) -> None:
    members = {"req": "x", "rp": "bank", "res": "PASSED", "com": DIGEST}

    with pytest.raises(EvidenceError) as caught:
        Leaf(LeafType.VERIFY, 1, {**members, "rel": told})

    assert caught.value.code == "time.evidence_malformed"
    assert Leaf(LeafType.VERIFY, 1, {**members, "rel": ""}).members["rel"] == ""


@pytest.mark.parametrize("kind", list(LeafType))
def test_every_type_comes_back_with_all_its_members_and_misses_each_that_it_must_have(kind: LeafType) -> None:
    required, optional = MEMBERS[kind]
    everything = {name: VALUES[name] for name in required | optional}

    for names in (required, required | optional):
        one = Leaf(kind, 1_796_040_000_000, {name: VALUES[name] for name in names})
        assert parse_leaf(one.octets()) == one
        assert one.octets() == jcs.canonicalize({**one.members, "t": kind.value, "ts": one.at_ms, "v": 1})
    for missing in required:
        with pytest.raises(EvidenceError):
            Leaf(kind, 1, {name: value for name, value in everything.items() if name != missing})
    with pytest.raises(EvidenceError):
        Leaf(kind, 1, {**everything, "person": "x"})


def test_a_leaf_has_at_most_so_many_octets() -> None:
    filling = "0" * (LIMITS.leaf_bytes - len(spelled(ver="")))

    assert len(parse_leaf(spelled(ver=filling)).octets()) == LIMITS.leaf_bytes
    malformed(spelled(ver=f"{filling}0"))
    with pytest.raises(EvidenceError):
        Leaf(LeafType.START, 1, {"ver": f"{filling}0"})


def test_a_verdict_with_every_member_that_a_node_says_fits_however_long_names_may_be_registered() -> None:
    longest = max(REASONS, key=len)
    members = {
        "req": f"rep_{bytes(16).hex()}", "rp": "r" * 128, "res": "INDETERMINATE", "iss": "SG", "kt": DIGEST,
        "list": f"{LIMITS.list_sequence}:{DIGEST[:22]}", "pol": f"999:{DIGEST[:22]}", "st": f"fresh:{DIGEST[:22]}",
        "fmt": "dc+sd-jwt", "alg": "ES256", "code": longest, "loa": "A2", "com": DIGEST, "sub": DIGEST,
        "rel": "a" * LIMITS.leaf_names_characters, "day": "2026-11-30", "pur": "p" * LIMITS.leaf_text_characters,
        "also": further.told(f"{number:043}"[::-1] for number in range(LIMITS.leaf_further)),
    }  # fmt: skip

    assert LIMITS.leaf_bytes - 60 < len(Leaf(LeafType.ASSERT, 2**53 - 1, members).octets()) <= LIMITS.leaf_bytes


def test_many_or_unusual_names_are_told_by_their_digest_which_who_knows_them_can_make() -> None:
    most = "a" * LIMITS.leaf_names_characters
    plain = [[], ["b", "a"], ["a", "a"], [most]]
    digested = [[f"{most}a"], ["a", most], ["é"], ["a b"], ["#a"], [""], ['a"b'], ["a\nb"], ["a b", "c"], ["a", "b c"]]

    assert [released(names) for names in plain] == ["", "a b", "a", most]
    marks = [released(names) for names in digested]
    assert len(set(marks)) == len(digested)
    assert {len(mark) for mark in marks} == {44}
    for mark in marks:
        assert Leaf(LeafType.VERIFY, 1, {"req": "x", "rp": "y", "res": "z", "com": DIGEST, "rel": mark})


def test_the_members_of_a_leaf_cannot_be_changed_from_outside() -> None:
    members: dict[str, str | int] = {"ver": "0.1.0"}
    one = Leaf(LeafType.START, 1, members)
    members["ver"] = "another"

    assert one.octets() == spelled()
    assert one.commitment == ""
    assert leaf().commitment == opening_of().commitment(b"a credential as it was shown")


@given(
    st.binary(max_size=200)
    | st.integers(0, 8 * len(leaf().octets()) - 1).map(lambda bit: flipped(leaf().octets(), bit))
)
def test_what_is_read_is_written_in_the_same_way(octets: bytes) -> None:
    try:
        found = parse_leaf(octets)
    except EvidenceError:
        return
    assert found.octets() == octets
