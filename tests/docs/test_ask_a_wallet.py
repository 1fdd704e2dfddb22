"""Every block of the guide is run as it stands, in order, against a region that is really up."""

import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from idbridge.presentation.templates import templates
from idbridge_gateway.wallet.records import Outcome
from tests.docs.test_first_verdict import BLOCK, Reader, demo
from tests.engines import REPOSITORY, require_engine

__all__ = ["demo"]  # the same demo as for the first guide
GUIDE = REPOSITORY / "docs" / "ask-a-wallet.md"
UNNAMED = 2  # what a reader does by hand: start the region, set the variables


def blocks() -> Mapping[str, str]:
    return {name: text for _, name, text in BLOCK.findall(GUIDE.read_text(encoding="utf-8")) if name}


@pytest.fixture(scope="module")
def reader(demo: tuple[Path, str, str], tmp_path_factory: pytest.TempPathFactory) -> Reader:
    region, url, key = demo
    paths = (Path(sys.executable).parent, require_engine("curl").parent, os.environ["PATH"])
    environment = os.environ | {
        "PATH": os.pathsep.join(str(path) for path in paths),
        "IDBRIDGE_URL": url,
        "IDBRIDGE_KEY": key,
        "IDBRIDGE_REGION": str(region),
        "COLUMNS": "120",
    }
    return Reader(tmp_path_factory.mktemp("reader"), environment)


def shell(reader: Reader, name: str) -> str:
    return reader.run("bash", "-euc", blocks()[name])


def looked(reader: Reader) -> str:
    program = reader.folder / "look.py"
    program.write_text(blocks()["look.py"], encoding="utf-8")
    return reader.run(sys.executable, program)


def test_the_guide_has_no_block_that_nothing_runs() -> None:
    found = BLOCK.findall(GUIDE.read_text(encoding="utf-8"))
    source = Path(__file__).read_text(encoding="utf-8")

    assert len([name for _, name, _ in found if not name]) == UNNAMED
    assert not [name for _, name, _ in found if name and f'"{name}"' not in source]


def test_the_guide_names_every_template_and_every_state() -> None:
    text = GUIDE.read_text(encoding="utf-8")

    for name, template in templates().items():
        assert f"`{name}`" in text
        assert f"`{template.purpose}`" in text
    assert {f"`{outcome}`" for outcome in Outcome} <= set(re.findall(r"`[a-z]+`", text))


def test_a_relying_party_asks_a_wallet_answers_and_a_person_may_say_no(reader: Reader) -> None:
    assert shell(reader, "begin").startswith("pending http://127.0.0.1:")
    assert looked(reader) == "pending None\n"
    assert json.loads(shell(reader, "answer")) == {}
    assert looked(reader) == "accepted: {'age_over_20': True} from SG\n"

    assert json.loads(shell(reader, "deny")) == {}
    assert looked(reader) == "refused access_denied\n"
    assert '"state":"refused"' in shell(reader, "events")
