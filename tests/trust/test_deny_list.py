"""The document of the deny list and the form of its entries: what does not parse in one way only is refused whole."""

import json
from typing import Any

import pytest

from idbridge.codec import base64url
from idbridge.errors import TrustError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment
from idbridge.trust import deny_list
from idbridge.trust.deny import DenyBook
from idbridge.trust.deny_entry import merged, opened, reread, sign_entry
from tests.trust.denying import authorities, book, code_of, denial, lift, listing, officers, own
from tests.trust.editions import NOON, SG, TH

EMPTY = DenyBook()


def table(**changes: Any) -> bytes:
    return json.dumps({**json.loads(listing(1, denial())), **changes}).encode()


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"[]",
        b'{"schema":"idbridge-deny-list-1","schema":"idbridge-deny-list-1"}',
        table(schema="idbridge-deny-list-2"),
        table(number=0),
        table(number="1"),
        table(number=LIMITS.list_sequence + 1),
        table(environment="test"),
        table(entries={}),
        table(entries=[1]),
        table(entries=["x"]),
        table(entries=[{"payload": "x"}]),
        table(entries=[{"payload": 1, "signatures": []}]),
        table(entries=[{**json.loads(denial()), "signatures": []}]),
        table(entries=[{"x": 2**60}]),
        table(more=1),
        table(entries=[json.loads(denial())] * 2),
    ],
)
def test_a_list_in_another_form_is_refused(octets: bytes) -> None:
    assert code_of(EMPTY, octets) == "trust.deny_invalid"


def test_a_list_of_the_other_environment_is_refused() -> None:
    assert code_of(EMPTY, listing(1, environment=Environment.LIVE)) == "trust.environment_mismatch"


def test_an_empty_list_is_a_list() -> None:
    held = book(listing(1))

    assert (held.number, held.in_force(NOON)) == (1, ())


def test_a_list_holds_so_many_entries_and_no_more() -> None:
    entries = [json.loads(denial())] * (LIMITS.deny_entries + 1)

    with pytest.raises(TrustError) as caught:
        deny_list.parse(table(entries=entries))
    assert caught.value.code == "trust.deny_invalid"
    assert len(deny_list.parse(table(entries=entries[1:])).entries) == LIMITS.deny_entries


def test_an_entry_is_so_long_and_no_longer_so_that_one_key_fills_no_list() -> None:
    entry = json.loads(denial())
    spare = LIMITS.deny_entry_bytes - len(denial())
    fitting = {**entry, "payload": entry["payload"] + "A" * spare}

    assert len(deny_list.parse(table(entries=[fitting])).entries) == 1
    with pytest.raises(TrustError) as caught:
        deny_list.parse(table(entries=[{**entry, "payload": entry["payload"] + "A" * (spare + 1)}]))
    assert caught.value.code == "trust.deny_invalid"


def test_a_list_is_so_long_and_no_longer() -> None:
    whole = listing(1)
    fitting = whole + b" " * (LIMITS.deny_list_bytes - len(whole))

    assert deny_list.parse(fitting).entries == ()
    assert code_of(EMPTY, fitting + b" ") == "trust.deny_invalid"


def test_only_so_many_lifted_denials_are_remembered_the_youngest() -> None:
    entry = denial()
    lifted = book(listing(1, entry, lift(entry, own(SG))))
    full = DenyBook(1, lifted.digest, lifted.denials, lifted.follow_ups, tuple(map(str, range(LIMITS.deny_settled))))

    left = book(listing(2), onto=full)

    assert len(left.settled) == LIMITS.deny_settled
    assert (left.settled[0], left.settled[-1]) == ("1", reread(entry).said.id)


@pytest.mark.parametrize("header", ["typ", "state", "kid", "alg"])
def test_a_signature_with_another_header_is_refused(header: str) -> None:
    entry = json.loads(denial())
    signature = entry["signatures"][0]
    protected = json.loads(base64url.decode(signature["protected"]))
    signature["protected"] = base64url.encode(json.dumps({**protected, header: "x"}).encode())

    assert code_of(EMPTY, table(entries=[entry])) == "trust.deny_invalid"


def test_what_is_held_in_a_form_that_no_longer_reads_is_refused() -> None:
    with pytest.raises(TrustError) as caught:
        reread(b'{"payload":"x"}')

    assert caught.value.code == "trust.deny_invalid"


def test_signatures_made_in_two_places_are_merged_and_none_is_lost() -> None:
    one, other = denial(officers(SG)), denial(officers(TH))
    both = merged([one, other, one])

    assert merged([other, one]) == both
    assert len(opened(both, keys=authorities().keys()).signed_with) == 2
    assert merged([one]) == one


@pytest.mark.parametrize("entries", [[], [denial(), denial(state=TH)], [b"{}"], [b"x"], [b'{"payload":1}']])
def test_what_does_not_say_the_same_is_not_merged(entries: list[bytes]) -> None:
    with pytest.raises(TrustError) as caught:
        merged(entries)

    assert caught.value.code == "trust.deny_invalid"


def test_an_entry_that_nobody_signs_is_not_made() -> None:
    with pytest.raises(ValueError, match="at least one"):
        sign_entry({}, {})
