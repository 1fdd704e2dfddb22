"""The third promise: two real nodes answer every case of the catalogue, and nothing of any person is left behind."""

import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from idbridge.clock import SystemClock
from idbridge.codec import base64url
from idbridge.model.randomness import SystemRandomness
from idbridge.sandbox.people import population
from idbridge.sandbox.region import Region
from idbridge_gateway.demo import rounds
from idbridge_gateway.demo.businesses import COMPANY
from idbridge_gateway.demo.nodes import RunningNodes, lay_out

# A token or its header begins a word; digests of the log are words too, and one in some thousands has "eyJ" within.
TOKEN = re.compile(r"(?<![\w-])eyJ[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)
SHORTEST = 6  # a shorter value, such as `SG` or `male`, says nothing of a person and may stand anywhere


def personal_values() -> frozenset[str]:
    """Every value of every person of the region that is long enough to be recognised in a file."""

    def of_everybody() -> Iterator[str]:
        for person in population().people.values():
            yield from (person.subject, person.display, person.latin or "", *person.facts.values())
            yield from (part.native for part in person.parts)
        for company in population().companies.values():
            yield from (company.value, company.name)

    return frozenset(value for value in of_everybody() if len(value) >= SHORTEST)


def found_in(text: str) -> set[str]:
    return {value for value in personal_values() if value in text}


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, int]:
    """Return the folder of a region after every case, what its nodes logged at any level, and how many cases passed."""
    directory = tmp_path_factory.mktemp("used")
    region, clock = Region.generate(at=SystemClock().now()), SystemClock()
    region.save(directory)
    lines: list[str] = []
    listener = logging.Handler()
    listener.emit = lambda record: lines.append(listener.format(record))  # type: ignore[method-assign]
    watched = [logging.getLogger(name) for name in ("", "idbridge", "idbridge_gateway", "uvicorn", "fastapi")]
    for logger in watched:
        logger.addHandler(listener)
    before = [logger.level for logger in watched]
    for logger in watched:
        logger.setLevel(logging.DEBUG)
    try:
        with RunningNodes(region, lay_out(region, directory), clock=clock) as nodes:
            results = list(
                rounds.play(
                    region,
                    nodes=nodes.addresses,
                    clock=clock,
                    randomness=SystemRandomness(),
                    chosen=rounds.http_cases(),
                )
            )
    finally:
        for logger, level in zip(watched, before, strict=True):
            logger.removeHandler(listener)
            logger.setLevel(level)
    return directory, "\n".join(lines), sum(result.got.indication == "PASSED" for result in results)


def test_the_search_would_find_what_it_looks_for() -> None:
    person = next(iter(population().people.values()))

    assert found_in(f"x {person.display} y") >= {person.display}
    assert len(personal_values()) > 50


def test_people_were_really_accepted(used: tuple[Path, str, int]) -> None:
    assert used[2] >= 20


def test_no_file_holds_anything_of_a_person(used: tuple[Path, str, int]) -> None:
    # `region.json` and `private` are the pretend region's own; everything else is what nodes read and write.
    files = [path for name in ("nodes", "trust") for path in (used[0] / name).rglob("*") if path.is_file()]

    left = {path.name: found for path in files if (found := found_in(path.read_text("utf-8", errors="replace")))}

    assert files
    # A registration says which company may sign in for it: that is who the relying party is, and nobody's secret.
    assert left == {"relying_parties.json": {COMPANY.value}}


def test_no_line_of_any_log_holds_anything_of_a_person(used: tuple[Path, str, int]) -> None:
    assert found_in(used[1]) == set()


def is_status_list(token: str) -> bool:
    """Tell whether a JWS is a status list, which its state publishes for everybody and which names no person."""
    header, payload = (json.loads(base64url.decode(part)) for part in token.split(".")[:2])
    return header["typ"] == "statuslist+jwt" or "BitstringStatusListCredential" in payload.get("type", [])


def test_no_file_or_line_holds_a_credential(used: tuple[Path, str, int]) -> None:
    # A signed list is a JWS too, but none of a person: what a wallet or a login sends has a holder or a subject.
    texts = [path.read_text("utf-8", errors="replace") for path in (used[0] / "nodes").rglob("*") if path.is_file()]
    lists = [text for text in texts if TOKEN.fullmatch(text) and is_status_list(text)]

    assert lists
    assert [found for text in (*texts, used[1]) if text not in lists for found in TOKEN.findall(text)] == []


@pytest.mark.parametrize("around", ["{}", "token={} and more", '"{}~WyJz~"', "\x00{}\n"])
def test_the_search_would_find_a_token_wherever_it_stands(around: str) -> None:
    token = ".".join(base64url.encode(part) for part in (b'{"alg":"ES256"}', b'{"sub":"1"}', b"\x00" * 64))

    assert TOKEN.findall(around.format(token)) == [token]
