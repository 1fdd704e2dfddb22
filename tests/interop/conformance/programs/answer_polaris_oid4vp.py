"""PyPI ``polaris-oid4vp`` behind the command-line protocol: its ``verify_presentation`` of an SD-JWT VC.

It reads ES256 alone, by HAIP, and says so; a credential under another algorithm is therefore not put to it. It is given
the keys or authorities that are listed for the issuer. Its verdict names the check that refused by a code, and says
more in words where one code stands for several checks.
"""

import base64

from answering import Question, Refused, answer, code_of
from cryptography import x509
from polaris_oid4vp.sdjwt import verify_presentation

FORM = "dc+sd-jwt"
DECLINED = {
    "state": "it remembers nothing and counts no level",
    "id-token": "another format",
    "mdoc": "another format",
    "w3c-vc": "another format",
    "qr": "another format",
    "assertion": "no assertions between states",
    "legal-person": "no mandates",
    "status": "its status lists are a module of its own, which is not asked here",
    "IDB-TIME-015": "it takes no receipt of a log as evidence of time",
    "IDB-ISS-030": "it takes no receipt of a log as evidence of time",
    "IDB-ISS-031": "it takes no receipt of a log as evidence of time",
    "IDB-IN-004": "the limits are ours",
    "IDB-IN-005": "the limits are ours",
    "IDB-RECOG": "no arrangements between states",
    "IDB-MAND": "no mandates",
    "IDB-POL": "no policies",
    "IDB-HOLD-010": "which nonces were used is a matter of its service",
    "IDB-HOLD-014": "no transactions",
    "IDB-HOLD-015": "no transactions",
    "IDB-HOLD-016": "no transactions",
    "IDB-IN-008": "it is told no format",
    "IDB-ISS-002": "its caller says which issuers there are",
    "binding-missing": "whether a copy will do stands in the trust list",
    "IDB-QUERY": "its queries are a service of its own, which is not asked here",
}
OF_THE_LIST = ("IDB-ISS-013", *(f"IDB-ISS-{number:03}" for number in range(3, 12)))
DECLINED |= dict.fromkeys(OF_THE_LIST, "it reads no list of services and their history")
TABLE = (
    ("issuer_typ", "", "jose.typ_mismatch"),
    ("issuer_signature", "", "jose.signature_invalid"),
    ("crit", "", "jose.crit_unsupported"),
    ("sd_alg", "", "sd_jwt.alg_unsupported"),
    ("vct", "", "sd_jwt.vct_invalid"),
    ("kb_missing", "", "holder.binding_missing"),
    ("kb_cnf", "", "holder.key_missing"),
    ("kb_typ", "", "holder.typ_mismatch"),
    ("kb_alg", "alg='none'", "jose.alg_none"),
    ("kb_alg", "", "jose.alg_not_allowed"),
    ("issuer_alg", "alg='none'", "jose.alg_none"),
    ("issuer_alg", "", "jose.alg_not_allowed"),
    ("kb_signature", "", "holder.signature_invalid"),
    ("nonce", "", "holder.nonce_mismatch"),
    ("audience", "", "holder.audience_mismatch"),
    ("sd_hash", "", "holder.sd_hash_mismatch"),
    ("kb_freshness", "iat is None", "time.claim_missing"),
    ("kb_freshness", "expired .* \\(exp\\)", "time.expired"),
    ("kb_freshness", "\\(nbf\\)", "time.not_yet_valid"),
    ("kb_freshness", "was minted", "holder.not_fresh"),
    ("kb_freshness", "is not a finite number", "time.claim_malformed"),
    ("credential_validity", "expired .* \\(exp\\)", "time.expired"),
    ("credential_validity", "\\(nbf\\)", "time.not_yet_valid"),
    ("credential_validity", "is not a finite number", "time.claim_malformed"),
    ("disclosure", "over the \\d+ limit", "input.too_large"),
    ("disclosure", "array, got [0-9]", "sd_jwt.disclosure_arity"),
    ("disclosure", "array, got", "sd_jwt.disclosure_malformed"),
    ("disclosure", "does not decode", "sd_jwt.disclosure_malformed"),
    ("disclosure", "reserves for its own structure", "sd_jwt.disclosure_reserved_name"),
    ("disclosure", "presented twice|more than once", "sd_jwt.digest_duplicate"),
    ("disclosure", "never committed to|resolve to nothing", "sd_jwt.disclosure_unreferenced"),
    ("disclosure", "keeps out of disclosures", "sd_jwt.disclosure_forbidden_claim"),
    ("disclosure", "already carries in clear text", "sd_jwt.disclosure_collision"),
    ("issuer_key", "no configured issuer JWK matches", "jose.kid_unknown"),
    ("issuer_key", "does not chain to any configured trust anchor", "issuer.chain_untrusted"),
    ("issuer_key", "extended key usage", "issuer.certificate_profile"),
    ("issuer_key", "outside its validity period", "issuer.certificate_expired"),
    ("issuer_key", "^the credential names issuer", "issuer.certificate_name_mismatch"),
    ("malformed", "over the \\d+ byte limit|nests deeper", "input.too_large"),
    ("malformed", "is empty", "input.empty"),
    ("malformed", "", "input.malformed"),
)


def judge(question: Question) -> None:
    """Ask the library."""
    issuer = question.issuer()
    verdict = verify_presentation(
        question.credential,
        expected_nonce=question.nonce or "none is expected",
        expected_audience=question.audience,
        issuer_jwks=question.keys(issuer, form=FORM),
        trust_anchors=[
            x509.load_der_x509_certificate(base64.b64decode(one)) for one in question.anchors(form=FORM, issuer=issuer)
        ],
        now=question.at.timestamp(),
        require_key_binding=question.nonce is not None,
    )
    if not verdict.authentic:
        raise Refused(code_of(verdict.code, verdict.reason, table=TABLE)) from ValueError(verdict.reason)


if __name__ == "__main__":
    answer(library="polaris-oid4vp", declined=DECLINED, judge=judge)
