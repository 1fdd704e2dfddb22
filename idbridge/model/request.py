"""What a relying party asks, and what its registration allows it to ask."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from idbridge.model.region import AssuranceLevel, Environment, Format, MemberState


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
class Expectations:
    """What the relying party expects of this one presentation; each can only narrow."""

    nonce: str | None = None
    audience: str | None = None
    minimum_level: AssuranceLevel | None = None
    entity: tuple[str, str] | None = None  # (scheme, value)


@dataclass(frozen=True, slots=True)
class VerifyRequest:
    """Step V1: one question, with the relying party that authenticated.

    ``node_audiences`` are the identifiers under which this node itself receives tokens.
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
