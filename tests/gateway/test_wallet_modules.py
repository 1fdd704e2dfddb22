"""The node as a verifier of OpenID4VP 1.0, held to the OpenID conformance suite's modules for verifiers, by name.

Each runs in the variants of the suite: both client identifier prefixes, both response modes. A module that must fail is
refused by the one opaque answer, and the relying party is told why.
"""

import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest

from idbridge.codec import base64url
from idbridge.sandbox.edits import After
from idbridge.sandbox.mdocs import Mdoc
from tests.gateway.asking import Node
from tests.gateway.wallets import MDOC_QUERY, PID, Asked, Wallets, opaque

_YEAR = 365 * 24 * 3600
MDOC = Mdoc("sg-mdoc", "sg-tan")


@pytest.fixture(params=["x509_hash", "x509_san_dns"])
def prefix(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=["direct_post", "direct_post.jwt"])
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def wallets(node: Node) -> Wallets:
    return Wallets(node)


@pytest.fixture
def ordered(wallets: Wallets, prefix: str, mode: str) -> dict[str, Any]:
    return wallets.ordered(client_id_prefix=prefix, response_mode=mode)


@pytest.fixture
def ordered_mdoc(wallets: Wallets, prefix: str, mode: str) -> dict[str, Any]:
    return wallets.ordered(client_id_prefix=prefix, response_mode=mode, dcql=MDOC_QUERY, claims=["name"])


def accepted(wallets: Wallets, ordered: dict[str, Any], asked: Asked, token: Any) -> None:
    response = wallets.answer(asked, token)
    assert (response.status_code, response.json()) == (200, {})
    assert wallets.seen(ordered)["report"]["accepted"] is True


def refused(wallets: Wallets, ordered: dict[str, Any], asked: Asked, token: Any, code: str) -> None:
    opaque(wallets.answer(asked, token))
    report = wallets.seen(ordered)["report"]
    assert (report["accepted"], report["reason"]["code"], report["claims"]) == (False, code, {})


def flipped(text: str) -> str:
    """A JWT whose signature was changed in its first octet."""
    head, _, tail = text.rpartition(".")
    octets = bytearray(base64url.decode(tail))
    octets[0] ^= 1
    return f"{head}.{base64url.encode(bytes(octets))}"


def test_happy_flow(wallets: Wallets, ordered: dict[str, Any]) -> None:
    asked = wallets.asked(ordered)

    accepted(wallets, ordered, asked, wallets.vp_token(asked))


def test_happy_flow_iso_mdl(wallets: Wallets, ordered_mdoc: dict[str, Any]) -> None:
    asked = wallets.asked(ordered_mdoc)

    accepted(wallets, ordered_mdoc, asked, wallets.vp_token(asked, MDOC))


def test_request_uri_fetched_twice(wallets: Wallets, ordered: dict[str, Any]) -> None:
    first, second = wallets.asked(ordered), wallets.asked(ordered, nonce="nonce-of-the-wallet")

    assert first.claims["nonce"] == second.claims["nonce"]
    accepted(wallets, ordered, second, wallets.vp_token(second))


def test_minimal_cnf_jwk(wallets: Wallets, ordered: dict[str, Any]) -> None:
    asked = wallets.asked(ordered)
    key = wallets.node.region.wallet(PID.person).public_jwk
    minimal = {name: key[name] for name in ("kty", "crv", "x", "y")}

    accepted(wallets, ordered, asked, wallets.vp_token(asked, replace(PID, payload={"cnf": {"jwk": minimal}})))


def test_invalid_session_transcript(wallets: Wallets, ordered_mdoc: dict[str, Any]) -> None:
    asked = wallets.asked(ordered_mdoc)

    token = wallets.vp_token(asked, MDOC, nonce="another-nonce")
    refused(wallets, ordered_mdoc, asked, token, "holder.signature_invalid")


def test_invalid_kb_jwt_signature(wallets: Wallets, ordered: dict[str, Any]) -> None:
    asked = wallets.asked(ordered)

    refused(wallets, ordered, asked, {"pid": [flipped(wallets.presented(asked))]}, "holder.signature_invalid")


def test_invalid_credential_signature(wallets: Wallets, ordered: dict[str, Any]) -> None:
    asked = wallets.asked(ordered)
    issued, _, rest = wallets.presented(asked).partition("~")

    refused(wallets, ordered, asked, {"pid": [f"{flipped(issued)}~{rest}"]}, "jose.signature_invalid")


def test_invalid_credential_signature_iso_mdl(wallets: Wallets, ordered_mdoc: dict[str, Any]) -> None:
    asked = wallets.asked(ordered_mdoc)

    def changed(issued: dict[str, Any]) -> dict[str, Any]:
        protected, unprotected, payload, signature = issued["issuerAuth"]
        return {**issued, "issuerAuth": [protected, unprotected, payload, bytes([signature[0] ^ 1]) + signature[1:]]}

    token = wallets.vp_token(asked, replace(MDOC, tampered=changed))
    refused(wallets, ordered_mdoc, asked, token, "jose.signature_invalid")


def test_invalid_sd_hash(wallets: Wallets, ordered: dict[str, Any]) -> None:
    asked = wallets.asked(ordered)
    other = base64url.encode(hashlib.sha256(b"another presentation").digest())

    token = wallets.vp_token(asked, replace(PID, kb_claims={"sd_hash": other}))
    refused(wallets, ordered, asked, token, "holder.sd_hash_mismatch")


def test_invalid_kb_jwt_nonce(wallets: Wallets, ordered: dict[str, Any]) -> None:
    asked = wallets.asked(ordered)

    refused(wallets, ordered, asked, wallets.vp_token(asked, nonce="another-nonce"), "holder.nonce_mismatch")


def test_invalid_kb_jwt_aud(wallets: Wallets, ordered: dict[str, Any]) -> None:
    asked = wallets.asked(ordered)

    token = wallets.vp_token(asked, client_id="x509_hash:another")
    refused(wallets, ordered, asked, token, "holder.audience_mismatch")


def test_kb_jwt_iat_in_past(wallets: Wallets, ordered: dict[str, Any]) -> None:
    asked = wallets.asked(ordered)

    token = wallets.vp_token(asked, replace(PID, kb_claims={"iat": After(-_YEAR)}))
    refused(wallets, ordered, asked, token, "holder.not_fresh")


def test_kb_jwt_iat_in_future(wallets: Wallets, ordered: dict[str, Any]) -> None:
    asked = wallets.asked(ordered)

    token = wallets.vp_token(asked, replace(PID, kb_claims={"iat": After(_YEAR)}))
    refused(wallets, ordered, asked, token, "holder.not_fresh")


def test_a_transaction_that_its_holder_authorised_is_accepted(wallets: Wallets, prefix: str, mode: str) -> None:
    text = base64url.encode(json.dumps({"type": "pay", "credential_ids": ["pid"], "amount": "5"}).encode())
    ordered = wallets.ordered(client_id_prefix=prefix, response_mode=mode, transaction_data=[text])
    asked = wallets.asked(ordered)
    digest = base64url.encode(hashlib.sha256(text.encode()).digest())

    accepted(
        wallets, ordered, asked, wallets.vp_token(asked, replace(PID, kb_claims={"transaction_data_hashes": [digest]}))
    )
