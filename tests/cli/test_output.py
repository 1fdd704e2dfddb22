"""What reaches a terminal: nothing hostile, nothing lost, data and words apart."""

import json

import pytest

from idbridge.cli import output


@pytest.mark.parametrize(
    "hostile",
    [
        "\x1b[2J\x1b[1;1HPASSED",  # clears the screen and writes a verdict of its own
        "\x9b31m",  # the same introducer in one character
        "name\r PASSED",
        "line\nidbridge: accepted",
        "abc\u202egnihsihp",  # right-to-left override
        "\u2066hidden\u2069",
        "tab\tbell\a",
    ],
)
def test_text_of_a_credential_cannot_drive_the_terminal(hostile: str, capsys: pytest.CaptureFixture[str]) -> None:
    output.line(hostile)
    output.facts([("name", hostile)])
    output.facts([(hostile, "value")])
    output.table(("NAME",), [(hostile,)])
    output.words("error", hostile)

    captured = capsys.readouterr()
    for text in (captured.out, captured.err):
        assert all(character == "\n" or character.isprintable() for character in text)
    assert len(captured.err.splitlines()) == 1


@pytest.mark.parametrize("name", ["นภา", "ສົມພອນ", "မောင်မောင်", "សុខ", "Nguyễn Thị Ánh", "陳美玲", "Siti binti Ahmad"])
def test_names_of_the_region_are_printed_as_they_are(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    output.line(name)

    assert capsys.readouterr().out == f"{name}\n"


def test_a_long_cell_is_wrapped_and_never_cut(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    digest = "0123456789abcdef" * 4

    output.table(("STATE", "DIGEST"), [("SG", digest)])

    out = capsys.readouterr().out
    assert "…" not in out
    assert digest in "".join(row.removeprefix("SG").strip() for row in out.splitlines()[1:])


def test_markup_in_a_value_is_text(capsys: pytest.CaptureFixture[str]) -> None:
    output.table(("NAME",), [("[bold red]x[/] :smile:",)])

    assert "[bold red]x[/] :smile:" in capsys.readouterr().out


def test_an_envelope_has_schema_summary_and_results(capsys: pytest.CaptureFixture[str]) -> None:
    output.document("idbridge-x-1", summary={"things": 1}, results=[{"a": "ก"}])

    out = capsys.readouterr().out
    assert json.loads(out) == {"schema": "idbridge-x-1", "summary": {"things": 1}, "results": [{"a": "ก"}]}


def test_a_fact_that_is_absent_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    output.facts([("code", "x"), ("until", None), ("note", "")])

    assert capsys.readouterr().out == "code  x\n"


@pytest.mark.parametrize(
    "hostile",
    ["\x1b[2J", "\x9b31m", "\x7f", "a\u202eb", "\u2066a\u2069", "a\u2028b", "\ufeff", "\U000e0041", "\ud800", "\r\n"],
)
def test_json_cannot_drive_the_terminal_and_reads_back_the_same(
    hostile: str, capsys: pytest.CaptureFixture[str]
) -> None:
    value = {hostile: [hostile, {"name": f"นภา {hostile} မောင်"}]}

    output.raw(value)

    out = capsys.readouterr().out
    assert all(character == "\n" or character.isprintable() for character in out)
    assert "นภา" in out
    assert json.loads(out) == value
