"""A trust-list consumer behind a command: ``load`` for each look, ``state`` after it, one folder that it remembers in.

``COMMAND load --state DIR --material DIR --at INSTANT`` looks at the tree in ``DIR/tree``, under the root that is
pinned in ``DIR/root.json``, and answers with ``{"indication": ..., "code": ...}`` and the exit code that goes with it.
``COMMAND state --state DIR`` answers with what is held after that look (the members are those of ``list_node.held``).
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from idbridge.conformance import schemas
from idbridge.conformance.answer import Fault, Observation, Verdict, read_answer, read_state
from idbridge.conformance.case import ConformanceCase
from idbridge.conformance.corpus import Corpus
from idbridge.conformance.looks import State
from idbridge.conformance.scratch import scratch
from idbridge.conformance.target import Description
from idbridge.conformance.targets.described import described
from idbridge.conformance.targets.looking import observed
from idbridge.conformance.targets.process import ask
from idbridge.conformance.targets.taken_up import overfull
from idbridge.model.time import instant_text


class CliLists:
    """Answers the cases of the trust-list consumer by ``command``, given as its words."""

    def __init__(self, command: Sequence[str], corpus: Corpus) -> None:
        self._command = tuple(command)
        self._corpus = corpus
        self._description: Description | None = None

    def describe(self) -> Description:
        """Return what the command says of itself, asked once.

        Raises:
            ConfigurationError: It says nothing that is in order.
        """
        if self._description is None:
            self._description = described(self._command)
        return self._description

    def answer(self, case: ConformanceCase) -> Observation:
        """Put the looks of ``case`` to the command, with an empty folder to remember in.

        Raises:
            ConfigurationError: The case or its material is not in order.
        """
        with scratch("idbridge-state-") as folder:
            return observed(case, self._corpus, _Node(self._command, folder))


class _Node:
    """One node of the command; ``folder`` is all that it remembers."""

    def __init__(self, command: Sequence[str], folder: Path) -> None:
        self._command = command
        self._folder = folder

    def look(self, material: Path, *, at: datetime) -> Verdict | Fault:
        """Let the node look; see ``Consumer``."""
        told = ask(
            self._command,
            ("load", "--state", str(self._folder), "--material", str(material), "--at", instant_text(at)),
        )
        told = overfull(self._folder) or told
        return told if isinstance(told, Fault) else read_answer(told)

    def state(self) -> State | Fault:
        """Return what the node says that it holds; see ``Consumer``."""
        told = ask(self._command, ("state", "--state", str(self._folder)))
        return told if isinstance(told, Fault) else read_state(told, schemas.LOOKS, part="state")
