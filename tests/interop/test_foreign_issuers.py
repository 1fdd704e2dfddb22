"""Credentials that other people's software made, put to a running node, each beside a twin that was tampered with."""

import json
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from idbridge.clock import SystemClock
from idbridge.codec import base64url
from idbridge.crypto.signer import generate
from idbridge.model.region import MemberState
from idbridge.model.time import instant_text
from idbridge.sandbox.parties import client_id
from idbridge.sandbox.region import Region
from idbridge_gateway.demo.nodes import RunningNodes, lay_out
from tests.interop.foreign import LEVEL, credential_service, listed, login_service, run_node, seconds, w3c_service

PARTY = "th-bank"
PURPOSE = "account-opening"
LOGIN_ISSUER = "https://login.guest.sg.example"
PID_ISSUER = "https://pid.guest.sg.example"
PID_TYPE = "urn:example:guest:pid:1"
VC_ISSUER = "https://vc.guest.sg.example"
VC_TYPE = "GuestIdentity"
NONCE = "n-0S6_WzA2Mj"
PERSON = {"given_name": "Mei Ling", "family_name": "Contoh", "birthdate": "1990-04-01", "nationality": "SG"}


@dataclass(frozen=True)
class Asking:
    """A relying party at a running node of Thailand."""

    url: str
    api_key: str

    def verdict(self, credential: str, *, nonce: str = NONCE, claims: tuple[str, ...] = ("name",)) -> dict[str, Any]:
        response = httpx2.post(
            f"{self.url}/v1/verify",
            headers={"Authorization": f"Bearer {self.api_key}"},
            json={"credential": credential, "purpose": PURPOSE, "expected": {"nonce": nonce}, "claims": list(claims)},
            trust_env=False,
        )
        assert response.status_code == 200, response.text
        report: dict[str, Any] = response.json()
        return report


@dataclass(frozen=True)
class World:
    """A region that lists guests, and the way to ask its Thai node."""

    region: Region
    directory: Path
    stack: ExitStack

    def asking(self) -> Asking:
        nodes = RunningNodes(self.region, lay_out(self.region, self.directory), clock=SystemClock())
        running = self.stack.enter_context(nodes)
        return Asking(running.addresses[MemberState.TH], self.region.keys.api[PARTY])


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


def refused(report: dict[str, Any], code: str) -> None:
    assert (report["indication"], report["accepted"]) == ("FAILED", False)
    assert report["reason"]["code"] == code
    assert report["claims"] == {}


def flipped(text: str) -> str:
    """Return compact ``text`` with one bit of its last signature octet changed, still canonical base64url."""
    head, _, tail = text.rpartition(".")
    octets = bytearray(base64url.decode(tail))
    octets[-1] ^= 1
    return f"{head}.{base64url.encode(bytes(octets))}"


def rewritten(text: str, rewrite: Callable[[dict[str, Any]], None]) -> str:
    """Return a JWT with other claims, under the signature over what they were."""
    header, payload, signature = text.split(".")
    claims = json.loads(base64url.decode(payload))
    rewrite(claims)
    return f"{header}.{base64url.encode(json.dumps(claims).encode())}.{signature}"


class TestNodeSdJwtVc:
    """npm ``@sd-jwt/sd-jwt-vc`` with ``@sd-jwt/crypto-nodejs`` as issuer and as wallet."""

    @pytest.fixture
    def made(self, region: Region, now: datetime) -> dict[str, Any]:
        question = {
            "issuer": PID_ISSUER,
            "vct": PID_TYPE,
            "kid": "guest-pid-1",
            "iat": seconds(now),
            "exp": seconds(now) + 3600,
            "claims": {"sub": "guest-7", "acr": LEVEL, **PERSON},
            "disclose": list(PERSON),
            "present": ["given_name", "family_name"],
            "audience": region.registration(PARTY).audience,
            "nonce": NONCE,
        }
        return run_node("mint_sd_jwt_vc.mjs", question)

    @pytest.fixture
    def asking(self, region: Region, made: dict[str, Any], now: datetime, tmp_path: Path, stack: ExitStack) -> Asking:
        service = credential_service(PID_ISSUER, PID_TYPE)
        guests = listed(region, service=service, jwks=[made["issuer_jwk"]], at=now)
        return World(guests, tmp_path, stack).asking()

    def test_tampered_presentations_are_refused_each_for_its_own_fault(
        self, asking: Asking, made: dict[str, Any]
    ) -> None:
        presentation: str = made["presentation"]
        issuer_jwt, *disclosures, key_binding = presentation.split("~")

        refused(asking.verdict(flipped(presentation)), "holder.signature_invalid")
        refused(asking.verdict("~".join((flipped(issuer_jwt), *disclosures, key_binding))), "jose.signature_invalid")
        refused(asking.verdict("~".join((issuer_jwt, *disclosures[1:], key_binding))), "holder.sd_hash_mismatch")
        refused(asking.verdict(presentation, nonce="another-nonce"), "holder.nonce_mismatch")

    def test_a_key_bound_presentation_is_accepted_once_with_the_claims_it_discloses(
        self, asking: Asking, made: dict[str, Any]
    ) -> None:
        report = asking.verdict(made["presentation"], claims=("name", "birthdate"))

        assert (report["indication"], report["accepted"]) == ("PASSED", True)
        assert report["holder"] == {"bound": True, "method": "kb-jwt"}
        assert report["claims"]["name"]["display"] == "Mei Ling Contoh"
        assert [entry["claim"] for entry in report["not_released"]] == ["birthdate"]
        refused(asking.verdict(made["presentation"]), "holder.replayed")

    def test_the_same_credential_without_key_binding_does_not_answer_the_nonce(
        self, asking: Asking, made: dict[str, Any]
    ) -> None:
        unbound = made["presentation"].rpartition("~")[0] + "~"

        refused(asking.verdict(unbound), "holder.binding_missing")


class TestPythonSdJwt:
    """PyPI ``sd-jwt`` as issuer and as wallet."""

    @pytest.fixture
    def made(self, region: Region, now: datetime) -> dict[str, Any]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its own dependencies warn of what they will drop
            from jwcrypto.jwk import JWK
            from sd_jwt.common import SDObj
            from sd_jwt.holder import SDJWTHolder
            from sd_jwt.issuer import SDJWTIssuer

        class Issuer(SDJWTIssuer):  # type: ignore[misc]  # the package has no types
            SD_JWT_HEADER = "dc+sd-jwt"

        issuer_key = generate("ES256", kid="guest-pid-2")
        holder_key = JWK.generate(kty="EC", crv="P-256")
        claims = {
            "iss": PID_ISSUER,
            "vct": PID_TYPE,
            "iat": seconds(now),
            "exp": seconds(now) + 3600,
            "sub": "guest-8",
            "acr": LEVEL,
            **{SDObj(name): value for name, value in PERSON.items()},
        }
        issuer = Issuer(
            claims,
            JWK.from_pem(issuer_key.pem().encode("ascii")),
            JWK.from_json(holder_key.export_public()),
            sign_alg="ES256",
            add_decoy_claims=True,
            extra_header_parameters={"kid": "guest-pid-2"},
        )
        holder = SDJWTHolder(issuer.sd_jwt_issuance)
        audience = region.registration(PARTY).audience
        holder.create_presentation({"given_name": True, "family_name": True}, NONCE, audience, holder_key, "ES256")
        return {"issuer_jwk": dict(issuer_key.public_jwk), "presentation": holder.sd_jwt_presentation}

    @pytest.fixture
    def asking(self, region: Region, made: dict[str, Any], now: datetime, tmp_path: Path, stack: ExitStack) -> Asking:
        service = credential_service(PID_ISSUER, PID_TYPE)
        guests = listed(region, service=service, jwks=[made["issuer_jwk"]], at=now)
        return World(guests, tmp_path, stack).asking()

    def test_a_tampered_presentation_is_refused_and_the_untouched_one_accepted(
        self, asking: Asking, made: dict[str, Any]
    ) -> None:
        presentation: str = made["presentation"]
        issuer_jwt, *disclosures, key_binding = presentation.split("~")

        refused(asking.verdict("~".join((issuer_jwt, disclosures[0], key_binding))), "holder.sd_hash_mismatch")
        refused(asking.verdict(flipped(presentation)), "holder.signature_invalid")
        assert asking.verdict(presentation)["accepted"] is True


class TestDidJwtVc:
    """npm ``did-jwt-vc`` as issuer of W3C credentials of version 1.1, and as wallet."""

    @pytest.fixture
    def made(self, region: Region, now: datetime) -> dict[str, Any]:
        whole = now.replace(microsecond=0)
        question = {
            "issuer": VC_ISSUER,
            "kid": "guest-vc-1",
            "type": VC_TYPE,
            "issued": instant_text(whole - timedelta(hours=1)),
            "expires": instant_text(whole + timedelta(days=30)),
            "subject": {"number": "guest-11", "assurance": LEVEL, **PERSON},
            "audience": region.registration(PARTY).audience,
            "nonce": NONCE,
            "iat": seconds(now),
        }
        return run_node("mint_vc_did_jwt.mjs", question)

    @pytest.fixture
    def asking(self, region: Region, made: dict[str, Any], now: datetime, tmp_path: Path, stack: ExitStack) -> Asking:
        guests = listed(region, service=w3c_service(VC_ISSUER, VC_TYPE), jwks=[made["issuer_jwk"]], at=now)
        return World(guests, tmp_path, stack).asking()

    def test_tampered_credentials_are_refused_each_for_its_own_fault(
        self, asking: Asking, made: dict[str, Any]
    ) -> None:
        credential, presentation = made["credential"], made["presentation"]
        renamed = rewritten(credential, lambda claims: claims["vc"]["credentialSubject"].update(given_name="Wei"))

        def holding(other: str) -> str:
            return rewritten(presentation, lambda claims: claims["vp"].update(verifiableCredential=[other]))

        refused(asking.verdict(flipped(presentation)), "holder.signature_invalid")
        refused(asking.verdict(holding(renamed)), "jose.signature_invalid")
        refused(asking.verdict(holding(flipped(credential))), "jose.signature_invalid")
        refused(asking.verdict(made["stolen"]), "holder.signature_invalid")
        refused(asking.verdict(presentation, nonce="another-nonce"), "holder.nonce_mismatch")
        refused(asking.verdict(credential), "holder.binding_missing")

    def test_a_presented_credential_is_accepted_once_with_what_it_says(
        self, asking: Asking, made: dict[str, Any]
    ) -> None:
        report = asking.verdict(made["presentation"], claims=("name", "birthdate"))

        assert (report["indication"], report["accepted"], report["format"]) == ("PASSED", True, "jwt_vc_json")
        assert report["holder"] == {"bound": True, "method": "kb-jwt"}
        assert report["claims"]["name"]["display"] == "Mei Ling Contoh"
        assert report["claims"]["birthdate"] == PERSON["birthdate"]
        refused(asking.verdict(made["presentation"]), "holder.replayed")


class TestOidcProvider:
    """A real authorization-code login at npm ``oidc-provider``."""

    @pytest.fixture
    def made(self, region: Region) -> dict[str, Any]:
        del region
        question = {
            "issuer": LOGIN_ISSUER,
            "client_id": client_id(PARTY, issuer=LOGIN_ISSUER),
            "nonce": NONCE,
            "login": "guest-9",
            "claims": {"assurance": LEVEL, **PERSON},
        }
        return run_node("login_oidc_provider.mjs", question)

    @pytest.fixture
    def asking(self, region: Region, made: dict[str, Any], now: datetime, tmp_path: Path, stack: ExitStack) -> Asking:
        guests = listed(region, service=login_service(LOGIN_ISSUER), jwks=made["jwks"]["keys"], at=now)
        return World(guests, tmp_path, stack).asking()

    def test_tampered_tokens_are_refused_each_for_its_own_fault(self, asking: Asking, made: dict[str, Any]) -> None:
        token: str = made["id_token"]
        header, payload, signature = token.split(".")
        raised = json.loads(base64url.decode(payload)) | {"assurance": "urn:example:guest:loa:3"}
        altered = base64url.encode(json.dumps(raised).encode("utf-8"))

        refused(asking.verdict(flipped(token)), "jose.signature_invalid")
        refused(asking.verdict(f"{header}.{altered}.{signature}"), "jose.signature_invalid")
        refused(asking.verdict(token, nonce="another-nonce"), "oidc.nonce_mismatch")

    def test_a_login_that_really_happened_is_accepted_once(self, asking: Asking, made: dict[str, Any]) -> None:
        report = asking.verdict(made["id_token"])

        assert (report["indication"], report["accepted"]) == ("PASSED", True)
        assert report["holder"] == {"bound": True, "method": "login"}
        assert report["claims"]["name"]["display"] == "Mei Ling Contoh"
        refused(asking.verdict(made["id_token"]), "holder.replayed")
