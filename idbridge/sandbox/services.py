"""Services of the pretend region: a listed service together with the private keys that only the sandbox has."""

from dataclasses import dataclass

from idbridge.crypto.signer import FileSigner
from idbridge.model.region import MemberState
from idbridge.sandbox.sources import Table


@dataclass(frozen=True, slots=True)
class ServiceKeys:
    """Key material of one service, made at start.

    ``signers`` are the listed keys, or the key of the leaf where the list has an authority; the first one signs.
    ``listed`` are the certificates in the list, ``chain`` those that go into ``x5c``, leaf first; both DER, both empty
    where the list has plain keys. ``authority`` is the key of the listed authority.
    """

    signers: tuple[FileSigner, ...]
    listed: tuple[bytes, ...] = ()
    chain: tuple[bytes, ...] = ()
    authority: FileSigner | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """One service with its source entry, as its provider runs it."""

    state: MemberState
    source: Table
    keys: ServiceKeys

    @property
    def id(self) -> str:
        """The name under which the region keeps the service's keys."""
        return str(self.source["id"])

    @property
    def issuer(self) -> str:
        """The issuer identifier, with its address in the region's environment."""
        return str(self.source["issuer"])

    @property
    def claim_map(self) -> Table:
        """How the provider names claims: the table of the source document."""
        table: Table = self.source["claims"]
        return table

    @property
    def credential_type(self) -> str:
        """The ``vct`` of the credentials that the service issues.

        Raises:
            LookupError: It issues none.
        """
        return str(self.source["credential_types"][0])

    @property
    def top_level(self) -> str:
        """The highest national level that the service vouches for: the last rung of its ladder."""
        return str(self.source["ladder"][-1]["national"])

    @property
    def signer(self) -> FileSigner:
        """The key that the service signs with."""
        return self.keys.signers[0]
