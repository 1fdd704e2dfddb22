"""A source document held against the list of its state that is in force: what it takes back, and what it widens.

Decides what a node would refuse of the next edition (``history``), and points at what gives more trust than before, so
that nobody signs it by oversight. A service is the same one if issuer, type and English name are: a document has no
keys.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from idbridge.errors import TrustError
from idbridge.model.region import AssuranceLevel
from idbridge.model.time import parse_instant
from idbridge.model.trust import HolderBindingRule, LadderRung, TrustService
from idbridge.trust import history, scheme
from idbridge.trust.history import History
from idbridge.trust.lint_note import Note, warning
from idbridge.trust.lint_rules import STATUSES, TYPES, services
from idbridge.trust.profile import TrustList
from idbridge.trust.toml_lines import Path

REWRITTEN: Final = "trust.history_rewritten"
WIDENED: Final = "scope-widened"
_STRICTEST_FIRST: Final = (HolderBindingRule.REQUIRED, HolderBindingRule.OPTIONAL, HolderBindingRule.NONE)

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Published:
    """The list in force, if there is one, and the address of an issuer in its environment."""

    listed: TrustList | None
    placed: Callable[[str], str]


def notes(document: Document, published: Published, *, at: datetime) -> Iterator[Note]:
    """Yield what the next edition would take back, drop or widen."""
    if published.listed is None:
        return
    held = {_name(service.issuer, service.service_type, service.name): service for service in published.listed.services}
    named = {
        _name(published.placed(service["issuer"]), TYPES[service["type"]].value, service["name"][scheme.LANGUAGE]): (
            path,
            service,
        )
        for path, service in services(document)
    }
    for name, (path, service) in named.items():
        if name in held:
            yield from _history((*path, "status"), service, held[name], at=at)
            yield from _wider(path, service, held[name])
    for name, old in held.items():
        if name not in named and old.history[-1].validity.contains(at) and history.severity(old.history) == 0:
            yield warning(("provider",), "dropped", f"`{old.name}` of {old.issuer} is in force and no longer listed")


def _name(issuer: str, kind: str, name: str) -> tuple[str, str, str]:
    return issuer, kind, name


def _history(path: Path, service: Document, old: TrustService, *, at: datetime) -> Iterator[Note]:
    try:
        told: History = history.periods(
            tuple((STATUSES[one["status"]], parse_instant(one["from"])) for one in service["status"])
        )
    except (TrustError, ValueError):
        return  # said by `lint_rules`, line by line
    if not history.continues(old.history, told, at=at):
        yield Note(path, REWRITTEN, "the published list tells another past of this service")


def _wider(path: Path, service: Document, old: TrustService) -> Iterator[Note]:
    """Yield each way in which the service may do more than before."""
    profile = old.profile
    for member, before in (
        ("formats", frozenset(one.value for one in profile.formats)),
        ("algorithms", profile.algorithms),
        ("credential_types", profile.credential_types),
    ):
        more = sorted(set(service[member]) - before)
        if more:
            yield warning((*path, member), WIDENED, f"more {member.replace('_', ' ')} than before: {', '.join(more)}")
    binding = HolderBindingRule(service["holder_binding"])
    if _STRICTEST_FIRST.index(binding) > _STRICTEST_FIRST.index(profile.holder_binding):
        words = f"holder binding was {profile.holder_binding}, and is {binding}"
        yield warning((*path, "holder_binding"), WIDENED, words)
    yield from _higher((*path, "ladder"), service, {rung.national: rung for rung in profile.ladder})


def _higher(path: Path, service: Document, before: Mapping[str, LadderRung]) -> Iterator[Note]:
    for number, rung in enumerate(service["ladder"]):
        old = before.get(rung["national"])
        worth = AssuranceLevel[rung["identity"]], AssuranceLevel[rung["authentication"]]
        was = (old.identity, old.authentication) if old is not None else (AssuranceLevel.A0, AssuranceLevel.A0)
        if worth[0] > was[0] or worth[1] > was[1]:
            yield warning((*path, number), WIDENED, f"the level `{rung['national']}` is worth more than before")
