"""A recall by webhook: of a thousand answers each relying party is told its own, signed, and nobody else's."""

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any

import pytest
from click.testing import CliRunner
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from idbridge.cli.groups import RootGroup
from idbridge.codec import base64url
from idbridge.crypto.signer import generate
from idbridge.errors import ConfigurationError, FetchError
from idbridge.evidence.dispute_affected import Recalled, affected
from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge.net.calls import Answer, Call
from idbridge.tlog.leaf import LeafType
from idbridge_gateway.evidence.leaves import short
from idbridge_gateway.recall.noted import RecallNotes
from idbridge_gateway.recall.notices import NO_WEBHOOK, SWITCHED_OFF, UNREGISTERED, Notice, notices
from idbridge_gateway.recall.telling import tell
from idbridge_gateway.registration import write_registrations
from idbridge_gateway.registry.record import Registration
from tests.cli.ended import Ended
from tests.evidence.kit import DAY_KEY, Node, members
from tests.evidence.test_dispute_affected import KEY, PARTIES, SINCE, log
from tests.gateway.asking import the_region
from tests.gateway.clocks import NOON, HandClock

SIGNER = generate("Ed25519")
(ANY, *_) = the_region().registrations(MemberState.TH)


def registered(party: str, *, webhook: str | None, enabled: bool = True) -> Registration:
    """A relying party of this name, told at ``webhook``."""
    return Registration(replace(ANY.relying_party, id=party, enabled=enabled), webhook=webhook)


def address_of(party: str) -> str:
    return f"https://{party}.example/hooks"


EVERYBODY = tuple(registered(party, webhook=address_of(party)) for party in PARTIES)
FOUND = affected(log(), Recalled(SINCE, key=KEY))


@dataclass
class Network:
    """Every address: what it heard, and what it answers or fails by."""

    amiss: dict[str, int | Exception] = field(default_factory=dict)
    heard: dict[str, list[Call]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def __call__(self, address: str) -> "Line":
        return Line(self, address)

    def note(self, address: str, call: Call) -> Answer:
        with self._lock:
            self.heard.setdefault(address, []).append(call)
        answer = self.amiss.get(address, 204)
        if isinstance(answer, Exception):
            raise answer
        return Answer(answer, {}, b"")


@dataclass
class Line:
    """One address of the network."""

    network: Network
    address: str

    def call(self, call: Call, *, max_bytes: int) -> Answer:
        """Ask it."""
        assert (call.url, max_bytes) == (self.address, LIMITS.webhook_answer_bytes)
        return self.network.note(self.address, call)


def verified(call: Call) -> dict[str, Any]:
    """The document of a webhook whose signature a receiver would accept."""
    head = call.head
    signed = f"{head['webhook-id']}.{head['webhook-timestamp']}.".encode() + call.body
    version, _, signature = head["webhook-signature"].partition(",")
    public = Ed25519PublicKey.from_public_bytes(base64url.decode(SIGNER.public_jwk["x"]))
    public.verify(base64.b64decode(signature), signed)
    assert version == "v1a"
    document: dict[str, Any] = json.loads(call.body)
    return document


def told(due: tuple[Notice, ...], network: Network) -> tuple[Notice, ...]:
    return tell(due, signer=SIGNER, callers=network, clock=HandClock(), noted=lambda *_: None)


def test_who_has_no_webhook_is_switched_off_or_gone_is_named_and_nobody_is_told_for_them() -> None:
    everybody = (
        registered("rp-01", webhook=None),
        registered("rp-02", webhook=address_of("rp-02"), enabled=False),
        registered("rp-99", webhook=address_of("rp-99")),
    )
    found = {"rp-01": ("rep_1",), "rp-02": ("rep_2",), "rp-03": ("rep_3",)}
    network = Network()

    due = told(notices(found, everybody, at=NOON), network)

    assert {one.party: one.untold for one in due} == {
        "rp-01": NO_WEBHOOK, "rp-02": SWITCHED_OFF, "rp-03": UNREGISTERED,
    }  # fmt: skip
    assert network.heard == {}


@pytest.mark.parametrize(
    ("amiss", "why"),
    [(500, "it answered 500"), (FetchError("refused"), "refused"), (ConfigurationError("no such host"), "no such")],
)
def test_who_did_not_hear_it_is_named_and_the_others_are_told(amiss: int | Exception, why: str) -> None:
    network = Network({address_of("rp-01"): amiss})

    due = told(notices({"rp-01": ("rep_1",), "rp-02": ("rep_2",)}, EVERYBODY, at=NOON), network)

    assert [(one.party, bool(one.untold)) for one in due] == [("rp-01", True), ("rp-02", False)]
    assert why in due[0].untold
    assert [verified(call)["data"]["reports"] for call in network.heard[address_of("rp-02")]] == [["rep_2"]]


def test_of_a_thousand_answers_over_twenty_parties_each_is_told_exactly_its_own() -> None:
    network = Network()

    due = told(notices(FOUND, EVERYBODY, at=NOON), network)

    assert not any(one.untold for one in due)
    assert network.heard.keys() == {address_of(party) for party in FOUND}
    heard = {address: [verified(call) for call in calls] for address, calls in network.heard.items()}
    for party, reports in FOUND.items():
        assert heard[address_of(party)] == [
            {
                "type": ".".join(("trust", "recall")),
                "timestamp": "2026-06-01T12:00:00Z",
                "data": {"relying_party": party, "reports": list(reports)},
            }
        ]
    assert sum(len(one["data"]["reports"]) for calls in heard.values() for one in calls) == 104


def test_a_webhook_that_was_altered_does_not_verify() -> None:
    network = Network()
    told(notices({"rp-01": ("rep_1",)}, EVERYBODY, at=NOON), network)
    (call,) = network.heard[address_of("rp-01")]

    with pytest.raises(InvalidSignature):
        verified(replace(call, body=call.body.replace(b"rep_1", b"rep_2")))


def test_many_reports_come_in_several_webhooks_each_once_and_again_under_the_same_ids() -> None:
    reports = tuple(f"rep_{number:032x}" for number in range(LIMITS.recall_reports + 1))
    first, again = (notices({"rp-01": reports}, EVERYBODY, at=NOON)[0].deliveries for _ in range(2))
    other = notices({"rp-02": reports}, EVERYBODY, at=NOON)[0].deliveries

    parts = [json.loads(one.body)["data"]["reports"] for one in first]
    assert [len(part) for part in parts] == [LIMITS.recall_reports, 1]
    assert [*parts[0], *parts[1]] == list(reports)
    assert max(len(one.body) for one in first) <= 20_480
    assert [one.id for one in first] == [one.id for one in again]
    assert len({one.id for one in (*first, *other)}) == 4


def test_a_party_whose_name_a_leaf_tells_by_a_digest_is_told_too() -> None:
    long = "a-relying-party-with-a-name-that-is-longer-than-what-a-leaf-tells-in-full-by-far"
    (notice,) = notices({short(long): ("rep_1",)}, [registered(long, webhook=address_of("long"))], at=NOON)

    assert short(long) != long
    assert (notice.party, notice.untold) == (long, "")


@pytest.fixture
def heard() -> Iterator[tuple[str, list[Call]]]:
    """The address of a relying party's own server on this machine, and what it heard."""
    calls: list[Call] = []

    class Endpoint(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            head = {name: self.headers[name] for name in ("webhook-id", "webhook-timestamp", "webhook-signature")}
            calls.append(Call("POST", "http://127.0.0.1/", head, body))  # type: ignore[arg-type]
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Endpoint) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/hooks", calls
        server.shutdown()
        thread.join()


@pytest.fixture
def recall(tmp_path: Path, heard: tuple[str, list[Call]]) -> Callable[..., Ended]:
    """Run `idbridge rp recall` over a log of three answers, of which one relied on the key."""
    node = Node(tmp_path / "log").begin()
    writer = node.open()
    for number in range(3):
        said = {**members(number), "rp": "rp-01", **({"kt": KEY} if number == 1 else {})}
        writer.append_blocking(LeafType.VERIFY, said, opening=DAY_KEY.opening(str(said["req"])))
    writer.close()
    parties, key = tmp_path / "parties.json", tmp_path / "webhook.pem"
    write_registrations(parties, [registered("rp-01", webhook=heard[0])], environment=the_region().environment)
    key.touch(mode=0o600)
    key.write_text(SIGNER.pem(), encoding="ascii")
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    RecallNotes(state).begin()
    env = {
        "COLUMNS": "250",
        "IDBRIDGE_STATE_DIR": str(state),
        "IDBRIDGE_ENVIRONMENT": "sandbox",
        "IDBRIDGE_RELYING_PARTIES_FILE": str(parties),
        "IDBRIDGE_LOG": str(node.folder),
    }

    def run(*arguments: str, signed: bool = True, **changes: str | None) -> Ended:
        root = RootGroup("idbridge", places={"rp": "idbridge_gateway.registry.commands:rp"}, headings={})
        named = {**env, **({"IDBRIDGE_WEBHOOK_KEY_FILE": str(key)} if signed else {}), **changes}
        result = CliRunner().invoke(root, ("rp", "recall", "--since", "2026-01-01T00:00:00Z", *arguments), env=named)
        return Ended(result.exit_code, result.stdout, result.stderr)

    return run


def test_a_recall_of_nothing_without_a_key_or_only_rehearsed_tells_nobody(
    recall: Callable[..., Ended], heard: tuple[str, list[Call]]
) -> None:
    nothing, unsigned = recall(), recall("--key", KEY, signed=False)
    unaffected, rehearsed = recall("--key", "A" * 43), recall("--key", KEY, "--dry-run", "--json")

    assert (nothing.code, unsigned.code, unaffected.code, rehearsed.code) == (2, 5, 0, 0)
    assert "a recall names one" in nothing.err
    assert "key of webhooks" in unsigned.err
    assert "no answer that was accepted relied on it" in unaffected.out
    assert rehearsed.json["summary"]["done"] is False
    assert rehearsed.json["results"] == [{"rp": "rp-01", "reports": 1, "told": False, "why": None}]
    assert heard[1] == []


def test_a_recall_of_which_no_log_can_tell_is_not_sent(
    recall: Callable[..., Ended], heard: tuple[str, list[Call]], tmp_path: Path
) -> None:
    unnamed, elsewhere = (recall("--key", KEY, IDBRIDGE_STATE_DIR=one) for one in (None, str(tmp_path)))

    assert (unnamed.code, elsewhere.code) == (5, 5)
    assert "the log of the node tells of each recall" in unnamed.err
    assert "no node keeps its state" in elsewhere.err
    assert heard[1] == []


def test_a_recall_tells_the_registered_address_and_says_so(
    recall: Callable[..., Ended], heard: tuple[str, list[Call]], tmp_path: Path
) -> None:
    ended = recall("--key", KEY)

    assert ended.code == 0, ended.err
    assert "rp-01" in ended.out
    (call,) = heard[1]
    assert RecallNotes(tmp_path / "state").names() == (
        f"00000001.send.{call.head['webhook-id']}",
        f"00000002.told.{call.head['webhook-id']}",
    )
    assert verified(call)["data"] == {"relying_party": "rp-01", "reports": [f"rep_{1:032x}"]}
