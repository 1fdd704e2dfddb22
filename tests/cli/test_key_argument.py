"""A key's thumbprint that begins with a dash is taken for one, and a misspelt option stays refused."""

from collections.abc import Callable
from pathlib import Path

import pytest

from idbridge.cli.key_argument import KeyCommand
from idbridge.cli.trust_emergency import deny
from idbridge.cli.trust_explain import explain_trust
from tests.cli.ended import Ended

Run = Callable[..., Ended]
DASHED = ("-" + "a" * 42, "--" + "a" * 41, "-h" + "b" * 41, "-" * 43)


@pytest.mark.parametrize("thumbprint", DASHED)
def test_a_thumbprint_that_begins_with_a_dash_is_asked_for_like_any_other(
    run: Run, region: Path, thumbprint: str
) -> None:
    ended = run("trust", "explain", thumbprint, "--region", str(region), "--json")

    assert ended.code == 1
    assert ended.json["summary"]["asked"] == thumbprint


@pytest.mark.parametrize("argument", ["--jsn", "-a", "-" + "a" * 41, "-" + "a" * 41 + "="])
def test_what_has_another_form_and_begins_with_a_dash_is_an_option_that_is_refused(run: Run, argument: str) -> None:
    ended = run("trust", "explain", argument)

    assert ended.code == 2
    assert "no such option" in ended.err


def test_both_verbs_that_name_a_key_take_it_in_any_spelling() -> None:
    assert {type(explain_trust), type(deny)} == {KeyCommand}
