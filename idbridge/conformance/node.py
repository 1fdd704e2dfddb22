"""A node in memory that verifies with the trust material of a case: lists, agreements, status, parties and its keys.

Loads a folder as ``material`` lays it out, by the same code that a node of the real world loads its material with, and
puts questions to the one verifier. It remembers which one-time values were spent, and nothing else. What this project's
own answers to the command-line protocol and to the built-in target come from.
"""

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from idbridge.codec import strict_json
from idbridge.conformance import parties
from idbridge.credential.type_folder import read_type_documents
from idbridge.crypto.jwe import DecryptionKey, decryption_key
from idbridge.crypto.signer import kept_signer
from idbridge.errors import ConfigurationError, FetchError, IdBridgeError
from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge.model.request import RelyingParty
from idbridge.model.type_metadata import NO_DOCUMENTS, TypeDocuments
from idbridge.sandbox.questions import question
from idbridge.status.rounds import Held, fetch_all, take_up_all
from idbridge.status.snapshot import StatusSnapshot
from idbridge.trust.crl_floors import CrlFloors
from idbridge.trust.repository import PlainRepository
from idbridge.trust.snapshot import TrustSnapshot
from idbridge.verify.report import Report
from idbridge.verify.verifier import Verifier

TRUST: Final = "trust"
PINS: Final = "pins.json"
STATUS: Final = "status"
STATUS_INDEX: Final = "index.json"
PARTIES: Final = "parties.json"
NODE_KEYS: Final = "node-keys.json"
TYPES: Final = "types"  # documents of types of SD-JWT VC, where the node holds any
FROZEN_KEYS: Final = "frozen-keys.json"  # beside the corpus: the public halves of its RSA keys


@dataclass(frozen=True, slots=True)
class StatusFolder:
    """What is served at addresses, from files: ``index.json`` names a file for each. Implements ``Source``."""

    folder: Path
    index: Mapping[str, str]

    def fetch(self, url: str, *, max_bytes: int) -> bytes:
        """Return what is served at ``url``.

        Raises:
            FetchError: Nothing is, or it is longer than ``max_bytes``.
        """
        name = self.index.get(url)
        octets = (self.folder / name).read_bytes() if name is not None else b""
        if not octets or len(octets) > max_bytes:
            raise FetchError("the material serves nothing there that could be read")
        return octets


@dataclass(frozen=True, slots=True)
class Node:
    """A node that loaded its material at one instant, at which it is asked too."""

    at: datetime
    trust: TrustSnapshot
    statuses: StatusSnapshot
    parties: Mapping[str, RelyingParty]
    keys: Mapping[MemberState, tuple[DecryptionKey, ...]] = field(repr=False)
    types: TypeDocuments = field(default_factory=lambda: NO_DOCUMENTS)

    def report(self, put: Mapping[str, Any], spent: set[bytes]) -> Report:
        """Return the report on one question; ``put`` names who asks, at which node, and holds the request.

        ``spent`` are the one-time values that count as spent, and grows by those of an accepted answer.

        Raises:
            IdBridgeError: The request itself is broken, so that there is no report.
            ConfigurationError: The material knows no such relying party or node.
        """
        try:
            party, keys = self.parties[put["relying_party"]], self.keys[MemberState(put["node"])]
        except (KeyError, ValueError) as unknown:
            raise ConfigurationError("the material knows no such relying party or node") from unknown
        found = Verifier(trust=self.trust, status=self.statuses, types=self.types).verify(
            question(put["request"], relying_party=party, keys=keys), at=self.at
        )
        if not found.accepted:
            return found
        values = {value.key for value in found.one_time}
        if values & spent:
            return found.spent()
        spent |= values
        return found


def load_node(folder: Path, *, at: datetime) -> Node:
    """Return a node that has just loaded the plain material in ``folder``, at ``at``, and knew of nothing before.

    Raises:
        ConfigurationError: A file is missing or not in order.
        TrustError: What is offered cannot be used at all.
    """
    with tempfile.TemporaryDirectory(prefix="idbridge-node-") as memory:
        repository = PlainRepository(folder / TRUST, folder / PINS, Path(memory))
        repository.initialise()
        trust = repository.load(at=at)
    source = StatusFolder(folder / STATUS, read_object(folder / STATUS / STATUS_INDEX))
    taken = take_up_all(
        fetch_all(source, trust), trust, held=Held(), floors=CrlFloors(trust.environment), keep=bytes, at=at
    )
    listed = parties.read(read_object(folder / PARTIES), environment=trust.environment)
    types = read_type_documents(folder / TYPES) if (folder / TYPES).is_dir() else NO_DOCUMENTS
    return Node(at, trust, taken.statuses, listed, _keys(read_object(folder / NODE_KEYS)), types)


def read_object(path: Path) -> dict[str, Any]:
    """Return the JSON object in a file of the material.

    Raises:
        ConfigurationError: There is none.
    """
    try:
        return strict_json.parse_object(path.read_bytes(), max_bytes=LIMITS.conformance_file_bytes)
    except (OSError, IdBridgeError) as unreadable:
        raise ConfigurationError(f"{path.name} of the material cannot be read as a JSON object") from unreadable


def write_object(path: Path, document: Mapping[str, Any]) -> None:
    """Write a JSON object so that it comes out the same whoever makes it: sorted, indented, with a last newline."""
    path.write_text(json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True, default=dict) + "\n", "utf-8")


def _keys(document: Mapping[str, Any]) -> Mapping[MemberState, tuple[DecryptionKey, ...]]:
    try:
        return MappingProxyType(
            {
                MemberState(state): tuple(decryption_key(kept_signer(pem).private_key) for pem in pems)
                for state, pems in document.items()
            }
        )
    except (ValueError, TypeError) as malformed:
        raise ConfigurationError(f"{NODE_KEYS} of the material is not in order") from malformed
