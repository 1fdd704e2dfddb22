"""What stands ready before a page of docs/join begins: the reader's own things, which the pretend region has."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qsl, urlsplit

from idbridge.clock import SystemClock
from idbridge.codec import pem
from idbridge.conformance.attestation import attest
from idbridge.conformance.corpus import shipped
from idbridge.conformance.making.issuer_samples import recipes, write_samples
from idbridge.conformance.targets.idp.settings import read_settings
from idbridge.conformance.targets.issuer.samples import FILE
from idbridge.crypto.signer import generate
from idbridge.crypto.spki import pem_of
from idbridge.errors import FetchError
from idbridge.model.randomness import SystemRandomness
from idbridge.model.region import Environment, Format
from idbridge.net.guarded import GuardedClient
from idbridge.sandbox.asked import UnansweredError
from idbridge.sandbox.bench import Bench
from idbridge.sandbox.holder import Holder
from idbridge.sandbox.idp.listed import listed_in
from idbridge.sandbox.region import Region
from tests.conformance.idp.kit import FAPI, Party, client_of, honest, served
from tests.conformance.records import record
from tests.docs.walk import Block, Walk, blocks
from tests.mutants.gateway import standing as broken_gateway
from tests.mutants.idp_wraps import any_verifier
from tests.mutants.wallet import MakeHolder
from tests.sandbox.regions import region

INDEX = "join/README.md"


def report_key(walk: Walk, machine: str) -> None:
    """Let the reader at ``machine`` have the key for reports, made as the index tells."""
    walk.passphrase(machine)
    (block,) = (one for one in blocks(INDEX) if "key" in one.said)
    walk.block(replace(block, said={**block.said, "on": machine}))


def published_tree(walk: Walk, machine: str) -> Region:
    """Let a tree that was published just now lie at ``machine``, with the root of its region."""
    at = SystemClock().now().replace(microsecond=0)
    region = Region.generate(at=at)
    region.distribute(walk.machine(machine), at=at)
    return region


def machines(found: Iterable[Block]) -> set[str]:
    """Return the machines that a page works on."""
    return {one.machine for one in found}


def samples_of_a_code(walk: Walk, machine: str) -> None:
    """Let samples of a card with a QR code lie at ``machine``, with the lists and pins that they verify under."""
    at = SystemClock().now().replace(microsecond=0)
    bench = Bench(Region.generate(at=at), at, SystemRandomness())
    write_samples(walk.machine(machine) / "card", bench, [one for one in recipes() if one.format is Format.QR])
    (walk.machine(machine) / "card" / FILE).unlink()  # which the reader writes
    (walk.machine(machine) / "card" / "pins.json").rename(walk.machine(machine) / "pins.json")


@contextmanager
def providers(walk: Walk, machine: str, settings: str) -> Iterator[Mapping[str, str]]:
    """Let two builds of a provider stand, with the clients in ``settings`` registered; their addresses by name."""
    listed = listed_in(region(), FAPI)
    with ExitStack() as stack:
        stands = {
            name: stack.enter_context(served(FAPI, make=make, clock=SystemClock(), asked=[]))
            for name, make in (("PROVIDER", honest), ("YESTERDAY", any_verifier))
        }
        read = read_settings(walk.machine(machine) / settings)
        party = Party(read.redirect_uri, "http://127.0.0.1:8765/bye", "http://127.0.0.1:8765/out", read.clients)
        for _, desk in stands.values():
            for client in read.clients:
                desk.register(client_of(client, party, listed))
        yield {name: url for name, (url, _) in stands.items()}


@contextmanager
def hasty_node() -> Iterator[str]:
    """Let a node for the suite stand that takes any API key; its address."""
    with broken_gateway("any-key") as url:
        yield url


@contextmanager
def wallet(folder: Path, region: Region, make: MakeHolder = Holder) -> Iterator[str]:
    """Let a wallet be opened at an address of this machine; it knows the authority that lies in ``folder``."""

    class Opened(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            (authority,) = pem.decode((folder / "authority.pem").read_text("ascii"), label=pem.CERTIFICATE)
            query = urlsplit(self.path).query
            verifier = urlsplit(dict(parse_qsl(query))["request_uri"]).netloc
            caller = GuardedClient(frozenset({verifier}), Environment.SANDBOX, allow_loopback=True)
            bench = Bench(region, SystemClock().now(), SystemRandomness())
            with suppress(UnansweredError, FetchError):
                make(bench, "sg-tan", (authority,), caller).answer(f"openid4vp://?{query}")
            self.send_response(HTTPStatus.NO_CONTENT)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Opened)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/open"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def report_of_a_node(walk: Walk, machine: str) -> None:
    """Let the report of a node lie at ``machine``, signed, of a run that passed, with its record and key."""
    folder, at, signer = walk.machine(machine), SystemClock().now().replace(microsecond=0), generate("ES256")
    made = record(target="http://node.example", at=at)
    told = attest(made, shipped(), name="Practice Node", at=at, signer=signer, allow_failures=False)
    (folder / "run.json").write_text(json.dumps(made.document(), indent=1), "utf-8")
    (folder / "report.jws").write_text(told, "ascii")
    (folder / "node.pub.pem").write_text(pem_of(signer.public_jwk), "ascii")
