"""W3C credentials of version 2.0 as JWT (``vc+jwt``): the claim set is the credential itself.

Decides what such a JWT may look like; ``vc_account`` accounts for what it says. The explicit type is demanded although
the standard only recommends it, because nothing else tells what was meant to be signed. Clause: VC-JOSE-COSE, section
3.1.1; RFC 8725, section 3.11.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from idbridge.codec import strict_json
from idbridge.credential import vc_points
from idbridge.credential.protocol import Reading
from idbridge.credential.unverified import unverified_message
from idbridge.credential.vc_account import PresentedVc, Told, account_vc, held_by
from idbridge.credential.vc_document import issuer_named, refuse_second_proof, type_of
from idbridge.credential.vc_model import Version
from idbridge.crypto.jws import HeaderCache, HeaderRules, parse_unverified
from idbridge.errors import JoseError
from idbridge.limits import LIMITS
from idbridge.model.check import CheckPoint
from idbridge.model.credential import SignedClaims, UnverifiedCredential, UnverifiedJws, VerifiedCredential
from idbridge.model.region import Format
from idbridge.model.request import VerifyRequest
from idbridge.trust.resolver import ResolvedKey

# The profile. Header: `alg` and `typ` are required, `kid`, `x5c` and `cty` are optional; `crit`, `b64`, `jku`, `x5u`
# and `jwk` are forbidden; every other member is ignored and nothing can come to depend on it.
HEADER: Final = HeaderRules(types=frozenset({"vc+jwt"}), allow_x5c=True)
CONTENT: Final = "vc"


def secured(text: str, rules: HeaderRules, headers: HeaderCache, *, content: str) -> tuple[UnverifiedJws, Any]:
    """Return a JWS of version 2.0 and its claim set, as ``rules`` and the ``content`` type have it.

    Raises:
        InputError, JoseError: As for ``parse_unverified``; ``jose.typ_mismatch`` for another content type.
    """
    jws = parse_unverified(text, rules, headers)
    require_content(jws, frozenset({content}))
    return jws, strict_json.parse_object(jws.payload, max_bytes=LIMITS.token_bytes)


def require_content(jws: UnverifiedJws, contents: frozenset[str]) -> None:
    """Return if the header names none but one of these ``contents``, or says nothing.

    Raises:
        JoseError: ``jose.typ_mismatch``.
    """
    stated = jws.header.members.get("cty")
    if stated is not None and stated.lower().removeprefix("application/") not in contents:
        raise JoseError("jose.typ_mismatch", "`cty` names another content")


def named_issuer(claims: Mapping[str, Any]) -> str:
    """Return who a credential of version 2.0 says that it is from, once it has types and one proof.

    Raises:
        IssuerError, CredentialError, InputError: As for ``issuer_named``, ``type_of`` and ``refuse_second_proof``.
    """
    refuse_second_proof(claims, claims, Version.V2)
    type_of(claims)
    return issuer_named(claims)


class VcJwtFormat:
    """W3C credentials of version 2.0 as JWT behind the protocol of all formats."""

    format: Final = Format.VC_JWT

    def open(self, text: str, reading: Reading) -> tuple[UnverifiedCredential, ...]:
        """Take a credential apart; step V2.

        Raises:
            InputError, JoseError: As for ``secured``.
            IssuerError, CredentialError, InputError: As for ``named_issuer``.
        """
        jws, claims = secured(text, HEADER, reading.headers, content=CONTENT)
        issuer = named_issuer(claims)
        return (unverified_message(self.format, jws, claims, issuer=issuer, presented=PresentedVc()),)

    def credential_type(self, unverified: UnverifiedCredential) -> str | None:
        """Return the types that a service must be listed for, together."""
        return type_of(unverified.unverified_claims)

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
        told = Told(Version.V2, signed.claims, signed.claims)
        presentation = unverified.presented.presentation
        bound = held_by(told, presentation, signed=signed, resolved=resolved, request=request, at=at)
        return account_vc(self.format, told, bound, signed=signed, resolved=resolved, request=request, at=at)


VC_JWT: Final = VcJwtFormat()
