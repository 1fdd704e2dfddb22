"""A witness: this state's word that a log of another state goes on as it was, and by when.

Decides which checkpoints are cosigned: of logs that other states list, under their key, that continue what was cosigned
last. The time that it names can make a credential older than the theft of a key: so it names none while its clock is
behind what it named before, or behind what states have signed. The new tree is remembered past a power failure before
the answer leaves, and of several workers one remembers it, or a log could show two histories to two askers.
Clause: C2SP tlog-witness, `add-checkpoint`.
"""

from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Final, NamedTuple

from idbridge.clock import Clock
from idbridge.crypto.key_files import open_key_file
from idbridge.errors import ConfigurationError, EvidenceError, FetchError, TrustError
from idbridge.evidence.errors import LogError
from idbridge.evidence.head import Head, HeadFiles
from idbridge.limits import LIMITS
from idbridge.model.region import Environment, MemberState
from idbridge.tlog import checkpoint as checkpoints
from idbridge.tlog import merkle, note, witnessing
from idbridge.tlog.checkpoint import Checkpoint, Log
from idbridge.tlog.note import NoteKey, NoteSigner
from idbridge.tlog.witnessing import Remembered, Submission
from idbridge.trust.log_listing import listed_log, state_of_log
from idbridge.trust.snapshot import TrustSnapshot
from idbridge_gateway.keys import passphrase_in, refuse_published
from idbridge_gateway.settings import WitnessSettings

SIZE_MEDIA: Final = "text/x.tlog.size"
TEXT_MEDIA: Final = "text/plain; charset=utf-8"
FOLDER: Final = "witnessed"  # in the state directory
REFUSE: Final = "refuse"
FORK: Final = "fork"


class Refusal(NamedTuple):
    """That a listed log was not cosigned: which, of which state if its list tells, what it did, and the reason.

    ``act`` is ``fork`` where the log signed two trees of one size, else ``refuse``. ``told`` is the checkpoint if the
    log signed it: anybody may send any other.
    """

    origin: str
    code: str
    state: MemberState | None = None
    told: Checkpoint | None = None
    act: str = REFUSE


class WitnessAnswer(NamedTuple):
    """What a log is answered: a status of HTTP, and lines of signatures, or the size that was cosigned last.

    ``refusal`` is what is to be written down of it; ``None`` where it was cosigned, where it is to ask again with
    another size, and where no list names a log: what a stranger makes up is not written down.
    """

    status: HTTPStatus
    text: str
    media: str = TEXT_MEDIA
    refusal: Refusal | None = None


class WitnessDesk:
    """Cosigns for ``state`` as ``signer``; what it cosigned last stands in ``folder``."""

    def __init__(self, signer: NoteSigner, folder: Path, *, state: MemberState, clock: Clock) -> None:
        self._signer = signer
        self._state = state
        self._clock = clock
        self._heads = HeadFiles(folder)
        self._latest = datetime.fromtimestamp(0, UTC)

    @property
    def key(self) -> NoteKey:
        """Under which name and key it cosigns."""
        return self._signer.key

    def answer(self, body: bytes, snapshot: TrustSnapshot) -> WitnessAnswer:
        """Return the answer to a request to cosign. It writes a file, and so blocks.

        Raises:
            FetchError: What was cosigned last cannot be read or written, or the clock is behind.
            LogError: It is damaged.
        """
        at = self._time(snapshot)
        try:
            submitted = witnessing.parse_submission(body)
        except EvidenceError:
            return WitnessAnswer(HTTPStatus.BAD_REQUEST, "this is no request to cosign a checkpoint\n")
        told = submitted.unverified.checkpoint
        try:
            log = listed_log(snapshot, told.origin, signed_at=at, at=at)
        except (EvidenceError, TrustError) as refused:
            return _unlisted(snapshot, told.origin, refused, at=at)
        return self._of_log(submitted, log, at=at)

    def _of_log(self, submitted: Submission, log: Log, *, at: datetime) -> WitnessAnswer:
        """Return the answer to a request about a log that is listed, which may still be one of anybody's."""
        told, origin = submitted.unverified.checkpoint, log.origin
        if log.state is self._state:
            refusal = Refusal(origin, "time.evidence_unwitnessed", log.state)
            return WitnessAnswer(HTTPStatus.NOT_FOUND, "a state is no witness of its own log\n", refusal=refusal)
        try:
            checkpoints.verify(submitted.unverified, log=log)
        except EvidenceError as refused:
            words, refusal = "no key of the log signed this checkpoint\n", Refusal(origin, refused.code, log.state)
            return WitnessAnswer(HTTPStatus.FORBIDDEN, words, refusal=refusal)
        held = self._held(origin)
        remembered = Remembered() if held is None else Remembered(held.size, held.root)
        if told.size == remembered.size and told.root != remembered.root:
            return _conflict(remembered.size, Refusal(origin, "time.evidence_inconsistent", log.state, told, FORK))
        if submitted.old != remembered.size:
            return _conflict(remembered.size)
        try:
            logged = witnessing.require_continued(submitted, log=log, remembered=remembered)
        except EvidenceError as refused:
            words, refusal = (
                "the proof does not lead from the old tree\n",
                Refusal(origin, refused.code, log.state, told),
            )
            return WitnessAnswer(HTTPStatus.UNPROCESSABLE_ENTITY, words, refusal=refusal)
        if self._heads.swap(Head(origin, told.size, told.root), expected=held) != held:
            return _conflict(self._size(origin))  # another worker cosigned it at this very moment
        return WitnessAnswer(HTTPStatus.OK, f"{checkpoints.cosign(logged, self._signer, at=at).text()}\n")

    def _time(self, snapshot: TrustSnapshot) -> datetime:
        """Return the time that may be named now.

        Raises:
            FetchError: The clock is behind.
        """
        at = self._clock.now()
        signed = max((listed.provenance.issued_at for listed in snapshot.lists.values()), default=at)
        if at < self._latest - LIMITS.log_clock_back or at < signed - LIMITS.clock_leeway:
            raise FetchError("the clock went back, or is behind what states have signed")
        self._latest = max(self._latest, at)
        return at

    def _held(self, origin: str) -> Head | None:
        """Return what was cosigned last: an exchange of nothing for nothing."""
        nothing = Head(origin, 0, merkle.EMPTY_ROOT)
        return self._heads.swap(nothing, expected=nothing)

    def _size(self, origin: str) -> int:
        held = self._held(origin)
        return 0 if held is None else held.size


def _conflict(size: int, refusal: Refusal | None = None) -> WitnessAnswer:
    return WitnessAnswer(HTTPStatus.CONFLICT, f"{size}\n", SIZE_MEDIA, refusal)


def _unlisted(
    snapshot: TrustSnapshot, origin: str, refused: EvidenceError | TrustError, *, at: datetime
) -> WitnessAnswer:
    """Return the answer about a log whose key counts for nobody now: it is one of ours, or anybody's word."""
    refusal: Refusal | None = Refusal(origin, refused.code)
    if isinstance(refused, EvidenceError):
        try:
            refusal = Refusal(origin, refused.code, state_of_log(snapshot, origin, at=at))
        except EvidenceError:
            refusal = None
    return WitnessAnswer(HTTPStatus.NOT_FOUND, "no state whose list is up to date lists this log\n", refusal=refusal)


def witness_of(settings: WitnessSettings, *, clock: Clock) -> WitnessDesk | None:
    """Return the witness that a node is, or one without a node; ``None`` if the settings name no key for one.

    Raises:
        ConfigurationError: The key may not be used, or is none that cosigns.
    """
    path, name = settings.witness_key_file, settings.witness_name
    if path is None or name is None:
        return None
    passphrase = passphrase_in(settings.witness_passphrase_file, setting="IDBRIDGE_WITNESS_PASSPHRASE_FILE")
    signer = open_key_file(path, passphrase=passphrase, encrypted_only=settings.environment is Environment.LIVE)
    refuse_published(signer, settings.environment)
    folder = settings.state_dir / FOLDER
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        return WitnessDesk(
            note.note_signer(name, signer, kind=note.COSIGNATURE), folder, state=settings.state, clock=clock
        )
    except EvidenceError as refusal:
        raise ConfigurationError(f"{path} holds no Ed25519 key, or {name} is no name of a witness") from refusal
    except OSError as unwritable:
        raise ConfigurationError(f"{folder} cannot be made: {unwritable.strerror}") from unwritable


UNUSABLE: Final = (FetchError, LogError)
