"""Attacks on a login at a national provider: whose answer it is, where requests go, what is left behind.

Clauses: RFC 9700 sections 4.4 (mix-up), 4.5 (code injection), 4.7 (login CSRF); RFC 9449 section 11.
"""

import asyncio
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest

from idbridge.errors import FetchError
from idbridge.model.region import Environment
from idbridge.net.calls import Call, Method
from idbridge.sandbox.edits import ABSENT
from idbridge.sandbox.people import population
from idbridge_gateway.oidc.upstream.lines import Line, guarded_callers
from tests.gateway.asking import the_region
from tests.gateway.pretending import CLIENT_KEY, CLIENT_SECRET, KH, PUBLIC, SG
from tests.gateway.providing import Browser, name_of, page_of, told
from tests.gateway.upstreaming import Abroad, abroad_in, by_key

LOGINS = [SG, KH]


def at_consent(response: httpx2.Response) -> bool:
    return response.status_code == 303 and response.headers["location"].startswith("/consent?t=")


@pytest.mark.parametrize("token", ["at\r\nX: y", "at\0", "até", " "])
def test_an_access_token_that_no_header_can_carry_ends_the_login(shared_files: Path, token: str) -> None:
    abroad = abroad_in(shared_files, kh_login=by_key(the_region().service(KH).issuer, userinfo=True))
    abroad.kh.tokens = {"access_token": token}

    assert told(abroad.log_in(KH))["error"] == "temporarily_unavailable"
    assert "/userinfo" not in abroad.kh.paths


@pytest.mark.parametrize("provider", LOGINS)
def test_login_csrf_an_answer_in_another_browser_is_nobodys(abroad: Abroad, provider: str) -> None:
    answer = abroad.pretend[provider].authorize(abroad.leave(abroad.begin(), provider))
    victim = Browser()

    page_of(abroad.come_back(answer, victim))
    assert "/token" not in abroad.pretend[provider].paths
    assert at_consent(abroad.come_back(answer))


def test_login_csrf_not_even_in_a_browser_with_a_login_of_its_own(abroad: Abroad) -> None:
    attackers = abroad.sg.authorize(abroad.leave(abroad.begin()))
    victim = Browser()
    begun = abroad.authorize(victim, client_id="bank", request_uri=abroad.pushed())
    own = abroad.sg.authorize(abroad.leave(name_of(begun), browser=victim))

    page_of(abroad.come_back(attackers, victim))
    assert at_consent(abroad.come_back(own, victim))


@pytest.mark.parametrize("provider", LOGINS)
def test_replay_of_state_an_answer_counts_once(abroad: Abroad, provider: str) -> None:
    answer = abroad.pretend[provider].authorize(abroad.leave(abroad.begin(), provider))

    assert at_consent(abroad.come_back(answer))
    page_of(abroad.come_back(answer))
    assert abroad.pretend[provider].paths.count("/token") == 1


def test_replay_of_state_of_two_answers_at_once_one_counts(abroad: Abroad) -> None:
    answer = abroad.sg.authorize(abroad.leave(abroad.begin()))
    path = f"{urlsplit(answer).path}?{urlsplit(answer).query}"

    async def both() -> list[int]:
        async with abroad.node.client() as client:
            answers = [client.get(path, headers=abroad.browser.head()) for _ in range(4)]
            return sorted(one.status_code for one in await asyncio.gather(*answers))

    assert asyncio.run(both()) == [303, 400, 400, 400]
    assert abroad.sg.paths.count("/token") == 1


def test_after_a_refusal_the_same_answer_opens_nothing(abroad: Abroad) -> None:
    abroad.sg.claims = {"nonce": "another"}
    answer = abroad.sg.authorize(abroad.leave(abroad.begin()))
    assert told(abroad.come_back(answer))["error"] == "access_denied"

    abroad.sg.claims = {}
    page_of(abroad.come_back(answer))


def test_mix_up_an_answer_at_the_address_of_another_provider_ends_the_login(abroad: Abroad) -> None:
    answer = abroad.sg.authorize(abroad.leave(abroad.begin()))

    assert told(abroad.come_back(answer.replace(f"/{SG}?", f"/{KH}?")))["error"] == "access_denied"
    assert "/token" not in abroad.sg.paths + abroad.kh.paths


def test_mix_up_the_code_of_one_provider_is_never_sent_to_another(abroad: Abroad) -> None:
    """A provider that the person did not choose hands its own answer to the address of the chosen one."""
    chosen = abroad.leave(abroad.begin(), KH)
    state = dict(parse_qsl(urlsplit(chosen).query))["state"]
    answer = f"{PUBLIC}/login/callback/{KH}?code=stolen&state={state}&iss={abroad.sg.issuer}"

    assert told(abroad.come_back(answer))["error"] == "access_denied"
    assert "/token" not in abroad.kh.paths + abroad.sg.paths


@pytest.mark.parametrize("provider", LOGINS)
def test_mix_up_a_token_that_another_listed_provider_signed_is_not_believed(abroad: Abroad, provider: str) -> None:
    other = abroad.pretend[KH if provider == SG else SG]
    pretend = abroad.pretend[provider]
    pretend.claims = {"iss": other.issuer, other.region.service(other.service).claim_map["acr"]: ABSENT}
    pretend.signer = other.region.signer(other.service)

    assert told(abroad.log_in(provider))["error"] == "access_denied"


@pytest.mark.parametrize("provider", LOGINS)
def test_code_injection_a_stolen_code_is_worth_nothing_in_another_login(abroad: Abroad, provider: str) -> None:
    pretend = abroad.pretend[provider]
    stolen = dict(pretend.parameters(pretend.authorize(abroad.leave(abroad.begin(), provider))))["code"]
    attacker = Browser()
    begun = abroad.authorize(attacker, client_id="bank", request_uri=abroad.pushed())
    own = pretend.authorize(abroad.leave(name_of(begun), provider, attacker), code=stolen)

    assert told(abroad.come_back(own, attacker)).keys() >= {"error"}


def test_code_injection_not_even_with_the_nonce_of_another_login(abroad: Abroad) -> None:
    """Whoever got a token for another login cannot have it counted for this one: the nonce is that of the browser."""
    abroad.sg.claims = {"nonce": "n" * 43}

    assert told(abroad.log_in())["error"] == "access_denied"


def test_tabs_do_not_collide_two_logins_of_one_browser_end_each_for_itself(abroad: Abroad) -> None:
    first, second = abroad.begin(), abroad.begin(state="state-2")
    left = abroad.sg.authorize(abroad.leave(first))
    right = abroad.kh.authorize(abroad.leave(second, KH))

    assert abroad.come_back(right).headers["location"] == f"/consent?t={second}"
    assert abroad.come_back(left).headers["location"] == f"/consent?t={first}"


def test_who_chooses_again_ends_the_login_before(abroad: Abroad) -> None:
    name = abroad.begin()
    first = abroad.sg.authorize(abroad.leave(name))
    second = abroad.kh.authorize(abroad.leave(name, KH))

    page_of(abroad.come_back(first))
    assert at_consent(abroad.come_back(second))


def test_an_answer_that_comes_too_late_finds_nothing(abroad: Abroad) -> None:
    answer = abroad.sg.authorize(abroad.leave(abroad.begin()))
    abroad.node.clock.turn(minutes=16)

    page_of(abroad.come_back(answer))


@pytest.mark.parametrize(
    ("member", "address"),
    [
        (member, address)
        for member in ("token_endpoint", "authorization_endpoint", "userinfo_endpoint")
        for address in (
            "https://169.254.169.254/latest",
            "https://127.0.0.1/token",
            "http://localhost:9200/",
            "https://elsewhere.example/token",
            "https://sandbox.login.sg.example@elsewhere.example/token",
            "https://sandbox.login.sg.example.elsewhere.example/token",
            "https://sandbox.login.sg.example:8443/token",
            "file:///etc/passwd",
            "gopher://sandbox.login.sg.example/",
            "//sandbox.login.sg.example/token",
        )
    ],
)
def test_ssrf_through_metadata_no_endpoint_elsewhere_is_ever_called(alone: Abroad, member: str, address: str) -> None:
    alone.sg.discovery = {member: address}
    name = alone.begin()

    refusal = alone.refused(name)
    assert (refusal.error, refusal.code) in {
        ("access_denied", "issuer.service_not_listed"), ("temporarily_unavailable", "system.fetch_failed"),
    }  # fmt: skip
    assert alone.sg.paths == ["/.well-known/openid-configuration"]


def test_ssrf_through_metadata_neither_by_the_endpoint_for_pushed_requests(alone: Abroad) -> None:
    alone.sg.discovery = {"pushed_authorization_request_endpoint": "https://elsewhere.example/par"}

    assert alone.refused(alone.begin()).code == "issuer.service_not_listed"
    assert alone.sg.paths == ["/.well-known/openid-configuration"]


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1/token", "https://elsewhere.example/token", "http://login.sg.example/"]
)
def test_ssrf_the_client_of_a_line_calls_its_hosts_alone(shared_abroad: Abroad, url: str) -> None:
    usable = shared_abroad.upstream.usable(SG, turn=shared_abroad.provider.turns.begin())
    line = Line(usable.client, frozenset({"login.sg.example"}))

    with pytest.raises(FetchError):
        guarded_callers(Environment.LIVE)(line).call(Call(Method.POST, url), max_bytes=1000)


@pytest.mark.parametrize("member", ["pushed_authorization_request_endpoint", "code_challenge_methods_supported"])
def test_a_document_that_takes_fapi_away_is_no_way_around_it(alone: Abroad, member: str) -> None:
    alone.sg.discovery = {member: ABSENT}

    assert alone.refused(alone.begin()).error == "access_denied"
    assert alone.sg.paths == ["/.well-known/openid-configuration"]


def test_an_algorithm_that_is_not_offered_does_not_count_though_it_is_listed(alone: Abroad) -> None:
    alone.kh.discovery = {"id_token_signing_alg_values_supported": ["ES384"]}

    assert told(alone.log_in(KH))["error"] == "access_denied"


def test_a_document_that_offers_nothing_that_is_listed_is_of_no_use(alone: Abroad) -> None:
    alone.kh.discovery = {"id_token_signing_alg_values_supported": ["none", "HS256", "RS256"]}

    assert alone.refused(alone.begin(), KH).code == "issuer.service_not_listed"


def test_nothing_of_a_login_under_way_can_be_read_in_the_store_or_in_addresses(abroad: Abroad) -> None:
    location = abroad.leave(abroad.begin())
    answer = abroad.sg.authorize(location)
    (pushed,) = abroad.sg.granted.values()
    state, nonce = pushed["state"], pushed["nonce"]
    store = abroad.node.app.state.parts.stores.sealed
    kept = b"".join(name + one.octets for name, one in store.held.items())

    for secret in (state, nonce, state.partition(".")[2], "PRIVATE KEY"):
        assert secret.encode() not in kept
    assert nonce not in location + answer
    at_consent_page = abroad.come_back(answer)
    person = population().of(abroad.sg.region.service(SG).state)[0]
    kept = b"".join(name + one.octets for name, one in store.held.items())
    assert person.subject.encode() not in kept
    assert person.subject not in str(at_consent_page.headers)


def test_no_secret_of_ours_is_shown(tmp_path: Path) -> None:
    abroad = abroad_in(tmp_path)
    shown = repr(abroad.upstream) + repr(abroad.upstream.providers.client(SG))

    assert CLIENT_SECRET not in shown
    assert CLIENT_KEY.pem().splitlines()[1] not in shown


def test_each_proof_is_made_for_one_request_and_never_sent_twice(abroad: Abroad) -> None:
    abroad.sg.nonce = "server-nonce"
    assert at_consent(abroad.log_in())

    proofs = [call.head["DPoP"] for call in abroad.sg.seen if "DPoP" in call.head]
    assertions = [call.body for call in abroad.sg.seen if b"client_assertion" in call.body]
    assert [path for path in abroad.sg.paths if "well-known" not in path] == ["/par", "/par", "/token"]
    assert len(set(proofs)) == len(proofs) == 3
    assert len(set(assertions)) == len(assertions) == 3


def test_a_server_that_always_wants_another_nonce_is_asked_twice_and_no_more(abroad: Abroad) -> None:
    name = abroad.begin()
    abroad.leave(name)  # the discovery document is known from now on
    abroad.anew().sg.nonce = "n-1"
    name = abroad.begin()
    turning = abroad.sg

    def restless(call: Call) -> None:
        turning.nonce = f"{turning.nonce}x"

    turning.before = restless
    assert abroad.refused(name).error == "server_error"
    assert turning.paths == ["/par", "/par"]


@pytest.mark.parametrize("provider", LOGINS)
def test_what_a_provider_says_in_words_goes_nowhere(
    abroad: Abroad, provider: str, caplog: pytest.LogCaptureFixture
) -> None:
    canary = "canary-of-Somchai"
    abroad.pretend[provider].response = {"code": ABSENT, "error": "access_denied", "error_description": canary}
    response = abroad.log_in(provider)

    assert told(response)["error"] == "access_denied"
    assert canary not in str(response.headers) + response.text + caplog.text


def test_a_registration_at_a_provider_of_fapi_without_key_is_of_no_use(tmp_path: Path) -> None:
    issuer = abroad_in(tmp_path).sg.issuer
    entry = {**by_key(issuer), "authentication": "client_secret_basic", "secret_file": "secret"}
    abroad = abroad_in(tmp_path, sg_login={name: entry[name] for name in entry.keys() - {"key_file", "kid"}})

    assert abroad.refused(abroad.begin()).code == "issuer.service_not_listed"
    assert not abroad.sg.paths
