"""The verbs of ``idbridge trust``: each under one of six headings, read when it is called and not before."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from idbridge.cli.groups import LazyGroup
from idbridge.cli.main import root
from idbridge.cli.trust import HEADINGS, VERBS, trust
from tests.cli.ended import Ended

Run = Callable[..., Ended]
HEAVY = ("cryptography", "idbridge.sandbox", "idbridge.trust", "idbridge.verify", "tuf", "lxml")


def test_a_verb_whose_module_is_not_installed_is_a_usage_error_and_not_shown() -> None:
    group = LazyGroup("sample", places={"fly": "idbridge_nowhere:fly"}, headings={"Look": ("fly",)})
    ctx = click.Context(group)

    assert group.get_command(ctx, "fly") is None
    assert group.list_commands(ctx) == []


@pytest.mark.parametrize("place", ["idbridge.limits:LIMITS", "idbridge.limits:NOTHING"])
def test_what_is_no_command_is_no_verb(place: str) -> None:
    group = LazyGroup("sample", places={"fly": place}, headings={})

    assert group.get_command(click.Context(group), "fly") is None


def test_an_unknown_verb_is_a_usage_error(run: Run) -> None:
    ended = run("trust", "obey")

    assert ended.code == 2
    assert "no such command" in ended.err


def test_the_group_itself_reads_no_trust_material_and_no_cryptography() -> None:
    script = f"import sys, idbridge.cli.trust; print([name for name in {HEAVY!r} if name in sys.modules])"

    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert ended.stdout.strip() == "[]"


def test_every_verb_stands_under_exactly_one_heading() -> None:
    headed = [verb for verbs in HEADINGS.values() for verb in verbs]

    assert tuple(HEADINGS) == ("Look", "Draft", "Approve", "Emergency", "Move", "Practise")
    assert len(set(headed)) == len(headed)
    assert set(VERBS) <= set(headed)


def test_every_verb_whose_module_is_there_loads_under_its_own_name() -> None:
    ctx = click.Context(trust)
    loaded = {verb: trust.get_command(ctx, verb) for verb in trust.list_commands(ctx)}

    assert {"list", "show", "explain"} <= set(loaded)
    assert {verb: command and command.name for verb, command in loaded.items()} == {verb: verb for verb in loaded}


def test_what_help_reads_from_the_source_is_what_each_command_says_of_itself() -> None:
    for group in (root, trust):
        ctx = click.Context(group)
        loaded = {name: group.get_command(ctx, name) for name in group.list_commands(ctx)}
        said = {name: command and command.get_short_help_str(60) for name, command in loaded.items()}

        assert {name: group.summary(ctx, name, limit=60) for name in loaded} == said


def test_help_of_the_whole_group_runs_none_of_its_commands() -> None:
    script = f"""
import sys
from click.testing import CliRunner
from idbridge.cli.main import root
for arguments in (["--help"], ["trust", "--help"]):
    assert "Look" in CliRunner().invoke(root, arguments).stdout
print([name for name in {(*HEAVY, "fastapi")!r} if name in sys.modules])
"""

    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert ended.stdout.strip() == "[]"


@pytest.mark.parametrize("source", ["def fly(", "lead: int = 7", ""])
def test_a_module_that_does_not_say_what_its_command_does_is_loaded_to_ask_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    name = f"said_{abs(hash(source))}"
    tail = "" if source.endswith("(") else "\nimport click\nfly = click.Command('fly', short_help='up')\n"
    (tmp_path / f"{name}.py").write_text(source + tail)
    group = LazyGroup("sample", places={"fly": f"{name}:fly"}, headings={})
    if tail:
        assert group.summary(click.Context(group), "fly", limit=60) == "up"
    else:
        with pytest.raises(SyntaxError):
            group.summary(click.Context(group), "fly", limit=60)


def test_help_shows_only_headings_that_have_verbs_and_the_verbs_stay_flat(run: Run) -> None:
    text = run("trust", "--help").out

    shown = {verb for verb in VERBS if f"\n  {verb} " in text}
    assert "Look:\n  list" in text
    assert [head for head, verbs in HEADINGS.items() if (f"\n{head}:\n" in text) is shown.isdisjoint(verbs)] == []
