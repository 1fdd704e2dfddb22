"""Broken publishers: the drill's region publishes once more, past its own publisher, with one thing wrong.

Each is what a careless or malicious operator brings into sight, with every key that it has. The rest of the
publication is honest, so that a case which catches one has found that very thing.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from idbridge.clock import FixedClock
from idbridge.codec import base64std
from idbridge.conformance.targets.publisher.publication import Publication as Published
from idbridge.conformance.targets.publisher.target import PublisherTarget
from idbridge.crypto.certificates import Subject, make_leaf
from idbridge.crypto.signer import FileSigner
from idbridge.model.time import Validity
from idbridge.sandbox.distribution import ROOT_FILE
from idbridge.sandbox.drill import contents, edits
from idbridge.sandbox.drill.arena import SG, TH, Scene
from idbridge.sandbox.drill.making import listing_role, properly, write_over, write_role, write_target
from idbridge.sandbox.drill.publication import Publication
from idbridge.trust.tuf import keys, roles, writing
from idbridge.trust.tuf.client import DirectoryTree
from idbridge.trust.tuf.keys import MetadataSigner
from idbridge.trust.tuf.tree import RoleFile

DAY = timedelta(days=1)
_SECOND = 2


@dataclass(frozen=True, slots=True)
class Mutant:
    """A broken publisher. ``breaks`` are the requirements that it does not keep; ``publish`` does so in a scene."""

    name: str
    title: str
    breaks: tuple[str, ...]
    publish: Callable[[Scene], object]

    def target(self, scene: Scene) -> PublisherTarget:
        """Return what this publisher published in ``scene``, as the suite is pointed at it."""
        self.publish(scene)
        return target_of(scene)


def target_of(scene: Scene) -> PublisherTarget:
    """Return the publication of ``scene``, whose older copy is the tree of the day before."""
    tree = scene.tree
    root = (scene.folder / ROOT_FILE).read_bytes()
    old = scene.arena.folder / "yesterday"
    before = Published(DirectoryTree(old), root=root, folder=old)
    published = Published(DirectoryTree(tree), root=root, folder=tree, previous=before)
    return PublisherTarget(published, clock=FixedClock(scene.at), name="broken publisher")


def _list(**how: Any) -> Callable[[Scene], object]:
    return Publication(**how).published


def _written(change: Callable[[dict[str, Any]], None]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return what changes each service of a source document."""

    def written(table: dict[str, Any]) -> dict[str, Any]:
        copied: dict[str, Any] = json.loads(json.dumps(table))
        for provider in copied["provider"]:
            for service in provider["service"]:
                change(service)
        return copied

    return written


def _also_symmetric(service: dict[str, Any]) -> None:
    service["algorithms"] = [*service["algorithms"], "HS256"]


def _nameless_abroad(lote: dict[str, Any]) -> dict[str, Any]:
    for _, entry in contents.entries(lote):
        entry["ServiceInformation"]["ServiceName"][0]["lang"] = "ms"
    return lote


def _without_end(lote: dict[str, Any]) -> dict[str, Any]:
    return contents.scheme(SchemeInformationURI=[{"lang": "en", "uriValue": "http://lists.sg.example/"}])(lote)


def _out_of_force(scene: Scene) -> object:
    """Certify Singapore's first certified service again, by a certificate that is over."""

    def change(_val: str) -> str:
        service = scene.region.service("sg-mdoc-pilot")
        over = Validity(scene.at - 400 * DAY, scene.at - DAY)
        subject = Subject("LionPass, over", country="SG")
        return base64std.encode(make_leaf(service.signer, subject=subject, validity=over, issuer=None, uris=()))

    return Publication(built=contents.certificate(change)).published(scene)


def _spare_key(scene: Scene) -> FileSigner:
    return scene.arena.spare["list"]


def _with_private_key(scene: Scene) -> None:
    signer = scene.arena.spare["list"]
    secret = {**signer.public_jwk, "d": "private"}
    scene.write("targets/lists/SG/keys.json", json.dumps({"keys": [secret]}).encode())


def _one_signer(scene: Scene, role: str) -> tuple[MetadataSigner, ...]:
    return properly(scene, role)[:1] if role == SG.value else properly(scene, role)


def _unnamed_snapshot(payload: Any) -> None:
    payload.snapshot_meta.hashes = None
    payload.snapshot_meta.length = None


def _every_key_needed(payload: Any) -> None:
    delegated = payload.delegations.roles[SG.value]
    delegated.threshold = len(delegated.keyids)


def _all_signers(scene: Scene, role: str) -> tuple[MetadataSigner, ...]:
    if role != SG.value:
        return properly(scene, role)
    return tuple(MetadataSigner(key, state=SG) for key in scene.region.keys.roles.of_state(SG))


def _reaches_further(payload: Any) -> None:
    payload.delegations.roles[SG.value].paths.append("lists/TH/*")


def _shares_a_key(scene: Scene) -> object:
    """Put a key of Thailand's role into Singapore's too."""
    theirs = scene.region.keys.roles.of_state(TH)[0]
    key = keys.written(theirs.public_jwk, state=TH)

    def edit(payload: Any) -> None:
        payload.delegations.roles[SG.value].keyids.append(key.keyid)

    return Publication(top=True, edits=edits.of(roles.TARGETS, edit)).published(scene)


def _other_file(scene: Scene) -> object:
    """Replace the list in place after it was signed for."""
    offered = Publication().published(scene)
    place = f"targets/lists/SG/{writing.digest(offered.octets)}.list.jws"
    scene.write(place, offered.octets + b"\n")
    return offered


def _carried(role: str, files: Callable[[Scene], dict[str, bytes]]) -> Callable[[Scene], object]:
    """Return what publishes ``role`` again, with other files."""

    def publish(scene: Scene) -> None:
        how, head, listed = Publication(), scene.head(), files(scene)
        for path, octets in listed.items():
            write_target(scene, path, octets)
        write_over(scene, head, {role: listing_role(scene, head, role, files=listed, how=how)}, how=how)

    return publish


def _one_sided(scene: Scene) -> dict[str, bytes]:
    published = scene.region.published
    octets = published.arrangements["SG-TH"][0]
    document = json.loads(octets)
    document["signatures"] = document["signatures"][:1]
    return {"arrangements/SG-TH/1.json": json.dumps(document).encode(), "purposes/1.json": published.purposes}


def _without_purposes(scene: Scene) -> dict[str, bytes]:
    return {"arrangements/SG-TH/1.json": scene.region.published.arrangements["SG-TH"][0]}


def _strange_denial(scene: Scene) -> dict[str, bytes]:
    entry = {"payload": "e30", "signatures": []}
    document = {"schema": "idbridge-deny-list-1", "environment": "sandbox", "number": _SECOND, "entries": [entry]}
    return {roles.DENY_LIST: json.dumps(document).encode()}


def _loose_snapshots(scene: Scene) -> None:
    """Publish a second root, properly signed, that promises no consistent snapshots."""
    group = scene.region.keys.roles.group
    root = writing.root(
        writing.Issue(scene.region.environment, _SECOND, scene.at),
        region=group(roles.ROOT),
        targets=group(roles.TARGETS),
        online=group(roles.TIMESTAMP),
    )
    root.consistent_snapshot = False
    write_role(scene, roles.ROOT, RoleFile(_SECOND, writing.signed(root, scene.region.keys.roles.signing(roles.ROOT))))


def _two_states(scene: Scene) -> None:
    """Publish a second root of which the keys of two states are enough, and all that there are."""
    group = scene.region.keys.roles.group
    few = replace(group(roles.ROOT), holders=group(roles.ROOT).holders[:_SECOND], threshold=1)
    root = writing.root(
        writing.Issue(scene.region.environment, _SECOND, scene.at),
        region=few,
        targets=group(roles.TARGETS),
        online=group(roles.TIMESTAMP),
    )
    write_role(scene, roles.ROOT, RoleFile(_SECOND, writing.signed(root, scene.region.keys.roles.signing(roles.ROOT))))


def _new_role_keys(scene: Scene) -> object:
    """Give Singapore's role keys that its old ones never countersigned."""
    fresh = [scene.arena.spare[name] for name in ("role-1", "role-2", "role-3")]
    written = [keys.written(key.public_jwk, state=SG) for key in fresh]

    def edit(payload: Any) -> None:
        delegated = payload.delegations.roles[SG.value]
        for keyid in delegated.keyids:
            del payload.delegations.keys[keyid]
        payload.delegations.keys.update({key.keyid: key for key in written})
        delegated.keyids = [key.keyid for key in written]
        delegated.unrecognized_fields[roles.KEY_SET] = _SECOND

    def signers(scene: Scene, role: str) -> tuple[MetadataSigner, ...]:
        return tuple(MetadataSigner(key, state=SG) for key in fresh) if role == SG.value else properly(scene, role)

    return Publication(top=True, edits=edits.of(roles.TARGETS, edit), signers=signers).published(scene)


def _edited(role: str, edit: Callable[[Any], None], **how: Any) -> Callable[[Scene], object]:
    return _list(edits=edits.of(role, edit), **how)


_OTHER = contents.ANOTHER_PAST
_NAME_ONLY = contents.identity({"X509SubjectNames": ["CN=LionPass"]})
_TOP = {"top": True, "signers": _all_signers}
_TABLE: tuple[tuple[str, str, tuple[str, ...], Callable[[Scene], object]], ...] = (
    ("other-list-key", "signs its list with a key that nobody pinned", ("003",), _list(list_key=_spare_key)),
    ("sequence-zero", "numbers its list 0", ("004",), _list(ahead=-2)),
    ("expired-list", "leaves a list in place that is over", ("005",), _list(issued=-91 * DAY)),
    ("long-list", "lets its list last for nine months", ("006",), _list(life=270 * DAY)),
    ("late-list", "renews its list at the last moment", ("007",), _list(issued=-80 * DAY)),
    ("foreign-territory", "speaks for its neighbour", ("008",), _list(built=contents.scheme(SchemeTerritory="TH"))),
    ("foreign-issuer", "lists an issuer of its neighbour", ("009",), _list(built=contents.issuer_of_neighbour)),
    ("live-metadata", "says that its sandbox is live", ("010",), _list(edits=edits.of(SG.value, edits.live))),
    ("keyless-service", "lists a service by its name alone", ("011",), _list(built=_NAME_ONLY)),
    ("revived-service", "takes a withdrawal back", ("012",), _list(built=contents.DISORDERED["gets-better"])),
    ("symmetric-service", "lets a service sign with HS256", ("013",), _list(written=_written(_also_symmetric))),
    ("no-english", "names its services in no English", ("014",), _list(built=_nameless_abroad)),
    ("plain-http", "calls its list by an http address", ("015",), _list(built=_without_end)),
    ("old-certificate", "lists a certificate that is over", ("016",), _out_of_force),
    ("private-key", "publishes a private key beside its list", ("018",), _with_private_key),
    ("one-sided-arrangement", "carries a one-sided arrangement", ("019",), _carried(roles.AGREEMENTS, _one_sided)),
    ("no-purposes", "carries no register of purposes", ("020",), _carried(roles.AGREEMENTS, _without_purposes)),
    ("one-signature", "signs its role with one key of the two it needs", ("021",), _list(signers=_one_signer)),
    ("two-states", "lets two states be the region", ("022",), _two_states),
    ("every-key-needed", "needs every key of its role", ("023",), _edited(roles.TARGETS, _every_key_needed, **_TOP)),
    ("shared-key", "puts a neighbour's key into its role", ("024",), _shares_a_key),
    ("reaches-further", "may list for its neighbour", ("025",), _edited(roles.TARGETS, _reaches_further, top=True)),
    ("loose-snapshots", "replaces files in place", ("026",), _loose_snapshots),
    ("unnamed-snapshot", "names the snapshot by version alone", ("027",), _edited(roles.TIMESTAMP, _unnamed_snapshot)),
    ("other-file", "changes a file after it was signed for", ("027",), _other_file),
    ("wrong-entry", "names another sequence than its list", ("028",), _list(named=edits.entry_saying(sequence=99))),
    ("long-timestamp", "has a timestamp for a month", ("030",), _edited(roles.TIMESTAMP, edits.lasting(30 * DAY))),
    ("no-deny-list", "carries no deny list", ("031",), _carried(roles.DENY, lambda _: {})),
    ("unsigned-denial", "carries an unsigned denial", ("032",), _carried(roles.DENY, _strange_denial)),
    ("second-text", "publishes a second list under one number", ("033",), _list(ahead=-1, built=_OTHER)),
    ("another-past", "tells another past of a service", ("034",), _list(built=contents.ANOTHER_PAST)),
    ("unsigned-handover", "has new keys without a handover", ("035",), _new_role_keys),
    ("half-ended", "ends half of its services at once", ("037",), _list(built=contents.half_ended)),
)  # fmt: skip


def mutants() -> tuple[Mutant, ...]:
    """Return every broken publisher."""
    return tuple(
        Mutant(f"publisher-{name}", f"A publisher that {title}", tuple(f"IDB-PUB-{one}" for one in breaks), publish)
        for name, title, breaks, publish in _TABLE
    )
