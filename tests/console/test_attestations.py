"""The grid of states and profiles: nothing counts that is altered, old, of another corpus or of another signer."""

import json
from dataclasses import replace
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest

from idbridge.codec import base64url
from idbridge.conformance.attestation import attest
from idbridge.conformance.corpus import shipped
from idbridge.conformance.judge import judged
from idbridge.conformance.profiles import Profile
from idbridge.conformance.record import Record
from idbridge.conformance.target import Description
from idbridge.crypto.signer import FileSigner, generate
from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge_gateway.app import create_app
from idbridge_gateway.console.attestations import SIGNERS_FILE, Cell, Grid, Held, grid
from idbridge_gateway.pages.catalogue import FULL
from tests.conformance.records import accepted, as_it_must, cases, record, refused_case
from tests.console.conftest import Desk
from tests.gateway.clocks import NOON

THAI, MALAY = generate("ES256"), generate("ES256")
WHOLE = record(at=NOON)
TH, MY = MemberState.TH, MemberState.MY


def attested(made: Record = WHOLE, signer: FileSigner = THAI) -> str:
    return attest(made, shipped(), name="Sample", at=made.at, signer=signer, allow_failures=True)


def laid(folder: Path, text: str, *, state: MemberState = TH, profile: Profile = Profile.VERIFIER) -> Path:
    place = folder / state.value
    place.mkdir(exist_ok=True)
    path = place / f"{profile.value}.jwt"
    path.write_text(text, "utf-8")
    return path


def pinned(folder: Path, **signers: FileSigner) -> None:
    lines = [f'{state} = ["{signer.kid}"]' for state, signer in signers.items()]
    (folder / SIGNERS_FILE).write_text("\n".join(["[signers]", *lines]), "utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "attestations"
    path.mkdir()
    pinned(path, TH=THAI, MY=MALAY)
    return path


def cell(found: Grid, state: MemberState = TH, profile: Profile = Profile.VERIFIER) -> Cell:
    assert found.trouble == ""
    return next(one for one in found.rows[state] if one.profile is profile)


def test_an_altered_attestation_is_refused(folder: Path) -> None:
    head, payload, signature = attested().split(".")
    claims = json.loads(base64url.decode(payload))
    claims["name"] = "Somebody"
    laid(folder, f"{head}.{base64url.encode(json.dumps(claims).encode())}.{signature}")

    assert cell(grid(folder, at=NOON)).held is Held.REFUSED


@pytest.mark.parametrize("text", ["", "nothing", "a.b.c", "\ufffd", "<script>alert(1)</script>"])
def test_what_is_no_attestation_is_refused(text: str, folder: Path) -> None:
    laid(folder, text)

    found = cell(grid(folder, at=NOON))
    assert (found.held, bool(found.why)) == (Held.REFUSED, True)


def test_a_file_that_is_too_large_is_refused(folder: Path) -> None:
    laid(folder, "a" * (LIMITS.conformance_attestation_bytes + 1))

    assert cell(grid(folder, at=NOON)).held is Held.REFUSED


def test_a_folder_in_place_of_a_file_is_refused(folder: Path) -> None:
    (folder / "TH" / "verifier.jwt").mkdir(parents=True)

    assert cell(grid(folder, at=NOON)).held is Held.REFUSED


def test_the_signer_of_one_state_does_not_sign_for_another(folder: Path) -> None:
    laid(folder, attested(), state=MY)
    laid(folder, attested(signer=MALAY), state=TH)
    found = grid(folder, at=NOON)

    assert cell(found, MY).held is Held.REFUSED
    assert cell(found, TH).held is Held.REFUSED


def test_a_state_without_a_pinned_signer_is_refused(folder: Path) -> None:
    laid(folder, attested())
    pinned(folder, MY=MALAY)
    without = cell(grid(folder, at=NOON))
    (folder / SIGNERS_FILE).unlink()

    assert without.held is Held.REFUSED
    assert cell(grid(folder, at=NOON)).held is Held.REFUSED


BROKEN = (
    "", "[signers", "[signers]\nTH = 1", "[signers]\nTH = ['x']", "[signers]\nXX = []", "signers = 1",
    "[signers]\n[more]", "[signers]\nTH = [1]", "# " + "x" * LIMITS.key_file_bytes,
)  # fmt: skip


@pytest.mark.parametrize("text", BROKEN)
def test_signers_that_cannot_be_read_let_nothing_count(text: str, folder: Path) -> None:
    laid(folder, attested())
    (folder / SIGNERS_FILE).write_text(text, "utf-8")
    found = grid(folder, at=NOON)

    assert found.trouble != ""
    assert not found.rows


@pytest.mark.parametrize(
    ("later", "held"),
    [
        (LIMITS.conformance_attestation_age, Held.PASSED),
        (LIMITS.conformance_attestation_age + timedelta(seconds=1), Held.OLD),
        (timedelta(days=-1), Held.REFUSED),  # signed in the future
    ],
)
def test_a_run_counts_for_a_year(later: timedelta, held: Held, folder: Path) -> None:
    laid(folder, attested())

    assert cell(grid(folder, at=NOON + later)).held is held


def test_an_old_run_of_another_signer_is_refused_and_not_merely_old(folder: Path) -> None:
    laid(folder, attested(signer=MALAY))

    assert cell(grid(folder, at=NOON + timedelta(days=400))).held is Held.REFUSED


def test_a_run_that_failed_or_left_cases_out_or_is_of_another_profile_is_refused(folder: Path) -> None:
    case = refused_case()
    few = record([judged(one, as_it_must(one)) for one in cases(3)], at=NOON)
    for made in (record([judged(case, accepted(case))], at=NOON), few, replace(WHOLE, chosen_by=("qr",))):
        laid(folder, attested(made))

        assert cell(grid(folder, at=NOON)).held is Held.REFUSED
    laid(folder, attested(), profile=Profile.ISSUER)
    assert cell(grid(folder, at=NOON), profile=Profile.ISSUER).held is Held.REFUSED


def test_a_whole_run_of_the_pinned_signer_passes_and_says_how_old_it_is(folder: Path) -> None:
    laid(folder, attested())
    found = cell(grid(folder, at=NOON + timedelta(days=3)))

    assert (found.held, found.days, found.corpus) == (Held.PASSED, 3, shipped().version)
    assert found.passed == found.cases == len(cases())
    assert found.why == ""


def test_a_run_with_waivers_says_so(folder: Path) -> None:
    case = refused_case()
    results = [
        judged(one, accepted(one), waiver="until May") if one == case else judged(one, as_it_must(one))
        for one in cases()
    ]
    laid(folder, attested(record(results, at=NOON, waivers={case.id: "until May"})))
    found = cell(grid(folder, at=NOON))

    assert (found.held, found.waivers) == (Held.WAIVED, 1)


def test_every_state_and_profile_has_a_cell_and_an_empty_folder_is_empty(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "nowhere"):
        found = grid(place, at=NOON)

        assert found.is_empty
        assert list(found.rows) == sorted(MemberState)
        assert all([one.profile for one in cells] == list(Profile) for cells in found.rows.values())


def shown(desk: Desk, folder: Path | None, *, language: str = "en") -> str:
    desk.node.settings = desk.node.settings.model_copy(update={"conformance_directory": folder})
    desk.node.app = create_app(desk.node.settings, clock=desk.node.clock)
    answer = desk.signed_in().browse("GET", f"/console?lang={language}")
    assert answer.status_code == 200, answer.text
    return answer.text


def test_the_page_explains_that_no_folder_is_named(desk: Desk) -> None:
    assert "IDBRIDGE_CONFORMANCE_DIRECTORY" in shown(desk, None)


def test_the_page_explains_that_nothing_lies_in_the_folder(desk: Desk, folder: Path) -> None:
    assert "There is no attestation in the folder yet" in shown(desk, folder)


def test_the_page_says_that_the_signers_cannot_be_read(desk: Desk, folder: Path) -> None:
    (folder / SIGNERS_FILE).write_text("<script>", "utf-8")
    page = shown(desk, folder)

    assert "Nobody can tell whose signatures count" in page
    assert "<script>" not in page


@pytest.mark.parametrize("language", FULL)
def test_the_page_shows_the_grid_in_every_language_and_nothing_of_it_is_markup(
    language: str, desk: Desk, folder: Path
) -> None:
    nasty = replace(WHOLE, description=Description("<script>alert(1)</script>", "1"), chosen_by=("<script>x</script>",))
    laid(folder, attested(nasty))
    laid(folder, attested(signer=MALAY), state=MY)
    page = shown(desk, folder, language=language)

    assert 'class="passed"' in page
    assert 'class="refused"' in page
    assert "<script>x</script>" not in page
    assert "chosen by <script>x</script>" in unescape(page)
