"""What is measured: distinct credentials of the pretend region, each with a relying party's question about it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import cycle, islice
from typing import Any, Final

from idbridge.crypto.signer import Signer
from idbridge.model.randomness import SystemRandomness
from idbridge.model.region import Format, MemberState
from idbridge.model.request import Expectations, VerifyRequest
from idbridge.reasons import Indication
from idbridge.sandbox.bench import Bench
from idbridge.sandbox.draft import Draft, json_text, sealed
from idbridge.sandbox.issuance import prepared
from idbridge.sandbox.logins import Login
from idbridge.sandbox.parties import Registration
from idbridge.sandbox.people import population
from idbridge.sandbox.presentations import Presentation
from idbridge.sandbox.providers import credential_claims, protected_header
from idbridge.sandbox.region import Region
from idbridge.sandbox.services import Service
from idbridge.sandbox.sources import services_of
from idbridge.sandbox.wallet import binding_claims, combined
from idbridge.verify.verifier import Verifier

DISCLOSURES: Final = 10
CLAIMS: Final = ("name", "birthdate", "nationality")


@dataclass(frozen=True, slots=True)
class Question:
    """One request, the state whose credential it is about, and the API key that would send it."""

    request: VerifyRequest
    state: MemberState
    api_key: str
    service: str

    def body(self) -> dict[str, Any]:
        """Return the body of the HTTP request."""
        return {
            "credential": self.request.credential,
            "purpose": self.request.purpose,
            "claims": list(self.request.claims),
            "expected": {"nonce": self.request.expected.nonce},
        }


class Corpus:
    """Makes questions that are answered PASSED, so that a measurement covers every step.

    ``party`` is the one relying party that asks; without it each question is asked by one whose state recognises it.
    """

    def __init__(self, *, region: Region, verifier: Verifier, at: datetime, party: str | None = None) -> None:
        self._party = party
        self._bench = Bench(region, at, SystemRandomness())
        self._api_keys = {party.id: key for party, key in region.relying_parties()}
        self._verifier = verifier
        self._shown_by: dict[str, str] = {}  # the person of each wide credential
        self._at = at

    def id_tokens(self, count: int, *, algorithm: str | None = None, service: str | None = None) -> list[Question]:
        """Return ``count`` distinct logins at every listed provider (of one ``algorithm`` or ``service``, if named)."""
        services = [
            listed
            for listed in self._services(Format.ID_TOKEN)
            if _signs(listed, algorithm) and service in (None, listed.id)
        ]
        return self._many(count, services, self._login)

    def presentations(self, count: int) -> list[Question]:
        """Return ``count`` distinct SD-JWT VCs of every listed issuer as its wallets show them."""
        return self._many(count, list(self._services(Format.SD_JWT_VC)), self._presentation)

    def wide_presentations(self, count: int) -> list[Question]:
        """Return ``count`` distinct ES256 SD-JWT VCs with ten disclosures and an ES256 key binding."""
        services = [service for service in self._services(Format.SD_JWT_VC) if _signs(service, "ES256")]
        return self._many(count, services, self._wide_presentation)

    def repeated_presentations(self, count: int) -> list[Question]:
        """Return ``count`` presentations of one such credential, each bound to a nonce of its own."""
        first = self.wide_presentations(1)[0]
        sd_jwt = first.request.credential.rpartition("~")[0] + "~"
        asking = self._bench.region.registration(first.request.relying_party.id)
        holder = self._bench.region.wallet(self._shown_by[sd_jwt])
        service = self._bench.region.service(first.service)
        purpose = first.request.purpose
        return [self._bound(sd_jwt, holder, service, asking, purpose) for _ in range(count)]

    def _services(self, kind: Format) -> Iterator[Service]:
        region = self._bench.region
        for table in region.sources.lists.values():
            for source in services_of(table):
                if kind.value in source["formats"] and source["status"][-1]["status"] == "granted":
                    yield region.service(source["id"])

    def _many(self, count: int, services: list[Service], make: Any) -> list[Question]:
        """Return ``count`` accepted questions, every service and person in turn."""
        turns = [
            (service, person.id, asking, purpose)
            for service in services
            for person in population().of(service.state)
            for asking, purpose in self._recognising(service, person.id, make)
        ]
        if not turns:
            raise LookupError("nobody recognises any of these services")
        return [make(*turn) for turn in islice(cycle(turns), count)]

    def _recognising(self, service: Service, person: str, make: Any) -> Iterator[tuple[Registration, str]]:
        """Yield one relying party and purpose for which the service's credentials are accepted, if there is one."""
        region = self._bench.region
        for party, _ in region.relying_parties():
            if self._party not in (None, party.id):
                continue
            for purpose in sorted(party.purposes) if party.enabled else ():
                asking = region.registration(party.id)
                question = make(service, person, asking, purpose)
                if self._verifier.verify(question.request, at=self._at).indication is Indication.PASSED:
                    yield asking, purpose
                    return

    def _login(self, service: Service, person: str, asking: Registration, purpose: str) -> Question:
        shown = Login(service.id, person).shown(self._bench, to=asking)
        return self._question(shown.credential, shown.nonce, service, asking, purpose)

    def _presentation(self, service: Service, person: str, asking: Registration, purpose: str) -> Question:
        shown = Presentation(service.id, person).shown(self._bench, to=asking)
        return self._question(shown.credential, shown.nonce, service, asking, purpose)

    def _wide_presentation(self, service: Service, person: str, asking: Registration, purpose: str) -> Question:
        bench = self._bench
        holder = bench.region.wallet(person)
        plain, hidden = credential_claims(
            service,
            population().people[person],
            level=service.top_level,
            holder_key=holder.public_jwk,
            at=bench.at,
            randomness=bench.randomness,
        )
        issuance = prepared(plain, _widened(hidden), randomness=bench.randomness)
        header = protected_header(service, typ=Format.SD_JWT_VC.value)
        sd_jwt = combined(sealed(Draft(header, json_text(issuance.payload), service.signer)), issuance.disclosures)
        self._shown_by[sd_jwt] = person
        return self._bound(sd_jwt, holder, service, asking, purpose)

    def _bound(self, sd_jwt: str, holder: Signer, service: Service, asking: Registration, purpose: str) -> Question:
        """Return a presentation with a key binding of its own."""
        nonce = self._bench.nonce()
        now = int(self._bench.at.timestamp())
        claims = binding_claims(sd_jwt, audience=asking.audience, nonce=nonce, now=now)
        binding = sealed(Draft({"alg": holder.algorithm, "typ": "kb+jwt"}, json_text(claims), holder))
        return self._question(sd_jwt + binding, nonce, service, asking, purpose)

    def _question(
        self, credential: str, nonce: str | None, service: Service, asking: Registration, purpose: str
    ) -> Question:
        party = asking.relying_party
        request = VerifyRequest(
            credential=credential,
            relying_party=party,
            purpose=purpose,
            expected=Expectations(nonce=nonce),
            claims=tuple(name for name in CLAIMS if name in party.claims),
        )
        return Question(request, service.state, self._api_keys[party.id], service.id)


def _signs(service: Service, algorithm: str | None) -> bool:
    return algorithm is None or service.signer.algorithm == algorithm


def _widened(hidden: Mapping[str, Any]) -> dict[str, Any]:
    """Return exactly ten claims: those there are, and made-up ones up to the number."""
    extra = {f"attribute_{number}": f"value {number}" for number in range(DISCLOSURES)}
    return dict(islice({**hidden, **extra}.items(), DISCLOSURES))
