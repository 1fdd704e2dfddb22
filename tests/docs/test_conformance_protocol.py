"""The page on the protocol of the conformance suite: its program is run, and its tables say what the code says."""

import json
import re
from pathlib import Path

from idbridge.conformance import schemas
from idbridge.conformance.answer import Verdict, read_verdict, released
from idbridge.conformance.corpus import shipped
from idbridge.conformance.profiles import Profile
from idbridge.conformance.targets.process import ENDS
from idbridge.reasons import REASONS
from tests.docs.walk import Walk, blocks
from tests.source import ROOT

PAGE = "conformance-protocol.md"


def text() -> str:
    return (ROOT / "docs" / PAGE).read_text(encoding="utf-8")


def test_the_program_of_the_page_passes_what_it_claims_and_a_broken_one_is_caught(tmp_path: Path) -> None:
    found = [one for one in blocks(PAGE) if not one.is_by_hand]

    Walk(tmp_path, environment={}).through(*found)

    assert {one.machine for one in found} == {"team"}


def test_exit_codes_are_those_that_the_suite_reads() -> None:
    rows = re.findall(r"^\| (\d) \| `(\w+)` \|", text(), re.MULTILINE)

    assert {int(code): name for code, name in rows} == {code: one.value for code, one in ENDS.items()}


def test_the_answer_of_the_page_is_one_and_its_input_has_the_members_of_an_input() -> None:
    answer, told, put = (json.loads(one.text) for one in blocks(PAGE) if one.language == "json")

    assert schemas.fault(told, schemas.KEYS) == ""
    assert schemas.fault(answer, schemas.ANSWER) == ""
    assert isinstance(read_verdict(answer), Verdict)
    assert released(answer) == {"released": {}, "level": None}  # as each refused case of the corpus demands it
    assert answer["code"] in REASONS
    members = {name for case in shipped().chosen([Profile.VERIFIER]) for name in case.input["request"]}
    assert put.keys() == {"relying_party", "node", "request"}
    assert put["request"].keys() <= members


def test_every_file_of_the_material_is_named() -> None:
    folders = [shipped().material(name).folder for name in ("region", "th-types")]
    present = {path.name for folder in folders for path in folder.iterdir()} - {"material.json"}

    assert {name for name in present if f"`{name}" not in text()} == set()
