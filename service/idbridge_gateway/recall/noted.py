"""Notes of recalls that are sent, in the state directory of a node, until the log of that node tells of them.

Whoever recalls is no writer of the log. A note says to whom a webhook goes, by the id of the relying party and that of
the webhook, and what came of it: ``send`` before it leaves, then ``told`` or ``untold``. The node writes a leaf for
each and removes it then: nothing is sent of which no leaf will tell, and one that is killed in between tells it twice.
They are numbered, for the same recall has the same webhooks when it is sent again: none takes the place of an earlier
one, and the log has them in the order in which it happened.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from idbridge.errors import ConfigurationError, FetchError, InputError
from idbridge.limits import LIMITS
from idbridge.tlog.leaf import Value, is_text
from idbridge.trust import files
from idbridge_gateway.evidence.leaves import short

FOLDER: Final = "recalls"  # in the state directory
SEND: Final = "send"
TOLD: Final = "told"
UNTOLD: Final = "untold"
ACTS: Final = (SEND, TOLD, UNTOLD)
_DIGITS: Final = 8
_NAME: Final = re.compile(rf"([0-9]{{{_DIGITS}}})\.({'|'.join(ACTS)})\.(.+)")

Noted = Callable[[str, str, str], None]  # what becomes of a webhook, whose it is, and its id


class Note(NamedTuple):
    """One note, under the ``name`` of its file."""

    name: str
    act: str
    party: str
    webhook: str

    def members(self) -> dict[str, Value]:
        """Return what the leaf says of it."""
        return {"act": self.act, "rp": self.party, "msg": self.webhook}


class RecallNotes:
    """The notes below ``state``, the state directory of a node. The node makes their folder, and it alone may enter."""

    def __init__(self, state: Path) -> None:
        self._folder = state / FOLDER
        self._last: int | None = None

    def begin(self) -> None:
        """Make the folder, if it is not there.

        Raises:
            ConfigurationError: It cannot be made.
        """
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as unwritable:
            raise ConfigurationError(f"{FOLDER} cannot be made: {unwritable.strerror}") from unwritable

    def put(self, act: str, party: str, webhook: str) -> None:
        """Note that the webhook called ``webhook`` is sent to ``party``, or what came of that; past a power failure.

        Raises:
            ConfigurationError: It cannot be written: no node keeps its state here, or the disk is full.
        """
        try:
            group = self._folder.stat().st_gid  # whose node reads it, also where somebody else recalls for it
        except OSError:
            raise ConfigurationError(f"no node keeps its state in `{self._folder.parent}`, or none that ran") from None
        name = f"{self._next():0{_DIGITS}d}.{act}.{webhook}"
        files.write(self._folder, name, short(party).encode("ascii"), mode=0o644, group=group)

    def names(self) -> tuple[str, ...]:
        """Return the names of the notes in the order in which they were put.

        Raises:
            ConfigurationError: They cannot be read.
        """
        return files.names(self._folder)

    def read(self, name: str) -> Note:
        """Return a note.

        Raises:
            ConfigurationError: It cannot be read, or is none.
        """
        try:
            party = files.read_own(self._folder, name, max_bytes=LIMITS.leaf_text_characters).decode("ascii")
        except (FetchError, InputError, UnicodeDecodeError) as damaged:
            raise ConfigurationError(f"{name} is no note of a recall") from damaged
        named = _NAME.fullmatch(name)
        if named is None or not is_text(party):
            raise ConfigurationError(f"{name} is no note of a recall")
        return Note(name, named[2], party, named[3])

    def remove(self, note: Note) -> None:
        """Remove a note of which the log tells.

        Raises:
            ConfigurationError: It cannot be removed.
        """
        try:
            (self._folder / note.name).unlink(missing_ok=True)
        except OSError as unwritable:
            raise ConfigurationError(f"{note.name} cannot be removed: {unwritable.strerror}") from unwritable

    def _next(self) -> int:
        """Return a number past those of all notes that are here, and of all that this process put."""
        if self._last is None:
            self._last = max((int(named[1]) for name in self.names() if (named := _NAME.fullmatch(name))), default=0)
        self._last += 1
        return self._last
