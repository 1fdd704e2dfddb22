"""Signed notes: a text, and under it lines of those who signed it.

Decides whether octets are a note, and which of the keys that the caller knows have signed it. A line of an unknown key
is ignored; a line of a known one that does not verify spoils the note. It does not know what the text says.
Clauses: C2SP signed-note; tlog-cosignature for keys of type 0x04, whose signatures carry a time.
"""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, NoReturn

from idbridge.codec import base64std, base64url
from idbridge.crypto.keys import parse_jwk
from idbridge.crypto.signer import Signer
from idbridge.errors import EvidenceError, InputError, JoseError
from idbridge.limits import LIMITS
from idbridge.model.keys import PublicKey

ED25519: Final = 0x01
COSIGNATURE: Final = 0x04
KEY_ID_OCTETS: Final = 4
_DASH: Final = "\N{EM DASH} "
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f]")  # all below the space, save for the line break
_NOT_IN_NAMES: Final = re.compile(r"[\s+\x00-\x1f]")  # spaces of every script, plus signs, control characters
_TIME_OCTETS: Final = 8
_LATEST: Final = 2**63 - 1  # seconds (C2SP tlog-cosignature)
_KEY_PARTS: Final = 3


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of signature: its byte, the lengths that go with it, and what is signed. ``timed``: it carries a time.

    ``public_key`` makes of the octets of a key what verifies, under the name ``algorithm`` of the closed table;
    ``message`` takes the name of the key, the text, and seconds since 1970 or ``None``; it returns what is signed.
    """

    byte: int
    algorithm: str
    key_octets: int
    signature_octets: int
    timed: bool
    public_key: Callable[[bytes], PublicKey]
    message: Callable[[str, str, int | None], bytes]


@dataclass(frozen=True, slots=True)
class NoteKey:
    """Who may sign notes: a name, a type of signature and the octets of a public key. Made by ``note_key``.

    ``key_id`` is what a signature line carries; it tells keys apart and proves nothing.
    """

    name: str
    kind: int
    octets: bytes
    key_id: bytes
    _public: PublicKey = field(compare=False, repr=False)

    def text(self) -> str:
        """Return the key as configurations hold it (a vkey): name, key id and base64, parted by plus signs."""
        return f"{self.name}+{self.key_id.hex()}+{base64std.encode(bytes([self.kind]) + self.octets)}"

    def verify(self, text: str, signature: bytes) -> int | None:
        """Return the time that ``signature`` over ``text`` carries, seconds since 1970; ``None`` if it carries none.

        Raises:
            EvidenceError: ``time.evidence_unsigned``: it does not verify, or has another length.
        """
        kind = KINDS[self.kind]
        at: int | None = None
        if kind.timed:
            at, signature = int.from_bytes(signature[:_TIME_OCTETS], "big"), signature[_TIME_OCTETS:]
        if len(signature) != kind.signature_octets or (at is not None and at > _LATEST):
            _unsigned("a signature of another length, or past the end of time")
        try:
            self._public.verify(kind.algorithm, signature=signature, signed=kind.message(self.name, text, at))
        except JoseError as refusal:
            raise EvidenceError("time.evidence_unsigned", "a signature of a known key does not verify") from refusal
        return at


@dataclass(frozen=True, slots=True)
class SignatureLine:
    """One line under a note: who says to have signed, and the octets of the signature."""

    name: str
    key_id: bytes
    signature: bytes

    def text(self) -> str:
        """Return the line, without its line break."""
        return f"{_DASH}{self.name} {base64std.encode(self.key_id + self.signature)}"


@dataclass(frozen=True, slots=True)
class Note:
    """A text and the lines under it; nothing of it is verified. ``text`` ends with a line break."""

    text: str
    lines: tuple[SignatureLine, ...]

    def octets(self) -> bytes:
        """Return the note as it travels."""
        return "".join([self.text, "\n", *[f"{line.text()}\n" for line in self.lines]]).encode()

    def with_lines(self, lines: Sequence[SignatureLine]) -> "Note":
        """Return the note with ``lines`` added, such as those of witnesses.

        Raises:
            EvidenceError: ``time.evidence_malformed``: there are more than ``LIMITS.note_signatures``.
        """
        if len(self.lines) + len(lines) > LIMITS.note_signatures:
            _malformed("too many signatures")
        return Note(self.text, (*self.lines, *lines))


@dataclass(frozen=True, slots=True)
class Signed:
    """A known key that has signed, and when by its own word, in seconds since 1970; ``None`` if it carries no time."""

    key: NoteKey
    at: int | None


@dataclass(frozen=True, slots=True)
class NoteSigner:
    """Who signs notes under a name, with a key that may be in an HSM."""

    key: NoteKey
    _signer: Signer = field(repr=False)

    def sign(self, text: str, *, at: int | None = None) -> SignatureLine:
        """Return the line of this signer under ``text``; ``at``, in seconds since 1970, if its type carries a time.

        Raises:
            ValueError: A time is missing, or not wanted, or out of range.
        """
        kind = KINDS[self.key.kind]
        if kind.timed is not (at is not None) or not 0 <= (at or 0) <= _LATEST:
            raise ValueError("a cosignature carries a time, and no other signature does")
        message = kind.message(self.key.name, text, at)
        time = b"" if at is None else at.to_bytes(_TIME_OCTETS, "big")
        return SignatureLine(self.key.name, self.key.key_id, time + self._signer.sign(message))


def note_key(name: str, *, kind: int, octets: bytes) -> NoteKey:
    """Return the key with this name, type of signature and public key.

    Raises:
        EvidenceError: ``time.evidence_malformed``: no such type, no such key, or a name that notes do not allow.
    """
    known = KINDS.get(kind)
    if known is None or len(octets) != known.key_octets:
        _malformed("no key of a type that is known here")
    if not is_name(name):
        _malformed("no name of a key")
    try:
        public = known.public_key(octets)
    except JoseError as refusal:
        raise EvidenceError("time.evidence_malformed", "a public key that cannot be one") from refusal
    key_id = hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + octets).digest()[:KEY_ID_OCTETS]
    return NoteKey(name, kind, octets, key_id, public)


def parse_key(text: str) -> NoteKey:
    """Return the key that ``text`` spells as a vkey.

    Raises:
        EvidenceError: ``time.evidence_malformed``, also if the key id is not that of the key.
    """
    parts = text.split("+", _KEY_PARTS - 1) if len(text) <= LIMITS.note_bytes else []
    if len(parts) != _KEY_PARTS:
        _malformed("a key has a name, a key id and a public key")
    octets = _base64(parts[2])
    key = note_key(parts[0], kind=octets[0] if octets else 0, octets=octets[1:])
    if key.text() != text:
        _malformed("the key id is not that of the key")
    return key


def note_signer(name: str, signer: Signer, *, kind: int = ED25519) -> NoteSigner:
    """Return who signs notes as ``name`` with the key of ``signer``.

    Raises:
        EvidenceError: ``time.evidence_malformed``: the key does not fit the type, or the name is none.
    """
    jwk = signer.public_jwk
    known = KINDS.get(kind)
    if known is None or signer.algorithm != known.algorithm:
        _malformed("no key of a type that is known here")
    return NoteSigner(note_key(name, kind=kind, octets=base64url.decode(jwk["x"])), signer)


def is_name(name: str) -> bool:
    """Tell whether a key may be called ``name``: not empty, without spaces, plus signs and control characters."""
    return 0 < len(name) <= LIMITS.identifier_characters and _NOT_IN_NAMES.search(name) is None and _is_unicode(name)


def parse(octets: bytes) -> Note:
    """Return the note that ``octets`` are, in the one form that there is.

    Raises:
        EvidenceError: ``time.evidence_malformed``.
    """
    characters = _characters(octets)
    text, blank, below = characters.rpartition("\n\n")
    if not blank:
        _malformed("a note has a text, an empty line and lines of signatures")
    return Note(f"{text}\n", _lines(below))


def sign(text: str, *signers: NoteSigner) -> Note:
    """Return ``text``, which ends with a line break, as a note that ``signers`` have signed, none of which adds a time.

    Raises:
        ValueError: There is no signer, or the text cannot be the text of a note.
    """
    if not signers:
        raise ValueError("a note has a signature")
    if not text.endswith("\n") or not _is_unicode(text) or _CONTROL.search(text):
        raise ValueError("this cannot be the text of a note")
    return Note(text, tuple([signer.sign(text) for signer in signers]))


def signed_by(note: Note, keys: Sequence[NoteKey]) -> tuple[Signed, ...]:
    """Return which of ``keys`` have signed ``note``; that there are some is for the caller to demand.

    Raises:
        EvidenceError: ``time.evidence_unsigned``: the line of a known key does not verify;
            ``time.evidence_malformed``: a known key has signed twice, perhaps at two times.
    """
    known = {(key.name, key.key_id): key for key in keys}
    found: dict[NoteKey, Signed] = {}
    for line in note.lines:
        key = known.get((line.name, line.key_id))
        if key is None:
            continue
        if key in found:
            _malformed("one key has signed twice")
        found[key] = Signed(key, key.verify(note.text, line.signature))
    return tuple(found.values())


def parse_lines(octets: bytes) -> tuple[SignatureLine, ...]:
    """Return the lines of signatures that ``octets`` are: what a witness answers.

    Raises:
        EvidenceError: ``time.evidence_malformed``.
    """
    return _lines(_characters(octets))


def _characters(octets: bytes) -> str:
    if len(octets) > LIMITS.note_bytes:
        _malformed("a note that is too long")
    try:
        characters = octets.decode()
    except UnicodeDecodeError:
        characters = "\0"
    if _CONTROL.search(characters):
        _malformed("not UTF-8, or with control characters")
    return characters


def _lines(text: str) -> tuple[SignatureLine, ...]:
    lines = text.split("\n")
    if lines.pop() or not 0 < len(lines) <= LIMITS.note_signatures:
        _malformed("no lines of signatures, too many, or the last one is cut off")
    return tuple([_line(line) for line in lines])


def _line(text: str) -> SignatureLine:
    name, _, spelled = text.removeprefix(_DASH).partition(" ")
    octets = _base64(spelled)
    if not text.startswith(_DASH) or not is_name(name) or len(octets) <= KEY_ID_OCTETS:
        _malformed("no line of a signature")
    return SignatureLine(name, octets[:KEY_ID_OCTETS], octets[KEY_ID_OCTETS:])


def _base64(text: str) -> bytes:
    try:
        return base64std.decode(text)
    except InputError as refusal:
        raise EvidenceError("time.evidence_malformed", refusal.detail) from refusal


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _ed25519(octets: bytes) -> PublicKey:
    return parse_jwk({"kty": "OKP", "crv": "Ed25519", "x": base64url.encode(octets)})


def _plain(_name: str, text: str, _at: int | None) -> bytes:
    return text.encode()


def _cosigned(_name: str, text: str, at: int | None) -> bytes:
    return f"cosignature/v1\ntime {at}\n{text}".encode()


def _malformed(why: str) -> NoReturn:
    raise EvidenceError("time.evidence_malformed", why)


def _unsigned(why: str) -> NoReturn:
    raise EvidenceError("time.evidence_unsigned", why)


# Another algorithm is one more entry: ML-DSA-44 (0x06), whose message holds the name and the tree that the text tells.
KINDS: Final[Mapping[int, Kind]] = MappingProxyType({
    ED25519: Kind(ED25519, "Ed25519", 32, 64, timed=False, public_key=_ed25519, message=_plain),
    COSIGNATURE: Kind(COSIGNATURE, "Ed25519", 32, 64, timed=True, public_key=_ed25519, message=_cosigned),
})  # fmt: skip
