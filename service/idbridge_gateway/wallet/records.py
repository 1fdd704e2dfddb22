"""What is kept of one request to a wallet, in three parts, each sealed under a handle that only its reader has.

*Presentation*: what the relying party sees, under the id that it was given. *Wallet request*: what a wallet is asked,
under the name that stands in the link; it leads to the presentation, and is gone with the answer. *Wallet page*: what a
person sees who has the link, which is nothing about anybody (architecture D9).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from idbridge.crypto.ephemeral import EphemeralKey, kept_ephemeral_key
from idbridge.presentation.dcql import parse_query
from idbridge.presentation.request_object import ResponseMode
from idbridge.presentation.transaction_data import parse_transactions
from idbridge_gateway.stores.documents import Document, read_document, require_texts, require_type
from idbridge_gateway.stores.idempotency import Remembered

# The members of a verification request that an order fixes, but for `expected`, of which it fixes a part.
ORDERED: Final = frozenset({"purpose", "purpose_text", "claims", "dcql", "transaction_data", "detail", "assertion"})
QUESTION: Final = ORDERED | {"expected"}


class Outcome(StrEnum):
    """How a request to a wallet stands. ``ANSWERED`` says that a report is there, and not that it is a good one."""

    PENDING = "pending"
    ANSWERED = "answered"
    REFUSED = "refused"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


def read_outcome(octets: bytes) -> Outcome | None:
    """Return the outcome that is kept as ``octets``; ``None`` for a word that is none here."""
    word = octets.decode("ascii", "replace")
    return Outcome(word) if word in list(Outcome) else None


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


def read_presentation(octets: bytes | None) -> Presentation | None:
    """Return the presentation of which ``Presentation.octets`` made ``octets``; ``None`` for anything else."""
    return read_document(octets, _presentation)


def _presentation(kept: Document) -> Presentation:
    device = kept.text_or_none("device")
    return Presentation(
        owner=kept.text("owner"),
        ends_at=kept.instant("ends_at"),
        link=kept.text("link"),
        outcome=Outcome(kept.text("outcome")),
        device=Device(device) if device is not None else None,
        wallet_error=kept.text_or_none("wallet_error"),
        report=kept.members_or_none("report"),
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

    def document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
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
        }

    def octets(self) -> bytes:
        """Return it as it is sealed."""
        return _octets(self.document())


def read_wallet_request(octets: bytes | None) -> WalletRequest | None:
    """Return the request of which ``WalletRequest.octets`` made ``octets``; ``None`` for anything else."""
    return read_document(octets, _wallet_request)


def _question(members: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the members of a question, each as it is read here when a wallet is asked and when it answers.

    Raises:
        LookupError, TypeError, ValueError, RequestError: One is missing, unknown, or of another shape.
    """
    if not members.keys() <= QUESTION:
        raise ValueError("the question has another member")
    require_texts((members["purpose"], members["purpose_text"], members.get("detail", "")))
    require_texts(require_type(members.get("claims", []), list))
    expected = require_type(members.get("expected", {}), dict)
    require_texts((expected.get("loa", ""),))
    for texts in (expected.get("entity", {}), members.get("assertion", {})):
        require_texts(require_type(texts, dict).values())
    query = parse_query(members["dcql"])
    if "transaction_data" in members:
        parse_transactions(members["transaction_data"], query=query)
    return MappingProxyType(members)


def _wallet_request(kept: Document) -> WalletRequest:
    pem, question = kept.text_or_none("key"), _question(kept.members("question"))
    return WalletRequest(
        presentation=kept.text("presentation"),
        page=kept.text("page"),
        party=kept.text("party"),
        name=kept.text("name"),
        question=question,
        client_id=kept.text("client_id"),
        mode=ResponseMode(kept.text("mode")),
        nonce=kept.text("nonce"),
        state=kept.text("state"),
        ends_at=kept.instant("ends_at"),
        device=Device(kept.text("device")),
        key=kept_ephemeral_key(pem) if pem is not None else None,
        return_uri=kept.text_or_none("return_uri"),
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


def read_wallet_page(octets: bytes | None, *, outcome: Outcome) -> WalletPage | None:
    """Return the page of which ``WalletPage.octets`` made ``octets``; its ``outcome`` is kept apart."""
    page = read_document(octets, _wallet_page)
    return replace(page, outcome=outcome) if page is not None else None


def _wallet_page(kept: Document) -> WalletPage:
    return WalletPage(
        name=kept.text("name"),
        purpose=kept.text("purpose"),
        purpose_text=kept.text("purpose_text"),
        claims=kept.texts("claims"),
        ends_at=kept.instant("ends_at"),
        browser=kept.text_or_none("browser"),
        on_device=kept.text_or_none("on_device"),
        company=kept.text("company"),
    )


@dataclass(frozen=True, slots=True)
class HeldAnswer:
    """An answer that was accepted, and waits for the one who may have it released: the browser that began, or the
    relying party that it goes to.

    ``request`` is what it answers, which a wallet fetched under ``name``. ``earlier`` is how it was judged when it
    came, and ``mark`` what its one-time values were spent by then; the answer itself is kept apart. ``for_party`` tells
    that the browser came back with it already, and that the relying party fetches it.
    """

    request: WalletRequest
    name: str = field(repr=False)
    earlier: Remembered
    mark: bytes = field(repr=False)
    for_party: bool = False

    def octets(self) -> bytes:
        """Return it as it is sealed."""
        return _octets({
            "request": self.request.document(),
            "name": self.name,
            "report_id": self.earlier.report_id,
            "snapshot": self.earlier.snapshot,
            "instant": self.earlier.instant.timestamp(),
            "mark": self.mark.hex(),
            "for_party": self.for_party,
        })  # fmt: skip


def read_held_answer(octets: bytes | None) -> HeldAnswer | None:
    """Return the answer of which ``HeldAnswer.octets`` made ``octets``; ``None`` for anything else."""
    return read_document(octets, _held_answer)


def _held_answer(kept: Document) -> HeldAnswer:
    return HeldAnswer(
        request=kept.nested("request", _wallet_request),
        name=kept.text("name"),
        earlier=Remembered(kept.text("report_id"), kept.text("snapshot"), kept.instant("instant"), accepted=True),
        mark=bytes.fromhex(kept.text("mark")),
        for_party=kept.flag("for_party"),
    )


def _octets(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
