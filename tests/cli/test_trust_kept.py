"""What is kept when a verb is refused or cannot write: files of somebody else, the folder of a state, a first day."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from idbridge.cli import trees
from idbridge.cli.output import Failure
from idbridge.crypto import pkcs8
from idbridge.crypto.signer import generate
from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge.recognition.signed_document import ARRANGEMENT_TYPE, PURPOSES_TYPE, sign_document
from tests.cli.ceremony import Ceremony, digest
from tests.cli.ended import Ended

Run = Callable[..., Ended]


@pytest.fixture(scope="module", autouse=True)
def _cheap() -> Any:
    """Derive keys quickly: how dear a passphrase is to guess, `tests/crypto` shows."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(pkcs8, "LIMITS", replace(LIMITS, key_derivation_rounds=10))
        yield


def passphrase_in(place: Path, text: str) -> list[str]:
    place.write_text(text)
    place.chmod(0o600)
    return ["--passphrase-file", str(place)]


def contents(folder: Path) -> dict[str, bytes]:
    return {str(one.relative_to(folder)): one.read_bytes() for one in sorted(folder.rglob("*")) if one.is_file()}


# Files that are there


def test_a_private_key_is_not_replaced_by_a_proposal(ceremony: Ceremony) -> None:
    made, key = ceremony.edition(), Path(ceremony.key("role-SG-3"))
    before, mode = key.read_bytes(), key.stat().st_mode

    ended = ceremony.trust(
        "sign", str(made), *ceremony.tree, "--key", ceremony.key("role-SG-2"), "--diff-digest", digest(made),
        "--out", str(key),
    )  # fmt: skip

    assert ended.code == 5
    assert "not replaced" in ended.err
    assert (key.read_bytes(), key.stat().st_mode) == (before, mode)


def arrangement(typ: str = ARRANGEMENT_TYPE) -> bytes:
    return sign_document({"a": 1}, {MemberState.SG: generate("ES256")}, typ)


@pytest.mark.parametrize(
    "held",
    [
        b"",
        b"words",
        b"[]",
        b"{}",
        b'{"schema":"idbridge-provider-1"}',
        b'{"kty":"EC"}',
        b'{"payload":"","signatures":[]}',
        b'{"payload":"","signatures":[{"protected":1}]}',
        b'{"payload":"","signatures":{}}',
        arrangement(PURPOSES_TYPE),
    ],
)
def test_only_a_document_of_the_same_kind_makes_way(tmp_path: Path, held: bytes) -> None:
    place = tmp_path / "file"
    place.write_bytes(held)

    for made in (b'{"schema":"idbridge-proposal-1"}', arrangement()):
        with pytest.raises(Failure) as caught:
            trees.write_file(place, made)

        assert (caught.value.code, place.read_bytes()) == (5, held)


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "absent")

    with pytest.raises(Failure):
        trees.write_file(tmp_path / "link", arrangement())

    assert not (tmp_path / "absent").exists()


@pytest.mark.parametrize("made", [b'{"schema":"idbridge-proposal-1","a":1}', arrangement()])
def test_a_document_that_is_signed_again_keeps_the_mode_of_its_file(tmp_path: Path, made: bytes) -> None:
    place = tmp_path / "file"
    place.write_bytes(b'{"schema":"idbridge-proposal-1"}' if b"schema" in made else arrangement())
    place.chmod(0o600)

    trees.write_file(place, made)

    assert (place.read_bytes(), place.stat().st_mode & 0o777) == (made, 0o600)


# The folder of a state


@pytest.mark.parametrize("verb", ["withdraw", "rotate-key", "rotate-signer"])
def test_a_proposal_that_cannot_be_written_changes_nothing(ceremony: Ceremony, tmp_path: Path, verb: str) -> None:
    new = tmp_path / "new.jwk"
    new.write_text(json.dumps(dict(generate("ES256").public_jwk)))
    arguments = {
        "withdraw": ["sg-login", "--list-key", ceremony.key("list-SG")],
        "rotate-key": ["sg-login", "--new", str(new), "--overlap", "120", "--list-key", ceremony.key("list-SG")],
        "rotate-signer": ["--new", ceremony.key("service-sg-node-0")],
    }[verb]
    folder = ceremony.folder / "SG"
    asked = [
        verb, *arguments, "--state-folder", str(folder), *ceremony.tree, "--key", ceremony.key("role-SG-1"),
        "--reason", "a test", "--out",
    ]  # fmt: skip
    before = contents(folder)

    nowhere = ceremony.trust(*asked, str(tmp_path / "no" / "such.json"))
    assert (nowhere.code, contents(folder)) == (5, before)
    again = ceremony.trust(*asked, str(tmp_path / "made.json"))

    assert again.code == 0, again.err
    assert contents(folder) != before


def test_keys_that_are_in_the_way_let_no_proposal_out(ceremony: Ceremony, tmp_path: Path) -> None:
    new, out = tmp_path / "new.jwk", tmp_path / "made.json"
    new.write_text(json.dumps(dict(generate("ES256").public_jwk)))
    (ceremony.folder / "SG" / "keys" / "sg-next.jwk").write_text("{}")
    before = contents(ceremony.folder / "SG")

    ended = ceremony.trust(
        "rotate-key", "sg-login", "--new", str(new), "--overlap", "120", "--as", "sg-next", *ceremony.office,
        *ceremony.tree, "--key", ceremony.key("role-SG-1"), "--reason", "a test", "--out", str(out),
    )  # fmt: skip

    assert (ended.code, out.exists()) == (5, False)
    assert "never replaced" in ended.err
    assert contents(ceremony.folder / "SG") == before


@pytest.mark.parametrize("name", ["../../evil", "../keys/sg-pid", "sg login", "sg-next\n", ""])
def test_no_key_is_named_so_that_it_is_written_elsewhere(ceremony: Ceremony, tmp_path: Path, name: str) -> None:
    before = contents(tmp_path)

    ended = ceremony.trust(
        "rotate-key", "sg-login", "--new", ceremony.key("list-SG"), "--overlap", "120", "--as", name,
        *ceremony.office, *ceremony.tree, "--key", ceremony.key("role-SG-1"), "--reason", "a test",
    )  # fmt: skip

    assert ended.code == 2
    assert "--as" in ended.err
    assert contents(tmp_path) == before


def test_a_provider_names_no_service_outside_the_folder(run: Run, tmp_path: Path) -> None:
    key, provider = tmp_path / "key.pem", tmp_path / "provider.toml"
    key.write_text(generate("ES256").pem())
    key.chmod(0o600)
    provider.write_text('[[provider]]\n[[provider.service]]\nid = "../../evil"\n')

    ended = run(
        "trust", "stage", "--provider", str(provider), "--key", f"../../evil={key}", "--to", str(tmp_path / "p.json")
    )

    assert (ended.code, (tmp_path / "p.json").exists()) == (1, False)
    assert "trust.profile_violation" in ended.err


# The first day


def test_a_short_passphrase_leaves_nothing_and_a_longer_one_founds(run: Run, tmp_path: Path) -> None:
    asked = ["trust", "init", "--state", "LA", "--to", str(tmp_path / "LA")]

    short = run(*asked, *passphrase_in(tmp_path / "short", "short"))
    assert (short.code, (tmp_path / "LA").exists()) == (5, False)
    again = run(*asked, *passphrase_in(tmp_path / "long", "three people in Vientiane"))

    assert again.code == 0, again.err


def test_a_region_with_a_short_passphrase_leaves_nothing(run: Run, tmp_path: Path) -> None:
    secret = passphrase_in(tmp_path / "long", "three people in Vientiane")
    for state in ("LA", "SG", "TH"):
        folder = str(tmp_path / state)
        assert run("trust", "init", "--state", state, "--officer", "--to", folder, *secret).code == 0
    states = [one for state in ("LA", "SG", "TH") for one in ("--with", str(tmp_path / state / "public.json"))]
    asked = ["trust", "init", "--region", *states, "--to", str(tmp_path / "region")]

    short = run(*asked, *passphrase_in(tmp_path / "short", "short"))
    assert (short.code, (tmp_path / "region").exists()) == (5, False)

    assert run(*asked, *secret).code == 0


def test_a_rehearsed_first_day_answers_in_json_too(run: Run, tmp_path: Path) -> None:
    ended = run("trust", "init", "--state", "LA", "--to", str(tmp_path / "LA"), "--dry-run", "--json")

    assert (ended.code, (tmp_path / "LA").exists()) == (0, False)
    assert ended.json["summary"] == {"done": False, "folder": str(tmp_path / "LA"), "state": "LA"}
    assert {"file": "private/list.pem"} in ended.json["results"]
