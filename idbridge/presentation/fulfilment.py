"""Fulfilment: do the credentials of one presentation answer the whole query? (OpenID4VP 1.0, section 6.4.2)

Every credential that was sent has to answer the query that it was sent for: what was not asked for is refused, not
passed over. Then each credential that is needed has to be there: all of them, or those of one option of each required
set.
"""

from collections.abc import Mapping
from typing import NamedTuple

from idbridge.model.query import Query, Shown
from idbridge.presentation.matching import Mismatch, mismatch


class Fulfilment(NamedTuple):
    """What came of a query: the ids that nothing answers though they are needed, the sets without a whole option.

    ``missing`` and ``unsatisfied_sets`` are in the order of the query. ``mismatches`` tell why what was sent does not
    answer what it was sent for.
    """

    missing: tuple[str, ...]
    unsatisfied_sets: tuple[int, ...]
    mismatches: tuple[Mismatch, ...]

    @property
    def satisfied(self) -> bool:
        """Tell whether the query is answered, whole."""
        return not (self.missing or self.unsatisfied_sets or self.mismatches)


def fulfilment(query: Query, answers: Mapping[str, tuple[Shown, ...]]) -> Fulfilment:
    """Return what comes of ``query`` if ``answers``, by the id of the credential query, are what was shown for it."""
    answered: set[str] = set()
    mismatches: list[Mismatch] = []
    for asked in query.credentials:
        found = answers.get(asked.id, ())
        faults = [fault for one in found if (fault := mismatch(asked, one)) is not None]
        if len(found) > 1 and not asked.multiple:
            faults.append(Mismatch("query.multiple_not_allowed", f"`{asked.id}` asks for one credential"))
        mismatches.extend(faults)
        if found and not faults:
            answered.add(asked.id)
    if answers.keys() - query.by_id.keys():
        mismatches.append(Mismatch("query.id_unknown", "the query has no credential of that id"))
    if not query.sets:
        missing = tuple(one.id for one in query.credentials if one.id not in answered)
        return Fulfilment(missing, (), tuple(mismatches))
    unsatisfied = tuple(
        place
        for place, one in enumerate(query.sets)
        if one.required and not any(option <= answered for option in one.options)
    )
    needed = {name for place in unsatisfied for option in query.sets[place].options for name in option}
    missing = tuple(one.id for one in query.credentials if one.id in needed - answered)
    return Fulfilment(missing, unsatisfied, tuple(mismatches))
