"""Encrypted logins that other people's software made, put to a running node, each beside twins that were tampered with.

npm ``oidc-provider`` encrypts its ID token and its userinfo response; npm ``@opengovsg/mockpass`` is a stand-in for
Singpass and Corppass, with a composite ``sub`` and a company in claims of its own. What is special about each stands in
the list entry that names it.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

from idbridge.clock import SystemClock
from idbridge.credential.encrypted import received
from idbridge.crypto.jwe import encrypt
from idbridge.model.region import MemberState
from idbridge.sandbox.parties import client_id
from idbridge.sandbox.region import Region
from tests.interop.foreign import LEVEL, listed, login_service, run_node
from tests.interop.test_foreign_issuers import LOGIN_ISSUER, NONCE, PARTY, PERSON, Asking, World, flipped, refused

NODE = MemberState.TH
HOST = "stand-in.guest.sg.example"
UEN = "209900001K"


@pytest.fixture
def now() -> datetime:
    return SystemClock().now()


@pytest.fixture
def region(now: datetime) -> Region:
    return Region.generate(at=now)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def encryption_jwk(region: Region, *, number: int = 0) -> dict[str, Any]:
    """The key that the node publishes for whoever encrypts to it."""
    return dict(region.decryption_keys(NODE)[number].public_jwk)


def opened(region: Region, sealed: str) -> str:
    """The signed token inside, as only the node can see it."""
    inner, encryption = received(sealed, region.decryption_keys(NODE))
    assert encryption is not None
    assert encryption.refused is None
    return inner


def resealed(region: Region, inner: str) -> str:
    jwk = encryption_jwk(region)
    return encrypt(inner.encode(), to=jwk, algorithm="ECDH-ES", encoding="A128GCM", header={"cty": "JWT"})


def asked(asking: Asking, token: str, *, purpose: str, beside: Mapping[str, Any] | None = None, **expected: Any) -> Any:
    """The report on ``token``; ``beside`` are further members of the request."""
    body = {"credential": token, "purpose": purpose, "expected": {"nonce": NONCE, **expected}, **(beside or {})}
    headers = {"Authorization": f"Bearer {asking.api_key}"}
    response = httpx2.post(f"{asking.url}/v1/verify", headers=headers, json=body, trust_env=False)
    assert response.status_code == 200, response.text
    return response.json()


def guest(service_id: str, issuer: str, **changes: Any) -> dict[str, Any]:
    """The list entry of a login whose tokens come encrypted; ``changes`` are to its claims."""
    service = {**login_service(issuer), "id": service_id, "encryption": "required"}
    claims = {**service["claims"], **changes}
    return {**service, "claims": {name: value for name, value in claims.items() if value is not None}}


class TestOidcProvider:
    """A login at npm ``oidc-provider`` that encrypts to the node."""

    @pytest.fixture(params=[("ECDH-ES+A256KW", "A256GCM", 0), ("ECDH-ES", "A256CBC-HS512", 1)], ids=lambda one: one[0])
    def made(self, region: Region, request: pytest.FixtureRequest) -> dict[str, Any]:
        algorithm, encoding, number = request.param
        question = {
            "issuer": LOGIN_ISSUER,
            "client_id": client_id(PARTY, issuer=LOGIN_ISSUER),
            "nonce": NONCE,
            "login": "guest-9",
            "claims": {"assurance": LEVEL, **PERSON},
            "encryption": {"jwk": encryption_jwk(region, number=number), "alg": algorithm, "enc": encoding},
        }
        return run_node("login_oidc_provider.mjs", question)

    @pytest.fixture
    def asking(self, region: Region, made: dict[str, Any], now: datetime, tmp_path: Path, stack: ExitStack) -> Asking:
        service = guest("guest-sealed", LOGIN_ISSUER)
        return World(listed(region, service=service, jwks=made["jwks"]["keys"], at=now), tmp_path, stack).asking()

    def test_a_login_is_accepted_with_its_userinfo_and_every_tampered_twin_is_refused(
        self, region: Region, asking: Asking, made: dict[str, Any]
    ) -> None:
        token, purpose = made["id_token"], "account-opening"
        inner = opened(region, token)
        beside = {"userinfo": made["userinfo"], "claims": ["name", "birthdate"]}

        refused(asked(asking, flipped(token), purpose=purpose), "jose.decryption_failed")
        refused(asked(asking, inner, purpose=purpose), "oidc.encryption_mismatch")
        refused(asked(asking, resealed(region, flipped(inner)), purpose=purpose), "jose.signature_invalid")
        # In the code flow it gives no hash of the access token, and a comparison that cannot be made has not passed.
        refused(asked(asking, token, purpose=purpose, access_token=made["access_token"]), "oidc.hash_mismatch")
        refused(asked(asking, token, purpose=purpose, beside={"userinfo": token}), "oidc.token_confusion")
        spoilt = {"userinfo": flipped(made["userinfo"])}
        refused(asked(asking, token, purpose=purpose, beside=spoilt), "jose.decryption_failed")
        report = asked(asking, token, purpose=purpose, beside=beside)
        assert (report["indication"], report["accepted"]) == ("PASSED", True), report["reason"]
        assert report["claims"]["name"]["display"] == "Mei Ling Contoh"
        assert report["claims"]["birthdate"] == PERSON["birthdate"]
        refused(asked(asking, token, purpose=purpose), "holder.replayed")


class TestMockPass:
    """npm ``@opengovsg/mockpass`` as Singpass and as Corppass."""

    def made(self, region: Region, idp: str) -> dict[str, Any]:
        question = {
            "idp": idp,
            "host": HOST,
            "client_id": client_id(PARTY, issuer=f"https://{HOST}/{idp}/v2"),
            "nonce": NONCE,
            "nric": "X0000009A",
            "uuid": "0b1c2d3e-0000-4000-8000-000000000009",
            "uen": UEN if idp == "corppass" else None,
            "encryption_jwk": encryption_jwk(region, number=1),
        }
        return run_node("login_mockpass.mjs", question)

    def asking(
        self, region: Region, made: dict[str, Any], service: Mapping[str, Any], place: Path, stack: ExitStack
    ) -> Asking:
        keys = [key for key in made["jwks"]["keys"] if key["use"] == "sig" and key["crv"] == "P-256"]
        return World(listed(region, service=service, jwks=keys, at=SystemClock().now()), place, stack).asking()

    def test_a_singpass_login_is_accepted_and_every_tampered_twin_is_refused(
        self, region: Region, tmp_path: Path, stack: ExitStack
    ) -> None:
        made = self.made(region, "singpass")
        quirks = {"subject": "$.sub.u", "key_values": ["sub"], "acr": "acr", "acr_absent": "lowest", "name_parts": []}
        service = guest("guest-singpass", made["issuer"], **quirks, map={"personal_number": "$.sub.s"})
        asking = self.asking(region, made, service, tmp_path, stack)
        token, purpose = made["id_token"], "building-visit"
        inner = opened(region, token)

        refused(asked(asking, flipped(token), purpose=purpose), "jose.decryption_failed")
        refused(asked(asking, inner, purpose=purpose), "oidc.encryption_mismatch")
        refused(asked(asking, resealed(region, flipped(inner)), purpose=purpose), "jose.signature_invalid")
        refused(asked(asking, token, purpose=purpose, access_token="another"), "oidc.hash_mismatch")
        refused(asked(asking, token, purpose=purpose, max_age=300), "time.claim_missing")
        refused(asked(asking, token, purpose="account-opening"), "recognition.loa_too_low")
        report = asked(asking, token, purpose=purpose, access_token=made["access_token"])
        assert (report["indication"], report["accepted"]) == ("PASSED", True), report["reason"]
        assert report["assurance"]["loa"] == "A1"
        assert report["represents"] is None

    def test_a_corppass_login_speaks_for_its_company_and_every_tampered_twin_is_refused(
        self, region: Region, tmp_path: Path, stack: ExitStack
    ) -> None:
        made = self.made(region, "corppass")
        entity = {
            "subject": "representative",
            "identifier": "$.entityInfo.CPEntID",
            "scheme_claim": "$.entityInfo.CPEnt_TYPE",
            "schemes": {"UEN": "SG-UEN"},
            "status": "$.entityInfo.CPEnt_Status",
            "in_force": ["Registered"],
            "power": ["represent"],
            "complete": ["name"],
        }
        quirks = {"subject": "$.sub.u", "key_values": ["sub"], "acr": "$.userInfo.CPAccType", "name_parts": []}
        service = guest(
            "guest-corppass",
            made["issuer"],
            **quirks,
            display="$.userInfo.CPUID_FullName",
            map={"nationality": "$.sub.c"},
            entity=entity,
        )
        service["ladder"] = [{"national": "User", "identity": "A2", "authentication": "A2"}]
        asking = self.asking(region, made, service, tmp_path, stack)
        token, purpose = made["id_token"], "company-representation"
        inner = opened(region, token)

        refused(asked(asking, flipped(token), purpose=purpose), "jose.decryption_failed")
        refused(asked(asking, resealed(region, flipped(inner)), purpose=purpose), "jose.signature_invalid")
        other = {"entity": {"scheme": "SG-UEN", "value": "209900002M"}}
        refused(asked(asking, token, purpose=purpose, **other), "mandate.entity_mismatch")
        access = asked(asking, made["access_token"], purpose=purpose)  # a JWT too, by another key of the same issuer
        assert (access["accepted"], access["reason"]["code"]) == (False, "jose.kid_unknown")
        report = asked(asking, token, purpose=purpose, entity={"scheme": "SG-UEN", "value": UEN})
        assert (report["indication"], report["accepted"]) == ("PASSED", True), report["reason"]
        assert report["represents"]["entity"] == {"scheme": "SG-UEN", "value": UEN}
        assert report["represents"]["power"] == ["represent"]
