"""A form writes octet for octet the leaves that would be written one by one, and takes no member that these do not."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idbridge.codec import base64url, jcs
from idbridge.errors import EvidenceError
from idbridge.limits import LIMITS
from idbridge.tlog.leaf import Form, Leaf, LeafType, parse_leaf

DIGEST = base64url.encode(bytes(32))
COMMON = {"rp": "bank.my", "res": "PASSED"}
BLANKS = ("com", "req")
PRINTABLE = st.text(
    st.characters(min_codepoint=32, max_codepoint=126, exclude_characters='"\\'), min_size=1, max_size=40
)
DIGESTS = st.binary(min_size=32, max_size=32).map(base64url.encode)


def refused(kind: LeafType, members: dict[str, Any], blanks: tuple[str, ...], *values: str) -> None:
    with pytest.raises(EvidenceError) as caught:
        Form(kind, members, blanks).filled(*values)

    assert caught.value.code == "time.evidence_malformed"


@pytest.mark.parametrize(
    ("members", "blanks"),
    [
        ({"rp": "bank"}, BLANKS), (COMMON, ("req",)), (COMMON, ("com", "req", "name")),
        ({**COMMON, "name": "x"}, BLANKS),
        ({**COMMON, "rp": 'a"'}, BLANKS), ({**COMMON, "rp": "\0"}, BLANKS), ({**COMMON, "rp": ""}, BLANKS),
    ],
)  # fmt: skip
def test_a_form_has_the_members_of_its_type(members: dict[str, Any], blanks: tuple[str, ...]) -> None:
    refused(LeafType.VERIFY, members, blanks, *[DIGEST for _ in blanks])


@pytest.mark.parametrize("values", [("x", "x"), (DIGEST, ""), (DIGEST, 'a"b'), (DIGEST, "a\n"), (DIGEST, "\0")])
def test_what_is_filled_in_is_checked_like_any_member(values: tuple[str, str]) -> None:
    refused(LeafType.VERIFY, COMMON, BLANKS, *values)


def test_no_blank_stands_behind_the_time_or_is_said_already_or_left_open() -> None:
    for kind, members, blanks in (
        (LeafType.START, {}, ("ver",)),
        (LeafType.VERIFY, {**COMMON, "req": "x"}, BLANKS),
    ):
        with pytest.raises(ValueError, match="blank"):
            Form(kind, members, blanks)
    with pytest.raises(ValueError, match="shorter"):
        Form(LeafType.VERIFY, COMMON, BLANKS).filled(DIGEST)


def test_a_leaf_of_another_type_is_not_made_from_what_was_filled_in_for_one() -> None:
    filled = Form(LeafType.VERIFY, COMMON, BLANKS).filled(DIGEST, "x")

    assert parse_leaf(Leaf(LeafType.REJECT, 1, filled).octets()).type is LeafType.REJECT
    with pytest.raises(EvidenceError):
        Leaf(LeafType.START, 1, filled)


def test_a_filled_leaf_is_as_long_as_any_may_be_and_has_a_time() -> None:
    form = Form(LeafType.VERIFY, COMMON, BLANKS)
    room = LIMITS.leaf_bytes - len(Leaf(LeafType.VERIFY, 1, form.filled(DIGEST, "x")).octets())

    assert len(Leaf(LeafType.VERIFY, 1, form.filled(DIGEST, "x" * (room + 1))).octets()) == LIMITS.leaf_bytes
    for at_ms, request in ((1, "x" * (room + 2)), (-1, "x"), (2**53, "x")):
        with pytest.raises(EvidenceError):
            Leaf(LeafType.VERIFY, at_ms, form.filled(DIGEST, request))


@given(
    st.sampled_from([LeafType.VERIFY, LeafType.ASSERT, LeafType.REJECT]),
    st.fixed_dictionaries(dict.fromkeys(("rp", "res"), PRINTABLE), optional=dict.fromkeys(("iss", "day"), PRINTABLE)),
    DIGESTS, PRINTABLE, st.none() | DIGESTS, st.integers(0, 2**53 - 1),
)  # fmt: skip
def test_a_form_writes_what_is_written_one_by_one(
    kind: LeafType, common: dict[str, str], commitment: str, request: str, mark: str | None, at_ms: int
) -> None:
    own = {"com": commitment, "req": request} | ({"sub": mark} if mark is not None else {})
    everything: dict[str, str | int] = {**common, **own}
    filled = Form(kind, common, tuple(reversed(own))).filled(*own.values())

    found = Leaf(kind, at_ms, filled)

    assert found.octets() == Leaf(kind, at_ms, everything).octets()
    assert found.octets() == jcs.canonicalize({**everything, "t": kind.value, "ts": at_ms, "v": 1})
    assert (dict(found.members), len(found.members), found.commitment) == (everything, len(everything), commitment)
    assert parse_leaf(found.octets()) == found == Leaf(kind, at_ms, everything)
