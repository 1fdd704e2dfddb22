"""Cases about the proof that the sender holds the credential.

Clause: RFC 9901 section 7.3.
"""

from collections.abc import Iterator
from typing import Final

from idbridge.sandbox import forgeries, wallet
from idbridge.sandbox.case import Kind
from idbridge.sandbox.cases import presentations
from idbridge.sandbox.edits import ABSENT, After
from idbridge.sandbox.entry import Entry
from idbridge.sandbox.recipe import Nonce
from idbridge.sandbox.replays import the_same

_YEAR: Final = 365 * 86_400


def entries() -> Iterator[Entry]:
    """Yield the cases about key bindings."""
    yield from _absent()
    yield from _forged()
    yield from _for_another()
    yield from _for_more()
    yield from _stale()
    yield from _cut()


def _absent() -> Iterator[Entry]:
    yield presentations.SG.refused(
        "binding-missing",
        "holder.binding_missing",
        "A wallet identity of Singapore without a key binding",
        why="Singapore's list demands one; whether it is there is not for the sender to decide.",
        bound=False,
    )
    yield presentations.PH_PHOTOCOPY.refused(
        "photocopy-opens-account",
        "recognition.holder_not_bound",
        "A photocopied national identity of the Philippines, for an account",
        why="Good enough for a visit, and anyone with a copy could show it.",
        purpose="account-opening",
    )
    yield presentations.MM_PHOTOCOPY.refused(
        "mm-photocopy-opens-account",
        "recognition.holder_not_bound",
        "A photocopied card of Myanmar at home, for an account",
        why="At home as abroad: the purpose needs the person.",
        purpose="account-opening",
    )
    yield presentations.TH.refused(
        "holder-key-missing",
        "holder.key_missing",
        "A Thai credential that names no holder key",
        why="A key binding under a key that the issuer did not name binds nothing.",
        payload={"cnf": ABSENT},
    )


def _forged() -> Iterator[Entry]:
    th = presentations.TH
    yield th.refused(
        "bound-by-another-wallet",
        "holder.signature_invalid",
        "Kitti shows Thanaporn's credential, bound with his own key",
        why="The issuer named her key.",
        bound_by="th-kitti",
    )
    yield th.refused(
        "binding-not-signed",
        "jose.alg_none",
        "A key binding that is not signed and says so",
        why="Anybody can write one.",
        kb_seal=forgeries.unsecured,
    )
    yield th.refused(
        "binding-altered",
        "holder.signature_invalid",
        "One bit of the key binding's signature is another",
        why="There is no such thing as nearly signed.",
        kb_seal=forgeries.signature_changed,
    )
    yield th.refused(
        "binding-typ",
        "holder.typ_mismatch",
        "A key binding whose `typ` is JWT",
        why="Anything else that the holder's key ever signed could pass for one.",
        kb_header={"typ": "JWT"},
    )
    yield presentations.BN.refused(
        "bn-bound-by-another-wallet",
        "holder.signature_invalid",
        "Hakim shows Salwa's clinic registration, bound with his own key",
        why="The issuer named her key.",
        bound_by="bn-hakim",
    )


def _for_another() -> Iterator[Entry]:
    th = presentations.TH
    yield th.refused(
        "binding-for-another-audience",
        "holder.audience_mismatch",
        "A presentation that was made for a tower in Singapore",
        why="A relying party may not pass on what it was shown.",
        audience_of="sg-tower",
    )
    yield th.refused(
        "binding-for-several-audiences",
        "holder.audience_mismatch",
        "A presentation whose audience is a list",
        why="A presentation is for one relying party.",
        kb_claims={"aud": ["https://sandbox.bank.sg.example", "https://sandbox.tower.sg.example"]},
    )
    yield th.refused(
        "binding-of-another-request",
        "holder.nonce_mismatch",
        "A presentation that answers another nonce",
        why="It is genuine, and from another occasion.",
        nonce=Nonce.ANOTHER,
    )
    yield th.refused(
        "presentation-replayed",
        "holder.replayed",
        "The same presentation a second time",
        why="A nonce counts once.",
        kind=Kind.SEQUENCE,
        before=the_same,
    )
    yield presentations.MY.refused(
        "my-presentation-replayed",
        "holder.replayed",
        "A Malaysian student enrols twice with one presentation",
        why="A nonce counts once.",
        kind=Kind.SEQUENCE,
        before=the_same,
    )


def _for_more() -> Iterator[Entry]:
    yield presentations.TH.refused(
        "binding-approves-a-transaction",
        "holder.transaction_mismatch",
        "A presentation with which Thanaporn also approved a payment",
        why="The relying party asked who she is, and somebody else asked her to pay.",
        kb_claims={"transaction_data_hashes": ["A" * 43], "transaction_data_hashes_alg": "sha-256"},
    )


def _stale() -> Iterator[Entry]:
    th = presentations.TH
    yield th.refused(
        "binding-a-year-old",
        "holder.not_fresh",
        "A key binding from a year ago",
        why="It proves who held the key then.",
        kb_claims={"iat": After(-_YEAR)},
    )
    yield th.refused(
        "binding-a-year-ahead",
        "holder.not_fresh",
        "A key binding from next year",
        why="Made in advance, it could be used by whoever gets hold of it.",
        kb_claims={"iat": After(_YEAR)},
    )
    yield th.refused(
        "binding-without-time",
        "time.claim_missing",
        "A key binding that does not say when it was made",
        why="Without a time it would be fresh for ever.",
        kb_claims={"iat": ABSENT},
    )
    yield th.refused(
        "binding-expired",
        "time.expired",
        "A key binding that says itself that it is over",
        why="An expiry may be left out, and counts where it stands.",
        kb_claims={"exp": After(-120)},
    )


def _cut() -> Iterator[Entry]:
    yield presentations.TH.refused(
        "disclosure-removed-after-binding",
        "holder.sd_hash_mismatch",
        "A disclosure was taken away after the key binding was made",
        why="The binding covers exactly what was to be shown.",
        sleight=wallet.last_disclosure_removed,
    )
    yield presentations.TH.refused(
        "binding-of-another-credential",
        "holder.sd_hash_mismatch",
        "A key binding that was made over something else",
        why="The digest ties it to this presentation.",
        kb_claims={"sd_hash": "A" * 43},
    )
    yield presentations.LA.refused(
        "la-disclosure-removed-after-binding",
        "holder.sd_hash_mismatch",
        "A disclosure was taken away from a Lao card after it was bound",
        why="The binding covers exactly what was to be shown.",
        sleight=wallet.last_disclosure_removed,
    )
