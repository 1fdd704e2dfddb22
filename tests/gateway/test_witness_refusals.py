"""What a witness does not confirm is a leaf of its node: which log and why, and nothing that a stranger makes up."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from idbridge.errors import RequestError
from idbridge.evidence.errors import UnrecordedError
from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge.tlog import note
from idbridge_gateway.evidence.witness import FORK, Refusal
from idbridge_gateway.evidence.witness_refusals import WitnessRefusals
from tests.gateway.asking import Node, node_in
from tests.gateway.test_acts import Kept
from tests.gateway.test_witness import ask
from tests.gateway.witnessing import body_of, signer_of

SG, TH = MemberState.SG, MemberState.TH
LOG = "sandbox.node.sg.example/log"
REFUSED = Refusal(LOG, "time.evidence_unsigned", SG)


class Hand:
    """A stopwatch that is turned by hand."""

    def __init__(self) -> None:
        self.at = 0.0

    def seconds(self) -> float:
        """Return where it stands."""
        return self.at


@pytest.fixture
def written(thai: Node, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """What the witness writes into the log of its node."""
    line = thai.app.state.parts.evidence.line
    real, told = line.append, list[tuple[str, dict[str, Any]]]()

    async def kept(kind: Any, members: Any, **named: Any) -> Any:
        found = await real(kind, members, **named)
        told.append((kind.value, dict(members)))
        return found

    monkeypatch.setattr(line, "append", kept)
    return told


@pytest.fixture
def thai(tmp_path: Path) -> Node:
    """A witness that has not confirmed anything yet."""
    return node_in(tmp_path)


def test_nothing_is_written_of_what_anybody_makes_up_or_of_what_is_to_be_asked_again(
    thai: Node, written: list[Any]
) -> None:
    signer = signer_of(thai.region)
    stranger = note.note_signer("canary.of.a.person.example/log", thai.region.log_service(SG).signer)

    statuses = [ask(thai, body).status_code for body in (b"", body_of(stranger, 3), body_of(signer, 3))]
    statuses += [ask(thai, body_of(signer, 5)).status_code, ask(thai, body_of(signer, 5, old=3)).status_code]

    assert statuses == [400, 404, 200, 409, 200]
    assert written == []


def test_which_log_is_refused_and_why_is_written_once(thai: Node, written: list[Any]) -> None:
    signer, own = signer_of(thai.region), signer_of(thai.region, TH)
    good = body_of(signer, 3)
    assert ask(thai, good).status_code == 200
    refused = (
        good.replace(b"\n3\n", b"\n4\n"),  # the log has not signed it
        body_of(signer, 5, old=3, first=9),
        body_of(signer, 3, old=3, first=9),  # it has signed two trees
        body_of(own, 3),
    )

    statuses = [ask(thai, body).status_code for body in (*refused, *refused)]

    assert statuses == [403, 422, 409, 404] * 2
    assert {kind for kind, _ in written} == {"witness"}
    told = [{name: members.get(name) for name in ("act", "code", "state", "size")} for _, members in written]
    assert told == [
        {"act": "refuse", "code": "time.evidence_unsigned", "state": "SG", "size": None},
        {"act": "refuse", "code": "time.evidence_inconsistent", "state": "SG", "size": 5},
        {"act": "fork", "code": "time.evidence_inconsistent", "state": "SG", "size": 3},
        {"act": "refuse", "code": "time.evidence_unwitnessed", "state": "TH", "size": None},
    ]
    assert [members["origin"] for _, members in written] == [LOG] * 3 + ["sandbox.node.th.example/log"]
    assert [sorted(members) for _, members in written[:2]] == [
        ["act", "code", "origin", "state"], ["act", "code", "origin", "root", "size", "state"],
    ]  # fmt: skip


def test_a_log_whose_list_is_out_of_date_is_told_with_the_reason_of_that(thai: Node, written: list[Any]) -> None:
    body = body_of(signer_of(thai.region), 3)
    thai.clock.turn(days=400)

    assert ask(thai, body).status_code == 404

    ((kind, members),) = written
    assert (kind, members["origin"], members["code"].partition(".")[0]) == ("witness", LOG, "trust")


def test_what_the_disk_does_not_take_is_written_at_the_next_refusal_and_the_log_is_answered() -> None:
    line = Kept()
    refusals = WitnessRefusals(line)
    line.refusal = UnrecordedError("the disk is full")
    asyncio.run(refusals.note(REFUSED))
    line.refusal = RequestError("system.overloaded", "too many wait")
    asyncio.run(refusals.note(REFUSED))
    line.refusal = None

    asyncio.run(refusals.note(REFUSED))
    asyncio.run(refusals.note(REFUSED))

    assert len(line.told) == 1


def test_no_stranger_fills_a_log_or_hides_behind_what_they_repeat_that_it_shows_two_histories() -> None:
    line, stopwatch = Kept(), Hand()
    refusals = WitnessRefusals(line, stopwatch=stopwatch)
    inconsistent = REFUSED._replace(code="time.evidence_inconsistent")
    for _ in range(100):
        asyncio.run(refusals.note(inconsistent))
    asyncio.run(refusals.note(inconsistent._replace(act=FORK)))
    assert [members["act"] for _, members in line.told] == ["refuse", "fork"]

    stopwatch.at = LIMITS.witness_refusal_pause.total_seconds() - 1
    asyncio.run(refusals.note(inconsistent))
    assert len(line.told) == 2
    stopwatch.at += 1
    asyncio.run(refusals.note(inconsistent))
    assert len(line.told) == 3


def test_a_witness_without_a_node_writes_nothing_down() -> None:
    asyncio.run(WitnessRefusals(None).note(REFUSED))
