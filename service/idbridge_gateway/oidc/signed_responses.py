"""What is signed for a client, and encrypted where the client registered how.

These are ID tokens, userinfo responses, and answers about tokens. How is the client's registration to say, never a
request. The node signs with the one key that its state lists; a client that registered another algorithm gets nothing
rather than another one. Clauses: OpenID Connect Core 1.0 sections 2, 3.1.3.6, 5.3.2 and 10.2 (nested: signed, then
encrypted); RFC 9701.
"""

import hashlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from idbridge.codec import base64url, jcs
from idbridge.crypto.jwe import encrypt
from idbridge.crypto.jws import sign_compact
from idbridge.errors import ConfigurationError, Refusal
from idbridge.limits import LIMITS
from idbridge.oidc.client import OidcClient, ResponseEncryption
from idbridge.oidc.errors import OAuthError
from idbridge_gateway.journal import JOURNAL
from idbridge_gateway.oidc.turns import Turn

_HASHES: Final[Mapping[str, str]] = MappingProxyType({
    "ES256": "sha256", "PS256": "sha256", "EdDSA": "sha512", "Ed25519": "sha512",
})  # fmt: skip


def half_hash(token: str, algorithm: str) -> str:
    """Return ``at_hash`` of ``token``: the left half of its digest, of the hash of the signature algorithm."""
    digest = hashlib.new(_HASHES[algorithm], token.encode("ascii")).digest()
    return base64url.encode(digest[: len(digest) // 2])


def signed(claims: Mapping[str, Any], *, algorithm: str, turn: Turn, typ: str = "JWT") -> str:
    """Return ``claims`` signed with the key of this node.

    Raises:
        Refusal: ``policy.assertion_not_available``: no key is listed, it is of another algorithm, or it is too long.
        OAuthError: ``temporarily_unavailable``: the key does not sign now.
    """
    signer = turn.issuing.signer(turn.state.snapshot, at=turn.at)
    if signer is None:
        raise Refusal("policy.assertion_not_available", "the state of this node lists no key of it")
    if signer.algorithm != algorithm:
        raise Refusal("policy.assertion_not_available", "this node does not sign with the registered algorithm")
    try:
        token = sign_compact(
            {"alg": signer.algorithm, "kid": signer.kid, "typ": typ}, jcs.canonicalize(dict(claims)), signer
        )
    except ConfigurationError as broken:  # a token that was taken out, or locked itself
        JOURNAL.error("the assertion key does not sign: %s", broken)
        raise OAuthError("temporarily_unavailable", "the key of this node does not sign") from None
    if len(token) > LIMITS.token_bytes:
        raise Refusal("policy.assertion_not_available", "the released claims are too long for a token")
    return token


def encrypted(token: str, encryption: ResponseEncryption | None, client: OidcClient, *, cty: str = "JWT") -> str:
    """Return ``token`` as ``client`` registered to receive it."""
    if encryption is None:
        return token
    return encrypt(
        token.encode(),
        to=client.encryption_jwk(encryption),
        algorithm=encryption.algorithm,
        encoding=encryption.encoding,
        header={"cty": cty},
    )
