"""Queries and credentials of tests, and how the notation of the npm package `dcql` maps onto ours."""

from collections.abc import Mapping
from typing import Any

from idbridge.model.query import Authority, Query, Shown
from idbridge.presentation.fulfilment import fulfilment
from idbridge.presentation.matching import mismatch

PERSON: Mapping[str, Any] = {
    "given_name": "Mei Ling",
    "address": {"country": "SG", "postal_code": "000009"},
    "nationalities": ["SG", "MY"],
    "degrees": [{"type": "BSc", "year": 2012}, {"type": "MSc"}],
    "age_over_18": True,
    "level": 1,
}
TYPE = "urn:example:pid:1"


def credential(**members: Any) -> dict[str, Any]:
    """A credential query as JSON values."""
    return {"id": "pid", "format": "dc+sd-jwt", "meta": {"vct_values": [TYPE]}, **members}


def query(*credentials: Mapping[str, Any], **members: Any) -> dict[str, Any]:
    return {"credentials": list(credentials) or [credential()], **members}


def shown(claims: Mapping[str, Any] = PERSON, **members: Any) -> Shown:
    plain: dict[str, Any] = {"format": "dc+sd-jwt", "types": frozenset({TYPE}), "claims": claims, "bound": True}
    return Shown(**{**plain, **members})


def of_npm(one: Mapping[str, Any]) -> Shown:
    """Return a credential in the notation of `dcql`, of which nothing is verified there."""
    types = one.get("doctype") or one.get("vct") or one.get("type")
    authority = one.get("authority", {})
    return Shown(
        format=one["credential_format"],
        types=frozenset([types] if isinstance(types, str) else types),
        claims=one["namespaces"] if one["credential_format"] == "mso_mdoc" else one["claims"],
        bound=one["cryptographic_holder_binding"],
        authorities=frozenset(Authority(authority["type"], value) for value in authority.get("values", ())),
    )


def can_be_satisfied(asked: Query, wallet: list[Shown]) -> bool:
    """Tell whether a wallet with these credentials could answer: for each query, one that matches, if any does."""
    found = {one.id: tuple(held for held in wallet if mismatch(one, held) is None)[:1] for one in asked.credentials}
    return fulfilment(asked, {name: held for name, held in found.items() if held}).satisfied
