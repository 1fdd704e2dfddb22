"""The editions of a list that are kept: read by keys that are known for the state, compared one with the next."""

from pathlib import Path
from typing import Any

import pytest

from idbridge.crypto.keys import parse_jwk
from idbridge.errors import ConfigurationError, TrustError
from idbridge.model.region import Environment
from idbridge.trust.operator.history import Edition, Found, Unread, editions, kept_in, keys_in, read_list
from idbridge.trust.store import SnapshotStore
from idbridge.trust.stored import StoredSnapshot
from tests.trust.editions import NOON, SG, SIGNERS, TH, edition, jwk, pins, service

SANDBOX = Environment.SANDBOX
FIRST, SECOND = edition(1), edition(2, service(leeway_seconds=300))


def read(*found: tuple[str, bytes]) -> tuple[tuple[Edition, ...], tuple[Unread, ...]]:
    return editions((Found(*one) for one in found), state=SG, keys=pins(SG, TH), environment=SANDBOX)


def kept(folder: Path, **about: Any) -> StoredSnapshot:
    """A stored snapshot with a list of Singapore."""
    store = SnapshotStore(folder)
    return store.named(store.keep({"lists/SG/list.jws": FIRST}, about, at=NOON))


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        (edition(1, state=TH), "trust.signer_unknown"),
        (FIRST[:-4] + b"AAAA", "trust.signature_invalid"),
        (b"<html>", "trust.profile_violation"),
        (edition(1, environment=Environment.LIVE), "trust.environment_mismatch"),
    ],
)
def test_what_is_no_edition_of_the_state_is_named_and_left_out(octets: bytes, code: str) -> None:
    found, unread = read(("a", octets), ("b", FIRST))

    assert [one.listed.provenance.sequence for one in found] == [1]
    assert [(one.place, one.code) for one in unread] == [("a", code)]


def test_two_texts_under_one_number_are_two_editions() -> None:
    other = edition(1, service(leeway_seconds=90))

    assert [one.listed.provenance.sequence for one in read(("a", FIRST), ("b", other))[0]] == [1, 1]


def test_editions_are_told_in_order_each_with_what_it_changed() -> None:
    (first, second), _ = read(("later", SECOND), ("earlier", FIRST), ("again", FIRST))

    assert (first.places, second.places) == (("earlier", "again"), ("later",))
    assert [first.diff.effect, second.diff.effect] == ["first", "widened"]
    assert second.document()["follows"] == first.listed.content
    assert second.document()["found_in"] == ["later"]


def test_the_same_content_signed_twice_is_one_edition() -> None:
    (only,), _ = read(("a", FIRST), ("b", edition(1)))

    assert only.places == ("a", "b")


def test_a_list_is_read_as_that_of_the_state_whose_key_signed_it() -> None:
    assert read_list(edition(3, state=TH), keys=pins(SG, TH), environment=SANDBOX).provenance.member_state is TH
    with pytest.raises(TrustError) as caught:
        read_list(edition(3, state=TH), keys=pins(SG), environment=SANDBOX)

    assert caught.value.code == "trust.signer_unknown"


@pytest.mark.parametrize(
    "about",
    [
        {"documentKeys": {}},
        {"keys": []},
        {"keys": {"XX": []}},
        {"keys": {"SG": [{"kty": "oct", "k": "AAAA"}]}},
        {"keys": {"SG": 7}},
        {"keys": {"SG": ["key"]}},
    ],
)
def test_keys_that_are_not_in_order_are_refused(tmp_path: Path, about: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        keys_in(kept(tmp_path, **{"keys": {}, **about} if "keys" in about else about))


def test_a_stored_snapshot_names_the_keys_of_each_state_retired_ones_too(tmp_path: Path) -> None:
    stored = kept(tmp_path, keys={"SG": [jwk(SIGNERS[SG])]}, documentKeys={"SG": [jwk(SIGNERS[TH]), jwk(SIGNERS[SG])]})

    assert [key.thumbprint for key in keys_in(stored)[SG]] == [
        parse_jwk(SIGNERS[state].public_jwk).thumbprint for state in (SG, TH)
    ]
    assert list(kept_in(stored, SG)) == [Found(f"snapshot {stored.id}", FIRST)]
    assert list(kept_in(stored, TH)) == []
