"""The signing keys of a pretend provider: exchanged in two steps, published first and used later.

A new key has to be on its state's list before anybody may rely on it, so the list's operator is told of it first; a
key that was never published is never used.
"""

from collections.abc import Callable
from dataclasses import replace

from idbridge.crypto.signer import FileSigner, generate
from idbridge.limits import LIMITS
from idbridge.oidc.errors import OAuthError
from idbridge.sandbox.region import Region
from idbridge.sandbox.services import Service

ListKey = Callable[[str, FileSigner], None]


class ProviderKeys:
    """The keys of one provider. ``list_key`` tells the operator of its state's list of a new one."""

    def __init__(self, service: Service, *, list_key: ListKey) -> None:
        self._service = service
        self._list_key = list_key
        self._next: FileSigner | None = None

    @property
    def service(self) -> Service:
        """The service as it signs now: the key in use is the first."""
        return self._service

    def key_set(self) -> dict[str, list[dict[str, object]]]:
        """Return the public keys, also the one that is published and not in use yet."""
        return {"keys": [dict(signer.public_jwk) for signer in self._service.keys.signers]}

    def publish(self) -> str:
        """Make a new key, have it listed and publish it; return its id. Tokens are signed as before.

        Raises:
            OAuthError: ``invalid_request``: one is waiting already, or there are too many.
        """
        keys = self._service.keys
        if self._next is not None or len(keys.signers) >= LIMITS.keys_per_service:
            raise OAuthError("invalid_request", "a new key waits already, or there are too many")
        made = generate(self._service.signer.algorithm)
        self._list_key(self._service.id, made)
        self._next = made
        self._service = replace(self._service, keys=replace(keys, signers=(*keys.signers, made)))
        return made.kid

    def use(self) -> str:
        """Sign with the key that was published; return its id. Old keys stay published.

        Raises:
            OAuthError: ``invalid_request``: none was.
        """
        if self._next is None:
            raise OAuthError("invalid_request", "publish a new key first")
        signer, self._next = self._next, None
        others = tuple(one for one in self._service.keys.signers if one is not signer)
        self._service = replace(self._service, keys=replace(self._service.keys, signers=(signer, *others)))
        return signer.kid


def with_key(region: Region, service_id: str, signer: FileSigner) -> Region:
    """Return ``region`` with one more key of a service; its state publishes it by ``reissued``."""
    held = region.keys.services[service_id]
    grown = {**region.keys.services, service_id: replace(held, signers=(*held.signers, signer))}
    return replace(region, keys=replace(region.keys, services=grown))
