"""vp_tokens: what a wallet answers to a query, good, or bad in one named detail (OpenID4VP 1.0, section 8.1)."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from idbridge.codec import base64url
from idbridge.crypto.certificate_origin import unverified_origin
from idbridge.sandbox.bench import Bench
from idbridge.sandbox.parties import Registration
from idbridge.sandbox.recipe import Shown

Wrapping = Callable[[dict[str, list[str]]], Any]
_CROWD: Final = 17  # one more than one vp_token may have


def as_answered(token: dict[str, list[str]]) -> Any:
    """Send what the standard says."""
    return token


def under_another_id(token: dict[str, list[str]]) -> Any:
    """Answer a query that nobody asked."""
    return {f"{name}-other": sent for name, sent in token.items()}


def sent_twice(token: dict[str, list[str]]) -> Any:
    """Send every presentation twice."""
    return {name: [*sent, *sent] for name, sent in token.items()}


def without_list(token: dict[str, list[str]]) -> Any:
    """Send each presentation by itself, as old drafts did."""
    return {name: sent[0] for name, sent in token.items()}


def in_a_crowd(token: dict[str, list[str]]) -> Any:
    """Send more presentations than one vp_token may have."""
    return {name: sent * _CROWD for name, sent in token.items()}


class Answering(Protocol):
    """A source that can answer a nonce beside others."""

    @property
    def service(self) -> str:
        """The service whose credential it is."""
        ...

    def answer(self, bench: Bench, *, to: Registration, nonce: str) -> Shown:
        """Make what answers ``nonce`` at ``bench``, for the relying party ``to``."""
        ...


@dataclass(frozen=True, slots=True)
class Sent:
    """One presentation, and the id of the credential query that it answers."""

    query: str
    presentation: Answering


@dataclass(frozen=True, slots=True)
class VpToken:
    """A vp_token with presentations that all answer one nonce; ``wrap`` is how the wallet puts them together."""

    answers: tuple[Sent, ...]
    wrap: Wrapping = as_answered

    @property
    def service(self) -> str:
        """The service of the first credential."""
        return self.answers[0].presentation.service

    def shown(self, bench: Bench, *, to: Registration) -> Shown:
        """Return the vp_token that the relying party ``to`` receives."""
        nonce = bench.nonce()
        token: dict[str, list[str]] = {}
        expected: dict[str, Any] = {}
        for one in self.answers:
            shown = one.presentation.answer(bench, to=to, nonce=nonce)
            token.setdefault(one.query, []).append(shown.credential)
            expected.update(shown.expected)
        return Shown(json.dumps(self.wrap(token)), nonce, expected)


def naming_the_authority(octets: bytes) -> bytes:
    """Write into the query which authority's key signed the certificate in ``x5c``, as a relying party knows it."""
    body = json.loads(octets)
    sent = next(iter(json.loads(body["credential"]).values()))[0]
    header = json.loads(base64url.decode(sent.partition(".")[0]))
    leaf = base64url.decode(header["x5c"][0].rstrip("=").replace("+", "-").replace("/", "_"))
    identifier = base64url.encode(unverified_origin(leaf).authority_key_identifier or b"")
    return _naming(body, identifier)


def naming_another_authority(octets: bytes) -> bytes:
    """Write an authority into the query whose key signed nothing here."""
    return _naming(json.loads(octets), "A" * 27)


def naming_the_list(octets: bytes) -> bytes:
    """Write into the query the address by which Singapore's list calls itself."""
    return _naming_one(json.loads(octets), "etsi_tl", "https://trust.sg.example/")


def naming_another_list(octets: bytes) -> bytes:
    """Write the address of Thailand's list into the query."""
    return _naming_one(json.loads(octets), "etsi_tl", "https://trust.th.example/")


def naming_a_federation(octets: bytes) -> bytes:
    """Write into the query that an entity of a federation should vouch, under the address of Singapore's list."""
    return _naming_one(json.loads(octets), "openid_federation", "https://trust.sg.example/")


def _naming(body: dict[str, Any], identifier: str) -> bytes:
    return _naming_one(body, "aki", identifier)


def _naming_one(body: dict[str, Any], kind: str, value: str) -> bytes:
    body["dcql"]["credentials"][0]["trusted_authorities"] = [{"type": kind, "values": [value]}]
    return json.dumps(body, ensure_ascii=False).encode()
