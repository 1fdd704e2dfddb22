"""The page on logs names whatever writes one, and tells the lines of the journal as they are."""

import re
from collections.abc import Mapping

import pytest
from ruamel.yaml import YAML

from idbridge_gateway.journal_events import EVENTS
from idbridge_gateway.refused import Refused
from idbridge_gateway.settings import Settings
from tests.source import ROOT

PAGE = (ROOT / "docs" / "logs.md").read_text(encoding="utf-8")
NAME = re.compile(r"`([^`]+)`")
NGINX = (ROOT / "service" / "deploy" / "nginx.conf").read_text(encoding="utf-8")
OF_A_REQUEST = re.compile(
    r"\$(?:remote_\w+|request(?:_uri|_body)?\b(?!_)|uri|args|query_string|http_\w+|cookie_\w+|arg_\w+)"
)


def rows(head: str) -> list[Mapping[int, str]]:
    """The rows of the table whose first column is called ``head``, each by the number of the column."""
    lines = PAGE.splitlines()
    begin = next(at for at, line in enumerate(lines) if line.startswith(f"| {head} |"))
    found: list[Mapping[int, str]] = []
    for line in lines[begin + 2 :]:
        if not line.startswith("|"):
            break
        found.append(dict(enumerate(line.strip("| ").split(" | "))))
    return found


def test_every_server_of_the_deployment_has_a_log_on_the_page_and_no_other() -> None:
    compose = YAML(typ="safe").load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    named = {name for row in rows("log") for name in NAME.findall(row[1])}

    assert named == set(compose["services"])


def test_every_log_says_what_it_holds_of_whom_for_whom_and_how_long() -> None:
    for row in rows("log"):
        assert len(row) == 7, row[0]
        assert all(len(cell) > 5 for number, cell in row.items() if number > 1), row[0]


def test_every_setting_that_is_named_exists() -> None:
    named = set(re.findall(r"IDBRIDGE_[A-Z_]+", PAGE))

    assert {"IDBRIDGE_LOG_DIR", "IDBRIDGE_TRACES_DIR", "IDBRIDGE_METRICS_PORT", "IDBRIDGE_WITNESS_URLS"} <= named
    assert {name.removeprefix("IDBRIDGE_").lower() for name in named} <= set(Settings.model_fields)


def test_the_line_that_is_shown_and_every_event_that_is_named_are_of_the_journal() -> None:
    named = [name for row in rows("event") for name in NAME.findall(row[0])]

    assert {f"refused ({kind.value})" for kind in Refused} <= set(named)
    for name in named:
        plain = re.sub(r"\((?:authentication|authorisation|control)\)", "(%s)", name)
        assert any(event.startswith(plain) for event in EVENTS), name
    shown = re.search(r"^    \S+Z WARNING idbridge_gateway worker 3: (refused .*)$", PAGE, re.MULTILINE)
    assert shown is not None
    event = "refused (%s) at %s: %s, after %d untold"
    assert event in EVENTS
    form = re.escape(event).replace("%s", r"\S+").replace("%d", r"\d+")
    assert re.fullmatch(form, shown[1])


@pytest.mark.parametrize("variable", ["$remote_addr", "$request_uri", "$request ", "$args", "$http_cookie"])
def test_what_would_tell_of_a_person_is_found_in_a_format(variable: str) -> None:
    assert OF_A_REQUEST.search(f"log_format x '$time_iso8601 {variable}'")


def test_the_log_of_the_proxy_tells_of_no_person() -> None:
    formats = re.findall(r"log_format\s+\w+\s+'([^']*)'", NGINX)

    assert formats
    assert not [text for text in formats if OF_A_REQUEST.search(text)]
    assert re.findall(r"access_log\s+\S+\s+(\w+);", NGINX) == ["outcome"]
