"""Hypothesis strategies for arrangements: small vocabularies, so that rules meet each other often."""

from typing import Any

from hypothesis import strategies as st

from idbridge.model.region import MemberState
from tests.recognition.documents import LOGIN, MY, PID, SG, TH

PARTIES = (SG, TH, MY)
SERVICE_TYPES = (LOGIN, PID)
FORMATS = ("id_token", "dc+sd-jwt")
PURPOSE_CODES = ("account-opening", "building-visit")
CLAIMS = ("name", "birthdate")
LEVELS = ("A1", "A2", "A3")
INSTANTS = tuple(f"2026-{month:02}-01T00:00:00Z" for month in (1, 4, 7, 10))


def some(entries: tuple[str, ...], *, least: int = 1) -> st.SearchStrategy[list[str]]:
    """A list of distinct entries, in their own order."""
    return st.lists(st.sampled_from(entries), min_size=least, unique=True).map(sorted)


@st.composite
def rule_documents(draw: st.DrawFn, parties: tuple[MemberState, ...] = PARTIES) -> dict[str, Any]:
    """A rule that the schema allows."""
    recognising = draw(st.sampled_from(parties))
    others = [party.value for party in parties if party != recognising]
    purposes = draw(some(PURPOSE_CODES))
    proven = draw(some(LEVELS))
    return {
        "recognising": recognising.value,
        "recognised": draw(st.sampled_from(others)),
        "service_types": draw(some(SERVICE_TYPES)),
        "formats": draw(some(FORMATS)),
        "purposes": purposes,
        "levels": {level: draw(st.sampled_from(LEVELS[: LEVELS.index(level) + 1])) for level in proven},
        "minimum_level": draw(st.sampled_from(LEVELS)),
        "claims": draw(some(CLAIMS, least=0)),
        "bearer_purposes": draw(some(tuple(purposes), least=0)),
        "grace_seconds": {"A1": draw(st.sampled_from((0, 60))), "A2": draw(st.sampled_from((0, 60)))},
    }


def _apart(rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out each rule that covers a cell of one before it."""
    kept: list[dict[str, Any]] = []
    for rule in rules:
        clash = any(
            (rule["recognising"], rule["recognised"]) == (other["recognising"], other["recognised"])
            and all(set(rule[name]) & set(other[name]) for name in ("service_types", "formats", "purposes"))
            for other in kept
        )
        if not clash:
            kept.append(rule)
    return kept


def rule_sets(parties: tuple[MemberState, ...] = PARTIES, *, least: int = 1) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Rules of one arrangement, none covering a cell of another."""
    return st.lists(rule_documents(parties), min_size=least, max_size=4).map(_apart)


@st.composite
def edited(draw: st.DrawFn, rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same rules with a few members changed: near enough to be narrower, wider, or both."""
    changed = [dict(rule) for rule in rules if draw(st.integers(0, 5))]
    for rule in changed:
        other = draw(rule_documents())
        for member in ("service_types", "formats", "levels", "minimum_level", "claims", "grace_seconds"):
            if not draw(st.integers(0, 5)):
                rule[member] = other[member]
        if not draw(st.integers(0, 3)):
            rule["purposes"] = draw(some(PURPOSE_CODES))
        if not draw(st.integers(0, 3)):
            rule["bearer_purposes"] = draw(some(PURPOSE_CODES, least=0))
        rule["bearer_purposes"] = [code for code in rule["bearer_purposes"] if code in rule["purposes"]]
    return _apart(changed)


@st.composite
def versions(draw: st.DrawFn, before: dict[str, Any]) -> dict[str, Any]:
    """A next version of the arrangement ``before``, that the schema allows and anybody may or may not sign."""
    rules = draw(edited(before["rules"]))
    start = draw(st.sampled_from(INSTANTS))
    later = [instant for instant in INSTANTS if instant > start]
    statuses = ("enacted", "suspended", "repealed") if rules else ("suspended", "repealed")
    return {
        **before,
        "version": before["version"] + 1,
        "status": draw(st.sampled_from(statuses)),
        "from": start,
        "until": draw(st.sampled_from((None, *later))),
        "rules": rules,
    }
