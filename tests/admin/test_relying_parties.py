"""The admin API: operators change the registry, not each other's work, and every key is told once."""

import hashlib
import json
from typing import Any

import pytest

from idbridge.limits import LIMITS
from tests.admin.conftest import PATH, Admin
from tests.gateway.asking import problem_of
from tests.gateway.clocks import NOON
from tests.registry.kit import ASKED, CLIENT, DIGEST, LEAST, NEEDY, WHOLE


def dump(admin: Admin) -> str:
    tables = ("registry", "relying_parties", "oidc_clients", "api_keys", "registry_changes")
    assert admin.database is not None
    return str(admin.database.said(*(f"SELECT * FROM {table}" for table in tables)))  # noqa: S608 - our own names


@pytest.mark.parametrize(
    ("method", "path"), [("GET", ""), ("POST", ""), ("GET", "/bakery"), ("PATCH", "/bakery"), ("PATCH", "/nobody")]
)
@pytest.mark.parametrize("changes", [None, {"roles": ["staff"]}, {"aud": "another"}])
def test_nobody_but_an_operator_learns_or_changes_anything(
    admin: Admin, method: str, path: str, changes: dict[str, Any] | None
) -> None:
    assert admin.ask("POST", given=LEAST).status_code == 201
    before = dump(admin)
    token = None if changes is None else admin.issuer.token(**changes)

    response = admin.ask(method, path, token=token, given={**LEAST, "id": "cafe"})

    assert response.status_code == (403 if changes and "roles" in changes else 401)
    assert "bakery" not in response.text
    assert dump(admin) == before


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        (b"", 400, "input.request_malformed"),
        (b"[]", 400, "input.request_malformed"),
        (b'{"id":"a","id":"b"}', 400, "input.request_malformed"),
        ({**LEAST, "minimum_levle": "A3"}, 400, "input.request_malformed"),
        ({**LEAST, "id": "'; DROP TABLE relying_parties; --"}, 400, "input.request_malformed"),
        ({**LEAST, "state": "XX"}, 400, "input.request_malformed"),
        ({**LEAST, "api_key_digests": ["a" * 64]}, 400, "input.request_malformed"),
        ({**LEAST, "environment": "live"}, 400, "input.request_malformed"),
        ({**LEAST, "name": "idb_live_x_" + "s" * 43}, 400, "input.request_malformed"),
        ({**LEAST, "webhook": "http://10.0.0.1/hook"}, 400, "input.request_malformed"),
        ({**LEAST, "contact": "x" * LIMITS.registration_bytes}, 413, "input.body_too_large"),
    ],
)
def test_a_document_that_is_no_registration_registers_nobody(admin: Admin, given: Any, status: int, code: str) -> None:
    before = dump(admin)

    response = admin.ask("POST", given=given)

    assert problem_of(response, status) == code
    assert "DROP TABLE" not in response.text
    assert "s" * 43 not in response.text
    assert dump(admin) == before


def test_a_body_is_json_and_an_address_takes_no_query(admin: Admin) -> None:
    assert problem_of(admin.ask("POST", given=LEAST, content_type="text/plain"), 415) == "input.media_type"
    assert problem_of(admin.ask("POST", "?x=1", given=LEAST), 400) == "input.request_malformed"


def test_a_registered_party_is_told_its_key_once_and_may_ask_at_once(admin: Admin) -> None:
    response = admin.ask("POST", given=ASKED)

    made = response.json()
    assert (response.status_code, response.headers["location"]) == (201, f"{PATH}/bakery")
    assert response.headers["etag"] == '"1"'
    assert response.headers["cache-control"] == "no-store"
    registry = admin.node.app.state.parts.registry
    assert registry.authenticate(f"Bearer {made['api_key']}".encode()).id == "bakery"
    assert made["client_secrets"].keys() == {"bakery-till"}
    shown = [admin.ask("GET").text, admin.ask("GET", "/bakery").text, dump(admin)]
    for secret in (made["api_key"], made["client_secrets"]["bakery-till"]):
        assert not [text for text in shown if secret in text]
        assert hashlib.sha256(secret.encode()).hexdigest() in shown[2]
        assert hashlib.sha256(secret.encode()).hexdigest() not in shown[1]


def test_an_id_that_is_taken_is_taken(admin: Admin) -> None:
    admin.ask("POST", given=ASKED)

    assert problem_of(admin.ask("POST", given=LEAST), 409) == "input.already_registered"
    thief = {**LEAST, "id": "thief", "oidc_clients": [CLIENT]}
    assert problem_of(admin.ask("POST", given=thief), 409) == "input.already_registered"


@pytest.mark.parametrize("party_id", ["nobody", "a" * 600, "%27%3B%20DROP%20TABLE%20x"])
def test_nobody_is_shown_or_changed_who_is_not_there(admin: Admin, party_id: str) -> None:
    assert admin.ask("GET", f"/{party_id}").status_code in (400, 404)
    assert admin.patch(party_id, 1, {"enabled": False}).status_code in (400, 404)


def test_a_change_says_which_version_it_is_of(admin: Admin) -> None:
    admin.ask("POST", given=ASKED)

    assert problem_of(admin.ask("PATCH", "/bakery", given={}), 428) == "input.version_missing"
    for stale in ("*", "1", '"1', 'W/"1"', '"2"', '"0"', '"1", "2"', '"99999999999"'):
        response = admin.ask("PATCH", "/bakery", given={"name": "Other"}, if_match=stale)
        assert problem_of(response, 412) == "input.version_stale"
    assert admin.ask("GET", "/bakery").json()["name"] == WHOLE["name"]


def test_of_two_operators_who_saw_the_same_the_second_is_told(admin: Admin) -> None:
    seen = admin.ask("POST", given=ASKED).headers["etag"]

    first = admin.ask("PATCH", "/bakery", given={"name": "First"}, if_match=seen)
    second = admin.ask("PATCH", "/bakery", given={"name": "Second"}, if_match=seen)

    assert (first.status_code, first.headers["etag"]) == (200, '"2"')
    assert problem_of(second, 412) == "input.version_stale"
    assert admin.ask("GET", "/bakery").json()["name"] == "First"


@pytest.mark.parametrize(
    "patch",
    [
        {"id": "cafe"},
        {"policy_version": 9},
        {"version": 9},
        {"api_keys": []},
        {"name": None},
        {"purposes": []},
        {"minimum_levle": "A3"},
        {"enabled": "no"},
        {"enabled": None},
        {"minimum_level": None},
        {"limits": None, "minimum_level": None},
        {"rotate_api_key": True},
        {"rotate_api_key": {}},
        {"rotate_api_key": {"overlap_days": -1}},
        {"rotate_api_key": {"overlap_days": True}},
        {"rotate_api_key": {"overlap_days": LIMITS.api_key_overlap.days + 1}},
        {"rotate_api_key": {"overlap_days": 1, "key": "mine"}},
        {"oidc_clients": [{**CLIENT, "redirect_uris": ["https://*.example/"]}]},
    ],
)
def test_a_change_that_would_make_it_no_registration_is_refused(admin: Admin, patch: dict[str, Any]) -> None:
    admin.ask("POST", given=ASKED)
    before = dump(admin)

    assert problem_of(admin.patch("bakery", 1, patch), 400) == "input.request_malformed"
    assert dump(admin) == before


def test_a_party_that_is_switched_off_is_out_at_once(admin: Admin) -> None:
    key = admin.ask("POST", given=ASKED).json()["api_key"]

    assert admin.patch("bakery", 1, {"enabled": False}).json()["enabled"] is False

    head = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    asked = admin.node.send("POST", "/v1/verify", body={}, headers=head)
    assert problem_of(asked, 403) == "policy.relying_party_disabled"
    assert admin.patch("bakery", 2, {"enabled": True}).status_code == 200
    assert problem_of(admin.node.send("POST", "/v1/verify", body={}, headers=head), 400)


def test_null_neither_lets_a_party_in_again_nor_lowers_its_level(admin: Admin) -> None:
    admin.ask("POST", given={**ASKED, "minimum_level": "A3", "enabled": False})

    for patch in ({"enabled": None}, {"minimum_level": None}, {"name": "Other", "enabled": None}):
        assert problem_of(admin.patch("bakery", 1, patch), 400) == "input.request_malformed"
    now = admin.ask("GET", "/bakery").json()
    assert (now["enabled"], now["minimum_level"], now["version"]) == (False, "A3", 1)


@pytest.mark.parametrize("party_id", ["%00", "bakery%00", "%EF%BF%BD", "Bakery", "a" * 64])
def test_an_id_that_nobody_can_have_is_nobodys_and_no_fault_of_the_database(admin: Admin, party_id: str) -> None:
    admin.ask("POST", given=ASKED)

    assert problem_of(admin.ask("GET", f"/{party_id}"), 404) == "input.not_found"
    assert problem_of(admin.patch(party_id, 1, {"enabled": False}), 404) == "input.not_found"


def test_a_change_merges_and_null_takes_away(admin: Admin) -> None:
    admin.ask("POST", given=ASKED)
    patch = {"clients": {"https://login.my.example": ["at-my"]}, "limits": None, "minimum_level": "A2", "webhook": None}

    now = admin.patch("bakery", 1, patch).json()

    assert now["clients"] == {**WHOLE["clients"], "https://login.my.example": ["at-my"]}
    assert (now["limits"], now["webhook"], now["minimum_level"]) == (None, None, "A2")
    assert (now["policy_version"], now["version"]) == (WHOLE["policy_version"] + 1, 2)
    assert now["contact"] == WHOLE["contact"]


def test_what_was_read_may_be_sent_back_and_secrets_stay(admin: Admin) -> None:
    admin.ask("POST", given=ASKED)
    kept = admin.rows("SELECT document FROM oidc_clients ORDER BY id")
    clients = admin.ask("GET", "/bakery").json()["oidc_clients"]

    same = admin.patch("bakery", 1, {"oidc_clients": clients})
    more = admin.patch("bakery", 1, {"oidc_clients": [*clients, {**NEEDY, "id": "second"}]})

    assert (same.status_code, same.headers["etag"]) == (200, '"1"')
    assert "client_secrets" not in same.json()
    assert more.json()["client_secrets"].keys() == {"second"}
    now = admin.rows("SELECT document FROM oidc_clients ORDER BY id")
    assert [row for row in now if row in kept] == kept


def test_a_rotated_key_is_told_once_and_the_old_one_ends_when_it_was_said(admin: Admin) -> None:
    first = admin.ask("POST", given=ASKED).json()["api_key"]

    response = admin.patch("bakery", 1, {"rotate_api_key": {"overlap_days": 2}})

    second = response.json()["api_key"]
    registry = admin.node.app.state.parts.registry
    assert {registry.authenticate(f"Bearer {key}".encode()).id for key in (first, second)} == {"bakery"}
    assert [key["expires_at"] for key in response.json()["api_keys"]] == ["2026-06-03T12:00:00Z", None]
    third = admin.patch("bakery", 2, {"rotate_api_key": {"overlap_days": 0}}).json()
    assert [key["last_four"] for key in third["api_keys"]] == [third["api_key"][-4:]]


def test_every_change_leaves_a_line_that_names_no_person(admin: Admin) -> None:
    admin.ask("POST", given=ASKED)
    admin.patch("bakery", 1, {"name": "Other"})
    admin.patch("bakery", 2, {"enabled": False}, token=admin.issuer.token(sub="somchai"))

    lines = admin.rows("SELECT at, actor, act, version, changed FROM registry_changes ORDER BY number")

    actors = [str(line[1]) for line in lines]
    assert [line[2] for line in lines] == ["add", "change", "change"]
    assert actors[0] == actors[1] != actors[2]
    assert all(actor.startswith("operator:") and len(actor) == len("operator:") + 64 for actor in actors)
    assert json.loads(str(lines[1][4])) == {"name": {"from": WHOLE["name"], "to": "Other"}}
    assert not [word for word in ("malee", "Malee", "somchai", DIGEST) if word in str(lines)]
    assert str(lines[0][0]).startswith(NOON.date().isoformat())


def test_a_database_that_is_down_is_said_and_what_is_in_force_stays(admin: Admin) -> None:
    key = admin.ask("POST", given=ASKED).json()["api_key"]
    admin.rows("DROP TABLE registry")

    for response in (admin.ask("GET"), admin.ask("POST", given=LEAST), admin.patch("bakery", 1, {"enabled": False})):
        assert problem_of(response, 503) == "system.overloaded"
        assert response.headers["retry-after"]

    registry = admin.node.app.state.parts.registry
    assert registry.authenticate(f"Bearer {key}".encode()).id == "bakery"


def test_the_list_shows_everybody_with_the_version_of_each(admin: Admin) -> None:
    admin.ask("POST", given=ASKED)
    admin.ask("POST", given={**LEAST, "id": "cafe"})

    listed = admin.ask("GET").json()

    assert [(one["id"], one["version"]) for one in listed["relying_parties"]] == [("bakery", 1), ("cafe", 1)]
    assert listed["schema"] == "idbridge-registrations-1"
    assert DIGEST not in admin.ask("GET").text


def test_nobody_is_registered_or_changed_under_a_name_of_the_node(admin: Admin) -> None:
    own = admin.node.settings.node_url
    assert admin.ask("POST", given=LEAST).status_code == 201
    before = dump(admin)

    answers = [
        admin.ask("POST", given={**LEAST, "id": "cafe", "audiences": [own]}),
        admin.ask("PATCH", "/bakery", given={"audiences": [own]}, if_match='"1"'),
    ]
    assert [problem_of(answer, 400) for answer in answers] == ["input.request_malformed"] * 2
    assert dump(admin) == before


@pytest.mark.parametrize(
    "brought",
    [
        {"secret_digest": DIGEST},
        {"secret_digest": None},
        {"ending_secret": {"digest": DIGEST, "until": "2099-01-01T00:00:00Z"}},
        {"ending_secret": None},
    ],
)
def test_no_operator_brings_a_secret_or_its_digest_along(admin: Admin, brought: dict[str, Any]) -> None:
    asked = {"oidc_clients": [{**NEEDY, **brought}]}
    assert problem_of(admin.ask("POST", given={**LEAST, **asked}), 400) == "input.request_malformed"
    admin.ask("POST", given={**LEAST, "oidc_clients": [NEEDY]})
    before = dump(admin)

    assert problem_of(admin.patch("bakery", 1, asked), 400) == "input.request_malformed"
    assert dump(admin) == before
    assert admin.ask("GET", "/bakery").json()["ending_secrets"] == []
