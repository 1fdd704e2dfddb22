"""The repository's own Python source, as trees: for tests that hold the house rules to the code."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("idbridge", "service/idbridge_gateway")


def source_files(*packages: str) -> tuple[Path, ...]:
    """Return every Python file of ``packages`` (both products without an argument), in a stable order."""
    found = [path for package in packages or PACKAGES for path in (ROOT / package).rglob("*.py")]
    return tuple(sorted(found))


@cache
def tree(path: Path) -> ast.Module:
    """Return the parsed source of ``path``."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def name_of(path: Path) -> str:
    """Return ``path`` relative to the repository, with forward slashes."""
    return path.relative_to(ROOT).as_posix()


def docstrings(module: ast.Module) -> set[int]:
    """Return the identities of the constants that are docstrings."""
    owners = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    found: set[int] = set()
    for node in ast.walk(module):
        if isinstance(node, owners) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                found.add(id(first.value))
    return found


def strings(path: Path) -> Iterator[tuple[str, int]]:
    """Yield every string constant of ``path`` that is no docstring, with its line."""
    module = tree(path)
    skipped = docstrings(module)
    for node in ast.walk(module):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped:
            yield node.value, node.lineno


def called_name(call: ast.Call) -> str:
    """Return the last part of the name that ``call`` calls; empty for anything else."""
    if isinstance(call.func, ast.Name):
        return call.func.id
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""
