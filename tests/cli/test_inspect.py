"""Inspecting shows and never judges: loud about it, masked by default, unharmed by hostile bytes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from idbridge.cli.artefacts import take_apart
from idbridge.cli.inspect import WARNING
from idbridge.codec import base64url
from idbridge.limits import LIMITS
from tests.cli.ended import Ended

Run = Callable[..., Ended]


def part(value: Any) -> str:
    return base64url.encode(json.dumps(value, ensure_ascii=False).encode())


PAYLOAD = {
    "iss": "https://pid.sg.example",
    "vct": "urn:example:pid",
    "exp": 1_800_000_000,
    "sub": "person-4711",
    "birthdate": "1990-04-01",
    "address": {"uri": "1 Secret Street", "kid": "Secretville"},
    "status": {"status_list": {"idx": 7, "uri": "https://status.sg.example/1"}},
    "cnf": {"jwk": {"kty": "EC", "crv": "P-256", "x": "holder-x", "y": "holder-y"}},
    "_sd": ["digest-one", "digest-two"],
}
CREDENTIAL = "~".join([
    ".".join([part({"alg": "ES256", "typ": "dc+sd-jwt", "kid": "1"}), part(PAYLOAD), "AAAA"]),
    part(["salt-salt", "given_name", "นภา"]),
    ".".join([part({"alg": "ES256", "typ": "kb+jwt"}), part({"nonce": "n-0S6", "sd_hash": "h"}), "BBBB"]),
])  # fmt: skip
PERSONAL = ("person-4711", "1990-04-01", "Secret", "holder-x", "นภา", "salt-salt", "n-0S6")


@pytest.mark.parametrize("arguments", [("-",), ("-", "--json")])
def test_personal_values_are_masked(run: Run, arguments: tuple[str, ...]) -> None:
    ended = run("inspect", *arguments, stdin=CREDENTIAL)

    assert ended.code == 0
    assert [value for value in PERSONAL if value in ended.out] == []
    assert "https://pid.sg.example" in ended.out


HOLDER = "did:jwk:" + part({"kty": "EC", "crv": "P-256", "x": "holder-x", "y": "holder-y"})
ISSUER_DID = "did:key:zIssuer"
VP = {"@context": ["https://www.w3.org/ns/credentials/v2"], "type": ["VerifiablePresentation"], "holder": HOLDER}
HELD = ".".join([part({"alg": "ES256", "kid": ISSUER_DID}), part({"issuer": ISSUER_DID, "iss": ISSUER_DID}), "AAAA"])


@pytest.mark.parametrize("options", [(), ("--json",)])
@pytest.mark.parametrize(
    ("typ", "payload"),
    [
        ("vp+jwt", {**VP, "iss": HOLDER, "verifiableCredential": [HELD]}),
        ("vp+jwt", {"iss": HOLDER, "verifiableCredential": HELD}),
        ("jwt", {"iss": HOLDER, "vp": {**VP, "verifiableCredential": [HELD]}}),
        ("jwt", {"iss": HOLDER, "type": "VerifiablePresentation", "verifiableCredential": HELD}),
        ("kb+jwt", {"iss": HOLDER}),
        ("vp+jwt", "no object"),
    ],
)
def test_a_holder_s_name_and_key_are_masked_wherever_they_stand(
    run: Run, typ: str, payload: Any, options: tuple[str, ...]
) -> None:
    token = ".".join([part({"alg": "ES256", "typ": typ, "kid": f"{HOLDER}#0"}), part(payload), "AAAA"])

    text = run("inspect", "-", *options, stdin=token).out

    assert HOLDER not in text
    assert typ in text
    assert (ISSUER_DID in text) is (HELD in str(payload))


def test_the_key_id_of_a_holder_is_masked(run: Run) -> None:
    token = ".".join([part({"alg": "ES256"}), part({"iss": "https://a.example", "cnf": {"kid": HOLDER}}), "AAAA"])

    assert HOLDER not in run("inspect", "-", stdin=token).out


def test_personal_values_are_shown_when_asked_for(run: Run) -> None:
    ended = run("inspect", "-", "--show-claims", stdin=CREDENTIAL)

    assert all(value in ended.out for value in ("person-4711", "1990-04-01", "1 Secret Street", "นภา"))


def test_it_says_first_and_last_that_nothing_was_checked(run: Run) -> None:
    rows = run("inspect", "-", stdin=CREDENTIAL).out.splitlines()

    assert rows[0] == rows[-1] == WARNING


def test_the_json_says_that_nothing_was_verified(run: Run) -> None:
    summary = run("inspect", "-", "--json", stdin=CREDENTIAL).json["summary"]

    assert summary["verified"] is False
    assert summary["warning"] == WARNING


def test_the_protocols_own_members_are_shown(run: Run) -> None:
    text = run("inspect", "-", stdin=CREDENTIAL).out

    assert "1800000000  (2027-01-15T08:00:00Z)" in text
    assert "(2 entries)" in text
    assert all(word in text for word in ("dc+sd-jwt", "https://status.sg.example/1", "P-256", "given_name"))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "3 parts, this has 1"),
        ("a.b", "3 parts, this has 2"),
        ("a.b.c.d.e", "base64url"),
        (f"{part({'alg': 'ES256'})}.!!!.AAAA", "base64url"),
        (f"{base64url.encode(b'[1]')}.{part({})}.AAAA", "object"),
        (f"{part({'alg': 'ES256'})}.{base64url.encode(b'{{x')}.AAAA", "JSON"),
        (f"{CREDENTIAL.rsplit('~', 1)[0]}~{part('no list')}~", "two or three elements"),
        ("~" * (LIMITS.disclosures + 2), "more than"),
    ],
)
def test_what_cannot_be_read_is_said_and_ends_as_refused(run: Run, text: str, why: str) -> None:
    ended = run("inspect", "-", stdin=text)

    assert ended.code == 1
    assert why in ended.out


def test_one_broken_part_does_not_hide_the_others(run: Run) -> None:
    ended = run("inspect", "-", stdin=CREDENTIAL.replace("~", "~@@@~", 1))

    assert ended.code == 1
    assert "disclosure 1\n  cannot be read" in ended.out
    assert "given_name" in ended.out


def test_a_file_that_is_larger_than_any_credential_is_refused(run: Run, tmp_path: Path) -> None:
    large = tmp_path / "large.txt"
    large.write_bytes(b"a" * (LIMITS.body_bytes + 1))

    ended = run("inspect", str(large))

    assert ended.code == 1
    assert "larger than" in ended.err


def test_a_missing_file_is_a_local_failure(run: Run, tmp_path: Path) -> None:
    assert run("inspect", str(tmp_path / "absent.txt")).code == 5


def test_bytes_that_are_no_text_are_refused(run: Run) -> None:
    assert run("inspect", "-", stdin=b"\xff\xfe\x00").code == 1


@given(
    text=st.text(max_size=200)
    | st.lists(st.sampled_from([".", "~", "e30", "AA", "W10", "\n"]), max_size=12).map("".join)
)
@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_taken_apart_without_an_error_of_ours(text: str) -> None:
    assert take_apart(text)


@pytest.mark.parametrize("hostile", ["\x1b[2JPASSED", "\x9b31m", "a\nVERIFIED: accepted", "a\u202eb"])
@pytest.mark.parametrize("options", [(), ("--show-claims",)])
def test_names_of_claims_cannot_drive_the_terminal(run: Run, hostile: str, options: tuple[str, ...]) -> None:
    token = ".".join([part({"alg": "ES256", hostile: 1}), part({hostile: {hostile: "x"}}), "AAAA"])
    credential = f"{token}~{part(['salt', hostile, 'x'])}~"

    ended = run("inspect", "-", *options, stdin=credential)

    assert ended.code == 0
    assert all(character == "\n" or character.isprintable() for character in ended.out)
    assert not any(row.startswith("VERIFIED") for row in ended.out.splitlines())
