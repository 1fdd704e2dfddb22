"""Receipts: what somebody agreed to, to keep and to point to; handed over, signed, and kept by nobody here.

It names the claims and not their values, and nobody: whoever finds it learns what was asked, and not of whom. It is
made of the login in progress whenever it is wanted, once the yes is kept there and can no longer become a no. The
signature is that of the node, under a type of its own: a receipt is no assertion, and no step of a verification takes
it for one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from idbridge.errors import Refusal
from idbridge.model.time import instant_text
from idbridge.oidc.errors import OAuthError
from idbridge_gateway.oidc.signed_responses import signed
from idbridge_gateway.oidc.turns import Turn
from idbridge_gateway.pages.opened import Asker, OpenedLogin
from idbridge_gateway.pages.statement import SharedClaim, Statement

SCHEMA: Final = "idbridge-consent-receipt-1"
TYPE: Final = "idbridge-consent-receipt+jwt"
_TIME: Final = "%Y-%m-%d %H:%M UTC"


@dataclass(frozen=True, slots=True)
class Contacts:
    """Whom a person can ask, and where they can take their consent back, as the asker registered it; or ``None``."""

    contact: str | None = None
    withdrawal: str | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a receipt says, for people; ``signature`` says the same for machines, and is empty if no key signs now."""

    asker: Asker
    at: str
    claims: tuple[SharedClaim, ...]
    statement: Statement
    issuer: str
    contacts: Contacts
    signature: str


def receipt_of(
    login: OpenedLogin, statement: Statement, *, agreed_at: datetime, asker: Asker, contacts: Contacts
) -> Receipt:
    """Return the receipt of the yes that was said to the whole of ``statement`` at ``agreed_at``."""
    party = login.registered.relying_party
    document = {
        "schema": SCHEMA,
        "iss": login.turn.issuing.node.issuer,
        "iat": int(login.turn.at.timestamp()),
        "environment": login.turn.issuing.node.environment.value,
        "txn": statement.number,
        "relying_party": {
            "id": party.id,
            "name": party.name,
            "state": party.state.value,
            "sector": party.sector,
            "contact": contacts.contact,
            "withdrawal": contacts.withdrawal,
        },
        "purpose": {"code": login.asked.purpose, "text": login.asked.purpose_text},
        "claims": sorted(claim.words.name for claim in statement.claims),
        "represents": statement.represents is not None,
        "acr": str(statement.level),
        "home_state": statement.state,
        "agreed_at": instant_text(agreed_at.replace(microsecond=0)),
    }
    return Receipt(
        asker=asker,
        at=_written(agreed_at),
        claims=statement.claims,
        statement=statement,
        issuer=login.turn.issuing.node.issuer,
        contacts=contacts,
        signature=_signature(document, turn=login.turn),
    )


def _written(instant: datetime) -> str:
    return instant.strftime(_TIME)


def _signature(document: Mapping[str, Any], *, turn: Turn) -> str:
    """Return ``document`` signed; empty where no key signs now, as a receipt without signature is better than none."""
    signer = turn.issuing.signer(turn.state.snapshot, at=turn.at)
    if signer is None:
        return ""
    try:
        return signed(document, algorithm=signer.algorithm, turn=turn, typ=TYPE)
    except (OAuthError, Refusal):
        return ""
