"""A state's office in the pretend region: its folder, its keys, and proposals as its officers make them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from idbridge.crypto.signer import FileSigner
from idbridge.model.region import MemberState
from idbridge.sandbox.publication import public_material
from idbridge.sandbox.region import Region
from idbridge.trust.operator import drafting, editing, published
from idbridge.trust.operator.drafting import Intent
from idbridge.trust.operator.public_keys import PublicKeys
from idbridge.trust.operator.published import Published
from idbridge.trust.operator.taking_up import OnlineRole, Places
from idbridge.trust.operator.workspace import CERTIFICATES, DRAFTS, KEYS, Workspace
from idbridge.trust.tuf import proposal
from idbridge.trust.tuf.proposal import Proposal
from tests.trust.distribution.places import NOW, Place

SG, TH, KH, LA, MY = MemberState.SG, MemberState.TH, MemberState.KH, MemberState.LA, MemberState.MY
SECOND = timedelta(seconds=1)
LATER = NOW + SECOND


def public_of(region: Region, state: MemberState) -> PublicKeys:
    """The public keys of a state of the region."""
    keys = region.keys.roles
    officers = {name: [key for one, key in keys.officers(name) if one is state] for name in ("root", "targets")}
    return PublicKeys(
        environment=region.environment,
        state=state,
        threshold=keys.group(state.value).threshold,
        role=tuple(dict(one.public_jwk) for one in keys.of_state(state)),
        on_call=(dict(keys.on_call(state).public_jwk),),
        lists=(dict(region.keys.lists[state].public_jwk),),
        documents=(),
        root=tuple(dict(one.public_jwk) for one in officers["root"]),
        targets=tuple(dict(one.public_jwk) for one in officers["targets"]),
    )


def folder_of(region: Region, state: MemberState, folder: Path) -> Workspace:
    """The folder of a state of the region, with the list that it published."""
    for name in (KEYS, CERTIFICATES, DRAFTS):
        (folder / name).mkdir(parents=True)
    source = region.sources.lists[state]
    head = {name: value for name, value in source.items() if name not in ("operator", "provider")}
    lines = [*editing.members(head), "", "[operator]", *editing.members(source["operator"]), ""]
    providers = "\n".join(editing.provider_text(one) for one in source["provider"])
    workspace = Workspace(folder)
    workspace.write_public(public_of(region, state))
    workspace.write_text("\n".join(lines) + "\n" + providers)
    material = {**public_material(region.keys), **region.guests}
    for provider in source["provider"]:
        for service in provider["service"]:
            workspace.write_material(service["id"], material[service["id"]])
    return workspace


@dataclass(frozen=True)
class Office:
    """A state's office, beside the tree of the region."""

    place: Place
    state: MemberState
    workspace: Workspace

    @property
    def keys(self) -> Sequence[FileSigner]:
        """The keys of the state's role."""
        return self.place.region.keys.roles.of_state(self.state)

    @property
    def list_key(self) -> FileSigner:
        return self.place.region.keys.lists[self.state]

    def standing(self) -> Published:
        return standing(self.place)

    def edition(self, *, at: datetime = LATER, workspace: Workspace | None = None) -> Proposal:
        """The next edition of the list, signed by its proposer alone."""
        intent = Intent("edition", "a test", self.keys[0], at)
        return drafting.list_edition(
            self.standing(), workspace or self.workspace, intent, list_signer=self.list_key
        )  # fmt: skip

    def signed(self, made: Proposal, *numbers: int) -> Proposal:
        """``made`` with the signatures of further keys of the role."""
        voters = self.standing().voters(made.role, proposed=made.file.signed)
        for number in numbers:
            made = proposal.signed(made, self.keys[number], voters=voters, at=LATER)
        return made


def standing(place: Place) -> Published:
    """What stands in the tree."""
    return published.read(place.tree.reader, place.root_file.read_bytes())


def office(place: Place, state: MemberState, folder: Path) -> Office:
    """The office of ``state``."""
    return Office(place, state, folder_of(place.region, state, folder))


def online_role(place: Place) -> OnlineRole:
    """The online role of the region."""
    places = Places(place.tree.directory, place.root_file, place.folder / "publisher")
    return OnlineRole(places, place.region.keys.roles.online)


def officers_sign(place: Place, made: Proposal, *states: MemberState) -> Proposal:
    """``made``, of the top level or the root, with the signatures of officers of ``states``."""
    keys = dict(place.region.keys.roles.officers(made.role))
    voters = standing(place).voters(made.role, proposed=made.file.signed)
    for state in states:
        made = proposal.signed(made, keys[state], voters=voters, at=LATER)
    return made


def altered(made: Proposal, **changes: Any) -> Proposal:
    """``made`` with other parts."""
    return replace(made, **changes)


def without(table: Mapping[str, Any], name: str) -> dict[str, Any]:
    """``table`` without a member."""
    return {key: value for key, value in table.items() if key != name}
