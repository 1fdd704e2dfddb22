"""What the suite is at a gateway under test: two relying parties with clients, their keys, wallets, and an instant.

The keys follow from the published test seed; the gateway learns of the clients with the trust material that it loads.
Decides nothing about answers.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlencode

from idbridge.codec import base64url
from idbridge.conformance.corpus import Corpus
from idbridge.conformance.node import FROZEN_KEYS, PARTIES, read_object
from idbridge.conformance.seed import CORPUS_INSTANT, corpus_keys, corpus_region
from idbridge.conformance.targets.gateway.loaded import LoadedNode
from idbridge.conformance.targets.gateway.wire import JSON, GatewayWire
from idbridge.conformance.targets.idp.wire import FORM, Reply
from idbridge.crypto.jws import sign_compact
from idbridge.crypto.signer import FileSigner
from idbridge.model.randomness import Randomness, SystemRandomness
from idbridge.model.region import MemberState
from idbridge.oidc.client_assertion import ASSERTION_TYPE
from idbridge.oidc.pkce import challenge_of
from idbridge.sandbox.region import Region
from idbridge.trust.snapshot import TrustSnapshot

MATERIAL: Final = "region"
NODE: Final = MemberState.TH
PARTY: Final = "th-bank"
OTHER_PARTY: Final = "th-hospital"
CALLBACK: Final = "https://bank.suite.example/callback"
VERIFIER: Final = "v" * 43
PURPOSE_TEXT: Final = "To open your account"
CLIENT: Final = "suite-bank"
TOKEN: Final = "/oauth/token"  # noqa: S105 - an address
CLIENTS_FILE: Final = "clients.json"
_GRANTS: Final = (
    "authorization_code", "client_credentials", "urn:ietf:params:oauth:grant-type:token-exchange",
)  # fmt: skip
ABSENT: Final = "{absent}"
_NONCE_OCTETS: Final = 16
_NO_FILES: Final[Mapping[str, bytes]] = MappingProxyType({})
_NO_FIELDS: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True)
class Suite:
    """The suite at one gateway. ``at`` is the instant of everything."""

    wire: GatewayWire
    corpus: Corpus
    node: LoadedNode = field(repr=False)
    at: datetime = CORPUS_INSTANT
    randomness: Randomness = field(default_factory=SystemRandomness)

    @cached_property
    def region(self) -> Region:
        """The region of the corpus."""
        return _region(self.corpus.folder)

    @cached_property
    def lists(self) -> TrustSnapshot:
        """What the lists of the region say at the instant of the suite."""
        return self.region.snapshot(at=self.at)

    @property
    def issuer(self) -> str:
        """The identifier of the gateway."""
        return self.region.node(NODE).issuer

    @property
    def now(self) -> int:
        """The instant as seconds."""
        return int(self.at.timestamp())

    def key(self, name: str) -> FileSigner:
        """Return the key of the suite called ``name``: ``bank``, ``other``, ``dpop``."""
        return corpus_keys().make("ES256", name=f"suite/{name}")

    def begin(self, *, beside: Mapping[str, bytes] = _NO_FILES) -> None:
        """Let the gateway hold the material, the clients of the suite and the files ``beside`` them.

        Raises as ``LoadedNode.become``.
        """
        own = {CLIENTS_FILE: _octets(self.clients), PARTIES: _octets(self.parties)}
        self.node.become(MATERIAL, at=self.at, node=NODE, beside={**own, **beside})

    @cached_property
    def clients(self) -> Mapping[str, Any]:
        """The clients by relying party, as a registry writes them."""
        jwk = dict(self.key("bank").public_jwk)
        common = {
            "profile": "fapi2",
            "redirect_uris": [CALLBACK],
            "jwks": {"keys": [jwk]},
            "grant_types": list(_GRANTS),
        }
        return {
            PARTY: [
                {**common, "id": CLIENT},
                {**common, "id": "suite-bank-2"},
                {**common, "id": "suite-bank-off", "enabled": False},
                {**common, "id": "suite-bank-plain", "grant_types": ["authorization_code"]},
            ],
            OTHER_PARTY: [{**common, "id": "suite-clinic"}],
        }  # fmt: skip

    @cached_property
    def parties(self) -> Mapping[str, Any]:
        """The relying parties of the material, with the ids of their clients among their audiences."""
        listed = read_object(self.corpus.material(MATERIAL).folder / PARTIES)
        for name, clients in self.clients.items():
            listed[name] = {
                **listed[name],
                "audiences": sorted({*listed[name]["audiences"], *(c["id"] for c in clients)}),
            }
        return listed

    def nonce(self) -> str:
        """Return a value that nobody else has."""
        return base64url.encode(self.randomness.octets(_NONCE_OCTETS))

    def access(self, party: str = PARTY) -> dict[str, str]:
        """Return the header fields of a relying party that sends JSON."""
        return {"Authorization": f"Bearer {self.region.keys.api[party]}", "Content-Type": JSON}

    def assertion(self, client: str, *, key: str = "bank", changes: Mapping[str, Any] = _NO_FIELDS) -> str:
        """Return a client assertion that is good but for ``changes`` to its claims; what is ``None`` is left out.

        Times among the changes are seconds from now.
        """
        claims = {"iss": client, "sub": client, "aud": self.issuer, "iat": 0, "exp": 60, "jti": self.nonce(), **changes}
        signer = self.key(key)
        header = {"alg": signer.algorithm, "kid": self.key("bank").kid, "typ": "JWT"}
        return sign_compact(header, _octets(self._timed(claims)), signer)

    def proof(
        self, path: str, *, method: str = "POST", key: str = "dpop", nonce: str | None = None,
        changes: Mapping[str, Any] = _NO_FIELDS,
    ) -> str:  # fmt: skip
        """Return a DPoP proof that is good but for ``changes`` to its claims; what is ``None`` is left out."""
        claims = {
            "jti": self.nonce(),
            "htm": method,
            "htu": f"{self.issuer}{path}",
            "iat": 0,
            "nonce": nonce,
            **changes,
        }
        signer = self.key(key)
        public = {name: signer.public_jwk[name] for name in ("kty", "crv", "x", "y")}
        return sign_compact(
            {"alg": signer.algorithm, "typ": "dpop+jwt", "jwk": public}, _octets(self._timed(claims)), signer
        )

    def proves(self, client: str, **changes: Any) -> dict[str, str]:
        """Return the members of a form by which ``client`` authenticates."""
        told = self.assertion(client, **changes)
        return {"client_id": client, "client_assertion_type": ASSERTION_TYPE, "client_assertion": told}

    def asked(self, client: str = CLIENT, changes: Mapping[str, Any] = _NO_FIELDS) -> dict[str, str]:
        """Return the parameters of an authorization request that is good but for ``changes``."""
        good = {
            "client_id": client, "response_type": "code", "redirect_uri": CALLBACK, "scope": "openid",
            "state": "state-1", "nonce": "nonce-1", "code_challenge": challenge_of(VERIFIER),
            "code_challenge_method": "S256", "purpose": "account-opening", "purpose_text": PURPOSE_TEXT,
        }  # fmt: skip
        return without_none({**good, **changes})

    def post(self, path: str, form: Mapping[str, str], headers: Mapping[str, str] = _NO_FIELDS) -> Reply:
        """Return the answer to a form."""
        return self.wire.send("POST", path, headers={"Content-Type": FORM, **headers}, body=urlencode(form).encode())

    def dpop_nonce(self, client: str = CLIENT) -> str | None:
        """Return the nonce that the gateway wants in proofs; ``None`` if it wants none."""
        form = {"grant_type": "client_credentials", **self.proves(client)}
        return self.post(TOKEN, form, {"DPoP": self.proof(TOKEN)}).headers.get("dpop-nonce")

    def _timed(self, claims: Mapping[str, Any]) -> dict[str, Any]:
        """Return ``claims`` with their times counted from now, and without those that are ``None``."""
        times = {name: self.now + claims[name] for name in ("iat", "exp", "nbf") if isinstance(claims.get(name), int)}
        return without_none({**claims, **times})


@cache
def _region(corpus: Path) -> Region:
    return corpus_region(corpus_keys(read_object(corpus / FROZEN_KEYS)))


def without_none(members: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``members`` but those that are ``None``, or ``{absent}`` in the table of a case."""
    return {name: value for name, value in members.items() if value is not None and value != ABSENT}


def _octets(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode()
