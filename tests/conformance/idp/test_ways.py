"""Ways to a target and through its login: by settings in a file, by commands of an operator, and by a person."""

import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

from idbridge.conformance.answer import Fault, FaultKind
from idbridge.conformance.corpus import shipped
from idbridge.conformance.judge import Outcome, judged
from idbridge.conformance.opening import Surroundings, opened, parse_address
from idbridge.conformance.profiles import Profile
from idbridge.conformance.targets.idp.settings import SCHEMA, Registered
from idbridge.conformance.targets.idp.target import IdpTarget
from idbridge.conformance.targets.idp.walks import FormWalk
from idbridge.conformance.targets.idp.wire import Place, Wire
from idbridge.errors import ConfigurationError
from idbridge.sandbox.idp.desk import Desk
from idbridge.sandbox.idp.web import Answer, WebRequest
from tests.conformance.idp.kit import FAPI, PLAIN, Answering, Hand, Standing, cases, free_port, honest, standing

_WALK = """
import sys
from idbridge.conformance.targets.idp.walks import FormWalk
from idbridge.conformance.targets.idp.wire import Place, Wire
issuer, url, end = sys.argv[1:4]
landing = FormWalk(Wire(Place(issuer, url)).browser(), person={}).walk(sys.argv[4], ends=(end,))
print(f"{landing.address}?{landing.query}" if landing.address else '{"refused": true}' if landing.refused else "lost")
sys.exit(0 if landing.address else 1)
"""
_ROTATE = """
import sys, httpx2
sys.exit(0 if httpx2.post(f"{sys.argv[1]}/sandbox/keys/{sys.argv[2]}", trust_env=False).is_success else 1)
"""


def script(place: Path, name: str, code: str, *arguments: str) -> str:
    path = place / name
    path.write_text(code)
    return " ".join([sys.executable, str(path), *arguments])


def outcome(target: IdpTarget, name: str) -> Outcome:
    return judged(cases()[name], target.answer(cases()[name])).outcome


def target(stands: Standing, **changes: Any) -> IdpTarget:
    settings = replace(stands.settings, **changes)
    return IdpTarget(stands.url, settings, clock=stands.clock, pause=stands.clock.pause)


def test_a_command_logs_in_and_another_exchanges_the_keys(tmp_path: Path) -> None:
    with standing(FAPI) as stands:
        walk = script(
            tmp_path, "walk.py", _WALK, stands.settings.issuer or "", stands.url, stands.settings.redirect_uri
        )
        rotate = script(tmp_path, "rotate.py", _ROTATE, stands.url)
        by_commands = target(stands, login_command=walk, rotate_command=rotate)

        assert outcome(by_commands, "idp-login") is Outcome.PASSED
        assert outcome(by_commands, "idp-request-uri-other-client") is Outcome.PASSED
        assert outcome(by_commands, "idp-rotation-used") is Outcome.PASSED
        assert {"logout", "logout-token", "person-refuses"} <= by_commands.describe().not_implemented


def test_a_command_that_cannot_exchange_the_keys_is_a_fault(tmp_path: Path) -> None:
    with standing(FAPI) as stands:
        rotate = script(tmp_path, "rotate.py", "raise SystemExit(3)")
        answer = target(stands, rotate_command=rotate).answer(cases()["idp-rotation-used"]).answer

    assert isinstance(answer, Fault)
    assert answer.kind is FaultKind.CRASH


def test_a_person_logs_in_while_the_suite_listens_at_the_redirect_uri() -> None:
    with standing(FAPI) as stands:
        settings = replace(stands.settings, interactive=True)
        end = settings.redirect_uri

        def person(url: str) -> None:
            wire = Wire(Place(settings.issuer or "", stands.url)).browser()
            landing = FormWalk(wire, person={}).walk(url, ends=(end,))
            httpx2.get(f"{end}?{landing.query}", trust_env=False)

        by_a_person = IdpTarget(stands.url, settings, clock=stands.clock, show=person)
        assert outcome(by_a_person, "idp-login") is Outcome.PASSED


def test_a_person_is_told_where_to_log_in_apart_from_the_results(capsys: pytest.CaptureFixture[str]) -> None:
    from idbridge.conformance.targets.idp.target import _tell

    _tell("https://login.example/authorize")

    said = capsys.readouterr()
    assert said.out == ""
    assert "https://login.example/authorize" in said.err


@pytest.mark.parametrize(
    ("changes", "tags"),
    [
        ({"levels": ()}, {"level"}),
        ({"refusal": {}}, {"person-refuses"}),
        ({"post_logout_redirect_uri": None}, {"logout"}),
        ({"backchannel_logout_uri": None}, {"logout-token"}),
        ({"not_offered": frozenset({"userinfo"})}, {"userinfo"}),
        ({}, {"rotation", "encryption", "client-secret", "t2"}),
    ],
    ids=["levels", "refusal", "logout", "back-channel", "said", "nothing"],
)
def test_what_cannot_be_tested_is_declared(changes: dict[str, Any], tags: set[str]) -> None:
    with standing(FAPI) as stands:
        assert tags <= target(stands, **changes).describe().not_implemented


@pytest.mark.parametrize("methods", [5, True, "client_secret_post", {"client_secret_post": 1}], ids=str)
def test_a_provider_whose_methods_are_no_list_is_not_called_one_of_two_methods(methods: Any) -> None:
    def odd(desk: Desk) -> Answering:
        def answering(request: WebRequest, at: datetime) -> Answer:
            told = honest(desk)(request, at)
            if not request.path.startswith("/.well-known/"):
                return told
            return replace(
                told,
                body=json.dumps(json.loads(told.body) | {"token_endpoint_auth_methods_supported": methods}).encode(),
            )

        return answering

    with standing(FAPI, make=odd) as stands:
        assert "two-methods" in stands.target.describe().not_implemented


def test_cases_that_wait_are_declared_where_nobody_has_the_patience() -> None:
    with standing(FAPI) as stands:
        hasty = target(stands, patience=type(stands.settings.patience)(seconds=60))

        assert "waits" in hasty.describe().not_implemented
        answer = hasty.answer(cases()["idp-code-expired"]).answer
    assert isinstance(answer, Fault)
    assert answer.kind is FaultKind.HANG


def test_settings_of_a_file_lead_to_a_target(tmp_path: Path) -> None:
    with standing(PLAIN, by_key=True) as stands:
        given = Surroundings(shipped(), tmp_path, stands.clock, written(stands, tmp_path))
        from_file = opened(parse_address(f"idp:{stands.url}"), Profile.ID_PROVIDER, given)

        assert from_file.describe().name == stands.settings.issuer
        assert judged(cases()["idp-login"], from_file.answer(cases()["idp-login"])).outcome is Outcome.PASSED


def test_a_provider_is_not_tested_without_settings(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError):
        opened(
            parse_address(f"idp:http://127.0.0.1:{free_port()}"),
            Profile.ID_PROVIDER,
            Surroundings(shipped(), tmp_path, Hand()),
        )


def written(stands: Standing, place: Path) -> Path:
    document: Mapping[str, Any] = {
        "schema": SCHEMA,
        "tier": stands.settings.tier.value,
        "issuer": stands.settings.issuer,
        "redirect_uri": stands.settings.redirect_uri,
        "algorithms": sorted(stands.settings.algorithms),
        "levels": list(stands.settings.levels),
        "clients": [_entry(client, place) for client in stands.settings.clients],
    }
    path = place / "idp.json"
    path.write_text(json.dumps(document))
    return path


def _entry(client: Registered, place: Path) -> dict[str, str]:
    assert client.signer is not None
    key = place / f"{client.id}.pem"
    key.write_text(client.signer.pem())
    key.chmod(0o600)
    return {"client_id": client.id, "key_file": key.name}
