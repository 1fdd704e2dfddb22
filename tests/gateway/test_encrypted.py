"""A node's keys for what is encrypted to it: published apart from those it signs with, and each used for one thing."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from idbridge.crypto.key_files import write_key_file
from idbridge.crypto.signer import generate
from idbridge.errors import ConfigurationError, RequestError
from idbridge.limits import LIMITS
from idbridge.model.login import Encryption
from idbridge.model.region import MemberState
from idbridge.model.request import VerifyRequest
from idbridge_gateway.api.request import read_request
from idbridge_gateway.app import create_app
from tests.gateway.asking import Node, the_region, verdict_of
from tests.gateway.test_request import BANK, LEAST, NODE

SEALED = "sg-login-encrypted"


def published(node: Node) -> list[dict[str, Any]]:
    keys: list[dict[str, Any]] = node.send("GET", "/.well-known/jwks.json").json()["keys"]
    return keys


def test_a_node_publishes_what_others_encrypt_to_and_nothing_private(node: Node) -> None:
    keys = published(node)
    encryption = [key for key in keys if key["use"] == "enc"]

    assert {key["use"] for key in keys} == {"sig", "enc"}
    assert [key["crv"] for key in encryption] == ["P-256", "P-521"]
    assert all(set(key) == {"kty", "crv", "x", "y", "kid", "use"} for key in encryption)


def test_what_is_encrypted_to_another_node_does_not_open_here(node: Node, other_node: Node) -> None:
    minted = node.case(SEALED)
    body = minted.document()

    assert verdict_of(node.put(minted.exchange)) == ("PASSED", None)
    asked = other_node.batch([body], party="sg-bank").json()["items"][0]
    assert asked["reason"]["code"] == "jose.decryption_failed"


def test_an_encrypted_token_is_replayed_like_any_other(node: Node) -> None:
    minted = node.case(SEALED)

    assert verdict_of(node.put(minted.exchange)) == ("PASSED", None)
    assert verdict_of(node.put(minted.exchange)) == ("FAILED", "holder.replayed")


def test_why_a_token_does_not_open_is_not_told(node: Node) -> None:
    """The answer to a wrong key and to a wrong tag is one and the same, but for what names the request."""
    own = ("report_id", "evaluated_at", "receipt")
    reports = [
        node.put(node.case(name).exchange).json() for name in ("encrypted-to-somebody-else", "encrypted-token-altered")
    ]

    assert [report["reason"]["code"] for report in reports] == ["jose.decryption_failed"] * 2
    assert {**reports[0], **dict.fromkeys(own)} == {**reports[1], **dict.fromkeys(own)}


def test_a_node_without_keys_serves_nothing_encrypted(own_node: Node) -> None:
    bare = replace(own_node, app=create_app(
        own_node.settings.model_copy(update={"decryption_keys_dir": None}), clock=own_node.clock
    ))  # fmt: skip

    assert verdict_of(bare.ask(SEALED)) == ("FAILED", "input.format_unsupported")
    assert {key["use"] for key in published(bare)} == {"sig"}


@pytest.fixture
def folder(own_node: Node) -> Path:
    place = own_node.settings.decryption_keys_dir
    assert place is not None
    return place


def refused_start(node: Node) -> str:
    with pytest.raises(ConfigurationError) as caught:
        create_app(node.settings, clock=node.clock)
    return str(caught.value)


def test_a_key_that_signs_assertions_opens_nothing(own_node: Node, folder: Path) -> None:
    signer = the_region().node_service(MemberState.TH).signer
    write_key_file(folder / "z.pem", signer, passphrase=None)

    assert "a key has one use" in refused_start(own_node)


def test_one_key_twice_is_refused(own_node: Node, folder: Path) -> None:
    (folder / "z.pem").write_bytes((folder / "0.pem").read_bytes())
    (folder / "z.pem").chmod(0o600)

    assert "there twice" in refused_start(own_node)


def test_a_key_that_others_can_read_is_refused(own_node: Node, folder: Path) -> None:
    (folder / "0.pem").chmod(0o644)

    assert "owner" in refused_start(own_node)


def test_a_key_that_nothing_is_encrypted_to_is_refused(own_node: Node, folder: Path) -> None:
    write_key_file(folder / "z.pem", generate("Ed25519"), passphrase=None)

    assert "decryption key" in refused_start(own_node)


def test_no_key_and_too_many_are_refused(own_node: Node, folder: Path) -> None:
    for number in range(LIMITS.decryption_keys - 1):
        write_key_file(folder / f"z{number}.pem", generate("ES256"), passphrase=None)
    assert f"1 to {LIMITS.decryption_keys}" in refused_start(own_node)
    for path in folder.iterdir():
        path.unlink()
    assert f"1 to {LIMITS.decryption_keys}" in refused_start(own_node)


# Step V1


def read(expected: Any = None, **members: Any) -> VerifyRequest:
    whole = {**LEAST, **({} if expected is None else {"expected": expected}), **members}
    return read_request(whole, relying_party=BANK, node_audiences=NODE, decryption_keys=keys())


def keys() -> Any:
    return the_region().decryption_keys(MemberState.TH)


@pytest.mark.parametrize(
    "expected",
    [
        {"max_age": -1},
        {"max_age": "300"},
        {"max_age": 1.5},
        {"max_age": True},
        {"max_age": None},
        {"max_age": int(LIMITS.login_age.total_seconds()) + 1},
        {"access_token": ""},
        {"access_token": 7},
        {"access_token": "x" * (LIMITS.token_bytes + 1)},
        {"code": None},
        {"state": []},
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_expected_of_a_login_has_its_own_type_and_bound(expected: Any) -> None:
    with pytest.raises(RequestError) as caught:
        read(expected)

    assert caught.value.code == "input.request_malformed"


@pytest.mark.parametrize("userinfo", [None, "", 7, {"sub": "x"}, "x" * (LIMITS.body_bytes + 1)], ids=range(5))
def test_a_userinfo_response_is_a_text(userinfo: Any) -> None:
    with pytest.raises(RequestError) as caught:
        read(userinfo=userinfo)

    assert caught.value.code == "input.request_malformed"


def test_what_is_said_of_a_login_is_read_as_it_stands() -> None:
    asked = read({"max_age": 0, "access_token": "t", "code": "c", "state": "s"}, userinfo="a.b.c")

    assert asked.expected.login is not None
    assert asked.expected.login.max_age is not None
    assert (asked.expected.login.access_token, asked.expected.login.code, asked.expected.login.state) == ("t", "c", "s")
    assert asked.userinfo is not None
    assert (asked.userinfo.text, asked.encryption) == ("a.b.c", None)
    assert read().expected.login is None


def test_what_does_not_open_is_a_question_too_and_step_v2_answers_it() -> None:
    assert read(credential="a.b.c.d.e").encryption == Encryption(refused="input.malformed")
