"""What a pretend wallet was asked, once somebody whom it knows signed it: in order, or refused as a wallet has to.

Decides everything that no signature shows: that there is one query and one place for the answer, a nonce, a key where
the answer is to be encrypted, and only transactions that the person can be shown. Clauses: OpenID4VP 1.0 sections 5.1,
5.2, 8.2 to 8.4.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from idbridge.codec import base64url
from idbridge.crypto.jwe import CONTENT, EC_ALGORITHMS, encrypt
from idbridge.errors import IdBridgeError
from idbridge.model.query import CredentialQuery, Query, Transaction
from idbridge.presentation.dcql import parse_query
from idbridge.presentation.request_object import ResponseMode
from idbridge.presentation.transaction_data import parse_transactions

TRANSACTIONS: Final = frozenset({"urn:example:payment"})  # the types that a person is shown here
_UNKNOWN: Final = "invalid_transaction_data"
_TEXTS: Final = ("client_id", "response_uri", "nonce", "state")
_NOT_BESIDE: Final = ("redirect_uri", "scope")
_USUAL: Final = "A128GCM"  # where a request names no encryption (section 8.3)


class UnansweredError(Exception):
    """The wallet does not answer this, and says why to its own person; ``error`` is what the verifier is told."""

    def __init__(self, why: str, *, error: str | None = None) -> None:
        super().__init__(why)
        self.error = error


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that was verified and is in order. ``key`` is what the answer is encrypted to, ``None`` for none."""

    claims: Mapping[str, Any] = field(repr=False)
    query: Query
    transactions: tuple[Transaction, ...]
    key: Mapping[str, Any] | None

    def form(self, members: Mapping[str, Any]) -> Mapping[str, str]:
        """Return ``members`` as the form that the request wants."""
        if self.key is None:
            return {name: one if isinstance(one, str) else json.dumps(one) for name, one in members.items()}
        octets = json.dumps(members).encode()
        offered = self.claims["client_metadata"].get("encrypted_response_enc_values_supported", [_USUAL])
        encoding = next((one for one in reversed(offered) if one in CONTENT), _USUAL)
        return {"response": encrypt(octets, to=self.key, algorithm=self.key["alg"], encoding=encoding)}

    def authorised(self, query: CredentialQuery) -> Mapping[str, Any]:
        """Return what the holder signs beside the nonce, to authorise what ``query`` is to authorise."""
        texts = [one.text for one in self.transactions if query.id in one.credentials]
        if not texts:
            return {}
        digests = [base64url.encode(hashlib.sha256(text.encode("ascii")).digest()) for text in texts]
        return {"transaction_data_hashes": digests, "transaction_data_hashes_alg": "sha-256"}


def read_asked(claims: Mapping[str, Any]) -> Asked:
    """Return the request in ``claims``, which somebody known signed.

    Raises:
        UnansweredError: It leaves something open, says something twice, or asks for what no person here can be shown.
    """
    for name in _TEXTS:
        if not isinstance(claims.get(name), str) or not claims[name]:
            raise UnansweredError(f"the request has no `{name}`")
    for name in _NOT_BESIDE:
        if name in claims:
            raise UnansweredError(f"the request says in two ways what `{name}` is about")
    if claims.get("response_type") != "vp_token" or claims.get("response_mode") not in list(ResponseMode):
        raise UnansweredError("the request wants an answer of a kind that this wallet does not give")
    try:
        query = parse_query(claims.get("dcql_query"))
    except IdBridgeError as malformed:
        raise UnansweredError("what is asked for cannot be read") from malformed
    return Asked(claims, query, _transactions(claims, query), _key(claims))


def _transactions(claims: Mapping[str, Any], query: Query) -> tuple[Transaction, ...]:
    """Return what the person is to authorise; the verifier has to be told if the wallet does not know it (8.4)."""
    listed = claims.get("transaction_data")
    try:
        transactions = parse_transactions(listed, query=query) if listed is not None else ()
    except IdBridgeError as malformed:
        raise UnansweredError("what is to be authorised cannot be read", error=_UNKNOWN) from malformed
    if any(one.type not in TRANSACTIONS for one in transactions):
        raise UnansweredError("the person cannot be shown what they would authorise", error=_UNKNOWN)
    return transactions


def _key(claims: Mapping[str, Any]) -> Mapping[str, Any] | None:
    if claims["response_mode"] != ResponseMode.DIRECT_POST_JWT:
        return None
    try:
        for jwk in claims["client_metadata"]["jwks"]["keys"]:
            if jwk["alg"] in EC_ALGORITHMS:
                found: Mapping[str, Any] = jwk
                return found
    except (KeyError, TypeError):
        pass
    raise UnansweredError("the answer is to be encrypted, and there is no key for it")
