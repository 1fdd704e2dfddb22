"""The journal writes listed events with listed fields, and of libraries only that something happened."""

import ast
import io
import logging
import sys
import threading
import time
from collections.abc import Iterator
from types import MappingProxyType
from typing import NoReturn

import pytest

from idbridge.errors import ConfigurationError, CredentialError
from idbridge.sandbox.people import population
from idbridge_gateway.evidence.process import write_log
from idbridge_gateway.journal import (
    JOURNAL,
    BoundedFormatter,
    ended_with_a_line,
    note_unexpected,
    write_to_stderr,
)
from idbridge_gateway.journal_events import EVENTS, Field, fits
from idbridge_gateway.workers import _work
from tests.engines import REPOSITORY

CANARY = "Siti binti Canary 900101-14-5678"
SERVICE = REPOSITORY / "service" / "idbridge_gateway"
LEVELS = ("info", "warning", "error", "critical", "log", "debug", "exception")


def fail(kind: type[Exception]) -> NoReturn:
    """Fail as something does that was at work on what a person sent."""
    raise kind(CANARY)


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What is written of the journal and of every other logger at any level."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(BoundedFormatter("%(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    before = root.level, JOURNAL.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    JOURNAL.setLevel(logging.DEBUG)
    try:
        yield written
    finally:
        root.removeHandler(handler)
        root.setLevel(before[0])
        JOURNAL.setLevel(before[1])


def test_an_event_that_is_not_listed_says_where_it_came_from_and_nothing_else(lines: io.StringIO) -> None:
    JOURNAL.error("somebody logged in: %s", CANARY)
    JOURNAL.error(f"somebody logged in: {CANARY}")
    JOURNAL.error({"name": CANARY})

    assert CANARY not in lines.getvalue()
    assert lines.getvalue().count("an event that is not listed, of test_journal.py line ") == 3


def test_a_field_that_is_not_of_its_kind_is_withheld(lines: io.StringIO) -> None:
    JOURNAL.error("the key set of %s was not taken: %s", CANARY, CANARY)
    JOURNAL.error("the assertion key does not sign: %s", CredentialError("recognition.assertion_malformed", CANARY))
    JOURNAL.error("the assertion key does not sign: %s", CANARY)
    JOURNAL.error("webhook %s to %s: answered %d", "msg_1", f"{CANARY}\nforged line", 500)

    assert CANARY not in lines.getvalue()
    assert "forged" not in lines.getvalue()
    assert lines.getvalue().count("(withheld)") == 5


@pytest.mark.parametrize("args", [(), ("one",), ("one", "two", "three")])
def test_an_event_with_another_number_of_fields_is_none(lines: io.StringIO, args: tuple[str, ...]) -> None:
    JOURNAL.error("the key set of %s was not taken: %s", *args)

    assert "an event that is not listed" in lines.getvalue()


def test_no_traceback_is_written_with_an_event(lines: io.StringIO) -> None:
    try:
        fail(ValueError)
    except ValueError:
        JOURNAL.exception("ready again")

    assert lines.getvalue() == "ERROR idbridge_gateway: ready again\n"


def test_an_event_that_is_listed_is_written_as_it_is_on_one_line(lines: io.StringIO) -> None:
    JOURNAL.info("trust material not taken: %s", "trust.rollback")
    JOURNAL.error("the assertion key does not sign: %s", ConfigurationError("locked\nforged line"))

    assert lines.getvalue().splitlines() == [
        "INFO idbridge_gateway: trust material not taken: trust.rollback",
        "ERROR idbridge_gateway: the assertion key does not sign: locked\\nforged line",
    ]


@pytest.mark.parametrize(
    "name", ["uvicorn.error", "asyncio", "fastapi", "sqlalchemy.engine", "redis", "httpx2", "tuf", "unheard_of"]
)
def test_of_a_library_nothing_is_written_but_that_something_happened(lines: io.StringIO, name: str) -> None:
    logger = logging.getLogger(name)
    logger.error("a row: %s", CANARY)
    try:
        fail(ValueError)
    except ValueError:
        logger.exception("a statement with %s", CANARY)

    assert CANARY not in lines.getvalue()
    assert f"ERROR {name}: an event of a library, no exception: test_journal.py\n" in lines.getvalue()
    assert f"ERROR {name}: an event of a library, ValueError: test_journal.py:" in lines.getvalue()


def test_whoever_else_handles_a_record_of_a_library_gets_it_as_it_was(lines: io.StringIO) -> None:
    record = logging.LogRecord("redis", logging.ERROR, "x.py", 1, "words %s", (CANARY,), None)

    assert "words" not in BoundedFormatter("%(message)s").format(record)
    assert record.getMessage() == f"words {CANARY}"


def test_what_failed_without_a_word_for_it_tells_its_kind_and_place(lines: io.StringIO) -> None:
    try:
        fail(KeyError)
    except KeyError as error:
        note_unexpected(error, correlation_id="req-1")

    assert CANARY not in lines.getvalue()
    assert "unexpected KeyError, correlation_id=req-1: test_journal.py:" in lines.getvalue()


def test_a_thread_that_ends_tells_its_kind_and_place(
    lines: io.StringIO, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    write_to_stderr(logging.DEBUG)

    thread = threading.Thread(target=fail, args=(ValueError,))
    thread.start()
    thread.join()

    assert "unexpected ValueError, correlation_id=none: test_journal.py:" in lines.getvalue()
    assert CANARY not in lines.getvalue() + capsys.readouterr().err


def written_events() -> Iterator[tuple[str, int]]:
    """Every event that some module writes, with the number of its fields as far as it is plain to see."""
    for path in SERVICE.rglob("*.py"):
        if path.name == "journal.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            called, args = ast.unparse(node.func), node.args
            if called.endswith("partial") and args and ast.unparse(args[0]).startswith("JOURNAL."):
                called, args = ast.unparse(args[0]), args[1:]
            if called.startswith("JOURNAL.") and called.removeprefix("JOURNAL.") in LEVELS:
                event = args[0]
                assert isinstance(event, ast.Constant), f"{path.name}:{node.lineno} writes no event of the list"
                yield str(event.value), len(args) - 1


def test_every_event_that_is_written_is_listed_and_none_is_listed_for_nothing() -> None:
    written = {event for event, _ in written_events()}
    own = {"alert %s: %s: %s (%s)", "unexpected %s, correlation_id=%s: %s"}

    assert written - EVENTS.keys() == set()
    assert EVENTS.keys() - written - own == set()


def test_every_event_has_as_many_fields_as_places() -> None:
    assert {event: len(fields) for event, fields in EVENTS.items()} == {
        event: event.count("%s") + event.count("%d") for event in EVENTS
    }
    assert isinstance(EVENTS, MappingProxyType)


def test_no_module_writes_to_a_logger_of_its_own() -> None:
    others = [
        path.name
        for path in SERVICE.rglob("*.py")
        if "getLogger(" in path.read_text(encoding="utf-8") and path.name != "journal.py"
    ]

    assert others == []


def test_the_name_of_no_person_is_a_word_that_names_something_of_the_node() -> None:
    narrow = (Field.CODE, Field.NAME, Field.CLASS, Field.NUMBER)
    named = [person.display for person in population().people.values() if " " in person.display]

    assert len(named) > 15
    assert not [name for name in named for field in narrow if fits(field, name)]


@pytest.mark.parametrize("begins", ["_", "-", "A", "7"])
def test_a_thumbprint_is_a_name_whatever_it_begins_with(begins: str) -> None:
    assert fits(Field.NAME, begins + "x" * 42)


def test_a_line_says_when_in_utc_where_and_which_worker_whatever_zone_the_machine_is_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    record = logging.LogRecord(JOURNAL.name, logging.WARNING, "", 0, "ready again", None, None)
    record.created, record.msecs = 1_780_315_200.25, 250.0
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    for hook in (threading, "excepthook"), (sys, "unraisablehook"):
        monkeypatch.setattr(*hook, getattr(*hook))
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    monkeypatch.setattr(JOURNAL, "filters", [])
    monkeypatch.setenv("TZ", "Asia/Jakarta")
    time.tzset()
    try:
        write_to_stderr(logging.INFO, worker=3)
        (handler,) = logging.getLogger().handlers
        line = handler.format(record)
    finally:
        monkeypatch.undo()
        time.tzset()

    assert line == "2026-06-01T12:00:00.250Z WARNING idbridge_gateway worker 3: ready again"


def test_a_process_of_several_that_fails_ends_with_a_line_and_no_traceback(lines: io.StringIO) -> None:
    with pytest.raises(SystemExit) as ended, ended_with_a_line():
        fail(LookupError)

    assert ended.value.code == 1
    assert "unexpected LookupError, correlation_id=process" in lines.getvalue()
    assert CANARY not in lines.getvalue()
    assert all(hasattr(one, "__wrapped__") for one in (_work, write_log))
