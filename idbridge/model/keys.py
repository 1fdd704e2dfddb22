"""Public keys as the layers above ``crypto`` see them."""

from collections.abc import Mapping
from typing import Protocol


class PublicKey(Protocol):
    """A listed or bound public key, parsed and checked once.

    ``algorithms`` are the JOSE names this key may verify, never empty, never symmetric.
    """

    @property
    def thumbprint(self) -> str:
        """RFC 7638 SHA-256 thumbprint, base64url."""
        ...

    @property
    def kid(self) -> str | None:
        """Key id as listed, if any."""
        ...

    @property
    def algorithms(self) -> frozenset[str]:
        """JOSE algorithm names that this key fits."""
        ...

    @property
    def jwk(self) -> Mapping[str, str]:
        """The members of the public JWK that the thumbprint covers, and no others."""
        ...

    def verify(self, algorithm: str, *, signature: bytes, signed: bytes) -> None:
        """Return if ``signature`` (JOSE form, ECDSA as r||s) over ``signed`` is valid.

        Raises:
            JoseError: ``jose.alg_key_mismatch`` or ``jose.signature_invalid``.
        """
        ...
