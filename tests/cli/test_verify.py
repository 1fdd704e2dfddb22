"""Verifying on the command line: the exit code is the verdict, the options are the registration, nothing is created."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from idbridge.model.request import Detail
from idbridge.sandbox.case import Case, Kind
from idbridge.sandbox.catalogue import cases
from idbridge.verify import schema
from tests.cli.ended import Ended

Run = Callable[..., Ended]
GOOD = "sg-pid-opens-account"
ASKED = ("--for", "TH", "--purpose", "account-opening")


@pytest.fixture
def mint(run: Run, region: Path) -> Callable[..., str]:
    def minted(name: str, *options: str) -> str:
        return run("sandbox", "mint", name, *options, "--region", str(region)).out

    return minted


@pytest.fixture
def verify(run: Run, region: Path) -> Callable[..., Ended]:
    def verified(credential: str, *options: str) -> Ended:
        keys = sorted((region / "private").glob("decryption-TH-*.pem"))  # what was encrypted to the node opens here too
        opening = [word for key in keys for word in ("--decrypt-key", str(key))]
        return run("verify", "-", *ASKED, "--region", str(region), *opening, *options, stdin=credential)

    return verified


Mint = Callable[..., str]
Verify = Callable[..., Ended]


def decided_alone(case: Case) -> bool:
    """Tell whether one credential decides the case, for a relying party of Thailand that opens accounts."""
    asked = case.relying_party == "th-bank" and case.purpose == "account-opening"
    return case.kind is Kind.VERIFY and case.over_http and asked


# One of each group of codes; that every case is judged as it must be is shown in process and over HTTP.
REFUSED = list({str(case.code).split(".")[0]: case for case in cases() if decided_alone(case) and case.code}.values())
# A node fetched the status lists that these rest on; the command holds none, and says that it cannot tell.
NEED_STATUS = (
    "sg-pid-in-force", "sg-pid-in-force-by-bitstring", "sg-pid-in-force-by-credential-status", "sg-login-in-force",
    "sg-vc-in-force",
)  # fmt: skip
ACCEPTED = [case for case in cases() if decided_alone(case) and case.code is None and case.name not in NEED_STATUS]


def test_there_are_cases_of_both_kinds() -> None:
    assert len(REFUSED) >= 8
    assert len(ACCEPTED) >= 4


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_every_refused_case_ends_with_its_indication_and_code(case: Case, mint: Mint, verify: Verify) -> None:
    ended = verify(mint(case.name), "--as", "th-bank", "--json")

    assert ended.code == {"FAILED": 1, "INDETERMINATE": 3}[case.indication]
    assert ended.json["reason"]["code"] == case.code
    assert ended.json["accepted"] is False
    assert ended.json["claims"] == {}


@pytest.mark.parametrize("case", ACCEPTED, ids=lambda case: case.name)
def test_every_accepted_case_ends_with_zero(case: Case, mint: Mint, verify: Verify) -> None:
    ended = verify(mint(case.name), "--as", "th-bank", "--json")

    assert ended.code == 0
    assert ended.json["indication"] == "PASSED"


@pytest.mark.parametrize("name", NEED_STATUS)
def test_what_rests_on_a_status_list_is_neither_accepted_nor_refused(name: str, mint: Mint, verify: Verify) -> None:
    ended = verify(mint(name), "--as", "th-bank", "--json")

    assert ended.code == 3
    assert ended.json["reason"]["code"] == "status.unavailable"
    assert ended.json["accepted"] is False


@pytest.mark.parametrize("state", ["sandbox", "nowhere"])
def test_missing_material_is_a_local_failure_and_nothing_is_created(run: Run, tmp_path: Path, state: str) -> None:
    place = tmp_path / state

    ended = run("verify", "-", *ASKED, "--region", str(place), stdin="a.b.c")

    assert ended.code == 5
    assert "there is no trust material" in ended.err
    assert "hint: run `idbridge demo` first" in ended.err
    assert not place.exists()


def test_a_folder_in_which_no_node_was_begun_is_not_begun_here(run: Run, region: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(region, copy)
    shutil.rmtree(copy / "nodes")

    ended = run("verify", "-", *ASKED, "--region", str(copy), stdin="a.b.c")

    assert ended.code == 5
    assert "no node was ever begun" in ended.err
    assert not (copy / "nodes").exists()


def test_lost_floors_are_an_error_and_never_empty_ones(run: Run, region: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(region, copy)
    (copy / "nodes" / "TH" / "state" / "floors.json").unlink()

    ended = run("verify", "-", *ASKED, "--region", str(copy), stdin="a.b.c")

    assert ended.code == 5
    assert "floors.json is missing" in ended.err


def test_a_withheld_arrangement_makes_the_material_unusable(run: Run, region: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(region, copy)
    run("trust", "list", "--region", str(copy))
    shutil.rmtree(copy / "trust" / "arrangements" / "SG-TH")

    ended = run("verify", "-", *ASKED, "--region", str(copy), stdin="a.b.c")

    assert ended.code == 4


def test_an_instant_marks_the_report_and_accepts_nothing(mint: Mint, verify: Verify) -> None:
    body = mint(GOOD)

    now = verify(body, "--as", "th-bank", "--json").json["evaluated_at"]
    ended = verify(body, "--as", "th-bank", "--json", "--at", now)

    assert ended.code == 0
    assert ended.json["indication"] == "PASSED"
    assert ended.json["historical"] is True
    assert ended.json["accepted"] is False
    assert ended.json["assertion"] is None


def test_another_instant_is_judged_as_such(mint: Mint, verify: Verify) -> None:
    ended = verify(mint(GOOD), "--as", "th-bank", "--at", "2026-01-01T00:00:00Z")

    assert ended.code == 1
    assert "historical: it accepts nothing" in ended.out


def test_the_options_are_the_registration(mint: Mint, verify: Verify) -> None:
    body = mint(GOOD)

    unnamed, named = verify(body), verify(body, "--audience", "https://sandbox.bank.th.example")

    assert (unnamed.code, named.code) == (1, 0)
    assert "say for whom it was made" in unnamed.err


def test_a_request_body_registers_nothing(mint: Mint, verify: Verify) -> None:
    body = json.loads(mint(GOOD))
    body["expected"]["audience"] = "https://sandbox.bank.th.example"

    ended = verify(json.dumps(body), "--json")

    assert ended.code == 1
    assert ended.json["reason"]["code"] == "policy.audience_not_registered"


def test_a_client_counts_at_its_own_issuer_only(mint: Mint, verify: Verify) -> None:
    body = mint("sg-login-opens-account")
    client = "th-bank@sandbox.login.sg.example"

    right = verify(body, "--client", f"https://sandbox.login.sg.example={client}")
    wrong = verify(body, "--client", f"https://sandbox.login.th.example={client}", "--json")

    assert right.code == 0
    assert wrong.code == 1
    assert wrong.json["reason"]["code"] == "oidc.audience_mismatch"


def test_a_nonce_of_the_command_counts_before_that_of_the_body(mint: Mint, verify: Verify) -> None:
    ended = verify(mint(GOOD), "--as", "th-bank", "--nonce", "another", "--json")

    assert ended.code == 1
    assert ended.json["reason"]["code"] == "holder.nonce_mismatch"


def test_a_body_for_another_purpose_is_a_usage_error(mint: Mint, verify: Verify) -> None:
    ended = verify(json.dumps({**json.loads(mint(GOOD)), "purpose": "age-check"}), "--as", "th-bank")

    assert ended.code == 2
    assert "--purpose age-check" in ended.err


def test_the_higher_of_two_levels_counts(mint: Mint, verify: Verify) -> None:
    body = json.loads(mint("id-login-opens-account"))
    body["expected"]["loa"] = "A3"

    ended = verify(json.dumps(body), "--as", "th-bank", "--require-loa", "A1", "--json")

    assert ended.json["reason"]["code"] == "policy.loa_too_low"


@pytest.mark.parametrize("member", [{"at": "2026-01-01T00:00:00Z"}, {"policy": "lax"}, {"dcql": []}, {"status": "off"}])
def test_a_member_that_is_not_looked_at_is_refused(mint: Mint, verify: Verify, member: dict[str, Any]) -> None:
    ended = verify(json.dumps({**json.loads(mint(GOOD)), **member}), "--as", "th-bank")

    assert ended.code == 1
    assert "breaks its schema" in ended.err


def test_a_level_that_is_not_reached_refuses(mint: Mint, verify: Verify) -> None:
    body = mint("id-login-opens-account")

    low, high = (verify(body, "--as", "th-bank", "--require-loa", level, "--json") for level in ("A2", "A3"))

    assert low.code == 0
    assert high.json["reason"]["code"] == "policy.loa_too_low"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--as", "nobody"), "there is no relying party `nobody`"),
        (("--as", "sg-bank"), "is a relying party of SG"),
        (("--at", "yesterday"), "is not an instant such as 2026-01-31T00:00:00Z"),
        (("--at", "2026-01-31T00:00:00+07:00"), "is not an instant"),
        (("--client", "https://x.example"), "is not ISSUER=CLIENT_ID"),
        (("--require-loa", "A9"), "none of A0, A1, A2, A3"),
        (("--detail", "all"), "is not one of"),
    ],
)
def test_an_option_that_means_nothing_is_a_usage_error(verify: Verify, options: tuple[str, ...], words: str) -> None:
    ended = verify("a.b.c", *options)

    assert ended.code == 2
    assert words in ended.err


@pytest.mark.parametrize("missing", ["--for", "--purpose"])
def test_state_and_purpose_are_never_guessed(run: Run, region: Path, missing: str) -> None:
    options = dict(zip(ASKED[::2], ASKED[1::2], strict=True))
    del options[missing]

    ended = run("verify", "-", *(word for pair in options.items() for word in pair), "--region", str(region))

    assert ended.code == 2
    assert missing in ended.err


@pytest.mark.parametrize(
    "body",
    ["{", "{}", '{"credential": 1}', '{"credential": "x", "credential": "y"}', '{"credential": "x", "expected": []}',
     '{"credential": "x", "expected": {"nonce": 1}}', '{"credential": "x", "claims": "name"}',
     '{"credential": "x", "expected": {"entity": {"scheme": "uen"}}}'],
)  # fmt: skip
def test_a_body_of_another_shape_is_refused(verify: Verify, body: str) -> None:
    ended = verify(body)

    assert ended.code == 1
    assert ended.out == ""


@pytest.mark.parametrize("detail", list(Detail))
def test_the_json_is_the_report_of_the_published_schema(mint: Mint, verify: Verify, detail: Detail) -> None:
    report = verify(mint(GOOD), "--as", "th-bank", "--json", "--detail", detail.value).json

    jsonschema.validate(report, schema.documents()[f"report-{detail.value}.json"])


def test_a_report_for_a_person_says_verdict_first_then_why(mint: Mint, verify: Verify) -> None:
    rows = verify(mint("sd-jwt-alg-none"), "--as", "th-bank").out.splitlines()

    assert rows[0] == "FAILED"
    assert rows[1].startswith("Do not accept this")
    assert any(row.startswith("reason") and "jose.alg_none" in row for row in rows)
    assert any(row.startswith("remedy") for row in rows)


@pytest.mark.parametrize("mode", [0o664, 0o646, 0o666])
def test_pins_that_others_may_write_to_are_a_local_failure(
    run: Run, region: Path, mint: Mint, tmp_path: Path, mode: int
) -> None:
    copy = shutil.copytree(region, tmp_path / "region")
    (copy / "pins.json").chmod(mode)

    ended = run("verify", "-", *ASKED, "--as", "th-bank", "--region", str(copy), "--json", stdin=mint(GOOD))

    assert ended.code == 5
    assert ended.out == ""
    assert "pins.json must be writable by its owner only" in ended.err


def test_what_came_encrypted_opens_with_a_key_of_the_caller_and_with_no_other(
    run: Run, region: Path, mint: Mint, verify: Verify
) -> None:
    sealed, other = mint("sg-login-encrypted"), region / "private" / "decryption-SG-0.pem"
    asked = ("verify", "-", *ASKED, "--as", "th-bank", "--region", str(region), "--json")

    assert verify(sealed, "--as", "th-bank").code == 0
    assert run(*asked, stdin=sealed).json["reason"]["code"] == "input.format_unsupported"
    refused = run(*asked, "--decrypt-key", str(other), stdin=sealed)
    assert (refused.code, refused.json["reason"]["code"]) == (1, "jose.decryption_failed")
    assert run(*asked, "--decrypt-key", str(region / "none.pem"), stdin=sealed).code == 5


def test_a_wallets_answer_is_held_against_the_query_beside_it(mint: Mint, verify: Verify, tmp_path: Path) -> None:
    body = json.loads(mint("sg-wallet-of-named-authority"))
    query, other = tmp_path / "query.json", tmp_path / "other.json"
    query.write_text(json.dumps(body["dcql"]), encoding="utf-8")
    other.write_text(json.dumps({"credentials": [{**body["dcql"]["credentials"][0], "id": "other"}]}), encoding="utf-8")
    asked = ("--as", "th-bank", "--nonce", body["expected"]["nonce"], "--json")

    refused = verify(body["credential"], "--dcql", str(other), *asked)
    accepted = verify(body["credential"], "--dcql", str(query), *asked)

    assert refused.json["reason"]["code"] == "query.id_unknown"
    assert (accepted.code, accepted.json["indication"]) == (0, "PASSED")


@pytest.mark.parametrize(
    ("text", "code"),
    [("[", "input.malformed"), ("{}", "query.malformed"), ('{"credentials":[]}', "query.malformed")],
)
def test_a_query_that_is_none_is_refused_with_its_code(
    mint: Mint, verify: Verify, tmp_path: Path, text: str, code: str
) -> None:
    query = tmp_path / "query.json"
    query.write_text(text, encoding="utf-8")
    body = json.loads(mint("sg-wallet-of-named-authority"))

    ended = verify(body["credential"], "--as", "th-bank", "--dcql", str(query))
    within = {**body, "dcql": json.loads(text)} if text != "[" else None

    assert ended.code == 1
    assert f", {code}: " in ended.err
    assert within is None or ", query.malformed: " in verify(json.dumps(within), "--as", "th-bank", "--json").err


def test_a_body_with_a_query_of_its_own_takes_no_second_one(mint: Mint, verify: Verify, tmp_path: Path) -> None:
    body = mint("sg-wallet-of-named-authority")
    query = tmp_path / "query.json"
    query.write_text(json.dumps(json.loads(body)["dcql"]), encoding="utf-8")

    assert verify(body, "--as", "th-bank", "--dcql", str(query)).code == 2


def test_transactions_without_a_query_are_refused(mint: Mint, verify: Verify) -> None:
    body = {**json.loads(mint(GOOD)), "transaction_data": ["x"]}

    ended = verify(json.dumps(body), "--as", "th-bank")

    assert ended.code == 1
    assert "the transactions are none, query." in ended.err or "the transactions are none, input." in ended.err


def test_a_folder_of_types_that_is_none_ends_with_its_own_code(mint: Mint, verify: Verify, tmp_path: Path) -> None:
    (tmp_path / "type.json").write_text("{}", encoding="utf-8")

    ended = verify(mint(GOOD), "--as", "th-bank", "--type-metadata", str(tmp_path))

    assert ended.code == 5
