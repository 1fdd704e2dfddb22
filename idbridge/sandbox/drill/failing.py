"""Faults of distribution and of the node: whatever fails, nothing passes that was not verified.

Each is asked about twice: whether a credential of the state concerned is accepted, and whether the node would hand out
an assertion about it.
"""

import resource
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Final

from idbridge.assertion.issue import issue
from idbridge.errors import IdBridgeError
from idbridge.model.randomness import SystemRandomness
from idbridge.sandbox import distribution
from idbridge.sandbox.bench import Bench
from idbridge.sandbox.drill import contents, edits, finding
from idbridge.sandbox.drill.arena import MY, SG, TH, Scene
from idbridge.sandbox.drill.finding import Finding, ToldBy
from idbridge.sandbox.drill.publication import Publication, in_force, looked
from idbridge.sandbox.drill.standing import Withdrawal
from idbridge.sandbox.drill.tampering import SHORT_LIFE
from idbridge.sandbox.drill.thefts import everybody
from idbridge.sandbox.forgeries import signature_changed
from idbridge.sandbox.logins import Login
from idbridge.sandbox.questions import question
from idbridge.sandbox.seeded import SeededRandomness
from idbridge.status.snapshot import EMPTY_STATUS
from idbridge.trust.snapshot import TrustSnapshot, snapshot_of
from idbridge.trust.store import CURRENT
from idbridge.trust.tuf.repository import CACHE, STORE
from idbridge.verify.report import Report
from idbridge.verify.verifier import Verifier

Past = tuple[TrustSnapshot, TrustSnapshot]  # what a node held, and what it holds now
Fault = Callable[[Scene], Past]
_REPORT: Final = "rep_0123456789abcdef0123456789abcdef"


def lost_its_store(scene: Scene) -> None:
    """Leave the node nothing but its floors, as after a disk was replaced and the small one restored."""
    shutil.rmtree(scene.memory / CACHE)
    shutil.rmtree(scene.memory / STORE / "snapshots")
    (scene.memory / STORE / CURRENT).unlink()


def restored(publication: Publication) -> Fault:
    """Return the past of a node that was restored from its floors, and looks at this publication."""

    def past(scene: Scene) -> Past:
        lost_its_store(scene)
        publication.published(scene)
        return scene.arena.held, scene.node().load(at=scene.at)

    return past


def withdrawn(scene: Scene) -> Past:
    """Let Singapore's role list nothing, at a node that held its list."""
    Withdrawal(signers=everybody(SG)).published(scene)
    return scene.arena.held, scene.node().load(at=scene.at)


def without_list(code: str) -> Fault:
    """Return the past of a node that knows Singapore and could not get its list, for the reason ``code``."""

    def past(scene: Scene) -> Past:
        trusted = scene.arena.whole.trusted_set(at=scene.at)
        others = snapshot_of(trusted.without_list(SG), states_without_list={SG: code})
        return scene.arena.full, others

    return past


none: Final = restored(Publication())
stale: Final = restored(Publication(life=SHORT_LIFE / 2))
bad_signature: Final = restored(Publication(seal=signature_changed))
not_parsed: Final = restored(Publication(seal=edits.cut_off))
empty: Final = restored(Publication(built=contents.empty))
unreachable: Final = without_list("trust.unreachable")
below_threshold: Final = without_list("trust.threshold_missing")


@dataclass(frozen=True, slots=True)
class FailOpen:
    """A login of Singapore at a node with the past that ``fault`` says.

    With ``assertion`` the node is asked for an assertion about it.
    """

    fault: Fault = none
    assertion: bool = False

    def struck(self, scene: Scene) -> Finding:
        """Let it fail, and ask."""
        before, trust = self.fault(scene)
        try:
            report = _report(scene, trust, asking_for_assertion=self.assertion)
            if self.assertion:
                _assert(scene, report)
            report.require_passed()
        except IdBridgeError as refusal:
            unchanged = finding.same(before, trust, but_for=SG)
            return finding.answered(refusal, unchanged=unchanged, told_by=ToldBy.REPORT)
        return finding.accepted(unchanged=False, told_by=ToldBy.REPORT)


def _report(scene: Scene, trust: TrustSnapshot, *, asking_for_assertion: bool) -> Report:
    asking = scene.region.registration("th-bank")
    shown = Login("sg-login", "sg-tan").shown(Bench(scene.region, scene.at, SeededRandomness(b"fault")), to=asking)
    document = {
        "credential": shown.credential,
        "purpose": "account-opening",
        "claims": ["name"],
        "expected": {"nonce": shown.nonce},
        **({"assertion": {"audience": asking.audience}} if asking_for_assertion else {}),
    }
    asked = question(document, relying_party=asking.relying_party)
    return Verifier(trust=trust, status=EMPTY_STATUS).verify(asked, at=scene.at)


def _assert(scene: Scene, report: Report) -> None:
    """Return if the node makes an assertion that rests on ``report``.

    Raises:
        Refusal: It does not.
    """
    region = scene.region
    issue(
        report,
        audience=region.registration("th-bank").audience,
        node=region.node(TH),
        signer=region.node_service(TH).signer,
        pairwise_key=region.keys.pairwise[TH],
        report_id=_REPORT,
        at=scene.at,
        randomness=SystemRandomness(),
    )


@contextmanager
def whole_disk() -> Iterator[None]:
    """Leave the disk as it is."""
    yield


@contextmanager
def full_disk() -> Iterator[None]:
    """Let no file of this process grow, so that every write fails as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@dataclass(frozen=True, slots=True)
class TakingUp:
    """A publication, and a node that takes it up on a ``disk`` that may be full."""

    disk: Callable[[], AbstractContextManager[None]] = whole_disk

    def struck(self, scene: Scene) -> Finding:
        """Publish, and let the node look."""
        offered = Publication().published(scene)
        with self.disk():
            return looked(scene, scene.arena.held, took=lambda after: in_force(offered, after))


@contextmanager
def alone(_scene: Scene) -> Iterator[None]:
    """Let nobody else publish."""
    yield


@contextmanager
def another_publisher(scene: Scene) -> Iterator[None]:
    """Let another process be in the midst of publishing."""
    with scene.published.locked():
        yield


@contextmanager
def another_was_faster(scene: Scene) -> Iterator[None]:
    """Let another publication of Malaysia's next role come into sight first, after which the first is tried again."""
    reissued = scene.region.reissued(MY, at=scene.at)
    late = distribution.change(
        scene.head(),
        reissued.published,
        purposes_version=reissued.sources.purposes["version"],
        keys=reissued.keys,
        environment=reissued.environment,
        at=scene.at,
    )
    reissued.distribute(scene.folder, at=scene.at)
    publisher = distribution.publisher(
        scene.folder, role_keys=reissued.keys.roles, environment=reissued.environment
    )  # fmt: skip
    publisher.publish(late, at=scene.at)
    yield


@dataclass(frozen=True, slots=True)
class Racing:
    """Malaysia publishes through the region's own publisher, while ``others`` do what they do.

    One of two publications at a time wins, and the tree stays whole.
    """

    others: Callable[[Scene], AbstractContextManager[None]] = alone

    def struck(self, scene: Scene) -> Finding:
        """Publish, and let the node look at what stands there."""
        place = scene.tree.parent / distribution.PUBLISHER
        shutil.copytree(scene.arena.folder / distribution.PUBLISHER, place)
        reissued = scene.region.reissued(MY, at=scene.at)
        try:
            with self.others(scene):
                reissued.distribute(scene.folder, at=scene.at)
        except IdBridgeError as refusal:
            after = scene.node().load(at=scene.at)
            whole = not after.refused and finding.same(scene.arena.held, after, but_for=MY)
            return finding.answered(refusal, unchanged=whole)
        return looked(scene, scene.arena.held, took=lambda after: after.provenance(MY).sequence > 1)
