"""Tokens for tests: Debian's SoftHSM, with keys made in it for the occasion."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pkcs11
import pytest
from pkcs11.util.ec import encode_named_curve_parameters

from tests.engines import UNPACKED, require_engine

PIN: Final = "493817"
LIBRARY: Final = "lib/softhsm/libsofthsm2.so"
TOKEN, OTHER = "sg-officer-1", "sg-officer-2"


def module_path() -> Path:
    """The module that belongs to the SoftHSM of this machine, or of what the engines script unpacked."""
    require_engine("softhsm2-util")
    places = (Path("/usr") / LIBRARY, UNPACKED.parent / "usr" / LIBRARY)
    return next(place for place in places if place.is_file())


@contextmanager
def tokens(folder: Path) -> Iterator[Path]:
    """Two tokens in ``folder``, the first with keys of three types that sign here, and some that do not.

    Yields the PKCS #11 module. It is finished with in the end, because it reads its configuration when it starts.
    """
    library, program = module_path(), require_engine("softhsm2-util")
    (folder / "tokens").mkdir()
    (folder / "conf").write_text(f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", os.fspath(folder / "conf"))
        for label in (TOKEN, OTHER):
            subprocess.run(
                [program, "--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", "8" * 8],
                check=True, capture_output=True,
            )  # fmt: skip
        fill(library)
        try:
            yield library
        finally:
            pkcs11.lib(os.fspath(library)).finalize()


def fill(library: Path) -> None:
    """Make the keys in the first token."""
    with pkcs11.lib(os.fspath(library)).get_token(token_label=TOKEN).open(user_pin=PIN, rw=True) as session:

        def curve_key(parameters: bytes, label: str, number: int, *, edwards: bool = False) -> tuple[Any, Any]:
            kind = pkcs11.KeyType.EC_EDWARDS if edwards else pkcs11.KeyType.EC
            mechanism = pkcs11.Mechanism.EC_EDWARDS_KEY_PAIR_GEN if edwards else pkcs11.Mechanism.EC_KEY_PAIR_GEN
            domain = session.create_domain_parameters(kind, {pkcs11.Attribute.EC_PARAMS: parameters}, local=True)
            made: tuple[Any, Any] = domain.generate_keypair(
                mechanism=mechanism, store=True, label=label, id=bytes([number])
            )
            return made

        curve_key(encode_named_curve_parameters("secp256r1"), "list-p256", 1)
        curve_key(encode_named_curve_parameters("secp384r1"), "list-p384", 2)
        curve_key(b"\x13\x0cedwards25519", "list-ed25519", 3, edwards=True)
        curve_key(encode_named_curve_parameters("secp256k1"), "foreign-curve", 4)
        session.generate_keypair(pkcs11.KeyType.RSA, 2048, store=True, label="rsa", id=b"\x05")
        curve_key(encode_named_curve_parameters("secp256r1"), "twice", 6)
        curve_key(encode_named_curve_parameters("secp256r1"), "twice", 7)
        public, _ = curve_key(encode_named_curve_parameters("secp256r1"), "alone", 8)
        public.destroy()
        public, _ = curve_key(encode_named_curve_parameters("secp256r1"), "mixed", 9)
        public.destroy()
        _, private = curve_key(encode_named_curve_parameters("secp256r1"), "mixed", 9)
        private.destroy()
        for label, number, parameters in (
            ("short-point", 10, encode_named_curve_parameters("secp256r1")),
            ("short-edwards", 11, b"\x13\x0cedwards25519"),
        ):
            public, _ = curve_key(parameters, label, number, edwards=number == 11)
            kind = public.key_type
            public.destroy()
            session.create_object({
                pkcs11.Attribute.CLASS: pkcs11.ObjectClass.PUBLIC_KEY, pkcs11.Attribute.KEY_TYPE: kind,
                pkcs11.Attribute.LABEL: label, pkcs11.Attribute.ID: bytes([number]), pkcs11.Attribute.TOKEN: True,
                pkcs11.Attribute.EC_PARAMS: parameters, pkcs11.Attribute.EC_POINT: b"\x04\x03abc",
            })  # fmt: skip


def reference(module: Path, key: str, token: str = f"token={TOKEN};") -> str:
    """The RFC 7512 reference of a key in the first token."""
    return f"pkcs11:{token}{key}?module-path={module}"
