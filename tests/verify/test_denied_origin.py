"""An assertion that rests on what is denied, and one by a node that is denied: neither gets round a denial."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from idbridge.crypto.keys import public_key_from_certificate, thumbprint
from idbridge.limits import LIMITS
from idbridge.model.check import Result
from idbridge.model.denial import DenialTarget
from idbridge.model.region import MemberState, ServiceType
from idbridge.reasons import Indication
from idbridge.sandbox.assertions import AssertionOf
from idbridge.trust.deny_entry import STATE_TARGET, key_target, service_target
from idbridge.trust.snapshot import TrustSnapshot, snapshot_of
from tests.trust.denying import authorities, denial, listing, officers
from tests.verify.pretend import NOON, region
from tests.verify.test_assertion_origin import ABOUT_LOGIN, decided, here, seen_by, without

PH, SG, TH = MemberState.PH, MemberState.SG, MemberState.TH
LOGIN = region().service("ph-login")
LOGIN_KEY = key_target(thumbprint(LOGIN.signer.public_jwk))
CERTIFIED = replace(ABOUT_LOGIN, about="my-student")
NODE_KEY = key_target(thumbprint(region().node_service(SG).signer.public_jwk))
SECOND = timedelta(seconds=1)


def denying(target: DenialTarget, *, state: MemberState = PH, at: datetime = NOON) -> TrustSnapshot:
    """What a node holds that accepted an officer's denial of what ``state`` lists."""
    by = officers(TH, SG) if target is STATE_TARGET else officers(TH)
    entry = denial(by, state=state, target=target, issued_at=at)
    return snapshot_of(region().trusted_set(at=at).with_deny_list(listing(1, entry), authorities=authorities(), at=at))


@pytest.mark.parametrize("target", [LOGIN_KEY, service_target(LOGIN.issuer, ServiceType.LOGIN), STATE_TARGET])
def test_an_assertion_that_rests_on_what_is_denied_is_refused(target: DenialTarget) -> None:
    report = seen_by(denying(target))

    assert seen_by(here()).accepted
    assert decided(report) == ("assertion.20", "issuer.denied")
    assert report.indication is Indication.FAILED


def test_a_denied_state_is_denied_as_origin_though_its_list_is_not_held() -> None:
    gone = without(PH, {PH: "trust.unreachable"})
    held = region().trusted_set(at=NOON)
    denied = replace(
        held.with_deny_list(
            listing(1, denial(officers(TH, SG), state=PH, target=STATE_TARGET)), authorities=authorities(), at=NOON
        ),
        lists={state: listed for state, listed in held.lists.items() if state is not PH},
    )
    report = seen_by(snapshot_of(denied, states_without_list={PH: "trust.unreachable"}))

    assert decided(seen_by(gone)) == ("assertion.18", "trust.unreachable")
    assert decided(report) == ("assertion.20", "issuer.denied")
    made = {check.id: check.result for check in report.checks}
    assert [made["assertion.18"], made["assertion.19"]] == [Result.SKIPPED] * 2


@pytest.mark.parametrize("target", [NODE_KEY, service_target(region().node_service(SG).issuer, ServiceType.ASSERTION)])
def test_an_assertion_of_a_denied_node_is_refused(target: DenialTarget) -> None:
    report = seen_by(denying(target, state=SG))

    assert decided(report) == ("issuer.1", "issuer.denied")


def test_of_a_certified_key_that_the_assertion_does_not_name_any_may_be_the_denied_one() -> None:
    (anchor,) = here().by_issuer(region().service("my-student").issuer)[0].anchors
    denied = key_target(public_key_from_certificate(anchor).thumbprint)
    other = key_target("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs")

    assert decided(seen_by(denying(denied, state=MemberState.MY), CERTIFIED)) == ("assertion.20", "issuer.denied")
    assert seen_by(denying(other, state=MemberState.MY), CERTIFIED).accepted


@pytest.mark.parametrize(
    ("source", "state", "target"),
    [
        (ABOUT_LOGIN, SG, STATE_TARGET),
        (ABOUT_LOGIN, TH, LOGIN_KEY),
        (ABOUT_LOGIN, PH, service_target(LOGIN.issuer, ServiceType.PID)),
    ],
)
def test_a_denial_of_something_else_reaches_no_origin(
    source: AssertionOf, state: MemberState, target: DenialTarget
) -> None:
    report = seen_by(denying(target, state=state), source)

    assert report.accepted is (state is not SG)  # the whole state of the node is denied with its node
    if state is SG:
        assert decided(report) == ("issuer.1", "issuer.denied")


def test_an_origin_counts_again_when_the_denial_has_lapsed() -> None:
    at = region().made_at
    lapse = at + LIMITS.deny_unratified
    trust = denying(LOGIN_KEY, at=at)

    assert decided(seen_by(trust, at=lapse - SECOND)) == ("assertion.20", "issuer.denied")
    assert seen_by(trust, at=lapse).accepted


@pytest.mark.parametrize("target", [LOGIN_KEY, service_target(LOGIN.issuer, ServiceType.LOGIN), STATE_TARGET])
def test_a_denied_origin_is_denied_though_its_list_is_out_of_date(target: DenialTarget) -> None:
    late = here().lists[PH].provenance.next_update
    renewed = region().renewed(at=late)
    held = region().trusted_set(at=NOON)
    for state, offered in renewed.published.lists.items():
        if state is not PH:
            held = held.with_list(offered.encode(), state=state, at=late)
    entry = denial(officers(TH, SG), state=PH, target=target, issued_at=late)
    denied = held.with_deny_list(listing(1, entry), authorities=authorities(), at=late)

    assert decided(seen_by(snapshot_of(held), made_in=renewed, at=late)) == ("assertion.18", "trust.stale")
    assert decided(seen_by(snapshot_of(denied), made_in=renewed, at=late)) == ("assertion.20", "issuer.denied")
