"""The console: it shows what a verification would find, says what is stale or due, and names nobody."""

import re
from datetime import timedelta
from typing import Any

import pytest

from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge_gateway.api.recognition import recognition_document
from idbridge_gateway.console import figures
from idbridge_gateway.console.figures import Freshness
from idbridge_gateway.pages.catalogue import FULL
from tests.console.conftest import Desk
from tests.gateway.asking import LOGIN, Node, node_in


@pytest.fixture(scope="module")
def standing(shared_files: Any) -> Node:
    """A node whose trust material nobody changes."""
    return node_in(shared_files)


def shown(desk: Desk, path: str = "/console") -> str:
    answer = desk.browse("GET", path)
    assert answer.status_code == 200, answer.text
    return answer.text


@pytest.mark.parametrize("query", ["purpose=espionage", "purpose=%3Cscript%3E", "span=year", "span=", "purpose="])
def test_a_query_for_something_that_is_not_there_is_refused(desk: Desk, query: str) -> None:
    desk.signed_in()
    answer = desk.browse("GET", f"/console?{query}")

    assert answer.status_code == 400
    assert "<script>" not in answer.text
    assert "input.request_malformed" in answer.text


@pytest.mark.parametrize("name", ["nothing", "%3Cscript%3Ealert(1)%3C%2Fscript%3E", "..%2f..%2fetc"])
def test_an_arrangement_that_is_not_there_is_not_found(desk: Desk, name: str) -> None:
    desk.signed_in()
    answer = desk.browse("GET", f"/console/arrangements/{name}")

    assert answer.status_code == 404
    assert "<script>alert" not in answer.text


@pytest.mark.parametrize("purpose", ["account-opening", "age-check", "company-representation"])
def test_the_matrix_says_what_the_recognition_table_says(standing: Node, purpose: str) -> None:
    state, at = standing.app.state.trust.current(), standing.clock.now()
    rows = figures.matrix(state, purpose=purpose, at=at)

    assert [row.by for row in rows] == sorted(MemberState)
    for row in rows:
        table = recognition_document(state, by=row.by, purpose=purpose, clock=standing.clock)["states"]
        told = [(one["state"], one["level"], one["code"], one["arrangement"]) for one in table]
        assert [(cell.of.value, cell.level, cell.code, cell.arrangement) for cell in row.cells] == told


def test_a_list_is_fresh_then_due_then_stale_and_a_state_without_one_says_why(standing: Node) -> None:
    snapshot, at = standing.app.state.trust.current().snapshot, standing.clock.now()
    listed = {tile.state: tile for tile in figures.tiles(snapshot, at=at)}
    without = [tile for tile in listed.values() if tile.freshness is Freshness.ABSENT]
    singapore = listed[MemberState.SG]
    assert singapore.ends_at is not None

    def of_singapore(left: timedelta) -> Freshness:
        assert singapore.ends_at is not None
        return next(
            tile.freshness
            for tile in figures.tiles(snapshot, at=singapore.ends_at - left)
            if tile.state is MemberState.SG
        )

    assert all(tile.code is not None for tile in without)
    assert singapore.freshness is Freshness.FRESH
    assert of_singapore(timedelta(seconds=1)) is Freshness.DUE
    assert of_singapore(timedelta(0)) is Freshness.STALE


def test_the_calendar_tells_how_much_it_leaves_out(standing: Node) -> None:
    snapshot, at = standing.app.state.trust.current().snapshot, standing.clock.now()
    whole, none_left = figures.calendar(snapshot, at=at, most=LIMITS.calendar_rows * 100)
    two, left = figures.calendar(snapshot, at=at, most=2)

    assert none_left == 0
    assert two == whole[:2]
    assert left == len(whole) - 2


def test_every_part_is_there_and_empty_parts_say_so(desk: Desk) -> None:
    page = shown(desk.signed_in())

    for state in MemberState:
        assert f">{state.value}<" in page
    for part in ("states", "matrix", "verdicts", "calendar", "conformance", "alerts"):
        assert f'id="{part}"' in page
    assert "Nothing was decided in this time" in page


def test_verdicts_are_drawn_and_their_reasons_listed_without_anybody_in_them(desk: Desk) -> None:
    case = desk.node.case(LOGIN)
    assert desk.node.put(case).json()["accepted"] is True
    assert desk.node.put(case).json()["accepted"] is False

    page = shown(desk.signed_in())

    assert 'class="bar passed"' in page
    assert 'class="bar failed"' in page
    assert "/v1/reasons/holder.replayed" in page
    assert "th-bank" not in page
    assert "Hui Ling" not in page


def test_an_arrangement_is_shown_with_all_its_versions(desk: Desk) -> None:
    page = shown(desk.signed_in())
    names = sorted(set(re.findall(r"/console/arrangements/([^\"]+)\"", page)))
    assert names

    histories = desk.node.app.state.trust.current().snapshot.arrangements.histories
    for name in names[:5]:
        told = shown(desk, f"/console/arrangements/{name}")
        for version in histories[name].versions:
            assert version.digest in told
        assert "decides today" in told


@pytest.mark.parametrize("code", FULL)
@pytest.mark.parametrize("path", ["/console", "/console?span=week&purpose=age-check"])
def test_every_full_language_has_every_word(desk: Desk, code: str, path: str) -> None:
    page = shown(desk.signed_in(), f"{path}{'&' if '?' in path else '?'}lang={code}")

    assert f'<html lang="{code}"' in page
    assert "console." not in re.sub(r"href=\"[^\"]*\"", "", page)


def test_a_registry_that_is_out_of_reach_is_the_first_thing_that_is_said(desk: Desk) -> None:
    desk.signed_in()
    desk.node.app.state.parts.registry.trouble = "the file is gone"

    assert "The registry cannot be read since" in shown(desk)


def test_alerts_are_shown_again_the_latest_first_and_no_more_than_are_kept(standing: Node) -> None:
    bell = standing.app.state.bell
    for number in range(LIMITS.alerts_kept + 5):
        bell.ring_keys(f"fault {number}")

    assert len(bell.rung) == LIMITS.alerts_kept
    assert bell.rung[0].detail == f"fault {LIMITS.alerts_kept + 4}"


def test_a_page_for_operators_is_kept_by_nobody_and_framed_by_nobody(desk: Desk) -> None:
    answer = desk.signed_in().browse("GET", "/console")

    assert answer.headers["cache-control"] == "no-store"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "style=" not in answer.text


def test_the_page_lets_its_own_form_say_where_it_was_sent_from(desk: Desk) -> None:
    answer = desk.signed_in().browse("GET", "/console")

    assert answer.headers["referrer-policy"] == "same-origin"
    assert desk.browse("POST", "/console/sign-out", origin=desk.node.settings.node_url).status_code == 303
    assert desk.browse("GET", "/console").status_code == 401
