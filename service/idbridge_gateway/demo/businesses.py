"""The demo's small business: registered at each node, so that somebody can sign in and ask by link.

It has no API key and no client: whoever acts for the trading company of the pretend region signs in for it by browser.
"""

from typing import Final

from idbridge.model.region import Environment, MemberState
from idbridge.model.request import RelyingParty
from idbridge_gateway.registry.record import Company, Registration

COMPANY: Final = Company("SG-UEN", "209900001K")


def business_of(state: MemberState, environment: Environment) -> Registration:
    """Return the registration of the business at the node of ``state``."""
    party = RelyingParty(
        id=f"{state.value.lower()}-trader",
        name="Sample Quay Trading",
        state=state,
        environment=environment,
        sector="trade",
        purposes=frozenset({"company-representation", "age-check", "building-visit"}),
        claims=frozenset({"name", "nationality", "position", "age_over_18", "age_over_20"}),
        audiences=frozenset(),
        clients={},
    )
    return Registration(party, contact="Sample Quay Trading, 1 Sample Quay", signs_in_as=COMPANY)
