"""A verifier behind HTTP that keeps its own trust material: cases are minted for it, at the present instant.

For a gateway that was not started for the suite, but trusts a region whose folder is at hand (as ``idbridge demo`` and
``idbridge sandbox`` keep one): what the catalogue says of a case holds for a credential that is made a moment before it
is shown. What the gateway remembers it does not tell.
"""

import json
import tomllib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from idbridge.clock import Clock
from idbridge.conformance.answer import Fault, Observation
from idbridge.conformance.case import ConformanceCase
from idbridge.conformance.corpus import Corpus
from idbridge.conformance.declaration import STATE
from idbridge.conformance.material import REGION
from idbridge.conformance.profiles import Profile
from idbridge.conformance.target import Description
from idbridge.conformance.targets.builtin import earlier_refused
from idbridge.conformance.targets.gateway.answers import read_answer
from idbridge.conformance.targets.gateway.naming import told_name
from idbridge.conformance.targets.gateway.wire import GatewayWire
from idbridge.conformance.targets.http_verifier import told_by
from idbridge.conformance.targets.idp.wire import NoVerdictError, Reply
from idbridge.errors import ConfigurationError
from idbridge.model.randomness import Randomness, SystemRandomness
from idbridge.model.region import MemberState
from idbridge.sandbox.case import Exchange
from idbridge.sandbox.catalogue import case_named, entries
from idbridge.sandbox.keys import NODE_STATES
from idbridge.sandbox.mint import mint
from idbridge.sandbox.region import Region

DISCOVERY: Final = "/.well-known/openid-configuration"
_REGION: Final = "region"


class MintedVerifier:
    """Answers the cases of the verifier profile whose node is the gateway behind ``wire``, by what ``region`` makes."""

    def __init__(
        self, wire: GatewayWire, corpus: Corpus, region: Region, *, clock: Clock, randomness: Randomness | None = None
    ) -> None:
        self._wire = wire
        self._region = region
        self._clock = clock
        self._randomness = randomness or SystemRandomness()
        self._cases = corpus.chosen([Profile.VERIFIER])
        self._state = self._found()
        self._trust = region.snapshot(at=clock.now())

    def describe(self) -> Description:
        """Return what the gateway says that it is.

        It claims no cases of other nodes or of other material than its own, and tells no spending.
        """
        others = frozenset(
            case.id
            for case in self._cases
            if case.input["node"] != self._state.value or case.material != REGION or case.id not in entries()
        )
        return Description(*told_name(self._wire), others | {f"{STATE}.spent"})

    def answer(self, case: ConformanceCase) -> Observation:
        """Put ``case``, made now, to the gateway."""
        return replace(self._answered(case), fresh=True)

    def _answered(self, case: ConformanceCase) -> Observation:
        at = self._clock.now().replace(microsecond=0)
        made = mint(
            case_named(case.id), region=self._region, at=at, randomness=self._randomness, trust=self._trust
        )  # fmt: skip
        sent = json.dumps(made.document(), ensure_ascii=False)
        try:
            for number, earlier in enumerate(made.before, start=1):
                first = read_answer(self._send(earlier))
                if isinstance(first, Fault):
                    return Observation(first, None, sent)
                if not first.is_accepted:
                    return earlier_refused(first, number, sent)
            reply = self._send(made.exchange)
        except NoVerdictError as none:
            return Observation(none.fault, None, sent)
        answer = read_answer(reply)
        return Observation(answer, None if isinstance(answer, Fault) else told_by(reply, answer), sent, str(answer))

    def _send(self, one: Exchange) -> Reply:
        return self._wire.send(one.method, one.path, headers=one.headers, body=one.body)

    def _found(self) -> MemberState:
        """Return which node of the region the gateway is, by its issuer identifier."""
        try:
            issuer = self._wire.send("GET", DISCOVERY).document().get("issuer")
        except NoVerdictError as none:
            raise ConfigurationError(f"the gateway does not answer: {none.fault.detail}") from none
        return node_of(issuer, self._region, NODE_STATES)


def node_of(issuer: Any, region: Region, states: Iterable[MemberState]) -> MemberState:
    """Return the state of ``region`` whose node is known by ``issuer``.

    Raises:
        ConfigurationError: No node of the region is.
    """
    for state in states:
        if region.node(state).issuer == issuer:
            return state
    raise ConfigurationError("the gateway is no node of the region that `--settings` names")


def region_named(settings: Path) -> Region:
    """Return the region whose folder ``region`` in the TOML file ``settings`` names, relative to that file.

    Raises:
        ConfigurationError: The file names none, or what is there is no region.
    """
    try:
        named = tomllib.loads(settings.read_text("utf-8"))
    except (OSError, ValueError) as odd:
        raise ConfigurationError("the settings of the gateway cannot be read as TOML") from odd
    if named.keys() != {_REGION} or not isinstance(named[_REGION], str):
        raise ConfigurationError('the settings of a gateway are one line: region = "FOLDER"')
    return Region.load(settings.parent / named[_REGION])
