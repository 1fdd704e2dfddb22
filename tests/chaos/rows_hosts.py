"""Rows about hosts that others run: of status lists and of key sets, which are down, drip, never end or lie."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler
from typing import Any

from idbridge.clock import SystemClock
from idbridge.crypto.signer import FileSigner
from idbridge.errors import FetchError
from idbridge.limits import LIMITS
from idbridge.model.randomness import SystemRandomness
from idbridge.sandbox.bench import Bench as SandboxBench
from idbridge.sandbox.status_offers import KEY_SET, login_under, naming, new_key
from idbridge.sandbox.statuses import SG, TH, RegionHost
from tests.chaos.bench import Bench
from tests.chaos.keeper import Keeper, seamed
from tests.chaos.load import ask, loaded, until, until_accepted
from tests.chaos.oracle import GOOD, OF_STATUS, Oracle, Question
from tests.chaos.proxy import WHOLE, FaultProxy, Spoil, fault_proxy
from tests.chaos.rows import row
from tests.chaos.rows_trust import QuietServer, none_refused, served

_PATIENCE = 60.0
_ROUND = 0.3  # seconds between two looks at what lists name
_BLOCK = bytes(65_536)


@dataclass
class Host:
    """What is served: ``document`` by address, as a whole or what ``lie`` makes of it; ``endless`` never ends."""

    document: Callable[[str], bytes]
    lie: Callable[[bytes], bytes] = lambda octets: octets
    endless: bool = False
    served: set[str] = field(default_factory=set)


def host_server(host: Host) -> QuietServer:
    """Return a server of ``host`` for whatever name it is asked by."""

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            try:
                octets = host.lie(host.document(f"https://{self.headers['host']}{self.path}"))
            except (FetchError, KeyError):
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("content-length", str(10**10 if host.endless else len(octets)))
            self.end_headers()
            try:
                self.wfile.write(octets)
                while host.endless:
                    self.wfile.write(_BLOCK)
            except OSError:
                return  # whoever asked has had enough

        def log_message(self, *_: Any) -> None:
            """Write nothing."""

    return QuietServer(("127.0.0.1", 0), Answering)


def node_with_hosts(bench: Bench, host: Host, *names: str, plain: bool = True) -> tuple[Keeper, FaultProxy]:
    """Start a node for which ``host``, behind a proxy, stands in for ``names``."""
    port = bench.stack.enter_context(served(host_server(host)))
    proxy = bench.stack.enter_context(fault_proxy(port))
    places = {name.removeprefix("https://"): f"http://127.0.0.1:{proxy.port}" for name in names}
    settings = bench.settings(plain=plain, crl_poll_seconds=_ROUND)
    return bench.node(settings, command=seamed(hosts=places)), proxy


def _of_status(bench: Bench) -> tuple[Keeper, FaultProxy, Host]:
    host = Host(lambda url: RegionHost(bench.region, SystemClock()).fetch(url, max_bytes=LIMITS.status_list_bytes))
    bench.oracle = Oracle(bench.region, good=(*GOOD, *OF_STATUS))
    node, proxy = node_with_hosts(bench, host, SG, TH)
    for name in OF_STATUS:
        until_accepted(bench.oracle, node.port, within=_PATIENCE, name=name)
    bench.count.refused_good = 0  # until the first round they are not known, and refused rightly
    return node, proxy, host


@row("the hosts of status lists are down, silent or cut short: the last good list counts")
def status_host_down(bench: Bench) -> None:
    node, proxy, _ = _of_status(bench)
    with loaded(bench.oracle, node.port, rate=30):
        for spoil in (Spoil(reset=True), Spoil(blackhole=True), Spoil(cut_after=150)):
            proxy.become(spoil, cutting=True)
            time.sleep(2)
    none_refused(bench, "while status hosts were down")
    proxy.become(WHOLE, cutting=True)
    bench.measure_recovery(
        "accepted once they are up",
        lambda: until_accepted(bench.oracle, node.port, within=_PATIENCE, name=OF_STATUS[0]), promised=1.0,
    )  # fmt: skip


@row("the hosts of status lists drip an octet at a time")
def status_host_dripping(bench: Bench) -> None:
    node, proxy, _ = _of_status(bench)
    proxy.become(Spoil(drip=10), cutting=True)
    with loaded(bench.oracle, node.port, rate=30):
        time.sleep(7)  # longer than a fetch may take
    none_refused(bench, "while status hosts dripped")


@row("the hosts of status lists send without end, garbage, and a list that somebody changed")
def status_host_hostile(bench: Bench) -> None:
    node, _, host = _of_status(bench)
    with loaded(bench.oracle, node.port, rate=30):
        host.endless = True
        time.sleep(2)
        host.endless = False
        for lie in (
            lambda _: b"\x1f\x8b" + bytes(1_000_000),
            lambda octets: octets[:-3] + b"AAA",
            lambda _: b"",
        ):
            host.lie = lie
            time.sleep(1)
    none_refused(bench, "while status hosts lied")


def _shown(bench: Bench, signer: FileSigner, *, kind: str) -> Question:
    """A login that a key signs which the login service publishes itself."""
    at, region = SystemClock().now(), bench.region
    shown = login_under(signer).shown(SandboxBench(region, at, SystemRandomness()), to=region.registration("th-bank"))
    minted = bench.oracle.good("sg-login-opens-account").minted
    body = {**json.loads(minted.body), "credential": shown.credential, "expected": {"nonce": shown.nonce}}
    return Question(replace(minted, body=json.dumps(body).encode()), kind)


@row("the host of a key set is down, then lies, then publishes a key no longer; and somebody signs with his own")
def key_set_host(bench: Bench) -> None:
    bench.region = naming(bench.region, at=SystemClock().now().replace(microsecond=0))
    listed = new_key(bench.region)
    own = replace(bench.region.keys.maker.make("ES256", name="attacker"), kid=listed.kid)
    sets: Mapping[str, bytes] = {KEY_SET: json.dumps({"keys": [dict(listed.public_jwk)]}).encode()}
    host = Host(lambda url: sets[url])
    bench.oracle = Oracle(bench.region)
    node, proxy = node_with_hosts(bench, host, "https://sandbox.login.sg.example")
    until(
        lambda: ask(bench.oracle, node.port, _shown(bench, listed, kind="good")), within=_PATIENCE,
        what="a key of the set does not count",
    )  # fmt: skip
    bench.count.refused_good = 0
    with loaded(bench.oracle, node.port, rate=20):
        for spoil in (Spoil(reset=True), Spoil(blackhole=True), Spoil(drip=5), Spoil(cut_after=40)):
            proxy.become(spoil, cutting=True)
            _both(bench, node, listed, own)
        proxy.become(WHOLE, cutting=True)
        host.endless = True
        _both(bench, node, listed, own)
        host.endless = False
        for lie in (lambda _: b"[" * 100_000, lambda _: b'{"keys":[{"kty":"oct","k":"AAAA"}]}'):
            host.lie = lie
            _both(bench, node, listed, own)
    none_refused(bench, "while the host of a key set lied")
    following = bench.region.keys.maker.make("ES256", name="following")
    host.lie = lambda _: json.dumps({"keys": [{**following.public_jwk, "kid": "following"}]}).encode()
    took = until(
        lambda: not ask(bench.oracle, node.port, _shown(bench, listed, kind="good")), within=_PATIENCE,
        what="a key counts that is not published any longer",
    )  # fmt: skip
    bench.deadline("refused after its key has left the set", took, promised=2.0)


def _both(bench: Bench, node: Keeper, listed: FileSigner, own: FileSigner) -> None:
    for _ in range(4):
        time.sleep(0.25)
        ask(bench.oracle, node.port, _shown(bench, listed, kind="good"))
        ask(bench.oracle, node.port, _shown(bench, own, kind="forged"))
