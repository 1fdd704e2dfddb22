"""Rules of recognition: what one state recognises of another, and when a set of rules goes further than another.

A rule names a directed pair of states and, within it, service types, formats and purposes; each combination of these
is a *cell*. A set of rules covers a cell at most once, so that there is never a choice between two rules.

``widens`` is exact at the level of what is written: new rules widen old ones if, in any cell, they cover what the old
ones do not, map any level higher, demand a lower minimum, release another claim, accept a bearer where the old ones do
not, or grant longer grace. Everything else is equal or narrower. Knows nothing of time, signatures or status.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import product
from types import MappingProxyType
from typing import Any, Final

from idbridge.limits import LIMITS
from idbridge.model.region import AssuranceLevel, Format, MemberState, ServiceType
from idbridge.recognition import members
from idbridge.recognition.assurance import map_level

Pair = tuple[MemberState, MemberState]  # (recognising, recognised)
EVERY_OTHER_PARTY: Final = "*"

_RULE = frozenset({
    "recognising", "recognised", "service_types", "formats", "purposes", "levels", "minimum_level", "claims",
    "bearer_purposes", "grace_seconds",
})  # fmt: skip
_GRACE: Final[Mapping[str, timedelta]] = MappingProxyType(
    {AssuranceLevel.A1.name: LIMITS.grace_low, AssuranceLevel.A2.name: LIMITS.grace_substantial}
)


@dataclass(frozen=True, slots=True)
class RecognitionRule:
    """What ``recognising`` recognises of ``recognised``. ``levels`` maps the level proven to the level recognised."""

    recognising: MemberState
    recognised: MemberState
    service_types: frozenset[ServiceType]
    formats: frozenset[Format]
    purposes: frozenset[str]
    levels: Mapping[AssuranceLevel, AssuranceLevel]
    minimum_level: AssuranceLevel
    claims: frozenset[str]
    bearer_purposes: frozenset[str]
    grace: Mapping[AssuranceLevel, timedelta]

    @property
    def pair(self) -> Pair:
        """The two states, in the direction of the rule."""
        return self.recognising, self.recognised

    def covers(self, *, service_type: ServiceType, format: Format, purpose: str) -> bool:  # noqa: A002 - the word
        """Tell whether the cell is one of this rule's."""
        return service_type in self.service_types and format in self.formats and purpose in self.purposes


def parse_rules(entries: Any, *, parties: frozenset[MemberState]) -> tuple[RecognitionRule, ...]:
    """Return the rules of an arrangement, ``*`` written out for every other party, none covering another's cell.

    Raises:
        TrustError: ``trust.arrangement_invalid``: a rule breaks the schema, raises a level, speaks for a state that
            is no party, grants more grace than D3 allows, or two rules cover one cell.
    """
    if not isinstance(entries, list):
        raise members.invalid("the rules are not a list")
    rules = tuple(rule for entry in entries for rule in _written_out(entry, parties=parties))
    for one, other in _same_pair(rules):
        if one.service_types & other.service_types and one.formats & other.formats and one.purposes & other.purposes:
            raise members.invalid(f"two rules of {one.recognising} for {one.recognised} overlap")
    return rules


def _same_pair(rules: tuple[RecognitionRule, ...]) -> Iterator[tuple[RecognitionRule, RecognitionRule]]:
    for pair_rules in by_pair(rules).values():
        for position, one in enumerate(pair_rules):
            yield from ((one, other) for other in pair_rules[position + 1 :])


def _written_out(entry: Any, *, parties: frozenset[MemberState]) -> Iterator[RecognitionRule]:
    """Yield one rule for each state that ``entry`` recognises."""
    table = members.exactly(entry, _RULE, where="a rule")
    recognising = members.word(table["recognising"], MemberState, where="recognising")
    if table["recognised"] == EVERY_OTHER_PARTY:
        recognised = sorted(parties - {recognising})
    else:
        recognised = [members.word(table["recognised"], MemberState, where="recognised")]
    for state in recognised:
        if state == recognising or not {state, recognising} <= parties:
            raise members.invalid("a rule speaks for a state that is no party, or for one state alone")
        yield _rule(table, recognising=recognising, recognised=state)


def _rule(table: Mapping[str, Any], *, recognising: MemberState, recognised: MemberState) -> RecognitionRule:
    purposes = members.several(table["purposes"], _purpose, where="purposes")
    bearer = members.several(table["bearer_purposes"], _purpose, where="bearer_purposes", empty=True)
    if not bearer <= purposes:
        raise members.invalid("bearer_purposes names a purpose that the rule does not cover")
    return RecognitionRule(
        recognising=recognising,
        recognised=recognised,
        service_types=members.several(
            table["service_types"], lambda entry: members.word(entry, ServiceType, where="a service type"),
            where="service_types",
        ),
        formats=members.several(
            table["formats"], lambda entry: members.word(entry, Format, where="a format"), where="formats"
        ),
        purposes=purposes,
        levels=_levels(table["levels"]),
        minimum_level=recognisable_level(table["minimum_level"], where="minimum_level"),
        claims=members.several(
            table["claims"], lambda entry: members.code(entry, where="a claim"), where="claims", empty=True
        ),
        bearer_purposes=bearer,
        grace=_grace(table["grace_seconds"]),
    )  # fmt: skip


def _purpose(entry: Any) -> str:
    return members.code(entry, where="a purpose")


def recognisable_level(value: Any, *, where: str) -> AssuranceLevel:
    """Return a level that can be recognised: A1, A2 or A3. Who is known at A0 is not known.

    Raises:
        TrustError: It is another level, or none.
    """
    level = members.word(value, AssuranceLevel.__getitem__, where=where)
    if level is AssuranceLevel.A0:
        raise members.invalid(f"{where} is A0, which recognises nothing")
    return level


def _levels(value: Any) -> Mapping[AssuranceLevel, AssuranceLevel]:
    if not isinstance(value, Mapping) or not value:
        raise members.invalid("levels is not an object with members")
    levels = {
        recognisable_level(proven, where="a level"): recognisable_level(worth, where="a level")
        for proven, worth in value.items()
    }
    if any(worth > proven for proven, worth in levels.items()):
        raise members.invalid("a rule raises a level")
    return MappingProxyType(levels)


def _grace(value: Any) -> Mapping[AssuranceLevel, timedelta]:
    """Read the grace that a rule grants while a list is stale: bounded by D3, and never for A3."""
    table = members.exactly(value, frozenset(_GRACE), where="grace_seconds")
    grace = {
        AssuranceLevel[name]: timedelta(
            seconds=members.count(table[name], where="grace", least=0, most=int(bound.total_seconds()))
        )
        for name, bound in _GRACE.items()
    }
    return MappingProxyType(grace)


def by_pair(rules: Iterable[RecognitionRule]) -> Mapping[Pair, tuple[RecognitionRule, ...]]:
    """Return the rules of each directed pair of states."""
    pairs: dict[Pair, tuple[RecognitionRule, ...]] = {}
    for rule in rules:
        pairs[rule.pair] = (*pairs.get(rule.pair, ()), rule)
    return MappingProxyType(pairs)


def widened_pairs(old_rules: Iterable[RecognitionRule], new_rules: Iterable[RecognitionRule]) -> frozenset[Pair]:
    """Return the directed pairs in which ``new_rules`` recognise anything that ``old_rules`` do not."""
    old = by_pair(old_rules)
    return frozenset(rule.pair for rule in new_rules if _goes_further(rule, than=old.get(rule.pair, ())))


def widens(old_rules: Iterable[RecognitionRule], new_rules: Iterable[RecognitionRule]) -> bool:
    """Tell whether ``new_rules`` recognise anything, for anyone, that ``old_rules`` do not."""
    return bool(widened_pairs(old_rules, new_rules))


def _goes_further(rule: RecognitionRule, *, than: tuple[RecognitionRule, ...]) -> bool:
    """Tell whether any cell of ``rule`` is uncovered by the rules ``than`` or covered by a narrower one."""
    for service_type, form, purpose in product(rule.service_types, rule.formats, rule.purposes):
        covering = [old for old in than if old.covers(service_type=service_type, format=form, purpose=purpose)]
        if not any(_within(rule, old, purpose=purpose) for old in covering):
            return True
    return False


def _within(new: RecognitionRule, old: RecognitionRule, *, purpose: str) -> bool:
    """Tell whether ``new`` grants nothing for ``purpose`` that ``old`` does not."""
    return (
        all(map_level(new.levels, level) <= map_level(old.levels, level) for level in AssuranceLevel)
        and new.minimum_level >= old.minimum_level
        and new.claims <= old.claims
        and (purpose not in new.bearer_purposes or purpose in old.bearer_purposes)
        and all(new.grace[level] <= old.grace[level] for level in new.grace)
    )
