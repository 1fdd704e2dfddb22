"""What a request demands of the login that answers it: that it is fresh, and of the very person who is meant."""

import json
from pathlib import Path
from typing import Any

import jwt
import pytest

from idbridge.codec import base64url
from idbridge.limits import LIMITS
from idbridge.sandbox.edits import ABSENT, After
from tests.gateway.pretending import SG
from tests.gateway.providing import Bank, bank_in, error_of, told
from tests.gateway.test_counted import counted, failed
from tests.gateway.upstreaming import Abroad, abroad_in

WEEK = 604_800


@pytest.fixture
def bank(shared_files: Path) -> Bank:
    return bank_in(shared_files)


@pytest.fixture(scope="module")
def shared(shared_files: Path) -> Abroad:
    return abroad_in(shared_files)


@pytest.fixture
def abroad(shared: Abroad) -> Abroad:
    return shared.anew()


@pytest.mark.parametrize("auth_time", [After(-WEEK), ABSENT], ids=["a week old", "of no time"])
@pytest.mark.parametrize("asked", [{"prompt": "login"}, {"prompt": "login consent", "max_age": "999999"}])
def test_a_fresh_login_is_not_an_old_one_and_none_that_does_not_say_when_it_was_made(
    abroad: Abroad, asked: dict[str, Any], auth_time: Any
) -> None:
    """OpenID Connect Core 1.0 section 3.1.2.1: whoever cannot be asked to log in again is an error."""
    abroad.pretend[SG].claims = {"auth_time": auth_time}

    assert told(abroad.log_in(SG, **asked))["error"] == "login_required"


def test_a_login_that_was_made_after_it_was_asked_for_is_fresh(bank: Bank) -> None:
    name = bank.begin(prompt="login")
    bank.node.clock.turn(seconds=120)

    assert bank.complete(name, bank.report()).headers["location"] == f"/consent?t={name}"


def test_a_login_from_before_it_was_asked_for_is_not_fresh(bank: Bank) -> None:
    report = bank.report()
    bank.node.clock.turn(seconds=LIMITS.clock_leeway.total_seconds())
    name = bank.begin(prompt="login")

    assert told(bank.complete(name, report))["error"] == "login_required"
    assert counted(bank.node) == {failed("time.too_old"): 1}


def subject(bank: Bank) -> str:
    """How the bank knows the person of the login that ``Bank.report`` reports on."""
    token = bank.redeem(bank.code()).json()["id_token"]
    return str(jwt.decode(token, options={"verify_signature": False})["sub"])


@pytest.mark.parametrize("where", ["id_token", "userinfo"])
@pytest.mark.parametrize("wanted", [{"value": "another"}, {"values": ["another", 1, None]}, {"value": ["another"]}])
def test_the_login_of_another_person_does_not_answer_for_the_one_who_is_meant(
    bank: Bank, where: str, wanted: dict[str, Any]
) -> None:
    """OpenID Connect Core 1.0 sections 3.1.2.2 and 5.5.1."""
    name = bank.begin(claims=json.dumps({where: {"sub": wanted}}))
    report = bank.report(claims=[])

    assert told(bank.complete(name, report))["error"] == "login_required"
    assert counted(bank.node) == {failed("policy.assertion_not_available"): 1}


@pytest.mark.parametrize("where", ["id_token", "userinfo"])
def test_the_login_of_the_person_who_is_meant_answers(bank: Bank, where: str) -> None:
    known = subject(bank)
    for wanted in ({"value": known}, {"values": ["another", known]}, {"essential": True}, None):
        bank.node.clock.turn(seconds=1)
        name = bank.begin(claims=json.dumps({where: {"sub": wanted}}))
        at_consent = bank.complete(name, bank.report(claims=[]))
        assert at_consent.headers["location"] == f"/consent?t={name}", at_consent.headers["location"]


def hint(bank: Bank) -> str:
    """An ID token of the person of the login that ``Bank.report`` reports on."""
    return str(bank.redeem(bank.code()).json()["id_token"])


@pytest.mark.parametrize("client", ["bank", "shop"])
def test_a_hint_that_is_no_id_token_of_this_node_begins_no_login(bank: Bank, client: str) -> None:
    head, payload, signature = hint(bank).split(".")
    other = json.dumps({**json.loads(base64url.decode(payload)), "sub": "another"}).encode()
    for wrong in ("x", f"{head}.{base64url.encode(other)}.{signature}"):
        pushed = error_of(bank.push(client, id_token_hint=wrong))
        assert pushed[0] == "invalid_request"
    answer = bank.authorize(**bank.asked("shop", id_token_hint="x"))
    assert told(answer)["error"] == "invalid_request"


def test_the_login_of_another_person_does_not_answer_for_the_one_of_the_hint(bank: Bank) -> None:
    name = bank.begin(id_token_hint=hint(bank))
    other = bank.report(case="id-login-opens-account", claims=[])

    assert told(bank.complete(name, other))["error"] == "login_required"


def test_the_login_of_the_person_of_the_hint_answers_and_no_client_says_whose_it_was(bank: Bank) -> None:
    shown = hint(bank)
    bank.node.clock.turn(seconds=1)
    for asked in ({"id_token_hint": shown}, {"hinted_subject": "another"}):
        bank.node.clock.turn(seconds=1)
        name = bank.begin(**asked)
        assert bank.complete(name, bank.report()).headers["location"] == f"/consent?t={name}"
