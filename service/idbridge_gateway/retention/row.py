"""Rows of the retention table: one class of what is kept, and all that is to be said of it.

Decides that a row says everything: of whom it is, in which form, where, until when, who reads it, and which test fails
once that is no longer so. It knows nothing of the stores; they ask the table (``table``) how long they may keep.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from idbridge.limits import LIMITS


class About(StrEnum):
    """Whom what is kept is about."""

    PERSON = "a person"
    OPERATOR = "an operator"
    RELYING_PARTY = "a relying party"
    NOBODY = "nobody"


class Form(StrEnum):
    """How it is kept, seen by somebody who copies the store."""

    SEALED = "encrypted under a handle"
    ENCRYPTED = "encrypted under a key of the node"
    KEYED = "keyed digests"
    DIGEST = "digests of random values and signatures"
    PSEUDONYM = "a pseudonym that only this node can make"
    NUMBERS = "numbers"
    PUBLIC = "readable, and public"
    PLAIN = "readable"
    SECRET = "key material"  # noqa: S105 - the name of a form, not a secret
    NONE = "not kept"


class Place(StrEnum):
    """Where something is kept; which of the first three a node has, its settings say."""

    MEMORY = "memory"
    REDIS = "Redis"
    SQL = "SQL"
    FILES = "files"
    BROWSER = "browser"
    NOWHERE = "nowhere"


STORES: Final = (Place.MEMORY, Place.REDIS)  # of a node of one process, and of one of several workers


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One class of what is kept, under the ``name`` that the code keeps it under.

    It is kept for the sum of the ``limits`` at most, for as long as a ``setting`` says, or until something happens that
    ``ends`` says in words. ``proof`` is the test that fails once the row is wrong: a file of ``tests`` and a function.

    Raises:
        ValueError: It is not said how it ends, or by which bound; or something that is kept nowhere has an end.
    """

    name: str
    what: str
    about: About
    form: Form
    places: tuple[Place, ...]
    readers: str
    proof: str
    limits: tuple[str, ...] = ()
    setting: str = ""
    ends: str = ""

    def __post_init__(self) -> None:
        if not (self.name and self.what and self.places and self.readers and self.proof):
            raise ValueError("a row of the retention table says everything")
        if (self.form is Form.NONE) is not (self.places == (Place.NOWHERE,)):
            raise ValueError("what is kept nowhere has no form, and nothing else has none")
        said = bool(self.limits) + bool(self.setting) + bool(self.ends)
        if said != (0 if self.form is Form.NONE else 1):
            raise ValueError("a row says once how long something is kept")
        _ = self.longest

    @property
    def longest(self) -> timedelta | None:
        """How long it is kept at most; ``None`` where a setting, or what happens, ends it."""
        if not self.limits:
            return None
        return sum((_duration(name) for name in self.limits), timedelta())


def _duration(name: str) -> timedelta:
    value = getattr(LIMITS, name, None)
    if not isinstance(value, timedelta):
        raise ValueError(f"`{name}` is no duration of the limits")  # noqa: TRY004 - a row that is written wrongly
    return value
