"""The target ``http:URL`` of the profiles gateway, privacy and resilience: a gateway that was started for the suite."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from idbridge.conformance.answer import Fault, FaultKind, Observation, Verdict
from idbridge.conformance.case import ConformanceCase
from idbridge.conformance.corpus import Corpus
from idbridge.conformance.target import Description
from idbridge.conformance.targets.gateway import asserted, edge, login, provider, tokens, wallets, watched
from idbridge.conformance.targets.gateway.findings import HonestStepError
from idbridge.conformance.targets.gateway.loaded import LoadedNode
from idbridge.conformance.targets.gateway.naming import told_name
from idbridge.conformance.targets.gateway.suite import Suite
from idbridge.conformance.targets.gateway.wire import GatewayWire
from idbridge.conformance.targets.idp.wire import NoVerdictError
from idbridge.conformance.targets.live import PROCEDURE, Procedure, observed
from idbridge.conformance.targets.resilience import broken, faulted, recalls, receipts, strained
from idbridge.errors import ConfigurationError
from idbridge.reasons import Indication

PROCEDURES: Final[Mapping[str, Procedure[Suite]]] = MappingProxyType(
    {
        **edge.PROCEDURES,
        **provider.PROCEDURES,
        **tokens.PROCEDURES,
        **asserted.PROCEDURES,
        **login.PROCEDURES,
        **wallets.PROCEDURES,
        **watched.PROCEDURES,
        **faulted.PROCEDURES,
        **strained.PROCEDURES,
        **broken.PROCEDURES,
        **receipts.PROCEDURES,
        **recalls.PROCEDURES,
    }
)
_BEGINNING: Final = login.PROCEDURES.keys() | recalls.PROCEDURES.keys()
"""Procedures that load the material themselves, with a provider or webhooks beside the rest."""


class GatewayTarget:
    """Answers the cases of the profiles gateway, privacy and resilience.

    Raises:
        ConfigurationError: The gateway was not started for the suite: nobody else takes up the suite's clients.
    """

    def __init__(self, wire: GatewayWire, corpus: Corpus) -> None:
        node = LoadedNode(wire, corpus)
        if not node.runs_for_the_suite():
            raise ConfigurationError("this profile is proved by a gateway that `serve --conformance` started")
        self._suite = Suite(wire, corpus, node)

    def describe(self) -> Description:
        """Return what the gateway says that it is."""
        return Description(*told_name(self._suite.wire))

    def answer(self, case: ConformanceCase) -> Observation:
        """Return what the procedure of ``case`` found; a fault if the gateway gave no verdict.

        Raises:
            ConfigurationError: The gateway does not take up the material.
        """
        try:
            if case.input.get(PROCEDURE) not in _BEGINNING:
                self._suite.begin()
            return observed(case, self._suite, PROCEDURES)
        except NoVerdictError as none:
            return Observation(none.fault, received=none.fault.detail)
        except HonestStepError as refused:
            if case.is_negative:
                return Observation(Fault(FaultKind.MALFORMED, str(refused)), received=str(refused))
            return Observation(Verdict(Indication.FAILED, refused.finding.code), received=str(refused))
