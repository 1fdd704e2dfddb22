"""What a lint finds, and the key files that it is given. Knows no rule."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from idbridge.trust.toml_lines import Path

FORM: Final = "trust.profile_violation"


class Severity(StrEnum):
    """Whether a node would refuse the list, or would take it and somebody should look."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong at a place of a document. ``code`` is that of the refusal, or a word for a warning."""

    file: str
    line: int
    path: Path
    severity: Severity
    code: str
    words: str


@dataclass(frozen=True, slots=True)
class Note:
    """A finding by its path, whose line is not known yet; ``file`` is set if it is about a file beside the document."""

    path: Path
    code: str
    words: str
    severity: Severity = Severity.ERROR
    file: str = ""


@dataclass(frozen=True, slots=True)
class KeyFile:
    """A file with keys of the service whose id it is named after: a ``.jwk`` or a ``.pem`` with certificates."""

    file: str
    service_id: str
    octets: bytes
    certificates: bool


def warning(path: Path, code: str, words: str) -> Note:
    """Return a note of what a node would take."""
    return Note(path, code, words, Severity.WARNING)
