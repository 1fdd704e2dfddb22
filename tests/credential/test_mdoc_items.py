"""Items in the usual order are read by their spelling, and say what reading them member by member says, or nothing."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idbridge.codec import cbor
from idbridge.credential.mdoc_document import parse_unverified_mdoc
from idbridge.credential.mdoc_items import VALUES, Items, read_items
from idbridge.errors import InputError
from idbridge.limits import LIMITS

NAMES = ("digestID", "random", "elementIdentifier", "elementValue")
KINDS = (int, bytes, str)
RANDOM = bytes(range(32))
USUAL = (7, RANDOM, "family_name", "Tan")


def item(*members: Any, names: tuple[str, ...] = NAMES) -> bytes:
    return cbor.encode(dict(zip(names, members, strict=True)))


def by_member(octets: bytes) -> tuple[Any, ...] | None:
    """What an item says when nothing is taken for granted of its spelling; ``None`` for what is refused."""
    try:
        read = cbor.decode(octets, max_bytes=LIMITS.token_bytes, max_depth=LIMITS.nesting_depth - 1, tags=VALUES)
    except InputError:
        return None
    if type(read) is not dict or read.keys() != set(NAMES):
        return None
    members = tuple(read[name] for name in NAMES)
    as_published = tuple(map(type, members[:3])) == KINDS and members[0] >= 0 and dates_are_texts(members[3])
    return members if as_published else None


def dates_are_texts(value: Any) -> bool:
    if type(value) is cbor.Tagged:
        return type(value.value) is str
    within = value.values() if type(value) is dict else value if type(value) is list else ()
    return all(map(dates_are_texts, within))


def by_column(octets: bytes) -> tuple[Any, ...] | None:
    try:
        read = read_items([octets])
    except InputError:
        return None
    assert read.octets == (cbor.embedded(octets),)
    return tuple(column[0] for column in read[1:])


def agree(octets: bytes) -> bool:
    """Whether both ways refuse, or read the very same; ``repr``, because to Python 1 and true are equal."""
    return repr(by_column(octets)) == repr(by_member(octets))


@pytest.mark.parametrize(
    "octets",
    [
        item(*USUAL) + b"\x00",  # something after the value
        item(*USUAL)[:-1],  # a value that is cut
        item(*USUAL).removesuffix(cbor.encode("Tan")),  # and none at all
        item(*USUAL).replace(b"\x58\x20" + RANDOM, b"\x59\x00\x20" + RANDOM),  # heads that are too long
        item(*USUAL).replace(b"\x6bfamily_name", b"\x78\x0bfamily_name"),
        item(*USUAL).replace(b"digestID\x07", b"digestID\x18\x07"),
        item(*USUAL).replace(b"\x58\x20" + RANDOM, b"\x58\x10" + RANDOM[:16]).replace(b"\x58\x10", b"\x58\x11"),
        item(7, RANDOM[:23], "family_name", "Tan").replace(b"\x57" + RANDOM[:23], b"\x58\x17" + RANDOM[:23]),
        item(*USUAL).replace(b"family_name", b"family_nam\xff"),  # no UTF-8
        item(*USUAL).replace(b"\x6bfamily_name", b"\x4bfamily_name"),  # octets where a text belongs
        item(*USUAL).replace(b"digestID\x07", b"digestID\x27"),  # a number below zero is one, and has no digest
        item(*USUAL).replace(b"\x63Tan", b"\xf7"),  # undefined
        item(*USUAL).replace(b"\x63Tan", b"\xc1\x63Tan"),  # a tag that has no place here
        item(*USUAL).replace(b"\x63Tan", b"\xfb\x7f\xf0\x00\x00\x00\x00\x00\x00"),  # no number
        item(*USUAL).replace(b"\x63Tan", b"\x81" * LIMITS.nesting_depth + b"\x00"),
        item(*USUAL).replace(b"\xa4", b"\xa3", 1),
        item(*USUAL).replace(b"\xa4", b"\xa5", 1) + item(7, 7, names=("x", "y"))[1:3],
        item(7, RANDOM, "family_name", "Tan", names=("digestID", "random", "elementIdentifier", "elementvalue")),
        item(7, RANDOM, "family_name", names=NAMES[:3]),
        b"",
        b"\xa4",
    ],
    ids=lambda octets: octets.hex(),
)
def test_an_item_that_is_nearly_as_usual_is_read_as_member_by_member(octets: bytes) -> None:
    assert agree(octets)
    assert by_column(octets) is None or octets[10] == 0x27


@given(st.data())
def test_a_changed_item_is_refused_or_read_as_member_by_member(data: st.DataObject) -> None:
    octets = bytearray(item(*USUAL))
    for _ in range(data.draw(st.integers(min_value=1, max_value=3))):
        place = data.draw(st.integers(min_value=0, max_value=len(octets) - 1))
        with_ = data.draw(st.binary(max_size=2))
        octets[place : place + data.draw(st.integers(min_value=0, max_value=2))] = with_
        if not octets:
            break

    assert agree(bytes(octets))


def test_each_changed_bit_of_an_item_is_refused_or_read_as_member_by_member() -> None:
    for octets in (item(*USUAL), item(23, RANDOM, "x", cbor.Tagged(1004, "2026-11-24")), item(0, RANDOM, "", [1])):
        for bit in range(8 * len(octets)):
            changed = bytearray(octets)
            changed[bit // 8] ^= 1 << bit % 8
            assert agree(bytes(changed)), bytes(changed).hex()


VALUE = st.text() | st.booleans() | st.integers(min_value=-9, max_value=2**40) | st.binary() | st.lists(st.text())


@given(
    st.tuples(st.integers(min_value=0, max_value=300), st.binary(max_size=300), st.text(max_size=30), VALUE),
    st.permutations(range(4)),
)
def test_items_are_read_in_every_order_and_size(members: tuple[Any, ...], order: list[int]) -> None:
    usual = item(*members)
    other = item(*(members[place] for place in order), names=tuple(NAMES[place] for place in order))

    assert by_column(usual) == by_column(other) == members
    together = read_items([usual, other, usual])
    assert list(zip(*together[1:], strict=True)) == [members] * 3


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0)])
def test_the_depth_of_a_value_is_bounded_the_same_in_every_order(order: tuple[int, ...]) -> None:
    deepest = LIMITS.nesting_depth - 2
    for layers, refused in ((deepest, False), (deepest + 1, True)):
        value: Any = 1
        for _ in range(layers):
            value = [value]
        members = (*USUAL[:3], value)
        octets = item(*(members[place] for place in order), names=tuple(NAMES[place] for place in order))
        if refused:
            with pytest.raises(InputError) as caught:
                read_items([octets])
            assert caught.value.code == "input.too_large"
        else:
            assert read_items([octets]).values == (value,)


def test_items_whose_ends_are_not_their_own_are_refused() -> None:
    whole = item(*USUAL)
    for several in ([whole + whole[:5], whole[5:]], [whole[:-1], whole[-1:] + whole], [whole + b"\x00", whole]):
        with pytest.raises(InputError) as caught:
            read_items(several)
        assert caught.value.code == "input.malformed"


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0)])
@pytest.mark.parametrize("digest_id", [-1, -5, -(2**63)])
def test_a_digest_id_is_no_negative_number(digest_id: int, order: tuple[int, ...]) -> None:
    members = (digest_id, RANDOM, "family_name", "Tan")
    spelled = item(*(members[place] for place in order), names=tuple(NAMES[place] for place in order))
    with pytest.raises(InputError) as caught:
        read_items([item(*USUAL), spelled])

    assert caught.value.code == "input.malformed"


@pytest.mark.parametrize("tag", sorted(VALUES))
@pytest.mark.parametrize(
    "content", [1, -1, b"2026-01-01", None, True, 1.5, [], {}, cbor.Tagged(0, "2026-01-01T00:00:00Z")]
)
def test_a_date_is_a_text_under_its_tag_wherever_it_stands(tag: int, content: Any) -> None:
    for value in (cbor.Tagged(tag, content), [cbor.Tagged(tag, content)], {"a": {"b": cbor.Tagged(tag, content)}}):
        with pytest.raises(InputError) as caught:
            read_items([item(*USUAL), item(8, RANDOM, "birth_date", value)])
        assert caught.value.code == "input.malformed"
    assert read_items([item(8, RANDOM, "birth_date", [cbor.Tagged(tag, "1990-01-01")])]).values


def document(name_spaces: Any) -> bytes:
    return cbor.encode({"nameSpaces": name_spaces, "issuerAuth": [b"\xa1\x01\x26", {33: b"x"}, b"", b""]})


def tagged(*items: bytes) -> list[cbor.Tagged]:
    return [cbor.Tagged(24, one) for one in items]


def test_items_keep_their_namespaces() -> None:
    names = ("a", "b", "c", "d")
    items = [item(number, RANDOM, name, name) for number, name in enumerate(names)]
    read = parse_unverified_mdoc(document({"x": tagged(*items[:3]), "y": tagged(items[3])})).name_spaces

    assert {name: one.identifiers for name, one in read.items()} == {"x": ("a", "b", "c"), "y": ("d",)}
    assert {name: one.digest_ids for name, one in read.items()} == {"x": (0, 1, 2), "y": (3,)}
    assert not parse_unverified_mdoc(document({})).name_spaces


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        (b"\xd8\x18\x58", b"\xd8\x18\x59\x00"),  # longer heads of the items, of their tag, list, namespace and document
        (b"\xd8\x18", b"\xd9\x00\x18"),
        (b"\x61x\x81", b"\x61x\x98\x01"),
        (b"\x61x", b"\x78\x01x"),
        (b"\x6anameSpaces", b"\x78\x0anameSpaces"),
        (b"\xa2", b"\xb8\x02"),
        (b"\x40\x40", b"\x40\x40\x00"),  # something after it
        (b"\x40\x40", b"\x40\x58\x00"),
    ],
)
def test_a_document_in_a_second_spelling_is_refused(good: bytes, bad: bytes) -> None:
    spelled = document({"x": tagged(item(*USUAL))})
    assert parse_unverified_mdoc(spelled).name_spaces["x"].values == ("Tan",)
    assert good in spelled
    with pytest.raises(InputError) as caught:
        parse_unverified_mdoc(spelled.replace(good, bad, 1))

    assert caught.value.code == "input.malformed"


def test_a_text_that_is_kept_for_gaps_is_refused_in_a_document_and_read_in_an_item() -> None:
    assert parse_unverified_mdoc(document({"x": tagged(item(7, RANDOM, "family_name", cbor.GAP))})).name_spaces
    with pytest.raises(InputError) as caught:
        parse_unverified_mdoc(document({cbor.GAP: tagged(item(*USUAL))}))

    assert caught.value.code == "input.malformed"


def test_what_items_hold_never_shows_in_a_repr() -> None:
    assert repr(read_items([item(*USUAL)])) == f"{Items.__name__}(...)"
