"""Public vectors, read from the folder beside the repository and never copied into it."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

VECTORS = Path(__file__).resolve().parents[2] / "shared" / "vectors"


def shared_vectors(name: str) -> list[dict[str, Any]]:
    """Return the cases of ``name`` (such as ``rfc9901``); fail under CI, skip by name elsewhere, if they are absent."""
    path = VECTORS / f"{name}.jsonl"
    if not path.is_file():
        message = f"public vectors are absent: expected {name}.jsonl in ../shared/vectors beside the repository"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]
