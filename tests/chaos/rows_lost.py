"""Rows about stores that come back with less than they were told: an empty Redis, a standby that lags."""

import asyncio
import shutil
import time
from dataclasses import replace

from idbridge.clock import SystemClock
from idbridge.model.region import Environment
from idbridge_gateway.registry.act import Act
from idbridge_gateway.registry.database import database_address
from idbridge_gateway.registry.record import Registration
from idbridge_gateway.registry.store import SqlRegistry
from tests.chaos.bench import Bench
from tests.chaos.keeper import SERVE, Keeper
from tests.chaos.load import ask, loaded, until, until_accepted
from tests.chaos.oracle import GOOD, always
from tests.chaos.rows import row
from tests.chaos.rows_store import (
    RECOVERY,
    node_behind,
    nothing_spent_is_accepted_again,
    redis_of,
    registered_in,
    under_load,
)
from tests.registry.postgres_server import PostgresServer, postgres_server, start_again

_PATIENCE = 60.0
_SHOWN_IN = 2.0  # seconds promised until every worker has what an operator changed (P6)


@row("Redis is replaced by an empty one under load, and node and Redis are started again; then an operator says go")
def redis_emptied(bench: Bench) -> None:
    server = redis_of(bench, "redis")
    node, proxy = node_behind(bench, server.port)
    with under_load(bench, node):
        server.stop()
        empty = redis_of(bench, "empty")
        proxy.target = empty.port
        proxy.cut()
        until(lambda: empty.names() == [] and bench.count.shed > 0, within=_PATIENCE, what="nothing was put off")
        nothing_spent_is_accepted_again(bench, node)
    if ask(bench.oracle, node.port, bench.oracle.good()):
        bench.late.append("a store that forgot is used")
    node.kill()
    node.start(waiting=False)
    assert node.process is not None
    assert node.process.wait(timeout=_PATIENCE) != 0, "a node started on a store that forgot"
    node.command = (*SERVE, "--release-store")
    node.start()
    bench.measure_recovery(
        "accepted after an operator said so", lambda: until_accepted(bench.oracle, node.port, within=_PATIENCE),
        promised=RECOVERY,
    )  # fmt: skip


@row("Redis comes back with an old copy of its file, without the last that it was told")
def redis_copy_restored(bench: Bench) -> None:
    server = redis_of(bench, "redis")
    node, proxy = node_behind(bench, server.port)
    shutil.copytree(bench.folder / "redis", bench.folder / "copy")
    with under_load(bench, node):
        server.stop()
        proxy.target = redis_of(bench, "copy").port
        proxy.cut()
        until(lambda: bench.count.shed > 0, within=_PATIENCE, what="nothing was put off")
        nothing_spent_is_accepted_again(bench, node)
    if ask(bench.oracle, node.port, bench.oracle.good()):
        bench.late.append("a store that lost the last of what it was told is used")


@row("PostgreSQL fails over to a standby that was not told that who asks was switched off")
def postgres_failed_over(bench: Bench) -> None:
    server = bench.stack.enter_context(postgres_server())
    node = bench.node(registered_in(bench.settings(), server), env={"database_url": server.url})
    until_accepted(bench.oracle, node.port, within=_PATIENCE)
    server.stop()
    shutil.copytree(server.folder / "cluster", bench.folder / "standby")
    primary = started(bench, server)
    switch_off(primary)
    took = until(lambda: nobody_is_answered(bench, node), within=_PATIENCE, what="who was switched off is answered")
    bench.deadline("switched off everywhere", took, promised=_SHOWN_IN)
    bench.oracle.untrue = always
    primary.stop()
    shutil.rmtree(server.folder / "cluster")
    shutil.copytree(bench.folder / "standby", server.folder / "cluster")
    own(server)
    started(bench, server)
    with loaded(bench.oracle, node.port, rate=30):
        until(lambda: "it lost changes" in node.journal.text, within=_PATIENCE, what="nobody noticed")
        time.sleep(2)


def nobody_is_answered(bench: Bench, node: Keeper) -> bool:
    """Tell whether every good request is refused, whichever of its parties asks."""
    shed = bench.count.shed
    answered = sum(ask(bench.oracle, node.port, bench.oracle.good(name)) for name in GOOD)
    return answered == 0 and bench.count.shed == shed


def started(bench: Bench, server: PostgresServer) -> PostgresServer:
    again = start_again(server.folder)
    bench.stack.callback(again.stop)
    return again


def own(server: PostgresServer) -> None:
    """Give a cluster that was copied to the account of its folder."""
    about = server.folder.stat()
    for path in (server.folder / "cluster", *(server.folder / "cluster").rglob("*")):
        shutil.chown(path, about.st_uid, about.st_gid)


def switch_off(server: PostgresServer) -> None:
    """Switch off who asks."""

    def off(held: Registration) -> Registration:
        return replace(held, relying_party=replace(held.relying_party, enabled=False))

    async def done() -> None:
        registry = SqlRegistry(database_address(server.url), Environment.SANDBOX)
        try:
            for party in await registry.all():
                await registry.change(party.id, off, Act("change", "local", SystemClock().now()))
        finally:
            await registry.close()

    asyncio.run(done())
