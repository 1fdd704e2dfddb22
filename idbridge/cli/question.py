"""The question that ``idbridge verify`` asks: the options of the command, and what a request body brings along.

Whoever sits at this command line is the relying party and its own authority: what the options say is registered. A
request body only says what was expected of the presentation; it can register nothing (architecture D4).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from idbridge.cli.exits import Exit
from idbridge.cli.output import Failure
from idbridge.codec import strict_json
from idbridge.errors import InputError
from idbridge.limits import LIMITS
from idbridge.model.region import AssuranceLevel, Environment, MemberState
from idbridge.model.request import Detail, Expectations, RelyingParty, VerifyRequest

COMMAND_LINE: Final = "command-line"


@dataclass(frozen=True, slots=True)
class Presented:
    """What was presented, and what its request body says was expected of it."""

    credential: str
    nonce: str | None = None
    audience: str | None = None
    entity: tuple[str, str] | None = None
    claims: tuple[str, ...] = ()


def presented(text: str) -> Presented:
    """Return the credential that ``text`` is, or the one in the request body that it is.

    Raises:
        Failure: It is a JSON object and no request body.
    """
    if not text.startswith("{"):
        return Presented(text)
    try:
        members = strict_json.parse_object(text, max_bytes=LIMITS.body_bytes)
    except InputError as error:
        raise Failure(f"the request body cannot be read: {error}", exit_code=Exit.REFUSED) from None
    credential = members.get("credential")
    if not isinstance(credential, str):
        raise Failure("the request body has no `credential`", exit_code=Exit.REFUSED)
    expected = members.get("expected", {})
    claims = members.get("claims", [])
    if not isinstance(expected, dict) or not isinstance(claims, list):
        raise Failure("the request body does not have the published shape", exit_code=Exit.REFUSED)
    return Presented(
        credential,
        nonce=_text(expected.get("nonce")),
        audience=_text(expected.get("audience")),
        entity=_entity(expected.get("entity")),
        claims=tuple(claim for claim in claims if isinstance(claim, str)),
    )


def asker(
    *,
    state: MemberState,
    environment: Environment,
    purpose: str,
    claims: Iterable[str],
    audiences: Iterable[str],
    clients: Iterable[tuple[str, str]],
) -> RelyingParty:
    """Return the registration that the options amount to."""
    by_issuer: dict[str, frozenset[str]] = {}
    for issuer, client in clients:
        by_issuer[issuer] = by_issuer.get(issuer, frozenset()) | {client}
    return RelyingParty(
        id=COMMAND_LINE,
        name=COMMAND_LINE,
        state=state,
        environment=environment,
        sector=COMMAND_LINE,
        purposes=frozenset({purpose}),
        claims=frozenset(claims),
        audiences=frozenset(audiences),
        clients=MappingProxyType(by_issuer),
    )


def question(
    shown: Presented,
    *,
    relying_party: RelyingParty,
    purpose: str,
    level: AssuranceLevel | None,
    nonce: str | None,
    claims: tuple[str, ...],
    detail: Detail,
) -> VerifyRequest:
    """Return the request: an option counts before what the body says."""
    expected = Expectations(
        nonce=nonce if nonce is not None else shown.nonce,
        audience=shown.audience,
        minimum_level=level,
        entity=shown.entity,
    )
    return VerifyRequest(
        credential=shown.credential,
        relying_party=relying_party,
        purpose=purpose,
        expected=expected,
        claims=claims or shown.claims,
        detail=detail,
    )


def _text(value: Any) -> str | None:
    if value is None or (isinstance(value, str) and value):
        return value
    raise Failure("the request body does not have the published shape", exit_code=Exit.REFUSED)


def _entity(value: Any) -> tuple[str, str] | None:
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise Failure("the request body does not have the published shape", exit_code=Exit.REFUSED)
    scheme, entity = _text(value.get("scheme")), _text(value.get("value"))
    if scheme is None or entity is None:
        raise Failure("the request body does not have the published shape", exit_code=Exit.REFUSED)
    return scheme, entity
