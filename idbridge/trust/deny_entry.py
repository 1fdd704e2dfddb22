"""One entry of the deny list: what it says, and the form in which it is written and signed.

Decides whether an entry is in form and which keys signed it; whether these may say so, ``deny`` decides. An entry is a
document like an arrangement (``recognition/signed_document``) of another type. Its ``id`` is the SHA-256 of everything
else that it says: nobody can take an id for another text, and a second signature changes nothing of it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from idbridge.codec import base64url, jcs, strict_json
from idbridge.crypto.signer import Signer
from idbridge.errors import InputError, TrustError
from idbridge.limits import LIMITS
from idbridge.model.denial import DenialReason, DenialTarget, DenyEntry, FollowUp, FollowUpKind, TargetKind
from idbridge.model.keys import PublicKey
from idbridge.model.region import Environment, MemberState, ServiceType
from idbridge.model.time import instant_text
from idbridge.recognition.signed_document import open_signed, sign_with_each
from idbridge.trust import members

TYPE: Final = "idbridge-deny+json"
SCHEMA: Final = "idbridge-deny-1"
DENY: Final = "deny"
_COMMON: Final = frozenset({"schema", "kind", "id", "environment", "issued_at"})
_DENY: Final = _COMMON | {"state", "target", "since", "reason"}
_ABOUT: Final = MappingProxyType({FollowUpKind.RATIFY: "denies", FollowUpKind.LIFT: "lifts"})
_TARGETS: Final = MappingProxyType({
    TargetKind.KEY: frozenset({"kind", "thumbprint"}),
    TargetKind.SERVICE: frozenset({"kind", "issuer", "type"}),
    TargetKind.STATE: frozenset({"kind"}),
})  # fmt: skip

Keys = Mapping[MemberState, tuple[PublicKey, ...]]


@dataclass(frozen=True, slots=True)
class Statement:
    """What an entry says, before anybody asked who may say it. ``signed_with`` are thumbprints, all of known keys."""

    said: DenyEntry | FollowUp
    environment: Environment
    signed_with: frozenset[str]


def invalid(detail: str) -> TrustError:
    """Return the refusal of a deny list or an entry of it."""
    return TrustError("trust.deny_invalid", detail)


def opened(entry: bytes, *, keys: Keys) -> Statement:
    """Return what ``entry`` says and who signed it; ``keys`` are all that a state may sign an entry with.

    Raises:
        TrustError: ``trust.deny_invalid``: another form, an id not its own, or a signature that is not in order.
    """
    try:
        signed = open_signed(entry, typ=TYPE, keys=keys)
        return _statement(signed.payload, octets=entry, signed_with=signed.signed_with)
    except (InputError, TrustError) as broken:
        raise invalid(broken.detail) from broken


def reread(entry: bytes) -> Statement:
    """Return what an entry says that this node accepted before; its signatures were judged then.

    Raises:
        TrustError: ``trust.deny_invalid``: it is in another form.
    """
    try:
        return _statement(_payload(entry), octets=entry, signed_with=frozenset())
    except (InputError, TrustError) as broken:
        raise invalid(broken.detail) from broken


def _payload(entry: bytes) -> dict[str, Any]:
    table = strict_json.parse_object(entry, max_bytes=LIMITS.recognition_document_bytes)
    encoded = members.string(table.get("payload"), where="the payload")
    return strict_json.parse_object(base64url.decode(encoded), max_bytes=LIMITS.recognition_document_bytes)


def _statement(payload: Mapping[str, Any], *, octets: bytes, signed_with: frozenset[str]) -> Statement:
    table = dict(payload)
    kind = table.get("kind")
    said = _denial(table, octets) if kind == DENY else _follow_up(table, octets)
    if table["schema"] != SCHEMA or said.id != entry_id(table):
        raise invalid("an entry is of another schema, or its id is not the digest of what it says")
    return Statement(said, members.word(table["environment"], Environment, where="environment"), signed_with)


def _denial(table: dict[str, Any], octets: bytes) -> DenyEntry:
    read = members.table(table, required=_DENY, where="a denial")
    issued_at = members.instant(read["issued_at"], where="issued_at")
    since = members.instant(read["since"], where="since")
    if since > issued_at + LIMITS.list_issue_skew:
        raise invalid("a denial of damage that has not begun")
    return DenyEntry(
        id=members.text(read["id"], where="id"),
        state=members.word(read["state"], MemberState, where="state"),
        target=_target(read["target"]),
        since=since,
        reason=members.word(read["reason"], DenialReason, where="reason"),
        issued_at=issued_at,
        by=frozenset(),
        octets=octets,
    )


def _target(value: Any) -> DenialTarget:
    if type(value) is not dict:
        raise invalid("the target of a denial is not an object")
    kind = members.word(value.get("kind"), TargetKind, where="the kind of a target")
    read = members.table(value, required=_TARGETS[kind], where="the target of a denial")
    if kind is TargetKind.KEY:
        return key_target(members.text(read["thumbprint"], where="thumbprint"))
    if kind is TargetKind.SERVICE:
        return service_target(
            members.issuer(read["issuer"], where="issuer"), members.word(read["type"], ServiceType, where="type")
        )
    return STATE_TARGET


def _follow_up(table: dict[str, Any], octets: bytes) -> FollowUp:
    kind = members.word(table.get("kind"), FollowUpKind, where="the kind of an entry")
    read = members.table(table, required=_COMMON | {_ABOUT[kind]}, where=f"a {kind}")
    return FollowUp(
        id=members.text(read["id"], where="id"),
        kind=kind,
        about=members.text(read[_ABOUT[kind]], where=_ABOUT[kind]),
        issued_at=members.instant(read["issued_at"], where="issued_at"),
        octets=octets,
    )


# What is written


STATE_TARGET: Final = DenialTarget(TargetKind.STATE)


def key_target(thumbprint: str) -> DenialTarget:
    """Return the target that is the key of this RFC 7638 thumbprint."""
    return DenialTarget(TargetKind.KEY, thumbprint=thumbprint)


def service_target(issuer: str, service_type: ServiceType) -> DenialTarget:
    """Return the target that is every entry of a service, whatever its keys."""
    return DenialTarget(TargetKind.SERVICE, issuer=issuer, service_type=service_type)


def denial_payload(
    state: MemberState,
    target: DenialTarget,
    *,
    environment: Environment,
    since: datetime,
    reason: DenialReason,
    issued_at: datetime,
) -> dict[str, Any]:
    """Return what an entry says that denies ``target`` of ``state``, with its id."""
    return _with_id({
        **_said(DENY, environment, issued_at),
        "state": state.value,
        "target": target.document(),
        "since": instant_text(since.replace(microsecond=0)),
        "reason": reason.value,
    })  # fmt: skip


def follow_up_payload(
    kind: FollowUpKind, about: str, *, environment: Environment, issued_at: datetime
) -> dict[str, Any]:
    """Return what an entry says that ratifies or lifts the denial ``about``, with its id."""
    return _with_id({**_said(kind.value, environment, issued_at), _ABOUT[kind]: about})


def _said(kind: str, environment: Environment, issued_at: datetime) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "kind": kind,
        "environment": environment.value,
        "issued_at": instant_text(issued_at.replace(microsecond=0)),
    }


def _with_id(payload: dict[str, Any]) -> dict[str, Any]:
    return {**payload, "id": entry_id(payload)}


def entry_id(payload: Mapping[str, Any]) -> str:
    """Return the id of an entry: the SHA-256 (hex) of the canonical JSON of everything else that it says."""
    return jcs.digest_hex({name: value for name, value in payload.items() if name != "id"})


def sign_entry(payload: Mapping[str, Any], signers: Mapping[MemberState, Sequence[Signer]]) -> bytes:
    """Return ``payload`` as an entry signed by each of ``signers``; a state may sign with several keys.

    Raises:
        ValueError: Nobody signs.
    """
    each = [(state, signer) for state in sorted(signers) for signer in signers[state]]
    return sign_with_each(payload, each, TYPE)


def merged(entries: Iterable[bytes]) -> bytes:
    """Return one entry with the signatures of all ``entries``, which were signed in different places.

    Raises:
        TrustError: ``trust.deny_invalid``: there is none, or they say different things.
    """
    try:
        tables = [strict_json.parse_object(one, max_bytes=LIMITS.recognition_document_bytes) for one in entries]
        payloads = {members.string(table["payload"], where="the payload") for table in tables}
        made = {jcs.canonicalize(one): one for table in tables for one in table["signatures"]}
    except (InputError, TrustError, KeyError, TypeError) as malformed:
        raise invalid("an entry to be merged is not in form") from malformed
    if len(payloads) != 1:
        raise invalid("entries to be merged say different things, or there is none")
    return jcs.canonicalize({"payload": payloads.pop(), "signatures": [made[one] for one in sorted(made)]})
