"""PyPI ``sd-jwt`` behind the command-line protocol: ``SDJWTVerifier`` with a nonce and an audience, then the claims.

The library asks its caller for the issuer's key. It gets the listed one that the header names; where the header brings
certificates, the leaf's, if a listed authority signed it. That look-up is the caller's, so what is demanded of it is
declared as not implemented.
"""

import base64
import warnings
from typing import Any

from answering import NothingToAskWithError, Question, answer, called

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature
    from jwcrypto.jwk import JWK
    from sd_jwt.verifier import SDJWTVerifier

FORM = "dc+sd-jwt"
DECLINED = {
    "state": "it remembers nothing and counts no level",
    "id-token": "another format",
    "mdoc": "another format",
    "w3c-vc": "another format",
    "qr": "another format",
    "assertion": "no assertions between states",
    "legal-person": "no mandates",
    "status": "no status lists",
    **{f"IDB-ISS-{number:03}": "it asks its caller for the issuer's key" for number in range(1, 30)},
    "IDB-TIME-015": "it takes no receipt of a log as evidence of time",
    "IDB-ISS-030": "it takes no receipt of a log as evidence of time",
    "IDB-ISS-031": "it takes no receipt of a log as evidence of time",
    "IDB-IN-004": "the limits are ours",
    "IDB-IN-005": "the limits are ours",
    "IDB-RECOG": "no arrangements between states",
    "IDB-MAND": "no mandates",
    "IDB-POL": "no policies",
    "IDB-QUERY": "no queries",
    "IDB-JOSE-013": "it asks its caller for the issuer's key",
    "IDB-HOLD-010": "it remembers no nonce",
    "IDB-HOLD-014": "no transactions",
    "IDB-HOLD-015": "no transactions",
    "IDB-HOLD-016": "no transactions",
    "IDB-IN-008": "it is told no format",
    "binding-missing": "whether a copy will do stands in the trust list",
}
TABLE = (  # a signature that does not verify reads the same for issuer and holder
    ("InvalidJWSObject", "", "input.malformed"),
    ("ValueError", "^No holder public key", "holder.key_missing"),
    ("ValueError", "^The holder_public_key_payload is malformed", "holder.key_missing"),
    ("ValueError", "^Invalid header typ", "holder.typ_mismatch"),
    ("ValueError", "^Invalid audience in KB-JWT", "holder.audience_mismatch"),
    ("ValueError", "^Invalid nonce in KB-JWT", "holder.nonce_mismatch"),
    ("ValueError", "^Invalid digest in KB-JWT", "holder.sd_hash_mismatch"),
    ("ValueError", "^Invalid hash algorithm", "sd_jwt.alg_unsupported"),
    ("ValueError", "^Duplicate hash found", "sd_jwt.digest_duplicate"),
    ("ValueError", "^Duplicate disclosure hash", "sd_jwt.digest_duplicate"),
    ("ValueError", "^Duplicate key found", "sd_jwt.disclosure_collision"),
)


def judge(question: Question) -> None:
    """Ask the library."""

    def issuer_key(issuer: Any, header: dict[str, Any]) -> JWK:
        if "x5c" in header:
            return leaf_key(question, issuer, header["x5c"])
        listed = question.keys(issuer, form=FORM)
        fitting = [key for key in listed if header.get("kid") in (None, key["kid"])]
        if not fitting:
            raise NothingToAskWithError
        return JWK(**fitting[0])

    def verify() -> object:
        binding = {"expected_aud": question.audience, "expected_nonce": question.nonce} if question.nonce else {}
        return SDJWTVerifier(question.credential, issuer_key, **binding).get_verified_payload()

    called(verify, table=TABLE)


def leaf_key(question: Question, issuer: Any, chain: list[str]) -> JWK:
    """Return the key of a leaf that a listed authority of ``issuer`` signed."""
    leaf = x509.load_der_x509_certificate(base64.b64decode(chain[0]))
    for anchor in question.anchors(form=FORM, issuer=issuer):
        try:
            leaf.verify_directly_issued_by(x509.load_der_x509_certificate(base64.b64decode(anchor)))
        except (ValueError, InvalidSignature):
            continue
        return JWK.from_pyca(leaf.public_key())
    raise NothingToAskWithError


if __name__ == "__main__":
    answer(library="sd-jwt", declined=DECLINED, judge=judge)
