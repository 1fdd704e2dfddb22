"""No answer leaves before its leaf is durable: first what is not released, then what the leaf and the receipt prove."""

import asyncio
import json
import socket
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import mkdtemp
from threading import Thread
from typing import Any

import pytest

from idbridge.codec import base64url
from idbridge.errors import EvidenceError, RequestError
from idbridge.limits import LIMITS
from idbridge.tlog import further
from idbridge.tlog import receipt as receipts
from idbridge.tlog.commitment import Opening
from idbridge.tlog.leaf import Leaf, LeafType
from idbridge.tlog.receipt import VerifiedReceipt
from idbridge.trust.log_listing import listed_log
from idbridge_gateway.app import create_app
from idbridge_gateway.evidence.leaves import VerdictForms, kind_of, members_of, short
from idbridge_gateway.evidence.records import LaterAssertion
from idbridge_gateway.evidence.shared_line import SharedLine
from tests.gateway.asking import LOGIN, PRESENTATION, REFUSED, Node, problem_of, verdict_of
from tests.gateway.recording import serve_log
from tests.gateway.test_exchange import exchange, exchanging, form_of

__all__ = ["exchanging"]
KEY = "a-key-of-the-bank"
_BATCHES = 40  # far more than fill what may lie between a worker and a writer
TOO_LONG = (LIMITS.log_frame_bytes + 1).to_bytes(4, "big") + b"{"
WITHOUT: dict[str, Any] = {"log_dir": None, "log_day_keys_dir": None, "log_socket": None}


@pytest.fixture
def nowhere() -> Path:
    """A place for a socket at which nobody listens; a path of the test would be too long for one."""
    return Path(mkdtemp(prefix="idbridge-")) / "writer"


def writing(node: Node, **changes: Any) -> Node:
    """The same node with other settings of its log."""
    settings = node.settings.model_copy(update=changes)
    return replace(node, settings=settings, app=create_app(settings, clock=node.clock))


def proven(node: Node, document: Any) -> VerifiedReceipt:
    """The receipt of an answer, verified under the key that the state of the node lists for its log."""
    told = document["receipt"]
    snapshot, at = node.app.state.trust.in_force.snapshot, node.clock.now()
    log = listed_log(snapshot, told["origin"], signed_at=at, at=at)
    return receipts.verify(receipts.parse_unverified(told["proof"].encode()), log=log)


def asked_of(node: Node, name: str = LOGIN) -> bytes:
    credential: str = json.loads(node.case(name).body)["credential"]
    return credential.encode()


@pytest.mark.parametrize("name", [LOGIN, REFUSED])
def test_nothing_is_released_where_the_writer_of_the_log_is_gone(node: Node, nowhere: Path, name: str) -> None:
    response = writing(node, log_socket=nowhere).ask(name)

    assert problem_of(response, 503) == "system.unrecorded"
    assert response.headers["retry-after"] == "5"
    assert "claims" not in response.json()


def test_nothing_is_released_where_the_writer_does_not_answer_in_time(node: Node, nowhere: Path) -> None:
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(nowhere))
        silent.listen()

        response = writing(node, log_socket=nowhere, log_wait_seconds=0.05).ask()

    assert problem_of(response, 503) == "system.unrecorded"


@pytest.mark.parametrize(
    "told",
    [
        b"", b"\0\0\0\0", b"\xff\xff\xff\xff", TOO_LONG, b"\0\0\0\x02{}", b"\0\0\0\x04null", b'\0\0\0\x07{"n":1}',
        b'\0\0\0\x15{"n":1,"i":"0","r":"x"}', b'\0\0\0\x13{"n":2,"i":0,"r":"x"}', b'\0\0\0\x0f{"n":1,"i":0,"r"',
    ],
)  # fmt: skip
def test_nothing_is_released_on_what_is_not_the_word_of_a_writer(node: Node, nowhere: Path, told: bytes) -> None:
    def answer() -> None:
        connection, _ = listening.accept()
        with connection:
            connection.recv(LIMITS.log_frame_bytes)
            connection.sendall(told)

    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(nowhere))
        listening.listen()
        answering = Thread(target=answer)
        answering.start()

        response = writing(node, log_socket=nowhere, log_wait_seconds=5).ask()

        answering.join()
    assert problem_of(response, 503) == "system.unrecorded"


def test_a_writer_tells_nothing_to_who_asks_for_no_leaf(node: Node) -> None:
    at = str(node.settings.log_socket)
    for asked in (b"\xff\xff\xff\xff", b"\0\0\0\x02{}", b'\0\0\0\x20{"n":1,"t":"x","m":{},"o":null,"":1}'):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(at)
            connection.sendall(asked)
            connection.shutdown(socket.SHUT_WR)

            assert connection.recv(1) == b""


def test_no_more_leaves_wait_for_a_writer_than_may(nowhere: Path) -> None:
    async def crowded() -> list[Any]:
        line = SharedLine(nowhere, wait=LIMITS.log_sandbox_wait)
        asked = [asyncio.create_task(line.append(LeafType.START, {"ver": "1"})) for _ in range(LIMITS.log_waiting + 1)]
        done, others = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
        for one in others:
            one.cancel()
        await asyncio.wait(others)
        return [one.exception() for one in done]

    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(nowhere))
        silent.listen(LIMITS.log_waiting + 1)
        (refused,) = asyncio.run(crowded())

    assert isinstance(refused, RequestError)
    assert refused.code == "system.overloaded"


def test_leaves_for_which_nobody_waits_any_more_fill_no_memory_where_the_writer_stands_still(nowhere: Path) -> None:
    async def frozen() -> set[str]:
        line, codes = SharedLine(nowhere, wait=timedelta(milliseconds=50)), set[str]()
        for _ in range(_BATCHES):
            asked = (line.append(LeafType.START, {"ver": "1"}) for _ in range(LIMITS.log_waiting // 4))
            gone = await asyncio.gather(*asked, return_exceptions=True)
            codes |= {one.code for one in gone if isinstance(one, RequestError)}
            if "system.overloaded" in codes:
                break
        return codes

    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(nowhere))
        silent.listen()
        codes = asyncio.run(frozen())

    assert codes == {"system.unrecorded", "system.overloaded"}


def test_what_was_spent_for_an_answer_that_was_not_released_stays_spent(node: Node, nowhere: Path) -> None:
    other = writing(node, log_socket=nowhere)
    login, repeated = other.case(LOGIN).exchange, other.case(LOGIN).exchange

    assert problem_of(other.put(login), 503) == "system.unrecorded"
    assert problem_of(other.put(repeated, idempotency_key=KEY), 503) == "system.unrecorded"

    with serve_log(node.settings.log_socket, nowhere):
        assert verdict_of(other.put(login)) == ("FAILED", "holder.replayed")
        assert verdict_of(other.put(repeated, idempotency_key=KEY)) == ("PASSED", None)
        assert verdict_of(other.put(repeated)) == ("FAILED", "holder.replayed")


def test_a_batch_tells_of_each_item_that_it_was_not_written_down(node: Node, nowhere: Path) -> None:
    response = writing(node, log_socket=nowhere).batch([node.item(), node.item(REFUSED)])

    assert [item["code"] for item in response.json()["items"]] == ["system.unrecorded"] * 2


@pytest.mark.parametrize("case", [LOGIN, REFUSED])
def test_no_token_is_exchanged_and_no_refusal_told_unless_written_down(
    exchanging: Node, nowhere: Path, case: str
) -> None:
    settings = exchanging.settings.model_copy(update={"log_socket": nowhere})
    exchanging.app = create_app(settings, clock=exchanging.clock, clients=exchanging.app.state.provider.clients)

    response = exchange(exchanging, form_of(exchanging, case))

    assert response.status_code == 503
    assert response.json()["error"] == "temporarily_unavailable"
    assert response.json()["code"] == "system.unrecorded"
    assert response.headers["retry-after"] == "5"


def test_nothing_is_released_without_a_key_of_the_day(node: Node, tmp_path: Path) -> None:
    late = tmp_path / "2999-01-01.key"
    late.write_bytes(bytes(32))
    late.chmod(0o600)

    response = writing(node, log_day_keys_dir=tmp_path).ask()

    assert problem_of(response, 503) == "system.unrecorded"


def test_nothing_is_released_while_somebody_else_has_the_log_and_all_is_well_after(
    node: Node, shared_files: Path, tmp_path: Path
) -> None:
    own = {"log_dir": tmp_path / "log", "log_socket": None, "log_day_keys_dir": tmp_path / "days"}
    key = {"log_key_file": shared_files / "nodes" / "TH" / "log.pem", "log_heads_dir": tmp_path / "heads"}
    first, second = writing(node, **own, **key), writing(node, **own, **key)
    assert verdict_of(first.ask()) == ("PASSED", None)

    assert problem_of(second.ask(), 503) == "system.unrecorded"
    assert problem_of(second.ask(), 503) == "system.unrecorded"  # it is not tried again at once

    asyncio.run(first.app.state.parts.evidence.close())
    assert problem_of(first.ask(), 503) == "system.unrecorded"
    third = writing(node, **own, **key)
    document = third.ask().json()
    asyncio.run(third.app.state.parts.evidence.close())
    assert proven(node, document).index == 1


def test_a_practice_node_without_a_log_gives_no_receipts(node: Node) -> None:
    document = writing(node, **WITHOUT).ask().json()

    assert document["accepted"] is True
    assert document["receipt"] is None


def test_the_leaf_of_an_answer_says_who_was_told_what_and_nothing_about_the_person(node: Node) -> None:
    document = node.ask(PRESENTATION).json()
    found = proven(node, document)

    members = dict(found.leaf.members)
    told = {name: members.pop(name) for name in ("req", "rp", "res", "day", "fmt", "loa", "pol", "pur", "rel", "iss")}
    assert found.leaf.type is LeafType.VERIFY
    assert told == {
        "req": document["report_id"], "rp": "th-bank", "res": "PASSED", "day": "2026-06-01", "fmt": "dc+sd-jwt",
        "loa": "A3", "pol": "1", "rel": "birthdate name nationality", "iss": "SG https://sandbox.pid.sg.example",
        "pur": "account-opening",
    }  # fmt: skip
    assert members.keys() == {"com", "kt", "list", "st", "also"}
    octets = found.leaf.octets().decode()
    for claim in ("Tan Hui Ling", "1991"):
        assert claim not in octets


def test_a_refusal_is_a_leaf_of_its_own_kind(node: Node) -> None:
    document = node.ask(REFUSED).json()
    leaf = proven(node, document).leaf

    assert leaf.type is LeafType.REJECT
    assert (leaf.members["res"], leaf.members["code"]) == ("FAILED", document["reason"]["code"])
    assert "rel" not in leaf.members


def test_a_receipt_opens_for_what_was_verified_and_for_nothing_else(node: Node) -> None:
    case = node.case(LOGIN)
    document = node.put(case.exchange).json()
    credential = json.loads(case.body)["credential"].encode()
    found = proven(node, document)

    found.require_about(credential)
    with pytest.raises(EvidenceError) as caught:
        found.require_about(asked_of(node))
    assert caught.value.code == "time.evidence_mismatch"
    told = document["receipt"]["opening"]
    opening = Opening(base64url.decode(told["key"]), base64url.decode(told["assertion"]))
    opening.require_opens(found.leaf.commitment, credential=credential)


def test_an_exchange_has_a_receipt_for_its_assertion_which_names_the_log(exchanging: Node) -> None:
    form = form_of(exchanging)
    document = exchange(exchanging, form).json()
    claims = json.loads(base64url.decode(document["access_token"].split(".")[1]))
    found = proven(exchanging, document)

    assert found.leaf.type is LeafType.ASSERT
    assert found.leaf.members["req"] == claims["report_id"]
    assert claims["log"] == document["receipt"]["origin"] == "sandbox.node.th.example/log"
    assert "receipt" not in claims
    found.require_about(form["subject_token"].encode())
    assert found.opening is not None
    found.opening.require_assertion(document["access_token"].encode())
    assert str(found.leaf.members["sub"]) not in json.dumps(claims)


def test_every_leaf_can_be_made_however_long_names_are(node: Node) -> None:
    question = _question(node)
    party = replace(question.relying_party, id="a" * LIMITS.leaf_text_characters, policy_version=2**31)
    longest = node.app.state.trust.current().verifier.verify(
        replace(question, relying_party=party), at=node.clock.now()
    )
    digest = base64url.encode(bytes(32))

    members = members_of(longest, report_id=f"rep_{'f' * 32}", commitment=digest, day="2026-06-01")
    members |= {"iss": "i" * LIMITS.leaf_text_characters, "rel": "r" * LIMITS.leaf_names_characters}
    members |= {"sub": digest, "code": "recognition.assertion_about_another", "kt": digest}
    members |= {"pur": "p" * LIMITS.leaf_text_characters}
    members |= {"also": further.told(f"{number:043}"[::-1] for number in range(LIMITS.leaf_further))}

    assert len(Leaf(LeafType.ASSERT, 2**53 - 1, members).octets()) <= LIMITS.leaf_bytes


@pytest.mark.parametrize("mark", [None, base64url.encode(bytes(range(32)))])
def test_the_leaf_of_a_form_is_the_leaf_of_its_report_octet_for_octet(node: Node, mark: str | None) -> None:
    forms, snapshot = VerdictForms(), node.app.state.trust.current()
    reports = [snapshot.verifier.verify(one, at=node.clock.now()) for one in _questions(node)]
    told = [(report, f"rep_{number:032x}") for number, report in enumerate(reports)]
    for report, report_id in [*told, *told]:
        own = {"report_id": report_id, "commitment": base64url.encode(report_id[:32].encode()), "day": "2026-06-01"}
        kind = kind_of(report, asserted=mark is not None)

        filled = forms.members(report, kind, mark=mark, **own)

        alone: dict[str, Any] = members_of(report, **own) | ({"sub": mark} if mark is not None else {})
        assert Leaf(kind, 1, filled).octets() == Leaf(kind, 1, alone).octets()
    assert {report.accepted for report in reports} == {True, False}


def test_a_relying_party_has_one_name_in_all_leaves_however_long_it_is(node: Node) -> None:
    longer = "a" * (LIMITS.leaf_text_characters + 1)
    report_id = f"rep_{'7' * 32}"

    async def asserted() -> Any:
        evidence = node.app.state.parts.evidence
        receipt = await evidence.records.asserted(LaterAssertion("text", report_id, longer))
        await evidence.close()
        return receipt

    found = receipts.parse_unverified(asyncio.run(asserted()).proof.encode())
    assert found.leaf.members["rp"] == short(longer)


def test_so_many_forms_are_kept_and_then_made_anew(node: Node) -> None:
    forms, report = VerdictForms(), node.app.state.trust.current().verifier.verify(_question(node), at=node.clock.now())
    own: dict[str, Any] = {"report_id": "rep_1", "commitment": base64url.encode(bytes(32)), "mark": None}

    for day in range(LIMITS.leaf_forms):
        forms.members(report, LeafType.VERIFY, day=f"day {day}", **own)
    assert len(forms) == LIMITS.leaf_forms
    assert forms.members(report, LeafType.VERIFY, day="another", **own)["day"] == "another"
    assert len(forms) == 1


def test_a_name_that_is_too_long_or_unusual_for_a_leaf_is_told_by_its_digest() -> None:
    longest = "n" * LIMITS.leaf_text_characters
    assert short(longest) == longest
    for unusual in (f"{longest}n", "ธนาคาร", 'a"b', "#a", "", "\ud800"):
        assert short(unusual).startswith("#")
        assert len(short(unusual)) == 44


def _questions(node: Node) -> list[Any]:
    asked = [_question(node, name) for name in (LOGIN, PRESENTATION, REFUSED)]
    other = replace(asked[0].relying_party, id='a"bank', policy_version=7)
    return [*asked, *(replace(one, relying_party=other) for one in asked), *(replace(one, claims=()) for one in asked)]


def _question(node: Node, name: str = PRESENTATION) -> Any:
    from idbridge_gateway.api.request import read_request

    party = node.region.registration("th-bank").relying_party
    return read_request(
        json.loads(node.case(name).body), relying_party=party,
        node_audiences=frozenset({node.settings.node_url}),
    )  # fmt: skip
