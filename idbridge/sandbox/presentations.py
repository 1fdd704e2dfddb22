"""Presentations: SD-JWT VCs of the pretend providers as wallets show them, good, or bad in one named detail."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from idbridge.model.region import Environment, Format
from idbridge.model.time import instant_text
from idbridge.sandbox import chains
from idbridge.sandbox.bench import Bench
from idbridge.sandbox.draft import Draft, Seal, json_text, sealed
from idbridge.sandbox.edits import Edits, edited
from idbridge.sandbox.issuance import Slip, prepared
from idbridge.sandbox.parties import Registration
from idbridge.sandbox.providers import credential_claims, protected_header
from idbridge.sandbox.recipe import Shown
from idbridge.sandbox.services import Service
from idbridge.sandbox.slips import faultless
from idbridge.sandbox.wallet import Sleight, as_bound, binding_claims, combined, without

_YEAR: Final = timedelta(days=365)
Chain = Callable[[Service, Bench], tuple[bytes, ...]]


@dataclass(frozen=True, slots=True)
class Representation:
    """A mandate in a credential: for which company, how far, and from when until when, counted from minting."""

    company: str
    scope: tuple[str, ...] = ("represent",)
    starts: timedelta = -_YEAR
    ends: timedelta = _YEAR


@dataclass(frozen=True, slots=True)
class Presentation:
    """A presentation of a credential that ``service`` issued to ``person``.

    Of the issuer: ``header`` and ``payload`` are edits, ``slip`` what it builds wrong, ``seal`` how it signs,
    ``chain`` the certificates it sends, ``signed_by`` another service whose key signs instead, ``certified`` the
    algorithm of another key that its authority certified and that signs. Of the holder: ``bound``
    says whether the wallet binds it, ``bound_by`` whose wallet does, ``kb_header`` and ``kb_claims`` are edits,
    ``kb_seal`` how it signs, ``sleight`` what is done to the text afterwards, ``audience_of`` the relying party that
    the binding is for, if not the one asking; ``withheld`` are the claims that the holder keeps to themself.
    """

    service: str
    person: str
    level: str | None = None
    represents: Representation | None = None
    header: Edits = field(default_factory=dict)
    payload: Edits = field(default_factory=dict)
    slip: Slip = faultless
    seal: Seal = sealed
    chain: Chain = chains.own
    signed_by: str | None = None
    certified: str | None = None
    made_in: Environment | None = None
    bound: bool = True
    bound_by: str | None = None
    kb_header: Edits = field(default_factory=dict)
    kb_claims: Edits = field(default_factory=dict)
    kb_seal: Seal = sealed
    sleight: Sleight = as_bound
    withheld: tuple[str, ...] = ()
    audience_of: str | None = None

    def shown(self, bench: Bench, *, to: Registration) -> Shown:
        """Return the presentation that the relying party ``to`` receives."""
        return self.answer(bench, to=to, nonce=bench.nonce())

    def answer(self, bench: Bench, *, to: Registration, nonce: str) -> Shown:
        """Return what answers ``nonce``, by itself or in a vp_token, unless the wallet does not bind it."""
        issued = self._issued(bench)
        if not self.bound:
            return Shown(self.sleight(issued), None)
        return Shown(self._bound(issued, bench, to=to, nonce=nonce), nonce)

    def _bound(self, bound: str, bench: Bench, *, to: Registration, nonce: str) -> str:
        """Return the SD-JWT ``bound`` with the key binding of the holder's wallet."""
        audience = bench.region.registration(self.audience_of).audience if self.audience_of else to.audience
        claims = binding_claims(bound, audience=audience, nonce=nonce, now=int(bench.at.timestamp()))
        holder = bench.region.wallet(self.bound_by or self.person)
        header = edited({"alg": holder.algorithm, "typ": "kb+jwt"}, self.kb_header, at=bench.at)
        key_binding = self.kb_seal(Draft(header, json_text(edited(claims, self.kb_claims, at=bench.at)), holder))
        return f"{self.sleight(bound)}{key_binding}"

    def _issued(self, bench: Bench) -> str:
        """Return the SD-JWT with its disclosures, as the issuer hands it to the wallet."""
        service = bench.service(self.service, made_in=self.made_in)
        plain, hidden = self._said(service, bench)
        plain = edited({**plain, **self._mandate(service, bench)}, self.payload, at=bench.at)
        issuance = self.slip(prepared(plain, hidden, randomness=bench.randomness))
        signer = bench.region.service(self.signed_by).signer if self.signed_by else service.signer
        chain = self.chain(service, bench)
        if self.certified is not None:
            signer = chains.another_key(service, bench, self.certified)
            chain = chains.certifying(signer, service, bench)
        header = protected_header(service, typ=Format.SD_JWT_VC.value, chain=chain)
        header |= {"alg": signer.algorithm} if self.certified is not None else {}
        draft = Draft(edited(header, self.header, at=bench.at), json_text(issuance.payload), signer)
        return combined(self.seal(draft), without(issuance.disclosures, self.withheld))

    def _said(self, service: Service, bench: Bench) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return what the issuer says of the holder: in plain sight, and what the holder may withhold."""
        return credential_claims(
            service,
            bench.everybody.people[self.person],
            level=self.level or service.top_level,
            holder_key=bench.region.wallet(self.person).public_jwk,
            at=bench.at,
            randomness=bench.randomness,
        )

    def _mandate(self, service: Service, bench: Bench) -> Mapping[str, Any]:
        """Return the member that names whom the person represents, none without a mandate."""
        if self.represents is None:
            return {}
        now = bench.at.replace(microsecond=0)
        company = bench.everybody.companies[self.represents.company]
        mandate = {
            "entity": {"scheme": company.scheme, "value": company.value, "name": company.name},
            "scope": list(self.represents.scope),
            "valid_from": instant_text(now + self.represents.starts),
            "valid_until": instant_text(now + self.represents.ends),
        }
        return {service.claim_map["mandate"]: mandate}
