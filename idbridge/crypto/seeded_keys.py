"""Keys that can be had again: who makes the keys of a pretend region, at random or from a seed and a name.

Decides how a private key follows from a seed, for elliptic curves and Ed25519. A derived key protects nothing: whoever
knows the seed has it. It is for test material that must come out the same, byte for byte, wherever it is made; its
signer therefore signs without randomness too (RFC 6979). RSA keys have no such derivation here: they are made once and
kept (``RsaKey``). Clauses: FIPS 186-5 A.2.1 (extra random bits); RFC 5869 (HKDF); RFC 6979.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, Protocol

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from idbridge.codec import base64url
from idbridge.crypto import material
from idbridge.crypto.algorithms import Algorithm, KeyType, find
from idbridge.crypto.keys import jwk_of, parse_jwk, thumbprint
from idbridge.crypto.material import CURVES, ED25519_OCTETS, RSA_EXPONENT, SHA256, PrivateKey
from idbridge.crypto.signer import FileSigner, file_signer, generate
from idbridge.errors import ConfigurationError

SEED_OCTETS: Final = 32  # at least: as many as the strongest key here has bits of strength, in octets
_SALT: Final = b"IdBridge keys of test material, version 1"
_EXTRA_BITS: Final = 64  # FIPS 186-5 A.2.1: so many more than the order has, so that no scalar is likelier
_OCTET: Final = 8
_NO_FROZEN: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType({})


class KeyMaker(Protocol):
    """Who makes the keys of test material. ``name`` says what a key is for: ``list/SG``, ``wallet/sg-tan``."""

    def make(self, algorithm: str, *, name: str) -> FileSigner:
        """Return the signer called ``name``, with a key for ``algorithm``.

        Raises:
            JoseError: ``jose.alg_none`` or ``jose.alg_not_allowed``: no such algorithm in the closed table.
        """
        ...


class RandomKeys:
    """Makes a new key each time, whatever it is called."""

    def make(self, algorithm: str, *, name: str) -> FileSigner:
        """Return a signer with a new key; see ``KeyMaker``."""
        del name
        return generate(algorithm)


RANDOM: Final = RandomKeys()


class SeededKeys:
    """Derives each key from ``seed``, the algorithm and the name: the same again each time that it is asked for.

    ``frozen`` are the public JWKs of RSA keys by name, as ``rsa_keys`` gave them when these keys were made. Under such
    a name comes a signer that has the public half only. An RSA key under another name is made at random, once.

    Raises:
        ValueError: The seed is shorter than 32 octets.
        ConfigurationError: A frozen key is no RSA key of the closed table.
    """

    def __init__(self, seed: bytes, frozen: Mapping[str, Mapping[str, Any]] = _NO_FROZEN) -> None:
        if len(seed) < SEED_OCTETS:
            raise ValueError(f"a seed has at least {SEED_OCTETS} octets")
        self._seed = seed
        self._rsa = {name: _frozen_key(name, jwk) for name, jwk in frozen.items()}
        self._made: dict[tuple[str, str], FileSigner] = {}

    def make(self, algorithm: str, *, name: str) -> FileSigner:
        """Return the signer called ``name``; see ``KeyMaker``. An algorithm of RSA cannot be derived, see above.

        Raises:
            ValueError: The name is empty: what has no name cannot be had again.
        """
        if not name:
            raise ValueError("a key that is derived has a name")
        asked = (algorithm, name)
        if asked not in self._made:
            found = find(algorithm)
            key = self._rsa_key(name) if found.key_type is KeyType.RSA else self._derived(found, name)
            self._made[asked] = file_signer(key, algorithm=algorithm, deterministic=True)
        return self._made[asked]

    def is_frozen(self, name: str) -> bool:
        """Tell whether the RSA key called ``name`` has its public half only, so that it signs nothing."""
        return name in self._rsa and self._rsa[name].is_frozen

    @property
    def rsa_keys(self) -> Mapping[str, Mapping[str, Any]]:
        """The public JWKs of all RSA keys that were frozen or made, by name: what is to be kept as ``frozen``."""
        return MappingProxyType({name: jwk_of(self._rsa[name].public_key()) for name in sorted(self._rsa)})

    @property
    def rsa_signatures(self) -> int:
        """How many signatures RSA keys have made so far: what they went into cannot be made again later."""
        return sum(key.signatures for key in self._rsa.values())

    @property
    def thumbprints(self) -> Mapping[str, str]:
        """The names of all keys that were asked for, by the RFC 7638 thumbprints of the keys."""
        return MappingProxyType({
            thumbprint(signer.public_jwk): name for (_, name), signer in self._made.items()
        })  # fmt: skip

    def _rsa_key(self, name: str) -> "RsaKey":
        """Return the frozen key of this name; without one a new key, the same for all algorithms of RSA."""
        if name not in self._rsa:
            made = material.generate_key(find("PS256"))
            if not isinstance(made, rsa.RSAPrivateKey):
                raise TypeError("a key for RSA that is none")
            self._rsa[name] = RsaKey(name, made.public_key(), made)
        return self._rsa[name]

    def _derived(self, algorithm: Algorithm, name: str) -> PrivateKey:
        if algorithm.key_type is KeyType.OKP:
            return ed25519.Ed25519PrivateKey.from_private_bytes(self._octets(algorithm, name, ED25519_OCTETS))
        curve = CURVES[str(algorithm.curve)]
        order = curve.group_order
        octets = self._octets(algorithm, name, -(-(order.bit_length() + _EXTRA_BITS) // _OCTET))
        scalar = int.from_bytes(octets, "big") % (order - 1) + 1
        return ec.derive_private_key(scalar, curve)

    def _octets(self, algorithm: Algorithm, name: str, count: int) -> bytes:
        """Return octets for this algorithm and name alone; no name of an algorithm has the octet that ends it."""
        told = algorithm.name.encode("ascii") + b"\x00" + name.encode()
        return HKDF(SHA256, length=count, salt=_SALT, info=told).derive(self._seed)


class FrozenKeyError(ConfigurationError):
    """A signature was asked of an RSA key of which only the public half was kept."""


class RsaKey(rsa.RSAPrivateKey):
    """An RSA key of test material: with its private half when it is made, and with the public half alone ever after.

    What it signed is kept as it was signed, because it cannot be signed again. It counts its ``signatures``.
    """

    def __init__(self, name: str, public: rsa.RSAPublicKey, private: rsa.RSAPrivateKey | None = None) -> None:
        self._name = name
        self._public = public
        self._private = private
        self.signatures = 0

    @property
    def is_frozen(self) -> bool:
        """Whether only the public half is here."""
        return self._private is None

    @property
    def key_size(self) -> int:
        """How many bits the modulus has."""
        return self._public.key_size

    def public_key(self) -> rsa.RSAPublicKey:
        """Return the public half."""
        return self._public

    def sign(self, data: Any, padding: Any, algorithm: Any) -> bytes:
        """Return the signature, and count it.

        Raises:
            FrozenKeyError: There is no private half; so do all below.
        """
        signature = self._whole().sign(data, padding, algorithm)
        self.signatures += 1
        return signature

    def decrypt(self, ciphertext: Any, padding: Any) -> bytes:
        """Return what was encrypted to the public half."""
        return self._whole().decrypt(ciphertext, padding)

    def private_numbers(self) -> rsa.RSAPrivateNumbers:
        """Return the numbers of the private half."""
        return self._whole().private_numbers()

    def private_bytes(self, encoding: Any, format: Any, encryption_algorithm: Any) -> bytes:  # noqa: A002
        """Return the private half in a form for files."""
        return self._whole().private_bytes(encoding, format, encryption_algorithm)

    def __copy__(self) -> "RsaKey":
        return self

    def __deepcopy__(self, memo: object) -> "RsaKey":
        return self

    def _whole(self) -> rsa.RSAPrivateKey:
        if self._private is None:
            raise FrozenKeyError(f"of the RSA key {self._name} only the public half was kept: it signs nothing more")
        return self._private


def _frozen_key(name: str, jwk: Mapping[str, Any]) -> RsaKey:
    public = parse_jwk(jwk)
    if public.kty != "RSA":
        raise ConfigurationError(f"the key {name} is frozen and no RSA key: it is derived instead")
    modulus = int.from_bytes(base64url.decode(public.jwk["n"]), "big")
    return RsaKey(name, rsa.RSAPublicNumbers(RSA_EXPONENT, modulus).public_key())
