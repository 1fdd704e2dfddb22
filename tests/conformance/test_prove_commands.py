"""`attest` signs only what is good or says so, and `check` ends as the table of exit codes says."""

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from idbridge.cli.exits import Exit
from idbridge.cli.main import root
from idbridge.conformance.corpus import shipped
from idbridge.conformance.judge import declined, judged
from idbridge.conformance.record import Record
from idbridge.conformance.target import Description
from idbridge.crypto.key_files import write_key_file
from idbridge.crypto.signer import FileSigner, generate
from idbridge.crypto.spki import pem_of
from idbridge.limits import LIMITS
from idbridge.model.time import instant_text
from tests.conformance.records import AT, accepted, as_it_must, cases, of_every_outcome, record, refused_case

PASSPHRASE = "a passphrase of some length"
NOW = ("--at", instant_text(AT))


def said(*words: str) -> Result:
    return CliRunner().invoke(root, ["conformance", *words])


@dataclass
class Integrator:
    """Somebody with a key, a record and a folder."""

    folder: Path
    signer: FileSigner
    key: str
    record: str
    passphrase: str

    @property
    def attestation(self) -> str:
        return str(self.folder / "attestation.jwt")

    def write(self, made: Record) -> str:
        path = self.folder / "other.json"
        path.write_text(json.dumps(made.document()), "utf-8")
        return str(path)

    def attest(self, source: str, *more: str) -> Result:
        words = ("--key", self.key, "--passphrase-file", self.passphrase, "--name", "Us", *NOW)
        return said("attest", source, *words, "--output", self.attestation, *more)


@pytest.fixture
def us(tmp_path: Path) -> Integrator:
    signer = generate("ES256")
    write_key_file(tmp_path / "key.pem", signer, passphrase=PASSPHRASE)
    passphrase = tmp_path / "passphrase"
    passphrase.write_text(PASSPHRASE, "utf-8")
    passphrase.chmod(0o600)
    (tmp_path / "record.json").write_text(json.dumps(record().document()), "utf-8")
    return Integrator(tmp_path, signer, str(tmp_path / "key.pem"), str(tmp_path / "record.json"), str(passphrase))


@pytest.fixture
def attested(us: Integrator) -> Integrator:
    told = us.attest(us.record)
    assert told.exit_code == Exit.DONE, told.output
    return us


def test_a_run_that_is_not_passed_is_refused_and_nothing_is_written(us: Integrator) -> None:
    told = us.attest(us.write(of_every_outcome()))

    assert told.exit_code == Exit.REFUSED
    assert "not passed" in told.stderr
    assert not Path(us.attestation).exists()


def test_with_leave_it_is_attested_and_refused_by_whoever_checks(us: Integrator) -> None:
    told = us.attest(us.write(of_every_outcome()), "--allow-failures")
    looked = said("check", us.attestation, "--signer", us.signer.kid, *NOW)

    assert (told.exit_code, looked.exit_code) == (Exit.DONE, Exit.REFUSED)
    assert "not passed" in looked.stdout


def test_a_record_that_was_touched_is_not_attested(us: Integrator) -> None:
    document = record().document()
    document["results"][0]["expected"] = "PASSED?"
    Path(us.record).write_text(json.dumps(document), "utf-8")
    told = us.attest(us.record)

    assert told.exit_code == Exit.LOCAL
    assert "does not agree with the corpus" in told.stderr
    assert "doctor" not in told.stderr


def test_no_attestation_is_written_over_the_key_or_the_record(us: Integrator) -> None:
    words = ("attest", us.record, "--key", us.key, "--name", "Us", "--passphrase-file", us.passphrase)
    before = {name: Path(name).read_bytes() for name in (us.record, us.key, us.passphrase)}

    for place in before:
        told = said(*words, "--output", place)

        assert (told.exit_code, Path(place).read_bytes()) == (Exit.USAGE, before[place])


def test_any_age_may_be_allowed(attested: Integrator) -> None:
    words = ("check", attested.attestation, "--signer", attested.signer.kid, *NOW)

    assert said(*words, "--max-age", "99999999999999999999").exit_code == Exit.DONE


def test_a_key_that_others_can_read_signs_nothing(us: Integrator) -> None:
    Path(us.key).chmod(0o644)
    told = us.attest(us.record)

    assert told.exit_code == Exit.LOCAL
    assert not Path(us.attestation).exists()


def test_without_a_signer_it_is_open_with_the_right_one_good_and_with_another_refused(attested: Integrator) -> None:
    path, other = attested.attestation, generate("ES256").kid

    assert said("check", path, *NOW).exit_code == Exit.INDETERMINATE
    assert said("check", path, "--signer", attested.signer.kid, *NOW).exit_code == Exit.DONE
    assert said("check", path, "--signer", other, *NOW).exit_code == Exit.REFUSED
    assert said("check", path, "--signer", other, "--signer", attested.signer.kid, *NOW).exit_code == Exit.DONE


def test_a_signer_is_a_file_with_a_jwk_or_a_public_pem_too(attested: Integrator) -> None:
    files = {"key.jwk": json.dumps(dict(attested.signer.public_jwk)), "key.pub": pem_of(attested.signer.public_jwk)}
    for name, text in files.items():
        path = attested.folder / name
        path.write_text(text, "utf-8")

        assert said("check", attested.attestation, "--signer", str(path), *NOW).exit_code == Exit.DONE


@pytest.mark.parametrize(
    "text", ["", "{}", "-----BEGIN CERTIFICATE-----", "-----BEGIN PUBLIC KEY-----\nAA==\n", "x" * 43]
)
def test_a_file_that_holds_no_public_key_pins_nobody(text: str, attested: Integrator) -> None:
    path = attested.folder / "key.jwk"
    path.write_text(text, "utf-8")
    told = said("check", attested.attestation, "--signer", str(path), *NOW)

    assert told.exit_code == Exit.LOCAL


def test_a_thumbprint_that_begins_with_a_dash_is_taken_for_one(attested: Integrator) -> None:
    told = said("check", attested.attestation, "--signer", "-" + "A" * 42, *NOW)

    assert told.exit_code == Exit.REFUSED


def test_a_run_grows_old(attested: Integrator) -> None:
    later = ("--at", instant_text(AT + LIMITS.conformance_attestation_age), "--signer", attested.signer.kid)

    assert said("check", attested.attestation, *later).exit_code == Exit.DONE
    assert said("check", attested.attestation, *later, "--max-age", "364").exit_code == Exit.REFUSED


def test_another_corpus_and_a_profile_that_is_missing_are_refused(attested: Integrator) -> None:
    words = ("check", attested.attestation, "--signer", attested.signer.kid, *NOW)

    assert said(*words, "--corpus-digest", shipped().digest(), "--require-profile", "verifier").exit_code == Exit.DONE
    assert said(*words, "--corpus-digest", "0" * 64).exit_code == Exit.REFUSED
    assert said(*words, "--require-profile", "issuer").exit_code == Exit.REFUSED
    assert said(*words, "--corpus-digest", "0").exit_code == Exit.USAGE


def test_what_was_declared_or_waived_is_open_until_whoever_checks_allows_it(us: Integrator) -> None:
    case, described = refused_case(), Description("a verifier", "2.1", frozenset({"qr"}))
    results = [
        declined(one, described) if described.declines(one) else judged(one, as_it_must(one))
        for one in cases()
        if one != case
    ]
    results.append(judged(case, accepted(case), waiver="until May"))
    told = us.attest(us.write(record(results, description=described, waivers={case.id: "until May"})))
    words = ("check", us.attestation, "--signer", us.signer.kid, *NOW, "--require-profile", "verifier")
    declared, waived = ("--allow-not-implemented", "qr"), ("--allow-waiver", case.id)

    assert told.exit_code == Exit.DONE
    assert said(*words).exit_code == Exit.INDETERMINATE
    assert said(*words, *declared).exit_code == Exit.INDETERMINATE
    assert said(*words, *waived).exit_code == Exit.INDETERMINATE
    assert said(*words, *declared, *waived).exit_code == Exit.DONE
    assert said(*words, *declared, "--max-waivers", "1").exit_code == Exit.DONE
    assert "declared as qr" in " ".join(said(*words).stdout.split())


def test_the_record_is_held_against_it_however_it_is_spelled(attested: Integrator) -> None:
    words = ("check", attested.attestation, "--signer", attested.signer.kid, *NOW, "--record")
    spelled = attested.folder / "spelled.json"
    spelled.write_text(json.dumps(record().document(), indent=4, sort_keys=True), "utf-8")

    assert said(*words, str(spelled)).exit_code == Exit.DONE
    assert said(*words, attested.write(of_every_outcome())).exit_code == Exit.REFUSED


def test_a_file_that_is_not_there_is_local_and_one_that_is_no_attestation_refused(attested: Integrator) -> None:
    assert said("check", str(attested.folder / "nothing")).exit_code == Exit.LOCAL
    assert said("check", attested.record).exit_code == Exit.REFUSED


def test_a_program_reads_the_answers_as_one_object(attested: Integrator) -> None:
    told = json.loads(said("check", attested.attestation, *NOW, "--json").stdout)

    assert told["schema"] == "idbridge-conformance-check-1"
    assert told["summary"]["indication"] == "INDETERMINATE"
    assert told["summary"]["signer"] == attested.signer.kid
    assert {one["question"]: one["indication"] for one in told["results"]}["signer"] == "INDETERMINATE"


def test_it_is_printed_where_no_file_is_named(us: Integrator) -> None:
    words = ("--key", us.key, "--passphrase-file", us.passphrase, "--name", "Us", *NOW)
    told = said("attest", us.record, *words)

    assert told.exit_code == Exit.DONE
    assert told.stdout.count(".") == 2


def test_a_run_that_is_yet_to_be_made_is_not_attested(us: Integrator) -> None:
    last = AT + LIMITS.list_issue_skew

    assert us.attest(us.write(record(at=last))).exit_code == Exit.DONE
    Path(us.attestation).unlink()
    told = us.attest(us.write(record(at=last + timedelta(seconds=1))))

    assert told.exit_code == Exit.LOCAL
    assert "yet to be made" in told.stderr
    assert not Path(us.attestation).exists()


def test_a_name_that_nobody_can_read_is_not_attested(us: Integrator) -> None:
    told = us.attest(us.record, "--name", " ")

    assert told.exit_code == Exit.LOCAL
    assert "a letter or a digit" in told.stderr
    assert not Path(us.attestation).exists()


def test_a_name_that_is_allowed_for_nothing_is_told(attested: Integrator) -> None:
    signer = ("--signer", attested.signer.kid)
    words = ("--allow-not-implemented", "sd-jtw", "--allow-waiver", "mdoc-expird")
    told = said("check", attested.attestation, *signer, *NOW, *words)

    assert told.exit_code == Exit.DONE
    assert "allowed for nothing, because it is neither declared nor waived: mdoc-expird, sd-jtw" in told.stderr
    assert "allowed for nothing" not in said("check", attested.attestation, *signer, *NOW).stderr
