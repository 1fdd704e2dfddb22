"""Pages that are written from the code: written anew, or with ``--check`` held against it and left as they are."""

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
Pages = Mapping[Path, Callable[[], str]]


def stale(pages: Pages) -> list[Path]:
    """Return the pages that are missing or say something else than the code."""
    return [path for path, page in pages.items() if not path.is_file() or path.read_text(encoding="utf-8") != page()]


def written_or_checked(pages: Pages, *, about: str | None) -> int:
    """Write or check ``pages``, as the command line says, and return how the program ends."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a page is not current")
    if parser.parse_args().check:
        found = stale(pages)
        for path in found:
            name = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
            print(f"idbridge: error: {name} is not what the code says", file=sys.stderr)
        if found:
            print("idbridge: hint: run `make reference`", file=sys.stderr)
        return 1 if found else 0
    for path, page in pages.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page(), encoding="utf-8")
    return 0
