"""What was minted for a run: which of its questions nobody could have seen before, in words.

A program may hold the published corpus with its answers. What a question that stands in it proves is less.
"""

from typing import Final

from idbridge.conformance.judge import Outcome
from idbridge.conformance.record import Record

_NAMES: Final = 6


def minted_words(record: Record) -> str:
    """Return how many of the cases that were put to the target were minted for the run; empty if none was."""
    put = [row for row in record.rows if row.outcome is not Outcome.NOT_IMPLEMENTED]
    known = [row.case for row in put if not row.fresh]
    if len(known) == len(put):
        return ""
    words = f"{len(put) - len(known)} of {len(put)} cases were minted for this run"
    words += f", from the seed `{record.seed}`" if record.seed else ""
    if not known:
        return words
    more = f" and {len(known) - _NAMES} more" if len(known) > _NAMES else ""
    return f"{words}; as they are installed: {', '.join(known[:_NAMES])}{more}"
