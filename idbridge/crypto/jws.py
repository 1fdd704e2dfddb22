"""Compact JSON Web Signatures (RFC 7515 section 7.1): taken apart, verified, made.

Decides whether a compact JWS is well formed; whether its signature verifies, ``crypto.signature`` decides for messages
of every kind, and is offered here too. It does not know where keys come from.
"""

import json
from collections.abc import Mapping
from typing import Any

from idbridge.codec import base64url
from idbridge.crypto.header import HeaderCache, HeaderRules
from idbridge.crypto.signature import verify
from idbridge.crypto.signer import Signer
from idbridge.errors import InputError
from idbridge.limits import LIMITS
from idbridge.model.credential import UnverifiedJws

__all__ = ["HeaderCache", "HeaderRules", "parse_unverified", "sign_compact", "verify"]


def parse_unverified(
    compact: str, rules: HeaderRules, headers: HeaderCache, *, max_bytes: int = LIMITS.token_bytes
) -> UnverifiedJws:
    """Take a compact JWS apart and account for its header; nothing in the result may be believed.

    Raises:
        InputError: ``input.too_large`` or ``input.malformed``.
        JoseError: ``jose.alg_none``, ``jose.alg_not_allowed``, ``jose.crit_unsupported``, ``jose.header_forbidden`` or
            ``jose.typ_mismatch``.
    """
    if len(compact) > max_bytes:
        raise InputError("input.too_large", f"a JWS longer than {max_bytes} octets")
    parts = compact.split(".", 3)
    if len(parts) != 3:
        raise InputError("input.malformed", "a compact JWS has three parts")
    header, payload, signature = parts
    return UnverifiedJws(
        headers.header(header, rules),
        base64url.decode(payload),
        compact[: -1 - len(signature)].encode("ascii"),
        base64url.decode(signature),
    )


def sign_compact(header: Mapping[str, Any], payload: bytes, signer: Signer) -> str:
    """Return the compact JWS of ``payload``; ``alg`` and ``kid`` are the signer's unless ``header`` says the same.

    Raises:
        ValueError: ``header`` names another algorithm than the signer's; a programming error.
    """
    members = {"alg": signer.algorithm, "kid": signer.kid, **header}
    if members["alg"] != signer.algorithm:
        raise ValueError("the header names another algorithm than the signer's")
    text = json.dumps(members, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    signed = f"{base64url.encode(text.encode())}.{base64url.encode(payload)}"
    return f"{signed}.{base64url.encode(signer.sign(signed.encode('ascii')))}"
