"""Consent records: what somebody said yes to, in the field set of ISO/IEC TS 27560:2023, naming claims and no values.

The person's receipt and the relying party's are this one document, and the log has a commitment to it; so two who
disagree later hold the same text, or one of them holds another than the log knows. It names no person: whoever finds it
learns what was asked, and not of whom. It is signed under a type of its own: a receipt is no assertion, and no step of
a verification takes it for one.
"""

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from idbridge.assertion.decision import Decision
from idbridge.codec import base64url, jcs
from idbridge.model.time import instant_text
from idbridge.oidc.claims_release import for_id_token, for_userinfo
from idbridge.oidc.claims_request import ClaimsRequest
from idbridge_gateway.oidc.clients import RegisteredClient

SCHEMA: Final = "idbridge-consent-receipt-2"
TYPE: Final = "idbridge-consent-receipt+jwt"
_STANDARD: Final = "ISO/IEC TS 27560:2023"


def released_claims(decision: Decision, asked: ClaimsRequest, *, at: datetime) -> dict[str, Any]:
    """Return the claims of ``decision`` that a client which asked ``asked`` is given, here or there, by name."""
    verified = decision.core["verified_claims"]
    entries = (*_entries(for_id_token(asked, verified, at=at)), *_entries(for_userinfo(asked, verified, at=at)))
    return {name: value for entry in entries for name, value in entry["claims"].items()}


def is_necessary(name: str, asked: ClaimsRequest) -> bool:
    """Tell whether the client calls a claim essential (OpenID Connect Core 1.0, section 5.5.1)."""
    several = (*asked.verified_in_id_token, *asked.verified_in_userinfo)
    return any(one.claims[name].essential for one in several if name in one.claims)


def consent_record(
    decision: Decision, asked: ClaimsRequest, registered: RegisteredClient, *, agreed_at: datetime
) -> dict[str, Any]:
    """Return the record of the yes that was said at ``agreed_at`` to the whole of ``decision``.

    The same arguments give the same document, whoever it is made for and whenever.
    """
    party, core = registered.relying_party, decision.core
    names = sorted(released_claims(decision, asked, at=agreed_at))
    when = instant_text(agreed_at.replace(microsecond=0))
    return {
        "schema": SCHEMA,
        "schema_version": _STANDARD,
        "iss": decision.issuer,
        "iat": int(agreed_at.timestamp()),
        "environment": core["environment"],
        "record_id": decision.transaction,
        "pii_processing": {
            "purpose": core["purpose"]["text"],
            "purpose_type": core["purpose"]["code"],
            "lawful_basis": "consent",
            "pii_information": [{"pii_type": name, "pii_optional": not is_necessary(name, asked)} for name in names],
            "represents": core["represents"] is not None,
            "acr": core["acr"],
            "collection_method": f"stated by an issuer that {core['origin']['state']} lists",
            "home_state": core["origin"]["state"],
            "pii_controllers": [party.id],
            "recipient_third_parties": [],
            "jurisdiction": party.state.value,
            "withdrawal_method": registered.contacts.withdrawal,
        },
        "party_identification": [
            {
                "party_id": party.id,
                "party_name": party.name,
                "party_role": "pii_controller",
                "party_type": party.sector,
                "party_country": party.state.value,
                "party_contact": registered.contacts.contact,
            }
        ],
        "consent_event": {"event_type": "explicit", "event_state": "given", "event_time": when},
    }


def digest_of(record: dict[str, Any]) -> str:
    """Return the digest of a record, base64url: what a code keeps of it."""
    return base64url.encode(hashlib.sha256(jcs.canonicalize(record)).digest())


def _entries(released: Any | None) -> Iterator[Mapping[str, Any]]:
    if released is not None:
        yield from released if isinstance(released, list) else [released]
