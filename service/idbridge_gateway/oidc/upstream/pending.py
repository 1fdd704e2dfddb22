"""Logins under way at a provider: what is remembered of one, for the browser that began it and for nobody else.

It is sealed under the handle of its transaction, which only that browser has, in a cookie of its own for each tab; the
value of ``state`` tells by its first part which cookie that is. One transaction has one login under way: who chooses
again ends the first. It is taken when its answer comes, so that ``state`` counts once. Clause: RFC 9700 section 4.7.1.
"""

import hmac
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from idbridge.codec import base64url
from idbridge.crypto.signer import FileSigner, generate, kept_signer
from idbridge.model.randomness import Randomness
from idbridge.oidc.upstream import PendingLogin
from idbridge_gateway.oidc.browser import public_name
from idbridge_gateway.oidc.transaction import HeldTransaction
from idbridge_gateway.stores.documents import Document, read_document
from idbridge_gateway.stores.sealed import Kind, SealedStore

_OCTETS: Final = 32
_DOT: Final = "."
_DPOP: Final = "ES256"


@dataclass(frozen=True, slots=True)
class UnderWay:
    """A login under way at ``provider``. ``dpop`` is the key that its tokens are bound to, ``None`` for bearers.

    ``dpop_nonce`` is the last one that the provider gave us.
    """

    provider: str
    login: PendingLogin
    dpop: FileSigner | None = field(default=None, repr=False)
    dpop_nonce: str | None = field(default=None, repr=False)

    def octets(self) -> bytes:
        """Return it as it is sealed."""
        login = self.login
        document = {
            "provider": self.provider,
            "issuer": login.issuer,
            "state": login.state,
            "nonce": login.nonce,
            "code_verifier": login.code_verifier,
            "names_issuer": login.names_issuer,
            "dpop": self.dpop.pem() if self.dpop is not None else None,
            "dpop_nonce": self.dpop_nonce,
        }
        return json.dumps(document).encode()


def read_under_way(octets: bytes | None) -> UnderWay | None:
    """Return the login of which ``UnderWay.octets`` made ``octets``; ``None`` for anything else."""
    return read_document(octets, _under_way)


def _under_way(kept: Document) -> UnderWay:
    pem = kept.text_or_none("dpop")
    return UnderWay(
        provider=kept.text("provider"),
        login=PendingLogin(
            issuer=kept.text("issuer"),
            state=kept.text("state"),
            nonce=kept.text("nonce"),
            code_verifier=kept.text("code_verifier"),
            names_issuer=kept.flag("names_issuer"),
        ),
        dpop=kept_signer(pem) if pem is not None else None,
        dpop_nonce=kept.text_or_none("dpop_nonce"),
    )


def new_under_way(
    held: HeldTransaction, *, provider: str, issuer: str, names_issuer: bool, bound: bool, randomness: Randomness
) -> UnderWay:
    """Return a login that begins now, with values that nobody can guess; ``bound`` gives it a key of its own."""
    state, nonce, verifier = (base64url.encode(randomness.octets(_OCTETS)) for _ in range(3))
    login = PendingLogin(
        issuer=issuer,
        state=f"{public_name(held.handle)}{_DOT}{state}",
        nonce=nonce,
        code_verifier=verifier,
        names_issuer=names_issuer,
    )
    return UnderWay(provider, login, generate(_DPOP) if bound else None)


def transaction_named(state: str) -> str:
    """Return the public name of the transaction that ``state`` says that it is of."""
    return state.partition(_DOT)[0]


class LoginsUnderWay:
    """The logins under way of one node."""

    def __init__(self, store: SealedStore) -> None:
        self._store = store

    async def keep(self, held: HeldTransaction, under_way: UnderWay) -> None:
        """Keep ``under_way`` for the transaction ``held``, in place of one that was begun before.

        Raises:
            RequestError: ``system.*``.
        """
        until: datetime = held.transaction.ends_at
        await self._store.put(Kind.UPSTREAM_STATE, held.handle, under_way.octets(), until=until)

    async def take(self, held: HeldTransaction, *, state: str) -> UnderWay | None:
        """Return the login of ``held`` whose answer names ``state``, once; ``None`` if there is none, or another.

        An answer to another login ends nothing: anybody can make a browser come here with one.

        Raises:
            RequestError: ``system.*``.
        """
        if not _is_of(read_under_way(await self._store.read(Kind.UPSTREAM_STATE, held.handle)), state):
            return None
        taken = read_under_way(await self._store.take(Kind.UPSTREAM_STATE, held.handle))
        return taken if _is_of(taken, state) else None


def _is_of(found: UnderWay | None, state: str) -> bool:
    return found is not None and hmac.compare_digest(found.login.state.encode(), state.encode())
