"""What the schemas refuse, the suite refuses: a case, a manifest and an answer that are damaged in one place."""

import copy
import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from idbridge.conformance import node_keys, schemas
from idbridge.conformance.answer import Fault, Verdict, read_verdict
from idbridge.conformance.case import CASE_FILE, INPUT_FILE, NEGATIVE, SCHEMA, ConformanceCase, read_case
from idbridge.conformance.corpus import MANIFEST_FILE, MANIFEST_SCHEMA, read_manifest, shipped
from idbridge.conformance.making.material import FLAT
from idbridge.conformance.node import read_object, write_object
from idbridge.conformance.profiles import Profile
from idbridge.conformance.protocol import protocol
from idbridge.conformance.seed import corpus_keys, corpus_region
from idbridge.errors import ConfigurationError
from idbridge.model.time import instant_text
from idbridge.reasons import Indication
from idbridge.sandbox.sources import services_of

REFUSED: dict[str, Any] = {
    "schema": "idbridge-conformance-case-1",
    "id": "token-expired",
    "profile": "verifier",
    "tags": ["id-token", "negative"],
    "title": "A token that expired",
    "why": "Genuine, and out of date.",
    "requirements": ["IDB-TIME-001"],
    "material": "region",
    "at": "2026-11-24T12:00:00Z",
    "expect": {"indication": "FAILED", "code": "time.expired"},
    "twin": "token-in-date",
    "state": {"spent": 0},
    "frozen": False,
}
ACCEPTED = {
    **REFUSED, "id": "token-in-date", "tags": ["id-token"], "expect": {"indication": "PASSED", "code": None},
    "twin": None, "state": None, "material": None, "at": None,
}  # fmt: skip
MANIFEST = {"schema": "idbridge-conformance-manifest-1", "version": "1.0.0", "files": {"requirements.csv": "0" * 64}}
Damage = Callable[[dict[str, Any]], object]


def without(member: str) -> Damage:
    return lambda document: document.pop(member)


CASE_DAMAGES: dict[str, Damage] = {
    **{f"without-{member}": without(member) for member in REFUSED},
    "with-a-member-more": lambda case: case.update(note="x"),
    "of-another-schema": lambda case: case.update(schema="idbridge-conformance-case-2"),
    "of-no-profile": lambda case: case.update(profile="verifiers"),
    "id-as-number": lambda case: case.update(id=1),
    "id-that-leaves-the-folder": lambda case: case.update(id="../token-expired"),
    "tags-as-text": lambda case: case.update(tags="negative"),
    "tag-of-two-words": lambda case: case.update(tags=["negative", "id token"]),
    "tag-as-number": lambda case: case.update(tags=["negative", 1]),
    "tag-twice": lambda case: case.update(tags=["negative", "negative"]),
    "refused-and-not-tagged": lambda case: case.update(tags=["id-token"]),
    "title-empty": lambda case: case.update(title=" "),
    "title-as-list": lambda case: case.update(title=["A token"]),
    "why-empty": lambda case: case.update(why=""),
    "no-requirement": lambda case: case.update(requirements=[]),
    "requirement-twice": lambda case: case.update(requirements=["IDB-TIME-001", "IDB-TIME-001"]),
    "requirement-of-no-form": lambda case: case.update(requirements=["TIME-1"]),
    "requirements-as-text": lambda case: case.update(requirements="IDB-TIME-001"),
    "material-that-leaves-the-folder": lambda case: case.update(material="../region"),
    "material-as-flag": lambda case: case.update(material=True),
    "at-in-words": lambda case: case.update(at="yesterday"),
    "at-with-a-fraction": lambda case: case.update(at="2026-11-24T12:00:00.5Z"),
    "at-as-number": lambda case: case.update(at=1_795_000_000),
    "expect-with-a-member-more": lambda case: case["expect"].update(accepted=False),
    "expect-without-code": lambda case: case["expect"].pop("code"),
    "expect-without-indication": lambda case: case["expect"].pop("indication"),
    "expect-as-text": lambda case: case.update(expect="FAILED"),
    "unknown-indication": lambda case: case["expect"].update(indication="REFUSED"),
    "refused-without-a-code": lambda case: case["expect"].update(code=None),
    "code-empty": lambda case: case["expect"].update(code=""),
    "code-as-number": lambda case: case["expect"].update(code=7),
    "accepted-for-a-reason": lambda case: case["expect"].update(indication="PASSED"),
    "refused-without-a-twin": lambda case: case.update(twin=None),
    "twin-as-number": lambda case: case.update(twin=1),
    "state-as-list": lambda case: case.update(state=[]),
    "frozen-as-text": lambda case: case.update(frozen="no"),
    "frozen-as-null": lambda case: case.update(frozen=None),
}
ACCEPTED_DAMAGES: dict[str, Damage] = {
    "accepted-with-a-twin": lambda case: case.update(twin="token-expired"),
    "accepted-and-tagged-negative": lambda case: case.update(tags=["negative"]),
    "accepted-with-a-code": lambda case: case["expect"].update(code="time.expired"),
}
MANIFEST_DAMAGES: dict[str, Damage] = {
    **{f"without-{member}": without(member) for member in MANIFEST},
    "with-a-member-more": lambda manifest: manifest.update(note="x"),
    "of-another-schema": lambda manifest: manifest.update(schema="idbridge-conformance-manifest-2"),
    "version-as-number": lambda manifest: manifest.update(version=1),
    "version-of-two-numbers": lambda manifest: manifest.update(version="1.0"),
    "files-as-list": lambda manifest: manifest.update(files=["requirements.csv"]),
    "no-files": lambda manifest: manifest.update(files={}),
    "digest-cut": lambda manifest: manifest.update(files={"requirements.csv": "0" * 63}),
    "digest-in-capitals": lambda manifest: manifest.update(files={"requirements.csv": "A" * 64}),
    "digest-as-number": lambda manifest: manifest.update(files={"requirements.csv": 0}),
    "path-that-leaves-the-folder": lambda manifest: manifest.update(files={"../requirements.csv": "0" * 64}),
    "path-from-the-root": lambda manifest: manifest.update(files={"/etc/passwd": "0" * 64}),
}
ANSWERS_REFUSED: dict[str, object] = {
    "nothing": {},
    "a-list": [],
    "no-indication": {"code": None},
    "unknown-indication": {"indication": "OK", "code": None},
    "indication-as-number": {"indication": 0, "code": None},
    "code-as-number": {"indication": "FAILED", "code": 7},
    "code-empty": {"indication": "FAILED", "code": ""},
    "refused-without-a-code": {"indication": "FAILED", "code": None},
    "undecided-without-a-code": {"indication": "INDETERMINATE", "code": None},
    "accepted-for-a-reason": {"indication": "PASSED", "code": "time.expired"},
    "passed-and-not-accepted": {"indication": "PASSED", "code": None, "accepted": False},
    "failed-and-accepted": {"indication": "FAILED", "code": "time.expired", "accepted": True},
    "accepted-as-text": {"indication": "PASSED", "code": None, "accepted": "true"},
}
ANSWERS: dict[str, dict[str, Any]] = {
    "accepted": {"indication": "PASSED", "code": None},
    "accepted-and-said-twice": {"indication": "PASSED", "code": None, "accepted": True},
    "refused": {"indication": "FAILED", "code": "time.expired", "accepted": False},
    "undecided": {"indication": "INDETERMINATE", "code": "trust.stale"},
}


def at_of(case: ConformanceCase) -> datetime:
    assert case.at is not None
    return case.at


def written_case(document: dict[str, Any], folder: Path) -> Path:
    """Write a case where it says that it stands, or beside it where it says nothing of use."""
    place = folder / "verifier" / str(document.get("id", "token-expired")).replace("/", "-")
    place.mkdir(parents=True)
    (place / CASE_FILE).write_text(json.dumps(document), "utf-8")
    (place / INPUT_FILE).write_text("{}", "utf-8")
    return place


@pytest.mark.parametrize("damage", CASE_DAMAGES.values(), ids=CASE_DAMAGES)
def test_a_damaged_case_is_refused_by_the_schema_and_by_the_suite(damage: Damage, tmp_path: Path) -> None:
    document = copy.deepcopy(REFUSED)
    damage(document)

    assert schemas.fault(document, schemas.CASE) != ""
    with pytest.raises(ConfigurationError, match="not in order"):
        read_case(written_case(document, tmp_path))


@pytest.mark.parametrize("damage", ACCEPTED_DAMAGES.values(), ids=ACCEPTED_DAMAGES)
def test_an_accepted_case_that_contradicts_itself_is_refused_by_both(damage: Damage, tmp_path: Path) -> None:
    document = copy.deepcopy(ACCEPTED)
    damage(document)

    assert schemas.fault(document, schemas.CASE) != ""
    with pytest.raises(ConfigurationError, match="not in order"):
        read_case(written_case(document, tmp_path))


@pytest.mark.parametrize(
    "document",
    [REFUSED, {**REFUSED, "tags": ["negative", "FAPI2SPFinalHappyFlow"]}, ACCEPTED],
    ids=["refused", "tagged-with-a-name-of-another-suite", "accepted"],
)
def test_a_case_in_order_is_taken_by_both(document: dict[str, Any], tmp_path: Path) -> None:
    assert schemas.fault(document, schemas.CASE) == ""
    assert read_case(written_case(document, tmp_path)).id == document["id"]


def test_a_case_at_an_instant_that_there_is_not_is_refused_by_the_suite(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="not in order"):
        read_case(written_case({**REFUSED, "at": "2026-02-30T12:00:00Z"}, tmp_path))


@pytest.mark.parametrize("damage", MANIFEST_DAMAGES.values(), ids=MANIFEST_DAMAGES)
def test_a_damaged_manifest_is_refused_by_the_schema_and_by_the_suite(damage: Damage, tmp_path: Path) -> None:
    document = copy.deepcopy(MANIFEST)
    damage(document)
    (tmp_path / MANIFEST_FILE).write_text(json.dumps(document), "utf-8")

    assert schemas.fault(document, schemas.MANIFEST) != ""
    with pytest.raises(ConfigurationError, match="not in order"):
        read_manifest(tmp_path)


def test_a_manifest_in_order_is_taken_by_both(tmp_path: Path) -> None:
    (tmp_path / MANIFEST_FILE).write_text(json.dumps(MANIFEST), "utf-8")

    assert schemas.fault(MANIFEST, schemas.MANIFEST) == ""
    assert read_manifest(tmp_path) == MANIFEST


@pytest.mark.parametrize("answer", ANSWERS_REFUSED.values(), ids=ANSWERS_REFUSED)
def test_a_damaged_answer_is_refused_by_the_schema_and_is_no_verdict(answer: object) -> None:
    assert schemas.fault(answer, schemas.ANSWER) != ""
    assert isinstance(read_verdict(answer), Fault)


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_an_answer_in_order_is_taken_by_both(answer: dict[str, Any]) -> None:
    assert schemas.fault(answer, schemas.ANSWER) == ""
    assert read_verdict(answer) == Verdict(Indication(answer["indication"]), answer["code"])


@pytest.mark.parametrize(
    ("members", "taken"),
    [
        ({"claims": {"name": None}, "level": "A2"}, True),
        ({"claims": {}, "level": None}, True),
        ({"claims": ["name"]}, False),
        ({"level": "A4"}, False),
        ({"note": "x"}, False),
    ],
    ids=str,
)
def test_an_answer_tells_what_is_released_and_nothing_else(members: dict[str, Any], taken: bool) -> None:
    assert (schemas.fault({**ANSWERS["accepted"], **members}, schemas.ANSWER) == "") is taken


@pytest.mark.parametrize("name", ["sg-login-opens-account", "id-token-expired", "key-not-listed"])
def test_our_own_answers_to_the_protocol_keep_the_schemas(name: str, tmp_path: Path) -> None:
    case = shipped().case(name)
    material = node_keys.laid_out(shipped().material(str(case.material)), tmp_path / "material")
    state, put = tmp_path / "state", tmp_path / "input.json"
    state.mkdir()
    write_object(put, case.input)

    def said(*words: str) -> object:
        return json.loads(CliRunner().invoke(protocol, words).stdout)

    taken_up = said("load", "--state", str(state), "--material", str(material), "--at", instant_text(at_of(case)))
    answer = said("verify", "--state", str(state), "--input", str(put))
    assert schemas.fault(said("describe"), schemas.DESCRIPTION) == ""
    assert schemas.fault(taken_up, schemas.ANSWER) == ""
    assert schemas.fault(answer, schemas.ANSWER) == ""
    assert read_verdict(answer) == case.expect


def test_a_description_says_name_and_version() -> None:
    assert schemas.fault({"name": "x", "version": "1", "not_implemented": ["qr"]}, schemas.DESCRIPTION) == ""
    for damaged in (
        {"name": "x"},
        {"name": "", "version": "1"},
        {"name": "x", "version": "1", "not_implemented": "qr"},
    ):
        assert schemas.fault(damaged, schemas.DESCRIPTION) != ""


@pytest.mark.parametrize("name", schemas.documents())
def test_a_schema_is_one_and_closed(name: str) -> None:
    document = dict(schemas.documents()[name])

    Draft202012Validator.check_schema(document)
    assert document["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert document["additionalProperties"] is False
    assert schemas.fault({"surplus": 1}, name) != ""


def test_every_schema_that_stands_in_the_folder_is_known() -> None:
    folder = Path(schemas.__file__).parent

    assert {path.name for path in folder.glob("*.json")} == schemas.documents().keys()


def test_the_schemas_have_the_words_of_the_code() -> None:
    case = schemas.documents()[schemas.CASE]["properties"]
    indications = [one.value for one in Indication]

    assert case["schema"]["const"] == SCHEMA
    assert schemas.documents()[schemas.MANIFEST]["properties"]["schema"]["const"] == MANIFEST_SCHEMA
    assert case["profile"]["enum"] == [profile.value for profile in Profile]
    assert case["expect"]["properties"]["indication"]["enum"] == indications
    assert schemas.documents()[schemas.ANSWER]["properties"]["indication"]["enum"] == indications
    assert NEGATIVE in REFUSED["tags"]


@pytest.mark.parametrize(
    "damage",
    [
        {"holder_binding": "maybe"}, {"holder_binding": None}, {"leeway_seconds": 301}, {"leeway_seconds": -1},
        {"leeway_seconds": "60"}, {"algorithms": []}, {"status": []}, {"status": [{"status": "granted"}]}, {"more": 1},
    ],
    ids=str,
)  # fmt: skip
def test_what_a_program_that_reads_no_lists_is_told_has_a_form(damage: dict[str, object]) -> None:
    held = read_object(shipped().material("region").folder / FLAT)
    name = next(iter(held))

    assert schemas.fault(held, schemas.KEYS) == ""
    assert schemas.fault({name: {**held[name], **damage}}, schemas.KEYS) != ""


def test_such_a_program_is_told_of_every_service_whether_a_proof_is_demanded_and_how_far_its_clock_may_be_off() -> None:
    held = read_object(shipped().material("region").folder / FLAT)
    listed = {source["id"]: source for table in corpus_region(corpus_keys()).sources.lists.values()
              for source in services_of(table)}  # fmt: skip

    assert held.keys() == listed.keys()
    for name, one in held.items():
        assert (one["holder_binding"], one["leeway_seconds"], one["algorithms"]) == (
            listed[name]["holder_binding"], listed[name]["leeway_seconds"], listed[name]["algorithms"],
        )  # fmt: skip
