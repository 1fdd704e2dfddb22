"""The recognition table: never another answer than the pipeline's."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from idbridge.model.region import AssuranceLevel, CommitmentTier, Format, MemberState, ServiceType
from idbridge.model.time import parse_instant
from idbridge.model.trust import ClaimMap, HolderBindingRule, LadderRung, ListProvenance, ServiceStatus, TrustService
from idbridge.recognition.arrangement import ArrangementIndex
from idbridge.recognition.standing import Standings
from idbridge.recognition.table import ListedState, StateRow, recognition_table
from tests.recognition.agreement import PretendRegion, assert_table_and_pipeline_agree
from tests.recognition.credentials import LADDER, START, history, service
from tests.recognition.documents import MY, NOON, SANDBOX, SG, TH, arrangement, in_force, register, rule
from tests.recognition.strategies import INSTANTS, rule_sets

A0, A1, A2, A3 = AssuranceLevel
BOTH = in_force(arrangement(SG, TH))


def provenance(state: MemberState, **changes: Any) -> ListProvenance:
    values: dict[str, Any] = {
        "member_state": state,
        "sequence": 1,
        "digest": "digest",
        "issued_at": START,
        "next_update": NOON + timedelta(days=1),
        "signer": "signer",
        "tier": CommitmentTier.T4,
        "distribution": "plain",
        **changes,
    }
    return ListProvenance(**values)


def listed(*services: TrustService, **changes: Any) -> ListedState:
    state = services[0].member_state
    return ListedState(state, provenance(state, **changes), services, None)


def row(
    state: ListedState,
    *,
    index: ArrangementIndex = BOTH,
    observers: frozenset[MemberState] = frozenset(),
    purpose: str = "account-opening",
    by: MemberState = TH,
) -> StateRow:
    """Thailand's row for ``state`` when opening an account, at noon."""
    memory = Standings(index, register(), observers=observers)
    (only,) = recognition_table((state,), standings=memory, by=by, purpose=purpose, at=NOON)
    return only


def test_a_state_without_a_list_is_told_with_the_code_of_why() -> None:
    assert row(ListedState(SG, None, (), "trust.refused")).code == "trust.refused"
    assert row(ListedState(SG, None, (), None)).code == "trust.not_configured"


def test_a_list_past_its_next_update_recognises_nothing() -> None:
    assert row(listed(service(SG), next_update=NOON + timedelta(microseconds=1))).code is None
    assert row(listed(service(SG), next_update=NOON)).code == "trust.stale"


def test_an_observer_is_recognised_nowhere() -> None:
    assert row(listed(service(SG)), observers=frozenset({SG})).code == "recognition.observer_state"


def test_a_state_that_lists_no_identities_is_not_recognised() -> None:
    node = service(SG, service_type=ServiceType.ASSERTION, formats=frozenset({Format.ASSERTION}))

    assert row(listed(node)).code == "issuer.service_not_listed"


@pytest.mark.parametrize(
    ("statuses", "code"),
    [
        (((ServiceStatus.GRANTED, NOON + timedelta(seconds=1)),), "issuer.not_yet_granted"),
        (((ServiceStatus.GRANTED, START), (ServiceStatus.SUPERSEDED, NOON)), "issuer.superseded"),
        (((ServiceStatus.GRANTED, START), (ServiceStatus.WITHDRAWN, NOON)), "issuer.withdrawn"),
        (((ServiceStatus.GRANTED, START), (ServiceStatus.COMPROMISED, NOON)), "issuer.compromised"),
        (((ServiceStatus.GRANTED, START), (ServiceStatus.WITHDRAWN, NOON + timedelta(seconds=1))), None),
    ],
)
def test_a_service_is_recognised_only_while_it_is_granted(statuses: Any, code: str | None) -> None:
    assert row(listed(service(SG, history=history(*statuses)))).code == code


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"ladder": ()}, "recognition.loa_too_low"),
        ({"ladder": LADDER[:1]}, "recognition.loa_too_low"),
        ({"ladder": (LadderRung("x", A3, A1),)}, "recognition.loa_too_low"),
        ({"service_type": ServiceType.ATTESTATION}, "recognition.service_not_covered"),
        ({"formats": frozenset({Format.MDOC})}, "recognition.service_not_covered"),
        (
            {"formats": frozenset({Format.SD_JWT_VC}), "holder_binding": HolderBindingRule.NONE},
            "recognition.loa_too_low",
        ),
    ],
)
def test_a_service_whose_credentials_could_never_do_is_not_recognised(changes: dict[str, Any], code: str) -> None:
    assert row(listed(service(SG, **changes))).code == code


def test_a_service_without_mandates_represents_nobody() -> None:
    company = in_force(arrangement(SG, TH, rules=[rule(TH, "SG", purposes=["company-filing"], bearer_purposes=[])]))
    mute = service(SG, claim_map=ClaimMap(claims={}))

    assert row(listed(service(SG)), index=company, purpose="company-filing").code is None
    assert row(listed(mute), index=company, purpose="company-filing").code == "mandate.missing"


def test_the_best_service_speaks_for_its_state() -> None:
    low = service(SG, service_id="low", ladder=LADDER[:2])
    high = service(SG, service_id="high")

    best = row(listed(low, high)).best

    assert best is not None
    assert (best.service.service_id, best.level) == ("high", A3)


def test_among_refusals_the_one_that_got_furthest_is_told() -> None:
    elsewhere = service(SG, service_id="elsewhere", service_type=ServiceType.ATTESTATION)
    weak = service(SG, service_id="weak", ladder=LADDER[:1])

    assert row(listed(elsewhere, weak)).code == "recognition.loa_too_low"
    assert row(listed(weak, elsewhere)).code == "recognition.loa_too_low"


def test_a_row_is_rendered_with_the_members_of_the_interface_page() -> None:
    until = in_force(arrangement(SG, TH, until="2027-01-01T00:00:00Z"))

    rendered = row(listed(service(SG)), index=until).render()

    detail = rendered.pop("services")
    assert rendered == {
        "state": "SG",
        "recognised": True,
        "code": None,
        "level": "A3",
        "formats": ["id_token"],
        "binding": "required",
        "arrangement": "SG-TH",
        "version": 1,
        "from": "2026-01-01T00:00:00Z",
        "until": "2027-01-01T00:00:00Z",
    }
    assert [(one["type"], one["recognised"], one["level"]) for one in detail] == [(ServiceType.LOGIN.value, True, "A3")]


def test_a_refused_row_states_no_level_and_no_binding() -> None:
    rendered = row(listed(service(SG)), index=in_force(arrangement(MY, TH))).render()

    assert rendered["code"] == "recognition.no_arrangement"
    assert [rendered[name] for name in ("recognised", "level", "binding", "formats")] == [False, None, None, []]
    assert [rendered["services"][0][name] for name in ("recognised", "level", "binding")] == [False, None, None]
    nothing = row(ListedState(SG, None, (), None)).render()
    assert [nothing[name] for name in ("level", "binding", "arrangement", "from", "services")] == [None] * 4 + [[]]


def test_binding_is_optional_only_where_a_bearer_would_do() -> None:
    assert row(listed(service(SG)), purpose="building-visit").render()["binding"] == "optional"
    card = service(SG, formats=frozenset({Format.SD_JWT_VC}), holder_binding=HolderBindingRule.REQUIRED)
    assert row(listed(card), purpose="building-visit").render()["binding"] == "required"


LEVELS = st.sampled_from(AssuranceLevel)
HISTORIES = st.sampled_from([
    history((ServiceStatus.GRANTED, START)),
    history((ServiceStatus.GRANTED, START), (ServiceStatus.SUPERSEDED, NOON - timedelta(days=200))),
    history((ServiceStatus.GRANTED, NOON)),
])  # fmt: skip


@st.composite
def services(draw: st.DrawFn, state: MemberState) -> TrustService:
    """A service of ``state`` with any ladder, binding rule, type and history."""
    node = draw(st.integers(0, 4)) == 0
    return service(
        state,
        service_type=ServiceType.ASSERTION if node else draw(st.sampled_from([ServiceType.LOGIN, ServiceType.PID])),
        formats=frozenset({Format.ASSERTION} if node else {draw(st.sampled_from([Format.ID_TOKEN, Format.SD_JWT_VC]))}),
        ladder=tuple(LadderRung(f"urn:{n}", draw(LEVELS), draw(LEVELS)) for n in range(draw(st.integers(0, 3)))),
        holder_binding=draw(st.sampled_from(HolderBindingRule)),
        claim_map=ClaimMap(claims={}, mandate=draw(st.sampled_from([None, "represents"]))),
        history=draw(HISTORIES),
    )


@st.composite
def regions(draw: st.DrawFn) -> PretendRegion:
    """A region of three states with arrangements between some of them, one perhaps an observer."""
    payloads = []
    if draw(st.booleans()):
        payloads.append(arrangement(SG, TH, MY, rules=draw(rule_sets())))
    if draw(st.booleans()):
        status = draw(st.sampled_from(["enacted", "suspended", "repealed"]))
        payloads.append(arrangement(SG, TH, rules=draw(rule_sets((SG, TH))), status=status))
    observers = frozenset(draw(st.lists(st.sampled_from([SG, TH, MY]), max_size=1)))
    found = tuple(register().purposes.values())
    states = tuple(listed(*draw(st.lists(services(state), min_size=1, max_size=2))) for state in (SG, TH, MY))
    return PretendRegion(
        states=states,
        standings=Standings(in_force(*payloads) if payloads else ArrangementIndex.none(SANDBOX), register(),
                            observers=observers),
        purposes=found,
        at=parse_instant(draw(st.sampled_from(INSTANTS))),
    )  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(regions())
def test_the_table_and_the_pipeline_never_disagree(region: PretendRegion) -> None:
    assert_table_and_pipeline_agree(region)
