"""Which provider somebody may be sent to, what is asked there, and what a relying party hears when it does not work."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from idbridge.limits import LIMITS
from idbridge.oidc.errors import OAuthErrorCode
from idbridge.sandbox.edits import ABSENT, After
from tests.gateway.asking import the_region
from tests.gateway.clocks import NOON
from tests.gateway.pretending import CLIENT_ID, KH, PUBLIC, SG
from tests.gateway.providing import A3, told
from tests.gateway.upstreaming import Abroad, abroad_in, by_key

LOGINS = [SG, KH]
BASIC = "urn:example:kh:assurance:basic"


def ended(abroad: Abroad, provider: str = SG, **asked: Any) -> str:
    return told(abroad.log_in(provider, **asked))["error"]


def asked_for(abroad: Abroad, provider: str, **asked: Any) -> dict[str, str]:
    """The authorization request as the provider got it."""
    location = abroad.leave(abroad.begin(**asked), provider)
    parameters = dict(parse_qsl(urlsplit(location).query))
    return abroad.pretend[provider].pushed.pop(parameters["request_uri"]) if provider == SG else parameters


# What is asked for


@pytest.mark.parametrize("provider", LOGINS)
@pytest.mark.parametrize("asked", [{}, {"acr_values": A3}, {"prompt": "login"}])
def test_a_provider_is_asked_for_no_scope_but_openid_whatever_the_relying_party_wants(
    abroad: Abroad, provider: str, asked: dict[str, str]
) -> None:
    assert asked_for(abroad, provider, **asked)["scope"] == "openid"


def test_a_provider_is_asked_for_more_only_as_far_as_the_registration_of_the_node_there_names_it(
    tmp_path: Path,
) -> None:
    abroad = abroad_in(tmp_path, sg_login=by_key("https://sandbox.login.sg.example", scope="openid profile"))

    assert asked_for(abroad, SG)["scope"] == "openid profile"


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


@pytest.mark.parametrize(("prompt", "age"), [("login", "0"), ("select_account", "300"), ("login consent", "0")])
def test_a_fresh_login_and_an_age_are_asked_for_where_our_client_does(abroad: Abroad, prompt: str, age: str) -> None:
    asked = asked_for(abroad, KH, prompt=prompt, max_age="300")

    assert (asked["prompt"], asked["max_age"]) == ("login", age)
    assert asked_for(abroad, KH, prompt="login")["max_age"] == "0"
    assert not asked_for(abroad, KH, prompt="consent").keys() & {"prompt", "max_age"}


def test_languages_go_on_and_what_names_a_person_does_not(abroad: Abroad) -> None:
    asked = asked_for(abroad, KH, ui_locales="km en", login_hint="somebody")

    assert asked["ui_locales"] == "km en"
    assert not asked.keys() & {"login_hint", "id_token_hint", "purpose", "purpose_text", "claims"}


@pytest.mark.parametrize(("age", "error"), [(361, "login_required"), (ABSENT, "login_required"), (360, None)])
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
    assert abroad.level() == "A2"


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
