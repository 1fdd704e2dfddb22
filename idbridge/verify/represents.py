"""Whom the person represents, or that a legal person acts itself: how report and assertion write it.

The interface page names ``represents {entity {scheme, value}, power, until}``; the members beside these say the same
for readers of assertions, and from when. A power is what the source states of it, in the words of its purposes.
"""

from typing import Any

from idbridge.model.credential import Mandate
from idbridge.model.time import instant_text
from idbridge.model.trust import EntitySubject


def represents_document(mandate: Mandate | None) -> dict[str, Any] | None:
    """Return ``represents`` of a report; ``None`` if the person acts for themself.

    ``power`` is ``None`` where the legal person acts itself: nothing bounds it but the purpose.
    """
    if mandate is None:
        return None
    until = instant_text(mandate.valid_until) if mandate.valid_until is not None else None
    acting = EntitySubject.ITSELF if mandate.itself else EntitySubject.REPRESENTATIVE
    return {
        "entity": {"scheme": mandate.entity_scheme, "value": mandate.entity_value},
        "power": None if mandate.itself else sorted(mandate.scope),
        "until": until,
        "acting": acting.value,
        "name": mandate.entity_name,
        "scope": sorted(mandate.scope),
        "valid_from": instant_text(mandate.valid_from) if mandate.valid_from is not None else None,
        "valid_until": until,
    }


def mandate_document(mandate: Mandate | None) -> dict[str, Any] | None:
    """Return ``represents`` of an assertion, which says who acts only where it is the legal person itself.

    A node that does not know the word then refuses the assertion, and takes no company for a person.
    """
    document = represents_document(mandate)
    if document is None:
        return None
    told = {"entity", "name", "scope", "valid_from", "valid_until"} | (
        {"acting"} if document["power"] is None else set()
    )
    return {name: member for name, member in document.items() if name in told}
