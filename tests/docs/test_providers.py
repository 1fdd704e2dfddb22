"""The guide to national providers: its file is one that a node reads, and its numbers are those that are kept."""

from pathlib import Path

import pytest

from idbridge.crypto.key_files import write_key_file
from idbridge.crypto.signer import generate
from idbridge.errors import ConfigurationError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment, MemberState
from idbridge_gateway.demo.nodes import lay_out
from idbridge_gateway.oidc.upstream.registrations import Authentication, read_upstream_clients
from idbridge_gateway.oidc.upstream.routes import BACK_CHANNEL, CALLBACK, CLIENT_KEYS
from idbridge_gateway.settings import Settings
from tests.docs.walk import blocks
from tests.gateway.asking import the_region
from tests.source import ROOT

PAGE = "providers.md"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A node whose operator did what the page says."""
    folder = tmp_path / "providers"
    folder.mkdir()
    (block,) = blocks(PAGE)
    (folder / block.said["file"]).write_text(block.text, encoding="utf-8")
    write_key_file(folder / "sg-login.pem", generate("ES256"), passphrase=None)
    for name in ("my-login.secret", "kh-login.secret"):
        (folder / name).write_text("a-secret-that-was-agreed\n", encoding="ascii")
        (folder / name).chmod(0o600)
    node = lay_out(the_region(), tmp_path / "region")[MemberState.TH]
    return node.model_copy(update={"upstream_clients_file": folder / block.said["file"]})


def test_the_file_of_the_page_is_refused_by_a_live_node(settings: Settings) -> None:
    with pytest.raises(ConfigurationError):
        read_upstream_clients(settings.model_copy(update={"environment": Environment.LIVE}))


def test_the_file_of_the_page_is_read_as_the_page_says(settings: Settings) -> None:
    clients = read_upstream_clients(settings)

    assert clients.keys() == {"sg-login", "my-login", "kh-login"}
    assert clients["sg-login"].userinfo
    assert clients["my-login"].authentication is Authentication.CLIENT_SECRET_BASIC
    assert clients["kh-login"].redirect_token is not None
    listed = {service.issuer for service in map(the_region().service, clients)}
    assert {client.issuer for client in clients.values()} == listed


def test_what_the_page_says_in_addresses_and_numbers_is_so() -> None:
    said = (ROOT / "docs" / PAGE).read_text(encoding="utf-8")

    for address in (CALLBACK, BACK_CHANNEL):
        assert address.replace("{provider}", "<name>") in said
    assert CLIENT_KEYS in said
    assert f"the next {LIMITS.upstream_key_pause.total_seconds():.0f} seconds later" in said
    assert f"{LIMITS.fetch_total.total_seconds():.0f} seconds, and connecting {LIMITS.fetch_connect.seconds}" in said
    resting = f"After {LIMITS.upstream_failures} failures in a row a provider is left alone"
    assert f"{resting} for {LIMITS.upstream_rest.total_seconds():.0f} seconds" in said
