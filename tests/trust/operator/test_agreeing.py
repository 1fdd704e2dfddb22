"""Arrangements and registers on their way into the tree: only what those who must have signed is carried."""

from datetime import timedelta
from typing import Any

import pytest

from idbridge.codec import jcs
from idbridge.crypto.signer import generate
from idbridge.errors import ConfigurationError, TrustError
from idbridge.model.region import MemberState
from idbridge.model.time import instant_text
from idbridge.trust.operator import agreeing, drafting
from idbridge.trust.operator.comparison import change_of, unverified_payload
from idbridge.trust.operator.drafting import Intent
from idbridge.trust.tuf import roles, writing
from tests.trust.distribution.places import Place
from tests.trust.operator.offices import LATER, MY, SG, TH, online_role, standing

BN = MemberState.BN


def agreement(place: Place, **changes: Any) -> bytes:
    """A new arrangement of Brunei with Singapore, not signed by anybody."""
    held = unverified_payload(standing(place).files(roles.AGREEMENTS)["arrangements/MY-SG/1.json"])
    rules = [
        {**rule, "recognising": {"MY": "BN"}.get(rule["recognising"], rule["recognising"])} for rule in held["rules"]
    ]
    return jcs.canonicalize({**held, "id": "BN-SG", "parties": ["BN", "SG"], "rules": rules, **changes})


def intent(place: Place) -> Intent:
    return Intent("agree", "a test", place.region.keys.roles.on_call(SG), LATER)


def signed(place: Place, octets: bytes, *states: MemberState) -> bytes:
    for state in states:
        octets = agreeing.countersigned(standing(place), octets, place.region.keys.lists[state])
    return octets


@pytest.mark.parametrize("octets", [b"{", b"{}", b'{"schema": "another"}', b'{"payload": "x", "signatures": []}'])
def test_another_file_is_neither_signed_nor_carried(place: Place, octets: bytes) -> None:
    assert agreeing.payload_of(octets) is None
    with pytest.raises(TrustError) as caught:
        signed(place, octets, SG)
    assert caught.value.code == "trust.arrangement_invalid"
    with pytest.raises(ConfigurationError):
        agreeing.carried(standing(place), [octets], intent(place))


def test_a_key_that_signs_no_states_lists_agrees_to_nothing(place: Place) -> None:
    for stranger in (generate("ES256"), place.region.keys.roles.on_call(SG)):
        with pytest.raises(TrustError) as caught:
            agreeing.countersigned(standing(place), agreement(place), stranger)
        assert caught.value.code == "trust.signer_unknown"


@pytest.mark.parametrize("states", [(SG,), (BN, TH), (SG, BN, TH)])
def test_what_a_party_did_not_sign_or_a_stranger_did_is_not_carried(
    place: Place, states: tuple[MemberState, ...]
) -> None:
    with pytest.raises(TrustError) as caught:
        agreeing.carried(standing(place), [signed(place, agreement(place), *states)], intent(place))

    assert caught.value.code == "trust.arrangement_invalid"


def test_a_version_that_stands_already_or_does_not_follow_is_not_carried(place: Place) -> None:
    before = standing(place)
    held = before.files(roles.AGREEMENTS)["arrangements/MY-SG/1.json"]

    for documents in ([], [held]):
        with pytest.raises(ConfigurationError):
            agreeing.carried(before, documents, intent(place))
    with pytest.raises(TrustError) as caught:
        agreeing.carried(before, [signed(place, agreement(place, version=2), SG, BN)], intent(place))
    assert caught.value.code == "trust.arrangement_invalid"


def test_an_arrangement_that_every_party_signed_is_carried_and_taken_up(place: Place) -> None:
    once = signed(place, agreement(place), SG, BN)
    again = signed(place, once, SG)

    made = agreeing.carried(standing(place), [again], intent(place))
    online_role(place).publish([made], at=LATER)

    assert made.diff["subject"] == "BN-SG"
    trusted = place.load(at=LATER)
    assert not trusted.refused
    decides = trusted.arrangements.between(SG, BN)
    assert decides is not None
    assert decides.latest.id == "BN-SG"


def test_every_version_that_is_carried_is_shown_in_order_and_not_the_last_alone(place: Place) -> None:
    held = unverified_payload(standing(place).files(roles.AGREEMENTS)["arrangements/MY-SG/1.json"])
    generous = [{**rule, "grace_seconds": {"A1": 604800, "A2": 86400}} for rule in held["rules"]]
    wide = {**held, "version": 2, "from": instant_text(LATER), "rules": generous}
    narrow = {**held, "version": 3, "from": instant_text(LATER + timedelta(days=300))}
    documents = [signed(place, jcs.canonicalize(one), SG, MY) for one in (narrow, wide)]

    made = agreeing.carried(standing(place), documents, intent(place))

    assert (made.diff["effect"], made.diff["widens"]) == ("changes", True)
    titles = [item["name"].partition(":")[0] for item in made.diff["items"]]
    assert titles == sorted(titles)
    assert set(titles) == {"MY-SG 2", "MY-SG 3"}
    wider = [item for item in made.diff["items"] if item["name"].startswith("MY-SG 2: ")]
    assert all("grace" in [change["what"] for change in item["changes"]] and item["widens"] for item in wider)
    assert {"MY-SG 2: version", "MY-SG 3: version"} <= {fact["what"] for fact in made.diff["facts"]}


@pytest.mark.parametrize("path", ["purposes/1.json", "arrangements/MY-SG/1.json"])
def test_a_document_that_takes_the_place_of_another_is_shown_as_that(place: Place, path: str) -> None:
    before = standing(place)
    files = before.files(roles.AGREEMENTS)
    held = unverified_payload(files[path])
    changes = {"purposes": held["purposes"][:-1]} if "purposes" in held else {"until": "2039-01-01T00:00:00Z"}
    signers = (SG, TH, MY) if "purposes" in held else (SG, MY)
    other = signed(place, jcs.canonicalize({**held, **changes}), *signers)
    payload = writing.carrier(
        drafting.issue(before, roles.AGREEMENTS, at=LATER), roles.AGREEMENTS, files={**files, path: other}
    )  # fmt: skip

    shown = change_of(before, roles.AGREEMENTS, payload, {path: other})

    assert [(fact.what, fact.after, fact.widens) for fact in shown.facts if fact.what == "replaced"] == [
        ("replaced", (path,), True)
    ]
    assert (shown.effect, shown.widens) == ("changes", True)


def test_a_register_that_three_states_signed_is_carried(place: Place) -> None:
    held = unverified_payload(standing(place).files(roles.AGREEMENTS)["purposes/1.json"])
    register = jcs.canonicalize({**held, "version": 2})

    with pytest.raises(TrustError):
        agreeing.carried(standing(place), [signed(place, register, SG, TH)], intent(place))
    made = agreeing.carried(standing(place), [signed(place, register, SG, TH, MY)], intent(place))
    online_role(place).publish([made], at=LATER)

    assert place.load(at=LATER).purposes.version == 2
    assert {fact["what"] for fact in made.diff["facts"]} >= {"purpose register"}
