"""Logins: ID tokens of the pretend providers, good, or bad in one named detail."""

from dataclasses import dataclass, field
from datetime import timedelta

from idbridge.model.region import Environment
from idbridge.sandbox.bench import Bench
from idbridge.sandbox.draft import Draft, Seal, json_text, sealed
from idbridge.sandbox.edits import Edits, edited
from idbridge.sandbox.parties import Registration, client_id
from idbridge.sandbox.providers import id_token_claims, protected_header
from idbridge.sandbox.recipe import Shown


@dataclass(frozen=True, slots=True)
class Login:
    """A login of ``person`` at ``service``, at its highest level unless said.

    ``header`` and ``token`` are edits to the ID token; ``signed_by`` another service whose key signs instead;
    ``client_of`` another relying party at whose client the login was made; ``made_in`` another environment; ``ago`` how
    long ago the provider made the token.
    """

    service: str
    person: str
    level: str | None = None
    header: Edits = field(default_factory=dict)
    token: Edits = field(default_factory=dict)
    seal: Seal = sealed
    signed_by: str | None = None
    client_of: str | None = None
    ago: timedelta = timedelta(0)
    made_in: Environment | None = None

    def shown(self, bench: Bench, *, to: Registration) -> Shown:
        """Return the ID token that the relying party ``to`` receives for a nonce of its own."""
        service = bench.service(self.service, made_in=self.made_in)
        nonce = bench.nonce()
        claims = id_token_claims(
            service,
            bench.everybody.people[self.person],
            level=self.level or service.top_level,
            client=client_id(self.client_of or to.relying_party.id, issuer=service.issuer),
            nonce=nonce,
            at=bench.at - self.ago,
            randomness=bench.randomness,
        )
        header = edited(protected_header(service, typ="JWT"), self.header, at=bench.at)
        signer = bench.region.service(self.signed_by).signer if self.signed_by else service.signer
        draft = Draft(header, json_text(edited(claims, self.token, at=bench.at)), signer)
        return Shown(self.seal(draft), nonce)
