"""PyPI ``openvc-core`` behind the command-line protocol: SD-JWT VCs, mdocs, W3C credentials, and answers of wallets.

What answers a nonce goes to ``verify_vp_token``, under the query of the request or one that asks for the format alone;
a copy goes to ``verify_credential``, and an mdoc to ``verify_device_response``. Issuers are looked up in the material,
as the metadata of JWT VC issuers that the library would fetch; nothing is fetched. It reads the time of the machine
where its documentation says so, so the clock of this process stands at the instant of the case.
"""

import base64
import hashlib
import time
from datetime import datetime, tzinfo
from typing import Any

import jwt.api_jwt
from answering import Question, answer, called
from cryptography import x509
from openvc import VerificationPolicy, cbor, verify_credential, verify_vp_token
from openvc.did.base import DidResolverRegistry
from openvc.did.did_jwk import DidJwkResolver
from openvc.did.did_key import DidKeyResolver
from openvc.jwt_vc_issuer import JwtVcIssuerError, jwt_vc_issuer_metadata_url
from openvc.mdoc import verify_device_response

LEEWAY = 60  # seconds, as the lists of the region say
DECLINED = {
    "state": "it remembers nothing and counts no level",
    "id-token": "another format",
    "qr": "another format",
    "assertion": "no assertions between states",
    "legal-person": "no mandates",
    "status": "its caller fetches and judges status lists",
    "IDB-TIME-015": "it takes no receipt of a log as evidence of time",
    "IDB-ISS-030": "it takes no receipt of a log as evidence of time",
    "IDB-ISS-031": "it takes no receipt of a log as evidence of time",
    "IDB-IN-004": "the limits are ours",
    "IDB-IN-005": "the limits are ours",
    "IDB-RECOG": "no arrangements between states",
    "IDB-MAND": "no mandates",
    "IDB-POL": "no policies",
    "IDB-HOLD-010": "it remembers no nonce",
    "IDB-HOLD-014": "no transactions",
    "IDB-HOLD-015": "no transactions",
    "IDB-HOLD-016": "no transactions",
    "IDB-QUERY-010": "no authorities in queries",
    "IDB-QUERY-011": "no authorities in queries",
    "IDB-QUERY-001": "its caller has the query",
    "IDB-QUERY-012": "it demands a nonce with every query",
    "IDB-QUERY-013": "it demands a nonce with every query",
    "IDB-IN-008": "it is told no format",
    "IDB-W3C-002": "it is told no format",
    "IDB-QUERY-014": "of a query it reads the type and not the claims",
    "IDB-QUERY-015": "of a query it reads the type and not the claims",
    "IDB-QUERY-019": "it does not compare persons",
    "IDB-QUERY-020": "it does not compare persons",
    "IDB-QUERY-021": "it does not compare persons",
    "IDB-MDOC-015": "its caller makes the session transcript",
    "IDB-MDOC-022": "its caller makes the session transcript",
    "IDB-MDOC-023": "its caller makes the session transcript",
    "binding-missing": "whether a copy will do stands in the trust list",
    "vc-without-presentation": "whether a copy will do stands in the trust list",
}
OF_THE_LIST = ("IDB-W3C-003", "IDB-ISS-013", *(f"IDB-ISS-{number:03}" for number in range(3, 12)))
DECLINED |= dict.fromkeys(OF_THE_LIST, "it reads no list of services and their history")
TABLE = (
    ("SignatureInvalid", "^KB-JWT", "holder.signature_invalid"),
    ("SignatureInvalid", "", "jose.signature_invalid"),
    ("UnsupportedAlgorithm", "'none'", "jose.alg_none"),
    ("UnsupportedAlgorithm", "", "jose.alg_not_allowed"),
    ("MalformedToken", "crit", "jose.crit_unsupported"),
    ("ProofMalformed", "crit", "jose.crit_unsupported"),
    ("MalformedToken", "typed .* is not a VC-JWT", "jose.typ_mismatch"),
    ("MalformedToken", "^no issuer", "issuer.missing"),
    ("MalformedToken", "", "input.malformed"),
    ("SdJwtError", "^KB-JWT typ", "holder.typ_mismatch"),
    ("SdJwtError", "issuer JWT (typ|without a typ)", "jose.typ_mismatch"),
    ("SdJwtError", "unsupported _sd_alg", "sd_jwt.alg_unsupported"),
    ("SdJwtError", "not valid base64url JSON", "sd_jwt.disclosure_malformed"),
    ("SdJwtError", "2- or 3-element array", "sd_jwt.disclosure_malformed"),
    ("SdJwtError", "_sd must be an array", "sd_jwt.disclosure_malformed"),
    ("SdJwtError", "array digest must be a string|'...' is only valid", "sd_jwt.disclosure_malformed"),
    ("SdJwtError", "must be \\[salt", "sd_jwt.disclosure_arity"),
    ("SdJwtError", "is reserved", "sd_jwt.disclosure_reserved_name"),
    ("SdJwtError", "duplicate", "sd_jwt.digest_duplicate"),
    ("SdJwtError", "overwrite", "sd_jwt.disclosure_collision"),
    ("SdJwtError", "not referenced", "sd_jwt.disclosure_unreferenced"),
    ("SdJwtError", "selectively disclosed", "sd_jwt.disclosure_forbidden_claim"),
    ("SdJwtError", "depth", "input.too_large"),
    ("ClaimsInvalid", "no cnf.jwk", "holder.key_missing"),
    ("ClaimsInvalid", "no KB-JWT present", "holder.binding_missing"),
    ("ClaimsInvalid", "KB-JWT aud|^aud ", "holder.audience_mismatch"),
    ("ClaimsInvalid", "nonce does not match", "holder.nonce_mismatch"),
    ("ClaimsInvalid", "sd_hash", "holder.sd_hash_mismatch"),
    ("ClaimsInvalid", "missing the required iat", "time.claim_missing"),
    ("ClaimsInvalid", "KB-JWT.*(old|future|iat)", "holder.not_fresh"),
    ("ClaimsInvalid", "KB-JWT is outside its own exp/nbf window", "time.expired"),
    ("ClaimsInvalid", "has expired|is expired", "time.expired"),
    ("ClaimsInvalid", "not yet valid", "time.not_yet_valid"),
    ("ClaimsInvalid", "non-empty string vct", "sd_jwt.vct_invalid"),
    ("ClaimsInvalid", "vct .* is not one of the requested", "query.type_mismatch"),
    ("ClaimsInvalid", "^(iss|sub|jti|vp.holder) .*", "w3c.claims_contradict"),
    ("ClaimsInvalid", "required type", "w3c.type_invalid"),
    ("ClaimsInvalid", "not bound to|not the holder|holder binding", "holder.signature_invalid"),
    ("CredentialExpired", "", "time.expired"),
    ("CredentialNotYetValid", "", "time.not_yet_valid"),
    ("MalformedTimestamp", "", "time.claim_malformed"),
    ("KeyResolutionFailed", "no key with kid", "jose.kid_unknown"),
    ("KeyResolutionFailed", "multiple keys but the token has no kid", "jose.kid_missing"),
    ("KeyResolutionFailed", "not EC P-256", "jose.alg_not_allowed"),
    ("KeyResolutionFailed", "SAN", "issuer.certificate_name_mismatch"),
    ("KeyResolutionFailed", "not valid at validation time", "issuer.certificate_expired"),
    ("KeyResolutionFailed", "chain did not validate", "issuer.chain_untrusted"),
    ("KeyResolutionFailed", "nobody is listed", "issuer.unknown"),
    ("UnsupportedDidMethod", "", "input.format_unsupported"),
    ("UnknownCredentialFormat", "nested", "input.too_large"),
    ("UnknownCredentialFormat", "", "input.format_unsupported"),
    ("VpTokenIncomplete", "", "query.unsatisfied"),
    ("VpTokenMalformed", "not a Credential Query id", "query.id_unknown"),
    ("VpTokenMalformed", "is single-valued but", "query.multiple_not_allowed"),
    ("VpTokenMalformed", "must be an array|not valid JSON|compact JWT string", "input.malformed"),
    ("VpTokenMalformed", "embeds no", "w3c.presentation_invalid"),
    ("VpTokenMalformed", "requires cryptographic holder binding", "query.holder_binding_missing"),
    ("MdocTrustError", "not valid at validation time", "issuer.certificate_expired"),
    ("MdocTrustError", "ExtendedKeyUsage|EKU", "issuer.certificate_profile"),
    ("MdocTrustError", "", "issuer.chain_untrusted"),
    ("MdocSignatureInvalid", "", "jose.signature_invalid"),
    ("MdocDigestMismatch", "has no digest", "mdoc.digest_unknown"),
    ("MdocDigestMismatch", "", "mdoc.digest_mismatch"),
    ("MdocDocTypeMismatch", "", "mdoc.doc_type_mismatch"),
    ("MdocValidityError", "not yet valid", "time.not_yet_valid"),
    ("MdocValidityError", "has expired", "time.expired"),
    ("MdocValidityError", "signed|certificate", "mdoc.signed_outside_certificate"),
    ("MdocDeviceAuthError", "holder binding missing", "holder.binding_missing"),
    ("MdocDeviceAuthError", "EMacKey", "mdoc.mac_key_missing"),
    ("MdocDeviceAuthError", "does not verify", "holder.signature_invalid"),
    ("MdocDeviceAuthError", "", "mdoc.device_auth_invalid"),
    ("MdocMalformed", "status|no documents", "mdoc.response_status"),
    ("MdocMalformed", "deviceKey", "holder.key_missing"),
    ("MdocMalformed", "deviceAuth|deviceSigned", "mdoc.device_auth_invalid"),
    ("MdocMalformed", "date|validityInfo needs a signed time", "time.claim_malformed"),
    ("MdocMalformed", "needs both validFrom and validUntil", "time.claim_missing"),
    ("MdocMalformed", "MSO", "mdoc.mso_invalid"),
    ("MdocMalformed", "header|x5chain|alg", "jose.header_forbidden"),
    ("MdocMalformed", "", "input.malformed"),
)


def judge(question: Question) -> None:
    """Ask the library."""
    stand_still(question.at)
    session = question.request.get("expected", {}).get("session")
    if session is not None and "dcql" not in question.request:
        called(lambda: device_response(question, session), table=TABLE)
    elif question.nonce is not None:
        called(lambda: vp_token(question), table=TABLE)
    else:
        called(lambda: copy(question), table=TABLE)


def stand_still(at: datetime) -> None:
    """Let the clock of this process stand at ``at``."""

    class Standing(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return at.astimezone(tz)

    time.time = at.timestamp  # noqa: TID251 - it is set and not read
    jwt.api_jwt.datetime = Standing  # type: ignore[attr-defined]


def device_response(question: Question, session: dict[str, str]) -> object:
    """Ask about an mdoc, bound to the session of OpenID4VP 1.0."""
    told = cbor.encode([session["client_id"], question.nonce, None, session["response_uri"]])
    transcript = [None, None, ["OpenID4VPHandover", hashlib.sha256(told).digest()]]
    return verify_device_response(
        question.octets,
        trust_anchors=certificates(question, form="mso_mdoc"),
        session_transcript=cbor.encode(transcript),
        now=question.at,
        leeway_s=LEEWAY,
    )


def vp_token(question: Question) -> object:
    """Ask about the answer of a wallet; what is no answer to a query is asked about as one to the simplest query."""
    form = "dc+sd-jwt" if "~" in question.credential else "jwt_vc_json"
    query = {"credentials": [{"id": "one", "format": form}]}
    token: Any = {"one": [question.credential]}
    if "dcql" in question.request:
        query = question.request["dcql"]
        asked = [one["id"] for one in query["credentials"]]
        token = question.credential if question.credential.startswith("{") else {asked[0]: [question.credential]}
    return verify_vp_token(
        token,
        dcql_query=query,
        nonce=str(question.nonce),
        client_id=question.audience,
        now=question.at,
        leeway_s=LEEWAY,
        **lookups(question),
    )


def copy(question: Question) -> object:
    """Ask about a credential that nobody proves to hold."""
    policy = VerificationPolicy(now=question.at, leeway_s=LEEWAY, require_status=False)
    return verify_credential(question.credential, policy=policy, **lookups(question))


def lookups(question: Question) -> dict[str, Any]:
    """Return where the library finds keys: DIDs that spell them out, the listed keys, the listed authorities."""

    def fetch(url: str) -> dict[str, Any]:
        there = [one for one in question.services if jwt_vc_issuer_metadata_url(one["issuer"]) == url]
        if not there:
            raise JwtVcIssuerError("nobody is listed there")
        return {"issuer": there[0]["issuer"], "jwks": {"keys": [key for one in there for key in one["jwks"]]}}

    form = "dc+sd-jwt"
    return {
        "resolver": DidResolverRegistry([DidKeyResolver(), DidJwkResolver()]),
        "jwt_vc_issuer_fetch": fetch,
        "x5c_trust_anchors": certificates(question, form=form),
    }


def certificates(question: Question, *, form: str) -> list[x509.Certificate]:
    """Return the authorities that are listed for a format."""
    return [x509.load_der_x509_certificate(base64.b64decode(one)) for one in question.anchors(form=form)]


if __name__ == "__main__":
    answer(library="openvc-core", declined=DECLINED, judge=judge)
