"""A verifier behind a command: ``load`` once for each material, ``verify`` for each question, ``state`` afterwards.

``COMMAND load --state DIR --material DIR --at INSTANT`` takes the material of ``DIR`` up into an empty folder.
``COMMAND verify --state DIR --input FILE`` answers one question (``relying_party``, ``node``, ``request``) with
``{"indication": ..., "code": ..., "claims": {...}, "level": ...}`` and the exit code that goes with it;
``COMMAND state --state DIR`` with ``{"spent": n}``. All that a program remembers between calls is in its folder, which
is copied for each case from one that no case is told of; whether that is still as it was after ``load`` is seen each
time by its digest.
"""

import json
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from idbridge.conformance import node_keys, schemas
from idbridge.conformance.answer import Fault, FaultKind, Observation, Verdict, read_answer, read_state, released
from idbridge.conformance.case import ConformanceCase
from idbridge.conformance.corpus import Corpus
from idbridge.conformance.node import write_object
from idbridge.conformance.scratch import remove, scratch
from idbridge.conformance.target import ALL, Description
from idbridge.conformance.targets.builtin import earlier_refused
from idbridge.conformance.targets.described import described
from idbridge.conformance.targets.process import ask
from idbridge.conformance.targets.taken_up import TakenUp, overfull, taken_up
from idbridge.errors import ConfigurationError
from idbridge.model.time import instant_text


class CliVerifier:
    """Answers the cases of the verifier profile by ``command``, given as its words, and works in ``folder``."""

    def __init__(self, command: Sequence[str], corpus: Corpus, folder: Path) -> None:
        self._command = tuple(command)
        self._corpus = corpus
        self._folder = folder
        self._description: Description | None = None
        self._loaded: dict[tuple[str, datetime], TakenUp | Fault] = {}

    def describe(self) -> Description:
        """Return what the command says of itself, asked once.

        Raises:
            ConfigurationError: It says nothing that is in order.
        """
        if self._description is None:
            self._description = described(self._command)
        return self._description

    def answer(self, case: ConformanceCase) -> Observation:
        """Put ``case`` to the command, in a folder that holds what it took up and nothing else.

        Raises:
            ConfigurationError: The material is not in order.
        """
        put, sent = case.input, json.dumps(case.input["request"], ensure_ascii=False)
        loaded = self._taken_up(case)
        if isinstance(loaded, Fault):
            return Observation(loaded, None, sent)
        with scratch("state-", within=self._folder) as state:
            if unusable := loaded.copied(state):
                return Observation(unusable, None, sent)
            for number, earlier in enumerate(put["before"], start=1):
                _, answer = self._asked({**put, "request": earlier}, state)
                if isinstance(answer, Fault):
                    return Observation(answer, None, sent, f"at question {number} before the judged one")
                if not answer.is_accepted:
                    return earlier_refused(answer, number, sent)
            told, answer = self._asked(put, state)
            if isinstance(answer, Fault):
                return Observation(answer, None, sent, str(answer))
            if self.describe().untold & {ALL, "spent"}:
                return Observation(answer, released(told), sent, str(answer))
            held = self._remembered(state)
            if isinstance(held, Fault):
                return Observation(held, None, sent, str(answer))
            return Observation(answer, {**held, **released(told)}, sent, str(answer))

    def _remembered(self, state: Path) -> Mapping[str, Any] | Fault:
        """Return what it says that it remembers; what is released, and at which level, only its answer says."""
        told = ask(self._command, ("state", "--state", str(state)))
        return told if isinstance(told, Fault) else read_state(told, schemas.STATE)

    def _asked(self, put: Mapping[str, Any], state: Path) -> tuple[Mapping[str, Any], Verdict | Fault]:
        with scratch("input-", within=self._folder) as folder:
            file = folder / "input.json"
            write_object(file, {name: put[name] for name in ("relying_party", "node", "request")})
            told = ask(self._command, ("verify", "--state", str(state), "--input", str(file)))
        told = overfull(state) or told
        return ({}, told) if isinstance(told, Fault) else (told, read_answer(told))

    def _taken_up(self, case: ConformanceCase) -> TakenUp | Fault:
        """Return the folder in which the command took up the material of ``case``, or why it did not."""
        if case.material is None or case.at is None:
            raise ConfigurationError(f"case {case.id} of a data profile names no material or no instant")
        key = (case.material, case.at)
        if key not in self._loaded:
            self._loaded[key] = self._load(case.material, case.at)
        return self._loaded[key]

    def _load(self, name: str, at: datetime) -> TakenUp | Fault:
        state = Path(tempfile.mkdtemp(prefix="idbridge-loaded-"))
        weakref.finalize(self, remove, state)
        with scratch("idbridge-material-") as folder:
            material = node_keys.laid_out(self._corpus.material(name), folder / "material")
            words = ("load", "--state", str(state), "--material", str(material), "--at", instant_text(at))
            told = ask(self._command, words)
        answer = told if isinstance(told, Fault) else read_answer(told)
        if isinstance(answer, Fault):
            return Fault(answer.kind, f"it does not take up the trust material {name}: {answer.detail}")
        if not answer.is_accepted:
            return Fault(FaultKind.MALFORMED, f"it refuses the trust material {name} itself: {answer}")
        return taken_up(state)
