"""Questions in process: the request of a relying party of the region as the verifier takes it.

Reads the members that the sandbox itself writes. Whether a stranger's request may ask at all is the gateway's to judge.
"""

from collections.abc import Mapping
from typing import Any

from idbridge.credential.encrypted import received, received_userinfo
from idbridge.crypto.jwe import DecryptionKey
from idbridge.model.login import LoginExpectations
from idbridge.model.region import AssuranceLevel, Format
from idbridge.model.request import Expectations, RelyingParty, Session, VerifyRequest
from idbridge.presentation.dcql import parse_query
from idbridge.presentation.transaction_data import parse_transactions
from idbridge.verify.time_evidence import read_time_evidence


def question(
    document: Mapping[str, Any], *, relying_party: RelyingParty, keys: tuple[DecryptionKey, ...] = ()
) -> VerifyRequest:
    """Return what ``document``, the body of a verify request, asks for ``relying_party``; ``keys`` are the node's."""
    credential, encryption = received(document["credential"], keys)
    expected = document.get("expected", {})
    entity = expected.get("entity")
    query = parse_query(document["dcql"]) if "dcql" in document else None
    return VerifyRequest(
        credential=credential,
        relying_party=relying_party,
        purpose=document["purpose"],
        format=Format(document["format"]) if "format" in document else None,
        expected=Expectations(
            nonce=expected.get("nonce"),
            audience=expected.get("audience"),
            minimum_level=AssuranceLevel[expected["loa"]] if "loa" in expected else None,
            entity=(entity["scheme"], entity["value"]) if entity is not None else None,
            session=Session(**expected["session"]) if "session" in expected else None,
            login=LoginExpectations.of(expected),
        ),
        claims=tuple(document.get("claims", ())),
        assertion_audience=document.get("assertion", {}).get("audience"),
        encryption=encryption,
        userinfo=received_userinfo(document.get("userinfo"), keys),
        query=query,
        transactions=parse_transactions(document["transaction_data"], query=query)
        if "transaction_data" in document
        else (),
        time_evidence=read_time_evidence(document["time_evidence"]) if "time_evidence" in document else None,
    )
