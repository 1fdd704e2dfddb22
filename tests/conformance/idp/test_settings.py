"""Settings of a provider under test: what is not in order is refused before anybody is asked anything."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from idbridge.conformance.targets.idp.settings import SCHEMA, IdpSettings, Registered, read_settings
from idbridge.crypto.signer import generate
from idbridge.errors import ConfigurationError
from idbridge.limits import LIMITS
from idbridge.model.region import CommitmentTier

CLIENTS = (Registered("one", generate("ES256")), Registered("two", None, "secret"))


def settings(**changes: Any) -> IdpSettings:
    good: dict[str, Any] = {
        "tier": CommitmentTier.T3,
        "redirect_uri": "http://127.0.0.1:4444/callback",
        "clients": CLIENTS,
        "algorithms": frozenset({"ES256"}),
    }
    return IdpSettings(**{**good, **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {"clients": CLIENTS[:1]},
        {"clients": (CLIENTS[0], CLIENTS[0])},
        {"algorithms": frozenset()},
        {"redirect_uri": ""},
        {"tier": CommitmentTier.T0},
        {"interactive": True, "login_command": "walk"},
        {"patience": LIMITS.conformance_wait + timedelta(seconds=1)},
    ],
    ids=["one", "twins", "algorithm", "redirect", "tier", "walks", "patience"],
)
def test_settings_that_cannot_be_worked_with_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        settings(**changes)


def test_no_case_may_wait_longer_than_the_limit_and_one_may_as_long() -> None:
    assert settings(patience=LIMITS.conformance_wait).patience == LIMITS.conformance_wait


def test_a_client_has_a_key_or_a_secret_and_not_both() -> None:
    with pytest.raises(ValueError, match="not both"):
        Registered("both", CLIENTS[0].signer, "secret")
    with pytest.raises(ValueError, match="not both"):
        Registered("neither")


def written(place: Path, **changes: Any) -> Path:
    for number, client in enumerate((generate("ES256"), generate("ES256")), start=1):
        key = place / f"key-{number}.pem"
        key.write_text(client.pem())
        key.chmod(0o600)
    secret = place / "secret"
    secret.write_text("s" * 43)
    secret.chmod(0o600)
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "tier": "T3",
        "redirect_uri": "http://127.0.0.1:4444/callback",
        "algorithms": ["ES256"],
        "clients": [
            {"client_id": "one", "key_file": "key-1.pem", "kid": "registered"},
            {"client_id": "two", "key_file": "key-2.pem"},
        ],
        "person": {"login": "guest"},
        "decryption_key_file": "key-2.pem",
        "patience_seconds": 120,
        **changes,
    }
    path = place / "idp.json"
    path.write_text(json.dumps({name: value for name, value in document.items() if value is not None}))
    return path


@pytest.mark.parametrize(
    "changes",
    [
        {"schema": "another"},
        {"tier": None},
        {"tier": "T9"},
        {"another_member": 1},
        {"redirect_uri": 7},
        {"patience_seconds": 10**30},
        {"patience_seconds": 1e308},
        {"clients": [{"client_id": "one"}]},
        {"clients": [{"client_id": "one", "key_file": "absent.pem"}, {"client_id": "two", "key_file": "key-2.pem"}]},
        {"clients": 3},
    ],
    ids=str,
)
def test_a_file_that_is_not_in_order_is_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        read_settings(written(tmp_path, **changes))


def test_a_file_that_is_absent_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError):
        read_settings(tmp_path / "absent.json")


def test_a_file_says_what_options_do_not(tmp_path: Path) -> None:
    clients = [{"client_id": "one", "secret_file": "secret"}, {"client_id": "two", "key_file": "key-1.pem"}]
    read = read_settings(written(tmp_path, clients=clients, tier="T2"), login_command="walk --fast", hosts=None)

    assert (read.tier, read.fapi, read.login_command) == (CommitmentTier.T2, False, "walk --fast")
    assert (read.clients[0].secret, read.clients[0].signer) == ("s" * 43, None)
    assert not read.walked_by_forms
    assert read.patience == timedelta(minutes=2)
    assert len(read.decryption_keys) == 1


def test_a_key_has_the_id_under_which_it_was_registered(tmp_path: Path) -> None:
    signer = read_settings(written(tmp_path)).clients[0].signer

    assert signer is not None
    assert signer.kid == "registered"
