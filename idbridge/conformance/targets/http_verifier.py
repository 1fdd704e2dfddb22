"""A verifier behind HTTP: ``POST /v1/verify`` of a gateway that was started for the suite (``serve --conformance``).

It becomes the node of each case by the material of the corpus, at the instant of the case, and is asked with the API
key of the case's relying party. What it counts as spent is asked before and after.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from idbridge.conformance.answer import Fault, Observation, Verdict, released
from idbridge.conformance.case import ConformanceCase
from idbridge.conformance.corpus import Corpus
from idbridge.conformance.seed import corpus_keys, corpus_region
from idbridge.conformance.target import Description
from idbridge.conformance.targets.builtin import earlier_refused
from idbridge.conformance.targets.gateway.answers import read_answer
from idbridge.conformance.targets.gateway.loaded import LoadedNode
from idbridge.conformance.targets.gateway.naming import told_name
from idbridge.conformance.targets.gateway.wire import JSON, GatewayWire
from idbridge.conformance.targets.idp.wire import NoVerdictError, Reply
from idbridge.errors import ConfigurationError
from idbridge.model.region import MemberState

VERIFY: Final = "/v1/verify"
CONTRACT: Final = "/openapi.json"


class HttpVerifier:
    """Answers the cases of the verifier profile by the gateway behind ``wire``."""

    def __init__(self, wire: GatewayWire, corpus: Corpus) -> None:
        self._wire = wire
        self._node = LoadedNode(wire, corpus)
        self._api = corpus_region(corpus_keys()).keys.api

    def describe(self) -> Description:
        """Return what the gateway says that it is."""
        return Description(*told_name(self._wire))

    def answer(self, case: ConformanceCase) -> Observation:
        """Put ``case`` to the gateway.

        Raises:
            ConfigurationError: The gateway does not take up the material.
        """
        put, sent = case.input, json.dumps(case.input["request"], ensure_ascii=False)
        material, at = _material(case)
        try:
            self._node.become(material, at=at, node=MemberState(put["node"]))
            held = self._node.spent()
            for number, earlier in enumerate(put["before"], start=1):
                first = read_answer(self.asked(put, earlier))
                if isinstance(first, Fault):
                    return Observation(first, None, sent)
                if not first.is_accepted:
                    return earlier_refused(first, number, sent)
            reply = self.asked(put, put["request"])
            answer = read_answer(reply)
            told = {**told_by(reply, answer), "spent": self._node.spent() - held}
        except NoVerdictError as none:
            return Observation(none.fault, None, sent)
        return Observation(answer, None if isinstance(answer, Fault) else told, sent, str(answer))

    def asked(self, put: Mapping[str, Any], request: Any) -> Reply:
        """Return what the gateway answers to one question. Raises ``NoVerdictError``."""
        return ask(self._wire, request, key=self._api[put["relying_party"]])


def ask(wire: GatewayWire, request: Any, *, key: str) -> Reply:
    """Return what the gateway answers to the question ``request`` of the relying party with the API key ``key``."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": JSON}
    return wire.send("POST", VERIFY, headers=headers, body=json.dumps(request, ensure_ascii=False).encode())


def told_by(reply: Reply, answer: Verdict | Fault) -> dict[str, Any]:
    """Return what a report releases; a problem releases nothing."""
    if isinstance(answer, Verdict) and "indication" in reply.document():
        return released(reply.document())
    return {"released": {}, "level": None}


def _material(case: ConformanceCase) -> tuple[str, datetime]:
    if case.material is None or case.at is None:
        raise ConfigurationError(f"case {case.id} of a data profile names no material or no instant")
    return case.material, case.at
