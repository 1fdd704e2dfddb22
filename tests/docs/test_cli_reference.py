"""The command-line reference and the code map say what the code says."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from idbridge.cli.exits import MEANINGS
from idbridge.cli.main import HELP
from scripts import gen_cli_reference, gen_code_map
from tests.source import ROOT, source_files


def test_the_command_line_reference_is_current() -> None:
    # In a process of its own: Click keeps the help option of a command as whoever first asked for it wanted it.
    ended = subprocess.run(
        [sys.executable, "scripts/gen_cli_reference.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 0, f"run `make reference`: {ended.stderr}"


def test_the_code_map_is_current() -> None:
    written = gen_code_map.PAGE.read_text(encoding="utf-8")

    assert written == gen_code_map.page(), "run `make reference`"


def test_the_reference_shows_the_options_of_every_command_and_the_exit_table() -> None:
    page = gen_cli_reference.page()

    assert all(
        f"## idbridge {command}\n" in page for command in ("verify", "trust explain", "recognition show", "serve")
    )
    assert all(f"| {int(code)} | {words} |" in page for code, words in MEANINGS.items())
    assert max(map(len, page.splitlines())) <= 120


def test_help_says_the_exit_codes_as_the_table_does() -> None:
    words = " ".join(HELP.split())

    assert all(f"{int(code)} {meaning.split(',')[0]}" in words for code, meaning in MEANINGS.items())


def test_the_code_map_names_every_module_that_is_more_than_a_package() -> None:
    page = gen_code_map.page()
    modules = [path for path in source_files() if path.name != "__init__.py"]

    assert modules
    assert [path for path in modules if f"({Path('..') / path.relative_to(ROOT)})" not in page] == []


def test_every_module_has_a_first_line_of_its_own() -> None:
    seen: dict[str, Path] = {}
    for path in source_files():
        said = gen_code_map.first_sentence(path)

        assert said not in seen, f"{path} says the same as {seen[said]}"
        seen[said] = path


def test_a_module_without_words_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gen_code_map, "ROOT", tmp_path)
    silent = tmp_path / "silent.py"
    silent.write_text("x = 1\n")

    assert ast.get_docstring(ast.parse(silent.read_text())) is None
    with pytest.raises(ValueError, match="no docstring"):
        gen_code_map.first_sentence(silent)
