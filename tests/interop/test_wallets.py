"""Wallets that are not ours answer real requests of a running gateway: npm ``@openid4vc/openid4vp`` over HTTP.

It fetches the request object, verifies certificate and signature, and sends what ``@sd-jwt/sd-jwt-vc`` or ``@owf/mdoc``
present. Each answer has a twin that was tampered with, and so has the request.
"""

import asyncio
import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from idbridge.clock import SystemClock
from idbridge.codec import pem
from idbridge.crypto.signer import FileSigner, generate
from idbridge.model.region import MemberState
from idbridge.sandbox.region import Region
from idbridge.sandbox.statuses import RegionHost
from idbridge_gateway.app import create_app
from idbridge_gateway.demo.nodes import ACCESS_AUTHORITY, lay_out
from idbridge_gateway.serving import BackgroundServer, address_of, listen
from tests.gateway.wallets import MDOC_QUERY, REFUSAL
from tests.interop.foreign import LEVEL, credential_service, listed, run_node, seconds

PARTY = "th-bank"
ISSUER = "https://pid.guest.sg.example"
TYPE = "urn:example:guest:pid:1"
DOC_TYPE = "example.sg.pid.1"
PERSON = {"given_name": "Mei Ling", "family_name": "Contoh", "birthdate": "1990-04-01", "nationality": "SG"}
QUERY = {
    "credentials": [
        {
            "id": "pid",
            "format": "dc+sd-jwt",
            "meta": {"vct_values": [TYPE]},
            "claims": [{"path": ["given_name"]}, {"path": ["nationality"], "values": ["SG"]}],
        }
    ]
}


@dataclass(frozen=True)
class World:
    """A running node of Thailand whose region lists a guest, and what the guest's wallets know."""

    url: str
    region: Region
    signer: FileSigner
    authority: str
    now: datetime

    def begin(self, **changes: Any) -> dict[str, Any]:
        order = {"dcql": QUERY, "purpose": "account-opening", "purpose_text": "To open your account"}
        response = httpx2.post(
            f"{self.url}/v1/presentations",
            headers={"Authorization": f"Bearer {self.region.keys.api[PARTY]}"},
            json={**order, "claims": ["name"], **changes},
            trust_env=False,
        )
        assert response.status_code == 201, response.text
        document: dict[str, Any] = response.json()
        return document

    def seen(self, begun: dict[str, Any]) -> dict[str, Any]:
        response = httpx2.get(
            f"{self.url}/v1/presentations/{begun['id']}",
            headers={"Authorization": f"Bearer {self.region.keys.api[PARTY]}"},
            trust_env=False,
        )
        document: dict[str, Any] = response.json()
        return document

    def answer(self, begun: dict[str, Any], *, authority: str = "", **credential: Any) -> dict[str, Any]:
        question = {"link": begun["wallet_link"], "authority": authority or self.authority, "tamper": "", **credential}
        return run_node("answer_request.mjs", question)

    @property
    def sd_jwt(self) -> dict[str, Any]:
        return {
            "signer": self.signer.pem(),
            "kid": self.signer.kid,
            "issuer": ISSUER,
            "vct": TYPE,
            "iat": seconds(self.now),
            "exp": seconds(self.now) + 3600,
            "claims": {"sub": "guest-7", "acr": LEVEL, **PERSON},
            "disclose": list(PERSON),
            "present": ["given_name", "family_name", "nationality"],
        }

    @property
    def mdoc(self) -> dict[str, Any]:
        service = self.region.service("sg-mdoc")
        return {
            "signer": service.signer.pem(),
            "certificate": base64.b64encode(service.keys.chain[0]).decode(),
            "doc_type": DOC_TYPE,
            "claims": {
                "subject": "guest-1",
                "assurance_level": service.top_level,
                "name": "Mei Ling Contoh",
                "issuing_country": "SG",
            },
            "present": ["subject", "assurance_level", "name", "issuing_country"],
            "signed": (self.now - timedelta(days=1)).isoformat(),
            "valid_until": (self.now + timedelta(days=30)).isoformat(),
        }


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    clock, directory, signer = SystemClock(), tmp_path_factory.mktemp("wallets"), generate("ES256")
    now = clock.now()
    jwk = {**signer.public_jwk, "kid": signer.kid}
    region = listed(Region.generate(at=now), service=credential_service(ISSUER, TYPE), jwks=[jwk], at=now)
    listener = listen("127.0.0.1", 0)
    # By name: the certificate names `localhost`, and no certificate of this kind names an address.
    url = address_of(listener).replace("127.0.0.1", "localhost")
    settings = lay_out(region, directory)[MemberState.TH].model_copy(update={"browser_url": url})
    app = create_app(settings, clock=clock, revocation_source=RegionHost(region, clock))
    asyncio.run(app.state.prefetch.look())
    authority = (Path(directory) / "nodes" / "TH" / ACCESS_AUTHORITY).read_text("ascii")
    with BackgroundServer(app, listener=listener):
        yield World(url, region, signer, authority, now)


def test_a_wallet_refuses_a_request_that_was_changed_and_one_of_an_authority_that_it_does_not_know(
    world: World,
) -> None:
    begun = world.begin()
    stranger = pem.encode(world.region.service("sg-mdoc").keys.listed[0], label=pem.CERTIFICATE)

    changed = world.answer(begun, tamper="request", sd_jwt=world.sd_jwt)["refused"]
    unknown = world.answer(begun, authority=stranger, sd_jwt=world.sd_jwt)["refused"]

    assert changed == unknown == "Error during verification of jwt."
    assert world.seen(begun)["state"] == "pending"


@pytest.mark.parametrize(("kind", "query"), [("sd_jwt", QUERY), ("mdoc", MDOC_QUERY)])
def test_an_answer_that_was_tampered_with_is_refused_like_any_other(
    world: World, kind: str, query: dict[str, Any]
) -> None:
    begun = world.begin(dcql=query)

    answer = world.answer(begun, tamper="presentation", **{kind: getattr(world, kind)})
    assert (answer["status"], answer["body"]) == (400, REFUSAL)
    assert world.seen(begun)["report"]["reason"]["code"] == "holder.signature_invalid"


@pytest.mark.parametrize("mode", ["direct_post", "direct_post.jwt"])
@pytest.mark.parametrize("prefix", ["x509_hash", "x509_san_dns"])
@pytest.mark.parametrize(("kind", "query", "method"), [("sd_jwt", QUERY, "kb-jwt"), ("mdoc", MDOC_QUERY, "device_sig")])
def test_a_wallet_that_is_not_ours_answers_a_real_request_once(
    world: World, kind: str, query: dict[str, Any], method: str, prefix: str, mode: str
) -> None:
    begun = world.begin(dcql=query, client_id_prefix=prefix, response_mode=mode)

    answer = world.answer(begun, **{kind: getattr(world, kind)})
    assert answer == {"prefix": prefix, "mode": mode, "method": "post", "status": 200, "body": {}}
    seen = world.seen(begun)
    assert (seen["state"], seen["report"]["accepted"]) == ("answered", True), json.dumps(seen["report"]["reason"])
    assert seen["report"]["holder"] == {"bound": True, "method": method}
    assert seen["report"]["claims"]["name"]["display"] == "Mei Ling Contoh"
    assert "refused" in world.answer(begun, **{kind: getattr(world, kind)})
