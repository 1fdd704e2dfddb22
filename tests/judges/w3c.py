"""W3C credentials: documents at the layer of the data model, and the published signed examples as a whole.

A document has no signature, no issuer that anybody lists, and no clock; the suite leaves the issuer to whoever runs it.
"""

import base64
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from idbridge.codec import base64url
from idbridge.credential import vc_model
from idbridge.credential.envelope import FORMATS, open_credential
from idbridge.credential.protocol import Reading
from idbridge.credential.vc_model import Fault, Version
from idbridge.crypto import signature
from idbridge.crypto.jws import HeaderCache
from idbridge.crypto.keys import parse_jwk
from idbridge.errors import Refusal
from idbridge.model.check import Refused
from idbridge.presentation.answers import open_answers
from idbridge.trust.resolver import ResolvedKey
from tests.credential import vcs
from tests.credential.kit import NOON, request
from tests.judges.court import ACCEPTED, Case, Court, named

ISSUER = "https://issuer.example/suite"


def judge_document(case: Case) -> str:
    """One credential or presentation of version 2.0, with what it holds."""
    document = dict(case["input"])
    if case["id"].startswith("vcdm2/presentation-"):
        fault = _presented(document)
        return ACCEPTED if fault is None else fault.code
    issuer = document.get("issuer")
    if isinstance(issuer, dict) and "id" not in issuer:  # whoever runs the suite is the issuer
        document["issuer"] = {"id": ISSUER, **issuer}
    elif case["context"]["inject_issuer"]:
        document.setdefault("issuer", ISSUER)
    fault = vc_model.credential_fault(document, Version.V2)
    return ACCEPTED if fault is None else fault.code


def _presented(document: dict[str, Any]) -> Fault | None:
    fault = vc_model.presentation_fault(document, Version.V2)
    for entry in document.get("verifiableCredential", ()):
        enveloped = "credentialSubject" not in entry
        fault = fault or (
            vc_model.enveloped_fault(entry) if enveloped else vc_model.credential_fault(entry, Version.V2)
        )
    return fault


def judge_signed(case: Case) -> str:
    """What was signed with the key of the case, as a whole: header, signature, disclosures, model and times."""
    return _code(lambda: _opened(case["input"].strip(), case))


def judge_cose(case: Case) -> str:
    """One COSE message, which no format here is, as the base64url that binary credentials travel in."""
    text = case["input"].strip()
    octets = bytes.fromhex(text) if text[:4] == "d284" else base64.b64decode(f"{text}==")
    return _code(lambda: open_credential(base64url.encode(octets), None, Reading(HeaderCache(1))))


def _code(judged: Callable[[], object]) -> str:
    try:
        judged()
    except (Refusal, Refused) as refusal:
        return refusal.code
    return ACCEPTED


def _opened(text: str, case: Case) -> None:
    if text[0] == "{":
        open_answers(replace(request(None), credential=text), Reading(HeaderCache(1)))
    key = parse_jwk(case["context"]["jwk"])
    for unverified in open_credential(text, None, Reading(HeaderCache(1))):
        listed = vcs.listed(unverified.format, algorithms=key.algorithms)
        claims = unverified.unverified_claims
        signed = signature.verify(unverified.message, claims=claims, key=key, algorithms=key.algorithms)
        FORMATS[unverified.format].account(
            signed, unverified, resolved=ResolvedKey(listed, key, NOON), request=request(None), at=NOON
        )


VC_JOSE_COSE = Court(
    "vc_jose_cose",
    {
        "vc:credential_jose": judge_signed,
        "vc:credential_sdjwt": judge_signed,
        "vc:presentation_jose": judge_signed,
        "vc:presentation_sdjwt": judge_signed,
        "vc:credential_cose": judge_cose,
        "vc:presentation_cose": judge_cose,
    },
    refused=named("vc_jose_cose"),
)
VCDM2 = Court("vcdm2", {"vcdm2:document": judge_document})
