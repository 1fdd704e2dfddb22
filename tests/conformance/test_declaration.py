"""What a target declares not to do is a list of parts, and what has to be refused is none of them."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from idbridge.conformance.attestation import disagreement
from idbridge.conformance.corpus import shipped
from idbridge.conformance.declaration import DECLARABLE_AREAS, DECLARABLE_TAGS, read_declaration
from idbridge.conformance.seed import CORPUS_INSTANT
from idbridge.conformance.target import Description
from idbridge.conformance.targets.described import described
from idbridge.conformance.targets.publisher.opening import open_publication
from idbridge.errors import ConfigurationError
from idbridge.limits import LIMITS
from idbridge.sandbox.region import Region
from tests.conformance.publisher.test_opening import CLOCK
from tests.conformance.records import record


@pytest.mark.parametrize("told", ["negative", "list", "deny", "rollback", "dpop", "par", "edge", "IDB-TL", "IDB-TIME"])
def test_a_whole_kind_of_attack_cannot_be_declared_away(told: str) -> None:
    for names in ([told], ["qr", told]):
        with pytest.raises(ConfigurationError, match=f"`{told}` cannot be declared"):
            read_declaration(names)


def test_no_tag_of_the_corpus_is_declared_that_the_table_does_not_name_whatever_its_form_is() -> None:
    cases = shipped().cases.values()
    tags = {tag for case in cases for tag in case.tags}
    areas = {name.rpartition("-")[0] for case in cases for name in case.requirements}

    declining = {
        name
        for name in tags | areas
        for case in cases
        if (name in case.tags or any(one.startswith(name) for one in case.requirements))
        and Description("x", "1", frozenset({name})).declines(case)
    }

    assert declining == (DECLARABLE_TAGS & tags) | (DECLARABLE_AREAS & areas)
    assert tags >= DECLARABLE_TAGS
    assert areas >= DECLARABLE_AREAS
    assert "mix-and-match" in tags - declining


@pytest.mark.parametrize("told", ["negative", {"qr": 1}, [1], None, 5])
def test_what_is_no_list_of_names_declares_nothing(told: object) -> None:
    with pytest.raises(ConfigurationError, match="list of names"):
        read_declaration(told)


@pytest.mark.parametrize(
    "told",
    ["state.", "state.anything goes", "state.level.x", "IDB-TIME-00", "IDB-TIME-001 x", "IDB-TIME-0011", "IDB-", ""],
)
def test_what_only_resembles_a_name_declares_nothing(told: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot be declared"):
        read_declaration([told])


@pytest.mark.parametrize("told", ["no-such-case", "IDB-TIME-999"])
def test_a_name_that_nothing_has_is_attested_of_nobody(told: str) -> None:
    declaring = replace(record(), description=Description("x", "1", frozenset({told})))

    assert disagreement(declaring, shipped()) == f"it declares {told}, which is nothing in the corpus"


def test_a_name_is_no_longer_than_the_bound() -> None:
    def told(**more: str) -> Description:
        said = json.dumps({"name": "x", "version": "1", **more})
        return described([sys.executable, "-S", "-c", f"print({said!r})"])

    assert told(name="x" * LIMITS.identifier_characters).version == "1"
    for member in ("name", "version"):
        with pytest.raises(ConfigurationError, match=str(LIMITS.identifier_characters)):
            told(**{member: "x" * (LIMITS.identifier_characters + 1)})


@pytest.mark.parametrize(("name", "version"), [(" ", "1"), ("x", "\t"), ("-", "1"), ("a\x1b[2Jb", "1"), ("x", "1\n2")])
def test_a_program_that_names_nothing_or_hides_something_is_not_tested(name: str, version: str) -> None:
    said = json.dumps({"name": name, "version": version})

    with pytest.raises(ConfigurationError, match="does not say its name and version"):
        described([sys.executable, "-S", "-c", f"print({said!r})"])


def test_parts_are_declared() -> None:
    named = ["mdoc", "IDB-QR", "IDB-TIME-001", "mdoc-expired", "state", "state.level"]

    assert read_declaration(named) == set(named)


def _told(left: list[str]) -> Description:
    said = json.dumps({"name": "x", "version": "1", "not_implemented": left})
    return described([sys.executable, "-S", "-c", f"print({said!r})"])


def test_a_program_that_declares_every_refusal_is_not_put_to_the_test() -> None:
    assert _told(["mdoc"]).not_implemented == {"mdoc"}
    with pytest.raises(ConfigurationError, match="negative"):
        _told(["mdoc", "negative"])


def test_a_publisher_that_does_is_not_either_and_has_no_path_for_a_name(tmp_path: Path) -> None:
    Region.generate(at=CORPUS_INSTANT).publish(tmp_path)
    settings = tmp_path / "settings.toml"
    settings.write_text('pins = "pins.json"\nnot_implemented = ["agreement"]', "utf-8")
    told = open_publication(str(tmp_path), settings, clock=CLOCK).describe()
    settings.write_text('pins = "pins.json"\nnot_implemented = ["negative"]', "utf-8")

    assert str(tmp_path) not in told.name
    with pytest.raises(ConfigurationError, match="negative"):
        open_publication(str(tmp_path), settings, clock=CLOCK)
