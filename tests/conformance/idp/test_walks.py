"""Walks of a browser, and the wire below: bounded, on the provider's own hosts, and never away from this machine."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx2
import pytest

from idbridge.conformance.answer import FaultKind
from idbridge.conformance.targets.idp.cookies import Cookies
from idbridge.conformance.targets.idp.forms import first_form
from idbridge.conformance.targets.idp.walks import CommandWalk, FormWalk, InteractiveWalk, landed, listening
from idbridge.conformance.targets.idp.wire import NoVerdictError, Place, Wire
from idbridge.errors import ConfigurationError
from idbridge.limits import LIMITS
from tests.conformance.idp.kit import free_port

END = "http://127.0.0.1:9/callback"
Page = tuple[int, dict[str, str], bytes]


@contextmanager
def serving(answer: Callable[[str], Page]) -> Iterator[str]:
    """A server that answers GET and POST of a path as ``answer`` says."""

    class Serving(BaseHTTPRequestHandler):
        wbufsize = -1

        def _serve(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            status, headers, body = answer(self.path)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = _serve  # noqa: N815 - names of the standard library

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Serving)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def walk(url: str) -> FormWalk:
    return FormWalk(Wire(Place(url, url)).browser(), person={"login": "guest"})


def fault(caught: pytest.ExceptionInfo[NoVerdictError]) -> FaultKind:
    return caught.value.fault.kind


class TestWire:
    @pytest.mark.parametrize(
        ("issuer", "url"),
        [
            ("http://login.example", "http://login.example"),
            ("ftp://127.0.0.1", "ftp://127.0.0.1"),
            ("https://login.example/?x=1", "https://login.example/?x=1"),
            ("https://user@login.example", "https://user@login.example"),
            ("https://login.example", "https://other.example"),
            ("https://login.example:x", "https://login.example:x"),
        ],
    )
    def test_what_is_no_address_of_a_provider_is_refused(self, issuer: str, url: str) -> None:
        with pytest.raises(ConfigurationError):
            Place(issuer, url)

    @pytest.mark.parametrize(
        "address",
        [
            "https://elsewhere.example/token",
            "http://127.0.0.1:1/token",
            "https://login.example.elsewhere.example/token",
            "file:///token",
            "https://user@login.example/token",
            "https://login.example:x/token",
        ],
    )
    def test_nobody_is_asked_but_the_hosts_of_the_provider(self, address: str) -> None:
        with pytest.raises(NoVerdictError) as caught:
            Place("https://login.example", "http://127.0.0.1:4001").reached(address)

        assert fault(caught) is FaultKind.UNREACHABLE

    def test_a_target_on_this_machine_leads_nowhere_else_even_if_a_host_is_named(self) -> None:
        place = Place("http://127.0.0.1:4001", "http://127.0.0.1:4001", frozenset({"elsewhere.example"}))

        with pytest.raises(NoVerdictError):
            place.reached("https://elsewhere.example/token")

    def test_a_remote_target_is_not_asked_over_plain_http(self) -> None:
        place = Place("https://login.example", "https://login.example", frozenset({"pages.example"}))

        with pytest.raises(NoVerdictError):
            place.reached("http://pages.example/login")
        assert place.reached("https://pages.example/login") == ("https://pages.example/login", {})

    def test_who_stands_in_is_told_for_whom(self) -> None:
        place = Place("https://login.example", "http://127.0.0.1:4001/below")

        address, headers = place.reached("https://login.example/token?x=1")
        assert address == "http://127.0.0.1:4001/below/token?x=1"
        assert headers == {"Host": "login.example", "X-Forwarded-Proto": "https"}

    def test_a_failure_of_the_server_is_a_fault(self) -> None:
        with serving(lambda _: (500, {}, b"")) as url, pytest.raises(NoVerdictError) as caught:
            Wire(Place(url, url)).get(f"{url}/x")

        assert fault(caught) is FaultKind.CRASH

    def test_an_answer_that_is_too_long_is_a_fault(self) -> None:
        body = b"x" * (LIMITS.conformance_answer_bytes + 1)
        with serving(lambda _: (200, {}, body)) as url, pytest.raises(NoVerdictError) as caught:
            Wire(Place(url, url)).get(f"{url}/x")

        assert fault(caught) is FaultKind.MALFORMED

    def test_where_nobody_is_there_is_a_fault(self) -> None:
        url = f"http://127.0.0.1:{free_port()}"

        with pytest.raises(NoVerdictError) as caught:
            Wire(Place(url, url)).get(url)
        assert fault(caught) is FaultKind.UNREACHABLE

    def test_a_redirect_is_not_followed(self) -> None:
        with serving(lambda _: (303, {"Location": "https://elsewhere.example/"}, b"")) as url:
            reply = Wire(Place(url, url)).get(f"{url}/x")

        assert reply.redirects


class TestFormWalk:
    def test_a_login_that_does_not_end_is_a_fault_after_as_many_pages_as_a_login_may_have(self) -> None:
        seen: list[str] = []

        def answer(path: str) -> Page:
            seen.append(path)
            return 302, {"Location": "/again"}, b""

        with serving(answer) as url, pytest.raises(NoVerdictError) as caught:
            walk(url).walk(f"{url}/authorize", ends=(END,))

        assert fault(caught) is FaultKind.HANG
        assert len(seen) == LIMITS.conformance_pages + 1

    def test_a_login_page_on_a_strange_host_is_not_visited(self) -> None:
        elsewhere = {"Location": "https://elsewhere.example/"}
        with serving(lambda _: (302, elsewhere, b"")) as url, pytest.raises(NoVerdictError) as caught:
            walk(url).walk(f"{url}/authorize", ends=(END,))

        assert fault(caught) is FaultKind.UNREACHABLE

    def test_an_error_page_refuses_and_a_page_without_a_form_does_not(self) -> None:
        with serving(lambda path: (400 if path == "/bad" else 200, {}, b"<p>words</p>")) as url:
            assert walk(url).walk(f"{url}/bad", ends=(END,)).refused
            assert not walk(url).walk(f"{url}/good", ends=(END,)).refused

    def test_forms_are_filled_in_until_the_browser_is_sent_to_the_end(self) -> None:
        form = b'<form method="post" action="/done"><input name="login"><button name="yes" value="1">go</button></form>'

        def answer(path: str) -> Page:
            return (303, {"Location": f"{END}?code=1"}, b"") if path == "/done" else (200, {}, form)

        with serving(answer) as url:
            landing = walk(url).walk(f"{url}/authorize", ends=(END,))

        assert (landing.address, landing.query) == (END, "code=1")

    def test_a_form_that_is_sent_by_get_goes_into_the_address(self) -> None:
        def answer(path: str) -> Page:
            if path.startswith("/done?login=guest"):
                return 303, {"Location": END}, b""
            return 200, {}, b'<form action="/done?old=1"><input name="login"></form>'

        with serving(answer) as url:
            assert walk(url).walk(url, ends=(END,)).address == END


@pytest.mark.parametrize(
    ("address", "end"),
    [
        (f"{END}?code=1", END),
        (END, END),
        (f"{END}#code=1", END),
        (f"{END}x?code=1", None),
        (f"{END}/more", None),
        (END[:-1], None),
    ],
)
def test_a_browser_landed_at_an_address_and_not_at_one_that_begins_like_it(address: str, end: str | None) -> None:
    landing = landed(address, (END,))

    assert (landing.address if landing is not None else None) == end


def test_the_longest_end_counts_so_that_a_query_of_its_own_is_seen() -> None:
    landing = landed(f"{END}?more=1&code=2", (END, f"{END}?more=1"))

    assert landing is not None
    assert (landing.address, landing.query) == (f"{END}?more=1", "code=2")


SAYS_REFUSED = "print('{\"refused\": true}'); raise SystemExit(1)"


class TestCommandWalk:
    def command(self, place: Path, code: str) -> CommandWalk:
        script = place / "walk.py"
        script.write_text(code)
        return CommandWalk(f"{sys.executable} {script}")

    def test_its_output_is_where_the_browser_was_redirected(self, tmp_path: Path) -> None:
        made = self.command(tmp_path, f"import sys; print('{END}?code=' + sys.argv[1][-1])")

        assert made.walk("https://login.example/7", ends=(END,)).query == "code=7"

    def test_one_says_that_a_page_refused(self, tmp_path: Path) -> None:
        landing = self.command(tmp_path, SAYS_REFUSED).walk("https://login.example/", ends=(END,))

        assert (landing.address, landing.refused) == (None, True)

    @pytest.mark.parametrize(
        "code",
        ["raise SystemExit(70)", "raise SystemExit(1)", "1 / 0", "print('elsewhere')", "", "1/0 if False else exit(2)"],
    )
    def test_everything_else_is_a_fault(self, tmp_path: Path, code: str) -> None:
        with pytest.raises(NoVerdictError) as caught:
            self.command(tmp_path, code).walk("https://login.example/", ends=(END,))

        assert fault(caught) is FaultKind.MALFORMED

    def test_a_command_that_is_not_there_is_a_fault(self) -> None:
        with pytest.raises(NoVerdictError) as caught:
            CommandWalk("/no/such/command").walk("https://login.example/", ends=(END,))

        assert fault(caught) is FaultKind.CRASH


class TestListening:
    def test_nothing_is_listened_for_away_from_this_machine(self) -> None:
        for address in ("http://bank.example:80/cb", "https://127.0.0.1:4443/cb", "http://127.0.0.1/cb"):
            with pytest.raises(NoVerdictError):
                listening(address)

    def test_a_person_is_shown_the_address_and_awaited_at_the_redirect_uri(self) -> None:
        here = f"http://127.0.0.1:{free_port()}/callback"
        shown: list[str] = []

        def person(url: str) -> None:
            shown.append(url)
            assert httpx2.get(here.replace("/callback", "/favicon.ico"), trust_env=False).status_code == 404
            httpx2.get(f"{here}?code=3", trust_env=False)

        landing = InteractiveWalk(person).walk("https://login.example/", ends=(here,))
        assert shown == ["https://login.example/"]
        assert (landing.address, landing.query) == (here, "code=3")

    def test_a_port_that_is_taken_is_a_fault(self) -> None:
        here = f"http://127.0.0.1:{free_port()}/callback"

        with listening(here), pytest.raises(NoVerdictError) as caught:
            listening(here)
        assert fault(caught) is FaultKind.UNREACHABLE


class TestCookies:
    def test_a_cookie_goes_where_its_path_says_and_nowhere_else(self) -> None:
        cookies = Cookies()
        cookies.take(["a=1; Path=/login; Secure; HttpOnly", "b=2"], path="/auth/9")

        assert cookies.header(path="/login/3") == "a=1"
        assert cookies.header(path="/loginx") is None
        assert cookies.header(path="/auth/9") == "b=2"

    def test_a_cookie_is_forgotten_when_it_is_taken_back(self) -> None:
        cookies = Cookies()
        cookies.take(["a=1; Path=/", "b=2; Path=/"], path="/")
        cookies.take(["a=; Path=/; Max-Age=0", "b=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT"], path="/")

        assert cookies.header(path="/") is None

    def test_what_cannot_be_read_is_passed_over(self) -> None:
        cookies = Cookies()
        cookies.take(["\x00=1", "a=1; Path=/; Expires=never"], path="/")

        assert cookies.header(path="/") == "a=1"


def test_a_form_is_filled_as_a_person_would_leave_it() -> None:
    page = (
        '<form method="POST" action="go"><input type="hidden" name="t" value="7">'
        '<input type="radio" name="who" value="first"><input type="radio" name="who" value="second" checked>'
        '<input type="radio" name="level" value="low"><input type="radio" name="level" value="high">'
        '<input type="checkbox" name="news"><input type="checkbox" name="kept" checked>'
        '<button name="answer" value="yes">yes</button><button name="answer" value="no">no</button></form>'
        '<form action="/other"><input name="x"></form><input name="outside">'
    )

    form = first_form(page, address="http://127.0.0.1:1/login/page")
    assert form is not None
    assert (form.method, form.action) == ("POST", "http://127.0.0.1:1/login/go")
    assert form.filled({"answer": "no", "strange": "1"}) == {
        "t": "7", "who": "second", "level": "low", "kept": "on", "answer": "no",
    }  # fmt: skip
