"""The file of this node's clients at providers is read again when it changes; what is broken changes nothing."""

import asyncio
import json
import logging
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from idbridge.crypto.signer import generate
from idbridge.trust.alerts import AlertKind
from idbridge_gateway.oidc.upstream.registrations import UpstreamClient
from tests.gateway.pretending import CLIENT_ID, KH, SG
from tests.gateway.upstreaming import Abroad, abroad_in, by_key, write_clients

ISSUERS = {"sg_login": "https://sandbox.login.sg.example", "kh_login": "https://sandbox.login.kh.example"}


def both(**changes: Any) -> dict[str, Any]:
    return {name: by_key(issuer, **changes) for name, issuer in ISSUERS.items()}


@pytest.fixture
def abroad(tmp_path: Path) -> Abroad:
    return abroad_in(tmp_path)


def look(abroad: Abroad) -> None:
    asyncio.run(abroad.node.app.state.at_providers.look())


def rung(abroad: Abroad) -> list[str]:
    """What was told of the clients, the latest first."""
    alerts = abroad.node.app.state.bell.rung
    return [alert.detail for alert in alerts if alert.kind is AlertKind.NODE_CLIENTS]


def names(abroad: Abroad) -> tuple[str, ...]:
    return abroad.upstream.names


def keys(abroad: Abroad) -> set[str]:
    """The names of the keys by which the node proves itself to providers."""
    published = abroad.node.send("GET", "/.well-known/client-keys.json").json()["keys"]
    return {key["kid"] for key in published if key.get("use") != "enc"}


@pytest.mark.parametrize(
    "broken",
    ["", "{", "[]", '{"schema": "idbridge-upstream-clients-1"}'],
    ids=["empty", "cut off", "no object", "half"],
)
def test_a_file_that_is_broken_leaves_the_clients_in_force_and_rings_once(
    abroad: Abroad, broken: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = abroad.node.settings.upstream_clients_file
    assert path is not None
    path.write_text(broken, encoding="utf-8")
    for _ in range(3):
        look(abroad)
    path.write_text(f"{broken} ", encoding="utf-8")
    look(abroad)

    assert names(abroad) == (KH, SG)
    assert len(rung(abroad)) == 1
    assert rung(abroad)[0].startswith("the clients at providers stay what they were: ")
    assert caplog.text.count("the clients at providers stay what they were") == 1
    assert abroad.log_in(SG).status_code == 303


def test_one_client_that_is_wrong_keeps_all_of_the_change_out(abroad: Abroad) -> None:
    write_clients(abroad.node.settings, **both(client_id="another"), nobody=by_key("no address"))
    look(abroad)

    assert names(abroad) == (KH, SG)
    assert abroad.upstream.providers.client(SG).client_id == CLIENT_ID
    assert len(rung(abroad)) == 1


def test_a_file_that_others_may_write_to_is_not_believed(abroad: Abroad) -> None:
    path = write_clients(abroad.node.settings, **both(client_id="another"))
    path.chmod(0o622)
    look(abroad)

    assert abroad.upstream.providers.client(SG).client_id == CLIENT_ID
    assert len(rung(abroad)) == 1


def test_a_file_that_is_gone_takes_nobody_away(abroad: Abroad) -> None:
    path = abroad.node.settings.upstream_clients_file
    assert path is not None
    path.unlink()
    look(abroad)

    assert names(abroad) == (KH, SG)
    assert len(rung(abroad)) == 1


def test_a_new_client_counts_from_the_next_look_on_and_one_that_is_gone_no_more(
    abroad: Abroad, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="idbridge_gateway")
    write_clients(abroad.node.settings, sg_login=by_key(ISSUERS["sg_login"], client_id="another"))
    assert names(abroad) == (KH, SG)
    look(abroad)

    assert names(abroad) == (SG,)
    assert abroad.upstream.ids() == {ISSUERS["sg_login"]: SG}
    assert abroad.upstream.providers.client(SG).client_id == "another"
    assert abroad.refused(abroad.begin(), KH).code == "issuer.unknown"
    assert "clients at providers in force: sg-login" in caplog.text


def test_a_file_that_is_well_again_is_taken_up_and_rings_for_the_next_fault(abroad: Abroad) -> None:
    path = abroad.node.settings.upstream_clients_file
    assert path is not None
    path.write_text("{", encoding="utf-8")
    look(abroad)
    write_clients(abroad.node.settings, **both(client_id="another"))
    look(abroad)
    assert abroad.upstream.providers.client(KH).client_id == "another"
    path.write_text("{", encoding="utf-8")
    look(abroad)

    assert len(rung(abroad)) == 2


def test_a_key_that_is_exchanged_in_its_file_is_the_one_that_is_published(abroad: Abroad) -> None:
    path = abroad.node.settings.upstream_clients_file
    assert path is not None
    before = abroad.upstream.providers.client_keys
    fresh = path.parent / "fresh.pem"
    fresh.write_text(generate("ES256").pem(), encoding="ascii")
    fresh.chmod(0o600)
    fresh.replace(path.parent / "node.pem")
    look(abroad)

    after = abroad.upstream.providers.client_keys
    assert keys(abroad) == {"node-1"}
    assert [key["x"] for key in after] != [key["x"] for key in before]
    published = abroad.node.send("GET", "/.well-known/client-keys.json").json()["keys"]
    assert json.loads(json.dumps(after[0])) in published


def test_nothing_is_read_while_nothing_changes(abroad: Abroad) -> None:
    held = abroad.upstream.providers.client(SG)
    for _ in range(3):
        look(abroad)

    assert abroad.upstream.providers.client(SG) is held


class Exchanging(dict[str, UpstreamClient]):
    """Clients whose first look brings about that others are in force."""

    def __init__(self, clients: Mapping[str, UpstreamClient], then: Callable[[], None]) -> None:
        super().__init__(clients)
        self._then = then

    def __iter__(self) -> Iterator[str]:
        """Yield the names, and let others come into force before anything is looked up by them."""
        names = tuple(super().__iter__())
        self._then()
        return iter(names)


def test_who_reads_the_clients_while_they_are_exchanged_reads_one_and_the_same_of_them(abroad: Abroad) -> None:
    there = abroad.node.app.state.at_providers.in_force
    whole = dict(there)

    def look_while_exchanged(look: Callable[[], Any]) -> Any:
        there.exchange(Exchanging(whole, lambda: there.exchange({})))
        return look()

    assert look_while_exchanged(lambda: abroad.upstream.providers.client_keys)
    assert set(look_while_exchanged(abroad.upstream.ids).values()) == {SG, KH}
