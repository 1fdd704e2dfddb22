"""Who asks: what all addresses of this verifier share, and the client identifier under which a wallet is asked."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from idbridge.errors import ConfigurationError, RequestError
from idbridge.presentation.access_certificate import AccessCertificate, ClientIdPrefix

REQUEST_PATH = "/wallet/request/"
RESPONSE_PATH = "/wallet/response/"
PAGE_PATH = "/wallet/"


@dataclass(frozen=True, slots=True)
class Asker:
    """The node as wallets see it: where it is, and its access certificate, ``None`` if it has none."""

    base: str
    certificate: AccessCertificate | None

    def require_certificate(self, *, at: datetime) -> AccessCertificate:
        """Return the certificate, in force at ``at``.

        Raises:
            RequestError: ``system.not_ready``: this node has none in force, and asks no wallets.
        """
        if self.certificate is None or not self.certificate.in_force(at):
            raise RequestError("system.not_ready", "this node has no access certificate in force: it asks no wallets")
        return self.certificate

    def client_id(self, prefix: ClientIdPrefix, *, at: datetime) -> str:
        """Return the client identifier of this node.

        Raises:
            RequestError: ``system.not_ready``, or ``input.member_unsupported``: its certificate names no such host.
        """
        certificate = self.require_certificate(at=at)
        try:
            return certificate.client_id(prefix, host=urlsplit(self.base).hostname or "")
        except ConfigurationError:
            detail = f"`client_id_prefix` {prefix} needs a certificate that names the host of this node"
            raise RequestError("input.member_unsupported", detail) from None

    def request_uri(self, name: str) -> str:
        """Return where a wallet fetches the request ``name``."""
        return f"{self.base}{REQUEST_PATH}{name}"

    def response_uri(self, name: str) -> str:
        """Return where a wallet sends its answer to the request ``name``."""
        return f"{self.base}{RESPONSE_PATH}{name}"

    def page_uri(self, link: str) -> str:
        """Return where people are shown the request ``link``."""
        return f"{self.base}{PAGE_PATH}{link}"
