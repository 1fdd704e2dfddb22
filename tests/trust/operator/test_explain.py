"""Why a key or a provider is trusted or not: every name leads to it, and the answer is that of a verification."""

import hashlib
from dataclasses import replace
from datetime import datetime

import pytest

from idbridge.codec import base64std, base64url
from idbridge.crypto.certificate_facts import certificate_facts
from idbridge.crypto.certificates import Subject, make_authority
from idbridge.crypto.keys import thumbprint
from idbridge.crypto.listed import listed_certificate
from idbridge.crypto.signer import generate
from idbridge.model.time import Validity
from idbridge.trust.freshness import RegionalFreshness
from idbridge.trust.operator.explain import Answer, Explanation, explain
from idbridge.trust.snapshot import TrustSnapshot, snapshot_of
from tests.trust.denying import book, denial, listing, officers
from tests.trust.editions import (
    DAY,
    HOUR,
    LOGIN,
    LOGIN_KEY,
    NOON,
    SERVICE,
    SG,
    SIGNERS,
    TH,
    attestation,
    changed,
    edition,
    lote,
    service,
    signed,
    statuses,
    trusted,
)

LIFE = Validity(NOON - 100 * DAY, NOON + 100 * DAY)
AUTHORITY = make_authority(generate("ES256"), subject=Subject("authority", "SG"), validity=LIFE).certificate
OLD_KEY = generate("ES256", "login-0")
OLD = service("old", keys=(OLD_KEY,), status=statuses(("granted", "2025-01-01"), ("superseded", "2026-03-01")))
CERTIFIED = attestation(keys=(), leaf_rule={"policy": "1.2.3"}, name={"en": "Wallet identity"})
SNAPSHOT = snapshot_of(trusted(signed(lote(service(), OLD, CERTIFIED, certificates={"pid": (AUTHORITY,)}))))
LISTED = listed_certificate(AUTHORITY)
KEY_IDENTIFIER = LISTED.key_identifier or b""
SERIAL = certificate_facts(AUTHORITY).serial


def asked(text: str, *, snapshot: TrustSnapshot = SNAPSHOT, at: datetime = NOON) -> Explanation:
    return explain(snapshot, text, at=at)


def with_status(*periods: tuple[str, str]) -> TrustSnapshot:
    return snapshot_of(trusted(edition(7, service(status=statuses(*periods)))))


@pytest.mark.parametrize("text", ["", " ", "no", LOGIN + "/", LOGIN.upper(), "00" * 20, "12345", "A" * 10_000])
def test_what_nobody_lists_is_unknown(text: str) -> None:
    there = asked(text)

    assert (there.matches, there.answer, there.code) == ((), Answer.UNKNOWN, "issuer.unknown")


def test_states_that_could_not_be_asked_are_named() -> None:
    absent = dict(asked("nobody at all").not_held)

    assert SG not in absent
    assert absent[TH] == "trust.not_configured"


def test_an_issuer_of_a_state_whose_list_is_gone_has_the_code_of_that() -> None:
    held = trusted(edition(7))
    gone = snapshot_of(replace(held, lists={}), states_without_list={SG: "trust.unreachable"})

    assert asked(LOGIN, snapshot=gone).code == "trust.unreachable"


def test_an_issuer_of_the_other_environment_is_told_as_such() -> None:
    elsewhere = "https://login.sg.example/live"
    snapshot = snapshot_of(trusted(edition(7, elsewhere=(elsewhere,))))

    assert asked(elsewhere, snapshot=snapshot).code == "recognition.environment_mismatch"


@pytest.mark.parametrize(
    ("periods", "at", "answer", "code", "word"),
    [
        ([("granted", "2026-12-01")], NOON, "not_yet", "issuer.not_yet_granted", "from 2026-12-01"),
        (
            [("granted", "2026-01-01"), ("superseded", "2026-03-01")], NOON, "superseded", "issuer.superseded",
            "another key took over",
        ),
        (
            [("granted", "2026-01-01"), ("withdrawn", "2026-03-01")], NOON, "withdrawn", "issuer.withdrawn",
            "no such evidence yet, everything is refused",
        ),
        (
            [("granted", "2026-01-01"), ("compromised", "2026-03-01")], NOON, "compromised", "issuer.compromised",
            "nothing it ever signed",
        ),
        ([("granted", "2026-01-01")], NOON + 90 * DAY, "stale", "trust.stale", "the list of SG ran out"),
    ],
)  # fmt: skip
def test_what_is_not_trusted_says_why(
    periods: list[tuple[str, str]], at: datetime, answer: str, code: str, word: str
) -> None:
    there = asked(LOGIN, snapshot=with_status(*periods), at=at)

    assert (there.answer, there.code) == (answer, code)
    assert word in there.matches[0].why


def test_before_its_end_a_withdrawn_service_is_trusted_at_that_instant() -> None:
    snapshot = with_status(("granted", "2026-01-01"), ("withdrawn", "2026-11-24"))

    assert asked(LOGIN, snapshot=snapshot, at=NOON - DAY).answer is Answer.TRUSTED
    assert asked(LOGIN, snapshot=snapshot, at=NOON).answer is Answer.WITHDRAWN


def test_an_end_of_the_key_counts_wherever_the_state_lists_it() -> None:
    over = attestation(keys=(LOGIN_KEY,), status=statuses(("granted", "2026-01-01"), ("compromised", "2026-03-01")))
    snapshot = snapshot_of(trusted(edition(7, service(), over)))

    assert asked(LOGIN, snapshot=snapshot).answer is Answer.COMPROMISED


def test_a_timestamp_that_ran_out_makes_every_list_stale() -> None:
    regional = RegionalFreshness(NOON - DAY, NOON, 1, 5, 3, "0" * 64)
    snapshot = snapshot_of(trusted(edition(7)), regional=regional)

    assert asked(LOGIN, snapshot=snapshot, at=NOON - HOUR).answer is Answer.TRUSTED
    assert asked(LOGIN, snapshot=snapshot).answer is Answer.STALE
    assert "timestamp of the region" in asked(LOGIN, snapshot=snapshot).matches[0].why


@pytest.mark.parametrize(
    ("entry", "words", "lapsed"),
    [(denial(), "until it is lifted", Answer.DENIED), (denial(officers(TH)), "unless it is ratified", Answer.TRUSTED)],
)
def test_a_denied_key_says_until_when(entry: bytes, words: str, lapsed: Answer) -> None:
    snapshot = snapshot_of(replace(trusted(edition(7)), denials=book(listing(1, entry))))

    assert (asked(LOGIN, snapshot=snapshot).answer, asked(LOGIN, snapshot=snapshot).code) == ("denied", "issuer.denied")
    assert words in asked(LOGIN, snapshot=snapshot).matches[0].why
    assert asked(LOGIN, snapshot=snapshot, at=NOON + 4 * DAY).answer is lapsed


def test_an_entry_that_is_not_understood_gives_no_trust_and_says_so() -> None:
    unknown = changed(lote(), *SERVICE, "ServiceTypeIdentifier", to="urn:example:later")
    there = asked(LOGIN, snapshot=snapshot_of(trusted(signed(unknown))))

    assert (there.answer, there.code) == (Answer.UNKNOWN, "issuer.unknown")
    assert "type of the service is not known" in there.matches[0].why


@pytest.mark.parametrize(
    ("text", "named_by"),
    [
        (LISTED.key.thumbprint, "thumbprint"),
        (KEY_IDENTIFIER.hex(), "subject key identifier"),
        (KEY_IDENTIFIER.hex(":").upper(), "subject key identifier"),
        (KEY_IDENTIFIER.hex(" "), "subject key identifier"),
        (base64std.encode(KEY_IDENTIFIER), "subject key identifier"),
        (base64url.encode(KEY_IDENTIFIER), "subject key identifier"),
        (str(SERIAL), "certificate serial"),
        (f"{SERIAL:x}", "certificate serial"),
        (f"0x{SERIAL:X}", "certificate serial"),
        ("https://pid.sg.example", "issuer"),
        ("wallet IDENT", "name of the service"),
    ],
    ids=range(11),  # what they say is made anew in each process
)
def test_every_name_of_a_certified_key_leads_to_its_entry(text: str, named_by: str) -> None:
    there = asked(f" {text}\n")

    assert [(match.entry.name, match.named_by) for match in there.matches] == [("Wallet identity", (named_by,))]
    assert (there.answer, there.code) == (Answer.TRUSTED, None)


def test_the_digest_of_a_certificate_leads_to_its_entry() -> None:
    assert SNAPSHOT.services_of(SG)[2].anchors == (AUTHORITY,)
    digest = hashlib.sha256(AUTHORITY).hexdigest()

    assert [match.named_by for match in asked(digest).matches] == [("certificate digest",)]


def test_a_key_id_names_one_key_and_an_issuer_all_of_its_keys() -> None:
    assert [match.answer for match in asked("login-0").matches] == [Answer.SUPERSEDED]
    assert asked("login-0").code == "issuer.superseded"
    assert {match.answer for match in asked(LOGIN).matches} == {Answer.SUPERSEDED, Answer.TRUSTED}


def test_a_service_is_as_good_as_the_best_of_its_keys_and_a_provider_as_bad_as_the_worst_service() -> None:
    over = attestation(status=statuses(("granted", "2026-01-01"), ("withdrawn", "2026-03-01")))
    snapshot = snapshot_of(trusted(edition(7, service(), OLD, over)))

    assert asked(LOGIN, snapshot=snapshot).answer is Answer.TRUSTED
    assert asked("example provider", snapshot=snapshot).answer is Answer.WITHDRAWN


def test_keys_of_one_service_with_one_answer_stand_together_and_others_apart() -> None:
    both = service(keys=(LOGIN_KEY, OLD_KEY))
    denied = replace(trusted(edition(7, both)), denials=book(listing(1, denial())))

    assert [len(match.keys) for match in asked(LOGIN, snapshot=snapshot_of(trusted(edition(7, both)))).matches] == [2]
    there = asked(LOGIN, snapshot=snapshot_of(denied))
    assert {match.answer: match.keys for match in there.matches} == {
        Answer.DENIED: (thumbprint(LOGIN_KEY.public_jwk),),
        Answer.TRUSTED: (thumbprint(OLD_KEY.public_jwk),),
    }


def test_a_key_that_signs_a_list_is_named_as_such() -> None:
    there = asked(thumbprint(SIGNERS[SG].public_jwk))

    assert there.signs == (SG,)
    assert there.matches == ()
