"""The guide to the console names the settings that there are, all of them, and the numbers that the code keeps."""

import re
import tomllib

from idbridge.conformance.profiles import Profile
from idbridge.limits import LIMITS
from idbridge.model.request import THUMBPRINT
from idbridge_gateway.console.attestations import ENDING, SIGNERS_FILE
from idbridge_gateway.console.overview import PATH
from idbridge_gateway.console.sign_in import CALLBACK
from idbridge_gateway.settings import Settings
from tests.engines import REPOSITORY

GUIDE = (REPOSITORY / "docs" / "console.md").read_text(encoding="utf-8")


def test_every_setting_of_operators_is_named_and_no_other() -> None:
    named = set(re.findall(r"`(IDBRIDGE_OPERATOR_[A-Z_]+)`", GUIDE))

    assert named == {f"IDBRIDGE_{name.upper()}" for name in Settings.model_fields if name.startswith("operator_")}


def test_addresses_and_spans_are_those_of_the_code() -> None:
    assert f"`{PATH}`" in GUIDE
    assert f"{CALLBACK}`" in GUIDE
    assert LIMITS.counted_for.days == 7
    assert "seven days" in GUIDE
    assert LIMITS.operator_session.total_seconds() == 1800
    assert "half an hour" in GUIDE
    assert Settings.model_fields["operator_role_claim"].default == "roles"


def test_the_folder_of_attestations_is_named_with_the_ages_and_files_of_the_code() -> None:
    example = tomllib.loads(GUIDE.partition("```toml\n")[2].partition("```")[0])

    assert "`IDBRIDGE_CONFORMANCE_DIRECTORY`" in GUIDE
    assert "conformance_directory" in Settings.model_fields
    assert f"`{SIGNERS_FILE}`" in GUIDE
    assert f"`TH/{Profile.VERIFIER}{ENDING}`" in GUIDE
    assert f"for {LIMITS.conformance_attestation_age.days} days" in GUIDE
    assert all(re.fullmatch(THUMBPRINT, one) for one in example["signers"]["TH"])
