"""W3C credentials: documents at the layer of the data model, and the published signed examples as a whole.

A document has no signature, no issuer that anybody lists, and no clock; the suite leaves the issuer to whoever runs it.
"""

from typing import Any

from idbridge.credential import vc_model
from idbridge.credential.vc_model import Fault, Version
from tests.judges.court import ACCEPTED, Case, Court

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


VCDM2 = Court("vcdm2", {"vcdm2:document": judge_document})
