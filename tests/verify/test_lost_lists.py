"""A state's list is lost, its floor kept: what it signed is undecided in every format, and what is nobody's is not."""

import json
from dataclasses import replace
from functools import cache
from types import MappingProxyType

import pytest

from idbridge.limits import LIMITS
from idbridge.model.qr_profile import QrStep
from idbridge.model.region import Format, MemberState
from idbridge.model.request import VerifyRequest
from idbridge.sandbox.catalogue import entries
from idbridge.sandbox.mint import mint
from idbridge.sandbox.questions import question
from idbridge.sandbox.run import statuses_of
from idbridge.sandbox.seeded import SeededRandomness
from idbridge.trust.denials import NEVER, Denied
from idbridge.trust.snapshot import TrustSnapshot, snapshot_of
from idbridge.verify.verifier import Verifier
from tests.credential.codes import claim169, cwt_claims, layered, sign1
from tests.sandbox.regions import NOON, region

SG, LA, PH, VN = MemberState.SG, MemberState.LA, MemberState.PH, MemberState.VN
LAYERS = (QrStep.BASE45, QrStep.ZLIB)
LOST = [
    ("sg-mdoc-opens-account", SG),
    ("sg-vc-opens-account", SG),
    ("sg-vc-issuer-by-did-key", SG),
    ("sg-pid-opens-account", SG),
    ("la-code-visits-building", LA),
    ("la-pass-visits-building", LA),
    ("ph-paper-code-visits-building", PH),
    ("ph-card-code-visits-building", PH),
]


def without(state: MemberState, why: str | None = "trust.unreachable") -> TrustSnapshot:
    """What a node holds that lost the list of ``state``; ``None`` if it was never to have one."""
    trusted = region().trusted_set(at=NOON)
    keep = replace(
        trusted, lists=MappingProxyType({one: held for one, held in trusted.lists.items() if one is not state})
    )
    if why is not None:
        return snapshot_of(keep, states_without_list={state: why})
    return snapshot_of(replace(keep, floors=MappingProxyType({})))


@cache
def sent(name: str) -> VerifyRequest:
    """The request of a case."""
    case = entries()[name].case
    minted = mint(case, region=region(), at=NOON, randomness=SeededRandomness(b"lost"))
    party = region().registration(str(case.relying_party)).relying_party
    return question(json.loads(minted.exchange.body), relying_party=party)


def told(asked: VerifyRequest, over: TrustSnapshot) -> tuple[str, str | None]:
    """The indication and the code that decides, at a node that holds ``over``."""
    statuses = statuses_of(region(), trust=over, at=NOON)
    report = Verifier(trust=over, status=statuses).verify(asked, at=NOON)
    return report.indication.value, report.reason.code if report.reason is not None else None


def scanned(text: str) -> VerifyRequest:
    """The request about another text as a code."""
    return replace(sent("la-code-visits-building"), credential=text, format=Format.QR)


@pytest.mark.parametrize(("name", "state"), LOST)
def test_what_a_state_signed_whose_list_is_lost_is_undecided(name: str, state: MemberState) -> None:
    assert told(sent(name), without(state)) == ("INDETERMINATE", "trust.unreachable")
    assert told(sent(name), without(state, "trust.expired")) == ("INDETERMINATE", "trust.stale")
    assert told(sent(name), without(state, "trust.rollback")) == ("INDETERMINATE", "trust.refused")


@pytest.mark.parametrize(("name", "state"), LOST)
def test_what_a_state_signed_is_accepted_although_the_list_of_another_is_lost(name: str, state: MemberState) -> None:
    assert state is not VN
    assert told(sent(name), without(VN)) == ("PASSED", None)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("HC1:" + claim169(), "qr.profile_unknown"),
        ("A" * (LIMITS.qr_characters + 1), "input.too_large"),
        (layered(sign1(cwt_claims(), protected={1: 5}), LAYERS), "jose.alg_not_allowed"),
        (layered(sign1({1: "x", "1": "y"}), LAYERS), "qr.claims_malformed"),
    ],
)
def test_a_code_that_is_bad_in_every_profile_is_refused_although_a_list_is_lost(text: str, code: str) -> None:
    assert told(scanned(text), without(VN)) == ("FAILED", code)


@pytest.mark.parametrize("text", ["no code", "ABC", "https://elsewhere.example/?c=1", claim169(k1="https://x.example")])
def test_a_code_of_nobody_is_undecided_while_a_list_is_lost_and_refused_while_none_is(text: str) -> None:
    assert told(scanned(text), without(VN)) == ("INDETERMINATE", "trust.unreachable")
    assert told(scanned(text), region().snapshot(at=NOON))[0] == "FAILED"
    assert told(scanned(text), without(VN, None))[0] == "FAILED"


def test_an_address_that_nobody_calls_a_code_could_be_one_while_a_list_is_lost() -> None:
    undeclared = replace(scanned("https://elsewhere.example/?c=a.b.c"), format=None)

    assert told(undeclared, without(LA)) == ("INDETERMINATE", "trust.unreachable")
    assert told(undeclared, region().snapshot(at=NOON)) == ("FAILED", "input.malformed")


def test_a_state_that_is_denied_is_denied_and_not_undecided() -> None:
    held = without(SG)
    denied = replace(held, denied=Denied(MappingProxyType({SG: NEVER})))

    assert told(sent("sg-mdoc-opens-account"), denied) == ("FAILED", "issuer.denied")
