"""Refreshing and publishing where the file of another state's role is missing or spoiled: it is named, and no more."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from idbridge.clock import SystemClock
from tests.cli.ceremony import Ceremony
from tests.cli.ended import Ended
from tests.trust.operator.offices import online_role

Run = Callable[..., Ended]


def role_file(ceremony: Ceremony, role: str) -> Path:
    return ceremony.place.tree.directory / "metadata" / f"1.{role}.json"


def test_a_refresh_names_the_role_whose_file_is_gone_and_signs(ceremony: Ceremony) -> None:
    role_file(ceremony, "TH").unlink()

    ended = ceremony.trust("refresh", *ceremony.online)
    told = ceremony.trust("refresh", *ceremony.online, "--json")

    assert (ended.code, "metadata of `TH` is missing or spoiled" in ended.err) == (0, True)
    assert "put back the file" in ended.err
    assert (told.code, told.json["summary"]["gaps"], told.json["summary"]["timestamp"]) == (0, ["TH"], 3)


def test_an_edition_of_another_state_goes_out_beside_a_spoiled_file(ceremony: Ceremony) -> None:
    made = ceremony.signed(ceremony.edition(), "role-SG-2")
    role_file(ceremony, "TH").write_bytes(role_file(ceremony, "MY").read_bytes())

    ended = ceremony.trust("publish", str(made), *ceremony.online)
    rows = ceremony.fetched()["results"]

    assert (ended.code, "metadata of `TH` is missing or spoiled" in ended.err) == (0, True)
    assert {row["state"]: row["code"] for row in rows if row["code"] is not None} == {"TH": "trust.refused"}


def test_who_begins_later_cannot_reach_that_state_and_no_other(ceremony: Ceremony) -> None:
    role_file(ceremony, "TH").unlink()
    assert ceremony.trust("refresh", *ceremony.online).code == 0

    rows = ceremony.fetched()["results"]

    assert {row["state"]: row["code"] for row in rows if row["code"] is not None} == {"TH": "trust.unreachable"}


def test_the_next_version_of_the_role_itself_mends_it(ceremony: Ceremony) -> None:
    made = ceremony.proposed("propose", "--renew", "TH", name="th", key="role-TH-1")
    ceremony.signed(made, "role-TH-2")
    role_file(ceremony, "TH").unlink()
    ceremony.place.tree.lay_down("TH-2-x.proposal.json", made.read_bytes())

    ended = ceremony.trust("refresh", *ceremony.online)

    assert (ended.code, "published TH-2-x" in ended.out, "missing or spoiled" in ended.err) == (0, True, False)


def test_a_round_long_after_signs_a_snapshot_over_the_gap(ceremony: Ceremony) -> None:
    role_file(ceremony, "TH").unlink()

    done = online_role(ceremony.place).round(at=SystemClock().now() + timedelta(days=3, hours=13))

    assert (done.publication.snapshot_version, done.publication.gaps) == (2, ("TH",))
