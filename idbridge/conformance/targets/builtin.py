"""The built-in target: this project's own verifier and its own memory of trust lists, in this process."""

import json
import tempfile
from collections.abc import Callable, Mapping
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from idbridge.conformance import node_keys
from idbridge.conformance.answer import Fault, FaultKind, Observation, Verdict, released
from idbridge.conformance.case import ConformanceCase
from idbridge.conformance.corpus import Corpus
from idbridge.conformance.node import Node, load_node
from idbridge.conformance.target import Description
from idbridge.errors import InputError, JoseError, RequestError
from idbridge.model.request import Detail

NAME: Final = "idbridge"
_REPORT_ID: Final = "conformance"  # nobody asks for a report of a case again

Loader = Callable[[Path, datetime], Node]


def loaded(folder: Path, at: datetime) -> Node:
    """Load plain material; what a deliberately broken target puts another in the place of."""
    return load_node(folder, at=at)


class BuiltinVerifier:
    """Answers the cases of the verifier profile. Material is loaded once for each instant, and is never changed."""

    def __init__(self, corpus: Corpus, *, load: Loader = loaded) -> None:
        self._corpus = corpus
        self._load = load
        self._nodes: dict[tuple[str | None, datetime | None], Node] = {}

    def describe(self) -> Description:
        """Return the name and version of this installation."""
        return Description(NAME, version(NAME))

    def answer(self, case: ConformanceCase) -> Observation:
        """Put ``case`` to a node that remembers nothing but what is asked before it."""
        spent: set[bytes] = set()
        put = case.input
        sent = json.dumps(put["request"], ensure_ascii=False)
        try:
            node = self.node(case)
            for number, earlier in enumerate(put["before"], start=1):
                verdict, _, received = answered(node, {**put, "request": earlier}, spent)
                if not verdict.is_accepted:
                    return earlier_refused(verdict, number, sent)
            verdict, told, received = answered(node, put, spent)
        except Exception as crash:  # noqa: BLE001 - whatever is under test may raise anything, and that is no verdict
            return Observation(Fault(FaultKind.CRASH, f"{type(crash).__name__}: {crash}"), None, sent)
        return Observation(verdict, {"spent": len(spent), **told}, sent, received)

    def node(self, case: ConformanceCase) -> Node:
        """Return the node to which ``case`` is put."""
        if case.material is None or case.at is None:
            raise ValueError(f"case {case.id} of a data profile names no material or no instant")
        key = (case.material, case.at)
        if key not in self._nodes:
            with tempfile.TemporaryDirectory(prefix="idbridge-material-") as folder:
                laid = node_keys.laid_out(self._corpus.material(case.material), Path(folder) / "material")
                self._nodes[key] = self._load(laid, case.at)
        return self._nodes[key]


def earlier_refused(verdict: Verdict, number: int, sent: str) -> Observation:
    """Return what a case comes to if a question before the judged one is refused, all of which have to be accepted."""
    words = f"question {number}, before the judged one: expected {Verdict.passed()}, got {verdict}"
    return Observation(verdict, None, sent, before=words)


def answered(node: Node, put: Mapping[str, Any], spent: set[bytes]) -> tuple[Verdict, dict[str, Any], str]:
    """Return the verdict of ``node`` on one question, what it releases, and its checks that refuse, one a line.

    A request that is broken is refused with its own reason.

    Raises:
        ConfigurationError: The material knows no such relying party or node.
    """
    try:
        report = node.report(put, spent)
    except (InputError, JoseError, RequestError) as refusal:
        return Verdict(refusal.reason.indication, refusal.code), {"released": {}, "level": None}, str(refusal)
    refusing = [check for check in report.checks if check.reason is not None]
    told = "\n".join(f"{one.step} {one.id}: {one.reason.code}. {one.note}".rstrip() for one in refusing if one.reason)
    document = report.render(Detail.SIMPLE, report_id=_REPORT_ID)
    code = report.reason.code if report.reason is not None else None
    return Verdict(report.indication, code, report.accepted and code is not None), released(document), told
