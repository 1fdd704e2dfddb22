"""The profiles gateway and privacy: what they demand, and that our own node does it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from idbridge.clock import FixedClock
from idbridge.conformance.answer import Fault
from idbridge.conformance.case import ConformanceCase
from idbridge.conformance.corpus import shipped
from idbridge.conformance.judge import Outcome
from idbridge.conformance.making.gateway import cases
from idbridge.conformance.opening import Surroundings, opened, parse_address
from idbridge.conformance.profiles import Profile
from idbridge.conformance.requirements import Level
from idbridge.conformance.seed import CORPUS_INSTANT
from idbridge.conformance.targets.gateway.findings import refusal
from idbridge.conformance.targets.gateway.target import PROCEDURES, GatewayTarget
from idbridge.conformance.targets.gateway.wire import GatewayWire
from idbridge.conformance.targets.idp.wire import NoVerdictError, Reply
from idbridge.errors import ConfigurationError
from idbridge_gateway.serving import BackgroundServer
from tests.conformance.http.careless import Careless, Later, standing
from tests.conformance.http.kit import conformance_node, wire
from tests.conformance.live import bad, read_all, requirements, requirements_of, results
from tests.gateway.asking import node_in

BOTH = (Profile.GATEWAY, Profile.PRIVACY)
LOGINS = ("gw-login-whole", "gw-login-code-other-client")
HTML = {"content-type": "text/html"}
JSON = {"content-type": "application/json"}


def made(profile: Profile, folder: Path) -> tuple[ConformanceCase, ...]:
    return read_all(cases(profile), folder)


def by_id(found: tuple[ConformanceCase, ...]) -> Mapping[str, ConformanceCase]:
    return {case.id: case for case in found}


@pytest.mark.parametrize("profile", BOTH)
@pytest.mark.parametrize("server", [Careless, Later])
def test_a_server_that_says_the_same_to_everything_passes_nothing_by_accident(
    server: type[Careless], profile: Profile, tmp_path: Path
) -> None:
    asked = made(profile, tmp_path)
    with standing(server) as url:
        found = results(asked, GatewayTarget(wire(url), shipped()))

    passed = {one.case.id for one in found if one.outcome is Outcome.PASSED}
    assert passed <= {"gw-revoke-made-up"}  # RFC 7009 section 2.2: what nobody knows is revoked
    assert len(found) == len(asked) > 20


@pytest.mark.parametrize(("status", "headers"), [(500, HTML), (500, JSON), (302, HTML), (400, JSON), (404, {})])
def test_a_failure_of_the_server_and_a_refusal_without_a_word_are_no_refusals(
    status: int, headers: dict[str, str]
) -> None:
    with pytest.raises(NoVerdictError):
        refusal(Reply(status, headers, b"{}", "/"))


def test_a_refusal_is_read_by_the_word_of_its_address() -> None:
    told = refusal(Reply(400, JSON, b'{"error":"invalid_grant"}', "/"))
    page = refusal(Reply(400, HTML, b"<html>", "/"))

    assert told is not None
    assert told.code == "invalid_grant"
    assert page is not None
    assert page.code == "page"
    assert refusal(Reply(201, JSON, b"{}", "/")) is None


def test_a_gateway_that_was_not_started_for_the_suite_is_told_so(tmp_path: Path) -> None:
    given = Surroundings(shipped(), tmp_path, FixedClock(CORPUS_INSTANT))

    with BackgroundServer(node_in(tmp_path / "node").app) as server:
        for profile in BOTH:
            with pytest.raises(ConfigurationError, match="--conformance"):
                opened(parse_address(f"http:{server.url}"), profile, given)


def test_a_gateway_that_always_falls_over_passes_nothing(tmp_path: Path) -> None:
    async def falls(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            return
        status, body = (200, b'{"spent":0}') if scope["path"].startswith("/conformance") else (500, b"{}")
        await send(
            {"type": "http.response.start", "status": status, "headers": [(b"content-type", b"application/json")]}
        )
        await send({"type": "http.response.body", "body": body})

    with BackgroundServer(falls) as server:
        target = GatewayTarget(GatewayWire(server.url), shipped())
        found = [one for profile in BOTH for one in results(made(profile, tmp_path / profile.value), target)]

    assert {one.outcome for one in found} == {Outcome.ERROR}
    assert all(isinstance(one.observed.answer, Fault) for one in found if one.observed is not None)


@pytest.mark.parametrize("profile", BOTH)
def test_every_requirement_has_a_case_or_says_why_not(profile: Profile, tmp_path: Path) -> None:
    named = requirements_of(made(profile, tmp_path))

    for requirement in requirements(profile.value).values():
        assert (requirement.id in named) is (requirement.not_tested == ""), requirement.id
        assert requirement.level is Level.MUST
        assert requirement.profiles == (profile,)


def test_what_only_the_edge_of_a_gateway_answers_has_a_case(tmp_path: Path) -> None:
    named = requirements_of(made(Profile.GATEWAY, tmp_path))
    edge = [one for one in requirements("verifier").values() if one.profiles == (Profile.GATEWAY,)]

    assert [one.id for one in edge if (one.id in named) is (one.not_tested != "")] == []
    assert sum(one.not_tested == "" for one in edge) >= 11


@pytest.mark.parametrize("profile", BOTH)
def test_every_refused_case_has_an_accepted_twin_of_a_known_procedure(profile: Profile, tmp_path: Path) -> None:
    found = by_id(made(profile, tmp_path))

    for case in found.values():
        assert case.input["procedure"] in PROCEDURES
        if case.twin is not None:
            assert not found[case.twin].is_negative


def test_most_cases_of_the_gateway_have_to_be_refused(tmp_path: Path) -> None:
    found = made(Profile.GATEWAY, tmp_path)

    assert len(found) >= 60
    assert sum(case.is_negative for case in found) >= 0.6 * len(found)


@pytest.mark.parametrize("profile", BOTH)
def test_our_own_node_passes(profile: Profile, tmp_path: Path) -> None:
    """But for most logins, each of which needs a node of its own: ``make conformance`` walks all of them."""
    few = [case for case in made(profile, tmp_path) if "login" not in case.tags or case.id in LOGINS]
    with conformance_node() as url:
        found = results(few, GatewayTarget(wire(url), shipped()))

    assert bad(found) == []
