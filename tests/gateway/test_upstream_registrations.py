"""The file of this node's clients at providers: strict, and its keys and secrets for their owner alone."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from idbridge.crypto.signer import generate
from idbridge.errors import ConfigurationError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment, MemberState
from idbridge.sandbox.edits import ABSENT
from idbridge_gateway.demo.nodes import lay_out
from idbridge_gateway.oidc.upstream.registrations import Authentication, UpstreamClient, read_upstream_clients
from idbridge_gateway.settings import Settings
from tests.gateway.asking import the_region
from tests.gateway.pretending import CLIENT_ID, CLIENT_SECRET, SG
from tests.gateway.upstreaming import abroad_in, by_key, by_secret, write_clients

ISSUER = "https://sandbox.login.sg.example"
REDIRECT = {"login": f"{ISSUER}/connect", "exchange": f"{ISSUER}/exchange"}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return lay_out(the_region(), tmp_path)[MemberState.TH]


def read(settings: Settings, **entries: Any) -> dict[str, UpstreamClient]:
    path = write_clients(settings, **entries)
    return dict(read_upstream_clients(settings.model_copy(update={"upstream_clients_file": path})))


def refused(settings: Settings, **entries: Any) -> str:
    with pytest.raises(ConfigurationError) as caught:
        read(settings, **entries)
    return str(caught.value)


@pytest.mark.parametrize(
    "entry",
    [
        by_key(ISSUER, client_id=ABSENT),
        {"client_id": CLIENT_ID, "authentication": "private_key_jwt", "key_file": "node.pem"},
        by_key(ISSUER, authentication=ABSENT),
        by_key(ISSUER, key_file=ABSENT),
        by_key(ISSUER, authentication="none"),
        by_key(ISSUER, authentication="client_secret_basic"),
        by_key(ISSUER, authentication="client_secret_jwt"),
        by_key(ISSUER, secret_file="secret"),
        by_key(ISSUER, scopes="openid"),
        by_key(ISSUER, scope="profile"),
        by_key(ISSUER, scope="openid\nprofile"),
        by_key(ISSUER, userinfo="yes"),
        by_key(ISSUER, userinfo=1),
        by_key(ISSUER, client_id=7),
        by_key(ISSUER, client_id=""),
        by_key(ISSUER, client_id="a b"),
        by_key(ISSUER, kid=""),
        by_key("http://login.sg.example"),
        by_key("https://user@login.sg.example"),
        by_key("https://login.sg.example/#top"),
        by_key(ISSUER, redirect_token=REDIRECT),
        by_secret(ISSUER, "private_key_jwt"),
        by_secret(ISSUER, kid="node-1"),
        by_secret(ISSUER, key_file="node.pem"),
        by_secret(ISSUER, "client_secret_post", redirect_token=REDIRECT),
        by_secret(ISSUER, redirect_token={"login": f"{ISSUER}/connect"}),
        by_secret(ISSUER, redirect_token={**REDIRECT, "exchange": "https://elsewhere.example/exchange"}),
        by_secret(ISSUER, redirect_token=[]),
        by_key(ISSUER, reached_at="https://127.0.0.1:4001"),
        by_key(ISSUER, reached_at="http://10.0.0.1:4001"),
        by_key(ISSUER, reached_at="http://elsewhere.example"),
        by_key(ISSUER, reached_at="http://127.0.0.1:4001/?a=b"),
        [],
        "sg-login",
    ],
)
def test_an_entry_that_says_too_little_or_too_much_is_refused(settings: Settings, entry: Any) -> None:
    path = write_clients(settings)
    document = json.loads(path.read_text())
    document["providers"] = {SG: entry}
    path.write_text(json.dumps(document))

    with pytest.raises(ConfigurationError):
        read_upstream_clients(settings.model_copy(update={"upstream_clients_file": path}))


@pytest.mark.parametrize("name", ["SG", "sg_login", "-sg", "sg-", "", "a/b", "x" * 65])
def test_a_provider_has_a_name_that_may_stand_in_an_address(settings: Settings, name: str) -> None:
    path = write_clients(settings)
    path.write_text(json.dumps({**json.loads(path.read_text()), "providers": {name: by_key(ISSUER)}}))

    with pytest.raises(ConfigurationError, match="called by lower case"):
        read_upstream_clients(settings.model_copy(update={"upstream_clients_file": path}))


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda document: {**document, "schema": "idbridge-upstream-clients-2"}, "members of"),
        (lambda document: {**document, "more": 1}, "members of"),
        (lambda document: {**document, "providers": []}, "members of"),
        (lambda document: {**document, "environment": "live"}, "another environment"),
        (lambda document: {**document, "former_clients": [CLIENT_ID]}, "lists client ids by issuer"),
        (lambda document: {**document, "former_clients": {ISSUER: CLIENT_ID}}, "lists client ids by issuer"),
        (lambda document: {**document, "former_clients": {ISSUER: []}}, "lists client ids by issuer"),
        (lambda document: {**document, "former_clients": {ISSUER: [7]}}, "no text"),
    ],
)
def test_a_file_of_another_kind_or_environment_is_refused(
    settings: Settings, spoil: Callable[[dict[str, Any]], dict[str, Any]], why: str
) -> None:
    path = write_clients(settings, sg_login=by_key(ISSUER))
    path.write_text(json.dumps(spoil(json.loads(path.read_text()))))

    with pytest.raises(ConfigurationError, match=why):
        read_upstream_clients(settings.model_copy(update={"upstream_clients_file": path}))


@pytest.mark.parametrize("octets", [b"", b"{}x", b'{"schema":1,"schema":1}', b" " * (LIMITS.body_bytes + 1)])
def test_a_file_that_is_no_strict_json_is_refused(settings: Settings, octets: bytes) -> None:
    path = write_clients(settings)
    path.write_bytes(octets)

    with pytest.raises(ConfigurationError, match=r"strict JSON|members of"):
        read_upstream_clients(settings.model_copy(update={"upstream_clients_file": path}))


def test_a_file_that_is_missing_or_that_others_may_write_is_refused(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_upstream_clients(settings.model_copy(update={"upstream_clients_file": tmp_path / "none.json"}))

    path = write_clients(settings)
    path.chmod(0o622)
    with pytest.raises(ConfigurationError):
        read_upstream_clients(settings.model_copy(update={"upstream_clients_file": path}))


@pytest.mark.parametrize("name", ["node.pem", "secret"])
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_or_secret_that_others_may_read_is_refused(settings: Settings, name: str, mode: int) -> None:
    path = write_clients(settings, sg_login=by_key(ISSUER), kh_login=by_secret("https://login.kh.example"))
    (path.parent / name).chmod(mode)

    with pytest.raises(ConfigurationError, match="only its owner can read"):
        read_upstream_clients(settings.model_copy(update={"upstream_clients_file": path}))


def test_a_live_node_has_its_keys_under_a_passphrase_and_nobody_stands_in(settings: Settings) -> None:
    live = settings.model_copy(update={"environment": Environment.LIVE})

    assert "not encrypted" in refused(live, sg_login=by_key(ISSUER))
    assert "in a sandbox" in refused(live, sg_login=by_secret(ISSUER, reached_at="http://127.0.0.1:4001"))


@pytest.mark.parametrize("secret", ["", "short", "with a space in it, and long", "\u00e9-not-of-these-characters"])
def test_a_secret_that_is_none_is_refused_and_not_shown(settings: Settings, secret: str) -> None:
    path = write_clients(settings, sg_login=by_secret(ISSUER))
    (path.parent / "secret").write_text(secret, encoding="utf-8")

    with pytest.raises(ConfigurationError) as caught:
        read_upstream_clients(settings.model_copy(update={"upstream_clients_file": path}))
    assert not secret or secret not in str(caught.value)


def test_two_keys_under_one_name_are_refused(settings: Settings) -> None:
    path = write_clients(settings, a=by_key(ISSUER), b=by_key("https://login.kh.example", key_file="other.pem"))
    other = path.parent / "other.pem"
    other.write_text(generate("ES256").pem(), encoding="ascii")
    other.chmod(0o600)

    with pytest.raises(ConfigurationError, match="two keys by one name"):
        read_upstream_clients(settings.model_copy(update={"upstream_clients_file": path}))


def test_what_providers_register_of_this_node_is_published_without_its_private_half(tmp_path: Path) -> None:
    abroad = abroad_in(tmp_path)
    response = abroad.node.send("GET", "/.well-known/client-keys.json")
    keys = response.json()["keys"]
    signing = [key["kid"] for key in abroad.node.send("GET", "/.well-known/jwks.json").json()["keys"]]

    assert [key["kid"] for key in keys if key["use"] == "sig"] == ["node-1"]
    assert any(key["use"] == "enc" for key in keys)
    assert "node-1" not in signing
    assert not any("d" in key for key in keys)
    assert "max-age" in response.headers["cache-control"]


def test_one_issuer_has_one_client(settings: Settings) -> None:
    assert "names an issuer twice" in refused(settings, a=by_key(ISSUER), b=by_secret(ISSUER))


def test_a_node_without_file_has_no_clients(settings: Settings) -> None:
    assert not read_upstream_clients(settings)


def test_what_is_registered_is_what_is_read(settings: Settings) -> None:
    clients = read(
        settings,
        sg_login=by_key(ISSUER, scope="openid profile", userinfo=True, reached_at="http://127.0.0.1:4001/sg-login/"),
        kh_login=by_secret("https://login.kh.example", "client_secret_post"),
    )

    sg, kh = clients["sg-login"], clients["kh-login"]
    assert (sg.client_id, sg.scope, sg.userinfo) == (CLIENT_ID, "openid profile", True)
    assert (sg.host, sg.reached_at) == ("sandbox.login.sg.example", "http://127.0.0.1:4001/sg-login")
    assert sg.signer is not None
    assert sg.signer.kid == "node-1"
    assert sg.secret is None
    assert kh.authentication is Authentication.CLIENT_SECRET_POST
    assert (kh.secret, kh.signer) == (CLIENT_SECRET, None)
    assert CLIENT_SECRET not in repr(kh)
