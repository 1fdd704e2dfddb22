"""Importing lists of others and giving out held ones, as an operator does: files in, files out, refusals by code."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from idbridge.cli import trust_import
from idbridge.cli.output import Failure, printable
from idbridge.codec import pem
from idbridge.crypto.signer import generate
from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge.trust.importers import source_material
from tests.cli.ended import Ended
from tests.trust.importers.test_list_of_lists import FIRST, NOW, PIVOTS, SECOND
from tests.trust.importers.test_vical import ROOT, vical
from tests.trust.importers.xml_lists import GOOD, OPERATOR, STRANGER, Service, TrustedList, signed_list

Run = Callable[..., Ended]
AT = ("--at", "2026-06-01T12:00:00Z")
TWO = TrustedList(services=(GOOD, Service("", name="Nobody")))


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "list.xml").write_bytes(signed_list(TWO))
    (folder / "older.xml").write_bytes(signed_list(TrustedList(sequence="6")))
    (folder / "lotl.xml").write_bytes(NOW)
    (folder / "10.xml").write_bytes(PIVOTS[FIRST])
    (folder / "20.xml").write_bytes(PIVOTS[SECOND])
    (folder / "list.vical").write_bytes(vical())
    (folder / "jwks.json").write_text(json.dumps({"keys": [dict(generate("ES256", "one").public_jwk)]}))
    (folder / "signer.der").write_bytes(OPERATOR.certificate)
    both = pem.encode(STRANGER.certificate, label=pem.CERTIFICATE) + pem.encode(
        OPERATOR.certificate, label=pem.CERTIFICATE
    )
    (folder / "signers.pem").write_text(both)
    (folder / "stranger.pem").write_text(pem.encode(STRANGER.certificate, label=pem.CERTIFICATE))
    (folder / "root.der").write_bytes(ROOT.certificate)
    return folder


def command(files: Path, name: str, kind: str, *more: str) -> tuple[str, ...]:
    return ("trust", "import", "--from", str(files / name), "--kind", kind, *AT, *more)


def xml(files: Path, *more: str, name: str = "list.xml", anchor: str = "signer.der") -> tuple[str, ...]:
    return command(files, name, "tl-xml", "--anchor", str(files / anchor), *more)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--kind", "tl-xml"), "--to DIR"),
        (("--kind", "tl-xml", "--dry-run"), "--anchor FILE"),
        (("--kind", "jwks", "--dry-run"), "--expect-sha256"),
        (("--kind", "jwks", "--dry-run", "--expect-sha256", "0" * 63), "64 hexadecimal"),
        (("--kind", "jwks", "--dry-run", "--expect-sha256", "g" * 64), "64 hexadecimal"),
        (("--kind", "pdf", "--dry-run"), "pdf"),
        (("--kind", "tl-xml", "--dry-run", "--max-age", "0"), "--max-age"),
    ],
)
def test_what_was_left_out_is_a_usage_error(run: Run, files: Path, more: tuple[str, ...], words: str) -> None:
    ended = run("trust", "import", "--from", str(files / "list.xml"), *AT, *more)

    assert ended.code == 2
    assert words in ended.err
    assert ended.out == ""


def test_a_pivot_that_is_not_named_with_its_file_is_a_usage_error(run: Run, files: Path) -> None:
    lotl = command(files, "lotl.xml", "lotl-xml", "--anchor", str(files / "signer.der"), "--dry-run")

    assert run(*lotl, "--pivot", FIRST).code == 2
    assert "only a list of lists" in run(*xml(files, "--dry-run", "--pivot", f"{FIRST}={files / '10.xml'}")).err


def test_a_key_set_takes_no_anchor(run: Run, files: Path) -> None:
    digest = hashlib.sha256((files / "jwks.json").read_bytes()).hexdigest()
    ended = run(*command(files, "jwks.json", "jwks", "--dry-run", "--expect-sha256", digest,
                         "--anchor", str(files / "signer.der")))  # fmt: skip

    assert ended.code == 2


@pytest.mark.parametrize("anchor", ["absent.pem", "", "broken.pem"])
def test_files_that_cannot_be_read_are_a_local_error(run: Run, files: Path, anchor: str) -> None:
    (files / "broken.pem").write_text("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n")

    ended = run(*xml(files, "--dry-run", anchor=anchor))

    assert ended.code in (2, 5)
    assert ended.out == ""


@pytest.mark.parametrize("kind", ["tl-xml", "lotl-xml", "vical"])
@pytest.mark.parametrize("form", ["der", "pem", "cut", "none"])
def test_an_anchor_that_is_no_certificate_is_a_local_error(run: Run, files: Path, kind: str, form: str) -> None:
    whole = OPERATOR.certificate
    broken = {"der": whole[:50] + bytes(20) + whole[70:], "cut": whole[:-1], "none": b"", "pem": whole[1:]}[form]
    if form == "pem":
        good, bad = (pem.encode(one, label=pem.CERTIFICATE) for one in (whole, broken))
        broken = (good + bad).encode()
    (files / "broken").write_bytes(broken)
    name = {"tl-xml": "list.xml", "lotl-xml": "lotl.xml", "vical": "list.vical"}[kind]

    ended = run(*command(files, name, kind, "--anchor", str(files / "broken"), "--dry-run"))

    assert (ended.code, ended.out) == (5, "")
    assert "holds no certificates in PEM or DER" in ended.err


def test_a_file_past_the_bound_is_refused(run: Run, files: Path) -> None:
    (files / "list.xml").write_bytes(b" " * (LIMITS.trust_list_bytes + 1))

    ended = run(*xml(files, "--dry-run"))

    assert ended.code == 1
    assert str(LIMITS.trust_list_bytes) in ended.err


@pytest.mark.parametrize(
    ("more", "code"),
    [
        (("--anchor", "stranger.pem"), "trust.signer_unknown"),
        (("--anchor", "signer.der", "--territory", "TH"), "trust.territory_mismatch"),
        (("--anchor", "signer.der", "--expect-sha256", "0" * 64), "trust.signer_unknown"),
        (("--anchor", "signer.der", "--at", "2026-12-01T00:00:00Z"), "trust.expired"),
        (("--anchor", "signer.der", "--at", "2026-05-01T00:00:00Z"), "trust.issued_in_future"),
        (("--anchor", "signer.der", "--max-age", "1"), "trust.expired"),
    ],
)
def test_a_list_that_is_refused_is_told_by_code_and_nothing_is_written(
    run: Run, files: Path, more: tuple[str, ...], code: str
) -> None:
    paths = tuple(str(files / one) if one.endswith((".pem", ".der")) else one for one in more)
    asked = (*command(files, "list.xml", "tl-xml", *paths), "--to", str(files / "new"))

    text, told = run(*asked), run(*asked, "--json")

    assert (text.code, told.code) == (4, 4)
    assert f"refused, {code}: " in text.err
    assert "hint:" in text.err
    assert told.json["summary"]["accepted"] is False
    assert told.json["summary"]["code"] == code
    assert not (files / "new").exists()


def test_an_older_edition_than_the_last_import_is_refused(run: Run, files: Path) -> None:
    assert run(*xml(files, "--to", str(files / "new"))).code == 0

    ended = run(*xml(files, "--dry-run", "--previous", str(files / "new"), name="older.xml"))

    assert ended.code == 4
    assert "trust.rollback" in ended.err
    assert run(*xml(files, "--dry-run", "--previous", str(files))).code == 5


def test_an_import_never_replaces_another(run: Run, files: Path) -> None:
    assert run(*xml(files, "--to", str(files / "new"))).code == 0

    ended = run(*xml(files, "--to", str(files / "new")))

    assert ended.code == 5
    assert "not empty" in ended.err


def test_a_dry_run_shows_what_an_import_would_read_and_writes_nothing(run: Run, files: Path) -> None:
    ended = run(*xml(files, "--dry-run", "--to", str(files / "new"), anchor="signers.pem"))

    assert ended.code == 0
    assert "services: 1, lists: 0, left out: 1, files written: 0" in ended.out
    assert "trust.profile_violation" in ended.out
    assert not (files / "new").exists()


def test_a_list_is_imported_as_material_with_its_provenance(run: Run, files: Path) -> None:
    ended = run(*xml(files, "--to", str(files / "new"), "--territory", "SG", "--json"))

    assert ended.code == 0
    summary = ended.json["summary"]
    assert ended.json["schema"] == source_material.SCHEMA
    assert summary["accepted"] is True
    assert summary["signer"] == hashlib.sha256(OPERATOR.certificate).hexdigest()
    assert [one["name"] for one in ended.json["results"]] == ["Identity issuance"]
    assert [one["name"] for one in ended.json["dropped"]] == ["Nobody"]
    assert {str(one.relative_to(files / "new")) for one in (files / "new").rglob("*") if one.is_file()} == set(
        summary["written"]
    )


def test_a_list_of_lists_is_imported_along_its_pivots(run: Run, files: Path) -> None:
    lotl = command(files, "lotl.xml", "lotl-xml", "--anchor", str(files / "signer.der"), "--dry-run")
    pivots = ("--pivot", f"{FIRST}={files / '10.xml'}", "--pivot", f"{SECOND}={files / '20.xml'}")

    assert "trust.signer_unknown" in run(*lotl).err
    ended = run(*lotl, *pivots)
    assert ended.code == 0
    assert "https://l.example/" in ended.out
    assert run(*lotl, *pivots, "--json").json["trail"] == [FIRST, SECOND]


def test_vicals_and_key_sets_are_imported(run: Run, files: Path) -> None:
    digest = hashlib.sha256((files / "jwks.json").read_bytes()).hexdigest()

    one = run(*command(files, "list.vical", "vical", "--anchor", str(files / "root.der"), "--dry-run"))
    two = run(*command(files, "jwks.json", "jwks", "--expect-sha256", digest.upper(), "--to", str(files / "keys")))

    assert one.code == 0
    assert "Registry of the Islands" in one.out
    assert two.code == 0
    assert "nothing of this is trusted" in two.err


def test_what_a_list_says_of_itself_tells_a_terminal_no_lies(run: Run, files: Path) -> None:
    name = "Evil\u202eName"
    (files / "list.xml").write_bytes(signed_list(TrustedList(services=(Service(GOOD.digital_identity, name=name),))))

    ended = run(*xml(files, "--dry-run"))

    assert name not in ended.out
    assert printable(name) in ended.out


@pytest.mark.parametrize("form", ["lote", "jwks"])
def test_an_export_of_what_is_not_held_or_out_of_date_is_refused(run: Run, region: Path, form: str) -> None:
    stale = run(
        "trust", "export", "--state", "SG", "--as", form, "--region", str(region), "--at", "2040-01-01T00:00:00Z"
    )

    assert stale.code == 4
    assert stale.out == ""
    assert run("trust", "export", "--state", "XX", "--as", form, "--region", str(region)).code == 2
    assert run("trust", "export", "--state", "SG", "--as", "xml", "--region", str(region)).code == 2
    assert run("trust", "export", "--state", "SG", "--as", form, "--region", str(region / "absent")).code == 5


def test_a_held_list_goes_out_without_its_signature(run: Run, region: Path) -> None:
    ended = run("trust", "export", "--state", "SG", "--as", "lote", "--region", str(region))

    assert ended.code == 0
    assert ended.json["LoTE"]["ListAndSchemeInformation"]["SchemeTerritory"] == "SG"


def test_a_list_is_found_by_its_digest_wherever_this_machine_keeps_it(tmp_path: Path) -> None:
    octets, state = b"a.b.c", MemberState.SG
    digest = hashlib.sha256(octets).hexdigest()
    (tmp_path / "state" / "blobs").mkdir(parents=True)
    targets = tmp_path / "trust" / "targets" / "lists" / "SG"
    targets.mkdir(parents=True)
    (targets / "1.list.jws").write_bytes(b"another")

    with pytest.raises(Failure, match="not on this machine"):
        trust_import._signed_list(tmp_path, state, digest)
    (tmp_path / "state" / "blobs" / digest).write_bytes(octets)
    assert trust_import._signed_list(tmp_path, state, digest) == octets
    (targets / "2.list.jws").write_bytes(octets)
    (tmp_path / "state" / "blobs" / digest).unlink()
    assert trust_import._signed_list(tmp_path, state, digest) == octets


def test_the_keys_of_a_state_go_out_as_a_set(run: Run, region: Path) -> None:
    ended = run("trust", "export", "--state", "sg", "--as", "jwks", "--region", str(region))

    assert ended.code == 0
    keys = ended.json["keys"]
    assert keys
    assert all({"kty", "kid", "use"} <= key.keys() and "d" not in key for key in keys)
    assert any("x5c" in key for key in keys)
