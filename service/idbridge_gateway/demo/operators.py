"""Operators of the demo's nodes: an issuer at which one pretends to be one, with each node as a client of its own."""

from collections.abc import Mapping
from types import MappingProxyType

from idbridge.model.randomness import Randomness
from idbridge.model.region import MemberState
from idbridge.sandbox.idp.discovery import AUTHORIZE, KEYS, TOKEN
from idbridge.sandbox.idp.operators import ID, ISSUER, ROLE, OperatorClient, OperatorIssuer
from idbridge_gateway.console.sign_in import CALLBACK
from idbridge_gateway.settings import Settings, read_settings


def operator_issuer(nodes: Mapping[MemberState, str], *, browser: str, randomness: Randomness) -> OperatorIssuer:
    """Return the issuer below the address ``browser``, for the ``nodes`` at their addresses."""
    clients = tuple(
        OperatorClient(_client_id(state), f"The console of {state.value}", f"{url}{CALLBACK}")
        for state, url in nodes.items()
    )
    return OperatorIssuer(clients, browser=f"{browser}/{ID}", randomness=randomness)


def with_operators(settings: Settings, *, browser: str) -> Settings:
    """Return ``settings`` by which the operators of a node sign in at the issuer below the address ``browser``.

    Raises:
        ConfigurationError: The settings do not allow it.
    """
    below = f"{browser}/{ID}"
    told = MappingProxyType({
        "operator_issuer": ISSUER,
        "operator_client_id": _client_id(settings.state),
        "operator_key_set": f"{below}{KEYS}",
        "operator_role": ROLE,
        "operator_authorization_endpoint": f"{below}{AUTHORIZE}",
        "operator_token_endpoint": f"{below}{TOKEN}",
    })  # fmt: skip
    return read_settings(**{**settings.model_dump(exclude_none=True), **told})


def _client_id(state: MemberState) -> str:
    return f"console-{state.value.lower()}"
