"""Keys in metadata: one key, one name, one spelling, one state, so that no key ever counts twice."""

from collections.abc import Callable
from typing import Any

import pytest
from securesystemslib.signer import SSlibKey

from idbridge.crypto import spki
from idbridge.crypto.signer import generate
from idbridge.errors import ConfigurationError, JoseError, TrustError
from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge.trust.tuf import keys, roles
from idbridge.trust.tuf.keys import STATE, MetadataSigner
from tests.trust.distribution.kit import SANDBOX, World
from tests.trust.distribution.refusals import refused

SG = MemberState.SG


@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "Ed25519"])
def test_a_key_is_read_as_it_is_written_and_its_signer_makes_signatures_that_verify(algorithm: str) -> None:
    signer = generate(algorithm)
    metadata_signer = MetadataSigner(signer, state=SG)
    written = metadata_signer.public_key
    found = keys.read(written)

    assert (found.thumbprint, found.state) == (signer.kid, SG)
    assert written.keyid == signer.kid
    written.verify_signature(metadata_signer.sign(b"payload"), b"payload")


@pytest.mark.parametrize("algorithm", ["RS256", "ES512"])
def test_a_key_of_a_type_that_not_every_client_reads_is_not_written(algorithm: str) -> None:
    with pytest.raises(ConfigurationError):
        keys.written(generate(algorithm).public_jwk, state=SG)


def respelled(change: Callable[[SSlibKey], None], algorithm: str = "ES256") -> TrustError:
    key = keys.written(generate(algorithm).public_jwk, state=SG)
    change(key)
    with pytest.raises(TrustError) as caught:
        keys.read(key)
    return caught.value


@pytest.mark.parametrize(
    "change",
    [
        lambda key: setattr(key, "keyid", "officer-1"),
        lambda key: key.keyval.update(public=key.keyval["public"] + "\n"),
        lambda key: key.keyval.update(public=key.keyval["public"].replace("\n", "\r\n")),
        lambda key: key.keyval.update(public="no key"),
        lambda key: key.keyval.update(private="secret"),
        lambda key: setattr(key, "keytype", "rsa"),
        lambda key: setattr(key, "scheme", "ecdsa-sha2-nistp384"),
        lambda key: setattr(key, "scheme", "ecdsa-sha2-nistp999"),
        lambda key: key.unrecognized_fields.update({STATE: "XX"}),
        lambda key: key.unrecognized_fields.update({STATE: None}),
        lambda key: key.unrecognized_fields.update(surprise=1),
    ],
)
def test_another_name_spelling_type_or_owner_is_refused(change: Callable[[SSlibKey], None]) -> None:
    assert respelled(change).code == "trust.metadata_invalid"


@pytest.mark.parametrize(
    "change",
    [
        lambda key: key.keyval.update(public=key.keyval["public"].upper()),
        lambda key: key.keyval.update(public=f"{key.keyval['public']} "),
        lambda key: key.keyval.update(public="00" * 32),
    ],
)
def test_an_ed25519_key_has_one_spelling_too(change: Callable[[SSlibKey], None]) -> None:
    assert respelled(change, "Ed25519").code == "trust.metadata_invalid"


@pytest.mark.parametrize("pem", ["", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"])
def test_what_is_no_key_is_refused_as_one(pem: str) -> None:
    with pytest.raises(JoseError):
        spki.jwk_from_pem(pem)


def test_a_key_of_another_type_has_no_pem_here() -> None:
    with pytest.raises(JoseError):
        spki.pem_of(generate("Ed25519").public_jwk)


def test_a_role_with_more_keys_than_anybody_needs_is_refused() -> None:
    def crowded(signed: Any) -> None:
        while len(signed.delegations.roles["SG"].keyids) <= LIMITS.role_keys:
            signed.add_key(keys.written(generate("ES256").public_jwk, state=SG), "SG")

    assert refused(World().with_altered(roles.TARGETS, crowded)).code == "trust.metadata_invalid"


def test_an_offline_key_without_a_state_is_refused() -> None:
    def nobody(signed: Any) -> None:
        signed.add_key(keys.written(generate("ES256").public_jwk, state=None), "SG")

    assert refused(World().with_altered(roles.TARGETS, nobody)).code == "trust.metadata_invalid"


def test_metadata_larger_than_any_role_needs_is_refused() -> None:
    padded = World().files[roles.TARGETS] + b" " * LIMITS.metadata_bytes

    assert refused(World(files={**World().files, roles.TARGETS: padded})).code == "trust.metadata_invalid"
    assert World().examined().environment is SANDBOX


def test_a_signer_is_not_made_from_an_address() -> None:
    key = keys.written(generate("ES256").public_jwk, state=SG)

    with pytest.raises(ConfigurationError):
        MetadataSigner.from_priv_key_uri("file:///key", key)
