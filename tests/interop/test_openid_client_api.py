"""A relying party that we did not write asks the API by a token: npm ``openid-client``, first where it may not."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from idbridge.crypto.signer import file_signer
from idbridge.oidc.client import AUTHORIZATION_CODE
from idbridge_gateway.serving import BackgroundServer
from tests.engines import require_engine, require_node_packages
from tests.gateway.asking import LOGIN, REFUSED
from tests.gateway.bank_tokens import TokenBank, token_bank

SECONDS = 60
SIGNING = ec.generate_private_key(ec.SECP256R1())
SIGNER = file_signer(SIGNING, kid="rp-1")


@pytest.fixture
def bank(tmp_path: Path) -> TokenBank:
    bank = token_bank(tmp_path)
    bank.register(jwks=(SIGNER.public_jwk,))
    return bank


def asked_by_openid_client(bank: TokenBank, *questions: bytes) -> dict[str, Any]:
    """What the program tells of its questions to a node that is up."""
    script = require_node_packages() / "ask_openid_client.mjs"
    with BackgroundServer(bank.node.app) as server:
        told = {
            "issuer": bank.issuer, "base": server.url, "now": bank.now(), "client_id": "bank",
            "signing": SIGNING.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
            "signing_kid": "rp-1", "questions": [question.decode() for question in questions],
        }  # fmt: skip
        ran = subprocess.run(
            [require_engine("node"), script],
            input=json.dumps(told),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=True,
        )
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


def test_without_the_grant_it_hears_that_it_may_not(bank: TokenBank) -> None:
    bank.register(jwks=(SIGNER.public_jwk,), grants=frozenset({AUTHORIZATION_CODE}))

    found = asked_by_openid_client(bank)

    assert (found["error"], found["status"]) == ("unauthorized_client", 400)


def test_it_gets_a_token_and_asks_with_it_as_often_as_it_likes(bank: TokenBank) -> None:
    found = asked_by_openid_client(bank, *(bank.node.case(name).body for name in (LOGIN, REFUSED, LOGIN)))

    assert "answers" in found, found
    assert [answer["indication"] for answer in found["answers"]] == ["PASSED", "FAILED", "PASSED"]
    assert found["token"]["token_type"].lower() == "dpop"
    # It is asked for a nonce once, and takes it from each answer afterwards.
    nonce = [["/oauth/token", 400], ["/oauth/token", 200]]
    assert found["asked"][-5:] == [*nonce, *[["/v1/verify", 200]] * 3]
