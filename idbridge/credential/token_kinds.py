"""Kinds of tokens: by which claims one kind is told from another that the same key signs under the same type.

Decides nothing by itself: ID tokens and userinfo responses are judged by these names. Clauses: RFC 8725, sections 3.11
and 3.12; RFC 9068, section 2.2; JARM, section 2.1.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

# What only tokens of another kind carry: logout and security event tokens, credentials, presentations, key bindings,
# access tokens, their introspection, proofs of possession, request objects, status lists.
FORBIDDEN: Final = frozenset({
    "events", "toe", "vct", "vc", "vp", "vp_token", "credentialSubject", "verifiableCredential", "_sd", "_sd_alg",
    "sd_hash", "transaction_data_hashes", "scp", "cid", "authorization_details", "token_introspection",
    "htm", "htu", "ath", "request_uri", "response_type", "status_list",
})  # fmt: skip
# Of two claims each alone may be an ID token's own (`scope` where the listing reads it), both together are an access
# token's (RFC 9068, section 2.2), or those of a response by JWT (JARM, section 2.1).
PAIRS: Final = (frozenset({"scope", "client_id"}), frozenset({"code", "state"}), frozenset({"error", "state"}))
# Claims by which widespread providers tell their ID tokens from others under the same `typ`.
KIND_CLAIMS: Final[Mapping[str, str]] = MappingProxyType({"typ": "ID", "token_use": "id"})
# Who acts, where that is not the subject (RFC 8693, section 4.1): unread, it would turn one person into another.
ACTOR: Final = "act"
