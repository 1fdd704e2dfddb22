"""Environments of their own for programs from PyPI, so that none of them meets our dependencies or another's.

One for each file of pinned requirements, made when it is first asked for and kept in ``.cache`` under the digest of
that file.
"""

import hashlib
import subprocess
import sys
import venv
from pathlib import Path
from typing import Final

from uv import find_uv_bin

from tests.engines import REPOSITORY, absent

REQUIREMENTS: Final = Path(__file__).parent / "requirements"
_KEPT: Final = REPOSITORY / ".cache" / "conformance"
_SECONDS: Final = 120


class NoEnvironmentError(Exception):
    """The packages could not be fetched or do not fit."""


def python_with(package: str) -> Path:
    """Return the interpreter of the environment that holds ``package`` and what it needs, by its pins and hashes.

    Raises:
        NoEnvironmentError: It cannot be made here; the message is pip's.
    """
    pins = REQUIREMENTS / f"{package}.txt"
    place = _KEPT / f"{package}-{hashlib.sha256(pins.read_bytes()).hexdigest()[:16]}"
    interpreter, finished = place / "bin" / "python", place / "finished"
    if not finished.is_file():
        venv.create(place, clear=True, symlinks=True)
        _install(pins, interpreter)
        finished.touch()
    return interpreter


def require_python_with(package: str) -> Path:
    """Return what ``python_with`` does; fail under CI, skip elsewhere, if it cannot be made here."""
    try:
        return python_with(package)
    except NoEnvironmentError as problem:
        absent(f"the environment of {package} cannot be made: {problem}")


def _install(pins: Path, interpreter: Path) -> None:
    """Install what is pinned; by uv, which takes two seconds, or by pip, where only pip knows a registry."""
    words = ("--quiet", "--require-hashes", "--no-deps", "-r", pins)
    uv = (find_uv_bin(), "pip", "install", "--python", interpreter)
    pip = (sys.executable, "-m", "pip", "--python", interpreter, "install", "--disable-pip-version-check")
    for installer in (uv, pip):
        done = subprocess.run([*installer, *words], capture_output=True, text=True, timeout=_SECONDS, check=False)
        if done.returncode == 0:
            return
    raise NoEnvironmentError(done.stderr.strip()[-600:])
