"""``idbridge doctor``: would a node start here, and if not, what is wrong. Looks at files and trust material.

Where environment variables describe a node, the gateway looks at that too: its settings, keys, stores, ports and disk.

Where the node's own keys are kept by ``idbridge keys``, it also says what is due with them, and whether a list grants
the key that signs and the one that waits.
"""

import os
import stat
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import click

from idbridge.cli import output
from idbridge.cli.exits import Exit, of_error
from idbridge.cli.finding import ERROR, OK, SIGNS, WARNING, Finding, further_looks, hint_of
from idbridge.cli.keys import DEFAULT_FOLDER, folder_option
from idbridge.cli.material import DEFAULT_REGION, instant, open_snapshot, region_option, state_directory
from idbridge.cli.output import Failure, json_option
from idbridge.errors import IdBridgeError
from idbridge.model.region import MemberState
from idbridge.model.time import instant_text
from idbridge.trust import key_folder
from idbridge.trust.key_folder import Held
from idbridge.trust.node_keys import KeyPurpose, KeyRing, KeyState, NodeKey
from idbridge.trust.node_listing import grants
from idbridge.trust.snapshot import NOT_CONFIGURED, TrustSnapshot

DUE_SOON: Final = timedelta(days=14)
_NODE: Final = "IDBRIDGE_NODE_URL"  # set where a node is to run
_STORE: Final = "IDBRIDGE_REDIS_URL"


@click.command("doctor")
@region_option
@folder_option
@json_option
def doctor(*, region: Path, folder: Path, as_json: bool) -> Exit:
    """Look for what is wrong with a node or its files.

    Ends with 5 if a file is missing or not safe, with 4 if the trust material cannot be used.
    """
    deployed = [one for look in further_looks() for one in look(os.environ)]
    beside = region == DEFAULT_REGION and not region.exists() and bool(deployed)  # a node of its own, without a region
    found = [] if beside else [*examine(region, folder, at=instant(None)), *remembering(os.environ)]
    found += deployed
    errors = [one for one in found if one.result == ERROR]
    if as_json:
        summary = {"errors": len(errors), "warnings": sum(one.result == WARNING for one in found)}
        results = [{"check": one.check, "result": one.result, "words": one.words, "hint": one.hint} for one in found]
        output.document("idbridge-doctor-1", summary=summary, results=results)
    else:
        rows = ((SIGNS[one.result], one.check, one.words) for one in found)
        output.table(("", "CHECK", "WHAT"), rows, wrap={"WHAT"})
        for one in found:
            if one.hint:
                output.words("hint", f"{one.check}: {one.hint}")
    return max((one.exit_code for one in errors), default=Exit.DONE)


def examine(region: Path, folder: Path = DEFAULT_FOLDER, *, at: datetime) -> Iterator[Finding]:
    """Yield what is found, the files first; without them nothing further can be said."""
    ring: KeyRing | None = None
    if folder.exists() or folder != DEFAULT_FOLDER:  # a node may have a single key file, and then there is none
        try:
            held = key_folder.read(folder)
        except IdBridgeError as error:
            yield Finding("node keys", ERROR, f"{folder}: {error}", hint_of(error), of_error(error))
        else:
            ring = held.ring
            yield _node_keys(held, at)
    try:
        state = state_directory(region)
    except Failure as failure:
        yield Finding("material", ERROR, failure.message, failure.hint, failure.code)
        return
    yield Finding("material", OK, f"{region}, memory in {state.relative_to(region)}")
    yield _privacy(region)
    try:
        snapshot = open_snapshot(region)
    except IdBridgeError as error:
        yield Finding("trust", ERROR, str(error), hint_of(error), of_error(error))
        return
    yield Finding("trust", OK, f"snapshot {snapshot.id[:16]}, {snapshot.environment}")
    yield from (look(snapshot, at) for look in (_lists, _due, _offers, _recognition))
    if ring is not None:
        yield _listing(snapshot, ring, at)


def remembering(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Yield where the node that ``environment`` describes keeps what it spent, if it describes one."""
    if _NODE not in environment:
        return
    if environment.get(_STORE):
        yield Finding("one-time values", OK, "in Redis")
        return
    words = "in memory: what was spent is forgotten at every restart, and could be accepted once more"
    yield Finding("one-time values", WARNING, words, f"set {_STORE} to a Redis or Valkey that keeps what it is told")


def _privacy(region: Path) -> Finding:
    """Private keys are files that only their owner may read."""
    keys = [path for path in sorted(region.rglob("*")) if path.is_file() and is_private(path)]
    open_to_others = [path for path in keys if stat.S_IMODE(path.stat().st_mode) & 0o077]
    if not open_to_others:
        return Finding("keys", OK, f"{len(keys)} private files, readable by their owner only")
    names = ", ".join(str(path.relative_to(region)) for path in open_to_others[:3])
    hint = f"chmod 600 in {region}, and think of these keys as known to others"
    return Finding("keys", ERROR, f"others may read {len(open_to_others)} private files: {names}", hint, Exit.LOCAL)


def is_private(path: Path) -> bool:
    """Tell whether a file holds a private key, by its content and never by its name."""
    with path.open("rb") as file:
        head = file.read(65_536)
    return any(mark in head for mark in (b"PRIVATE KEY", b"idb_test_", b"idb_live_", b"pairwise"))


def _lists(snapshot: TrustSnapshot, at: datetime) -> Finding:
    usable = [state for state in snapshot.lists if at < snapshot.provenance(state).next_update]
    if not usable:
        return Finding("lists", ERROR, "no list of any state is usable", "fetch them anew", Exit.TRUST_UNUSABLE)
    without = sorted(snapshot.states_without_list.items())
    absent = [f"{state} {code}" for state, code in without if code != NOT_CONFIGURED]
    words = f"{len(usable)} of {len(MemberState)} usable"
    if absent:
        return Finding("lists", WARNING, f"{words}; {', '.join(absent)}", "`idbridge reason show CODE` says what to do")
    return Finding("lists", OK, words)


def _due(snapshot: TrustSnapshot, at: datetime) -> Finding:
    updates = sorted((snapshot.provenance(state).next_update, state) for state in snapshot.lists)
    due = [state for update, state in updates if update - at < DUE_SOON]
    if due:
        words = f"due within {DUE_SOON.days} days: {', '.join(due)}"
        return Finding("freshness", WARNING, words, "ask these states for their next list")
    days = (updates[0][0] - at).days if updates else 0
    return Finding("freshness", OK, f"the next list is due in {days} days")


def _offers(snapshot: TrustSnapshot, _at: datetime) -> Finding:
    if not snapshot.refused:
        return Finding("offers", OK, "everything that is offered was accepted")
    words = "; ".join(f"{offer.subject} {offer.code}" for offer in snapshot.refused)
    return Finding("offers", WARNING, f"refused: {words}", "what was held before stays in force")


def _recognition(snapshot: TrustSnapshot, _at: datetime) -> Finding:
    arrangements, purposes = len(snapshot.arrangements.histories), len(snapshot.purposes.purposes)
    words = f"{arrangements} arrangements, {purposes} purposes"
    if arrangements and purposes:
        return Finding("recognition", OK, words)
    return Finding("recognition", WARNING, words, "without arrangements and purposes nothing foreign is recognised")


def _node_keys(held: Held, at: datetime) -> Finding:
    """What is due with the node's own keys, as `idbridge keys needs-rotation` says it."""
    dues = held.ring.due(at=at)
    words = [f"{due.purpose}: {due.why}, since {instant_text(due.since)}" for due in dues]
    hints = [f"`idbridge keys {due.act} --purpose {due.purpose}`" for due in dues]
    if not held.index_current:
        words.append(f"{key_folder.FILE} is behind its records")
        hints.append("the next act brings it up to date")
    if words:
        return Finding("node keys", WARNING, "; ".join(words), "; ".join(hints))
    return Finding("node keys", OK, f"{len(held.ring.keys)} keys of the node, nothing is due")


def _listing(snapshot: TrustSnapshot, ring: KeyRing, at: datetime) -> Finding:
    """Whether a list grants the assertion key that signs, and the one that waits to."""
    if ring.environment is not snapshot.environment:
        words = f"the node's keys are of {ring.environment} and the lists of {snapshot.environment}"
        return Finding("listing", ERROR, words, "name the folder of this environment by `--keys`", Exit.LOCAL)
    states = (KeyState.ACTIVE, KeyState.PUBLISHED)
    keys = [key for state in states if (key := ring.find(KeyPurpose.ASSERTION, state)) is not None]
    unlisted = [f"no list grants the {key.state} key {key.kid}" for key in keys if not _issuers(snapshot, key, at)]
    if unlisted:
        hint = "ask your scheme operator to list it; a node does not sign with it before"
        return Finding("listing", WARNING, "; ".join(unlisted), hint)
    words = "; ".join(f"{key.state} key: {', '.join(_issuers(snapshot, key, at))}" for key in keys)
    return Finding("listing", OK, words or "there is no assertion key")


def _issuers(snapshot: TrustSnapshot, key: NodeKey, at: datetime) -> list[str]:
    """Return for whose assertions the lists grant a key."""
    found = grants(snapshot, key.kid, algorithm=key.algorithm, at=at)
    return [f"{grant.service.issuer} ({grant.service.member_state})" for grant in found]
