"""The switches of a pretend provider: faults by name, and the two steps of a new key.

For callers on this machine only. A request that a browser sends on behalf of some page (it carries ``Origin``, or a
``Host`` that is not this machine) finds nothing here: no page may break a provider.
"""

from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from idbridge.net.addresses import parse
from idbridge.oidc.errors import OAuthError
from idbridge.sandbox.idp.desk import Desk
from idbridge.sandbox.idp.web import Answer, WebRequest, json_answer

PREFIX: Final = "/sandbox/"
_FAULTS: Final = "/sandbox/faults"
_FORWARDED: Final = ("origin", "forwarded", "x-forwarded-for", "x-forwarded-proto", "sec-fetch-site")


def switched(desk: Desk, request: WebRequest, *, at: datetime) -> Answer:  # noqa: ARG001 - as every endpoint
    """Return what a switch does.

    Raises:
        OAuthError: ``invalid_request``: there is no such switch, it cannot be turned now, or not by this caller.
    """
    _refuse_strangers(request)
    path = request.path
    if request.method == "GET" and path == _FAULTS:
        return json_answer(desk.faults.document())
    if request.method == "POST" and path.startswith(f"{_FAULTS}/"):
        desk.faults.switch(path.removeprefix(f"{_FAULTS}/"), on=request.query != b"on=false")
        return json_answer(desk.faults.document())
    if request.method == "POST" and path == "/sandbox/keys/publish":
        return json_answer({"published": desk.keys.publish()})
    if request.method == "POST" and path == "/sandbox/keys/use":
        return json_answer({"in_use": desk.keys.use()})
    raise nothing_here()


def nothing_here() -> OAuthError:
    """Return the answer at an address where nothing is."""
    return OAuthError("invalid_request", "there is nothing at this address", cause="input.not_found", status=404)


def _refuse_strangers(request: WebRequest) -> None:
    forwarded = any(request.fields(name) for name in _FORWARDED)
    if forwarded or not (_is_here(request.caller) and _is_here(_host(request))):
        raise nothing_here()


def _host(request: WebRequest) -> str:
    try:
        return urlsplit(f"//{request.only('host') or ''}").hostname or ""
    except ValueError:
        return ""


def _is_here(host: str) -> bool:
    address = parse(host)
    return host == "localhost" or (address is not None and address.is_loopback)
