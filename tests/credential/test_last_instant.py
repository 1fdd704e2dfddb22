"""The last instant that a date can name, in every format: what is good until then is good now, without overflow."""

from datetime import UTC, datetime
from typing import Any

import pytest

from idbridge.codec.cbor import Tagged
from idbridge.credential.one_time import nonce_once
from idbridge.model.credential import VerifiedCredential
from idbridge.sandbox.edits import Within
from idbridge.sandbox.mdocs import Mdoc
from tests.credential import codes, kit, vcs
from tests.credential.test_mdoc import account, refusals
from tests.verify.pretend import asked

LAST = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
SECONDS = 253_402_300_799
WORDS = "9999-12-31T23:59:59Z"


def mdoc(**times: str) -> Any:
    edits = {name: Tagged(0, value) for name, value in times.items()}
    return asked(Mdoc("sg-mdoc", "sg-tan", mso={"validityInfo": Within(edits)}))


def test_an_mdoc_that_begins_at_the_last_instant_or_was_signed_at_the_first_is_refused_with_a_reason() -> None:
    assert refusals(mdoc(validUntil=WORDS, validFrom="9999-12-31T23:59:58Z"))["mdoc.10"] == "time.not_yet_valid"
    assert refusals(mdoc(validUntil=WORDS, validFrom=WORDS))["mdoc.10"] == "time.claim_malformed"
    assert refusals(mdoc(signed="0001-01-01T00:00:00Z"))["mdoc.10"] == "mdoc.signed_outside_certificate"


@pytest.mark.parametrize("name", ["exp", "iat", "nbf"])
def test_a_token_in_which_every_time_is_the_last_is_refused_with_a_reason(name: str) -> None:
    times = {"exp": SECONDS, name: SECONDS}

    for text in (kit.id_token(**times), kit.bound(kit.sd_jwt(**times)), kit.bound(kit.sd_jwt(), **times)):
        assert kit.code(text) in {None, "time.claim_malformed", "time.not_yet_valid", "holder.not_fresh"}
        assert name == "exp" or kit.code(text) is not None


def test_an_mdoc_that_is_good_until_the_last_instant_is_good_now_and_its_nonce_is_kept_until_then() -> None:
    found = account(mdoc(validUntil=WORDS))

    assert found.expires_at == LAST
    assert [once.until for once in found.one_time] == [LAST]


@pytest.mark.parametrize(
    "found",
    [
        lambda: kit.verify(kit.id_token(exp=SECONDS)),
        lambda: kit.verify(kit.bound(kit.sd_jwt(exp=SECONDS), exp=SECONDS)),
        lambda: vcs.verify(vcs.vc_jwt(validUntil=WORDS)),
        lambda: vcs.verify(vcs.vc_sd_jwt(validUntil=WORDS)),
        lambda: vcs.verify(vcs.jwt_vc(exp=SECONDS)),
        lambda: codes.verify(codes.claim169(k4=SECONDS)),
        lambda: codes.verify(codes.compact(exp=SECONDS), codes.listed(codes.profile(codes.JWS))),
    ],
)
def test_what_is_good_until_the_last_instant_is_good_now(found: Any) -> None:
    credential: VerifiedCredential = found()

    assert credential.expires_at == LAST


def test_a_nonce_is_kept_no_longer_than_a_date_can_say() -> None:
    assert nonce_once(kit.request(), issuer="x", until=SECONDS + 300.0).until == LAST
    assert nonce_once(kit.request(), issuer="x", until=kit.NOW).until == kit.NOON
