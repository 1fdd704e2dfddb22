"""Drafts: a JWS before it is signed, and the honest way to sign it.

The sandbox does not use ``crypto.jws.sign_compact``, which refuses to sign nonsense: a pretend attacker must be able
to. Clause: RFC 7515 section 7.1.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from idbridge.codec import base64url
from idbridge.crypto.seeded_keys import RANDOM, KeyMaker
from idbridge.crypto.signer import Signer


@dataclass(frozen=True, slots=True)
class Draft:
    """Header and payload as the text that will be encoded, who signs, and who makes another key if one is wanted."""

    header: Mapping[str, Any]
    payload: bytes
    signer: Signer
    maker: KeyMaker = RANDOM

    @property
    def signing_input(self) -> str:
        """The encoded header and payload, joined."""
        return f"{base64url.encode(json_text(self.header))}.{base64url.encode(self.payload)}"


Seal = Callable[[Draft], str]


def json_text(value: Any) -> bytes:
    """Return ``value`` as compact JSON in UTF-8, names in their own script."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def sealed(draft: Draft) -> str:
    """Return the compact JWS, signed by the draft's signer, whatever the header says."""
    signature = draft.signer.sign(draft.signing_input.encode("ascii"))
    return f"{draft.signing_input}.{base64url.encode(signature)}"
