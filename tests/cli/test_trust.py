"""Looking at trust: what is listed, since when, and why an issuer is not trusted."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from idbridge.clock import SystemClock
from idbridge.model.region import Environment, MemberState, ServiceType
from idbridge.trust import floors
from idbridge.trust.deny_entry import STATE_TARGET, service_target
from tests.cli.ended import Ended
from tests.cli.proposals import proposal
from tests.trust.denying import book, denial, listing

Run = Callable[..., Ended]


@pytest.fixture
def copy(region: Path, tmp_path: Path) -> Path:
    place = tmp_path / "copy"
    shutil.copytree(region, place)
    return place


@pytest.mark.parametrize("verb", [("list",), ("show", "SG"), ("explain", "https://x.example")])
def test_missing_material_is_never_an_empty_answer(run: Run, tmp_path: Path, verb: tuple[str, ...]) -> None:
    ended = run("trust", *verb, "--region", str(tmp_path / "absent"))

    assert ended.code == 5
    assert ended.out == ""


@pytest.mark.parametrize(
    ("issuer", "code", "exit_code"),
    [
        ("https://nobody.example", "issuer.unknown", 1),
        ("https://sandbox.login.sg.example/", "issuer.unknown", 1),
        ("HTTPS://sandbox.login.sg.example", "issuer.unknown", 1),
        ("https://login.sg.example", "recognition.environment_mismatch", 1),
    ],
)
def test_an_issuer_that_nobody_lists_is_not_trusted(
    run: Run, region: Path, issuer: str, code: str, exit_code: int
) -> None:
    ended = run("trust", "explain", issuer, "--region", str(region), "--json")

    assert ended.code == exit_code
    assert ended.json["summary"]["trusted"] is False
    assert ended.json["summary"]["code"] == code


@pytest.mark.parametrize(
    ("at", "code", "exit_code"),
    [("2020-01-01T00:00:00Z", "issuer.not_yet_granted", 1), ("2040-01-01T00:00:00Z", "trust.stale", 3)],
)
def test_an_issuer_is_not_trusted_outside_of_its_time(
    run: Run, region: Path, at: str, code: str, exit_code: int
) -> None:
    ended = run("trust", "explain", "https://sandbox.login.sg.example", "--at", at, "--region", str(region))

    assert ended.code == exit_code
    assert code in ended.out


def test_a_granted_issuer_is_explained_with_its_edition_and_history(run: Run, region: Path) -> None:
    ended = run("trust", "explain", "https://sandbox.login.sg.example", "--region", str(region))

    assert ended.code == 0
    assert "is trusted at" in ended.out
    assert "listed by    SG, sequence 1" in ended.out
    assert "superseded" in ended.out


def test_a_list_that_was_altered_costs_its_own_state_only(run: Run, copy: Path) -> None:
    altered = copy / "trust" / "lists" / "SG.jws"
    altered.write_text(altered.read_text()[:-4] + "AAAA")

    ended = run("trust", "list", "--region", str(copy), "--json")

    rows = {row["state"]: row for row in ended.json["results"]}
    assert rows["SG"]["listed"] is False
    assert rows["SG"]["code"] == "trust.signature_invalid"
    assert ended.json["summary"]["usable"] == len(MemberState) - 1
    assert run("trust", "show", "SG", "--region", str(copy)).code == 4
    assert run("trust", "show", "TH", "--region", str(copy)).code == 0


def test_no_usable_list_at_all_ends_as_unusable(run: Run, region: Path) -> None:
    ended = run("trust", "list", "--at", "2040-01-01T00:00:00Z", "--region", str(region))

    assert ended.code == 4
    assert "trust.stale" in ended.out
    assert "0 of 11 lists usable" in ended.out


def test_the_list_names_all_eleven_states(run: Run, region: Path) -> None:
    ended = run("trust", "list", "--region", str(region))

    assert ended.code == 0
    assert [row[:2] for row in ended.out.splitlines()[1:12]] == sorted(MemberState)


def test_a_state_is_shown_with_every_service(run: Run, region: Path) -> None:
    listed = run("trust", "show", "sg", "--region", str(region), "--json").json["results"]

    text = run("trust", "show", "SG", "--region", str(region)).out
    assert len(listed) >= 5
    assert all(service["issuer"] in text for service in listed)


def test_an_unknown_state_is_a_usage_error(run: Run, region: Path) -> None:
    ended = run("trust", "show", "XX", "--region", str(region))

    assert ended.code == 2
    assert "none of BN, ID, KH" in ended.err


@pytest.fixture
def denying(copy: Path) -> Path:
    """A region whose node holds a denial of a whole state and one of a service."""
    memory = copy / "nodes" / "TH" / "state"
    login = service_target("https://sandbox.login.sg.example", ServiceType.LOGIN)
    held = book(
        listing(1, denial(state=MemberState.TH, target=STATE_TARGET), denial(target=login)), at=SystemClock().now()
    )
    floors.write(memory, replace(floors.read(memory, Environment.SANDBOX), denials=held))
    return copy


def test_what_is_denied_is_said_wherever_it_is_looked_at(run: Run, denying: Path) -> None:
    listed = run("trust", "list", "--region", str(denying)).out

    assert "TH     issuer.denied" in listed
    assert "denied: SG, service https://sandbox.login.sg.example" in listed
    assert "10 of 11 lists usable" in listed
    assert "denied" in run("trust", "show", "SG", "--region", str(denying)).out
    assert run("trust", "show", "TH", "--region", str(denying)).code == 4
    explained = run("trust", "explain", "LionPass login", "--region", str(denying))
    assert explained.code == 1
    assert "denied: an emergency denial is in force until it is lifted" in explained.out


def test_an_entry_that_gives_no_trust_is_said_beside_the_table(run: Run, copy: Path) -> None:
    def claimed(service: dict[str, Any]) -> dict[str, Any]:
        return {**service, "issuer": "https://sandbox.pid.sg.example"} if service["id"] == "th-pid" else service

    run("trust", "list", "--region", str(copy))  # by now the issuer is Singapore's
    proposal(copy, copy / "trust" / "lists" / "TH.jws", claimed, state=MemberState.TH)
    shown = run("trust", "show", "TH", "--region", str(copy))
    explained = run("trust", "explain", "https://sandbox.pid.sg.example", "--region", str(copy))

    assert "(https://sandbox.pid.sg.example) gives no trust: another state speaks for this issuer" in shown.err
    assert shown.code == 0
    assert explained.code == 0
    assert "unknown: the entry gives no trust: another state speaks for this issuer" in " ".join(explained.out.split())
    document = run("trust", "show", "TH", "--region", str(copy), "--json").json
    assert [one["issuer"] for one in document["summary"]["untrusted"]] == ["https://sandbox.pid.sg.example"]


def test_a_refused_list_is_said_beside_the_table(run: Run, copy: Path) -> None:
    altered = copy / "trust" / "lists" / "SG.jws"
    altered.write_text(altered.read_text()[:-4] + "AAAA")

    assert "lists/SG was refused: trust.signature_invalid" in run("trust", "list", "--region", str(copy)).err


def test_a_provider_is_found_by_a_part_of_its_name(run: Run, region: Path) -> None:
    ended = run("trust", "explain", "wallet identity", "--region", str(region), "--json")

    assert {row["state"] for row in ended.json["results"]} == {"ID", "SG", "TH"}
    assert {row["answer"] for row in ended.json["results"]} == {"trusted"}
    assert ended.code == 0


def test_a_key_that_signs_a_list_is_named_and_states_that_were_not_asked_too(run: Run, copy: Path) -> None:
    signer = run("trust", "show", "SG", "--region", str(copy), "--json").json["summary"]["signer"]
    (copy / "trust" / "lists" / "TH.jws").unlink()
    ended = run("trust", "explain", signer, "--region", str(copy))

    assert ended.code == 1
    assert "it signs the list of SG" in ended.out
    assert "without a list, and so not asked: TH (trust.unreachable)" in ended.out
