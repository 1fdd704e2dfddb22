"""Attestations as the console of a node has them: one that counts, one with a waiver, an old and a false one."""

from datetime import datetime, timedelta
from pathlib import Path

from idbridge.conformance.attestation import attest
from idbridge.conformance.corpus import shipped
from idbridge.conformance.judge import judged
from idbridge.conformance.record import Record
from idbridge.crypto.signer import FileSigner, generate
from tests.conformance.records import accepted, as_it_must, cases, record, refused_case


def lay_attestations(folder: Path, *, at: datetime) -> Path:
    """Lay them below ``folder`` as of ``at``; return it."""
    case, signer, other = refused_case(), generate("ES256"), generate("ES256")
    rest = [judged(one, as_it_must(one)) for one in cases() if one != case]
    waived = record(
        [*rest, judged(case, accepted(case), waiver="until May")], at=at, waivers={case.id: "until May"}
    )  # fmt: skip
    _lay(folder, "TH", record(at=at - timedelta(days=12)), signer)
    _lay(folder, "SG", waived, signer)
    _lay(folder, "MY", record(at=at - timedelta(days=500)), signer)
    _lay(folder, "VN", record(at=at), other)
    lines = (f'{state} = ["{signer.kid}"]' for state in ("TH", "SG", "MY", "VN"))
    (folder / "signers.toml").write_text("\n".join(["[signers]", *lines]), "utf-8")
    return folder


def _lay(folder: Path, state: str, made: Record, signer: FileSigner) -> None:
    text = attest(made, shipped(), name="Sample", at=made.at, signer=signer, allow_failures=False)
    (folder / state).mkdir()
    (folder / state / "verifier.jwt").write_text(text, "utf-8")
