"""What a person can choose from at the selector: per state its login services, and what each is worth here.

Decides nothing about recognition: it asks the table of ``GET /v1/recognition`` what step V7 will say. A service that
does not do is shown with the reason and not hidden, so that nobody looks for theirs in vain; a state whose people
cannot log in yet is shown with what they can do instead. Superseded keys of a service are not services of their own.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from idbridge.model.region import AssuranceLevel, Format, MemberState, ServiceType
from idbridge.model.trust import TrustService
from idbridge.recognition.table import ListedState, ServiceRow, StateRow, recognition_table
from idbridge_gateway.node import NodeState

_WALLET: Final = frozenset({Format.SD_JWT_VC, Format.MDOC, Format.JWT_VC_JSON, Format.VC_JWT, Format.VC_SD_JWT})
_DATE: Final = "%Y-%m-%d"
_NO_LOGIN: Final = "selector.why_no_login"
_NO_LIST: Final = "selector.why_list"
_TOO_LOW: Final = "recognition.loa_too_low"
# Why something cannot be chosen, by the reason that the table gives.
WORDS: Final[Mapping[str, str]] = MappingProxyType({
    "recognition.observer_state": "selector.why_observer",
    "recognition.no_arrangement": "selector.why_no_agreement",
    "recognition.not_yet_in_force": "selector.why_later",
    "recognition.suspended": "selector.why_paused",
    "recognition.repealed": "selector.why_over",
    "recognition.purpose_not_allowed": "selector.why_purpose",
    "recognition.service_not_covered": "selector.why_kind",
    _TOO_LOW: "selector.why_level",
    "mandate.out_of_scope": "selector.why_company",
    "mandate.missing": "selector.why_person",
    "issuer.not_yet_granted": "selector.why_soon",
    "issuer.superseded": "selector.why_ended",
    "issuer.withdrawn": "selector.why_ended",
    "issuer.compromised": "selector.why_denied",
    "issuer.denied": "selector.why_denied",
})  # fmt: skip
# What is so of a whole state, whichever of its services is asked.
_OF_STATE: Final = frozenset({
    "recognition.observer_state", "recognition.no_arrangement", "recognition.not_yet_in_force",
    "recognition.suspended", "recognition.repealed", "issuer.denied",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Why:
    """Why something cannot be chosen: a sentence of the catalogue, and a date for it where it has one."""

    key: str
    date: str = ""


@dataclass(frozen=True, slots=True)
class ProviderOffer:
    """One login service: ``level`` is the highest that it offers; ``why`` is ``None`` where it can be chosen."""

    id: str
    name: str
    state: MemberState
    level: AssuranceLevel
    required: AssuranceLevel
    why: Why | None


@dataclass(frozen=True, slots=True)
class StateOffer:
    """One state: its services, those first that do; ``why`` and ``ways`` (what else to do) where none does."""

    state: MemberState
    providers: tuple[ProviderOffer, ...]
    why: Why | None
    ways: tuple[str, ...]

    @property
    def open(self) -> bool:
        """Whether its people can log in here."""
        return any(provider.why is None for provider in self.providers)


def offers(
    in_force: NodeState,
    *,
    provider_ids: Mapping[str, str],
    by: MemberState,
    purpose: str,
    required: AssuranceLevel,
    at: datetime,
) -> tuple[StateOffer, ...]:
    """Return what there is to choose from for ``purpose`` at ``by``, of every state; ``required`` is demanded here.

    ``provider_ids`` are the services that this node is connected with, by issuer identifier.
    """
    listed = {one.member_state: one for one in in_force.snapshot.listed_states()}
    states = tuple(listed.get(state) or ListedState(state, None, (), "trust.not_configured") for state in MemberState)
    rows = recognition_table(states, standings=in_force.verifier.standings, by=by, purpose=purpose, at=at)
    return tuple(state_offer(row, required, provider_ids) for row in rows)


def chosen(offered: tuple[StateOffer, ...], provider_id: str) -> ProviderOffer | None:
    """Return the service of this id if it can be chosen; ``None`` for any other and for what is no service."""
    everything = (provider for state in offered for provider in state.providers)
    return next((one for one in everything if one.id == provider_id and one.why is None), None)


def state_offer(row: StateRow, required: AssuranceLevel, provider_ids: Mapping[str, str]) -> StateOffer:
    """Return what one state has to choose from."""
    best: dict[str, ProviderOffer] = {}
    for one in row.services:
        if one.service.service_type is not ServiceType.LOGIN or one.format is not Format.ID_TOKEN:
            continue
        offer, held = _provider(one, required, provider_ids), best.get(one.service.issuer)
        if held is None or _rank(offer) > _rank(held):
            best[one.service.issuer] = offer
    providers = tuple(sorted(best.values(), key=lambda offer: (offer.why is not None, -offer.level)))
    if any(provider.why is None for provider in providers):
        return StateOffer(row.member_state, providers, None, ())
    return StateOffer(row.member_state, providers, _why_state(row, providers), tuple(_ways(row, required)))


def _rank(offer: ProviderOffer) -> tuple[bool, bool, AssuranceLevel]:
    """Order services of one provider: what can be chosen before what cannot, and what ended last."""
    ended = offer.why is not None and offer.why.key in {"selector.why_ended", "selector.why_denied"}
    return offer.why is None, not ended, offer.level


def _provider(row: ServiceRow, required: AssuranceLevel, provider_ids: Mapping[str, str]) -> ProviderOffer:
    needed = max(required, row.standing.minimum_level)
    service, level, code = row.service, row.level, row.code
    if code is not None:
        level = _offered(service)
    elif level < needed:
        code = _TOO_LOW
    name = provider_ids.get(service.issuer, "")
    why = Why("selector.why_unconnected") if code is None and not name else _why(row, code)
    return ProviderOffer(name, service.name, service.member_state, level, needed, why)


def _offered(service: TrustService) -> AssuranceLevel:
    """Return the highest level that a service claims for itself, recognised or not."""
    return max((min(rung.identity, rung.authentication) for rung in service.profile.ladder), default=AssuranceLevel.A0)


def _why(row: ServiceRow, code: str | None) -> Why | None:
    return None if code is None else Why(WORDS.get(code, "selector.why_kind"), _begins(row, code))


def _begins(row: ServiceRow, code: str) -> str:
    """Return from when on something is recognised, where that is why it is not; nothing otherwise."""
    begins = row.standing.valid_until if code == "recognition.not_yet_in_force" else None
    return begins.strftime(_DATE) if begins is not None else ""


def _why_state(row: StateRow, providers: tuple[ProviderOffer, ...]) -> Why:
    """Return why nobody of a state can log in: what is so of the whole state, else that no service of it does."""
    code = row.code or ""
    if code.startswith("trust."):
        return Why(_NO_LIST)
    if code in _OF_STATE:
        return Why(WORDS[code], _begins(row.best, code) if row.best is not None else "")
    return Why("selector.why_none_does") if providers else Why(_NO_LOGIN)


def _ways(row: StateRow, required: AssuranceLevel) -> Iterator[str]:
    """Yield what people of a state can do instead, as far as it is recognised here."""
    recognised = {one.format for one in row.services if one.code is None and one.level >= required}
    if recognised & _WALLET:
        yield "selector.way_wallet"
    if Format.QR in recognised:
        yield "selector.way_code"
    yield "selector.way_counter"
    yield "selector.way_other"
