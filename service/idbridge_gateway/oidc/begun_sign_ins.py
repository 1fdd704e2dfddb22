"""Sign-ins that a browser began here and has not ended: what the node has to compare stands in the browser, sealed.

Decides whether the browser that comes back is one that was sent, not too long ago, and whether what comes back is for
what it began. Whoever begins without end fills nothing at this node: there is nothing kept to look up, and nothing to
forget. Where somebody signs in, and as whom, it does not know. ``__Host-`` keeps other hosts of the domain from
planting a sign-in of their own; a sandbox over plain http cannot have that prefix.
Clauses: RFC 6265bis section 4.1.3; RFC 7636; RFC 9700 sections 2.1 and 4.7.
"""

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from fastapi import Request, Response

from idbridge.clock import Clock
from idbridge.codec import base64url
from idbridge.crypto import sealing
from idbridge.errors import InputError, RequestError
from idbridge.model.randomness import Randomness
from idbridge_gateway.stores.documents import Document, read_document
from idbridge_gateway.stores.sealed import stamped, unstamped

_OCTETS: Final = 32


@dataclass(frozen=True, slots=True)
class BegunSignIn:
    """What binds an answer to this browser, and where in this node the person wanted to go."""

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    onward: str

    def members(self) -> Mapping[str, str]:
        """Return it as it is sealed."""
        return {"state": self.state, "nonce": self.nonce, "verifier": self.verifier, "onward": self.onward}


def _begun_sign_in(kept: Document) -> BegunSignIn:
    return BegunSignIn(kept.text("state"), kept.text("nonce"), kept.text("verifier"), kept.text("onward"))


class BegunSignIns:
    """The sign-ins of one kind at one node. ``label`` parts the kinds: none opens what was sealed for another.

    Every worker has to have the same ``key``; ``secure`` is false for a sandbox over plain http only.
    """

    def __init__(
        self, *, label: str, key: bytes, randomness: Randomness, clock: Clock, lifetime: timedelta, secure: bool
    ) -> None:
        self._label = label
        self._secret = sealing.secret_from(key, label=label)
        self._randomness = randomness
        self._clock = clock
        self._lifetime = lifetime
        self._secure = secure
        self._name = f"{'__Host-' if secure else ''}idbridge-{label}"

    def new(self, *, onward: str) -> BegunSignIn:
        """Return a sign-in that begins now, with values that nobody can guess."""
        state, nonce, verifier = (base64url.encode(self._randomness.octets(_OCTETS)) for _ in range(3))
        return BegunSignIn(state, nonce, verifier, onward)

    def set(self, response: Response, begun: BegunSignIn) -> None:
        """Let the browser that gets ``response`` keep ``begun``: it cannot read it, change it, or keep it longer."""
        value = stamped(json.dumps(begun.members()).encode(), until=self._clock.now() + self._lifetime)
        sealed = sealing.seal(self._secret, value, label=self._label, randomness=self._randomness)
        response.set_cookie(
            self._name,
            base64url.encode(sealed),
            max_age=int(self._lifetime.total_seconds()),
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="lax",
        )

    def require(self, request: Request) -> BegunSignIn:
        """Return what the browser began, if the answer that it brings is for that, and has no parameter twice.

        Raises:
            RequestError: ``policy.unauthenticated``.
        """
        begun, query = self._begun(request), request.query_params
        if len(query.multi_items()) != len(query):
            raise not_as_begun()
        if not hmac.compare_digest(query.get("state", "").encode(), begun.state.encode()):
            raise not_as_begun()
        return begun

    def drop(self, response: Response) -> None:
        """Let the browser forget that it was sent."""
        response.delete_cookie(self._name, path="/", secure=self._secure, httponly=True, samesite="lax")

    def _begun(self, request: Request) -> BegunSignIn:
        try:
            octets = base64url.decode(request.cookies.get(self._name, ""))
        except InputError:
            raise not_as_begun() from None
        sealed = sealing.unseal(self._secret, octets, label=self._label)
        value = unstamped(sealed, at=self._clock.now()) if sealed is not None else None
        begun = read_document(value, _begun_sign_in)
        if begun is None:
            raise not_as_begun()
        return begun


class NotAsBegunError(RequestError):
    """A sign-in did not end in this browser as it began; nobody is signed in. Pages have words of their own for it."""

    def __init__(self) -> None:
        super().__init__("policy.unauthenticated", "the sign-in did not end in this browser as it began; begin again")


def not_as_begun() -> NotAsBegunError:
    """Return the one answer to whatever is not the end of a sign-in that this browser began."""
    return NotAsBegunError()
