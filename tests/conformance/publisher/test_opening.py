"""A publication under test is opened by its settings: what is pinned, and what it is compared with."""

from pathlib import Path

import pytest

from idbridge.clock import FixedClock
from idbridge.conformance.answer import Verdict
from idbridge.conformance.corpus import shipped
from idbridge.conformance.seed import CORPUS_INSTANT
from idbridge.conformance.targets.publisher.opening import open_publication
from idbridge.errors import ConfigurationError
from idbridge.limits import LIMITS
from idbridge.reasons import Indication
from idbridge.sandbox.distribution import TREE
from idbridge.sandbox.region import Region

CLOCK = FixedClock(CORPUS_INSTANT)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "`root` or `pins`"),
        ('root = "a"\npins = "b"', "`root` or `pins`"),
        ('root = "a"\nother = 1', "`root` or `pins`"),
        ('pins = "pins.json"\nnot_implemented = "agreement"', "a list of names"),
        ('root = "nowhere.json"', "cannot be read"),
        ("root = ", "cannot be read"),
        ("root = 5", "`root` names a file or a folder"),
        ("root = []", "`root` names a file or a folder"),
        ('root = ""', "`root` names a file or a folder"),
        ('pins = "\\u0000"', "`pins` names a file or a folder"),
        ('root = "settings.toml"\nprevious = true', "`previous` names a file or a folder"),
    ],
)
def test_settings_that_are_not_in_order_open_nothing(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "settings.toml").write_text(text, "utf-8")

    with pytest.raises(ConfigurationError, match=why):
        open_publication(str(tmp_path), tmp_path / "settings.toml", clock=CLOCK)


def test_plain_lists_are_not_looked_at_from_afar(tmp_path: Path) -> None:
    Region.generate(at=CORPUS_INSTANT).publish(tmp_path)
    (tmp_path / "settings.toml").write_text('pins = "pins.json"', "utf-8")

    with pytest.raises(ConfigurationError, match="in a folder"):
        open_publication("https://lists.example/", tmp_path / "settings.toml", clock=CLOCK)
    with pytest.raises(ConfigurationError, match="there is no folder"):
        open_publication(str(tmp_path / "nowhere"), tmp_path / "settings.toml", clock=CLOCK)


def test_a_tree_is_opened_in_a_folder_and_at_an_address(tmp_path: Path) -> None:
    Region.generate(at=CORPUS_INSTANT).distribute(tmp_path, at=CORPUS_INSTANT)
    settings = tmp_path / "settings.toml"
    settings.write_text(f'root = "root.json"\nprevious = "{TREE}"', "utf-8")

    near = open_publication(str(tmp_path / TREE), settings, clock=CLOCK).describe()
    far = open_publication("https://lists.example/", settings, clock=CLOCK).describe()

    assert near.not_implemented == frozenset()
    assert far.not_implemented == {"folder"}


def test_what_a_young_region_does_not_publish_yet_is_declared(tmp_path: Path) -> None:
    Region.generate(at=CORPUS_INSTANT).distribute(tmp_path, at=CORPUS_INSTANT)
    (tmp_path / "settings.toml").write_text('root = "root.json"\nnot_implemented = ["agreement"]', "utf-8")

    told = open_publication(str(tmp_path / TREE), tmp_path / "settings.toml", clock=CLOCK).describe()

    assert told.not_implemented == {"agreement", "previous"}


def test_a_document_beyond_its_bound_is_not_read(tmp_path: Path) -> None:
    Region.generate(at=CORPUS_INSTANT).publish(tmp_path)
    (tmp_path / "settings.toml").write_text('pins = "pins.json"', "utf-8")
    register = next((tmp_path / "trust" / "purposes").glob("*.json"))
    register.write_bytes(b" " * (LIMITS.recognition_document_bytes + 1))
    target = open_publication(str(tmp_path / "trust"), tmp_path / "settings.toml", clock=CLOCK)
    case = shipped().case("pub-purposes-no-signature")

    observed = target.answer(case)

    assert observed.answer == Verdict(Indication.FAILED, "input.too_large")
