"""Writing: a case as it is made, to its folder; what cannot be made again octet by octet is kept as it stands.

An input with an RSA signature or an encryption in it is randomised. It is written once; when the corpus is made again,
the input that stands in the folder is kept, and only what is said about the case is written anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from idbridge.conformance.answer import Verdict
from idbridge.conformance.case import CASE_FILE, INPUT_FILE, SCHEMA
from idbridge.conformance.node import write_object
from idbridge.conformance.profiles import Profile
from idbridge.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class WrittenCase:
    """A case to be written. ``input`` is ``None`` if it is frozen and stands in its folder already.

    ``beside`` says in which members of its input it differs from its twin beside the attacked one, each with why.
    """

    id: str
    profile: Profile
    tags: tuple[str, ...]
    title: str
    why: str
    requirements: tuple[str, ...]
    expect: Verdict
    twin: str | None
    input: Mapping[str, Any] | None
    material: str | None = None
    at: str | None = None
    state: Mapping[str, Any] | None = None
    frozen: bool = False
    beside: Mapping[str, str] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """Return what ``case.json`` says."""
        return {
            "schema": SCHEMA,
            "id": self.id,
            "profile": self.profile.value,
            "tags": list(self.tags),
            "title": self.title,
            "why": self.why,
            "requirements": list(self.requirements),
            "material": self.material,
            "at": self.at,
            "expect": {"indication": self.expect.indication.value, "code": self.expect.code},
            "twin": self.twin,
            "state": dict(self.state) if self.state is not None else None,
            "frozen": self.frozen,
            **({"beside": dict(self.beside)} if self.beside else {}),
        }

    def written(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return what becomes ``case.json``, and ``input.json`` beside it.

        Raises:
            ConfigurationError: It has no input.
        """
        if self.input is None:
            raise ConfigurationError(f"case {self.id} has no input")
        return self.document(), dict(self.input)


def write_case(document: Mapping[str, Any], put: Mapping[str, Any], vectors: Path) -> None:
    """Write a case to its folder below ``vectors``: what ``case.json`` says, and its input."""
    folder = vectors / document["profile"] / document["id"]
    folder.mkdir(parents=True, exist_ok=True)
    write_object(folder / CASE_FILE, document)
    write_object(folder / INPUT_FILE, put)
