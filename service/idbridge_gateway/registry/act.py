"""Who changes a registry, and when: what each change is written down under."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Act:
    """Who changes something, what they call it, and when.

    ``actor`` is no name of a person: ``local`` for whoever may write to the database itself, or ``operator:`` with a
    digest of the subject under which an operator signed in.
    """

    name: str
    actor: str
    at: datetime
