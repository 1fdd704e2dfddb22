"""A wallet under test is opened by its settings, and told which authority the suite asks under."""

import sys
from pathlib import Path

import pytest

from idbridge.clock import FixedClock
from idbridge.codec import pem
from idbridge.conformance.answer import Fault, FaultKind
from idbridge.conformance.case import ConformanceCase
from idbridge.conformance.making import wallet
from idbridge.conformance.seed import CORPUS_INSTANT
from idbridge.conformance.targets.wallet.opening import open_wallet
from idbridge.errors import ConfigurationError
from idbridge.model.randomness import SystemRandomness
from idbridge.sandbox.region import Region
from tests.conformance.live import read_all

CLOCK = FixedClock(CORPUS_INSTANT)
SETTINGS = (
    'pins = "pins.json"\ntrust = "trust"\nauthority = "authority.pem"\nnot_implemented = ["mdoc"]\npatience_ms = 20\n'
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the trust material of the region."""
    Region.generate(at=CORPUS_INSTANT).publish(tmp_path)
    return tmp_path


@pytest.fixture
def case(tmp_path_factory: pytest.TempPathFactory) -> ConformanceCase:
    """The first case."""
    return read_all(wallet.cases(), tmp_path_factory.mktemp("cases"))[0]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('pins = "pins.json"', "name `pins`"),
        (f"{SETTINGS}other = 1", "nothing unknown"),
        (f"{SETTINGS}settling_ms = 0", "more than none"),
        (f"{SETTINGS}settling_ms = -5", "more than none"),
        (f'{SETTINGS}settling_ms = "5"', "more than none"),
        (f"{SETTINGS}settling_ms = 99999999999999999999", "more than none"),
        (SETTINGS.replace('"pins.json"', "5"), "`pins` names a file or a folder"),
        (SETTINGS.replace('"trust"', "[]"), "`trust` names a file or a folder"),
        (SETTINGS.replace('"authority.pem"', "1979-05-27"), "`authority` names a file or a folder"),
        (SETTINGS.replace("pins.json", "nowhere.json"), "cannot be read"),
        (SETTINGS.replace('trust = "trust"', 'trust = "nowhere"'), "cannot be read"),
        (SETTINGS.replace('trust = "trust"', 'trust = "empty"'), "no trust list"),
    ],
)
def test_settings_that_are_not_in_order_open_nothing(folder: Path, text: str, why: str) -> None:
    (folder / "wallet.toml").write_text(text, "utf-8")
    for name in ("lists", "arrangements", "purposes"):
        (folder / "empty" / name).mkdir(parents=True)

    with pytest.raises(ConfigurationError, match=why):
        open_wallet("cmd:true", folder / "wallet.toml", clock=CLOCK, randomness=SystemRandomness(), known={})


def test_a_command_that_does_nothing_has_refused_nothing(folder: Path, case: ConformanceCase) -> None:
    (folder / "wallet.toml").write_text(SETTINGS, "utf-8")
    command = f'cmd:"{sys.executable}" -c "pass"'
    target = open_wallet(command, folder / "wallet.toml", clock=CLOCK, randomness=SystemRandomness(), known={})
    try:
        answer = target.answer(case).answer
    finally:
        target.close()

    assert isinstance(answer, Fault)
    assert answer.kind is FaultKind.EMPTY


def test_the_wallet_is_told_the_authority_and_its_maker_what_is_declared(folder: Path) -> None:
    (folder / "wallet.toml").write_text(SETTINGS, "utf-8")

    target = open_wallet(
        "http://127.0.0.1:9/", folder / "wallet.toml", clock=CLOCK, randomness=SystemRandomness(), known={}
    )

    assert len(pem.decode((folder / "authority.pem").read_text("ascii"), label=pem.CERTIFICATE)) == 1
    assert target.describe().not_implemented == {"mdoc"}


def test_a_wallet_that_declares_every_refusal_is_not_opened(folder: Path) -> None:
    assert '"mdoc"' in SETTINGS
    (folder / "wallet.toml").write_text(SETTINGS.replace('"mdoc"', '"negative"'), "utf-8")

    with pytest.raises(ConfigurationError, match="negative"):
        open_wallet("http://127.0.0.1:9/", folder / "wallet.toml", clock=CLOCK, randomness=SystemRandomness(), known={})
