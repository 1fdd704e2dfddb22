"""Cases about status lists and key sets: what a state took back, what it does not say, and what may not say it.

Clauses: Token Status List sections 6 to 8; Bitstring Status List v1.0 section 3.2; OpenID Connect Core 1.0 section
10.1.1.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from idbridge.model.region import Format, MemberState
from idbridge.sandbox.case import Kind
from idbridge.sandbox.entry import Entry, accepted
from idbridge.sandbox.logins import Login
from idbridge.sandbox.presentations import Presentation
from idbridge.sandbox.status_offers import KeySetOffer, StatusListOffer
from idbridge.sandbox.statuses import (
    ENTRIES,
    GOOD,
    LATER,
    OWN_VALUE,
    REVOKED,
    SG,
    SUSPENDED,
    TH,
    TOKENS,
    reference,
    w3c_reference,
)
from idbridge.sandbox.trial import Trial
from idbridge.sandbox.trial import accepted as tried

_SOURCE: Final = Presentation("sg-pid", "sg-tan", payload={"status": reference(GOOD)})
_BANK: Final = "th-bank"
_PURPOSE: Final = "account-opening"
IN_FORCE: Final = accepted(
    "sg-pid-in-force",
    "A wallet identity of Singapore whose status list calls it good",
    why="Singapore lists who keeps the list, the list is current and signed, and the entry says valid.",
    to=_BANK,
    purpose=_PURPOSE,
    source=_SOURCE,
)
ABROAD: Final = accepted(
    "th-pid-in-force",
    "A wallet identity of Thailand whose status list calls it good",
    why="Each state keeps its own list.",
    to="sg-bank",
    purpose=_PURPOSE,
    source=Presentation("th-pid", "th-thanaporn", payload={"status": reference(GOOD, f"{TH}/{TOKENS}")}),
)
W3C: Final = accepted(
    "sg-pid-in-force-by-bitstring",
    "A wallet identity of Singapore that a W3C bitstring calls good",
    why="The list is as long as it has to be, for the purpose that the entry names, and the bit is not set.",
    to=_BANK,
    purpose=_PURPOSE,
    source=Presentation("sg-pid", "sg-tan", payload={"status": w3c_reference(GOOD)}),
)


BY_W3C_MEMBER: Final = accepted(
    "sg-pid-in-force-by-credential-status",
    "A wallet identity that says where its status is as W3C credentials do",
    why="The member of another standard is followed as there, because no issuer means anything else by it.",
    to=_BANK,
    purpose=_PURPOSE,
    source=Presentation("sg-pid", "sg-tan", payload={"credentialStatus": w3c_reference(GOOD)}),
)
LOGIN: Final = accepted(
    "sg-login-in-force",
    "A login of Singapore that names two places for its status, both of which call it good",
    why="Each of them is followed.",
    to=_BANK,
    purpose=_PURPOSE,
    source=Login("sg-login", "sg-tan", token={"status": [reference(GOOD)], "credentialStatus": w3c_reference(GOOD)}),
)
WORD: Final = accepted(
    "sg-login-with-a-status-of-its-own",
    "A login whose provider calls a word of its own `status`",
    why="There is no object in it, so it refers to no list.",
    to=_BANK,
    purpose=_PURPOSE,
    source=Login("sg-login", "sg-tan", token={"status": "resident"}),
)


def entries() -> Iterator[Entry]:
    """Yield the cases about what a status list says of a credential."""
    yield from (IN_FORCE, ABROAD, W3C, BY_W3C_MEMBER, LOGIN, WORD)
    yield from _said()
    yield from _said_elsewhere()
    yield from _named_twice()
    yield from _not_said()


def _said() -> Iterator[Entry]:
    yield IN_FORCE.refused(
        "sg-pid-revoked",
        "status.revoked",
        "A wallet identity that Singapore cancelled",
        why="It is genuine and not expired; the state took it back all the same.",
        payload={"status": reference(REVOKED)},
    )
    yield ABROAD.refused(
        "th-pid-revoked",
        "status.revoked",
        "A wallet identity that Thailand cancelled",
        why="A relying party in another state learns of it as soon as one at home.",
        payload={"status": reference(REVOKED, f"{TH}/{TOKENS}")},
    )
    yield W3C.refused(
        "sg-pid-revoked-by-bitstring",
        "status.revoked",
        "A wallet identity that a W3C bitstring calls revoked",
        why="One bit of a hundred thousand is set, and it is this one's.",
        payload={"status": w3c_reference(REVOKED)},
    )
    yield IN_FORCE.refused(
        "sg-pid-suspended",
        "status.suspended",
        "A wallet identity that Singapore suspended",
        why="It may become good again; today it is not.",
        payload={"status": reference(SUSPENDED)},
    )
    yield IN_FORCE.refused(
        "sg-pid-status-of-its-own",
        "status.reserved_value",
        "A wallet identity with a status that only its provider understands",
        why="What is not called valid is not valid, whatever else it may mean at home.",
        payload={"status": reference(OWN_VALUE)},
    )


def _said_elsewhere() -> Iterator[Entry]:
    both = {"status": [reference(GOOD)], "credentialStatus": w3c_reference(GOOD)}
    yield BY_W3C_MEMBER.refused(
        "sg-pid-revoked-by-credential-status",
        "status.revoked",
        "A wallet identity that is revoked by the list in its W3C member",
        why="Where it says so does not matter; it was taken back.",
        payload={"credentialStatus": w3c_reference(REVOKED)},
    )
    yield BY_W3C_MEMBER.refused(
        "sg-pid-credential-status-of-unknown-kind",
        "status.unavailable",
        "A wallet identity whose W3C member names a kind of status that nobody reads here",
        why="It may have been cancelled, and nobody can tell.",
        payload={"credentialStatus": {"type": "SampleStatus2019"}},
    )
    yield LOGIN.refused(
        "sg-login-revoked-in-a-list-of-statuses",
        "status.revoked",
        "A login that says in an array where its status is, and is revoked there",
        why="An array is no word of the provider: there is a reference in it.",
        token=both | {"status": [reference(REVOKED)]},
    )
    yield LOGIN.refused(
        "sg-login-revoked-by-credential-status",
        "status.revoked",
        "A login that one of its two places calls revoked, and the other good",
        why="The good one does not undo the other.",
        token=both | {"credentialStatus": w3c_reference(REVOKED)},
    )
    yield WORD.refused(
        "sg-login-status-of-unknown-kind",
        "status.unavailable",
        "A login that says in an array that its status is kept in a way which nobody reads here",
        why="It may have been taken back.",
        token={"status": [{"status_assertion": {"credential_hash_alg": "sha-256"}}]},
    )


def _named_twice() -> Iterator[Entry]:
    yield IN_FORCE.refused(
        "sg-pid-revoked-and-good-by-bitstring",
        "status.revoked",
        "A wallet identity that one list calls revoked, and that names a good bitstring beside it",
        why="Whoever names two places means both; the good one does not undo the other.",
        payload={"status": {**reference(REVOKED), "credentialStatus": w3c_reference(GOOD)}},
    )
    yield IN_FORCE.refused(
        "sg-pid-revoked-and-asserted",
        "status.revoked",
        "A wallet identity that is revoked, and that names a second place which is not read here",
        why="What is known is said, whatever else is not known.",
        payload={"status": {**reference(REVOKED), "status_assertion": {"credential_hash_alg": "sha-256"}}},
    )
    yield IN_FORCE.refused(
        "sg-pid-in-force-and-asserted",
        "status.unavailable",
        "A wallet identity that one list calls good, and that names a second place which is not read here",
        why="The second place could say that it is revoked.",
        payload={"status": {**reference(GOOD), "status_assertion": {"credential_hash_alg": "sha-256"}}},
    )


def _not_said() -> Iterator[Entry]:
    yield IN_FORCE.refused(
        "sg-pid-status-unreachable",
        "status.unavailable",
        "A wallet identity whose status list nobody could fetch",
        why="No word is not a good word, and not a bad one either.",
        payload={"status": reference(GOOD, f"{SG}/{LATER}")},
    )
    yield IN_FORCE.refused(
        "sg-pid-status-at-an-unlisted-address",
        "status.unavailable",
        "A wallet identity that names a status list which Singapore does not list",
        why="Whoever makes up a credential could make up its status list, so no node fetches from there.",
        payload={"status": reference(GOOD, "https://status.sg.example.attacker.example/1")},
    )
    yield IN_FORCE.refused(
        "sg-pid-status-past-the-end",
        "status.index_range",
        "A wallet identity whose place is past the end of the status list",
        why="There is no entry that could call it good.",
        payload={"status": reference(ENTRIES)},
    )
    yield IN_FORCE.refused(
        "sg-pid-status-in-the-list-of-thailand",
        "status.signer_unauthorised",
        "A wallet identity of Singapore that names the status list of Thailand",
        why="A state speaks for itself: that Thailand knows of no fault says nothing.",
        payload={"status": reference(GOOD, f"{TH}/{TOKENS}")},
    )
    yield IN_FORCE.refused(
        "sg-pid-status-reference-broken",
        "status.reference_invalid",
        "A wallet identity that names the place before the first",
        why="An index that is none could be read as any.",
        payload={"status": reference(-1)},
    )
    yield W3C.refused(
        "sg-pid-status-for-another-purpose",
        "status.list_invalid",
        "A wallet identity that asks a list of the revoked whether it is suspended",
        why="That it is not revoked does not say that it is not suspended.",
        payload={"status": w3c_reference(GOOD, purpose="suspension")},
    )


OFFERED: Final = tried(
    "status-list-offered",
    "A newer status list of Singapore, and a wallet identity that it calls good",
    why="The listed service signed it for this very address, an hour ago.",
    state=MemberState.SG,
    attempt=StatusListOffer(_SOURCE, _BANK, _PURPOSE),
    kind=Kind.TRUST,
    form=Format.SD_JWT_VC,
)
KEY_SET: Final = tried(
    "login-under-a-published-key",
    "A login under a new key that the provider published where its state says",
    why="Singapore lists the address of the key set; the key was fetched from there ahead of time.",
    state=MemberState.SG,
    attempt=KeySetOffer(_BANK, _PURPOSE),
    kind=Kind.TRUST,
    form=Format.ID_TOKEN,
)


def trials() -> Iterator[Trial]:
    """Yield the cases about lists and key sets as they are offered."""
    yield OFFERED
    yield OFFERED.refused(
        "status-list-altered",
        "status.list_invalid",
        "A status list that somebody changed on the way",
        why="Whoever could change an entry could bring a stolen identity back.",
        altered=True,
    )
    yield OFFERED.refused(
        "status-list-out-of-date",
        "status.list_stale",
        "A status list that has expired",
        why="Who holds the newer one back hides what it revokes.",
        age=timedelta(days=3),
    )
    yield OFFERED.refused(
        "status-list-rolled-back",
        "status.list_rollback",
        "An older status list, still in date",
        why="It was genuine once, and does not know what was revoked since.",
        age=timedelta(hours=3),
    )
    yield OFFERED.refused(
        "status-list-signed-by-the-issuer",
        "status.signer_unauthorised",
        "A status list that the login service of Singapore signed",
        why="A key that is listed for one thing signs nothing else.",
        signed_by="sg-login",
    )
    yield KEY_SET
    yield KEY_SET.refused(
        "login-under-a-key-that-left-the-set",
        "jose.kid_unknown",
        "A login under a key that the provider no longer publishes",
        why="A provider takes a key out of its set to end it, and a verification never asks again.",
        published=False,
    )
    yield KEY_SET.refused(
        "login-under-a-key-set-of-the-day-before",
        "jose.kid_unknown",
        "A login under a key of a set that could not be reached for more than a day",
        why="The key may have been taken out of the set since.",
        fetched=timedelta(hours=25),
    )
    yield KEY_SET.refused(
        "key-set-with-a-private-key",
        "status.key_set_invalid",
        "A key set that gives a private key away",
        why="Whatever it signs from now on, anybody could have signed.",
        private=True,
    )
