"""Acting: may whoever one report is on act for whoever another report is on?

Decides from what states signed, never from what a client says: the subject's own login names who may act (``may_act``),
or the subject is a legal person itself and the actor holds a mandate for that very one. Nothing else lets anybody act.
What may be asserted then is narrowed by ``Decision.acted_by``. Clauses: RFC 8693 sections 4.1 and 4.4.
"""

from collections.abc import Mapping
from typing import Any, Final

from idbridge.errors import Refusal
from idbridge.model.credential import Mandate, RecognisedIdentity
from idbridge.model.region import Format
from idbridge.verify.persons import entity_of
from idbridge.verify.report import Report

MAY_ACT: Final = "may_act"
# What of `may_act` is read. A member beside them could be a condition, and one that is not read would be no condition.
_NAMED_BY: Final = frozenset({"iss", "sub"})


def require_actor(subject: Report, actor: Report) -> None:
    """Return if ``actor`` may act for ``subject``; both reports are on one question of one relying party.

    Raises:
        Refusal: ``policy.assertion_not_available``: one of them did not pass; ``mandate.missing``: nothing says that it
            may; ``mandate.entity_mismatch``: it may act for another legal person.
    """
    for_whom, who = subject.passed_identity, actor.passed_identity
    if for_whom is None or who is None:
        raise Refusal("policy.assertion_not_available", "an assertion rests on reports that passed")
    if _is_named(subject, for_whom, by=_login(actor, who)):
        return
    if for_whom.mandate is None or not for_whom.mandate.itself:
        raise Refusal("mandate.missing", "the subject's login does not name the actor in `may_act`")
    _require_mandate(for_whom.mandate, who.mandate)


def _require_mandate(entity: Mandate, mandate: Mandate | None) -> None:
    if mandate is None or mandate.itself:
        raise Refusal("mandate.missing", "the actor's token states no mandate for the legal person")
    if entity_of(mandate) != entity_of(entity):
        raise Refusal("mandate.entity_mismatch", "the actor's mandate is for another legal person")


def _is_named(subject: Report, identity: RecognisedIdentity, *, by: tuple[str, str] | None) -> bool:
    """Tell whether the subject's login names the actor, by the issuer and subject of the actor's own login."""
    claims = _claims(subject, identity)
    named = claims.get(MAY_ACT) if claims is not None else None
    if by is None or type(named) is not dict or not {"sub"} <= named.keys() <= _NAMED_BY:
        return False
    return (named.get("iss", identity.credential.service.issuer), named["sub"]) == by


def _login(report: Report, identity: RecognisedIdentity) -> tuple[str, str] | None:
    """Return issuer and ``sub`` of a login, ``None`` of anything else: nobody is named by a credential's subject."""
    claims = _claims(report, identity)
    return None if claims is None else (identity.credential.service.issuer, claims["sub"])


def _claims(report: Report, identity: RecognisedIdentity) -> Mapping[str, Any] | None:
    """Return the claims of a login that passed, so that its signature covers them; ``None`` of anything else."""
    unverified = report.findings.unverified
    if identity.credential.format is not Format.ID_TOKEN or unverified is None:
        return None
    return unverified.unverified_claims
