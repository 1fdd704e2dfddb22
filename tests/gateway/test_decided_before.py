"""A login that was decided, and what its state publishes before anything is made of it: the later word counts."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from idbridge.model.region import MemberState
from idbridge.status.snapshot import EMPTY_STATUS
from idbridge.verify.verifier import Verifier
from idbridge_gateway.node import NodeState
from idbridge_gateway.oidc.completion import Consent
from tests.gateway.pretending import SG
from tests.gateway.providing import told
from tests.gateway.test_repeated import moved
from tests.gateway.test_resources import shown
from tests.gateway.upstreaming import Abroad, abroad_in

ENDS = {"compromised": "issuer.compromised", "withdrawn": "issuer.withdrawn"}


@pytest.fixture
def abroad(tmp_path: Path) -> Abroad:
    return abroad_in(tmp_path)


def publish(abroad: Abroad, status: str) -> None:
    """Let Singapore publish another status of its login service, and this node take it."""
    abroad.node.clock.turn(seconds=30)
    assert abroad.node.app.state.trust.exchange(moved(abroad.node, service="sg-login", status=status))


def at_consent(abroad: Abroad) -> str:
    return str(abroad.log_in(SG).headers["location"]).rpartition("=")[2]


def yes(abroad: Abroad, name: str) -> Mapping[str, Any]:
    return told(abroad.complete(name, Consent.YES))


@pytest.mark.parametrize("status", ENDS)
def test_what_ends_between_login_and_yes_ends_the_login_and_there_is_no_code(abroad: Abroad, status: str) -> None:
    name = at_consent(abroad)
    publish(abroad, status)
    answer = yes(abroad, name)

    assert "code" not in answer
    assert answer["error"] == "access_denied"


@pytest.mark.parametrize("status", ENDS)
def test_what_ends_between_yes_and_token_makes_the_code_good_for_nothing(abroad: Abroad, status: str) -> None:
    code = yes(abroad, at_consent(abroad))["code"]
    publish(abroad, status)
    response = abroad.redeem(code)

    assert (response.status_code, response.json()["error"]) == (400, "invalid_grant")
    assert response.json()["code"] == ENDS[status]
    assert "id_token" not in response.json()


def test_what_ends_after_the_token_releases_nothing_at_userinfo(abroad: Abroad) -> None:
    token = abroad.redeemed(yes(abroad, at_consent(abroad))["code"])["access_token"]
    assert shown(abroad, token).status_code == 200
    publish(abroad, "compromised")
    response = shown(abroad, token)

    assert response.status_code == 401
    assert response.json()["error"] == "invalid_token"
    assert response.json()["code"] == "issuer.compromised"
    assert "verified_claims" not in response.json()


def test_a_list_that_says_the_same_again_ends_nothing(abroad: Abroad) -> None:
    name = at_consent(abroad)
    abroad.node.clock.turn(seconds=30)
    at = abroad.node.clock.now()
    snapshot = abroad.node.region.reissued(MemberState.SG, at=at).snapshot(at=at)
    state = NodeState(snapshot, Verifier(trust=snapshot, status=EMPTY_STATUS))
    assert abroad.node.app.state.trust.exchange(state)

    assert "id_token" in abroad.redeemed(yes(abroad, name)["code"])
