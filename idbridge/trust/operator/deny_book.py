"""The deny list that stands, as a node holds it that was there all the time: rebuilt from what the tree still has.

A node remembers who denied under keys that were exchanged since, and which denials were lifted and are listed no more.
Here both are looked up in the earlier versions, whose signatures are not asked for. So the book is good for guessing
what nodes will accept, and for nothing that has to be right. Clause: architecture D1.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from types import MappingProxyType
from typing import Final

from tuf.api.metadata import Targets

from idbridge.errors import FetchError, IdBridgeError, TrustError
from idbridge.limits import LIMITS
from idbridge.model.denial import DenyEntry, FollowUp, FollowUpKind
from idbridge.model.region import MemberState
from idbridge.trust import deny_list
from idbridge.trust.deny import DenyBook
from idbridge.trust.deny_entry import reread
from idbridge.trust.deny_list import DenyList
from idbridge.trust.operator import denying
from idbridge.trust.operator.published import Published
from idbridge.trust.tuf import metadata, roles
from idbridge.trust.tuf.client import METADATA
from idbridge.trust.tuf.errors import refusing_surprises
from idbridge.trust.tuf.metadata import MetadataFile

_LOOK_BACK: Final = 50  # versions of a role: years of the top level, and every deny list of a very bad night


def standing(before: Published) -> DenyBook:
    """Return the deny list that stands as a node holds it.

    Raises:
        FetchError, TrustError: It cannot be had, or is not in order.
    """
    if roles.DENY_LIST not in before.targets(roles.DENY):
        return DenyBook()
    held = deny_list.parse(before.target(roles.DENY, roles.DENY_LIST))
    said = [reread(one).said for one in held.entries]
    denials = {one.id: one.signed_by(_deniers(before, one)) for one in said if isinstance(one, DenyEntry)}
    settled = dict.fromkeys(about for one in _earlier_lists(before) for about in _lifted(one) if about not in denials)
    return DenyBook(
        held.number,
        held.digest,
        MappingProxyType(denials),
        MappingProxyType({one.id: one for one in said if isinstance(one, FollowUp)}),
        tuple(settled),
    )


def _deniers(before: Published, denied: DenyEntry) -> frozenset[MemberState]:
    """Return the states that denied, by the keys of now or by those that were delegated to before.

    Where no top level tells, officers of others are taken for it: what only the region lifts, nobody lifts by mistake.
    """
    for top in chain((before.top,), (file.signed for file in _earlier(before, roles.TARGETS))):
        try:
            return denying.who_denied(denying.authorities(replace(before, top=top)), denied)
        except TrustError:
            continue
    return frozenset(MemberState) - {denied.state}


def _earlier_lists(before: Published) -> Iterator[DenyList]:
    for file in _earlier(before, roles.DENY):
        try:
            then = replace(before, roles=MappingProxyType({roles.DENY: file}))
            yield deny_list.parse(then.target(roles.DENY, roles.DENY_LIST))
        except (FetchError, TrustError, KeyError):
            continue


def _earlier(before: Published, role: str) -> Iterator[MetadataFile[Targets]]:
    """Return the earlier versions of ``role`` that the tree still has, the youngest first."""
    newest = before.version(role)
    for version in range(newest - 1, max(newest - _LOOK_BACK, 1) - 1, -1):
        try:
            with refusing_surprises(f"version {version} of {role}"):
                found = _read(before, f"{METADATA}/{version}.{role}.json", role)
        except IdBridgeError:
            continue
        yield found


def _read(before: Published, place: str, role: str) -> MetadataFile[Targets]:
    if before.tree is None:
        raise FetchError(f"{place} is nowhere")
    octets = before.tree.read(place, max_bytes=LIMITS.metadata_bytes)
    return metadata.read(octets, Targets, role=role, environment=before.environment)


def _lifted(listed: DenyList) -> Iterator[str]:
    """Return the ids of the denials that ``listed`` lifts."""
    for said in (reread(one).said for one in listed.entries):
        if isinstance(said, FollowUp) and said.kind is FollowUpKind.LIFT:
            yield said.about
