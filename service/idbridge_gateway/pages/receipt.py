"""Receipts: what somebody agreed to, to keep and to point to; handed over, signed, and kept by nobody here.

It is the record of the yes (``oidc.consent_record``), made of the login in progress whenever it is wanted, once the
yes is kept there and can no longer become a no. The signature is that of the node.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from idbridge.assertion.decision import Decision
from idbridge.errors import Refusal
from idbridge.oidc.errors import OAuthError
from idbridge_gateway.oidc.clients import Contacts
from idbridge_gateway.oidc.consent_record import TYPE, consent_record
from idbridge_gateway.oidc.signed_responses import signed
from idbridge_gateway.oidc.turns import Turn
from idbridge_gateway.pages.opened import Asker, OpenedLogin
from idbridge_gateway.pages.statement import SharedClaim, Statement

_TIME: Final = "%Y-%m-%d %H:%M UTC"


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
    login: OpenedLogin, decision: Decision, statement: Statement, *, agreed_at: datetime, asker: Asker
) -> Receipt:
    """Return the receipt of the yes that was said at ``agreed_at`` to ``decision``, which ``statement`` tells whole."""
    document = consent_record(decision, login.asked.claims, login.registered, agreed_at=agreed_at)
    return Receipt(
        asker=asker,
        at=_written(agreed_at),
        claims=statement.claims,
        statement=statement,
        issuer=login.turn.issuing.node.issuer,
        contacts=login.registered.contacts,
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
