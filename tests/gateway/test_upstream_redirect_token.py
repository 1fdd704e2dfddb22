"""A provider that sends a token along with its redirect, and exchanges it for the login."""

import json
from pathlib import Path
from typing import Any

import pytest

from idbridge.sandbox.edits import ABSENT, After
from tests.gateway.asking import the_region
from tests.gateway.pretending import KH, PUBLIC, SG
from tests.gateway.providing import told
from tests.gateway.upstreaming import Abroad, abroad_in, by_secret


@pytest.fixture
def abroad(tmp_path: Path) -> Abroad:
    issuer = the_region().service(KH).issuer
    addresses = {"login": f"{issuer}/connect", "exchange": f"{issuer}/exchange"}
    abroad = abroad_in(tmp_path, kh_login=by_secret(issuer, redirect_token=addresses))
    abroad.kh.secret = True
    return abroad


def answered(abroad: Abroad, **response: Any) -> Any:
    location = abroad.leave(abroad.begin(), KH)
    abroad.kh.response = response
    return abroad.come_back(abroad.kh.connect(location))


@pytest.mark.parametrize(
    "edits",
    [{"nonce": ABSENT}, {"nonce": "another"}, {"aud": "somebody-else"}, {"iss": PUBLIC}, {"exp": After(-7200)}],
)
def test_a_login_that_is_wrong_in_one_claim_is_none(abroad: Abroad, edits: dict[str, Any]) -> None:
    abroad.kh.claims = edits

    assert told(answered(abroad))["error"] == "access_denied"


def test_a_login_that_nobody_signed_is_none(abroad: Abroad) -> None:
    abroad.kh.header = {"alg": "none"}
    assert told(answered(abroad))["error"] == "access_denied"

    abroad.kh.tokens = {"id_token": ABSENT, "user": {"name": "Sok"}}
    assert told(answered(abroad))["error"] == "access_denied"


@pytest.mark.parametrize(
    "response",
    [{"code": "c"}, {"authToken": ABSENT}, {"authToken": ABSENT, "code": "c"}, {"error": "access_denied"}],
)
def test_an_answer_without_its_token_or_with_something_else_ends_the_login(
    abroad: Abroad, response: dict[str, Any]
) -> None:
    assert told(answered(abroad, **response))["error"] == "access_denied"
    assert "/exchange" not in abroad.kh.paths


def test_a_fresh_login_that_was_demanded_is_none_if_it_is_old(abroad: Abroad) -> None:
    """Whoever sends a token along is told of no wish, so all depends on what the login says."""
    abroad.kh.claims = {"auth_time": After(-259_200)}
    location = abroad.leave(abroad.begin(prompt="login"), KH)

    assert told(abroad.come_back(abroad.kh.connect(location)))["error"] == "login_required"


def test_what_the_login_is_exchanged_for_counts_like_every_login(abroad: Abroad) -> None:
    assert answered(abroad).headers["location"].startswith("/consent")
    assert abroad.kh.paths == ["/exchange"]
    (call,) = abroad.kh.seen
    assert call.head["Authorization"].startswith("Basic ")
    assert json.loads(call.body) == {"auth_token": "token-1"}
    assert abroad.level() == "A2"


def test_no_state_that_speaks_fapi_may_be_asked_so(tmp_path: Path) -> None:
    issuer = the_region().service(SG).issuer
    addresses = {"login": f"{issuer}/connect", "exchange": f"{issuer}/exchange"}
    abroad = abroad_in(tmp_path, sg_login=by_secret(issuer, redirect_token=addresses))

    assert abroad.refused(abroad.begin()).code == "issuer.service_not_listed"
