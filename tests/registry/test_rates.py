"""How often a relying party may ask: past that it is refused before anything is looked at, and told until when."""

import contextlib
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idbridge.errors import RateExceededError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment
from idbridge_gateway.registration import read_registrations, write_registrations
from idbridge_gateway.registry.in_force import RegistryInForce
from idbridge_gateway.registry.rates import Rates
from idbridge_gateway.registry.record import RequestLimits
from tests.gateway.asking import Node, node_in, problem_of, verdict_of
from tests.gateway.clocks import HandClock
from tests.gateway.providing import bank_in, error_of
from tests.registry.kit import registration

SLOW = {"per_minute": 6, "burst": 2}


@dataclass
class HandWatch:
    """A stopwatch that a test turns."""

    at: float = 0.0

    def seconds(self) -> float:
        return self.at


def rates(watch: HandWatch, limits: Any = SLOW, workers: int = 1) -> tuple[Rates, RegistryInForce]:
    registry = RegistryInForce((registration(limits=limits),), environment=Environment.SANDBOX, clock=HandClock())
    return Rates(registry, stopwatch=watch, workers=workers), registry


def refused(held: Rates, **more: Any) -> timedelta:
    with pytest.raises(RateExceededError) as caught:
        held.take("bakery", **more)
    assert caught.value.code == "policy.rate_exceeded"
    return caught.value.retry_after


def test_past_its_burst_a_party_waits_as_long_as_it_is_told_and_no_longer() -> None:
    watch = HandWatch()
    held, _ = rates(watch)
    held.take("bakery")
    held.take("bakery")

    assert refused(held) == timedelta(seconds=10)
    watch.at = 9.9
    assert refused(held) == timedelta(seconds=1)
    watch.at = 10.0
    held.take("bakery")
    assert refused(held) == timedelta(seconds=10)


def test_a_party_is_told_how_it_stands() -> None:
    held, _ = rates(HandWatch())

    assert held.take("bakery") == ((b"ratelimit-policy", b'"party";q=2;w=20'), (b"ratelimit", b'"party";r=1;t=10'))
    assert held.take("bakery")[1] == (b"ratelimit", b'"party";r=0;t=20')


def test_a_party_without_limits_is_not_counted_and_nobody_is_who_is_not_registered() -> None:
    held, registry = rates(HandWatch(), limits=None)

    assert [held.take("bakery") for _ in range(100)] == [()] * 100
    assert held.take("nobody") == ()
    registry.exchange((registration(limits=SLOW),))
    held.take("bakery", cost=2)
    refused(held)
    registry.exchange((registration(limits=None),))
    assert held.take("bakery") == ()


def test_a_batch_counts_each_of_its_items_and_a_large_one_is_paid_for_afterwards() -> None:
    watch = HandWatch()
    held, _ = rates(watch)

    told = held.take("bakery", cost=100)
    assert told[1] == (b"ratelimit", b'"party";r=0;t=1000')
    assert refused(held) == timedelta(seconds=990)
    assert refused(held, cost=100) == timedelta(seconds=1000)
    watch.at = 990.0
    held.take("bakery")
    watch.at = 1010.0
    held.take("bakery", cost=100)


def test_a_minute_of_large_batches_is_not_more_than_a_minute_allows() -> None:
    watch = HandWatch()
    held, _ = rates(watch, limits={"per_minute": 60, "burst": 1})
    counted = 0
    for second in range(60):
        watch.at = float(second)
        with contextlib.suppress(RateExceededError):
            held.take("bakery", cost=LIMITS.batch_items)
            counted += LIMITS.batch_items

    assert counted == LIMITS.batch_items


def test_who_owes_a_large_batch_owes_it_still_when_the_limits_change() -> None:
    held, registry = rates(HandWatch())
    held.take("bakery", cost=100)
    registry.exchange((registration(limits={"per_minute": 60, "burst": 50}),))

    assert refused(held) == timedelta(seconds=99)  # 98 owed, one more to ask, and now one comes each second


def test_to_look_whether_one_more_would_count_costs_nothing() -> None:
    held, _ = rates(HandWatch())
    for _ in range(5):
        held.require_any("bakery")
    held.take("bakery", cost=2)

    with pytest.raises(RateExceededError):
        held.require_any("bakery")


def test_limits_that_became_narrower_hold_at_once() -> None:
    held, registry = rates(HandWatch(), limits={"per_minute": LIMITS.registered_rate, "burst": LIMITS.registered_rate})
    held.take("bakery")
    registry.exchange((registration(limits={"per_minute": 1, "burst": 1}),))

    held.take("bakery")
    assert refused(held) == timedelta(minutes=1)


def test_workers_share_a_limit() -> None:
    held, _ = rates(HandWatch(), limits={"per_minute": 60, "burst": 8}, workers=4)
    held.take("bakery", cost=2)

    assert refused(held) == timedelta(seconds=4)


@given(
    per_minute=st.integers(1, 600),
    burst=st.integers(1, 50),
    steps=st.lists(st.tuples(st.floats(0, 30), st.integers(1, 20)), max_size=60),
)
def test_in_no_time_does_a_party_get_more_than_its_burst_or_one_batch_and_what_time_brought(
    per_minute: int, burst: int, steps: list[tuple[float, int]]
) -> None:
    watch = HandWatch()
    held, _ = rates(watch, limits={"per_minute": per_minute, "burst": burst})
    counted = 0
    for pause, cost in steps:
        watch.at += pause
        with contextlib.suppress(RateExceededError):
            held.take("bakery", cost=cost)
            counted += cost
            assert counted <= max(burst, cost) + watch.at * per_minute / 60 + 1e-6


@pytest.fixture
def limited(own_node: Node) -> Node:
    """A node at which the bank may ask twice, and a third time much later."""
    narrow(own_node)
    return node_in(own_node.directory)


def narrow(node: Node) -> None:
    path = node.settings.relying_parties_file
    assert path is not None
    everybody = read_registrations(path, environment=Environment.SANDBOX)
    limits = RequestLimits(per_minute=1, burst=2)
    changed = (replace(one, limits=limits) if one.id == "th-bank" else one for one in everybody)
    write_registrations(path, changed, environment=Environment.SANDBOX)


def test_a_verification_past_the_limit_is_refused_before_it_is_looked_at(limited: Node) -> None:
    first, second = limited.ask(), limited.ask()
    third = limited.send("POST", "/v1/verify", body=b"no JSON at all", headers=limited.access())

    assert verdict_of(first) == verdict_of(second) == ("PASSED", None)
    assert [one.headers["ratelimit"].partition(";t")[0] for one in (first, second)] == ['"party";r=1', '"party";r=0']
    assert first.headers["ratelimit-policy"] == '"party";q=2;w=120'
    assert problem_of(third, 429) == "policy.rate_exceeded"
    assert 0 < int(third.headers["retry-after"]) <= 60
    assert third.json()["retry_after_s"] == int(third.headers["retry-after"])
    assert third.json()["retryable"] is True


def test_a_batch_past_the_limit_spends_nothing_of_what_it_asks(limited: Node) -> None:
    item = limited.item()
    limited.ask()

    assert problem_of(limited.batch([item, item]), 429) == "policy.rate_exceeded"
    assert limited.batch([item]).json()["items"][0]["indication"] == "PASSED"


def test_a_key_that_is_wrong_costs_nobody_anything(limited: Node) -> None:
    wrong = {"authorization": f"Bearer idb_test_th-bank_{'x' * 43}", "content-type": "application/json"}
    for _ in range(5):
        assert problem_of(limited.send("POST", "/v1/verify", body={}, headers=wrong), 401)

    assert verdict_of(limited.ask()) == ("PASSED", None)


def test_a_party_without_limits_hears_of_none(limited: Node) -> None:
    responses = [limited.batch([limited.item()], party="th-tower") for _ in range(3)]

    assert [response.status_code for response in responses] == [200, 200, 200]
    assert not [response for response in responses if "ratelimit" in response.headers]


def test_a_client_of_openid_connect_is_counted_with_its_party_and_hears_so_in_the_form_of_oauth(
    own_node: Node,
) -> None:
    bank = bank_in(own_node.directory)
    registry = bank.node.app.state.parts.registry
    limits = RequestLimits(per_minute=1, burst=2)
    registry.exchange(replace(one, limits=limits) if one.id == bank.party.id else one for one in registry.registrations)

    assert [bank.push().status_code for _ in range(2)] == [201, 201]
    refused_push = bank.push()

    assert error_of(refused_push, 429) == ("temporarily_unavailable", "policy.rate_exceeded")
    assert 0 < int(refused_push.headers["retry-after"]) <= 60
    assert error_of(bank.post("/oauth/introspect", {"token": "x", **bank.proves("bank")}), 429)
    assert bank.push("shop").status_code == 429
    assert error_of(bank.push("bank", client_assertion="x.y.z"), 401)[0] == "invalid_client"
