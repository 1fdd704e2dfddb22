"""Encrypted tokens on arrival: opened under this node's own keys before anything else looks at them (step V1).

Decides only whether a text opens. What is inside is judged like any text that arrived in the open, and whether it had
to come encrypted says the list of whoever signed it. A text of another shape passes as it is. Nothing here raises: a
token that does not open is a verdict, which step V2 gives. Clauses: RFC 7519 section 5.2; architecture section 4.
"""

from typing import Final

from idbridge.credential.envelope import detect
from idbridge.crypto.jwe import PARTS, DecryptionKey, decrypt
from idbridge.errors import Refusal
from idbridge.model.login import Encryption, Userinfo
from idbridge.model.region import Format

_NESTED: Final = "jwt"  # RFC 7519 section 5.2: a nested token says so, whatever the case
_DOTS: Final = PARTS - 1
# Of presentations, objects and scanned codes, which may have as many dots; no token that was encrypted has them.
_ELSEWHERE: Final = frozenset("~{ $%*+/:?")


def received(text: str, keys: tuple[DecryptionKey, ...]) -> tuple[str, Encryption | None]:
    """Return ``text`` as it is to be judged, and how it was encrypted; ``None`` if it came in the open.

    A node without keys leaves an encrypted text as it is, and the envelope then says that it serves none.
    """
    if not keys or text.count(".") != _DOTS or not _ELSEWHERE.isdisjoint(text):
        return text, None
    try:
        opened = decrypt(text, keys)
    except Refusal as refusal:
        return text, Encryption(refused=refusal.code)
    content = opened.content_type
    if content is None or content.lower().removeprefix("application/") != _NESTED:
        return text, Encryption(refused="jose.typ_mismatch")
    try:
        inner = opened.plaintext.decode("ascii")  # what somebody encrypted to us may be anything
        kind = detect(inner)
    except (Refusal, UnicodeDecodeError) as refusal:
        return text, Encryption(refused=getattr(refusal, "code", "input.malformed"))
    if kind is not Format.ID_TOKEN:
        return text, Encryption(refused="input.format_unsupported")
    return inner, Encryption(opened.algorithm, opened.encoding)


def require_opened(encryption: Encryption | None) -> None:
    """Return if what arrived encrypted did open; step V2.

    Raises:
        Refusal: It did not, with the code of why.
    """
    if encryption is not None and encryption.refused is not None:
        raise Refusal(encryption.refused)


def received_userinfo(text: str | None, keys: tuple[DecryptionKey, ...]) -> Userinfo | None:
    """Return a userinfo response as it is to be judged, opened if it came encrypted; ``None`` if none came."""
    return None if text is None else Userinfo(*received(text, keys))
