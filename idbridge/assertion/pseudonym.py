"""Pairwise subjects: one name per person and sector, made so that two sectors cannot compare notes.

HMAC-SHA256 under the node's state key over length-prefixed fields (architecture D9; OpenID Connect Core 1.0 section
8.1). Whoever does not hold the key can neither compute a name nor tell that two names belong to one person. Where the
provider's own identifier does not last, the name is made for one transaction and never again.
"""

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import Final

from idbridge.codec import base64url, length_prefixed
from idbridge.errors import ConfigurationError
from idbridge.model.region import MemberState
from idbridge.model.trust import IdentifierPersistence

KEY_OCTETS: Final = 32


@dataclass(frozen=True, slots=True)
class PairwiseKey:
    """The state key under which a node makes pairwise subjects. It is never shown, not even by ``repr``.

    Raises:
        ConfigurationError: It is shorter than 32 octets, or one octet repeated.
    """

    octets: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.octets) < KEY_OCTETS or len(set(self.octets)) == 1:
            raise ConfigurationError(f"a pairwise key has at least {KEY_OCTETS} random octets")


def pairwise(
    key: PairwiseKey,
    *,
    home_state: MemberState,
    provider: str,
    subject: str | None,
    sector: str,
    persistence: IdentifierPersistence,
    transaction: str,
) -> str:
    """Return the subject that ``sector`` sees.

    ``subject`` is the value of the claim that the list names, as ``provider`` (its issuer identifier) states it. Two
    providers may give the same value to two people, so a value counts only together with its provider.
    ``transaction`` enters for identifiers that do not last, and for people whose identifier is not disclosed
    (``None``), so that two strangers never share a name.

    Raises:
        ValueError: A field is empty; everybody would share one name.
    """
    if not (provider and sector and transaction) or subject == "":
        raise ValueError("a pairwise subject needs a provider, a subject, a sector and a transaction")
    once = subject is None or persistence is IdentifierPersistence.TRANSIENT
    person = length_prefixed.encode(provider, subject or "")
    message = length_prefixed.encode(home_state.value, person, sector, transaction if once else "")
    return base64url.encode(hmac.new(key.octets, message, hashlib.sha256).digest())
