"""Minting: the same region, instant and seed give the same input, and nothing secret goes into it."""

import json
from datetime import timedelta
from http import HTTPStatus

import pytest

from idbridge.codec import base64url
from idbridge.model.region import Environment
from idbridge.sandbox.case import Case, Kind, MintedCase
from idbridge.sandbox.catalogue import case_named, cases
from idbridge.sandbox.mint import mint
from idbridge.sandbox.run import run_case
from idbridge.sandbox.seeded import SeededRandomness
from tests.sandbox.regions import NOON, region

SENT = [case for case in cases() if case.over_http]


def minted(name: str, *, seed: bytes = b"seed", later: timedelta = timedelta(0)) -> MintedCase:
    """The input of a case, made in the sandbox region at noon or a little later."""
    return mint(case_named(name), region=region(), at=NOON + later, randomness=SeededRandomness(seed))


def unsigned(case: MintedCase) -> tuple[str, ...]:
    """Everything of a minted credential but its signatures."""
    parts = case.document()["credential"].split("~")
    return tuple(".".join(part.split(".")[:2]) for part in parts)


def test_a_trial_cannot_be_minted() -> None:
    with pytest.raises(LookupError, match="nothing before a node"):
        minted("list-rolled-back")


def test_a_case_for_a_live_node_cannot_be_minted_in_the_sandbox() -> None:
    with pytest.raises(ValueError, match="a node of live"):
        minted("live-login-at-live-node")


def test_a_case_that_only_a_gateway_can_answer_is_not_answered_in_process() -> None:
    with pytest.raises(LookupError, match="only a gateway"):
        run_case(case_named("nothing-here"), region=region(), at=NOON, randomness=SeededRandomness(b""))


@pytest.mark.parametrize("name", ["th-pid-opens-account", "sg-login-opens-account", "bn-login-visits-hospital"])
def test_the_same_seed_gives_the_same_input_but_for_signatures(name: str) -> None:
    assert unsigned(minted(name)) == unsigned(minted(name))


def test_where_the_algorithm_is_deterministic_so_is_the_whole_token() -> None:
    one, again = (minted("th-pid-opens-account").document()["credential"].split("~")[0] for _ in range(2))

    assert one == again


def test_another_seed_gives_another_nonce() -> None:
    nonces = {minted("sg-pid-opens-account", seed=seed).document()["expected"]["nonce"] for seed in (b"1", b"2")}

    assert len(nonces) == 2


def test_another_instant_gives_another_token() -> None:
    now, later = minted("sg-login-opens-account"), minted("sg-login-opens-account", later=timedelta(seconds=90))

    assert unsigned(now) != unsigned(later)


@pytest.mark.parametrize("case", SENT, ids=lambda case: case.name)
def test_nothing_private_is_sent(case: Case) -> None:
    made = mint(case, region=region(), at=NOON, randomness=SeededRandomness(b"private"))

    assert b"PRIVATE" not in made.body
    for part in made.body.decode(errors="replace").replace("~", ".").split("."):
        try:
            decoded = base64url.decode(part.strip('"'))
        except Exception:  # noqa: BLE001, S112 - whatever is no base64url holds no JWK
            continue
        assert b'"d":' not in decoded


@pytest.mark.parametrize("case", SENT, ids=lambda case: case.name)
def test_what_is_expected_of_a_case_is_a_verdict_or_a_problem_and_never_both(case: Case) -> None:
    made = mint(case, region=region(), at=NOON, randomness=SeededRandomness(b"expected"))

    assert (made.expect_indication is None) is (made.expect_status != HTTPStatus.OK)
    assert made.expect_code == case.code
    assert case.kind is not Kind.REQUEST or made.expect_status >= HTTPStatus.BAD_REQUEST


def test_a_sequence_sends_first_what_it_is_about() -> None:
    replay = minted("presentation-replayed")

    assert replay.before == (replay.exchange,)
    assert replay.after == ()


def test_an_idempotency_key_stands_over_two_questions() -> None:
    conflict = minted("idempotency-key-reused")
    (before,) = conflict.before

    assert before.headers == conflict.headers
    assert before.body != conflict.body


def test_a_fault_is_switched_on_before_and_off_after() -> None:
    fault = minted("node-without-lists")

    assert [exchange.path for exchange in fault.before] == ["/sandbox/faults/lists-unreachable?on=true"]
    assert [exchange.path for exchange in fault.after] == ["/sandbox/faults/lists-unreachable?on=false"]


def test_a_body_that_is_not_json_is_sent_as_it_is() -> None:
    with pytest.raises(ValueError, match="line 1 column"):
        minted("body-cut-off").document()


def test_the_relying_party_authenticates_with_the_key_of_its_registration() -> None:
    made = minted("sg-login-opens-account")

    assert made.headers["Authorization"] == f"Bearer {region().keys.api['th-bank']}"
    assert made.document()["purpose"] == "account-opening"
    assert json.loads(made.exchange.body) == made.document()


def test_the_double_of_a_service_shares_no_key_and_no_address_with_it() -> None:
    own = region().service("sg-login")
    double = region().double("sg-login", environment=Environment.LIVE, at=NOON)

    assert own.issuer != double.issuer
    assert {key.kid for key in own.keys.signers}.isdisjoint(key.kid for key in double.keys.signers)
