"""Leaves: the entries of a node's log, each a few names, numbers and digests about one act, and nothing personal.

Decides whether octets are a leaf of a type that is known, with all its members and no others. It does not know whether
what the leaf says is so. The text is JSON in its canonical form, restricted to one object of printable ASCII and whole
numbers, so that any language can write it again octet for octet. Clauses: RFC 8785; architecture D8.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NoReturn

from idbridge.codec import base64url, length_prefixed, strict_json
from idbridge.errors import EvidenceError, InputError
from idbridge.limits import LIMITS

VERSION: Final = 1
_LARGEST: Final = 2**53 - 1  # RFC 7493 section 2.2
_DIGEST_MARK: Final = "#"
_TEXT: Final = re.compile(r"[ !#-\[\]-~]+")  # without `"` and `\`, which JSON writes in another way
_DIGEST: Final = re.compile("[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]")  # the last character has no surplus bits

Value = str | int


class LeafType(StrEnum):
    """What a leaf is about."""

    VERIFY = "verify"
    ASSERT = "assert"
    REJECT = "reject"
    LIST_ACCEPT = "list.accept"
    LIST_REJECT = "list.reject"
    KEY = "key"
    POLICY = "policy"
    RP = "rp"
    ERASE = "erase"
    HOLD = "hold"
    START = "start"
    RECOVER = "recover"
    WITNESS = "witness"
    ATTEST = "attest"
    RECALL = "recall"


@dataclass(frozen=True, slots=True)
class Leaf:
    """One act: its type, when by the node's clock in milliseconds since 1970, and what else is said of it.

    Raises:
        EvidenceError: ``time.evidence_malformed``: a member is missing, unknown or not what it should be, or the text
            would be longer than ``LIMITS.leaf_bytes``.
    """

    type: LeafType
    at_ms: int
    members: Mapping[str, Value]
    _octets: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not is_count(self.at_ms):
            _malformed("a leaf with a time that is none")
        members = self.members
        if type(members) is Filled and members.type is self.type:
            octets = members.octets(self.at_ms)
        else:
            _require_members(self.type, members, names=members.keys())
            octets = _canonical({**members, "t": self.type.value, "ts": self.at_ms, "v": VERSION})
            object.__setattr__(self, "members", MappingProxyType(dict(members)))
        if len(octets) > LIMITS.leaf_bytes:
            _malformed("a leaf that is too long")
        object.__setattr__(self, "_octets", octets)

    @property
    def commitment(self) -> str:
        """The commitment to a credential, base64url; empty for an act that is about none."""
        return str(self.members.get("com", ""))

    def octets(self) -> bytes:
        """Return the leaf as the log holds it: an entry."""
        return self._octets


class Filled(Mapping[str, Value]):
    """The members of one leaf, which a form has checked and written: all but the time. Made by ``Form.filled``."""

    __slots__ = ("_after", "_before", "_form", "_values", "type")

    def __init__(self, form: "Form", values: tuple[str, ...], *, before: str, after: str) -> None:
        self.type = form.type
        self._form = form
        self._values = values
        self._before = before
        self._after = after

    def octets(self, at_ms: int) -> bytes:
        """Return the leaf with these members, of that time."""
        return f"{self._before}{at_ms}{self._after}".encode("ascii")

    def __getitem__(self, name: str) -> Value:
        return self._everything()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._everything())

    def __len__(self) -> int:
        return len(self._everything())

    def _everything(self) -> dict[str, Value]:
        return {**self._form.members, **dict(zip(self._form.blanks, self._values, strict=True))}


@dataclass(frozen=True, slots=True)
class Form:
    """Leaves of one type that are alike but for some members: what they have in common is checked and written once.

    A node writes thousands of leaves about the answers to one relying party by one list; only the request, the
    commitment and the time of each are its own. ``blanks`` names the members that are left open, each a text.

    Raises:
        EvidenceError: ``time.evidence_malformed``: the type does not have these members, or not like this.
        ValueError: A blank would stand behind the time, or is said already.
    """

    type: LeafType
    members: Mapping[str, Value]
    blanks: tuple[str, ...]
    _before: str = field(init=False, repr=False, compare=False)
    _after: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        members, blanks = MappingProxyType(dict(self.members)), tuple(sorted(self.blanks))
        if not set(blanks).isdisjoint(members) or any(name > "ts" for name in blanks):
            raise ValueError("a blank is a member that is not said yet, and stands before the time")
        _require_members(self.type, members, names=members.keys() | set(blanks))
        gaps = dict.fromkeys((*blanks, "ts"), "\0")  # no text of a leaf holds this character
        written = _canonical({**members, **gaps, "t": self.type.value, "v": VERSION}).decode("ascii")
        before, _, after = written.replace("%", "%%").rpartition('"\0"')
        for name, value in (("members", members), ("blanks", blanks)):
            object.__setattr__(self, name, value)
        object.__setattr__(self, "_before", before.replace("\0", "%s"))
        object.__setattr__(self, "_after", after.replace("%%", "%"))

    def filled(self, *values: str) -> Filled:
        """Return the members with ``values`` in the blanks, in the order of their names.

        Raises:
            EvidenceError: ``time.evidence_malformed``: one of them is not what it should be.
            ValueError: They are fewer or more.
        """
        for name, value in zip(self.blanks, values, strict=True):
            if not _CHECKS[name](value):
                _malformed("a leaf with a member that is not what it should be")
        return Filled(self, values, before=self._before % values, after=self._after)


def parse_leaf(octets: bytes) -> Leaf:
    """Return the leaf that ``octets`` are, in the one form that there is.

    Raises:
        EvidenceError: ``time.evidence_malformed``.
    """
    try:
        members = strict_json.parse_object(octets, max_bytes=LIMITS.leaf_bytes, max_depth=1)
    except InputError as refusal:
        raise EvidenceError("time.evidence_malformed", refusal.detail) from refusal
    kind, at_ms, version = members.pop("t", None), members.pop("ts", None), members.pop("v", None)
    if type(version) is not int or version != VERSION or type(at_ms) is not int:
        _malformed("a leaf of no version that is known here, or without a time")
    if type(kind) is not str or kind not in _TYPES:
        _malformed("a leaf of no type that is known here")
    leaf = Leaf(LeafType(kind), at_ms, members)
    if leaf.octets() != octets:
        _malformed("a leaf in a second spelling")
    return leaf


def is_text(value: object) -> bool:
    """Tell whether ``value`` is printable ASCII, not empty, that JSON writes without escapes."""
    return type(value) is str and _TEXT.fullmatch(value) is not None


def is_count(value: object) -> bool:
    """Tell whether ``value`` is a whole number that every JSON reader keeps."""
    return type(value) is int and 0 <= value <= _LARGEST


def is_digest(value: object) -> bool:
    """Tell whether ``value`` spells 32 octets as base64url."""
    return type(value) is str and _DIGEST.fullmatch(value) is not None


def released(names: Iterable[str]) -> str:
    """Return what ``rel`` says of the names of released claims: the names in their order, parted by spaces.

    Where they are too many or too unusual for that, ``#`` and the digest of them, so that no leaf is ever too long.
    Who has been told the names writes the same.
    """
    ordered = sorted(set(names))
    told = " ".join(ordered)
    plain = all(is_text(name) and " " not in name and not name.startswith(_DIGEST_MARK) for name in ordered)
    if plain and len(told) <= LIMITS.leaf_names_characters:
        return told
    return _DIGEST_MARK + base64url.encode(hashlib.sha256(length_prefixed.encode(*ordered)).digest())


def is_names(value: object) -> bool:
    """Tell whether ``value`` is what ``released`` returns for some names; it may be empty."""
    if type(value) is not str:
        return False
    if value.startswith(_DIGEST_MARK):
        return is_digest(value.removeprefix(_DIGEST_MARK))
    return value == "" or (" " not in (value[0], value[-1]) and released(value.split(" ")) == value)


def _require_members(kind: LeafType, members: Mapping[str, Value], *, names: AbstractSet[str]) -> None:
    """Return if a leaf of this type may have members of these ``names``, and each of ``members`` is what it should be.

    Raises:
        EvidenceError: ``time.evidence_malformed``.
    """
    required, optional = MEMBERS[kind]
    if not required <= names or not names <= required | optional:
        _malformed("a leaf with a member that is missing, or that its type does not have")
    for name, value in members.items():
        if not _CHECKS[name](value):
            _malformed("a leaf with a member that is not what it should be")


def _canonical(members: Mapping[str, Value]) -> bytes:
    """Write members that were checked: no name and no text of them has another spelling (RFC 8785)."""
    written = [
        f'"{name}":"{value}"' if type(value) is str else f'"{name}":{value}' for name, value in sorted(members.items())
    ]
    return f"{{{','.join(written)}}}".encode("ascii")


def _malformed(why: str) -> NoReturn:
    raise EvidenceError("time.evidence_malformed", why)


_TYPES: Final = frozenset(LeafType)
_CHECKS: Final[Mapping[str, Callable[[object], bool]]] = MappingProxyType({
    "req": is_text,  # the report's id, or another random name of the request
    "rp": is_text,  # the relying party, as registered
    "iss": is_text,  # who vouches for the credential: the state, and its service
    "state": is_text,
    "kt": is_digest,  # RFC 7638 thumbprint of a public key
    "list": is_text,  # a trust list or other document: its sequence and digest
    "also": is_text,  # further keys and lists that the verdict rests on, see `further`
    "pol": is_text,  # the policy: its version and digest
    "pur": is_text,  # the code of the purpose
    "st": is_text,  # the status snapshot, and whether it was fresh
    "fmt": is_text,
    "alg": is_text,
    "res": is_text,  # the indication
    "code": is_text,  # the reason
    "loa": is_text,
    "rel": is_names,  # which claims were released; never their values
    "com": is_digest,  # see `commitment`
    "con": is_digest,  # to the record of a person's yes, as `commitment` has it
    "sub": is_digest,
    "act": is_text,  # what was done with a key, a policy, a registration, a log or a webhook
    "msg": is_text,  # the id of a webhook
    "role": is_text,
    "dig": is_digest,  # of a registration or document as it now stands
    "day": is_text,  # a key of a day, by its name
    "ver": is_text,  # the version of the verifier
    "origin": is_text,
    "size": is_count,
    "root": is_digest,
})  # fmt: skip
_VERDICT: Final = (
    frozenset({"req", "rp", "res", "com"}),
    frozenset({"iss", "kt", "list", "also", "pol", "pur", "st", "fmt", "alg", "code", "loa", "rel", "sub", "day"}),
)
# By type, the members that a leaf has to have, and those that it may have beside them.
MEMBERS: Final[Mapping[LeafType, tuple[frozenset[str], frozenset[str]]]] = MappingProxyType({
    LeafType.VERIFY: _VERDICT,
    LeafType.ASSERT: (_VERDICT[0], _VERDICT[1] | {"con"}),
    LeafType.REJECT: _VERDICT,
    LeafType.LIST_ACCEPT: (frozenset({"state", "list"}), frozenset({"kt"})),
    LeafType.LIST_REJECT: (frozenset({"state", "code"}), frozenset({"list", "kt"})),
    LeafType.KEY: (frozenset({"act", "kt"}), frozenset({"role", "state", "alg"})),
    LeafType.POLICY: (frozenset({"act", "pol"}), frozenset({"rp", "dig"})),
    LeafType.RP: (frozenset({"act", "rp"}), frozenset({"dig"})),
    LeafType.ERASE: (frozenset({"day"}), frozenset({"size"})),
    LeafType.HOLD: (frozenset({"act"}), frozenset({"req", "day"})),
    LeafType.START: (frozenset({"ver"}), frozenset({"size", "root"})),
    LeafType.RECOVER: (frozenset({"size", "root"}), frozenset({"ver"})),
    LeafType.WITNESS: (frozenset({"origin"}), frozenset({"act", "code", "state", "size", "root"})),
    LeafType.ATTEST: (frozenset({"rp", "dig"}), frozenset()),
    LeafType.RECALL: (frozenset({"act", "rp", "msg"}), frozenset()),
})  # fmt: skip
