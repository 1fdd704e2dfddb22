"""`idbridge sandbox answer`: a pretend wallet on the command line, which answers nodes on this machine."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest

from idbridge.clock import SystemClock
from idbridge.model.region import MemberState
from idbridge.sandbox.region import Region
from idbridge_gateway.app import create_app
from idbridge_gateway.demo.nodes import lay_out
from idbridge_gateway.serving import BackgroundServer, address_of, listen
from tests.cli.ended import Ended
from tests.gateway.wallets import ORDER

Run = Callable[..., Ended]
LINK = "openid4vp://?client_id=x509_hash%3Aa&request_uri=http%3A%2F%2F127.0.0.1%3A9%2Fwallet%2Frequest%2Fa"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str, str]]:
    """The folder of a region, the address of Thailand's node, and the key of a bank there."""
    folder, clock = tmp_path_factory.mktemp("answering"), SystemClock()
    region = Region.generate(at=clock.now())
    region.save(folder)
    listener = listen("127.0.0.1", 0)
    settings = lay_out(region, folder)[MemberState.TH].model_copy(update={"browser_url": address_of(listener)})
    with BackgroundServer(create_app(settings, clock=clock), listener=listener) as server:
        yield folder, server.url, region.keys.api["th-bank"]


def ordered(url: str, key: str) -> str:
    response = httpx2.post(
        f"{url}/v1/presentations", json=ORDER, headers={"Authorization": f"Bearer {key}"}, trust_env=False
    )
    return str(response.json()["wallet_link"])


def test_nobody_answers_for_who_is_not_there(run: Run, running: tuple[Path, str, str]) -> None:
    ended = run("sandbox", "answer", LINK, "--as", "nobody", "--region", str(running[0]))

    assert ended.code == 2
    assert "nobody here is called `nobody`" in ended.err
    assert "sg-tan" in ended.err


@pytest.mark.parametrize("link", ["no link", LINK.replace("127.0.0.1", "node.th.example")])
def test_a_pretend_wallet_calls_nobody_elsewhere(run: Run, running: tuple[Path, str, str], link: str) -> None:
    ended = run("sandbox", "answer", link, "--region", str(running[0]))

    assert ended.code == 2
    assert "on this machine and nowhere else" in ended.err


def test_a_region_without_nodes_has_no_authority_that_wallets_know(run: Run, tmp_path: Path) -> None:
    Region.generate(at=SystemClock().now()).save(tmp_path)

    ended = run("sandbox", "answer", LINK, "--region", str(tmp_path))
    assert ended.code == 5
    assert "no nodes" in ended.err


def test_a_link_that_leads_to_nothing_is_not_answered(run: Run, running: tuple[Path, str, str]) -> None:
    folder, url, key = running
    link = ordered(url, key)

    ended = run("sandbox", "answer", f"{link}A".replace("&request_uri_method=postA", "A"), "--region", str(folder))
    assert ended.code == 1
    assert "the wallet does not answer" in ended.err
    assert json.loads(ended.out) == {"refused": True}


def test_a_wallet_answers_once_and_may_say_no(run: Run, running: tuple[Path, str, str]) -> None:
    folder, url, key = running
    first, second = ordered(url, key), ordered(url, key)

    answered = run("sandbox", "answer", first, "--region", str(folder))
    assert (answered.code, json.loads(answered.out)) == (0, {})
    assert "taken" in answered.err
    again = run("sandbox", "answer", first, "--region", str(folder))
    assert again.code == 1
    denied = run("sandbox", "answer", second, "--deny", "--region", str(folder))
    assert (denied.code, json.loads(denied.out)) == (0, {})
