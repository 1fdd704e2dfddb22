"""`/login`: whoever did not begin a login chooses nothing in it, and only what does is begun."""

import re
from pathlib import Path

import pytest

from idbridge.limits import LIMITS
from idbridge.model.region import AssuranceLevel, MemberState
from idbridge.oidc.errors import OAuthError
from idbridge_gateway.pages.catalogue import LANGUAGES, catalogues
from tests.gateway.logging_in import FORGED, HOSTILE, OVER, Visit, page_of, refused, token_in, visit_in
from tests.gateway.providing import FORM, Browser, told


@pytest.fixture
def visit(shared_files: Path) -> Visit:
    return visit_in(shared_files)


def test_a_name_without_its_cookie_opens_nothing(visit: Visit) -> None:
    name = visit.begin()
    visit.browser = Browser()

    refused(visit.get(f"/login?t={name}"), OVER)
    refused(visit.send(f"/login?t={name}", {"provider": "lionpass"}), OVER)
    assert visit.gate.begun == []


def test_the_cookie_of_another_login_opens_nothing_under_this_name(visit: Visit) -> None:
    """Another tab's handle, or one that an attacker planted under the name of the victim's cookie."""
    first, second = visit.begin(), visit.begin()
    cookies = visit.bank.provider.cookies
    visit.browser.cookies[cookies.name_of(first)] = visit.browser.cookies[cookies.name_of(second)]

    refused(visit.get(f"/login?t={first}"), OVER)
    assert "Choose" not in visit.get(f"/login?t={first}").text


def test_two_tabs_each_have_their_own_login(visit: Visit) -> None:
    first, second = visit.begin(), visit.begin()

    assert token_in(page_of(visit.get(f"/login?t={first}"))) != token_in(page_of(visit.get(f"/login?t={second}")))


@pytest.mark.parametrize(
    "query", ["", "?t=", "?t=x", "?t={name}&t={name}", "?t=%E0%A4", "?t=<script>alert(1)</script>"]
)
def test_an_address_that_names_no_login_is_told_how_to_begin_again(visit: Visit, query: str) -> None:
    name = visit.begin()

    text = refused(visit.get(f"/login{query.format(name=name)}"), OVER)
    assert "begin again there" in text
    assert "<script>alert" not in text


def test_a_login_is_over_after_its_time(visit: Visit) -> None:
    name = visit.begin()
    token = visit.token(f"/login?t={name}")
    visit.bank.node.clock.turn(seconds=LIMITS.login_transaction.total_seconds())

    text = refused(visit.get(f"/login?t={name}"), OVER)
    refused(visit.send(f"/login?t={name}", {"token": token, "provider": "lionpass"}), OVER)
    assert "15 minutes" in text


def test_a_page_is_there_again_after_a_change_to_another_app(visit: Visit) -> None:
    name = visit.begin()
    first = page_of(visit.get(f"/login?t={name}"))
    visit.bank.node.clock.turn(minutes=6)

    again = page_of(visit.get(f"/login?t={name}"))
    assert token_in(first) == token_in(again)
    assert "You have 15 minutes." in first
    assert "You have 9 minutes." in again


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": ""},
        {"origin": None, "sec_fetch_site": "cross-site"},
        {"origin": None, "sec_fetch_site": "same-site"},
        {"sec_fetch_site": "none"},
    ],
    ids=["other", "null", "empty", "cross-site", "same-site", "none"],
)
def test_a_form_that_another_site_sends_does_nothing(visit: Visit, headers: dict[str, str | None]) -> None:
    name = visit.begin()

    refused(visit.choose(name, "lionpass", **headers), FORGED)
    assert visit.gate.begun == []
    page_of(visit.get(f"/login?t={name}"))


def test_a_token_counts_for_its_own_page_and_login_only(visit: Visit) -> None:
    name, other = visit.begin(), visit.begin()
    consent = visit.token(f"/consent?t={visit.logged_in()}")
    for token in ("", "x", visit.token(f"/login?t={other}"), consent, visit.token(f"/login?t={name}")[:-1]):
        answer = visit.send(f"/login?t={name}", {"token": token, "provider": "lionpass"})
        refused(answer, FORGED)
    refused(visit.send(f"/login?t={name}", {"provider": "lionpass"}), FORGED)

    assert visit.gate.begun == []


def test_a_browser_that_says_nothing_of_where_it_comes_from_needs_the_token(visit: Visit) -> None:
    name = visit.begin()

    answer = visit.choose(name, "lionpass", origin=None, sec_fetch_site=None)
    assert answer.headers["location"] == "https://lionpass.example/authorize"


@pytest.mark.parametrize(
    "provider",
    ["", "nobody", "tais", "sen-org", "melati", "https://sandbox.login.sg.example", HOSTILE],
    ids=["none", "unknown", "observer", "organisations", "unconnected", "issuer", "hostile"],
)
def test_what_cannot_be_chosen_is_not_begun(visit: Visit, provider: str) -> None:
    name = visit.begin()

    answer = visit.choose(name, provider)
    assert 'role="alert">Choose one of the log-ins that can be used.' in page_of(answer, 422)
    assert "set-cookie" not in answer.headers
    assert "alert(1)" not in answer.text
    assert visit.gate.begun == []


def test_a_level_that_is_not_enough_is_shown_with_the_reason_and_cannot_be_chosen(shared_files: Path) -> None:
    visit = visit_in(shared_files, minimum=AssuranceLevel.A3)
    name = visit.begin()

    text = page_of(visit.get(f"/login?t={name}"))
    assert "Its level is substantial; here high is needed." in text
    assert "<b>RumduolKey login</b> · cannot be used here" in text
    assert "Level needed: high, or higher." in text
    page_of(visit.choose(name, "rumduol"), 422)
    assert visit.choose(name, "lionpass").status_code == 303
    assert [provider for _, provider in visit.gate.begun] == ["lionpass"]


def test_a_level_that_the_client_demands_counts_too(visit: Visit) -> None:
    asked = '{"id_token": {"acr": {"essential": true, "value": "urn:idbridge:loa:A3"}}}'
    name = visit.begin(claims=asked)

    page_of(visit.choose(name, "rumduol"), 422)
    assert visit.choose(name, "lionpass").status_code == 303


def test_words_of_the_asker_are_text_and_nothing_else(shared_files: Path) -> None:
    visit = visit_in(shared_files, name=HOSTILE)
    name = visit.begin(purpose_text=HOSTILE)

    for path in (
        f"/login?t={name}",
        f"/consent?t={visit.logged_in(purpose_text=HOSTILE, report={'purpose_text': HOSTILE})}",
    ):
        text = page_of(visit.get(path))
        assert "<script>alert" not in text
        assert "<img" not in text.replace('<img src="/static/', "")
        assert text.count("&lt;script&gt;alert(1)") >= 2


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"{}", {"content_type": "application/json"}),
        (b"token=x&token=y", {}),
        (b"token={token}&redirect_uri=https://evil.example", {}),
        (b"x" * (LIMITS.form_bytes + 1), {}),
    ],
    ids=["json", "twice", "unknown field", "large"],
)
def test_what_is_no_form_of_this_page_is_refused_by_a_page(visit: Visit, body: bytes, headers: dict[str, str]) -> None:
    name = visit.begin()
    sent = body.replace(b"{token}", visit.token(f"/login?t={name}").encode())

    refused(visit.send(f"/login?t={name}", sent, **headers), FORGED)
    assert visit.gate.begun == []


def test_a_form_whose_head_says_two_things_is_refused(visit: Visit) -> None:
    name = visit.begin()
    body = f"token={visit.token(f'/login?t={name}')}&provider=lionpass".encode()
    head = [*visit.browser.head().items(), *FORM.items(), ("content-type", "application/json")]

    refused(visit.bank.node.send("POST", f"/login?t={name}", body=body, headers=head), FORGED)
    assert visit.gate.begun == []


def test_a_provider_that_does_not_answer_leaves_the_choice_open(visit: Visit) -> None:
    name = visit.begin()
    visit.gate.trouble = OAuthError(
        "temporarily_unavailable", "the provider does not answer", cause="system.fetch_failed"
    )

    answer = visit.choose(name, "lionpass")
    assert 'role="alert">That log-in cannot be reached at present.' in page_of(answer, 503)
    assert answer.headers["retry-after"] == "300"
    visit.gate.trouble = None
    assert visit.choose(name, "rumduol").status_code == 303


@pytest.mark.parametrize("error", ["access_denied", "unmet_authentication_requirements"])
def test_a_provider_that_turns_out_not_to_do_leaves_the_choice_open(visit: Visit, error: str) -> None:
    name = visit.begin()
    visit.gate.trouble = OAuthError(error, "the provider cannot be used")

    assert "Choose one of the log-ins that can be used." in page_of(visit.choose(name, "lionpass"), 422)
    assert visit.browser.cookies.keys() == {f"__Host-idbridge-{name}"}


def test_a_provider_that_refuses_ends_on_a_page(visit: Visit) -> None:
    name = visit.begin()
    visit.gate.trouble = OAuthError("server_error", "something went wrong")

    refused(visit.choose(name, "lionpass"), "This did not work", 500)


def test_every_state_is_there_by_its_name_in_the_language_of_the_page(visit: Visit) -> None:
    name = visit.begin()
    for lang in LANGUAGES:
        words = catalogues()[lang].sentences
        text = page_of(visit.get(f"/login?t={name}&lang={lang}"))
        shown = re.findall(r"<summary><b>([^<]+)</b>", text)

        assert shown == sorted(words[f"state.{state}"] for state in MemberState)
        assert f'<html lang="{catalogues()[lang].tag}">' in text
        assert ("data-machine-made" in text) is (lang != "en")
        assert f'name="t" value="{name}"' in text


def test_what_people_of_a_state_without_login_can_do_is_said(visit: Visit) -> None:
    name = visit.begin()
    text = page_of(visit.get(f"/login?t={name}"))

    def section(state: str) -> str:
        return text.split(f"<summary><b>{state}</b>")[1].split("</details>")[0]

    assert "Lao PDR has no log-in for other states yet." in section("Lao PDR")
    assert "the wallet app on your phone" in section("Lao PDR")
    assert re.search(r"The agreement with Myanmar begins on 20\d\d-\d\d-\d\d\.", section("Myanmar"))
    assert "Timor-Leste does not take part yet." in section("Timor-Leste")
    assert "for example at a counter" in section("Timor-Leste")
    assert "There is no connection to it from here yet." in section("Indonesia")
    assert "<button" not in section("Lao PDR") + section("Myanmar") + section("Timor-Leste") + section("Indonesia")


def test_a_printed_code_is_named_where_it_is_recognised(visit: Visit) -> None:
    name = visit.begin(purpose="building-visit")

    assert "Show the code printed on your ID at a counter" in page_of(visit.get(f"/login?t={name}"))


def test_a_superseded_key_of_a_service_is_no_service_of_its_own(visit: Visit) -> None:
    text = page_of(visit.get(f"/login?t={visit.begin()}"))

    assert "key of 2025" not in text
    assert "leaked key" not in text
    assert text.count("LionPass login<") == 1


def test_the_page_says_who_asks_and_for_what_before_anything_is_chosen(visit: Visit) -> None:
    text = page_of(visit.get(f"/login?t={visit.begin()}"))

    for words in ("Bank of the Sample River", "Thailand", "finance", "Opening an account", "To open your account"):
        assert words in text
    assert "In its own words, which nobody checked" in text


def test_a_choice_leads_to_the_provider_and_is_remembered_as_a_state_alone(visit: Visit) -> None:
    name = visit.begin()
    shown = visit.get(f"/login?t={name}")
    assert "set-cookie" not in shown.headers
    answer = visit.choose(name, "rumduol")

    assert (answer.status_code, answer.headers["location"]) == (303, "https://rumduol.example/authorize")
    assert visit.gate.begun == [(visit.browser.cookies[f"__Host-idbridge-{name}"], "rumduol")]
    [cookie] = answer.headers.get_list("set-cookie")
    assert re.fullmatch(r"__Host-idbridge-country=KH; HttpOnly; Max-Age=15552000; Path=/; SameSite=lax; Secure", cookie)
    assert LIMITS.country_cookie.total_seconds() == 15_552_000
    again = page_of(visit.get(f"/login?t={visit.begin()}"))
    assert re.findall(r"<summary><b>([^<]+)</b>", again)[0] == "Cambodia"
    assert re.search(r'<details class="state" name="state" open>\s*<summary><b>Cambodia', again)


def test_a_remembered_state_is_forgotten_when_told_to(visit: Visit) -> None:
    visit.choose(visit.begin(), "rumduol")
    name = visit.begin()
    page = page_of(visit.get(f"/login?t={name}"))
    assert "Last time on this device you chose Cambodia." in page
    answer = visit.send(f"/login?t={name}", {"token": token_in(page), "answer": "forget"})

    assert answer.headers["location"] == f"/login?t={name}"
    assert "__Host-idbridge-country" not in visit.browser.cookies
    assert "Last time" not in page_of(visit.get(f"/login?t={name}"))


@pytest.mark.parametrize("planted", ["XX", "<script>alert(1)</script>", "kh", ""])
def test_a_state_that_is_none_is_not_remembered(visit: Visit, planted: str) -> None:
    visit.browser.cookies["__Host-idbridge-country"] = planted

    text = page_of(visit.get(f"/login?t={visit.begin()}"))
    assert "Last time" not in text
    assert "alert(1)" not in text


def test_who_cancels_goes_back_with_a_refusal_and_the_login_is_over(visit: Visit) -> None:
    name = visit.begin()
    answer = visit.send(f"/login?t={name}", {"token": visit.token(f"/login?t={name}"), "answer": "cancel"})

    assert told(answer)["error"] == "access_denied"
    assert f"__Host-idbridge-{name}" not in visit.browser.cookies
    refused(visit.get(f"/login?t={name}"), OVER)


def test_who_logged_in_already_is_shown_the_way_on(visit: Visit) -> None:
    name = visit.logged_in()

    assert f'href="/consent?t={name}"' in page_of(visit.get(f"/login?t={name}"))
    visit.bank.node.clock.turn(minutes=6)
    assert "/consent" not in page_of(visit.get(f"/login?t={name}"))


def test_the_language_that_the_client_wished_for_is_spoken(visit: Visit) -> None:
    name = visit.begin(ui_locales="fr km")

    assert '<html lang="km">' in page_of(visit.get(f"/login?t={name}", **{"accept-language": "th"}))


def test_a_form_may_end_at_a_provider_and_names_its_origin(visit: Visit) -> None:
    response = visit.get(f"/login?t={visit.begin()}")

    policy = response.headers["content-security-policy"]
    assert "form-action 'self' https: http://127.0.0.1:* http://localhost:*;" in policy
    assert response.headers["referrer-policy"] == "same-origin"
    assert "form-action 'self';" in visit.get("/receipt").headers["content-security-policy"]
