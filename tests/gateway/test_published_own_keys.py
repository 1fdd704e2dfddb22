"""A live node starts with no key of its own that everybody can have, and takes none from whom its operators sign in."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from idbridge.assertion.pairwise_file import pairwise_key_text
from idbridge.assertion.pseudonym import PairwiseKey
from idbridge.codec import base64url, pem
from idbridge.conformance.seed import corpus_keys
from idbridge.crypto.key_files import write_key_file
from idbridge.crypto.signer import FileSigner, generate, load_signer
from idbridge.errors import ConfigurationError, RequestError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment, MemberState
from idbridge.trust import key_folder
from idbridge.trust.node_keys import KeyPurpose
from idbridge_gateway.admin.issuer_keys import IssuerKeys
from idbridge_gateway.keys import IssuingSource, read_decryption_keys
from idbridge_gateway.oidc.upstream.registrations import read_upstream_clients
from idbridge_gateway.settings import Settings
from idbridge_gateway.wallet.access import read_access_certificate
from idbridge_gateway.webhook_key import read_webhook_key
from tests.gateway.asking import Node
from tests.gateway.clocks import NOON
from tests.gateway.test_wallet_access import files as access_files
from tests.gateway.upstreaming import by_key, write_clients

LIVE, SANDBOX = Environment.LIVE, Environment.SANDBOX
PASSPHRASE: Final = "a passphrase of sixteen and more"
OPEN: Final = corpus_keys().make("ES256", name="list/SG")
_ED25519: Final = bytes.fromhex("302e020100300506032b657004220420")  # RFC 8410 section 7, before the key itself
_RFC_8037: Final = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"  # appendix A.1 there


def rfc_8037(folder: Path) -> FileSigner:
    path = folder / "rfc8037.pem"
    path.write_text(pem.encode(_ED25519 + base64url.decode(_RFC_8037), label="PRIVATE KEY"), encoding="ascii")
    path.chmod(0o600)
    return load_signer(path)


def locked(path: Path, signer: FileSigner) -> Path:
    path.unlink(missing_ok=True)
    write_key_file(path, signer, passphrase=PASSPHRASE)
    return path


def told(node: Node, folder: Path, environment: Environment, **changes: Any) -> Settings:
    """The settings of a node of ``environment`` whose every passphrase is in one file."""
    opener, pairwise = folder / "opener", folder / "pairwise.json"
    opener.write_text(PASSPHRASE, encoding="ascii")
    pairwise.write_text(pairwise_key_text(PairwiseKey(bytes(range(32))), environment=environment), encoding="ascii")
    for path in (opener, pairwise):
        path.chmod(0o600)
    openers = dict.fromkeys(
        ("assertion", "decryption", "access", "webhook", "upstream"), opener,
    )  # fmt: skip
    named = {f"{name}_passphrase_file": path for name, path in openers.items()}
    # Both of the certificate's names would do for a sandbox; a live node is asked for its own.
    own = {"environment": environment, "node_url": "https://node.th.example", "pairwise_key_file": pairwise}
    return node.settings.model_copy(update={**own, **named, **changes})


def of_one_file(node: Node, folder: Path, environment: Environment, signer: FileSigner) -> Any:
    settings = told(node, folder, environment, assertion_key_file=locked(folder / "one.pem", signer))
    return IssuingSource(settings).load(node.app.state.parts.turns.trust.in_force.snapshot, at=NOON)


def of_a_folder(node: Node, folder: Path, environment: Environment, signer: FileSigner) -> Any:
    (folder / "keys").mkdir(mode=0o700)
    key_folder.publish(
        folder / "keys", signer, purpose=KeyPurpose.ASSERTION, environment=environment, at=NOON, passphrase=PASSPHRASE
    )
    key_folder.rotate(
        folder / "keys",
        purpose=KeyPurpose.ASSERTION,
        at=NOON + LIMITS.key_publication_lead,
        passphrase=lambda _: PASSPHRASE,
    )
    settings = told(node, folder, environment, assertion_key_file=None, assertion_keys_dir=folder / "keys")
    return IssuingSource(settings).load(node.app.state.parts.turns.trust.in_force.snapshot, at=NOON)


def of_decryption(node: Node, folder: Path, environment: Environment, signer: FileSigner) -> Any:
    (folder / "decryption").mkdir()
    locked(folder / "decryption" / "one.pem", signer)
    issuing = node.app.state.parts.turns.issuing.current()
    return read_decryption_keys(
        told(node, folder, environment, decryption_keys_dir=folder / "decryption"), issuing=issuing
    )


def of_wallet_requests(node: Node, folder: Path, environment: Environment, signer: FileSigner) -> Any:
    named = access_files(folder, environment=environment)
    locked(named["access_key_file"], signer)
    return read_access_certificate(told(node, folder, environment, **named))


def of_webhooks(node: Node, folder: Path, environment: Environment, signer: FileSigner) -> Any:
    key = locked(folder / "webhook.pem", rfc_8037(folder) if signer is OPEN else generate("Ed25519"))
    return read_webhook_key(told(node, folder, environment, webhook_key_file=key))


def of_an_upstream_client(node: Node, folder: Path, environment: Environment, signer: FileSigner) -> Any:
    settings = told(node, folder, environment)
    path = write_clients(settings, sg_login=by_key("https://login.sg.example"))
    locked(path.parent / "node.pem", signer)
    return read_upstream_clients(settings.model_copy(update={"upstream_clients_file": path}))


@pytest.mark.parametrize(
    "opened", [of_one_file, of_a_folder, of_decryption, of_wallet_requests, of_webhooks, of_an_upstream_client]
)
def test_a_live_node_opens_no_key_of_its_own_that_is_published(
    opened: Callable[..., Any], node: Node, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError, match=r"trust\.published_test_key"):
        opened(node, tmp_path, LIVE, OPEN)


@pytest.mark.parametrize("opened", [of_one_file, of_decryption, of_webhooks, of_an_upstream_client])
@pytest.mark.parametrize(("environment", "signer"), [(SANDBOX, OPEN), (LIVE, generate("ES256"))])
def test_a_sandbox_opens_such_a_key_and_a_live_node_any_other(
    opened: Callable[..., Any], environment: Environment, signer: FileSigner, node: Node, tmp_path: Path
) -> None:
    assert opened(node, tmp_path, environment, signer)


class OnePlace:
    """A key set of one key, wherever it is fetched."""

    def fetch(self, _location: str, *, max_bytes: int) -> bytes:
        octets = json.dumps({"keys": [{**OPEN.public_jwk, "kid": "issuer-1", "use": "sig"}]}).encode()
        assert len(octets) < max_bytes
        return octets


@pytest.mark.parametrize("environment", [LIVE, SANDBOX])
def test_no_operator_of_a_live_node_signs_in_by_a_published_key(environment: Environment, node: Node) -> None:
    keys = IssuerKeys(
        "https://op.example/keys", state=MemberState.TH, environment=environment, source=OnePlace(), clock=node.clock
    )
    look = keys.that_fit(kid="issuer-1", algorithm="ES256")

    if environment is SANDBOX:
        assert [key.kid for key in asyncio.run(look)] == ["issuer-1"]
    else:
        with pytest.raises(RequestError) as caught:
            asyncio.run(look)
        assert caught.value.code == "system.overloaded"
