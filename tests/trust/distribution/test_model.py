"""Whatever states publish, rotate, withdraw, revert, deny and lift, and whatever fails: a node never trusts more.

A model says for every service whether anything may vouch for it. The node may hold less than the model allows, as while
a mirror is lost; it never accepts what the model refuses, and no sequence ever falls.
"""

import os
import shutil
import sys
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tuf.api.metadata import TargetFile

from idbridge.errors import FetchError, TrustError
from idbridge.model.denial import DenialReason, FollowUpKind
from idbridge.model.region import MemberState
from idbridge.model.trust import ServiceStatus
from idbridge.sandbox.region import Region
from idbridge.sandbox.sources import services_of
from idbridge.trust import deny_entry, deny_list
from idbridge.trust.snapshot import TrustSnapshot
from idbridge.trust.tuf import roles
from idbridge.trust.tuf.client import DirectoryTree
from idbridge.trust.tuf.publisher import Change
from idbridge.trust.tuf.repository import TufRepository
from tests.trust.distribution.places import NOW, SANDBOX, Place, begin

STATES = st.sampled_from((MemberState.SG, MemberState.TH, MemberState.KH))
SECOND = timedelta(seconds=1)
_BASE: dict[str, Place] = {}


def base() -> Place:
    if "place" not in _BASE:
        _BASE["place"] = begin(Path(tempfile.mkdtemp(prefix="idbridge-model-")))
    return _BASE["place"]


class Mirror:
    """The tree as a node finds it: as it is, as it was at some time, or not at all."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.old: Path | None = None
        self.lost = False

    def read(self, path: str, *, max_bytes: int) -> bytes:
        if self.lost:
            raise FetchError("nobody answers")
        tree = DirectoryTree(self.old) if self.old is not None else self.place.tree.reader
        return tree.read(path, max_bytes=max_bytes)


class TrustNeverGrows(RuleBasedStateMachine):
    """States and their region on one side, one node on the other."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="idbridge-model-"))

    @initialize()
    def begun(self) -> None:
        self.place = base().copied(self.folder / "place")
        self.clock = NOW
        self.mirror = Mirror(self.place)
        self.node = self._process()
        self.ended: set[str] = set()
        self.denials: dict[MemberState, str] = {}
        self.entries: list[bytes] = []
        self.deny_number = 1
        self.highest: dict[MemberState, int] = {}
        self.snapshot: TrustSnapshot = self.node.load(at=self.clock)

    def teardown(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def _process(self) -> TufRepository:
        return TufRepository(self.mirror, self.place.root_file, self.place.memory)

    def _now(self) -> datetime:
        self.clock += SECOND
        return self.clock

    def _distributed(self, region: Region) -> None:
        region.distribute(self.place.folder, at=self.clock)
        self.place = Place(self.place.folder, region)
        self.mirror.place = self.place

    @rule(state=STATES)
    def publish(self, state: MemberState) -> None:
        self._distributed(self.place.region.reissued(state, at=self._now()))

    @rule(
        state=STATES,
        choice=st.integers(min_value=0, max_value=5),
        status=st.sampled_from(("withdrawn", "superseded", "compromised")),
    )
    def end(self, state: MemberState, choice: int, status: str) -> None:
        """A state withdraws a service, rotates its key out, or warns of it."""
        granted = [
            service["id"]
            for service in services_of(self.place.region.sources.lists[state])
            if service["status"][-1]["status"] == "granted"
        ]
        if len(granted) < 3:
            return
        service = granted[choice % len(granted)]
        at = self._now()
        try:
            self._distributed(self.place.region.with_status(service, status, at=at))
        except TrustError as refusal:
            if refusal.code != "trust.shrink_unconfirmed":
                raise
            return
        self.ended.add(service)

    @precondition(lambda self: self.ended)
    @rule(state=STATES)
    def revert(self, state: MemberState) -> None:
        """What was ended comes back under the next number: no publisher brings that into sight."""
        original = base().region.sources.lists[state]
        revived = self.place.region._with_source(state, original).reissued(state, at=self._now())
        mine = {service["id"] for service in services_of(original)} & self.ended
        if not mine:
            return
        with pytest.raises(TrustError) as caught:
            revived.distribute(self.place.folder, at=self.clock)
        assert caught.value.code == "trust.history_rewritten"

    def _denied(self, entry: bytes) -> None:
        octets = deny_list.written((*self.entries, entry), number=self.deny_number + 1, environment=SANDBOX)

        def listed(signed: Any) -> None:
            signed.targets[roles.DENY_LIST] = TargetFile.from_data(roles.DENY_LIST, octets, ["sha256"])

        role = self.place.next_role(roles.DENY, listed, at=self.clock)
        self.place.publish(Change(roles={roles.DENY: role}, targets={roles.DENY_LIST: octets}), at=self.clock)
        self.entries.append(entry)
        self.deny_number += 1

    @rule(state=STATES)
    def deny(self, state: MemberState) -> None:
        if state in self.denials:
            return
        at = self._now()
        payload = deny_entry.denial_payload(
            state, deny_entry.STATE_TARGET, environment=SANDBOX, since=at, reason=DenialReason.KEY_COMPROMISE,
            issued_at=at,
        )  # fmt: skip
        on_call = self.place.region.keys.roles.on_call(state)
        self._denied(deny_entry.sign_entry(payload, {state: (on_call,)}))
        self.denials[state] = deny_entry.entry_id(payload)

    @rule(state=STATES, quorum=st.booleans())
    def lift(self, state: MemberState, *, quorum: bool) -> None:
        if state not in self.denials:
            return
        at = self._now()
        role_keys = self.place.region.keys.roles
        signers = role_keys.of_state(state)[:2] if quorum else (role_keys.on_call(state),)
        payload = deny_entry.follow_up_payload(
            FollowUpKind.LIFT, self.denials[state], environment=SANDBOX, issued_at=at
        )
        entry = deny_entry.sign_entry(payload, {state: signers})
        if quorum:
            self._denied(entry)
            del self.denials[state]
            return
        with pytest.raises(TrustError) as caught:
            self._denied(entry)
        assert caught.value.code == "trust.deny_invalid"

    @rule(renames=st.integers(min_value=1, max_value=6))
    def crash(self, renames: int) -> None:
        """The publisher's process ends in the middle of publishing, without a chance to tidy up."""
        at = self._now()
        child = os.fork()
        if child == 0:
            left = renames

            def end(event: str, _: object) -> None:
                nonlocal left
                if event == "os.rename":
                    left -= 1
                    if not left:
                        os._exit(9)

            sys.addaudithook(end)
            self.place.publisher().refresh(at=at)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) in (0, 9)

    @rule()
    def refresh(self) -> None:
        self.place.publisher().refresh(at=self._now())

    @rule(keep=st.booleans())
    def lose_mirror(self, *, keep: bool) -> None:
        """The mirror is lost, or keeps showing what it shows now."""
        if keep:
            self.mirror.old = self.folder / f"old-{self.clock.timestamp():.0f}"
            shutil.rmtree(self.mirror.old, ignore_errors=True)
            shutil.copytree(self.place.tree.directory, self.mirror.old)
        else:
            self.mirror.lost = True

    @rule()
    def find_mirror(self) -> None:
        self.mirror.lost, self.mirror.old = False, None

    @rule()
    def restart(self) -> None:
        self.node = self._process()

    @rule()
    def wipe_cache(self) -> None:
        shutil.rmtree(self.place.memory / "tuf", ignore_errors=True)

    @rule()
    def look(self) -> None:
        self.snapshot = self.node.load(at=self.clock)

    @invariant()
    def no_sequence_falls(self) -> None:
        if not hasattr(self, "snapshot"):
            return
        for state in self.snapshot.lists:
            sequence = self.snapshot.provenance(state).sequence
            assert sequence >= self.highest.get(state, 0)
            self.highest[state] = sequence

    @invariant()
    def with_the_tree_in_sight_nothing_that_ended_or_is_denied_counts(self) -> None:
        if not hasattr(self, "snapshot") or self.mirror.lost or self.mirror.old is not None:
            return
        self.snapshot = self.node.load(at=self.clock)
        for state in (MemberState.SG, MemberState.TH, MemberState.KH):
            assert (self.snapshot.denied.until(state) is not None) is (state in self.denials)
        by_name = {
            (service.issuer, service.name): service
            for listed in self.snapshot.lists.values()
            for service in listed.services
        }
        for state in self.snapshot.lists:
            for source in services_of(self.place.region.sources.lists[state]):
                service = by_name[source["issuer"], source["name"]["en"]]
                period = service.status_at(self.clock)
                granted = period is not None and period.status is ServiceStatus.GRANTED
                assert not (granted and source["id"] in self.ended)


TestTrustNeverGrows = TrustNeverGrows.TestCase
TestTrustNeverGrows.settings = settings(
    max_examples=int(os.environ.get("IDBRIDGE_MODEL_RUNS", "8")),
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
