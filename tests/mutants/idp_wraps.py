"""What is wrong with broken identity providers: wraps around the sandbox's own, each of which changes one thing.

A wrap changes what the provider remembers, how it looks at proofs, or what goes in and out of it.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from idbridge.oidc.pkce import challenge_of
from idbridge.sandbox.idp.desk import Desk, Granted
from idbridge.sandbox.idp.faults import ProviderFault
from idbridge.sandbox.idp.memory import Memory
from idbridge.sandbox.idp.provider import PretendProvider
from idbridge.sandbox.idp.web import Answer, WebRequest, see_other
from tests.conformance.idp.kit import Answering

Form = dict[str, str]
Broken = Callable[[Desk], Answering]


def silent(body: bytes = b"", *, status: int = 500, honest_discovery: bool = False) -> Broken:
    """A provider that answers everything with ``status`` and ``body``; its discovery document may be honest."""

    def make(desk: Desk) -> Answering:
        provider = PretendProvider(desk)

        def answering(request: WebRequest, at: datetime) -> Answer:
            if honest_discovery and request.path.startswith("/.well-known/"):
                return provider.answer(request, at=at)
            return Answer(status, (), body)

        return answering

    return make


def through(desk: Desk, change: Callable[[WebRequest], WebRequest]) -> Answering:
    """Return a provider that looks at its requests through ``change``."""
    provider = PretendProvider(desk)
    return lambda request, at: provider.answer(change(request), at=at)


def told(desk: Desk, change: Callable[[WebRequest, Answer], Answer]) -> Answering:
    """Return a provider whose answers go through ``change``."""
    provider = PretendProvider(desk)
    return lambda request, at: change(request, provider.answer(request, at=at))


def form_of(request: WebRequest) -> Form:
    octets = request.body if request.method == "POST" else request.query
    return dict(parse_qsl(octets.decode("ascii", "replace"), keep_blank_values=True))


def with_form(request: WebRequest, form: Mapping[str, str]) -> WebRequest:
    octets = urlencode(form).encode()
    return replace(request, body=octets) if request.method == "POST" else replace(request, query=octets)


def document(*paths: str, change: Callable[[dict[str, Any]], None]) -> Broken:
    """Return a provider whose JSON at ``paths`` goes through ``change``."""

    def changed(request: WebRequest, answer: Answer) -> Answer:
        if request.path not in paths or not answer.body.startswith(b"{"):
            return answer
        members = json.loads(answer.body)
        change(members)
        return replace(answer, body=json.dumps(members).encode())

    return lambda desk: told(desk, changed)


def with_fault(fault: ProviderFault) -> Broken:
    """Return the provider with one of the sandbox's own faults switched on."""

    def make(desk: Desk) -> Answering:
        desk.faults.switch(fault.value, on=True)
        return through(desk, lambda request: request)

    return make


# What a request asks for is taken for something else.


def any_verifier(desk: Desk) -> Answering:
    """Take whatever verifier comes for the right one."""
    seen: list[str] = []

    class Codes(Memory[Granted]):
        def take(self, handle: str | None, *, at: datetime) -> Granted | None:
            found = super().take(handle, at=at)
            if found is None:
                return None
            return replace(found, asked=replace(found.asked, code_challenge=challenge_of(seen[-1])))

    desk.codes = Codes(desk.randomness)

    def change(request: WebRequest) -> WebRequest:
        if request.path == "/token":
            form = form_of(request)
            verifier = form.get("code_verifier", "")
            seen.append(verifier if len(verifier) >= 43 else "v" * 43)
            return with_form(request, {**form, "code_verifier": seen[-1]})
        return request

    return through(desk, change)


def without_pkce(desk: Desk) -> Answering:
    def change(request: WebRequest) -> WebRequest:
        form = form_of(request)
        if request.path == "/par" and "code_challenge" not in form:
            return with_form(request, {**form, "code_challenge": "A" * 43, "code_challenge_method": "S256"})
        return request

    return through(desk, change)


def plain_pkce(desk: Desk) -> Answering:
    def change(request: WebRequest) -> WebRequest:
        form = form_of(request)
        if request.path == "/par" and form.get("code_challenge_method", "plain") == "plain":
            hashed = challenge_of(form.get("code_challenge", ""))
            return with_form(request, {**form, "code_challenge": hashed, "code_challenge_method": "S256"})
        return request

    return through(desk, change)


def redirect_by_prefix(desk: Desk) -> Answering:
    """Compare redirect URIs from the front, and send the browser wherever that leads."""
    asked: dict[str, str] = {}

    def change(request: WebRequest, answer: Answer) -> Answer:
        where = dict(answer.headers).get("location")
        if where is None or "longer" not in asked:
            return answer
        parts = urlsplit(where)
        return see_other(f"{asked.pop('longer')}?{parts.query}")

    def answering(request: WebRequest, at: datetime) -> Answer:
        form = form_of(request)
        for client in desk.clients.values():
            (registered,) = client.redirect_uris
            wanted = form.get("redirect_uri", "")
            if request.path == "/authorize" and wanted.startswith(registered) and wanted != registered:
                asked["longer"] = wanted
                request = with_form(request, {**form, "redirect_uri": registered})
        return change(request, provider.answer(request, at=at))

    provider = PretendProvider(desk)
    return answering


def unpushed(desk: Desk) -> Answering:
    """Take a request from the browser's address as if it had been pushed."""
    provider = PretendProvider(desk)

    def answering(request: WebRequest, at: datetime) -> Answer:
        form = form_of(request)
        if request.path == "/authorize" and request.method == "GET" and "code_challenge" in form:
            return see_other(f"{form['redirect_uri']}?{urlencode({'code': 'c', 'state': form['state'], **iss(desk)})}")
        return provider.answer(request, at=at)

    return answering


def iss(desk: Desk) -> Form:
    return {"iss": desk.listed.issuer}


# What was used or made for somebody else is taken again.


def code_reusable(desk: Desk) -> Answering:
    class Codes(Memory[Granted]):
        def take(self, handle: str | None, *, at: datetime) -> Granted | None:
            return self.read(handle, at=at)

    desk.codes = Codes(desk.randomness)
    return through(desk, lambda request: request)


def code_of_anybody(desk: Desk) -> Answering:
    asking: list[str] = []

    class Codes(Memory[Granted]):
        def take(self, handle: str | None, *, at: datetime) -> Granted | None:
            found = super().take(handle, at=at)
            return None if found is None else replace(found, asked=replace(found.asked, client_id=asking[-1]))

    desk.codes = Codes(desk.randomness)

    def change(request: WebRequest) -> WebRequest:
        asking.append(form_of(request).get("client_id", ""))
        return request

    return through(desk, change)


def codes_for_ever(desk: Desk) -> Answering:
    class Codes(Memory[Granted]):
        def put(self, handle: str, value: Granted, *, until: datetime) -> None:
            super().put(handle, value, until=until.replace(year=until.year + 1))

    desk.codes = Codes(desk.randomness)
    return through(desk, lambda request: request)


def token_survives(desk: Desk) -> Answering:
    class Redeemed(Memory[str]):
        def take(self, handle: str | None, *, at: datetime) -> str | None:  # noqa: ARG002 - as the real one
            return None

    desk.redeemed = Redeemed(desk.randomness)
    return through(desk, lambda request: request)


def request_reusable(desk: Desk) -> Answering:
    desk.answer = lambda pushed, *, at: True  # type: ignore[method-assign] # noqa: ARG005 - the wrap is the mutant
    return through(desk, lambda request: request)


def proofs_reusable(desk: Desk) -> Answering:
    desk._once = lambda name, *, until, at: True  # type: ignore[method-assign] # noqa: ARG005 - the wrap is the mutant
    return through(desk, lambda request: request)


def bearer_too(desk: Desk) -> Answering:
    """Take a bound token like a bearer token, and a request to userinfo without any proof."""
    provider = PretendProvider(desk)

    def answering(request: WebRequest, at: datetime) -> Answer:
        token = (request.only("authorization") or "").partition(" ")[2]
        if request.path == "/userinfo" and not request.fields("dpop"):
            found = desk.tokens.read(token, at=at)
            if found is not None:
                return Answer(200, (("content-type", "application/json"),), json.dumps({"sub": "x"}).encode())
        return provider.answer(request, at=at)

    return answering


def logs_anybody_in(desk: Desk) -> Answering:
    """Do as if ``prompt=none`` had not been asked."""

    def change(request: WebRequest) -> WebRequest:
        form = form_of(request)
        if form.get("prompt") == "none":
            return with_form(request, {name: value for name, value in form.items() if name != "prompt"})
        return request

    return through(desk, change)


def stateless_errors(desk: Desk) -> Answering:
    def change(_request: WebRequest, answer: Answer) -> Answer:
        where = dict(answer.headers).get("location", "")
        if "error=" not in where:
            return answer
        parts = urlsplit(where)
        kept = {name: value for name, value in parse_qsl(parts.query) if name != "state"}
        return see_other(f"{where.partition('?')[0]}?{urlencode(kept)}")

    return told(desk, change)


def logout_anywhere(desk: Desk) -> Answering:
    def change(request: WebRequest, answer: Answer) -> Answer:
        form = form_of(request)
        wanted = form.get("post_logout_redirect_uri")
        return see_other(f"{wanted}?state={form.get('state', '')}") if wanted and request.path == "/logout" else answer

    return told(desk, change)


def private_member(members: dict[str, Any]) -> None:
    members["keys"][0]["d"] = "A" * 43


def same_kid(members: dict[str, Any]) -> None:
    members["keys"].append({**members["keys"][0]})


def use_at_once(desk: Desk) -> Answering:
    """Sign with a new key as soon as it is published."""
    provider = PretendProvider(desk)

    def answering(request: WebRequest, at: datetime) -> Answer:
        answer = provider.answer(request, at=at)
        if request.path == "/sandbox/keys/publish":
            desk.keys.use()
        return Answer(200) if request.path == "/sandbox/keys/use" else answer

    return answering


def old_keys_gone(members: dict[str, Any]) -> None:
    members["keys"] = members["keys"][:1]


def issuer_of_another(members: dict[str, Any]) -> None:
    members["issuer"] = "https://sandbox.login.elsewhere.example"


def cached(desk: Desk) -> Answering:
    def change(request: WebRequest, answer: Answer) -> Answer:
        if request.path != "/token":
            return answer
        return replace(answer, headers=tuple(one for one in answer.headers if one[0] != "cache-control"))

    return told(desk, change)


def framable(desk: Desk) -> Answering:
    def change(_request: WebRequest, answer: Answer) -> Answer:
        kept = tuple(one for one in answer.headers if one[0] != "content-security-policy")
        return replace(answer, headers=kept)

    return told(desk, change)


def repeating(desk: Desk) -> Answering:
    """Redirect so that the browser sends its form again."""

    def change(request: WebRequest, answer: Answer) -> Answer:
        return replace(answer, status=307) if request.method == "POST" and answer.status == 303 else answer

    return told(desk, change)
