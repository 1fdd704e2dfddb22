"""The engines that tests rely on are real, answer, and are never silently absent under CI."""

import subprocess

import pytest

from tests import engines
from tests.engines import ENGINES, find_engine, require_engine, require_node_packages

VERSION_ARGUMENT = {"curl": "--version", "go": "version", "java": "-version", "javac": "-version"}


def test_an_absent_engine_fails_under_ci_and_says_what_to_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setattr(engines, "UNPACKED", engines.REPOSITORY / "nowhere")

    with pytest.raises(pytest.fail.Exception, match="run `make test`"):
        require_engine("php")


def test_an_absent_engine_is_a_skip_with_a_name_outside_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setattr(engines, "UNPACKED", engines.REPOSITORY / "nowhere")

    with pytest.raises(pytest.skip.Exception, match="`php` is absent"):
        require_engine("php")


def test_an_engine_that_nobody_named_is_a_mistake_of_the_test() -> None:
    with pytest.raises(LookupError, match="no engine mysql"):
        find_engine("mysql")


@pytest.mark.parametrize("name", ENGINES)
def test_every_engine_starts_and_says_its_version(name: str) -> None:
    program = require_engine(name)

    answer = subprocess.run(
        [program, VERSION_ARGUMENT.get(name, "--version")], capture_output=True, text=True, timeout=60, check=False
    )

    assert answer.returncode == 0
    assert any(character.isdigit() for character in answer.stdout + answer.stderr)


def test_the_node_of_the_environment_loads_every_peer_package() -> None:
    folder = require_node_packages()
    names = ("@sd-jwt/sd-jwt-vc", "@sd-jwt/crypto-nodejs", "oidc-provider", "jose")
    script = "; ".join(f"await import('{name}')" for name in names) + "; console.log(process.version)"

    answer = subprocess.run(
        [require_engine("node"), "--input-type=module", "-e", script],
        cwd=folder, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.startswith("v22.")
