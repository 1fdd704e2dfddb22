"""Holds the recognition table against step V7, for any region: some credential must bear out whatever a row says."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from idbridge.model.check import Refused
from idbridge.model.credential import HolderBinding, HolderMethod, Mandate, RecognisedIdentity, VerifiedCredential
from idbridge.model.region import AssuranceLevel, Format, MemberState, ServiceType
from idbridge.model.trust import EntitySubject, HolderBindingRule, ServiceStatus, TrustService
from idbridge.recognition.assurance import rung
from idbridge.recognition.purpose import Purpose
from idbridge.recognition.recognise import recognise
from idbridge.recognition.standing import Standings
from idbridge.recognition.table import ListedState, ServiceRow, StateRow, recognition_table
from tests.recognition.credentials import credential, source

LOGGED_IN = HolderBinding(HolderMethod.LOGIN)
BY_KEY = HolderBinding(HolderMethod.KB_JWT, "thumbprint")
UNBOUND = HolderBinding(HolderMethod.NONE)


@dataclass(frozen=True)
class PretendRegion:
    """A region as the table sees it, at one instant."""

    states: tuple[ListedState, ...]
    standings: Standings
    purposes: tuple[Purpose, ...]
    at: datetime


def holders(service: TrustService, form: Format) -> tuple[HolderBinding, ...]:
    """How a presentation of this service's credentials can arrive at step V7."""
    if form in (Format.ID_TOKEN, Format.ASSERTION):
        return LOGGED_IN, UNBOUND
    return {
        HolderBindingRule.REQUIRED: (BY_KEY,),
        HolderBindingRule.OPTIONAL: (BY_KEY, UNBOUND),
        HolderBindingRule.NONE: (UNBOUND,),
    }[service.profile.holder_binding]


def presentations(service: TrustService, form: Format, purpose: Purpose) -> Iterator[VerifiedCredential]:
    """Every kind of credential that the service can have issued, each in every way that it can be presented."""
    mandate = Mandate("UEN", "1", None, purpose.mandate_scope, None, None)
    for holder in holders(service, form):
        if form is Format.ASSERTION:
            for level in AssuranceLevel:
                at_home = source(service.member_state, level, purpose=purpose.code)
                yield credential(
                    level, holder, format=form, service=service, origin=at_home, authentication=level, mandate=mandate
                )
            continue
        for national in (None, *(step.national for step in service.profile.ladder)):
            identity, authentication = rung(service.profile.ladder, national)
            yield credential(
                identity,
                holder,
                format=form,
                service=service,
                authentication=authentication if holder.bound else min(authentication, AssuranceLevel.A1),
                mandate=stated(service, mandate),
            )


def stated(service: TrustService, mandate: Mandate) -> Mandate | None:
    """The mandate that the service's claims can state: the one in question, a power of its list's, or its own."""
    names = service.profile.claim_map
    if names.entity is None:
        return mandate if names.mandate is not None else None
    itself = names.entity.subject is EntitySubject.ITSELF
    return replace(mandate, scope=names.entity.power if names.entity.power else mandate.scope, itself=itself)


def outcomes(
    region: PretendRegion, row: ServiceRow, *, by: MemberState, purpose: Purpose
) -> tuple[list[RecognisedIdentity], set[str]]:
    """What step V7 says of every credential of the row's service: those recognised, and the codes of the others."""
    recognised: list[RecognisedIdentity] = []
    codes: set[str] = set()
    for presented in presentations(row.service, row.format, purpose):
        try:
            recognised.append(
                recognise(
                    presented,
                    by=by,
                    purpose=purpose.code,
                    expected_entity=None,
                    standings=region.standings,
                    at=region.at,
                )
            )
        except Refused as refused:
            codes |= {check.reason.code for check in refused.checks if check.reason is not None}
    return recognised, codes


def assert_row_is_borne_out(region: PretendRegion, row: ServiceRow, *, by: MemberState, purpose: Purpose) -> None:
    """Fail unless a row of a service that V3 lets through says what V7 says of the service's credentials."""
    period = row.service.status_at(region.at)
    if period is None or period.status is not ServiceStatus.GRANTED:
        assert row.code is not None
        assert row.code.startswith("issuer.")
        return
    recognised, codes = outcomes(region, row, by=by, purpose=purpose)
    if row.service.service_type is ServiceType.ASSERTION:
        # An assertion also needs the origin's standing, which is another row: this one bounds it from above.
        assert not (row.code is not None and recognised)
        return
    assert (row.code is None) is bool(recognised)
    if row.code is not None:
        assert row.code in codes
        return
    assert row.level == max(found.level for found in recognised)
    assert row.binding_required is all(found.credential.holder.bound for found in recognised)
    assert {found.arrangement for found in recognised} == {row.standing.arrangement}


def assert_state_speaks_for_its_services(row: StateRow) -> None:
    """Fail unless a state's row says the best of its services' rows."""
    identities = [one for one in row.services if one.service.service_type is not ServiceType.ASSERTION]
    assert (row.code is None) is any(one.code is None for one in identities)
    if row.best is not None and row.code is None:
        assert row.best.level == max(one.level for one in identities)


def assert_table_and_pipeline_agree(region: PretendRegion) -> None:
    """Fail if, for any recognising state and any purpose, the table and step V7 say different things."""
    for by in MemberState:
        for purpose in region.purposes:
            table = recognition_table(
                region.states, standings=region.standings, by=by, purpose=purpose.code, at=region.at
            )
            for state in table:
                assert_state_speaks_for_its_services(state)
                for row in state.services:
                    assert_row_is_borne_out(region, row, by=by, purpose=purpose)
