"""A canonical list read by the forms of its entries: nothing is read that the slow way does not read."""

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idbridge.codec import jcs, strict_json
from idbridge.crypto.signer import generate
from idbridge.errors import IdBridgeError, InputError
from idbridge.limits import LIMITS
from idbridge.trust import canonical_list, lote, payload
from tests.trust.editions import ENTITY, SG, attestation, changed, service, signed, statuses, trusted
from tests.trust.editions import lote as made

KEYS = tuple(generate("ES256", f"key-{number}") for number in range(6))


def login(number: int, **changes: Any) -> Any:
    """A service that says what its neighbours say, but for its key and its issuer."""
    said = {
        "keys": (KEYS[number],),
        "issuer": f"https://login.sg.example/{number}",
        "name": {"en": "A login", "zh": "身份"},
    }
    return service(f"login-{number}", **{**said, **changes})


MANY = made(
    login(0),
    login(1),
    login(2, status=statuses(("granted", "2026-01-01"), ("superseded", "2026-03-01"))),
    login(3),
    attestation(),
    login(4),
    login(5),
)
OCTETS = jcs.canonicalize(MANY)
FORM = (*ENTITY, "TrustedEntityServices")


def slowly(octets: bytes) -> Any:
    """What ``payload.read`` makes of ``octets`` without any form."""
    content = strict_json.parse(octets, max_bytes=LIMITS.trust_list_bytes)
    entities = content["LoTE"].get("TrustedEntitiesList", []) if (read := lote.parse(content)) else []
    return read, tuple(jcs.digest_hex(entry) for entity in entities for entry in entity["TrustedEntityServices"])


def outcome(read: Any, octets: bytes) -> Any:
    """What ``read`` returns, or nothing if it refuses."""
    try:
        return read(octets)
    except IdBridgeError:
        return None


def forms(document: Any) -> list[int | None]:
    """The form of each entry of ``document``."""
    listed, _ = canonical_list.read(jcs.canonicalize(document).decode())
    return [entry.alike for entity in listed.entities for entry in entity.services]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"issuer":"https://login.sg.example/3"', '"issuer":"https://login.sg.example/3","issuer":"https://x.example"'),
        ('"issuer":"https://login.sg.example/3"', '"issuer":"https:\\/\\/login.sg.example\\/3"'),
        ('"issuer":"https://login.sg.example/3"', '"issuer":"https://login.sg.example/\\u0033"'),
        ('"issuer":"https://login.sg.example/3"', '"issuer": "https://login.sg.example/3"'),
        ('"issuer":"https://login.sg.example/3"', '"issuer":"https://login.sg.example/3\\"'),
        ('"issuer":"https://login.sg.example/3"', '"issuer":"https://login.sg.example/3'),
        ('"issuer":"https://login.sg.example/3"', '"issuer":7'),
        ('"issuer":"https://login.sg.example/3"', '"issuer":"HTTPS://login.sg.example/3"'),
        ('"issuer":"https://login.sg.example/3"', '"issuer":""'),
        ('"kid":"key-3"', '"kid":"key-3","kid":"key-4"'),
        ('"kid":"key-3"', '"kid":"key-3","kid2":"key-4"'),
        ('"kid":"key-3"', '"kid": "key-3"'),
        ('"kid":"key-3"', '"kid":"key-3"}]},"ServiceInformationExtensions":[{"IdBridge":{"a":"b'),
        ('"kid":"key-3"', '"kid":"\\ud800"'),
    ],
)
def test_an_entry_like_others_is_refused_for_what_it_would_be_refused_for_alone(old: str, new: str) -> None:
    octets = OCTETS.replace(old.encode(), new.encode(), 1)
    assert octets != OCTETS

    assert outcome(payload.read, octets) == outcome(slowly, octets)


@given(
    start=st.integers(min_value=0, max_value=len(OCTETS)),
    cut=st.integers(min_value=0, max_value=3),
    put=st.sampled_from(['"', "{", "}", "[", "]", ",", ":", " ", "\\", "a", "0", '"issuer":"', '","', "}]}", "", "é"]),
)
@settings(max_examples=400, deadline=None)
def test_whatever_is_changed_both_ways_come_to_the_same(start: int, cut: int, put: str) -> None:
    octets = OCTETS[:start] + put.encode() + OCTETS[start + cut :]

    assert outcome(payload.read, octets) == outcome(slowly, octets)


def test_entries_that_differ_in_key_and_issuer_alone_share_a_form_and_no_others_do() -> None:
    assert forms(MANY) == [0, 0, None, 0, 1, 0, 0]
    assert payload.read(OCTETS) == slowly(OCTETS) == payload.read(json.dumps(MANY, indent=1).encode())


def test_the_digest_of_each_entry_is_that_of_its_own_text() -> None:
    _, digests = canonical_list.read(OCTETS.decode())

    entries = MANY["LoTE"]["TrustedEntitiesList"][0]["TrustedEntityServices"]
    assert digests == tuple(hashlib.sha256(jcs.canonicalize(entry)).hexdigest() for entry in entries)


def test_entries_alike_keep_the_key_and_the_issuer_that_are_their_own() -> None:
    listed = trusted(signed(MANY)).lists[SG]

    said = [(entry.issuer, entry.keys[0].kid) for entry in listed.entries if "login" in entry.issuer]
    assert said == [(f"https://login.sg.example/{number}", f"key-{number}") for number in range(6)]
    assert all(entry.service is not None and entry.service.issuer == entry.issuer for entry in listed.entries)


@pytest.mark.parametrize(
    "extensions",
    [
        [{"IdBridge": {"issuer": "https://x.example", "claims": {"map": {"issuer": "iss"}}}}],
        [{"IdBridge": {"claims": {"map": {"issuer": "iss"}}}}],
        [{"IdBridge": {"issuer": "https://x.example:8443"}}],
        [{"IdBridge": {"issuer": "https://x.example"}}, {"ServiceUniqueIdentifier": "1"}],
        [{"Other": {"issuer": "https://x.example"}}],
        [{"IdBridge": "https://x.example"}],
    ],
)
def test_an_entry_whose_issuer_has_no_one_place_is_no_form(extensions: Any) -> None:
    document = MANY
    for number in range(4):
        place = (*FORM, number, "ServiceInformation", "ServiceInformationExtensions")
        document = changed(document, *place, to=extensions)

    assert forms(document)[:4] == [None] * 4
    assert payload.read(jcs.canonicalize(document)) == slowly(jcs.canonicalize(document))


def test_a_form_that_is_critical_is_so_for_every_entry() -> None:
    document = changed(made(login(0), login(1), login(2)), *FORM, to=[])
    for entry in made(login(0), login(1), login(2))["LoTE"]["TrustedEntitiesList"][0]["TrustedEntityServices"]:
        entry["ServiceInformation"]["ServiceInformationExtensions"][0]["Critical"] = True
        document["LoTE"]["TrustedEntitiesList"][0]["TrustedEntityServices"].append(entry)

    assert forms(document) == [0, 0, 0]
    assert payload.read(jcs.canonicalize(document)) == slowly(jcs.canonicalize(document))


@pytest.mark.parametrize("tail", ["", "}", " ", "{}"])
def test_what_is_after_the_list_or_missing_at_its_end_is_not_overlooked(tail: str) -> None:
    octets = OCTETS[: -1 if not tail else None] + tail.encode()

    with pytest.raises(InputError):
        canonical_list.read(octets.decode())
    assert outcome(payload.read, octets) == outcome(slowly, octets)


def test_a_second_provider_has_entries_of_its_own() -> None:
    entities = [MANY["LoTE"]["TrustedEntitiesList"][0]] * 2
    document = changed(MANY, "LoTE", "TrustedEntitiesList", to=entities)

    assert payload.read(jcs.canonicalize(document)) == slowly(jcs.canonicalize(document))


def test_no_more_forms_are_remembered_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canonical_list, "_MOST_FORMS", 0)

    assert set(forms(MANY)) == {None}
    assert payload.read(OCTETS) == slowly(OCTETS)
