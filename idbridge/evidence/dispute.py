"""Bundles: all that a decision rests on in one text, so that whoever doubts it can make it again, anywhere, offline.

Decides whether a text is a bundle; ``dispute_replay`` makes the decision again. A bundle holds the decision, what it
rests on (trust material, status material, registration, request, instant, one-time outcome, version), the receipt, and
the credential unless the caller keeps it apart. The caller makes it of what is the caller's own; no node keeps any of
it but trust material and status material. Clauses: interface page (``decision``, replay); architecture section 4, D8.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from idbridge.codec import jcs, strict_json
from idbridge.errors import ConfigurationError, InputError, TrustError
from idbridge.evidence.dispute_material import StatusMaterial, parse_status
from idbridge.evidence.dispute_request import (
    Brought,
    Circumstances,
    body_without,
    parse_circumstances,
    parse_registration,
    registration_document,
)
from idbridge.limits import LIMITS
from idbridge.model.request import RelyingParty
from idbridge.model.time import instant_text
from idbridge.trust import members, portable
from idbridge.trust.portable import TrustMaterial, read_files, written_files

SCHEMA: Final = "idbridge-dispute-1"
_MEMBERS: Final = frozenset({
    "schema", "report_id", "verifier_version", "evaluated_at", "one_time", "delivery", "relying_party", "request",
    "circumstances", "credential", "userinfo", "trust", "status", "types", "decision", "receipt", "assertion",
})  # fmt: skip
_DELIVERY: Final = frozenset({"code", "note"})


class DisputeError(ConfigurationError):
    """A bundle that is none, or of which the decision cannot be made again."""


class OneTime(StrEnum):
    """Whether the one-time values of a credential had been spent before: an input that only the node had."""

    FRESH = "fresh"
    SPENT = "spent"


@dataclass(frozen=True, slots=True)
class Undelivered:
    """Why the assertion that was asked for could not be made: an input that only the node had."""

    code: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Bundle:
    """What a decision rests on, and what came of it.

    ``decision`` are its octets. ``brought`` is ``None`` where the caller keeps the credential apart. ``types`` are
    documents of types of SD-JWT VCs. ``receipt`` is the text of the receipt, ``assertion`` that of the assertion.
    """

    report_id: str
    verifier_version: str
    evaluated_at: datetime
    relying_party: RelyingParty
    request: Mapping[str, Any] = field(repr=False)
    trust: TrustMaterial
    status: StatusMaterial
    decision: bytes = field(repr=False)
    one_time: OneTime = OneTime.FRESH
    delivery: Undelivered | None = None
    circumstances: Circumstances = field(default_factory=Circumstances)
    brought: Brought | None = None
    types: tuple[bytes, ...] = field(default=(), repr=False)
    receipt: str | None = field(default=None, repr=False)
    assertion: str | None = field(default=None, repr=False)

    def decided(self) -> dict[str, Any]:
        """Return the decision as JSON values.

        Raises:
            DisputeError: It is none, or no canonical text.
        """
        try:
            said = strict_json.parse_object(self.decision, max_bytes=LIMITS.dispute_decision_bytes)
            if jcs.canonicalize(said) == self.decision:
                return said
        except InputError as refusal:
            raise DisputeError("the decision in the bundle cannot be read") from refusal
        raise DisputeError("the decision in the bundle is not in its canonical form")

    def without_credential(self) -> "Bundle":
        """Return the bundle without what the caller keeps apart."""
        return replace(self, brought=None)

    def with_decision(self, decision: bytes) -> "Bundle":
        """Return the bundle with what came of it."""
        return replace(self, decision=decision)

    def octets(self) -> bytes:
        """Return the bundle as it travels (RFC 8785)."""
        brought = self.brought
        return jcs.canonicalize({
            "schema": SCHEMA,
            "report_id": self.report_id,
            "verifier_version": self.verifier_version,
            "evaluated_at": instant_text(self.evaluated_at),
            "one_time": self.one_time.value,
            "delivery": None if self.delivery is None else {"code": self.delivery.code, "note": self.delivery.note},
            "relying_party": registration_document(self.relying_party),
            "request": dict(self.request),
            "circumstances": self.circumstances.document(),
            "credential": None if brought is None else brought.credential,
            "userinfo": None if brought is None else brought.userinfo,
            "trust": self.trust.document(),
            "status": self.status.document(),
            "types": written_files({f"{number:04}": octets for number, octets in enumerate(self.types)}),
            "decision": self.decision.decode(),
            "receipt": self.receipt,
            "assertion": self.assertion,
        })  # fmt: skip


def parse(octets: bytes) -> Bundle:
    """Return the bundle that ``octets`` are; nothing of it is verified.

    Raises:
        DisputeError: They are none.
    """
    try:
        read = members.table(
            strict_json.parse(octets, max_bytes=LIMITS.dispute_bytes), required=_MEMBERS, where="the bundle"
        )
        if read["schema"] != SCHEMA:
            raise DisputeError("a bundle of another schema")
        return _bundle(read)
    except (ConfigurationError, InputError, TrustError, TypeError, ValueError) as damaged:
        raise DisputeError(f"this is no bundle: {damaged}") from damaged


def _bundle(read: Mapping[str, Any]) -> Bundle:
    types = read_files(read["types"], most=LIMITS.type_documents)
    return Bundle(
        report_id=members.text(read["report_id"], where="report_id"),
        verifier_version=members.text(read["verifier_version"], where="verifier_version"),
        evaluated_at=members.instant(read["evaluated_at"], where="evaluated_at"),
        relying_party=parse_registration(read["relying_party"]),
        request=MappingProxyType(body_without(members.table(
            read["request"], required=frozenset(read["request"]), where="request"
        ))),
        trust=portable.parse(read["trust"]),
        status=parse_status(read["status"]),
        decision=_text(read["decision"]).encode(),
        one_time=members.word(read["one_time"], OneTime, where="one_time"),
        delivery=_undelivered(read["delivery"]),
        circumstances=parse_circumstances(read["circumstances"]),
        brought=_brought(read["credential"], read["userinfo"]),
        types=tuple(types[name] for name in sorted(types)),
        receipt=_text_or_none(read["receipt"]),
        assertion=_text_or_none(read["assertion"]),
    )  # fmt: skip


def _undelivered(value: Any) -> Undelivered | None:
    if value is None:
        return None
    read = members.table(value, required=_DELIVERY, where="delivery")
    return Undelivered(_text(read["code"]), _text(read["note"]))


def _brought(credential: Any, userinfo: Any) -> Brought | None:
    if credential is None and userinfo is None:
        return None
    return Brought(_text(credential), _text_or_none(userinfo))


def _text(value: Any) -> str:
    if type(value) is not str:
        raise TypeError("a text is missing")
    return value


def _text_or_none(value: Any) -> str | None:
    return None if value is None else _text(value)
