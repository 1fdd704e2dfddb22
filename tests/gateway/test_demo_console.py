"""The demo's console by browser: an operator sees it, whoever works there without the role does not."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from idbridge.clock import SystemClock
from idbridge.model.region import MemberState
from idbridge.sandbox.idp.operators import STAFF
from idbridge_gateway.demo.living import LivingRegion
from idbridge_gateway.demo.nodes import region_in
from tests.gateway.walking import Walker
from tests.source import ROOT

TH, SG = MemberState.TH, MemberState.SG
OPERATOR, COLLEAGUE = STAFF


@pytest.fixture(scope="module")
def living(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivingRegion]:
    directory: Path = tmp_path_factory.mktemp("region")
    clock = SystemClock()
    with LivingRegion(region_in(directory, at=clock.now()), directory, port=0, clock=clock) as started:
        yield started


@pytest.fixture
def walker() -> Iterator[Walker]:
    with Walker() as one:
        yield one


def at_issuer(living: LivingRegion, walker: Walker, state: MemberState = TH) -> Walker:
    door = walker.go(f"{living.nodes[state]}/console").page
    assert door.status_code == 401
    assert 'href="/console/sign-in"' in door.text
    walker.go(f"{living.nodes[state]}/console/sign-in")
    assert walker.place == f"{living.providers}/operators/authorize", walker.page.text
    return walker


def test_whoever_has_not_the_role_is_told_so_and_sees_nothing(living: LivingRegion, walker: Walker) -> None:
    at_issuer(living, walker).press("answer", "yes", person=COLLEAGUE.id)

    assert walker.place == f"{living.nodes[TH]}/console/callback"
    assert walker.page.status_code == 403
    assert "policy.operator_required" in walker.page.text
    assert walker.go(f"{living.nodes[TH]}/console").page.status_code == 401


def test_a_no_at_the_issuer_signs_nobody_in(living: LivingRegion, walker: Walker) -> None:
    at_issuer(living, walker).press("answer", "no", person=OPERATOR.id)

    assert walker.page.status_code == 401
    assert walker.go(f"{living.nodes[TH]}/console").page.status_code == 401


@pytest.mark.parametrize("state", [TH, SG])
def test_an_operator_signs_in_sees_the_console_and_signs_out(
    living: LivingRegion, walker: Walker, state: MemberState
) -> None:
    at_issuer(living, walker, state).press("answer", "yes", person=OPERATOR.id)
    assert walker.place == f"{living.nodes[state]}/console", walker.page.text
    assert 'class="matrix"' in walker.page.text
    assert OPERATOR.name not in walker.page.text

    walker.press("sign-out", "yes")
    assert walker.page.status_code == 401


def test_the_guide_names_who_is_an_operator_in_the_demo_and_who_is_not() -> None:
    guide = (ROOT / "docs" / "console.md").read_text(encoding="utf-8")

    assert f"choose {OPERATOR.name}" in guide
    assert f"Whoever chooses {COLLEAGUE.name}" in guide
