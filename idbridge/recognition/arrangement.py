"""Recognition arrangements: dated documents between states, their history, and who must sign what (architecture D2).

Versions 1..n of an arrangement are its history. At any instant the version with the highest number among those whose
``from`` has come decides, so that a suspension takes effect at once even where a later version was already agreed, and
the end of one version never brings an older one back.

A new version is compared with the history it joins at every instant from which on it could differ. Where it recognises
anything more, every party signs. Where a party joins, every party of the version before signs too, whatever the rules.
Where it recognises less, one of the two states of each pair concerned signs: either side can leave, and nobody can end
what two others agreed. A bilateral arrangement, in whatever state, decides for its pair; one of several parties serves
only the pairs without a bilateral one. Trust is not passed on: depth 1.

Each history is judged by itself, so that nothing another arrangement says can hold up an end. Where two of one kind
are for the same pair, neither decides and nothing between the two is recognised: both states signed both, no third
state can bring it about, and no order of reading chooses a winner.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from idbridge.model.keys import PublicKey
from idbridge.model.region import Environment, MemberState
from idbridge.recognition import members
from idbridge.recognition.rule import Pair, RecognitionRule, by_pair, parse_rules, widened_pairs
from idbridge.recognition.signed_document import ARRANGEMENT_TYPE, SignedDocument, open_signed

SCHEMA: Final = "idbridge-arrangement-1"
_ARRANGEMENT = frozenset({
    "schema", "id", "version", "environment", "parties", "status", "from", "until", "rules",
})  # fmt: skip
_BILATERAL_PARTIES: Final = 2


class ArrangementStatus(StrEnum):
    """What a version says of its rules. Under any status but ``enacted`` they have no effect."""

    ENACTED = "enacted"
    SUSPENDED = "suspended"
    REPEALED = "repealed"


@dataclass(frozen=True, slots=True)
class ArrangementVersion:
    """One version of an arrangement. ``until`` is ``None`` while no end was agreed."""

    id: str
    version: int
    environment: Environment
    parties: frozenset[MemberState]
    status: ArrangementStatus
    effective_from: datetime
    until: datetime | None
    rules: Mapping[Pair, tuple[RecognitionRule, ...]]
    digest: str

    def in_effect(self, instant: datetime) -> bool:
        """Tell whether the rules have effect at ``instant``, were this the version that decides."""
        started = self.status is ArrangementStatus.ENACTED and self.effective_from <= instant
        return started and (self.until is None or instant < self.until)

    def rules_at(self, instant: datetime) -> tuple[RecognitionRule, ...]:
        """Return the rules that have effect at ``instant``, none under any other status than ``enacted``."""
        return tuple(rule for rules in self.rules.values() for rule in rules) if self.in_effect(instant) else ()


@dataclass(frozen=True, slots=True)
class ArrangementHistory:
    """The versions of one arrangement, from 1 upwards without a gap."""

    versions: tuple[ArrangementVersion, ...]

    @property
    def latest(self) -> ArrangementVersion:
        """The version with the highest number."""
        return self.versions[-1]

    @property
    def bilateral(self) -> bool:
        """Tell whether the arrangement is between two states."""
        return len(self.latest.parties) == _BILATERAL_PARTIES

    def deciding_at(self, instant: datetime) -> ArrangementVersion | None:
        """Return the version that decides at ``instant``; ``None`` before the first one's ``from``."""
        for version in reversed(self.versions):
            if version.effective_from <= instant:
                return version
        return None

    def pairs(self) -> Iterator[Pair]:
        """Yield every directed pair of states that have ever been parties together."""
        for version in self.versions:
            yield from ((one, other) for one in version.parties for other in version.parties if one != other)

    def rules_at(self, instant: datetime) -> tuple[RecognitionRule, ...]:
        """Return the rules that have effect at ``instant``."""
        deciding = self.deciding_at(instant)
        return deciding.rules_at(instant) if deciding is not None else ()

    def changes_after(self, instant: datetime) -> Iterator[datetime]:
        """Yield the instants after ``instant`` at which what is recognised may change."""
        for version in self.versions:
            for moment in (version.effective_from, version.until):
                if moment is not None and moment > instant:
                    yield moment


@dataclass(frozen=True, slots=True)
class ArrangementIndex:
    """All arrangements that a node accepted, looked up by the pair of states in one step."""

    environment: Environment
    histories: Mapping[str, ArrangementHistory]
    bilateral: Mapping[Pair, tuple[str, ...]]
    regional: Mapping[Pair, tuple[str, ...]]

    @classmethod
    def none(cls, environment: Environment) -> "ArrangementIndex":
        """Return the index before any arrangement was accepted: nothing foreign is recognised."""
        empty: Mapping[Any, Any] = MappingProxyType({})
        return cls(environment, empty, empty, empty)

    def between(self, recognising: MemberState, recognised: MemberState) -> ArrangementHistory | None:
        """Return the arrangement that decides for this directed pair; ``None`` if there is none, or more than one."""
        claims = self._claims((recognising, recognised))
        return self.histories[claims[0]] if len(claims) == 1 else None

    def _claims(self, pair: Pair) -> tuple[str, ...]:
        return self.bilateral.get(pair) or self.regional.get(pair, ())

    def contested(self) -> dict[tuple[str, ...], tuple[Pair, ...]]:
        """Return the pairs for which several arrangements claim to decide, so that none does, by the claimants' ids."""
        found: defaultdict[tuple[str, ...], list[Pair]] = defaultdict(list)
        for pair in sorted({*self.bilateral, *self.regional}):
            claims = self._claims(pair)
            if len(claims) > 1:
                found[claims].append(pair)
        return {claims: tuple(found[claims]) for claims in sorted(found)}

    def with_arrangement(
        self, offered: bytes, *, keys: Mapping[MemberState, tuple[PublicKey, ...]]
    ) -> "ArrangementIndex":
        """Return an index that also holds the version ``offered``; a version already held changes nothing.

        Raises:
            NotAgreedError: ``trust.arrangement_invalid``: it lacks a signature that it needs.
            TrustError: ``trust.arrangement_invalid``: it breaks the schema, is of another environment, leaves a gap or
                contradicts the version held.
        """
        document = open_signed(offered, typ=ARRANGEMENT_TYPE, keys=keys)
        version = parse_version(document)
        if version.environment is not self.environment:
            raise members.invalid(f"arrangement {version.id} is of another environment")
        held = self.histories.get(version.id, ArrangementHistory(()))
        if 0 < version.version <= len(held.versions):
            return self._again(version, held=held.versions[version.version - 1])
        history = extended(held, version, signed_by=document.signed_by)
        return self._with_history(history)

    def only(self, names: Collection[str]) -> "ArrangementIndex":
        """Return an index that holds, of the arrangements of this one, those of ``names``."""
        return ArrangementIndex(
            environment=self.environment,
            histories=MappingProxyType({name: self.histories[name] for name in names}),
            bilateral=_claims_of(names, self.bilateral),
            regional=_claims_of(names, self.regional),
        )

    def _again(self, version: ArrangementVersion, *, held: ArrangementVersion) -> "ArrangementIndex":
        if version.digest != held.digest:
            raise members.invalid(f"arrangement {version.id} has two texts of version {version.version}")
        return self

    def _with_history(self, history: ArrangementHistory) -> "ArrangementIndex":
        name = history.latest.id
        claimed = self.bilateral if history.bilateral else self.regional
        claims = {pair: tuple(sorted({*claimed.get(pair, ()), name})) for pair in history.pairs()}
        grown: Mapping[Pair, tuple[str, ...]] = MappingProxyType({**claimed, **claims})
        return ArrangementIndex(
            environment=self.environment,
            histories=MappingProxyType({**self.histories, name: history}),
            bilateral=grown if history.bilateral else self.bilateral,
            regional=self.regional if history.bilateral else grown,
        )

    def manifest(self) -> list[dict[str, Any]]:
        """Return what this index holds, by id and version, with the digest of each text."""
        return [
            {"id": name, "version": version.version, "digest": version.digest}
            for name in sorted(self.histories)
            for version in self.histories[name].versions
        ]


def _claims_of(names: Collection[str], claims: Mapping[Pair, tuple[str, ...]]) -> Mapping[Pair, tuple[str, ...]]:
    kept = {pair: tuple(name for name in claimants if name in names) for pair, claimants in claims.items()}
    return MappingProxyType({pair: claimants for pair, claimants in kept.items() if claimants})


def parse_version(document: SignedDocument) -> ArrangementVersion:
    """Return the version that a signed document holds. Whether it may enter into force, ``extended`` decides.

    Raises:
        TrustError: ``trust.arrangement_invalid``: it breaks the schema.
    """
    table = members.exactly(document.payload, _ARRANGEMENT, where="the arrangement")
    if table["schema"] != SCHEMA:
        raise members.invalid("the arrangement is of another schema")
    parties = members.several(
        table["parties"], lambda one: members.word(one, MemberState, where="a party"), where="parties"
    )
    if len(parties) < _BILATERAL_PARTIES:
        raise members.invalid("an arrangement has at least two parties")
    status = members.word(table["status"], ArrangementStatus, where="the status")
    rules = by_pair(parse_rules(table["rules"], parties=parties))
    if status is ArrangementStatus.ENACTED and not rules:
        raise members.invalid("an enacted arrangement without rules recognises nothing; repeal it instead")
    start, end = _period(table)
    return ArrangementVersion(
        id=members.code(table["id"], where="the id"),
        version=members.count(table["version"], where="the version", least=1, most=members.MAX_VERSION),
        environment=members.word(table["environment"], Environment, where="the environment"),
        parties=parties,
        status=status,
        effective_from=start,
        until=end,
        rules=rules,
        digest=document.digest,
    )


def _period(table: Mapping[str, Any]) -> tuple[datetime, datetime | None]:
    start = members.instant(table["from"], where="from")
    end = members.instant(table["until"], where="until") if table["until"] is not None else None
    if end is not None and end <= start:
        raise members.invalid("an arrangement must end after it begins")
    return start, end


def extended(
    held: ArrangementHistory, offered: ArrangementVersion, *, signed_by: frozenset[MemberState]
) -> ArrangementHistory:
    """Return the history with ``offered`` as its next version, if those who signed it may bring it about.

    Raises:
        NotAgreedError: ``trust.arrangement_invalid``: a signature is missing.
        TrustError: ``trust.arrangement_invalid``: a gap in the versions, a stranger's signature, or a change between
            two and several parties.
    """
    if offered.version != len(held.versions) + 1:
        raise members.invalid(f"version {offered.version} of arrangement {offered.id} does not follow the one held")
    before = held.latest.parties if held.versions else offered.parties
    if _BILATERAL_PARTIES in (len(before), len(offered.parties)) and before != offered.parties:
        raise members.invalid("an arrangement between two states stays between these two")
    if not signed_by <= offered.parties | before:
        raise members.invalid("a state signed that is no party")
    if not offered.parties <= before and not before | offered.parties <= signed_by:
        raise members.NotAgreedError(f"a state joins {offered.id} without the signature of every party, old and new")
    grown = ArrangementHistory((*held.versions, offered))
    _require_signatures(held, grown, signed_by=signed_by)
    return grown


def _require_signatures(
    held: ArrangementHistory, grown: ArrangementHistory, *, signed_by: frozenset[MemberState]
) -> None:
    """Refuse a change that those who must did not sign."""
    offered = grown.latest
    moments = sorted({offered.effective_from, *grown.changes_after(offered.effective_from)})
    widens = not held.versions or any(
        widened_pairs(held.rules_at(moment), grown.rules_at(moment)) for moment in moments
    )
    if widens and not offered.parties <= signed_by:
        raise members.NotAgreedError(f"version {offered.version} of {offered.id} widens and lacks a party's signature")
    for moment in moments:
        for pair in widened_pairs(grown.rules_at(moment), held.rules_at(moment)):
            if signed_by.isdisjoint(pair):
                raise members.NotAgreedError(f"{offered.id} version {offered.version} narrows what two others agreed")
