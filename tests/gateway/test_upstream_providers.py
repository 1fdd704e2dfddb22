"""Which provider somebody may be sent to, what is asked there, and what a relying party hears when it does not work."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from idbridge.limits import LIMITS
from idbridge.net.calls import Answer, Call, Method
from idbridge.oidc.errors import OAuthErrorCode
from idbridge.sandbox.edits import ABSENT, After
from idbridge_gateway.oidc.upstream.lines import Line, Lines
from tests.gateway.asking import the_region
from tests.gateway.clocks import NOON
from tests.gateway.pretending import CLIENT_ID, KH, PUBLIC, SG
from tests.gateway.providing import A3, told
from tests.gateway.upstreaming import Abroad, abroad_in, by_key, by_secret

LOGINS = [SG, KH]
BASIC = "urn:example:kh:assurance:basic"


@pytest.fixture(scope="module")
def shared(shared_files: Path) -> Abroad:
    return abroad_in(shared_files)


@pytest.fixture
def abroad(shared: Abroad) -> Abroad:
    return shared.anew()


@pytest.fixture
def alone(shared_files: Path) -> Abroad:
    """A node of which no provider has been seen yet."""
    return abroad_in(shared_files)


def ended(abroad: Abroad, provider: str = SG, **asked: Any) -> str:
    return told(abroad.log_in(provider, **asked))["error"]


def level_of(abroad: Abroad) -> str:
    """The level that was decided of the login."""

    async def found() -> Any:
        (handle,) = abroad.browser.cookies.values()
        return await abroad.provider.transactions.find(handle)

    decision = asyncio.run(found()).transaction.decision
    return str(decision.core["acr"]).rpartition(":")[2]


def asked_for(abroad: Abroad, provider: str, **asked: Any) -> dict[str, str]:
    """The authorization request as the provider got it."""
    location = abroad.leave(abroad.begin(**asked), provider)
    parameters = dict(parse_qsl(urlsplit(location).query))
    return abroad.pretend[provider].pushed.pop(parameters["request_uri"]) if provider == SG else parameters


# Who may be used


@pytest.mark.parametrize("name", ["nobody", "", "SG-LOGIN", "sg-login/../kh-login", "https://sandbox.login.sg.example"])
def test_a_provider_without_a_client_of_ours_is_refused(abroad: Abroad, name: str) -> None:
    refusal = abroad.refused(abroad.begin(), name)

    assert (refusal.error, refusal.code) == ("access_denied", "issuer.unknown")


@pytest.mark.parametrize(
    ("issuer", "code"),
    [
        ("https://login.elsewhere.example", "issuer.unknown"),
        ("https://login.sg.example", "issuer.unknown"),  # of the live environment
        ("https://sandbox.pid.sg.example", "issuer.service_not_listed"),
        ("https://sandbox.node.sg.example", "issuer.service_not_listed"),
    ],
)
def test_a_client_at_an_issuer_that_no_list_vouches_for_is_of_no_use(tmp_path: Path, issuer: str, code: str) -> None:
    abroad = abroad_in(tmp_path, sg_login=by_key(issuer))

    refusal = abroad.refused(abroad.begin())
    assert (refusal.error, refusal.code) == ("access_denied", code)
    assert not abroad.sg.seen


@pytest.mark.parametrize("status", ["superseded", "withdrawn", "compromised"])
def test_a_service_that_ended_takes_nobody_and_nobody_back(tmp_path: Path, status: str) -> None:
    region = the_region().with_status(KH, status, at=NOON)
    abroad = abroad_in(tmp_path, region=region)

    refusal = abroad.refused(abroad.begin(), KH)
    assert (refusal.error, refusal.code) == ("access_denied", f"issuer.{status}")
    assert not abroad.kh.seen


def test_a_list_that_is_out_of_date_is_waited_for(tmp_path: Path) -> None:
    abroad = abroad_in(tmp_path)
    abroad.node.clock.turn(hours=24 * 200)

    refusal = abroad.refused(abroad.begin())
    assert (refusal.error, refusal.code) == ("temporarily_unavailable", "trust.stale")


def test_a_provider_that_is_listed_no_more_when_the_browser_comes_back_is_not_asked(tmp_path: Path) -> None:
    abroad = abroad_in(tmp_path)
    answer = abroad.kh.authorize(abroad.leave(abroad.begin(), KH))
    other = abroad_in(tmp_path / "later", region=the_region().with_status(KH, "withdrawn", at=NOON))
    abroad.node.app.state.trust.exchange(other.node.app.state.trust.current())

    assert told(abroad.come_back(answer))["error"] == "access_denied"
    assert "/token" not in abroad.kh.paths


def test_the_names_of_providers_are_those_that_are_registered(abroad: Abroad) -> None:
    assert abroad.upstream.names == (KH, SG)
    usable = abroad.upstream.usable(SG, turn=abroad.provider.turns.begin())
    assert usable.login.fapi
    assert usable.listed.redirect_uri == f"{PUBLIC}/login/callback/{SG}"


# What is asked


def test_fapi_is_spoken_where_the_tier_has_it_and_the_browser_carries_a_name_alone(abroad: Abroad) -> None:
    location = abroad.leave(abroad.begin())

    assert dict(parse_qsl(urlsplit(location).query)).keys() == {"client_id", "request_uri"}
    (asked,) = abroad.sg.pushed.values()
    assert asked["jkt"]
    assert asked["code_challenge_method"] == "S256"


def test_below_that_tier_the_plain_code_flow_is_spoken(abroad: Abroad) -> None:
    asked = asked_for(abroad, KH)

    assert asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == f"{PUBLIC}/login/callback/{KH}"
    assert asked["client_id"] == CLIENT_ID
    assert min(len(asked[name]) for name in ("state", "nonce", "code_challenge")) >= 43


@pytest.mark.parametrize("provider", LOGINS)
def test_no_value_of_a_request_is_used_twice(abroad: Abroad, provider: str) -> None:
    first, second = asked_for(abroad, provider), asked_for(abroad, provider)

    assert all(first[name] != second[name] for name in ("state", "nonce", "code_challenge"))
    if provider == SG:
        assert first["jkt"] != second["jkt"]


def test_a_demanded_level_becomes_the_national_levels_that_are_worth_it(abroad: Abroad) -> None:
    demand = {"id_token": {"acr": {"essential": True, "values": [A3]}}}

    assert asked_for(abroad, SG, claims=json.dumps(demand))["acr_values"] == "urn:example:sg:loa:3"
    assert "urn:example:sg:loa:1" in asked_for(abroad, SG)["acr_values"]


def test_a_wish_that_a_provider_cannot_meet_is_no_demand(abroad: Abroad) -> None:
    assert BASIC in asked_for(abroad, KH, acr_values=A3)["acr_values"]


def test_a_provider_that_never_reaches_what_is_demanded_is_not_asked(abroad: Abroad) -> None:
    demand = {"id_token": {"acr": {"essential": True, "values": [A3]}}}

    refusal = abroad.refused(abroad.begin(claims=json.dumps(demand)), KH)
    assert (refusal.error, refusal.code) == ("unmet_authentication_requirements", "policy.loa_too_low")


@pytest.mark.parametrize("prompt", ["login", "select_account", "login consent"])
def test_a_fresh_login_and_an_age_are_asked_for_where_our_client_does(abroad: Abroad, prompt: str) -> None:
    asked = asked_for(abroad, KH, prompt=prompt, max_age="300")

    assert (asked["prompt"], asked["max_age"]) == ("login", "300")
    assert not asked_for(abroad, KH, prompt="consent").keys() & {"prompt", "max_age"}


@pytest.mark.parametrize(("age", "error"), [(301, "login_required"), (ABSENT, "login_required"), (299, None)])
def test_a_login_that_is_older_than_was_asked_for_is_none(abroad: Abroad, age: Any, error: str | None) -> None:
    abroad.sg.claims = {"auth_time": age if age is ABSENT else After(-age)}
    response = abroad.log_in(max_age="300")

    if error is None:
        assert response.headers["location"].startswith("/consent")
    else:
        assert told(response)["error"] == error


# What a level is worth


def test_missing_acr_means_lowest_and_is_no_login_where_more_is_needed(abroad: Abroad) -> None:
    acr = the_region().service(SG).claim_map["acr"]
    for worth in (ABSENT, "urn:example:no-such-level", ""):
        abroad.sg.claims = {acr: worth}
        assert ended(abroad) == "access_denied"


def test_a_lower_level_than_was_demanded_is_not_met(abroad: Abroad) -> None:
    abroad.sg.level = "urn:example:sg:loa:2"
    demand = {"id_token": {"acr": {"essential": True, "values": [A3]}}}

    assert ended(abroad, claims=json.dumps(demand)) == "unmet_authentication_requirements"
    abroad.log_in()
    assert level_of(abroad) == "A2"


# What goes wrong


@pytest.mark.parametrize("provider", LOGINS)
@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("access_denied", "access_denied"),
        ("consent_required", "access_denied"),
        ("interaction_required", "access_denied"),
        ("login_required", "login_required"),
        ("unmet_authentication_requirements", "unmet_authentication_requirements"),
        ("temporarily_unavailable", "temporarily_unavailable"),
        ("server_error", "temporarily_unavailable"),
        ("invalid_client", "server_error"),
        ("invalid_scope", "server_error"),
        ("no such error", "server_error"),
    ],
)
def test_an_error_of_a_provider_becomes_one_of_ours(abroad: Abroad, provider: str, said: str, heard: str) -> None:
    abroad.pretend[provider].response = {"code": ABSENT, "error": said}

    assert ended(abroad, provider) == heard
    assert "/token" not in abroad.pretend[provider].paths


@pytest.mark.parametrize("error", OAuthErrorCode)
def test_whatever_a_token_endpoint_answers_our_client_hears_of_it(abroad: Abroad, error: OAuthErrorCode) -> None:
    abroad.kh.tokens = {"error": error.value}

    heard = ended(abroad, KH)
    assert heard in {"access_denied", "login_required", "server_error", "temporarily_unavailable",
                     "unmet_authentication_requirements"}  # fmt: skip


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/par"])
def test_a_provider_that_does_not_answer_is_told_of_before_anybody_leaves(alone: Abroad, path: str) -> None:
    alone.sg.down = {path}

    refusal = alone.refused(alone.begin())
    assert (refusal.error, refusal.code, refusal.status) == ("temporarily_unavailable", "system.fetch_failed", 503)


@pytest.mark.parametrize("provider", LOGINS)
def test_a_provider_that_does_not_redeem_ends_the_login(abroad: Abroad, provider: str) -> None:
    abroad.pretend[provider].down = {"/token"}

    assert ended(abroad, provider) == "temporarily_unavailable"


@pytest.mark.parametrize(
    "document", [b"", b"[]", b"<html>", b'{"issuer":1}', b"{" * 20, b'{"issuer":"a","issuer":"b"}']
)
def test_a_discovery_document_that_is_none_is_a_provider_out_of_order(alone: Abroad, document: bytes) -> None:
    alone.sg.raw["/.well-known/openid-configuration"] = document

    assert alone.refused(alone.begin()).error in {"temporarily_unavailable", "access_denied"}
    assert len(alone.sg.seen) == 1


def test_a_document_longer_than_any_is_not_read(alone: Abroad) -> None:
    alone.sg.discovery = {"padding": "x" * LIMITS.upstream_response_bytes}

    assert alone.refused(alone.begin()).error == "temporarily_unavailable"


@pytest.mark.parametrize("name", [7, "", "x" * (LIMITS.client_uri_characters + 1), "a\u0000b", ABSENT])
def test_a_name_of_a_pushed_request_that_is_none_is_not_sent_on(abroad: Abroad, name: Any) -> None:
    abroad.sg.par = {"request_uri": name}

    assert abroad.refused(abroad.begin()).error == "temporarily_unavailable"


# How often is asked


def test_a_discovery_document_is_fetched_once_in_a_while_and_by_one_of_many(alone: Abroad) -> None:
    names = [alone.begin(state=f"s-{number}") for number in range(4)]

    async def all_leave() -> None:
        side, turn = alone.provider, alone.provider.turns.begin()
        handles = [alone.browser.cookies[side.cookies.name_of(name)] for name in names]
        held = [await side.transactions.find(handle) for handle in handles]
        await asyncio.gather(*(alone.upstream.begin(one, KH, turn=turn) for one in held))

    asyncio.run(all_leave())
    alone.leave(alone.begin(), KH)
    assert alone.kh.paths == ["/.well-known/openid-configuration"]
    alone.node.clock.turn(seconds=LIMITS.upstream_discovery_life.total_seconds())
    alone.leave(alone.begin(), KH)
    assert alone.kh.paths == ["/.well-known/openid-configuration"] * 2


def test_a_provider_that_failed_again_and_again_is_left_alone_and_seen_to_after_a_rest(alone: Abroad) -> None:
    alone.sg.down = {"/.well-known/openid-configuration"}
    name = alone.begin()
    for _ in range(LIMITS.upstream_failures):
        alone.refused(name)
    assert len(alone.sg.seen) == LIMITS.upstream_failures

    assert alone.refused(name).error == "temporarily_unavailable"
    assert len(alone.sg.seen) == LIMITS.upstream_failures
    alone.leave(name, KH)  # another provider is not held up

    alone.node.clock.turn(seconds=LIMITS.upstream_rest.total_seconds())
    alone.refused(name)  # one looks whether it is back, and it is not
    alone.sg.down = set()
    alone.refused(name)
    assert len(alone.sg.seen) == LIMITS.upstream_failures + 1
    alone.node.clock.turn(seconds=LIMITS.upstream_rest.total_seconds())
    alone.leave(name)
    alone.leave(name)


@contextmanager
def held_up(abroad: Abroad, provider: str) -> Iterator[threading.Semaphore]:
    """Let ``provider`` answer nothing until the block ends; the semaphore tells how many wait."""
    gate, waiting = threading.Event(), threading.Semaphore(0)

    def hold(_: Call) -> None:
        waiting.release()
        gate.wait(10)

    abroad.pretend[provider].before = hold
    try:
        yield waiting
    finally:
        gate.set()


def test_a_slow_provider_keeps_so_many_waiting_and_no_more_and_nobody_of_another(alone: Abroad) -> None:
    alone.leave(alone.begin())  # the document is known
    names = [alone.begin(state=f"s-{number}") for number in range(LIMITS.upstream_provider_calls)]
    last = alone.begin()

    async def crowd() -> None:
        side, turn = alone.provider, alone.provider.turns.begin()

        async def leaves(name: str, provider: str = SG) -> Any:
            held = await side.transactions.find(alone.browser.cookies[side.cookies.name_of(name)])
            return await alone.upstream.begin(held, provider, turn=turn)

        with held_up(alone, SG) as waiting:
            going = [asyncio.create_task(leaves(name)) for name in names]
            await asyncio.to_thread(lambda: [waiting.acquire(timeout=10) for _ in names])
            with pytest.raises(Exception, match="too many people wait"):
                await leaves(last)
            assert (await leaves(last, KH)).status_code == 303
        assert {one.status_code for one in await asyncio.gather(*going)} == {303}

    asyncio.run(crowd())


def test_so_many_calls_are_made_at_a_time_and_the_others_wait_for_them(abroad: Abroad) -> None:
    known = abroad.upstream.providers.client(SG)
    under_way, most, gate = 0, 0, threading.Barrier(LIMITS.upstream_calls, timeout=10)
    lock = threading.Lock()

    class Slow:
        def call(self, call: Call, *, max_bytes: int) -> Answer:
            nonlocal under_way, most
            assert (call.url, max_bytes) == (PUBLIC, LIMITS.fetch_bytes)
            with lock:
                under_way += 1
                most = max(most, under_way)
            gate.wait()
            with lock:
                under_way -= 1
            return Answer(200, {}, b"")

    async def crowd() -> list[Answer]:
        lines = Lines(lambda _: Slow())
        each = [Line(replace(known, provider=f"p-{n}"), frozenset({"h"})) for n in range(LIMITS.upstream_calls * 2)]
        return await asyncio.gather(*(lines.call(one, Call(Method.GET, PUBLIC), at=NOON) for one in each))

    assert len(asyncio.run(crowd())) == LIMITS.upstream_calls * 2
    assert most == LIMITS.upstream_calls


class TestRedirectToken:
    """A provider that sends a token along with its redirect, and exchanges it for the login."""

    @pytest.fixture
    def abroad(self, tmp_path: Path) -> Abroad:
        issuer = the_region().service(KH).issuer
        addresses = {"login": f"{issuer}/connect", "exchange": f"{issuer}/exchange"}
        abroad = abroad_in(tmp_path, kh_login=by_secret(issuer, redirect_token=addresses))
        abroad.kh.secret = True
        return abroad

    def answered(self, abroad: Abroad, **response: Any) -> Any:
        location = abroad.leave(abroad.begin(), KH)
        abroad.kh.response = response
        return abroad.come_back(abroad.kh.connect(location))

    @pytest.mark.parametrize(
        "edits",
        [{"nonce": ABSENT}, {"nonce": "another"}, {"aud": "somebody-else"}, {"iss": PUBLIC}, {"exp": After(-7200)}],
    )
    def test_a_login_that_is_wrong_in_one_claim_is_none(self, abroad: Abroad, edits: dict[str, Any]) -> None:
        abroad.kh.claims = edits

        assert told(self.answered(abroad))["error"] == "access_denied"

    def test_a_login_that_nobody_signed_is_none(self, abroad: Abroad) -> None:
        abroad.kh.header = {"alg": "none"}
        assert told(self.answered(abroad))["error"] == "access_denied"

        abroad.kh.tokens = {"id_token": ABSENT, "user": {"name": "Sok"}}
        assert told(self.answered(abroad))["error"] == "access_denied"

    @pytest.mark.parametrize(
        "response",
        [{"code": "c"}, {"authToken": ABSENT}, {"authToken": ABSENT, "code": "c"}, {"error": "access_denied"}],
    )
    def test_an_answer_without_its_token_or_with_something_else_ends_the_login(
        self, abroad: Abroad, response: dict[str, Any]
    ) -> None:
        assert told(self.answered(abroad, **response))["error"] == "access_denied"
        assert "/exchange" not in abroad.kh.paths

    def test_what_the_login_is_exchanged_for_counts_like_every_login(self, abroad: Abroad) -> None:
        assert self.answered(abroad).headers["location"].startswith("/consent")
        assert abroad.kh.paths == ["/exchange"]
        (call,) = abroad.kh.seen
        assert call.head["Authorization"].startswith("Basic ")
        assert json.loads(call.body) == {"auth_token": "token-1"}
        assert level_of(abroad) == "A2"

    def test_no_state_that_speaks_fapi_may_be_asked_so(self, tmp_path: Path) -> None:
        issuer = the_region().service(SG).issuer
        addresses = {"login": f"{issuer}/connect", "exchange": f"{issuer}/exchange"}
        abroad = abroad_in(tmp_path, sg_login=by_secret(issuer, redirect_token=addresses))

        assert abroad.refused(abroad.begin()).code == "issuer.service_not_listed"
