"""The catalogue on the command line."""

from collections.abc import Callable

from idbridge.reasons import REASONS
from tests.cli.ended import Ended

Run = Callable[..., Ended]


def test_an_unknown_code_is_a_usage_error_with_the_nearest_one(run: Run) -> None:
    ended = run("reason", "show", "issuer.unknown2")

    assert ended.code == 2
    assert "did you mean `issuer.unknown`?" in ended.err


def test_an_unknown_group_is_a_usage_error(run: Run) -> None:
    assert run("reason", "list", "--group", "nobody").code == 2


def test_the_list_has_every_code_of_the_catalogue(run: Run) -> None:
    ended = run("reason", "list", "--json")

    assert ended.code == 0
    assert [entry["code"] for entry in ended.json["results"]] == list(REASONS)
    assert ended.json["summary"] == {"codes": len(REASONS)}


def test_a_group_shows_its_own_codes_only(run: Run) -> None:
    ended = run("reason", "list", "--group", "time")

    assert ended.code == 0
    assert all(row.startswith(("time.", "CODE", " ")) for row in ended.out.splitlines())


def test_one_code_shows_remedy_and_all_three_sentences(run: Run) -> None:
    entry = REASONS["holder.replayed"]

    text = " ".join(run("reason", "show", "holder.replayed").out.split())

    assert all(part in text for part in (entry.remedy, entry.person, entry.business, entry.developer, entry.clause))
