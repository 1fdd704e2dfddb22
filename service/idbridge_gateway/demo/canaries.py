"""The samples of a sandbox node: of each state from which it accepts something, a good ID and the same one forged.

Both are minted anew for every round, so that neither was spent before, and the forged one differs from a good one in
one octet of its signature alone.
"""

import json
from functools import cached_property
from typing import Any, Final

from idbridge.clock import Clock
from idbridge.model.randomness import Randomness
from idbridge.model.region import Format, MemberState
from idbridge.sandbox.case import Case, Kind
from idbridge.sandbox.catalogue import cases
from idbridge.sandbox.mint import mint
from idbridge.sandbox.region import Region
from idbridge_gateway.canary.sample import FORGED, GOOD, Sample

_FORMATS: Final = frozenset({Format.ID_TOKEN, Format.SD_JWT_VC})
_OTHER: Final = {"A": "B"}
_FORGERY: Final = "jose.signature_invalid"


class RegionCanaries:
    """The samples for the node of ``state`` in ``region``."""

    def __init__(self, region: Region, state: MemberState, *, clock: Clock, randomness: Randomness) -> None:
        self._region = region
        self._state = state
        self._clock = clock
        self._randomness = randomness

    def drawn(self) -> tuple[Sample, ...]:
        """Return the samples of the next round."""
        return tuple(self._sample(case, kind) for case in self.shown for kind in (GOOD, FORGED))

    @cached_property
    def shown(self) -> tuple[Case, ...]:
        """One accepted case of each state, the first of the catalogue."""
        first: dict[MemberState, Case] = {}
        for case in cases():
            if case.node is self._state and case.code is None and case.over_http and self._is_plain(case):
                first.setdefault(case.state, case)
        return tuple(first[state] for state in sorted(first))

    def _is_plain(self, case: Case) -> bool:
        return case.kind is Kind.VERIFY and case.format in _FORMATS

    def _sample(self, case: Case, kind: str) -> Sample:
        at = self._clock.now().replace(microsecond=0)
        minted = mint(case, region=self._region, at=at, randomness=self._randomness)
        members: dict[str, Any] = json.loads(minted.body)
        if kind == FORGED:
            members["credential"] = forged(members["credential"])
        key = minted.headers["Authorization"].removeprefix("Bearer ")
        body, code = json.dumps(members, ensure_ascii=False).encode(), _FORGERY if kind == FORGED else ""
        return Sample(f"{case.name}/{kind}", case.state, kind, body, key, code=code)


def forged(credential: str) -> str:
    """Return ``credential`` with another first octet of its issuer's signature."""
    token, tilde, rest = credential.partition("~")
    signed, _, signature = token.rpartition(".")
    return f"{signed}.{_OTHER.get(signature[0], 'A')}{signature[1:]}{tilde}{rest}"
