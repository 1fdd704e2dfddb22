"""What is kept of one request to a wallet, in three parts, each sealed under a handle that only its reader has.

*Presentation*: what the relying party sees, under the id that it was given. *Wallet request*: what a wallet is asked,
under the name that stands in the link; it leads to the presentation, and is gone with the answer. *Wallet page*: what a
person sees who has the link, which is nothing about anybody (architecture D9).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from idbridge.crypto.ephemeral import EphemeralKey, kept_ephemeral_key
from idbridge.presentation.request_object import ResponseMode


class Outcome(StrEnum):
    """How a request to a wallet stands. ``ANSWERED`` says that a report is there, and not that it is a good one."""

    PENDING = "pending"
    ANSWERED = "answered"
    REFUSED = "refused"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class Device(StrEnum):
    """Where the wallet is: on the device whose browser began, which came back with the answer, or on another."""

    SAME = "same"
    CROSS = "cross"


@dataclass(frozen=True, slots=True)
class Presentation:
    """What the relying party ``owner`` sees. ``link`` is the name that stands in addresses of wallets and people."""

    owner: str
    ends_at: datetime
    link: str = field(repr=False)
    outcome: Outcome = Outcome.PENDING
    device: Device | None = None
    wallet_error: str | None = None
    report: Mapping[str, Any] | None = field(default=None, repr=False)

    def at(self, instant: datetime) -> Outcome:
        """Return how it stands at ``instant``: what nobody answered in time has expired."""
        late = self.outcome is Outcome.PENDING and instant >= self.ends_at
        return Outcome.EXPIRED if late else self.outcome

    def octets(self) -> bytes:
        """Return it as it is sealed."""
        return _octets({
            "owner": self.owner,
            "ends_at": self.ends_at.timestamp(),
            "link": self.link,
            "outcome": self.outcome,
            "device": self.device,
            "wallet_error": self.wallet_error,
            "report": self.report,
        })  # fmt: skip


def read_presentation(octets: bytes) -> Presentation:
    """Return the presentation of which ``Presentation.octets`` made ``octets``."""
    kept = json.loads(octets)
    device = kept.pop("device")
    return Presentation(
        ends_at=_instant(kept.pop("ends_at")),
        outcome=Outcome(kept.pop("outcome")),
        device=Device(device) if device is not None else None,
        **kept,
    )


@dataclass(frozen=True, slots=True)
class WalletRequest:
    """What a wallet is asked, and where the answer belongs.

    ``question`` are the members of a verification request that the answer will be put into. ``nonce``, ``state`` and
    ``key`` are of this request alone. ``page`` is the name of the page, ``presentation`` the id of the relying party's
    side, and ``device`` tells through which door the wallet comes.
    """

    presentation: str = field(repr=False)
    page: str = field(repr=False)
    party: str
    name: str
    question: Mapping[str, Any] = field(repr=False)
    client_id: str
    mode: ResponseMode
    nonce: str = field(repr=False)
    state: str = field(repr=False)
    ends_at: datetime
    device: Device
    key: EphemeralKey | None = field(default=None, repr=False)
    return_uri: str | None = None

    def octets(self) -> bytes:
        """Return it as it is sealed."""
        return _octets({
            "presentation": self.presentation,
            "page": self.page,
            "party": self.party,
            "name": self.name,
            "question": dict(self.question),
            "client_id": self.client_id,
            "mode": self.mode,
            "nonce": self.nonce,
            "state": self.state,
            "ends_at": self.ends_at.timestamp(),
            "device": self.device,
            "key": self.key.pem if self.key is not None else None,
            "return_uri": self.return_uri,
        })  # fmt: skip


def read_wallet_request(octets: bytes) -> WalletRequest:
    """Return the request of which ``WalletRequest.octets`` made ``octets``."""
    kept = json.loads(octets)
    pem = kept.pop("key")
    return WalletRequest(
        ends_at=_instant(kept.pop("ends_at")),
        device=Device(kept.pop("device")),
        mode=ResponseMode(kept.pop("mode")),
        question=MappingProxyType(kept.pop("question")),
        key=kept_ephemeral_key(pem) if pem is not None else None,
        **kept,
    )


@dataclass(frozen=True, slots=True)
class WalletPage:
    """What a person sees who has the link: who asks, for what, for which claims, until when, and how it stands.

    ``browser`` is the public name of the browser that goes on with a wallet on its own device, and ``on_device`` the
    name of the request for that wallet; both ``None`` until a browser does. ``company`` is the number, after its
    register, of the one for which the person is to act, empty if none is expected.
    """

    name: str
    purpose: str
    purpose_text: str
    claims: tuple[str, ...]
    ends_at: datetime
    outcome: Outcome = Outcome.PENDING
    browser: str | None = None
    on_device: str | None = field(default=None, repr=False)
    company: str = ""

    def octets(self) -> bytes:
        """Return it as it is sealed."""
        return _octets({
            "name": self.name,
            "purpose": self.purpose,
            "purpose_text": self.purpose_text,
            "claims": list(self.claims),
            "ends_at": self.ends_at.timestamp(),
            "browser": self.browser,
            "on_device": self.on_device,
            "company": self.company,
        })  # fmt: skip


def read_wallet_page(octets: bytes, *, outcome: Outcome) -> WalletPage:
    """Return the page of which ``WalletPage.octets`` made ``octets``; its ``outcome`` is kept apart."""
    kept = json.loads(octets)
    return WalletPage(
        ends_at=_instant(kept.pop("ends_at")),
        outcome=outcome,
        claims=tuple(kept.pop("claims")),
        **kept,
    )


@dataclass(frozen=True, slots=True)
class HeldAnswer:
    """A report that waits for the one who may fetch it: the browser that began, or the relying party that it goes to.

    ``presentation`` is the id to which it belongs, ``page`` the name of its page; it ends with the request.
    ``for_party`` tells that the browser came back with it already, and that the relying party fetches it.
    """

    presentation: str = field(repr=False)
    page: str = field(repr=False)
    report: Mapping[str, Any] = field(repr=False)
    ends_at: datetime
    return_uri: str | None = None
    for_party: bool = False

    def octets(self) -> bytes:
        """Return it as it is sealed."""
        return _octets({
            "presentation": self.presentation,
            "page": self.page,
            "report": dict(self.report),
            "ends_at": self.ends_at.timestamp(),
            "return_uri": self.return_uri,
            "for_party": self.for_party,
        })  # fmt: skip


def read_held_answer(octets: bytes) -> HeldAnswer:
    """Return the answer of which ``HeldAnswer.octets`` made ``octets``."""
    kept = json.loads(octets)
    return HeldAnswer(ends_at=_instant(kept.pop("ends_at")), **kept)


def _octets(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
