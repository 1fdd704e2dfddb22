"""Answers: which credential was sent for which query? Step V2 for what a wallet answered.

A vp_token is a JSON object: for each id of a credential query the presentations that answer it (OpenID4VP 1.0, section
8.1). Each is opened by the envelope, in the format that its query names. Decides by the ids alone and believes nothing;
that every answer matches, ``fulfilment`` says once it is verified. A credential on its own answers a query for one.
"""

from typing import Any, Final, NamedTuple

from idbridge.codec import strict_json
from idbridge.credential.checklists import early_check
from idbridge.credential.envelope import open_credential
from idbridge.credential.protocol import Reading
from idbridge.errors import InputError, Refusal
from idbridge.limits import LIMITS
from idbridge.model.check import CheckPoint, Refused, Step
from idbridge.model.credential import UnverifiedCredential
from idbridge.model.query import CredentialQuery
from idbridge.model.region import Format
from idbridge.model.request import VerifyRequest

TOKEN: Final = CheckPoint("vp.1", Step.V2, "OpenID4VP 1.0 section 8.1")

_FORMATS: Final = {one.value: one for one in Format}
_OBJECT: Final = "{"


class Answer(NamedTuple):
    """One presentation taken apart, and the credential query that it was sent for, if there was one."""

    query: CredentialQuery | None
    credentials: tuple[UnverifiedCredential, ...]

    def __repr__(self) -> str:
        """Name the type alone: a ``repr`` ends in logs, and what this holds is about a person."""
        return f"{type(self).__name__}(...)"


def open_answers(request: VerifyRequest, reading: Reading) -> tuple[Answer, ...]:
    """Return what was sent, taken apart, in the order of the query.

    Raises:
        InputError: ``input.*``: as for ``open_credential``; a vp_token that is none, or past a bound.
        Refused: ``query.missing``, ``query.id_unknown``, ``query.multiple_not_allowed``, ``query.format_mismatch``.
        Refusal, Refused: The format's own rules; the latter under their number where the format is known.
    """
    text, query = request.credential, request.query
    if not is_vp_token(request):
        asked = query.credentials[0] if query is not None else None
        if query is not None and len(query.credentials) > 1:
            raise InputError("input.format_mismatch", "the query asks for several credentials, and this is one alone")
        return (Answer(asked, _taken_apart(text, request.format, asked, reading)),)
    if query is None:
        raise Refused(TOKEN.refused("query.missing"))
    sent = _vp_token(text)
    if not sent.keys() <= query.by_id.keys():
        raise Refused(TOKEN.refused("query.id_unknown"))
    return tuple(
        Answer(asked, _opened(one, asked, reading))
        for asked in query.credentials
        for one in _presentations(sent.get(asked.id, ()), asked)
    )


def is_vp_token(request: VerifyRequest) -> bool:
    """Tell whether this is a vp_token: by its name, beside a query, or by its shape where neither is there.

    Raises:
        InputError: ``input.format_mismatch``: it is named so, and is none.
    """
    if request.credential[:1] != _OBJECT:
        if request.format is Format.VP_TOKEN:
            raise InputError("input.format_mismatch", "a vp_token is a JSON object")
        return False
    if request.format is not None or request.query is not None:
        return request.format in (None, Format.VP_TOKEN)
    try:
        return bool(_vp_token(request.credential))
    except InputError:
        return False


def _vp_token(text: str) -> dict[str, list[Any]]:
    """Return the lists of a vp_token, each of at least one presentation."""
    members = strict_json.parse_object(text, max_bytes=LIMITS.vp_token_bytes)
    if not members or not all(type(value) is list and value for value in members.values()):
        raise InputError("input.malformed", "a vp_token has lists of at least one presentation")
    if sum(map(len, members.values())) > LIMITS.presentations:
        raise InputError("input.too_large", f"more than {LIMITS.presentations} presentations")
    return members


def _presentations(sent: Any, asked: CredentialQuery) -> Any:
    if len(sent) > 1 and not asked.multiple:
        raise Refused(TOKEN.refused("query.multiple_not_allowed", f"`{asked.id}` asks for one"))
    return sent


def _opened(presentation: Any, asked: CredentialQuery, reading: Reading) -> tuple[UnverifiedCredential, ...]:
    """Return one presentation taken apart, which has to be in the format that its query names."""
    declared = _FORMATS.get(asked.format)
    if not isinstance(presentation, str) or declared is None:
        raise InputError("input.format_unsupported", "a presentation of a format that is not served here")
    try:
        return _taken_apart(presentation, declared, asked, reading)
    except InputError as refusal:
        if refusal.code == "input.format_mismatch":
            raise Refused(TOKEN.refused("query.format_mismatch", f"`{asked.id}` asks for another format")) from None
        raise


def _taken_apart(
    text: str, declared: Format | None, asked: CredentialQuery | None, reading: Reading
) -> tuple[UnverifiedCredential, ...]:
    """Return ``text`` taken apart; a refusal is told under the checklist of its format, where request or text tell it.

    Raises:
        Refusal: As for ``open_credential``.
        Refused: The same, where the format's checklist has a number for it.
    """
    try:
        return open_credential(text, declared, reading)
    except Refusal as refusal:
        named = declared if declared is not None or asked is None else _FORMATS.get(asked.format)
        point = early_check(text, named, refusal.code, reading)
        if point is None:
            raise
        raise Refused(point.refused(refusal.code)) from refusal
