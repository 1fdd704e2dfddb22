"""W3C bitstrings on the command line: made from a table of one purpose, judged as a node would, and then decisive."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from idbridge.clock import SystemClock
from idbridge.codec import base64url
from idbridge.limits import LIMITS
from idbridge.sandbox.region import Region
from idbridge.sandbox.statuses import BITSTRING, SG
from idbridge.status.issue import Making, bitstring_of, sign_bitstring
from idbridge.status.packing import packed_bitstring
from tests.cli.ended import Ended

Run = Callable[..., Ended]
ADDRESS = f"{SG}/{BITSTRING}"
ISSUER = "https://sandbox.status.sg.example"
REVOKED = ("--bitstring", "revocation", "--issuer", ISSUER)


@pytest.fixture
def desk(tmp_path: Path, region: Path) -> Path:
    """A desk of the provider of Singapore: its key, its public half, and a table of the revoked."""
    signer = Region.load(region).signer("sg-revocation")
    (tmp_path / "key.pem").touch(mode=0o600)
    (tmp_path / "key.pem").write_text(signer.pem())
    (tmp_path / "key.jwk").write_text(json.dumps(dict(signer.public_jwk)))
    (tmp_path / "table.csv").write_text("index,status\n1,revoked\n131071,1\n2,valid\n3,0\n")
    return tmp_path


def built(run: Run, desk: Path, *more: str, table: str = "table.csv") -> Ended:
    fixed = ("--from-csv", str(desk / table), "--key", str(desk / "key.pem"), "--address", ADDRESS)
    return run("status-list", "build", *fixed, *more)


@pytest.mark.parametrize(
    ("purpose", "table", "why"),
    [
        ("revocation", "1,suspended\n", "`suspended` is none of `valid`, `revoked`"),
        ("suspension", "1,revoked\n", "`revoked` is none of `valid`, `suspended`"),
        ("revocation", "1,2\n", "`2` needs more than 1 bits"),
    ],
)
def test_a_table_that_says_something_else_than_the_list_is_refused_with_its_line(
    run: Run, desk: Path, purpose: str, table: str, why: str
) -> None:
    (desk / "bad.csv").write_text(table)

    ended = built(run, desk, "--bitstring", purpose, "--issuer", ISSUER, table="bad.csv")

    assert (ended.code, ended.out) == (5, "")
    assert f"line 1: {why}" in ended.err


@pytest.mark.parametrize(
    ("more", "why"),
    [
        (("--bitstring", "revocation"), "names its issuer"),
        (("--bitstring", "revocation", "--issuer", "did:web:status.sg.example"), "names its issuer"),
        (("--bitstring", "revocation", "--issuer", "https://" + "x" * LIMITS.identifier_characters), "its issuer"),
        (("--bitstring", "message", "--issuer", ISSUER), "message"),
        (("--issuer", ISSUER), "only a W3C bitstring names its issuer"),
        ((*REVOKED, "--cwt"), "is no CWT"),
        ((*REVOKED, "--bits", "2"), "has one bit"),
        ((*REVOKED, "--entries", str(LIMITS.status_list_entries - 1)), "says nothing to anybody"),
        ((*REVOKED, "--entries", "200000000"), "at most"),
    ],
)
def test_options_that_contradict_each_other_are_usage_errors_in_a_rehearsal_too(
    run: Run, desk: Path, more: tuple[str, ...], why: str
) -> None:
    for rehearsal in ((), ("--dry-run",)):
        ended = built(run, desk, *more, *rehearsal)
        assert (ended.code, ended.out) == (2, "")
        assert why in ended.err


def test_what_is_built_is_what_a_node_takes_up(run: Run, desk: Path, region: Path) -> None:
    made = built(run, desk, *REVOKED, "--out", str(desk / "list"))
    by_lists = run("status-list", "check", str(desk / "list"), "--region", str(region))
    by_key = run("status-list", "check", str(desk / "list"), "--key", str(desk / "key.jwk"), "--json")

    assert (made.code, by_lists.code, by_key.code) == (0, 0, 0)
    assert "bitstring, 1 bit an entry" in made.out
    assert "A node would take this list up." in by_lists.out
    counted = [(one["meaning"], one["entries"]) for one in by_key.json["results"]]
    assert counted == [("valid", LIMITS.status_list_entries - 2), ("revoked", 2)]
    assert by_key.json["summary"]["purposes"] == ["revocation"]
    assert (made.err, by_lists.err) == ("", "")


def test_its_form_is_that_of_vc_jose_cose(run: Run, desk: Path) -> None:
    made = built(run, desk, *REVOKED, "--json").json
    header, payload, _ = made["summary"]["list"].split(".")
    document = json.loads(base64url.decode(payload))

    assert json.loads(base64url.decode(header))["typ"] == "vc+jwt"
    assert (document["id"], document["issuer"]) == (ADDRESS, ISSUER)
    assert document["type"] == ["VerifiableCredential", "BitstringStatusListCredential"]
    assert document["credentialSubject"]["statusPurpose"] == "revocation"
    assert document["credentialSubject"]["ttl"] == 3_600_000
    assert (made["summary"]["form"], made["summary"]["purpose"]) == ("bitstring", "revocation")


def test_a_list_of_the_suspended_is_counted_by_its_own_word(run: Run, desk: Path) -> None:
    (desk / "table.csv").write_text("7,Suspended\n")
    made = built(run, desk, "--bitstring", "suspension", "--issuer", ISSUER)
    found = run("status-list", "check", "-", "--key", str(desk / "key.jwk"), "--json", stdin=made.out).json

    assert [one["meaning"] for one in found["results"]] == ["valid", "suspended"]


@pytest.mark.parametrize("purpose", ["message", ["revocation", "suspension"]], ids=str)
def test_a_purpose_without_a_word_is_counted_without_one(
    run: Run, desk: Path, region: Path, purpose: str | list[str]
) -> None:
    making, octets = _making(), packed_bitstring([1] + [0] * (LIMITS.status_list_entries - 1))
    document = bitstring_of(making, octets, issuer=ISSUER, purpose="x")
    document["credentialSubject"]["statusPurpose"] = purpose
    signed = sign_bitstring(document, making, Region.load(region).signer("sg-revocation"))

    found = run("status-list", "check", "-", "--key", str(desk / "key.jwk"), "--json", stdin=signed).json

    assert [one["meaning"] for one in found["results"]] == ["not set", "set"]


def test_a_bitstring_of_another_issuer_or_signer_is_not_taken_up_and_a_short_one_is_warned_of(
    run: Run, desk: Path, region: Path
) -> None:
    other = built(run, desk, "--bitstring", "revocation", "--issuer", "https://other.sg.example")
    assert run("status-list", "check", "-", "--region", str(region), stdin=other.out).code == 3
    making = _making()
    document = bitstring_of(making, packed_bitstring([0] * 64), issuer=ISSUER, purpose="revocation")
    for service, code in (("sg-login", 3), ("sg-revocation", 0)):
        signed = sign_bitstring(document, making, Region.load(region).signer(service))
        ended = run("status-list", "check", "-", "--region", str(region), stdin=signed)
        assert ended.code == code
        assert ("no node looks anything up" in ended.err) is (code == 0)


def test_what_the_list_says_decides(run: Run, desk: Path, region: Path) -> None:
    (desk / "all.csv").write_text("0,revoked\n")
    shown = run("sandbox", "mint", "sg-pid-in-force-by-bitstring", "--region", str(region)).out
    asked = ("--for", "TH", "--purpose", "account-opening", "--as", "th-bank", "--region", str(region))

    for table, code in (("table.csv", 0), ("all.csv", 1)):
        built(run, desk, *REVOKED, "--out", str(desk / "list"), table=table)
        assert run("verify", "-", *asked, "--status-list", str(desk / "list"), stdin=shown).code == code


def _making() -> Making:
    return Making(ADDRESS, SystemClock().now().replace(microsecond=0), timedelta(days=1))
