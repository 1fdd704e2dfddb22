"""Recalls in the log: none is sent of which no leaf will tell, and a leaf says to whom one went and what came of it."""

import asyncio
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from idbridge.errors import ConfigurationError
from idbridge.evidence.errors import UnrecordedError
from idbridge.limits import LIMITS
from idbridge.tlog import receipt as receipts
from idbridge.tlog.leaf import LeafType
from idbridge_gateway.evidence.acts import Acts
from idbridge_gateway.evidence.leaves import short
from idbridge_gateway.recall.noted import RecallNotes
from idbridge_gateway.recall.notices import notices
from idbridge_gateway.recall.telling import tell
from tests.gateway.asking import Node
from tests.gateway.clocks import NOON, HandClock
from tests.gateway.test_acts import Kept
from tests.gateway.test_recall import EVERYBODY, SIGNER, Network, address_of, registered

LONG = "a-relying-party-with-a-name-that-is-longer-than-what-a-leaf-tells-in-full-by-far"
MSG = f"msg_{'7' * 32}"


@pytest.fixture
def noting(tmp_path: Path) -> RecallNotes:
    notes = RecallNotes(tmp_path)
    notes.begin()
    notes.begin()
    return notes


def acts_of(node: Node, line: Kept, notes: RecallNotes | None) -> Acts:
    parts = node.app.state.parts
    return Acts(line, turns=parts.turns, registry=parts.registry, recalls=notes)


def recalls_in(line: Kept) -> list[tuple[str, str, str]]:
    return [(str(one["act"]), str(one["rp"]), str(one["msg"])) for kind, one in line.told if kind == "recall"]


def test_what_cannot_be_noted_first_is_not_sent_to_anybody(tmp_path: Path) -> None:
    network, absent = Network(), RecallNotes(tmp_path / "absent")
    due = notices({"rp-01": ("rep_1",), "rp-02": ("rep_2",)}, EVERYBODY, at=NOON)

    with pytest.raises(ConfigurationError, match="no node keeps its state"):
        tell(due, signer=SIGNER, callers=network, clock=HandClock(), noted=absent.put)

    assert network.heard == {}


def test_a_note_goes_once_its_leaf_is_durable_and_not_before(node: Node, noting: RecallNotes) -> None:
    noting.put("send", "rp-01", MSG)
    noting.put("told", "rp-01", MSG)
    line = Kept()
    acts, silent = acts_of(node, line, noting), acts_of(node, Kept(), noting)
    silent.silence()
    line.refusal = UnrecordedError("the disk is full")
    asyncio.run(acts.tell_recalls())
    asyncio.run(silent.tell_recalls())
    assert len(noting.names()) == 2

    line.refusal = None
    asyncio.run(acts.tell_recalls())
    asyncio.run(acts.tell_recalls())

    assert recalls_in(line) == [("send", "rp-01", MSG), ("told", "rp-01", MSG)]
    assert noting.names() == ()


def test_what_is_sent_again_before_the_log_told_of_it_has_leaves_of_its_own_in_the_order_in_which_it_happened(
    node: Node, noting: RecallNotes, tmp_path: Path
) -> None:
    """The same recall has the same webhooks, so that the last word of the log would else be that of the first try."""
    for act in ("send", "untold"):
        noting.put(act, "rp-01", MSG)
    again = RecallNotes(tmp_path)
    for act in ("send", "told"):
        again.put(act, "rp-01", MSG)
    line = Kept()

    asyncio.run(acts_of(node, line, noting).tell_recalls())

    assert [act for act, *_ in recalls_in(line)] == ["send", "untold", "send", "told"]
    assert noting.names() == ()


def test_what_is_sent_again_while_the_log_tells_of_it_is_told_once_more(node: Node, noting: RecallNotes) -> None:
    class Slow(Kept):
        async def append(self, *told: Any, **named: Any) -> Any:
            if not recalls_in(self):
                noting.put("send", "rp-01", MSG)
            return await super().append(*told, **named)

    noting.put("send", "rp-01", MSG)
    line = Slow()
    acts = acts_of(node, line, noting)

    asyncio.run(acts.tell_recalls())
    asyncio.run(acts.tell_recalls())

    assert recalls_in(line) == [("send", "rp-01", MSG)] * 2


def test_a_note_that_is_damaged_has_no_leaf_and_keeps_no_other_from_its_own(
    node: Node, noting: RecallNotes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder, line = tmp_path / "recalls", Kept()
    noting.put("told", "rp-01", MSG)
    (good,), send = noting.names(), "00000009.send"
    bad = {
        f"00000009.burn.{MSG}": b"rp-01", "00000009.told.": b"rp-01", send: b"rp-01", f"told.{MSG}": b"rp-01",
        f"{send}.{MSG}1": b"", f"{send}.{MSG}2": b'a"b', f"{send}.{MSG}3": b"\xff",
        f"{send}.{MSG}4": b"a" * (LIMITS.leaf_text_characters + 1), f'{send}.a"b': b"rp-01",
    }  # fmt: skip
    for name, octets in bad.items():
        (folder / name).write_bytes(octets)
    (folder / f"{send}.{MSG}5").symlink_to(folder / good)
    (folder / f".{send}.{MSG}.17").write_bytes(b"rp-01")  # of a write that was cut short

    asyncio.run(acts_of(node, line, noting).tell_recalls())

    assert recalls_in(line)[:1] == [("told", "rp-01", MSG)]
    assert set(noting.names()) >= bad.keys() - {f'{send}.a"b'}
    assert good not in noting.names()
    assert "a recall cannot be written down" in caplog.text


def test_a_node_whose_folder_of_notes_is_gone_says_so_and_goes_on(
    node: Node, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    asyncio.run(acts_of(node, Kept(), RecallNotes(tmp_path / "absent")).tell_recalls())
    asyncio.run(acts_of(node, Kept(), None).tell_recalls())

    assert caplog.text.count("a recall cannot be written down") == 1


def test_the_log_tells_what_came_of_each_webhook_and_nothing_of_an_answer(
    node: Node, noting: RecallNotes, tmp_path: Path
) -> None:
    reports = tuple(f"rep_{number:032x}" for number in range(2 * LIMITS.recall_reports + 1))
    everybody = [registered("rp-01", webhook=address_of("rp-01")), registered(LONG, webhook=address_of("long"))]
    network, mask = Network({address_of("long"): 500}), os.umask(0o077)
    long, first = notices({"rp-01": reports, short(LONG): ("rep_1",)}, everybody, at=NOON)

    done = tell([first, long], signer=SIGNER, callers=network, clock=HandClock(), noted=noting.put)
    os.umask(mask)

    assert [(one.heard, one.untold) for one in done] == [(3, ""), (0, "it answered 500")]
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "recalls").iterdir()} == {0o644}
    line = Kept()
    asyncio.run(acts_of(node, line, noting).tell_recalls())
    told = recalls_in(line)
    assert sorted({act for act, party, _ in told if party == "rp-01"}) == ["send", "told"]
    assert [act for act, party, _ in told if party != "rp-01"] == ["send", "untold"]
    assert {message for _, party, message in told if party == "rp-01"} == {one.id for one in first.deliveries}
    assert [act for act, *_ in told] == sorted(act for act, *_ in told)
    assert "rep_" not in str(line.told)


def test_who_heard_the_first_of_several_webhooks_is_not_told_as_one_who_heard_all(noting: RecallNotes) -> None:
    reports = tuple(f"rep_{number:032x}" for number in range(2 * LIMITS.recall_reports + 1))
    (due,) = notices({"rp-01": reports}, EVERYBODY, at=NOON)

    class Failing(Network):
        def note(self, address: str, call: object) -> object:  # type: ignore[override]
            self.amiss = {address: 500} if self.heard else {}
            return super().note(address, call)  # type: ignore[arg-type]

    (done,) = tell([due], signer=SIGNER, callers=Failing(), clock=HandClock(), noted=noting.put)

    assert (done.heard, done.untold) == (1, "it answered 500")
    first, *others = (one.id for one in due.deliveries)
    assert [name.partition(".")[2] for name in noting.names() if ".send." not in name] == [
        f"told.{first}", *(f"untold.{one}" for one in others),
    ]  # fmt: skip
    assert replace(done, untold="", heard=0) == due


def test_a_node_that_lives_writes_into_its_log_what_was_noted(own_node: Node) -> None:
    notes = RecallNotes(own_node.settings.state_dir)
    notes.put("send", "rp-01", MSG)

    async def lived() -> None:
        async with own_node.app.router.lifespan_context(own_node.app):
            async with asyncio.timeout(60):
                while notes.names():
                    await asyncio.sleep(0.01)

    asyncio.run(lived())

    assert notes.names() == ()
    proof = own_node.ask().json()["receipt"]["proof"]
    assert receipts.parse_unverified(proof.encode()).leaf.type is LeafType.VERIFY
