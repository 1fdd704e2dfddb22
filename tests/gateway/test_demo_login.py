"""The demo from a click to an assertion: a bank, a node and the providers of states, as a browser walks them."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from idbridge.clock import SystemClock
from idbridge.model.region import MemberState
from idbridge_gateway.demo.living import LivingRegion
from idbridge_gateway.demo.nodes import region_in
from tests.gateway.walking import Walker

TH, SG = MemberState.TH, MemberState.SG
LOOKS = 500  # at the bank, until it has heard of a log-out


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


def at_selector(living: LivingRegion, walker: Walker, wish: str = "person") -> Walker:
    walker.go(living.banks[TH]).press("wish", wish)
    assert walker.place == f"{living.nodes[TH]}/login", walker.page.text
    return walker


@pytest.mark.parametrize(
    ("provider", "person", "name", "level"),
    [
        ("sg-login", "sg-tan", "Tan Hui Ling", "A3"),
        ("sg-login-sealed", "sg-kavitha", "Kavitha d/o Ramesh", "A3"),
        ("my-login", "my-arvind", "Arvind a/l Suresh", "A3"),
        ("th-login", "th-thanaporn", "ธนพร ศรีสุข", "A3"),
        ("vn-login", "vn-maianh", "Nguyễn Thị Mai Anh", "A2"),
        ("id-login", "id-suharti", "Suharti", "A2"),
        ("ph-login", "ph-luisa", "Luisa Ramona Sampaga Dimalanta", "A2"),
    ],
)
def test_a_click_at_the_bank_ends_at_an_account(
    living: LivingRegion, walker: Walker, provider: str, person: str, name: str, level: str
) -> None:
    at_selector(living, walker).log_in(provider, person=person)

    assert walker.place == f"{living.banks[TH]}/account", walker.page.text
    assert name in walker.page.text
    assert f"{level}, " in walker.page.text
    assert "The recognised assertion, decoded" in walker.page.text


def test_people_of_thailand_log_in_at_a_bank_in_singapore_and_stay_logged_in_beside_another(
    living: LivingRegion, walker: Walker
) -> None:
    at_selector(living, walker).log_in("sg-login")
    walker.go(living.banks[SG]).press("wish", "person")
    assert walker.place == f"{living.nodes[SG]}/login"
    walker.log_in("th-login", person="th-kitti")

    assert walker.place == f"{living.banks[SG]}/account", walker.page.text
    assert "กิตติ" in walker.page.text
    assert "Kitti" in walker.page.text
    assert "Tan Hui Ling" in walker.go(f"{living.banks[TH]}/account").page.text


def test_a_state_whose_arrangement_is_suspended_is_shown_and_cannot_be_chosen(
    living: LivingRegion, walker: Walker
) -> None:
    buttons = {
        value for form in at_selector(living, walker).forms for name, value in form.buttons if name == "provider"
    }

    assert "Cambodia" in walker.page.text
    assert "kh-login" not in buttons
    assert {"sg-login", "my-login", "vn-login"} <= buttons


def test_somebody_logs_in_for_a_company(living: LivingRegion, walker: Walker) -> None:
    at_selector(living, walker, "company").log_in("sg-corporate-login", person="sg-tan", company="sg-quay")

    assert walker.place == f"{living.banks[TH]}/account", walker.page.text
    assert "SG-UEN 209900001K" in walker.page.text


@pytest.mark.parametrize("said", [{"consent": "no"}, {"at_provider": "no"}])
def test_a_no_is_a_no_wherever_it_is_said(living: LivingRegion, walker: Walker, said: dict[str, str]) -> None:
    at_selector(living, walker).log_in("sg-login", **said)

    assert walker.place == f"{living.banks[TH]}/callback"
    assert "You said no, or your ID is not accepted here for this." in walker.page.text


def test_a_fault_of_a_provider_ends_at_the_bank_in_plain_words(living: LivingRegion, walker: Walker) -> None:
    switch = f"{living.providers}/sg-login/sandbox/faults/INVALID_SIGNATURE"
    httpx2.post(switch, trust_env=False, timeout=60)
    try:
        at_selector(living, walker).log_in("sg-login")
    finally:
        httpx2.post(f"{switch}?on=false", trust_env=False, timeout=60)

    assert "You are not logged in." in walker.page.text


def test_who_logs_out_at_the_bank_is_logged_out_at_the_node(living: LivingRegion, walker: Walker) -> None:
    at_selector(living, walker).log_in("sg-login")
    walker.press()

    assert "You are logged out." in walker.page.text, walker.page.text
    assert walker.go(f"{living.banks[TH]}/account").place == f"{living.banks[TH]}/"


def test_who_logs_out_at_the_provider_is_logged_out_at_the_bank(living: LivingRegion, walker: Walker) -> None:
    at_selector(living, walker).log_in("sg-login")
    walker.go(f"{living.providers}/sg-login/logout").press()
    assert "You are logged out." in walker.page.text

    # The node tells its clients without letting the provider wait for them.
    assert any(walker.go(f"{living.banks[TH]}/account").place == f"{living.banks[TH]}/" for _ in range(LOOKS))
