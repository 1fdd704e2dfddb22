"""The question that a login answers, asked for its relying party as it is registered at another moment.

Between the question to a provider and what is decided of its answer the registration may have changed: a key was
rotated or ended, a claim taken back. What is asked and expected stays as it was.
"""

from dataclasses import replace

from idbridge.model.request import RelyingParty, VerifyRequest


def asked_by(question: VerifyRequest, party: RelyingParty) -> VerifyRequest:
    """Return ``question`` with ``party``, the same relying party as it is registered by now.

    Raises:
        ValueError: It is another; a programming error.
    """
    if question.relying_party.id != party.id:
        raise ValueError("a question is of one relying party")
    return replace(question, relying_party=party)
