"""Editing a list: exactly what was asked changes, and everything else stays as it was written."""

import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from idbridge.errors import ConfigurationError
from idbridge.model.trust import ServiceStatus
from idbridge.trust.operator import editing

LISTS = Path(__file__).resolve().parents[3] / "trust_lists"
AT = datetime(2026, 11, 28, 9, tzinfo=UTC)


def text_of(state: str) -> str:
    return (LISTS / state / "list.toml").read_text(encoding="utf-8")


def services(text: str) -> dict[str, dict[str, Any]]:
    return {one["id"]: one for provider in tomllib.loads(text)["provider"] for one in provider["service"]}


def comments(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("#")]


ALL = [(path.parent.name, name) for path in sorted(LISTS.glob("*/list.toml")) for name in services(path.read_text())]
GRANTED = [
    (state, name)
    for state, name in ALL
    if [one["status"] for one in services(text_of(state))[name]["status"]] == ["granted"]
    and services(text_of(state))[name]["status"][0]["from"] < "2026-11-28"
]


def test_a_service_that_is_not_listed_is_not_edited() -> None:
    with pytest.raises(ConfigurationError, match="la-card"):
        editing.with_status(text_of("LA"), "nobody", ServiceStatus.WITHDRAWN, since=AT)
    with pytest.raises(ConfigurationError):
        editing.with_successor(text_of("LA"), "nobody", {"id": "x"})


def test_a_service_cannot_end_before_it_begins() -> None:
    with pytest.raises(ConfigurationError):
        editing.with_status(text_of("LA"), "la-card", ServiceStatus.WITHDRAWN, since=AT - timedelta(days=700))


def test_one_that_was_never_good_is_compromised_from_the_start() -> None:
    since = AT - timedelta(days=700)

    edited = editing.with_status(text_of("LA"), "la-card", ServiceStatus.COMPROMISED, since=since)

    assert [one["status"] for one in services(edited)["la-card"]["status"]] == ["compromised"]


@pytest.mark.parametrize(("state", "name"), GRANTED)
def test_a_status_is_added_to_any_service_and_nothing_else_changes(state: str, name: str) -> None:
    before = text_of(state)

    after = editing.with_status(before, name, ServiceStatus.WITHDRAWN, since=AT)

    assert services(after)[name]["status"][-1] == {"status": "withdrawn", "from": "2026-11-28T09:00:00Z"}
    assert comments(after) == comments(before)
    rest = {one: told for one, told in services(after).items() if one != name}
    assert rest == {one: told for one, told in services(before).items() if one != name}


def test_what_was_announced_for_later_makes_way() -> None:
    announced = editing.with_status(text_of("LA"), "la-card", ServiceStatus.SUPERSEDED, since=AT + timedelta(days=9))

    after = editing.with_status(announced, "la-card", ServiceStatus.WITHDRAWN, since=AT)

    assert [one["status"] for one in services(after)["la-card"]["status"]] == ["granted", "withdrawn"]


@pytest.mark.parametrize(("state", "name"), ALL)
def test_a_successor_stands_behind_the_service_that_it_follows(state: str, name: str) -> None:
    before = text_of(state)

    after = editing.with_successor(before, name, {"id": "its-successor"})

    names = list(services(after))
    assert names[names.index(name) + 1] == "its-successor"
    assert services(after)["its-successor"] == {**services(before)[name], "id": "its-successor"}
    assert comments(after) == comments(before)


def test_an_id_that_is_taken_is_not_given_again() -> None:
    with pytest.raises(ConfigurationError):
        editing.with_successor(text_of("LA"), "la-card", {"id": "la-card-2040"})
    provider = tomllib.loads(text_of("LA"))["provider"][0]
    with pytest.raises(ConfigurationError):
        editing.with_provider(text_of("LA"), provider)


@pytest.mark.parametrize("name", ["../x", "X", "x\n", ""])
def test_no_service_follows_under_an_id_that_is_none(name: str) -> None:
    with pytest.raises(ConfigurationError, match="is no id"):
        editing.with_successor(text_of("LA"), "la-card", {"id": name})


@pytest.mark.parametrize("state", sorted({state for state, _ in ALL}))
def test_any_provider_can_be_added_to_an_empty_list(state: str) -> None:
    text = 'schema = "idbridge-list-source-1"\n# mine\n'
    wanted = tomllib.loads(text_of(state))["provider"]

    for provider in wanted:
        text = editing.with_provider(text, provider)

    assert tomllib.loads(text)["provider"] == wanted
    assert comments(text) == ["# mine"]


def test_a_text_with_quotes_and_odd_names_is_written_so_that_it_reads_the_same() -> None:
    provider = tomllib.loads(text_of("LA"))["provider"][0]
    odd = {**provider, "name": {"en": 'a "quoted" \\ name\x7f', "zh-Hant": "名"}, "service": [
        {**provider["service"][0], "id": "odd", "claims": {"map": {"a key": "v"}, "name_parts": []}, "ladder": []},
    ]}  # fmt: skip

    assert tomllib.loads(editing.with_provider("", odd))["provider"] == [odd]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('status = [{ status = "granted", from = "2026-01-01T00:00:00Z" }]\nladder', "ladder"),
        ('id = "la-card"', 'id = "la-card" \nstatus.x = 1'),
        ('id = "la-card"', "id = 'la-card'"),
        ("status = [", '"status" = ['),
    ],
)
def test_a_way_of_writing_that_is_not_known_fails_and_edits_nothing(old: str, new: str) -> None:
    text = text_of("LA").replace(old, new, 1)

    with pytest.raises(ConfigurationError):
        editing.with_status(text, "la-card", ServiceStatus.WITHDRAWN, since=AT)


def test_a_list_that_does_not_end_is_no_list() -> None:
    with pytest.raises(ConfigurationError):
        editing._array("status = [1", "status")


def test_an_edit_that_would_say_something_else_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="by hand"):
        editing._checked("a = 1", "a = 2", lambda _: None)


@pytest.mark.parametrize("text", ["a = [", "provider = [1]"])
def test_what_is_no_list_is_not_edited(text: str) -> None:
    with pytest.raises(ConfigurationError):
        editing.service(text, "x")
