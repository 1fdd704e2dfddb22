"""Denials for tests: who may sign them, and lists of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from idbridge.crypto.keys import parse_jwk, thumbprint
from idbridge.crypto.signer import FileSigner, Signer, generate
from idbridge.errors import TrustError
from idbridge.model.denial import DenialReason, DenialTarget, DenyEntry, FollowUpKind
from idbridge.model.region import Environment, MemberState
from idbridge.trust import deny_list
from idbridge.trust.deny import Authorities, DenyBook, Quorum
from idbridge.trust.deny_entry import denial_payload, follow_up_payload, key_target, reread, sign_entry
from tests.trust.editions import HOUR, KH, LOGIN_KEY, NOON, SG, TH

MY: Final = MemberState.MY
STATES: Final = (SG, TH, KH, MY)
ON_CALL: Final[Mapping[MemberState, FileSigner]] = MappingProxyType({state: generate("ES256") for state in STATES})
ROLE: Final[Mapping[MemberState, tuple[FileSigner, ...]]] = MappingProxyType({
    state: tuple(generate("ES256") for _ in range(3)) for state in STATES
})  # fmt: skip
REGIONAL: Final[Mapping[MemberState, tuple[FileSigner, ...]]] = MappingProxyType({
    state: tuple(generate("ES256") for _ in range(2)) for state in STATES
})  # fmt: skip

ISSUED: Final = NOON - HOUR
LOGIN_TARGET: Final = key_target(thumbprint(LOGIN_KEY.public_jwk))

Signers = Mapping[MemberState, Sequence[Signer]]


def quorum(signers: Mapping[MemberState, Sequence[FileSigner]], threshold: int, *, distinct_states: bool) -> Quorum:
    """The quorum of these keys."""
    keys = {
        thumbprint(one.public_jwk): (parse_jwk(one.public_jwk), state)
        for state, held in signers.items()
        for one in held
    }
    return Quorum(MappingProxyType(keys), threshold, distinct_states)


def authorities(**changes: Any) -> Authorities:
    """Four states with an on-call key each, two of three keys each, and three of four states for the region."""
    values: dict[str, Any] = {
        "on_call": {state: (parse_jwk(signer.public_jwk),) for state, signer in ON_CALL.items()},
        "quorums": {state: quorum({state: ROLE[state]}, 2, distinct_states=False) for state in STATES},
        "region": quorum(REGIONAL, 3, distinct_states=True),
        **changes,
    }
    return Authorities(**values)


def officers(*states: MemberState) -> Signers:
    """The on-call keys of ``states``."""
    return {state: (ON_CALL[state],) for state in states}


def region(*states: MemberState, keys: int = 1) -> Signers:
    """Keys of the regional quorum, ``keys`` of each of ``states``."""
    return {state: REGIONAL[state][:keys] for state in states}


def own(state: MemberState, keys: int = 2) -> Signers:
    """Keys of the role of ``state``."""
    return {state: ROLE[state][:keys]}


def denial(
    by: Signers | None = None,
    *,
    state: MemberState = SG,
    target: DenialTarget = LOGIN_TARGET,
    issued_at: datetime = ISSUED,
    environment: Environment = Environment.SANDBOX,
    **edits: Any,
) -> bytes:
    """A denial of Singapore's login key, by its own on-call key unless told otherwise."""
    payload = denial_payload(
        state,
        target,
        environment=environment,
        since=issued_at - HOUR,
        reason=DenialReason.KEY_COMPROMISE,
        issued_at=issued_at,
    )
    return sign_entry({**payload, **edits}, officers(state) if by is None else by)


def follow_up(
    kind: FollowUpKind, about: bytes, by: Signers, *, issued_at: datetime = NOON, environment: Any = Environment.SANDBOX
) -> bytes:
    """A ratification or a lift of the denial ``about``."""
    return sign_entry(follow_up_payload(kind, id_of(about), environment=environment, issued_at=issued_at), by)


def ratified(about: bytes, by: Signers) -> bytes:
    """A ratification of ``about``."""
    return follow_up(FollowUpKind.RATIFY, about, by)


def lift(about: bytes, by: Signers) -> bytes:
    """A lift of ``about``."""
    return follow_up(FollowUpKind.LIFT, about, by)


def id_of(entry: bytes) -> str:
    """The id of a signed entry."""
    return reread(entry).said.id


def listing(number: int, *entries: bytes, environment: Environment = Environment.SANDBOX) -> bytes:
    """The deny list that holds ``entries``."""
    return deny_list.written(entries, number=number, environment=environment)


def never(_: DenyEntry) -> bool:
    """No list has ended what is denied."""
    return False


def book(*lists: bytes, at: datetime = NOON, onto: DenyBook | None = None, **changes: Any) -> DenyBook:
    """A book that accepted ``lists`` in this order."""
    values: dict[str, Any] = {
        "authorities": authorities(), "environment": Environment.SANDBOX, "at": at, "ended": never, **changes,
    }  # fmt: skip
    held = onto if onto is not None else DenyBook()
    for offered in lists:
        held = held.with_list(offered, **values)
    return held


def code_of(held: DenyBook, offered: bytes, **changes: Any) -> str:
    """The code with which ``offered`` is refused; what is held stays what it was."""
    before = held.document()
    try:
        book(offered, onto=held, **changes)
    except TrustError as refusal:
        assert held.document() == before
        return refusal.code
    return "accepted"
