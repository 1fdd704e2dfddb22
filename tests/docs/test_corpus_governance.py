"""What the page on governing the corpus calls enforced is so, and its numbers are those of the code."""

from idbridge.conformance.release import QUORUM, SIGNATURES_FILE
from idbridge.limits import LIMITS
from tests.source import ROOT

PAGE = (ROOT / "docs" / "corpus-governance.md").read_text(encoding="utf-8")
NUMBERS = {3: "three"}


def test_the_numbers_of_the_page_are_those_of_the_code() -> None:
    assert f"officers of at least {NUMBERS[QUORUM]}\nstates" in PAGE
    assert f"a run that is at most {LIMITS.conformance_attestation_age.days} days old" in PAGE
    assert SIGNATURES_FILE in PAGE


def test_the_commands_of_the_page_are_there() -> None:
    targets = (ROOT / "Makefile").read_text(encoding="utf-8")

    for target in ("conformance", "mutants"):
        assert f"`make {target}`" in PAGE
        assert f"\n{target}:" in targets
    assert "scripts/sign_corpus.py --state" in PAGE
    assert (ROOT / "scripts" / "sign_corpus.py").is_file()
    assert (ROOT / "idbridge" / "conformance" / "making" / "__main__.py").is_file()
