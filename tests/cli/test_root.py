"""The root: errors end in the table, a broken plug-in breaks nothing, help shows every noun under a heading."""

import gc
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint

import click
import pytest

from idbridge.cli import groups
from idbridge.cli.main import NOUNS, root
from idbridge.errors import ConfigurationError, TrustError
from tests.cli.ended import Ended

Run = Callable[..., Ended]


def plugins(monkeypatch: pytest.MonkeyPatch, **commands: str) -> None:
    points = [EntryPoint(name, value, groups.ENTRY_POINT_GROUP) for name, value in commands.items()]
    monkeypatch.setattr(groups, "entry_points", lambda **_: points)


def failing(error: BaseException) -> click.Command:
    def fail() -> None:
        raise error

    return click.Command("fail", callback=fail)


def test_a_broken_plug_in_leaves_the_other_commands_working(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    plugins(monkeypatch, serve="idbridge_nowhere.commands:serve")

    assert run("reason", "show", "issuer.unknown").code == 0
    listed = run("--help")
    assert listed.code == 0
    assert "serve" in listed.out
    assert "not available here" in listed.out


def test_a_broken_plug_in_says_why_and_what_to_install(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    plugins(monkeypatch, serve="idbridge_nowhere.commands:serve")

    ended = run("serve", "--port", "1")

    assert ended.code == 5
    assert "idbridge: error: `serve` cannot be loaded" in ended.err
    assert "hint: install it with its extra" in ended.err
    assert ended.out == ""


def test_a_plug_in_that_is_no_command_is_a_broken_one(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    plugins(monkeypatch, serve="idbridge.limits:LIMITS")

    assert run("serve").code == 5


def test_a_plug_in_cannot_replace_a_noun_of_ours(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    plugins(monkeypatch, reason="idbridge_nowhere.commands:reason")

    assert run("reason", "show", "issuer.unknown").code == 0


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigurationError("no region in `x`"), 5),
        (TrustError("trust.rollback"), 4),
        (KeyboardInterrupt(), 130),
        (RuntimeError("Napa Srisuk born 1990"), 70),
    ],
)
def test_an_error_ends_with_its_code_and_one_line(
    run: Run, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int
) -> None:
    monkeypatch.setattr(root, "get_command", lambda _ctx, _name: failing(error))

    ended = run("fail")

    assert ended.code == code
    assert ended.out == ""
    assert "Napa" not in ended.err


def test_a_usage_error_points_to_the_help_of_its_command(run: Run) -> None:
    ended = run("reason", "show")

    assert ended.code == 2
    assert "idbridge: error: missing argument 'CODE'" in ended.err
    assert "idbridge: hint: see `idbridge reason show --help`" in ended.err


def test_an_unknown_noun_is_a_usage_error(run: Run) -> None:
    ended = run("verif")

    assert ended.code == 2
    assert "no such command" in ended.err.lower()


def test_help_shows_every_noun(run: Run) -> None:
    ended = run("--help")

    assert ended.code == 0
    assert all(f"  {noun}" in ended.out for noun in NOUNS)
    assert "Exit codes: 0 accepted or done" in ended.out


def test_no_summary_of_a_command_is_cut_off_on_a_terminal_of_80_columns(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    named = [(noun,) for noun in root.list_commands(click.Context(root))]

    listed = [run(*names, "--help").out for names in ((), *named)]

    cut = [line for text in listed for line in text.splitlines()[1:] if line.endswith("...")]
    assert cut == []


@pytest.fixture
def put_off() -> Iterator[None]:
    """Garbage is not looked for, as `main` begins."""
    gc.disable()
    yield
    gc.enable()
    gc.unfreeze()


@pytest.mark.usefixtures("put_off")
@pytest.mark.parametrize("command", [("reason", "show", "issuer.unknown"), ("rp", "--help")])
def test_garbage_is_collected_once_a_command_is_read_and_never_among_what_was_read(
    run: Run, command: tuple[str, ...]
) -> None:
    before = gc.get_freeze_count()
    assert not gc.isenabled()

    assert run(*command).code == 0

    assert gc.isenabled()
    assert gc.get_freeze_count() > before


@pytest.mark.usefixtures("put_off")
def test_a_group_leaves_it_put_off_for_what_it_reads_itself() -> None:
    context = click.Context(root)

    trust = root.get_command(context, "trust")

    assert isinstance(trust, groups.LazyGroup)
    assert not gc.isenabled()
    assert trust.get_command(context, "publish") is not None
    assert gc.isenabled()


def test_where_garbage_is_collected_a_command_changes_nothing_about_it(run: Run) -> None:
    before = gc.get_freeze_count()

    assert run("reason", "show", "issuer.unknown").code == 0

    assert (gc.isenabled(), gc.get_freeze_count()) == (True, before)
