"""What an accepted login rests on, asked again by what is published later; the attacks first."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any

import pytest

from idbridge.errors import Refusal
from idbridge.model.region import AssuranceLevel, MemberState, ServiceType
from idbridge.recognition.arrangement import ArrangementIndex, ArrangementStatus
from idbridge.sandbox.logins import Login
from idbridge.status.snapshot import EMPTY_STATUS
from idbridge.trust.denials import NEVER, Denied
from idbridge.trust.snapshot import TrustSnapshot
from idbridge.verify.ground import Ground, ground_of, kept_ground
from tests.verify.pretend import NOON, answered, region, verifier

LOGIN = Login("sg-login", "sg-tan")
LATER = NOON + timedelta(minutes=1)
SERVICE = "sg-login"


def ground() -> Ground:
    return ground_of(answered(LOGIN))


def refusal(trust: TrustSnapshot, held: Ground | None = None) -> str:
    with pytest.raises(Refusal) as caught:
        (held or ground()).require_stands(trust, EMPTY_STATUS, at=LATER)
    return caught.value.code


@pytest.mark.parametrize(
    ("status", "code"),
    [("withdrawn", "issuer.withdrawn"), ("compromised", "issuer.compromised")],
)
def test_a_service_that_ended_since_vouches_for_nothing(status: str, code: str) -> None:
    assert refusal(region().with_status(SERVICE, status, at=LATER).snapshot(at=LATER)) == code


DENIALS: dict[str, Callable[[Ground], Denied]] = {
    "the state": lambda held: Denied(states=MappingProxyType({held.state: NEVER})),
    "the service": lambda held: Denied(
        services=MappingProxyType({(held.state, held.issuer, held.service_type.value): NEVER})
    ),
    "the key": lambda held: Denied(keys=MappingProxyType({(held.state, next(iter(held.keys))): NEVER})),
}


@pytest.mark.parametrize("what", DENIALS)
def test_what_is_denied_since_counts_for_nothing(what: str) -> None:
    held = ground()
    assert refusal(replace(verifier().trust, denied=DENIALS[what](held)), held) == "issuer.denied"


def test_an_arrangement_that_is_gone_recognises_nothing() -> None:
    trust = verifier().trust
    assert ground().by is not ground().state
    gone = replace(trust, arrangements=ArrangementIndex.none(trust.environment))

    assert refusal(gone) == "recognition.no_arrangement"


def rearranged(held: Ground, rule: dict[str, Any] | None = None, **version: Any) -> TrustSnapshot:
    """What is published once a further version of the arrangement came into force, with changes to it or its rule."""
    trust = verifier().trust
    history = trust.arrangements.between(held.by, held.state)
    assert history is not None
    last, pair = history.latest, (held.by, held.state)
    rules = MappingProxyType({**last.rules, pair: tuple(replace(one, **(rule or {})) for one in last.rules[pair])})
    further = replace(last, version=last.version + 1, effective_from=LATER, rules=rules, **version)
    histories = {**trust.arrangements.histories, last.id: replace(history, versions=(*history.versions, further))}
    return replace(trust, arrangements=replace(trust.arrangements, histories=MappingProxyType(histories)))


A2, A3 = AssuranceLevel.A2, AssuranceLevel.A3
REARRANGED: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "suspended": ({}, {"status": ArrangementStatus.SUSPENDED}, "recognition.suspended"),
    "repealed": ({}, {"status": ArrangementStatus.REPEALED}, "recognition.repealed"),
    "without the purpose": ({"purposes": frozenset({"age-check"})}, {}, "recognition.purpose_not_allowed"),
    "without logins": ({"service_types": frozenset({ServiceType.PID})}, {}, "recognition.service_not_covered"),
    "at a lower level": ({"levels": {A2: A2, A3: A2}}, {}, "time.too_old"),
    "with fewer claims": ({"claims": frozenset({"name"})}, {}, "time.too_old"),
}


@pytest.mark.parametrize("what", REARRANGED)
def test_an_arrangement_that_says_less_since_ends_the_login_with_its_own_reason(what: str) -> None:
    rule, version, code = REARRANGED[what]
    held = ground()

    assert refusal(rearranged(held, rule, **version), held) == code


def test_a_login_below_what_the_arrangement_demands_since_is_told_so() -> None:
    held = replace(ground(), proven=A2, level=A2)

    assert refusal(rearranged(held, {"minimum_level": A3}), held) == "recognition.loa_too_low"


@pytest.mark.parametrize(("demanded", "code"), [(A3, "recognition.loa_too_low"), (A2, "time.too_old")])
def test_a_login_that_counts_for_less_is_too_low_only_where_it_is_below_what_was_demanded(
    demanded: AssuranceLevel, code: str
) -> None:
    held = replace(ground(), demanded=demanded)

    assert refusal(rearranged(held, {"levels": {A2: A2, A3: A2}}), held) == code


def test_what_the_relying_party_and_its_request_demand_is_part_of_it() -> None:
    asked = replace(answered(LOGIN).request, expected=replace(answered(LOGIN).request.expected, minimum_level=A2))
    party = replace(asked.relying_party, minimum_level=A3)

    assert ground_of(verifier().verify(asked, at=NOON)).demanded is A2
    assert ground_of(verifier().verify(replace(asked, relying_party=party), at=NOON)).demanded is A3


def test_a_purpose_that_demands_something_else_since_is_not_the_one_that_was_decided() -> None:
    trust, held = verifier().trust, ground()
    purpose = trust.purposes.purposes[held.purpose]
    other = replace(purpose, claims=purpose.claims - {"birthdate"})
    purposes = replace(trust.purposes, purposes=MappingProxyType({**trust.purposes.purposes, held.purpose: other}))

    assert refusal(replace(trust, purposes=purposes), held) == "time.too_old"


def test_a_list_out_of_date_says_nothing_of_it() -> None:
    held = ground()
    late = verifier().trust.stale_from(held.state)
    with pytest.raises(Refusal) as caught:
        held.require_stands(verifier().trust, EMPTY_STATUS, at=late)
    assert caught.value.code == "trust.stale"


OTHERWISE: dict[str, tuple[dict[str, Any], str]] = {
    "another issuer": ({"issuer": "https://nobody.sg.example"}, "issuer.service_not_listed"),
    "another kind of service": ({"service_type": ServiceType.PID}, "issuer.service_not_listed"),
    "other rules": ({"rules": "0" * 64}, "time.too_old"),
    "a key that is listed no more": (
        {"keys": frozenset({"A" * 43}), "listed": frozenset({"A" * 43})}, "jose.kid_unknown",
    ),
    "recognised otherwise": ({"recognised": "0" * 64}, "time.too_old"),
    "signed before the service began": ({"issued_at": NOON - timedelta(days=36500)}, "issuer.not_yet_granted"),
    "a status that nobody knows here": (
        {"status": {"status_list": {"idx": 1, "uri": "https://status.sg.example/1"}}}, "status.unavailable",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", OTHERWISE)
def test_what_is_said_otherwise_than_before_does_not_stand(what: str) -> None:
    changes, code = OTHERWISE[what]
    assert refusal(verifier().trust, replace(ground(), **changes)) == code


def test_a_key_that_was_only_fetched_ends_with_its_service() -> None:
    fetched = replace(ground(), keys=frozenset({"A" * 43}), listed=frozenset())
    fetched.require_stands(verifier().trust, EMPTY_STATUS, at=LATER)
    ended = region().with_status(SERVICE, "compromised", at=LATER).snapshot(at=LATER)

    assert refusal(ended, fetched) == "issuer.compromised"


def test_a_login_stands_by_what_it_was_decided_by_and_by_a_list_that_says_the_same_again() -> None:
    held = ground()
    held.require_stands(verifier().trust, EMPTY_STATUS, at=LATER)
    held.require_stands(region().reissued(held.state, at=LATER).snapshot(at=LATER), EMPTY_STATUS, at=LATER)


def test_what_was_not_accepted_is_the_ground_of_nothing() -> None:
    refused = answered(LOGIN, purpose="no-such-purpose")
    with pytest.raises(Refusal) as caught:
        ground_of(refused)
    assert caught.value.code == "policy.assertion_not_available"


def test_a_ground_reads_back_as_it_was_kept_and_names_no_person() -> None:
    held = ground()
    document = json.loads(json.dumps(held.document()))

    assert kept_ground(document) == held
    assert "sub" not in document
    assert held.state is MemberState.SG


@pytest.mark.parametrize(
    "change",
    [
        {"keys": []}, {"listed": ["B" * 43]}, {"issuer": 1}, {"issued_at": "now"}, {"status": "x"}, {"state": "XX"},
        {"more": 1}, {"level": "A9"}, {"proven": 3},
    ],
)  # fmt: skip
def test_what_is_no_ground_is_not_read_as_one(change: dict[str, Any]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        kept_ground({**ground().document(), **change})
