"""The repository's own Python source, as trees: for tests that hold the house rules to the code."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("idbridge", "service/idbridge_gateway")


@cache
def source_files(*packages: str) -> tuple[Path, ...]:
    """Return every Python file of ``packages`` (both products without an argument), in a stable order."""
    found = [path for package in packages or PACKAGES for path in (ROOT / package).rglob("*.py")]
    return tuple(sorted(found))


@cache
def tree(path: Path) -> ast.Module:
    """Return the parsed source of ``path``."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """Return every node of the source of ``path``, found once for the many tests that look for one kind or another."""
    return tuple(ast.walk(tree(path)))


def name_of(path: Path) -> str:
    """Return ``path`` relative to the repository, with forward slashes."""
    return path.relative_to(ROOT).as_posix()


@cache
def docstrings(path: Path) -> frozenset[int]:
    """Return the identities of the constants of ``path`` that are docstrings."""
    owners = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    found: set[int] = set()
    for node in nodes(path):
        if isinstance(node, owners) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                found.add(id(first.value))
    return frozenset(found)


def strings(path: Path) -> Iterator[tuple[str, int]]:
    """Yield every string constant of ``path`` that is no docstring, with its line."""
    skipped = docstrings(path)
    for node in nodes(path):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped:
            yield node.value, node.lineno


def called_name(call: ast.Call) -> str:
    """Return the last part of the name that ``call`` calls; empty for anything else."""
    if isinstance(call.func, ast.Name):
        return call.func.id
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""
