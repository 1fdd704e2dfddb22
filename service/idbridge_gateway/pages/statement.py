"""What a person is told before they say yes: exactly what would be released, what would not, and what goes with it.

Read from what was decided and from what the client asked for, by the same functions that later write the ID token and
the userinfo response: nothing is shown that is not released, and nothing is released that was not shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from idbridge.assertion.decision import Decision
from idbridge.model.assertion import LEVELS_BY_URI
from idbridge.model.region import AssuranceLevel
from idbridge.oidc.claims_request import ClaimsRequest
from idbridge.trust.snapshot import TrustSnapshot
from idbridge_gateway.oidc.consent_record import is_necessary, released_claims
from idbridge_gateway.pages.claim_words import ClaimWords, claim_words

_DAY: Final = len("2000-01-01")


@dataclass(frozen=True, slots=True)
class SharedClaim:
    """One claim that would be released, and whether the client calls it necessary (``essential``)."""

    words: ClaimWords = field(repr=False)
    necessary: bool

    @property
    def field(self) -> str:
        """The name of its box in the form."""
        return f"share.{self.words.name}"


@dataclass(frozen=True, slots=True)
class Representation:
    """For whom the person acts, as it would be released: never left out, as the login would be another one."""

    name: str
    number: str
    scope: tuple[str, ...]
    until: str


@dataclass(frozen=True, slots=True)
class Statement:
    """What would be released of one login. ``missing`` was asked for, and is not released."""

    claims: tuple[SharedClaim, ...] = field(repr=False)
    missing: tuple[ClaimWords, ...]
    represents: Representation | None = field(repr=False)
    level: AssuranceLevel
    provider: str
    state: str
    number: str

    @property
    def boxes(self) -> frozenset[str]:
        """The names of the boxes that can be unticked."""
        return frozenset(claim.field for claim in self.claims if not claim.necessary)

    def left_in(self, ticked: Mapping[str, str]) -> frozenset[str]:
        """Return the names of the claims that are released if these boxes are ticked: the necessary ones always."""
        return frozenset(claim.words.name for claim in self.claims if claim.necessary or claim.field in ticked)


def statement_of(decision: Decision, asked: ClaimsRequest, *, snapshot: TrustSnapshot, at: datetime) -> Statement:
    """Return what would be released of ``decision`` to a client that asked for ``asked``."""
    released = released_claims(decision, asked, at=at)
    origin = decision.core["origin"]
    listed = snapshot.by_issuer(origin["issuer"])
    return Statement(
        claims=tuple(
            SharedClaim(claim_words(name, released[name]), necessary=is_necessary(name, asked))
            for name in asked.wanted
            if name in released
        ),
        missing=tuple(claim_words(name, "") for name in asked.wanted if name not in released),
        represents=_represents(decision.core["represents"]),
        level=LEVELS_BY_URI[decision.core["acr"]],
        provider=listed[0].name if listed else origin["issuer"],
        state=origin["state"],
        number=decision.transaction,
    )


def _represents(mandate: Mapping[str, Any] | None) -> Representation | None:
    if mandate is None:
        return None
    entity = mandate["entity"]
    return Representation(
        name=mandate["name"] or "",
        number=f"{entity['scheme']} {entity['value']}",
        scope=tuple(mandate["scope"] or ()),
        until=(mandate["valid_until"] or "")[:_DAY],
    )
