"""A recall at a gateway: the suite listens as its relying parties, and sees who is told of what, and by whose key.

A gateway that was started for the suite recalls when it is told so (``POST /conformance/recall``). Clauses: Standard
Webhooks 1.0; architecture D8 and D9.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from types import MappingProxyType
from typing import Any, Final

from idbridge.clock import SystemStopwatch
from idbridge.codec import base64std
from idbridge.conformance.answer import FaultKind
from idbridge.conformance.loading import RECALL_PATH
from idbridge.conformance.targets.gateway.edge import minted
from idbridge.conformance.targets.gateway.suite import Suite
from idbridge.conformance.targets.gateway.wire import JSON
from idbridge.conformance.targets.idp.wire import NoVerdictError
from idbridge.conformance.targets.live import Finding, Procedure
from idbridge.conformance.targets.receiving import SECONDS, body_of
from idbridge.conformance.targets.resilience.answers import proven, require_ok, sent
from idbridge.crypto.keys import parse_jwk
from idbridge.errors import IdBridgeError
from idbridge.limits import LIMITS
from idbridge.model.time import instant_text

NOBODY: Final = Finding("recall.nobody", "nobody was told")
NOT_TOLD: Final = "recall.not_told"
STRANGER: Final = "recall.stranger"
OTHERS_REPORTS: Final = "recall.reports_of_others"
UNSIGNED: Final = "recall.unsigned"
TELLS_MORE: Final = "recall.tells_more"
_WEBHOOKS: Final = "webhooks.json"
_KEYS: Final = "/.well-known/webhook-keys.json"
_PUBLISHED: Final = timedelta(seconds=10)
_PAUSE_S: Final = 0.05
_LOOPBACK: Final = "127.0.0.1"
_EVENT: Final = "recall"
_MEMBERS: Final = frozenset({"type", "timestamp", "data"})
_DATA: Final = frozenset({"relying_party", "reports"})


@dataclass(frozen=True, slots=True)
class _Heard:
    """A webhook as one relying party got it. Names of header fields are in lower case."""

    party: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class _Ear:
    """What all relying parties of the suite heard."""

    heard: list[_Heard] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def note(self, one: _Heard) -> None:
        with self.lock:
            self.heard.append(one)


@dataclass(frozen=True, slots=True)
class _Answer:
    """An answer of the gateway: who asked, its id, the key that was relied on, and where its leaf stands."""

    party: str
    report_id: str
    key: str
    index: int


def recall(suite: Suite, parameters: Mapping[str, Any]) -> Finding | None:
    """Ask ``cases`` and recall the key of the first: its party is told of its own reports that relied on it.

    Of others nobody is told, and of nobody anything else. With ``nobody`` there is none that is to be told.
    """
    ear = _Ear()
    with _listening(suite, ear, parameters["parties"]):
        given = [_asked(suite, case) for case in parameters["cases"]]
        _await_published(suite, max(one.index for one in given))
        body = json.dumps({"key": given[0].key, "since": instant_text(suite.at - timedelta(days=1))}).encode()
        require_ok(suite.wire.send("POST", RECALL_PATH, headers={"Content-Type": JSON}, body=body))
        due = [one for one in given if one.key == given[0].key]
        return _judged(suite, ear.heard, [] if parameters.get("nobody") else due)


def _judged(suite: Suite, heard: Sequence[_Heard], due: Sequence[_Answer]) -> Finding | None:
    parties = {one.party for one in due}
    for one in heard:
        if one.party not in parties:
            return Finding(STRANGER, f"{one.party} was told, and it does not concern it")
        own = {answer.report_id for answer in due if answer.party == one.party}
        if wrong := _wrong(suite, one, own=own):
            return wrong
    if not heard and not due:
        return NOBODY
    if untold := parties - {one.party for one in heard}:
        return Finding(NOT_TOLD, f"{', '.join(sorted(untold))} was not told")
    return None


def _wrong(suite: Suite, one: _Heard, *, own: set[str]) -> Finding | None:
    """Return what is wrong with a webhook: not signed by the gateway, of other reports, or with more in it."""
    if not _is_signed(suite, one):
        return Finding(UNSIGNED, "a webhook that no published key of the gateway signed")
    document = json.loads(one.body)
    if document.keys() != _MEMBERS or document["data"].keys() != _DATA or document["type"] != f"trust.{_EVENT}":
        return Finding(TELLS_MORE, "a webhook with other members than ids of reports")
    data = document["data"]
    if data["relying_party"] != one.party or set(data["reports"]) != own:
        return Finding(OTHERS_REPORTS, "a webhook that names other reports than those that it concerns")
    return None


def _is_signed(suite: Suite, one: _Heard) -> bool:
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    identity, timestamp, told = (one.headers.get(name, "") for name in names)
    signed = b".".join((identity.encode(), timestamp.encode(), one.body))
    version, _, signature = told.partition(",")
    if version != "v1a":
        return False
    for jwk in require_ok(suite.wire.send("GET", _KEYS)).document()["keys"]:
        try:
            parse_jwk(jwk).verify("Ed25519", signature=base64std.decode(signature), signed=signed)
        except IdBridgeError:
            continue
        return True
    return False


def _asked(suite: Suite, case: str) -> _Answer:
    """Return the answer to ``case``, of which the receipt says by which key it was decided.

    Raises:
        NoVerdictError: There is no good receipt.
    """
    made = minted(suite, case)
    document = require_ok(sent(suite, made.exchange)).document()
    try:
        found = proven(suite, document["receipt"]["proof"])
        key = str(found.leaf.members["kt"])
    except (IdBridgeError, LookupError, TypeError) as none:
        raise NoVerdictError(FaultKind.MALFORMED, "an answer without a good receipt, so nothing can be tried") from none
    return _Answer(str(made.case.relying_party), document["report_id"], key, found.index)


def _await_published(suite: Suite, index: int) -> None:
    """Wait until the log shows the leaf at ``index`` to everybody.

    Raises:
        NoVerdictError: It does not.
    """
    stopwatch = SystemStopwatch()
    until = stopwatch.seconds() + _PUBLISHED.total_seconds()
    while stopwatch.seconds() < until:
        shown = suite.wire.send("GET", "/log/checkpoint").body.split(b"\n")
        if len(shown) > 1 and shown[1].isdigit() and int(shown[1]) > index:
            return
        Event().wait(_PAUSE_S)
    raise NoVerdictError(FaultKind.HANG, "the log does not show what was written to it")


@contextmanager
def _listening(suite: Suite, ear: _Ear, parties: Sequence[str]) -> Iterator[None]:
    """Let each of ``parties`` listen at an address of its own, which the gateway knows, until the block ends."""
    with ExitStack() as standing:
        addresses = {party: standing.enter_context(_window(party, ear)) for party in parties}
        suite.begin(beside={_WEBHOOKS: json.dumps(addresses).encode()})
        yield


@contextmanager
def _window(party: str, ear: _Ear) -> Iterator[str]:
    with ThreadingHTTPServer((_LOOPBACK, 0), _serving(party, ear)) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield f"http://{_LOOPBACK}:{server.server_port}/hook"
        finally:
            server.shutdown()
            thread.join()


def _serving(party: str, ear: _Ear) -> type[BaseHTTPRequestHandler]:
    class Serving(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = SECONDS

        def do_POST(self) -> None:
            body = body_of(self)
            if body is None:
                return
            headers = {name.lower(): value for name, value in self.headers.items()}
            if len(ear.heard) < LIMITS.webhooks_waiting:
                ear.note(_Heard(party, headers, body))
            self.send_response(204)
            self.send_header("Content-Length", "0")
            self.send_header("Connection", "close")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Write nothing: standard error is for people."""

    return Serving


PROCEDURES: Final[Mapping[str, Procedure[Suite]]] = MappingProxyType({"recall": recall})
