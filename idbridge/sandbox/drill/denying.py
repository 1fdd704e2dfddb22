"""Deny lists in the tree: the next one, good, or bad in one named detail, at a node that holds a denial."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from idbridge.crypto.keys import thumbprint
from idbridge.crypto.signer import Signer
from idbridge.model.denial import DenialReason, DenialTarget, FollowUpKind
from idbridge.model.region import MemberState, ServiceType
from idbridge.sandbox.drill.arena import HOUR, MY, SG, TH, Scene
from idbridge.sandbox.drill.finding import Finding
from idbridge.sandbox.drill.making import (
    NO_EDITS,
    Edits,
    Signers,
    Stamp,
    as_signed,
    listing_role,
    properly,
    write_over,
    write_target,
)
from idbridge.sandbox.drill.publication import as_it_was, looked, unspoiled
from idbridge.sandbox.drill.showing import login_at
from idbridge.trust import deny_list
from idbridge.trust.deny_entry import (
    STATE_TARGET,
    denial_payload,
    entry_id,
    follow_up_payload,
    key_target,
    reread,
    service_target,
    sign_entry,
)
from idbridge.trust.snapshot import TrustSnapshot
from idbridge.trust.tuf import roles

Payload = dict[str, Any]
Listed = Mapping[str, bytes]
OfficersOnCall = tuple[MemberState, ...]
HELD_NUMBER: Final = 2
_LAPSED: Final = timedelta(hours=80)


def on_call(scene: Scene, states: OfficersOnCall) -> Mapping[MemberState, Sequence[Signer]]:
    """Return the on-call keys of ``states``."""
    return {state: (scene.region.keys.roles.on_call(state),) for state in states}


def denial(
    scene: Scene,
    target: DenialTarget,
    by: OfficersOnCall,
    *,
    at: datetime,
    written: Callable[[Payload], Payload] = as_it_was,
) -> bytes:
    """Return a denial of something of Singapore."""
    environment = scene.region.environment
    payload = written(
        denial_payload(
            SG, target, environment=environment, since=at, reason=DenialReason.KEY_COMPROMISE, issued_at=at
        )
    )  # fmt: skip
    return sign_entry({**payload, "id": entry_id(payload)}, on_call(scene, by))


def known_denial(scene: Scene) -> bytes:
    """Return the denial that a node holds: of Singapore's wallet service, by an officer of Thailand."""
    wallet = service_target(scene.region.service("sg-pid").issuer, ServiceType.PID)
    return denial(scene, wallet, (TH,), at=scene.at - 2 * HOUR)


def grants(payload: Payload) -> Payload:
    """Make of a denial what it denies: a grant."""
    return {**payload, "kind": "grant"}


def as_listed(files: Listed) -> Listed:
    """Change nothing."""
    return files


def nothing_listed(_files: Listed) -> Listed:
    """Leave the deny list out of its role."""
    return {}


@dataclass(frozen=True, slots=True)
class DenyPublication:
    """The next deny list, at a node that holds list 2 with one denial: of Singapore's wallet service, by Thailand.

    ``number`` is that of the list, ``keeps`` whether it still has that denial, ``lifted_by`` whose regional officers
    lift it, ``ratified_by`` whose ratify it. It brings a new denial of Singapore's login key, or of the
    ``whole_state``, by the officers on call of ``denied_by``, which ``written`` may change. The rest is as for a
    publication of lists; ``listed`` is what the role lists.
    """

    number: int = HELD_NUMBER + 1
    keeps: bool = True
    denied_by: OfficersOnCall = (SG,)
    whole_state: bool = False
    lifted_by: OfficersOnCall = ()
    ratified_by: OfficersOnCall = ()
    written: Callable[[Payload], Payload] = as_it_was
    listed: Callable[[Listed], Listed] = as_listed
    edits: Edits = field(default_factory=lambda: NO_EDITS)
    signers: Signers = properly
    stamped: Stamp = as_signed
    spoiled: Callable[[Scene], None] = unspoiled

    def struck(self, scene: Scene) -> Finding:
        """Publish, and let the node look."""
        known = known_denial(scene)
        before = holding(scene, known)
        write_list(scene, self._entries(scene, known), number=self.number, how=self, listed=self.listed)
        self.spoiled(scene)
        return looked(scene, before, took=lambda after: after.denials.number == self.number)

    def _entries(self, scene: Scene, known: bytes) -> list[bytes]:
        key = key_target(thumbprint(scene.region.signer("sg-login").public_jwk))
        target = STATE_TARGET if self.whole_state else key
        entries = [denial(scene, target, self.denied_by, at=scene.at - HOUR / 2, written=self.written)]
        for kind, states in ((FollowUpKind.LIFT, self.lifted_by), (FollowUpKind.RATIFY, self.ratified_by)):
            if states:
                entries.append(_followed_up(scene, kind, known, states))
        return [*([known] if self.keeps else []), *entries]


def _followed_up(scene: Scene, kind: FollowUpKind, known: bytes, states: OfficersOnCall) -> bytes:
    """Return a lift or a ratification by the regional officers of ``states``."""
    officers = dict(scene.region.keys.roles.officers(roles.TARGETS))
    payload = follow_up_payload(
        kind, reread(known).said.id, environment=scene.region.environment, issued_at=scene.at
    )  # fmt: skip
    return sign_entry(payload, {state: (officers[state],) for state in states})


@dataclass(frozen=True, slots=True)
class _Properly:
    """How an honest role is made."""

    edits: Edits = field(default_factory=lambda: NO_EDITS)
    signers: Signers = properly
    stamped: Stamp = as_signed


def write_list(
    scene: Scene, entries: Sequence[bytes], *, number: int, how: Any = None, listed: Callable[[Listed], Listed]
) -> None:
    """Write a deny list under its role, and a snapshot and timestamp over it."""
    how = how if how is not None else _Properly()
    octets = deny_list.written(entries, number=number, environment=scene.region.environment)
    head, files = scene.head(), listed({roles.DENY_LIST: octets})
    role = listing_role(scene, head, roles.DENY, files=files, how=how)
    for path, content in files.items():
        write_target(scene, path, content)
    write_over(scene, head, {roles.DENY: role}, how=how)


def holding(scene: Scene, *entries: bytes) -> TrustSnapshot:
    """Let the node take up a deny list with ``entries``, an hour before the attack, and return what it then holds."""
    earlier = replace(scene, at=scene.at - HOUR)
    write_list(earlier, entries, number=HELD_NUMBER, listed=as_listed)
    return scene.node().load(at=earlier.at)


def mirror_gone(scene: Scene) -> None:
    """Take the tree away."""
    scene.tree.rename(scene.folder / "gone")


@dataclass(frozen=True, slots=True)
class DeniedLogin:
    """A login of Singapore at a node that took up a denial; ``of`` is the service whose key is denied.

    ``by`` is who denied, ``age`` how long ago. ``since`` is what happened to the tree after that; the node is started
    anew and looks at it once more before the login is shown.
    """

    of: str = "sg-representative"
    by: OfficersOnCall = (SG,)
    age: timedelta = HOUR
    since: Callable[[Scene], None] = unspoiled

    def struck(self, scene: Scene) -> Finding:
        """Deny, start anew, and show the login."""
        target = key_target(thumbprint(scene.region.signer(self.of).public_jwk))
        holding(scene, denial(scene, target, self.by, at=scene.at - self.age))
        self.since(scene)
        return login_at(scene, scene.node().load(at=scene.at))


LAPSED: Final = _LAPSED
BOTH: Final[OfficersOnCall] = (TH, MY)
THREE: Final[OfficersOnCall] = (SG, TH, MY)
