"""Versions of the deny role that were laid down and wait: whose turn it is, and how to deny past them.

Decides in which order they are taken up, and builds what follows them. One key on call is enough to lay a version down,
so none of them may keep another state's denial out: not one that is refused in the end, nor one that comes first.

* An entry is brought in once on what stands, and once on each laid-down version after it. Whichever of these is
  refused, another copy fits; and after one copy the next brings in what waited before it.
* Of several next versions the first is one that a state signed which did not sign the version that stands: who came
  first once comes second then. Then the one that brings more entries, so that nobody goes first with nothing.

Guesses what nodes will accept; they and the online role judge for themselves. Clause: architecture D1.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from idbridge.errors import FetchError, IdBridgeError, TrustError
from idbridge.model.region import MemberState
from idbridge.trust import deny_list
from idbridge.trust.deny import DenyBook
from idbridge.trust.operator import deny_book, denying
from idbridge.trust.operator.drafting import Intent
from idbridge.trust.operator.published import Published, following
from idbridge.trust.tuf import metadata, proposal, roles
from idbridge.trust.tuf.errors import broken, mismatched, refusing_surprises
from idbridge.trust.tuf.proposal import Proposal

_COPY: Final = ".copy.json"  # no file that anybody has to look at: it brings in nothing that no proposal brings in
SUFFIXES: Final = (proposal.SUFFIX, _COPY)
_LEAST_LIFE: Final = timedelta(hours=1)  # one that ends before the online role comes round takes all after it along
MOST_OF_ONE_STATE: Final = 4  # versions that one state brings in in one round: fewer than are built on
_MOST_AHEAD: Final = 16  # laid-down versions that are built on: each costs every later denial one more copy


def standing(before: Published, laid_down: Iterable[bytes] = (), *, at: datetime) -> tuple[Published, ...]:
    """Return what stands, and after it what will stand after each of the denials ``laid_down`` in turn.

    They come in order of name. Only a next version counts, and only if nodes would accept it, so far as can be told.
    """
    waiting = list(_denials(laid_down))
    stages = [before]
    held = _book(before) if waiting else None
    while held is not None and len(stages) <= _MOST_AHEAD:
        step = _step(stages[-1], held, waiting, at=at)
        if step is None:
            break
        after, held = step
        stages.append(after)
    return tuple(stages)


def _denials(laid_down: Iterable[bytes]) -> Iterable[Proposal]:
    for octets in laid_down:
        try:
            with refusing_surprises("a proposal"):
                found = proposal.parse(octets)
        except TrustError:
            continue  # the online role puts it aside
        if found.role == roles.DENY:
            yield found


def _book(before: Published) -> DenyBook | None:
    try:
        return deny_book.standing(before)
    except (FetchError, TrustError):
        return None  # nothing is built on a list that cannot be read


def _step(
    before: Published, held: DenyBook, waiting: Sequence[Proposal], *, at: datetime
) -> tuple[Published, DenyBook] | None:
    """Return what will stand after the one of ``waiting`` whose turn it is, and the book then."""
    following_ = [one for one in waiting if one.file.version == before.version(roles.DENY) + 1]
    for found in sorted(following_, key=lambda one: turn(before, one)):
        try:
            with refusing_surprises("a deny list"):
                grown = accepted(before, held, found, at=at)
                return following(before, found), grown
        except (FetchError, TrustError):
            continue
    return None


def accepted(before: Published, held: DenyBook, found: Proposal, *, at: datetime) -> DenyBook:
    """Return the book after ``found``, the next version of the deny role, if nodes accept it, as far as the tree tells.

    Raises:
        FetchError: The list that it names cannot be had.
        TrustError: The code for which it would be refused; ``trust.expired`` also if it ends within the hour.
    """
    if found.environment is not before.environment:
        raise TrustError("trust.environment_mismatch")
    voters = before.voters(roles.DENY)
    proposal.progress(found, voters=voters).require_ready(roles.DENY)
    metadata.require_current(found.file, at=at)
    metadata.require_current(found.file, at=at + _LEAST_LIFE)
    signed = found.file.signed
    if signed.delegations is not None or set(signed.targets) != {roles.DENY_LIST}:
        raise broken("the deny role lists its one list, and nothing else")
    octets, named = following(before, found).target(roles.DENY, roles.DENY_LIST), signed.targets[roles.DENY_LIST]
    if set(named.hashes) != {"sha256"} or named.length != len(octets):
        raise mismatched("the deny list is not the file that was named")
    proposal.acts_of(found, voters=voters)
    require_next(before, found)
    allowed = denying.authorities(before)
    # Whether a newer list ended what was denied is not asked: our editions drop nothing, and who does may wait.
    return held.with_list(
        octets, authorities=allowed, environment=before.environment, at=at, ended=lambda _: False
    )  # fmt: skip


def require_next(before: Published, found: Proposal) -> None:
    """Return if the list of ``found`` is numbered one higher than the one that stands, or is that very list.

    Nodes let a number run ahead by some, because they may have missed lists; an officer who uses that up in each
    version would leave those behind that look less often than the online role.

    Raises:
        FetchError, TrustError: What stands cannot be had; ``trust.sequence_jump``.
    """
    octets = found.targets.get(roles.DENY_LIST)
    if octets is None:
        return  # it goes on with the list that stands
    number, held = deny_list.parse(octets).number, denying.numbered(before)
    if number != held + 1 and octets != denying.standing_list(before):
        raise TrustError("trust.sequence_jump", f"the deny list that follows {held} is not number {number}")


# Whose turn it is


def turn(before: Published, found: Proposal) -> tuple[int, bool, int]:
    """Return what puts ``found``, a version of the deny role, in its place among others; in a tie its name decides.

    Older versions come first. Of several next ones, those come first that a state signed which did not sign the version
    that stands, and then those that bring more entries. So whoever lost once to one hostile key wins the next time.
    """
    if found.file.version != before.version(roles.DENY) + 1:
        return found.file.version, False, 0
    try:
        with refusing_surprises("a proposal"):
            again = not _states(before, found) - _states(before, None)
            return found.file.version, again, -len(_entries(found) - _listed(before))
    except IdBridgeError:
        return found.file.version, True, 0  # what cannot be judged is refused, after everything else had its turn


def states(before: Published, found: Proposal) -> frozenset[MemberState]:
    """Return the states whose keys on call signed ``found``; none if that cannot be told."""
    try:
        with refusing_surprises("a proposal"):
            return _states(before, found)
    except IdBridgeError:
        return frozenset()


def _states(before: Published, found: Proposal | None) -> frozenset[MemberState]:
    """Return the states whose keys on call signed ``found``, or without it the version that stands."""
    file = found.file if found is not None else before.roles.get(roles.DENY)
    (voters,) = before.voters(roles.DENY)
    signed = voters.signed(file) if file is not None else frozenset()
    return frozenset(state for name in signed if (state := voters.quorum.keys[name].state) is not None)


def is_overtaken(before: Published, found: Proposal) -> bool:
    """Tell whether ``found`` came too late and all that it brought stands: there is nothing to do about it."""
    if found.role != roles.DENY or found.file.version > before.version(roles.DENY):
        return False
    try:
        brought = _entries(found)
        return bool(brought) and brought <= _listed(before)
    except (FetchError, TrustError):
        return False


def _entries(found: Proposal) -> frozenset[bytes]:
    """Return the entries of the list that came along, as they are signed: one signature less may change what counts."""
    octets = found.targets.get(roles.DENY_LIST)
    return frozenset(deny_list.parse(octets).entries) if octets is not None else frozenset()


def _listed(before: Published) -> frozenset[bytes]:
    return frozenset(denying.listed(before))


# What follows them


def editions(
    stages: Sequence[Published], entry: bytes, intent: Intent, *, about: bytes | None = None
) -> tuple[Proposal, ...]:
    """Return the next deny list with ``entry`` in it, after each of ``stages``: on the last of them first.

    The last edition is the one that stands on what is published. ``about`` is as for ``denying.edition``.

    Raises:
        ConfigurationError, FetchError, TrustError: As ``denying.edition``, of what is published.
    """
    made: list[Proposal] = []
    refusal: IdBridgeError | None = None
    for stage in reversed(stages):
        try:
            made.append(denying.edition(stage, entry, intent, about=about))
        except IdBridgeError as unfit:
            refusal = unfit  # it is listed there already, or the list is full: this holds up none of the others
    if not made and refusal is not None:
        raise refusal
    return tuple(made)


def name_of_copy(made: Proposal) -> str:
    """Return the name under which a copy is laid down: in a tie it comes after what it would overtake."""
    return f"{made.role}-{made.file.version}-or-{made.payload_digest[:12]}{_COPY}"
