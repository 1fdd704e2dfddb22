"""Why a key or a provider is trusted or not at an instant: every entry that it may be, and what becomes of each.

Answers as step V3 of a verification would, from the same snapshot; it reads all services instead of an index, because
an operator knows a key by many names. What was signed earlier than an end would count with evidence of when it was
signed; there is none yet, and so whatever needs it is refused. Architecture D1 (status and history).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from idbridge.model.region import MemberState
from idbridge.model.time import instant_text
from idbridge.model.trust import ServiceStatus, TrustService
from idbridge.trust.denials import NEVER
from idbridge.trust.history import ENDED, SEVERITY
from idbridge.trust.operator.names import Names, read_names
from idbridge.trust.profile import Entry, ListedKey
from idbridge.trust.snapshot import TrustSnapshot


class Answer(StrEnum):
    """What is to be said of a key at an instant, the best first."""

    TRUSTED = "trusted"
    SUPERSEDED = "superseded"
    NOT_YET = "not_yet"
    WITHDRAWN = "withdrawn"
    COMPROMISED = "compromised"
    DENIED = "denied"
    STALE = "stale"
    UNKNOWN = "unknown"


CODES: Final = MappingProxyType({
    Answer.SUPERSEDED: "issuer.superseded",
    Answer.NOT_YET: "issuer.not_yet_granted",
    Answer.WITHDRAWN: "issuer.withdrawn",
    Answer.COMPROMISED: "issuer.compromised",
    Answer.DENIED: "issuer.denied",
    Answer.STALE: "trust.stale",
    Answer.UNKNOWN: "issuer.unknown",
})  # fmt: skip
_ORDER: Final = tuple(Answer)
_OF_STATUS: Final = MappingProxyType({
    ServiceStatus.GRANTED: Answer.TRUSTED,
    ServiceStatus.SUPERSEDED: Answer.SUPERSEDED,
    ServiceStatus.WITHDRAWN: Answer.WITHDRAWN,
    ServiceStatus.COMPROMISED: Answer.COMPROMISED,
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Match:
    """An entry that was meant, by which of its names, and the answer for the ``keys`` of it that are concerned.

    ``service`` is ``None`` for an entry that gives no trust.
    """

    state: MemberState
    entry: Entry
    service: TrustService | None
    named_by: tuple[str, ...]
    keys: tuple[str, ...]
    answer: Answer
    why: str

    @property
    def code(self) -> str | None:
        """The reason code that its credentials meet; ``None`` if there is no such reason."""
        return CODES.get(self.answer)

    @property
    def role(self) -> tuple[str, str, str]:
        """State, issuer and type: what goes on when one key follows on another."""
        kind = self.service.service_type.value if self.service is not None else ""
        return self.state.value, self.entry.issuer, kind


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything that ``asked`` may mean. ``signs`` are the states whose lists the key signs.

    ``code`` is why it is not trusted; ``not_held`` are states that could not be asked, with the reason.
    """

    asked: str
    matches: tuple[Match, ...]
    signs: tuple[MemberState, ...]
    answer: Answer
    code: str | None
    not_held: tuple[tuple[MemberState, str], ...]


def explain(snapshot: TrustSnapshot, asked: str, *, at: datetime) -> Explanation:
    """Return what ``asked`` may mean and what is to be said of it at ``at``.

    ``asked`` is an RFC 7638 thumbprint, a ``kid``, a subject key identifier (hexadecimal or base64), the serial number
    or the SHA-256 of a certificate, the address of an issuer, or a part of the name of a provider or a service.
    """
    names = read_names(asked)
    matches = tuple(_matches(snapshot, names, at=at))
    answer = _overall(matches)
    code = _absence(snapshot, asked) if not matches else CODES.get(answer)
    return Explanation(
        asked=asked,
        matches=matches,
        signs=tuple(state for state in sorted(snapshot.lists) if snapshot.provenance(state).signer == names.text),
        answer=answer,
        code=code,
        not_held=tuple(sorted(snapshot.states_without_list.items())),
    )


def _overall(matches: Iterable[Match]) -> Answer:
    """Return the worst answer of all that may be meant, a service being as good as the best of its keys.

    An entry that gives no trust takes none from what another state lists.
    """
    roles: dict[tuple[str, str, str], Answer] = {}
    for match in matches:
        if match.answer is not Answer.UNKNOWN:
            roles[match.role] = min(match.answer, roles.get(match.role, match.answer), key=_ORDER.index)
    return max(roles.values(), key=_ORDER.index, default=Answer.UNKNOWN)


def _absence(snapshot: TrustSnapshot, issuer: str) -> str:
    if snapshot.other_environment(issuer):
        return "recognition.environment_mismatch"
    state = snapshot.orphaned(issuer)
    return snapshot.states_without_list[state] if state is not None else CODES[Answer.UNKNOWN]


def _matches(snapshot: TrustSnapshot, names: Names, *, at: datetime) -> Iterator[Match]:
    for state in sorted(snapshot.lists):
        for entry in snapshot.lists[state].entries:
            named_by, keys = names.of(entry)
            if named_by:
                yield from _answers(snapshot, state, entry, named_by, keys or entry.keys, at=at)


def _answers(
    snapshot: TrustSnapshot,
    state: MemberState,
    entry: Entry,
    named_by: tuple[str, ...],
    keys: tuple[ListedKey, ...],
    *,
    at: datetime,
) -> Iterator[Match]:
    """Yield one match for each answer that the keys concerned have."""
    told: dict[tuple[Answer, str], list[str]] = {}
    for key in keys:
        told.setdefault(_answer(snapshot, state, entry, key.thumbprint, at=at), []).append(key.thumbprint)
    for (answer, why), thumbprints in told.items():
        service = entry.service or entry.withheld
        yield Match(state, entry, service, named_by, tuple(thumbprints), answer, why)


def _answer(
    snapshot: TrustSnapshot, state: MemberState, entry: Entry, thumbprint: str, *, at: datetime
) -> tuple[Answer, str]:
    """Return what step V3 would say of a key. A denial or an end counts wherever the state lists the key."""
    if entry.service is None:
        return Answer.UNKNOWN, f"the entry gives no trust: {entry.untrusted}"
    listing = tuple(one for one in snapshot.by_thumbprint(thumbprint) if one.member_state is state)
    denied = snapshot.denied.until(state, services=listing, keys=(thumbprint,))
    if denied is not None and at < denied:
        return Answer.DENIED, _denied(denied)
    ended = _ran_out(snapshot, state, at=at)
    if ended is not None:
        return (
            Answer.STALE,
            f"{ended}; until something newer is read, only an arrangement that grants grace lets it pass",
        )
    return _by_status(entry.service, listing, at=at)


def _ran_out(snapshot: TrustSnapshot, state: MemberState, *, at: datetime) -> str | None:
    next_update = snapshot.provenance(state).next_update
    if next_update <= at:
        return f"the list of {state} ran out at {instant_text(next_update)}"
    if snapshot.regional is not None and snapshot.regional.expires <= at:
        return f"the timestamp of the region ran out at {instant_text(snapshot.regional.expires)}"
    return None


def _denied(lapse: datetime) -> str:
    until = "until it is lifted" if lapse == NEVER else f"until {instant_text(lapse)} unless it is ratified"
    return f"an emergency denial is in force {until}; whatever it signed is refused, whenever that was"


def _by_status(service: TrustService, listing: tuple[TrustService, ...], *, at: datetime) -> tuple[Answer, str]:
    """Return what the status says: the worst end that the state lists for the key, else that of the service itself."""
    ended = [
        period
        for one in listing
        if (period := one.status_at(at)) is not None and SEVERITY[period.status] in ENDED
    ]  # fmt: skip
    own = service.status_at(at)
    period = max(ended, key=lambda one: SEVERITY[one.status], default=own)
    if period is None:
        return Answer.NOT_YET, f"it is granted from {instant_text(service.history[0].validity.start)} on"
    answer = _OF_STATUS[period.status]
    return answer, _WORDS[answer].format(since=instant_text(period.validity.start))


_WORDS: Final = MappingProxyType({
    Answer.TRUSTED: "granted since {since}; what it signs is accepted",
    Answer.SUPERSEDED: (
        "another key took over at {since}; what it signed before stays good to its own expiry, what it signed later"
        " or without saying when is refused"
    ),
    Answer.WITHDRAWN: (
        "withdrawn at {since}; what it signed before would stay good only with trusted evidence of when that was, and"
        " as there is no such evidence yet, everything is refused"
    ),
    Answer.COMPROMISED: (
        "compromised since {since}; whoever has the key can give any date, so that without trusted evidence of time"
        " nothing it ever signed is accepted"
    ),
})  # fmt: skip
