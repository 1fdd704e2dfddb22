"""The recognised assertion on paper: its type, its members, and what they may say.

``assertion/`` writes it and ``credential/assertion_in`` reads it; both take every name from here, so that they cannot
drift apart. Each member is always there and is ``null`` when there is nothing to say: a missing member and an unknown
one are both faults. ``ACT`` and ``PROFILE`` stand only where they say something, and there other nodes refuse;
``FORMER_SUBJECT`` does too, and other nodes leave it out of account.
Members: RFC 7519 section 4.1; ``verified_claims``: OpenID Identity Assurance Schema 1.0.

No member that could identify a person may be equal in the assertions of two sectors (architecture D9). That is why
there is no holder key and no plain digest of the source here, and why the times of the source are coarse.
"""

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from idbridge.model.region import AssuranceLevel, Format

TYPE: Final = Format.ASSERTION.value
TRUST_FRAMEWORK: Final = "idbridge"
MAPPING_FRAMEWORK: Final = "urn:idbridge:assurance:1"

MEMBERS: Final = frozenset({
    "iss", "sub", "aud", "iat", "nbf", "exp", "jti", "txn", "environment", "acr", "assurance", "acr_national",
    "loa_mapping", "verified_claims", "origin", "trust_snapshot", "status_snapshot", "policy", "purpose",
    "represents", "report_id", "log", "recognition", "holder",
})  # fmt: skip
# Only where somebody acts for the subject: a node that does not read who acts refuses the assertion as a whole.
ACT: Final = "act"
# Only where the client that got it is of a profile that caps the level. Such an assertion is for the systems of the
# relying party itself, and another node refuses it as a whole.
PROFILE: Final = "profile"
# Only while a node exchanges its pairwise key: the ``sub`` that the same relying party knew before. It is pairwise too.
FORMER_SUBJECT: Final = "sub_prev"
ASSURANCE: Final = frozenset({"loa", "identity", "authentication"})
LOA_MAPPING: Final = frozenset({"framework", "rule"})
VERIFIED_CLAIMS: Final = frozenset({"verification", "claims"})
VERIFICATION: Final = frozenset({"trust_framework", "assurance_level", "time"})
ORIGIN: Final = frozenset({
    "state", "issuer", "format", "service_type", "token_digest", "token_salt", "alg", "key_thumbprint",
    "issued_at", "auth_time",
})  # fmt: skip
POLICY: Final = frozenset({"id", "version"})
PURPOSE: Final = frozenset({"code", "text"})
RECOGNITION: Final = frozenset({"by", "arrangement", "version"})
HOLDER: Final = frozenset({"bound", "method"})
REPRESENTS: Final = frozenset({"entity", "name", "scope", "valid_from", "valid_until"})
ENTITY: Final = frozenset({"scheme", "value"})
NAME: Final = frozenset({"display", "native", "latin", "parts"})
NAME_PART: Final = frozenset({"kind", "native", "latin"})

# To the second, the moment at which a credential was made or a person logged in is as good as a name: the same
# credential shown in two sectors would link them. Coarse instants only ever look older than they are.
ISSUED_AT_GRAIN: Final = timedelta(days=1)
AUTH_TIME_GRAIN: Final = timedelta(hours=1)

LEVEL_URIS: Final[Mapping[AssuranceLevel, str]] = MappingProxyType({
    level: f"urn:idbridge:loa:{level}" for level in AssuranceLevel
})  # fmt: skip
LEVELS_BY_URI: Final[Mapping[str, AssuranceLevel]] = MappingProxyType({
    uri: level for level, uri in LEVEL_URIS.items()
})  # fmt: skip
