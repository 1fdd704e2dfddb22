"""Keep a decision between a login and the tokens that are made of it, and read it back as it was.

Between the two lie a person's consent and a code. What is read back is what was decided, octet for octet: nothing is
decided again, and whoever keeps it has to keep it sealed (architecture D9).
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from idbridge.assertion.decision import Decision


def decision_document(decision: Decision) -> dict[str, Any]:
    """Return ``decision`` as JSON values."""
    return {
        "issuer": decision.issuer,
        "subject": decision.subject,
        "audience": decision.audience,
        "transaction": decision.transaction,
        "decided_at": decision.decided_at.timestamp(),
        "expires_at": decision.expires_at.timestamp(),
        "core": dict(decision.core),
    }


def kept_decision(document: Mapping[str, Any]) -> Decision:
    """Return the decision of which ``decision_document`` made ``document``.

    Raises:
        KeyError: It is none; a programming error, as what is kept is sealed.
    """
    return Decision(
        issuer=document["issuer"],
        subject=document["subject"],
        audience=document["audience"],
        transaction=document["transaction"],
        decided_at=datetime.fromtimestamp(document["decided_at"], UTC),
        expires_at=datetime.fromtimestamp(document["expires_at"], UTC),
        core=MappingProxyType(dict(document["core"])),
    )
