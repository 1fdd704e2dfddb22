"""Matching: does one credential answer one credential query? (OpenID4VP 1.0, sections 6.1, 6.3 and 6.4.1)

Decides by what the verified credential shows and never by what the wallet says of it. The type counts first, then who
vouches for it, then whether its holder proved to be that, then its claims.
"""

from typing import Final, NamedTuple

from idbridge.credential.path_pointer import same, select
from idbridge.model.query import ClaimQuery, CredentialQuery, Shown


class Mismatch(NamedTuple):
    """Why a credential does not answer a query: the code, and what was asked for in the query's own terms."""

    code: str
    detail: str


FORMAT: Final = "query.format_mismatch"
TYPE: Final = "query.type_mismatch"
AUTHORITY: Final = "query.authority_mismatch"
BINDING: Final = "query.holder_binding_missing"
MISSING: Final = "query.claim_missing"
VALUE: Final = "query.value_mismatch"


def mismatch(query: CredentialQuery, shown: Shown) -> Mismatch | None:
    """Return why ``shown`` does not answer ``query``; ``None`` if it does."""
    if query.format != str(shown.format):
        return Mismatch(FORMAT, f"`{query.id}` asks for another format")
    if query.types and not any(types <= shown.types for types in query.types):
        return Mismatch(TYPE, f"`{query.id}` asks for another type")
    if query.authorities and query.authorities.isdisjoint(shown.authorities):
        return Mismatch(AUTHORITY, f"nobody whom `{query.id}` names vouches for it")
    if query.holder_binding and not shown.bound:
        return Mismatch(BINDING, f"`{query.id}` asks for a proof of the holder")
    return _claims_mismatch(query, shown)


def _claims_mismatch(query: CredentialQuery, shown: Shown) -> Mismatch | None:
    """Return why the claims do not do: each is looked at once, however many sets name it."""
    codes = [_claim_code(claim, shown) for claim in query.claims]
    options = query.claim_sets or (tuple(range(len(codes))),)
    refused = []
    for option in options:
        faults = [place for place in option if codes[place] is not None]
        if not faults:
            return None
        refused.append(faults)
    nearest = min(refused, key=len)  # the set that lacks least says most
    place = next((place for place in nearest if codes[place] == MISSING), nearest[0])
    return Mismatch(codes[place] or MISSING, f"`claims[{place}]` of `{query.id}`")


def _claim_code(claim: ClaimQuery, shown: Shown) -> str | None:
    selected = [value for value in select(claim.path, shown.claims) if value is not None]  # null says nothing
    if not selected:
        return MISSING
    if claim.values and not any(same(value) in claim.values for value in selected):
        return VALUE
    return None
