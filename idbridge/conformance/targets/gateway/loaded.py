"""A gateway that was started for the suite: becomes the node of a case, and tells what it counts as spent."""

import json
import tempfile
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from idbridge.conformance.answer import FaultKind
from idbridge.conformance.corpus import Corpus
from idbridge.conformance.loading import LOAD_PATH, STATE_PATH, load_document
from idbridge.conformance.targets.gateway.wire import JSON, GatewayWire
from idbridge.conformance.targets.idp.wire import NoVerdictError
from idbridge.errors import ConfigurationError
from idbridge.model.region import MemberState

_NOTHING: Final[Mapping[str, bytes]] = {}


class LoadedNode:
    """The one node behind ``wire``. Material is loaded when another one is asked for, and spent values go with it."""

    def __init__(self, wire: GatewayWire, corpus: Corpus) -> None:
        self.wire = wire
        self._corpus = corpus
        self._is: object = None

    def runs_for_the_suite(self) -> bool:
        """Tell whether the gateway runs in the mode for the suite; one that does not knows no such address.

        Raises:
            ConfigurationError: It does not answer.
        """
        try:
            reply = self.wire.send("GET", STATE_PATH)
        except NoVerdictError as none:
            raise ConfigurationError(f"the gateway does not answer: {none.fault.detail}") from none
        return reply.status == HTTPStatus.OK and isinstance(reply.document().get("spent"), int)

    def become(self, material: str, *, at: datetime, node: MemberState, beside: Mapping[str, bytes] = _NOTHING) -> None:
        """Let it hold ``material`` of the corpus, with the files of ``beside``, unless that is what it holds.

        Raises:
            ConfigurationError: It does not take the material up.
            NoVerdictError: It does not answer.
        """
        wanted = (material, at, node, tuple(sorted(beside.items())))
        if wanted == self._is:
            return
        self._is = None
        with tempfile.TemporaryDirectory(prefix="idbridge-material-") as folder:
            whole = self._corpus.material(material).laid_out(Path(folder) / "material")
            self.load(load_document(whole, at=at, node=node, beside=beside))
        self._is = wanted

    def load(self, document: Mapping[str, Any]) -> None:
        """Put a load to it, whatever it holds. Raises as above."""
        reply = self.wire.send(
            "POST", LOAD_PATH, headers={"Content-Type": JSON}, body=json.dumps(document).encode()
        )  # fmt: skip
        if reply.status != HTTPStatus.OK:
            raise ConfigurationError(f"the gateway does not take up the trust material: {reply.status}")

    def spent(self) -> int:
        """Return how many one-time values count as spent.

        Raises:
            NoVerdictError: It does not say.
        """
        told = self.wire.send("GET", STATE_PATH).document().get("spent")
        if not isinstance(told, int) or isinstance(told, bool):
            raise NoVerdictError(FaultKind.MALFORMED, "the gateway does not tell how many values are spent")
        return told
