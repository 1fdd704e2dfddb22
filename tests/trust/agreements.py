"""Signed recognition documents for tests: an arrangement between two states, and the purpose register."""

from collections.abc import Iterable
from typing import Any, Final

from idbridge.model.region import MemberState
from idbridge.recognition.signed_document import ARRANGEMENT_TYPE, PURPOSES_TYPE, sign_document
from tests.trust.editions import KH, SG, SIGNERS, TH

RULE: Final = {
    "recognised": "*",
    "service_types": ["urn:idbridge:service:login"],
    "formats": ["id_token"],
    "purposes": ["age-check"],
    "levels": {"A1": "A1", "A2": "A2"},
    "minimum_level": "A1",
    "claims": ["name"],
    "bearer_purposes": [],
    "grace_seconds": {"A1": 0, "A2": 0},
}


def arrangement(
    version: int = 1, *, status: str = "enacted", by: Iterable[MemberState] = (SG, TH), **changes: Any
) -> bytes:
    """A version of the arrangement between Singapore and Thailand."""
    payload = {
        "schema": "idbridge-arrangement-1",
        "id": "SG-TH",
        "version": version,
        "environment": "sandbox",
        "parties": ["SG", "TH"],
        "status": status,
        "from": f"2026-0{version}-01T00:00:00Z",
        "until": None,
        "rules": [{"recognising": state, **RULE} for state in ("SG", "TH")] if status == "enacted" else [],
        **changes,
    }
    return sign_document(payload, {state: SIGNERS[state] for state in by}, ARRANGEMENT_TYPE)


def purposes(version: int = 1, *, by: Iterable[MemberState] = (SG, TH, KH), **changes: Any) -> bytes:
    """A version of the purpose register."""
    payload = {
        "schema": "idbridge-purposes-1",
        "version": version,
        "environment": "sandbox",
        "purposes": [{
            "code": "age-check", "name": {"en": "Age check"}, "minimum_level": "A1", "bearer_allowed": False,
            "claims": ["name"], "subject": "natural", "mandate_scope": [],
        }],
        **changes,
    }  # fmt: skip
    return sign_document(payload, {state: SIGNERS[state] for state in by}, PURPOSES_TYPE)
