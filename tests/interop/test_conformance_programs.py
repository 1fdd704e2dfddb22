"""Programs that are not ours answer the conformance suite: each accepts, refuses and declares what it did before.

One accepted and one refused case that the program passes, one that it fails, and one that it declares. What all of them
do with all cases is in docs/conformance-results.md.
"""

from pathlib import Path
from typing import Final

import pytest

from idbridge import __version__
from idbridge.conformance.answer import Fault, FaultKind
from idbridge.conformance.attestation import attest, open_attestation
from idbridge.conformance.corpus import shipped
from idbridge.conformance.declaration import unknown_name
from idbridge.conformance.judge import Outcome
from idbridge.conformance.profiles import Profile
from idbridge.conformance.record import record_of
from idbridge.conformance.targets.described import described
from idbridge.conformance.targets.process import ask
from idbridge.crypto.signer import generate
from tests.conformance.records import AT
from tests.interop.conformance.running import outcomes
from tests.interop.conformance.targets import FOREIGN, Foreign

BY_PACKAGE: Final = {one.package: one for one in FOREIGN}
MDOC: Final = "sg-mdoc-opens-account"
THAI: Final = "th-pid-opens-account"
# Package: an accepted and a refused case that it passes, a case that it fails, and what it answers there.
ANSWERS: Final = {
    "isomdoc": (MDOC, "mdoc-renamed", "mdoc-expired", "PASSED"),
    "openvc-core": (THAI, "binding-for-another-audience", "mdoc-proof-twice", "PASSED"),
    "polaris-oid4vp": (
        "bn-clinic-registers",
        "bn-bound-by-another-wallet",
        "my-student-enrols",
        "FAILED unknown.issuer_key",
    ),
    "sd-jwt": (THAI, "binding-for-another-audience", "sd-jwt-expired", "PASSED"),
    "@owf/mdoc": (MDOC, "mdoc-signature-altered", "mdoc-expired", "FAILED unknown.MdlError"),
    "@sd-jwt/sd-jwt-vc": (THAI, "disclosure-removed-after-binding", "binding-for-another-audience", "PASSED"),
    "jose": ("ph-login-opens-account", "id-token-expired", "issuer-named-twice", "PASSED"),
}
DECLINED: Final = "mandate-missing"


@pytest.mark.parametrize("package", BY_PACKAGE)
def test_a_program_passes_fails_and_declares_what_it_did(package: str) -> None:
    accepted, refused, failed, answer = ANSWERS[package]
    only = frozenset({accepted, refused, failed, DECLINED})

    description, results = outcomes(BY_PACKAGE[package], shipped(), only=only)

    assert description.version
    assert {one.case.id: one.outcome for one in results} == {
        accepted: Outcome.PASSED,
        refused: Outcome.PASSED,
        failed: Outcome.FAILED,
        DECLINED: Outcome.NOT_IMPLEMENTED,
    }
    assert [str(one.observed.answer) for one in results if one.case.id == failed and one.observed] == [answer]


@pytest.mark.parametrize("package", BY_PACKAGE)
def test_a_program_declares_what_there_is(package: str) -> None:
    foreign = BY_PACKAGE[package]
    declared = described(foreign.command()).not_implemented | foreign.left_out(shipped())

    assert unknown_name(declared, shipped()) == ""


def test_what_came_of_a_program_can_be_attested() -> None:
    foreign, corpus = BY_PACKAGE["jose"], shipped()
    accepted, refused, _, _ = ANSWERS["jose"]
    names = (accepted, refused, DECLINED)
    description, results = outcomes(foreign, corpus, only=frozenset(names))
    record = record_of(
        results, corpus=corpus, suite_version=__version__, target=foreign.address, description=description, at=AT,
        profiles=[Profile.VERIFIER], chosen_by=names, waivers={},
    )  # fmt: skip
    text = attest(record, corpus, name="A maker", at=AT, signer=generate("ES256"), allow_failures=False)

    assert open_attestation(text).not_implemented == tuple(sorted(description.not_implemented))


@pytest.mark.parametrize("package", ["isomdoc", "jose"], ids=["python", "node"])
def test_a_bug_of_an_adapter_is_no_refusal(package: str, tmp_path: Path) -> None:
    foreign: Foreign = BY_PACKAGE[package]
    (tmp_path / "input.json").write_text("{}")

    told = ask(foreign.command(), ("verify", "--state", str(tmp_path), "--input", str(tmp_path / "input.json")))

    assert isinstance(told, Fault)
    assert told.kind is FaultKind.CRASH
