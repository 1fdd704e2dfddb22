"""Receipts in the pretend region: what shows that a credential was there before its issuer ended, or fails to.

Makes a node's log of a few entries, one of them about the credential, its checkpoint signed by the log and cosigned by
a witness at the instant that is said. Nothing is kept: a log of the sandbox that runs is made by its nodes.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from idbridge.credential.sd_jwt import SEPARATOR
from idbridge.model.region import Environment
from idbridge.sandbox.bench import Bench
from idbridge.sandbox.edits import After, edited
from idbridge.sandbox.parties import Registration
from idbridge.sandbox.recipe import Shown, Source
from idbridge.sandbox.services import Service
from idbridge.tlog import checkpoint as checkpoints
from idbridge.tlog import merkle, note, receipt
from idbridge.tlog.checkpoint import Checkpoint, Log
from idbridge.tlog.commitment import KEY_OCTETS, Opening
from idbridge.tlog.leaf import Leaf, LeafType
from idbridge.tlog.note import Note
from idbridge.trust.log_names import origin_of

_BEFORE: Final = 5  # entries ahead of the one that matters
_AFTER: Final = 2
_MILLISECONDS: Final = 1_000
_REPORT_OCTETS: Final = 16

Spoil = Callable[[receipt.Proof], str]


def untouched(proof: receipt.Proof) -> str:
    """Return the receipt as it was made."""
    return proof.octets().decode()


def cut_off(proof: receipt.Proof) -> str:
    """Return the receipt without its last line break."""
    return untouched(proof).removesuffix("\n")


def moved(proof: receipt.Proof) -> str:
    """Return the receipt as if its leaf stood at the next place."""
    return untouched(replace(proof, index=proof.index + 1))


def unsigned(proof: receipt.Proof) -> str:
    """Return the receipt without the signature of the log."""
    return untouched(replace(proof, note=Note(proof.note.text, proof.note.lines[1:])))


def closed(proof: receipt.Proof) -> str:
    """Return the receipt without what opens its leaf."""
    bundle = proof.extra or b""
    entry = bundle[: 2 + int.from_bytes(bundle[:2], "big")]
    return untouched(replace(proof, extra=entry))


@dataclass(frozen=True, slots=True)
class Receipted:
    """What ``of`` shows, beside a receipt of the log ``log`` that was cosigned by ``witness`` when it was ``seen``.

    ``about`` is another credential that the leaf is about instead. ``indication`` is the verdict that the leaf tells.
    ``again``: it was shown another time before, and the receipt is about that. ``opened_by_another`` has another key
    in the opening. ``log_made_in`` and ``witness_made_in`` name an environment whose double of the service signs.
    """

    of: Source
    seen: datetime | After
    log: str = "sg-log"
    witness: str = "th-witness"
    about: Source | None = None
    indication: str = "PASSED"
    again: bool = False
    opened_by_another: bool = False
    log_made_in: Environment | None = None
    witness_made_in: Environment | None = None
    spoil: Spoil = untouched

    @property
    def service(self) -> str:
        """The service whose credential it is."""
        return self.of.service

    def shown(self, bench: Bench, *, to: Registration) -> Shown:
        """Return what ``of`` shows with the receipt beside it."""
        shown = self.of.shown(bench, to=to)
        about = shown if self.about is None else self.about.shown(bench, to=to)
        then = _as_copy(about.credential) if self.again else about.credential
        evidence = {"receipt": self._receipt(then, bench)} | ({"shown": then} if self.again else {})
        return replace(shown, beside={**shown.beside, "time_evidence": evidence})

    def _receipt(self, committed: str, bench: Bench) -> str:
        seconds = edited({}, {"seen": self.seen}, at=bench.at)["seen"]
        opening = _opening(bench)
        entry = _entry(bench, com=opening.commitment(committed.encode()), at=seconds, indication=self.indication)
        others = [_other(bench, number, at=seconds) for number in range(_BEFORE + _AFTER)]
        entries = [*others[:_BEFORE], entry, *others[_BEFORE:]]
        growth = merkle.Frontier().extend([merkle.leaf_hash(one) for one in entries])
        proof = receipt.receipt(
            index=_BEFORE,
            hashes=growth.inclusion(_BEFORE),
            signed=self._signed(growth.after.root(), len(entries), bench, seconds=seconds),
            entry=entry,
            opening=_opening(bench) if self.opened_by_another else opening,
        )
        return self.spoil(proof)

    def _signed(self, root: bytes, size: int, bench: Bench, *, seconds: int) -> Note:
        """Return the checkpoint with the line of the log, and under it that of the witness."""
        by = bench.service(self.log, made_in=self.log_made_in)
        signer = _signer(by)
        signed = checkpoints.sign(Checkpoint(signer.key.name, size, root), signer)
        logged = checkpoints.verify(
            checkpoints.parse_unverified(signed.octets()), log=Log(signer.key.name, by.state, (signer.key,))
        )
        witness = _signer(bench.service(self.witness, made_in=self.witness_made_in), kind=note.COSIGNATURE)
        return signed.with_lines([checkpoints.cosign(logged, witness, at=datetime.fromtimestamp(seconds, UTC))])


def _signer(service: Service, *, kind: int = note.ED25519) -> note.NoteSigner:
    return note.note_signer(origin_of(service.issuer), service.signer, kind=kind)


def _opening(bench: Bench) -> Opening:
    return Opening(bench.randomness.octets(KEY_OCTETS), hashlib.sha256(b"").digest())


def _entry(bench: Bench, *, com: str, at: int, indication: str) -> bytes:
    members = {"req": _report_id(bench), "rp": "sg-bank", "res": indication, "com": com}
    return Leaf(LeafType.VERIFY, at * _MILLISECONDS, members).octets()


def _other(bench: Bench, number: int, *, at: int) -> bytes:
    return _entry(bench, com=_opening(bench).commitment(b"%d" % number), at=at, indication="PASSED")


def _report_id(bench: Bench) -> str:
    return f"rep_{bench.randomness.octets(_REPORT_OCTETS).hex()}"


def _as_copy(credential: str) -> str:
    """Return an SD-JWT as its holder showed it before, to somebody who wanted no proof of possession."""
    return f"{credential.rpartition(SEPARATOR)[0]}{SEPARATOR}"
