"""People with marks that are theirs alone go through whole nodes; no mark is left anywhere, in any of six encodings.

One node is real: two workers, Redis, PostgreSQL, a log and a wallet that answers. The other is one process, and sees
logins, exchanges and a crash.
"""

import base64
import hashlib
import json
import logging
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest
from pydantic import SecretStr

from idbridge.clock import SystemClock
from idbridge.codec import base64url
from idbridge.evidence.write_ahead import Segment
from idbridge.model.randomness import SystemRandomness
from idbridge.model.region import MemberState
from idbridge.sandbox.mint import mint
from idbridge.sandbox.people import population
from idbridge_gateway.demo.rounds import http_cases
from idbridge_gateway.registration import registration_of
from idbridge_gateway.registry.act import Act
from idbridge_gateway.registry.store import SqlRegistry
from tests.engines import require_engine
from tests.gateway.distributed import the_present_region
from tests.gateway.providing import Bank, bank_in
from tests.gateway.redis_server import RedisServer, redis_server
from tests.gateway.wallets import PID, Wallets
from tests.gateway.working import WorkingNode, working_node
from tests.promises.canaries import (
    COUNTED,
    ENCODINGS,
    Traces,
    encoded,
    environment_of,
    files_below,
    found_in,
    joined,
    wanted,
)
from tests.registry.conftest import Database
from tests.registry.postgres_server import PostgresServer, postgres_server

TAN: Final = population().people["sg-tan"]
TRACED: Final = {"traceparent": f"00-{'a1' * 16}-{'b2' * 8}-01"}  # a caller who records, so that every request is
CRASH: Final = f"{TAN.display} {TAN.facts['personal_number']} {TAN.facts['address']}"


@dataclass(repr=False)
class Remote:
    """A real node behind the face of one in process, so that the same wallets ask it."""

    working: WorkingNode
    texts: list[str] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.working, name)

    @property
    def clock(self) -> SystemClock:
        return SystemClock()

    def access(self, party: str = "th-bank") -> dict[str, str]:
        return {"authorization": f"Bearer {self.working.region.keys.api[party]}", "content-type": "application/json"}

    def send(self, method: str, path: str, *, body: Any = b"", headers: Any = ()) -> httpx2.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        with httpx2.Client(base_url=self.working.url, trust_env=False, timeout=60) as client:
            response = client.request(method, path, content=content, headers=headers)
        if response.status_code >= 400:
            self.texts.append(response.text)
        return response


@dataclass(frozen=True)
class Run:
    """What a run left, and what was really done in it."""

    traces: Traces
    accepted: int
    refused: int
    formats: frozenset[str]
    reports: tuple[dict[str, Any], ...]


def put_cases(node: Remote) -> tuple[int, int, set[str], list[dict[str, Any]]]:
    """Put every case that is accepted to ``node``, and one that is refused for each reason."""
    seen: set[str | None] = set()
    accepted, refused, formats, reports = 0, 0, set(), []
    trust = node.working.region.snapshot(at=SystemClock().now())
    for case in http_cases():
        if case.node is not MemberState.TH or case.code in seen:
            continue
        seen |= {case.code} - {None}
        minted = mint(
            case, region=node.working.region, at=SystemClock().now(), randomness=SystemRandomness(), trust=trust
        )
        if minted.before or minted.after:
            continue
        response = node.send(minted.method, minted.path, body=minted.body, headers={**minted.headers, **TRACED})
        if response.status_code == 200 and response.json().get("accepted") is True:
            accepted += 1
            formats.add(str(case.format))
            reports.append(response.json())
        else:
            refused += 1
    return accepted, refused, formats, reports


def show_to_wallets(node: Remote) -> dict[str, Any]:
    """Ask a wallet, let it answer, and return what the relying party is told."""
    face: Any = node  # it is asked for no more than this face has
    wallets = Wallets(face)
    ordered = wallets.ordered()
    asked = wallets.asked(ordered)
    assert wallets.answer(asked).status_code == 200
    assert wallets.answer(asked, wallets.vp_token(asked, PID)).status_code == 400  # a second time
    wallets.ordered()  # and one that nobody answers
    return wallets.seen(ordered)


def hostile(node: Remote) -> None:
    """Send what is broken, with marks wherever somebody could put them."""
    for path in (
        "/v1/verify",
        "/v1/verify/batch",
        "/v1/presentations",
        "/oauth/par",
        "/oauth/token",
        f"/{TAN.subject}",
    ):
        for body in (CRASH.encode(), json.dumps({CRASH: CRASH, "credential": CRASH, "purpose": CRASH}).encode()):
            headers = {**node.access(), "traceparent": TAN.subject, "idempotency-key": TAN.subject}
            assert node.send("POST", path, body=body, headers=headers).status_code >= 400
    for path in (f"/v1/trust/{TAN.subject}", f"/v1/recognition?for={TAN.subject}", f"/v1/reasons/{TAN.subject}"):
        assert node.send("GET", path).status_code >= 400


def registered(server: PostgresServer) -> Database:
    """The relying parties of the region in a database of ``server``."""
    database = Database(server.url)
    database.upgrade()
    region = the_present_region()

    async def filled(registry: SqlRegistry) -> None:
        for one in region.registrations(MemberState.TH):
            await registry.add(registration_of(one.relying_party), Act("add", "local", region.made_at))

    database.with_registry(filled)
    return database


def left_by(
    node: WorkingNode, redis: RedisServer, folder: Path, postgres: PostgresServer
) -> Iterator[tuple[str, bytes]]:
    """Yield everything that a real node left on this machine while it still runs."""
    assert redis.ask(b"SAVE") == b"+OK\r\n"
    yield from files_below(folder / "redis", name="redis")
    dumped = subprocess.run(
        [str(require_engine("postgres").parent / "pg_dump"), postgres.url], capture_output=True, check=True
    )
    yield "pg_dump", dumped.stdout
    wal = postgres.folder / "cluster" / "pg_wal"
    yield "write-ahead log of postgres", b"".join(path.read_bytes().rstrip(bytes(1)) for path in wal.glob("0*"))
    yield from files_below(node.settings.state_dir, name="state")
    if node.settings.log_dir is not None:
        yield from files_below(node.settings.log_dir, name="log")
    yield from files_below(folder / "tmp", name="tmp")
    ((_, port),) = node.journal.since(0, r"figures at \S+ port (\d+)", count=1)
    yield "metrics", httpx2.get(f"http://127.0.0.1:{port[1]}/metrics", trust_env=False).content
    yield "journal", node.journal.text.encode()
    for number in (node.process.pid, *node.workers.values()):
        yield f"environment of {number}", environment_of(number)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """A real node after everything, with all that it left."""
    folder = tmp_path_factory.mktemp("canaries")
    for name in ("redis", "tmp", "traces"):
        (folder / name).mkdir()
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("TMPDIR", str(folder / "tmp"))
        with postgres_server() as postgres, redis_server(folder / "redis") as redis:
            database = registered(postgres)
            more: dict[str, Any] = {
                "database_url": SecretStr(database.url),
                "relying_parties_file": None,
                "traces_dir": folder / "traces",
                "traces_share": 1.0,
                "metrics_port": 0,
            }
            with working_node(folder / "node", redis.url, workers=2, **more) as working:
                node = Remote(working)
                accepted, refused, formats, reports = put_cases(node)
                seen = show_to_wallets(node)
                hostile(node)
                places = dict(left_by(working, redis, folder, postgres))
            places |= dict(files_below(folder / "traces", name="traces"))  # written to their end by now
            places["journal to its end"] = working.journal.text.encode()
            places["problems"] = joined(node.texts)
            assert len(node.texts) > 20
            yield Run(Traces(places), accepted, refused, frozenset(formats), (*reports, seen))


def test_the_search_finds_a_planted_mark_in_every_encoding_and_at_every_alignment() -> None:
    for value in (TAN.display, TAN.facts["address"], population().people["th-thanaporn"].display):
        for name, form in encoded(value):
            for before in (b"", b"x", b"xy", b"xyz"):
                assert (value, name) in found_in(before + form + b"after") or len(form) < 8, (value, name)
    assert {name for told in wanted().values() for _, name in told} == set(ENCODINGS)
    assert len(wanted()) > 1_000


def test_a_mark_in_the_middle_of_something_that_is_encoded_whole_is_found() -> None:
    for before in range(4):
        text = b"p" * before + TAN.facts["address"].encode() + b"|behind"
        assert (TAN.facts["address"], "base64") in found_in(base64.b64encode(text))
        assert (TAN.facts["address"], "hex") in found_in(text.hex().encode())


@pytest.mark.parametrize("name", ["wal/{}.gz", "wal/{}", "wal/000{}/1", "tile/000{}", "wal/1{}000"])
def test_a_mark_in_the_name_of_a_file_is_found(tmp_path: Path, name: str) -> None:
    number = population().people["th-thanaporn"].facts["personal_number"]
    path = tmp_path / name.format(number)
    path.parent.mkdir(parents=True)
    path.touch()

    assert number in {value for value, _ in Traces(dict(files_below(tmp_path, name="log"))).hits()["log: names"]}


def test_the_eleventh_write_ahead_file_is_named_after_nobody(tmp_path: Path) -> None:
    segment = tmp_path / "wal"
    segment.mkdir()
    Segment(tmp_path, 11).close()

    assert [path.name for path in segment.iterdir()] == [f"{11:0{COUNTED}}"]
    assert Traces(dict(files_below(tmp_path, name="log"))).hits() == {}


def test_a_mark_that_is_planted_in_what_a_run_left_is_found(run: Run) -> None:
    for place in run.traces.places:
        octets = run.traces.places[place]
        assert found_in(octets[: len(octets) // 2] + TAN.facts["email"].encode() + octets[len(octets) // 2 :])
        if len(octets) > 100_000:
            break  # one of each size is enough: the search does not know where it searches


def test_people_were_really_accepted_in_every_format_and_their_claims_were_told(run: Run) -> None:
    told = joined(json.dumps(report, ensure_ascii=False) for report in run.reports)

    assert run.accepted >= 20
    assert run.refused >= 40
    assert {"id_token", "dc+sd-jwt", "mso_mdoc", "vc+jwt", "qr", "idbridge-assertion+jwt"} <= run.formats
    assert len({value for value, _ in found_in(told)}) >= 8


def test_nothing_of_anybody_is_left_behind_by_a_real_node(run: Run) -> None:
    kinds = {place.partition("/")[0] for place in run.traces.places}

    assert {"redis", "pg_dump", "write-ahead log of postgres", "state", "tmp: names", "journal", "problems"} <= kinds
    assert {"metrics", "traces", "log"} <= kinds
    assert b"idbridge_verdicts_total" in run.traces.places["metrics"]
    assert sum(len(octets) for octets in run.traces.places.values()) > 1_000_000
    assert run.traces.hits() == {}


# One process: logins, exchanges, and what crashes.


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.DEBUG)
    for name in ("idbridge_gateway", "uvicorn", "asyncio", "fastapi", "httpx2"):
        caplog.set_level(logging.DEBUG, logger=name)
    return caplog


def memory_of(bank: Bank) -> bytes:
    """Everything that the stores of a node of one process hold, as a copy of its memory would show it."""
    stores = bank.node.app.state.parts.stores
    sealed = b"".join(name + value.octets for name, value in stores.sealed.held.items())
    spent = b"".join(stores.one_time._spent)
    return b"\n".join((sealed, spent, repr(stores.idempotency.held).encode(), repr(stores.tallies._counts).encode()))


def test_nothing_of_anybody_is_left_behind_by_logins(tmp_path: Path, logged: pytest.LogCaptureFixture) -> None:
    bank = bank_in(tmp_path)
    code = bank.code(report={"claims": ["name", "birthdate", "nationality", "address"]})
    bank.begin()  # a login that nobody goes on with
    during = memory_of(bank)
    token = bank.redeem(code).json()["access_token"]
    proof = bank.proof("/oauth/userinfo", "GET", ath=_digest(token))
    told = bank.node.send("GET", "/oauth/userinfo", headers={"authorization": f"DPoP {token}", "dpop": proof})

    refused = bank.redeem(code)

    assert found_in(told.content), told.text  # the person was in it, and the client was told
    assert len(during) > 1_000
    for left in (during, memory_of(bank), refused.content, logged.text.encode()):
        assert found_in(left) == set()
    assert Traces(dict(files_below(bank.node.settings.state_dir, name="state"))).hits() == {}


def _digest(token: str) -> str:
    return base64url.encode(hashlib.sha256(token.encode()).digest())


def test_a_crash_that_repeats_what_was_sent_leaves_nothing(
    tmp_path: Path, logged: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    bank = bank_in(tmp_path)
    question = bank.node.case("sg-login-opens-account")

    def crashes(*_: Any, **__: Any) -> Any:
        raise ValueError(CRASH)

    verifier = type(bank.node.app.state.trust.current().verifier)
    monkeypatch.setattr(verifier, "verify", crashes)
    response = bank.node.put(question.exchange)

    assert response.status_code == 500
    assert "unexpected ValueError" in logged.text
    assert found_in(response.content + logged.text.encode()) == set()
