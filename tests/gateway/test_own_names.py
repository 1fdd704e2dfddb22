"""Nobody is registered under a name of the node itself: what wallets and providers made for the node stays its own."""

import asyncio
import json
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from idbridge.errors import RequestError
from idbridge_gateway.app import create_app
from idbridge_gateway.identities import own_names
from idbridge_gateway.oidc.upstream.registrations import read_upstream_clients
from idbridge_gateway.registration import write_registrations
from idbridge_gateway.registry.own_names import OwnNames
from idbridge_gateway.registry.record import Registration
from tests.gateway.asking import Node
from tests.gateway.upstreaming import Abroad, abroad_in, by_key, write_clients
from tests.gateway.wallets import Wallets
from tests.registry.kit import SECRET_CLIENT, registration

Renaming = Callable[[Registration, str], Registration]


def audience(one: Registration, name: str) -> Registration:
    return replace(one, relying_party=replace(one.relying_party, audiences=one.relying_party.audiences | {name}))


def foreign_client(one: Registration, name: str) -> Registration:
    return replace(
        one, relying_party=replace(one.relying_party, clients={"https://login.sg.example": frozenset({name})})
    )


def own_client(one: Registration, name: str) -> Registration:
    (client,) = registration(oidc_clients=[{**SECRET_CLIENT, "id": name}]).clients
    return replace(one, clients=(replace(client, relying_party=one.id),))


def rename(node: Node, change: Renaming, name: str) -> None:
    """Let the registration of the hospital name ``name`` from now on."""
    registry = node.app.state.parts.registry
    registry.exchange([change(one, name) if one.id == "th-hospital" else one for one in registry.registrations])


def hospital(node: Node) -> int:
    return node.send("GET", "/v1/presentations/unknown", headers=node.access("th-hospital")).status_code


def names_of(node: Node) -> list[str]:
    """What the node is called: as it asks wallets, and by its address."""
    wallets = Wallets(node)
    asked = [wallets.asked(wallets.ordered(client_id_prefix=prefix)) for prefix in ("x509_hash", "x509_san_dns")]
    return [*(one.claims["client_id"] for one in asked), node.settings.node_url]


@pytest.mark.parametrize("change", [audience, foreign_client, own_client])
@pytest.mark.parametrize("which", range(3))
def test_a_registration_that_names_the_node_serves_nobody_and_holds_up_no_other(
    node: Node, change: Renaming, which: int, caplog: pytest.LogCaptureFixture
) -> None:
    before = node.app.state.parts.registry.registrations
    assert hospital(node) == 404

    with caplog.at_level(logging.ERROR):
        for _ in range(2):
            rename(node, change, names_of(node)[which])
    assert hospital(node) == 401
    assert node.ask().json()["accepted"] is True
    assert len([record for record in caplog.records if "th-hospital" in record.getMessage()]) == 1
    node.app.state.parts.registry.exchange(before)
    assert hospital(node) == 404


def test_a_client_of_the_node_at_a_provider_is_nobody_elses_there_and_a_name_like_any_other_elsewhere() -> None:
    own = OwnNames(at={"https://login.sg.example": frozenset({"node-th"})})
    own.require_none(registration(clients={"https://login.my.example": ["node-th"]}))
    own.require_none(registration(audiences=["node-th"]))

    with pytest.raises(RequestError) as caught:
        own.require_none(registration(clients={"https://login.sg.example": ["bakery-at-sg", "node-th"]}))
    assert caught.value.code == "input.request_malformed"


OWN = OwnNames(frozenset({"https://node.th.example", "http://127.0.0.1:8080", "idbridge.ask"}))


@pytest.mark.parametrize(
    "address",
    [
        "https://node.th.example/login/callback/sg-login",
        "https://node.th.example:443/",
        "http://127.0.0.1:8080/x?y",
        "http://localhost:8080/callback",
        "http://[::1]:8080/callback",
    ],
)
@pytest.mark.parametrize("member", ["redirect_uris", "post_logout_redirect_uris", "backchannel_logout_uri"])
def test_nobody_is_registered_with_an_address_at_the_node(member: str, address: str) -> None:
    """A code would go to the node, which redeems none of others, and whatever its pages make of it."""
    one = registration()
    values: dict[str, Any] = {member: address if member == "backchannel_logout_uri" else (address,)}
    client = replace(one.clients[0], **values)

    with pytest.raises(RequestError) as caught:
        OWN.require_none(replace(one, clients=(client,)))
    assert caught.value.code == "input.request_malformed"


@pytest.mark.parametrize("member", ["webhook", "withdrawal"])
@pytest.mark.parametrize("address", ["https://node.th.example/v1/verify", "http://localhost:8080/ask"])
def test_nobody_is_told_of_results_or_sends_people_to_withdraw_at_the_node(member: str, address: str) -> None:
    named: dict[str, Any] = {member: address}

    with pytest.raises(RequestError) as caught:
        OWN.require_none(replace(registration(), **named))
    assert caught.value.code == "input.request_malformed"


def test_nobody_is_called_what_the_node_is_and_others_beside_it_may_be_anywhere_else() -> None:
    one = registration()
    with pytest.raises(RequestError):
        OWN.require_none(replace(one, clients=(), relying_party=replace(one.relying_party, id="idbridge.ask")))

    for address in ("https://th.example/callback", "http://localhost:8081/callback", "https://node.th.example.org/"):
        OWN.require_none(replace(one, clients=(replace(one.clients[0], redirect_uris=(address,)),)))
    OWN.require_none(one)


def test_a_former_client_at_a_provider_is_nobody_elses_after_a_restart_either(tmp_path: Path) -> None:
    issuer = "https://sandbox.login.sg.example"
    abroad = abroad_in(tmp_path, sg_login=by_key(issuer, client_id="since"))
    path = write_clients(abroad.node.settings, sg_login=by_key(issuer, client_id="since"))
    document = {**json.loads(path.read_bytes()), "former_clients": {issuer: ["before"]}}
    settings = abroad.node.settings.model_copy(update={"upstream_clients_file": path})
    assert "before" not in own_names(settings).at[issuer]
    path.write_text(json.dumps(document), encoding="utf-8")

    assert own_names(settings).at[issuer] == {"before", "since"}
    asyncio.run(abroad.node.app.state.at_providers.look())
    with pytest.raises(RequestError):
        abroad.node.app.state.parts.registry.own.require_none(registration(clients={issuer: ["before"]}))


def test_a_node_knows_its_clients_at_providers(abroad: Abroad) -> None:
    clients = read_upstream_clients(abroad.node.settings)

    assert len(clients) > 1
    assert own_names(abroad.node.settings).at == {
        client.issuer: frozenset({client.client_id}) for client in clients.values()
    }


def test_a_client_at_a_provider_that_is_new_or_was_there_before_is_nobody_elses_from_the_look_on(
    tmp_path: Path,
) -> None:
    issuer = "https://sandbox.login.sg.example"
    abroad = abroad_in(tmp_path, sg_login=by_key(issuer, client_id="before"))
    node, registry = abroad.node, abroad.node.app.state.parts.registry

    def as_client(one: Registration, name: str) -> Registration:
        return replace(one, relying_party=replace(one.relying_party, clients={issuer: frozenset({name})}))

    everybody = registry.registrations
    rename(node, as_client, "since")
    assert hospital(node) == 404
    write_clients(node.settings, sg_login=by_key(issuer, client_id="since"))
    asyncio.run(node.app.state.at_providers.look())

    assert abroad.upstream.providers.client("sg-login").client_id == "since"
    assert hospital(node) == 401
    for name in ("before", "since"):
        registry.exchange([as_client(one, name) if one.id == "th-hospital" else one for one in everybody])
        assert hospital(node) == 401
        with pytest.raises(RequestError):
            registry.own.require_none(registration(clients={issuer: [name]}))


def test_a_node_that_starts_does_not_serve_a_registration_that_names_it(own_node: Node) -> None:
    path = own_node.settings.relying_parties_file
    assert path is not None
    everybody = own_node.app.state.parts.registry.registrations
    changed = [audience(one, own_node.settings.node_url) if one.id == "th-hospital" else one for one in everybody]
    write_registrations(path, changed, environment=own_node.settings.environment)

    own_node.app = create_app(own_node.settings, clock=own_node.clock)
    assert hospital(own_node) == 401
    assert own_node.ask().json()["accepted"] is True


def test_a_name_that_is_like_one_of_the_node_is_another(node: Node) -> None:
    rename(node, audience, "x509_san_dns:another.th.example")
    assert hospital(node) == 404
