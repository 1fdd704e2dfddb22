"""Status lists on the command line: made from a table, and judged as a node would that fetched them."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from idbridge.clock import SystemClock
from idbridge.codec import base64url
from idbridge.crypto.key_files import write_key_file
from idbridge.crypto.keys import parse_jwk
from idbridge.crypto.signer import generate
from idbridge.limits import LIMITS
from idbridge.sandbox.region import Region
from idbridge.sandbox.statuses import SG, documents
from idbridge.status import issue
from tests.cli.ended import Ended
from tests.status.listing import altered

Run = Callable[..., Ended]
ADDRESS = f"{SG}/tokens"


@pytest.fixture
def desk(tmp_path: Path, region: Path) -> Path:
    """A desk of the provider of Singapore: its key, its public half, and a table."""
    signer = Region.load(region).signer("sg-revocation")
    (tmp_path / "key.pem").touch(mode=0o600)
    (tmp_path / "key.pem").write_text(signer.pem())
    (tmp_path / "key.jwk").write_text(json.dumps(dict(signer.public_jwk)))
    (tmp_path / "table.csv").write_text("index,status\n1,revoked\n 2 , Suspended \n3,3\n\n4,valid\n")
    return tmp_path


def built(run: Run, desk: Path, *more: str, table: str = "table.csv", address: str = ADDRESS) -> Ended:
    fixed = ("--from-csv", str(desk / table), "--key", str(desk / "key.pem"), "--address", address)
    return run("status-list", "build", *fixed, *more)


@pytest.mark.parametrize("form", [(), ("--cwt",)])
def test_what_is_built_from_a_table_is_what_a_node_takes_up(
    run: Run, desk: Path, region: Path, form: tuple[str, ...]
) -> None:
    made = built(run, desk, "--out", str(desk / "list"), *form)
    by_lists = run("status-list", "check", str(desk / "list"), "--region", str(region))
    by_key = run("status-list", "check", str(desk / "list"), "--key", str(desk / "key.jwk"), "--json")

    assert (made.code, by_lists.code, by_key.code) == (0, 0, 0)
    assert "A node would take this list up." in by_lists.out
    assert "https://sandbox.status.sg.example" in by_lists.out
    counted = [(one["meaning"], one["entries"]) for one in by_key.json["results"]]
    valid = LIMITS.status_list_entries - 3
    assert counted == [("valid", valid), ("revoked", 1), ("suspended", 1), ("value 3", 1)]
    for text in (made.out, by_lists.out):
        assert "> 99.99 %" in text
        assert "< 0.01 %" in text
        assert f"{valid:,}" in text


def test_a_list_goes_to_standard_output_and_is_read_from_standard_input(run: Run, desk: Path) -> None:
    made = built(run, desk)
    read = run("status-list", "check", "-", "--key", str(desk / "key.jwk"), stdin=made.out)
    as_json = built(run, desk, "--json").json

    assert made.out.count(".") == 2
    assert made.err == ""
    assert read.code == 0
    assert as_json["summary"]["list"].count(".") == 2
    assert as_json["summary"]["entries"] == LIMITS.status_list_entries


def test_a_rehearsal_signs_nothing_and_opens_no_key(run: Run, desk: Path) -> None:
    (desk / "key.pem").unlink()
    ended = built(run, desk, "--dry-run", "--out", str(desk / "list"))

    assert ended.code == 0
    assert "nothing: this was a dry run" in ended.out
    assert not (desk / "list").exists()
    assert built(run, desk, "--dry-run", "--cwt", "--json").json["summary"]["signed"] is False


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ("1,revokd\n", "line 1: `revokd` is none of"),
        ("1,revoked\n1,valid\n", "line 2: index 1 is named a second time"),
        ("-1,revoked\n", "`-1` is no index"),
        ("131072,revoked\n", "is no index from 0 to 131071"),
        ("1\n", "line 1: a line has an index and a status"),
        ("1,revoked,x\n", "a line has an index and a status"),
        ("1,4\n", "`4` needs more than 2 bits"),
        ('1,"revoked\n', "not a table"),
        ("١,revoked\n", "is no index"),
    ],
)
def test_a_table_that_could_be_read_two_ways_is_refused_with_its_line(
    run: Run, desk: Path, table: str, why: str
) -> None:
    (desk / "bad.csv").write_text(table)

    ended = built(run, desk, table="bad.csv")

    assert ended.code == 5
    assert why in ended.err
    assert ended.out == ""


@pytest.mark.parametrize(
    ("more", "code", "why"),
    [
        (("--cwt",), 2, "a CWT is binary"),
        (("--entries", "200000000"), 2, "at most"),
        (("--days", "32"), 2, "32"),
        (("--bits", "3"), 2, "3"),
        (("--ttl", "999999999999999"), 2, "999999999999999"),
        (("--ttl", "2678401"), 2, "2678401"),
        (("--ttl", "0"), 2, "0"),
        (("--at", "1969-12-31T23:59:59Z"), 2, "no list is made then"),
        (("--at", "1969-12-31T23:59:59Z", "--dry-run"), 2, "no list is made then"),
        (("--at", "0001-01-01T00:00:00Z", "--dry-run"), 2, "no list is made then"),
        (("--at", "9998-12-31T00:00:00Z", "--dry-run"), 2, "no list is made then"),
        (("--out", "/nowhere/list"), 5, "cannot be written"),
    ],
)
def test_what_cannot_be_made_ends_by_the_table_of_exit_codes(
    run: Run, desk: Path, more: tuple[str, ...], code: int, why: str
) -> None:
    ended = built(run, desk, *more)

    assert ended.code == code
    assert why in ended.err


@pytest.mark.parametrize(
    "at", [("--at", "1970-01-01T00:00:00Z"), ("--at", "9998-12-24T23:59:59Z"), ("--ttl", "2678400")]
)
def test_the_first_and_last_that_can_be_made_can_be_read(run: Run, desk: Path, at: tuple[str, str]) -> None:
    made = built(run, desk, *at)
    moment = at if at[0] == "--at" else ()

    assert made.code == 0
    assert run("status-list", "check", "-", "--key", str(desk / "key.jwk"), *moment, stdin=made.out).code == 0


def test_an_address_that_no_node_fetches_is_a_usage_error(run: Run, desk: Path) -> None:
    for address in ("http://status.sg.example/1", "https://status.sg.example/#1", "status.sg.example"):
        assert built(run, desk, address=address).code == 2


def test_a_table_or_key_that_is_not_there_is_told(run: Run, desk: Path) -> None:
    (desk / "latin.csv").write_bytes(b"1,\xff\n")

    assert built(run, desk, table="none.csv").code == built(run, desk, table="latin.csv").code == 5
    assert run("status-list", "check", str(desk / "none")).code == 5
    (desk / "list").write_bytes(b"x")
    (desk / "key.pem").unlink()
    assert built(run, desk).code == 5


def test_a_short_list_is_made_with_a_warning(run: Run, desk: Path) -> None:
    ended = built(run, desk, "--entries", "100")

    assert ended.code == 0
    assert "warning: fewer than 131072 entries" in ended.err


def test_a_list_too_large_to_be_fetched_is_not_given_out(run: Run, desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(issue, "sign_jwt", lambda *_: b"x" * (LIMITS.status_list_bytes + 1))
    ended = built(run, desk)

    assert ended.code == 1
    assert "which no node fetches" in ended.err


def test_a_key_id_of_the_lists_own_and_a_key_under_a_passphrase(run: Run, desk: Path, tmp_path: Path) -> None:
    signer = generate("ES256")
    write_key_file(tmp_path / "locked.pem", signer, passphrase="a long passphrase")
    (tmp_path / "secret").touch(mode=0o600)
    (tmp_path / "secret").write_text("a long passphrase\n")

    made = run(
        "status-list", "build", "--address", ADDRESS, "--key", str(tmp_path / "locked.pem"),
        "--passphrase-file", str(tmp_path / "secret"), "--kid", "status-7",
    )  # fmt: skip

    assert made.code == 0
    assert json.loads(base64url.decode(made.out.split(".")[0]))["kid"] == "status-7"


def test_the_list_that_a_region_serves_is_good_and_an_altered_or_unlisted_one_is_not(
    run: Run, desk: Path, region: Path
) -> None:
    octets = documents(Region.load(region), at=SystemClock().now())
    (desk / "list").write_bytes(octets[ADDRESS])
    (desk / "w3c").write_bytes(octets[f"{SG}/bitstring"])
    (desk / "altered").write_bytes(altered(octets[ADDRESS]))
    (desk / "html").write_bytes(b"<html>")

    def checked(name: str, *more: str) -> Ended:
        return run("status-list", "check", str(desk / name), "--region", str(region), *more)

    assert checked("list").code == 0
    w3c = checked("w3c", "--json").json
    assert (w3c["summary"]["mechanism"], w3c["summary"]["state"]) == ("BitstringStatusListEntry", "SG")
    assert "revocation" in checked("w3c").out
    for name in ("altered", "html"):
        refused = checked(name, "--json")
        assert (refused.code, refused.out) == (3, "")
        assert re.search(r"^idbridge: error: status\.[a-z_]+: ", refused.err, re.MULTILINE)
    assert checked("list", "--address", f"{SG}/elsewhere").code == 3
    assert "judges it by a key" in checked("list", "--address", f"{SG}/elsewhere").err
    assert checked("list", "--at", "2020-01-01T00:00:00Z").code in (3, 4)


def test_a_key_that_is_no_public_key_is_a_local_fault(run: Run, desk: Path) -> None:
    built(run, desk, "--out", str(desk / "list"))
    (desk / "bad.jwk").write_text(json.dumps({**json.loads((desk / "key.jwk").read_text()), "d": "AA"}))

    for name in ("bad.jwk", "none.jwk"):
        assert run("status-list", "check", str(desk / "list"), "--key", str(desk / name)).code == 5
    assert run("status-list", "check", str(desk / "list"), "--key", str(desk / "key.pem")).code == 0
    other = generate("ES256")
    (desk / "other.jwk").write_text(json.dumps(dict(other.public_jwk)))
    assert parse_jwk(other.public_jwk).kid
    assert run("status-list", "check", str(desk / "list"), "--key", str(desk / "other.jwk")).code == 3
