"""Nonces of DPoP over HTTP: a client of FAPI 2.0 proves that its proof is of now, at every endpoint that takes one."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from idbridge.assertion.pseudonym import PairwiseKey
from idbridge.limits import LIMITS
from idbridge.oidc.pkce import challenge_of
from idbridge_gateway.oidc.dpop_proofs import nonces_under
from tests.gateway.providing import Bank, bank_in, error_of

PERIOD = LIMITS.dpop_nonce_period
Ask = Callable[[Bank, Any], httpx2.Response]


@pytest.fixture
def bank(shared_files: Path) -> Bank:
    return bank_in(shared_files)


def at_token(bank: Bank, nonce: str | None) -> httpx2.Response:
    return bank.redeem(bank.code(), proof=bank.proof("/oauth/token", nonce=nonce))


def at_par(bank: Bank, nonce: str | None) -> httpx2.Response:
    return bank.push(headers={"dpop": bank.proof("/oauth/par", nonce=nonce)})


def at_userinfo(bank: Bank, nonce: str | None) -> httpx2.Response:
    token = bank.redeem(bank.code()).json()["access_token"]
    proof = bank.proof("/oauth/userinfo", "GET", ath=challenge_of(token), nonce=nonce)
    return bank.node.send("GET", "/oauth/userinfo", headers={"authorization": f"DPoP {token}", "dpop": proof})


ENDPOINTS: dict[str, tuple[Ask, int]] = {"token": (at_token, 400), "PAR": (at_par, 400), "userinfo": (at_userinfo, 401)}


def of_another_time(bank: Bank, periods: int) -> str:
    return bank.provider.proofs.nonces.issue(at=bank.node.clock.now() + periods * PERIOD)


NONCES: dict[str, Callable[[Bank], str | None]] = {
    "none": lambda _: None,
    "made up": lambda _: "A" * 22,
    "not ASCII": lambda _: "é",
    "two periods old": lambda bank: of_another_time(bank, -2),
    "of the next period": lambda bank: of_another_time(bank, 1),
    "of another node": lambda bank: nonces_under(bytes(range(32))).issue(at=bank.node.clock.now()),
}


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize("name", NONCES)
def test_a_proof_without_a_nonce_of_this_node_is_answered_with_a_fresh_one(
    bank: Bank, endpoint: str, name: str
) -> None:
    ask, status = ENDPOINTS[endpoint]
    response = ask(bank, NONCES[name](bank))

    assert error_of(response, status) == ("use_dpop_nonce", "holder.nonce_mismatch")
    assert response.headers["dpop-nonce"] == of_another_time(bank, 0)
    if status == 401:
        assert 'DPoP error="use_dpop_nonce"' in response.headers["www-authenticate"]
    assert ask(bank, response.headers["dpop-nonce"]).is_success


def test_a_client_that_learns_the_nonce_at_the_token_endpoint_keeps_its_code(bank: Bank) -> None:
    code = bank.code()
    refused = bank.redeem(code, proof=bank.proof("/oauth/token", nonce=None))
    again = bank.redeem(code, proof=bank.proof("/oauth/token", nonce=refused.headers["dpop-nonce"]))

    assert error_of(refused)[0] == "use_dpop_nonce"
    assert again.status_code == 200, again.text


def test_another_fault_of_the_proof_is_told_before_its_nonce(bank: Bank) -> None:
    proof = bank.proof("/oauth/par", nonce=None)

    assert error_of(bank.redeem(bank.code(), proof=proof)) == ("invalid_dpop_proof", "holder.audience_mismatch")


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_the_nonce_before_is_still_good_and_the_answer_brings_the_present_one(bank: Bank, endpoint: str) -> None:
    response = ENDPOINTS[endpoint][0](bank, of_another_time(bank, -1))

    assert response.is_success, response.text
    assert response.headers["dpop-nonce"] == of_another_time(bank, 0)


def test_every_worker_of_the_node_takes_the_nonce_of_another_and_no_other_node_does(bank: Bank) -> None:
    here = bank.provider.proofs.nonces.issue(at=bank.node.clock.now())
    worker = bank_in(bank.node.directory)
    key = bank.provider.turns.issuing.current().pairwise_key

    assert worker.redeem(worker.code(), proof=worker.proof("/oauth/token", nonce=here)).status_code == 200
    assert nonces_under(PairwiseKey(bytes(range(32))).octets).issue(at=bank.node.clock.now()) != here
    assert key.octets not in bank.provider.proofs.nonces.key + here.encode()


def test_a_client_that_need_not_prove_anything_is_not_asked_for_a_nonce(bank: Bank) -> None:
    bound = bank.redeem(bank.code("shop"), "shop", proof=bank.proof("/oauth/token", nonce=None))
    bearer = bank.redeem(bank.code("shop"), "shop", proof=None)

    assert bound.json()["token_type"] == "DPoP"
    assert bearer.json()["token_type"] == "Bearer"
    assert "dpop-nonce" not in bearer.headers
