"""A login service as its state lists it, and how its pretend provider speaks: nothing that the list does not say.

The commitment tier decides the protocol (architecture D2): FAPI 2.0 from T3 on, below it the code flow with PKCE.
Cambodia is not standard: it sends a token along with its redirect, and takes it back for the login.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from idbridge.model.region import CommitmentTier, Format, MemberState
from idbridge.model.time import parse_instant
from idbridge.sandbox.people import Company, Person, population
from idbridge.sandbox.region import Region
from idbridge.sandbox.services import Service
from idbridge.sandbox.sources import services_of

_FAPI_TIERS: Final = frozenset({CommitmentTier.T3, CommitmentTier.T4})
_NOT_STANDARD: Final = frozenset({MemberState.KH})


class Speech(StrEnum):
    """How a provider speaks with its clients."""

    CODE = "code"
    FAPI = "fapi"
    REDIRECT_TOKEN = "redirect-token"  # noqa: S105 - the name of a protocol


@dataclass(frozen=True, slots=True)
class Listed:
    """One login service. ``browser`` is the address below which browsers reach its pages: the issuer itself, or an
    address of this machine in a sandbox that has no names.
    """

    service: Service
    speech: Speech
    browser: str

    @property
    def id(self) -> str:
        """The name of the service in its list's source document."""
        return self.service.id

    @property
    def issuer(self) -> str:
        """The issuer identifier, as it is listed."""
        return self.service.issuer

    @property
    def name(self) -> dict[str, str]:
        """The name of the service by language, English among them."""
        return dict(self.service.source["name"])

    @property
    def levels(self) -> tuple[str, ...]:
        """The national levels, the lowest first."""
        return tuple(rung["national"] for rung in self.service.source["ladder"])

    @property
    def algorithms(self) -> tuple[str, ...]:
        """The algorithms that the list allows the service."""
        return tuple(self.service.source["algorithms"])

    @property
    def encryption(self) -> str | None:
        """``required`` or ``allowed`` where tokens come encrypted to the client; ``None`` where they never do."""
        value: Any = self.service.source.get("encryption")
        return None if value is None else str(value)

    @property
    def entity(self) -> str | None:
        """``representative`` or ``itself`` for a login of companies; ``None`` for one of people."""
        listed = self.service.claim_map.get("entity")
        return None if listed is None else str(listed["subject"])

    @property
    def people(self) -> tuple[Person, ...]:
        """Who can choose to log in: nobody at a login that is a company's own."""
        return () if self.entity == "itself" else population().of(self.service.state)

    @property
    def companies(self) -> tuple[Company, ...]:
        """For which companies somebody can log in, or which can themselves."""
        if self.entity is None:
            return ()
        return tuple(one for one in population().companies.values() if one.state is self.service.state)


def login_services(region: Region, *, at: datetime) -> tuple[str, ...]:
    """Return the ids of the login services of ``region`` that are granted ``at`` an instant."""
    return tuple(
        str(source["id"])
        for table in region.sources.lists.values()
        for source in services_of(table)
        if Format.ID_TOKEN.value in source["formats"] and _status(source, at=at) == "granted"
    )


def _status(source: Any, *, at: datetime) -> str | None:
    reached = [one["status"] for one in source["status"] if parse_instant(one["from"]) <= at]
    return reached[-1] if reached else None


def listed_in(region: Region, service_id: str, *, browser: str | None = None) -> Listed:
    """Return a login service of ``region``.

    Raises:
        LookupError: No state lists it.
    """
    service = region.service(service_id)
    tier = CommitmentTier(region.sources.lists[service.state]["tier"])
    return Listed(service, _speech(service.state, tier), browser or service.issuer)


def _speech(state: MemberState, tier: CommitmentTier) -> Speech:
    if state in _NOT_STANDARD:
        return Speech.REDIRECT_TOKEN
    return Speech.FAPI if tier in _FAPI_TIERS else Speech.CODE


def every_provider(region: Region, *, at: datetime, browser: str) -> Iterator[Listed]:
    """Yield every login service that is granted, each below ``browser`` under its own id."""
    for service_id in login_services(region, at=at):
        yield listed_in(region, service_id, browser=f"{browser}/{service_id}")
