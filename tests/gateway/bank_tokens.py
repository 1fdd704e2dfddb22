"""What the tests of access tokens at the API share: a bank with a client in the registry, and what it sends."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import httpx2

from idbridge.crypto.jws import sign_compact
from idbridge.crypto.sealing import secret_from
from idbridge.crypto.signer import FileSigner, derived_signer, generate
from idbridge.model.region import Environment
from idbridge.oidc.client import AUTHORIZATION_CODE, CLIENT_CREDENTIALS, OidcClient, Profile
from idbridge.oidc.pkce import challenge_of
from idbridge_gateway.api.faults import Faults
from idbridge_gateway.registry.record import RequestLimits
from tests.gateway.asking import LOGIN, Node, node_in
from tests.gateway.providing import CALLBACK, DPOP_KEY, KEY, SECRET_DIGEST, Bank

TOKEN_PATH: Final = "/oauth/token"
VERIFY: Final = "/v1/verify"
BOTH: Final = frozenset({AUTHORIZATION_CODE, CLIENT_CREDENTIALS})


@dataclass(repr=False)
class TokenBank(Bank):
    """A bank whose client may ask the API by a token. Its registration is that of the registry, and changes there."""

    @property
    def faults(self) -> Faults:
        assert self.node.faults is not None
        return self.node.faults

    def register(self, party: Any = None, *, owner: str = "th-bank", **changes: Any) -> None:
        """Put a registration in force: of the bank with changes to ``party``, its client ``bank`` with ``changes``."""
        registry = self.node.app.state.parts.registry
        shop = self.client("shop", profile=Profile.OIDC_CODE, jwks=(), secret_digest=SECRET_DIGEST)
        asking = self.client("bank", relying_party=owner, **{"grants": BOTH, **changes})
        changed = []
        for one in registry.registrations:
            own = tuple(client for client in (shop, asking) if client.relying_party == one.id)
            bounds = (party or {}) if one.id == "th-bank" else {}
            changed.append(replace(one, clients=own, relying_party=replace(one.relying_party, **bounds)))
        registry.exchange(changed)

    def limit(self, limits: RequestLimits) -> None:
        """Agree with the bank how often it may ask."""
        registry = self.node.app.state.parts.registry
        registry.exchange(
            [replace(one, limits=limits) if one.id == "th-bank" else one for one in registry.registrations]
        )

    def unregister(self) -> None:
        """Take every client out of the registry."""
        registry = self.node.app.state.parts.registry
        registry.exchange([replace(one, clients=()) for one in registry.registrations])

    def client(self, name: str, **changes: Any) -> OidcClient:
        members = {
            "id": name, "relying_party": "th-bank", "profile": Profile.FAPI2, "sector": self.party.sector,
            "redirect_uris": (CALLBACK,), "jwks": (KEY.public_jwk,), "environment": Environment.SANDBOX,
            "grants": frozenset({AUTHORIZATION_CODE}), **changes,
        }  # fmt: skip
        return OidcClient(**members)

    def ask_for_token(self, *, proof: str | None = "own", **changes: Any) -> httpx2.Response:
        """Ask for a token; what is None is left out of the form."""
        form = {"grant_type": CLIENT_CREDENTIALS, **self.proves("bank"), **changes}
        proof = self.proof(TOKEN_PATH) if proof == "own" else proof
        headers = {} if proof is None else {"dpop": proof}
        return self.post(TOKEN_PATH, {name: text for name, text in form.items() if text is not None}, **headers)

    def token(self, **changes: Any) -> str:
        response = self.ask_for_token(**changes)
        assert response.status_code == 200, response.text
        return str(response.json()["access_token"])

    @property
    def token_key(self) -> FileSigner:
        """The key with which this node signs tokens."""
        secret = self.node.app.state.parts.turns.issuing.current().pairwise_key.octets
        return derived_signer(secret_from(secret, label=f"api-token:{self.issuer}"))

    def forged(self, *, key: FileSigner | None = None, header: Any = None, own: bool = False, **changes: Any) -> str:
        """A token that nobody issued: good but for ``changes`` if it is signed with the node's ``own`` key."""
        claims = {
            "iss": self.issuer, "aud": f"{self.issuer}/v1", "sub": "bank", "client_id": "bank",
            "relying_party": "th-bank", "iat": self.now(), "exp": self.now() + 300, "jti": "made-up",
            "cnf": {"jkt": thumbprint(DPOP_KEY)}, **changes,
        }  # fmt: skip
        claims = {name: value for name, value in claims.items() if value is not None}
        signer = self.token_key if own else key or generate("Ed25519")
        return sign_compact({"typ": "at+jwt", **(header or {})}, json.dumps(claims).encode(), signer)

    def access_by(self, token: str, path: str = VERIFY, method: str = "POST", **proof: Any) -> dict[str, str]:
        """The header fields of a request with ``token``; ``proof`` is changes to the claims of its proof."""
        proved = self.proof(path, method, **{"ath": challenge_of(token), **proof})
        return {"authorization": f"DPoP {token}", "dpop": proved, "content-type": "application/json"}

    def verified(self, token: str, *, headers: Any = None, **proof: Any) -> httpx2.Response:
        """Ask at `/v1/verify` with ``token``; what is None in ``headers`` is left out."""
        sent = {**self.access_by(token, **proof), **(headers or {})}
        body = json.loads(self.node.case(LOGIN).body)
        return self.node.send("POST", VERIFY, body=body, headers={k: v for k, v in sent.items() if v is not None})


def thumbprint(key: FileSigner) -> str:
    """The thumbprint of the key of ``generate`` is its id."""
    return key.kid


def token_bank(directory: Path) -> TokenBank:
    """The bank at a node of Thailand of its own."""
    return bank_of(node_in(directory, faults=Faults()))


def bank_of(node: Node) -> TokenBank:
    """The same at a node that is there already, and that was asked nothing yet."""
    bank = TokenBank(node, node.region.registration("th-bank").relying_party)
    bank.register()
    bank.party = node.app.state.parts.registry.find("bank").relying_party
    return bank
