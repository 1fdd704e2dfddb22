"""Verifying on the command line with status lists that are handed over: taken up as by a node, and silent if not."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from idbridge.clock import SystemClock
from idbridge.sandbox.case import Case
from idbridge.sandbox.catalogue import cases
from idbridge.sandbox.region import Region
from idbridge.sandbox.statuses import BITSTRING, SG, TH, TOKENS, documents
from idbridge.status import issue
from idbridge.status.issue import Making
from idbridge.status.packing import packed
from tests.cli.ended import Ended
from tests.cli.test_verify import ASKED, NEED_STATUS, Mint, Run, Verify, decided_alone, mint
from tests.status.listing import altered

__all__ = ["mint"]
TAKEN_BACK = ("status.revoked", "status.suspended", "status.reserved_value")
TAKEN = [case for case in cases() if decided_alone(case) and case.code in TAKEN_BACK]
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def name_of(case: Case) -> str:
    return case.name


@pytest.fixture
def verify(run: Run, region: Path) -> Verify:
    def verified(credential: str, *options: str) -> Ended:
        return run("verify", "-", *ASKED, "--region", str(region), *options, stdin=credential)

    return verified


@pytest.fixture
def lists(region: Path, tmp_path: Path) -> list[str]:
    """Options that hand over every list that the region's services serve now."""
    options = []
    for number, octets in enumerate(documents(Region.load(region), at=SystemClock().now()).values()):
        (tmp_path / f"{number}.list").write_bytes(octets)
        options += ["--status-list", str(tmp_path / f"{number}.list")]
    return options


@pytest.mark.parametrize("name", NEED_STATUS)
def test_what_every_list_that_was_handed_over_calls_good_is_accepted(
    name: str, mint: Mint, verify: Verify, lists: list[str]
) -> None:
    ended = verify(mint(name), "--as", "th-bank", "--json", *lists)

    assert (ended.code, ended.err) == (0, "")
    assert ended.json["indication"] == "PASSED"
    assert ended.json["status"]["state"] == "valid"
    assert ended.json["status"]["as_of"] is not None


@pytest.mark.parametrize(
    "case", [case for case in cases() if decided_alone(case) and case.code in TAKEN_BACK], ids=name_of
)
def test_what_a_list_that_was_handed_over_takes_back_is_refused(
    case: Case, mint: Mint, verify: Verify, lists: list[str]
) -> None:
    ended = verify(mint(case.name), "--as", "th-bank", "--json", *lists)

    assert ended.code == 1
    assert ended.json["reason"]["code"] == case.code


def signed(region: Path, *values: int, by: str = "sg-revocation", ago: timedelta, life: timedelta = DAY) -> bytes:
    """The list of tokens of Singapore, with these values and then zeros."""
    loaded = Region.load(region)
    making = Making(f"{SG}/{TOKENS}", SystemClock().now().replace(microsecond=0) - ago, life)
    return issue.sign_jwt(issue.claims_of(making, packed([*values, 0, 0, 0, 0], 2), 2), making, loaded.signer(by))


@pytest.mark.parametrize(
    ("offered", "code"),
    [
        (lambda region: signed(region, by="sg-login", ago=HOUR), "status.signer_unauthorised"),
        (lambda region: altered(signed(region, ago=HOUR)), "status.list_invalid"),
        (lambda region: signed(region, ago=3 * DAY), "status.list_stale"),
        (lambda region: signed(region, ago=-HOUR), "status.list_stale"),
        (lambda _: b"<html>", "status.list_invalid"),
        (lambda _: b"", "status.list_invalid"),
    ],
    ids=["another service", "altered", "out of date", "of the future", "no list", "empty"],
)
def test_a_list_that_no_node_would_take_up_says_nothing_and_is_told(
    offered: Callable[[Path], bytes], code: str, region: Path, tmp_path: Path, mint: Mint, verify: Verify
) -> None:
    (tmp_path / "list").write_bytes(offered(region))
    handed = ("--status-list", str(tmp_path / "list"), "--as", "th-bank", "--json")

    for name in ("sg-pid-in-force", "sg-pid-revoked"):
        ended = verify(mint(name), *handed)
        assert (ended.code, ended.json["reason"]["code"]) == (3, "status.unavailable")
        assert f"says nothing, {code}: " in ended.err
    forged = verify(mint("sg-pid-revoked") + "x", *handed)
    assert forged.code == 1


def test_of_two_lists_the_younger_counts_in_either_order(
    region: Path, tmp_path: Path, mint: Mint, verify: Verify
) -> None:
    (tmp_path / "old").write_bytes(signed(region, 0, ago=2 * HOUR))
    (tmp_path / "new").write_bytes(signed(region, 1, ago=HOUR))
    first, second = (("--status-list", str(tmp_path / name)) for name in ("old", "new"))

    for options, told in (((*first, *second), False), ((*second, *first), True)):
        ended = verify(mint("sg-pid-in-force"), "--as", "th-bank", "--json", *options)
        assert (ended.code, ended.json["reason"]["code"]) == (1, "status.revoked")
        assert ("status.list_rollback" in ended.err) is told


def test_two_lists_of_one_second_that_contradict_each_other_say_nothing_in_either_order(
    region: Path, tmp_path: Path, mint: Mint, verify: Verify
) -> None:
    made = SystemClock().now().replace(microsecond=0)
    ago = {"older": 2 * HOUR, "good": HOUR, "bad": HOUR, "younger": HOUR / 2}
    for name, value in {"older": 0, "good": 0, "bad": 1, "younger": 0}.items():
        making = Making(f"{SG}/{TOKENS}", made - ago[name], DAY)
        claims = issue.claims_of(making, packed([value, 0, 0, 0, 0], 2), 2)
        (tmp_path / name).write_bytes(issue.sign_jwt(claims, making, Region.load(region).signer("sg-revocation")))
    handed = {name: ("--status-list", str(tmp_path / name)) for name in ago}
    shown = mint("sg-pid-in-force")

    for names in (
        ("good", "bad"),
        ("bad", "good"),
        ("older", "good", "bad"),
        ("bad", "good", "older"),
        ("bad", "bad", "good"),
    ):
        ended = verify(shown, "--as", "th-bank", "--json", *(option for name in names for option in handed[name]))
        assert (ended.code, ended.json["reason"]["code"]) == (3, "status.unavailable"), names
        assert "neither counts" in ended.err
    for names in (("good", "bad", "younger"), ("younger", "bad", "good"), ("good", "good")):
        ended = verify(shown, "--as", "th-bank", "--json", *(option for name in names for option in handed[name]))
        assert ended.code == 0, (names, ended.err)


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00Z", "0001-02-02T00:00:00Z", "9998-12-31T23:59:59Z"])
def test_lists_at_the_ends_of_time_say_nothing_and_break_nothing(
    at: str, mint: Mint, verify: Verify, lists: list[str]
) -> None:
    ended = verify(mint("sg-pid-in-force"), "--as", "th-bank", "--json", "--at", at, *lists)

    assert ended.code in (1, 3)
    assert ended.json["indication"] != "PASSED"


def test_a_list_of_another_address_or_state_does_not_answer(
    region: Path, tmp_path: Path, mint: Mint, verify: Verify
) -> None:
    served = documents(Region.load(region), at=SystemClock().now())
    making = Making("https://status.attacker.example/1", SystemClock().now().replace(microsecond=0), DAY)
    strange = issue.sign_jwt(
        issue.claims_of(making, packed([0] * 8, 2), 2), making, Region.load(region).signer("sg-revocation")
    )
    for octets, code, told in (
        (served[f"{SG}/{BITSTRING}"], "status.unavailable", ""),
        (served[f"{TH}/{TOKENS}"], "status.unavailable", ""),
        (strange, "status.unavailable", "status.signer_unauthorised: no state lists this address"),
    ):
        (tmp_path / "list").write_bytes(octets)
        ended = verify(mint("sg-pid-in-force"), "--as", "th-bank", "--json", "--status-list", str(tmp_path / "list"))
        assert (ended.code, ended.json["reason"]["code"]) == (3, code)
        assert told in ended.err
    (tmp_path / "list").write_bytes(served[f"{TH}/{TOKENS}"])
    elsewhere = verify(
        mint("sg-pid-status-in-the-list-of-thailand"), "--as", "th-bank", "--json", "--status-list",
        str(tmp_path / "list"),
    )  # fmt: skip
    assert (elsewhere.code, elsewhere.json["reason"]["code"]) == (3, "status.signer_unauthorised")


def test_a_list_that_is_not_there_is_a_local_failure_and_one_that_was_not_handed_over_is_asked_for(
    tmp_path: Path, mint: Mint, verify: Verify
) -> None:
    shown = mint("sg-pid-in-force")

    absent = verify(shown, "--as", "th-bank", "--status-list", str(tmp_path / "none"))
    assert (absent.code, absent.out) == (5, "")
    assert "cannot be read" in absent.err
    dash = verify(shown, "--as", "th-bank", "--status-list", "-")
    assert dash.code == 5
    without = verify(shown, "--as", "th-bank")
    assert without.code == 3
    assert "hint: hand over the status list" in without.err


def test_a_list_counts_at_the_instant_that_is_asked_about(
    region: Path, tmp_path: Path, mint: Mint, verify: Verify
) -> None:
    (tmp_path / "list").write_bytes(signed(region, ago=HOUR, life=2 * HOUR))
    shown = mint("sg-pid-in-force")
    handed = ("--as", "th-bank", "--json", "--status-list", str(tmp_path / "list"))

    late = (SystemClock().now() + 2 * HOUR).strftime("%Y-%m-%dT%H:%M:%SZ")
    ended = verify(shown, *handed, "--at", late)
    assert "status.list_stale" in ended.err
    assert ended.code != 0
    assert verify(shown, *handed).code == 0
