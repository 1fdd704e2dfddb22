"""Credentials of companies themselves, as their wallets show them: no person is named in them."""

from dataclasses import dataclass
from typing import Any

from idbridge.sandbox.bench import Bench
from idbridge.sandbox.full_logins import entity_claims
from idbridge.sandbox.presentations import Presentation
from idbridge.sandbox.providers import CREDENTIAL_AGE, CREDENTIAL_LIFE
from idbridge.sandbox.services import Service


@dataclass(frozen=True, slots=True)
class CompanyPresentation(Presentation):
    """A presentation of a credential that ``service`` issued to a company; ``person`` is the legal person's id."""

    def _said(self, service: Service, bench: Bench) -> tuple[dict[str, Any], dict[str, Any]]:
        company, claim_map = bench.everybody.companies[self.person], service.claim_map
        issued = int((bench.at - CREDENTIAL_AGE).timestamp())
        plain = {
            "iss": service.issuer,
            "vct": service.credential_type,
            claim_map["subject"]: f"org-{company.value}",
            "iat": issued,
            "exp": issued + int(CREDENTIAL_LIFE.total_seconds()),
            "cnf": {"jwk": dict(bench.region.wallet(self.person).public_jwk)},
            claim_map["acr"]: self.level or service.top_level,
        }
        return plain, entity_claims(service, company, bench)
