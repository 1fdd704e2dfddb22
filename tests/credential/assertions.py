"""An assertion as another node makes it, as plain claims, and ways to spoil it."""

import copy
from datetime import UTC, datetime
from typing import Any

from idbridge.model import assertion as members

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
ISSUER = "https://node.sg.example"
AUDIENCE = "https://bank.th.example"


def claims() -> dict[str, Any]:
    """A PASSED Singaporean login, asserted by the Singaporean node one minute ago."""
    issued = int(NOON.timestamp()) - 60
    return {
        "iss": ISSUER,
        "sub": "k8l0pQ3pZb1fYB0o9Yv2o2mWw0k0mVZ7u9Dq6F0gSxM",
        "aud": AUDIENCE,
        "iat": issued,
        "nbf": issued,
        "exp": issued + 300,
        "jti": "0uVdMIcYUzYmsjvDgDnQ2w",
        "txn": "report-1",
        "environment": "sandbox",
        "acr": "urn:idbridge:loa:A2",
        "assurance": {"loa": "A2", "identity": "A3", "authentication": "A2"},
        "acr_national": "urn:sg:loa:2",
        "loa_mapping": {"framework": members.MAPPING_FRAMEWORK, "rule": "SG-TH version 1: A2 counts as A2"},
        "verified_claims": {
            "verification": {"trust_framework": "idbridge", "assurance_level": "A2", "time": "2026-11-24T11:59:00Z"},
            "claims": {
                "birthdate": "1990-02-28",
                "name": {
                    "display": "Tan Mei Ling",
                    "native": "陈美玲",
                    "latin": "Tan Mei Ling",
                    "parts": [
                        {"kind": "family", "native": "陈", "latin": "Tan"},
                        {"kind": "given", "native": "美玲", "latin": None},
                    ],
                },
            },
        },
        "origin": {
            "state": "SG",
            "issuer": "https://login.sg.example",
            "format": "id_token",
            "service_type": "urn:idbridge:service:login",
            "token_digest": "QXNzZXJ0aW9uIG9mIGEgZGlnZXN0IGluIGEgdGVzdC4",
            "token_salt": "c2FsdCBvZiBhIGRpZ2VzdCBpbiBhIHRlc3QgY2FzZS4",
            "alg": "ES256",
            "key_thumbprint": "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
            "issued_at": issued - issued % 86_400,
            "auth_time": issued - issued % 3_600,
        },
        "trust_snapshot": "a" * 64,
        "status_snapshot": "b" * 64,
        "policy": {"id": "bank-th", "version": 1},
        "purpose": {"code": "account-opening", "text": "Opening a current account"},
        "represents": {
            "entity": {"scheme": "SG-UEN", "value": "53012345D"},
            "name": "Merlion Trading Pte. Ltd.",
            "scope": ["represent"],
            "valid_from": "2026-01-01T00:00:00Z",
            "valid_until": None,
        },
        "report_id": "report-1",
        "log": None,
        "recognition": {"by": "TH", "arrangement": "SG-TH", "version": 1},
        "holder": {"bound": True, "method": "login"},
    }


def spoiled(path: str, value: Any) -> dict[str, Any]:
    """The same with the member at ``path`` (names joined by ``/``) set to ``value``, or added."""
    document = copy.deepcopy(claims())
    *parents, last = path.split("/")
    target: Any = document
    for name in parents:
        target = target[int(name)] if isinstance(target, list) else target[name]
    target[last] = value
    return document


def without(path: str) -> dict[str, Any]:
    """The same without the member at ``path``."""
    document = copy.deepcopy(claims())
    *parents, last = path.split("/")
    target: Any = document
    for name in parents:
        target = target[name]
    del target[last]
    return document
