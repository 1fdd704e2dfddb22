"""No regular expression of ours takes for ever, on whatever text: each is proved linear from its shape (threat 36)."""

import ast
import importlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from idbridge.model.entities import SCHEMES
from tests.expressions import EXPONENTIAL, LINEAR, POLYNOMIAL, cost_of
from tests.source import ROOT, name_of, nodes, source_files

ANYWHERE = frozenset({"search", "finditer", "findall", "sub", "subn", "split"})
AT_ITS_BEGIN = frozenset({"match", "fullmatch"})
# What an expression is made of where it is made of a variable, and stands for all the values that there are.
VARIABLES = {
    "service_id": "a-service",
    "name": "a_name",
    "form": "|".join(one.form.pattern for one in SCHEMES.values()),
}
# Not linear on a text of any length. Each says why the text is none.
BOUNDED = {
    r"[0-9a-f]{20,}": "of a run that is too short no more than twenty characters are read from each of its places",
    r"(?<![\w-])(?:[0-9a-f]{64}|[\w-]{43})(?![\w-])": "from each place no more than 64 characters are read",
}


@dataclass(frozen=True, slots=True)
class Found:
    """An expression of the code: where it stands, and whether it is looked for anywhere in a text."""

    where: str
    expression: re.Pattern[Any]
    anywhere: bool


def module_of(path: Path) -> dict[str, Any]:
    name = name_of(path).removeprefix("service/").removesuffix(".py").removesuffix("/__init__")
    return vars(importlib.import_module(name.replace("/", ".")))


def value_of(node: ast.expr, path: Path) -> Any:
    """Return what an expression of Python is worth in its module, with a value of our own for each of its variables."""
    try:
        return ast.literal_eval(node)
    except ValueError:  # it is made of names, and so of those of its module
        code = compile(ast.Expression(node), name_of(path), "eval")
        return eval(code, {**VARIABLES, **module_of(path), **VARIABLES})  # noqa: S307 - our own source, as it is run


@cache
def texts() -> dict[Path, str]:
    return {path: path.read_text(encoding="utf-8") for path in source_files()}


def is_searched(names: set[str], path: Path) -> bool:
    """Tell whether an expression that goes by ``names`` looks anywhere, in its module or in another that takes it."""
    private = all(name.startswith("_") for name in names)
    asked = re.compile(rf"\b(?:{'|'.join(names)})\.(?:{'|'.join(ANYWHERE)})\(")
    return any(asked.search(text) for text in ([texts()[path]] if private else texts().values()))


def named(path: Path) -> dict[int, set[str]]:
    """Return the names that the calls of ``path`` are given, by the identity of the call."""
    found: dict[int, set[str]] = {}
    for node in nodes(path):
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found[id(node.value)] = {target.id for target in targets if isinstance(target, ast.Name)}
    return found


def in_code(path: Path) -> Iterator[Found]:
    """Yield what ``path`` calls of the library of expressions."""
    names = named(path)
    for node in nodes(path):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        method, owner = node.func.attr, node.func.value
        if not isinstance(owner, ast.Name) or owner.id != "re" or method not in {"compile", *ANYWHERE, *AT_ITS_BEGIN}:
            continue
        named_flags = re.findall(r"\bre\.([A-Z]+)\b", ", ".join(map(ast.unparse, node.args[1:])))
        flags = sum(re.RegexFlag[flag] for flag in named_flags)
        anywhere = method in ANYWHERE or (method == "compile" and is_searched(names.get(id(node), {"form"}), path))
        expression = re.compile(value_of(node.args[0], path), flags)
        yield Found(f"{name_of(path)}:{node.lineno}", expression, anywhere)


def in_schemas(document: Any, where: str) -> Iterator[Found]:
    """Yield the patterns of a JSON Schema, which are looked for anywhere."""
    if isinstance(document, dict):
        if isinstance(document.get("pattern"), str):
            yield Found(where, re.compile(document["pattern"]), anywhere=True)
        for one in document.values():
            yield from in_schemas(one, where)
    elif isinstance(document, list):
        for one in document:
            yield from in_schemas(one, where)


def in_literals(path: Path) -> Iterator[Found]:
    """Yield the patterns of the schemas that are written in Python."""
    for node in nodes(path):
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == "pattern":
                    yield Found(f"{name_of(path)}:{value.lineno}", re.compile(value_of(value, path)), anywhere=True)


@cache
def every_expression() -> tuple[Found, ...]:
    """Return every expression of code and schemas."""
    schemas = [*(ROOT / "idbridge").rglob("*.json"), *(ROOT / "trust_lists").glob("*.schema.json")]
    return (
        *(one for path, text in texts().items() if "import re\n" in text for one in in_code(path)),
        *(one for path, text in texts().items() if '"pattern": ' in text for one in in_literals(path)),
        *(one for path in sorted(schemas) for one in in_schemas(json.loads(path.read_bytes()), name_of(path))),
    )


@pytest.mark.parametrize(
    ("pattern", "cost"),
    [
        (r"(a+)+b", EXPONENTIAL),
        (r"(a*)*b", EXPONENTIAL),
        (r"(a|a)*b", EXPONENTIAL),
        (r"(a|aa)+b", EXPONENTIAL),
        (r"(\w+\s?)*$", EXPONENTIAL),
        (r"([a-z]+)*[0-9]", EXPONENTIAL),
        (r"(?=(a+)+b)a", EXPONENTIAL),
        (r"(?i:(AB|ab)*)b", EXPONENTIAL),
        (r"(?:a?){1,9}b", EXPONENTIAL),
        (r"(?:[ \t\r\n]|#[^\n]*)*b", EXPONENTIAL),
        (r"a*a*b", POLYNOMIAL),
        (r"a*[^b]?a*b", POLYNOMIAL),
        (r"\d+\.?\d*x", POLYNOMIAL),
        (r"(a*)\1b", POLYNOMIAL),
    ],
)
def test_a_dangerous_expression_is_known_by_its_shape(pattern: str, cost: str) -> None:
    assert cost_of(re.compile(pattern), anywhere=False) == cost


@pytest.mark.parametrize("pattern", [r"\s+$", r"a+b", r"[0-9]{9,}x", r"(?m:^)\s+x", r"<[^>]*?b"])
def test_what_is_looked_for_anywhere_begins_anew_at_each_place(pattern: str) -> None:
    assert cost_of(re.compile(pattern), anywhere=False) == LINEAR
    assert cost_of(re.compile(pattern), anywhere=True) == POLYNOMIAL


@pytest.mark.parametrize(
    "pattern", [r"^\s+x", r"\r\nupgrade[ \t]*:", r"[\x00-\x1f]", r"-BEGIN ([A-Z]+)-(?:[a-z]+\n)+-END \1-"]
)
def test_what_has_one_way_through_each_text_is_linear_wherever_it_is_looked_for(pattern: str) -> None:
    assert cost_of(re.compile(pattern), anywhere=True) == LINEAR


def test_the_expressions_of_the_code_and_of_the_schemas_are_found() -> None:
    found = every_expression()
    where = {one.where.partition(":")[0] for one in found}

    assert len(found) > 150
    assert {"idbridge/codec/pem.py", "service/idbridge_gateway/api/head.py", "idbridge/verify/schema.py"} <= where
    assert {"idbridge/conformance/schemas/case.json", "trust_lists/list.schema.json"} <= where
    assert sum(one.anywhere for one in found) > 30


def test_no_other_library_of_expressions_is_used() -> None:
    assert not [name_of(path) for path, text in texts().items() if re.search(r"^(?:from re |import regex)", text, re.M)]


def test_every_expression_of_ours_is_linear_in_its_text() -> None:
    dangerous = {
        one.where: cost
        for one in every_expression()
        if (cost := cost_of(one.expression, anywhere=one.anywhere)) != LINEAR
        if cost == EXPONENTIAL or one.expression.pattern not in BOUNDED
    }

    assert not dangerous


def test_none_is_excused_that_is_not_there() -> None:
    assert BOUNDED.keys() <= {one.expression.pattern for one in every_expression()}
