"""The command as a script meets it: a real process with real streams."""

import json
import os
import subprocess
import sys
from pathlib import Path

IDBRIDGE = Path(sys.executable).with_name("idbridge")


def run(*arguments: str, stdin: bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
    clean = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS")}
    return subprocess.run(
        [IDBRIDGE, *arguments], input=stdin, capture_output=True, timeout=60, check=False, env={**clean, **environment}
    )


def test_a_failure_says_nothing_on_standard_output() -> None:
    ended = run("reason", "show", "no.such", stdin=b"")

    assert ended.returncode == 2
    assert ended.stdout == b""
    assert ended.stderr.startswith(b"idbridge: error: ")


def test_an_ascii_stream_gets_json_that_still_parses() -> None:
    ended = run("sandbox", "list", "--json", PYTHONIOENCODING="ascii", LC_ALL="C", PYTHONUTF8="0")

    assert ended.returncode == 0
    assert ended.stdout.isascii()
    assert len(json.loads(ended.stdout)["results"]) > 60


def test_an_ascii_stream_gets_a_table_with_letters_spelled_out() -> None:
    ended = run("inspect", "-", "--show-claims", stdin=b"\xe0\xb8\x99.b.c", PYTHONIOENCODING="ascii", PYTHONUTF8="0")

    assert ended.returncode == 1
    assert b"Traceback" not in ended.stderr


def test_a_reader_that_leaves_hears_no_complaint_and_no_success() -> None:
    with subprocess.Popen([IDBRIDGE, "sandbox", "list"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        words = process.stderr.read()

    assert process.returncode in (0, 141)  # all was printed before the reader left, or not
    assert words == b""


def test_a_refusal_that_nobody_reads_is_not_accepted() -> None:
    read, write = os.pipe()
    os.close(read)
    try:
        ended = subprocess.run([IDBRIDGE, "reason", "list"], stdout=write, stderr=subprocess.PIPE, check=False)
    finally:
        os.close(write)

    assert ended.returncode == 141


def test_a_full_disk_is_a_fault_of_the_machine() -> None:
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run([IDBRIDGE, "reason", "list"], stdout=full, stderr=subprocess.PIPE, check=False)

    assert ended.returncode == 5
    assert b"no space left" in ended.stderr


def test_a_pipe_gets_no_colours_and_no_blanks_at_the_end_of_lines() -> None:
    ended = run("reason", "list")

    assert b"\x1b" not in ended.stdout
    assert [row for row in ended.stdout.splitlines() if row != row.rstrip()] == []


def test_no_command_shows_help_and_is_a_usage_error() -> None:
    ended = run()

    assert ended.returncode == 2
    assert b"Usage: idbridge" in ended.stderr


def test_the_version_is_printed_both_ways() -> None:
    assert run("--version").stdout.split()[-1] in run("version").stdout
