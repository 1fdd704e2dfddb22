"""``python -m idbridge.conformance.protocol``: this project's own answers to the command-line protocol of the suite.

Four verbs, as docs/conformance-protocol.md tells them to whoever implements them: ``describe``, ``load``, ``verify``
and ``state``. The folder of ``--state`` is all that is remembered between two calls. An answer is one JSON object, and
an exit code that says the same; whatever goes wrong ends with another one, and is no verdict.
"""

import json
import shutil
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import click

from idbridge.conformance import list_node
from idbridge.conformance.answer import Verdict
from idbridge.conformance.node import load_node, read_object, write_object
from idbridge.conformance.targets.builtin import NAME, answered
from idbridge.conformance.targets.process import ENDS
from idbridge.errors import ConfigurationError, TrustError
from idbridge.model.time import parse_instant

_MATERIAL: Final = "material"  # what a verifier took up, in the folder that it remembers in
_MEMORY: Final = "memory.json"
_FOLDER: Final = click.Path(path_type=Path, file_okay=False, exists=True)
_FILE: Final = click.Path(path_type=Path, dir_okay=False, exists=True)


@click.group()
def protocol() -> None:
    """Answer the suite as the program under test."""


@protocol.command()
def describe() -> None:
    """Say what this is, and what it does not do."""
    _say({"name": NAME, "version": version(NAME), "not_implemented": []})


@protocol.command()
@click.option("--state", type=_FOLDER, required=True)
@click.option("--material", type=_FOLDER, required=True)
@click.option("--at", required=True)
def load(*, state: Path, material: Path, at: str) -> None:
    """Take trust material up: lists in a folder, once, or a tree of them, as often as it is looked at."""
    instant = parse_instant(at)
    if (material / "tree").is_dir():
        _end(list_node.looked(material, state, at=instant))
    if (state / _MATERIAL).exists():
        raise ConfigurationError("this node took up its material already")
    shutil.copytree(material, state / _MATERIAL)
    write_object(state / _MEMORY, {"at": at, "spent": []})
    try:
        load_node(state / _MATERIAL, at=instant)
    except TrustError as refusal:
        _end(Verdict(refusal.reason.indication, refusal.code))
    _end(Verdict.passed())


@protocol.command()
@click.option("--state", type=_FOLDER, required=True)
@click.option("--input", "put", type=_FILE, required=True)
def verify(*, state: Path, put: Path) -> None:
    """Answer one question, and remember which one-time values are spent now."""
    memory = read_object(state / _MEMORY)
    spent = {bytes.fromhex(value) for value in memory["spent"]}
    node = load_node(state / _MATERIAL, at=parse_instant(memory["at"]))
    verdict, told, _ = answered(node, read_object(put), spent)
    write_object(state / _MEMORY, {**memory, "spent": sorted(value.hex() for value in spent)})
    _end(verdict, claims=told["released"], level=told["level"])


@protocol.command()
@click.option("--state", type=_FOLDER, required=True)
def state(*, state: Path) -> None:
    """Say what is held, or how many one-time values are spent."""
    if (state / _MEMORY).exists():
        _say({"spent": len(read_object(state / _MEMORY)["spent"])})
    else:
        _say(list_node.held(state))


def _say(document: Mapping[str, Any]) -> None:
    click.echo(json.dumps(document, ensure_ascii=False))


def _end(verdict: Verdict, **released: Any) -> None:
    _say({"indication": verdict.indication.value, "code": verdict.code, "accepted": verdict.is_accepted, **released})
    sys.exit(next(code for code, indication in ENDS.items() if indication is verdict.indication))


if __name__ == "__main__":
    protocol()
