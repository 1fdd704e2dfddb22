"""What a gateway says that it is: title and version of its own contract, ``/openapi.json``. Where it is, is no name."""

from typing import Final

from idbridge.conformance.declaration import NOT_TOLD
from idbridge.conformance.targets.gateway.wire import GatewayWire
from idbridge.conformance.targets.idp.wire import NoVerdictError
from idbridge.limits import LIMITS

CONTRACT: Final = "/openapi.json"
NOBODY: Final = "gateway"
_CHARACTERS: Final = 100


def told_name(wire: GatewayWire) -> tuple[str, str]:
    """Return name and version of the gateway behind ``wire``; that it does not tell them is no fault of it."""
    try:
        reply = wire.send("GET", CONTRACT)
    except NoVerdictError:
        return NOBODY, NOT_TOLD
    said = reply.document(max_depth=LIMITS.conformance_contract_depth).get("info")
    about = said if isinstance(said, dict) else {}
    return _word(about.get("title"), NOBODY), _word(about.get("version"), NOT_TOLD)


def _word(told: object, otherwise: str) -> str:
    return told if isinstance(told, str) and 0 < len(told) <= _CHARACTERS else otherwise
