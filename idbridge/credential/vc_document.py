"""What a JWT of a W3C credential says, as one document of the model, and whether it says it the same way twice.

In version 1.1 registered claims stand for members of the credential (section 6.3.1), which may be left out or repeated;
in version 2.0 the claim set is the credential itself, and registered claims may stand beside its members. Decides the
document and the contradictions, and believes nothing. Clauses: VC Data Model 1.1, section 6.3.1; VC-JOSE-COSE, 3.1.3.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from idbridge.credential import vc_model
from idbridge.credential.validity import is_time
from idbridge.credential.vc_model import CREDENTIAL, PROOF, STATUS, SUBJECT, Fault, PeriodFault, Version
from idbridge.crypto.did_key import is_did, key_of
from idbridge.errors import CredentialError, InputError, IssuerError
from idbridge.limits import LIMITS
from idbridge.model.time import instant_text

VC: Final = "vc"
VP: Final = "vp"
WRAPPERS: Final = frozenset({VC, VP})
TOKEN_STATUS: Final = "status"  # noqa: S105 - the name of a claim
_CONTRADICTION: Final = "w3c.claims_contradict"
_OLD_TIMES: Final = frozenset({"issuanceDate", "expirationDate"})
_NEW_TIMES: Final = frozenset({"validFrom", "validUntil"})
_CLAIM_TIMES: Final = frozenset({"exp", "nbf"})


def document_of(claims: Mapping[str, Any], version: Version) -> Mapping[str, Any]:
    """Return the credential that ``claims`` say, with what registered claims stand for where it leaves that out."""
    if version is Version.V2:
        return claims
    document = dict(claims[VC])
    for name, claim in (("issuer", "iss"), ("id", "jti")):
        if claim in claims:
            document.setdefault(name, claims[claim])
    for name, claim in (("issuanceDate", "nbf"), ("expirationDate", "exp")):
        if is_time(claims.get(claim)):
            document.setdefault(name, instant_text(datetime.fromtimestamp(claims[claim], UTC)))
    subject = document.get(SUBJECT)
    if "sub" in claims and isinstance(subject, Mapping):
        document[SUBJECT] = {"id": claims["sub"], **subject}
    return document


def contradiction(claims: Mapping[str, Any], document: Mapping[str, Any], version: Version) -> Fault | None:
    """Return the first pair of claim and member that differ; ``None`` if there is none."""
    for name, stated, member in _pairs(claims, document, version):
        if stated != member:
            return Fault(_CONTRADICTION, f"`{name}` and the member that it stands for differ")
    return None


def misplaced_time(claims: Mapping[str, Any], version: Version) -> Fault | None:
    """Return the fault of a time that stands where ``version`` has none: nobody would heed it, whoever wrote it."""
    if version is Version.V2:
        found = _OLD_TIMES & claims.keys()
    else:
        found = (_OLD_TIMES | _NEW_TIMES) & claims.keys() | (_NEW_TIMES | _CLAIM_TIMES) & claims[VC].keys()
    return Fault(_CONTRADICTION, f"`{min(found)}` stands where this version has none") if found else None


def misplaced_status(claims: Mapping[str, Any], version: Version) -> Fault | None:
    """Return the fault of a status that stands where nobody looks for it: the credential may have been taken back."""
    if version is Version.V1 and (STATUS in claims or TOKEN_STATUS in claims[VC]):
        return Fault("status.unavailable", "`credentialStatus` stands in `vc`, and `status` beside it")
    return None


def _pairs(claims: Mapping[str, Any], document: Mapping[str, Any], version: Version) -> Iterator[tuple[str, Any, Any]]:
    """Yield each registered claim with the member that it stands for, where both are there."""
    if "iss" in claims:
        yield "iss", claims["iss"], vc_model.issuer_of(document)
    if "jti" in claims and "id" in document:
        yield "jti", claims["jti"], document["id"]
    if "sub" in claims:
        subject = document.get(SUBJECT)
        if isinstance(subject, Mapping) and "id" in subject:
            yield "sub", claims["sub"], subject["id"]
    if version is Version.V1:
        for name, claim in (("issuanceDate", "nbf"), ("expirationDate", "exp")):
            if claim in claims and name in document:
                yield claim, claims[claim], _seconds(document[name])


def _seconds(written: Any) -> int | None:
    """Return a time of the model in whole seconds, as a claim writes it."""
    try:
        return int(vc_model.instant_of(written).timestamp())
    except PeriodFault:
        return None


def type_of(document: Mapping[str, Any]) -> str:
    """Return the types of a credential beside that of the model, as a list names them: in order, parted by blanks.

    A service is listed for all of them together, so that none that it may not issue comes in beside one that it may.

    Raises:
        CredentialError: ``w3c.type_invalid``: there are none.
    """
    fault = vc_model.type_fault(document)
    own = sorted({*vc_model.types_of(document)} - {CREDENTIAL})
    if fault is not None or not own:
        raise CredentialError("w3c.type_invalid", fault.detail if fault is not None else "it has no type of its own")
    return " ".join(own)


def issuer_named(document: Mapping[str, Any]) -> str:
    """Return who a credential says that it is from.

    Raises:
        IssuerError: ``issuer.missing``, or ``issuer.unknown`` for a name longer than any that can be listed.
        InputError: As for ``key_of``, for a DID that spells out no key.
    """
    named = document.get("issuer")
    issuer = named.get("id") if isinstance(named, Mapping) else named
    if not isinstance(issuer, str) or not issuer:
        raise IssuerError("issuer.missing")
    if len(issuer) > LIMITS.identifier_characters:
        raise IssuerError("issuer.unknown", "no listed issuer has so long a name")
    if is_did(issuer):
        key_of(issuer)
    return issuer


def refuse_second_proof(claims: Mapping[str, Any], document: Mapping[str, Any], version: Version) -> None:
    """Refuse what is signed in two ways, or wrapped where nothing is.

    Raises:
        InputError: ``input.format_unsupported``: an embedded proof, which nobody here would look at.
        CredentialError: ``w3c.claims_contradict``: a wrapper that does not belong to this version, or two.
    """
    if PROOF in claims or PROOF in document:
        raise InputError("input.format_unsupported", "an embedded proof is not served here")
    wrappers = WRAPPERS & claims.keys()
    if len(wrappers) > (1 if version is Version.V1 else 0):
        raise CredentialError(_CONTRADICTION, "`vc` or `vp` stands where it may not")
