"""Every case of the sandbox names what it proves, by a rule about it, and every rule and requirement is used."""

from fnmatch import fnmatchcase

import pytest

from idbridge.conformance.making.mapping import MAPPING_FILE, read_rules, requirements_of, shipped_rules
from idbridge.conformance.requirements import Requirement, read_requirements
from idbridge.errors import ConfigurationError
from idbridge.sandbox.case import Case
from idbridge.sandbox.catalogue import case_named, cases

TABLES = ("verifier.csv", "trust-list-consumer.csv")
CASES = {case.name: case for case in cases()}
AREAS = {
    "input": {"IN", "COSE", "MDOC", "JOSE", "QUERY", "W3C", "ISS"},
    "jose": {"JOSE", "COSE", "QR", "W3C", "HOLD", "TL", "ISS"},
    "issuer": {"ISS", "W3C", "RECOG", "DENY", "QR"},
    "trust": {"TL", "TUF", "DENY", "SYS"},
    "time": {"TIME"},
    "sd_jwt": {"SDJ"},
    "holder": {"HOLD", "QUERY", "MDOC", "W3C"},
    "mdoc": {"MDOC"},
    "qr": {"QR"},
    "w3c": {"W3C"},
    "oidc": {"OIDC"},
    "status": {"STAT", "ISS", "W3C"},
    "query": {"QUERY"},
    "recognition": {"RECOG"},
    "mandate": {"MAND"},
    "policy": {"POL"},
    "system": {"SYS"},
}


def requirements() -> dict[str, Requirement]:
    folder = MAPPING_FILE.parent
    return {name: row for table in TABLES for name, row in read_requirements(folder / table).items()}


def area(identity: str) -> str:
    return identity.split("-")[1]


def group(case: Case) -> str:
    return str(case.code).partition(".")[0]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("[cases", "not in order"),
        ("", "one table called `cases`"),
        ("cases = 1", "one table called `cases`"),
        ('[cases]\n"a" = []', "names no requirement"),
        ('[cases]\n"a" = "IDB-IN-001"', "names no requirement"),
        ('[cases]\n"a" = [1]', "names no requirement"),
        ('[cases]\n"a" = ["IDB-IN-001", "IDB-IN-001"]', "twice"),
        ('[cases]\n"a" = ["IDB-IN-001"]\n[codes]\n"b" = ["IDB-IN-001"]', "one table called `cases`"),
    ],
)
def test_a_mapping_that_is_not_in_order_is_refused(text: str, what: str) -> None:
    with pytest.raises(ConfigurationError, match=what):
        read_rules(text)


def test_a_case_that_no_rule_is_about_is_refused_by_name() -> None:
    rules = read_rules('[cases]\n"sd-jwt-*" = ["IDB-SDJ-001"]\n"alg" = ["IDB-JOSE-001"]')

    with pytest.raises(ConfigurationError, match="alg-none"):
        rules.requirements_of(case_named("alg-none"))


def test_two_patterns_that_are_equally_about_a_case_are_refused() -> None:
    rules = read_rules('[cases]\n"alg-*" = ["IDB-JOSE-001"]\n"*none" = ["IDB-JOSE-002"]')

    with pytest.raises(ConfigurationError, match="equally"):
        rules.requirements_of(case_named("alg-none"))


def test_a_name_wins_over_a_pattern_and_a_longer_pattern_over_a_shorter_one() -> None:
    rules = read_rules('[cases]\n"*" = ["A"]\n"alg-*" = ["B"]\n"alg-none" = ["C", "D"]')

    assert rules.requirements_of(case_named("alg-none")) == ("C", "D")
    assert rules.requirements_of(case_named("alg-not-listed-for-issuer")) == ("B",)
    assert rules.requirements_of(case_named("empty-text")) == ("A",)


def test_every_case_proves_requirements_that_there_are_and_no_more_than_a_few() -> None:
    known = requirements().keys()

    assert {case.name for case in cases() if not set(requirements_of(case)) <= known} == set()
    assert {case.name for case in cases() if len(requirements_of(case)) > 3} == set()


def test_a_refused_case_proves_one_requirement_of_the_part_that_its_code_is_of() -> None:
    proved = {case: requirements_of(case) for case in cases() if case.code is not None}

    assert {case.name for case, ids in proved.items() if len(ids) != 1} == set()
    assert {case.name for case, (one,) in proved.items() if area(one) not in AREAS[group(case)]} == set()


def test_a_requirement_is_proved_by_refusals_or_by_acceptances_and_not_by_both() -> None:
    accepted = {one for case in cases() if case.code is None for one in requirements_of(case)}
    refused = {one for case in cases() if case.code is not None for one in requirements_of(case)}

    assert accepted & refused == set()


def test_every_rule_is_about_a_case() -> None:
    rules = shipped_rules()

    assert rules.names.keys() <= CASES.keys()
    assert [pattern for pattern in rules.patterns if not any(fnmatchcase(name, pattern) for name in CASES)] == []


def test_every_requirement_is_proved_by_a_case() -> None:
    proved = {one for case in cases() for one in requirements_of(case)}

    assert requirements().keys() - proved == set()


def test_every_requirement_is_a_sentence_of_its_own() -> None:
    texts = [requirement.text for requirement in requirements().values()]

    assert len(set(texts)) == len(texts)
    assert all(text[0].isupper() or text[0] == "`" for text in texts)
    assert all(text.endswith(".") for text in texts)
    assert all(len(text) <= 160 for text in texts)
