"""The profile resilience: what it demands of a node under strain, that our own does it, and broken ones do not."""

import socket
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from idbridge.conformance.case import ConformanceCase
from idbridge.conformance.corpus import shipped
from idbridge.conformance.making.live import written_cases
from idbridge.conformance.profiles import Profile
from idbridge.conformance.requirements import Level
from idbridge.conformance.targets.gateway.target import PROCEDURES, GatewayTarget
from idbridge.conformance.targets.idp.wire import NoVerdictError, Reply
from idbridge.conformance.targets.resilience import line
from idbridge.conformance.targets.resilience.line import Ended, Line
from idbridge.limits import LIMITS
from idbridge_gateway.api.faults import TITLES
from idbridge_gateway.serving import LOOPBACK, listen
from tests.conformance.http.careless import Careless, Later, Yes, standing
from tests.conformance.http.kit import conformance_node, wire
from tests.conformance.live import (
    bad,
    failing_requirements,
    naming,
    read_all,
    requirements,
    requirements_of,
    results,
)
from tests.mutants.mutant import Mutant
from tests.mutants.resilience import mutants

MUTANTS = tuple(mutants())
FEW = ("res-before-the-leaf", "res-ready-without-log", "res-never-says-when", "res-replayed-at-once", "res-long-heads")
LONG = "slow"
"""Tag of the cases that wait for as long as a node may; ``make conformance`` has the time."""


@cache
def _cases() -> tuple[ConformanceCase, ...]:
    with TemporaryDirectory() as folder:
        return read_all(written_cases(Profile.RESILIENCE.value), Path(folder))


def test_every_requirement_has_a_case_or_says_why_not() -> None:
    named = requirements_of(_cases())

    for requirement in requirements(Profile.RESILIENCE.value).values():
        assert (requirement.id in named) is (requirement.not_tested == ""), requirement.id
        assert requirement.level is Level.MUST
        assert requirement.profiles == (Profile.RESILIENCE,)


def test_every_refused_case_has_an_accepted_twin_of_a_known_procedure() -> None:
    found = {case.id: case for case in _cases()}

    for case in found.values():
        assert case.input["procedure"] in PROCEDURES
        if case.twin is not None:
            assert not found[case.twin].is_negative
    assert sum(case.is_negative for case in found.values()) >= 25


def test_every_fault_that_is_named_is_one_of_a_node_and_every_one_of_a_node_but_its_breaking_is_named() -> None:
    named = {case.input["fault"] for case in _cases() if "fault" in case.input}

    assert named == TITLES.keys() - {"one-time-broken"}  # a node that breaks is a case of the profile gateway


def test_what_is_held_is_beyond_the_published_bound() -> None:
    held = {case.input["held"] for case in _cases() if "held" in case.input}

    assert held
    assert min(held) > LIMITS.requests_at_once_each


def test_our_own_node_passes() -> None:
    with conformance_node() as url:
        found = results([case for case in _cases() if LONG not in case.tags], GatewayTarget(wire(url), shipped()))

    assert bad(found) == []


@pytest.mark.parametrize("mutant", [one for one in MUTANTS if one.name in FEW], ids=lambda mutant: str(mutant.name))
def test_a_gateway_that_is_broken_under_strain_is_caught_by_a_case_that_names_what_it_breaks(mutant: Mutant) -> None:
    with mutant.opened(shipped()) as target:
        found = results(naming(_cases(), mutant.breaks[:1]), target)

    assert not failing_requirements(found).isdisjoint(mutant.breaks)


@pytest.mark.parametrize("server", [Careless, Yes, Later])
def test_a_server_that_says_the_same_to_everything_passes_nothing_by_accident(server: type[Careless]) -> None:
    quick = [case for case in _cases() if case.input["procedure"] in ("asked", "ready", "receipt", "confirmed")]
    with standing(server) as url:
        found = results(quick, GatewayTarget(wire(url), shipped()))

    assert len(bad(found)) == len(quick) > 40


def test_there_are_many_such_gateways_and_each_breaks_what_a_case_is_about() -> None:
    known = requirements_of(_cases())

    assert len(MUTANTS) >= 15
    assert {name for mutant in MUTANTS for name in mutant.breaks} <= known


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with listen(LOOPBACK, 0) as listening:
        yield listening


def _answered(listener: socket.socket, octets: bytes) -> Reply:
    """What a line makes of a server that says ``octets`` and goes away."""
    host, port = listener.getsockname()[:2]
    with Line(f"http://{host}:{port}") as asking:
        served, _ = listener.accept()
        with closing(served):
            served.sendall(octets)
        return asking.answer()


def test_an_answer_is_read_whole(listener: socket.socket) -> None:
    reply = _answered(listener, b"HTTP/1.1 503 Later\r\nRetry-After: 2\r\nContent-Length: 2\r\n\r\n{}")

    assert (reply.status, reply.headers["retry-after"], reply.body) == (503, "2", b"{}")


@pytest.mark.parametrize("octets", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", b"SSH-2.0\r\n\r\n"])
def test_a_connection_that_ends_before_its_answer_is_whole_is_told_as_such(
    listener: socket.socket, octets: bytes
) -> None:
    with pytest.raises(Ended):
        _answered(listener, octets)


def test_an_answer_that_is_too_long_is_no_verdict(listener: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "LIMITS", replace(LIMITS, conformance_answer_bytes=4))

    with pytest.raises(NoVerdictError, match="longer"):
        _answered(listener, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n12345")


def test_a_server_that_says_nothing_is_not_waited_for_for_ever(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = replace(LIMITS, conformance_patience=timedelta(milliseconds=50))
    monkeypatch.setattr(line, "LIMITS", short)
    host, port = listener.getsockname()[:2]

    with Line(f"http://{host}:{port}") as asking, pytest.raises(NoVerdictError, match="no whole answer"):
        asking.answer()


def test_where_nobody_listens_there_is_no_line(listener: socket.socket) -> None:
    host, port = listener.getsockname()[:2]
    listener.close()

    with pytest.raises(NoVerdictError, match="no connection"):
        Line(f"http://{host}:{port}")
