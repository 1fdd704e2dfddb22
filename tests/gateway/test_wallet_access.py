"""A node starts with an access certificate that is in order, or with none, and a live one only under its own name."""

from pathlib import Path
from typing import Any

import pytest

from idbridge.codec import pem
from idbridge.crypto.key_files import write_key_file
from idbridge.crypto.signer import generate
from idbridge.errors import ConfigurationError
from idbridge.model.region import Environment, MemberState
from idbridge.sandbox.access import new_access
from idbridge_gateway.settings import Settings
from idbridge_gateway.wallet.access import read_access_certificate
from tests.gateway.asking import Node
from tests.gateway.clocks import NOON

HOST = "https://node.th.example"
PASSPHRASE = "a passphrase of sixteen and more"


def files(folder: Path, *, url: str = HOST, environment: Environment = Environment.SANDBOX) -> dict[str, Any]:
    """The settings that name a new certificate and its key, both written to ``folder``."""
    access = new_access(url, state=MemberState.TH, environment=environment, at=NOON)
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    key.write_text(access.signer.pem(), encoding="ascii")
    key.chmod(0o600)
    certificate.write_text(pem.encode(access.certificate, label=pem.CERTIFICATE), encoding="ascii")
    return {"access_key_file": key, "access_certificate_file": certificate}


def told(node: Node, **changes: Any) -> Settings:
    return node.settings.model_copy(update=changes)


@pytest.mark.parametrize("missing", ["access_key_file", "access_certificate_file"])
def test_a_key_without_certificate_or_the_other_way_round_is_refused(node: Node, tmp_path: Path, missing: str) -> None:
    with pytest.raises(ConfigurationError, match="goes with"):
        read_access_certificate(told(node, **{**files(tmp_path), missing: None}))


@pytest.mark.parametrize("text", ["", "no PEM", "\x00", pem.encode(b"\x00", label="PRIVATE KEY")])
def test_a_file_that_is_no_certificate_is_refused(node: Node, tmp_path: Path, text: str) -> None:
    named = files(tmp_path)
    named["access_certificate_file"].write_text(text, encoding="utf-8")

    with pytest.raises(ConfigurationError):
        read_access_certificate(told(node, **named))


def test_a_file_that_is_not_there_is_refused(node: Node, tmp_path: Path) -> None:
    named = {**files(tmp_path), "access_certificate_file": tmp_path / "absent.pem"}

    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_access_certificate(told(node, **named))


def test_a_certificate_for_another_key_is_refused(node: Node, tmp_path: Path) -> None:
    named = files(tmp_path)
    named["access_key_file"].write_text(generate("ES256").pem(), encoding="ascii")

    with pytest.raises(ConfigurationError, match="another key"):
        read_access_certificate(told(node, **named))


def test_a_key_that_others_can_read_is_refused(node: Node, tmp_path: Path) -> None:
    named = files(tmp_path)
    named["access_key_file"].chmod(0o644)

    with pytest.raises(ConfigurationError, match="only its owner"):
        read_access_certificate(told(node, **named))


def test_a_key_of_a_live_node_is_encrypted(node: Node, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="not encrypted"):
        read_access_certificate(told(node, environment=Environment.LIVE, node_url=HOST, **files(tmp_path)))


def test_a_live_node_is_refused_a_certificate_of_another_host(node: Node, tmp_path: Path) -> None:
    access = new_access("https://other.example", state=MemberState.TH, environment=Environment.LIVE, at=NOON)
    named = files(tmp_path)
    named["access_key_file"].unlink()
    write_key_file(named["access_key_file"], access.signer, passphrase=PASSPHRASE)
    named["access_certificate_file"].write_text(pem.encode(access.certificate, label=pem.CERTIFICATE), encoding="ascii")
    opener = tmp_path / "passphrase"
    opener.write_text(PASSPHRASE, encoding="ascii")
    opener.chmod(0o600)
    live = {"environment": Environment.LIVE, "access_passphrase_file": opener, **named}

    with pytest.raises(ConfigurationError, match="does not name the host"):
        read_access_certificate(told(node, node_url=HOST, **live))
    assert read_access_certificate(told(node, node_url="https://other.example", **live)) is not None


def test_a_node_is_known_by_the_hosts_of_its_certificate(node: Node, tmp_path: Path) -> None:
    here = read_access_certificate(told(node, **files(tmp_path)))
    live = read_access_certificate(told(node, **files(tmp_path, environment=Environment.LIVE)))

    assert here is not None
    assert here.hosts == {"node.th.example", "localhost"}
    assert live is not None
    assert live.hosts == {"node.th.example"}
    assert read_access_certificate(told(node, access_key_file=None, access_certificate_file=None)) is None
