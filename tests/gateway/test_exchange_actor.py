"""Token exchange with an actor: who may act for whom, and that nothing gets wider, higher or longer-lived by it."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from idbridge.codec import base64url
from idbridge.evidence.dispute_affected import Recalled, affected
from idbridge.model.randomness import SystemRandomness
from idbridge.sandbox.bench import Bench
from idbridge.sandbox.catalogue import case_named, entries
from idbridge.sandbox.logins import Login
from idbridge.sandbox.recipe import Shown
from tests.gateway.asking import LOGIN, Node
from tests.gateway.clocks import NOON
from tests.gateway.recording import leaves
from tests.gateway.test_exchange import (
    ID_TOKEN,
    SD_JWT,
    client_assertion,
    error_of,
    exchange,
    exchanging,
    form_of,
    granted,
)

__all__ = ["exchanging"]

COMPANY = "vn-organisation-logs-in-itself"
REPRESENTATIVE = "vn-organisation-acts-for-company"
OTHER_COMPANY = "sg-representative-acts-for-company"
ACTOR = Login("my-login", "my-aisyah")
NEIGHBOUR = Login("sg-login", "sg-kavitha")
VISIT = {"purpose": "building-visit", "released_claims": "name", "actor_expected": None}


def shown(node: Node, source: Any, **edits: Any) -> Shown:
    """What a source shows to the bank now, with ``edits`` to the claims of a login."""
    bench = Bench(node.region, node.clock.now(), SystemRandomness())
    made = replace(source, token={**source.token, **edits}) if edits else source
    found: Shown = made.shown(bench, to=node.region.registration("th-bank"))
    return found


def claims_of(token: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(base64url.decode(token.split(".")[1]))
    return found


def named(token: str) -> dict[str, Any]:
    claims = claims_of(token)
    return {"iss": claims["iss"], "sub": claims["sub"]}


def delegated(node: Node, *, actor: Any = ACTOR, may_act: Any = None, **changes: Any) -> dict[str, str]:
    """An exchange of a login that names ``actor``'s login, or says ``may_act`` in place of it."""
    by = shown(node, actor)
    subject = shown(node, entries()[LOGIN].recipe.source, may_act=named(by.credential) if may_act is None else may_act)
    return form_of(node, **{
        "subject_token": subject.credential,
        "subject_expected": json.dumps({"nonce": subject.nonce}),
        "actor_token": by.credential,
        "actor_token_type": ID_TOKEN,
        "actor_expected": json.dumps({"nonce": by.nonce}),
        **changes,
    })  # fmt: skip


def for_company(node: Node, representative: str, **changes: Any) -> dict[str, str]:
    """An exchange of a company's own login, with the credential of somebody who represents one."""
    subject, actor = (json.loads(node.case(name).body) for name in (COMPANY, representative))
    return form_of(node, **{
        "subject_token": subject["credential"],
        "subject_expected": json.dumps(subject["expected"]),
        "purpose": case_named(COMPANY).purpose,
        "released_claims": "address",
        "actor_token": actor["credential"],
        "actor_token_type": SD_JWT,
        "actor_expected": json.dumps(actor["expected"]),
        **changes,
    })  # fmt: skip


@pytest.mark.parametrize(
    "may_act",
    [
        {"sub": "somebody-else"},
        {"iss": "https://login.sg.example", "sub": "somebody-else"},
        {"iss": "https://login.sg.example"},
        {},
        [],
        "anybody",
        {"sub": ["a", "b"]},
        {"sub": {}},
    ],
    ids=str,
)
def test_whoever_the_login_does_not_name_does_not_act(exchanging: Node, may_act: Any) -> None:
    refused = exchange(exchanging, delegated(exchanging, may_act=may_act))

    assert error_of(refused) == ("invalid_grant", "mandate.missing")


def test_the_same_identifier_at_another_provider_is_somebody_else(exchanging: Node) -> None:
    by = shown(exchanging, ACTOR)

    refused = exchange(exchanging, delegated(exchanging, may_act={"sub": claims_of(by.credential)["sub"]}))

    assert error_of(refused) == ("invalid_grant", "mandate.missing")


def test_a_condition_that_is_not_read_here_lets_nobody_act(exchanging: Node) -> None:
    by = shown(exchanging, ACTOR)
    refused = exchange(exchanging, delegated(exchanging, may_act={**named(by.credential), "only": "on Sundays"}))

    assert error_of(refused) == ("invalid_grant", "mandate.missing")


def test_nobody_acts_for_a_login_that_names_nobody(exchanging: Node) -> None:
    actor = shown(exchanging, ACTOR)
    form = form_of(
        exchanging,
        actor_token=actor.credential,
        actor_token_type=ID_TOKEN,
        actor_expected=json.dumps({"nonce": actor.nonce}),
    )

    assert error_of(exchange(exchanging, form)) == ("invalid_grant", "mandate.missing")


def test_a_login_under_which_somebody_acts_already_is_passed_on_to_nobody(exchanging: Node) -> None:
    chained = replace(ACTOR, token={"act": {"sub": "an-agent"}})

    refused = exchange(exchanging, delegated(exchanging, actor=chained))

    assert error_of(refused) == ("invalid_grant", "oidc.token_confusion")


@pytest.mark.parametrize("fault", ["nonce", "client", "key", "expired", "type"])
def test_an_actor_is_verified_like_the_subject(exchanging: Node, fault: str) -> None:
    changes: dict[str, Any] = {}
    actor: Any = ACTOR
    if fault == "nonce":
        changes["actor_expected"] = '{"nonce":"another"}'
    elif fault == "client":
        actor = replace(ACTOR, client_of="sg-bank")
    elif fault == "key":
        actor = replace(ACTOR, signed_by="sg-login")
    elif fault == "expired":
        actor = replace(ACTOR, ago=timedelta(days=1))
    else:
        changes["actor_token_type"] = SD_JWT
    expected = {
        "nonce": "oidc.nonce_mismatch", "client": "oidc.audience_mismatch", "key": "jose.signature_invalid",
        "expired": "time.expired", "type": "input.format_mismatch",
    }  # fmt: skip

    error, code = error_of(exchange(exchanging, delegated(exchanging, actor=actor, **changes)))

    assert error == "invalid_grant"
    assert code == expected[fault]


def test_a_representative_of_another_company_does_not_act(exchanging: Node) -> None:
    refused = exchange(exchanging, for_company(exchanging, OTHER_COMPANY))

    assert error_of(refused) == ("invalid_grant", "mandate.entity_mismatch")


def test_a_company_is_nobodys_representative(exchanging: Node) -> None:
    other = json.loads(exchanging.case(COMPANY).body)
    changes = {
        "actor_token": other["credential"],
        "actor_token_type": ID_TOKEN,
        "actor_expected": json.dumps(other["expected"]),
    }

    refused = exchange(exchanging, for_company(exchanging, REPRESENTATIVE, **changes))

    assert error_of(refused) == ("invalid_grant", "mandate.missing")


def test_what_is_refused_spends_neither_token(exchanging: Node) -> None:
    form = delegated(exchanging)
    actor = form.pop("actor_token")
    other = shown(exchanging, ACTOR)
    wrong = {**form, "actor_token": other.credential, "actor_expected": json.dumps({"nonce": other.nonce})}
    wrong["subject_token"] = form_of(exchanging)["subject_token"]
    assert exchange(exchanging, wrong).status_code == 400

    again = {**form, "actor_token": actor, "client_assertion": client_assertion(exchanging, "bank")}

    assert exchange(exchanging, again).status_code == 200


def test_one_login_of_an_actor_counts_once_for_each_login_that_names_it(exchanging: Node) -> None:
    by = shown(exchanging, NEIGHBOUR)
    named_alone = {"sub": claims_of(by.credential)["sub"]}
    first, second = (delegated(exchanging, may_act=named_alone, actor_token=by.credential, **VISIT) for _ in range(2))

    assert exchange(exchanging, first).status_code == 200
    assert exchange(exchanging, second).status_code == 200
    again = {**second, "client_assertion": client_assertion(exchanging, "bank")}
    assert error_of(exchange(exchanging, again)) == ("invalid_grant", "holder.replayed")


def test_a_login_of_an_actor_with_a_nonce_counts_once_and_spends_no_login_of_a_subject_after_that(
    exchanging: Node,
) -> None:
    by = shown(exchanging, ACTOR)
    of_actor = {"actor_token": by.credential, "actor_expected": json.dumps({"nonce": by.nonce})}
    first, second = (delegated(exchanging, may_act=named(by.credential), **of_actor) for _ in range(2))
    assert exchange(exchanging, first).status_code == 200

    assert error_of(exchange(exchanging, second)) == ("invalid_grant", "holder.replayed")
    alone = {name: value for name, value in second.items() if not name.startswith("actor_")}
    alone["client_assertion"] = client_assertion(exchanging, "bank")
    assert exchange(exchanging, alone).status_code == 200


def test_an_agent_that_the_login_names_acts_and_the_assertion_says_so(exchanging: Node) -> None:
    alone = granted(exchanging, form_of(exchanging))[2]
    document, _, claims = granted(exchanging, delegated(exchanging))

    assert claims["sub"] == alone["sub"]
    assert claims["act"].keys() == {"sub", "acr", "origin", "represents"}
    assert claims["act"]["origin"] == {"state": "MY", "issuer": "https://sandbox.login.my.example"}
    assert claims["act"]["sub"] != claims["sub"]
    assert claims["verified_claims"]["claims"] == alone["verified_claims"]["claims"]
    assert document["expires_in"] <= 300


def test_no_level_is_above_that_of_who_acts(exchanging: Node) -> None:
    alone = granted(exchanging, form_of(exchanging))[2]
    unbound = delegated(exchanging, actor=NEIGHBOUR, **VISIT)
    claims = granted(exchanging, unbound)[2]

    assert claims["act"]["acr"] == claims["acr"] == "urn:idbridge:loa:A1"
    assert set(claims["assurance"].values()) == {"A1"}
    assert claims["verified_claims"]["verification"]["assurance_level"] == "A1"
    assert alone["acr"] == "urn:idbridge:loa:A3"


def test_a_representative_acts_for_the_company_that_logged_in(exchanging: Node) -> None:
    _, _, claims = granted(exchanging, for_company(exchanging, REPRESENTATIVE))

    assert claims["represents"]["acting"] == "itself"
    assert claims["act"]["represents"]["entity"] == claims["represents"]["entity"]
    assert claims["act"]["origin"]["issuer"] == "https://sandbox.tochuc.vn.example"
    assert "name" not in claims["verified_claims"]["claims"]


def test_both_forms_name_the_same_actor(exchanging: Node) -> None:
    assertion = granted(exchanging, delegated(exchanging))[2]
    login = granted(exchanging, delegated(exchanging, requested_token_type=ID_TOKEN))[2]

    assert login["act"] == assertion["act"]


@pytest.mark.parametrize("service", ["my-login", "sg-login"])
def test_a_recall_of_the_key_of_either_login_names_the_assertion_that_rests_on_both(
    exchanging: Node, service: str
) -> None:
    """The relying party was told of one report, and would not know any other."""
    before = len(leaves(exchanging.settings))
    claims = granted(exchanging, delegated(exchanging))[2]
    key = exchanging.region.service(service).signer.kid

    found = affected(leaves(exchanging.settings)[before:], Recalled(NOON - timedelta(days=1), key=key))

    assert found == {"th-bank": (claims["report_id"],)}
