"""W3C credentials of version 1.1 as JWT: the credential in ``vc``, and registered claims for some of its members.

Decides what such a JWT may look like; ``vc_account`` accounts for what it says. The type may be absent, as the standard
has it, so an ID token differs by its claims alone: ``envelope`` says how they are told apart. Clause: VC Data Model
1.1, section 6.3.1.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from idbridge.codec import strict_json
from idbridge.credential import vc_points
from idbridge.credential.protocol import Reading
from idbridge.credential.unverified import unverified_message
from idbridge.credential.vc_account import PresentedVc, Told, account_vc, held_by
from idbridge.credential.vc_document import VC, document_of, issuer_named, refuse_second_proof, type_of
from idbridge.credential.vc_jwt import CONTENT, require_content
from idbridge.credential.vc_model import Version
from idbridge.crypto.jws import HeaderRules, parse_unverified
from idbridge.errors import InputError, IssuerError
from idbridge.limits import LIMITS
from idbridge.model.check import CheckPoint
from idbridge.model.credential import SignedClaims, UnverifiedCredential, VerifiedCredential
from idbridge.model.region import Format
from idbridge.model.request import VerifyRequest
from idbridge.trust.resolver import ResolvedKey

# The profile. Header: `alg` is required, `typ`, `kid`, `x5c` and `cty` are optional; `crit`, `b64`, `jku`, `x5u` and
# `jwk` are forbidden; every other member is ignored and nothing can come to depend on it.
HEADER: Final = HeaderRules(types=frozenset({"", "jwt"}), allow_x5c=True)
_CONTENTS: Final = frozenset({"jwt", CONTENT})


class JwtVcFormat:
    """W3C credentials of version 1.1 behind the protocol of all formats."""

    format: Final = Format.JWT_VC_JSON

    def open(self, text: str, reading: Reading) -> tuple[UnverifiedCredential, ...]:
        """Take a credential apart; step V2.

        Raises:
            InputError, JoseError: As for ``parse_unverified`` and ``require_content``; ``input.malformed`` without a
                credential in ``vc``.
            IssuerError, CredentialError, InputError: As for ``issuer_named``, ``type_of`` and ``refuse_second_proof``.
        """
        jws = parse_unverified(text, HEADER, reading.headers)
        require_content(jws, _CONTENTS)
        claims = strict_json.parse_object(jws.payload, max_bytes=LIMITS.token_bytes)
        if not isinstance(claims.get(VC), Mapping):
            raise InputError("input.malformed", "a credential of version 1.1 stands in `vc`")
        if "iss" not in claims:
            raise IssuerError("issuer.missing", "a credential of version 1.1 has `iss`")
        document = document_of(claims, Version.V1)
        refuse_second_proof(claims, document, Version.V1)
        type_of(document)
        issuer = issuer_named(document)
        return (unverified_message(self.format, jws, claims, issuer=issuer, presented=PresentedVc()),)

    def credential_type(self, unverified: UnverifiedCredential) -> str | None:
        """Return the types that a service must be listed for, together."""
        return type_of(document_of(unverified.unverified_claims, Version.V1))

    def early(self, code: str) -> CheckPoint | None:
        """Return the check that a refusal with ``code`` in V2 to V4 belongs to."""
        return vc_points.early(code)

    def account(
        self,
        signed: SignedClaims,
        unverified: UnverifiedCredential,
        *,
        resolved: ResolvedKey,
        request: VerifyRequest,
        at: datetime,
    ) -> VerifiedCredential:
        """Make the checks of the checklist; step V5.

        Raises:
            Refused: With all of them, at least one refused.
        """
        told = Told(Version.V1, signed.claims, document_of(signed.claims, Version.V1))
        presentation = unverified.presented.presentation
        bound = held_by(told, presentation, signed=signed, resolved=resolved, request=request, at=at)
        return account_vc(self.format, told, bound, signed=signed, resolved=resolved, request=request, at=at)


JWT_VC: Final = JwtVcFormat()
