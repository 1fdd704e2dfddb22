"""A node confirms logs of other states, and has its own confirmed: first all that it does not put its name to."""

from dataclasses import dataclass, replace
from pathlib import Path

import httpx2
import pytest

from idbridge.evidence.places import CHECKPOINT, read_tile
from idbridge.evidence.reading import newest
from idbridge.evidence.writer import create_log
from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge.net.calls import Answer, Call
from idbridge.tlog import note, receipt, tile
from idbridge.trust.log_listing import confirmed
from idbridge_gateway.app import create_app
from idbridge_gateway.evidence.cosigned import COSIGNED
from idbridge_gateway.evidence.cosigning import Cosigning
from tests.gateway.asking import Node, node_in, problem_of
from tests.gateway.recording import publish
from tests.gateway.witnessing import PATH, body_of, signer_of

SG, TH = MemberState.SG, MemberState.TH


@pytest.fixture
def thai(tmp_path: Path) -> Node:
    """A witness that has not confirmed anything yet."""
    return node_in(tmp_path)


def ask(node: Node, body: bytes) -> httpx2.Response:
    return node.send("POST", PATH, body=body)


def test_what_is_no_request_or_of_no_listed_log_of_another_state_is_not_confirmed(thai: Node) -> None:
    good = body_of(signer_of(thai.region), 3)
    unlisted = note.note_signer("node.xx.example/log", thai.region.log_service(SG).signer)
    assert ask(thai, b"").status_code == 400
    assert ask(thai, good.replace(b"old 0", b"old 00")).status_code == 400
    assert ask(thai, body_of(signer_of(thai.region, TH), 3)).status_code == 404
    assert ask(thai, body_of(unlisted, 3)).status_code == 404
    assert ask(thai, good.replace(b"\n3\n", b"\n4\n")).status_code == 403
    assert problem_of(ask(thai, b"x" * (LIMITS.receipt_bytes + 1)), 413) == "input.body_too_large"


def test_a_node_without_a_key_of_a_witness_confirms_nothing(thai: Node) -> None:
    settings = thai.settings.model_copy(update={"witness_key_file": None})
    bare = replace(thai, app=create_app(settings, clock=thai.clock))

    assert ask(bare, body_of(signer_of(thai.region), 3)).status_code == 404


def test_a_log_that_does_not_go_on_from_what_was_confirmed_is_not_confirmed(thai: Node) -> None:
    signer = signer_of(thai.region)
    assert ask(thai, body_of(signer, 3)).status_code == 200

    for body in (body_of(signer, 5), body_of(signer, 5, old=2), body_of(signer, 3, old=3, first=9)):
        conflict = ask(thai, body)
        assert (conflict.status_code, conflict.text) == (409, "3\n")
        assert conflict.headers["content-type"].startswith("text/x.tlog.size")
    assert ask(thai, body_of(signer, 5, old=3, first=9)).status_code == 422


def test_a_witness_whose_memory_is_damaged_confirms_nothing(thai: Node) -> None:
    signer = signer_of(thai.region)
    assert ask(thai, body_of(signer, 3)).status_code == 200
    (kept,) = (thai.settings.state_dir / "witnessed").glob("*.json")
    kept.write_bytes(b"{}")

    assert problem_of(ask(thai, body_of(signer, 5, old=3)), 503) == "system.not_ready"


def test_a_witness_whose_clock_went_back_confirms_nothing(thai: Node) -> None:
    signer = signer_of(thai.region)
    thai.clock.turn(hours=1)
    assert ask(thai, body_of(signer, 3)).status_code == 200

    thai.clock.turn(seconds=-LIMITS.log_clock_back.total_seconds())
    assert ask(thai, body_of(signer, 5, old=3)).status_code == 200
    thai.clock.turn(seconds=-1)
    assert problem_of(ask(thai, body_of(signer, 7, old=5)), 503) == "system.not_ready"


def test_a_witness_whose_clock_is_behind_what_states_have_signed_confirms_nothing(thai: Node) -> None:
    signer, snapshot = signer_of(thai.region), thai.app.state.trust.in_force.snapshot
    newest = max(listed.provenance.issued_at for listed in snapshot.lists.values())
    seconds = (thai.clock.now() - newest + LIMITS.clock_leeway).total_seconds()

    thai.clock.turn(seconds=-seconds - 1)
    assert problem_of(ask(thai, body_of(signer, 3)), 503) == "system.not_ready"
    thai.clock.turn(seconds=1)
    assert ask(thai, body_of(signer, 3)).status_code == 200


def test_what_goes_on_is_confirmed_and_remembered_by_a_node_that_begins_anew(thai: Node) -> None:
    signer = signer_of(thai.region)
    first = ask(thai, body_of(signer, 3))
    assert ask(thai, body_of(signer, 3, old=3)).status_code == 200  # the same tree again, for a reply that was lost
    again = replace(thai, app=create_app(thai.settings, clock=thai.clock))

    second = ask(again, body_of(signer, 7, old=3))

    assert (first.status_code, second.status_code) == (200, 200)
    (line,) = note.parse_lines(second.content)
    assert line.name == "sandbox.witness.th.example"


@dataclass
class Witness:
    """The other node, called as over a network, and what it was asked."""

    node: Node
    answer: Answer | None = None
    calls: int = 0

    def call(self, call: Call, *, max_bytes: int) -> Answer:
        """Ask it."""
        self.calls += 1
        if self.answer is not None:
            return self.answer
        response = ask(self.node, call.body)
        assert len(response.content) <= max_bytes
        return Answer(response.status_code, {}, response.content)


def cosigning(node: Node, witness: "Witness | Several", *, addresses: int = 1) -> Cosigning:
    assert node.settings.log_dir is not None
    urls = " ".join(f"http://127.0.0.1:{port}/witness" for port in range(1, 1 + addresses))
    settings = node.settings.model_copy(update={"witness_urls": urls})
    return Cosigning(node.settings.log_dir, settings, turns=node.app.state.parts.turns, caller=witness)


@pytest.mark.parametrize(
    "answer",
    [Answer(500, {}, b""), Answer(409, {}, b"x\n"), Answer(200, {}, b"nonsense"), Answer(409, {}, b"9" * 40)],
)
def test_what_a_witness_answers_amiss_confirms_nothing(thai: Node, other_node: Node, answer: Answer) -> None:
    thai.ask()
    publish(thai.settings)
    witness = Witness(other_node, answer)

    cosigning(thai, witness).ask()

    assert witness.calls <= LIMITS.cosign_attempts
    assert not (thai.settings.state_dir / COSIGNED).exists()


def test_a_witness_that_answers_nonsense_takes_nobody_elses_word_away(
    thai: Node, tmp_path_factory: pytest.TempPathFactory
) -> None:
    singaporean = node_in(tmp_path_factory.mktemp("sg"), state=SG)
    thai.ask()
    publish(thai.settings)
    good = Witness(singaporean)
    asking = cosigning(thai, Several([good, Witness(singaporean, spoiling(thai, singaporean)), good]), addresses=3)

    asking.ask()

    assert thai.settings.log_dir is not None
    kept = note.parse((thai.settings.state_dir / COSIGNED).read_bytes())
    snapshot, at = thai.app.state.trust.in_force.snapshot, thai.clock.now()
    assert [state for state, _ in confirmed(kept, snapshot, state=TH, at=at).states] == [SG]
    assert len(kept.lines) == 2


def test_that_a_witness_has_seen_more_of_the_log_than_there_is_is_said(
    thai: Node, other_node: Node, caplog: pytest.LogCaptureFixture
) -> None:
    thai.ask()
    publish(thai.settings)
    asking = cosigning(thai, Witness(other_node, Answer(409, {}, b"1000000\n")))

    asking.ask()
    asking.ask()

    assert caplog.text.count("it has confirmed 1,000,000 entries, more than there are") == 1
    assert not (thai.settings.state_dir / COSIGNED).exists()


def test_a_log_that_is_gone_is_told_of_and_one_that_was_not_begun_yet_is_not(
    thai: Node, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder, witness = tmp_path / "begun later", Witness(thai)
    asking = Cosigning(folder, thai.settings, turns=thai.app.state.parts.turns, caller=witness)
    asking.ask()
    assert "is not confirmed" not in caplog.text

    create_log(folder, signer=signer_of(thai.region))
    asking.ask()
    (folder / CHECKPOINT).unlink()
    asking.ask()

    assert "the log is not confirmed by log: there is no log in begun later" in caplog.text
    assert witness.calls == 0


def spoiling(thai: Node, singaporean: Node) -> Answer:
    """A line under the name of Singapore's witness that does not verify, and one of nobody's."""
    own = Witness(singaporean)
    cosigning(thai, own).ask()
    path = thai.settings.state_dir / COSIGNED
    line = note.parse(path.read_bytes()).lines[-1]
    path.unlink()
    spoilt = replace(line, signature=line.signature[:-1] + bytes([line.signature[-1] ^ 1]))
    return Answer(200, {}, "".join(f"{one.text()}\n" for one in (spoilt, replace(line, name="nobody"))).encode())


@dataclass
class Several:
    """Witnesses, asked in their turn."""

    witnesses: list[Witness]

    def call(self, call: Call, *, max_bytes: int) -> Answer:
        """Ask the one whose turn it is; who has a conflict is asked again at once."""
        answer = self.witnesses[0].call(call, max_bytes=max_bytes)
        if answer.status != httpx2.codes.CONFLICT:
            self.witnesses.pop(0)
        return answer


def test_the_two_nodes_confirm_each_other_and_a_receipt_made_again_proves_its_time(
    thai: Node, tmp_path_factory: pytest.TempPathFactory
) -> None:
    singaporean = node_in(tmp_path_factory.mktemp("sg"), state=SG)
    document = thai.ask().json()
    publish(thai.settings)
    asking = cosigning(thai, Witness(singaporean))
    asking.ask()
    thai.ask()
    publish(thai.settings)
    anew = cosigning(thai, Witness(singaporean))  # a node that begins anew learns what was confirmed last

    anew.ask()
    asking.ask()

    told = thai.send("GET", f"/v1/receipts/{document['report_id']}", headers=thai.access()).json()["receipt"]
    unverified = receipt.parse_unverified(told["proof"].encode())
    snapshot, at = thai.app.state.trust.in_force.snapshot, thai.clock.now()
    by = confirmed(unverified.checkpoint.note, snapshot, state=TH, at=at)
    assert [state for state, _ in by.states] == [SG]
    told = thai.send(
        "POST", "/v1/receipts/check", body={"receipt": told["proof"]}, headers={"content-type": "application/json"}
    ).json()
    assert [one["state"] for one in told["witnesses"]] == ["SG"]
    assert thai.settings.log_dir is not None
    size = newest(thai.settings.log_dir).checkpoint.size
    assert read_tile(thai.settings.log_dir, tile.tile_of(0, size - 1, size=size)[0])


def test_witnesses_are_asked_off_the_hot_path_at_their_own_pace() -> None:
    assert LIMITS.cosign_pause.total_seconds() == 10
