"""The answer to an ask as one printable page: what a report says of who, for which company, with which power.

Decides nothing: it picks words, and leaves out nothing that the answer does not prove.
"""

from collections.abc import Mapping
from typing import Any

from idbridge.recognition.purpose import PurposeRegister
from idbridge_gateway.pages.languages import Language
from idbridge_gateway.pages.purpose_words import purpose_words
from idbridge_gateway.pages.verdict_words import VerdictWords, verdict_words


def answer_words(report: Mapping[str, Any], words: Language, purposes: PurposeRegister) -> VerdictWords:
    """Return the words for ``report`` (JSON values), in the language of ``words``."""
    told = report["recognition"]
    return verdict_words(
        report,
        state_words=words(f"state.{told['by']}"),
        purpose_words=purpose_words(words, told["purpose"], purposes),
        level_words=words(f"level.{level_of(report)}"),
    )


def level_of(report: Mapping[str, Any]) -> str:
    """Return the level that was recognised; the lowest where there is none."""
    return str(report["assurance"]["loa"]) if report["assurance"] is not None else "A0"
