"""What a live node may not be built on, where it shows only in the files (architecture D11)."""

from idbridge.errors import ConfigurationError
from idbridge.model.region import Environment
from idbridge.trust.snapshot import TrustSnapshot
from idbridge_gateway.settings import WitnessSettings, refuse_for_live


def refuse_unsafe_trust(settings: WitnessSettings, snapshot: TrustSnapshot) -> None:
    """Return if a node with these settings may rely on ``snapshot``.

    Raises:
        ConfigurationError: It is of another environment, or a live one lists an issuer over plain http or on this
            machine.
    """
    if snapshot.environment is not settings.environment:
        raise ConfigurationError(
            f"the trust material is of {snapshot.environment} and the node of {settings.environment}"
        )
    if settings.environment is not Environment.LIVE:
        return
    for state, listed in snapshot.lists.items():
        for service in listed.services:
            refuse_for_live(service.issuer, what=f"an issuer that {state} lists")
