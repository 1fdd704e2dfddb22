"""What ``idbridge doctor`` looks at where environment variables describe a node: everything it needs to start and run.

Nothing is made and nothing is changed, save that the floors of the trust material rise as at every start. Without
settings in order nothing further can be said, and without trust material nothing of keys.
"""

import asyncio
import stat
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Final

from idbridge.cli.exits import Exit, of_error
from idbridge.cli.finding import ERROR, OK, WARNING, Finding, hint_of
from idbridge.clock import Clock, SystemClock
from idbridge.errors import ConfigurationError, IdBridgeError
from idbridge.limits import LIMITS
from idbridge.trust.snapshot import TrustSnapshot
from idbridge_gateway import hardening
from idbridge_gateway.canary.sample import missing
from idbridge_gateway.canary.wiring import samples_in
from idbridge_gateway.distribution import distribution_of, state_loader
from idbridge_gateway.examination_log import look_at_disks, look_at_log, look_at_start, span
from idbridge_gateway.keys import IssuingSource
from idbridge_gateway.node import NodeState
from idbridge_gateway.ports import Held, held_by
from idbridge_gateway.registry.database import database_address, engine_to, transaction
from idbridge_gateway.registry.schema import require_current
from idbridge_gateway.settings import Settings, read_settings
from idbridge_gateway.standing import free_share, is_latched
from idbridge_gateway.stores.chosen import require_usable_stores

_DESCRIBED: Final = "IDBRIDGE_STATE_DIR"  # who sets it describes a node
_MADE: Final = frozenset({"log_socket"})  # by the node while it runs
_PRIVATE: Final = ("key_file", "passphrase_file", "canary_key_file")
_SWAPS: Final = Path("/proc/swaps")
_HINTS: Final[Mapping[str, str]] = MappingProxyType({
    "settings": "docs/operators.md has all variables of a node",
    "node trust": "a node that never ran is begun once, on purpose: `idbridge serve --initialise`",
    "signing": "name a key that this account can read, and the file of the passphrase that opens it",
    "samples": "docs/runbook.md says what a sample looks like",
    "store": "name a Redis or Valkey that evicts nothing and writes down what it is told: docs/workers.md",
    "database": "`idbridge db upgrade` makes its tables, or brings them up to date",
})  # fmt: skip
_SOON: Final = timedelta(hours=1)  # of the timestamp, which is signed anew every hour


def examined(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Yield what is found of the node that ``environment`` describes; nothing if it describes none."""
    if _DESCRIBED not in environment:
        return
    try:
        settings = read_settings()
    except ConfigurationError as error:
        yield _wrong("settings", error)
        return
    yield Finding("settings", OK, f"{settings.environment}, {settings.state}, {settings.node_url}")
    found: list[Finding] = []
    for one in _looked_at(settings):
        found.append(one)
        yield one
    if all(one.result != ERROR for one in found):  # else what is wrong already would only be said once more
        yield look_at_start(settings)


def _looked_at(settings: Settings) -> Iterator[Finding]:
    yield from _files(settings)
    yield from _of_trust(settings, SystemClock())
    yield from (look(settings) for look in (_store, _database))
    yield look_at_log(settings, SystemClock())
    yield look_at_disks(settings, free_share)
    yield _canary(settings)
    yield from _ports(settings)
    yield _memory()


def _wrong(check: str, error: IdBridgeError) -> Finding:
    return Finding(check, ERROR, str(error), hint_of(error) or _HINTS.get(check, ""), of_error(error))


def _files(settings: Settings) -> Iterator[Finding]:
    """Files and folders that are named are there, and what is private is its owner's alone."""
    named = {name: path for name, path in settings if isinstance(path, Path) and name not in _MADE}
    absent = [f"IDBRIDGE_{name.upper()}" for name, path in sorted(named.items()) if not path.exists()]
    if absent:
        words = f"not there: {', '.join(absent)}"
        yield Finding("node files", ERROR, words, "name files that are there, or make them", Exit.LOCAL)
    private = [path for name, path in named.items() if name.endswith(_PRIVATE) and path.is_file()]
    shown = [path.name for path in private if stat.S_IMODE(path.stat().st_mode) & 0o077]
    if shown:
        words = f"others may read {', '.join(sorted(shown))}"
        yield Finding("permissions", ERROR, words, "chmod 600, and think of these keys as known to others", Exit.LOCAL)
    else:
        yield Finding("permissions", OK, f"{len(private)} private files, readable by their owner only")
    if not absent:
        yield Finding("node files", OK, f"{len(named)} files and folders are there")


def _of_trust(settings: Settings, clock: Clock) -> Iterator[Finding]:
    """Yield how fresh the trust material is, whether the clock agrees with it, and whether it lists the node's keys."""
    try:
        state = state_loader(settings, distribution_of(settings), clock=clock)()
    except IdBridgeError as error:
        yield _wrong("node trust", error)
        return
    at = clock.now()
    yield _freshness(state, at)
    yield _clock(state, at)
    yield _keys(settings, state.snapshot, at)
    yield from _samples(settings, state)


def _freshness(state: NodeState, at: datetime) -> Finding:
    usable, regional = state.usable_states(at), state.snapshot.regional
    if not usable:
        return Finding("node trust", ERROR, "no list of any state is usable", "fetch them anew", Exit.TRUST_UNUSABLE)
    words = f"snapshot {state.snapshot.id[:16]}, {len(usable)} usable lists"
    if regional is None:
        return Finding("node trust", OK, f"{words}, pinned")
    left = regional.expires - at
    if left < _SOON:
        hint = "ask whoever runs the region why it signs no new one"
        return Finding("node trust", WARNING, f"{words}; the timestamp is good for {span(left)} more", hint)
    return Finding("node trust", OK, f"{words}, the timestamp is good for {span(left)} more")


def _clock(state: NodeState, at: datetime) -> Finding:
    """A clock that is behind what was signed already would bring back what has expired since."""
    snapshot = state.snapshot
    signed = [snapshot.provenance(listed).issued_at for listed in snapshot.lists]
    if snapshot.regional is not None:
        signed.append(snapshot.regional.signed_at)
    newest = max(signed, default=at)
    if newest > at + LIMITS.list_issue_skew:
        words = f"this machine's clock is {span(newest - at)} behind what was signed already"
        return Finding("clock", ERROR, words, "set it, and let it be kept by NTP", Exit.LOCAL)
    return Finding("clock", OK, f"the newest signature is {span(at - newest)} old")


def _keys(settings: Settings, snapshot: TrustSnapshot, at: datetime) -> Finding:
    try:
        issuing = IssuingSource(settings).load(snapshot, at=at)
    except IdBridgeError as error:
        return _wrong("signing", error)
    fault = issuing.fault(snapshot, at=at)
    if issuing.signer(snapshot, at=at) is None:
        hint = "ask your scheme operator to list the key; a node does not sign with it before"
        return Finding("signing", ERROR, fault, hint, Exit.LOCAL)
    if fault:
        return Finding("signing", WARNING, fault, "`idbridge keys needs-rotation` says what to do")
    return Finding("signing", OK, f"the key {issuing.active} opens, and {settings.state} lists it")


def _samples(settings: Settings, state: NodeState) -> Iterator[Finding]:
    samples = samples_in(settings)
    if samples is None:
        return
    try:
        absent = missing(samples.drawn(), states=state.snapshot.lists)
    except ConfigurationError as error:
        yield _wrong("samples", error)
        return
    if absent:
        hint = "ask these states for a good sample, and forge another one"
        yield Finding("samples", WARNING, f"none for the canary: {', '.join(absent)}", hint)
    else:
        yield Finding("samples", OK, "a good and a forged one of every listed state")


def _store(settings: Settings) -> Finding:
    if settings.redis_url is None:
        return Finding("store", WARNING, "in memory, which forgets at every restart", "set IDBRIDGE_REDIS_URL")
    return _passed("store", lambda: require_usable_stores(settings), "it answers, evicts nothing and writes down")


def _database(settings: Settings) -> Finding:
    url = settings.database_url
    if url is None:
        return Finding("database", OK, "none: relying parties are registered in a file")

    async def look() -> None:
        engine = engine_to(database_address(url.get_secret_value()))
        try:
            async with transaction(engine) as connection:
                await require_current(connection, settings.environment)
        finally:
            await engine.dispose()

    return _passed("database", lambda: asyncio.run(look()), "its schema is the one that this version uses")


def _passed(check: str, look: Callable[[], None], words: str) -> Finding:
    try:
        look()
    except IdBridgeError as error:
        return _wrong(check, error)
    return Finding(check, OK, words)


def _canary(settings: Settings) -> Finding:
    if is_latched(settings.state_dir):
        hint = "find out why, then `idbridge serve --release-canary`"
        return Finding("canary", ERROR, "something forged was accepted; the node asserts nothing", hint, Exit.LOCAL)
    if settings.canary_dir is None:
        return Finding("canary", WARNING, "the node puts no samples to itself", "set IDBRIDGE_CANARY_DIR")
    return Finding("canary", OK, "nothing forged was accepted")


def _ports(settings: Settings) -> Iterator[Finding]:
    named = {"port": (settings.host, settings.port)}
    if settings.metrics_port is not None:
        named["metrics port"] = (settings.metrics_host, settings.metrics_port)
    for check, (host, port) in named.items():
        held, where = held_by(host, port), f"{host} port {port}"
        if held is Held.BY_OTHERS:
            yield Finding(check, ERROR, f"{where} is taken by another program", "choose another one", Exit.LOCAL)
        elif held is Held.NOT_OURS:
            yield Finding(check, ERROR, f"{where} cannot be used", "choose an address of this machine", Exit.LOCAL)
        else:
            yield Finding(check, OK, f"{where} is {'free' if held is Held.FREE else 'answered by a node'}")


def _memory() -> Finding:
    """Memory reaches no disk: neither by a core dump nor by swapping."""
    hardening.leave_no_core()
    if not hardening.leaves_no_core():
        return Finding("memory", ERROR, "this system lets a node leave core dumps", "set its bound to 0", Exit.LOCAL)
    if _swaps(_SWAPS):
        hint = "turn swapping off, or encrypt what is swapped"
        return Finding("memory", WARNING, "no core dumps, but keys may be swapped to a disk", hint)
    return Finding("memory", OK, "no core dumps, no swapping")


def _swaps(table: Path) -> bool:
    try:
        return len(table.read_text(encoding="ascii").splitlines()) > 1
    except OSError:
        return False
