"""A report in plain words: which sentences of the catalogue tell it, for somebody who never heard of tokens.

Decides nothing about anybody: it reads the report and picks words. What the answer does not prove is always among them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from idbridge.reasons import Reason, reason
from idbridge_gateway.pages.claim_words import ClaimWords, claim_words

_MINUTE: Final = 60
_EXPIRED: Final = frozenset({"time.expired", "mandate.expired"})
_ALTERED: Final = frozenset({"jose.signature_invalid", "jose.alg_none", "mdoc.digest_mismatch"})
_OWN_WORDS: Final[Mapping[str, str]] = {
    **dict.fromkeys(_EXPIRED, "verdict.expired"),
    **dict.fromkeys(_ALTERED, "verdict.altered"),
    "status.revoked": "verdict.cancelled",
    "status.suspended": "verdict.suspended",
    "recognition.holder_not_bound": "verdict.copied",
    "holder.binding_missing": "verdict.copied",
    **dict.fromkeys(
        (
            "recognition.no_arrangement", "recognition.not_yet_in_force", "recognition.suspended",
            "recognition.repealed", "recognition.purpose_not_allowed", "recognition.service_not_covered",
            "recognition.loa_too_low",
        ),
        "verdict.not_recognised",
    ),
}  # fmt: skip

Sentence = tuple[str, dict[str, object]]


@dataclass(frozen=True, slots=True)
class VerdictWords:
    """What a page says of a report. ``tone`` is ``good``, ``bad`` or ``open``; ``reserves`` and ``reason`` speak
    English unless the catalogue has the reason.
    """

    headline: str
    tone: str
    sentences: tuple[Sentence, ...]
    reserves: tuple[str, ...]
    reason: Reason | None
    shared: tuple[ClaimWords, ...]
    not_shared: tuple[ClaimWords, ...]
    todo: Sentence
    limits: tuple[str, ...]


def verdict_words(report: Mapping[str, Any], *, state_words: str, purpose_words: str, level_words: str) -> VerdictWords:
    """Return the words for ``report`` (JSON values); the three words are in the language of the page already."""
    if report["accepted"]:
        basis: dict[str, object] = {"state": state_words, "purpose": purpose_words, "level": level_words}
        return _accepted(report, basis)
    why = reason(report["reason"]["code"])
    own = _OWN_WORDS.get(why.code)
    todo = _retry(why)
    if report["indication"] == "INDETERMINATE":
        sentences: tuple[Sentence, ...] = (("verdict.unknown_what", {}),)
        limits = ("verdict.limit_bad", "verdict.limit_good")
        return VerdictWords("verdict.unknown", "open", sentences, (), why, (), (), todo, limits)
    limits = ("verdict.limit_blame", "verdict.limit_other")
    return VerdictWords("verdict.failed", "bad", ((own, {}),) if own else (), (), why, (), (), todo, limits)


def _accepted(report: Mapping[str, Any], basis: dict[str, object]) -> VerdictWords:
    passed = report["indication"] == "PASSED"
    bound = report["holder"]["bound"]
    sentences: list[Sentence] = [
        ("verdict.basis" if passed else "verdict.basis_reserve", basis),
        ("verdict.bound" if bound else "verdict.bearer", {}),
    ]
    represents = report["represents"]
    if represents is not None:
        sentences.append(("verdict.represents" if represents["power"] is not None else "verdict.itself", {}))
    return VerdictWords(
        headline="verdict.passed" if passed else "verdict.passed_reserve",
        tone="good" if passed else "open",
        sentences=tuple(sentences),
        reserves=() if passed else tuple(report["recognition"]["limits"]),
        reason=None,
        shared=tuple(claim_words(name, value) for name, value in report["claims"].items()),
        not_shared=tuple(claim_words(withheld["claim"], "") for withheld in report["not_released"]),
        todo=("verdict.do_accept", {}),
        limits=(
            "verdict.limit_person" if bound else "verdict.limit_holder",
            "verdict.limit_tomorrow",
            "verdict.limit_rest",
        ),
    )


def _retry(why: Reason) -> Sentence:
    if why.retry_after is None:
        return "verdict.do_never", {}
    minutes = int(why.retry_after.total_seconds()) // _MINUTE
    return ("verdict.do_retry_minutes", {"minutes": minutes}) if minutes else ("verdict.do_retry_moment", {})
