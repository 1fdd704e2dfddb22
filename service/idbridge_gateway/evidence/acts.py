"""Acts: what changes by what a node answers, each a leaf: lists taken or refused, keys, policies, relying parties.

Decides what is new, by what was told last. A look is taken each second, and at once when other trust material comes
into force; what the disk cannot take now is written later, in the order in which it was seen. What there is no room to
keep until then is new at the next look still; of refused documents, which nobody can look at again, the last are
dropped. Of the workers of one node one tells. What is in force when a node starts it tells once: its lists, its key,
and that it started.
"""

import asyncio
import hashlib
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final
from weakref import WeakKeyDictionary

from idbridge import __version__
from idbridge.codec import base64url, jcs
from idbridge.errors import ConfigurationError, EvidenceError, RequestError
from idbridge.evidence.day_keys import DayKeys
from idbridge.evidence.errors import LogError
from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge.tlog.leaf import LeafType, Value
from idbridge.trust.alerts import Alert
from idbridge.trust.snapshot import TrustSnapshot
from idbridge_gateway.evidence.leaves import listed, short
from idbridge_gateway.evidence.line import LogLine
from idbridge_gateway.evidence.told import Party, Told, ToldFile
from idbridge_gateway.journal import JOURNAL
from idbridge_gateway.oidc.turns import Turns
from idbridge_gateway.recall.noted import RecallNotes
from idbridge_gateway.registry.form import kept_document
from idbridge_gateway.registry.in_force import RegistryInForce
from idbridge_gateway.registry.record import Registration

_NOT_LISTS: Final = "node/"  # what alerts call what is the node's own
_LEAVES_A_CHANGE: Final = 2  # at most: of a registration and its policy, of a key that goes and one that comes
_LOOK_SECONDS: Final = LIMITS.registry_look.total_seconds()


class Acts:
    """Tells the log what changes at one node."""

    def __init__(
        self,
        line: LogLine | None,
        *,
        turns: Turns,
        registry: RegistryInForce,
        days: DayKeys | None = None,
        memory: ToldFile | None = None,
        recalls: RecallNotes | None = None,
    ) -> None:
        """Tell ``line``, behind what ``memory`` says was told before this node started, and of ``recalls`` that come.

        Raises:
            ConfigurationError: The memory is damaged.
        """
        self._line = line
        self._days = days
        self._recalls = recalls
        self._memory = memory if line is not None else None
        self._kept = self._memory.read() if self._memory is not None else None
        self._turns = turns
        self._registry = registry
        self._waiting: deque[tuple[LeafType, Mapping[str, Value]]] = deque()
        self._writing: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()
        self._lists: dict[MemberState, str] = {}
        self._key = ""
        self._registrations: Collection[Registration] | None = None
        self._parties: Mapping[str, Party] = self._kept.parties if self._kept is not None else {}
        self._holds = self._kept.holds if self._kept is not None else frozenset()
        self._lost = 0
        self._tell(LeafType.START, {"ver": short(__version__)})

    def silence(self) -> None:
        """Tell nothing: another worker of this node does."""
        self._line = None
        self._waiting.clear()

    def look(self) -> None:
        """See what has changed since the last look; nothing is written yet."""
        self._look_at_lists(self._turns.trust.in_force.snapshot)
        self._look_at_key()
        self._look_at_parties()

    def heard(self, alert: Alert) -> None:
        """Hear of an alert: of a refused list or document, its reason is written down."""
        if alert.code is not None and not alert.subject.startswith(_NOT_LISTS):
            subject = short(alert.subject.rpartition("/")[2])
            self._tell(LeafType.LIST_REJECT, {"state": subject, "code": alert.code})

    async def write(self) -> None:
        """Write down what was seen, as far as the disk takes it; the rest is tried again at the next time."""
        async with self._writing.setdefault(asyncio.get_running_loop(), asyncio.Lock()):  # two would write a leaf twice
            while self._line is not None and self._waiting:
                kind, members = act = self._waiting[0]
                try:
                    await self._line.append(kind, members)
                except RequestError:
                    return
                except EvidenceError as refused:
                    JOURNAL.error("a leaf cannot be made: %s", refused)
                if self._waiting and self._waiting[0] is act:  # it may be for another worker to tell by now
                    self._waiting.popleft()

    async def erase(self) -> None:
        """Go on with the keys of days that were put out of use: the leaf first, and then the key is destroyed.

        A process that was killed in between leaves a key out of use, and the next one writes the leaf, perhaps a second
        time: better twice than a key that is gone and no leaf says so.
        """
        line, days = self._line, self._days
        if line is None or days is None:
            return
        try:
            for day in await asyncio.to_thread(days.being_erased):
                await line.append(LeafType.ERASE, {"day": day.isoformat()})
                await asyncio.to_thread(days.destroy, day)
        except RequestError:
            return
        except LogError as refused:
            JOURNAL.error("the key of a day is out of use and cannot be destroyed: %s", refused)

    async def tell_recalls(self) -> None:
        """Write down which relying parties were told of a recall, and let the notes of that go then.

        A process that was killed in between leaves a note, and the next one writes its leaf, perhaps a second time.
        """
        line, recalls = self._line, self._recalls
        if line is None or recalls is None:
            return
        try:
            for name in await asyncio.to_thread(recalls.names):
                await self._tell_recall(line, recalls, name)
        except RequestError:
            return
        except ConfigurationError as refused:
            JOURNAL.error("a recall cannot be written down: %s", refused)

    async def _tell_recall(self, line: LogLine, recalls: RecallNotes, name: str) -> None:
        """Write the leaf of one note. One that is damaged keeps no other from its leaf.

        Raises:
            RequestError: The disk does not take it now.
        """
        try:
            note = await asyncio.to_thread(recalls.read, name)
            await line.append(LeafType.RECALL, note.members())
            await asyncio.to_thread(recalls.remove, note)
        except (ConfigurationError, EvidenceError) as refused:
            JOURNAL.error("a recall cannot be written down: %s", refused)

    async def look_at_holds(self) -> None:
        """See which keys of days are held since the last look, or no longer."""
        if self._line is None or self._days is None:
            return
        try:
            found = await asyncio.to_thread(self._days.holds)
        except LogError as refused:
            JOURNAL.error("the holds of keys of days cannot be read: %s", refused)
            return
        for act, several in (("hold", found - self._holds), ("release", self._holds - found)):
            for name in sorted(several):
                if self._has_room():
                    day, _, by = name.partition(".")
                    self._tell(LeafType.HOLD, {"act": act, "day": short(day), "req": short(by)})
                    self._holds ^= {name}

    async def remember(self) -> None:
        """Remember what was told, once all of it is written."""
        if self._memory is None or self._line is None or self._registrations is None or self._waiting:
            return
        told = Told(self._parties, self._holds)
        if told == self._kept:
            return
        try:
            await asyncio.to_thread(self._memory.keep, told)
        except ConfigurationError as refused:
            JOURNAL.error("what was told to the log cannot be remembered: %s", refused)
            return
        self._kept = told

    async def watch(self) -> None:
        """Look and write again and again, until cancelled."""
        while True:
            self.look()
            await self.look_at_holds()
            await self.write()
            await self.remember()
            await self.erase()
            await self.tell_recalls()
            await asyncio.sleep(_LOOK_SECONDS)

    def _has_room(self) -> bool:
        """Tell whether all that one change is told by can wait."""
        return len(self._waiting) + _LEAVES_A_CHANGE <= LIMITS.acts_waiting

    def _tell(self, kind: LeafType, members: Mapping[str, Value]) -> None:
        if self._line is None:
            return
        if len(self._waiting) >= LIMITS.acts_waiting:
            self._lost += 1
            JOURNAL.error("acts that could not be written down: %d", self._lost)
            return
        self._waiting.append((kind, members))

    def _look_at_lists(self, snapshot: TrustSnapshot) -> None:
        for state in sorted(snapshot.lists):
            provenance = snapshot.provenance(state)
            told = listed(provenance)
            if self._lists.get(state) != told and self._has_room():
                self._lists[state] = told
                self._tell(LeafType.LIST_ACCEPT, {"state": state.value, "list": told})

    def _look_at_key(self) -> None:
        turns, at = self._turns, self._turns.clock.now()
        signer = turns.issuing.current().signer(turns.trust.in_force.snapshot, at=at)
        used = "" if signer is None else signer.signer.kid
        if used == self._key or not self._has_room():
            return
        if self._key:
            self._tell(LeafType.KEY, {"act": "leave", "kt": self._key, "role": "assertion"})
        if signer is not None:
            self._tell(LeafType.KEY, {"act": "use", "kt": used, "role": "assertion", "alg": signer.algorithm})
        self._key = used

    def _look_at_parties(self) -> None:
        """Tell whose registration changed since the last look, which may have been that of a node before this one.

        Where nothing is remembered, those of the first look are told by the registry.
        """
        registrations = self._registry.registrations
        if registrations == self._registrations:  # compared by identity, one by one
            return
        before, now = self._parties, dict(_told(registrations))
        is_first = self._registrations is None and self._kept is None
        changed = (
            [] if is_first else sorted(one for one in before.keys() | now.keys() if before.get(one) != now.get(one))
        )
        for number, party in enumerate(changed):
            if not self._has_room():  # these are new at the next look still
                later = frozenset(changed[number:])
                kept = {one: was for one, was in before.items() if one in later}
                self._parties = {one: is_now for one, is_now in now.items() if one not in later} | kept
                return
            self._tell_of_party(party, before.get(party), now.get(party))
        self._registrations, self._parties = registrations, now

    def _tell_of_party(self, party: str, was: Party | None, is_now: Party | None) -> None:
        act = "add" if was is None else "remove" if is_now is None else "change"
        digest = {"dig": is_now[0]} if is_now is not None else {}
        self._tell(LeafType.RP, {"act": act, "rp": short(party), **digest})
        if is_now is not None and was is not None and was[1] != is_now[1]:
            self._tell(LeafType.POLICY, {"act": "change", "pol": str(is_now[1]), "rp": short(party), **digest})


def _told(registrations: Iterable[Registration]) -> Iterator[tuple[str, Party]]:
    """Yield each id with the digest of the registration as it is kept, and the version of its policy."""
    for one in registrations:
        digest = hashlib.sha256(jcs.canonicalize(kept_document(one))).digest()
        yield one.id, (base64url.encode(digest), one.relying_party.policy_version)
