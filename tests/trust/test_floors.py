"""The memory of a node: written whole, read strictly, begun once and on purpose."""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from idbridge.errors import ConfigurationError, FetchError, InputError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment
from idbridge.trust import files, floors, pins
from idbridge.trust.floor import Floor
from idbridge.trust.floors import Floors
from tests.trust.editions import (
    LOGIN,
    NOON,
    SG,
    SIGNERS,
    TH,
    attestation,
    changed,
    edition,
    jwk,
    service,
    statuses,
    trusted,
    without,
)

SANDBOX = Environment.SANDBOX
ENDED = service(status=statuses(("granted", "2026-01-01"), ("superseded", "2026-03-01")))
KNOWN = trusted(edition(1, service(), attestation()), edition(2, ENDED))
FULL = Floors(SANDBOX, KNOWN.floors, {"SG-TH": Floor(2, "a" * 64)}, Floor(3, "b" * 64))
WRITTEN = floors.render(FULL)


def test_floors_that_are_written_are_read_again(tmp_path: Path) -> None:
    floors.write(tmp_path, FULL)

    assert floors.read(tmp_path, SANDBOX) == FULL
    assert FULL.latest_issue == KNOWN.lists[SG].provenance.issued_at
    assert any(line.dropped for line in FULL.states[SG].ledger.values())


def test_a_missing_file_is_an_error_until_the_node_is_initialised(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="initialised"):
        floors.read(tmp_path, SANDBOX)
    assert not list(tmp_path.iterdir())

    floors.initialise(tmp_path, SANDBOX)

    assert floors.read(tmp_path, SANDBOX) == Floors(SANDBOX)
    assert floors.read(tmp_path, SANDBOX).latest_issue is None


@pytest.mark.parametrize("octets", [b"", b"{}", b"any", floors.SCHEMA.encode()])
def test_a_memory_that_exists_is_never_begun_again(tmp_path: Path, octets: bytes) -> None:
    (tmp_path / floors.FILE).write_bytes(octets)

    with pytest.raises(ConfigurationError, match="already"):
        floors.initialise(tmp_path, SANDBOX)

    assert (tmp_path / floors.FILE).read_bytes() == octets


def test_a_memory_behind_a_link_is_neither_read_nor_begun(tmp_path: Path) -> None:
    floors.write(tmp_path, FULL)
    (tmp_path / floors.FILE).rename(tmp_path / "elsewhere.json")
    (tmp_path / floors.FILE).symlink_to(tmp_path / "elsewhere.json")

    with pytest.raises(ConfigurationError, match="cannot be read"):
        floors.read(tmp_path, SANDBOX)
    with pytest.raises(ConfigurationError, match="already"):
        floors.initialise(tmp_path, SANDBOX)


def test_the_memory_of_the_other_environment_is_refused(tmp_path: Path) -> None:
    floors.write(tmp_path, FULL)

    with pytest.raises(ConfigurationError, match="sandbox environment"):
        floors.read(tmp_path, Environment.LIVE)


def test_a_memory_past_its_size_is_refused(tmp_path: Path) -> None:
    with (tmp_path / floors.FILE).open("wb") as sparse:
        sparse.truncate(LIMITS.floors_bytes + 1)

    with pytest.raises(ConfigurationError, match="cannot be read"):
        floors.read(tmp_path, SANDBOX)


STATE = ("states", "SG")
LINE = (*STATE, "ledger", 0)
DAMAGED: list[Any] = [
    None,
    [],
    {},
    changed(WRITTEN, "schema", to="idbridge-floors-2"),
    changed(WRITTEN, "environment", to="test"),
    changed(WRITTEN, "states", to=[]),
    changed(WRITTEN, "arrangements", to=None),
    changed(WRITTEN, "purposes", to={}),
    changed(WRITTEN, "extra", to=1),
    without(WRITTEN, "states"),
    without(WRITTEN, "purposes"),
    changed(WRITTEN, "states", "XX", to=WRITTEN["states"]["SG"]),
    changed(WRITTEN, *STATE, "sequence", to=0),
    changed(WRITTEN, *STATE, "sequence", to="2"),
    changed(WRITTEN, *STATE, "sequence", to=2.0),
    changed(WRITTEN, *STATE, "digest", to=""),
    changed(WRITTEN, *STATE, "digest", to="x" * 64),
    changed(WRITTEN, *STATE, "issued_at", to=None),
    changed(WRITTEN, *STATE, "issuers", to=[LOGIN, LOGIN]),
    changed(WRITTEN, *STATE, "issuers", to=["http://login.sg.example"]),
    changed(WRITTEN, *STATE, "ledger", to=None),
    changed(WRITTEN, *STATE, "ledger", to=[WRITTEN["states"]["SG"]["ledger"][0]] * 2),
    without(WRITTEN, *STATE, "ledger"),
    changed(WRITTEN, *LINE, "dropped", to=0),
    changed(WRITTEN, *LINE, "histories", to=[]),
    changed(WRITTEN, *LINE, "histories", to=[[]]),
    changed(WRITTEN, *LINE, "histories", to=[[["granted", "2026-01-01T00:00:00Z"]]]),
    changed(WRITTEN, *LINE, "histories", to=[[["urn:idbridge:status:granted"]]]),
    changed(WRITTEN, *LINE, "histories", 0, 0, 0, to="urn:idbridge:status:withdrawn"),
    without(WRITTEN, *LINE, "key"),
]


@pytest.mark.parametrize("content", DAMAGED, ids=range(len(DAMAGED)))
def test_a_damaged_memory_is_an_error_and_never_an_empty_one(tmp_path: Path, content: Any) -> None:
    (tmp_path / floors.FILE).write_text(json.dumps(content))

    with pytest.raises(ConfigurationError, match="damaged"):
        floors.read(tmp_path, SANDBOX)


@pytest.mark.parametrize("cut", [0, 1, 100, -1])
def test_a_memory_that_was_cut_short_is_an_error(tmp_path: Path, cut: int) -> None:
    floors.write(tmp_path, FULL)
    path = tmp_path / floors.FILE
    path.write_bytes(path.read_bytes()[:cut])

    with pytest.raises(ConfigurationError, match="damaged"):
        floors.read(tmp_path, SANDBOX)


def test_a_write_leaves_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    floors.write(tmp_path, FULL)
    floors.write(tmp_path, replace(FULL, purposes=Floor(4, "c" * 64)))

    assert [path.name for path in tmp_path.iterdir()] == [floors.FILE]
    with pytest.raises(ConfigurationError, match="cannot be written"):
        floors.write(tmp_path / "nowhere", FULL)


def test_a_name_with_a_path_in_it_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "secret").write_bytes(b"x")

    for name in ("../secret", "/etc/passwd", "inner/../../secret", ".."):
        with pytest.raises(FetchError):
            files.read(tmp_path / "inner", name, max_bytes=10)


def test_a_file_is_read_up_to_its_bound_and_not_beyond(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 10)

    assert files.read(tmp_path, "file", max_bytes=10) == b"x" * 10
    with pytest.raises(InputError) as caught:
        files.read(tmp_path, "file", max_bytes=9)
    assert caught.value.code == "input.too_large"


def test_a_file_that_is_too_large_is_not_even_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: Any) -> bytes:
        raise AssertionError

    (tmp_path / "file").write_bytes(b"x" * 10)
    monkeypatch.setattr(os, "read", never)

    with pytest.raises(InputError):
        files.read(tmp_path, "file", max_bytes=9)


def test_a_file_that_says_it_is_empty_and_is_not_is_bounded_all_the_same() -> None:
    with pytest.raises(InputError):
        files.read(Path(f"/proc/{os.getpid()}"), "status", max_bytes=10)


PINS = json.loads(pins.document(SANDBOX, {SG: (jwk(SIGNERS[SG]),), TH: (jwk(SIGNERS[TH]),)}))


def test_pins_are_read_as_they_are_written() -> None:
    read = pins.parse(json.dumps(PINS).encode())

    assert read.environment is SANDBOX
    assert {state: [key.thumbprint for key in keys] for state, keys in read.keys.items()} == {
        SG: [SIGNERS[SG].kid], TH: [SIGNERS[TH].kid],
    }  # fmt: skip


@pytest.mark.parametrize(
    "content",
    [
        None,
        {},
        {**PINS, "schema": "idbridge-pins-2"},
        {**PINS, "environment": "test"},
        {**PINS, "extra": 1},
        {**PINS, "states": {}},
        {**PINS, "states": None},
        {**PINS, "states": {"SG": []}},
        {**PINS, "states": {"SG": [None]}},
        {**PINS, "states": {"SG": [{}]}},
        {**PINS, "states": {"SG": jwk(SIGNERS[SG])}},
        {**PINS, "states": {"XX": [jwk(SIGNERS[SG])]}},
        {**PINS, "states": {"SG": [jwk(SIGNERS[SG])], "TH": [jwk(SIGNERS[SG])]}},
        {**PINS, "states": {"SG": [jwk(SIGNERS[SG])] * 2}},
        {**PINS, "states": {"SG": [{**jwk(SIGNERS[SG]), "kid": "other"}, jwk(SIGNERS[SG])]}},
        {**PINS, "states": {"SG": [{**jwk(SIGNERS[SG]), "d": "AAAA"}]}},
        {**PINS, "states": {"SG": [{"kty": "oct", "k": "AAAA"}]}},
        {**PINS, "states": {"SG": [{**jwk(SIGNERS[SG]), "x": jwk(SIGNERS[TH])["x"]}]}},
    ],
)
def test_pins_that_are_not_in_order_are_an_error(content: Any) -> None:
    with pytest.raises(ConfigurationError):
        pins.parse(json.dumps(content).encode())


def test_pins_past_their_size_are_an_error() -> None:
    with pytest.raises(ConfigurationError):
        pins.parse(b" " * LIMITS.pins_bytes + json.dumps(PINS).encode())


def test_the_floor_of_a_list_remembers_when_it_was_issued() -> None:
    assert KNOWN.floors[SG].issued_at is not None
    assert KNOWN.floors[SG].issued_at < NOON
