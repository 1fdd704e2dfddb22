"""One change each: another key, another signer, a suspension, an earlier edition; and what each of them may not do."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from idbridge.crypto.keys import thumbprint
from idbridge.crypto.signer import generate
from idbridge.errors import ConfigurationError, TrustError
from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge.model.trust import ServiceStatus
from idbridge.recognition.arrangement import ArrangementStatus
from idbridge.trust.operator import changes, comparison, drafting, editing
from idbridge.trust.operator.changes import Succession
from idbridge.trust.operator.drafting import Intent
from idbridge.trust.operator.published import following
from idbridge.trust.operator.workspace import Workspace
from idbridge.trust.publish import ServiceMaterial
from idbridge.trust.tuf import roles, writing
from idbridge.trust.tuf.proposal import Proposal
from tests.trust.distribution.places import NOW
from tests.trust.operator.offices import LATER, SECOND, SG, TH, Office, online_role

Open = Callable[[MemberState], Office]


def intent(office: Office, act: str, *, at: Any = LATER) -> Intent:
    return Intent(act, "a test", office.keys[0], at)


def on_call(office: Office, act: str) -> Intent:
    return Intent(act, "a test", office.place.region.keys.roles.on_call(office.state), LATER)


def publish(office: Office, *made: Proposal, at: Any = LATER) -> None:
    online_role(office.place).publish(made, at=at)


# Keys of a service


def succession(status: ServiceStatus, ends: Any) -> Succession:
    material = ServiceMaterial(jwks=(dict(generate("ES256").public_jwk),))
    return Succession("sg-login-next", material, LATER, status, ends)


def test_two_keys_stand_side_by_side_for_as_long_as_anybody_may_hold_the_present_list(sg: Office) -> None:
    listed = sg.standing().list_of(SG)
    assert listed is not None

    least = changes.least_overlap(sg.standing(), SG, at=LATER)

    assert least == listed.provenance.next_update - LATER + LIMITS.grace_low
    late = listed.provenance.next_update + SECOND
    assert changes.least_overlap(sg.standing(), SG, at=late) == LIMITS.grace_low
    assert changes.least_overlap(replace(sg.standing(), roles={}), SG, at=LATER) == LIMITS.grace_low


@pytest.mark.parametrize(
    ("status", "ends"),
    [
        (ServiceStatus.SUPERSEDED, LATER + timedelta(days=120)),
        (ServiceStatus.COMPROMISED, NOW - timedelta(days=2)),
    ],
)
def test_a_key_of_a_service_is_exchanged(sg: Office, status: ServiceStatus, ends: Any) -> None:
    wanted = succession(status, ends)

    changed = changes.rotated(sg.workspace, "sg-login", wanted)
    publish(sg, sg.signed(sg.edition(workspace=changed), 1))

    trusted = sg.place.load(at=LATER)
    by_key = trusted.by_thumbprint(thumbprint(wanted.material.jwks[0]))
    assert [one.name for one in by_key] == [f"LionPass login, key of {LATER.date()}"]
    old = trusted.by_thumbprint(thumbprint(sg.workspace.material("sg-login").jwks[0]))
    assert old[0].history[-1].status is status
    assert not (sg.workspace.folder / "keys" / "sg-login-next.jwk").exists()
    changed.keep()
    assert Workspace(sg.workspace.folder).material("sg-login-next").jwks == wanted.material.jwks


def test_a_service_that_is_not_in_its_form_keeps_its_key(sg: Office) -> None:
    odd = sg.workspace.edited(sg.workspace.text().replace('name = { en = "LionPass login" }', 'name = "x"', 1))

    with pytest.raises(ConfigurationError):
        changes.rotated(odd, "sg-login", succession(ServiceStatus.SUPERSEDED, LATER))


def test_the_usual_id_of_the_next_key_has_the_date() -> None:
    assert changes.successor_id("la-card", at=NOW) == f"la-card-{NOW:%Y%m%d}"


# Keys that sign lists


def test_a_key_that_signs_already_is_not_the_next_one(sg: Office) -> None:
    with pytest.raises(ConfigurationError):
        changes.with_signer(sg.workspace.public(), sg.list_key, compromised=False)


@pytest.mark.parametrize("compromised", [False, True])
def test_the_signer_of_lists_is_exchanged(sg: Office, compromised: bool) -> None:
    sg.place.load(at=NOW)
    held_public = sg.workspace.public()
    new = generate("ES256")
    public = changes.with_signer(sg.workspace.public(), new, compromised=compromised)
    octets = sg.workspace.signed_list(new, sequence=2, at=LATER)

    made = sg.signed(drafting.state_edition(sg.standing(), public, octets, intent(sg, "rotate-signer")), 1)
    several = [made]
    if compromised:
        with pytest.raises(TrustError) as caught:
            publish(sg, made)
        assert caught.value.code == "trust.arrangement_invalid"
        after = following(sg.standing(), made)
        again = changes.signed_again(after, held_public, new, on_call(sg, "sign-again"))
        assert {fact["what"] for fact in again.diff["facts"]} >= {"signed again"}
        several.append(again)
    publish(sg, *several)
    assert not sg.place.load(at=LATER).refused

    trusted = sg.place.load(at=LATER)
    assert trusted.lists[SG].provenance.signer == thumbprint(new.public_jwk)
    held = sg.standing().entry(SG)
    assert held is not None
    assert len(held.document_keys) == (0 if compromised else 1)
    facts = {fact["what"] for fact in made.diff["facts"]}
    assert ("retired list keys" in facts) is not compromised


def test_an_edition_that_is_not_signed_by_a_key_that_the_state_names_is_not_drafted(sg: Office) -> None:
    octets = sg.workspace.signed_list(generate("ES256"), sequence=2, at=LATER)

    with pytest.raises(TrustError) as caught:
        drafting.state_edition(sg.standing(), sg.workspace.public(), octets, intent(sg, "edition"))

    assert caught.value.code == "trust.signer_unknown"


def test_what_a_bad_signer_leaves_behind_is_named(sg: Office) -> None:
    found = changes.signed_by_keys(sg.standing(), sg.workspace.public())

    assert "arrangements/SG-TH/1.json" in found
    assert "arrangements/KH-TH/1.json" not in found


# Arrangements


def test_one_party_suspends_and_no_stranger(open_office: Open) -> None:
    th, sg = open_office(TH), open_office(SG)
    before = th.standing()

    with pytest.raises(TrustError) as caught:
        changes.suspended(before, "MY-TH", SG, sg.list_key, on_call(sg, "suspend"))
    assert caught.value.code == "trust.arrangement_invalid"
    with pytest.raises(ConfigurationError):
        changes.suspended(before, "nothing", TH, th.list_key, on_call(th, "suspend"))
    with pytest.raises(TrustError) as caught:
        changes.suspended(before, "KH-TH", TH, th.list_key, on_call(th, "suspend"))
    assert "already" in caught.value.detail

    made = changes.suspended(before, "SG-TH", TH, th.list_key, on_call(th, "suspend"))

    assert made.diff["effect"] == "suspends"
    publish(th, made)
    trusted = th.place.load(at=LATER)
    assert not trusted.refused
    decides = trusted.arrangements.between(SG, TH)
    assert decides is not None
    assert decides.latest.status is ArrangementStatus.SUSPENDED


def test_an_arrangement_whose_signer_is_gone_does_not_hold_up_another(open_office: Open) -> None:
    th = open_office(TH)
    before = th.standing()
    gone = replace(before, roles={name: role for name, role in before.roles.items() if name != "MY"})

    made = changes.suspended(gone, "SG-TH", TH, th.list_key, on_call(th, "suspend"))

    assert made.diff["effect"] == "suspends"


def test_several_changes_of_arrangements_are_told_together(open_office: Open) -> None:
    th = open_office(TH)
    before = th.standing()
    parts = [
        changes.suspended(before, name, TH, th.list_key, on_call(th, "suspend")) for name in ("SG-TH", "MY-TH")
    ]  # fmt: skip
    files = {path: octets for one in parts for path, octets in one.targets.items()}
    kept = {
        path: octets for path, octets in before.files(roles.AGREEMENTS).items() if path != "arrangements/KH-TH/1.json"
    }
    payload = writing.carrier(
        drafting.issue(before, roles.AGREEMENTS, at=LATER), roles.AGREEMENTS, files={**kept, **files}
    )

    found = comparison.change_of(before, roles.AGREEMENTS, payload, files)

    facts = {fact.what: fact for fact in found.facts}
    assert found.subject == "agreements"
    assert facts["no longer listed"].widens
    assert facts["SG-TH 3: status"].after == "suspended"
    assert facts["MY-TH 2: status"].after == "suspended"


def test_a_document_that_is_none_is_refused() -> None:
    for octets in (b"{", b"{}", b'{"payload": "!"}'):
        with pytest.raises(TrustError):
            comparison.unverified_payload(octets)


# Earlier editions


def published_thrice(sg: Office) -> Office:
    """An office whose second edition had another name for its service, and the third has the first one again."""
    renamed = sg.workspace.text().replace("LionPass login", "LionPass by another name", 1)
    publish(sg, sg.signed(sg.edition(workspace=sg.workspace.edited(renamed)), 1))
    publish(sg, sg.signed(sg.edition(at=LATER + SECOND), 1), at=LATER + SECOND)
    return sg


def test_an_edition_that_is_not_before_the_present_one_is_not_published_again(sg: Office) -> None:
    for sequence in (0, 1, 7):
        with pytest.raises(ConfigurationError):
            changes.reverted(sg.standing(), sg.workspace.public(), sequence, sg.list_key, intent(sg, "revert"))


def test_an_earlier_edition_is_published_again_under_the_next_number(sg: Office) -> None:
    published_thrice(sg)
    at = LATER + 2 * SECOND

    made = changes.reverted(sg.standing(), sg.workspace.public(), 2, sg.list_key, intent(sg, "revert", at=at))
    publish(sg, sg.signed(made, 1), at=at)

    trusted = sg.place.load(at=at)
    assert trusted.lists[SG].provenance.sequence == 4
    assert "LionPass by another name" in {one.name for one in trusted.services_of(SG)}


def test_what_has_ended_is_not_revived_by_an_earlier_edition(sg: Office) -> None:
    text = editing.with_status(sg.workspace.text(), "sg-login", ServiceStatus.WITHDRAWN, since=LATER)
    publish(sg, sg.signed(sg.edition(workspace=sg.workspace.edited(text)), 1))

    with pytest.raises(TrustError) as caught:
        changes.reverted(
            sg.standing(), sg.workspace.public(), 1, sg.list_key, intent(sg, "revert", at=LATER + SECOND)
        )  # fmt: skip

    assert caught.value.code == "trust.history_rewritten"


def test_an_edition_that_the_tree_lost_or_that_a_dropped_key_signed_is_not_published_again(sg: Office) -> None:
    published_thrice(sg)
    public = sg.workspace.public()
    other = replace(public, lists=(dict(generate("ES256").public_jwk),))

    with pytest.raises(ConfigurationError):
        changes._edition(sg.standing(), other, 1)
    (sg.place.tree.directory / "metadata" / "1.SG.json").write_bytes(b"{}")
    with pytest.raises(ConfigurationError):
        changes._edition(sg.standing(), public, 1)
    assert changes._listed(replace(sg.standing(), tree=None), SG, 1) is None
