"""Wallets that are no holders: one that answers late, and one that refuses everything by one word or none."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from idbridge.codec import base64url
from idbridge.conformance.answer import Fault
from idbridge.conformance.targets.wallet.calling import Refused
from idbridge.model.region import Environment
from idbridge.net.calls import Answer, Call, Method
from idbridge.net.guarded import GuardedClient


def _fetched(link: str) -> dict[str, Any]:
    """Return what a request says, whoever made it."""
    address = dict(parse_qsl(urlsplit(link).query))["request_uri"]
    compact = _called(Call(Method.GET, address, {"Accept": "*/*"})).body.decode("ascii")
    claims: dict[str, Any] = json.loads(base64url.decode(compact.split(".")[1]))
    return claims


def _called(call: Call) -> Answer:
    caller = GuardedClient(frozenset({urlsplit(call.url).netloc}), Environment.SANDBOX, allow_loopback=True)
    return caller.call(call, max_bytes=64 * 1024)


def _post(address: str, form: Mapping[str, str]) -> None:
    head = {"Content-Type": "application/x-www-form-urlencoded"}
    _called(Call(Method.POST, address, head, urlencode(form).encode()))


@dataclass(slots=True)
class LateCall:
    """Fetches, says that it is done, and posts ``form`` for it when it is opened for the next."""

    form: Mapping[str, str] = field(default_factory=lambda: {"vp_token": "{}"})
    held: dict[str, Any] | None = None

    def open(self, link: str) -> Fault | Refused | None:
        """Post what is held, and hold this."""
        self.post()
        self.held = _fetched(link)
        return None

    def post(self) -> None:
        """Post what is held."""
        if self.held is not None:
            _post(self.held["response_uri"], {**self.form, "state": self.held["state"]})
            self.held = None


@dataclass(frozen=True, slots=True)
class SayingCall:
    """Fetches, and refuses whatever it is by one ``word``, posted or told; by silence without one."""

    word: str | None
    posts: bool = True

    def open(self, link: str) -> Fault | Refused | None:
        """Refuse."""
        claims = _fetched(link)
        if self.word is not None and self.posts:
            _post(claims["response_uri"], {"error": self.word, "state": claims["state"]})
        return None if self.word is None or self.posts else Refused(self.word)
