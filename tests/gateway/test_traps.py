"""The traps that other servers and libraries fell into when they were measured: one test for each, by its name.

What the first of them were is in ADR 23. Where a trap has more sides, the tests beside the code have them all:
``test_pushed_requests``, ``test_code_grant``, ``test_logout``, and ``tests/oidc``.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from idbridge.codec import base64url
from idbridge.credential.encrypted import received
from idbridge.crypto.jwe import decryption_key, encrypt
from idbridge.crypto.jws import sign_compact
from idbridge.crypto.keys import jwk_of
from idbridge.crypto.signer import FileSigner, generate
from idbridge.oidc.pkce import challenge_of
from idbridge_gateway.oidc.completion import Consent
from tests.gateway.providing import CALLBACK, DPOP_KEY, FORM, KEY, VERIFIER, Bank, bank_in, error_of, page_of, told
from tests.source import source_files
from tests.test_architecture import imported

SECOND = generate("ES256", kid="bank-second")


@pytest.fixture
def bank(shared_files: Path) -> Bank:
    return bank_in(shared_files)


def test_trap_a_jwe_whose_header_copies_claims_is_opened() -> None:
    """oidc-provider copies `iss` and `aud` into the header of its JWEs; joserfc refuses them unless told otherwise."""
    private = ec.generate_private_key(ec.SECP256R1())
    inner = sign_compact({"typ": "JWT"}, b'{"iss":"https://login.sg.example"}', KEY)
    header = {"cty": "JWT", "iss": "https://login.sg.example", "aud": "https://node.th.example"}
    sealed = encrypt(
        inner.encode(), to=jwk_of(private.public_key()), algorithm="ECDH-ES+A256KW", encoding="A256GCM", header=header
    )

    opened, encryption = received(sealed, (decryption_key(private),))

    assert opened == inner
    assert encryption is not None
    assert encryption.refused is None


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": VERIFIER, "code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"scope": "admin"}, "invalid_scope"),
        ({"nonce": "n" * 2_000}, "invalid_request"),
    ],
    ids=["no PKCE", "plain PKCE", "PKCE without method", "scope", "nonce"],
)
def test_trap_a_pushed_request_with_a_fault_is_answered_by_json_and_not_by_a_redirect(
    bank: Bank, changes: dict[str, Any], error: str
) -> None:
    assert error_of(bank.push(**changes))[0] == error


@pytest.mark.parametrize("others", [[], ["https://other.example"]], ids=["alone", "with another"])
def test_trap_a_client_assertion_with_an_array_of_audiences_is_refused(bank: Bank, others: list[str]) -> None:
    form = {
        **bank.proves("bank"),
        **bank.asked(),
        "client_assertion": bank.assertion("bank", aud=[bank.issuer, *others]),
    }

    assert error_of(bank.post("/oauth/par", form), 401) == ("invalid_client", "oidc.audience_mismatch")


def test_trap_pkce_is_demanded_of_clients_that_authenticate_too(bank: Bank) -> None:
    code = bank.code()

    assert error_of(bank.redeem(code, code_verifier=None))[0] == "invalid_grant"
    assert error_of(bank.redeem(code, code_verifier=challenge_of(VERIFIER)))[0] == "invalid_grant"
    assert bank.redeem(code).status_code == 200


def test_trap_every_authorization_response_says_who_answers(bank: Bank) -> None:
    name = bank.begin()
    bank.complete(name, bank.report())
    answers = [
        told(bank.complete(name, Consent.YES)),
        told(bank.complete(bank.begin(), Consent.NO)),
        told(bank.authorize(client_id="bank", request_uri=bank.pushed(prompt="none"))),
    ]

    assert ["code" in answer for answer in answers] == [True, False, False]
    assert [answer["iss"] for answer in answers] == [bank.issuer] * 3


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_trap_userinfo_takes_a_token_without_any_framework_of_a_library(bank: Bank, method: str) -> None:
    token = bank.redeem(bank.code()).json()["access_token"]
    proof = bank.proof("/oauth/userinfo", method, ath=challenge_of(token))
    headers = {"authorization": f"DPoP {token}", "dpop": proof}

    assert bank.node.send(method, "/oauth/userinfo", headers=headers).status_code == 200


def at_once(bank: Bank, ask: Callable[[httpx2.AsyncClient], list[Awaitable[Any]]]) -> list[Any]:
    async def gathered() -> list[Any]:
        async with bank.node.client() as client:
            return list(await asyncio.gather(*ask(client)))

    return asyncio.run(gathered())


def test_trap_a_code_is_looked_up_and_spent_in_one_step(bank: Bank) -> None:
    code = bank.code("shop")
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    body = urlencode({**form, **bank.proves("shop")}).encode()
    answers = at_once(bank, lambda client: [client.post("/oauth/token", content=body, headers=FORM) for _ in range(8)])

    assert [answer.status_code for answer in answers].count(200) <= 1
    assert all(answer.json()["error"] == "invalid_grant" for answer in answers if answer.status_code != 200)


def test_trap_a_mistake_or_a_missing_nonce_does_not_cost_the_code(bank: Bank) -> None:
    """To spend the code at its look-up would be atomic as well, and would take it from an honest client."""
    code = bank.code()

    assert error_of(bank.redeem(code, code_verifier="w" * 43))[0] == "invalid_grant"
    assert error_of(bank.redeem(code, proof=bank.proof("/oauth/token", nonce=None)))[0] == "use_dpop_nonce"
    assert bank.redeem(code).status_code == 200


def test_trap_a_code_that_comes_again_takes_back_what_it_gave(bank: Bank) -> None:
    code = bank.code()
    token = bank.redeem(code).json()["access_token"]

    assert error_of(bank.redeem(code)) == ("invalid_grant", "holder.replayed")
    asked = bank.post("/oauth/introspect", {**bank.proves("bank"), "token": token})
    assert asked.json() == {"active": False}


def test_trap_no_rule_hangs_on_the_order_of_a_librarys_hooks() -> None:
    users = [path for path in source_files() if imported(path) & {"authlib", "oauthlib", "idpyoidc"}]

    assert users == []


ASSERTIONS: dict[str, tuple[Callable[[int], dict[str, Any]], str]] = {
    "ClientAssertionWithExpIs5MinutesInPastFails": (lambda now: {"iat": now - 360, "exp": now - 300}, "time.expired"),
    "good for an hour": (lambda now: {"exp": now + 3600}, "time.too_old"),
    "EnsureClientAssertionWithWrongAudFails": (lambda _: {"aud": "https://other.example"}, "oidc.audience_mismatch"),
    "no audience": (lambda _: {"aud": None}, "oidc.audience_missing"),
}


@pytest.mark.parametrize("name", ASSERTIONS)
def test_trap_a_signature_that_verifies_is_not_yet_an_assertion(bank: Bank, name: str) -> None:
    """To decode a JWT checks neither its expiry nor its audience, in the libraries that were measured."""
    changes, code = ASSERTIONS[name]
    assertion = bank.assertion("bank", **changes(bank.now()))
    form = {**bank.proves("bank"), **bank.asked(), "client_assertion": assertion}

    assert error_of(bank.post("/oauth/par", form), 401) == ("invalid_client", code)


def resigned(head: str, claims: str, signer: FileSigner) -> str:
    signed = f"{head}.{claims}"
    return f"{signed}.{base64url.encode(signer.sign(signed.encode()))}"


def unnamed(bank: Bank, signer: FileSigner) -> str:
    """A client assertion that names no key."""
    head = base64url.encode(json.dumps({"alg": signer.algorithm, "typ": "JWT"}).encode())
    return resigned(head, bank.assertion("bank", signer).split(".")[1], signer)


def twice(token: str, member: str, signer: FileSigner) -> str:
    """The token with one of its members twice, signed again."""
    head, claims, _ = token.split(".")
    text = base64url.decode(claims).decode()
    doubled = text.replace(f'"{member}"', f'"{member}": "other", "{member}"', 1)
    assert doubled != text
    return resigned(head, base64url.encode(doubled.encode()), signer)


@pytest.mark.parametrize("signer", [KEY, SECOND], ids=["first", "second"])
def test_trap_a_token_that_names_no_key_is_tried_with_each_registered_one(
    shared_files: Path, signer: FileSigner
) -> None:
    bank = bank_in(shared_files, jwks=(KEY.public_jwk, SECOND.public_jwk))
    form = {**bank.proves("bank"), **bank.asked(), "client_assertion": unnamed(bank, signer)}
    foreign = {**form, "client_assertion": unnamed(bank, generate("ES256"))}

    assert error_of(bank.post("/oauth/par", foreign), 401) == ("invalid_client", "jose.signature_invalid")
    assert bank.post("/oauth/par", form).status_code == 201


def test_trap_a_member_that_stands_twice_is_refused_and_not_read_by_its_last_value(bank: Bank) -> None:
    """Two parsers, two people: `{"sub":"a","sub":"b"}` is `b` to both libraries that were measured."""
    assertion = twice(bank.assertion("bank"), "sub", KEY)
    proof = twice(bank.proof("/oauth/token"), "jti", DPOP_KEY)
    form = {**bank.proves("bank"), **bank.asked(), "client_assertion": assertion}

    assert error_of(bank.post("/oauth/par", form), 401) == ("invalid_client", "input.malformed")
    assert error_of(bank.redeem(bank.code(), proof=proof)) == ("invalid_dpop_proof", "input.malformed")
    assert error_of(bank.push(claims='{"id_token":{},"id_token":{}}'))[0] == "invalid_request"


def test_trap_a_parameter_that_stands_twice_is_refused_and_not_read_by_its_last_value(bank: Bank) -> None:
    form = {**bank.proves("bank"), **bank.asked()}
    body = f"{urlencode(form)}&redirect_uri=https%3A%2F%2Fevil.example".encode()

    assert error_of(bank.post("/oauth/par", body)) == ("invalid_request", "input.request_malformed")


def test_trap_a_logout_takes_no_token_of_another_issuer_or_kind_for_its_hint(bank: Bank) -> None:
    signer = bank.provider.turns.issuing.current().signers[0]
    good = {"iss": bank.issuer, "aud": "bank", "sub": "x", "iat": bank.now(), "exp": bank.now() + 60}
    hints = [
        sign_compact({"typ": "JWT"}, json.dumps({**good, "iss": "https://evil.example"}).encode(), signer),
        sign_compact({"typ": "logout+jwt"}, json.dumps(good).encode(), signer),
        sign_compact({"typ": "idbridge-assertion+jwt"}, json.dumps(good).encode(), signer),
    ]

    for hint in hints:
        page_of(bank.node.send("GET", f"/oauth/logout?id_token_hint={hint}"))


def test_trap_a_provider_that_states_no_level_proved_the_lowest_and_not_what_was_asked_for(bank: Bank) -> None:
    """oidc-provider returned no `acr` although asked for one: a level that nobody stated is never the one demanded."""
    asked = {"id_token": {"acr": {"essential": True, "value": "urn:idbridge:loa:A2"}}}
    name = bank.begin(claims=json.dumps(asked))
    without = bank.report(case="level-missing", claims=[])

    assert without.reason is not None
    assert without.reason.code == "recognition.loa_too_low"
    assert told(bank.complete(name, without))["error"] == "access_denied"
