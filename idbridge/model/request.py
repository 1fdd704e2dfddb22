"""What a relying party asks, and what its registration allows it to ask."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol

from idbridge.model.evidence import TimeEvidence
from idbridge.model.login import Encryption, LoginExpectations, Userinfo
from idbridge.model.query import Query, Transaction
from idbridge.model.region import AssuranceLevel, Environment, Format, MemberState

THUMBPRINT: Final = r"[A-Za-z0-9_-]{43}"  # SHA-256 in base64url (RFC 7638)
_THUMBPRINT: Final = re.compile(THUMBPRINT)


class Detail(StrEnum):
    """How much of the report is shown."""

    SIMPLE = "simple"
    DETAILED = "detailed"
    EVIDENCE = "evidence"


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """A registration: the outer bound of every request (architecture D4: the caller can only narrow).

    ``audiences`` are the identifiers that a presentation or assertion may be made for, such as the relying
    party's own client id; ``clients`` maps an issuer to the client ids registered there for this party.
    ``api_key_digests`` are SHA-256 digests (hex); the key itself is stored nowhere.

    Raises:
        ValueError: No purpose is registered; empty is not success.
    """

    id: str
    name: str
    state: MemberState
    environment: Environment
    sector: str
    purposes: frozenset[str]
    claims: frozenset[str]
    audiences: frozenset[str]
    clients: Mapping[str, frozenset[str]]
    minimum_level: AssuranceLevel = AssuranceLevel.A0
    api_key_digests: tuple[str, ...] = ()
    enabled: bool = True
    policy_version: int = 1

    def __post_init__(self) -> None:
        if not self.purposes:
            raise ValueError("a relying party is registered for at least one purpose")


@dataclass(frozen=True, slots=True)
class Session:
    """The session in which a wallet was asked, as far as an mdoc is bound to it (OpenID4VP 1.0, B.2.6).

    With ``origin`` it was asked over the Digital Credentials API, else by redirect, with ``client_id`` and
    ``response_uri``. The thumbprint is that of the key to which the answer was encrypted, ``None`` if it was not.

    Raises:
        ValueError: It is neither of the two, or both, or the thumbprint is none.
    """

    client_id: str | None = None
    response_uri: str | None = None
    origin: str | None = None
    encryption_jwk_thumbprint: str | None = None

    def __post_init__(self) -> None:
        if self.origin is not None:
            if self.response_uri is not None:
                raise ValueError("a session with an origin has no response_uri")
        elif self.client_id is None or self.response_uri is None:
            raise ValueError("a session has an origin, or client_id and response_uri")
        thumbprint = self.encryption_jwk_thumbprint
        if thumbprint is not None and _THUMBPRINT.fullmatch(thumbprint) is None:
            raise ValueError("encryption_jwk_thumbprint is a SHA-256 thumbprint in base64url")


class KeyAgreement(Protocol):
    """A private key of this node that wallets were given for one session (ISO 18013-5, 9.1.3.5)."""

    def shared_secret(self, peer: Mapping[str, str]) -> bytes | None:
        """Return the ECDH secret with the public JWK ``peer``; ``None`` if that key is on another curve."""
        ...


@dataclass(frozen=True, slots=True)
class Expectations:
    """What the relying party expects of this one presentation; each can only narrow."""

    nonce: str | None = None
    audience: str | None = None
    minimum_level: AssuranceLevel | None = None
    entity: tuple[str, str] | None = None  # (scheme, value)
    session: Session | None = None
    login: LoginExpectations | None = None


@dataclass(frozen=True, slots=True)
class VerifyRequest:
    """Step V1: one question, with the relying party that authenticated.

    ``node_audiences`` are the identifiers under which this node itself receives tokens. ``reader_key`` is the key that
    this node gave the wallet for the session, if it ran it itself; no request can bring one. ``query`` is what the
    wallet was asked, ``transactions`` what its holder was asked to authorise with it. ``needs_holder`` tells whether an
    expected nonce, audience or session demands a proof of the holder: only a query can say that a copy will do.
    ``encryption`` tells how the credential arrived where it was encrypted to this node, and ``userinfo`` is what the
    provider of a login said of the person beside its ID token. ``signer`` is the thumbprint of the listed key by which
    this node, itself the client of a login, found a token to be signed that names none; no request can bring one.
    ``time_evidence`` may prove how old the credential is; it counts only if its service has ended.
    """

    credential: str = field(repr=False)
    relying_party: RelyingParty
    purpose: str
    format: Format | None = None
    purpose_text: str | None = None
    expected: Expectations = field(default_factory=Expectations)
    claims: tuple[str, ...] = ()
    node_audiences: frozenset[str] = frozenset()
    detail: Detail = Detail.SIMPLE
    assertion_audience: str | None = None
    reader_key: KeyAgreement | None = field(default=None, repr=False)
    query: Query | None = None
    transactions: tuple[Transaction, ...] = ()
    needs_holder: bool = True
    encryption: Encryption | None = None
    userinfo: Userinfo | None = None
    signer: str | None = field(default=None, repr=False)
    time_evidence: TimeEvidence | None = None
