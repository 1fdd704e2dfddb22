"""Judges of logs that know nothing of our code: a Go program with Go's own packages, and a Node program with npm's."""

import os
import subprocess
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Final

from idbridge.codec import base64std
from tests.engines import NODE, REPOSITORY, gopath, require_engine, require_node_packages

_GO: Final = REPOSITORY / "tests" / "tlog" / "go" / "judge.go"
_NODE: Final = "judge_tlog.mjs"
_BUILT: Final = REPOSITORY / ".cache" / "go"
_PATIENCE: Final = 300  # seconds, on a loaded machine


@cache
def go_judge() -> tuple[str, ...]:
    """Build the Go program and return the command; Go compiles anew only what has changed."""
    program = _BUILT / "judge"
    fresh = program.with_suffix(f".{os.getpid()}")  # another worker may be building it, or running it
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(_BUILT),
        "GOCACHE": str(_BUILT / "cache"),
        "GOPATH": str(gopath()),
        "GO111MODULE": "off",
        "CGO_ENABLED": "0",
    }
    command = [str(require_engine("go")), "build", "-o", str(fresh), str(_GO)]
    built = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=_PATIENCE, check=False)
    assert built.returncode == 0, built.stderr
    fresh.replace(program)
    return (str(program),)


def node_judge() -> tuple[str, ...]:
    """Return the command of the Node program."""
    return (str(NODE), str(require_node_packages() / _NODE))


def asked(command: Sequence[str], questions: Iterable[str]) -> list[str]:
    """Put ``questions``, one a line, to a judge and return its answers."""
    lines = list(questions)
    answered = subprocess.run(
        command, input="".join(f"{line}\n" for line in lines), capture_output=True, text=True,
        timeout=_PATIENCE, check=False, cwd=Path(command[-1]).parent,
    )  # fmt: skip
    answers = answered.stdout.splitlines()
    assert answered.returncode == 0, answered.stderr
    assert len(answers) == len(lines), answered.stderr
    return answers


def spelled(*parts: bytes | str | int | Sequence[bytes]) -> str:
    """Return a question: its parts between spaces."""
    return " ".join([_spelled(part) for part in parts])


def _spelled(part: bytes | str | int | Sequence[bytes]) -> str:
    if isinstance(part, str | int):
        return str(part)
    if isinstance(part, bytes):
        return base64std.encode(part)
    return ",".join([base64std.encode(one) for one in part]) or "-"
