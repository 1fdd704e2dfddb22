"""Access certificates: as whom this node asks wallets, and the client identifiers that follow from it.

Decides whether a certificate may stand in a request: its key is the one that signs, and it is not its own authority;
the authority itself is not sent, because a wallet has to know it already.
Whether a wallet trusts that authority is the wallet's to decide. Clauses: OpenID4VP 1.0 section 5.9.3; HAIP 1.0
section 5.1.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from idbridge.codec import base64std, base64url
from idbridge.crypto.certificate_facts import certificate_facts
from idbridge.crypto.certificate_names import unverified_names
from idbridge.crypto.keys import public_key_from_certificate, thumbprint
from idbridge.crypto.signer import Signer
from idbridge.errors import ConfigurationError, IdBridgeError
from idbridge.limits import LIMITS


class ClientIdPrefix(StrEnum):
    """How a wallet is told who asks: by the digest of the certificate, or by a host that it names."""

    X509_HASH = "x509_hash"
    X509_SAN_DNS = "x509_san_dns"


@dataclass(frozen=True, slots=True)
class AccessCertificate:
    """The certificate (DER, with what leads to its authority) and the key behind it. Made by ``access_certificate``.

    ``hosts`` are those that it names, in lower case. The chain is in force from ``not_before`` to ``not_after``.
    """

    chain: tuple[bytes, ...]
    hosts: frozenset[str]
    not_before: datetime
    not_after: datetime
    signer: Signer = field(repr=False)

    def in_force(self, at: datetime) -> bool:
        """Tell whether every certificate of the chain is in force at ``at``; a wallet would refuse it else."""
        return self.not_before <= at <= self.not_after

    def client_id(self, prefix: ClientIdPrefix, *, host: str) -> str:
        """Return the client identifier of a node that is asked at ``host``, with its prefix.

        Raises:
            ConfigurationError: The certificate does not name that host, and a wallet would refuse it.
        """
        if prefix is ClientIdPrefix.X509_SAN_DNS:
            if host.lower() not in self.hosts:
                raise ConfigurationError("the access certificate does not name the host of this node")
            return f"{prefix}:{host.lower()}"
        return f"{prefix}:{base64url.encode(hashlib.sha256(self.chain[0]).digest())}"

    @property
    def x5c(self) -> list[str]:
        """The certificates as a JWS header carries them (RFC 7515 section 4.1.6)."""
        return [base64std.encode(certificate) for certificate in self.chain]


def access_certificate(signer: Signer, chain: tuple[bytes, ...]) -> AccessCertificate:
    """Return the access certificate of a node; ``chain`` begins with its own certificate.

    Raises:
        ConfigurationError: There is none, one cannot be read, or it is not fit to ask wallets with.
    """
    if not 0 < len(chain) <= LIMITS.path_depth:
        raise ConfigurationError(f"an access certificate comes with at most {LIMITS.path_depth - 1} above it")
    try:
        named = [unverified_names(certificate) for certificate in chain]
        certified = public_key_from_certificate(chain[0])
    except IdBridgeError as unreadable:
        raise ConfigurationError(f"an access certificate that is not fit: {unreadable}") from None
    if any(one.self_issued for one in named):
        raise ConfigurationError("an access certificate has an authority above it, and that authority is not sent")
    if certified.thumbprint != thumbprint(signer.public_jwk):
        raise ConfigurationError("the access certificate is for another key")
    facts = [certificate_facts(certificate) for certificate in chain]
    return AccessCertificate(
        chain,
        named[0].hosts,
        max(one.not_before for one in facts),
        min(one.not_after for one in facts),
        signer,
    )
