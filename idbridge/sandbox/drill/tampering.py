"""Tampering with a tree and with the past of a node: what happens beside what anybody signs."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Final

from idbridge.sandbox.drill.arena import HOUR, SG, Scene
from idbridge.sandbox.drill.making import write_over
from idbridge.sandbox.drill.publication import Publication
from idbridge.sandbox.drill.rotation import Rotation
from idbridge.sandbox.drill.thefts import spare_list_key
from idbridge.trust.snapshot import TrustSnapshot
from idbridge.trust.tuf import roles, writing
from idbridge.trust.tuf.client import METADATA
from idbridge.trust.tuf.repository import CACHE
from idbridge.trust.tuf.tree import Head, RoleFile

_YESTERDAY: Final = "yesterday"
SHORT_LIFE: Final = timedelta(minutes=20)


def timestamp_of_yesterday(scene: Scene) -> None:
    """Serve the timestamp that was replaced; it is genuine and not yet out of date."""
    scene.write(f"{METADATA}/timestamp.json", scene.read_yesterday(f"{METADATA}/timestamp.json"))


def role_of_yesterday(scene: Scene) -> None:
    """Serve the role of yesterday under the name of the present one."""
    present = scene.head().roles[SG.value].version
    scene.write(f"{METADATA}/{present}.SG.json", scene.read_yesterday(f"{METADATA}/1.SG.json"))


def snapshot_of_yesterday(scene: Scene) -> None:
    """Serve the snapshot of yesterday under the name of the present one."""
    present = scene.head().snapshot.version
    scene.write(f"{METADATA}/{present}.snapshot.json", scene.read_yesterday(f"{METADATA}/1.snapshot.json"))


def list_of_yesterday(scene: Scene) -> None:
    """Serve the list of yesterday under the hash of the present one."""
    path = roles.list_path(SG)
    (old,) = (scene.arena.folder / _YESTERDAY / "targets" / "lists" / "SG").iterdir()
    named = scene.head().targets_of(SG.value)
    digest = named.targets[path].hashes["sha256"] if named is not None else ""
    scene.write(f"targets/lists/SG/{digest}.list.jws", old.read_bytes())


def without(path: Callable[[Head], str]) -> Callable[[Scene], None]:
    """Return what takes a file out of the tree."""

    def spoil(scene: Scene) -> None:
        (scene.tree / path(scene.head())).unlink()

    return spoil


def without_deny_list(scene: Scene) -> None:
    """Take the deny list out of the tree, whose role still names it."""
    named = scene.head().targets_of(roles.DENY)
    digest = named.targets[roles.DENY_LIST].hashes["sha256"] if named is not None else ""
    (scene.tree / "targets" / "deny" / f"{digest}.list.json").unlink()


def overwritten(path: str, octets: bytes) -> Callable[[Scene], None]:
    """Return what puts other octets in the place of a file."""

    def spoil(scene: Scene) -> None:
        scene.write(path, octets)

    return spoil


def half_a_timestamp(scene: Scene) -> None:
    """Leave the first half of the timestamp."""
    whole = scene.read(f"{METADATA}/timestamp.json")
    scene.write(f"{METADATA}/timestamp.json", whole[: len(whole) // 2])


def forgot_its_cache(scene: Scene) -> TrustSnapshot:
    """Take the library's cache away from the node, as a new disk or a careless hand does."""
    shutil.rmtree(scene.memory / CACHE)
    return scene.arena.held


def lost_its_cache_to_zeroes(scene: Scene) -> TrustSnapshot:
    """Leave the library's cache empty, as a crash before the disk was written does."""
    for name in (roles.TIMESTAMP, roles.SNAPSHOT):
        (scene.memory / CACHE / f"{name}.json").write_bytes(b"")
    return scene.arena.held


def holds_a_list_past_its_end(scene: Scene) -> TrustSnapshot:
    """Let the node take up an edition of Singapore that is past its end by the time of the attack."""
    earlier = replace(scene, at=scene.at - HOUR)
    Publication(life=SHORT_LIFE, issued=-SHORT_LIFE / 2).published(earlier)
    return scene.node().load(at=earlier.at)


def snapshot_with_first_role(scene: Scene) -> None:
    """Sign, with the stolen online key, a snapshot that names Singapore's first role, which is genuine."""
    head = scene.head()
    first = RoleFile(1, scene.read_yesterday(f"{METADATA}/1.SG.json"))
    write_over(scene, head, {SG.value: first}, how=Publication())


def changed_its_list_key(scene: Scene) -> TrustSnapshot:
    """Let the node take up a list of Singapore under a new list key, one edition ahead."""
    Publication(pinned=spare_list_key, list_key=spare_list_key).published(replace(scene, at=scene.at - HOUR))
    return scene.node().load(at=scene.at - HOUR)


def walked_to_the_second_root(scene: Scene) -> TrustSnapshot:
    """Let the node take up a second root, and lose the library's cache."""
    Rotation(length=1, exchanges=False).published(scene)
    held = scene.node().load(at=scene.at)
    shutil.rmtree(scene.memory / CACHE)
    return held


def second_root_gone(scene: Scene) -> None:
    """Take the second root out of the tree."""
    (scene.tree / METADATA / "2.root.json").unlink()


def online_key_ran_ahead(scene: Scene) -> TrustSnapshot:
    """Let the thief of the online key publish versions far ahead, which the node took up."""
    head = scene.head()
    online = scene.region.keys.roles.signing(roles.TIMESTAMP)
    issue = writing.Issue(scene.region.environment, head.timestamp.version + 50_000, scene.at - HOUR)
    stamp = writing.timestamp(issue, snapshot_version=head.snapshot.version, octets=head.snapshot.octets)
    scene.write(f"{METADATA}/timestamp.json", writing.signed(stamp, online))
    return scene.node().load(at=scene.at)
