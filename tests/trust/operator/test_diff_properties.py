"""Whatever two editions are, their difference hides nothing: no change without a word, no widening without a flag."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from idbridge.codec import jcs
from idbridge.crypto.signer import generate
from idbridge.model.region import Environment
from idbridge.trust import profile
from idbridge.trust.operator.diff import diff_lists
from idbridge.trust.profile import TrustList
from tests.trust.editions import SG, edition, pins, service, statuses

KEYS = tuple(generate("ES256", f"key-{number}") for number in range(4))
LEVELS = st.sampled_from(["A1", "A2", "A3"])  # a rung worth A0 is worth what no rung is
RUNGS = st.lists(
    st.fixed_dictionaries(
        {"national": st.sampled_from(["urn:a", "urn:b"]), "identity": LEVELS, "authentication": LEVELS}
    ),
    max_size=2,
    unique_by=lambda rung: rung["national"],
)
CLAIMS = st.fixed_dictionaries({
    "subject": st.sampled_from(["sub", "id"]),
    "persistence": st.sampled_from(["lasting", "transient"]),
    "acr": st.just("acr"),
    "name_parts": st.just([]),
    "map": st.dictionaries(st.sampled_from(["birthdate", "sex"]), st.sampled_from(["one", "two"]), max_size=2),
})  # fmt: skip
RULES = st.fixed_dictionaries({
    "algorithms": st.sampled_from([["ES256"], ["ES256", "ES384"], ["ES256", "RS256"]]),
    "leeway_seconds": st.sampled_from([0, 60, 300]),
    "holder_binding": st.sampled_from(["none", "optional", "required"]),
    "ladder": RUNGS,
    "claims": CLAIMS,
})  # fmt: skip
HISTORIES = st.sampled_from(
    [
        statuses(("granted", "2026-01-01")),
        statuses(("granted", "2026-02-01")),
        statuses(("granted", "2026-01-01"), ("superseded", "2026-06-01")),
        statuses(("granted", "2026-01-01"), ("withdrawn", "2026-06-01")),
        statuses(("granted", "2026-01-01"), ("superseded", "2026-09-01"), ("compromised", "2026-10-01")),
    ]
)
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def lists(draw: st.DrawFn) -> tuple[dict[str, Any], ...]:
    """The services of a list: some of four keys, each with rules and a history of its own."""
    chosen = draw(st.lists(st.integers(0, len(KEYS) - 1), min_size=1, max_size=len(KEYS), unique=True))
    return tuple(
        service(f"s{number}", keys=(KEYS[number],), status=draw(HISTORIES), **draw(RULES)) for number in sorted(chosen)
    )


def read(sequence: int, services: tuple[dict[str, Any], ...]) -> TrustList:
    offered = edition(sequence, *services)
    return profile.parse(offered, state=SG, environment=Environment.SANDBOX, keys=pins()[SG])


@QUICK
@given(RULES, RULES)
def test_whoever_changes_a_rule_widens_in_one_direction_or_the_other(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    there = diff_lists(read(1, (service(**one),)), read(2, (service(**other),)))
    back = diff_lists(read(1, (service(**other),)), read(2, (service(**one),)))

    assert bool(there.items) is bool(back.items)
    assert bool(there.items) is (there.widens or back.widens)


@QUICK
@given(lists(), lists())
def test_every_service_that_differs_is_named_and_none_that_does_not(
    one: tuple[dict[str, Any], ...], other: tuple[dict[str, Any], ...]
) -> None:
    before, after = read(1, one), read(2, other)
    found = diff_lists(before, after)

    same = {entry.service_id for entry in before.entries} == {entry.service_id for entry in after.entries}
    assert bool(found.items) is not same
    assert {item.name for item in found.items} <= {entry.name for entry in (*before.entries, *after.entries)}
    assert 0 <= found.ended <= found.held <= 1  # one issuer and one type: one service, however many keys
    assert found.digest == jcs.digest_hex(diff_lists(before, after).document())


@QUICK
@given(lists())
def test_a_list_does_not_differ_from_itself(services: tuple[dict[str, Any], ...]) -> None:
    listed = read(1, services)

    assert not diff_lists(listed, listed).differs
