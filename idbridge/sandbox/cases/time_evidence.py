"""Cases about evidence of time: credentials of issuers that have ended, with a receipt that shows them to be older.

An accepted one stands beside each refused one. Without evidence they are refused as ``issuers`` tells. Clauses: C2SP
tlog-proof and tlog-cosignature; architecture D1.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from idbridge.model.region import Environment
from idbridge.sandbox import receipts
from idbridge.sandbox.edits import ABSENT, After
from idbridge.sandbox.entry import Entry, accepted
from idbridge.sandbox.presentations import Presentation
from idbridge.sandbox.receipts import Receipted
from idbridge.sandbox.recipe import Ask, Source

_ISSUED: Final = {"iat": datetime(2026, 4, 1, tzinfo=UTC)}
_LAST_DAY: Final = datetime(2026, 4, 30, 12, tzinfo=UTC)  # the office was closed on 1 May
_NEXT_DAY: Final = datetime(2026, 5, 1, tzinfo=UTC)
_BEFORE_THE_LEAK: Final = datetime(2025, 2, 28, 12, tzinfo=UTC)  # of 1 March 2025
_TELCO: Final = Ask(claims=("name",))


def _residence(service: str = "kh-residence-2025", **changes: object) -> Source:
    return Presentation(service, "kh-sreymom", payload={**_ISSUED, **changes})


def _accepted(name: str, title: str, *, why: str, source: Source) -> Entry:
    return accepted(name, title, why=why, to="kh-telco", purpose="sim-registration", source=source, ask=_TELCO)


WITHDRAWN: Final = _accepted(
    "evidence-before-withdrawal",
    "A residence attestation of an office that was closed since, with a receipt from the day before",
    why="A log of Singapore shows that it was there, and Thailand's witness confirmed when.",
    source=Receipted(_residence(), seen=_LAST_DAY),
)
AGAIN: Final = _accepted(
    "evidence-of-an-earlier-showing",
    "The same attestation, shown anew, with a receipt of an earlier showing",
    why="The holder proves possession anew each time; what the issuer signed is the same octet for octet.",
    source=Receipted(_residence(), seen=_LAST_DAY, again=True),
)
UNDATED: Final = _accepted(
    "evidence-of-an-undated-credential",
    "An attestation of the closed office that does not say when it was signed, with a receipt",
    why="It cannot be younger than when it was seen.",
    source=Receipted(_residence(iat=ABSENT), seen=_LAST_DAY),
)
OF_A_REFUSAL: Final = _accepted(
    "evidence-of-a-refused-showing",
    "The attestation of the closed office, with a receipt of a showing that was refused",
    why="To have been refused elsewhere, for another purpose, proves no less that it was there.",
    source=Receipted(_residence(), seen=_LAST_DAY, indication="FAILED"),
)
LEAKED: Final = _accepted(
    "evidence-before-compromise",
    "A residence attestation under a key that leaked later, with a receipt from before the leak",
    why="The thief had no key then. What was there before the leak, the office has signed.",
    source=Receipted(_residence("kh-residence-leaked", iat=datetime(2025, 2, 1, tzinfo=UTC)), seen=_BEFORE_THE_LEAK),
)
IN_FORCE: Final = _accepted(
    "evidence-that-nobody-needs",
    "A residence attestation of the office in force, with a receipt that is worth nothing",
    why="Evidence counts where an issuer has ended, and is not looked at elsewhere.",
    source=Receipted(Presentation("kh-residence", "kh-sreymom"), seen=_LAST_DAY, witness="sg-witness"),
)


def entries() -> Iterator[Entry]:
    """Yield the cases about evidence of time."""
    yield from (WITHDRAWN, AGAIN, UNDATED, OF_A_REFUSAL, LEAKED, IN_FORCE)
    yield from _too_late()
    yield from _not_confirmed()
    yield from _about_something_else()
    yield from _broken()


def _too_late() -> Iterator[Entry]:
    yield WITHDRAWN.refused(
        "evidence-at-withdrawal",
        "issuer.withdrawn",
        "The attestation of the closed office, with a receipt from the instant of its closing",
        why="From that instant on nobody can tell it from one that was made afterwards.",
        seen=_NEXT_DAY,
    )
    yield LEAKED.refused(
        "evidence-after-compromise",
        "issuer.compromised",
        "The attestation under the leaked key, with a receipt from after the leak",
        why="That it is old does not make it older than the leak.",
        seen=_LAST_DAY,
    )
    yield UNDATED.refused(
        "evidence-of-a-credential-dated-later",
        "issuer.withdrawn",
        "An attestation that says to be younger than its office was, with a receipt from before",
        why="The receipt does not make good what the attestation says of itself.",
        of=_residence(iat=_NEXT_DAY),
    )


def _not_confirmed() -> Iterator[Entry]:
    yield WITHDRAWN.refused(
        "evidence-confirmed-at-home-only",
        "time.evidence_unwitnessed",
        "The attestation of the closed office, with a receipt that only the log's own state confirmed",
        why="Whoever runs the log could also run its clock.",
        witness="sg-witness",
    )
    yield WITHDRAWN.refused(
        "evidence-confirmed-by-a-stranger",
        "time.evidence_unwitnessed",
        "The attestation of the closed office, with a receipt that a witness confirmed whom no state lists",
        why="Anybody can make a key and name any time.",
        witness_made_in=Environment.LIVE,
    )
    yield WITHDRAWN.refused(
        "evidence-of-tomorrow",
        "time.evidence_unwitnessed",
        "The attestation of the closed office, with a receipt that was confirmed tomorrow",
        why="A witness whose clock runs ahead confirms nothing.",
        seen=After(86_400),
    )


def _about_something_else() -> Iterator[Entry]:
    yield WITHDRAWN.refused(
        "evidence-about-another-credential",
        "time.evidence_mismatch",
        "The attestation of the closed office, with a receipt about another one of the same person",
        why="A receipt is about one credential, octet for octet.",
        about=_residence(iat=datetime(2026, 4, 2, tzinfo=UTC)),
    )
    yield AGAIN.refused(
        "evidence-of-a-showing-of-another-credential",
        "time.evidence_mismatch",
        "The attestation of the closed office, with a receipt of a showing that was of another one",
        why="What was shown then opens the receipt, and is not what is shown now.",
        about=_residence(iat=datetime(2026, 4, 2, tzinfo=UTC)),
    )
    yield WITHDRAWN.refused(
        "evidence-opened-by-another-key",
        "time.evidence_mismatch",
        "The attestation of the closed office, with a receipt whose opening is of another entry",
        why="Without what opens it, an entry of the log is about nobody.",
        opened_by_another=True,
    )
    yield WITHDRAWN.refused(
        "evidence-without-opening",
        "time.evidence_mismatch",
        "The attestation of the closed office, with a receipt that opens nothing",
        why="That something was there is no evidence that this was.",
        spoil=receipts.closed,
    )


def _broken() -> Iterator[Entry]:
    yield WITHDRAWN.refused(
        "evidence-cut-off",
        "time.evidence_malformed",
        "The attestation of the closed office, with a receipt that lacks its last line break",
        why="There is one form of a receipt, so that all who read it read the same.",
        spoil=receipts.cut_off,
    )
    yield WITHDRAWN.refused(
        "evidence-at-another-place",
        "time.evidence_not_included",
        "The attestation of the closed office, with a receipt that moves its entry by one",
        why="The proof leads to the root from one place alone.",
        spoil=receipts.moved,
    )
    yield WITHDRAWN.refused(
        "evidence-that-no-log-signed",
        "time.evidence_unsigned",
        "The attestation of the closed office, with a receipt that its log did not sign",
        why="A tree that anybody could have made is no record.",
        spoil=receipts.unsigned,
    )
    yield WITHDRAWN.refused(
        "evidence-of-the-other-environment",
        "time.evidence_unsigned",
        "The attestation of the closed office, with a receipt of a live log at a node of the sandbox",
        why="What was practised is no evidence, and what is real is not practised with.",
        log_made_in=Environment.LIVE,
    )
