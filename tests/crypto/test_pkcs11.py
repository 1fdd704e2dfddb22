"""Keys in a token: Debian's SoftHSM behind the same seam as a key file."""

import os
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

import pkcs11 as binding
import pytest

from idbridge.crypto import pkcs11
from idbridge.crypto.jws import HeaderCache, HeaderRules, parse_unverified, sign_compact, verify
from idbridge.crypto.key_files import open_signer
from idbridge.crypto.keys import parse_jwk
from idbridge.errors import ConfigurationError
from tests.crypto.tokens import PIN, TOKEN, reference, tokens


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The PKCS #11 module of two tokens."""
    with tokens(tmp_path_factory.mktemp("softhsm")) as library:
        yield library


def refusal(text: str, pin: str = PIN) -> str:
    with pytest.raises(ConfigurationError) as caught:
        open_signer(text, passphrase=lambda _: pin)
    assert pin not in "".join(traceback.format_exception(caught.value))
    return str(caught.value)


def never(what: str) -> str:
    pytest.fail(f"asked for the PIN of {what}")


@pytest.mark.parametrize("pin", ["000000", "0000", "x" * 300])
def test_a_wrong_pin_is_said_to_be_wrong(module: Path, pin: str) -> None:
    assert "PIN is wrong" in refusal(reference(module, "object=list-p256"), pin)


@pytest.mark.parametrize(
    ("key", "match"),
    [
        ("object=nothing", "no private key of that name"),
        ("id=%63", "no private key of that name"),
        ("object=list-p256;id=%02", "no private key of that name"),
        ("object=alone", "no public key of that name"),
        ("object=twice", "more than one private key"),
        ("object=foreign-curve", "type that is not served"),
        ("object=rsa", "type that is not served"),
        ("object=mixed", "do not belong together"),
        ("object=short-point", "cannot be read"),
        ("object=short-edwards", "cannot be read"),
    ],
)
def test_a_key_that_cannot_sign_here_is_refused_in_its_own_words(module: Path, key: str, match: str) -> None:
    assert match in refusal(reference(module, key))


def test_an_absent_or_ambiguous_token_is_refused_before_the_pin_is_asked(module: Path) -> None:
    for token, match in (("token=absent;", "no token of that name"), ("serial=00;", "no token"), ("", "more than one")):
        with pytest.raises(ConfigurationError, match=match):
            open_signer(reference(module, "object=list-p256", token), passphrase=never)


def test_a_module_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "module.so").write_bytes(b"no library")

    assert "cannot be" in refusal(reference(tmp_path / "module.so", "object=list-p256"))
    assert "cannot be" in refusal(reference(tmp_path / "absent.so", "object=list-p256"))


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("pkcs11:token=a?module-path=m", "names its key"),
        ("pkcs11:?module-path=m", "each once"),
        ("pkcs11:object=?module-path=m", "names its key"),
        ("pkcs11:object=a;object=b?module-path=m", "each once"),
        ("pkcs11:object=a;manufacturer=b?module-path=m", "each once"),
        ("pkcs11:object=a;type=public?module-path=m", "type `private`"),
        ("pkcs11:object=a?module-path=m&pin-value=1234", "PIN does not stand"),
        ("pkcs11:object=a?module-path=m&pin-source=file:pin", "PIN does not stand"),
        ("pkcs11:object=a;pin-value=1234?module-path=m", "PIN does not stand"),
        ("pkcs11:object=a", "no PKCS #11 module"),
    ],
)
def test_a_reference_that_says_too_little_or_too_much_is_refused(
    monkeypatch: pytest.MonkeyPatch, text: str, match: str
) -> None:
    monkeypatch.delenv(pkcs11.MODULE_VARIABLE, raising=False)

    with pytest.raises(ConfigurationError, match=match):
        open_signer(text, passphrase=never)


def test_without_the_binding_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pkcs11", None)

    with pytest.raises(ConfigurationError, match=r"idbridge\[hsm\]"):
        open_signer("pkcs11:object=a?module-path=m", passphrase=never)


def test_a_token_that_was_closed_says_that_it_does_not_sign(module: Path) -> None:
    signer = open_signer(reference(module, "object=list-p256"), passphrase=lambda _: PIN)
    binding.lib(os.fspath(module)).finalize()
    try:
        with pytest.raises(ConfigurationError, match="does not sign"):
            signer.sign(b"message")
    finally:
        binding.lib(os.fspath(module))


def test_a_reference_is_read_as_rfc_7512_spells_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(pkcs11.MODULE_VARIABLE, "/opt/vendor.so")

    read = pkcs11.parse_reference("pkcs11:token=SG%20officer;serial=0a;object=list%3B1;id=%01%ff;type=private")

    assert read == pkcs11.TokenReference("SG officer", "0a", "list;1", b"\x01\xff", "/opt/vendor.so")


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        ("object=list-p256", "ES256"), ("id=%02", "ES384"), ("object=list-ed25519;id=%03", "Ed25519"),
        ("object=twice;id=%07", "ES256"),
    ],
)  # fmt: skip
def test_a_token_signs_behind_the_same_seam_as_a_file(module: Path, key: str, algorithm: str) -> None:
    asked: list[str] = []
    signer = open_signer(reference(module, key), passphrase=lambda what: asked.append(what) or PIN)
    public = parse_jwk(signer.public_jwk)

    rules = HeaderRules(types=frozenset({"test"}))
    unverified = parse_unverified(sign_compact({"typ": "test"}, b"{}", signer), rules, HeaderCache())

    assert (signer.algorithm, signer.kid, signer.public_jwk["kid"]) == (algorithm, public.thumbprint, signer.kid)
    assert verify(unverified, claims={}, key=public, algorithms=frozenset({algorithm})).key is public
    assert asked == [f"token {TOKEN}"]
    assert PIN not in repr(signer)
