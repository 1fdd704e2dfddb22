"""The checklist of W3C credentials: twenty-six points, ``vc.1`` to ``vc.26``, one for the three formats.

Points 1 to 16 are about the credential, 17 to 26 about the presentation that it came in, if it came in one. An SD-JWT
that came alone is judged by the points of its key binding (``kb.1`` to ``kb.11``) instead of 18 to 26.
"""

from typing import Final

from idbridge.model.check import CheckPoint, Step

_MODEL = "VC Data Model 2.0 section"
_OLD = "VC Data Model 1.1 section"
_JOSE = "VC-JOSE-COSE section"
SHAPE: Final = CheckPoint("vc.1", Step.V2, f"{_JOSE} 3.1.1; {_OLD} 6.3.1; idbridge limits")
MEDIA_TYPE: Final = CheckPoint("vc.2", Step.V2, f"{_JOSE} 3.1.1, 3.2.1 and 6.1; {_OLD} 6.3.1")
ALGORITHM: Final = CheckPoint("vc.3", Step.V4, "RFC 8725 section 3.1")
ISSUER: Final = CheckPoint("vc.4", Step.V3, f"{_MODEL} 4.7; ETSI TS 119 602 service history")
SIGNATURE: Final = CheckPoint("vc.5", Step.V4, f"{_JOSE} 5.1; RFC 7515 section 5.2")
DID: Final = CheckPoint("vc.6", Step.V5, "did:jwk section 2; did:key method section 3")
CONTEXT: Final = CheckPoint("vc.7", Step.V5, f"{_MODEL} 4.3; {_OLD} 4.1")
TYPE: Final = CheckPoint("vc.8", Step.V5, f"{_MODEL} 4.5; {_OLD} 4.3")
IDENTITY: Final = CheckPoint("vc.9", Step.V5, f"{_MODEL} 4.4, 4.6 and 4.7")
SUBJECT: Final = CheckPoint("vc.10", Step.V5, f"{_MODEL} 4.8")
TIME: Final = CheckPoint("vc.11", Step.V5, f"{_MODEL} 4.9; RFC 7519 section 4.1")
STATUS: Final = CheckPoint("vc.12", Step.V5, f"{_MODEL} 4.10; Bitstring Status List v1.0 section 2.1")
MEMBERS: Final = CheckPoint("vc.13", Step.V5, f"{_MODEL} 4.11 and 5")
CLAIMS: Final = CheckPoint("vc.14", Step.V5, f"{_OLD} 6.3.1; {_JOSE} 3.1.3; RFC 7519 section 4.1.3")
ONE_PROOF: Final = CheckPoint("vc.15", Step.V2, f"{_MODEL} 4.12; {_JOSE} 3.1.3")
DISCLOSURE: Final = CheckPoint("vc.16", Step.V5, f"RFC 9901 section 7.1; {_JOSE} 3.2.1")
PRESENTATION: Final = CheckPoint("vc.17", Step.V2, f"{_MODEL} 4.13; {_OLD} 4.10; {_JOSE} 3.1.2")
NEEDED: Final = CheckPoint("vc.18", Step.V5, f"{_MODEL} 4.13; idbridge holder binding")
HOLDER_KEY: Final = CheckPoint("vc.19", Step.V5, "RFC 7800 section 3.2; did:jwk section 2; did:key method section 3")
HOLDER_HEAD: Final = CheckPoint("vc.20", Step.V5, "RFC 8725 section 3.1")
HOLDER_SIGNATURE: Final = CheckPoint("vc.21", Step.V5, f"{_JOSE} 3.1.2; RFC 7515 section 5.2")
HOLDER_NAME: Final = CheckPoint("vc.22", Step.V5, f"{_MODEL} 4.13; {_OLD} 6.3.1")
FRESH: Final = CheckPoint("vc.23", Step.V5, "RFC 7519 section 4.1; idbridge holder binding")
NONCE: Final = CheckPoint("vc.24", Step.V5, "OpenID4VP 1.0 section 14.1")
AUDIENCE: Final = CheckPoint("vc.25", Step.V5, "OpenID4VP 1.0 section 14.1")
TRANSACTIONS: Final = CheckPoint("vc.26", Step.V5, "OpenID4VP 1.0 section 8.4")
CREDENTIAL_POINTS: Final = (
    SHAPE, MEDIA_TYPE, ALGORITHM, ISSUER, SIGNATURE, DID, CONTEXT, TYPE, IDENTITY, SUBJECT, TIME, STATUS, MEMBERS,
    CLAIMS, ONE_PROOF, DISCLOSURE,
)  # fmt: skip
HOLDER_POINTS: Final = (
    NEEDED, HOLDER_KEY, HOLDER_HEAD, HOLDER_SIGNATURE, HOLDER_NAME, FRESH, NONCE, AUDIENCE, TRANSACTIONS,
)  # fmt: skip
POINTS: Final = (*CREDENTIAL_POINTS, PRESENTATION, *HOLDER_POINTS)

_EARLY: Final = {
    "input.malformed": SHAPE,
    "input.too_large": SHAPE,
    "jose.typ_mismatch": MEDIA_TYPE,
    "jose.alg_none": ALGORITHM,
    "jose.alg_not_allowed": ALGORITHM,
    "jose.alg_key_mismatch": ALGORITHM,
    "jose.crit_unsupported": ALGORITHM,
    "jose.header_forbidden": ALGORITHM,
    "jose.signature_invalid": SIGNATURE,
    "jose.kid_missing": ISSUER,
    "jose.kid_unknown": ISSUER,
    "trust.stale": ISSUER,
    "recognition.environment_mismatch": ISSUER,
    "w3c.context_invalid": CONTEXT,
    "w3c.type_invalid": TYPE,
    "w3c.claims_contradict": ONE_PROOF,
    "w3c.presentation_invalid": PRESENTATION,
}


def early(code: str) -> CheckPoint | None:
    """Return the check that a refusal with ``code`` in V2 to V4 belongs to."""
    return _EARLY.get(code, ISSUER if code.startswith("issuer.") else None)
