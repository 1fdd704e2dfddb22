"""Trust material that every node of the tests reads: the same octets, held against the same keys, are read once.

What is remembered are functions without a memory of their own: octets and keys in, a value that nobody changes out. It
is so while a node is made for a test, and at no other time: what a test itself brings about is read anew.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

import pytest

from idbridge.model.keys import PublicKey
from idbridge.model.region import MemberState
from idbridge.recognition import arrangement, purpose, signed_document
from idbridge.recognition.arrangement import ArrangementVersion
from idbridge.recognition.signed_document import SignedDocument
from idbridge.trust import profile, trusted_set
from idbridge.trust.profile import TrustList

_Keys = tuple[tuple[MemberState, tuple[PublicKey, ...]], ...]
_PARSE, _OPEN, _VERSION = profile.parse, signed_document.open_signed, arrangement.parse_version
_versions: dict[int, tuple[SignedDocument, ArrangementVersion]] = {}


@contextmanager
def remembering() -> Iterator[None]:
    """Let lists and signed documents that were read before be read no second time."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(profile, "parse", _parse)
        for module in (arrangement, purpose, trusted_set):
            patched.setattr(module, "open_signed", _open)
        for module in (arrangement, trusted_set):
            patched.setattr(module, "parse_version", _version)
        yield


@cache
def _parse(offered: bytes, **named: Any) -> TrustList:
    return _PARSE(offered, **named)


def _open(octets: bytes, *, typ: str, keys: Mapping[MemberState, tuple[PublicKey, ...]]) -> SignedDocument:
    return _opened(octets, typ, tuple(sorted(keys.items())))


@cache
def _opened(octets: bytes, typ: str, keys: _Keys) -> SignedDocument:
    return _OPEN(octets, typ=typ, keys=dict(keys))


def _version(document: SignedDocument) -> ArrangementVersion:
    if id(document) not in _versions:
        _versions[id(document)] = (document, _VERSION(document))  # which keeps the document, and so its id
    return _versions[id(document)][1]
