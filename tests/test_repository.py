"""The repository itself: nothing of a machine or a package host in it, locks that pin, commands that exist."""

import json
import os
import re
import shutil
import stat
import subprocess
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import pytest

from idbridge.cli.main import root
from tests.conftest import LONGEST
from tests.source import ROOT

# Built from halves, so that this file does not hold the words it forbids.
HOSTS = tuple(
    "".join(halves)
    for halves in (
        ("py", "pi.org"), ("py", "pi.io"), ("python", "hosted.org"), ("registry.np", "mjs"), ("registry.ya", "rnpkg"),
        ("deb.deb", "ian.org"), ("security.deb", "ian.org"), ("snapshot.deb", "ian.org"), ("ftp.deb", "ian.org"),
        ("un", "pkg.com"), ("js", "delivr.net"), ("cdn", "js.com"), ("gh", "cr.io"), ("docker", ".io/"),
    )
)  # fmt: skip
PLACES = tuple(
    "".join(halves) for halves in (("/wo", "rk/"), ("/fa", "rm/"), ("/ro", "ot/"), ("/ho", "me/"), ("bash", "_jobs"))
)
PRIVATE_KEY = re.compile("BEGIN [A-Z ]*PRIVATE" + r" KEY-----\s+[A-Za-z0-9+/]{40}")
IGNORED = frozenset({"node_modules", "__pycache__", "dist"})
PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)==(\S+)", re.MULTILINE)
LOCKS = ("runtime", "all")


@cache
def tracked() -> tuple[Path, ...]:
    """Every file that belongs to the repository, hidden ones too; where git is absent, every file not ignored."""
    if shutil.which("git") and (ROOT / ".git").exists():
        command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        names = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
        return tuple(path for name in names if name and (path := ROOT / name).is_file())
    return tuple(sorted(_walk()))


def _walk() -> Iterator[Path]:
    ours = {".ci", ".dockerignore", ".gitignore"}
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in IGNORED and (name[0] != "." or name in ours)]
        yield from (Path(folder, name) for name in names if name[0] != "." or name in ours)


def occurrences(words: tuple[str, ...]) -> list[str]:
    pattern = re.compile("|".join(re.escape(word) for word in words).encode())
    return [
        f"{path.relative_to(ROOT)}: {match[0].decode()}"
        for path in tracked()
        for match in pattern.finditer(path.read_bytes())
    ]


def lock(name: str) -> str:
    return (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")


def test_the_search_sees_hidden_files_and_this_one() -> None:
    names = {path.relative_to(ROOT).as_posix() for path in tracked()}

    assert {".ci/run", ".gitignore", "README.md", "tests/test_repository.py", "idbridge/errors.py"} <= names


def test_no_file_names_a_package_host() -> None:
    assert occurrences(HOSTS) == []


def test_no_file_names_a_place_of_the_machine_it_was_written_on() -> None:
    assert occurrences(PLACES) == []


def test_no_file_holds_a_private_key() -> None:
    held = [path for path in tracked() if PRIVATE_KEY.search(path.read_text(encoding="utf-8", errors="replace"))]

    assert held == []


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_of_a_lock_has_hashes_and_no_address(name: str) -> None:
    entries = re.split(r"\n(?=[a-z0-9])", lock(name).strip())

    assert len(entries) > 40
    assert [entry.splitlines()[0] for entry in entries if not re.search(r"--hash=sha256:[0-9a-f]{64}", entry)] == []
    assert [entry.splitlines()[0] for entry in entries if not PIN.match(entry)] == []
    assert not re.search(r"https?:|file:|--index|--find-links| @ ", lock(name))


def test_what_runs_is_what_was_tested() -> None:
    runtime, everything = (dict(PIN.findall(lock(name))) for name in LOCKS)

    assert runtime.items() <= everything.items()
    assert {"pip", "hatchling", "cryptography"} <= runtime.keys()
    assert {"pytest", "mypy", "schemathesis"} & runtime.keys() == set()


def test_every_dependency_of_the_project_is_in_the_lock() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)]
    names = {re.split(r"[\[<>=]", one)[0].lower() for one in wanted}

    assert len(names) > 20
    assert names - dict(PIN.findall(lock("all"))).keys() == set()


def test_every_npm_package_has_a_digest_and_no_address() -> None:
    packages = json.loads((ROOT / "tests" / "node" / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    brought = {name: entry for name, entry in packages.items() if name}

    assert len(brought) > 10
    assert [name for name, entry in brought.items() if not entry.get("integrity", "").startswith("sha512-")] == []
    assert [name for name, entry in brought.items() if "resolved" in entry] == []


@pytest.mark.parametrize("name", [".ci/run", *(path.name for path in sorted((ROOT / "scripts").glob("*.sh")))])
def test_every_script_is_bash_that_parses_and_can_be_run(name: str) -> None:
    path = ROOT / name if name.startswith(".") else ROOT / "scripts" / name
    sourced = path.read_text(encoding="utf-8").startswith("# Sourced")

    parsed = subprocess.run(["bash", "-n", path], capture_output=True, check=False)

    assert parsed.returncode == 0, parsed.stderr.decode()
    assert sourced or path.stat().st_mode & stat.S_IXUSR
    assert sourced or path.read_text(encoding="utf-8").startswith("#!/usr/bin/env bash\n")


def test_ci_runs_check_and_then_the_tests_and_asks_for_real_engines() -> None:
    text = (ROOT / ".ci" / "run").read_text(encoding="utf-8")

    order = [text.index(part) for part in ("export CI=true", "directory check", "directory test")]

    assert order == sorted(order)


def test_the_files_that_run_first_are_there() -> None:
    assert len(set(LONGEST)) == len(LONGEST)
    assert [name for name in LONGEST if not (ROOT / "tests" / name).is_file()] == []


def test_help_shows_every_target_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert targets is not None

    shown = subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert [row.split()[0] for row in shown.stdout.splitlines()[1:]] == targets[1].split()
    assert max(map(len, shown.stdout.splitlines())) <= 80


def command_of(words: list[str]) -> click.Command | None:
    """The deepest command that ``words`` names, or ``None`` if the first noun is unknown."""
    found: click.Command = root
    for word in words:
        if not isinstance(found, click.Group):
            break
        below = found.get_command(click.Context(found), word)
        if below is None:
            return None
        found = below
    return found


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "docs/first-verdict.md", "SECURITY.md"])
def test_every_command_that_a_page_names_exists(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")

    targets = set(re.findall(r"(?:^|`|\$ )make ([a-z]+)", text, re.MULTILINE))
    commands = re.findall(r"(?:^|`|\$ |bin/)idbridge ((?:[a-z-]+ ?)+)", text, re.MULTILINE)

    assert targets | set(commands)
    assert [target for target in targets if not re.search(rf"^{target}:", makefile, re.MULTILINE)] == []
    assert [words for words in commands if command_of(words.split()) is None] == []


def test_no_page_links_to_a_file_that_is_not_there() -> None:
    broken = []
    for path in tracked():
        if path.suffix != ".md":
            continue
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
            if not (path.parent / target).exists():
                broken.append(f"{path.relative_to(ROOT)} -> {target}")

    assert broken == []


def test_the_work_tree_is_not_the_place_where_keys_are_kept() -> None:
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").split()

    assert {".idbridge/", ".venv/", ".cache/"} <= set(ignored)
    assert not any(os.fspath(path).endswith((".key", ".p12", ".pfx")) for path in tracked())


def test_every_decision_has_a_number_of_its_own_and_says_it() -> None:
    decisions = sorted((ROOT / "docs" / "adr").glob("*.md"))
    numbers = [int(path.name[:4]) for path in decisions]

    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert all(
        path.read_text("utf-8").startswith(f"# {number}. ") for path, number in zip(decisions, numbers, strict=True)
    )
