"""A decision made again of its bundle: the same octet for octet, or what differs, or why it cannot be made."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from idbridge import __version__
from idbridge.codec import base64std, jcs
from idbridge.evidence import dispute
from idbridge.evidence.dispute import DisputeError, OneTime, Undelivered
from idbridge.evidence.dispute_replay import replay
from idbridge.evidence.dispute_request import Brought, Circumstances
from idbridge.limits import LIMITS
from idbridge.model.login import Encryption
from idbridge.model.request import Detail
from tests.evidence.disputes import asked, bundle, by_another_version, material, reported

# One of each format and indication, with queries, mandates, logins, evidence of time and what was beside them.
CASES = (
    "sg-pid-opens-account", "sg-login-opens-account", "alg-none", "photocopy-opens-account", "ph-pid-opens-account",
    "kh-residence-of-closed-office", "evidence-before-withdrawal", "evidence-confirmed-at-home-only",
    "vn-organisation-acts-for-company", "sg-representative-acts-for-company", "login-under-superseded-key",
)  # fmt: skip
HERE = Path(__file__).parents[2]
# Whoever opens a socket, or asks for a name, is ended at once: so little does a replay need a network.
CUT_OFF = """
import sys
def watch(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "socket.sendmsg"):
        raise SystemExit("the network was asked for")
sys.addaudithook(watch)
from idbridge.cli.main import main
main()
"""


@pytest.fixture(scope="module")
def whole() -> dispute.Bundle:
    return bundle()


def document(made: dispute.Bundle) -> dict[str, Any]:
    """The bundle as JSON values, to be spoilt."""
    read: dict[str, Any] = json.loads(made.octets())
    return read


def parsed(spoilt: dict[str, Any]) -> dispute.Bundle:
    return dispute.parse(jcs.canonicalize(spoilt))


def test_a_bundle_with_a_list_that_was_changed_cannot_be_replayed(whole: dispute.Bundle) -> None:
    spoilt = document(whole)
    text = spoilt["trust"]["files"]["lists/SG.jws"]
    spoilt["trust"]["files"]["lists/SG.jws"] = base64std.encode(base64std.decode(text)[:-4] + b"AAAA")

    with pytest.raises(DisputeError, match="trust material"):
        replay(parsed(spoilt))


@pytest.mark.parametrize(
    "change",
    [
        lambda one: one["trust"]["files"].pop("lists/TH.jws"),
        lambda one: one["trust"]["files"].pop("arrangements/SG-TH/1.json"),
        lambda one: one["trust"].update(regional=None, distribution="tuf"),
        lambda one: one["status"]["about"].update(schema="idbridge-status-archive-1"),
        lambda one: one.update(credential=None),
    ],
)
def test_a_bundle_from_which_anything_was_taken_cannot_be_replayed(whole: dispute.Bundle, change: Any) -> None:
    spoilt = document(whole)
    change(spoilt)

    with pytest.raises(DisputeError):
        replay(parsed(spoilt))


@pytest.mark.parametrize(
    "change",
    [
        lambda one: one.update(schema="idbridge-dispute-2"),
        lambda one: one.pop("receipt"),
        lambda one: one.update(more=1),
        lambda one: one.update(evaluated_at="yesterday"),
        lambda one: one.update(one_time="never"),
        lambda one: one.update(delivery={"code": "x"}),
        lambda one: one.update(credential=1),
        lambda one: one["request"].update(at="2026-01-01T00:00:00Z"),
        lambda one: one["request"].pop("purpose"),
        lambda one: one["relying_party"].update(purposes=[]),
        lambda one: one["relying_party"].update(clients=[]),
        lambda one: one["relying_party"].update(enabled=1),
        lambda one: one["circumstances"].update(needs_holder="yes"),
        lambda one: one["circumstances"].update(encryption={"algorithm": 1, "encoding": None, "refused": None}),
        lambda one: one["trust"].update(keys=[]),
        lambda one: one["trust"].update(files=[]),
        lambda one: one["status"].update(files={"a": "?"}),
    ],
)
def test_what_is_not_in_the_form_of_a_bundle_is_none(whole: dispute.Bundle, change: Any) -> None:
    spoilt = document(whole)
    change(spoilt)

    with pytest.raises(DisputeError):
        parsed(spoilt)


def test_a_text_longer_than_any_bundle_is_none_and_neither_is_one_that_is_no_json() -> None:
    for octets in (b" " * (LIMITS.dispute_bytes + 1), b"{"):
        with pytest.raises(DisputeError):
            dispute.parse(octets)


@pytest.mark.parametrize("decision", [b"{}\n", b"[]", b"{", b'{"a": 1}', b" " * (LIMITS.dispute_decision_bytes + 1)])
def test_a_decision_that_is_not_in_its_canonical_form_is_none(whole: dispute.Bundle, decision: bytes) -> None:
    with pytest.raises(DisputeError):
        replay(replace(whole, decision=decision))


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"one_time": OneTime.SPENT}, "$.checks"),
        ({"delivery": Undelivered("policy.assertion_not_available")}, "$.checks"),
        ({"circumstances": Circumstances(encryption=Encryption(refused="jose.alg_none"))}, "$.indication"),
    ],
)
def test_another_input_that_only_the_node_had_gives_another_decision(
    whole: dispute.Bundle, change: dict[str, Any], place: str
) -> None:
    again = replay(replace(whole, **change))

    assert not again.same
    assert not again.identical
    assert any(one.place.startswith(place) for one in again.differences)


def test_another_credential_gives_another_decision(whole: dispute.Bundle) -> None:
    again = replay(replace(whole, brought=Brought(asked("alg-none")[0]["credential"])))

    assert not again.same
    assert "$.indication" in [one.place for one in again.differences]


@pytest.mark.parametrize("name", CASES)
def test_a_bundle_gives_the_same_decision_octet_for_octet(name: str) -> None:
    made = bundle(name)

    again = replay(dispute.parse(made.octets()))

    assert again.same
    assert again.decision == made.decision == reported(name)[1]


def test_a_decision_whose_one_time_value_had_been_spent_comes_out_so_again() -> None:
    told, decision = reported("sg-login-opens-account", spent=True)
    made = bundle("sg-login-opens-account", report=told)

    assert made.one_time is OneTime.SPENT
    assert replay(made).decision == decision


@pytest.mark.parametrize("detail", list(Detail))
def test_a_report_in_any_detail_is_enough_to_make_a_bundle(detail: Detail) -> None:
    told, decision = reported("alg-none", detail=detail)

    assert bundle("alg-none", report=told).decision == decision


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("indication", "PASSED"), ("trust_snapshot", "0" * 64), ("status_snapshot", "0" * 64),
        ("claims", {"name": "x"}),
        ("evaluated_at", "noon"), ("report_id", None), ("checks", []),
        ("verifier_version", "0.0.9"), ("policy", {"id": "th-bank", "version": 2}),
    ],
)  # fmt: skip
def test_a_report_that_says_something_else_than_what_comes_of_it_makes_no_bundle(member: str, value: Any) -> None:
    told = {**reported("alg-none")[0], member: value}

    with pytest.raises(DisputeError):
        bundle("alg-none", report=told)


def test_another_version_that_decides_the_same_is_the_same_in_meaning(whole: dispute.Bundle) -> None:
    older = by_another_version(whole)
    newer = {**older.decided(), "sealed_by": None}
    del newer["sub_indication"]  # a member that an older version did not have, and that has nothing to say

    again = replay(replace(older, decision=jcs.canonicalize(newer)))

    assert (again.same, again.identical, again.same_version) == (True, False, False)
    assert again.differences == ()


def test_another_version_that_decides_otherwise_shows_where(whole: dispute.Bundle) -> None:
    older = by_another_version(whole, indication="FAILED", claims={"name": {"display": "Somebody"}})

    again = replay(older)

    assert not again.same
    assert {one.place for one in again.differences} >= {"$.indication"}
    (changed,) = [one for one in again.differences if one.place == "$.indication"]
    assert (changed.was, changed.now) == ('"FAILED"', '"PASSED"')


def test_a_bundle_without_the_credential_replays_with_the_one_that_is_brought(whole: dispute.Bundle) -> None:
    apart = dispute.parse(whole.without_credential().octets())
    assert whole.brought is not None
    assert whole.brought.credential not in apart.octets().decode()

    with pytest.raises(DisputeError, match="no credential"):
        replay(apart)
    assert replay(apart, brought=whole.brought).same


def test_nothing_of_a_bundle_shows_in_a_repr(whole: dispute.Bundle) -> None:
    assert whole.brought is not None
    assert whole.brought.credential not in repr(whole)
    assert "decision=" not in repr(whole)


def test_what_a_list_remembers_of_keys_is_left_out_of_the_bundle(whole: dispute.Bundle) -> None:
    assert all(one["ledger"] == [] for one in document(whole)["trust"]["floors"]["states"].values())
    assert any(floor.ledger for floor in material().floors.states.values())


@pytest.mark.parametrize("seed", ["1", "4294967295"])
def test_another_machine_without_a_network_makes_the_same_decision(
    whole: dispute.Bundle, tmp_path: Path, seed: str
) -> None:
    (tmp_path / "bundle.json").write_bytes(whole.octets())

    ended = subprocess.run(
        [sys.executable, "-c", CUT_OFF, "dispute", "replay", str(tmp_path / "bundle.json"), "--json"],
        capture_output=True,
        check=False,
        timeout=60,
        cwd=tmp_path,
        env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(HERE), "PATH": os.environ["PATH"]},
    )

    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["summary"] == {
        "report_id": whole.report_id,
        "indication": "PASSED",
        "same": True,
        "identical": True,
        "decided_by": __version__,
        "made_again_by": __version__,
    }
