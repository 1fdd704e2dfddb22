"""Looking: how a case of a trust-list consumer is put to any target, look by look, each at a tree of its own.

What happens before the judged look has to come out as the case says too: a node that refuses everything would
otherwise refuse the attack as well, and seem to be right. Knows nothing of how a target is reached.
"""

import json
from datetime import datetime
from pathlib import Path
from typing import Protocol

from idbridge.conformance.answer import Fault, Observation, Verdict
from idbridge.conformance.case import ConformanceCase
from idbridge.conformance.corpus import Corpus
from idbridge.conformance.judge import differing
from idbridge.conformance.looks import Look, State, laid_out, looks_of
from idbridge.conformance.material import Material
from idbridge.conformance.scratch import scratch
from idbridge.errors import ConfigurationError


class Consumer(Protocol):
    """One node of a target, which remembers between its looks."""

    def look(self, material: Path, *, at: datetime) -> Verdict | Fault:
        """Let the node look at the folder ``material``: the pinned root in ``root.json``, and ``tree`` beside it."""
        ...

    def state(self) -> State | Fault | None:
        """Return what the node holds after its last look; ``None`` if it does not tell, which passes no look."""
        ...


def observed(case: ConformanceCase, corpus: Corpus, consumer: Consumer) -> Observation:
    """Return what ``consumer``, which remembers nothing yet, made of the looks of ``case``.

    Raises:
        ConfigurationError: The case or its material is not in order.
    """
    if case.material is None:
        raise ConfigurationError(f"case {case.id} names no material")
    looks, material = looks_of(case), corpus.material(case.material)
    for number, look in enumerate(looks[:-1], start=1):
        found = _looked(look, material, consumer)
        wrong = "" if isinstance(found.answer, Fault) else _wrong(look, found)
        if isinstance(found.answer, Fault) or wrong:
            told = f"look {number} of {len(looks)}, before the judged one: {wrong}" if wrong else ""
            return Observation(found.answer, found.state, found.sent, found.received, before=told)
    return _looked(looks[-1], material, consumer)


def _looked(look: Look, material: Material, consumer: Consumer) -> Observation:
    document = look.document()
    sent = json.dumps({"at": document["at"], "tree": document["tree"]}, sort_keys=True)
    with scratch("idbridge-look-") as folder:
        answer = consumer.look(laid_out(material, look, folder / "material"), at=look.at)
    if isinstance(answer, Fault):
        return Observation(answer, None, sent)
    state = consumer.state()
    if isinstance(state, Fault):
        return Observation(state, None, sent, str(answer))
    return Observation(answer, state, sent, str(answer))


def _wrong(look: Look, found: Observation) -> str:
    if found.answer != look.expect:
        return f"expected {look.expect}, got {found.answer}"
    return differing(look.state, found.state)
