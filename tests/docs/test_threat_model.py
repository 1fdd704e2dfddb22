"""The threat model is whole, counts what is open, and names only tests and modules that exist."""

import ast
import re
from dataclasses import dataclass

import pytest

from tests.source import ROOT

PAGE = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")
THREATS = "Threats"
# How many requirements each section of the four chapters has in ASVS 5.0.0.
SECTIONS = {
    "9.1": 3, "9.2": 4,
    "10.1": 2, "10.2": 3, "10.3": 5, "10.4": 16, "10.5": 5, "10.6": 2, "10.7": 3,
    "11.1": 4, "11.2": 5, "11.3": 5, "11.4": 4, "11.5": 2, "11.6": 2, "11.7": 2,
    "16.1": 1, "16.2": 5, "16.3": 4, "16.4": 3, "16.5": 4,
}  # fmt: skip
PROOF = re.compile(r"`(tests/[a-z0-9_/]+\.py)::(test_\w+)`")
MODULE = re.compile(r"`(idbridge(?:_gateway)?(?:\.[a-z0-9_]+)+)`")
OPEN = "open: "
NONE = "—"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: its number, the cells between, the control and the proof."""

    number: str
    between: tuple[str, ...]
    control: str
    proof: str

    def standing(self) -> str:
        """Return ``proven``, ``open`` or ``not applicable``."""
        if self.proof == NONE:
            return "not applicable"
        return "open" if self.proof.startswith(OPEN) else "proven"


def tables(page: str) -> dict[str, tuple[tuple[str, ...], ...]]:
    """Return the rows of each table of ``page`` under the heading above it, without the head of the table."""
    found: dict[str, tuple[tuple[str, ...], ...]] = {}
    for section in re.split(r"^#+ ", page, flags=re.MULTILINE)[1:]:
        lines = [line for line in section.splitlines() if line.startswith("|")]
        found[section.splitlines()[0]] = tuple(tuple(line.strip("| ").split(" | ")) for line in lines[2:])
    return found


def rows(page: str) -> dict[str, tuple[Row, ...]]:
    """Return threats and requirements of ``page``; the first table only counts them."""
    _, *others = tables(page).items()
    return {name: tuple(Row(one[0], one[1:-2], one[-2], one[-1]) for one in lines) for name, lines in others}


def functions_in(path: str) -> set[str]:
    """Return the names of the functions that a file has; none for a file that is not there."""
    file = ROOT / path
    if not file.is_file():
        return set()
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in ast.parse(file.read_text(encoding="utf-8")).body if isinstance(node, functions)}


def missing_tests(page: str) -> list[str]:
    """Return the tests that ``page`` names and that are not there."""
    named: dict[str, set[str]] = {}
    for path, name in PROOF.findall(page):
        named.setdefault(path, set()).add(name)
    return [f"{path}::{name}" for path in sorted(named) for name in sorted(named[path] - functions_in(path))]


def missing_modules(page: str) -> list[str]:
    """Return the modules that ``page`` names and that are not there."""
    missing = []
    for name in sorted(set(MODULE.findall(page))):
        place = (ROOT / "service" if name.startswith("idbridge_gateway") else ROOT) / name.replace(".", "/")
        if not place.with_suffix(".py").is_file() and not (place / "__init__.py").is_file():
            missing.append(name)
    return missing


ROWS = rows(PAGE)
REQUIREMENTS = [one for name, lines in ROWS.items() if name != THREATS for one in lines]


@pytest.mark.parametrize(
    "named", ["tests/docs/test_threat_model.py::test_that_is_not_there", "tests/docs/test_nothing.py::test_it"]
)
def test_a_test_that_does_not_exist_is_noticed(named: str) -> None:
    assert missing_tests(f"| 1 | S | a | b | `{named}` |") == [named]


@pytest.mark.parametrize("named", ["idbridge.nothing", "idbridge_gateway.oidc.nothing"])
def test_a_module_that_does_not_exist_is_noticed(named: str) -> None:
    assert missing_modules(f"| 1 | S | a | `{named}`, `idbridge.crypto.jws` | c |") == [named]


def test_every_test_that_is_named_exists() -> None:
    assert len(PROOF.findall(PAGE)) > 150
    assert missing_tests(PAGE) == []


def test_every_module_that_is_named_exists() -> None:
    assert missing_modules(PAGE) == []


def test_there_are_forty_threats() -> None:
    assert [one.number for one in ROWS[THREATS]] == [str(number) for number in range(1, 41)]
    assert {kind for one in ROWS[THREATS] for kind in one.between[:1]} == set("STRIDE")


def test_every_requirement_of_the_four_chapters_stands_once_in_its_order() -> None:
    expected = [f"{section}.{number}" for section, most in SECTIONS.items() for number in range(1, most + 1)]

    assert [one.number for one in REQUIREMENTS] == expected
    assert {one.between[0] for one in REQUIREMENTS} == {"1", "2", "3"}


def test_a_requirement_that_is_not_applicable_says_why_and_every_other_has_a_control() -> None:
    for one in REQUIREMENTS:
        applicable = one.between[2]
        assert (one.standing() == "not applicable") is applicable.startswith("no: "), one.number
        assert applicable == "yes" or (len(applicable) > 20 and one.control == NONE), one.number


def test_a_row_has_a_module_and_tests_or_says_what_is_missing() -> None:
    for one in [*ROWS[THREATS], *REQUIREMENTS]:
        if one.standing() == "not applicable":
            continue
        assert MODULE.search(one.control), one.number
        if one.standing() == "open":
            assert len(one.proof) > len(OPEN) + 20, one.number
        else:
            assert re.sub(r"<br>", "", PROOF.sub("", one.proof)) == "", one.number


def test_what_is_proven_open_and_not_applicable_is_counted_right() -> None:
    counted = {
        name: [sum(one.standing() == word for one in lines) for word in ("proven", "open", "not applicable")]
        for name, lines in ROWS.items()
    }
    counted["all"] = [sum(column) for column in zip(*counted.values(), strict=True)]

    assert {one[0]: [int(number) for number in one[1:]] for one in tables(PAGE)["Threat model"]} == counted
