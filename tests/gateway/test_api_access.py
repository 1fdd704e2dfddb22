"""A token instead of an API key, at the API of a node: first whoever does not get in, and why."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from idbridge.crypto.signer import generate
from idbridge.limits import LIMITS
from idbridge.model.randomness import SystemRandomness
from idbridge.model.region import MemberState
from idbridge.oidc.api_token import ApiToken
from idbridge.oidc.metadata import Endpoints
from idbridge.oidc.pkce import challenge_of
from idbridge_gateway.api.faults import ONE_TIME_FULL
from idbridge_gateway.oidc.api_tokens import ApiTokens
from idbridge_gateway.registry.record import RequestLimits
from tests.gateway.asking import LOGIN, node_in, problem_of, verdict_of
from tests.gateway.bank_tokens import VERIFY, TokenBank, bank_of, token_bank
from tests.gateway.clocks import NOON
from tests.gateway.providing import OTHER_DPOP_KEY, error_of
from tests.gateway.wallets import ORDER

OWN = "https://sandbox.bank.th.example"
PRESENTATIONS = "/v1/presentations"


@pytest.fixture
def bank(shared_files: Path) -> TokenBank:
    return token_bank(shared_files)


def challenge_in(response: Any) -> str:
    """The error of the challenge, after a look at the problem that it comes with."""
    assert problem_of(response, 401) == "policy.unauthenticated"
    challenge = response.headers["www-authenticate"]
    assert challenge.startswith("DPoP ")
    return str(challenge.partition('error="')[2].partition('"')[0])


PROOFS: dict[str, tuple[dict[str, Any], str]] = {
    "without the hash of the token": ({"ath": None}, "invalid_dpop_proof"),
    "of another token": ({"ath": challenge_of("x")}, "invalid_dpop_proof"),
    "of another key": ({"key": OTHER_DPOP_KEY}, "invalid_dpop_proof"),
    "of another method": ({"htm": "GET"}, "invalid_dpop_proof"),
    "of another address": ({"htu": "https://sandbox.node.th.example/v1/verify/batch"}, "invalid_dpop_proof"),
    "of another node": ({"htu": "https://sandbox.node.sg.example/v1/verify"}, "invalid_dpop_proof"),
    "without an id": ({"jti": None}, "invalid_dpop_proof"),
    "without a time": ({"iat": None}, "invalid_dpop_proof"),
    "without a nonce": ({"nonce": None}, "use_dpop_nonce"),
    "with a nonce of nobody": ({"nonce": "A" * 22}, "use_dpop_nonce"),
}


@pytest.mark.parametrize("name", PROOFS)
def test_a_token_with_a_proof_that_is_not_good_opens_nothing(bank: TokenBank, name: str) -> None:
    changes, error = PROOFS[name]

    assert challenge_in(bank.verified(bank.token(), **changes)) == error


@pytest.mark.parametrize("seconds", [-60, 61])
def test_a_proof_of_another_minute_opens_nothing(bank: TokenBank, seconds: int) -> None:
    response = bank.verified(bank.token(), iat=bank.now() + seconds)

    assert challenge_in(response) == "invalid_dpop_proof"


def test_a_token_without_any_proof_opens_nothing(bank: TokenBank) -> None:
    assert challenge_in(bank.verified(bank.token(), headers={"dpop": None})) == "invalid_dpop_proof"


def test_two_proofs_are_one_too_many(bank: TokenBank) -> None:
    token = bank.token()
    headers = [*bank.access_by(token).items(), ("dpop", bank.proof(VERIFY, ath=challenge_of(token)))]

    assert problem_of(bank.node.send("POST", VERIFY, body={}, headers=headers), 400) == "input.request_malformed"


def test_a_proof_counts_once(bank: TokenBank) -> None:
    token = bank.token()
    headers = bank.access_by(token)
    assert bank.verified(token, headers=headers).status_code == 200

    assert challenge_in(bank.verified(token, headers=headers)) == "invalid_dpop_proof"


def test_of_one_proof_in_many_requests_at_once_one_counts(bank: TokenBank) -> None:
    headers = bank.access_by(bank.token())
    body = bank.node.case(LOGIN).body

    async def sent() -> list[int]:
        async with bank.node.client() as client:
            asked = (client.post(VERIFY, content=body, headers=headers) for _ in range(8))
            return [response.status_code for response in await asyncio.gather(*asked)]

    assert sorted(asyncio.run(sent())) == [200, *[401] * 7]


@pytest.mark.parametrize("scheme", ["Bearer", "Basic", "DPoP2"])
def test_a_token_is_no_api_key(bank: TokenBank, scheme: str) -> None:
    token = bank.token()
    response = bank.verified(token, headers={"authorization": f"{scheme} {token}"})

    assert problem_of(response, 401) == "policy.unauthenticated"
    assert response.headers["www-authenticate"] == 'Bearer realm="idbridge"'


def test_an_api_key_is_no_token(bank: TokenBank) -> None:
    key = bank.node.region.keys.api["th-bank"]

    assert challenge_in(bank.verified(key)) == "invalid_token"


@pytest.mark.parametrize("query", ["access_token=x", "a=1&access%5Ftoken=x"])
def test_a_token_in_the_query_is_refused(bank: TokenBank, query: str) -> None:
    token = bank.token()
    for path in (VERIFY, PRESENTATIONS):
        response = bank.node.send("POST", f"{path}?{query}", body={}, headers=bank.access_by(token, path))
        assert problem_of(response, 400) == "input.request_malformed"


FORGED: dict[str, dict[str, Any]] = {
    "another key": {},
    "alg none": {"own": True, "cut": "none"},
    "a changed signature": {"own": True, "cut": "signature"},
    "the type of an ID token": {"own": True, "header": {"typ": "JWT"}},
    "the type of an assertion": {"own": True, "header": {"typ": "idbridge-assertion+jwt"}},
    "no key of that name": {"own": True, "header": {"kid": "other"}},
    "another audience": {"own": True, "aud": "https://sandbox.node.sg.example/v1"},
    "the issuer as audience": {"own": True, "aud": "https://sandbox.node.th.example"},
    "audiences": {"own": True, "aud": ["https://sandbox.node.th.example/v1"]},
    "no audience": {"own": True, "aud": None},
    "another issuer": {"own": True, "iss": "https://sandbox.node.sg.example"},
    "another subject": {"own": True, "sub": "somebody"},
    "no client": {"own": True, "client_id": None, "sub": None},
    "no party": {"own": True, "relying_party": None},
    "no end": {"own": True, "exp": None},
    "no key": {"own": True, "cnf": None},
    "a certificate in place of a key": {"own": True, "cnf": {"x5t#S256": "A" * 43}},
    "a token that is too long": {"own": True, "jti": "j" * LIMITS.api_token_bytes},
}


@pytest.mark.parametrize("name", FORGED)
def test_what_this_node_did_not_issue_for_its_api_opens_nothing(bank: TokenBank, name: str) -> None:
    changes = dict(FORGED[name])
    cut = changes.pop("cut", None)
    forged = bank.forged(**changes)
    if cut == "none":
        forged = f"eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.{forged.split('.')[1]}."
    if cut == "signature":
        forged = forged[:-8] + "AAAAAAAA"

    assert challenge_in(bank.verified(forged)) == "invalid_token"


def test_the_twin_of_the_forged_tokens_opens_the_api(bank: TokenBank) -> None:
    assert verdict_of(bank.verified(bank.forged(own=True))) == ("PASSED", None)


@pytest.mark.parametrize("token", ["", "x", "..", "a.b.c", "\xe9", "eyJ" * 1000])
def test_what_is_no_token_at_all_opens_nothing(bank: TokenBank, token: str) -> None:
    sent = {**bank.access_by("x"), "authorization": f"DPoP {token}"}
    headers = [(name.encode(), text.encode("latin-1")) for name, text in sent.items()]

    assert challenge_in(bank.node.send("POST", VERIFY, body={}, headers=headers)) == "invalid_token"


def test_a_token_is_over_after_five_minutes_though_it_was_good_before(bank: TokenBank) -> None:
    token = bank.token()
    assert bank.verified(token).status_code == 200
    bank.node.clock.instant += LIMITS.api_token_lifetime

    assert challenge_in(bank.verified(token)) == "invalid_token"


def test_a_token_of_another_node_opens_nothing(shared_files: Path, bank: TokenBank) -> None:
    other = TokenBank(node_in(shared_files, state=MemberState.SG), bank.party)
    issued = other.forged(own=True)
    with_our_names = other.forged(own=True, iss=bank.issuer, aud=f"{bank.issuer}/v1")

    assert other.issuer != bank.issuer
    for token in (issued, with_our_names):
        assert challenge_in(bank.verified(token)) == "invalid_token"


def test_what_a_login_gives_opens_nothing_at_the_api(bank: TokenBank) -> None:
    given = bank.redeem(bank.code()).json()

    for token in (given["access_token"], given["id_token"]):
        assert challenge_in(bank.verified(token)) == "invalid_token"


def test_a_token_for_the_api_opens_no_userinfo(bank: TokenBank) -> None:
    token = bank.token()
    headers = bank.access_by(token, "/oauth/userinfo", "GET")

    assert error_of(bank.node.send("GET", "/oauth/userinfo", headers=headers), 401)[0] == "invalid_token"


def test_an_assertion_of_this_node_opens_nothing(bank: TokenBank) -> None:
    answer = bank.node.ask(assertion={"audience": OWN}).json()

    assert answer["assertion"], answer
    assert challenge_in(bank.verified(answer["assertion"])) == "invalid_token"


def test_nothing_is_answered_while_a_proof_cannot_be_spent(bank: TokenBank) -> None:
    token = bank.token()
    bank.faults.switch(ONE_TIME_FULL, on=True)
    assert problem_of(bank.verified(token), 503) == "system.overloaded"
    bank.faults.switch(ONE_TIME_FULL, on=False)

    assert bank.verified(token).status_code == 200


def test_a_party_or_client_that_is_switched_off_is_out_at_once(bank: TokenBank) -> None:
    token = bank.token()
    for changes in ({"party": {"enabled": False}}, {"enabled": False}):
        bank.register(**changes)
        assert problem_of(bank.verified(token), 403) == "policy.relying_party_disabled"


def test_a_client_that_lost_its_grant_is_out_at_once(bank: TokenBank) -> None:
    token = bank.token()
    bank.register(grants=frozenset({"authorization_code"}))

    assert challenge_in(bank.verified(token)) == "invalid_token"


def test_a_client_that_is_gone_is_out_at_once(bank: TokenBank) -> None:
    token = bank.token()
    bank.unregister()

    assert challenge_in(bank.verified(token)) == "invalid_token"


def test_a_token_does_not_go_over_to_another_party_with_the_name_of_its_client(bank: TokenBank) -> None:
    token = bank.token()
    bank.register(owner="th-tower")

    assert challenge_in(bank.verified(token)) == "invalid_token"


def test_a_registration_that_was_narrowed_bounds_a_token_from_before(bank: TokenBank) -> None:
    token = bank.token()
    assert bank.verified(token).status_code == 200
    bank.register({"purposes": frozenset({"age-check"})})

    assert verdict_of(bank.verified(token)) == ("FAILED", "policy.purpose_not_registered")


def test_a_party_has_its_limits_once_by_key_and_by_token(bank: TokenBank) -> None:
    token = bank.token()
    bank.limit(RequestLimits(1, 1))
    assert bank.node.ask().status_code == 200

    assert problem_of(bank.verified(token), 429) == "policy.rate_exceeded"


def test_a_token_opens_what_an_api_key_opens(bank: TokenBank) -> None:
    token = bank.token()
    by_token, by_key = bank.verified(token), bank.node.ask()

    assert verdict_of(by_token) == verdict_of(by_key) == ("PASSED", None)
    told = ("policy", "claims", "subject", "level")
    assert {name: by_token.json().get(name) for name in told} == {name: by_key.json().get(name) for name in told}
    assert by_token.headers["dpop-nonce"]
    assert "dpop-nonce" not in by_key.headers


def test_the_nonce_of_a_refusal_is_good_for_the_next_proof(bank: TokenBank) -> None:
    token = bank.token()
    refused = bank.verified(token, nonce=None)

    assert bank.verified(token, nonce=refused.headers["dpop-nonce"]).status_code == 200


def test_an_api_key_needs_no_proof_and_none_is_looked_at(bank: TokenBank) -> None:
    assert bank.node.ask(headers={"dpop": "anything"}).status_code == 200


def test_a_token_opens_the_batch(bank: TokenBank) -> None:
    path = "/v1/verify/batch"
    headers = bank.access_by(bank.token(), path)
    response = bank.node.send("POST", path, body={"items": [bank.node.item()]}, headers=headers)

    assert response.status_code == 200, response.text
    assert response.json()["items"][0]["indication"] == "PASSED"
    assert response.headers["dpop-nonce"]


def test_a_token_orders_looks_at_follows_and_cancels_a_presentation(bank: TokenBank) -> None:
    token = bank.token()

    def sent(method: str, path: str, body: Any = b"") -> Any:
        return bank.node.send(method, path, body=body, headers=bank.access_by(token, path, method))

    begun = sent("POST", PRESENTATIONS, ORDER)
    assert begun.status_code == 201, begun.text
    one = f"{PRESENTATIONS}/{begun.json()['id']}"
    looked = sent("GET", one)
    assert (looked.status_code, looked.json()["state"]) == (200, "pending")
    cancelled = sent("DELETE", one)
    followed = sent("GET", f"{one}/events")

    assert (cancelled.status_code, followed.status_code) == (204, 200)
    assert '"state":"cancelled"' in followed.text
    assert all("dpop-nonce" in answer.headers for answer in (begun, looked, cancelled, followed))


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_proof_for_one_presentation_opens_no_other(bank: TokenBank, method: str) -> None:
    token = bank.token()
    headers = bank.access_by(token, f"{PRESENTATIONS}/one", method)

    for other in ("other", "one%3Fother", "one/../other"):
        assert challenge_in(bank.node.send(method, f"{PRESENTATIONS}/{other}", headers=headers)) == "invalid_dpop_proof"


def test_a_presentation_is_of_the_party_and_not_of_the_way_it_showed_who_it_is(bank: TokenBank) -> None:
    begun = bank.node.send("POST", PRESENTATIONS, body=ORDER, headers=bank.node.access("th-bank"))
    one = f"{PRESENTATIONS}/{begun.json()['id']}"

    assert bank.node.send("GET", one, headers=bank.access_by(bank.token(), one, "GET")).status_code == 200


def test_a_question_repeated_under_its_key_is_one_whichever_way_the_party_showed_who_it_is(bank: TokenBank) -> None:
    body = bank.node.case(LOGIN).body
    repeated = {"idempotency-key": "question-1"}
    by_key = bank.node.send("POST", VERIFY, body=body, headers={**bank.node.access(), **repeated})
    by_token = bank.node.send("POST", VERIFY, body=body, headers={**bank.access_by(bank.token()), **repeated})

    assert verdict_of(by_key) == verdict_of(by_token) == ("PASSED", None)
    assert by_key.json()["report_id"] == by_token.json()["report_id"]


def test_every_worker_of_a_node_takes_the_tokens_of_the_others(shared_files: Path, bank: TokenBank) -> None:
    token = bank.token()
    other = bank_of(node_in(shared_files, faults=bank.faults))

    assert other.verified(token).status_code == 200


def test_tokens_that_were_verified_are_remembered_up_to_a_bound() -> None:
    tokens = ApiTokens(
        signer=generate("Ed25519"), endpoints=Endpoints("https://node.th.example"), randomness=SystemRandomness()
    )
    end = NOON + LIMITS.api_token_lifetime

    for _ in range(LIMITS.api_token_cache_entries):
        tokens.read(tokens.issue(ApiToken("bank", "th-bank", "thumbprint", end), at=NOON), at=NOON)
    assert len(tokens) == LIMITS.api_token_cache_entries
    tokens.read(tokens.issue(ApiToken("bank", "th-bank", "thumbprint", end), at=NOON), at=NOON)

    assert len(tokens) == 1


def test_the_contract_offers_both_ways(bank: TokenBank) -> None:
    document = bank.node.send("GET", "/openapi.json").json()
    schemes = document["components"]["securitySchemes"]

    assert schemes["relyingPartyToken"]["scheme"] == "DPoP"
    for path in (VERIFY, "/v1/verify/batch", PRESENTATIONS):
        assert document["paths"][path]["post"]["security"] == [{"relyingParty": []}, {"relyingPartyToken": []}]
