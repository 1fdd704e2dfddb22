"""npm ``@openid4vc/openid4vp`` as relying party and wallet: its vp_token is accepted, and each twin of it refused."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

from idbridge.sandbox.region import Region
from tests.interop.foreign import LEVEL, credential_service, listed, run_node, seconds
from tests.interop.test_foreign_issuers import (
    NONCE,
    PARTY,
    PERSON,
    PID_ISSUER,
    PID_TYPE,
    PURPOSE,
    Asking,
    World,
    flipped,
    now,
    refused,
    region,
    stack,
)

__all__ = ["now", "region", "stack"]  # fixtures of the other interop tests
QUERY = {
    "credentials": [
        {
            "id": "pid",
            "format": "dc+sd-jwt",
            "meta": {"vct_values": [PID_TYPE]},
            "claims": [{"path": ["given_name"]}, {"path": ["nationality"], "values": ["SG"]}],
        }
    ]
}


@pytest.fixture
def made(region: Region, now: datetime) -> dict[str, Any]:
    question = {
        "issuer": PID_ISSUER,
        "vct": PID_TYPE,
        "kid": "guest-pid-1",
        "iat": seconds(now),
        "exp": seconds(now) + 3600,
        "claims": {"sub": "guest-7", "acr": LEVEL, **PERSON},
        "disclose": list(PERSON),
        "present": ["given_name", "family_name", "nationality"],
        "client_id": region.registration(PARTY).audience,
        "response_uri": "https://sandbox.bank.th.example/response",
        "nonce": NONCE,
        "query": QUERY,
    }
    return run_node("answer_openid4vp.mjs", question)


@pytest.fixture
def asking(region: Region, made: dict[str, Any], now: datetime, tmp_path: Path, stack: Any) -> Asking:
    service = credential_service(PID_ISSUER, PID_TYPE)
    return World(listed(region, service=service, jwks=[made["issuer_jwk"]], at=now), tmp_path, stack).asking()


def verdict(asking: Asking, vp_token: str, query: Any, *, nonce: str = NONCE) -> dict[str, Any]:
    response = httpx2.post(
        f"{asking.url}/v1/verify",
        headers={"Authorization": f"Bearer {asking.api_key}"},
        json={
            "credential": vp_token,
            "format": "vp_token",
            "purpose": PURPOSE,
            "expected": {"nonce": nonce},
            "dcql": query,
            "claims": ["name"],
            "detail": "detailed",
        },
        trust_env=False,
    )
    assert response.status_code == 200, response.text
    report: dict[str, Any] = response.json()
    return report


def test_every_twin_of_a_foreign_answer_is_refused_for_its_own_fault_and_the_answer_is_accepted_once(
    asking: Asking, made: dict[str, Any]
) -> None:
    query, vp_token = made["query"], made["vp_token"]
    (presentation,) = json.loads(vp_token)["pid"]
    other = {"credentials": [{**QUERY["credentials"][0], "claims": [{"path": ["birthdate"]}]}]}
    abroad = {"credentials": [{**QUERY["credentials"][0], "claims": [{"path": ["nationality"], "values": ["TH"]}]}]}

    refused(verdict(asking, json.dumps({"pid": [flipped(presentation)]}), query), "holder.signature_invalid")
    refused(verdict(asking, json.dumps({"other": [presentation]}), query), "query.id_unknown")
    refused(verdict(asking, json.dumps({"pid": [presentation] * 2}), query), "query.multiple_not_allowed")
    refused(verdict(asking, vp_token, query, nonce="another-nonce"), "holder.nonce_mismatch")
    refused(verdict(asking, vp_token, other), "query.claim_missing")
    refused(verdict(asking, vp_token, abroad), "query.value_mismatch")

    report = verdict(asking, vp_token, query)
    assert (report["indication"], report["accepted"]) == ("PASSED", True)
    assert report["holder"] == {"bound": True, "method": "kb-jwt"}
    assert report["claims"]["name"]["display"] == "Mei Ling Contoh"
    assert report["dcql"] == {"satisfied": True, "missing": [], "unsatisfied_sets": []}
    refused(verdict(asking, vp_token, query), "holder.replayed")
