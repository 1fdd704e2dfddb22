"""The end of a login at a pretend provider: at the person's wish, and told to every client that was told of it."""

from urllib.parse import urlencode

import pytest

from idbridge.crypto.keys import parse_jwk
from idbridge.limits import LIMITS
from idbridge.oidc.logout_token import verify_logout_token
from idbridge.sandbox.idp.web import Answer, WebRequest
from tests.sandbox.idp.kit import (
    BACKCHANNEL,
    GOODBYE,
    Visit,
    hidden,
    location,
    page_of,
    unverified_claims,
    visit,
)

GONE = "You are logged out."


def leave(at_provider: Visit, **parameters: str) -> Answer:
    return at_provider.browse("GET", f"/logout?{urlencode(parameters)}")


@pytest.mark.parametrize("service", ["sg-login", "my-login", "kh-login", "th-login"])
def test_a_log_out_is_told_to_the_client_by_a_token_that_it_can_verify(service: str) -> None:
    at_provider = visit(service)
    claims = unverified_claims(at_provider.tokens()["id_token"])
    page = leave(at_provider)

    gone = at_provider.browse("POST", "/logout", {"session": hidden(page, "session")})

    listed = at_provider.provider.listed
    assert GONE in page_of(gone, 200)
    assert [one.address for one in gone.errands] == [BACKCHANNEL]
    told = verify_logout_token(
        gone.errands[0].form["logout_token"],
        issuer=listed.issuer,
        client_id=at_provider.client.id,
        keys=[parse_jwk(listed.service.signer.public_jwk)],
        algorithms=frozenset(listed.algorithms),
        at=at_provider.at,
    )
    assert (told.subject, told.session) == (claims["sub"], claims["sid"])


def test_a_link_alone_logs_nobody_out() -> None:
    at_provider = visit()
    at_provider.tokens()

    asked = leave(at_provider)
    forged = at_provider.browse("POST", "/logout", {"session": "A" * 43})

    for answer in (asked, forged):
        assert "Log out?" in page_of(answer, 200)
        assert not answer.errands
    assert at_provider.browse("POST", "/logout", {"session": hidden(asked, "session")}).errands


def test_who_shows_our_token_is_logged_out_and_sent_back() -> None:
    at_provider = visit()
    token = at_provider.tokens()["id_token"]

    answer = leave(at_provider, id_token_hint=token, post_logout_redirect_uri=GOODBYE, state="s-1")

    assert answer.status == 303
    assert dict(answer.headers)["location"] == f"{GOODBYE}?state=s-1"
    assert len(answer.errands) == 1
    assert GONE in page_of(leave(at_provider), 200)


def test_nobody_is_sent_to_an_address_that_is_not_registered_for_who_asks() -> None:
    at_provider = visit()
    token = at_provider.tokens()["id_token"]

    page_of(leave(at_provider, post_logout_redirect_uri=GOODBYE))
    page_of(leave(at_provider, id_token_hint=token, post_logout_redirect_uri="https://elsewhere.example/"))
    assert at_provider.desk.sessions.read(at_provider.cookies["idp-sg-login"], at=at_provider.at) is not None


@pytest.mark.parametrize("token", ["x", "e30.e30.AA"])
def test_a_token_that_is_none_of_ours_ends_nothing(token: str) -> None:
    at_provider = visit()
    elsewhere = visit("my-login").tokens()["id_token"]
    at_provider.tokens()

    for hint in (token, elsewhere):
        page_of(leave(at_provider, id_token_hint=hint))


def test_the_token_of_another_session_ends_not_this_one() -> None:
    at_provider = visit()
    first = at_provider.tokens()["id_token"]
    at_provider.tokens({"person": "sg-kavitha"})

    answer = leave(at_provider, id_token_hint=first)

    assert "Log out?" in page_of(answer, 200)
    assert not answer.errands


def test_a_session_with_two_clients_is_told_to_both_and_the_same_person_keeps_theirs() -> None:
    at_provider = visit()
    first = unverified_claims(at_provider.tokens()["id_token"])["sid"]
    own = at_provider.client
    other = visit(id="other", backchannel_logout_uri=f"{BACKCHANNEL}/other").client
    quiet = visit(id="quiet", backchannel_logout_uri=None).client
    for client in (other, quiet):
        at_provider.provider.register(client)
        at_provider.client = client
        assert unverified_claims(at_provider.tokens()["id_token"])["sid"] == first
    at_provider.client = own

    gone = at_provider.browse("POST", "/logout", {"session": hidden(leave(at_provider), "session")})

    assert [one.address for one in gone.errands] == [BACKCHANNEL, f"{BACKCHANNEL}/other"]


def test_a_session_ends_by_itself_after_a_day() -> None:
    at_provider = visit()
    at_provider.tokens()
    at_provider.later(LIMITS.session_lifetime)

    answer = leave(at_provider)

    assert GONE in page_of(answer, 200)
    assert not answer.errands


def test_a_code_whose_session_is_over_is_good_and_tells_nobody_later() -> None:
    at_provider = visit()
    code = at_provider.code()
    at_provider.browse("POST", "/logout", {"session": hidden(leave(at_provider), "session")})

    assert at_provider.redeem(code).status == 200
    assert GONE in page_of(leave(at_provider), 200)


def test_a_cookie_names_its_provider_and_is_for_the_server_alone() -> None:
    at_provider = visit()
    answer = at_provider.choose(at_provider.begin())
    cookie = dict(answer.headers)["set-cookie"]

    assert location(answer)["code"]
    assert cookie.startswith("idp-sg-login=")
    assert cookie.endswith("; Path=/; HttpOnly; SameSite=Lax; Secure")
    assert WebRequest("GET", "/", headers=(("cookie", "a=1; b=2"), ("cookie", "c=3"))).cookie("c") == "3"
