"""The semantic difference of two versions of an arrangement: what enters, widens, narrows or is suspended.

Decides what changed, cell by cell as ``recognition.rule`` compares rules; whether the one version may follow the other
is for the recognition layer. Comes in the same form as a list's difference. Architecture D2.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from idbridge.model.region import AssuranceLevel
from idbridge.model.time import instant_text
from idbridge.recognition.arrangement import ArrangementStatus, ArrangementVersion
from idbridge.recognition.assurance import map_level
from idbridge.recognition.rule import Pair, RecognitionRule, widened_pairs
from idbridge.trust.operator.change import Change, Diff, Item, Kind, Mark, Value, compared
from idbridge.trust.operator.rules import grown, word

_Rules = Mapping[Pair, tuple[RecognitionRule, ...]]


def diff_arrangements(before: ArrangementVersion | None, after: ArrangementVersion) -> Diff:
    """Return what differs between two versions of one arrangement, each taken as if it were in force.

    ``effect`` is ``enters``, ``suspends``, ``repeals``, ``resumes``, ``widens``, ``narrows``, ``changes`` or ``same``.

    Raises:
        ValueError: They are versions of two arrangements.
    """
    if before is not None and before.id != after.id:
        raise ValueError("versions of two arrangements are no versions of one")
    old, new = _effective(before), _effective(after)
    wider = widened_pairs(_flat(old), _flat(new))
    narrower = widened_pairs(_flat(new), _flat(old))
    facts = tuple(_arrangement_facts(before, after))
    return Diff(
        kind=Kind.ARRANGEMENT,
        subject=after.id,
        before=before.digest if before is not None else None,
        after=after.digest,
        effect=_effect(before, after, wider=bool(wider) or _any_widens(facts), narrower=bool(narrower)),
        facts=facts,
        items=tuple(_pair_items(old, new, wider=wider if before is not None else frozenset())),
        held=len(old),
        ended=len(old.keys() - new.keys()),
    )


def _effective(version: ArrangementVersion | None) -> _Rules:
    if version is None or version.status is not ArrangementStatus.ENACTED:
        return {}
    return version.rules


def _flat(rules: _Rules) -> tuple[RecognitionRule, ...]:
    return tuple(rule for several in rules.values() for rule in several)


def _any_widens(changes: tuple[Change, ...]) -> bool:
    return any(change.widens for change in changes)


def _effect(before: ArrangementVersion | None, after: ArrangementVersion, *, wider: bool, narrower: bool) -> str:
    if before is None:
        return "enters"
    if before.status is not after.status:
        verbs = {
            ArrangementStatus.ENACTED: "resumes",
            ArrangementStatus.SUSPENDED: "suspends",
            ArrangementStatus.REPEALED: "repeals",
        }
        return verbs[after.status]
    names = {(False, False): "same", (True, False): "widens", (False, True): "narrows", (True, True): "changes"}
    return names[wider, narrower]


def _arrangement_facts(before: ArrangementVersion | None, after: ArrangementVersion) -> Iterator[Change]:
    """Yield the changes of what an arrangement says of itself; a longer life and another party reach further."""
    longer = before is not None and before.until is not None and (after.until is None or after.until > before.until)
    joined = before is not None and not after.parties <= before.parties
    widening = {"until": longer, "parties": joined}
    new = _told(after)
    old = _told(before) if before is not None else dict.fromkeys(new)
    for what, told in new.items():
        yield from compared(what, old[what], told, widens=widening.get(what, False))


def _told(version: ArrangementVersion) -> dict[str, Value]:
    return {
        "version": version.version,
        "environment": version.environment.value,
        "parties": tuple(sorted(party.value for party in version.parties)),
        "status": version.status.value,
        "from": instant_text(version.effective_from),
        "until": instant_text(version.until) if version.until is not None else "open",
    }


def _pair_items(old: _Rules, new: _Rules, *, wider: frozenset[Pair]) -> Iterator[Item]:
    for pair in sorted({*old, *new}):
        changes = tuple(_rule_changes(old.get(pair, ()), new.get(pair, ())))
        if changes:
            mark = Mark.ADDED if pair not in old else Mark.DROPPED if pair not in new else Mark.CHANGED
            where = {"recognising": pair[0].value, "recognised": pair[1].value}
            name = f"{pair[0]} recognises {pair[1]}"
            yield Item(mark, name, MappingProxyType(where), changes, widens=pair in wider)


def _rule_changes(old: tuple[RecognitionRule, ...], new: tuple[RecognitionRule, ...]) -> Iterator[Change]:
    """Yield what differs between the rules of one pair: member by member where one rule became another."""
    gone, come = ([rule for rule in one if rule not in other] for one, other in ((old, new), (new, old)))
    if len(gone) == len(come) == 1:
        yield from _member_changes(gone[0], come[0])
        return
    yield from (Change("rule", _rule_text(rule), None) for rule in gone)
    widens = bool(old) and bool(widened_pairs(old, new))
    yield from (Change("rule", None, _rule_text(rule), widens=widens) for rule in come)


def _member_changes(old: RecognitionRule, new: RecognitionRule) -> Iterator[Change]:
    lower = new.minimum_level < old.minimum_level
    raised = any(map_level(new.levels, level) > map_level(old.levels, level) for level in AssuranceLevel)
    longer = any(new.grace[level] > old.grace[level] for level in new.grace)
    yield from grown(
        "service types", {word(one) for one in old.service_types}, {word(one) for one in new.service_types}
    )
    yield from grown("formats", old.formats, new.formats)
    yield from grown("purposes", old.purposes, new.purposes)
    yield from grown("claims", old.claims, new.claims)
    yield from grown("bearer purposes", old.bearer_purposes, new.bearer_purposes)
    yield from compared("minimum level", str(old.minimum_level), str(new.minimum_level), widens=lower)
    yield from compared("levels", _levels(old), _levels(new), widens=raised)
    yield from compared("grace", _grace(old), _grace(new), widens=longer)


def _levels(rule: RecognitionRule) -> tuple[str, ...]:
    return tuple(f"{proven} counts as {worth}" for proven, worth in sorted(rule.levels.items()))


def _grace(rule: RecognitionRule) -> tuple[str, ...]:
    return tuple(f"{level}: {int(grace.total_seconds())} s" for level, grace in sorted(rule.grace.items()))


def _rule_text(rule: RecognitionRule) -> tuple[str, ...]:
    parts = {
        "types": (word(one) for one in rule.service_types),
        "formats": rule.formats,
        "purposes": rule.purposes,
        "claims": rule.claims,
        "bearer": rule.bearer_purposes,
    }
    told = tuple(f"{name} {' '.join(sorted(words))}" for name, words in parts.items() if words)
    return (*told, f"from {rule.minimum_level}", *_levels(rule), *_grace(rule))
