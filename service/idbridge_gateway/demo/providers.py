"""The demo's identity providers: all of the region's behind one listener, with each node as a client of every one.

A node's registration at a provider is the file that a real one has (``IDBRIDGE_UPSTREAM_CLIENTS_FILE``): keys and
secrets are made at every start. FAPI 2.0 goes with a key, and so does one plain provider; the others know a secret.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any, Final
from urllib.parse import urlencode

import httpx2

from idbridge.clock import Clock
from idbridge.codec import base64url
from idbridge.crypto.signer import FileSigner, generate
from idbridge.model.randomness import Randomness
from idbridge.oidc.client import OidcClient, Profile, ResponseEncryption
from idbridge.sandbox.idp.desk import Desk
from idbridge.sandbox.idp.discovery import CONNECT, EXCHANGE
from idbridge.sandbox.idp.host import ProviderHost
from idbridge.sandbox.idp.keys import with_key
from idbridge.sandbox.idp.listed import Listed, Speech, every_provider
from idbridge.sandbox.idp.operators import OperatorIssuer
from idbridge.sandbox.idp.provider import PretendProvider
from idbridge.sandbox.idp.web import FORM, Errand
from idbridge.sandbox.parties import client_id
from idbridge.sandbox.region import Region
from idbridge.trust import files
from idbridge_gateway.journal import JOURNAL
from idbridge_gateway.oidc.upstream.registrations import SCHEMA, Authentication
from idbridge_gateway.settings import Settings, read_settings

FILE: Final = "upstream.json"
_KEY: Final = "upstream.pem"
_PRIVATE: Final = 0o600
_SECRET_OCTETS: Final = 32
_BY_KEY: Final = frozenset({"my-login"})  # of those that take a secret too
_SEALED: Final = ResponseEncryption("ECDH-ES+A256KW", "A256GCM")
_PATIENCE_SECONDS: Final = 5.0


class ListOperator:
    """Who keeps the region's lists while the demo runs: a provider's new key is listed before it is used.

    ``publish`` brings an edition of the region into sight, at an instant.
    """

    def __init__(self, region: Region, *, clock: Clock, publish: Callable[[Region, datetime], None]) -> None:
        self._region = region
        self._clock = clock
        self._publish = publish
        self._lock = Lock()

    def list_key(self, service_id: str, signer: FileSigner) -> None:
        """List one more key of a service, in a new edition of its state's list.

        Raises:
            ConfigurationError: A file cannot be written.
            TrustError: What is to be published would be refused.
        """
        at = self._clock.now().replace(microsecond=0)
        with self._lock:
            state = self._region.service(service_id).state
            self._region = with_key(self._region, service_id, signer).reissued(state, at=at)
            self._publish(self._region, at)


def provider_host(
    region: Region,
    *,
    browser: str,
    operator: ListOperator,
    clock: Clock,
    randomness: Randomness,
    operators: OperatorIssuer | None = None,
) -> ProviderHost:
    """Return the region's providers, which browsers reach below ``browser``, and the issuer of ``operators``."""
    listed = every_provider(region, at=clock.now(), browser=browser)
    desks = (Desk(one, region, randomness=randomness, list_key=operator.list_key) for one in listed)
    return ProviderHost(map(PretendProvider, desks), clock=clock, deliver=_deliver, operators=operators)


def _deliver(errand: Errand) -> None:
    """Take a logout token to a client; one that does not answer is told nothing more."""
    try:
        httpx2.post(
            errand.address,
            content=urlencode(errand.form),
            headers={"content-type": FORM},
            timeout=_PATIENCE_SECONDS,
            trust_env=False,
        )
    except httpx2.HTTPError as error:
        JOURNAL.warning("a client did not take a logout token: %s", type(error).__name__)


def register_node(host: ProviderHost, settings: Settings, region: Region, *, randomness: Randomness) -> Settings:
    """Make the node of ``settings`` a client of every provider, and return settings that say so.

    Raises:
        ConfigurationError: A file cannot be written.
    """
    folder = settings.state_dir.parent
    signer = generate("ES256")
    files.write(folder, _KEY, signer.pem().encode("ascii"), mode=_PRIVATE)
    desk = _Registering(folder, settings, region, signer, randomness)
    entries = {name: desk.entry(provider) for name, provider in host.providers.items()}
    document = {"schema": SCHEMA, "environment": settings.environment.value, "providers": entries}
    files.write(folder, FILE, json.dumps(document, indent=1).encode(), mode=_PRIVATE)
    said = settings.model_dump(exclude_none=True)
    return read_settings(**{**said, "upstream_clients_file": folder / FILE})


class _Registering:
    """One node on its way through the offices of all providers."""

    def __init__(
        self, folder: Path, settings: Settings, region: Region, signer: FileSigner, randomness: Randomness
    ) -> None:
        self._folder = folder
        self._settings = settings
        self._region = region
        self._signer = signer
        self._randomness = randomness

    def entry(self, provider: PretendProvider) -> dict[str, Any]:
        """Register the node at ``provider``, and return how the node writes that down."""
        listed = provider.listed
        by_key = listed.speech is Speech.FAPI or listed.id in _BY_KEY
        proves, secret = self._by_key() if by_key else self._by_secret(listed)
        provider.register(self._client(listed, secret))
        entry: dict[str, Any] = {
            "issuer": listed.issuer,
            "client_id": self._id(listed),
            "reached_at": listed.browser,
            **proves,
        }
        if listed.speech is Speech.REDIRECT_TOKEN:
            entry["redirect_token"] = {"login": f"{listed.issuer}{CONNECT}", "exchange": f"{listed.issuer}{EXCHANGE}"}
        return entry

    def _by_key(self) -> tuple[dict[str, str], None]:
        return {"authentication": Authentication.PRIVATE_KEY_JWT.value, "key_file": _KEY}, None

    def _by_secret(self, listed: Listed) -> tuple[dict[str, str], str]:
        secret = base64url.encode(self._randomness.octets(_SECRET_OCTETS))
        name = f"upstream-{listed.id}.secret"
        files.write(self._folder, name, secret.encode("ascii"), mode=_PRIVATE)
        return {"authentication": Authentication.CLIENT_SECRET_BASIC.value, "secret_file": name}, secret

    def _id(self, listed: Listed) -> str:
        return client_id(f"node-{self._settings.state.value.lower()}", issuer=listed.issuer)

    def _client(self, listed: Listed, secret: str | None) -> OidcClient:
        here, sealed = self._settings.public_url, listed.encryption is not None
        keys = () if secret is not None else (dict(self._signer.public_jwk),)
        return OidcClient(
            id=self._id(listed),
            relying_party=f"IdBridge ({self._settings.state.value})",
            profile=Profile.FAPI2 if listed.speech is Speech.FAPI else Profile.OIDC_CODE,
            redirect_uris=(f"{here}/login/callback/{listed.id}",),
            sector="identity",
            backchannel_logout_uri=f"{here}/login/backchannel/{listed.id}",
            jwks=(*keys, *((self._encryption_jwk(),) if sealed else ())),
            secret_digest=None if secret is None else hashlib.sha256(secret.encode("ascii")).hexdigest(),
            id_token_encryption=_SEALED if sealed else None,
            userinfo_encryption=_SEALED if sealed else None,
            environment=self._settings.environment,
        )

    def _encryption_jwk(self) -> Mapping[str, Any]:
        return {**self._region.decryption_keys(self._settings.state)[0].public_jwk, "use": "enc"}
