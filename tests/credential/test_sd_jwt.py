"""RFC 9901 processing alone: payload and disclosures, no signature, no type, no time."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idbridge.codec import base64url
from idbridge.credential import sd_jwt
from idbridge.credential.sd_jwt import SdJwtFault, process, split
from idbridge.errors import InputError
from idbridge.limits import LIMITS
from tests.credential.kit import digest, disclosure

D = disclosure("given_name", "ธนพร")
ELEMENT = disclosure("TH")


def with_digests(*texts: str, **claims: Any) -> dict[str, Any]:
    return {"_sd": [digest(text) for text in texts], **claims}


def fault(payload: dict[str, Any], *disclosures: str, **named: Any) -> tuple[str, int]:
    with pytest.raises(SdJwtFault) as caught:
        process(payload, disclosures, **named)
    return caught.value.code, caught.value.rule


@pytest.mark.parametrize("name", ["md5", "sha-1", "SHA-256", "sha3-256", "", 256, None, ["sha-256"]])
def test_an_unknown_digest_algorithm_is_refused(name: Any) -> None:
    assert fault({**with_digests(D), "_sd_alg": name}, D) == ("sd_jwt.alg_unsupported", 6)


@pytest.mark.parametrize(("name", "spelled"), [("sha256", "sha-256"), ("sha384", "sha-384"), ("sha512", "sha-512")])
def test_each_allowed_digest_algorithm_is_used_throughout(name: str, spelled: str) -> None:
    found = process({"_sd": [digest(D, name)], "_sd_alg": spelled}, [D])

    assert found.claims == {"given_name": "ธนพร"}
    assert found.algorithm == spelled


@pytest.mark.parametrize(("name", "spelled"), [("sha256", "sha-256"), ("sha384", "sha-384"), ("sha512", "sha-512")])
def test_each_of_many_disclosures_has_its_own_digest(name: str, spelled: str) -> None:
    texts = [disclosure(f"claim_{number}", number) for number in range(LIMITS.disclosures)]
    payload = {"_sd": [digest(text, name) for text in reversed(texts)], "_sd_alg": spelled}

    assert process(payload, texts).claims == {f"claim_{number}": number for number in range(LIMITS.disclosures)}


def test_a_digest_algorithm_below_the_top_level_is_refused() -> None:
    assert fault({"address": {"_sd_alg": "sha-256", "street": "x"}}) == ("sd_jwt.alg_unsupported", 6)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "!",
        "e30",
        base64url.encode(b"[]"),
        base64url.encode(b'[1,"name","value"]'),
        base64url.encode(b'["salt",7,"value"]'),
        base64url.encode(b'["salt","name",{"a":1,"a":2}]'),
        base64url.encode(b'["salt","name",NaN]'),
        base64url.encode(b'["salt","name","value"]') + "=",
        base64url.encode(b'["salt","name","\xff"]'),
    ],
)
def test_a_disclosure_that_two_readers_could_read_differently_is_refused(text: str) -> None:
    assert fault(with_digests(text), text) == ("sd_jwt.disclosure_malformed", 7)


def test_white_space_around_the_json_of_a_disclosure_changes_nothing() -> None:
    text = base64url.encode(b'\t["salt", "name",\n"value"] ')

    assert process(with_digests(text), [text]).claims == {"name": "value"}


def test_a_disclosure_outside_ascii_is_refused() -> None:
    assert fault(with_digests(D), "ก") == ("sd_jwt.disclosure_malformed", 7)


@pytest.mark.parametrize("elements", [("x",), (), ("x", "y", "z")])
def test_a_disclosure_of_an_object_has_three_elements(elements: tuple[str, ...]) -> None:
    text = disclosure(*elements)

    assert fault(with_digests(text), text) == ("sd_jwt.disclosure_arity", 7)


@pytest.mark.parametrize("elements", [("x", "y"), (), ("x", "y", "z")])
def test_a_disclosure_of_an_array_has_two_elements(elements: tuple[str, ...]) -> None:
    text = disclosure(*elements)

    assert fault({"nationalities": [{"...": digest(text)}]}, text) == ("sd_jwt.disclosure_arity", 7)


@pytest.mark.parametrize("name", ["_sd", "...", "_sd_alg"])
def test_a_disclosure_may_not_bear_a_name_of_the_machinery(name: str) -> None:
    text = disclosure(name, "x")

    assert fault(with_digests(text), text) == ("sd_jwt.disclosure_reserved_name", 8)


def test_a_disclosure_may_not_replace_a_claim() -> None:
    assert fault(with_digests(D, given_name="Somebody"), D) == ("sd_jwt.disclosure_collision", 9)


def test_two_disclosures_may_not_bear_one_name_at_one_level() -> None:
    other = disclosure("given_name", "Somebody", salt="another")

    assert fault(with_digests(D, other), D, other) == ("sd_jwt.disclosure_collision", 9)


def test_one_name_at_two_levels_is_no_collision() -> None:
    inner = disclosure("given_name", "Somebody", salt="another")

    found = process(with_digests(D, father=with_digests(inner)), [D, inner])

    assert found.claims == {"given_name": "ธนพร", "father": {"given_name": "Somebody"}}


@pytest.mark.parametrize(
    "payload",
    [
        {"_sd": digest(D)},
        {"_sd": {digest(D): 1}},
        {"_sd": [7]},
        {"_sd": [digest(D), None]},
        {"...": digest(D)},
        {"address": {"...": digest(D)}},
        {"list": [{"...": digest(D), "x": 1}]},
        {"list": [{"...": 7}]},
        {"list": [[{"...": [digest(D)]}]]},
        {"address": {"_sd": digest(D)}},
    ],
)
def test_digests_stand_only_where_they_may(payload: dict[str, Any]) -> None:
    assert fault(payload, D) == ("sd_jwt.disclosure_malformed", 10)


def test_disclosures_may_not_nest_past_the_bound() -> None:
    def chain(length: int) -> list[str]:
        texts = [disclosure("x", "end")]
        while len(texts) < length:
            texts.append(disclosure("x", with_digests(texts[-1])))
        return texts

    deepest = chain(LIMITS.nesting_depth)
    assert process(with_digests(deepest[-1]), deepest).claims

    deeper = chain(LIMITS.nesting_depth + 1)
    with pytest.raises(InputError) as caught:
        process(with_digests(deeper[-1]), deeper)
    assert caught.value.code == "input.too_large"


def test_array_disclosures_may_not_nest_past_the_bound() -> None:
    text = disclosure("end")
    texts = [text]
    for _ in range(LIMITS.nesting_depth):
        text = disclosure([{"...": digest(text)}])
        texts.append(text)

    with pytest.raises(InputError) as caught:
        process({"list": [{"...": digest(text)}]}, texts)

    assert caught.value.code == "input.too_large"


@pytest.mark.parametrize(
    "payload",
    [
        {"_sd": [digest(D), digest(D)]},
        {"_sd": [digest(D)], "nicknames": [{"...": digest(D)}]},
        {"_sd": [digest(D)], "father": {"_sd": [digest(D)]}},
        {"list": [{"...": digest(D)}, {"...": digest(D)}]},
    ],
)
@pytest.mark.parametrize("disclosures", [(), (D,)])
def test_a_digest_in_two_places_is_refused_disclosed_or_not(payload: dict[str, Any], disclosures: tuple[str]) -> None:
    refused = ("sd_jwt.digest_duplicate", 11)
    if disclosures and "list" in payload:
        refused = ("sd_jwt.disclosure_arity", 7)  # seen first: the disclosure is one for an object

    assert fault(payload, *disclosures) == refused


def test_a_digest_again_within_a_disclosure_is_refused() -> None:
    outer = disclosure("father", with_digests(D))

    assert fault(with_digests(D, outer), D, outer) == ("sd_jwt.digest_duplicate", 11)


def test_a_disclosure_given_twice_is_refused() -> None:
    assert fault(with_digests(D), D, D) == ("sd_jwt.digest_duplicate", 11)


def test_a_disclosure_that_no_digest_refers_to_is_refused() -> None:
    stray = disclosure("nickname", "x")

    assert fault(with_digests(D), D, stray) == ("sd_jwt.disclosure_unreferenced", 12)


def test_a_disclosure_whose_parent_is_withheld_is_refused() -> None:
    inner = disclosure("street", "x")
    outer = disclosure("address", with_digests(inner))

    assert fault(with_digests(outer), inner) == ("sd_jwt.disclosure_unreferenced", 12)
    assert process(with_digests(outer), [outer, inner]).claims == {"address": {"street": "x"}}


@pytest.mark.parametrize("payload", [with_digests(disclosure("exp", 1)), {"x": [{"exp": with_digests(D)}]}])
def test_what_must_be_in_plain_sight_may_be_disclosed_further_down(payload: dict[str, Any]) -> None:
    assert process({"address": payload}, [], plain=frozenset({"exp"})).claims["address"] is not None


def test_a_claim_that_must_be_in_plain_sight_may_not_be_disclosed() -> None:
    text = disclosure("exp", 1)

    assert fault(with_digests(text), text, plain=frozenset({"exp"})) == ("sd_jwt.disclosure_forbidden_claim", 13)
    assert process(with_digests(text), [text]).claims == {"exp": 1}


@pytest.mark.parametrize(
    "value", [with_digests(D), {"jwk": with_digests(D)}, [{"...": digest(D)}], {"a": [[{"b": {"_sd_alg": "x"}}]]}]
)
def test_no_part_of_a_claim_in_plain_sight_may_be_disclosable(value: Any) -> None:
    assert fault({"cnf": value}, plain=frozenset({"cnf"})) == ("sd_jwt.disclosure_forbidden_claim", 13)


def test_disclosures_to_a_payload_without_digests_are_refused() -> None:
    assert fault({"given_name": "x"}, D) == ("sd_jwt.disclosure_unreferenced", 16)


@pytest.mark.parametrize("payload", [{"_sd": []}, {"address": {"_sd": []}}])
def test_an_empty_list_of_digests_is_refused(payload: dict[str, Any]) -> None:
    assert fault(payload) == ("sd_jwt.disclosure_malformed", 16)


def test_decoys_and_withheld_claims_leave_no_trace() -> None:
    decoy = digest("nobody")
    payload = {"_sd": [decoy, digest(D)], "list": ["a", {"...": digest(ELEMENT)}], "_sd_alg": "sha-256", "x": 1}

    assert process(payload, []).claims == {"list": ["a"], "x": 1}


def test_the_payload_itself_is_never_changed() -> None:
    payload = with_digests(D, address=with_digests(disclosure("street", "x")), list=[{"...": digest(ELEMENT)}])
    before = json.dumps(payload)

    process(payload, [D, ELEMENT])

    assert json.dumps(payload) == before


def test_text_without_a_tilde_is_no_sd_jwt() -> None:
    with pytest.raises(InputError) as caught:
        split("a.b.c")

    assert caught.value.code == "input.malformed"


def test_more_disclosures_than_the_bound_are_refused() -> None:
    assert len(split("a" + "~d" * LIMITS.disclosures + "~").disclosures) == LIMITS.disclosures

    with pytest.raises(InputError) as caught:
        split("a" + "~d" * (LIMITS.disclosures + 1) + "~")

    assert caught.value.code == "input.too_large"


def test_a_key_binding_covers_all_up_to_the_last_tilde() -> None:
    parts = split("jwt~d1~d2~kb")

    assert (parts.issuer_jwt, parts.disclosures, parts.key_binding) == ("jwt", ("d1", "d2"), "kb")
    assert parts.bound == "jwt~d1~d2~"
    assert split("jwt~").key_binding is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=12),
    lambda child: (
        st.lists(child, max_size=3)
        | st.dictionaries(st.text(max_size=8).filter(lambda name: name not in sd_jwt.RESERVED), child, max_size=3)
    ),
    max_leaves=8,
)
NAMES = st.text(min_size=1, max_size=8).filter(lambda name: name not in sd_jwt.RESERVED)


class Maker:
    """An issuer that hides what it is told to, and a holder that shows what it is told to."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw
        self.shown: list[str] = []
        self.count = 0

    def hide(self, value: Any, *, visible: bool) -> tuple[Any, Any]:
        """Return ``value`` as issued, and as it reads after the holder chose; ``visible``: all above it is shown."""
        if isinstance(value, dict) and value:
            return self._object(value, visible=visible)
        if isinstance(value, list):
            return self._array(value, visible=visible)
        return value, value

    def _object(self, value: dict[str, Any], *, visible: bool) -> tuple[Any, Any]:
        issued: dict[str, Any] = {}
        read: dict[str, Any] = {}
        digests = []
        for name, member in value.items():
            hidden, shown = self.draw(st.booleans()), self.draw(st.booleans())
            as_issued, as_read = self.hide(member, visible=visible and (shown or not hidden))
            if not hidden:
                issued[name], read[name] = as_issued, as_read
                continue
            text = self._text(name, as_issued)
            digests.append(digest(text))
            if visible and shown:
                self.shown.append(text)
                read[name] = as_read
        if digests:
            self.count += 1
            issued["_sd"] = sorted([*digests, digest(f"decoy {self.count}")])
        return issued, read

    def _array(self, value: list[Any], *, visible: bool) -> tuple[Any, Any]:
        issued, read = [], []
        for member in value:
            hidden, shown = self.draw(st.booleans()), self.draw(st.booleans())
            as_issued, as_read = self.hide(member, visible=visible and (shown or not hidden))
            if not hidden:
                issued.append(as_issued)
                read.append(as_read)
                continue
            text = self._text(as_issued)
            issued.append({"...": digest(text)})
            if visible and shown:
                self.shown.append(text)
                read.append(as_read)
        return issued, read

    def _text(self, *elements: Any) -> str:
        self.count += 1
        return disclosure(*elements, salt=f"salt {self.count}")


@settings(deadline=None)
@given(st.dictionaries(NAMES, JSON, max_size=4), st.data())
def test_whatever_is_hidden_and_shown_the_claims_come_back_as_meant(claims: dict[str, Any], data: Any) -> None:
    maker = Maker(data.draw)
    issued, meant = maker.hide(claims, visible=True)
    shown = data.draw(st.permutations(maker.shown))

    assert process(issued, shown).claims == meant


@settings(deadline=None)
@given(st.dictionaries(NAMES, JSON, min_size=1, max_size=4), st.data())
def test_one_more_disclosure_is_never_believed(claims: dict[str, Any], data: Any) -> None:
    maker = Maker(data.draw)
    issued, _ = maker.hide(claims, visible=True)
    forged = disclosure("admin", True, salt="the thief's")

    with pytest.raises(SdJwtFault):
        process(issued, [*maker.shown, forged])
