"""Attestations in the log of a node: first receipts that prove nothing of them, then one that does."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from idbridge.cli.conformance_log import beside
from idbridge.cli.exits import Exit
from idbridge.cli.main import root
from idbridge.clock import SystemClock
from idbridge.conformance.examination import Question, examined
from idbridge.conformance.logged import Logged
from idbridge.model.region import MemberState
from idbridge.model.time import instant_text
from idbridge.reasons import Indication
from idbridge.sandbox.region import Region
from idbridge.tlog.checkpoint import Log
from idbridge.tlog.note import note_signer
from idbridge.trust.log_names import origin_of
from idbridge_gateway.app import create_app
from idbridge_gateway.demo.nodes import lay_out
from idbridge_gateway.serving import BackgroundServer
from tests.conformance.attesting import attested as attestation_of
from tests.conformance.attesting import terms
from tests.conformance.records import AT
from tests.conformance.test_prove_commands import Integrator, us

__all__ = ["us"]
NOW = ("--at", instant_text(AT))


@dataclass(frozen=True)
class Standing:
    """A node that stands, and how it is known: its folder, the keys of its log and of another one, and an API key."""

    url: str
    folder: Path
    region: Region
    api_key: Path

    def log_key(self, state: MemberState = MemberState.TH) -> str:
        service = self.region.log_service(state)
        return note_signer(origin_of(service.issuer), service.signer).key.text()


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    folder = tmp_path_factory.mktemp("region")
    region = Region.generate(at=SystemClock().now())
    settings = lay_out(region, folder)[MemberState.TH]
    (folder / "api-key").write_text(f"{region.keys.api['th-bank']}\n")
    with BackgroundServer(create_app(settings)) as server:
        yield Standing(server.url, folder, region, folder / "api-key")


def attest(us: Integrator, standing: Standing) -> Result:
    return us.attest(us.record, "--log", standing.url, "--api-key-file", str(standing.api_key))


def check(us: Integrator, *more: str) -> Result:
    return CliRunner().invoke(root, ["conformance", "check", us.attestation, "--signer", us.signer.kid, *NOW, *more])


@pytest.mark.parametrize("words", [("--log", "http://127.0.0.1:1"), ("--api-key-file", "none", "--log", "ftp://a")])
def test_without_a_key_or_a_node_nothing_is_written_into_a_log(us: Integrator, words: tuple[str, ...]) -> None:
    told = us.attest(us.record, *words)

    assert told.exit_code != Exit.DONE
    assert not beside(Path(us.attestation)).exists()


def test_a_node_that_does_not_know_the_key_writes_nothing_down(us: Integrator, standing: Standing) -> None:
    other = us.folder / "other-key"
    other.write_text("made-up")
    told = us.attest(us.record, "--log", standing.url, "--api-key-file", str(other))

    assert told.exit_code == Exit.REFUSED
    assert "401 policy.unauthenticated" in told.stderr
    assert not beside(Path(us.attestation)).exists()


@pytest.mark.parametrize("held", [b"", b" \n", b"\xff\xfe", b"two\nlines", "schl\u00fcssel".encode()])
def test_a_file_that_holds_no_key_is_sent_to_nobody(us: Integrator, standing: Standing, held: bytes) -> None:
    other = us.folder / "other-key"
    other.write_bytes(held)
    told = us.attest(us.record, "--log", standing.url, "--api-key-file", str(other))

    assert told.exit_code == Exit.LOCAL
    assert "holds no API key" in told.stderr
    assert not beside(Path(us.attestation)).exists()


def test_a_receipt_of_another_attestation_is_refused(us: Integrator, standing: Standing) -> None:
    assert attest(us, standing).exit_code == Exit.DONE
    kept = us.folder / "kept.receipt"
    kept.write_bytes(beside(Path(us.attestation)).read_bytes())
    assert attest(us, standing).exit_code == Exit.DONE  # signed anew, so that it is another one
    told = check(us, "--receipt", str(kept), "--log-key", standing.log_key())

    assert told.exit_code == Exit.REFUSED
    assert "time.evidence_mismatch" in told.stdout


def test_a_receipt_of_another_log_or_that_was_changed_is_refused(us: Integrator, standing: Standing) -> None:
    assert attest(us, standing).exit_code == Exit.DONE
    place, key = beside(Path(us.attestation)), standing.log_key()

    told = check(us, "--log-key", standing.log_key(MemberState.SG))
    assert (told.exit_code, "time.evidence_unsigned" in told.stdout) == (Exit.REFUSED, True)

    good = place.read_text()
    lines = good.split("\n")
    number = next(at for at, line in enumerate(lines) if line.startswith("index "))
    changes = {
        "time.evidence_not_included": good.replace(lines[number], "index 0"),
        "time.evidence_malformed": good[:-1],
    }
    for code, text in changes.items():
        place.write_text(text)
        told = check(us, "--log-key", key)
        assert (told.exit_code, code in told.stdout) == (Exit.REFUSED, True), told.stdout


def test_a_receipt_that_was_asked_for_and_is_not_there_is_local(us: Integrator, standing: Standing) -> None:
    assert us.attest(us.record).exit_code == Exit.DONE

    assert check(us).exit_code == Exit.DONE
    assert check(us, "--log-key", standing.log_key()).exit_code == Exit.LOCAL
    assert check(us, "--receipt", str(us.folder / "nothing")).exit_code == Exit.LOCAL


def test_without_a_log_that_is_known_a_receipt_is_open(us: Integrator, standing: Standing) -> None:
    assert attest(us, standing).exit_code == Exit.DONE
    told = check(us)

    assert told.exit_code == Exit.INDETERMINATE
    assert "no log is pinned" in " ".join(told.stdout.split())


def test_an_attestation_stands_in_the_log_by_its_key_and_by_the_trust_list(us: Integrator, standing: Standing) -> None:
    assert attest(us, standing).exit_code == Exit.DONE
    by_key = check(us, "--log-key", standing.log_key())
    by_list = CliRunner().invoke(
        root, ["conformance", "check", us.attestation, "--region", str(standing.folder), "--json"]
    )

    assert by_key.exit_code == Exit.DONE, by_key.output
    assert "th-bank had it written down as entry" in " ".join(by_key.stdout.split())
    assert '"question": "log", "indication": "PASSED"' in " ".join(by_list.stdout.split())


@pytest.mark.parametrize("octets", [b"", b"c2sp.org/tlog-proof@v1\n", b"\xff" * 64])
def test_what_is_no_receipt_is_told_and_raises_nothing(octets: bytes, standing: Standing) -> None:
    signer = standing.region.log_service(MemberState.TH)
    key = note_signer(origin_of(signer.issuer), signer.signer).key
    for log in (None, Log(key.name, MemberState.TH, (key,))):
        found = examined(attestation_of(), terms(logged=Logged(octets, log))).of(Question.LOG)

        assert found is not None
        assert (found.indication, found.code) == (Indication.FAILED, "time.evidence_malformed")
