"""Questions for the tests of the pipeline: registrations and requests, without a region."""

from typing import Any

from idbridge.model.credential import RecognisedIdentity, VerifiedCredential
from idbridge.model.region import AssuranceLevel, Environment
from idbridge.model.request import RelyingParty, VerifyRequest
from idbridge.recognition.recognise import recognise
from idbridge.recognition.standing import Standings
from tests.recognition.credentials import credential
from tests.recognition.documents import NOON, TH, arrangement, in_force, register, rule

A0, A1, A2, A3 = AssuranceLevel
AUDIENCE = "https://bank.th.example"


def party(**changes: Any) -> RelyingParty:
    """A Thai bank, with the test's changes."""
    values: dict[str, Any] = {
        "id": "th-bank",
        "name": "A bank",
        "state": TH,
        "environment": Environment.SANDBOX,
        "sector": "finance",
        "purposes": frozenset({"account-opening"}),
        "claims": frozenset({"name", "birthdate", "nationality"}),
        "audiences": frozenset({AUDIENCE}),
        "clients": {"https://login.sg.example": frozenset({"client-1"})},
        **changes,
    }
    return RelyingParty(**values)


def question(relying_party: RelyingParty | None = None, **changes: Any) -> VerifyRequest:
    """The bank's question when it opens an account, with the test's changes."""
    values: dict[str, Any] = {"credential": "", "purpose": "account-opening", **changes}
    return VerifyRequest(relying_party=relying_party or party(), **values)


def recognised(presented: VerifiedCredential | None = None, *, claims: tuple[str, ...] = ()) -> RecognisedIdentity:
    """A credential as Thailand recognises it for opening an account; ``claims`` are those the arrangement releases."""
    released = {"claims": sorted(claims)} if claims else {}
    index = in_force(arrangement(*_PARTIES, rules=[rule(TH, "SG", **released)]))
    return recognise(
        presented or credential(),
        by=TH,
        purpose="account-opening",
        expected_entity=None,
        standings=Standings(index, register(), observers=frozenset()),
        at=NOON,
    )


_PARTIES = (credential().service.member_state, TH)
