"""The retention table: nothing is kept that is no row of it, and nothing for longer than its row says."""

import ast
import asyncio
import hashlib
from collections.abc import Coroutine, Iterator
from datetime import timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final, TypeVar

import pytest

from idbridge.evidence import places
from idbridge.limits import LIMITS
from idbridge.model.randomness import SystemRandomness
from idbridge_gateway.evidence.cosigned import COSIGNED
from idbridge_gateway.oidc.begun_sign_ins import BegunSignIns
from idbridge_gateway.oidc.browser import TransactionCookies
from idbridge_gateway.oidc.login_cookies import LoginCookies
from idbridge_gateway.registry.tables import METADATA
from idbridge_gateway.retention.other_rows import (
    COOKIE_ROWS,
    GIVEN_ROWS,
    LOG_ROWS,
    MEMORY_ROWS,
    SPENT_ROWS,
    SQL_ROWS,
    STATE_ROWS,
)
from idbridge_gateway.retention.row import About, Form, Place, Row
from idbridge_gateway.retention.sealed_rows import SEALED_ROWS
from idbridge_gateway.retention.table import ROWS, SECTIONS
from idbridge_gateway.stores.redis_engine import RedisEngine
from idbridge_gateway.stores.redis_sealed import RedisSealedStore
from idbridge_gateway.stores.sealed import Kind, MemorySealedStore, new_handle
from idbridge_gateway.tracing import FileExporter
from tests.engines import REPOSITORY
from tests.gateway.asking import LOGIN, Node
from tests.gateway.clocks import NOON, HandClock
from tests.gateway.redis_server import redis_server

pytestmark = pytest.mark.usefixtures("patient_store")

Value = TypeVar("Value")
RANDOM: Final = SystemRandomness()
SERVICE: Final = REPOSITORY / "service" / "idbridge_gateway"
FOREVER: Final = NOON + timedelta(days=36_500)
MARGIN: Final = timedelta(minutes=1)  # that Redis keeps a value past its end, so that no clock takes it for free


def run(coroutine: Coroutine[Any, Any, Value]) -> Value:
    return asyncio.run(coroutine)


def row(**changes: Any) -> Row:
    good = {
        "name": "x", "what": "something", "about": About.NOBODY, "form": Form.PLAIN, "places": (Place.FILES,),
        "readers": "the node", "proof": "tests/x.py::test_x", "ends": "at noon",
    }  # fmt: skip
    return Row(**{**good, **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {"ends": ""},
        {"ends": "at noon", "setting": "snapshot_days"},
        {"limits": ("code_lifetime",)},
        {"places": ()},
        {"proof": ""},
        {"readers": ""},
        {"form": Form.NONE, "ends": ""},
        {"form": Form.NONE, "places": (Place.NOWHERE,)},
        {"places": (Place.NOWHERE,)},
    ],
)
def test_a_row_that_does_not_say_everything_or_says_it_twice_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"row|kept nowhere"):
        row(**changes)


@pytest.mark.parametrize("limit", ["sealed_entries", "nothing_of_that_name"])
def test_a_row_whose_bound_is_no_time_is_refused(limit: str) -> None:
    with pytest.raises(ValueError, match="no duration"):
        row(ends="", limits=(limit,))


def test_a_row_lasts_as_long_as_its_limits_together() -> None:
    lasting = row(ends="", limits=("code_lifetime", "bound_token_lifetime"))

    assert lasting.longest == LIMITS.code_lifetime + LIMITS.bound_token_lifetime
    assert row().longest is None


def longest(kind: Kind) -> timedelta:
    (found,) = (one.longest for one in SEALED_ROWS if one.name == kind)
    assert found is not None
    return found


@pytest.mark.parametrize("kind", Kind)
def test_nothing_sealed_outlives_its_row(kind: Kind) -> None:
    clock, handle = HandClock(), new_handle(RANDOM)
    store = MemorySealedStore(clock, RANDOM)
    run(store.put(kind, handle, b"kept", until=FOREVER))

    clock.turn(seconds=longest(kind).total_seconds() - 1)
    assert run(store.read(kind, handle)) == b"kept"
    clock.turn(seconds=1)
    assert run(store.read(kind, handle)) is None
    clock.turn(seconds=1)
    run(store.put(Kind.CODE, new_handle(RANDOM), b"another", until=clock.now() + timedelta(seconds=1)))
    assert len(store.held) == 1  # what has ended is gone, and not only hidden


def test_in_redis_nothing_sealed_outlives_its_row(tmp_path: Path) -> None:
    async def kept(url: str) -> dict[str, int]:
        engine = RedisEngine(url, prefix="idbridge:sandbox:TH")
        store = RedisSealedStore(engine, HandClock(), RANDOM)
        try:
            for kind in Kind:
                await store.put(kind, new_handle(RANDOM), b"kept", until=FOREVER)
            handle = new_handle(RANDOM)
            await store.put(Kind.CODE, handle, b"taken", until=FOREVER)
            assert await store.take(Kind.CODE, handle) == b"taken"
            names = [name for name in await engine.commands.keys("*") if isinstance(name, bytes)]
            return {name.decode().split(":")[3]: await engine.commands.pttl(name) for name in names}
        finally:
            await engine.close()

    with redis_server(tmp_path) as server:
        found = run(kept(server.url))

    assert found.pop("memory") == -1  # of the store itself, and of nothing that is kept there
    assert 0 < found.pop("taken") <= LIMITS.store_retake / timedelta(milliseconds=1)
    assert found.keys() == set(Kind)
    for kind in Kind:
        assert 0 < found[kind] <= (longest(kind) + MARGIN) / timedelta(milliseconds=1)


def test_every_kind_that_is_sealed_has_one_row() -> None:
    assert sorted(one.name for one in SEALED_ROWS) == sorted(Kind)


def test_every_table_of_the_database_has_one_row() -> None:
    assert sorted(one.name for one in SQL_ROWS) == sorted(METADATA.tables)


def octets_of(tree: ast.Module) -> dict[str, str]:
    """The constants of a module that are octets, as text."""
    return {
        ast.unparse(node.target): node.value.value.decode()
        for node in tree.body
        if isinstance(node, ast.AnnAssign)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, bytes)
    }


def names_in_redis() -> Iterator[str]:
    """Every first part of a name under which some module keeps something in Redis, as its constants say it."""
    for path in SERVICE.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        constants = octets_of(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("engine.name", "self._engine.name"):
                kind = ast.unparse(node.args[0])
                yield constants.get(kind, kind)


def test_everything_in_redis_has_a_row_and_an_end() -> None:
    # Sealed values stand under their kind, those that were taken under it too, deliveries under the kind of courier.
    computed = {"kind.encode()", "_TAKEN + kind.encode()", "self._label.encode()"}

    found = set(names_in_redis())
    assert computed <= found
    assert found - computed | {"memory", "taken", "outbox-webhook", "outbox-back-channel"} == {
        one.name for one in SPENT_ROWS
    }


def couriers() -> Iterator[str]:
    for path in SERVICE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                members = {ast.unparse(one.target): one.value for one in node.body if isinstance(one, ast.AnnAssign)}
                value = members.get("kind")
                if "delays" in members and isinstance(value, ast.Constant):
                    yield str(value.value)


def test_every_kind_of_delivery_has_a_row() -> None:
    kept = {one.name.removeprefix("outbox-") for one in SPENT_ROWS if one.name.startswith("outbox-")}

    assert set(couriers()) == kept


def matching(name: str, rows: tuple[Row, ...]) -> list[str]:
    return [one.name for one in rows if fnmatchcase(name, one.name)]


def test_every_file_of_a_node_has_a_row(own_node: Node) -> None:
    assert own_node.ask().json()["accepted"] is True

    kept = [path.name for path in own_node.settings.state_dir.iterdir()]
    assert "floors.json" in kept
    assert {name: matching(name, STATE_ROWS) for name in kept if len(matching(name, STATE_ROWS)) != 1} == {}


def test_every_file_of_a_log_has_a_row(tmp_path: Path) -> None:
    places.make(tmp_path / "log")
    constants = {
        places.CHECKPOINT, places.VKEY, places.PRUNED, places.WRITE_AHEAD, places.TILES, places.ENTRIES, places.LOCK,
        places.DRAFTS,
    }  # fmt: skip

    kept = {path.name for path in (tmp_path / "log").rglob("*")} | constants
    assert all(len(matching(name, LOG_ROWS)) == 1 for name in kept)
    assert {one.name for one in LOG_ROWS} == constants | {"*.key", "*.erasing", "heads"}


def test_what_witnesses_confirmed_and_the_traces_have_a_row(tmp_path: Path) -> None:
    exporter = FileExporter(tmp_path, HandClock())
    exporter.export([])
    (written,) = tmp_path.iterdir()
    with written.open("r+b") as file:
        file.truncate(LIMITS.traces_bytes)
    exporter.export([])

    kept = sorted(tmp_path.iterdir())
    assert kept == [written, written.with_suffix(".old")]
    assert [matching(path.name, GIVEN_ROWS) for path in kept] == [["traces-*"]] * 2
    assert matching(COSIGNED, STATE_ROWS) == ["log-cosigned"]


def test_every_cache_has_a_row() -> None:
    bounds = {name for name in type(LIMITS).__dataclass_fields__ if name.endswith("_cache_entries")}

    assert {one.name.replace("-", "_") + "_entries" for one in MEMORY_ROWS} == bounds


def verifier_of(node: Node) -> Any:
    return node.app.state.trust.current().verifier


def test_the_cache_of_signatures_holds_digests_alone(own_node: Node) -> None:
    assert own_node.ask().json()["accepted"] is True

    marks = verifier_of(own_node)._signatures._marks
    assert marks
    assert {len(mark) for mark in marks} == {hashlib.sha256().digest_size}


def test_the_cache_of_headers_holds_no_claims(own_node: Node) -> None:
    assert own_node.ask(LOGIN).json()["accepted"] is True

    headers = verifier_of(own_node)._reading.headers._entries
    assert headers
    named = {member for header in headers.values() for member in header.members}
    assert named <= {"alg", "kid", "typ", "jwk", "x5c", "cty"}


def test_the_cache_of_tokens_for_the_api_holds_digests_alone() -> None:
    text = (SERVICE / "oidc" / "api_tokens.py").read_text(encoding="utf-8")

    assert "self._verified: dict[bytes, ApiToken]" in text
    assert "digest = hashlib.sha256(" in text


def setters_of_cookies() -> set[str]:
    return {
        path.relative_to(SERVICE).as_posix()
        for path in SERVICE.rglob("*.py")
        if ".set_cookie(" in path.read_text(encoding="utf-8") and "demo" not in path.parts
    }


def test_cookies_are_the_ones_of_the_table() -> None:
    secure = {"oidc/browser.py", "oidc/login_cookies.py", "oidc/begun_sign_ins.py", "console/sign_in.py"}
    names = {
        TransactionCookies(secure=False).name_of("x"): "idbridge-*",
        LoginCookies(secure=False)._name("x"): "idbridge-login-*",
        **{
            BegunSignIns(
                label=label, key=bytes(range(32)), randomness=RANDOM, clock=HandClock(), lifetime=MARGIN, secure=False
            )._name: f"idbridge-{label}"
            for label in ("operator-sign-in", "business-sign-in")
        },
    }

    assert setters_of_cookies() == secure | {"ask/session.py", "pages/country_cookie.py", "pages/rendering.py"}
    assert set(names.values()) <= {one.name for one in COOKIE_ROWS}
    assert all(fnmatchcase(name, pattern) for name, pattern in names.items())


def test_every_test_that_a_row_names_exists() -> None:
    missing = []
    for one in ROWS:
        file, _, name = one.proof.partition("::")
        tree = ast.parse((REPOSITORY / file).read_text(encoding="utf-8"))
        if name not in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}:
            missing.append(one.proof)

    assert missing == []


def test_no_row_stands_twice_in_a_section() -> None:
    assert all(len({one.name for one in rows}) == len(rows) for rows in SECTIONS.values())


def test_every_setting_that_a_row_names_is_one(own_node: Node) -> None:
    assert {one.setting for one in ROWS if one.setting} <= type(own_node.settings).model_fields.keys()


def test_what_is_about_a_person_is_never_readable_at_rest() -> None:
    readable = {one.name for one in ROWS if one.about is About.PERSON and one.form in (Form.PLAIN, Form.PUBLIC)}

    assert readable == {"idbridge-country", "idbridge_lang"}  # in the person's own browser
