"""``idbridge trust lint``: lines that an editor jumps to, and an exit code that a script can trust."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from idbridge.crypto.signer import generate
from tests.cli.ended import Ended
from tests.source import ROOT

Run = Callable[..., Ended]
SHIPPED = ROOT / "trust_lists"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped documents."""
    place = tmp_path / "lists"
    shutil.copytree(SHIPPED, place)
    return place


def spoil(path: Path, old: str, new: str) -> int:
    """Change a document and return the line of the change."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def test_a_place_without_documents_is_never_clean(run: Run, tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "absent", tmp_path / "absent.toml"):
        ended = run("trust", "lint", str(place))

        assert ended.code == 5
        assert ended.out == ""
        assert "list.toml" in ended.err


def test_a_document_that_is_a_link_or_too_large_is_not_read(run: Run, tmp_path: Path) -> None:
    (tmp_path / "list.toml").symlink_to(SHIPPED / "SG" / "list.toml")

    assert run("trust", "lint", str(tmp_path)).code == 5


def test_an_error_is_a_line_that_an_editor_jumps_to_and_ends_with_1(run: Run, folder: Path) -> None:
    path = folder / "SG" / "list.toml"
    superseded = 'status = "superseded", from = '
    line = spoil(path, f'{superseded}"2026-03-01T00:00:00Z"', f'{superseded}"2024-03-01T00:00:00Z"')

    ended = run("trust", "lint", str(folder))

    assert ended.code == 1
    assert f"{path}:{line}: error: out of order" in ended.out
    assert "(trust.status_order)" in ended.out
    assert ended.out.splitlines()[-1] == "11 documents, 1 error, 0 warnings"


def test_json_has_one_object_with_every_finding(run: Run, folder: Path) -> None:
    line = spoil(folder / "SG" / "list.toml", 'tier = "T4"', 'tier = "T9"')

    ended = run("trust", "lint", str(folder / "SG"), "--json")

    assert ended.code == 1
    assert ended.json["schema"] == "idbridge-trust-lint-1"
    assert ended.json["summary"] == {"documents": 1, "errors": 1, "warnings": 0}
    (result,) = ended.json["results"]
    assert (result["line"], result["path"], result["severity"]) == (line, ["tier"], "error")
    assert result["code"] == "trust.profile_violation"


def test_warnings_alone_end_with_0(run: Run, folder: Path) -> None:
    spoil(folder / "SG" / "list.toml", "birthdate =", "birthdat =")

    ended = run("trust", "lint", str(folder / "SG" / "list.toml"))

    assert ended.code == 0
    assert "warning: no purpose asks for a claim `birthdat`" in ended.out


def test_a_document_alone_is_checked_by_itself(run: Run, folder: Path, tmp_path: Path) -> None:
    alone = tmp_path / "a" / "b" / "c" / "draft.toml"
    alone.parent.mkdir(parents=True)
    shutil.copy(folder / "SG" / "list.toml", alone)

    ended = run("trust", "lint", str(alone))

    assert (ended.code, ended.out) == (0, "1 document, 0 errors, 0 warnings\n")


def test_a_claim_that_a_purpose_nearby_asks_for_is_known(run: Run, folder: Path) -> None:
    spoil(folder / "SG" / "list.toml", "birthdate =", "blood_group =")
    spoil(folder / "purposes.toml", 'claims = ["name"', 'claims = ["blood_group", "name"')

    assert run("trust", "lint", str(folder)).code == 0
    assert "blood_group" not in run("trust", "lint", str(folder)).out


@pytest.mark.parametrize("text", ["purpose = 1", "[[purpose]]\n", "x", "purpose = [1]"])
def test_purposes_that_are_none_are_an_error_of_this_machine(run: Run, folder: Path, text: str) -> None:
    (folder / "purposes.toml").write_text(text, encoding="utf-8")

    ended = run("trust", "lint", str(folder))

    assert (ended.code, ended.out) == (5, "")


def test_keys_beside_a_document_are_checked_with_it(run: Run, folder: Path) -> None:
    keys = folder / "SG" / "keys"
    keys.mkdir()
    (keys / "sg-login.jwk").write_text(json.dumps(dict(generate("ES256").public_jwk)), encoding="utf-8")
    (keys / "sg-login.2.jwk").write_text(json.dumps(dict(generate("ES384").public_jwk)), encoding="utf-8")
    (folder / "SG" / "certificates").mkdir()
    (folder / "SG" / "certificates" / "sg-pid.pem").write_text("no certificate", encoding="utf-8")

    ended = run("trust", "lint", str(folder / "SG"))

    assert ended.code == 1
    assert f"{folder / 'SG' / 'certificates' / 'sg-pid.pem'}:1: error:" in ended.out
    assert f"{keys / 'sg-login.2.jwk'}:1: error: the key fits none" in ended.out
    assert ended.out.splitlines()[-1] == "1 document, 2 errors, 0 warnings"


def test_a_document_is_held_against_the_list_that_is_in_force(run: Run, folder: Path, region: Path) -> None:
    assert run("trust", "lint", str(folder), "--published", str(region)).code == 0
    line = spoil(folder / "SG" / "list.toml", 'from = "2026-02-15T00:00:00Z"', 'from = "2026-02-16T00:00:00Z"')

    ended = run("trust", "lint", str(folder), "--published", str(region))

    assert ended.code == 1
    assert f"{folder / 'SG' / 'list.toml'}:{line}: error:" in ended.out
    assert "(trust.history_rewritten)" in ended.out


def test_the_shipped_documents_are_clean(run: Run) -> None:
    ended = run("trust", "lint", str(SHIPPED))

    assert (ended.code, ended.out) == (0, "11 documents, 0 errors, 0 warnings\n")
