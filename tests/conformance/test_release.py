"""A release of the corpus is signed by member states, and what was changed since then is signed by nobody."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from idbridge.codec import base64url, jcs
from idbridge.conformance.making.corpus import write_manifest
from idbridge.conformance.release import QUORUM, RELEASE_TYPE, SIGNATURES_FILE, add_signature, signed_by, statement
from idbridge.conformance.seed import corpus_keys
from idbridge.crypto.keys import parse_jwk
from idbridge.crypto.signer import FileSigner, generate
from idbridge.errors import ConfigurationError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment, MemberState
from idbridge.recognition.signed_document import sign_document
from idbridge.trust import pins
from tests.source import ROOT

SG, TH, MY, LA = MemberState.SG, MemberState.TH, MemberState.MY, MemberState.LA


@pytest.fixture(scope="module")
def signers() -> dict[MemberState, FileSigner]:
    """The key of each state's officer for the corpus."""
    return {state: generate("Ed25519") for state in (SG, TH, MY)}


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A folder with a manifest of its one file."""
    folder = tmp_path / "vectors"
    folder.mkdir()
    (folder / "requirements.csv").write_text("id,clause\n", "utf-8")
    write_manifest(folder)
    return folder


def keys(signers: dict[MemberState, FileSigner]) -> pins.Keys:
    """What whoever looks at the signatures knows of them."""
    return {state: (parse_jwk(signer.public_jwk),) for state, signer in signers.items()}


def released(corpus: Path, signers: dict[MemberState, FileSigner]) -> Path:
    """The corpus, signed by all."""
    for state, signer in signers.items():
        add_signature(corpus, signer, state=state)
    return corpus


def changed(corpus: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """The corpus, with its file of signatures changed."""
    place = corpus / SIGNATURES_FILE
    document = json.loads(place.read_bytes())
    change(document)
    place.write_bytes(json.dumps(document).encode())
    return corpus


def break_one(document: dict[str, Any]) -> None:
    """Put the signature of one state in the place of another's."""
    document["signatures"][1]["signature"] = document["signatures"][0]["signature"]


def test_a_corpus_that_nobody_signed_is_signed_by_nobody(corpus: Path, signers: dict[MemberState, FileSigner]) -> None:
    with pytest.raises(ConfigurationError, match="nobody signed"):
        signed_by(corpus, keys(signers))


@pytest.mark.parametrize("name", ["requirements.csv", "surplus.txt"])
def test_a_file_that_was_changed_or_added_afterwards_is_signed_by_nobody(
    corpus: Path, signers: dict[MemberState, FileSigner], name: str
) -> None:
    released(corpus, signers)
    (corpus / name).write_text("id,clause,text\n", "utf-8")

    with pytest.raises(ConfigurationError, match=f"damaged: {name}"):
        signed_by(corpus, keys(signers))


def test_signatures_on_another_version_say_nothing_about_this_one(
    corpus: Path, signers: dict[MemberState, FileSigner]
) -> None:
    released(corpus, signers)
    (corpus / "requirements.csv").write_text("id,clause,text\n", "utf-8")
    write_manifest(corpus)

    with pytest.raises(ConfigurationError, match="another corpus"):
        signed_by(corpus, keys(signers))


@pytest.mark.parametrize(
    "change",
    [break_one, lambda document: document.update(signatures=[]), lambda document: document.pop("payload")],
    ids=["one-wrong", "none", "no-payload"],
)
def test_one_signature_that_is_not_in_order_spoils_all(
    corpus: Path, signers: dict[MemberState, FileSigner], change: Callable[[dict[str, Any]], object]
) -> None:
    changed(released(corpus, signers), change)

    with pytest.raises(ConfigurationError, match="not in order"):
        signed_by(corpus, keys(signers))


def test_what_was_signed_for_another_use_is_no_release(corpus: Path, signers: dict[MemberState, FileSigner]) -> None:
    (corpus / SIGNATURES_FILE).write_bytes(
        sign_document(statement(corpus), signers, RELEASE_TYPE.replace("release", "draft"))
    )

    with pytest.raises(ConfigurationError, match="another type"):
        signed_by(corpus, keys(signers))


def test_a_state_of_which_no_key_is_known_does_not_count(corpus: Path, signers: dict[MemberState, FileSigner]) -> None:
    known = {state: key for state, key in keys(signers).items() if state is not MY}

    assert signed_by(released(corpus, signers), known) == {SG, TH}
    with pytest.raises(ConfigurationError, match="no key of those who signed"):
        signed_by(corpus, {LA: (parse_jwk(generate("ES256").public_jwk),)})


def test_two_keys_of_one_state_are_one_state(corpus: Path, signers: dict[MemberState, FileSigner]) -> None:
    second = generate("ES256")
    add_signature(corpus, signers[SG], state=SG)
    add_signature(corpus, second, state=SG)
    known = {SG: (*keys(signers)[SG], parse_jwk(second.public_jwk))}

    assert signed_by(corpus, known) == {SG}


def test_a_key_signs_once(corpus: Path, signers: dict[MemberState, FileSigner]) -> None:
    add_signature(corpus, signers[SG], state=SG)

    with pytest.raises(ConfigurationError, match="signed this corpus already"):
        add_signature(corpus, signers[SG], state=TH)


def test_a_key_that_everybody_has_releases_nothing(corpus: Path, signers: dict[MemberState, FileSigner]) -> None:
    everybodys = corpus_keys().make("ES256", name="list/SG")

    with pytest.raises(ConfigurationError, match="private half"):
        add_signature(corpus, everybodys, state=SG)
    with pytest.raises(ConfigurationError, match="private half"):
        signed_by(released(corpus, signers), {**keys(signers), SG: (parse_jwk(everybodys.public_jwk),)})


def test_a_damaged_corpus_is_not_signed(corpus: Path, signers: dict[MemberState, FileSigner]) -> None:
    (corpus / "requirements.csv").unlink()

    with pytest.raises(ConfigurationError, match="damaged"):
        add_signature(corpus, signers[SG], state=SG)


@pytest.mark.parametrize("octets", [b"", b"[]", b"{}" + b" " * LIMITS.recognition_document_bytes], ids=len)
def test_a_file_of_signatures_that_is_none_is_not_written_over(
    corpus: Path, signers: dict[MemberState, FileSigner], octets: bytes
) -> None:
    (corpus / SIGNATURES_FILE).write_bytes(octets)

    with pytest.raises(ConfigurationError, match="no file of signatures"):
        add_signature(corpus, signers[SG], state=SG)


def test_a_signature_with_a_header_of_another_form_is_no_signature(
    corpus: Path, signers: dict[MemberState, FileSigner]
) -> None:
    headless = {"protected": base64url.encode(jcs.canonicalize({"alg": "Ed25519"})), "signature": ""}
    changed(released(corpus, signers), lambda document: document["signatures"].append(headless))

    with pytest.raises(ConfigurationError, match="no file of signatures"):
        add_signature(corpus, generate("Ed25519"), state=LA)


def test_signatures_on_an_older_version_make_place(corpus: Path, signers: dict[MemberState, FileSigner]) -> None:
    released(corpus, signers)
    (corpus / "requirements.csv").write_text("id,clause,text\n", "utf-8")
    write_manifest(corpus)

    add_signature(corpus, signers[TH], state=TH)

    assert signed_by(corpus, keys(signers)) == {TH}


def test_as_many_states_as_sign_the_root_release_a_corpus(corpus: Path, signers: dict[MemberState, FileSigner]) -> None:
    assert signed_by(released(corpus, signers), keys(signers)) == {SG, TH, MY}
    assert len(signers) == QUORUM


def test_a_statement_names_version_and_manifest_and_nothing_else(corpus: Path) -> None:
    assert sorted(statement(corpus)) == ["manifest", "schema", "version"]


def script(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """What the release script does, called as whoever releases calls it."""
    return subprocess.run(
        [sys.executable, "scripts/sign_corpus.py", *arguments],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def key_file(folder: Path, name: str, signer: FileSigner) -> str:
    """A key file that only its owner can read."""
    place = folder / name
    place.write_text(signer.pem(), "ascii")
    place.chmod(0o600)
    return str(place)


def test_the_script_signs_for_a_state_and_counts_who_signed(
    corpus: Path, tmp_path: Path, signers: dict[MemberState, FileSigner]
) -> None:
    pinned = tmp_path / "pins.json"
    pinned.write_bytes(pins.document(Environment.LIVE, {one: (key.public_jwk,) for one, key in signers.items()}))
    digest = statement(corpus)["manifest"]
    counted = []
    for state, signer in signers.items():
        place = key_file(tmp_path, f"{state.value}.pem", signer)
        signed = script("--state", state.value, "--key", place, "--digest", digest, "--folder", str(corpus))
        assert signed.returncode == 0, signed.stderr
        counted.append(script("--check", str(pinned), "--folder", str(corpus)))

    assert [one.returncode for one in counted] == [6, 6, 0]
    assert "1 of 3 states: SG" in counted[0].stdout
    assert "3 of 3 states: MY, SG, TH" in counted[2].stdout


def test_the_script_signs_only_the_corpus_whose_digest_is_named(
    corpus: Path, tmp_path: Path, signers: dict[MemberState, FileSigner]
) -> None:
    place = key_file(tmp_path, "SG.pem", signers[SG])

    done = script("--state", "SG", "--key", place, "--digest", "0" * 64, "--folder", str(corpus))

    assert done.returncode == 6
    assert "another corpus" in done.stderr
    assert not (corpus / SIGNATURES_FILE).exists()


def test_the_script_says_in_a_line_what_it_cannot_do(corpus: Path, tmp_path: Path) -> None:
    digest = statement(corpus)["manifest"]

    done = script("--state", "SG", "--key", str(tmp_path / "none.pem"), "--digest", digest, "--folder", str(corpus))

    assert done.returncode == 5
    assert "cannot be read" in done.stderr
    assert "Traceback" not in done.stderr
