"""Gateways that are broken under strain: our own, started for the suite, with one check removed or weakened.

Each wraps one function of the real node while it stands, as those of ``gateway`` do.
"""

import asyncio
import dataclasses
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from idbridge.conformance.profiles import Profile
from idbridge.crypto.signer import generate
from idbridge.errors import RequestError
from idbridge.evidence import dispute_affected
from idbridge.model.region import MemberState
from idbridge.status.rounds import Held
from idbridge.tlog import merkle
from idbridge.tlog import receipt as receipts
from idbridge.tlog.leaf import LeafType
from idbridge.trust.log_listing import Confirmed, listed_log
from idbridge.verify import time_evidence
from idbridge_gateway.admission import Admission, Turn
from idbridge_gateway.api import gateway, verify
from idbridge_gateway.api.faults import Faults, FaultyClock, FaultyOneTime, FaultyTrust
from idbridge_gateway.evidence import checking
from idbridge_gateway.evidence.opening import Evidence
from idbridge_gateway.evidence.records import LoggedRecords
from idbridge_gateway.recall import notices, telling
from idbridge_gateway.revocation import Revocations
from idbridge_gateway.stores.one_time import MemoryOneTime
from idbridge_gateway.transport import BoundedProtocol
from idbridge_gateway.verdict import Verdicts
from tests.mutants.gateway import Change, broken, keyless, no_memory, wrapped
from tests.mutants.mutant import Mutant


def mutants() -> Iterator[Mutant]:
    """Yield the broken gateways."""
    for name, title, breaks, change in _BROKEN:
        yield Mutant(f"res-{name}", title, Profile.RESILIENCE, breaks, partial(broken, change))


def _res(*numbers: int) -> tuple[str, ...]:
    return tuple(f"IDB-RES-{number:03d}" for number in numbers)


def _before_the_leaf(real: Any) -> Any:
    async def recorded(self: Verdicts, released: Any) -> Any:
        try:
            return await real(self, released)
        except RequestError:
            return released

    return recorded


def _without_receipt(real: Any) -> Any:
    async def recorded(self: Verdicts, released: Any) -> Any:
        return dataclasses.replace(await real(self, released), receipt=None)

    return recorded


def _receipt_of_before(real: Any) -> Any:
    given: list[Any] = []

    async def answered(self: LoggedRecords, report: Any, **more: Any) -> Any:
        given.append(await real(self, report, **more))
        return given[0]

    return answered


def _as_a_failure(_self: Admission, _why: str, _detail: str) -> RequestError:
    return RequestError("system.internal")


def _without_when(real: Any) -> Any:
    def problem_answer(*arguments: Any, **more: Any) -> Any:
        made = real(*arguments, **more)
        return dataclasses.replace(made, headers=tuple(one for one in made.headers if one[0] != b"retry-after"))

    return problem_answer


def _counted_without_bound(self: Admission, party: str) -> None:
    self._each[party] = self._each.get(party, 0) + 1


def _as_one_party(real: Any) -> Any:
    def belongs_to(self: Turn, _party: str) -> None:
        real(self, "everybody")

    return belongs_to


def _slowly(real: Any) -> Any:
    """Return a claim that believes for a moment that nobody else has spent the value."""
    waiting: dict[bytes, int] = {}

    async def claim(self: MemoryOneTime, key: bytes, **more: Any) -> bool:
        waiting[key] = waiting.get(key, 0) + 1
        try:
            await asyncio.sleep(0.05)
            spent = await real(self, key, **more)
            return bool(spent) or waiting[key] > 1
        finally:
            waiting[key] -= 1

    return claim


def _never_off(real: Any) -> Any:
    def switch(self: Faults, name: str, *, on: bool) -> None:
        if on:
            real(self, name, on=on)

    return switch


def _forgetful(real: Any) -> Any:
    def refreshed(self: Revocations, snapshot: Any) -> Any:
        self._held = Held()
        return real(self, snapshot)

    return refreshed


def _down_with_its_store(real: Any) -> Any:
    def current(self: FaultyTrust) -> Any:
        if self._faults.is_on("one-time-full"):
            raise RequestError("system.not_ready")
        return real(self)

    return current


def _to_its_end(real: Any) -> Any:
    async def read_body(receive: Any, *, max_bytes: int) -> bytes:
        return bytes(await real(receive, max_bytes=max_bytes * 10**6))

    return read_body


def _unsigned(unverified: Any, *, log: Any) -> Any:
    return receipts._included(unverified, unverified.checkpoint.checkpoint, log, None)


def _by_its_own_word(text: str, trust: Any, *, at: datetime, **_: object) -> Any:
    """Return the receipt as if Thailand had confirmed when the log says that its leaf was written."""
    unverified = receipts.parse_unverified(text.encode())
    log = listed_log(trust, unverified.checkpoint.checkpoint.origin, signed_at=at, at=at)
    found = receipts.verify(unverified, log=log)
    told = datetime.fromtimestamp(found.leaf.at_ms // 1000, UTC)
    nobody: Any = None
    return time_evidence.WitnessedReceipt(found, Confirmed(nobody, ((MemberState.TH, told),), frozenset()))


def _to_everybody(real: Any) -> Any:
    def due(found: Any, registrations: Any, **more: Any) -> Any:
        reports = tuple(one for mine in found.values() for one in mine)
        return real({one.id: reports for one in registrations if reports}, registrations, **more)

    return due


def _with_all_reports(real: Any) -> Any:
    def due(found: Any, registrations: Any, **more: Any) -> Any:
        more_than_own = {party: (*reports, "rep_" + "0" * 32) for party, reports in found.items()}
        return real(more_than_own, registrations, **more)

    return due


def _by_another_key(real: Any) -> Any:
    def signed_call(delivery: Any, _signer: Any, **more: Any) -> Any:
        return real(delivery, generate("Ed25519"), **more)

    return signed_call


def _never_unequal(*_: object, **__: object) -> None:
    """Find nothing wrong."""


_Row = tuple[str, str, tuple[str, ...], Change]
_BROKEN: Final[tuple[_Row, ...]] = (
    ("before-the-leaf", "answers before its answer is written down", _res(2),
     wrapped(Verdicts, "_recorded", _before_the_leaf)),
    ("no-receipt", "keeps its receipts to itself", _res(1), wrapped(Verdicts, "_recorded", _without_receipt)),
    ("receipt-of-another", "gives everybody the receipt of its first answer", _res(1),
     wrapped(LoggedRecords, "answered", _receipt_of_before)),
    ("store-forgotten", "accepts what it cannot remember", _res(3), (FaultyOneTime, "claim", no_memory)),
    ("down-with-its-store", "answers nothing while it can remember no more", _res(3, 11),
     wrapped(FaultyTrust, "current", _down_with_its_store)),
    ("without-lists", "decides without lists", _res(4), (FaultyTrust, "current", lambda self: self.in_force)),
    ("slow-clock", "counts the future as now", _res(5), (FaultyClock, "now", lambda self: self._clock.now())),
    ("forgets-with-its-hosts", "forgets what it fetched when a host is away", _res(6),
     wrapped(Revocations, "refreshed", _forgetful)),
    ("ready-without-log", "says that it is ready while its log cannot be written", _res(10),
     (Evidence, "is_broken", property(lambda _self: False))),
    ("never-well-again", "stays down when a fault is over", _res(12), wrapped(Faults, "switch", _never_off)),
    ("failing-under-load", "fails when too much is asked of it", _res(20), (Admission, "refusal", _as_a_failure)),
    ("never-says-when", "does not say when to come again", _res(20, 4),
     wrapped(gateway, "problem_answer", _without_when)),
    ("no-bound-each", "takes as many questions of one party as come", _res(20),
     (Admission, "count", _counted_without_bound)),
    ("one-for-all", "keeps everybody out because of one party", _res(21), wrapped(Turn, "belongs_to", _as_one_party)),
    ("replayed-at-once", "accepts one value many times at one moment", _res(23),
     wrapped(MemoryOneTime, "claim", _slowly)),
    ("repeats-nothing", "ignores idempotency keys", _res(24), wrapped(gateway, "read_head", keyless)),
    ("bodies-to-their-end", "reads bodies without end", _res(25), wrapped(verify, "read_body", _to_its_end)),
    ("long-heads", "reads heads of any length", _res(25),
     (BoundedProtocol, "_head_grows_too_long", lambda _self, _octets: False)),
    ("receipts-of-any-place", "takes receipts whose path leads nowhere", _res(30),
     (merkle, "require_included", _never_unequal)),
    ("receipts-of-any-log", "takes receipts that no log has signed", _res(30), (receipts, "verify", _unsigned)),
    ("receipts-about-anything", "takes receipts about other credentials", _res(30),
     (checking, "_require_about", _never_unequal)),
    ("witnessed-by-nobody", "names witnesses that did not confirm", _res(31),
     (checking, "witnessed", _by_its_own_word)),
    ("evidence-without-witness", "takes the word of a log for the time", _res(32),
     (time_evidence, "witnessed", _by_its_own_word)),
    ("recalls-to-everybody", "tells everybody of a recall", _res(33), wrapped(notices, "notices", _to_everybody)),
    ("recalls-of-others", "tells of reports of others", _res(33), wrapped(notices, "notices", _with_all_reports)),
    ("recalls-unsigned", "signs a recall by a key that it does not publish", _res(33),
     wrapped(telling, "signed_call", _by_another_key)),
    ("recalls-refusals", "tells of what it refused too", _res(33),
     (dispute_affected, "_ACCEPTED", frozenset(LeafType))),
    ("waits-for-ever", "waits for ever for the end of a request", _res(26),
     (BoundedProtocol, "_begin_waiting", lambda _self: None)),
)  # fmt: skip
