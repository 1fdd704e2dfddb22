"""PyPI ``isomdoc`` behind the command-line protocol: ``verify_device_response`` with the transcript of OpenID4VP 1.0.

The library looks at no trust at all: whose certificate signed is left to its caller, as is the session transcript.
"""

import hashlib

import cbor2
from answering import Question, answer, called
from isomdoc import verify_device_response

DECLINED = {
    "state": "it remembers nothing and counts no level",
    "id-token": "another format",
    "sd-jwt-vc": "another format",
    "w3c-vc": "another format",
    "qr": "another format",
    "assertion": "no assertions between states",
    "legal-person": "no mandates",
    "status": "no status lists",
    **{f"IDB-ISS-{number:03}": "it leads no certificate to any authority" for number in range(1, 30)},
    "IDB-IN-004": "the limits are ours",
    "IDB-IN-005": "the limits are ours",
    "IDB-RECOG": "no arrangements between states",
    "IDB-MAND": "no mandates",
    "IDB-POL": "no policies",
    "IDB-QUERY": "no queries",
    "IDB-HOLD-001": "it is not told whether a proof is needed",
    "IDB-HOLD-010": "it remembers no nonce",
    "IDB-HOLD-015": "no transactions",
    "IDB-IN-006": "it leads no certificate to any authority",
    "IDB-MDOC-015": "its caller makes the session transcript",
    "IDB-MDOC-022": "its caller makes the session transcript",
    "IDB-MDOC-023": "its caller makes the session transcript",
}
TABLE = (  # a signature that does not verify reads the same for issuer and device
    ("CBORDecodeError", "", "input.malformed"),
    ("CBORDecodeEOF", "", "input.malformed"),
    ("CBORDecodeValueError", "", "input.malformed"),
    ("RuntimeError", "^Device Response Status not OK", "mdoc.response_status"),
    ("RuntimeError", "^Device Response must contain status", "mdoc.response_status"),
    ("RuntimeError", "^(Only )?Device Response v?", "mdoc.response_status"),
    ("RuntimeError", "^Document must contain deviceSigned", "mdoc.device_auth_invalid"),
    ("RuntimeError", "^Document must contain", "input.malformed"),
    ("RuntimeError", "^doctype in mso does not match", "mdoc.doc_type_mismatch"),
    ("RuntimeError", "^mso |^validity_info missing", "mdoc.mso_invalid"),
    ("RuntimeError", "^Digest doesn't match", "mdoc.digest_mismatch"),
    ("RuntimeError", "^Missing digest|^namespace missing from valueDigests", "mdoc.digest_unknown"),
    ("RuntimeError", "^issuerAuth payload", "mdoc.mso_invalid"),
    ("RuntimeError", "^issuerAuth COSE_Sign1", "jose.header_forbidden"),
    ("RuntimeError", "^issuerAuth ", "input.malformed"),
    ("RuntimeError", "^device(Signed|Auth|Signature)", "mdoc.device_auth_invalid"),
)


def transcript(question: Question) -> list[object]:
    """Return the session transcript of OpenID4VP 1.0 for the session that the question names."""
    session = question.request["expected"]["session"]
    told = cbor2.dumps([session["client_id"], question.nonce, None, session["response_uri"]])
    return [None, None, ["OpenID4VPHandover", hashlib.sha256(told).digest()]]


def judge(question: Question) -> None:
    """Ask the library."""
    octets, session = question.octets, transcript(question)
    called(lambda: verify_device_response(octets, session), table=TABLE)


if __name__ == "__main__":
    answer(library="isomdoc", declined=DECLINED, judge=judge)
