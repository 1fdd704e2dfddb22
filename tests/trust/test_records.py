"""Records of acts: signed, numbered, chained, and never half written."""

import json
import os
import resource
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from idbridge.codec import base64url, jcs
from idbridge.crypto import jws
from idbridge.crypto.keys import parse_jwk
from idbridge.crypto.signer import FileSigner, generate
from idbridge.errors import ConfigurationError, InputError, TrustError
from idbridge.limits import LIMITS
from idbridge.model.keys import PublicKey
from idbridge.trust import records
from tests.trust.editions import DAY, HOUR, NOON

ONE, TWO, STRANGER = generate("ES256"), generate("Ed25519"), generate("ES256")
KEYS: Mapping[str, PublicKey] = {signer.kid: parse_jwk(signer.public_jwk) for signer in (ONE, TWO)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with three acts of two keys."""
    for number, signer in enumerate((ONE, TWO, ONE)):
        records.append(tmp_path, f"act-{number}", {"subject": number}, signer=signer, at=NOON + number * HOUR)
    return tmp_path


def lines(folder: Path) -> list[bytes]:
    return (folder / records.FILE).read_bytes().splitlines()


def write(folder: Path, *rows: bytes) -> None:
    (folder / records.FILE).write_bytes(b"".join(row + b"\n" for row in rows))


def refused(folder: Path, keys: Mapping[str, PublicKey] = KEYS) -> str:
    with pytest.raises(TrustError) as caught:
        records.read(folder, keys=keys)
    return caught.value.code


def signed_by_hand(header: Mapping[str, Any] | None = None, *, signer: FileSigner = ONE, **changes: Any) -> bytes:
    """A first record, truly signed, with other members than ``append`` would give it."""
    said = {
        "number": 1, "at": "2026-11-24T12:00:00Z", "act": "act", "by": signer.kid, "content": {},
        "previous": records.FIRST_PREVIOUS, **changes,
    }  # fmt: skip
    text = jws.sign_compact(
        {"typ": records.TYPE, "kid": signer.kid} if header is None else header, jcs.canonicalize(said), signer
    )
    return jcs.canonicalize({**said, "jws": text})


def test_a_changed_word_is_refused(folder: Path) -> None:
    first, second, third = lines(folder)
    write(folder, first, second.replace(b"act-1", b"act-9"), third)

    assert refused(folder) == "trust.history_rewritten"


@pytest.mark.parametrize("order", [(0, 2), (1, 2), (0, 2, 1), (0, 1, 1), (0, 0, 1, 2), (2,), (1,)])
def test_a_record_that_is_missing_moved_or_repeated_is_refused(folder: Path, order: tuple[int, ...]) -> None:
    told = lines(folder)
    write(folder, *(told[number] for number in order))

    assert refused(folder) == "trust.history_rewritten"


def test_records_of_two_histories_do_not_join(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("other")
    records.append(other, "another beginning", {}, signer=ONE, at=NOON)
    records.append(other, "act-1", {"subject": 1}, signer=TWO, at=NOON + HOUR)
    write(folder, lines(folder)[0], lines(other)[1])

    assert refused(folder) == "trust.history_rewritten"


def test_a_key_that_is_not_known_is_refused(folder: Path) -> None:
    records.append(folder, "intrusion", {}, signer=STRANGER, at=NOON + DAY)

    assert refused(folder) == "trust.signer_unknown"
    assert refused(folder, {}) == "trust.signer_unknown"


def test_a_record_in_the_name_of_another_key_is_refused(folder: Path) -> None:
    write(folder, signed_by_hand({"typ": records.TYPE, "kid": ONE.kid}, signer=STRANGER, by=ONE.kid))

    assert refused(folder) == "trust.signature_invalid"


@pytest.mark.parametrize(
    "header",
    [
        {"typ": "idbridge-arrangement+json", "kid": ONE.kid},
        {"kid": ONE.kid},
        {"typ": records.TYPE, "kid": ONE.kid, "crit": ["exp"]},
        {"typ": records.TYPE, "kid": ONE.kid, "jwk": dict(ONE.public_jwk)},
    ],
)
def test_a_signature_over_something_of_another_kind_is_refused(folder: Path, header: dict[str, Any]) -> None:
    write(folder, signed_by_hand(header))

    assert refused(folder) == "trust.signature_invalid"


def test_a_header_that_names_another_key_is_refused(folder: Path) -> None:
    write(folder, signed_by_hand({"typ": records.TYPE, "kid": TWO.kid}))

    assert refused(folder) == "trust.history_rewritten"


@pytest.mark.parametrize(
    "change",
    [
        lambda said: said.update(number=0),
        lambda said: said.update(number=True),
        lambda said: said.update(at="2026-11-24 12:00"),
        lambda said: said.update(act=""),
        lambda said: said.update(content=[]),
        lambda said: said.update(jws=7),
        lambda said: said.update(note="more"),
        lambda said: said.pop("previous"),
    ],
)
def test_a_record_of_another_form_is_refused(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    said = json.loads(lines(folder)[0])
    change(said)
    write(folder, json.dumps(said).encode())

    assert refused(folder) == "trust.profile_violation"


@pytest.mark.parametrize("row", [b"", b"{", b"[]", b'{"number":1,"number":1}', b"\xff"])
def test_a_line_that_is_no_record_is_refused_and_nothing_is_added_to_it(folder: Path, row: bytes) -> None:
    write(folder, *lines(folder), row)

    assert refused(folder) == "trust.profile_violation"
    with pytest.raises(TrustError):
        records.append(folder, "act", {}, signer=ONE, at=NOON)
    assert lines(folder)[3:] == [row]


def test_a_folder_without_records_is_an_error_and_no_empty_history(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no records"):
        records.read(tmp_path, keys=KEYS)
    with pytest.raises(ConfigurationError, match="cannot be opened"):
        records.append(tmp_path / "nowhere", "act", {}, signer=ONE, at=NOON)


def test_records_behind_a_link_are_neither_read_nor_continued(folder: Path) -> None:
    (folder / records.FILE).rename(folder / "elsewhere")
    (folder / records.FILE).symlink_to(folder / "elsewhere")

    with pytest.raises(ConfigurationError, match="cannot be read"):
        records.read(folder, keys=KEYS)
    with pytest.raises(ConfigurationError, match="cannot be opened"):
        records.append(folder, "act", {}, signer=ONE, at=NOON)


def test_an_act_that_is_too_large_is_refused_and_the_largest_is_read_again(folder: Path) -> None:
    room = LIMITS.record_bytes - len(base64url.decode(json.loads(lines(folder)[2])["jws"].split(".")[1]))

    with pytest.raises(InputError) as caught:
        records.append(folder, "act-2", {"subject": "x" * (room + 2)}, signer=ONE, at=NOON)
    records.append(folder, "act-2", {"subject": "x" * (room - 2)}, signer=ONE, at=NOON)

    assert caught.value.code == "input.too_large"
    assert len(records.read(folder, keys=KEYS)) == 4


def test_a_file_past_its_bound_is_neither_read_nor_continued(folder: Path) -> None:
    os.truncate(folder / records.FILE, LIMITS.records_bytes + 1)

    with pytest.raises(ConfigurationError, match="cannot be read"):
        records.read(folder, keys=KEYS)
    with pytest.raises(ConfigurationError, match="full"):
        records.append(folder, "act", {}, signer=ONE, at=NOON)


def test_the_last_record_that_would_pass_the_bound_is_refused(folder: Path) -> None:
    told = lines(folder)
    padding = b" " * (LIMITS.records_bytes - sum(len(row) + 1 for row in told) - 1)
    write(folder, padding, *told)

    with pytest.raises(ConfigurationError, match="full"):
        records.append(folder, "act", {}, signer=ONE, at=NOON)


def test_content_that_is_no_json_is_refused(folder: Path) -> None:
    with pytest.raises(InputError) as caught:
        records.append(folder, "act", {"subject": 2**60}, signer=ONE, at=NOON)

    assert caught.value.code == "input.malformed"
    assert len(lines(folder)) == 3


def test_a_line_that_was_cut_short_is_not_read_and_makes_way(folder: Path) -> None:
    whole = (folder / records.FILE).read_bytes()
    (folder / records.FILE).write_bytes(whole[:-40])

    assert [record.act for record in records.read(folder, keys=KEYS)] == ["act-0", "act-1"]
    records.append(folder, "again", {}, signer=TWO, at=NOON + DAY)
    assert [record.act for record in records.read(folder, keys=KEYS)] == ["act-0", "act-1", "again"]


def test_a_full_disk_leaves_the_records_as_they_were(folder: Path) -> None:
    before = (folder / records.FILE).read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    for room in (0, 10):
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + room, hard))
        try:
            with pytest.raises(ConfigurationError, match="cannot be written"):
                records.append(folder, "act", {}, signer=ONE, at=NOON)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert (folder / records.FILE).read_bytes() == before


def test_what_was_recorded_is_read_again(folder: Path) -> None:
    told = records.read(folder, keys=KEYS)

    assert [(record.number, record.act, record.by) for record in told] == [
        (1, "act-0", ONE.kid), (2, "act-1", TWO.kid), (3, "act-2", ONE.kid),
    ]  # fmt: skip
    assert [record.at for record in told] == [NOON, NOON + HOUR, NOON + 2 * HOUR]
    assert [record.previous for record in told] == [records.FIRST_PREVIOUS, told[0].digest, told[1].digest]
    assert told[2].content == {"subject": 2}
    assert records.read_unverified(folder) == told


def test_acts_at_the_same_time_are_recorded_one_after_another(tmp_path: Path) -> None:
    def act(number: int) -> int:
        return records.append(tmp_path, f"act-{number}", {}, signer=ONE, at=NOON).number

    with ThreadPoolExecutor(8) as crowd:
        numbers = list(crowd.map(act, range(40)))

    assert sorted(numbers) == list(range(1, 41))
    assert len(records.read(tmp_path, keys=KEYS)) == 40
