"""The registry in a database: nothing is lost, nothing is mixed up, and whatever is written there is text."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from idbridge.errors import ConfigurationError, RequestError
from idbridge.limits import LIMITS
from idbridge.model.region import AssuranceLevel, Environment
from idbridge_gateway.registry.act import Act
from idbridge_gateway.registry.database import database_address
from idbridge_gateway.registry.record import ApiKey, Registration
from idbridge_gateway.registry.store import SqlRegistry
from idbridge_gateway.registry.watch import Edition
from tests.gateway.clocks import NOON
from tests.registry.conftest import Database
from tests.registry.kit import CLIENT, DIGEST, LEAST, SECRET_CLIENT, WHOLE, registration

ACT = Act("add", "local", NOON)
HOUR = timedelta(hours=1)
KEYS = (ApiKey("a" * 64, "aaaa", NOON, NOON + HOUR), ApiKey("b" * 64, "bbbb", NOON))
BAKERY = replace(registration(), api_keys=KEYS)
CAFE = registration({**LEAST, "id": "cafe"})


def refusal(work: Callable[[], Any]) -> str:
    with pytest.raises(RequestError) as caught:
        work()
    return caught.value.code


def add(database: Database, *registrations: Registration, **more: Any) -> Registration:
    async def added(registry: SqlRegistry) -> Registration:
        return [await registry.add(one, ACT, **more) for one in registrations][-1]

    return database.with_registry(added)


def change(
    database: Database, party_id: str, step: Callable[[Registration], Registration], **more: Any
) -> Registration:
    return database.with_registry(lambda registry: registry.change(party_id, step, replace(ACT, name="change"), **more))


def everything(database: Database) -> tuple[Registration, ...]:
    return database.with_registry(SqlRegistry.all)


def edition(database: Database, seen: object = None) -> Edition | None:
    return database.with_registry(lambda registry: registry.read_changed(seen))


def renamed(name: str) -> Callable[[Registration], Registration]:
    return lambda held: replace(held, relying_party=replace(held.relying_party, name=name))


def test_what_was_added_is_read_back_as_it_was(database: Database) -> None:
    made = add(database, BAKERY, CAFE)

    bakery, cafe = everything(database)

    assert replace(bakery, created_at=None, changed_at=None) == BAKERY
    assert (cafe, cafe.version, cafe.created_at) == (made, 1, NOON)


@pytest.mark.parametrize(
    "text",
    [
        "'; DROP TABLE relying_parties; --",
        '" OR "1"="1',
        "\\'; DELETE FROM api_keys; --",
        "%s %(x)s :name ? $1 {0}",
        "ร้านขนมปัง ឧទាហរណ៍ ဥပမာ",
        "</script><b>",
    ],
)
def test_text_that_means_something_to_a_database_is_kept_as_text(database: Database, text: str) -> None:
    odd = registration(name=text, contact=text, audiences=[text], clients={text: [text]}, purposes=[text])
    add(database, odd)

    (held,) = everything(database)

    assert held.relying_party == odd.relying_party
    assert held.contact == text
    assert refusal(lambda: change(database, text, renamed("x"))) == "input.not_found"


def test_an_id_is_registered_once(database: Database) -> None:
    add(database, BAKERY)

    assert refusal(lambda: add(database, BAKERY)) == "input.already_registered"
    assert len(everything(database)) == 1


def test_the_id_of_a_client_is_registered_once_whoever_it_is_of(database: Database) -> None:
    add(database, BAKERY, CAFE)
    thief = registration({**LEAST, "id": "thief", "oidc_clients": [CLIENT]})

    assert refusal(lambda: add(database, thief)) == "input.already_registered"

    def stolen(held: Registration) -> Registration:
        return replace(held, clients=tuple(replace(client, relying_party="cafe") for client in BAKERY.clients))

    assert refusal(lambda: change(database, "cafe", stolen)) == "input.already_registered"
    assert [one.id for one in everything(database)] == ["bakery", "cafe"]


def test_nobody_is_changed_who_is_not_there(database: Database) -> None:
    assert refusal(lambda: change(database, "bakery", renamed("x"))) == "input.not_found"


def test_two_who_saw_the_same_version_do_not_overwrite_each_other(database: Database) -> None:
    add(database, BAKERY)
    change(database, "bakery", renamed("First"), seen=1)

    assert refusal(lambda: change(database, "bakery", renamed("Second"), seen=1)) == "input.version_stale"

    (held,) = everything(database)
    assert (held.relying_party.name, held.version) == ("First", 2)


def test_of_many_who_change_at_once_each_is_done_once_or_refused(database: Database) -> None:
    add(database, CAFE)

    async def at_once() -> list[object]:
        registries = [SqlRegistry(database_address(database.url), Environment.SANDBOX) for _ in range(8)]
        work = [one.change("cafe", renamed(f"Cafe {n}"), ACT, seen=1) for n, one in enumerate(registries)]
        done = await asyncio.gather(*work, return_exceptions=True)
        for one in registries:
            await one.close()
        return list(done)

    done = asyncio.run(at_once())

    assert len([one for one in done if isinstance(one, Registration)]) == 1
    assert [one.code for one in done if isinstance(one, RequestError)] == ["input.version_stale"] * 7
    assert everything(database)[0].version == 2


def test_a_rehearsal_changes_nothing_and_is_refused_as_the_real_thing(database: Database) -> None:
    assert add(database, BAKERY, rehearsed=True).version == 1
    assert everything(database) == ()
    add(database, BAKERY)
    before = edition(database)

    assert refusal(lambda: add(database, BAKERY, rehearsed=True)) == "input.already_registered"
    assert change(database, "bakery", renamed("Other"), rehearsed=True).version == 2
    assert edition(database) == before


def test_a_step_that_is_refused_changes_nothing(database: Database) -> None:
    add(database, BAKERY)
    before = edition(database)

    def refused(held: Registration) -> Registration:
        raise RequestError("input.request_malformed")

    assert refusal(lambda: change(database, "bakery", refused)) == "input.request_malformed"
    assert edition(database) == before


def test_what_bounds_requests_is_a_policy_and_another_one_has_another_number(database: Database) -> None:
    add(database, BAKERY)

    named = change(database, "bakery", renamed("New Bakery"))
    stricter = change(
        database,
        "bakery",
        lambda held: replace(held, relying_party=replace(held.relying_party, minimum_level=AssuranceLevel.A2)),
    )

    assert (named.relying_party.policy_version, stricter.relying_party.policy_version) == (2, 3)
    assert (named.version, stricter.version) == (2, 3)


def test_a_change_that_changes_nothing_is_none(database: Database) -> None:
    add(database, BAKERY)

    assert change(database, "bakery", lambda held: held).version == 1
    assert database.say("SELECT count(*) FROM registry_changes") == [(1,)]


def test_an_edition_is_read_when_something_changed_and_else_not(database: Database) -> None:
    add(database, BAKERY)
    first = edition(database)
    assert first is not None
    assert edition(database, first.revision) is None

    change(database, "bakery", renamed("Other"))
    second = edition(database, first.revision)

    assert second is not None
    assert second.registrations[0].relying_party.name == "Other"


def test_each_change_leaves_a_line_with_what_changed_and_without_anything_secret(database: Database) -> None:
    add(database, BAKERY)
    rotated = replace(BAKERY.clients[1], secret_digest="6" * 64)
    change(database, "bakery", lambda held: replace(held, clients=(held.clients[0], rotated), api_keys=KEYS[1:]))

    lines = database.say("SELECT at, actor, act, relying_party, version, changed FROM registry_changes ORDER BY number")

    assert [line[:5] for line in lines] == [
        ("2026-06-01T12:00:00Z", "local", "add", "bakery", 1),
        ("2026-06-01T12:00:00Z", "local", "change", "bakery", 2),
    ]
    changed = json.loads(str(lines[1][5]))
    assert changed.keys() == {"api_keys", "secrets_changed"}
    assert changed["secrets_changed"] == ["bakery-till"]
    assert not [digest for digest in (DIGEST, "6" * 64, "a" * 64, "b" * 64) if digest in str(lines)]


@pytest.mark.parametrize(
    "spoilt",
    [
        "UPDATE relying_parties SET document = '{}' WHERE id = 'bakery'",
        "UPDATE relying_parties SET document = 'x' WHERE id = 'bakery'",
        "UPDATE relying_parties SET document = replace(document, 'bakery', 'cafe') WHERE id = 'bakery'",
        "UPDATE relying_parties SET document = replace(document, '\"TH\"', '\"XX\"') WHERE id = 'bakery'",
        "UPDATE relying_parties SET created_at = 'yesterday' WHERE id = 'bakery'",
        "UPDATE oidc_clients SET document = '{}' WHERE id = 'bakery-web'",
        "UPDATE oidc_clients SET id = 'other' WHERE id = 'bakery-web'",
        "UPDATE api_keys SET digest = 'idb_test_bakery_' WHERE last_four = 'aaaa'",
    ],
)
def test_a_registration_that_was_spoilt_serves_nobody_and_holds_up_no_other(database: Database, spoilt: str) -> None:
    add(database, BAKERY, CAFE)
    database.say(spoilt)

    found = edition(database)

    assert found is not None
    assert [one.id for one in found.registrations] == ["cafe"]
    assert found.unreadable == ("bakery",)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        change(database, "bakery", renamed("x"))


def test_a_key_that_belongs_to_somebody_is_given_to_nobody_else(database: Database) -> None:
    add(database, BAKERY)

    with pytest.raises(ConfigurationError, match="refuses"):
        add(database, replace(CAFE, api_keys=KEYS[:1]))
    assert [one.id for one in everything(database)] == ["bakery"]


@pytest.mark.parametrize("work", [SqlRegistry.all, lambda registry: registry.add(BAKERY, ACT)])
def test_a_database_of_another_environment_gives_and_takes_nothing(
    database: Database, work: Callable[[SqlRegistry], Awaitable[object]]
) -> None:
    with pytest.raises(ConfigurationError, match="another environment"):
        database.with_registry(work, Environment.LIVE)
    assert everything(database) == ()


def test_the_largest_registration_is_kept_whole(database: Database) -> None:
    many = [{**SECRET_CLIENT, "id": f"till-{number}"} for number in range(LIMITS.oidc_clients)]
    names = [f"claim-{number}" for number in range(LIMITS.registered_entries)]
    large = registration({**WHOLE, "oidc_clients": many, "claims": names})
    add(database, large)

    assert everything(database)[0].clients == large.clients
    assert len(json.dumps(WHOLE)) < LIMITS.registration_bytes
