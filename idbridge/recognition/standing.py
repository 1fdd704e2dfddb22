"""Standing: does one state recognise a kind of credential of another, for a purpose, at an instant, and how far?

``standing`` is the one function that decides it. The table of ``GET /v1/recognition`` and step V7 of the pipeline both
ask it, so that they cannot disagree. It knows kinds of credentials and no single one: level, holder and mandate of a
credential are compared with the answer in ``recognise``. Clause: architecture D2.

A refusal is the first of: ``recognition.observer_state``, ``purpose_not_allowed`` (not in the register),
``no_arrangement``, ``not_yet_in_force``, ``suspended``, ``repealed``, ``service_not_covered``, ``purpose_not_allowed``
(not in the arrangement), ``loa_too_low`` (no level can reach the minimum).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from idbridge.limits import LIMITS
from idbridge.model.credential import NO_GRACE
from idbridge.model.region import AssuranceLevel, Environment, Format, MemberState, ServiceType
from idbridge.recognition.arrangement import (
    ArrangementHistory,
    ArrangementIndex,
    ArrangementStatus,
    ArrangementVersion,
)
from idbridge.recognition.assurance import map_level
from idbridge.recognition.purpose import Purpose, PurposeRegister
from idbridge.recognition.rule import RecognitionRule

_UNCHANGED: Final = tuple(AssuranceLevel)
_DOMESTIC_WORDS: Final = tuple(f"domestic: {level} counts as {level}" for level in AssuranceLevel)


@dataclass(frozen=True, slots=True)
class Standing:
    """What the arrangements and the register say of one kind of credential.

    ``code`` is ``None`` if it is recognised. The answer is the same throughout ``[valid_from, valid_until)``.
    ``levels`` holds, at the index of a level proven, the level it counts as, and ``mappings`` the rule in words; under
    a refusal nothing is mapped, and ``minimum_level``, ``bearer_allowed`` and ``claims`` are the purpose's alone.
    ``grace`` is by how much the list of the state may be out of date, by the level recognised; at home never.
    """

    code: str | None
    purpose: Purpose | None
    rule: RecognitionRule | None
    domestic: bool
    arrangement: str | None
    version: int | None
    valid_from: datetime | None
    valid_until: datetime | None
    levels: tuple[AssuranceLevel, ...]
    mappings: tuple[str, ...]
    minimum_level: AssuranceLevel
    bearer_allowed: bool
    claims: frozenset[str]
    grace: Mapping[AssuranceLevel, timedelta] = field(default_factory=lambda: NO_GRACE)

    @property
    def recognised(self) -> bool:
        """Tell whether a credential of this kind can be recognised at all."""
        return self.code is None

    @property
    def maximum_level(self) -> AssuranceLevel:
        """The highest level that any credential of this kind can be recognised at."""
        return max(self.levels) if self.recognised else AssuranceLevel.A0

    def holds_at(self, instant: datetime) -> bool:
        """Tell whether this is still the answer at ``instant``."""
        started = self.valid_from is None or self.valid_from <= instant
        return started and (self.valid_until is None or instant < self.valid_until)


def standing(
    index: ArrangementIndex,
    register: PurposeRegister,
    *,
    observers: frozenset[MemberState],
    by: MemberState,
    origin: MemberState,
    service_type: ServiceType | None,
    format: Format,  # noqa: A002 - the word of the interface
    purpose: str,
    at: datetime,
) -> Standing:
    """Return whether ``by`` recognises credentials of ``origin`` of this kind for ``purpose`` at the instant ``at``.

    ``service_type`` is ``None`` for a type outside the vocabulary, which nothing covers. A state needs no arrangement
    with itself. ``observers`` are the states that only observe: nothing of theirs is recognised.
    """
    found = register.find(purpose)
    plain = _undecided(found, domestic=by is origin)
    if origin in observers:
        return replace(plain, code="recognition.observer_state")
    if found is None:
        return replace(plain, code="recognition.purpose_not_allowed")
    if service_type is None:
        return replace(plain, code="recognition.service_not_covered")
    if by is origin:
        return replace(plain, code=None)
    history = index.between(by, origin)
    if history is None:
        return replace(plain, code="recognition.no_arrangement")
    deciding = history.deciding_at(at)
    dated = _dated(plain, history, deciding, at=at)
    if deciding is None:
        return replace(dated, code="recognition.not_yet_in_force")
    if not deciding.in_effect(at):
        suspended = deciding.status is ArrangementStatus.SUSPENDED
        return replace(dated, code="recognition.suspended" if suspended else "recognition.repealed")
    rules = deciding.rules.get((by, origin), ())
    return _under_rules(dated, found, rules, service_type=service_type, format=format)


def _undecided(purpose: Purpose | None, *, domestic: bool) -> Standing:
    """Return what the purpose alone demands, as a refusal until more is known."""
    return Standing(
        code="recognition.no_arrangement",
        purpose=purpose,
        rule=None,
        domestic=domestic,
        arrangement=None,
        version=None,
        valid_from=None,
        valid_until=None,
        levels=_UNCHANGED,
        mappings=_DOMESTIC_WORDS,
        minimum_level=purpose.minimum_level if purpose is not None else AssuranceLevel.A1,
        bearer_allowed=purpose is not None and purpose.bearer_allowed,
        claims=purpose.claims if purpose is not None else frozenset(),
    )


def _dated(
    plain: Standing, history: ArrangementHistory, deciding: ArrangementVersion | None, *, at: datetime
) -> Standing:
    """Return ``plain`` with the arrangement that decides and the period in which it gives the same answer."""
    decided = deciding.version if deciding is not None else 0  # a lower version never takes over from a higher one
    changes = [one.effective_from for one in history.versions[decided:] if one.effective_from > at]
    if deciding is None:
        return replace(plain, arrangement=history.latest.id, valid_until=min(changes))
    start = deciding.effective_from
    if deciding.until is not None and deciding.until > at:
        changes.append(deciding.until)
    elif deciding.until is not None:
        start = deciding.until
    return replace(
        plain,
        arrangement=deciding.id,
        version=deciding.version,
        valid_from=start,
        valid_until=min(changes, default=None),
    )


def _under_rules(
    dated: Standing,
    purpose: Purpose,
    rules: tuple[RecognitionRule, ...],
    *,
    service_type: ServiceType,
    format: Format,  # noqa: A002 - the word of the interface
) -> Standing:
    """Return what the rules in force between the two states say of one kind of credential."""
    if not rules:
        return replace(dated, code="recognition.no_arrangement")
    serving = [rule for rule in rules if service_type in rule.service_types and format in rule.formats]
    if not serving:
        return replace(dated, code="recognition.service_not_covered")
    for rule in serving:  # rules never overlap, so at most one is left
        if purpose.code in rule.purposes:
            return _granted(dated, purpose, rule)
    return replace(dated, code="recognition.purpose_not_allowed")


def _granted(dated: Standing, purpose: Purpose, rule: RecognitionRule) -> Standing:
    levels = tuple(map_level(rule.levels, level) for level in AssuranceLevel)
    minimum = max(rule.minimum_level, purpose.minimum_level)
    named = f"{dated.arrangement} version {dated.version}"
    return replace(
        dated,
        code=None if max(levels) >= minimum else "recognition.loa_too_low",
        rule=rule,
        levels=levels,
        mappings=tuple(f"{named}: {proven} counts as {levels[proven]}" for proven in AssuranceLevel),
        minimum_level=minimum,
        bearer_allowed=purpose.bearer_allowed and purpose.code in rule.bearer_purposes,
        claims=rule.claims & purpose.claims,
        grace=rule.grace,
    )


class Standings:
    """``standing`` over one trust snapshot, with its answers kept for as long as they hold.

    A memory and nothing else: asked twice for the same, it says the same. Bounded by the closed vocabularies of its
    key and by a limit besides.

    Raises:
        ValueError: Arrangements and purpose register are of two environments.
    """

    __slots__ = ("_held", "_index", "_max_entries", "_observers", "_register")

    def __init__(
        self,
        index: ArrangementIndex,
        register: PurposeRegister,
        *,
        observers: frozenset[MemberState],
        max_entries: int = LIMITS.standing_cache_entries,
    ) -> None:
        if index.environment is not register.environment:
            raise ValueError("arrangements and purpose register are of two environments")
        self._index = index
        self._register = register
        self._observers = observers
        self._max_entries = max_entries
        self._held: dict[tuple[MemberState, MemberState, ServiceType | None, Format, str], Standing] = {}

    @property
    def environment(self) -> Environment:
        """The environment of the arrangements."""
        return self._index.environment

    def find(
        self,
        *,
        by: MemberState,
        origin: MemberState,
        service_type: ServiceType | None,
        format: Format,  # noqa: A002 - the word of the interface
        purpose: str,
        at: datetime,
    ) -> Standing:
        """Return what ``standing`` says."""
        key = (by, origin, service_type, format, purpose)
        held = self._held.get(key)
        if held is not None and held.holds_at(at):
            return held
        found = standing(
            self._index,
            self._register,
            observers=self._observers,
            by=by,
            origin=origin,
            service_type=service_type,
            format=format,
            purpose=purpose,
            at=at,
        )
        # A purpose that the register does not have is the sender's word: remembering it would let callers fill memory.
        if found.purpose is not None and (held is not None or len(self._held) < self._max_entries):
            self._held[key] = found
        return found
