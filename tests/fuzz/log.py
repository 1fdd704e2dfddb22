"""The harnesses of the log: notes, checkpoints, receipts, leaves and tiles are read from anybody who offers them.

What is read is written in the same way, and nothing is proven but what the log itself has signed.
"""

from typing import Final

from idbridge.errors import EvidenceError
from idbridge.tlog import checkpoint as checkpoints
from idbridge.tlog import note, receipt, tile
from idbridge.tlog.leaf import parse_leaf
from tests.fuzz.harness import Harness
from tests.tlog import kit

_RECEIPT: Final = kit.whole_receipt()
_CHECKPOINT: Final = kit.cosigned(kit.signed_checkpoint(), *kit.STATES).octets()
_KNOWN: Final = (kit.LOG_SIGNER.key, *[witness.key for witness in kit.WITNESSES])
_BUNDLE: Final = tile.encode_entries([kit.entry(index) for index in range(3)])
_BUNDLED: Final = 3


def _same(found: bytes, octets: bytes) -> None:
    if found != octets:
        raise AssertionError("a second spelling was read")


def _note(octets: bytes) -> None:
    """A note, or a key as configurations hold it."""
    try:
        found = note.parse(octets)
    except EvidenceError:
        key = note.parse_key(octets.decode("utf-8", "surrogateescape"))
        _same(key.text().encode(), octets)
        return
    _same(found.octets(), octets)
    if note.signed_by(found, _KNOWN) and found.text != kit.signed_checkpoint().text:
        raise AssertionError("a text was believed that nobody has signed")


def _checkpoint(octets: bytes) -> None:
    unverified = checkpoints.parse_unverified(octets)
    _same(unverified.checkpoint.text().encode(), unverified.note.text.encode())
    found = checkpoints.verify_witnessed(unverified, log=kit.LOG, quorum=kit.QUORUM, at=kit.NOON)
    if found.checkpoint != checkpoints.parse_unverified(_CHECKPOINT).checkpoint:
        raise AssertionError("a checkpoint was believed that nobody has signed")


def _receipt(octets: bytes) -> None:
    _same(receipt.parse_proof(octets).octets(), octets)
    unverified = receipt.parse_unverified(octets)
    found = receipt.verify_witnessed(unverified, log=kit.LOG, quorum=kit.QUORUM, at=kit.NOON)
    found.require_about(kit.CREDENTIAL)
    if (found.leaf, found.index) != (kit.leaf(), 69):
        raise AssertionError("a leaf was believed that is not in the log")


def _leaf(octets: bytes) -> None:
    _same(parse_leaf(octets).octets(), octets)


def _tile(octets: bytes) -> None:
    """The name of a tile, or else a bundle of three entries."""
    try:
        _same(tile.parse_path(octets.decode("utf-8", "surrogateescape")).path.encode(), octets)
    except EvidenceError:
        _same(tile.encode_entries(tile.decode_entries(octets, width=_BUNDLED)), octets)


LOG: Final[tuple[Harness, ...]] = (
    Harness("note", _note, lambda: [_CHECKPOINT, *[key.text().encode() for key in _KNOWN]], 4_096),
    Harness("checkpoint", _checkpoint, lambda: [_CHECKPOINT, kit.signed_checkpoint(1).octets()], 4_096),
    Harness("receipt", _receipt, lambda: [_RECEIPT, kit.whole_receipt((), before=0)], 4_096),
    Harness("leaf", _leaf, lambda: [kit.leaf().octets(), b'{"t":"start","ts":1,"v":1,"ver":"0.1.0"}'], 1_024),
    Harness("tile", _tile, lambda: [
        b"tile/0/000", b"tile/12/x001/x234/067", b"tile/entries/273.p/112", _BUNDLE
    ], 1_024),
)  # fmt: skip
