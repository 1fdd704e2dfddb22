"""What every credential format offers to the pipeline: steps V2 and V5, and the type that V3 looks up."""

from datetime import datetime
from typing import NamedTuple, Protocol

from idbridge.crypto.jws import HeaderCache
from idbridge.model.check import CheckPoint
from idbridge.model.credential import SignedClaims, UnverifiedCredential, VerifiedCredential
from idbridge.model.qr_profile import ListedQr
from idbridge.model.region import Format
from idbridge.model.request import VerifyRequest
from idbridge.model.type_metadata import NO_DOCUMENTS, TypeDocuments
from idbridge.trust.resolver import ResolvedKey


class Reading(NamedTuple):
    """What step V2 reads with: the headers that were seen before, how the states' QR codes are taken apart, and what
    types of SD-JWT VCs say that documents are held of.

    ``logins`` are the issuers that are listed for ID tokens and not for W3C credentials as JWT, which look alike.
    ``lost`` is the code to answer while a state's list is lost, by which a code might have been taken apart.
    """

    headers: HeaderCache
    qr: tuple[ListedQr, ...] = ()
    types: TypeDocuments = NO_DOCUMENTS
    logins: frozenset[str] = frozenset()
    lost: str | None = None


class CredentialFormat(Protocol):
    """One format: how it is taken apart, and what its rules demand once its signature is known to be good."""

    @property
    def format(self) -> Format:
        """The format's name in requests and reports."""
        ...

    def open(self, text: str, reading: Reading) -> tuple[UnverifiedCredential, ...]:
        """Take ``text`` apart into the credentials that it presents, at least one; step V2.

        Raises:
            Refusal: The text breaks a rule that shows without any key (groups input, jose, issuer, sd_jwt).
        """
        ...

    def credential_type(self, unverified: UnverifiedCredential) -> str | None:
        """Return the type that a service must be listed for, ``None`` for a format without types."""
        ...

    def account(
        self,
        signed: SignedClaims,
        unverified: UnverifiedCredential,
        *,
        resolved: ResolvedKey,
        request: VerifyRequest,
        at: datetime,
    ) -> VerifiedCredential:
        """Account for every header and claim, validity and holder binding; step V5.

        ``resolved`` is the key that verified, the service that lists it and the path to it, if certificates led there.

        Raises:
            Refused: With every check that was made, at least one of them refused.
        """
        ...

    def early(self, code: str) -> CheckPoint | None:
        """Return the check of this format that a refusal with ``code`` in V2 to V4 belongs to, if there is one."""
        ...
