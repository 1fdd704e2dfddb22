"""A node signs with the keys that `idbridge keys` keeps: with none that is not granted, and never with two at once."""

import json
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from idbridge.errors import ConfigurationError
from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge.trust import records
from idbridge.trust.node_keys import KeyPurpose, NodeKey
from idbridge_gateway.journal import JOURNAL
from idbridge_gateway.serving import BackgroundServer
from tests.gateway.asking import Node, verdict_of
from tests.gateway.distributed import deny_state, distributed_node
from tests.gateway.rotating import (
    BRANCH,
    LONG_AGO,
    SERVICE,
    Rotating,
    asserted_by,
    files_of,
    kid_of,
    look,
    published,
    question,
    with_one_key,
)
from tests.gateway.test_assertion import ASSERTION

LEAD = LIMITS.key_publication_lead
KEPT = LIMITS.assertion_lifetime + LIMITS.clock_leeway_max
NOT_AVAILABLE = ("FAILED", "policy.assertion_not_available")


@pytest.fixture
def one(tmp_path: Path) -> tuple[Rotating, NodeKey]:
    return with_one_key(tmp_path)


@pytest.fixture
def journal(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """What was told of the node's keys since the last time."""
    caplog.set_level(logging.INFO, logger="idbridge_gateway")

    def told() -> list[str]:
        alerts = [record.alert for record in caplog.records if hasattr(record, "alert")]
        caplog.clear()
        return [alert["detail"] for alert in alerts if alert["kind"] == "node_keys"]

    return told


@pytest.fixture
def uses(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The keys that the journal said are in use, one after the other."""
    said: list[str] = []
    handler = logging.Handler()
    monkeypatch.setattr(handler, "emit", lambda record: said.extend(record.args if "in use" in record.msg else ()))
    monkeypatch.setattr(JOURNAL, "handlers", [*JOURNAL.handlers, handler])
    return said


def answer(node: Node, **changes: Any) -> tuple[str, str | None]:
    """What the node of Singapore answers its branch that asks for an assertion."""
    body = question(node, **changes)
    return verdict_of(node.send("POST", "/v1/verify", body=body, headers=node.access(BRANCH)))


def kid_used(node: Node) -> str:
    return kid_of(asserted_by(node))


def second_key(rotating: Rotating) -> NodeKey:
    """Publish a second key, and let the time pass that others need to learn of it."""
    key = rotating.key()
    rotating.clock.instant += LEAD
    return key


# What is not granted does not sign.


def test_a_node_whose_list_names_none_of_its_keys_does_not_start(tmp_path: Path) -> None:
    rotating = files_of(tmp_path)
    rotating.key(at=LONG_AGO)
    rotating.rotate(at=LONG_AGO + LEAD)

    with pytest.raises(ConfigurationError, match="SG does not list the key") as caught:
        rotating.node()

    assert caught.value.code == "system.configuration"


def test_a_node_does_not_start_on_a_key_that_waits(tmp_path: Path) -> None:
    rotating = files_of(tmp_path)
    rotating.list_keys(rotating.key(at=LONG_AGO))

    with pytest.raises(ConfigurationError, match="is active; `idbridge keys rotate`"):
        rotating.node()


def test_a_node_does_not_start_on_a_folder_without_records(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=records.FILE):
        files_of(tmp_path).node()


def test_the_active_key_is_not_used_before_the_list_grants_it_and_the_one_before_it_signs_on(
    one: tuple[Rotating, NodeKey], journal: Callable[[], list[str]], uses: list[str]
) -> None:
    rotating, first = one
    node = rotating.node()
    look(node)
    second = second_key(rotating)
    rotating.rotate()
    for _ in range(3):
        look(node)

    assert kid_used(node) == first.kid
    why = f"SG does not list the key {second.kid} for assertions of {node.settings.node_url}"
    assert journal() == [f"{why}; the node goes on with {first.kid}"]

    rotating.list_keys(first, second)
    look(node)

    assert kid_used(node) == second.kid
    assert journal() == []
    assert uses == [first.kid, second.kid]


def test_a_node_that_starts_in_between_signs_with_the_key_before_too(
    one: tuple[Rotating, NodeKey], journal: Callable[[], list[str]]
) -> None:
    rotating, first = one
    second_key(rotating)
    rotating.rotate()
    rotating.clock.instant += 2 * KEPT
    node = rotating.node()
    look(node)

    assert kid_used(node) == first.kid
    assert len(journal()) == 1
    assert first.kid in published(node)


def test_when_no_key_is_granted_any_more_assertions_are_refused_and_verdicts_go_on(
    one: tuple[Rotating, NodeKey], journal: Callable[[], list[str]]
) -> None:
    rotating, first = one
    node = rotating.node()
    look(node)
    rotating.clock.turn(seconds=5)
    rotating.region = rotating.region.with_status(SERVICE, "withdrawn", at=rotating.clock.now())
    rotating.region.publish(rotating.directory)
    look(node)

    assert answer(node) == NOT_AVAILABLE
    assert answer(node, assertion=None) == ("PASSED", None)
    (told,) = journal()
    assert told.endswith("; no assertion is made")
    assert published(node) == [first.kid]


def test_a_key_that_leaked_gives_way_at_once_where_the_list_names_the_next(one: tuple[Rotating, NodeKey]) -> None:
    rotating, first = one
    node = rotating.node()
    second = rotating.key()
    rotating.list_keys(first, second)
    rotating.rotate(emergency=True)
    look(node)

    assert kid_used(node) == second.kid


# Whatever goes wrong leaves in use what was.


def test_records_that_are_not_in_order_leave_in_use_what_was_and_are_told_once(
    one: tuple[Rotating, NodeKey], journal: Callable[[], list[str]]
) -> None:
    rotating, first = one
    node = rotating.node()
    look(node)
    second = second_key(rotating)
    rotating.list_keys(first, second)
    rotating.rotate()
    place = rotating.folder / records.FILE
    good = place.read_bytes()
    place.write_bytes(good.replace(b'"number":2', b'"number":3'))
    for _ in range(3):
        look(node)

    assert kid_used(node) == first.kid
    assert [told.partition(":")[0] for told in journal()] == ["the keys cannot be read"]

    place.write_bytes(good)
    look(node)

    assert kid_used(node) == second.kid
    assert journal() == []


def test_an_error_that_nobody_foresaw_leaves_in_use_what_was(
    one: tuple[Rotating, NodeKey], caplog: pytest.LogCaptureFixture
) -> None:
    rotating, first = one
    node = rotating.node()
    node.app.state.key_watch._marks = None

    look(node)

    assert "AttributeError" in caplog.text
    assert kid_used(node) == first.kid


def test_a_retired_key_whose_file_is_gone_is_not_missed(one: tuple[Rotating, NodeKey]) -> None:
    rotating, first = one
    second = second_key(rotating)
    rotating.list_keys(first, second)
    rotating.rotate()
    (rotating.folder / first.private).unlink()

    assert kid_used(rotating.node()) == second.kid


# What others must know is published.


def test_keys_are_published_before_they_sign_and_until_their_last_assertion_is_over(
    one: tuple[Rotating, NodeKey],
) -> None:
    rotating, first = one
    node = rotating.node()
    assert published(node) == [first.kid]

    second = second_key(rotating)
    rotating.key(purpose=KeyPurpose.CLIENT)
    look(node)
    assert published(node) == [first.kid, second.kid]

    rotating.list_keys(second)
    rotating.rotate()
    look(node)
    rotating.clock.instant += KEPT - timedelta(seconds=1)
    assert published(node) == [first.kid, second.kid]

    rotating.clock.turn(seconds=1)
    assert published(node) == [second.kid]


def test_a_retired_key_stays_published_while_the_list_grants_it(one: tuple[Rotating, NodeKey]) -> None:
    rotating, first = one
    node = rotating.node()
    second = second_key(rotating)
    rotating.list_keys(first, second)
    rotating.rotate()
    look(node)
    rotating.clock.instant += 2 * KEPT

    assert published(node) == [first.kid, second.kid]


def test_a_copy_of_the_keys_lives_far_shorter_than_a_key_waits_and_no_longer_than_an_assertion(
    one: tuple[Rotating, NodeKey],
) -> None:
    header = one[0].node().send("GET", "/.well-known/jwks.json").headers["cache-control"]

    seconds = int(header.partition("max-age=")[2].partition(",")[0])

    assert header.startswith("public, ")
    assert header.endswith(", must-revalidate")
    assert timedelta(seconds=seconds) <= min(LIMITS.key_publication_lead, LIMITS.assertion_lifetime)


# A rotation under requests.


class Asking:
    """Asks a running node for batches of assertions until the whole of one is signed with the key that is awaited."""

    def __init__(self, url: str, node: Node, awaited: str) -> None:
        self._url, self._node, self._awaited = url, node, awaited
        self.kids: list[set[str]] = []
        self.last = ""

    def batch(self, client: httpx2.Client) -> set[str]:
        items = [question(self._node) for _ in range(3)]
        access = self._node.access(BRANCH)
        answer = client.post("/v1/verify/batch", content=json.dumps({"items": items}), headers=access)
        reports = answer.json()["items"]
        assert [(report["indication"], report["reason"]) for report in reports] == [("PASSED", None)] * 3
        self.last = reports[0]["assertion"]
        return {kid_of(report["assertion"]) for report in reports}

    def run(self, turn: Callable[[], object]) -> None:
        with httpx2.Client(base_url=self._url, trust_env=False, timeout=120) as client:
            self.kids.append(self.batch(client))
            turn()
            while self.kids[-1] != {self._awaited}:
                assert len(self.kids) < 2_000
                self.kids.append(self.batch(client))


def test_a_rotation_under_requests_fails_none_and_mixes_no_keys(one: tuple[Rotating, NodeKey]) -> None:
    rotating, first = one
    second = second_key(rotating)
    rotating.list_keys(first, second)
    node, other = rotating.node(reload_seconds=0.05), rotating.verifying()
    before = asserted_by(node)
    with BackgroundServer(node.app) as server, ThreadPoolExecutor(2) as pool:
        askers = [Asking(server.url, node, second.kid) for _ in range(2)]
        turns: list[Callable[[], object]] = [rotating.rotate, lambda: None]
        for asking in list(pool.map(lambda asker, turn: asker.run(turn) or asker, askers, turns)):
            assert asking.kids[-1] == {second.kid}
            assert all(len(kids) == 1 for kids in asking.kids)
            assert asking.kids == sorted(asking.kids, key=lambda kids: kids == {second.kid})
    shown = {"purpose": "account-opening", "claims": ["name"]}

    verdicts = [
        verdict_of(other.send("POST", "/v1/verify", body={**shown, "credential": text}, headers=other.access()))
        for text in (before, askers[0].last)
    ]

    assert kid_of(before) == first.kid
    assert verdicts == [("PASSED", None), ("PASSED", None)]


def test_an_assertion_under_a_key_that_the_other_nodes_list_does_not_name_is_refused_there(
    one: tuple[Rotating, NodeKey],
) -> None:
    rotating, first = one
    other = rotating.verifying()
    second = second_key(rotating)
    rotating.list_keys(first, second)
    rotating.rotate()
    text = asserted_by(rotating.node())
    shown = {"purpose": "account-opening", "claims": ["name"], "credential": text}

    early = verdict_of(other.send("POST", "/v1/verify", body=shown, headers=other.access()))
    look(other)
    late = verdict_of(other.send("POST", "/v1/verify", body=shown, headers=other.access()))

    assert early[0] != "PASSED"
    assert late == ("PASSED", None)


def test_a_node_whose_state_denied_its_own_services_makes_no_assertion(tmp_path: Path) -> None:
    node = distributed_node(tmp_path)
    body = node.item(assertion=ASSERTION)
    deny_state(node, MemberState.TH)
    look(node)

    refused = node.send("POST", "/v1/verify", body=body, headers=node.access())
    del body["assertion"]
    without = node.send("POST", "/v1/verify", body=body, headers=node.access())

    assert (verdict_of(refused), verdict_of(without)) == (NOT_AVAILABLE, ("PASSED", None))
