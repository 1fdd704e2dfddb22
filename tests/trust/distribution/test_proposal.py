"""Proposals: who may sign what, that everybody signs the same, and that nobody publishes alone."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from idbridge.codec import base64std, jcs
from idbridge.crypto.keys import thumbprint
from idbridge.crypto.signer import generate
from idbridge.errors import TrustError
from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge.trust.operator import drafting
from idbridge.trust.operator.drafting import Intent
from idbridge.trust.tuf import acts, proposal, roles, writing
from idbridge.trust.tuf.proposal import Proposal
from tests.trust.distribution.places import Place
from tests.trust.operator.offices import LATER, MY, SG, TH, Office, office, officers_sign, standing

Change = Callable[[dict[str, Any]], None]


@pytest.fixture
def sg(place: Place, tmp_path: Path) -> Office:
    return office(place, SG, tmp_path / "SG")


def read(made: Proposal) -> dict[str, Any]:
    return json.loads(made.octets())  # type: ignore[no-any-return]


def code_of(value: Any) -> str:
    octets = value if type(value) is bytes else jcs.canonicalize(value)
    with pytest.raises(TrustError) as caught:
        proposal.parse(octets)
    return caught.value.code


def put(name: str, value: Any) -> Change:
    return lambda table: table.__setitem__(name, value)


def proposed_by(held: Office, proposer: str) -> Proposal:
    """The next version of the role with the same list, which names ``proposer`` and which nobody has signed."""
    before, state = held.standing(), held.state
    octets = before.files(state.value)[roles.list_path(state)]
    payload = writing.state_role(
        drafting.issue(before, state.value, at=LATER), state, octets=octets, entry=before.entry(state)
    )  # fmt: skip
    intent = Intent("renew", "a test", held.keys[0], LATER)
    return drafting.unsigned(before, state.value, payload, {}, intent, proposer=proposer)


def drop(name: str) -> Change:
    return lambda table: table.__delitem__(name)


def signed_member(name: str, value: Any) -> Change:
    return lambda table: table["metadata"]["signed"].__setitem__(name, value)


@pytest.mark.parametrize(
    "change",
    [
        drop("reason"),
        put("extra", 1),
        put("schema", "idbridge-proposal-2"),
        put("role", "nobody"),
        put("act", "Two Words"),
        put("reason", "a line\nand another"),
        put("reason", "x" * 201),
        put("diff", []),
        put("metadata", []),
        put("metadata", {"signed": {}}),
        put("targets", []),
        put("targets", {"lists/SG/list.jws": 1}),
        put("targets", {"lists/SG/list.jws": "!"}),
        put("targets", {"lists/SG/list.jws": base64std.encode(b"another")}),
        put("targets", {"lists/TH/list.jws": base64std.encode(b"another")}),
        put("acts", {}),
        put("acts", [1]),
        put("acts", ["a"] * (LIMITS.role_keys + 1)),
        put("proposer", "somebody else"),
        put("act", "another"),
        put("reason", "another reason"),
        put("role", "TH-x"),
        signed_member(roles.DIFF, "0" * 64),
        signed_member(roles.REASON, "0" * 64),
        signed_member("x-unknown", "1"),
        signed_member("targets", {roles.list_path(SG): {"length": 1, "hashes": []}}),
        lambda table: table["metadata"].__setitem__("signatures", [1]),
    ],
)
def test_a_proposal_in_another_form_is_refused(sg: Office, change: Change) -> None:
    table = read(sg.edition())
    change(table)

    assert code_of(table) == "trust.metadata_invalid"


def test_what_is_no_json_or_too_large_or_of_the_other_environment_is_refused(sg: Office) -> None:
    table = read(sg.edition())

    assert code_of(b"{") == "trust.metadata_invalid"
    assert code_of(b" " * (LIMITS.proposal_bytes + 1)) == "trust.metadata_invalid"
    assert code_of({**table, "environment": "nowhere"}) == "trust.metadata_invalid"
    assert code_of({**table, "environment": "live"}) == "trust.environment_mismatch"


def test_a_change_that_was_told_otherwise_is_not_the_one_that_was_signed(sg: Office) -> None:
    table = read(sg.edition())
    table["diff"]["effect"] = "same"

    assert code_of(table) == "trust.metadata_invalid"


def test_a_key_without_part_in_the_role_signs_nothing(sg: Office) -> None:
    made = sg.edition()

    for stranger in (generate("ES256"), sg.place.region.keys.roles.of_state(TH)[0], sg.list_key):
        with pytest.raises(TrustError) as caught:
            proposal.signed(made, stranger, voters=sg.standing().voters("SG"), at=LATER)
        assert caught.value.code == "trust.signer_unknown"


def test_nobody_signs_twice(sg: Office) -> None:
    made = sg.edition()

    with pytest.raises(TrustError) as caught:
        sg.signed(made, 0)

    assert caught.value.code == "trust.metadata_invalid"


def test_the_proposer_alone_publishes_nothing_even_where_one_key_is_enough(place: Place, tmp_path: Path) -> None:
    bn = office(place, MemberState.BN, tmp_path / "BN")
    made = bn.edition()
    voters = bn.standing().voters("BN")

    alone = proposal.progress(made, voters=voters)
    both = proposal.progress(bn.signed(made, 1), voters=voters)

    assert (alone.standings[0].counted, alone.standings[0].quorum.threshold) == (1, 1)
    assert (alone.ready, alone.alone) == (False, True)
    with pytest.raises(TrustError) as caught:
        alone.require_ready("BN")
    assert caught.value.code == "trust.threshold_missing"
    assert both.ready
    both.require_ready("BN")


def test_whoever_names_another_as_the_proposer_still_publishes_nothing_alone(place: Place, tmp_path: Path) -> None:
    bn = office(place, MemberState.BN, tmp_path / "BN")
    voters = bn.standing().voters("BN")
    claimed = proposed_by(bn, thumbprint(bn.keys[1].public_jwk))

    how_far = proposal.progress(bn.signed(claimed, 0), voters=voters)

    assert (how_far.ready, how_far.alone, how_far.proposed) == (False, True, False)
    with pytest.raises(TrustError) as caught:
        how_far.require_ready("BN")
    assert caught.value.code == "trust.threshold_missing"


def test_a_proposer_without_part_in_the_role_is_refused_however_many_signed(place: Place, tmp_path: Path) -> None:
    bn = office(place, MemberState.BN, tmp_path / "BN")
    voters = bn.standing().voters("BN")

    with pytest.raises(TrustError) as caught:
        proposal.progress(bn.signed(proposed_by(bn, "nobody"), 0, 1), voters=voters)

    assert caught.value.code == "trust.signer_unknown"


def test_nothing_is_published_that_its_proposer_has_not_signed(sg: Office) -> None:
    claimed = sg.signed(proposed_by(sg, thumbprint(sg.keys[2].public_jwk)), 0, 1)

    how_far = proposal.progress(claimed, voters=sg.standing().voters("SG"))

    assert (how_far.ready, how_far.alone) == (False, False)
    with pytest.raises(TrustError) as caught:
        how_far.require_ready("SG")
    assert caught.value.code == "trust.threshold_missing"
    assert "its proposer has not signed" in caught.value.detail


def test_fewer_keys_than_the_threshold_are_not_enough_and_the_missing_are_named(sg: Office) -> None:
    made = sg.edition()

    how_far = proposal.progress(made, voters=sg.standing().voters("SG"))

    assert not how_far.ready
    assert len(how_far.standings[0].missing) == 2
    with pytest.raises(TrustError) as caught:
        how_far.require_ready("SG")
    assert caught.value.code == "trust.threshold_missing"


def test_a_regional_role_counts_states(place: Place) -> None:
    before = standing(place)
    keys = dict(place.region.keys.roles.officers(roles.TARGETS))
    made = drafting.renewed(before, roles.TARGETS, Intent("renew", "a test", keys[SG], LATER))
    two = officers_sign(place, made, TH)

    with pytest.raises(TrustError) as caught:
        proposal.progress(two, voters=before.voters(roles.TARGETS)).require_ready(roles.TARGETS)

    assert caught.value.code == "trust.threshold_missing"
    assert "states" in caught.value.detail
    three = officers_sign(place, two, MY)
    assert proposal.progress(three, voters=before.voters(roles.TARGETS)).ready


def test_one_key_on_call_is_enough_for_a_role_that_adds_no_authority(place: Place) -> None:
    before = standing(place)
    on_call = place.region.keys.roles.on_call(TH)
    made = drafting.renewed(before, roles.DENY, Intent("renew", "a test", on_call, LATER))

    assert proposal.progress(made, voters=before.voters(roles.DENY)).ready


def test_copies_that_were_signed_in_different_places_are_merged(sg: Office) -> None:
    made = sg.edition()
    one, other = sg.signed(made, 1), sg.signed(made, 2)

    merged = proposal.merged([one, other, one], voters=sg.standing().voters("SG"))

    assert merged.file.payload == made.file.payload
    assert len(merged.file.metadata.signatures) == 3
    assert [act.act for act in proposal.acts_of(merged, voters=sg.standing().voters("SG"))] == [
        "propose", "sign", "sign",
    ]  # fmt: skip
    assert proposal.parse(merged.octets()).octets() == merged.octets()


def test_only_copies_of_one_proposal_are_merged(sg: Office) -> None:
    made, later = sg.edition(), sg.edition(at=LATER + LIMITS.clock_leeway)
    retold = replace(made, reason="another reason")

    for copies in ([], [made, later], [made, retold]):
        with pytest.raises(TrustError) as caught:
            proposal.merged(copies, voters=sg.standing().voters("SG"))
        assert caught.value.code == "trust.snapshot_mismatch"


def test_signatures_and_acts_that_are_not_in_order_are_left_behind_by_a_merge(sg: Office) -> None:
    table = read(sg.signed(sg.edition(), 1))
    stranger = generate("ES256")
    forged = acts.written(
        "sign", role="SG", payload="0", diff="0", reason="a test", signer=stranger, at=LATER
    )  # fmt: skip
    table["metadata"]["signatures"] += [{"keyid": "x" * 43, "sig": "00"}]
    table["metadata"]["signatures"][1]["sig"] = "00"
    table["acts"] += [forged, "not a jws"]

    merged = proposal.merged([proposal.parse(jcs.canonicalize(table))], voters=sg.standing().voters("SG"))

    assert len(merged.file.metadata.signatures) == 1
    assert [act.act for act in proposal.acts_of(merged, voters=sg.standing().voters("SG"))] == ["propose"]


def test_an_act_of_another_proposal_does_not_take_the_place_of_the_one_that_belongs_here(sg: Office) -> None:
    made, other = sg.edition(), sg.edition(at=LATER + LIMITS.clock_leeway)
    voters = sg.standing().voters("SG")

    merged = proposal.merged([replace(made, acts=other.acts), made, sg.signed(made, 1)], voters=voters)

    assert merged.acts == sg.signed(made, 1).acts[:1] + merged.acts[1:]
    assert [act.act for act in proposal.acts_of(merged, voters=voters)] == ["propose", "sign"]


def test_an_act_for_each_signature_and_none_besides_comes_along(sg: Office) -> None:
    made = sg.edition()
    both = sg.signed(made, 1)
    voters = sg.standing().voters("SG")

    for done in (
        (),
        both.acts[:1],
        both.acts[1:],
        (*both.acts, both.acts[1]),
        (*both.acts, sg.signed(made, 2).acts[1]),
    ):
        with pytest.raises(TrustError) as caught:
            proposal.acts_of(replace(both, acts=done), voters=voters)
        assert caught.value.code == "trust.metadata_invalid"
    assert len(proposal.acts_of(both, voters=voters)) == 2


@pytest.mark.parametrize(("verb", "reason"), [("sign", "another reason"), ("propose", "a test"), ("praise", "a test")])
def test_an_act_that_gives_another_reason_or_was_another_one_is_refused(sg: Office, verb: str, reason: str) -> None:
    both = sg.signed(sg.edition(), 1)
    told = acts.written(
        verb, role="SG", payload=both.payload_digest, diff=both.diff_digest, reason=reason, signer=sg.keys[1], at=LATER
    )  # fmt: skip

    with pytest.raises(TrustError) as caught:
        proposal.acts_of(replace(both, acts=(both.acts[0], told)), voters=sg.standing().voters("SG"))

    assert caught.value.code == "trust.metadata_invalid"


def test_an_act_about_another_proposal_or_of_a_stranger_is_refused(sg: Office) -> None:
    made = sg.edition()
    voters = sg.standing().voters("SG")
    own = sg.keys[0]
    foreign = acts.written("sign", role="SG", payload="0", diff="0", reason="a test", signer=own, at=LATER)
    stranger = acts.written(
        "sign", role="SG", payload="0", diff="0", reason="a test", signer=generate("ES256"), at=LATER
    )
    wrong = acts.written("", role="SG", payload="0", diff="0", reason="a test", signer=own, at=LATER)
    cut = made.acts[0][:-4] + "AAAA"

    for act in (foreign, stranger, wrong, cut, "a.b"):
        with pytest.raises(TrustError) as caught:
            proposal.acts_of(replace(made, acts=(act,)), voters=voters)
        assert caught.value.code == "trust.metadata_invalid"


def test_a_proposal_is_named_by_what_is_signed_however_often(sg: Office) -> None:
    made = sg.edition()

    assert sg.signed(made, 1).name == made.name
    assert made.name.startswith("SG-2-")
    assert made.name.endswith(".proposal.json")


@pytest.mark.parametrize("act", ["none", "another"])
def test_a_copy_without_its_act_spoils_no_merge(sg: Office, act: str) -> None:
    made, voters = sg.edition(), sg.standing().voters("SG")
    bare = replace(
        sg.signed(made, 2), acts=made.acts if act == "none" else sg.edition(at=LATER + LIMITS.clock_leeway).acts
    )

    merged = proposal.merged([bare, sg.signed(made, 1)], voters=voters)

    assert len(merged.file.metadata.signatures) == 2
    assert [one.act for one in proposal.acts_of(merged, voters=voters)] == ["propose", "sign"]
