"""Keys whose private halves everybody can have: those of the conformance corpus, and of examples in standards.

Decides that a live node believes nothing that rests on one of them. A node of the sandbox does: nothing that it says
counts, and the corpus is put to such nodes. The file names each key by its RFC 7638 thumbprint and by what it is for;
``idbridge.conformance.published_keys`` writes it. Rules and reasons: ``docs/adr/0031-published-test-keys.md``.
"""

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Final

from idbridge.codec import base64url, strict_json
from idbridge.errors import ConfigurationError, InputError, TrustError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment

CODE: Final = "trust.published_test_key"
FILE: Final = Path(__file__).with_name("published_test_keys.txt")
_LINE: Final = re.compile(r"([A-Za-z0-9_-]{43}) (\S.*)")


@cache
def published() -> frozenset[str]:
    """Return the thumbprints of all published test keys.

    Raises:
        ConfigurationError: The file that is shipped cannot be read, names no key, or is not in order.
    """
    try:
        return frozenset(read(FILE.read_text("utf-8")))
    except (OSError, ValueError) as unreadable:
        raise ConfigurationError("the list of published test keys cannot be read") from unreadable


def read(text: str) -> dict[str, str]:
    """Return what each key is for, by its thumbprint. Lines that begin with ``#`` are for people.

    Raises:
        ConfigurationError: There is no key, one is named twice, or a line says something else.
    """
    found: dict[str, str] = {}
    for line in text.splitlines():
        if line.startswith("#") or not line:
            continue
        named = _LINE.fullmatch(line)
        if named is None or named[1] in found:
            raise ConfigurationError("a line of the published test keys names no key, or one for the second time")
        found[named[1]] = named[2]
    if not found:
        raise ConfigurationError("the list of published test keys is empty")
    return found


def refuse(thumbprints: Iterable[str], *, environment: Environment, where: str) -> None:
    """Return if none of ``thumbprints`` is of a published test key, or the node is none of the live environment.

    Raises:
        TrustError: ``trust.published_test_key``.
    """
    if environment is not Environment.LIVE:
        return
    known = published().intersection(thumbprints)
    if known:
        raise TrustError(CODE, f"{where}: the private half of key {min(known)} is published")


def refuse_signers(offered: bytes, *, environment: Environment, where: str) -> None:
    """Return if no signature of a document of several states says that such a key made it; else as ``refuse``.

    What is not in form is left to whoever reads the document.
    """
    if environment is not Environment.LIVE:
        return
    try:
        signatures = strict_json.parse_object(offered, max_bytes=LIMITS.recognition_document_bytes).get("signatures")
        kids = [_kid(one) for one in signatures] if isinstance(signatures, list) else []
    except (InputError, TypeError, KeyError):
        return
    refuse([kid for kid in kids if isinstance(kid, str)], environment=environment, where=where)


def _kid(signature: object) -> object:
    protected = signature["protected"] if isinstance(signature, dict) else None
    octets = base64url.decode(protected) if isinstance(protected, str) else b"{}"
    return strict_json.parse_object(octets, max_bytes=LIMITS.protected_header_bytes).get("kid")
