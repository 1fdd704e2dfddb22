"""Loading over HTTP: the trust material of a case as one JSON document, as ``POST /conformance/load`` takes it.

``{"at": instant, "node": state, "material": {path: base64}}``. Decides whether a document is one, and whether its paths
stay below the folder that they are written to; what the files say is for whoever loads them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from idbridge.codec import base64std, strict_json
from idbridge.errors import ConfigurationError, InputError, RequestError
from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge.model.time import instant_text, parse_instant

LOAD_PATH: Final = "/conformance/load"
STATE_PATH: Final = "/conformance/state"
RECALL_PATH: Final = "/conformance/recall"
_PRIVATE: Final = 0o600  # a key may be among them
_MEMBERS: Final = frozenset({"at", "node", "material"})
_PATH: Final = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}/){0,5}[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True, slots=True)
class Load:
    """What a node is to become: the one of ``node`` at the instant ``at``, with the files of ``material`` by path."""

    at: datetime
    node: MemberState
    material: Mapping[str, bytes] = field(repr=False)

    def write(self, folder: Path) -> None:
        """Write the files below ``folder``.

        Raises:
            ConfigurationError: They cannot be written.
        """
        try:
            for path, octets in self.material.items():
                place = folder / path
                place.parent.mkdir(parents=True, exist_ok=True)
                place.touch(mode=_PRIVATE)
                place.write_bytes(octets)
        except OSError as unwritable:
            raise ConfigurationError("the material cannot be written down") from unwritable


def load_document(folder: Path, *, at: datetime, node: MemberState, beside: Mapping[str, bytes]) -> dict[str, Any]:
    """Return the document that loads the files below ``folder``, and those of ``beside`` over them.

    Raises:
        ConfigurationError: A file cannot be read.
    """
    try:
        files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    except OSError as unreadable:
        raise ConfigurationError("the trust material cannot be read") from unreadable
    encoded = {path: base64std.encode(octets) for path, octets in sorted({**files, **beside}.items())}
    return {"at": instant_text(at), "node": node.value, "material": encoded}


def read_load(body: bytes) -> Load:
    """Return what ``body`` asks to load.

    Raises:
        RequestError: ``input.body_too_large``, or ``input.request_malformed``.
    """
    if len(body) > LIMITS.conformance_load_bytes:
        raise RequestError("input.body_too_large")
    try:
        document = strict_json.parse_object(body, max_bytes=LIMITS.conformance_load_bytes)
        if document.keys() != _MEMBERS or not isinstance(document["material"], dict):
            raise _malformed("it has `at`, `node` and `material`, an object of files by path")
        material = document["material"]
        if len(material) > LIMITS.conformance_load_files:
            raise _malformed(f"it has at most {LIMITS.conformance_load_files} files")
        files = {_path(path): _octets(text) for path, text in material.items()}
        return Load(parse_instant(document["at"]), MemberState(document["node"]), files)
    except (InputError, ValueError, TypeError, AttributeError) as odd:
        raise _malformed("it is no strict JSON of an instant, a state and files in base64") from odd


def _octets(text: str) -> bytes:
    octets = base64std.decode(text)
    if len(octets) > LIMITS.conformance_file_bytes:
        raise _malformed("a file is too long")
    return octets


def _path(path: str) -> str:
    if _PATH.fullmatch(path) is None:
        raise _malformed("a path is relative, of names that do not begin with a dot")
    return path


def _malformed(why: str) -> RequestError:
    return RequestError("input.request_malformed", f"what is loaded is not in order: {why}")
