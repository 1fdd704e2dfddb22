"""What is counted apart: of one profile, what a target made itself, and what the suite made of it by damaging it.

That a damaged sample is refused shows that its issuer protects it; that an undamaged one is taken shows that its issuer
made it well. One number for both would let the many damages hide the few samples.
"""

from collections.abc import Iterator
from typing import Final

from idbridge.conformance.corpus import Corpus
from idbridge.conformance.record import Record, Row

DAMAGE: Final = "damage"
"""The tag of cases in which the suite damages what the target made."""


def apart(record: Record, corpus: Corpus) -> Iterator[tuple[str, tuple[Row, ...]]]:
    """Yield what is counted together, by name: a profile, or its two parts if the suite damaged something in it."""
    for profile in record.profiles:
        rows = tuple(row for row in record.rows if row.profile is profile)
        damaged = tuple(row for row in rows if _is_damage(row, corpus))
        if damaged:
            yield f"{profile.value}, as made", tuple(row for row in rows if row not in damaged)
            yield f"{profile.value}, damaged by the suite", damaged
        else:
            yield profile.value, rows


def _is_damage(row: Row, corpus: Corpus) -> bool:
    case = corpus.cases.get(row.case)
    return case is not None and DAMAGE in case.tags
