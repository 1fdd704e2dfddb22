"""CPU time that a server process spends on one credential, read from the kernel's own account of that process."""

import http.client
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep
from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from benchmarks.corpus import Corpus, Question
from idbridge.clock import SystemClock
from idbridge.model.region import MemberState
from idbridge.sandbox.parties import client_id
from idbridge.sandbox.region import Region
from idbridge.status.snapshot import EMPTY_STATUS
from idbridge.verify.verifier import Verifier
from idbridge_gateway.demo.nodes import lay_out
from idbridge_gateway.settings import Settings

BATCH: Final = 100
_PARTY: Final = "th-bank"
_NODE: Final = MemberState.TH
_PLAIN_SERVICE: Final = "sg-login"
_START_SECONDS: Final = 20.0
_CONNECT_SECONDS: Final = 0.2


@dataclass(frozen=True, slots=True)
class HttpCost:
    """CPU time of the server for each credential, in microseconds, and how many it answered each second."""

    server: str
    request: str
    cpu_us: float
    rate: float


@dataclass(frozen=True, slots=True)
class _Server:
    process: int
    port: int


@dataclass(frozen=True, slots=True)
class _Post:
    path: str
    headers: Mapping[str, str]
    body: bytes
    credentials: int


def http_costs(*, short: bool) -> tuple[HttpCost, ...]:
    """Start each server in turn, send it distinct credentials over one connection, and return what that cost it."""
    region = Region.generate(at=SystemClock().now())
    count = 500 if short else 3_000
    with TemporaryDirectory() as name:
        settings = lay_out(region, Path(name))[_NODE]
        return (*_node_costs(region, settings, count), _plain_cost(region, count, Path(name)))


def _corpus(region: Region) -> Corpus:
    at = SystemClock().now()
    verifier = Verifier(trust=region.snapshot(at=at), status=EMPTY_STATUS)
    return Corpus(region=region, verifier=verifier, at=at, party=_PARTY)


def _node_costs(region: Region, settings: Settings, count: int) -> tuple[HttpCost, ...]:
    environment = {
        f"IDBRIDGE_{name.upper()}": str(value)
        for name, value in settings.model_dump(mode="json", exclude_none=True).items()
    }
    command = [sys.executable, "-c", "from idbridge.cli.main import main; main()", "serve"]
    with _running(command, environment, ready="/readyz") as server:
        corpus = _corpus(region)
        tokens, credentials = corpus.id_tokens(count, algorithm="ES256"), corpus.wide_presentations(count)
        more_tokens = _corpus(region).id_tokens(count, algorithm="ES256")
        more_credentials = _corpus(region).wide_presentations(count)
        return (
            _cost("IdBridge", "ES256 ID token, single", server, [_single(question) for question in tokens]),
            _cost("IdBridge", "ES256 ID token, batch of 100", server, _batches(more_tokens)),
            _cost("IdBridge", "SD-JWT VC and KB-JWT, single", server, [_single(question) for question in credentials]),
            _cost("IdBridge", "SD-JWT VC and KB-JWT, batch of 100", server, _batches(more_credentials)),
        )


def _plain_cost(region: Region, count: int, directory: Path) -> HttpCost:
    service = region.service(_PLAIN_SERVICE)
    public = service.signer.private_key.public_key()
    key_file = directory / "plain.pem"
    key_file.write_bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    audience = client_id(_PARTY, issuer=service.issuer)
    environment = {"PLAIN_KEY_FILE": str(key_file), "PLAIN_AUDIENCE": audience}
    command = [
        sys.executable, "-m", "uvicorn", "benchmarks.plain_endpoint:app", "--no-access-log", "--log-level", "error",
    ]  # fmt: skip
    with _running(command, environment, ready="/openapi.json") as server:
        questions = _corpus(region).id_tokens(count, algorithm="ES256", service=_PLAIN_SERVICE)
        posts = [
            _Post("/verify", {}, json.dumps({"token": question.request.credential}).encode("utf-8"), 1)
            for question in questions
        ]
        return _cost("FastAPI and PyJWT", "ES256 ID token, single", server, posts)


def _single(question: Question) -> _Post:
    return _Post("/v1/verify", _authorization(question), json.dumps(question.body()).encode("utf-8"), 1)


def _batches(questions: Sequence[Question]) -> list[_Post]:
    groups = [questions[start : start + BATCH] for start in range(0, len(questions), BATCH)]
    return [
        _Post(
            "/v1/verify/batch",
            _authorization(group[0]),
            json.dumps({"items": [question.body() for question in group]}).encode("utf-8"),
            len(group),
        )
        for group in groups
    ]


def _authorization(question: Question) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {question.api_key}"}


def _cost(server_name: str, request: str, server: _Server, posts: Sequence[_Post]) -> HttpCost:
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    _send(connection, posts[0])
    counted = posts[1:]
    credentials = sum(post.credentials for post in counted)
    spent_before, begun = _cpu_seconds(server.process), monotonic()
    for post in counted:
        _send(connection, post)
    spent, elapsed = _cpu_seconds(server.process) - spent_before, monotonic() - begun
    connection.close()
    return HttpCost(server_name, request, spent / credentials * 1e6, credentials / elapsed)


def _send(connection: http.client.HTTPConnection, post: _Post) -> None:
    connection.request("POST", post.path, body=post.body, headers={**post.headers, "Content-Type": "application/json"})
    response = connection.getresponse()
    answer = response.read()
    if response.status != http.client.OK or b'"FAILED"' in answer or b'"valid":false' in answer:
        raise ValueError("a measured request was refused")


def _cpu_seconds(process: int) -> float:
    """Return user and system time of a process so far (proc(5): fields 14 and 15 of its ``stat``)."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def _running(command: Sequence[str], environment: Mapping[str, str], *, ready: str) -> Iterator[_Server]:
    port = _free_port()
    process = subprocess.Popen(  # noqa: S603 - our own servers, on loopback
        [*command, "--port", str(port)], env={**os.environ, **environment}, stderr=subprocess.DEVNULL
    )
    try:
        _wait_until_ready(port, ready)
        yield _Server(process.pid, port)
    finally:
        process.terminate()
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_ready(port: int, path: str) -> None:
    deadline = monotonic() + _START_SECONDS
    while monotonic() < deadline:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_CONNECT_SECONDS)
        try:
            connection.request("GET", path)
            if connection.getresponse().status == http.client.OK:
                return
        except OSError:
            sleep(_CONNECT_SECONDS)
        finally:
            connection.close()
    raise TimeoutError("the server did not become ready")
