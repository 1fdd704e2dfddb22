"""Denying at two in the morning, and what becomes of a denial: who may, what it costs, and that nobody has to be up."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.ceremony import Ceremony
from tests.cli.ended import Ended

Run = Callable[..., Ended]
LOGIN = "https://sandbox.login.sg.example"
SINCE = ("--since", "2026-11-01T00:00:00Z", "--reason", "key_compromise")


def deny(ceremony: Ceremony, what: str, *keys: str, confirm: str | None = "SG", more: tuple[str, ...] = ()) -> Ended:
    given = [one for key in keys for one in ("--key", ceremony.key(f"role-{key}"))]
    confirmed = ["--confirm", confirm] if confirm is not None else []
    to = ["--to", str(ceremony.place.tree.directory), "--root", str(ceremony.place.root_file)]
    return ceremony.trust("deny", what, *SINCE, *given, *confirmed, *to, *more)


def denials(ceremony: Ceremony) -> list[dict[str, Any]]:
    """What a node denies once the online role went round."""
    assert ceremony.trust("refresh", *ceremony.online).code == 0
    found: list[dict[str, Any]] = ceremony.fetched()["denials"]
    return found


@pytest.mark.parametrize("confirm", [None, "TH"])
def test_without_the_code_of_the_state_nothing_is_denied(ceremony: Ceremony, confirm: str | None) -> None:
    ended = deny(ceremony, LOGIN, "SG-on-call", confirm=confirm)

    assert ended.code == 6
    assert "LionPass login" in ended.out
    assert not ceremony.place.tree.incoming()


def test_what_is_not_listed_is_not_denied_and_says_where_to_look(ceremony: Ceremony) -> None:
    ended = deny(ceremony, "https://nobody.example", "SG-on-call")

    assert (ended.code, "idbridge trust explain" in ended.err) == (5, True)


def test_nobody_builds_on_what_the_online_role_does_not_take_up(ceremony: Ceremony) -> None:
    assert deny(ceremony, LOGIN, "SG-on-call").code == 0
    ((name, octets),) = ceremony.place.tree.incoming()
    ceremony.place.tree.take_away(name)
    ceremony.place.tree.lay_down("deny.txt", octets)

    assert "laid down as incoming/deny-2-" in deny(ceremony, "TH", "TH-on-call", confirm="TH").out
    assert [one["state"] for one in denials(ceremony)] == ["TH"]


def test_one_officer_of_another_state_does_not_deny_a_whole_state(ceremony: Ceremony) -> None:
    ended = deny(ceremony, "SG", "TH-on-call")

    assert (ended.code, "trust.deny_invalid" in ended.err) == (1, True)
    assert not ceremony.place.tree.incoming()
    told = deny(ceremony, "SG", "TH-on-call", more=("--json",))
    assert (told.code, told.json["summary"]["code"]) == (1, "trust.deny_invalid")


def test_a_key_that_is_not_on_call_needs_one_that_is(ceremony: Ceremony) -> None:
    assert deny(ceremony, LOGIN, "SG-1").code == 6
    assert deny(ceremony, LOGIN, "online").code == 1
    assert deny(ceremony, LOGIN, "SG-1", "SG-on-call").code == 0


def test_one_key_on_call_denies_its_own_service_for_good(ceremony: Ceremony) -> None:
    ended = deny(ceremony, LOGIN, "SG-on-call")

    assert ended.code == 0
    assert "SG keeps" in ended.out
    assert "laid down as incoming/deny-2-" in ended.out
    (denied,) = denials(ceremony)
    assert denied["state"] == "SG"
    assert denied["lapses_at"] is None


def test_two_officers_deny_a_whole_state_for_three_days(ceremony: Ceremony) -> None:
    assert deny(ceremony, "SG", "TH-on-call", "MY-on-call").code == 0

    (denied,) = denials(ceremony)

    assert denied["lapses_at"] is not None


def test_a_rehearsal_denies_nothing(ceremony: Ceremony) -> None:
    ended = deny(ceremony, LOGIN, "SG-on-call", more=("--dry-run",))

    assert (ended.code, ceremony.place.tree.incoming()) == (0, ())
    assert "nothing was written" in ended.out


def test_what_would_cost_nothing_is_asked_about(ceremony: Ceremony) -> None:
    assert deny(ceremony, "SG", "SG-on-call").code == 0
    assert "nothing that is granted now would be lost" not in deny(ceremony, "TH", "TH-on-call", confirm="TH").err
    for path in (ceremony.place.tree.directory / "targets" / "lists" / "BN").iterdir():
        path.write_bytes(b"x")
    assert "nothing that is granted now would be lost" in deny(ceremony, "BN", "BN-on-call", confirm="BN").err


def test_a_denial_shows_its_share_of_the_pretend_regions_verdicts(ceremony: Ceremony, region: Path) -> None:
    ended = deny(ceremony, "SG", "SG-on-call", more=("--region", str(region), "--dry-run"))

    assert ended.code == 0
    assert "verdicts of the pretend region that are accepted now are lost" in ended.out


def test_whoever_has_the_online_key_publishes_at_once(ceremony: Ceremony) -> None:
    online = ("--online-key", ceremony.key("role-online"))
    assert deny(ceremony, LOGIN, "SG-on-call", more=online).code == 2

    ended = deny(ceremony, LOGIN, "SG-on-call", more=(*online, "--online-state", str(ceremony.folder / "publisher")))

    assert "published: timestamp 2" in ended.out
    assert len(ceremony.fetched()["denials"]) == 1


def test_denials_that_follow_each_other_wait_together(ceremony: Ceremony) -> None:
    assert deny(ceremony, LOGIN, "SG-on-call").code == 0
    assert deny(ceremony, "TH", "TH-on-call", confirm="TH").code == 0

    ended = ceremony.trust("proposals", *ceremony.tree)

    assert (ended.code, ended.out.count("yes")) == (0, 2)
    assert len(denials(ceremony)) == 2


def test_a_denial_can_travel_as_a_file(ceremony: Ceremony) -> None:
    out = ceremony.folder / "d.proposal.json"

    ended = ceremony.trust(
        "deny", LOGIN, *SINCE, "--key", ceremony.key("role-SG-on-call"), "--confirm", "SG", *ceremony.tree,
        "--out", str(out), "--json",
    )  # fmt: skip

    assert ended.json["summary"]["done"] is True
    assert ended.json["results"][0]["role"] == "deny"
    assert ceremony.publish(out).code == 0


# What becomes of it


def follow_up(
    ceremony: Ceremony, verb: str, *about: str, keys: tuple[str, ...] = (), more: tuple[str, ...] = ()
) -> Ended:
    given = [one for key in keys for one in ("--key", ceremony.key(f"role-{key}"))]
    to = ["--to", str(ceremony.place.tree.directory), "--root", str(ceremony.place.root_file), "--confirm", "SG"]
    return ceremony.trust(verb, *about, *given, *to, *more)


def test_what_was_never_denied_is_not_lifted(ceremony: Ceremony) -> None:
    assert follow_up(ceremony, "lift", "0" * 64, keys=("SG-1",)).code == 5


def test_an_officers_denial_is_ratified_on_a_file_that_travels(ceremony: Ceremony, tmp_path: Path) -> None:
    deny(ceremony, LOGIN, "TH-on-call")
    (denied,) = denials(ceremony)
    assert denied["lapses_at"] is not None
    first, second, third = (str(tmp_path / f"{n}.entry.json") for n in (1, 2, 3))

    started = follow_up(ceremony, "ratify", denied["id"][:12], keys=("targets-SG",), more=("--out", first))
    assert "more have to sign" in started.out
    early = follow_up(ceremony, "ratify", first, more=("--on-call", ceremony.key("role-TH-on-call")))
    assert (early.code, "too few" in early.err) == (6, True)
    follow_up(ceremony, "ratify", first, keys=("targets-TH",), more=("--out", second))
    rehearsed = follow_up(ceremony, "ratify", first, keys=("targets-MY",), more=("--out", third, "--dry-run"))
    assert (rehearsed.code, Path(third).exists()) == (0, False)
    told = follow_up(ceremony, "ratify", first, keys=("targets-MY",), more=("--out", third, "--json"))
    assert told.json["summary"]["complete"] is False
    wrong = follow_up(ceremony, "lift", first, keys=("targets-MY",))
    assert (wrong.code, "trust.deny_invalid" in wrong.err) == (1, True)

    ended = follow_up(ceremony, "ratify", second, third, more=("--on-call", ceremony.key("role-TH-on-call")))

    assert ended.code == 0
    (denied,) = denials(ceremony)
    assert denied["lapses_at"] is None


def test_files_that_were_begun_apart_do_not_merge_and_say_how_they_would(ceremony: Ceremony, tmp_path: Path) -> None:
    deny(ceremony, LOGIN, "TH-on-call")
    (denied,) = denials(ceremony)
    first, second = (str(tmp_path / f"{n}.entry.json") for n in (1, 2))
    follow_up(ceremony, "ratify", denied["id"], keys=("targets-SG",), more=("--out", first))
    Path(second).write_text("{}")

    ended = follow_up(ceremony, "ratify", first, second)

    assert (ended.code, "trust.deny_invalid" in ended.err) == (1, True)
    assert "sign a copy of that one file" in ended.err


def test_a_state_lifts_its_own_denial_with_its_quorum(ceremony: Ceremony, tmp_path: Path) -> None:
    deny(ceremony, LOGIN, "SG-on-call")
    (denied,) = denials(ceremony)
    out = str(tmp_path / "l.entry.json")

    nobody = follow_up(ceremony, "lift", denied["id"], more=("--out", out))
    assert nobody.code == 5
    ended = follow_up(ceremony, "lift", denied["id"], keys=("SG-1", "SG-3"), more=("--out", out))
    assert "enough have signed" in ended.out
    carried = follow_up(ceremony, "lift", out, more=("--on-call", ceremony.key("role-SG-on-call")))

    assert carried.code == 0
    assert denials(ceremony) == []
