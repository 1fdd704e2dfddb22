"""Schemas of what the suite reads and writes: cases, the manifest, programs under test, a run's record (2020-12).

They stand here as files, so that another implementation can use them as they are. Decides whether a document has the
form; whether what it says holds together is for whoever reads it.
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

CASE: Final = "case.json"
MANIFEST: Final = "manifest.json"
ANSWER: Final = "answer.json"
DESCRIPTION: Final = "description.json"
LOOKS: Final = "looks.json"
STATE: Final = "state.json"
RECORD: Final = "record.json"
ATTESTATION: Final = "attestation.json"
KEYS: Final = "keys.json"
_FOLDER: Final = Path(__file__).parent


def documents() -> Mapping[str, Mapping[str, Any]]:
    """Return every schema, by the name of its file."""
    names = (CASE, MANIFEST, ANSWER, DESCRIPTION, LOOKS, STATE, RECORD, ATTESTATION, KEYS)
    return MappingProxyType({name: json.loads((_FOLDER / name).read_text("utf-8")) for name in names})


def fault(document: object, schema: str, *, part: str | None = None) -> str:
    """Return what of ``document`` has another form than ``schema`` says, and where; empty if it has the form.

    ``part`` names one of its definitions, which alone is asked for.
    """
    wrong = best_match(_validator(schema, part).iter_errors(document))
    return f"{wrong.json_path}: {wrong.message}" if wrong is not None else ""


@cache
def _validator(schema: str, part: str | None) -> Draft202012Validator:
    document = documents()[schema]
    if part is not None:
        return Draft202012Validator({"$ref": f"#/$defs/{part}", "$defs": document["$defs"]})
    return Draft202012Validator(dict(document))
