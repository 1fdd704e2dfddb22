"""Rows about the stores behind a node: Redis for what counts once, PostgreSQL for who may ask."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import SecretStr

from idbridge.clock import SystemClock
from idbridge.model.region import Environment
from idbridge_gateway.registration import read_registrations
from idbridge_gateway.registry.act import Act
from idbridge_gateway.registry.database import database_address, engine_to, transaction
from idbridge_gateway.registry.schema import upgrade
from idbridge_gateway.registry.store import SqlRegistry
from idbridge_gateway.settings import Settings
from tests.chaos.bench import Bench
from tests.chaos.keeper import SERVE, Keeper
from tests.chaos.load import ask, loaded, until, until_accepted
from tests.chaos.proxy import WHOLE, FaultProxy, Spoil, fault_proxy
from tests.chaos.rows import row
from tests.gateway.redis_server import RedisServer, redis_server
from tests.registry.postgres_server import PostgresServer, postgres_server, start_again

RECOVERY = 1.0  # seconds promised after a store is back (fault matrix)
_WHILE = 2.0  # seconds of load before and during a fault
_SHORTLY = 0.5
_PATIENCE = 60.0


def redis_of(bench: Bench, name: str, *options: str, port: int = 0) -> RedisServer:
    """Start a Redis that ends with the row."""
    folder = bench.folder / name
    folder.mkdir(exist_ok=True)
    return bench.stack.enter_context(redis_server(folder, "--appendfsync", "always", *options, port=port))


def node_behind(bench: Bench, target: int) -> tuple[Keeper, FaultProxy]:
    """Start a node that reaches its Redis through a proxy."""
    proxy = bench.stack.enter_context(fault_proxy(target))
    node = bench.node(bench.settings(), env={"redis_url": f"redis://127.0.0.1:{proxy.port}/0"})
    until_accepted(bench.oracle, node.port, within=_PATIENCE)
    return node, proxy


@contextmanager
def under_load(bench: Bench, node: Keeper, *, rate: float = 40) -> Iterator[None]:
    """Ask for a while, then let the fault happen, and ask for a while longer."""
    with loaded(bench.oracle, node.port, rate=rate):
        time.sleep(_SHORTLY if bench.short else _WHILE)
        yield
        time.sleep(_SHORTLY if bench.short else _WHILE)


def nothing_spent_is_accepted_again(bench: Bench, node: Keeper) -> None:
    """Show everything once more that was accepted; the oracle counts what is accepted again."""
    for question in bench.oracle.spent()[-15 if bench.short else -60 :]:
        ask(bench.oracle, node.port, question)


@row("Redis is killed under load and comes back with what it wrote down")
def redis_killed(bench: Bench) -> None:
    server = redis_of(bench, "redis")
    node, proxy = node_behind(bench, server.port)
    with under_load(bench, node):
        server.stop()
        time.sleep(_WHILE)
        again = redis_of(bench, "redis", port=server.port)
        proxy.target = again.port
        bench.measure_recovery(
            "accepted after Redis came back",
            lambda: until_accepted(bench.oracle, node.port, within=_PATIENCE), promised=RECOVERY,
        )  # fmt: skip
    nothing_spent_is_accepted_again(bench, node)


@row("Redis answers 200 ms late, and then not at all")
def redis_slow(bench: Bench) -> None:
    server = redis_of(bench, "redis")
    node, proxy = node_behind(bench, server.port)
    with under_load(bench, node):
        proxy.become(Spoil(latency=0.2, jitter=0.05))
        time.sleep(_WHILE)
        proxy.become(Spoil(blackhole=True))
        time.sleep(_WHILE)
        proxy.become(WHOLE)
        bench.measure_recovery(
            "accepted after Redis was quick again",
            lambda: until_accepted(bench.oracle, node.port, within=_PATIENCE), promised=RECOVERY,
        )  # fmt: skip
    nothing_spent_is_accepted_again(bench, node)


@row("Redis is told to evict while a node uses it")
def redis_evicting(bench: Bench) -> None:
    server = redis_of(bench, "redis")
    node, _ = node_behind(bench, server.port)
    with under_load(bench, node):
        server.ask(b"CONFIG", b"SET", b"maxmemory-policy", b"allkeys-lru")
        server.ask(b"CLIENT", b"KILL", b"TYPE", b"normal")
        until(
            lambda: not ask(bench.oracle, node.port, bench.oracle.good()), within=_PATIENCE,
            what="a store that evicts is used",
        )  # fmt: skip
        server.ask(b"CONFIG", b"SET", b"maxmemory-policy", b"noeviction")
        bench.measure_recovery(
            "accepted after Redis evicts nothing again",
            lambda: until_accepted(bench.oracle, node.port, within=_PATIENCE), promised=5.0,
        )  # fmt: skip
    nothing_spent_is_accepted_again(bench, node)


@row("Redis is full")
def redis_full(bench: Bench) -> None:
    server = redis_of(bench, "redis")
    node, _ = node_behind(bench, server.port)
    with under_load(bench, node):
        server.ask(b"CONFIG", b"SET", b"maxmemory", b"100kb")
        until(
            lambda: not ask(bench.oracle, node.port, bench.oracle.good()), within=_PATIENCE,
            what="a full store takes more",
        )  # fmt: skip
        server.ask(b"CONFIG", b"SET", b"maxmemory", b"0")
        bench.measure_recovery(
            "accepted after Redis has room again",
            lambda: until_accepted(bench.oracle, node.port, within=_PATIENCE), promised=RECOVERY,
        )  # fmt: skip
    nothing_spent_is_accepted_again(bench, node)


@row("Redis fails over to a replica that was not told of the last claims")
def redis_failed_over(bench: Bench) -> None:
    first = redis_of(bench, "redis")
    link = bench.stack.enter_context(fault_proxy(first.port))
    replica = redis_of(bench, "replica", "--replicaof", f"127.0.0.1 {link.port}", "--repl-timeout", "60")
    until(lambda: b"master_link_status:up" in replica.ask(b"INFO", b"replication"), within=_PATIENCE, what="no replica")
    node, proxy = node_behind(bench, first.port)
    with loaded(bench.oracle, node.port, rate=30):
        time.sleep(_WHILE)
        link.become(Spoil(blackhole=True))
        time.sleep(_WHILE)
    first.stop()
    replica.ask(b"REPLICAOF", b"NO", b"ONE")
    proxy.target = replica.port
    proxy.cut()
    nothing_spent_is_accepted_again(bench, node)
    if ask(bench.oracle, node.port, bench.oracle.good()):
        bench.late.append("a store that took over is used at once")
    replica.stop()  # as an operator does, once nothing can be accepted any longer that the first was told of
    time.sleep(0.2)
    proxy.target = redis_of(bench, "replica").port
    proxy.cut()
    if ask(bench.oracle, node.port, bench.oracle.good()):
        bench.late.append("a store that was not told everything is used before an operator said so")
    node.kill()
    node.command = (*SERVE, "--release-store")
    node.start()
    bench.measure_recovery(
        "accepted after an operator said so of the store that took over",
        lambda: until_accepted(bench.oracle, node.port, within=_PATIENCE), promised=RECOVERY,
    )  # fmt: skip


@row("PostgreSQL is stopped: verifications go on, and who may ask is read from memory")
def postgres_stopped(bench: Bench) -> None:
    server = bench.stack.enter_context(postgres_server())
    node = bench.node(registered_in(bench.settings(), server), env={"database_url": server.url})
    with under_load(bench, node):
        server.stop()
        time.sleep(_WHILE)
        refused = bench.count.refused_good
        for _ in range(20):
            ask(bench.oracle, node.port, bench.oracle.good())
        if bench.count.refused_good > refused:
            bench.late.append("verifications failed without PostgreSQL")
        again = start_again(server.folder)
        bench.stack.callback(again.stop)
        bench.measure_recovery(
            "accepted after PostgreSQL came back",
            lambda: until_accepted(bench.oracle, node.port, within=_PATIENCE), promised=RECOVERY,
        )  # fmt: skip


def registered_in(settings: Settings, server: PostgresServer) -> Settings:
    """Move the registrations of a node from its file to a database."""
    assert settings.relying_parties_file is not None
    parties = read_registrations(settings.relying_parties_file, environment=Environment.SANDBOX)

    async def moved() -> None:
        engine = engine_to(database_address(server.url))
        try:
            async with transaction(engine) as connection:
                await upgrade(connection, Environment.SANDBOX)
        finally:
            await engine.dispose()
        registry = SqlRegistry(database_address(server.url), Environment.SANDBOX)
        try:
            for party in parties:
                await registry.add(party, Act("add", "local", SystemClock().now()))
        finally:
            await registry.close()

    asyncio.run(moved())
    return settings.model_copy(update={"relying_parties_file": None, "database_url": SecretStr(server.url)})
