"""A login that a browser brought: found by the public name in the address and the handle in its cookie, or not at all.

What the pages of a login share. Without the cookie that belongs to the name, a name opens nothing.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from fastapi import Request

from idbridge.model.region import AssuranceLevel
from idbridge.oidc.authorization_request import AuthorizationRequest
from idbridge_gateway.oidc.addresses import NAME
from idbridge_gateway.oidc.clients import RegisteredClient
from idbridge_gateway.oidc.provider import Provider
from idbridge_gateway.oidc.transaction import HeldTransaction, unknown_transaction
from idbridge_gateway.oidc.turns import Turn
from idbridge_gateway.pages.forgery import form_token
from idbridge_gateway.pages.languages import Language
from idbridge_gateway.pages.purpose_words import purpose_words

_MINUTE: Final = 60


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, and for what, as a page says it. ``own_words`` are the asker's and nobody's else."""

    name: str
    state: str
    sector: str
    purpose: str
    own_words: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class OpenedLogin:
    """A login in progress in the browser that began it, as the registration of this moment allows it."""

    name: str
    held: HeldTransaction
    registered: RegisteredClient
    asked: AuthorizationRequest
    turn: Turn

    @property
    def kept(self) -> dict[str, str]:
        """What the addresses of its pages say."""
        return {NAME: self.name}

    @property
    def required(self) -> AssuranceLevel:
        """The level below which nothing is worth beginning: of the request, the registration and the purpose."""
        purpose = self.turn.state.snapshot.purposes.find(self.asked.purpose)
        least = purpose.minimum_level if purpose is not None else AssuranceLevel.A1
        return max(self.asked.levels.minimum, self.registered.relying_party.minimum_level, least)

    def minutes_until(self, end: datetime) -> int:
        """Return how many whole minutes are left."""
        return max(0, int((end - self.turn.at).total_seconds()) // _MINUTE)

    def token(self, page: str, *, shown: tuple[str, ...] = ()) -> str:
        """Return the token of the forms of ``page``."""
        return form_token(self.held.handle, page, shown=shown)

    @property
    def question(self) -> tuple[str, ...]:
        """Who asks, for what, and how to reach them, in every language in which a page or receipt may say it.

        It is what an answer is bound to.
        """
        party, purpose = self.registered.relying_party, self.turn.state.snapshot.purposes.find(self.asked.purpose)
        names = sorted(purpose.name.items()) if purpose is not None else ()
        said = (party.name, party.state.value, party.sector, self.asked.purpose, self.asked.purpose_text)
        reached = (self.registered.contacts.contact or "", self.registered.contacts.withdrawal or "")
        return (*said, *reached, *(text for pair in names for text in pair))

    def asker(self, words: Language) -> Asker:
        """Return who asks, in the language of ``words``."""
        party = self.registered.relying_party
        purpose = purpose_words(words, self.asked.purpose, self.turn.state.snapshot.purposes)
        return Asker(party.name, party.state.value, party.sector, purpose, self.asked.purpose_text)


async def open_login(request: Request, provider: Provider) -> OpenedLogin:
    """Return the login that the browser of ``request`` brought.

    Raises:
        LoginOverError: There is none for it: it is over, was answered, or is another browser's.
        OAuthError: Its client is gone, switched off or was narrowed.
        RequestError: ``system.*``.
    """
    names = request.query_params.getlist(NAME)
    if len(names) != 1:
        raise unknown_transaction()
    turn = provider.turns.begin()
    held = await provider.transactions.find(provider.cookies.handle(request, names[0]))
    registered, asked = provider.transactions.request_of(held.transaction)
    return OpenedLogin(names[0], held, registered, asked, turn)
