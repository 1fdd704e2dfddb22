"""A note has one form, counts only for keys that are known, and a known key's line that does not verify spoils it."""

import base64

import pytest

from idbridge.crypto.signer import derived_signer, generate
from idbridge.errors import EvidenceError
from idbridge.limits import LIMITS
from idbridge.tlog import note
from idbridge.tlog.note import COSIGNATURE, ED25519, Note, SignatureLine
from tests.tlog.kit import LOG_SIGNER, ORIGIN, flipped, signer

TEXT = "a text\n\nwith an empty line\n"
WITNESS = signer("witness.th.example", kind=COSIGNATURE)
# From the documentation of the Go package that defined the format, and the key of Go's public checksum database.
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
SUMDB_KEY = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
LINE = note.sign(TEXT, LOG_SIGNER).lines[0].text()
NO_NAMES = ("", "a b", "a+b", "a\u2003b", "a\u0085b", "a\tb", "a\nb", "a\x00b", "a\u2028b", "\ud800", "n" * 513)


def malformed(octets: bytes) -> None:
    with pytest.raises(EvidenceError) as caught:
        note.parse(octets)

    assert caught.value.code == "time.evidence_malformed"


@pytest.mark.parametrize(
    "text",
    [
        "", "\n", "\n\n", "a", "a\n", "a\n\n", "a\n\n\n", f"a\n{LINE}\n", f"a\n\n{LINE}", f"a\n\n{LINE}\n\n",
        f"a\n\n{LINE}\n{LINE}", f"a\n\n{LINE}\r\n", f"a\r\n\r\n{LINE}\n", f"a\tb\n\n{LINE}\n", f"a\x00\n\n{LINE}\n",
        f"a\n\n-{LINE[1:]}\n", f"a\n\n{LINE[0]}{LINE[2:]}\n", f"a\n\n {LINE}\n", f"a\n\n{LINE} \n", f"a\n\n{LINE} x\n",
        f"a\n\n{LINE[:-1]}\n", f"a\n\n{LINE}=\n", "a\n\n— name AAAAAA==\n", "a\n\n— name \n", "a\n\n— name\n",
        "a\n\n— \n",
        "a\n\n— na+me AAAAAAA=\n", "a\n\n—  AAAAAAA=\n", "a\n\n— name AAAAAAB=\n", "a\n\n— name AAAAAAA=\nb\n",
        f"{LINE}\n", "a\n\n— name AAAA-_A=\n",
    ],
)  # fmt: skip
def test_what_is_not_exactly_a_note_is_refused(text: str) -> None:
    malformed(text.encode())


def test_what_is_no_utf8_is_refused() -> None:
    malformed(b"\xff\n\n" + LINE.encode() + b"\n")
    malformed(b"a\xed\xa0\x80\n\n" + LINE.encode() + b"\n")


def test_a_note_has_at_most_so_many_signatures_and_octets() -> None:
    line = f"{LINE}\n"
    most = f"a\n\n{line * LIMITS.note_signatures}"
    assert len(note.parse(most.encode()).lines) == LIMITS.note_signatures >= 16
    malformed(f"{most}{line}".encode())

    filling = LIMITS.note_bytes - len(f"\n\n{line}".encode())
    assert note.parse(f"{'a' * filling}\n\n{line}".encode()).lines
    malformed(f"{'a' * (filling + 1)}\n\n{line}".encode())
    full = note.parse(most.encode())
    with pytest.raises(EvidenceError) as caught:
        full.with_lines(full.lines[:1])
    assert caught.value.code == "time.evidence_malformed"
    assert Note(full.text, full.lines[1:]).with_lines(full.lines[:1]) == full


def test_the_text_ends_at_the_last_empty_line() -> None:
    parsed = note.parse(f"{TEXT}\n{LINE}\n".encode())

    assert parsed.text == TEXT
    assert parsed.octets() == f"{TEXT}\n{LINE}\n".encode()
    assert note.signed_by(parsed, [LOG_SIGNER.key])[0].key == LOG_SIGNER.key


def test_notes_and_keys_of_others_are_read() -> None:
    key = note.parse_key(GO_KEY)

    assert [signed.key.name for signed in note.signed_by(note.parse(GO_NOTE.encode()), [key])] == ["PeterNeumann"]
    assert key.text() == GO_KEY
    assert note.parse_key(SUMDB_KEY).key_id.hex() == "033de0ae"


def test_the_line_of_an_unknown_key_is_ignored_whatever_it_holds() -> None:
    other = signer("other.example")
    lines = [
        other.sign("another text\n"),
        SignatureLine(ORIGIN, b"abcd", b"x"),
        SignatureLine("another.name", LOG_SIGNER.key.key_id, b"x"),
        SignatureLine("another.name", LOG_SIGNER.key.key_id, b"x"),
    ]
    signed = note.parse(note.sign(TEXT, LOG_SIGNER).with_lines(lines).octets())

    assert [one.key for one in note.signed_by(signed, [LOG_SIGNER.key])] == [LOG_SIGNER.key]
    assert note.signed_by(Note(TEXT, tuple(lines)), [LOG_SIGNER.key]) == ()


@pytest.mark.parametrize("signature", [b"x", bytes(63), bytes(64), bytes(65), bytes(72)])
@pytest.mark.parametrize("key", [LOG_SIGNER.key, WITNESS.key], ids=["log", "witness"])
def test_a_line_of_a_known_key_that_does_not_verify_spoils_the_note(key: note.NoteKey, signature: bytes) -> None:
    good = signer("other.example")
    spoiled = Note(TEXT, (good.sign(TEXT), SignatureLine(key.name, key.key_id, signature)))

    with pytest.raises(EvidenceError) as caught:
        note.signed_by(spoiled, [good.key, key])

    assert caught.value.code == "time.evidence_unsigned"
    assert len(note.signed_by(spoiled, [good.key])) == 1


def test_one_key_that_signs_twice_spoils_the_note_because_it_may_name_two_times() -> None:
    twice = Note(TEXT, (WITNESS.sign(TEXT, at=1), WITNESS.sign(TEXT, at=2)))

    with pytest.raises(EvidenceError) as caught:
        note.signed_by(twice, [WITNESS.key])

    assert caught.value.code == "time.evidence_malformed"


def test_a_cosignature_carries_its_time_and_the_time_is_signed() -> None:
    line = WITNESS.sign(TEXT, at=1_796_040_000)
    later = SignatureLine(line.name, line.key_id, (1_796_040_001).to_bytes(8, "big") + line.signature[8:])
    endless = SignatureLine(line.name, line.key_id, b"\xff" * 8 + line.signature[8:])

    for wrong in (later, endless):
        with pytest.raises(EvidenceError) as caught:
            note.signed_by(Note(TEXT, (wrong,)), [WITNESS.key])
        assert caught.value.code == "time.evidence_unsigned"
    assert note.signed_by(Note(TEXT, (line,)), [WITNESS.key])[0].at == 1_796_040_000
    assert note.signed_by(note.sign(TEXT, LOG_SIGNER), [LOG_SIGNER.key])[0].at is None


def test_a_time_past_the_end_of_time_is_refused_although_it_was_signed() -> None:
    raw = derived_signer(bytes(32))
    witness = note.note_signer("witness.my.example", raw, kind=COSIGNATURE)
    at = 2**63
    signature = at.to_bytes(8, "big") + raw.sign(f"cosignature/v1\ntime {at}\n{TEXT}".encode())

    with pytest.raises(EvidenceError) as caught:
        witness.key.verify(TEXT, signature)

    assert caught.value.code == "time.evidence_unsigned"
    for last in (0, at - 1):
        assert witness.key.verify(TEXT, witness.sign(TEXT, at=last).signature) == last


@pytest.mark.parametrize("at", [None, -1, 2**63])
def test_a_witness_does_not_sign_without_a_time_that_exists(at: int | None) -> None:
    with pytest.raises(ValueError, match="a cosignature carries a time"):
        WITNESS.sign(TEXT, at=at)


def test_a_log_signs_no_time_and_a_witness_no_note_alone() -> None:
    with pytest.raises(ValueError, match="a cosignature carries a time"):
        LOG_SIGNER.sign(TEXT, at=1)
    with pytest.raises(ValueError, match="a cosignature carries a time"):
        note.sign(TEXT, WITNESS)


@pytest.mark.parametrize("text", ["", "a", "a\tb\n", "a\x00\n", "a\ud800\n"])
def test_nobody_signs_what_cannot_be_the_text_of_a_note(text: str) -> None:
    with pytest.raises(ValueError, match="cannot be the text"):
        note.sign(text, LOG_SIGNER)
    with pytest.raises(ValueError, match="has a signature"):
        note.sign(TEXT)


@pytest.mark.parametrize("name", NO_NAMES)
def test_no_key_has_a_name_that_notes_do_not_allow(name: str) -> None:
    with pytest.raises(EvidenceError) as caught:
        note.note_key(name, kind=ED25519, octets=LOG_SIGNER.key.octets)

    assert caught.value.code == "time.evidence_malformed"
    assert LIMITS.identifier_characters == 512
    assert note.note_key("n" * 512, kind=ED25519, octets=LOG_SIGNER.key.octets)


@pytest.mark.parametrize(
    "text",
    [
        "", "name", "name+00000000", SUMDB_KEY[:-1], f"{SUMDB_KEY} ", SUMDB_KEY.replace("033d", "033D"),
        SUMDB_KEY.replace("033de0ae", "033de0af"), SUMDB_KEY.replace("sum.", "Sum."), f"{SUMDB_KEY}+x",
        SUMDB_KEY.replace("+Ac4", "+As4"), "name+00000000+", "name+00000000+AQ==", "a b" + SUMDB_KEY,
        "n" * LIMITS.note_bytes + SUMDB_KEY,
    ],
)  # fmt: skip
def test_a_key_is_spelled_in_one_way(text: str) -> None:
    with pytest.raises(EvidenceError) as caught:
        note.parse_key(text)

    assert caught.value.code == "time.evidence_malformed"


@pytest.mark.parametrize("kind", [0, 2, 3, 5, 6, 0xFF])
def test_a_type_of_signature_that_is_not_known_here_has_no_key(kind: int) -> None:
    with pytest.raises(EvidenceError) as caught:
        note.note_key("name", kind=kind, octets=LOG_SIGNER.key.octets)

    assert caught.value.code == "time.evidence_malformed"


def test_a_key_of_small_order_or_another_length_is_none() -> None:
    for octets in (bytes(32), b"\1" + bytes(31), bytes(31), bytes(33), b""):
        with pytest.raises(EvidenceError) as caught:
            note.note_key("name", kind=ED25519, octets=octets)
        assert caught.value.code == "time.evidence_malformed"


def test_a_key_for_another_algorithm_signs_no_notes() -> None:
    for kind in (ED25519, 0xFF):
        with pytest.raises(EvidenceError) as caught:
            note.note_signer("name", generate("ES256" if kind == ED25519 else "Ed25519"), kind=kind)
        assert caught.value.code == "time.evidence_malformed"


def test_one_public_key_has_another_id_for_each_name_and_type() -> None:
    octets = LOG_SIGNER.key.octets
    keys = [note.note_key(name, kind=kind, octets=octets) for name in ("a", "b") for kind in (ED25519, COSIGNATURE)]

    assert len({key.key_id for key in keys}) == 4
    assert [note.parse_key(key.text()) for key in keys] == keys


def test_a_note_with_one_bit_turned_is_signed_by_nobody_whatever_the_bit() -> None:
    octets = note.sign(TEXT, LOG_SIGNER).octets()
    codes = {_judged(flipped(octets, bit)) for bit in range(8 * len(octets))}

    assert codes == {"time.evidence_malformed", "time.evidence_unsigned", "nobody"}
    assert _judged(octets) == "signed"


def _judged(octets: bytes) -> str:
    try:
        return "signed" if note.signed_by(note.parse(octets), [LOG_SIGNER.key]) else "nobody"
    except EvidenceError as refused:
        return refused.code


@pytest.mark.parametrize(
    "octets", [b"", b"\n", f"{LINE}".encode(), f"\n\n{LINE}\n".encode(), f"{LINE}\n\n{LINE}\n".encode()]
)
def test_what_a_witness_answers_is_lines_and_nothing_else(octets: bytes) -> None:
    with pytest.raises(EvidenceError) as caught:
        note.parse_lines(octets)

    assert caught.value.code == "time.evidence_malformed"
    assert note.parse_lines(f"{LINE}\n{LINE}\n".encode()) == note.sign(TEXT, LOG_SIGNER, LOG_SIGNER).lines


def test_the_octets_of_a_line_are_key_id_and_signature() -> None:
    octets = base64.b64decode(LINE.rsplit(" ", 1)[1])

    assert octets[:4] == LOG_SIGNER.key.key_id
    assert len(octets) == 4 + 64
