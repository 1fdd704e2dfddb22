"""What differs between one service before and after, and whether it reaches further than it did.

Whatever cannot be shown to be equal or narrower counts as wider, and is flagged: another leaf rule may let in other
certificates, another subject claim other people. Architecture D2 (rules are signed data of the list).
"""

from collections.abc import Collection, Mapping
from dataclasses import fields
from datetime import datetime
from itertools import chain
from typing import Final

from idbridge.model.region import AssuranceLevel, CommitmentTier
from idbridge.model.time import instant_text
from idbridge.model.trust import (
    ClaimMap,
    EncryptionRule,
    EntityMap,
    HolderBindingRule,
    LadderRung,
    LeafRule,
    ServiceProfile,
)
from idbridge.trust import qr_listing
from idbridge.trust.history import SEVERITY, History
from idbridge.trust.operator.change import Change, Value, compared

_TIERS: Final = tuple(CommitmentTier)  # in ascending order
_BINDINGS: Final = (HolderBindingRule.REQUIRED, HolderBindingRule.OPTIONAL, HolderBindingRule.NONE)  # ever laxer
_NOT_BEGUN: Final = max(SEVERITY.values()) + 1
_UNKNOWN_LEVEL: Final = (AssuranceLevel.A0, AssuranceLevel.A0)


def tier_change(before: CommitmentTier | None, after: CommitmentTier) -> tuple[Change, ...]:
    """Return the change of a state's tier; a higher one admits more than a lower one."""
    higher = before is not None and _TIERS.index(after) > _TIERS.index(before)
    return compared("tier", before, after.value, widens=higher)


def status_change(before: History, after: History) -> tuple[Change, ...]:
    """Return the change of a status: how it ends, or all of its history where more than the end differs.

    It widens if there is an instant at which the service is better off than it was, as when an end is put off.
    """
    if before == after:
        return ()
    widens = any(
        _severity(after, period.validity.start) < _severity(before, period.validity.start)
        for period in chain(before, after)
    )
    told, retold = timeline(before), timeline(after)
    if retold[: len(told)] == told or retold[:-1] == told[:-1]:
        return (Change("status", told[-1], retold[-1], widens=widens),)
    return (Change("history", told, retold, widens=widens),)


def timeline(history: History) -> tuple[str, ...]:
    """Return the periods of ``history`` in words, oldest first."""
    return tuple(f"{word(period.status)} from {instant_text(period.validity.start)}" for period in history)


def _severity(history: History, instant: datetime) -> int:
    begun = [period.status for period in history if period.validity.start <= instant]
    return SEVERITY[begun[-1]] if begun else _NOT_BEGUN


def word(urn: str) -> str:
    """Return the last part of a name that is a URN."""
    return urn.rpartition(":")[2]


def rule_changes(before: ServiceProfile, after: ServiceProfile) -> tuple[Change, ...]:
    """Return what differs between two sets of rules for one service."""
    return (
        *grown("formats", before.formats, after.formats),
        *grown("credential types", before.credential_types, after.credential_types),
        *grown("algorithms", before.algorithms, after.algorithms),
        *_ladder_changes(before.ladder, after.ladder),
        *_binding_change(before.holder_binding, after.holder_binding),
        *_leeway_change(before, after),
        *compared("leaf rule", leaf(before.leaf_rule), leaf(after.leaf_rule), widens=before.leaf_rule is not None),
        *_revocation_change(before, after),
        *compared("QR profile", qr_listing.words(before.qr), qr_listing.words(after.qr), widens=after.qr is not None),
        *grown("status lists", before.status_lists, after.status_lists),
        *compared("key set", before.key_set, after.key_set, widens=after.key_set is not None),
        *compared(
            "encryption",
            before.encryption.value,
            after.encryption.value,
            widens=before.encryption is EncryptionRule.REQUIRED,
        ),
        *_claim_changes(before.claim_map, after.claim_map),
    )


def grown(what: str, before: Collection[str], after: Collection[str]) -> tuple[Change, ...]:
    """Return the change from one set of words to another; it widens if a word is new."""
    return compared(what, tuple(sorted(before)), tuple(sorted(after)), widens=not set(after) <= set(before))


def _ladder_changes(before: tuple[LadderRung, ...], after: tuple[LadderRung, ...]) -> tuple[Change, ...]:
    old, new = _levels(before), _levels(after)
    changes: tuple[Change, ...] = ()
    for national in sorted({*old, *new}):
        held, offered = old.get(national, _UNKNOWN_LEVEL), new.get(national, _UNKNOWN_LEVEL)
        raised = any(one > other for one, other in zip(offered, held, strict=True))
        texts = (_level(old.get(national)), _level(new.get(national)))
        changes += compared(f"level {national}", *texts, widens=raised)
    return changes


def levels(ladder: tuple[LadderRung, ...]) -> tuple[str, ...]:
    """Return what each national level is worth, in words."""
    return tuple(f"{national}: {_level(axes)}" for national, axes in sorted(_levels(ladder).items()))


def _levels(ladder: tuple[LadderRung, ...]) -> Mapping[str, tuple[AssuranceLevel, AssuranceLevel]]:
    return {rung.national: (rung.identity, rung.authentication) for rung in ladder}


def _level(axes: tuple[AssuranceLevel, AssuranceLevel] | None) -> str | None:
    return f"identity {axes[0]}, authentication {axes[1]}" if axes is not None else None


def _binding_change(before: HolderBindingRule, after: HolderBindingRule) -> tuple[Change, ...]:
    laxer = _BINDINGS.index(after) > _BINDINGS.index(before)
    return compared("holder binding", before.value, after.value, widens=laxer)


def _leeway_change(before: ServiceProfile, after: ServiceProfile) -> tuple[Change, ...]:
    texts = (f"{int(rules.leeway.total_seconds())} s" for rules in (before, after))
    return compared("leeway", *texts, widens=after.leeway > before.leeway)


def _revocation_change(before: ServiceProfile, after: ServiceProfile) -> tuple[Change, ...]:
    """Return where revocation lists must be known from, and are no longer; a service without any needs none."""
    texts = (tuple(sorted(rules.crl)) for rules in (before, after))
    return compared("revocation lists", *texts, widens=not before.crl <= after.crl)


def leaf(rule: LeafRule | None) -> str | None:
    """Return what is demanded of a leaf certificate, in words."""
    if rule is None:
        return None
    return f"policy {rule.policy}" if rule.policy is not None else f"extended key usage {rule.extended_key_usage}"


def _claim_changes(before: ClaimMap, after: ClaimMap) -> tuple[Change, ...]:
    old, new = _named_claims(before), _named_claims(after)
    return tuple(
        change
        for name in sorted({*old, *new})
        for change in compared(name, old.get(name), new.get(name), widens=name in new)
    )


def _named_claims(claims: ClaimMap) -> dict[str, Value]:
    named: dict[str, Value] = {f"claim {name}": own for name, own in claims.claims.items()}
    named |= {
        "subject claim": claims.subject,
        "persistence": claims.persistence.value,
        "level claim": claims.acr,
        "mandate claim": claims.mandate,
        "display claims": tuple(one for one in (claims.display, claims.display_latin) if one is not None),
        "name parts": tuple(
            " ".join(filter(None, (part.kind, part.native, part.latin))) for part in claims.name_parts
        ),
        "texts of several values": tuple(sorted(claims.key_values)),
        "without level": "the lowest of the ladder" if claims.lowest_without_acr else None,
        "legal persons": _entity(claims.entity) if claims.entity is not None else None,
    }  # fmt: skip
    return named


def _entity(entity: EntityMap) -> tuple[str, ...]:
    """Return how a legal person is named, in words."""
    told = {one.name: getattr(entity, one.name) for one in fields(entity)}
    texts = {
        name: ", ".join(sorted(held)) if isinstance(held, frozenset)
        else ", ".join(f"{word} = {scheme}" for word, scheme in sorted(held.items())) if isinstance(held, Mapping)
        else held
        for name, held in told.items()
    }  # fmt: skip
    return tuple(f"{name}: {text}" for name, text in texts.items() if text)
