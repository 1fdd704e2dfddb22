"""Every event that the journal may tell, and of what kind each of its fields is. Nothing else is ever written.

An event is known by its words, a field by its place in them. What does not fit its kind is withheld, and an event that
is not listed says only where it came from: so a line that was written in haste tells nothing of what a request
carried. Clauses: ASVS 5.0 section 16.2.5; threat: personal data in logs.
"""

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from redis.exceptions import RedisError

from idbridge.errors import ConfigurationError, EvidenceError, FetchError, TrustError

_CODE: Final = re.compile(r"[a-z0-9_]+(?:\.[a-z0-9_]+)?", re.ASCII)
_NAME: Final = re.compile(r"[\[A-Za-z0-9_-][A-Za-z0-9._:/@\[\]-]{0,511}", re.ASCII)
_ROUTE: Final = re.compile(r"-|/[A-Za-z0-9._{}:/-]{0,199}", re.ASCII)
_CLASS: Final = re.compile(r"[A-Za-z_]\w{0,99}", re.ASCII)
_TRAIL: Final = re.compile(r"[\w.:<> -]{0,1000}", re.ASCII)
_WORDS: Final = re.compile(r"[ -~]{0,1000}")
# What is about files, addresses and keys of the node, and never about a credential or a request.
_OF_THE_NODE: Final = (ConfigurationError, EvidenceError, FetchError, TrustError, RedisError)


class Field(StrEnum):
    """What may stand in one place of an event."""

    NUMBER = "number"
    CODE = "code"  # of the catalogue of reasons, or a word of an enumeration
    NAME = "name"  # an id, address, thumbprint or kind without a space
    NAMES = "names"
    ROUTE = "route"  # the template of an address of the node, or that it has none
    CLASS = "class"  # of an exception
    TRAIL = "trail"  # file names and line numbers
    FAULT = "fault"  # an exception about something of the node's own
    WORDS = "words"  # a sentence of our own about the node
    SIGNED = "signed"  # of trust material, which is signed and public; spelled out by `note_alert`


_FITS: Final[Mapping[Field, Callable[[Any], bool]]] = MappingProxyType({
    Field.NUMBER: lambda value: isinstance(value, int) or value is None,
    Field.CODE: lambda value: isinstance(value, str) and _CODE.fullmatch(value) is not None,
    Field.NAME: lambda value: isinstance(value, str) and _NAME.fullmatch(value) is not None,
    Field.NAMES: lambda value: isinstance(value, str) and all(map(_NAME.fullmatch, value.split(", "))),
    Field.ROUTE: lambda value: isinstance(value, str) and _ROUTE.fullmatch(value) is not None,
    Field.CLASS: lambda value: isinstance(value, str) and _CLASS.fullmatch(value) is not None,
    Field.TRAIL: lambda value: isinstance(value, str) and _TRAIL.fullmatch(value) is not None,
    Field.FAULT: lambda value: isinstance(value, _OF_THE_NODE),
    Field.WORDS: lambda value: isinstance(value, str) and _WORDS.fullmatch(value) is not None,
    Field.SIGNED: lambda value: isinstance(value, str) and value.isascii() and value.isprintable(),
})  # fmt: skip

_NUMBER, _CODE_, _NAME_, _FAULT, _WORDS_ = Field.NUMBER, Field.CODE, Field.NAME, Field.FAULT, Field.WORDS
ALERT: Final = "alert %s: %s: %s (%s)"
UNEXPECTED: Final = "unexpected %s, correlation_id=%s: %s"
EVENTS: Final[Mapping[str, tuple[Field, ...]]] = MappingProxyType({
    ALERT: (_CODE_, Field.SIGNED, _CODE_, Field.SIGNED),
    UNEXPECTED: (Field.CLASS, _NAME_, Field.TRAIL),
    # How the node stands.
    "node of %s (%s) listens on %s port %d": (_NAME_, _NAME_, _NAME_, _NUMBER),
    "witness of %s (%s) listens on %s port %d": (_NAME_, _NAME_, _NAME_, _NUMBER),
    "conformance node listens on %s port %d": (_NAME_, _NUMBER),
    "figures at %s port %d": (_NAME_, _NUMBER),
    "figures of worker %d: %s": (_NUMBER, _WORDS_),
    "answers, process %d": (_NUMBER,),
    "worker %d cannot begin: %s": (_NUMBER, _FAULT),
    "%s ended with %s and begins anew": (_WORDS_, _NUMBER),
    "ready again": (),
    "not ready: %s": (_WORDS_,),
    "%s; %s; the node ends": (_WORDS_, _FAULT),
    "the store of one-time values is not used: %s": (_FAULT,),
    "the store of one-time values does not answer: %s": (Field.CLASS,),
    "limits of requests: the store does not answer (%s), each worker allows its part": (Field.CLASS,),
    # Its keys, and what it trusts.
    "assertion key in use: %s": (_NAME_,),
    "the assertion key does not sign: %s": (_FAULT,),
    "the access key does not sign: %s": (_FAULT,),
    "trust snapshot in force: %s": (_NAME_,),
    "trust material not taken: %s": (_CODE_,),
    "status snapshot in force: %s": (_NAME_,),
    "revocation lists not taken: %s": (_CODE_,),
    "what was held of revocation is not used: %s": (_FAULT,),
    "the keys of the operators' issuer were not taken: %s": (_CODE_,),
    # Its log.
    "the log is opened again: %s": (_WORDS_,),
    "the log cannot be opened: %s": (_FAULT,),
    "the log cannot be read: %s": (_FAULT,),
    "there is no key of the day: %s": (_FAULT,),
    "the holds of keys of days cannot be read: %s": (_FAULT,),
    "what was told to the log cannot be remembered: %s": (_FAULT,),
    "the key of a day is out of use and cannot be destroyed: %s": (_FAULT,),
    "a leaf cannot be made: %s": (_FAULT,),
    "a recall cannot be written down: %s": (_FAULT,),
    "the log is not confirmed by %s: %s": (_NAME_, _FAULT),
    "nothing is cosigned: %s": (_FAULT,),
    "acts that could not be written down: %d": (_NUMBER,),
    "a worker asked the writer of the log for no leaf": (),
    "the writer of the log cannot begin: %s": (_FAULT,),
    "the writer of the log answers, process %d": (_NUMBER,),
    # Its relying parties, and what they are told.
    "the registry is looked at again": (),
    "the registry could not be looked at, and the last registrations stay: %s": (_WORDS_,),
    "the registration of %s cannot be read; it serves nobody": (_NAME_,),
    "the registration of %s names this node as its own; it serves nobody": (_NAME_,),
    "%s: %d were not told, the node ends": (_NAME_, _NUMBER),
    "%s: %s is told from memory alone, too many are kept": (_NAME_, _NAME_),
    "back-channel logout: client %s was told": (_NAME_,),
    "back-channel logout: client %s was not told: %s": (_NAME_, _WORDS_),
    "back-channel logout: client %s is not told: %s": (_NAME_, _FAULT),
    "back-channel logout: client %s is not told, too many wait": (_NAME_,),
    "webhook to %s: dropped, too many are under way": (_NAME_,),
    "webhook %s to %s: %s": (_NAME_, _NAME_, _FAULT),
    "webhook %s to %s: answered %d": (_NAME_, _NAME_, _NUMBER),
    "the page of a request that ended was not closed: %s": (_CODE_,),
    # Who asks, and what was refused at the door.
    "an operator proved who they are: %s": (_NAME_,),
    "refused (%s) at %s: %s, after %d untold": (_CODE_, Field.ROUTE, _CODE_, _NUMBER),
    # Providers, where people log in.
    "clients at providers in force: %s": (Field.NAMES,),
    "the key set of %s was not taken: %s": (_NAME_, _CODE_),
    "a login at %s ended: %s": (_NAME_, _CODE_),
    # The demo.
    "a login at the bank ended: %s": (_CODE_,),
    "the bank did not take a logout token: %s": (_CODE_,),
    "a client did not take a logout token: %s": (Field.CLASS,),
})  # fmt: skip


def fits(field: Field, value: Any) -> bool:
    """Tell whether ``value`` may stand where an event has ``field``."""
    return _FITS[field](value)
