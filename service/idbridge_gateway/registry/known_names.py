"""Which names of its node ``idbridge rp`` knows: those of the settings that it is called with, as far as they go.

A registry may serve several nodes, and a command may be called where none of them runs. So the command refuses what it
knows to be a name of the node, says where it knows none, and each node looks again at what it loads: a registration
under one of its names serves nobody there, and its journal says so.
"""

import os
from typing import Final
from urllib.parse import urlsplit

from idbridge.cli import output
from idbridge.cli.exits import Exit
from idbridge.cli.output import Failure
from idbridge.errors import ConfigurationError, RequestError
from idbridge_gateway.ask.client import CLIENT_ID
from idbridge_gateway.identities import own_names
from idbridge_gateway.registry.in_force import NO_NAMES
from idbridge_gateway.registry.own_names import OwnNames
from idbridge_gateway.registry.record import Registration
from idbridge_gateway.settings import read_settings

_NODE: Final = "IDBRIDGE_NODE_URL"
_PUBLIC: Final = "IDBRIDGE_PUBLIC_URL"
_UNKNOWN: Final = "the names of the node are not known here, so that only the node itself refuses them"


def known_names() -> OwnNames:
    """Return the names of the node that the variables of this process describe.

    Where they do not describe a whole node, its address alone is known, or nothing at all, and words say so.
    """
    if not os.environ.get(_NODE):
        output.words("hint", f"{_UNKNOWN}; call `rp` with its settings ({_NODE} and the others)")
        return NO_NAMES
    try:
        return own_names(read_settings())
    except ConfigurationError as broken:
        output.words("warning", f"but for its address, {_UNKNOWN}: {broken}")
        return _address_alone()


def _address_alone() -> OwnNames:
    """Return what needs no other setting: where the node is, and what it calls its own client."""
    told = (os.environ.get(variable, "").rstrip("/") for variable in (_NODE, _PUBLIC))
    return OwnNames(frozenset({CLIENT_ID, *filter(_is_address, told)}))


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def require_foreign(registration: Registration, own: OwnNames) -> None:
    """Return if ``registration`` names nothing that is the node's ``own``.

    Raises:
        Failure: It does.
    """
    try:
        own.require_none(registration)
    except RequestError as refusal:
        hint = "audiences, client ids and addresses of a relying party are those of nobody else"
        raise Failure(refusal.detail, hint=hint, exit_code=Exit.REFUSED) from None
