"""Write the JSON Schemas of docs/reference from the code, or check with ``--check`` that they are current."""

import argparse
import json
import sys
from pathlib import Path
from typing import Final

from idbridge.verify.schema import documents

REFERENCE: Final = Path(__file__).resolve().parent.parent / "docs" / "reference"


def pages() -> dict[str, str]:
    """Return the text of each file by its name."""
    return {name: json.dumps(schema, indent=2, sort_keys=False) + "\n" for name, schema in documents().items()}


def differences(directory: Path = REFERENCE) -> list[str]:
    """Return the names of the files that are missing or not what the code says."""
    return [
        name
        for name, text in pages().items()
        if not (directory / name).is_file() or (directory / name).read_text(encoding="utf-8") != text
    ]


def main() -> int:
    """Write, or check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="exit 1 if a file is not current")
    if parser.parse_args().check:
        for name in (stale := differences()):
            print(f"docs/reference/{name} is not current; run `python scripts/gen_schemas.py`", file=sys.stderr)
        return 1 if stale else 0
    REFERENCE.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (REFERENCE / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
