"""The catalogue: every case comes out as it says, and every refusal proves something."""

import json
from dataclasses import replace
from itertools import combinations

import pytest

from idbridge.model.region import Environment, MemberState
from idbridge.reasons import REASONS, Indication
from idbridge.sandbox.case import Case, Kind, Outcome
from idbridge.sandbox.catalogue import attacks, case_named, cases, entries, trials
from idbridge.sandbox.run import in_process, run_case
from idbridge.sandbox.seeded import SeededRandomness
from idbridge.sandbox.sources import shipped
from tests.engines import REPOSITORY
from tests.sandbox.regions import NOON, region, snapshot

IN_PROCESS = [case for case in cases() if in_process(case)]
REFUSED = [case for case in cases() if case.code is not None]
MEMBERS = [
    "name", "title", "state", "format", "kind", "node", "relying_party", "purpose", "indication", "code", "twin", "why",
]  # fmt: skip
# A state is attacked as a whole: its login, its person, and at home its relying party.
OF_ANOTHER_STATE = frozenset({"service", "person", "relying_party"})


def outcome(case: Case) -> Outcome:
    """What the library answers to the case, at noon."""
    return run_case(
        case,
        region=region(case.environment),
        at=NOON,
        randomness=SeededRandomness(case.name.encode()),
        trust=snapshot(case.environment),
    )


@pytest.mark.parametrize("case", IN_PROCESS, ids=lambda case: case.name)
def test_the_library_answers_each_case_as_the_case_says(case: Case) -> None:
    assert outcome(case) == Outcome(case.indication, case.code)


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_the_twin_of_a_refused_case_is_accepted(case: Case) -> None:
    twin = case_named(str(case.twin))

    assert twin.code is None
    assert not in_process(twin) or outcome(twin) == Outcome(Indication.PASSED, None)


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_a_refused_case_differs_from_its_twin_in_the_attacked_detail_alone(case: Case) -> None:
    if case.name in attacks():
        different = attacks()[case.name].differences(attacks()[str(case.twin)])
    elif case.name in trials():
        different = trials()[case.name].differences(trials()[str(case.twin)])
    else:
        different = entries()[case.name].differences(entries()[str(case.twin)])

    assert len(different) == 1 or (case.code == "recognition.observer_state" and different <= OF_ANOTHER_STATE)


# What only operators meet, or whoever asks too often, happens at no node of the sandbox: it has neither operators nor
# bounds for a party. Each of these is told in the tests of the registry instead.
OF_THE_REGISTRY = frozenset({
    "input.already_registered", "input.version_missing", "input.version_stale", "policy.operator_required",
    "policy.rate_exceeded",
})  # fmt: skip

# The sandbox asks each case of one node that has not moved meanwhile; workers that differ are in the gateway's tests.
OF_SEVERAL_WORKERS = frozenset({"system.repetition_undecided"})

# A log is no credential: what is refused of one is told in its own tests.
OF_THE_LOG = frozenset({"time.evidence_inconsistent", "system.unrecorded"})

# Every member of a verify request is evaluated; of other requests some are not, as the tests of these tell.
OF_OTHER_REQUESTS = frozenset({"input.member_unsupported"})

# A verify request brings an answer, so that whether there could be one is asked of orders alone.
OF_ORDERS = frozenset({"query.unanswerable"})


def test_every_reason_code_has_a_case() -> None:
    elsewhere = OF_THE_REGISTRY | OF_SEVERAL_WORKERS | OF_THE_LOG | OF_OTHER_REQUESTS | OF_ORDERS

    assert REASONS.keys() - elsewhere == {case.code for case in REFUSED}


@pytest.mark.parametrize("code", sorted(OF_THE_REGISTRY))
def test_what_no_node_of_the_sandbox_answers_is_told_in_the_tests_of_the_registry(code: str) -> None:
    folders = [REPOSITORY / "tests" / name for name in ("admin", "registry")]

    assert any(f'"{code}"' in path.read_text("utf-8") for folder in folders for path in folder.glob("test_*.py"))


@pytest.mark.parametrize("code", sorted(OF_SEVERAL_WORKERS))
def test_what_only_workers_that_differ_answer_is_told_in_their_tests(code: str) -> None:
    assert f'"{code}"' in (REPOSITORY / "tests" / "gateway" / "test_repeated_workers.py").read_text("utf-8")


@pytest.mark.parametrize("code", sorted(OF_THE_LOG))
def test_what_only_a_log_or_receipt_is_refused_for_is_told_in_the_tests_of_the_log(code: str) -> None:
    folders = [REPOSITORY / "tests" / name for name in ("tlog", "evidence")]

    assert any(f'"{code}"' in path.read_text("utf-8") for folder in folders for path in folder.glob("test_*.py"))


@pytest.mark.parametrize("code", sorted(OF_OTHER_REQUESTS))
def test_what_no_verify_request_is_refused_for_is_told_in_the_tests_of_the_others(code: str) -> None:
    told = [REPOSITORY / "tests" / "gateway" / name for name in ("test_exchange.py", "test_pushed_requests.py")]

    assert all(f'"{code}"' in path.read_text("utf-8") for path in told)


@pytest.mark.parametrize("code", sorted(OF_ORDERS))
def test_what_only_an_order_is_refused_for_is_told_in_the_tests_of_orders(code: str) -> None:
    assert f'"{code}"' in (REPOSITORY / "tests" / "gateway" / "test_wallet_answerable.py").read_text("utf-8")


def test_what_a_gateway_alone_can_answer_goes_over_http() -> None:
    gateway_only = [case for case in cases() if not in_process(case) and case.name not in attacks()]

    assert {case.kind for case in gateway_only} == {Kind.REQUEST, Kind.FAULT}
    assert all(case.over_http for case in gateway_only)


def test_what_cannot_be_sent_to_a_sandbox_node_does_not_go_over_http() -> None:
    inside = {case.name for case in cases() if not case.over_http}

    assert inside == trials().keys() | attacks().keys() | {
        case.name for case in cases() if case.environment is Environment.LIVE
    }


def test_at_least_sixty_cases_over_eleven_states_go_over_http() -> None:
    sent = [case for case in cases() if case.over_http]

    assert len(sent) >= 60
    assert {case.state for case in sent} == set(MemberState)


def test_no_two_cases_share_a_name_or_a_title() -> None:
    assert len({case.name for case in cases()}) == len(cases())
    assert [(one.name, two.name) for one, two in combinations(cases(), 2) if one.title == two.title] == []


def test_a_case_says_in_words_what_it_is_and_why() -> None:
    wordless = [case.name for case in cases() if len(case.title) < 10 or not case.why.endswith(".")]

    assert wordless == []


def test_a_case_is_published_with_the_members_of_the_common_format() -> None:
    published = json.loads(json.dumps([case.document() for case in cases()]))

    assert all(list(document)[: len(MEMBERS)] == MEMBERS for document in published)
    assert {document["kind"] for document in published} == {kind.value for kind in Kind}


def test_only_the_case_about_it_asks_for_a_purpose_that_is_not_registered() -> None:
    registered = {party["id"]: party["purposes"] for party in shipped().relying_parties}
    strangers = {
        case.name
        for case in cases()
        if case.relying_party is not None and case.purpose not in registered[case.relying_party]
    }

    assert strangers == {case.name for case in cases() if case.code == "policy.purpose_not_registered"}


def test_there_is_a_photocopy_that_one_purpose_accepts_and_another_refuses() -> None:
    refused = case_named("photocopy-opens-account")
    twin = case_named(str(refused.twin))

    assert outcome(refused).code == "recognition.holder_not_bound"
    assert outcome(twin).indication is Indication.PASSED
    assert replace(refused, purpose=None).relying_party == twin.relying_party


@pytest.mark.parametrize(
    ("node", "credential", "code"),
    [
        (Environment.SANDBOX, "sg-login-opens-account", None),
        (Environment.SANDBOX, "live-login-at-sandbox-node", "recognition.environment_mismatch"),
        (Environment.LIVE, "live-login-at-live-node", None),
        (Environment.LIVE, "sandbox-login-at-live-node", "recognition.environment_mismatch"),
    ],
)
def test_of_the_four_crossings_only_those_that_stay_at_home_are_accepted(
    node: Environment, credential: str, code: str | None
) -> None:
    case = case_named(credential)

    assert case.environment is node
    assert outcome(case).code == code


def test_a_refused_case_without_a_twin_is_no_case() -> None:
    with pytest.raises(ValueError, match="a twin"):
        replace(case_named("alg-none"), twin=None)


def test_an_accepted_case_with_a_reason_is_no_case() -> None:
    with pytest.raises(ValueError, match="neither"):
        replace(case_named("sg-login-opens-account"), code="jose.alg_none")


def test_a_case_cannot_give_a_reason_another_indication_than_the_catalogue() -> None:
    with pytest.raises(ValueError, match="another indication"):
        replace(case_named("alg-none"), indication=Indication.INDETERMINATE)


def test_an_unknown_case_has_no_name() -> None:
    with pytest.raises(LookupError, match="no case"):
        case_named("everything-is-fine")
