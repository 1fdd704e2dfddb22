"""Compact JWE, at the decryption layer: what opens has to hold what its publishers say, or it is no acceptance."""

from collections.abc import Mapping
from typing import Any

from joserfc.jwk import ECKey, RSAKey

from idbridge.crypto.jwe import DecryptionKey, decrypt, decryption_key
from idbridge.errors import ConfigurationError, IdBridgeError
from tests.judges.court import ACCEPTED, Case

KINDS = {"EC": ECKey, "RSA": RSAKey}
OTHER = "json serialization is not served: a token is compact"


def private_key(jwk: Any) -> DecryptionKey | None:
    """The key of a case as a node would hold it; ``None`` if no node could."""
    kind = KINDS.get(str(jwk.get("kty"))) if isinstance(jwk, Mapping) else None
    if kind is None:
        return None
    named = {"algorithms": frozenset({str(jwk["alg"])})} if "alg" in jwk else {}
    held: Any = kind.import_key(dict(jwk))
    try:
        return decryption_key(held.private_key, kid=jwk.get("kid"), **named)
    except ConfigurationError:
        return None


def judge_jwe(case: Case) -> str:
    """It has to open with its key, and to what was put in."""
    context = case["context"]
    if not isinstance(case["input"], str):
        return "input.malformed"
    key = private_key(context.get("decrypt_key") or context["key"])
    try:
        opened = decrypt(case["input"], () if key is None else (key,))
    except IdBridgeError as refused:
        return refused.code
    plain = context.get("plaintext")
    expected = bytes.fromhex(context["plaintext_hex"]) if plain is None else plain.encode()
    return ACCEPTED if opened.plaintext == expected else "opened to something else"
