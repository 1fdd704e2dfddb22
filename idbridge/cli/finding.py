"""A finding of ``idbridge doctor``: one thing that was looked at, and the sign that stands for how it is."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from types import MappingProxyType
from typing import Final

from idbridge.cli.exits import Exit
from idbridge.cli.groups import ENTRY_POINT_GROUP
from idbridge.errors import IdBridgeError

OK: Final = "ok"
WARNING: Final = "warning"
ERROR: Final = "error"
SIGNS: Final[Mapping[str, str]] = MappingProxyType({OK: "✓", WARNING: "!", ERROR: "✗"})
_NAME: Final = "doctor"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. ``exit_code`` is DONE unless it is an error."""

    check: str
    result: str
    words: str
    hint: str = ""
    exit_code: Exit = Exit.DONE


def hint_of(error: IdBridgeError) -> str:
    """Return what helps against ``error``; nothing where that would be the doctor, whose finding it is."""
    return "" if "idbridge doctor" in error.reason.remedy else error.reason.remedy


Looks = Callable[[Mapping[str, str]], Iterator[Finding]]  # at the node that environment variables describe


def further_looks() -> tuple[Looks, ...]:
    """Return what others look at: whoever adds commands to ``idbridge`` may name looks of the doctor too.

    What cannot be loaded looks at nothing, and is a finding itself.
    """
    return tuple(_loaded(point.load, point.value) for point in entry_points(group=ENTRY_POINT_GROUP, name=_NAME))


def _loaded(load: Callable[[], Looks], value: str) -> Looks:
    def looks(environment: Mapping[str, str]) -> Iterator[Finding]:
        try:
            look = load()
        except ImportError as error:
            words = f"`{value}` cannot be loaded: {error}"
            yield Finding("looks", WARNING, words, "install it with its extra: `pip install 'idbridge[gateway]'`")
            return
        yield from look(environment)

    return looks
