"""The summary: one verdict in plain words, for somebody who never heard of tokens. No personal data, ever.

The words for a refusal are those of the reason catalogue; the words for an acceptance are here. English for now.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from idbridge.model.credential import Mandate, RecognisedIdentity
from idbridge.recognition.purpose import Purpose

LEVEL_WORDS: Final = ("unknown", "low", "substantial", "high")  # A0 to A3
_CLAIM_WORDS: Final[Mapping[str, str]] = MappingProxyType({
    "name": "name", "birthdate": "date of birth", "nationality": "nationality", "address": "address",
    "age_over_18": "over 18", "age_over_20": "over 20", "age_over_21": "over 21",
})  # fmt: skip
_BOUND = " The sender proved it is theirs."
_BEARER = " The sender did not prove that it is theirs: anyone with a copy could show it."
_REPRESENTS = " They may act for the organisation named here."
_ITSELF = " It is the organisation's own, and names no person."
_TODAY = "Accepted: genuine, in force today,"
_IN_GRACE = "Accepted with a reserve: genuine, in force by the last official list that we have,"
_ANOTHER_DAY = "This accepts nothing today. On the day asked about it was genuine, in force,"


def accepted_summary(
    recognised: RecognisedIdentity,
    *,
    purpose: Purpose | None,
    shared: Iterable[str],
    not_shared: Iterable[str],
    historical: bool,
    reserves: tuple[str, ...] = (),
    dated: tuple[str, ...] = (),
) -> str:
    """Return the words for a report that counts. ``shared`` and ``not_shared`` are names of claims, never values.

    ``reserves`` say of what an acceptance in grace rests on; without any the report is PASSED. ``dated`` says how old
    it is shown to be, where its issuer has ended since.
    """
    lead = _ANOTHER_DAY if historical else _IN_GRACE if reserves else _TODAY
    level = LEVEL_WORDS[recognised.level]
    by = str(recognised.by)
    return (
        f"{lead} recognised by {by} for {_purpose_words(purpose)} (level: {level})."
        f"{_BOUND if recognised.credential.holder.bound else _BEARER}"
        f"{_acting(recognised.mandate)}"
        f"{_listed('Shared', shared)}{_listed('Not shared', not_shared)}"
        f"{''.join(f' But {reserve}.' for reserve in (*reserves, *dated))}"
    )


def _acting(mandate: Mandate | None) -> str:
    if mandate is None:
        return ""
    return _ITSELF if mandate.itself else _REPRESENTS


def _purpose_words(purpose: Purpose | None) -> str:
    """Return the purpose in the middle of a sentence: `Opening an account` loses its capital, `SIM card` does not."""
    if purpose is None:
        return "this use"
    name = purpose.name["en"]
    return name[0].lower() + name[1:] if name[1:2].islower() else name


def _listed(lead: str, claims: Iterable[str]) -> str:
    words = [_CLAIM_WORDS.get(claim) or _claim_words(claim) for claim in claims]
    return f" {lead}: {', '.join(words)}." if words else ""


def _claim_words(claim: str) -> str:
    if claim.startswith("age_over_"):
        return f"over {claim.removeprefix('age_over_')}"
    return claim.replace("_", " ")
