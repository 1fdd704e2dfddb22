"""Thefts: who signs when keys are stolen, too few, the wrong ones, or named twice."""

from collections.abc import Callable
from typing import Any

from securesystemslib.signer import SSlibKey
from tuf.api.metadata import Delegations, MetaFile, TargetFile

from idbridge.crypto.signer import FileSigner
from idbridge.model.region import MemberState
from idbridge.sandbox.drill.arena import SG, Scene
from idbridge.sandbox.drill.making import Edit, Signers, properly
from idbridge.trust.tuf.keys import MetadataSigner

_SECOND_LABEL = "f" * 64


def spare_list_key(scene: Scene) -> FileSigner:
    """Return a list key that Singapore's role does not name."""
    return scene.arena.spare["list"]


def own_list_key(scene: Scene) -> FileSigner:
    """Return the list key that Singapore's role names at first."""
    return scene.region.keys.lists[SG]


def only(role: str, number: int) -> Signers:
    """Return signers of whom ``role`` has no more than so many."""

    def of_role(scene: Scene, name: str) -> tuple[MetadataSigner, ...]:
        return properly(scene, name)[: number if name == role else None]

    return of_role


def instead(role: str, by: Callable[[Scene], tuple[MetadataSigner, ...]]) -> Signers:
    """Return signers of whom those of ``role`` are others."""

    def of_role(scene: Scene, name: str) -> tuple[MetadataSigner, ...]:
        return by(scene) if name == role else properly(scene, name)

    return of_role


def everybody(state: MemberState) -> Signers:
    """Return signers of whom a state's role has all that there are."""

    def by(scene: Scene) -> tuple[MetadataSigner, ...]:
        return tuple(MetadataSigner(key, state=state) for key in scene.region.keys.roles.of_state(state))

    return instead(state.value, by)


def online_key(scene: Scene) -> tuple[MetadataSigner, ...]:
    """Return the online key."""
    return (scene.region.keys.roles.online_signer,)


def with_online_key_too(scene: Scene, role: str) -> tuple[MetadataSigner, ...]:
    """Return for Singapore's role one of its keys, and the online key."""
    return (properly(scene, role)[0], *online_key(scene)) if role == SG.value else properly(scene, role)


def keys_of_neighbour(scene: Scene) -> tuple[MetadataSigner, ...]:
    """Return the keys of Thailand's role."""
    return properly(scene, MemberState.TH.value)


def first_signature_twice(document: dict[str, Any]) -> None:
    """Let one signature stand twice, in place of two."""
    document["signatures"] = [document["signatures"][0]] * 2


def signature_under_another_name(document: dict[str, Any]) -> None:
    """Let one signature stand a second time, under another name of its key."""
    first = document["signatures"][0]
    document["signatures"] = [first, {**first, "keyid": _SECOND_LABEL}]


def key_under_second_label(payload: Any) -> None:
    """Name a key of Singapore's role a second time, under a label that is not its thumbprint (trap T1)."""
    _also(payload, SG, _relabelled(payload, _SECOND_LABEL, ""))


def key_in_second_spelling(payload: Any) -> None:
    """Name a key of Singapore's role a second time, with one more line break in it (trap T1)."""
    _also(payload, SG, _relabelled(payload, _SECOND_LABEL, "\n"))


def key_of_two_states(payload: Any) -> None:
    """Put a key of Thailand into Singapore's role (trap T1)."""
    keyid = payload.delegations.roles[MemberState.TH.value].keyids[0]
    _also(payload, SG, payload.delegations.keys[keyid])


def key_of_unknown_type(payload: Any) -> None:
    """Put a key of a type that older clients cannot read into Singapore's role (trap T7)."""
    keyid = payload.delegations.roles[SG.value].keyids[0]
    payload.delegations.keys[keyid].keytype = "ml-dsa"


def _relabelled(payload: Any, keyid: str, more: str) -> SSlibKey:
    held = payload.delegations.keys[payload.delegations.roles[SG.value].keyids[0]]
    spelled = {"public": held.keyval["public"] + more}
    return SSlibKey(keyid, held.keytype, held.scheme, spelled, dict(held.unrecognized_fields))


def _also(payload: Any, state: MemberState, key: Any) -> None:
    payload.delegations.keys[key.keyid] = key
    payload.delegations.roles[state.value].keyids.append(key.keyid)


def delegates_further(payload: Any) -> None:
    """Let a state's role delegate to somebody else (trap T2)."""
    payload.delegations = Delegations({}, {})


def lists(path: str) -> Edit:
    """Return the edit by which a role lists one more file."""

    def edit(payload: Any) -> None:
        payload.targets[path] = TargetFile.from_data(path, b"of somebody else", ["sha256"])

    return edit


def names_without_hash(payload: Any) -> None:
    """Let a snapshot name its files by number alone (trap T2)."""
    payload.meta = {name: MetaFile(meta.version) for name, meta in payload.meta.items()}


def forgets_singapore(payload: Any) -> None:
    """Let a snapshot forget a role."""
    del payload.meta[f"{SG.value}.json"]
