"""The registration file while a node runs: what is written is in force a look later, and a slip changes nothing."""

import asyncio
import json
import logging
from dataclasses import replace
from pathlib import Path

import pytest

from idbridge.limits import LIMITS
from idbridge.model.region import Environment
from idbridge_gateway.registration import read_registrations, registration_of, write_registrations
from idbridge_gateway.registry.watch import PACE, RegistryWatch
from tests.gateway.asking import Node, problem_of, verdict_of
from tests.registry.kit import registration

SANDBOX = Environment.SANDBOX


def look(node: Node) -> None:
    watch: RegistryWatch = node.app.state.registry.watch
    asyncio.run(watch.look())


def standing(node: Node) -> bool:
    return bool(node.send("GET", "/readyz").json()["registrations"]["current"])


def rewritten(node: Node, *, enabled: bool) -> None:
    path = node.settings.relying_parties_file
    everybody = read_registrations(path, environment=SANDBOX)
    changed = (
        registration_of(replace(one.relying_party, enabled=enabled)) if one.id == "th-bank" else one
        for one in everybody
    )
    write_registrations(path, changed, environment=SANDBOX)


def test_a_registry_is_looked_at_often_enough_that_a_party_is_out_within_two_seconds() -> None:
    assert PACE.every == LIMITS.registry_look
    assert LIMITS.registry_look.total_seconds() <= 1
    assert LIMITS.registry_wait.total_seconds() <= 5


def test_a_party_that_the_file_switches_off_is_out_a_look_later_and_back_when_it_is_on_again(own_node: Node) -> None:
    assert verdict_of(own_node.ask()) == ("PASSED", None)

    rewritten(own_node, enabled=False)
    assert verdict_of(own_node.ask()) == ("PASSED", None)
    look(own_node)
    assert problem_of(own_node.ask(), 403) == "policy.relying_party_disabled"
    rewritten(own_node, enabled=True)
    look(own_node)

    assert verdict_of(own_node.ask()) == ("PASSED", None)


def test_a_file_with_a_slip_in_it_leaves_the_last_registrations_and_says_so_once(
    own_node: Node, caplog: pytest.LogCaptureFixture
) -> None:
    path = own_node.settings.relying_parties_file
    good = path.read_bytes()
    with caplog.at_level(logging.ERROR, logger="idbridge_gateway"):
        path.write_bytes(good.replace(b'"sector"', b'"sectro"', 1))
        look(own_node)
        look(own_node)

    assert verdict_of(own_node.ask()) == ("PASSED", None)
    assert not standing(own_node)
    assert len([record for record in caplog.records if "last registrations stay" in record.message]) == 1
    path.write_bytes(good)
    look(own_node)
    assert standing(own_node)


def test_a_file_that_is_gone_leaves_the_last_registrations(own_node: Node) -> None:
    own_node.settings.relying_parties_file.unlink()
    look(own_node)

    assert verdict_of(own_node.ask()) == ("PASSED", None)
    assert not standing(own_node)


def test_clients_of_openid_connect_are_read_from_the_file(tmp_path: Path) -> None:
    path = tmp_path / "relying_parties.json"
    write_registrations(path, (registration(),), environment=SANDBOX)

    assert read_registrations(path, environment=SANDBOX) == (registration(),)
    (entry,) = json.loads(path.read_text(encoding="utf-8"))["relying_parties"]
    assert [client["id"] for client in entry["oidc_clients"]] == ["bakery-web", "bakery-till"]
