"""Type metadata from local documents: what a type says is kept, and documents that do not fit let no node start."""

import json
from pathlib import Path
from typing import Any

import pytest

from idbridge.credential.type_documents import has_integrity, integrity_of, type_documents
from idbridge.credential.type_folder import file_name, read_type_documents
from idbridge.credential.type_metadata import judge_type
from idbridge.errors import ConfigurationError
from idbridge.limits import LIMITS
from idbridge.model.check import CheckPoint, Result, Step
from idbridge.model.type_metadata import Disclosable

POINT = CheckPoint("sd-jwt.18", Step.V5, "SD-JWT VC section 6")
A, B, C = (f"urn:example:type:{name}" for name in "abc")


def document(vct: Any = A, *claims: Any, **members: Any) -> bytes:
    return json.dumps({"vct": vct, "claims": list(claims), **members}).encode()


def claim(*path: Any, **members: Any) -> dict[str, Any]:
    return {"path": list(path), **members}


CHAIN = [document(f"urn:{n}", extends=f"urn:{n + 1}") for n in range(LIMITS.type_chain)]
UNFIT: dict[str, list[bytes]] = {
    "no JSON": [b"{"],
    "no object": [b"[]"],
    "a member twice": [b'{"vct":"a","vct":"b"}'],
    "too long": [document(description="x" * LIMITS.type_document_bytes)],
    "no type": [b"{}"],
    "a type that is a number": [document(7)],
    "an empty type": [document("")],
    "one type twice": [document(), document(name="again")],
    "claims that are no list": [json.dumps({"vct": A, "claims": {}}).encode()],
    "too many claims": [document(A, *(claim(str(n)) for n in range(LIMITS.requested_claims + 1)))],
    "a claim that is no object": [document(A, "name")],
    "a claim without path": [document(A, {})],
    "an empty path": [document(A, claim())],
    "a negative index": [document(A, claim("a", -1))],
    "a step that is true": [document(A, claim(True))],
    "one path twice": [document(A, claim("a"), claim("a", mandatory=True))],
    "mandatory that is a text": [document(A, claim("a", mandatory="yes"))],
    "sd that is unknown": [document(A, claim("a", sd="sometimes"))],
    "sd that is a list": [document(A, claim("a", sd=["always"]))],
    "a type without document is extended": [document(extends=B)],
    "it extends itself": [document(extends=A)],
    "a circle": [document(A, extends=B), document(B, extends=C), document(C, extends=B)],
    "another document is extended": [document(extends=B, **{"extends#integrity": "sha256-AAAA"}), document(B)],
    "too long a chain": [*CHAIN, document(f"urn:{LIMITS.type_chain}")],
    "laxer: no longer mandatory": [document(A, claim("a"), extends=B), document(B, claim("a", mandatory=True))],
    "laxer: disclosable": [document(A, claim("a", sd="allowed"), extends=B), document(B, claim("a", sd="never"))],
    "laxer: plain": [document(A, claim("a", sd="never"), extends=B), document(B, claim("a", sd="always"))],
    "too many documents": [document(f"urn:{n}") for n in range(LIMITS.type_documents + 1)],
}  # fmt: skip


@pytest.mark.parametrize("name", UNFIT)
def test_documents_that_do_not_fit_are_refused_together(name: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        type_documents(UNFIT[name])

    assert caught.value.code == "system.configuration"


def test_a_type_has_the_rules_of_what_it_extends_and_may_be_stricter() -> None:
    parent = document(B, claim("a", mandatory=True), claim("b"))
    stated = f"sha384-{integrity_of(parent)['sha384']}"
    held = type_documents([document(A, claim("b", sd="always"), extends=B, **{"extends#integrity": stated}), parent])

    rules = {rule.path: rule for rule in held[A].rules}
    assert rules["a",].mandatory
    assert rules["b",].disclosable is Disclosable.ALWAYS
    assert len(held[B].rules) == 2


def test_of_several_digests_one_of_the_strongest_counts() -> None:
    octets = document()
    held = integrity_of(octets)
    weak, strong = f"sha256-{held['sha256']}", f"sha512-{held['sha512']}"

    assert has_integrity(held, weak)
    assert has_integrity(held, f"{strong}?ct=application/json")
    assert has_integrity(held, f"sha512-AAAA {strong}")
    assert not has_integrity(held, f"{weak} sha512-AAAA")
    assert not has_integrity(held, "md5-AAAA")
    assert not has_integrity(held, "")


def judged(rule: dict[str, Any] | None, claims: dict[str, Any], signed: dict[str, Any], *, hides: bool = False) -> Any:
    held = type_documents([document(A, rule)] if rule is not None else [])
    return judge_type(POINT, claims, signed, document=held.get(A), hides=hides)


@pytest.mark.parametrize(
    ("rule", "claims", "signed", "hides"),
    [
        (claim("a", sd="always"), {"a": 1}, {"a": 1}, False),
        (claim("o", "a", sd="always"), {"o": {"a": 1}}, {"o": {"a": 1}}, False),
        (claim("l", None, sd="always"), {"l": [1, 2]}, {"l": [{"...": "x"}, 2]}, False),
        (claim("a", sd="never"), {"a": 1}, {"_sd": ["x"]}, False),
        (claim("l", None, sd="never"), {"l": [1]}, {"l": [{"...": "x"}]}, False),
        (claim("l", None, sd="never"), {"l": [1, 2]}, {"l": [1, {"...": "x"}]}, False),
        (claim("l", None, sd="never"), {"l": [1]}, {"l": [1, {"...": "x"}]}, False),
        (claim("l", None, "t", sd="never"), {"l": [{"t": 1}, {"t": 2}]}, {"l": [{"t": 1}, {"_sd": ["x"]}]}, False),
        (claim("l", None, "t", sd="never"), {"l": [{"t": 1}, "x"]}, {"l": [{"_sd": ["x"]}, "x"]}, False),
        (claim("l", None, "t", sd="always"), {"l": [{"t": 1}, "x"]}, {"l": [{"t": 1}, "x"]}, False),
        (claim("l", None, "t", sd="always"), {"l": [{"t": 1}, [2]]}, {"l": [{"t": 1}, {"...": "x"}]}, False),
        (claim("a", mandatory=True), {}, {}, False),
        (claim("a", mandatory=True, sd="always"), {}, {}, False),
        (claim("a", mandatory=True, sd="never"), {}, {"_sd": ["x"]}, True),
        (claim("o", "a", mandatory=True, sd="never"), {"o": {}}, {"o": {"_sd": ["x"]}}, False),
    ],
)
def test_a_claim_that_breaks_its_rule_is_refused(
    rule: dict[str, Any], claims: dict[str, Any], signed: dict[str, Any], hides: bool
) -> None:
    check = judged(rule, claims, signed, hides=hides)

    assert check.reason.code == "sd_jwt.metadata_violated"


@pytest.mark.parametrize(
    ("rule", "claims", "signed", "hides"),
    [
        (claim("a", sd="always"), {"a": 1}, {"_sd": ["x"]}, False),
        (claim("l", None, sd="always"), {"l": [1]}, {"l": [{"...": "x"}]}, False),
        (claim("a", sd="never", mandatory=True), {"a": 1}, {"a": 1}, False),
        (claim("l", None, sd="never"), {"l": [1, 2]}, {"l": [1, 2]}, False),
        (claim("l", None, "t", sd="never"), {"l": [{"t": 1}, "x"]}, {"l": [{"t": 1}, "x"]}, False),
        (claim("l", None, "t", sd="always"), {"l": [{"t": 1}, "x"]}, {"l": [{"_sd": ["x"]}, "x"]}, False),
        (claim("a", mandatory=True), {}, {"_sd": ["x"]}, True),
        (claim("o", "a", mandatory=True), {"o": {}}, {"o": {"_sd": ["x"]}}, False),
        (claim("a"), {}, {}, False),
    ],
)
def test_a_claim_that_keeps_its_rule_or_may_be_withheld_is_accepted(
    rule: dict[str, Any], claims: dict[str, Any], signed: dict[str, Any], hides: bool
) -> None:
    check = judged(rule, claims, signed, hides=hides)

    assert check.result is Result.PASSED
    assert "by the document" in check.note


def test_another_document_than_the_issuer_means_is_refused() -> None:
    stated = {"vct#integrity": "sha256-AAAA"}

    assert judged(claim("a"), stated, stated).reason.code == "sd_jwt.metadata_mismatch"
    assert judged(None, stated, stated).reason.code == "sd_jwt.metadata_unavailable"
    assert judged(None, {}, {}).result is Result.SKIPPED


def test_a_folder_is_read_by_digests_and_whole_or_not_at_all(tmp_path: Path) -> None:
    octets = document()
    (tmp_path / file_name(octets)).write_bytes(octets)
    assert set(read_type_documents(tmp_path)) == {A}

    (tmp_path / file_name(octets)).write_bytes(document(B))
    with pytest.raises(ConfigurationError):
        read_type_documents(tmp_path)
    with pytest.raises(ConfigurationError):
        read_type_documents(tmp_path / "nowhere")


def test_a_folder_of_too_many_files_is_refused(tmp_path: Path) -> None:
    for number in range(LIMITS.type_documents + 1):
        (tmp_path / str(number)).write_bytes(b"")

    with pytest.raises(ConfigurationError):
        read_type_documents(tmp_path)
