"""Cases about what an ID token says: times, audiences, nonce, subject, level.

Clause: OpenID Connect Core 1.0 sections 2 and 3.1.3.7.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from idbridge.limits import LIMITS
from idbridge.sandbox.cases import logins
from idbridge.sandbox.edits import ABSENT, After
from idbridge.sandbox.entry import Entry
from idbridge.sandbox.providers import ID_TOKEN_LIFE
from idbridge.sandbox.recipe import Nonce

_HOUR: Final = 3_600


def entries() -> Iterator[Entry]:
    """Yield the cases about the claims of an ID token."""
    yield from _times()
    yield from _audiences()
    yield from _members()
    yield from _levels()


def _times() -> Iterator[Entry]:
    yield logins.SG.refused(
        "id-token-expired",
        "time.expired",
        "A token that expired two minutes ago",
        why="A minute of leeway is listed, and not more.",
        ago=ID_TOKEN_LIFE + timedelta(minutes=2),
    )
    yield logins.BN.refused(
        "id-token-not-yet-valid",
        "time.not_yet_valid",
        "A token of Brunei that is good from in five minutes",
        why="`nbf` may be left out, and counts where it stands.",
        token={"nbf": After(300)},
    )
    yield logins.SG.refused(
        "id-token-from-the-future",
        "time.issued_in_future",
        "A token issued in five minutes",
        why="Nobody signs in the future; a clock that far off is broken or forged.",
        token={"iat": After(300)},
    )
    yield logins.ID_CLOCK.refused(
        "id-login-clock-too-far-ahead",
        "time.issued_in_future",
        "An Indonesian office whose clock is four minutes ahead",
        why="The listed leeway of three minutes ends after three minutes.",
        token={"iat": After(240)},
    )
    yield logins.SG.refused(
        "id-token-without-expiry",
        "time.claim_missing",
        "A token that never ends",
        why="Without `exp` it would be good for ever.",
        token={"exp": ABSENT},
    )
    yield logins.PH.refused(
        "id-token-expiry-as-text",
        "time.claim_malformed",
        "A token of the Philippines whose expiry is a text",
        why="A time is a number of seconds; a text compares as anything.",
        token={"exp": "2099-01-01"},
    )
    yield logins.SG.refused(
        "id-token-too-old",
        "time.too_old",
        "A token that is still valid and was made two days ago",
        why="A login is evidence of a moment; a provider's generous expiry does not make it last.",
        token={"iat": After(-48 * _HOUR)},
    )


def _audiences() -> Iterator[Entry]:
    yield logins.SG.refused(
        "id-token-of-another-client",
        "oidc.audience_mismatch",
        "A token that was issued to another bank",
        why="Who receives a token may not use it elsewhere.",
        client_of="vn-trade",
    )
    yield logins.TH_BROKER.refused(
        "id-token-for-nobody",
        "oidc.audience_missing",
        "A Thai token without an audience",
        why="A token for nobody is a token for everybody.",
        token={"aud": ABSENT},
    )
    yield logins.KH.refused(
        "id-token-for-another-party",
        "oidc.authorized_party_mismatch",
        "A Cambodian token whose authorised party is somebody else",
        why="`azp` names the client that may use it.",
        token={"azp": "another-client"},
    )
    yield logins.SG.refused(
        "id-token-of-another-login",
        "oidc.nonce_mismatch",
        "A token that answers another nonce",
        why="It is genuine, and from another login: a replay or an injection.",
        nonce=Nonce.ANOTHER,
    )
    yield logins.ID.refused(
        "id-token-without-nonce",
        "oidc.nonce_mismatch",
        "An Indonesian token that answers no nonce",
        why="Asked for one, a provider returns it; who leaves it out did not take part in this login.",
        token={"nonce": ABSENT},
    )


def _members() -> Iterator[Entry]:
    yield logins.SG.refused(
        "logout-token-as-id-token",
        "oidc.token_confusion",
        "A logout token in place of an ID token",
        why="The same key signs it, and it proves that somebody left.",
        token={"events": {"http://schemas.openid.net/event/backchannel-logout": {}}},
    )
    yield logins.MY.refused(
        "id-token-somebody-else-acts",
        "oidc.token_confusion",
        "A Malaysian token under which somebody else acts",
        why="Its subject did not log in: an agent did, and the list does not say how to read of it.",
        token={"act": {"sub": "an-agent"}},
    )
    yield logins.PH.refused(
        "id-token-without-subject",
        "oidc.subject_invalid",
        "A token of the Philippines about nobody",
        why="Without a subject there is nobody to recognise.",
        token={"sub": ABSENT},
    )
    yield logins.VN.refused(
        "id-token-subject-too-long",
        "oidc.subject_invalid",
        "A Vietnamese token whose subject is longer than 255 characters",
        why="The standard bounds it; a longer one would be cut somewhere, and two people become one.",
        token={"sub": "s" * (LIMITS.subject_characters + 1)},
    )
    yield logins.MY.refused(
        "id-token-level-as-number",
        "oidc.claim_malformed",
        "A Malaysian token whose level is a number",
        why="A claim of another type is not read as something similar.",
        token={"acr": 3},
    )


def _levels() -> Iterator[Entry]:
    yield logins.SG.refused(
        "level-unknown",
        "recognition.loa_too_low",
        "A login at a level that Singapore's list does not name",
        why="Unknown is worth the lowest level, never the highest.",
        level="urn:example:sg:loa:9",
    )
    yield logins.SG.refused(
        "level-missing",
        "recognition.loa_too_low",
        "A login that does not say its level",
        why="What is not said is worth nothing.",
        token={"acr": ABSENT},
    )
    yield logins.VN.refused(
        "vn-level-1",
        "recognition.loa_too_low",
        "A level 1 account of Viet Nam",
        why="Thailand's arrangement with Viet Nam begins at level 2.",
        level="1",
    )
    yield logins.ID.refused(
        "id-login-by-pin",
        "recognition.loa_too_low",
        "An Indonesian login by PIN",
        why="Identity proofing at A2 and authentication at A1 make A1: the weaker axis counts.",
        level="pin",
    )
    yield logins.SG.refused(
        "id-token-handed-on",
        "recognition.holder_not_bound",
        "A token that was not asked for: there is no nonce to compare",
        why="Without a nonce anybody who holds the token could show it; an account needs more.",
        nonce=Nonce.NONE,
    )
