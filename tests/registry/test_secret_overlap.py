"""Client secrets at a rotation: two at once for a bounded time, and never a third."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from idbridge.errors import RequestError
from idbridge.limits import LIMITS
from idbridge.model.randomness import SystemRandomness
from idbridge.model.region import Environment
from idbridge.oidc.client import EndingSecret, OidcClient
from idbridge.oidc.client_authentication import PresentedClient, authenticate
from idbridge.oidc.errors import OAuthError
from idbridge_gateway.registration import read_registrations, write_registrations
from idbridge_gateway.registry.api_keys import NewSecret, new_secret, with_new_secret, with_secrets
from idbridge_gateway.registry.changes import changed_members
from idbridge_gateway.registry.form import registration_document, shown_document
from idbridge_gateway.registry.record import Registration
from tests.gateway.clocks import NOON
from tests.registry.kit import LEAST, NEEDY, SECRET_CLIENT, registration
from tests.registry.test_commands import called

WEEK = timedelta(days=7)


def party(**client: Any) -> Registration:
    return registration(oidc_clients=[{**SECRET_CLIENT, **client}])


def rotated(held: Registration, *, overlap: timedelta = WEEK, at: Any = NOON) -> tuple[Registration, NewSecret]:
    secret = new_secret(SystemRandomness())
    return with_new_secret(held, SECRET_CLIENT["id"], secret, at=at, overlap=overlap), secret


def is_let_in(client: OidcClient, secret: str, *, at: Any) -> bool:
    try:
        authenticate(PresentedClient(client.id, secret=secret), client, issuer="https://node.example", at=at)
    except OAuthError:
        return False
    return True


def test_both_secrets_are_good_before_the_overlap_ends_and_the_new_one_alone_from_then_on() -> None:
    first, old = rotated(party(), overlap=timedelta(0))
    second, new = rotated(first)
    (client,) = second.clients

    last = NOON + WEEK - timedelta(seconds=1)
    assert [is_let_in(client, one.text, at=last) for one in (old, new)] == [True, True]
    assert [is_let_in(client, one.text, at=NOON + WEEK) for one in (old, new)] == [False, True]
    assert not is_let_in(client, "x" * 43, at=NOON)
    assert not is_let_in(client, "", at=NOON)
    assert not is_let_in(replace(client, enabled=False), old.text, at=NOON)


def test_without_an_overlap_the_old_secret_ends_at_once() -> None:
    first, old = rotated(party())
    second, _ = rotated(first, overlap=timedelta(0))

    assert not is_let_in(second.clients[0], old.text, at=NOON)


def test_of_three_secrets_the_oldest_is_good_no_more() -> None:
    first, oldest = rotated(party())
    second, old = rotated(first)
    third, new = rotated(second)

    assert [is_let_in(third.clients[0], one.text, at=NOON) for one in (oldest, old, new)] == [False, True, True]


@pytest.mark.parametrize("overlap", [timedelta(seconds=-1), LIMITS.api_key_overlap + timedelta(seconds=1)])
def test_an_overlap_is_bounded(overlap: timedelta) -> None:
    with pytest.raises(RequestError) as caught:
        rotated(party(), overlap=overlap)
    assert caught.value.code == "input.request_malformed"


def test_a_client_that_is_not_there_or_has_a_key_gets_no_secret() -> None:
    with pytest.raises(RequestError) as caught:
        rotated(registration(oidc_clients=[]))
    assert caught.value.code == "input.request_malformed"


@pytest.mark.parametrize(
    "ending",
    [
        "x",
        {},
        {"digest": "0" * 64},
        {"digest": "0" * 63, "until": "2027-01-01T00:00:00Z"},
        {"digest": "0" * 64, "until": None},
        {"digest": "0" * 64, "until": "soon"},
        {"digest": "0" * 64, "until": "2027-01-01T00:00:00Z", "secret": "x"},
    ],
)
def test_an_ending_secret_is_written_in_one_form_or_refused(ending: Any) -> None:
    with pytest.raises(RequestError) as caught:
        party(ending_secret=ending)
    assert caught.value.code == "input.request_malformed"


def test_an_ending_secret_is_kept_with_its_end_and_is_not_shown(tmp_path: Path) -> None:
    made, _ = rotated(party())
    path = tmp_path / "parties.json"
    write_registrations(path, [made], environment=Environment.SANDBOX)

    (read,) = read_registrations(path, environment=Environment.SANDBOX)
    assert read.clients == made.clients
    ending = read.clients[0].ending_secret
    assert ending == EndingSecret(SECRET_CLIENT["secret_digest"], NOON + WEEK)
    assert SECRET_CLIENT["secret_digest"] not in json.dumps(registration_document(made))


def test_a_change_of_the_registration_leaves_both_secrets() -> None:
    made, _ = rotated(party())
    completed, told = with_secrets({**LEAST, "oidc_clients": [NEEDY]}, SystemRandomness(), held=made)

    assert registration(**completed).clients[0].secret_digests(NOON) == made.clients[0].secret_digests(NOON)
    assert not told


def test_a_command_rotates_the_secret_of_a_client_and_shows_it_once(tmp_path: Path) -> None:
    file = tmp_path / "parties.json"
    env: Mapping[str, str | None] = {
        "IDBRIDGE_RELYING_PARTIES_FILE": str(file),
        "IDBRIDGE_ENVIRONMENT": "sandbox",
        "IDBRIDGE_DATABASE_URL": None,
    }
    given = json.dumps({**LEAST, "oidc_clients": [NEEDY]})
    added = called("rp", "add", "-", "--json", env=env, given=given)
    (before,) = json.loads(added.stdout)["results"]
    keys = read_registrations(file, environment=Environment.SANDBOX)[0].api_keys
    client = NEEDY["id"]

    nobody = called("rp", "rotate-key", LEAST["id"], "--client", "nobody", env=env)
    assert nobody.exit_code == 5
    done = called("rp", "rotate-key", LEAST["id"], "--client", client, "--json", env=env)
    (after,) = json.loads(done.stdout)["results"]

    (held,) = read_registrations(file, environment=Environment.SANDBOX)
    shown = called("rp", "show", LEAST["id"], env=env).stdout
    assert f"former secret until {after['ending_secrets'][0]['until']}" in shown
    assert held.clients[0].ending_secret is not None
    assert held.clients[0].ending_secret.digest not in shown
    assert held.api_keys == keys
    secrets = [before["client_secrets"][client], after["client_secrets"][client]]
    digests = held.clients[0].secret_digests(held.clients[0].ending_secret.until - timedelta(seconds=1))
    assert [NewSecret(text).digest for text in reversed(secrets)] == list(digests)
    assert secrets[1] not in file.read_text(encoding="utf-8")


def test_however_late_its_end_an_old_secret_is_good_for_the_longest_overlap_and_no_longer() -> None:
    end = NOON + timedelta(days=9000)
    ending = EndingSecret("0" * 64, end)
    start = end - LIMITS.api_key_overlap
    instants = (NOON, start - timedelta(seconds=1), start, end - timedelta(seconds=1), end)

    assert [ending.is_good(at) for at in instants] == [False, False, True, True, False]
    (client,) = party(ending_secret={"digest": "0" * 64, "until": "2099-01-01T00:00:00Z"}).clients
    assert client.secret_digests(NOON) == (SECRET_CLIENT["secret_digest"],)


@pytest.mark.parametrize("name", ["secret_digest", "ending_secret"])
@pytest.mark.parametrize("value", [None, "0" * 64, {"digest": "0" * 64, "until": "2026-07-01T00:00:00Z"}])
@pytest.mark.parametrize("held", [None, party()])
def test_nobody_brings_the_digest_of_a_secret_along(name: str, value: Any, held: Registration | None) -> None:
    asked = {**LEAST, "oidc_clients": [{**NEEDY, name: value}]}

    with pytest.raises(RequestError) as caught:
        with_secrets(asked, SystemRandomness(), held=held)
    assert caught.value.code == "input.request_malformed"
    assert name in str(caught.value)


def test_a_change_of_the_secret_that_ends_is_recorded_and_shown_without_its_digest() -> None:
    first = party()
    second, _ = rotated(first)
    (client,) = second.clients
    other = replace(second, clients=(replace(client, ending_secret=EndingSecret("7" * 64, NOON + WEEK)),))
    ended = replace(second, clients=(replace(client, ending_secret=None),))

    until = [{"client": SECRET_CLIENT["id"], "until": "2026-06-08T12:00:00Z"}]
    assert shown_document(second)["ending_secrets"] == until
    assert changed_members(first, second) == {
        "ending_secrets": {"from": [], "to": until}, "secrets_changed": [SECRET_CLIENT["id"]],
    }  # fmt: skip
    assert changed_members(second, other) == {"secrets_changed": [SECRET_CLIENT["id"]]}
    assert changed_members(second, ended) == {
        "ending_secrets": {"from": until, "to": []}, "secrets_changed": [SECRET_CLIENT["id"]],
    }  # fmt: skip
    assert "7" * 64 not in json.dumps(shown_document(other))
