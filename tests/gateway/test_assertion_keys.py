"""Where a node's keys are and what opens them: a passphrase in a file, a PIN of a token, and for practice nothing."""

import os
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pkcs11
import pytest

from idbridge.crypto.key_files import open_signer
from idbridge.crypto.signer import FileSigner, generate
from idbridge.errors import ConfigurationError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment
from idbridge.sandbox.region import Region
from idbridge.trust import key_folder
from idbridge.trust.node_keys import KeyPurpose, NodeKey
from idbridge_gateway.keys import IssuingSource, passphrase_in
from tests.crypto.tokens import PIN, reference, tokens
from tests.gateway.asking import Node, verdict_of
from tests.gateway.clocks import NOON
from tests.gateway.rotating import (
    BRANCH,
    LONG_AGO,
    Rotating,
    asserted_by,
    files_of,
    kid_of,
    look,
    published,
    question,
    with_one_key,
)

LEAD = LIMITS.key_publication_lead


@cache
def live_region() -> Region:
    return Region.generate(at=NOON, environment=Environment.LIVE)


@pytest.fixture
def one(tmp_path: Path) -> tuple[Rotating, NodeKey]:
    return with_one_key(tmp_path)


@pytest.fixture
def module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The PKCS #11 module of a token with keys."""
    with tokens(tmp_path_factory.mktemp("tokens")) as library:
        yield library


def opened(path: Path) -> FileSigner:
    """The signer of a file of the folder, to write it down in the open."""
    signer = open_signer(os.fspath(path), passphrase=lambda _: "twelve words for a node")
    assert isinstance(signer, FileSigner)
    return signer


def lay_open(path: Path) -> None:
    text = opened(path).pem()
    path.write_text(text)


# A live node's keys are locked.


def test_a_live_node_does_not_start_on_a_key_in_the_open(tmp_path: Path) -> None:
    rotating, active = with_one_key(tmp_path, live_region())
    lay_open(rotating.folder / active.private)

    with pytest.raises(ConfigurationError, match="is not encrypted"):
        rotating.node()
    with pytest.raises(ConfigurationError, match="is not encrypted"):
        rotating.node(assertion_keys_dir=None, assertion_key_file=rotating.folder / active.private)


def test_a_live_node_signs_with_locked_keys_of_a_folder_or_of_a_file(tmp_path: Path) -> None:
    rotating, active = with_one_key(tmp_path, live_region())
    file = rotating.folder / active.private

    for node in (rotating.node(), rotating.node(assertion_keys_dir=None, assertion_key_file=file)):
        assert kid_of(asserted_by(node)) == active.kid


def test_a_folder_of_the_other_environment_is_refused(tmp_path: Path) -> None:
    rotating, _ = with_one_key(tmp_path / "live", live_region())
    practice, _ = with_one_key(tmp_path / "practice")

    with pytest.raises(ConfigurationError, match="another environment"):
        rotating.node(assertion_keys_dir=practice.folder)
    with pytest.raises(ConfigurationError, match="another environment"):
        practice.node(assertion_keys_dir=rotating.folder)


# The passphrase is in a file of its own.


@pytest.mark.parametrize(
    ("octets", "said"),
    [
        (b"another passphrase", "passphrase"),
        (b"", "holds no passphrase"),
        (b"\n", "holds no passphrase"),
        (b"\xff\xfe", "holds no passphrase"),
        (b"a" * (LIMITS.passphrase_bytes + 1), "holds no passphrase"),
    ],
)
def test_a_passphrase_that_does_not_fit_is_refused_and_not_repeated(
    one: tuple[Rotating, NodeKey], octets: bytes, said: str
) -> None:
    one[0].passphrase_file.write_bytes(octets)

    with pytest.raises(ConfigurationError, match=said) as caught:
        one[0].node()

    assert "another" not in str(caught.value)


def test_a_passphrase_that_others_can_read_or_that_is_nowhere_is_refused(one: tuple[Rotating, NodeKey]) -> None:
    rotating, _ = one
    rotating.passphrase_file.chmod(0o640)

    with pytest.raises(ConfigurationError, match="only its owner"):
        rotating.node()
    with pytest.raises(ConfigurationError, match="IDBRIDGE_ASSERTION_PASSPHRASE_FILE"):
        rotating.node(assertion_passphrase_file=None)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        rotating.node(assertion_passphrase_file=rotating.directory / "absent")


@pytest.mark.parametrize("text", ["p", "p\n", "p\r\nq\n", "p" * LIMITS.passphrase_bytes])
def test_a_passphrase_is_the_first_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "passphrase"
    path.write_bytes(text.encode())
    path.chmod(0o600)

    assert passphrase_in(path)("a key") == text.splitlines()[0]


def test_a_key_that_cannot_be_opened_is_tried_again_only_when_files_change(
    one: tuple[Rotating, NodeKey], caplog: pytest.LogCaptureFixture
) -> None:
    rotating, first = one
    node = rotating.node()
    second = rotating.key()
    rotating.clock.instant += LEAD
    rotating.list_keys(first, second)
    rotating.rotate()
    good = rotating.passphrase_file.read_bytes()
    rotating.passphrase_file.write_text("another passphrase")
    look(node)
    rotating.list_keys(first, second)
    look(node)

    assert kid_of(asserted_by(node)) == first.kid
    assert caplog.text.count("alert node_keys") == 1
    assert f"the node goes on with {first.kid}" in caplog.text

    rotating.passphrase_file.write_bytes(good)
    look(node)

    assert kid_of(asserted_by(node)) == second.kid


def test_a_wrong_pin_is_not_tried_again_before_files_change(one: tuple[Rotating, NodeKey]) -> None:
    rotating, _ = one
    source, snapshot = IssuingSource(rotating.settings()), rotating.region.snapshot(at=NOON)
    good = rotating.passphrase_file.read_bytes()
    rotating.passphrase_file.write_text("another passphrase")
    with pytest.raises(ConfigurationError, match="passphrase"):
        source.load(snapshot, at=NOON)
    rotating.passphrase_file.write_bytes(good)

    with pytest.raises(ConfigurationError, match="passphrase"):
        source.load(snapshot, at=NOON)

    source.files_changed()
    assert source.load(snapshot, at=NOON).locked == ""


def test_no_key_is_opened_that_is_not_needed(one: tuple[Rotating, NodeKey]) -> None:
    rotating, first = one
    source = IssuingSource(rotating.settings())
    keys = [first, *(rotating.key() and rotating.rotate(emergency=True) for _ in range(2))]

    def opened_under(*listed: NodeKey) -> list[str]:
        rotating.list_keys(*listed)
        issuing = source.load(rotating.region.snapshot(at=rotating.clock.now()), at=rotating.clock.now())
        return [signer.kid for signer in issuing.signers]

    assert opened_under(*keys) == [keys[2].kid]
    assert opened_under(first) == [keys[2].kid, first.kid]
    assert opened_under(first, keys[1]) == [keys[2].kid, keys[1].kid]


def test_a_node_starts_on_the_key_before_if_the_active_one_is_locked(one: tuple[Rotating, NodeKey]) -> None:
    rotating, first = one
    second = rotating.key()
    rotating.clock.instant += LEAD
    rotating.list_keys(first, second)
    rotating.rotate()
    (rotating.folder / second.private).unlink()

    assert kid_of(asserted_by(rotating.node())) == first.kid


def test_a_node_without_any_key_does_not_start(one: tuple[Rotating, NodeKey]) -> None:
    with pytest.raises(ConfigurationError, match="no assertion key is named"):
        one[0].node(assertion_keys_dir=None)


# The list names the key.


def test_a_key_goes_by_the_name_that_the_list_gives_it_and_without_one_by_its_thumbprint(
    one: tuple[Rotating, NodeKey],
) -> None:
    rotating, active = one
    unnamed = {name: value for name, value in active.public_jwk.items() if name != "kid"}

    for jwk, name in ((unnamed, active.kid), ({**unnamed, "kid": "node-2026"}, "node-2026")):
        rotating.list_keys(replace(active, public_jwk=jwk))
        node = rotating.node()
        issuing, snapshot = node.app.state.key_watch._issuing.current(), node.app.state.trust.in_force.snapshot

        assert kid_of(asserted_by(node)) == name
        assert published(node) == [name]
        assert issuing.signer(snapshot, at=NOON).public_jwk == {**active.public_jwk, "kid": name}


# Practice.


def test_a_practice_node_without_a_list_of_its_state_signs_with_the_active_key(tmp_path: Path) -> None:
    rotating = files_of(tmp_path)
    rotating.key(at=LONG_AGO)
    active = rotating.rotate(at=LONG_AGO + LEAD)
    (rotating.directory / "trust" / "lists" / "SG.jws").unlink()

    node = rotating.node()

    issuing = node.app.state.key_watch._issuing.current()
    assert issuing.signer(node.app.state.trust.in_force.snapshot, at=NOON).kid == active.kid


# A key in a token.


def take_up(rotating: Rotating, module: Path, name: str) -> NodeKey:
    """Publish a key of the token."""
    key = reference(module, f"object={name}")
    signer = open_signer(key, passphrase=lambda _: PIN)
    return key_folder.publish(
        rotating.folder,
        signer,
        purpose=KeyPurpose.ASSERTION,
        environment=rotating.region.environment,
        at=LONG_AGO,
        private=key,
    )


def with_token(tmp_path: Path, module: Path, region: Region | None = None) -> tuple[Rotating, NodeKey, Node]:
    rotating = files_of(tmp_path, region)
    rotating.passphrase_file.write_text(PIN)
    take_up(rotating, module, "list-p256")
    active = key_folder.rotate(
        rotating.folder, purpose=KeyPurpose.ASSERTION, at=LONG_AGO + LEAD, passphrase=lambda _: PIN
    )
    rotating.list_keys(active)
    return rotating, active, rotating.node()


def test_a_token_that_was_taken_out_costs_the_assertion_and_nothing_else(tmp_path: Path, module: Path) -> None:
    _, _, node = with_token(tmp_path, module)
    asked = question(node)
    pkcs11.lib(os.fspath(module)).finalize()
    try:
        refused = node.send("POST", "/v1/verify", body=asked, headers=node.access(BRANCH))
    finally:
        pkcs11.lib(os.fspath(module))
    del asked["assertion"]
    without = node.send("POST", "/v1/verify", body=asked, headers=node.access(BRANCH))

    assert verdict_of(refused) == ("FAILED", "policy.assertion_not_available")
    assert verdict_of(without) == ("PASSED", None)


def test_a_live_node_signs_with_a_key_of_a_token_and_rotates_out_of_it(tmp_path: Path, module: Path) -> None:
    rotating, first, node = with_token(tmp_path, module, live_region())
    assert kid_of(asserted_by(node)) == first.kid

    rotating.passphrase_file.write_text(PIN * 2)
    second = key_folder.publish(
        rotating.folder,
        generate("ES256"),
        purpose=KeyPurpose.ASSERTION,
        environment=Environment.LIVE,
        at=NOON,
        passphrase=PIN * 2,
    )
    rotating.clock.instant += LEAD
    rotating.list_keys(first, second)
    key_folder.rotate(rotating.folder, purpose=KeyPurpose.ASSERTION, at=rotating.clock.now(), passphrase=lambda _: PIN)
    look(node)

    assert kid_of(asserted_by(node)) == second.kid
