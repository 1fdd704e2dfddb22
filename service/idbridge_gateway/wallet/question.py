"""What a wallet answered, as a question to the ordinary pipeline, and the report on it as it is kept.

The node asked in its own name for a relying party: what was made for the node's client identifier was made for that
party, in this session and no other. Everything else that is expected the session fixed before a wallet was asked
(OpenID4VP 1.0 sections 8.6 and 14.1; appendix B.2.6 for mdocs).
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from idbridge.limits import LIMITS
from idbridge.model.region import Format
from idbridge.model.request import Detail, RelyingParty, VerifyRequest
from idbridge.presentation.response_parameters import WalletAnswer
from idbridge_gateway.api.request import read_request
from idbridge_gateway.verdict import Released
from idbridge_gateway.wallet.records import WalletRequest

_ENVELOPE_BYTES: Final = 2 * 1024  # of what is kept beside a report


def question_of(found: WalletRequest, told: WalletAnswer, *, response_uri: str, party: RelyingParty) -> VerifyRequest:
    """Return the question whether ``told`` answers ``found``, for ``party``.

    Raises:
        RequestError: The answer is past a bound, or the registration was narrowed past the question.
    """
    session = {"client_id": found.client_id, "response_uri": response_uri}
    if found.key is not None:
        session["encryption_jwk_thumbprint"] = found.key.thumbprint
    expected = {
        **found.question.get("expected", {}),
        "nonce": found.nonce,
        "audience": found.client_id,
        "session": session,
    }
    return read_request(
        {
            **found.question,
            "credential": told.unverified_vp_token,
            "format": Format.VP_TOKEN.value,
            "expected": expected,
        },
        relying_party=replace(party, audiences=party.audiences | {found.client_id}),
        node_audiences=frozenset({found.client_id}),
    )


def kept_report(
    released: Released, *, max_bytes: int = LIMITS.sealed_value_bytes - _ENVELOPE_BYTES
) -> Mapping[str, Any]:
    """Return the report as it is kept: in the detail that was ordered, or in less where that is too long to keep.

    Where the claims alone are too long, what is kept says so, and accepts nothing.
    """
    document = released.document()
    if _octets_of(document) <= max_bytes:
        return document
    document = released.rendered(Detail.SIMPLE)
    if _octets_of(document) <= max_bytes:
        return document
    without = released.report.undeliverable("input.too_large", "what the wallet showed is too long to be kept")
    return without.render(Detail.SIMPLE, report_id=released.report_id, assertion=None)


def _octets_of(document: Mapping[str, Any]) -> int:
    return len(json.dumps(document, ensure_ascii=False).encode())
