"""Denials as officers bring them in: what is meant, who may, and that two officers in one night both count."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from idbridge.crypto.keys import parse_jwk, thumbprint
from idbridge.crypto.signer import generate
from idbridge.errors import ConfigurationError, TrustError
from idbridge.model.denial import DenyEntry, FollowUpKind, TargetKind
from idbridge.model.region import MemberState
from idbridge.trust import deny_list
from idbridge.trust.deny_entry import reread
from idbridge.trust.operator import comparison, denying, drafting, editing
from idbridge.trust.publish import ServiceMaterial
from idbridge.trust.tuf import roles, writing
from tests.trust.distribution.places import Place
from tests.trust.operator.denials import LOGIN, denial, edition
from tests.trust.operator.offices import LATER, MY, SG, TH, Office, online_role, standing

Open = Callable[[MemberState], Office]


@pytest.mark.parametrize("what", ["nobody", "https://nobody.example", "https://sandbox.login.sg.example#pid-issuance"])
def test_what_is_not_listed_is_not_denied(place: Place, what: str) -> None:
    with pytest.raises(ConfigurationError):
        denying.look_up(standing(place), what, at=LATER)


def test_of_an_issuer_with_services_of_two_types_one_is_named(sg: Office) -> None:
    card = {
        "id": "sg-card", "type": "pid-issuance", "formats": ["dc+sd-jwt"], "credential_types": ["urn:example:sg:1"],
        "holder_binding": "optional",
    }  # fmt: skip
    text = editing.with_successor(sg.workspace.text(), "sg-login", card)
    material = {"sg-card": ServiceMaterial(jwks=(dict(generate("ES256").public_jwk),))}
    made = sg.edition(workspace=sg.workspace.edited(text, added=material))
    online_role(sg.place).publish([sg.signed(made, 1)], at=LATER)
    before = sg.standing()

    with pytest.raises(ConfigurationError, match="pid-issuance"):
        denying.look_up(before, LOGIN, at=LATER)

    found = denying.look_up(before, f"{LOGIN}#pid-issuance", at=LATER)
    assert [one.service_type.value for one in found.losses] == ["urn:idbridge:service:pid-issuance"]


def test_a_denial_says_first_what_is_lost(place: Place) -> None:
    before = standing(place)
    key = thumbprint(place.region.signer("sg-login").public_jwk)
    signer = thumbprint(place.region.keys.lists[SG].public_jwk)

    by_key = denying.look_up(before, key, at=LATER)
    service = denying.look_up(before, LOGIN, at=LATER)
    state = denying.look_up(before, "sg", at=LATER)
    lists = denying.look_up(before, signer, at=LATER)

    assert (by_key.target.kind, {one.issuer for one in by_key.losses}) == (TargetKind.KEY, {LOGIN})
    assert (service.target.kind, {one.issuer for one in service.losses}) == (TargetKind.SERVICE, {LOGIN})
    assert len(service.losses) < len(service.granted)
    assert (state.target.kind, state.losses) == (TargetKind.STATE, state.granted)
    assert (lists.target.kind, lists.losses) == (TargetKind.KEY, lists.granted)


def test_a_state_whose_list_is_not_in_order_can_still_be_denied_as_a_whole(place: Place) -> None:
    for path in (place.tree.directory / "targets" / "lists" / "SG").iterdir():
        path.write_bytes(b"x")

    found = denying.look_up(standing(place), "SG", at=LATER)

    assert (found.target.kind, found.losses) == (TargetKind.STATE, ())


def test_who_may_not_deny_is_told_before_anything_goes_out(place: Place) -> None:
    before = standing(place)
    allowed = denying.authorities(before)

    with pytest.raises(TrustError) as caught:
        denying.require_may_deny(allowed, denial(place, before, "SG", TH))
    assert caught.value.code == "trust.deny_invalid"
    with pytest.raises(TrustError) as caught:
        denying.state_of(allowed, thumbprint(place.region.signer("sg-login").public_jwk))
    assert caught.value.code == "trust.signer_unknown"
    denying.require_may_deny(allowed, denial(place, before, "SG", TH, MY))
    denying.require_may_deny(allowed, denial(place, before, "SG", SG))


def test_one_officer_denies_while_everybody_else_sleeps(place: Place) -> None:
    before = standing(place)
    made = edition(place, before, denial(place, before, LOGIN, SG))

    online_role(place).publish([made], at=LATER)

    trusted = place.load(at=LATER)
    assert [one.state for one in trusted.denials.in_force(LATER)] == [SG]
    assert made.diff["items"][0]["name"] == "denial of SG"


def test_the_same_entry_is_not_brought_in_twice(place: Place) -> None:
    before = standing(place)
    entry = denial(place, before, LOGIN, SG)
    online_role(place).publish([edition(place, before, entry)], at=LATER)

    with pytest.raises(ConfigurationError):
        edition(place, standing(place), entry)


@pytest.mark.parametrize("missing", ["targets/lists/BN", "metadata/1.BN.json"])
def test_a_file_of_one_state_that_is_gone_stops_no_denial_of_another(place: Place, missing: str) -> None:
    gone = place.tree.directory / missing
    for path in gone.iterdir() if gone.is_dir() else (gone,):
        path.unlink()

    before = standing(place)

    assert denying.look_up(before, LOGIN, at=LATER).losses
    assert edition(place, before, denial(place, before, LOGIN, SG)).file.version == 2


def test_an_officers_denial_is_ratified_by_enough_states(place: Place) -> None:
    before = standing(place)
    online_role(place).publish([edition(place, before, denial(place, before, LOGIN, TH), by=TH)], at=LATER)
    before = standing(place)
    allowed = denying.authorities(before)
    (told,) = denying.entries(before).values()
    denied = told.said
    assert isinstance(denied, DenyEntry)
    officers = dict(place.region.keys.roles.officers(roles.TARGETS))
    assert denying.who_denied(allowed, denied) == {TH}

    one = denying.countersigned(before, FollowUpKind.RATIFY, denied, [], {SG: (officers[SG],)}, at=LATER)
    assert not denying.may_follow_up(allowed, one, denied)
    with pytest.raises(ConfigurationError):
        denying.countersigned(before, FollowUpKind.RATIFY, denied, [], {}, at=LATER)
    with pytest.raises(TrustError) as caught:
        denying.countersigned(before, FollowUpKind.LIFT, denied, [one], {}, at=LATER)
    assert caught.value.code == "trust.deny_invalid"
    with pytest.raises(TrustError) as caught:
        denying.may_follow_up(allowed, denied.octets, denied)
    assert caught.value.code == "trust.deny_invalid"

    several = [
        denying.countersigned(before, FollowUpKind.RATIFY, denied, [one], {state: (officers[state],)}, at=LATER)
        for state in (TH, MY)
    ]
    entry = denying.countersigned(before, FollowUpKind.RATIFY, denied, several, {}, at=LATER)
    assert denying.may_follow_up(allowed, entry, denied)
    made = edition(place, before, entry)
    assert made.diff["items"][0]["name"] == "ratify"
    online_role(place).publish([made], at=LATER)
    assert place.load(at=LATER).denials.lapses_at(denied) is None


def test_a_lift_and_a_denial_that_goes_missing_are_shown_as_giving_trust_back(place: Place) -> None:
    before = standing(place)
    online_role(place).publish([edition(place, before, denial(place, before, LOGIN, SG))], at=LATER)
    before = standing(place)
    (told,) = denying.entries(before).values()
    assert isinstance(told.said, DenyEntry)
    keys = place.region.keys.roles.of_state(SG)
    lifted = denying.countersigned(before, FollowUpKind.LIFT, told.said, [], {SG: keys[:2]}, at=LATER)
    made = edition(place, before, lifted)
    gone = deny_list.written((), number=3, environment=before.environment)
    files = {roles.DENY_LIST: gone}
    payload = writing.carrier(drafting.issue(before, roles.DENY, at=LATER), roles.DENY, files=files)

    dropped = comparison.change_of(before, roles.DENY, payload, files)

    assert made.diff["items"][0]["widens"]
    assert (dropped.ended, dropped.widens) == (1, True)
    empty = writing.carrier(drafting.issue(before, roles.DENY, at=LATER), roles.DENY, files={})
    with pytest.raises(TrustError) as caught:
        comparison.change_of(before, roles.DENY, empty, {})
    assert caught.value.code == "trust.snapshot_mismatch"


def test_a_region_without_a_deny_list_begins_with_one(place: Place) -> None:
    before = standing(place)
    nothing = replace(before, roles={name: one for name, one in before.roles.items() if name != roles.DENY})

    made = edition(place, nothing, denial(place, before, LOGIN, SG))

    assert denying.entries(nothing) == {}
    listed = deny_list.parse(made.targets[roles.DENY_LIST])
    assert (listed.number, len(listed.entries)) == (1, 1)
    assert isinstance(reread(listed.entries[0]).said, DenyEntry)


def test_a_state_lifts_its_denial_after_the_key_that_denied_was_exchanged(place: Place) -> None:
    before = standing(place)
    online_role(place).publish([edition(place, before, denial(place, before, LOGIN, SG))], at=LATER)
    before = standing(place)
    allowed = denying.authorities(before)
    (told,) = denying.entries(before).values()
    denied = told.said
    assert isinstance(denied, DenyEntry)
    keys = place.region.keys.roles.of_state(SG)
    exchanged = replace(allowed, on_call={**allowed.on_call, SG: (parse_jwk(generate("ES256").public_jwk),)})

    alone = denying.countersigned(before, FollowUpKind.LIFT, denied, [], {SG: keys[:1]}, at=LATER)
    enough = denying.countersigned(before, FollowUpKind.LIFT, denied, [], {SG: keys[:2]}, at=LATER)

    assert not denying.may_follow_up(exchanged, alone, denied)
    assert denying.may_follow_up(exchanged, enough, denied)
