"""Founding, staging, and the verbs that draft one change: refusals first, then what ends in a proposal."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from idbridge.clock import SystemClock
from idbridge.codec import pem
from idbridge.crypto import pkcs8
from idbridge.crypto.keys import thumbprint
from idbridge.crypto.signer import generate
from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge.trust.operator import editing
from tests.cli.ceremony import Ceremony, digest
from tests.cli.ended import Ended
from tests.trust.operator.offices import folder_of

Run = Callable[..., Ended]
PROVIDER = """[[provider]]
name = { en = "Champa Identity Card Office" }
address = { street = "15 Thanon Tua Yang", country = "LA" }
information_uri = "https://champacard.la.example/"

[[provider.service]]
id = "la-card"
name = { en = "ChampaCard" }
type = "pid-issuance"
issuer = "https://sandbox.card.la.example"
formats = ["dc+sd-jwt"]
algorithms = ["ES256"]
credential_types = ["urn:example:la:card:1"]
holder_binding = "optional"
material = { kind = "jwk", algorithm = "ES256", count = 1 }
status = [{ status = "granted", from = "2026-01-01T00:00:00Z" }]
ladder = [{ national = "card", identity = "A2", authentication = "A1" }]

[provider.service.claims]
subject = "card_number"
persistence = "lasting"
acr = "level"
name_parts = [{ kind = "single", native = "name" }]
map = { birthdate = "birthdate" }
"""


@pytest.fixture(scope="module", autouse=True)
def _cheap() -> Any:
    """Derive keys quickly: how dear a passphrase is to guess, `tests/crypto` shows."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(pkcs8, "LIMITS", replace(LIMITS, key_derivation_rounds=10))
        yield


@pytest.fixture
def secret(tmp_path: Path) -> list[str]:
    place = tmp_path / "passphrase"
    place.write_text("three people in Vientiane\n")
    place.chmod(0o600)
    return ["--passphrase-file", str(place)]


def private_key(place: Path) -> str:
    place.write_text(generate("ES256").pem())
    place.chmod(0o600)
    return str(place)


# Founding


@pytest.mark.parametrize("arguments", [(), ("--state", "LA", "--region"), ("--state", "XX")])
def test_a_state_or_a_region_is_founded(run: Run, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    assert run("trust", "init", *arguments, "--to", str(tmp_path / "x")).code == 2


def test_nobody_is_asked_for_a_passphrase_who_is_not_there(run: Run, tmp_path: Path) -> None:
    ended = run("trust", "init", "--state", "LA", "--to", str(tmp_path / "LA"))

    assert (ended.code, "--passphrase-file" in ended.err) == (5, True)


def test_no_private_part_is_ever_printed(run: Run, tmp_path: Path, secret: list[str]) -> None:
    folder = tmp_path / "LA"

    ended = run("trust", "init", "--state", "LA", "--environment", "sandbox", "--to", str(folder), *secret)
    told = run(
        "trust", "init", "--succeeds", str(folder / "public.json"), "--to", str(tmp_path / "B"), *secret, "--json"
    )

    assert ended.code == told.code == 0
    assert "private/role-3.pem" in ended.out
    assert len(told.json["results"]) >= 3
    for place in folder.glob("private/*.pem"):
        secret_lines = [line for line in place.read_text().splitlines() if "-----" not in line]
        assert not any(line in ended.out + ended.err for line in secret_lines)
    assert "Vientiane" not in ended.out + ended.err


def test_a_rehearsal_founds_nothing(run: Run, tmp_path: Path) -> None:
    ended = run("trust", "init", "--state", "LA", "--to", str(tmp_path / "LA"), "--dry-run")

    assert (ended.code, (tmp_path / "LA").exists()) == (0, False)
    assert "private/list.pem" in ended.err


def test_a_region_is_founded_by_three_states(run: Run, tmp_path: Path, secret: list[str]) -> None:
    for state in ("LA", "SG", "TH"):
        folder = str(tmp_path / state)
        ended = run("trust", "init", "--state", state, "--environment", "sandbox", "--officer", "--to", folder, *secret)
        assert ended.code == 0
    states = [one for state in ("LA", "SG", "TH") for one in ("--with", str(tmp_path / state / "public.json"))]
    region = tmp_path / "region"

    few = run("trust", "init", "--region", *states[:4], "--to", str(region), *secret)
    rehearsed = run("trust", "init", "--region", *states, "--to", str(region), *secret, "--dry-run", "--json")
    assert (few.code, rehearsed.code, region.exists()) == (5, 0, False)
    ended = run("trust", "init", "--region", *states, "--to", str(region), *secret)
    again = run("trust", "init", "--region", *states, "--to", str(region), *secret)

    assert (ended.code, again.code) == (0, 5)
    assert sorted(one.name for one in region.iterdir()) == [
        "agreements.proposal.json", "deny.proposal.json", "online.pem", "root.proposal.json", "targets.proposal.json",
    ]  # fmt: skip
    made = region / "root.proposal.json"
    for state in ("LA", "TH"):
        key = str(tmp_path / state / "private" / "officer-root.pem")
        signed = run(
            "trust", "sign", str(made), "--from", str(region), "--key", key, "--diff-digest", digest(made), *secret
        )
        assert signed.code == 0
    assert "2 of 2 states; ready" in signed.out


# A provider is taken in


@pytest.mark.parametrize(
    "arguments",
    [(), ("x.json",), ("--provider", "x.toml"), ("--provider", "x.toml", "--to", "y", "--key", "no separator")],
)
def test_a_provider_hands_over_or_an_operator_takes_in(run: Run, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    assert run("trust", "stage", *arguments).code in (2, 5)


@pytest.mark.parametrize("text", ["a = [", "a = 1", "[[provider]]\n[[provider]]", "[[provider]]\nname = 1"])
def test_what_describes_no_provider_is_not_handed_over(run: Run, tmp_path: Path, text: str) -> None:
    (tmp_path / "p.toml").write_text(text)
    key = private_key(tmp_path / "card.pem")

    ended = run(
        "trust", "stage", "--provider", str(tmp_path / "p.toml"), "--key", f"x={key}", "--to", str(tmp_path / "o")
    )

    assert (ended.code, (tmp_path / "o").exists()) == (5, False)


def test_a_key_of_another_service_is_not_handed_over(run: Run, tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text(PROVIDER)
    stage = ["trust", "stage", "--provider", str(tmp_path / "p.toml"), "--to", str(tmp_path / "o")]

    assert run(*stage).code == 5
    assert run(*stage, "--key", f"another={private_key(tmp_path / 'card.pem')}").code == 5
    assert run(*stage, "--key", "la-card").code == 2
    (tmp_path / "c.pem").write_text("no certificate")
    assert run(*stage, "--certificate", f"la-card={tmp_path / 'c.pem'}").code == 5


def test_a_provider_is_handed_over_and_taken_in(run: Run, tmp_path: Path, secret: list[str]) -> None:
    folder, file = tmp_path / "LA", tmp_path / "provider.json"
    run("trust", "init", "--state", "LA", "--environment", "sandbox", "--to", str(folder), *secret)
    (tmp_path / "p.toml").write_text(PROVIDER)
    key = private_key(tmp_path / "card.pem")
    stage = ["trust", "stage", "--provider", str(tmp_path / "p.toml"), "--key", f"la-card={key}", "--to", str(file)]

    assert run(*stage, "--dry-run").code == 0
    assert not file.exists()
    handed = run(*stage, "--json")
    looked = run("trust", "stage", str(file), "--state-folder", str(folder), "--dry-run")
    assert handed.json["summary"]["digest"] in looked.out
    assert "[[provider]]" not in (folder / "list.toml").read_text()
    taken = run("trust", "stage", str(file), "--state-folder", str(folder))

    assert "+ keys/la-card.jwk" in taken.out
    assert json.loads((folder / "keys" / "la-card.jwk").read_text())["kid"]
    assert run("trust", "stage", str(file), "--state-folder", str(folder)).code == 5
    assert run("trust", "lint", str(folder)).code == 0


def test_a_provider_with_certificates_proves_that_it_holds_their_keys(
    ceremony: Ceremony, run: Run, tmp_path: Path
) -> None:
    service = ceremony.place.region.service("sg-pid")
    held = ceremony.place.region.keys.services["sg-pid"]
    (tmp_path / "ca.pem").write_text("".join(pem.encode(one, label=pem.CERTIFICATE) for one in held.listed))
    provider = next(
        one for one in ceremony.place.region.sources.lists[MemberState.SG]["provider"]
        if service.source in one["service"]
    )  # fmt: skip
    one = {**provider, "service": [service.source]}
    (tmp_path / "p.toml").write_text(editing.provider_text(one))

    ended = run(
        "trust", "stage", "--provider", str(tmp_path / "p.toml"), "--key", f"sg-pid={ceremony.key('authority-sg-pid')}",
        "--certificate", f"sg-pid={tmp_path / 'ca.pem'}", "--to", str(tmp_path / "o"), "--json",
    )  # fmt: skip

    assert ended.code == 0
    assert json.loads((tmp_path / "o").read_text())["material"]["sg-pid"]["jwks"] == []


# One change each


def test_a_draft_says_where_the_folder_of_the_state_is(ceremony: Ceremony) -> None:
    key = ["--key", ceremony.key("role-SG-1"), "--reason", "a test"]

    assert ceremony.trust("withdraw", "sg-login", *ceremony.tree, *key).code == 2
    assert ceremony.trust("rotate-signer", "--new", ceremony.key("list-SG"), *ceremony.tree, *key).code == 2


def test_a_service_is_withdrawn(ceremony: Ceremony) -> None:
    text = (ceremony.folder / "SG" / "list.toml").read_text()
    arguments = [*ceremony.office, *ceremony.tree, "--key", ceremony.key("role-SG-1"), "--reason", "a test"]
    assert ceremony.trust("withdraw", "nobody", *arguments).code == 5
    assert ceremony.trust("withdraw", "sg-login", *arguments, "--dry-run").code == 0
    assert (ceremony.folder / "SG" / "list.toml").read_text() == text

    made = ceremony.signed(ceremony.proposed("withdraw", "sg-login", *ceremony.office), "role-SG-2")

    assert 'status = "withdrawn"' in (ceremony.folder / "SG" / "list.toml").read_text()
    assert ceremony.publish(made).code == 0
    assert not ceremony.fetched()["refused"]


def new_key(ceremony: Ceremony) -> tuple[Path, str]:
    """A new public key in a file, and its thumbprint."""
    place, signer = ceremony.folder / "new.jwk", generate("ES256")
    place.write_text(json.dumps(dict(signer.public_jwk)))
    return place, thumbprint(signer.public_jwk)


def test_an_overlap_is_at_least_as_long_as_anybody_may_hold_the_present_list(ceremony: Ceremony) -> None:
    new, _ = new_key(ceremony)
    arguments = [
        "rotate-key", "sg-login", "--new", str(new), *ceremony.office, *ceremony.tree, "--key",
        ceremony.key("role-SG-1"), "--reason", "a test",
    ]  # fmt: skip

    ended = ceremony.trust(*arguments, "--overlap", "90")

    assert ended.code == 1
    assert "--overlap 97" in ended.err
    assert ceremony.trust(*arguments).code == 2
    assert ceremony.trust(*arguments, "--overlap", "90", "--compromised-since", "2026-11-01T00:00:00Z").code == 2


@pytest.mark.parametrize("how", [("--overlap", "97"), ("--compromised-since", "2026-11-01T00:00:00Z")])
def test_the_key_of_a_service_is_exchanged(ceremony: Ceremony, how: tuple[str, ...]) -> None:
    new, name = new_key(ceremony)

    made = ceremony.proposed("rotate-key", "sg-login", "--new", str(new), "--as", "sg-login-2", *how, *ceremony.office)
    assert ceremony.publish(ceremony.signed(made, "role-SG-2")).code == 0

    assert (ceremony.folder / "SG" / "keys" / "sg-login-2.jwk").is_file()
    ceremony.fetched()
    assert [one.name for one in ceremony.place.load(at=SystemClock().now()).by_thumbprint(name)]


@pytest.mark.parametrize("octets", [b"{", b'{"kty": "oct"}', b"-----BEGIN nothing", b"\xff"])
def test_what_is_no_key_takes_no_keys_place(ceremony: Ceremony, octets: bytes) -> None:
    new = ceremony.folder / "new"
    new.write_bytes(octets)

    ended = ceremony.trust(
        "rotate-key", "sg-login", "--new", str(new), "--overlap", "100", *ceremony.office, *ceremony.tree,
        "--key", ceremony.key("role-SG-1"), "--reason", "a test",
    )  # fmt: skip

    assert ended.code == 1


def test_a_new_key_comes_in_a_providers_file_too(ceremony: Ceremony, run: Run, tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text(PROVIDER.replace("la-card", "sg-login"))
    key = private_key(tmp_path / "card.pem")
    file = tmp_path / "new.json"
    run("trust", "stage", "--provider", str(tmp_path / "p.toml"), "--key", f"sg-login={key}", "--to", str(file))

    other = ceremony.trust(
        "rotate-key", "sg-pid", "--new", str(file), "--overlap", "100", *ceremony.office, *ceremony.tree,
        "--key", ceremony.key("role-SG-1"), "--reason", "a test",
    )  # fmt: skip
    made = ceremony.proposed("rotate-key", "sg-login", "--new", str(file), "--overlap", "100", *ceremony.office)

    assert (other.code, "is about sg-login" in other.err) == (1, True)
    assert made.is_file()


def test_only_what_a_bad_key_signed_is_signed_again(ceremony: Ceremony) -> None:
    ended = ceremony.trust(
        "rotate-signer", "--new", ceremony.key("list-SG"), "--sign-again", ceremony.key("role-SG-on-call"),
        *ceremony.office[:2], *ceremony.tree, "--key", ceremony.key("role-SG-1"), "--reason", "a test",
    )  # fmt: skip

    assert ended.code == 2


@pytest.mark.parametrize("how", [(), ("--compromised",)])
def test_the_signer_of_the_list_is_exchanged(ceremony: Ceremony, tmp_path: Path, how: tuple[str, ...]) -> None:
    ceremony.fetched()
    new = private_key(tmp_path / "list-2.pem")
    public = (ceremony.folder / "SG" / "public.json").read_bytes()
    arguments = ["rotate-signer", "--new", new, *how, "--state-folder", str(ceremony.folder / "SG")]
    rehearsed = ceremony.trust(
        *arguments, *ceremony.tree, "--key", ceremony.key("role-SG-1"), "--reason", "a test", "--dry-run"
    )
    assert (ceremony.folder / "SG" / "public.json").read_bytes() == public
    assert ("arrangements/SG-TH/1.json loses the signature" in rehearsed.err) is bool(how)

    more = ("--sign-again", ceremony.key("role-SG-on-call")) if how else ()
    made = ceremony.proposed(*arguments, *more)

    assert (ceremony.folder / "SG" / "public.json").read_bytes() != public
    second = sorted(ceremony.folder.glob("agreements-*.proposal.json"))
    assert len(second) == len(how)
    assert ceremony.publish(ceremony.signed(made, "role-SG-2"), *second).code == 0
    assert not ceremony.fetched()["refused"]
    again = ceremony.trust(*arguments, *ceremony.tree, "--key", ceremony.key("role-SG-1"), "--reason", "a test")
    assert again.code == 5


def test_an_earlier_edition_comes_back_and_what_has_ended_does_not(ceremony: Ceremony) -> None:
    assert ceremony.publish(ceremony.signed(ceremony.edition(), "role-SG-2")).code == 0
    made = ceremony.proposed("revert", "1", *ceremony.office, name="back")
    assert ceremony.publish(ceremony.signed(made, "role-SG-2")).code == 0
    gone = ceremony.proposed("withdraw", "sg-login", *ceremony.office, name="gone")
    assert ceremony.publish(ceremony.signed(gone, "role-SG-2")).code == 0

    ended = ceremony.trust(
        "revert", "1", *ceremony.office, *ceremony.tree, "--key", ceremony.key("role-SG-1"), "--reason", "a test"
    )

    assert (ended.code, "trust.history_rewritten" in ended.err) == (1, True)
    assert "what has ended stays ended" in ended.err
    lost = ceremony.trust(
        "revert", "9", *ceremony.office, *ceremony.tree, "--key", ceremony.key("role-SG-1"), "--reason", "a test"
    )
    assert lost.code == 5
    stranger = ceremony.trust(
        "revert", "2", *ceremony.office, *ceremony.tree, "--key", ceremony.key("role-TH-1"), "--reason", "a test"
    )
    assert (stranger.code, "trust.signer_unknown" in stranger.err or "history" in stranger.err) == (1, True)


def test_one_party_suspends_an_arrangement(ceremony: Ceremony) -> None:
    folder_of(ceremony.place.region, MemberState.TH, ceremony.folder / "TH")
    office = ["--state-folder", str(ceremony.folder / "TH"), "--list-key", ceremony.key("list-TH")]

    stranger = ceremony.trust(
        "suspend", "MY-SG", *office, *ceremony.tree, "--key", ceremony.key("role-TH-on-call"), "--reason", "a test"
    )
    assert (stranger.code, "trust.arrangement_invalid" in stranger.err) == (1, True)
    ended = ceremony.trust(
        "suspend", "SG-TH", *office, *ceremony.tree, "--key", ceremony.key("role-TH-on-call"), "--reason", "a test",
        "--out", str(ceremony.folder / "s.json"),
    )  # fmt: skip

    assert "TH suspends SG-TH" in ended.out
    assert "ready to be published" in ended.out
    assert ceremony.publish(ceremony.folder / "s.json").code == 0
    assert not ceremony.fetched()["refused"]
