"""What a log sends to a witness, for the tests of a witness in a node and of one without."""

from datetime import datetime

from idbridge.model.region import MemberState
from idbridge.sandbox.region import Region
from idbridge.tlog import checkpoint as checkpoints
from idbridge.tlog import merkle, note, witnessing
from idbridge.tlog.checkpoint import Checkpoint, Log
from idbridge.tlog.note import Note, NoteSigner
from idbridge.trust.log_names import origin_of

PATH = "/witness/add-checkpoint"


def signer_of(region: Region, state: MemberState = MemberState.SG) -> NoteSigner:
    """Who signs for the log of a state."""
    service = region.log_service(state)
    return note.note_signer(origin_of(service.issuer), service.signer)


def witness_of(region: Region, state: MemberState) -> NoteSigner:
    """Who cosigns for a state."""
    service = region.witness_service(state)
    return note.note_signer(origin_of(service.issuer), service.signer, kind=note.COSIGNATURE)


def body_of(signer: NoteSigner, size: int, *, old: int = 0, first: int = 0) -> bytes:
    """A request to confirm a log of so many entries, with the proof that it goes on from ``old`` ones."""
    hashes = [merkle.leaf_hash(b"%d" % number) for number in range(first, first + size)]
    tree = merkle.Frontier().extend(hashes)
    signed = checkpoints.sign(Checkpoint(signer.key.name, size, tree.after.root()), signer)

    def node(level: int, index: int) -> bytes:
        part = hashes[index << level : (index + 1) << level]
        return merkle.Frontier().extend(part).after.root()

    proof = merkle.consistency_proof(old, size, node) if 0 < old < size else ()
    return witnessing.submission(signed, old=old, proof=proof).octets()


def cosigned_by(signer: NoteSigner, *witnesses: NoteSigner, state: MemberState, size: int, at: datetime) -> Note:
    """A checkpoint of a log of ``state`` that ``witnesses`` have confirmed."""
    signed = checkpoints.sign(Checkpoint(signer.key.name, size, merkle.leaf_hash(b"")), signer)
    unverified = checkpoints.parse_unverified(signed.octets())
    logged = checkpoints.verify(unverified, log=Log(signer.key.name, state, (signer.key,)))
    return signed.with_lines([checkpoints.cosign(logged, one, at=at) for one in witnesses])
