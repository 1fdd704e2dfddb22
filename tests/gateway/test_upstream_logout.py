"""Back-channel logout from national providers: what rests on a login there ends, once, and nothing else does."""

import asyncio
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest

from idbridge.codec import base64url
from idbridge.crypto.jwe import encrypt
from idbridge.crypto.signer import FileSigner, generate
from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge.oidc.logout_token import make_logout_token
from idbridge.sandbox.people import population
from idbridge_gateway.oidc.completion import Consent
from idbridge_gateway.stores.sealed import Kind
from tests.gateway.faltering import STORE, claims_nothing_once, falters_once
from tests.gateway.pretending import CLIENT_ID, KH, SG
from tests.gateway.providing import FORM, error_of, nonce_like, told
from tests.gateway.upstreaming import Abroad, abroad_in, by_key, write_clients

SESSION = "session-at-the-provider"


@pytest.fixture
def abroad(shared_files: Path) -> Abroad:
    return abroad_in(shared_files)


def logout_token(abroad: Abroad, provider: str = SG, *, key: FileSigner | None = None, **changes: Any) -> str:
    """A logout token of ``provider``, good but for the changes."""
    pretend = abroad.pretend[provider]
    named: dict[str, Any] = {
        "issuer": pretend.issuer, "client_id": CLIENT_ID, "jti": nonce_like(), "at": pretend.clock.now(),
        "subject": None, "session": SESSION,
    }  # fmt: skip
    return make_logout_token(key or pretend.region.signer(provider), **{**named, **changes})


def says(abroad: Abroad, token: str, provider: str = SG) -> httpx2.Response:
    """What the node answers a provider that brings ``token``."""
    body = urlencode({"logout_token": token}).encode()
    return abroad.node.send("POST", f"/login/backchannel/{provider}", body=body, headers=FORM)


def refused(abroad: Abroad, token: str, provider: str = SG) -> str:
    error, code = error_of(says(abroad, token, provider))
    assert error == "invalid_request"
    return code


def heard(abroad: Abroad, token: str, provider: str = SG) -> None:
    response = says(abroad, token, provider)
    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["cache-control"] == "no-store"


def logged_in(abroad: Abroad, provider: str = SG, *, session: str | None = SESSION) -> str:
    """Log in, agree and redeem; the access token of the session that begins."""
    abroad.pretend[provider].claims = {} if session is None else {"sid": session}
    location = abroad.log_in(provider).headers["location"]
    assert location.startswith("/consent?t="), location
    code = told(abroad.complete(location.rpartition("=")[2], Consent.YES))["code"]
    return str(abroad.redeemed(code)["access_token"])


def stands(abroad: Abroad, access_token: str) -> bool:
    return asyncio.run(abroad.session_of_token(access_token))


@pytest.mark.parametrize("provider", [SG, KH])
def test_a_login_ends_with_the_session_that_it_rests_on(abroad: Abroad, provider: str) -> None:
    token = logged_in(abroad, provider)
    assert stands(abroad, token)

    heard(abroad, logout_token(abroad, provider), provider)
    assert not stands(abroad, token)


def test_a_login_ends_with_the_person_that_the_provider_logs_out(abroad: Abroad) -> None:
    person = population().of(MemberState.SG)[0]
    first, second = logged_in(abroad), logged_in(abroad, session="another-session")
    elsewhere = logged_in(abroad, KH)

    heard(abroad, logout_token(abroad, session=None, subject=person.subject))
    assert [stands(abroad, one) for one in (first, second, elsewhere)] == [False, False, True]


def test_one_session_ends_and_another_of_the_same_person_does_not(abroad: Abroad) -> None:
    person = population().of(MemberState.SG)[0]
    first, second = logged_in(abroad), logged_in(abroad, session="another-session")

    heard(abroad, logout_token(abroad, subject=person.subject))
    assert [stands(abroad, one) for one in (first, second)] == [False, True]
    heard(abroad, logout_token(abroad, session=None, subject=person.subject))
    assert not stands(abroad, second)


def test_a_login_of_which_no_session_was_named_ends_with_any_of_the_person(abroad: Abroad) -> None:
    person = population().of(MemberState.SG)[0]
    token = logged_in(abroad, session=None)

    heard(abroad, logout_token(abroad))
    assert stands(abroad, token)
    heard(abroad, logout_token(abroad, subject=person.subject))
    assert not stands(abroad, token)


def test_a_login_that_waits_for_consent_ends_too(abroad: Abroad) -> None:
    abroad.sg.claims = {"sid": SESSION}
    name = abroad.log_in().headers["location"].rpartition("=")[2]

    heard(abroad, logout_token(abroad))
    with pytest.raises(Exception, match="this log-in is over"):
        abroad.complete(name, Consent.YES)


def test_a_code_that_is_on_its_way_gives_nothing_any_more(abroad: Abroad) -> None:
    abroad.sg.claims = {"sid": SESSION}
    name = abroad.log_in().headers["location"].rpartition("=")[2]
    code = told(abroad.complete(name, Consent.YES))["code"]

    heard(abroad, logout_token(abroad))
    assert error_of(abroad.redeem(code)) == ("invalid_grant", "time.expired")
    assert error_of(abroad.redeem(code))[0] == "invalid_grant"


def test_a_session_that_nobody_knows_is_told_like_any_other(abroad: Abroad) -> None:
    heard(abroad, logout_token(abroad, session="unknown"))
    heard(abroad, logout_token(abroad, session=None, subject="nobody"))


def test_a_logout_token_counts_once(abroad: Abroad) -> None:
    token = logout_token(abroad)

    heard(abroad, token)
    assert refused(abroad, token) == "holder.replayed"


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        ("read", Kind.UPSTREAM_LOGINS),
        ("take", Kind.TRANSACTION),
        ("put", Kind.SESSION_OVER),
        ("take", Kind.ACCESS_TOKEN),
        ("take", Kind.SESSION),
        ("take", Kind.UPSTREAM_LOGINS),
    ],
)
def test_a_logout_that_a_store_kept_from_its_end_is_finished_when_the_provider_tries_again(
    abroad: Abroad, monkeypatch: pytest.MonkeyPatch, operation: str, kind: Kind
) -> None:
    access, token = logged_in(abroad), logout_token(abroad)
    falters_once(monkeypatch, operation, kind)

    assert error_of(says(abroad, token), 503)[1] == STORE
    heard(abroad, token)
    assert not stands(abroad, access)
    assert refused(abroad, token) == "holder.replayed"


def test_a_logout_that_could_not_be_noted_may_be_brought_again(abroad: Abroad, monkeypatch: pytest.MonkeyPatch) -> None:
    access, token = logged_in(abroad), logout_token(abroad)
    claims_nothing_once(monkeypatch)

    assert error_of(says(abroad, token), 503)[1] == STORE
    heard(abroad, token)
    assert not stands(abroad, access)


def test_a_logout_token_that_is_shown_again_ends_no_login_that_was_made_since(abroad: Abroad) -> None:
    token = logout_token(abroad)
    heard(abroad, token)
    since = logged_in(abroad)

    assert refused(abroad, token) == "holder.replayed"
    assert stands(abroad, since)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"issuer": "https://sandbox.login.kh.example"}, "issuer.unknown"),
        ({"client_id": "somebody-else"}, "oidc.audience_mismatch"),
        ({"key": generate("ES256")}, "jose.kid_unknown"),
        ({"key": generate("ES384")}, "jose.alg_not_allowed"),
    ],
)
def test_a_logout_token_of_somebody_else_ends_nothing(abroad: Abroad, changes: dict[str, Any], code: str) -> None:
    token = logged_in(abroad)

    assert refused(abroad, logout_token(abroad, **changes)) == code
    assert stands(abroad, token)


def test_one_provider_cannot_end_what_rests_on_another(abroad: Abroad) -> None:
    token = logged_in(abroad)

    heard(abroad, logout_token(abroad, KH), KH)
    assert refused(abroad, logout_token(abroad, KH), SG) == "jose.kid_unknown"
    assert stands(abroad, token)


def test_an_id_token_is_no_logout_token_and_an_old_one_is_none_any_more(abroad: Abroad) -> None:
    asked = {"nonce": "n" * 43}
    assert refused(abroad, abroad.sg.id_token(asked, access_token=None)) == "oidc.token_confusion"

    old = logout_token(abroad)
    abroad.node.clock.turn(seconds=LIMITS.logout_token_lifetime.total_seconds() + LIMITS.clock_leeway.total_seconds())
    assert refused(abroad, old) == "time.expired"


@pytest.mark.parametrize("body", [b"", b"logout_token=", b"logout_token=a&logout_token=b", b"token=a", b"%"])
def test_a_request_without_one_token_is_refused(abroad: Abroad, body: bytes) -> None:
    error_of(abroad.node.send("POST", f"/login/backchannel/{SG}", body=body, headers=FORM))


@pytest.mark.parametrize("text", ["", "a.b.c", "a.b.c.d.e", "é", "x" * 60_000])
def test_what_is_no_token_is_refused(abroad: Abroad, text: str) -> None:
    assert says(abroad, text).status_code == 400


def test_a_provider_that_this_node_does_not_know_is_refused(abroad: Abroad) -> None:
    assert refused(abroad, logout_token(abroad), "nobody") == "issuer.unknown"


def test_a_logout_token_may_come_encrypted_to_this_node(abroad: Abroad) -> None:
    token = logged_in(abroad)
    (jwk, *_) = (dict(key.public_jwk) for key in abroad.node.app.state.parts.decryption_keys)

    sealed = encrypt(logout_token(abroad).encode(), to=jwk, algorithm="ECDH-ES", encoding="A256GCM")
    heard(abroad, sealed)
    assert not stands(abroad, token)
    assert refused(abroad, encrypt(b"\xff", to=jwk, algorithm="ECDH-ES", encoding="A256GCM")) == "input.malformed"
    assert refused(abroad, sealed[:-4] + "AAAA") == "jose.decryption_failed"


def test_the_youngest_logins_of_a_session_are_remembered(abroad: Abroad) -> None:
    logins, turn = abroad.upstream.logins, abroad.provider.turns.begin()

    async def many() -> tuple[str, ...]:
        for number in range(LIMITS.upstream_sessions + 1):
            held = abroad.held(f"{number:02d}" + "h" * 41)
            await logins.add(held, abroad.sg.issuer, subject=None, session=SESSION, turn=turn)
        return await logins.find(abroad.sg.issuer, subject=None, session=SESSION, turn=turn)

    found = asyncio.run(many())
    assert len(found) == LIMITS.upstream_sessions
    assert found[0].startswith("01")


def test_of_logins_that_come_at_once_none_is_forgotten(abroad: Abroad) -> None:
    logins, turn = abroad.upstream.logins, abroad.provider.turns.begin()

    async def at_once() -> tuple[str, ...]:
        held = [abroad.held(f"{number:02d}" + "h" * 41) for number in range(8)]
        await asyncio.gather(*(logins.add(one, abroad.sg.issuer, subject="p", session=None, turn=turn) for one in held))
        return await logins.find(abroad.sg.issuer, subject="p", session=None, turn=turn)

    assert len(asyncio.run(at_once())) == 8


def test_a_login_that_comes_while_others_end_is_remembered(abroad: Abroad) -> None:
    logins, turn = abroad.upstream.logins, abroad.provider.turns.begin()
    named: dict[str, Any] = {"subject": "p", "session": None, "turn": turn}
    first, second = (abroad.held(f"{number}" + "h" * 42) for number in range(2))

    async def meanwhile() -> tuple[str, ...]:
        await logins.add(first, abroad.sg.issuer, **named)
        over = await logins.find(abroad.sg.issuer, **named)
        await logins.add(second, abroad.sg.issuer, **named)
        await logins.forget(over, abroad.sg.issuer, **named)
        return await logins.find(abroad.sg.issuer, **named)

    assert asyncio.run(meanwhile()) == (second.handle,)


def test_no_name_of_a_person_or_session_can_be_tried_out_against_the_store(abroad: Abroad) -> None:
    person = population().of(MemberState.SG)[0]
    logged_in(abroad)
    held = abroad.node.app.state.parts.stores.sealed.held
    kept = b"".join(name + one.octets for name, one in held.items())

    for name in (person.subject, SESSION):
        assert name.encode() not in kept
        assert base64url.encode(name.encode()).encode() not in kept


def exchange(abroad: Abroad, **entries: Any) -> None:
    """Let the file of the node's clients say ``entries``, and the node look."""
    write_clients(abroad.node.settings, **entries)
    asyncio.run(abroad.node.app.state.at_providers.look())


@pytest.mark.parametrize("left", ["another id", "no client at all"])
def test_a_login_ends_by_the_client_it_was_made_with_after_that_was_exchanged(tmp_path: Path, left: str) -> None:
    abroad = abroad_in(tmp_path)
    token = logged_in(abroad)
    kh, sg = by_key(abroad.pretend[KH].issuer), by_key(abroad.pretend[SG].issuer, client_id="node-new")
    exchange(abroad, kh_login=kh, **({"sg_login": sg} if left == "another id" else {}))

    assert refused(abroad, logout_token(abroad, client_id="never-ours"))
    assert stands(abroad, token)
    heard(abroad, logout_token(abroad))
    assert not stands(abroad, token)


def test_a_client_that_was_exchanged_is_heard_for_as_long_as_a_session_lasts_and_no_longer(tmp_path: Path) -> None:
    abroad = abroad_in(tmp_path)
    logged_in(abroad)
    exchange(abroad, sg_login=by_key(abroad.pretend[SG].issuer, client_id="node-new"))
    abroad.node.clock.turn(seconds=LIMITS.session_lifetime.total_seconds() - 1)
    heard(abroad, logout_token(abroad))
    abroad.node.clock.turn(seconds=1)

    assert refused(abroad, logout_token(abroad)) == "oidc.audience_mismatch"
