"""Arrangements in the tree: a next version, signed by whom it binds, or by others."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from idbridge.model.region import MemberState
from idbridge.recognition.signed_document import ARRANGEMENT_TYPE, sign_document
from idbridge.sandbox import distribution
from idbridge.sandbox.drill.arena import SG, TH, Scene
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
from idbridge.sandbox.drill.publication import looked
from idbridge.sandbox.sources import Table, arrangement_payloads
from idbridge.trust.tuf import roles

_NAME: Final = "SG-TH"
_FROM: Final = "2026-07-01T00:00:00Z"
_GRACE: Final = {"A1": 3600, "A2": 3600}


@dataclass(frozen=True, slots=True)
class Agreement:
    """The next version of the arrangement between Singapore and Thailand, in the role that carries arrangements.

    It widens: late lists get grace. ``parties`` are the states that sign it, ``more`` what they write into it beside.
    """

    parties: tuple[MemberState, ...] = (SG, TH)
    more: Mapping[str, str] = field(default_factory=dict)
    edits: Edits = field(default_factory=lambda: NO_EDITS)
    signers: Signers = properly
    stamped: Stamp = as_signed

    def struck(self, scene: Scene) -> Finding:
        """Publish it, and let the node look."""
        head, region = scene.head(), scene.region
        source: Table = next(one for one in region.sources.arrangements if one["id"] == _NAME)
        *_, (last, _) = arrangement_payloads(source, environment=region.environment)
        number = int(last["version"]) + 1
        rules = [{**rule, "grace_seconds": _GRACE} for rule in last["rules"]]
        payload = {**last, "version": number, "from": _FROM, "rules": rules, **self.more}
        keys = {state: region.keys.lists[state] for state in self.parties}
        octets = sign_document(payload, signers=keys, typ=ARRANGEMENT_TYPE)
        held = distribution.documents(region.published, purposes_version=region.sources.purposes["version"])
        path = f"arrangements/{_NAME}/{number}.json"
        role = listing_role(scene, head, roles.AGREEMENTS, files={**held, path: octets}, how=self)
        write_target(scene, path, octets)
        write_over(scene, head, {roles.AGREEMENTS: role}, how=self)
        return looked(
            scene,
            scene.arena.held,
            took=lambda after: len(after.arrangements.histories[_NAME].versions) == number,
        )
