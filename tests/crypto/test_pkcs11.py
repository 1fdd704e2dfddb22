"""Keys in a token: Debian's SoftHSM behind the same seam as a key file."""

import os
import subprocess
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from idbridge.crypto import pkcs11
from idbridge.crypto.jws import HeaderCache, HeaderRules, parse_unverified, sign_compact, verify
from idbridge.crypto.key_files import open_signer
from idbridge.crypto.keys import parse_jwk
from idbridge.errors import ConfigurationError
from tests.engines import UNPACKED, require_engine

PIN: Final = "493817"
LIBRARY: Final = "lib/softhsm/libsofthsm2.so"
TWO, OTHER = "sg-officer-1", "sg-officer-2"


def module_path() -> Path:
    """The module that belongs to the SoftHSM of this machine, or of what the engines script unpacked."""
    require_engine("softhsm2-util")
    places = (Path("/usr") / LIBRARY, UNPACKED.parent / "usr" / LIBRARY)
    return next(place for place in places if place.is_file())


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Two tokens, the first with keys of three types that sign here, and some that do not."""
    library, program = module_path(), require_engine("softhsm2-util")
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    (folder / "conf").write_text(f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", os.fspath(folder / "conf"))
        for label in (TWO, OTHER):
            subprocess.run(
                [program, "--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", "8" * 8],
                check=True, capture_output=True,
            )  # fmt: skip
        fill(library)
        yield library


def fill(library: Path) -> None:
    """Make the keys in the first token."""
    import pkcs11 as binding  # the module is initialised once its configuration is in place
    from pkcs11.util.ec import encode_named_curve_parameters

    with binding.lib(os.fspath(library)).get_token(token_label=TWO).open(user_pin=PIN, rw=True) as session:

        def curve_key(parameters: bytes, label: str, number: int, *, edwards: bool = False) -> tuple[Any, Any]:
            kind = binding.KeyType.EC_EDWARDS if edwards else binding.KeyType.EC
            mechanism = binding.Mechanism.EC_EDWARDS_KEY_PAIR_GEN if edwards else binding.Mechanism.EC_KEY_PAIR_GEN
            domain = session.create_domain_parameters(kind, {binding.Attribute.EC_PARAMS: parameters}, local=True)
            made: tuple[Any, Any] = domain.generate_keypair(
                mechanism=mechanism, store=True, label=label, id=bytes([number])
            )
            return made

        curve_key(encode_named_curve_parameters("secp256r1"), "list-p256", 1)
        curve_key(encode_named_curve_parameters("secp384r1"), "list-p384", 2)
        curve_key(b"\x13\x0cedwards25519", "list-ed25519", 3, edwards=True)
        curve_key(encode_named_curve_parameters("secp256k1"), "foreign-curve", 4)
        session.generate_keypair(binding.KeyType.RSA, 2048, store=True, label="rsa", id=b"\x05")
        curve_key(encode_named_curve_parameters("secp256r1"), "twice", 6)
        curve_key(encode_named_curve_parameters("secp256r1"), "twice", 7)
        public, _ = curve_key(encode_named_curve_parameters("secp256r1"), "alone", 8)
        public.destroy()
        public, _ = curve_key(encode_named_curve_parameters("secp256r1"), "mixed", 9)
        public.destroy()
        _, private = curve_key(encode_named_curve_parameters("secp256r1"), "mixed", 9)
        private.destroy()


def reference(module: Path, key: str, token: str = f"token={TWO};") -> str:
    return f"pkcs11:{token}{key}?module-path={module}"


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
    import pkcs11 as binding  # as above

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
    assert asked == [f"token {TWO}"]
    assert PIN not in repr(signer)
