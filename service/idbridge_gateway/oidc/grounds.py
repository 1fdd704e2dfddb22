"""What a login rests on, asked again whenever something is made of it: what was denied meanwhile counts.

Between a login at a provider and the tokens of it stand a page, a client and the minutes that both take. Decides how a
login ends that no longer stands by the lists in force (``verify.ground``): as one that was refused, as one to be made
anew by the rules of now, or, where nothing can be said now, as one that can be tried again. Nothing is released of any.

A browser carries the sentence to the client, and so it names what an arrangement says of a state, and never what is
said of the login of a person.

The registration counts as it is by then, too: whom it was narrowed for is given no more than a login of now would give.
"""

from typing import Final

from idbridge.assertion.decision import Decision
from idbridge.errors import RecognitionError, Refusal
from idbridge.model.request import RelyingParty
from idbridge.oidc.errors import OAuthError, OAuthErrorCode
from idbridge.reasons import reason
from idbridge.verify.ground import CHANGED, Ground
from idbridge_gateway.oidc.turns import Turn

_SENTENCE: Final = "the login does not stand any more"
_NARROWED: Final = "the registration does not allow this login any more"


def require_stands(ground: Ground, turn: Turn, *, error: str) -> None:
    """Return if the login that rests on ``ground`` still stands in this ``turn``.

    Raises:
        OAuthError: ``error`` with the reason code; ``login_required`` in place of ``access_denied`` if only the rules
            changed; ``temporarily_unavailable`` if the reason may pass.
    """
    state = turn.state
    try:
        ground.require_stands(state.snapshot, state.verifier.status, at=turn.at)
    except Refusal as refusal:
        named = "temporarily_unavailable" if reason(refusal.code).retryable else error
        if refusal.code == CHANGED and named == OAuthErrorCode.ACCESS_DENIED:
            named = OAuthErrorCode.LOGIN_REQUIRED
        told = isinstance(refusal, RecognitionError) or refusal.code == CHANGED
        sentence = f"{_SENTENCE}: {refusal.code}" if told else _SENTENCE
        raise OAuthError(named, sentence, cause=refusal.code) from None


def require_registered(decision: Decision, ground: Ground, party: RelyingParty, *, error: str) -> None:
    """Return if what was decided on ``ground`` may be told to ``party`` as it is registered by now.

    Which claims are told, and up to which level, is bounded elsewhere (``clients``).

    Raises:
        OAuthError: ``error`` with the reason code of the policy that it does not meet any more.
    """
    code = _not_registered(decision, ground, party)
    if code is not None:
        raise OAuthError(error, f"{_NARROWED}: {code}", cause=code)


def _not_registered(decision: Decision, ground: Ground, party: RelyingParty) -> str | None:
    if ground.purpose not in party.purposes:
        return "policy.purpose_not_registered"
    if decision.audience not in party.audiences:
        return "policy.audience_not_registered"
    return "policy.loa_too_low" if ground.level < party.minimum_level else None
