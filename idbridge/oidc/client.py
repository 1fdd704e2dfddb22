"""Clients: what a relying party registered for its part in OpenID Connect, the outer bound of what it can ask.

Decides whether a registration is one that the gateway may serve; a request can only narrow it (architecture D4). Two
profiles exist. ``FAPI2`` authenticates by ``private_key_jwt`` alone and binds every token to a key; ``OIDC_CODE`` is
granted where a relying party cannot do that yet, with a secret or with ``private_key_jwt``, and its level is capped
elsewhere. Clauses: FAPI 2.0 Security Profile sections 5.3.2 and 5.4; OpenID Connect Registration 1.0 section 2.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from idbridge.crypto import jwe
from idbridge.crypto.keys import PRIVATE_MEMBERS, parse_jwk, thumbprint
from idbridge.errors import JoseError
from idbridge.limits import LIMITS
from idbridge.model.keys import PublicKey
from idbridge.model.region import Environment
from idbridge.oidc.registered_uri import require_registrable

AUTHORIZATION_CODE: Final = "authorization_code"
CLIENT_CREDENTIALS: Final = "client_credentials"
TOKEN_EXCHANGE: Final = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105 - the name of a grant
GRANTS: Final = frozenset({AUTHORIZATION_CODE, CLIENT_CREDENTIALS, TOKEN_EXCHANGE})
# FAPI 2.0 section 5.4.1; RS256 is not among them, and EdDSA means Ed25519.
SIGNATURE_ALGORITHMS: Final = frozenset({"ES256", "PS256", "EdDSA", "Ed25519"})

_ID: Final = re.compile(r"[A-Za-z0-9._~:/@-]{1,128}")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_KEYS_FOR: Final[Mapping[str, str]] = MappingProxyType({
    **dict.fromkeys(jwe.EC_ALGORITHMS, "EC"), **dict.fromkeys(jwe.RSA_ALGORITHMS, "RSA")
})  # fmt: skip
_READ: Final = frozenset({"kty", "crv", "x", "y", "n", "e", "kid"})


class Profile(StrEnum):
    """How a client speaks to the gateway."""

    FAPI2 = "fapi2"
    OIDC_CODE = "oidc-code"


@dataclass(frozen=True, slots=True)
class ResponseEncryption:
    """How a response to a client is encrypted: ``algorithm`` (``alg``) and ``encoding`` (``enc``) of RFC 7518.

    Raises:
        ValueError: One of them is not in the closed table.
    """

    algorithm: str
    encoding: str

    def __post_init__(self) -> None:
        if self.algorithm not in jwe.ALGORITHMS or self.encoding not in jwe.CONTENT:
            raise ValueError("an encryption that is not in the closed table")


@dataclass(frozen=True, slots=True)
class EndingSecret:
    """The secret that a client had before its present one: its SHA-256 (lower case hex), good before ``until``.

    However far ``until`` is, it is good for ``api_key_overlap`` at most, and not before that: whoever writes a later
    end into a registry by hand has no second secret for ever.

    Raises:
        ValueError: The digest is none, or the instant is not UTC.
    """

    digest: str = field(repr=False)
    until: datetime

    def __post_init__(self) -> None:
        if _DIGEST.fullmatch(self.digest) is None or self.until.utcoffset() != timedelta(0):
            raise ValueError("a secret that ends is registered by its SHA-256 and a UTC instant")

    def is_good(self, at: datetime) -> bool:
        """Tell whether the secret is good at ``at``."""
        return timedelta(0) < self.until - at <= LIMITS.api_key_overlap


@dataclass(frozen=True, slots=True)
class OidcClient:
    """One registered client of one relying party.

    ``relying_party`` is the id of a ``RelyingParty``. ``secret_digest`` is the SHA-256 (lower case hex) of a random
    secret of 256 bits, which is stored nowhere; ``ending_secret`` is the one before it, for a while. ``jwks`` are
    public JWKs, ``use`` being ``sig`` where it is absent; those with ``use`` ``enc`` are what responses are encrypted
    to. ``environment`` decides whether loopback addresses may be registered: it is the node's own, and never a
    client's to choose.

    Raises:
        ValueError: The registration breaks a rule of its profile; the sentence says which.
    """

    id: str
    relying_party: str
    profile: Profile
    redirect_uris: tuple[str, ...]
    sector: str
    post_logout_redirect_uris: tuple[str, ...] = ()
    backchannel_logout_uri: str | None = None
    jwks: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)
    secret_digest: str | None = field(default=None, repr=False)
    ending_secret: EndingSecret | None = field(default=None, repr=False)
    id_token_signed_response_alg: str = "ES256"  # noqa: S105 - the name of an algorithm
    id_token_encryption: ResponseEncryption | None = None
    userinfo_signed_response_alg: str | None = None
    userinfo_encryption: ResponseEncryption | None = None
    introspection_signed_response_alg: str | None = None
    introspection_encryption: ResponseEncryption | None = None
    grants: frozenset[str] = frozenset({AUTHORIZATION_CODE})
    enabled: bool = True
    environment: Environment = Environment.LIVE
    keys: tuple[PublicKey, ...] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        if _ID.fullmatch(self.id) is None:
            raise ValueError("a client id is of 1 to 128 unreserved characters")
        if not self.relying_party.strip() or not self.sector.strip():
            raise ValueError("a client belongs to a relying party and to a sector")
        if not self.grants or not self.grants <= GRANTS:
            raise ValueError("a client has a grant, and none that does not exist")
        self._require_addresses()
        object.__setattr__(self, "jwks", tuple(MappingProxyType(dict(jwk)) for jwk in self.jwks))
        object.__setattr__(self, "keys", _signature_keys(self.jwks))
        self._require_authentication()
        self._require_responses()

    @property
    def authenticates_by_key(self) -> bool:
        """Whether the client authenticates by ``private_key_jwt``; otherwise by its secret."""
        return self.secret_digest is None

    @property
    def thumbprints(self) -> tuple[str, ...]:
        """The RFC 7638 thumbprints of all keys of the client, of those that are encrypted to as well."""
        return tuple(thumbprint({name: jwk[name] for name in _READ.intersection(jwk)}) for jwk in self.jwks)

    def secret_digests(self, at: datetime) -> tuple[str, ...]:
        """Return the digests of the secrets that are good at ``at``."""
        if self.secret_digest is None:
            return ()
        ending = self.ending_secret
        return (self.secret_digest, *((ending.digest,) if ending is not None and ending.is_good(at) else ()))

    def encryption_jwk(self, encryption: ResponseEncryption) -> Mapping[str, Any]:
        """Return the registered key that a response is encrypted to: the first that fits ``encryption``.

        Raises:
            ValueError: None fits; a client never has an encryption for which that is so.
        """
        wanted = _KEYS_FOR[encryption.algorithm]
        for jwk in self.jwks:
            if (
                jwk.get("use") == "enc"
                and jwk["kty"] == wanted
                and jwk.get("alg", encryption.algorithm) == encryption.algorithm
            ):
                return MappingProxyType({name: jwk[name] for name in _READ.intersection(jwk)})
        raise ValueError("no registered key fits the encryption")

    def _require_addresses(self) -> None:
        if (AUTHORIZATION_CODE in self.grants) is not bool(self.redirect_uris):
            raise ValueError("a client has redirect URIs exactly if it has the grant `authorization_code`")
        logout = () if self.backchannel_logout_uri is None else (self.backchannel_logout_uri,)
        for several in (self.redirect_uris, self.post_logout_redirect_uris, logout):
            if len(several) > LIMITS.client_uris or len(set(several)) != len(several):
                raise ValueError("a client has too many addresses of one kind, or one of them twice")
            for address in several:
                require_registrable(address, environment=self.environment)

    def _require_authentication(self) -> None:
        if self.secret_digest is not None and _DIGEST.fullmatch(self.secret_digest) is None:
            raise ValueError("a secret is registered by its SHA-256 in lower case hex")
        if self.ending_secret is not None and self.secret_digest is None:
            raise ValueError("a secret ends where there is another")
        if self.profile is Profile.FAPI2 and self.secret_digest is not None:
            raise ValueError("a client of FAPI 2.0 has no secret")
        if CLIENT_CREDENTIALS in self.grants and self.profile is not Profile.FAPI2:
            raise ValueError("the grant `client_credentials` is for clients of FAPI 2.0 alone")
        if bool(self.keys) is not self.authenticates_by_key:
            raise ValueError("a client authenticates in one way: by a signature key, or by a secret")
        if not self.authenticates_by_key and self.grants != {AUTHORIZATION_CODE}:
            raise ValueError("a client with a secret has the grant `authorization_code` and no other")

    def _require_responses(self) -> None:
        for algorithm in (
            self.id_token_signed_response_alg,
            self.userinfo_signed_response_alg,
            self.introspection_signed_response_alg,
        ):
            if algorithm is not None and algorithm not in SIGNATURE_ALGORITHMS:
                raise ValueError("responses are signed with ES256, PS256 or Ed25519")
        for encryption in (self.id_token_encryption, self.userinfo_encryption, self.introspection_encryption):
            if encryption is not None:
                self.encryption_jwk(encryption)


def _signature_keys(jwks: Iterable[Mapping[str, Any]]) -> tuple[PublicKey, ...]:
    """Return those of ``jwks`` that verify what the client signs; all of them are judged.

    Raises:
        ValueError: One is private, of a type, curve or length that is not served, or there are too many, or one twice.
    """
    listed = tuple(jwks)
    if len(listed) > LIMITS.keys_per_service:
        raise ValueError("a client has too many keys")
    found: list[PublicKey] = []
    names: list[tuple[bool, str]] = []
    for jwk in listed:
        if not PRIVATE_MEMBERS.isdisjoint(jwk):
            raise ValueError("a private key was offered: it is compromised, and is never registered")
        encrypts = jwk.get("use") == "enc"
        try:
            key = _encryption_key(jwk) if encrypts else parse_jwk(jwk, allowed=SIGNATURE_ALGORITHMS)
        except JoseError as refusal:
            raise ValueError(f"a key that is not served: {refusal.detail}") from refusal
        names += [(encrypts, name) for name in {key.thumbprint, key.kid} if name is not None]
        if not encrypts:
            found.append(key)
    # A key id may be the thumbprint of its own key, and of no other.
    if len(set(names)) != len(names):
        raise ValueError("a client has no key and no key id twice")
    return tuple(found)


def _encryption_key(jwk: Mapping[str, Any]) -> PublicKey:
    """Judge a key that is encrypted to by the same rules of type, curve and length; its ``alg`` is one of RFC 7518."""
    key = parse_jwk({name: jwk[name] for name in _READ.intersection(jwk)})
    algorithms = [name for name, kty in _KEYS_FOR.items() if kty == key.kty]
    if not algorithms or jwk.get("alg", algorithms[0]) not in algorithms:
        raise JoseError("jose.alg_key_mismatch", "nothing is encrypted to a key of this type")
    return key
