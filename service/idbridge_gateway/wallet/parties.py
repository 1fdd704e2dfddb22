"""The relying party that a request to a wallet belongs to, as it is registered at the moment of looking.

Decides whether somebody may still ask people: a link lives for hours, and a registration may end before it.
"""

from datetime import datetime

from idbridge.errors import RequestError
from idbridge.model.request import RelyingParty
from idbridge_gateway.registry.in_force import RegistryInForce


def party_now(registry: RegistryInForce, party_id: str, *, at: datetime) -> RelyingParty:
    """Return the relying party ``party_id`` as it counts at ``at``.

    Raises:
        RequestError: ``input.not_found``: it is not registered any more; ``policy.relying_party_disabled``.
    """
    party = registry.registration(party_id).party_at(at)
    if not party.enabled:
        raise RequestError("policy.relying_party_disabled")
    return party


def still_asks(registry: RegistryInForce, party_id: str, *, at: datetime) -> bool:
    """Tell whether the relying party ``party_id`` may still ask people at ``at``."""
    try:
        party_now(registry, party_id, at=at)
    except RequestError:
        return False
    return True
