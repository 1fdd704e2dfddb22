"""``Idempotency-Key`` over HTTP: one question asked twice is spent once, and a newer denial wins."""

from dataclasses import replace
from typing import Any

import pytest

from idbridge.limits import LIMITS
from idbridge.sandbox.case import Exchange
from idbridge.sandbox.providers import ID_TOKEN_LIFE
from idbridge.status.snapshot import EMPTY_STATUS
from idbridge.verify.verifier import Verifier
from idbridge_gateway.api.verify import VERIFY_PATH
from idbridge_gateway.node import RETIRED_STATES, NodeState
from idbridge_gateway.registry.in_force import RegistryInForce
from idbridge_gateway.registry.record import Registration
from tests.gateway.asking import LOGIN, REFUSED, Node, problem_of, unreceipted, verdict_of

KEY = "order-0001"
WITHOUT_NONCE = "la-photocopy-visits-building"


def moved(node: Node, *, service: str, status: str) -> NodeState:
    """The node's state once the state of a service has published another status for it."""
    at = node.clock.now()
    snapshot = node.region.with_status(service, status, at=at).snapshot(at=at)
    return NodeState(snapshot, Verifier(trust=snapshot, status=EMPTY_STATUS))


def test_the_same_question_gets_the_same_answer_and_spends_its_nonce_once(node: Node) -> None:
    login = node.case(LOGIN)

    first = node.put(login.exchange, idempotency_key=KEY)
    node.clock.turn(seconds=60)
    again = node.put(login.exchange, idempotency_key=KEY)

    assert verdict_of(first) == verdict_of(again) == ("PASSED", None)
    assert unreceipted(first.json()) == unreceipted(again.json())


def test_without_its_key_the_same_question_is_a_replay(node: Node) -> None:
    login = node.case(LOGIN)
    node.put(login.exchange, idempotency_key=KEY)

    assert verdict_of(node.put(login.exchange)) == ("FAILED", "holder.replayed")
    assert verdict_of(node.put(login.exchange, idempotency_key="order-0002")) == ("FAILED", "holder.replayed")


def test_another_question_under_the_same_key_is_a_conflict_and_spends_nothing(node: Node) -> None:
    node.put(node.case(LOGIN).exchange, idempotency_key=KEY)
    other = node.case(LOGIN)

    assert problem_of(node.put(other.exchange, idempotency_key=KEY), 409) == "input.idempotency_conflict"
    assert verdict_of(node.put(other.exchange)) == ("PASSED", None)


def test_a_replay_stays_a_replay_however_often_it_is_asked(node: Node) -> None:
    login = node.case(LOGIN)
    node.put(login.exchange)

    for _ in range(3):
        assert verdict_of(node.put(login.exchange, idempotency_key=KEY)) == ("FAILED", "holder.replayed")


def test_a_key_does_not_outlive_its_two_minutes(node: Node) -> None:
    login = node.case(LOGIN)
    node.put(login.exchange, idempotency_key=KEY)

    node.clock.turn(seconds=121)

    assert verdict_of(node.put(login.exchange, idempotency_key=KEY)) == ("FAILED", "holder.replayed")


def test_two_relying_parties_may_use_the_same_key(node: Node) -> None:
    node.put(node.case(LOGIN).exchange, idempotency_key=KEY)

    response = node.put(node.case("bn-login-visits-hospital").exchange, idempotency_key=KEY)

    assert verdict_of(response) == ("PASSED", None)


@pytest.mark.parametrize("status", ["withdrawn", "compromised"])
def test_a_newer_denial_wins_over_the_answer_that_was_given(node: Node, status: str) -> None:
    login = node.case(LOGIN)
    assert verdict_of(node.put(login.exchange, idempotency_key=KEY)) == ("PASSED", None)

    node.clock.turn(seconds=30)
    node.app.state.trust.exchange(moved(node, service="sg-login", status=status))

    assert verdict_of(node.put(login.exchange, idempotency_key=KEY)) == ("FAILED", f"issuer.{status}")


def test_trust_that_moved_elsewhere_changes_nothing(node: Node) -> None:
    login = node.case(LOGIN)
    first = node.put(login.exchange, idempotency_key=KEY)

    node.clock.turn(seconds=30)
    node.app.state.trust.exchange(moved(node, service="my-login", status="withdrawn"))
    again = node.put(login.exchange, idempotency_key=KEY)

    assert unreceipted(first.json()) == unreceipted(again.json())


def test_what_was_refused_is_not_accepted_because_trust_has_grown(node: Node) -> None:
    login = node.case(REFUSED)
    first = node.put(login.exchange, idempotency_key=KEY)

    node.clock.turn(seconds=30)
    node.app.state.trust.exchange(moved(node, service="my-login", status="withdrawn"))

    assert verdict_of(node.put(login.exchange, idempotency_key=KEY)) == verdict_of(first)


def forget_all_trust(node: Node, *, at_last: str = "ph-login") -> None:
    """Put so much else in force that what the first answer rests on is gone, as it is at another worker."""
    newer = [moved(node, service=service, status="withdrawn") for service in ("my-login", at_last)]
    for _ in range(RETIRED_STATES):
        for state in newer:
            node.app.state.trust.exchange(state)


def test_an_answer_whose_trust_is_forgotten_is_worked_out_by_what_is_in_force_and_counts_once(node: Node) -> None:
    login = node.case(LOGIN)
    first = node.put(login.exchange, idempotency_key=KEY).json()
    node.clock.turn(seconds=30)
    forget_all_trust(node)

    again = node.put(login.exchange, idempotency_key=KEY)

    assert verdict_of(again) == ("PASSED", None)
    assert (again.json()["report_id"], again.json()["evaluated_at"]) == (first["report_id"], first["evaluated_at"])
    assert again.json()["trust_snapshot"] != first["trust_snapshot"]
    assert verdict_of(node.put(login.exchange, idempotency_key="order-0002")) == ("FAILED", "holder.replayed")


def test_a_newer_denial_wins_where_the_trust_of_the_first_answer_is_forgotten(node: Node) -> None:
    login = node.case(LOGIN)
    node.put(login.exchange, idempotency_key=KEY)
    node.clock.turn(seconds=30)
    forget_all_trust(node, at_last="sg-login")

    assert verdict_of(node.put(login.exchange, idempotency_key=KEY)) == ("FAILED", "issuer.withdrawn")


def refused_by_trust_that_is_forgotten(node: Node, *, case: str = LOGIN, issuer: str = "sg-login") -> Exchange:
    """A case that was refused under ``KEY`` because of its issuer, where nothing is wrong with the issuer now."""
    login = node.case(case)
    before = node.app.state.trust.current()
    node.app.state.trust.exchange(moved(node, service=issuer, status="withdrawn"))
    assert verdict_of(node.put(login.exchange, idempotency_key=KEY)) == ("FAILED", "issuer.withdrawn")
    forget_all_trust(node)
    node.app.state.trust.exchange(before)
    return login.exchange


def test_what_was_refused_is_not_accepted_by_a_worker_that_does_not_hold_why(node: Node) -> None:
    login = refused_by_trust_that_is_forgotten(node)

    for _ in range(2):
        later = node.put(login, idempotency_key=KEY)
        assert problem_of(later, 503) == "system.repetition_undecided"
        assert int(later.headers["retry-after"]) > 0
    assert verdict_of(node.put(login)) == ("PASSED", None)  # which spent nothing: as a new question it is one


def test_what_was_refused_is_not_accepted_later_because_another_question_spent_its_nonce(node: Node) -> None:
    login = refused_by_trust_that_is_forgotten(node)
    assert verdict_of(node.put(login, idempotency_key="order-0002")) == ("PASSED", None)

    assert problem_of(node.put(login, idempotency_key=KEY), 503) == "system.repetition_undecided"


def test_what_was_refused_and_has_nothing_to_spend_is_not_accepted_by_a_worker_that_does_not_hold_why(
    node: Node,
) -> None:
    paper = refused_by_trust_that_is_forgotten(node, case=WITHOUT_NONCE, issuer="la-card")

    assert problem_of(node.put(paper, idempotency_key=KEY), 503) == "system.repetition_undecided"
    assert verdict_of(node.put(paper)) == ("PASSED", None)


def test_what_has_nothing_to_spend_is_accepted_again_though_its_trust_is_forgotten(node: Node) -> None:
    paper = node.case(WITHOUT_NONCE).exchange
    first = node.put(paper, idempotency_key=KEY)
    forget_all_trust(node)

    again = node.put(paper, idempotency_key=KEY)

    assert verdict_of(again) == ("PASSED", None)
    assert again.json()["report_id"] == first.json()["report_id"]


def narrow(node: Node) -> tuple[Registration, ...]:
    """Let th-bank ask for another purpose alone; return what was registered."""
    registry: RegistryInForce = node.app.state.parts.registry
    before = registry.registrations
    registry.exchange(
        replace(one, relying_party=replace(one.relying_party, purposes=frozenset({"other"}))) if one.id == "th-bank"
        else one
        for one in before
    )  # fmt: skip
    return tuple(before)


def test_what_the_registration_refused_is_not_accepted_under_its_key_once_more_is_registered(node: Node) -> None:
    login = node.case(LOGIN).exchange
    before = narrow(node)
    assert verdict_of(node.put(login, idempotency_key=KEY))[0] == "FAILED"
    node.app.state.parts.registry.exchange(before)

    for _ in range(2):
        assert problem_of(node.put(login, idempotency_key=KEY), 503) == "system.repetition_undecided"
    assert verdict_of(node.put(login, idempotency_key="order-0002")) == ("PASSED", None)
    assert problem_of(node.put(login, idempotency_key=KEY), 503) == "system.repetition_undecided"
    assert verdict_of(node.put(login, idempotency_key="order-0003")) == ("FAILED", "holder.replayed")


def test_what_was_accepted_is_refused_under_its_key_once_less_is_registered(node: Node) -> None:
    login = node.case(LOGIN).exchange
    assert verdict_of(node.put(login, idempotency_key=KEY)) == ("PASSED", None)
    narrow(node)

    assert verdict_of(node.put(login, idempotency_key=KEY))[0] == "FAILED"


def test_an_answer_is_the_same_though_its_nonce_ended_and_was_forgotten_meanwhile(node: Node) -> None:
    login = node.case(LOGIN).exchange
    node.clock.turn(seconds=int(ID_TOKEN_LIFE.total_seconds()) - 1)
    first = node.put(login, idempotency_key=KEY)
    assert verdict_of(first) == ("PASSED", None)

    node.clock.turn(seconds=int(LIMITS.idempotency_window.total_seconds()))
    assert verdict_of(node.put(node.case(LOGIN).exchange)) == ("PASSED", None)  # whereupon the store forgets

    assert unreceipted(node.put(login, idempotency_key=KEY).json()) == unreceipted(first.json())
    assert verdict_of(node.put(login))[0] == "FAILED"


def test_two_items_of_one_repeatable_batch_never_spend_the_same_nonce(node: Node) -> None:
    twice = node.item()

    for _ in range(2):
        answers = node.batch([twice, twice], idempotency_key=KEY).json()["items"]
        assert [(answer["reason"] or {}).get("code") for answer in answers] == [None, "holder.replayed"]


def test_a_repeated_batch_keeps_every_answer(node: Node) -> None:
    replayed = node.item()
    node.batch([replayed])
    items: list[Any] = [node.item(), 7, replayed, node.item(REFUSED), node.item()]

    first = node.batch(items, idempotency_key=KEY).json()["items"]
    again = node.batch(items, idempotency_key=KEY).json()["items"]

    for before, after in zip(first, again, strict=True):
        for answer in (before, after):
            answer.pop("correlation_id", None)
    first[2].pop("report_id")
    again[2].pop("report_id")
    assert [unreceipted(answer) for answer in first] == [unreceipted(answer) for answer in again]
    assert [answer.get("indication") for answer in first] == ["PASSED", None, "FAILED", "FAILED", "PASSED"]


def test_a_batch_under_the_key_of_another_is_a_conflict(node: Node) -> None:
    node.batch([node.item()], idempotency_key=KEY)

    assert problem_of(node.batch([node.item()], idempotency_key=KEY), 409) == "input.idempotency_conflict"


@pytest.mark.parametrize("key", ["short", "k" * 129, "with space here"])
def test_a_key_of_another_form_is_refused(node: Node, key: str) -> None:
    response = node.put(node.case(LOGIN).exchange, idempotency_key=key)

    assert problem_of(response, 400) == "input.request_malformed"
    assert key not in response.text


def test_an_assertion_asked_for_twice_is_about_the_same_report(node: Node) -> None:
    body = node.item(assertion={"audience": node.region.registration("th-bank").audience})
    headers = {**node.access(), "idempotency-key": KEY}

    first = node.send("POST", VERIFY_PATH, body=body, headers=headers).json()
    again = node.send("POST", VERIFY_PATH, body=body, headers=headers).json()

    assert first["report_id"] == again["report_id"]
    assert first["assertion"]
    assert again["assertion"]


def test_what_could_not_be_delivered_is_accepted_later_and_once(node: Node) -> None:
    body = node.item(assertion={"audience": node.region.registration("th-bank").audience})
    before = node.app.state.trust.current()
    node.app.state.trust.exchange(moved(node, service="th-node", status="withdrawn"))

    def verdict(key: str) -> tuple[str, str | None]:
        headers = {**node.access(), "idempotency-key": key}
        return verdict_of(node.send("POST", VERIFY_PATH, body=body, headers=headers))

    assert verdict(KEY) == ("FAILED", "policy.assertion_not_available")
    node.app.state.trust.exchange(before)
    assert verdict(KEY) == ("PASSED", None)
    assert verdict(KEY) == ("PASSED", None)
    assert verdict("order-0002") == ("FAILED", "holder.replayed")
