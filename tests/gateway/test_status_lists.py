"""Status lists and key sets at a node: on the timer of CRLs, fetched by no request, and silence is not good."""

import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from idbridge.crypto.signer import FileSigner, generate
from idbridge.errors import ConfigurationError
from idbridge.evidence.dispute_affected import Recalled, affected
from idbridge.model.randomness import SystemRandomness
from idbridge.model.region import Environment
from idbridge.sandbox.bench import Bench
from idbridge.sandbox.logins import Login
from idbridge.sandbox.presentations import Presentation
from idbridge.sandbox.region import Region
from idbridge.sandbox.sources import Table
from idbridge.sandbox.status_offers import resealed
from idbridge.sandbox.statuses import reference
from idbridge.status import issue
from idbridge.status.issue import Making
from idbridge.status.mapped import FOLDER
from idbridge.status.packing import packed
from idbridge_gateway import app
from idbridge_gateway.app import create_app
from idbridge_gateway.revocation import ListedHosts
from tests.gateway.asking import Node, node_in, the_region, verdict_of
from tests.gateway.clocks import NOON
from tests.gateway.recording import leaves
from tests.gateway.revoking import DAY, HOUR, CrlHost, crl_host, refresh, without_status_lists
from tests.gateway.test_bell import told

GOOD = ("PASSED", None)
LIST, KEYS = "/status", "/jwks"


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CrlHost]:
    """A host of status lists whose authority this machine knows."""
    folder = tmp_path / "web"
    folder.mkdir()
    with crl_host(folder) as serving:
        monkeypatch.setenv("SSL_CERT_FILE", str(folder / "ca.pem"))
        yield serving


def naming(changes: Mapping[str, Mapping[str, Any]]) -> Region:
    """The region in which the list of Singapore says ``changes`` of its services."""
    region = without_status_lists(the_region(), at=NOON)
    state = region.service("sg-pid").state
    source = region.sources.lists[state]

    def named(service: Table) -> Table:
        return {**service, **changes.get(service["id"], {})}

    providers = [{**one, "service": [named(service) for service in one["service"]]} for one in source["provider"]]
    lists = MappingProxyType({**region.sources.lists, state: {**source, "provider": providers}})
    return replace(region, sources=replace(region.sources, lists=lists)).reissued(state, at=NOON)


@pytest.fixture
def node(tmp_path: Path, host: CrlHost) -> Node:
    """A node of Thailand; the list of Singapore names a status list and a key set of this host."""
    changes: dict[str, dict[str, Any]] = {
        "sg-revocation": {"status_lists": [host.address(LIST)]},
        "sg-login": {"key_set": host.address(KEYS)},
    }
    return node_in(tmp_path, region=naming(changes))


def status_list(host: CrlHost, *values: int, made: Any = NOON - HOUR) -> bytes:
    making = Making(host.address(LIST), made, DAY)
    return issue.sign_jwt(issue.claims_of(making, packed(values, 2), 2), making, the_region().signer("sg-revocation"))


def asked(node: Node, host: CrlHost, source: Any = None) -> tuple[str, str | None]:
    """The verdict on a wallet identity whose status is the first entry, or on another ``source``."""
    shown = (source or Presentation("sg-pid", "sg-tan", payload={"status": reference(0, host.address(LIST))})).shown(
        Bench(node.region, node.clock.now(), SystemRandomness()), to=node.region.registration("th-bank")
    )
    body = {"credential": shown.credential, "purpose": "account-opening", "expected": {"nonce": shown.nonce}}
    return verdict_of(node.send("POST", "/v1/verify", body=body, headers=node.access()))


def test_no_request_fetches_a_list_and_what_no_round_brought_is_undecided(node: Node, host: CrlHost) -> None:
    host.documents[LIST] = status_list(host, 0)

    assert asked(node, host) == ("INDETERMINATE", "status.unavailable")
    assert host.asked == []


def test_a_list_decides_from_the_round_that_brought_it(node: Node, host: CrlHost) -> None:
    for number, (value, verdict) in enumerate(
        ((0, GOOD), (1, ("FAILED", "status.revoked")), (2, ("FAILED", "status.suspended")))
    ):
        host.documents[LIST] = status_list(host, value, made=NOON - HOUR / (number + 1))
        refresh(node)
        assert asked(node, host) == verdict


def test_a_recall_of_the_key_of_a_list_finds_the_answers_that_believed_its_word(node: Node, host: CrlHost) -> None:
    """Whoever has that key calls a revoked credential good."""
    host.documents[LIST] = status_list(host, 0)
    refresh(node)
    before = len(leaves(node.settings))
    assert asked(node, host) == GOOD
    host.documents[LIST] = status_list(host, 1, made=NOON - HOUR / 2)
    refresh(node)
    assert asked(node, host) == ("FAILED", "status.revoked")
    accepted, refused = leaves(node.settings)[before:]

    recalled = Recalled(NOON - DAY, key=the_region().signer("sg-revocation").kid)
    assert affected([accepted, refused], recalled) == {"th-bank": (accepted.members["req"],)}
    assert affected([accepted, refused], Recalled(NOON - DAY, key=generate("ES256").kid)) == {}


def test_a_node_starts_from_the_lists_that_it_held_and_maps_them_from_files(node: Node, host: CrlHost) -> None:
    host.documents[LIST] = status_list(host, 1)
    refresh(node)
    asked_before = list(host.asked)

    again = replace(node, app=create_app(node.settings, clock=node.clock))

    assert asked(again, host) == ("FAILED", "status.revoked")
    assert host.asked == asked_before
    one, other = (n.app.state.trust.current().verifier.status for n in (node, again))
    assert one.id == other.id
    assert all(isinstance(held.octets, memoryview) for held in other.lists.values())
    assert [file.suffix for file in (node.settings.state_dir / FOLDER).iterdir()] == [".bits"]


def test_an_older_list_after_a_restart_is_an_attack_and_what_was_held_serves_on(
    node: Node, host: CrlHost, caplog: pytest.LogCaptureFixture
) -> None:
    host.documents[LIST] = status_list(host, 1)
    refresh(node)
    host.documents[LIST] = status_list(host, 0, made=NOON - 2 * HOUR)
    caplog.set_level(logging.INFO, logger="idbridge_gateway")

    again = replace(node, app=create_app(node.settings, clock=node.clock))
    refresh(again)

    assert asked(again, host) == ("FAILED", "status.revoked")
    assert ("freshness", f"status-list/SG {host.address(LIST)}", "status.list_rollback") in told(caplog)


def login(key: FileSigner) -> Login:
    return Login("sg-login", "sg-tan", header={"kid": key.kid}, seal=lambda draft: resealed(draft, key))


def test_a_new_key_of_a_login_counts_once_a_round_brought_it_and_no_longer_once_it_left(
    node: Node, host: CrlHost
) -> None:
    new, other = generate("ES256", "rotated"), generate("ES256", "other")
    sets = [json.dumps({"keys": [dict(one.public_jwk) for one in keys]}).encode() for keys in ([new, other], [other])]
    unknown = ("INDETERMINATE", "jose.kid_unknown")

    host.documents[KEYS] = sets[0]
    assert asked(node, host, login(new)) == unknown
    assert host.asked == []
    refresh(node)
    assert asked(node, host, login(new)) == GOOD
    host.documents[KEYS] = sets[1]
    refresh(node)
    assert asked(node, host, login(new)) == unknown
    assert asked(node, host, Login("sg-login", "sg-tan")) == GOOD


def test_only_a_sandbox_fetches_from_anywhere_but_the_hosts_that_lists_name(node: Node) -> None:
    live = node.settings.model_copy(update={"environment": Environment.LIVE})

    with pytest.raises(ConfigurationError, match="only a sandbox"):
        app._revocations(live, ListedHosts(Environment.LIVE), None, retention=DAY, clock=node.clock)
