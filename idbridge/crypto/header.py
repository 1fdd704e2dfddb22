"""The protected header of a JWS (RFC 7515 section 4, RFC 8725): every member accounted for.

Decides whether a header says only what a profile allows. It does not know where keys come from, and nothing in a
header can tell it: ``jku``, ``x5u``, and ``jwk`` and ``x5c`` outside the profiles that allow them, are refused, and so
is ``crit``, because no extension is understood here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, NoReturn

from idbridge.codec import base64std, base64url, strict_json
from idbridge.crypto import algorithms
from idbridge.errors import InputError, JoseError
from idbridge.limits import LIMITS
from idbridge.model.credential import ProtectedHeader

# RFC 7797 (`b64`) changes what is signed; the others fetch or bring a key.
_FORBIDDEN: Final = frozenset({"b64", "jku", "x5u"})
_ALWAYS: Final = frozenset({"alg", "typ", "kid", "cty"})


@dataclass(frozen=True, slots=True, eq=False)
class HeaderRules:
    """What the protected header of one kind of JWS may say. Make each once, as a constant: it is a cache key.

    ``types`` are the accepted ``typ`` values in lower case and without ``application/``; the empty text among them
    lets ``typ`` be absent. ``allowed_extra`` names the further members that the caller reads; every other member is
    dropped from ``ProtectedHeader.members``, so that nothing can come to depend on it.

    Raises:
        ValueError: No type is accepted, or an extra member would change how the JWS is verified.
    """

    types: frozenset[str]
    allow_x5c: bool = False
    allow_jwk: bool = False
    allowed_extra: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if not self.types or any(type_ != type_.lower() for type_ in self.types):
            raise ValueError("header rules name at least one type, in lower case")
        if not self.allowed_extra.isdisjoint(_FORBIDDEN | _ALWAYS | {"crit", "jwk", "x5c"}):
            raise ValueError("an extra member may not change how a JWS is verified")

    @property
    def forbidden(self) -> frozenset[str]:
        """The members whose presence refuses the JWS."""
        conditional = {name for name, allowed in (("jwk", self.allow_jwk), ("x5c", self.allow_x5c)) if not allowed}
        return _FORBIDDEN | conditional

    @property
    def accounted(self) -> frozenset[str]:
        """The members that a caller may find in ``ProtectedHeader.members``."""
        return _ALWAYS | self.allowed_extra | ({"jwk"} if self.allow_jwk else set())


class HeaderCache:
    """Accounted headers by their rules and exact text, so that an issuer's header is parsed once.

    Bounded in entries and characters, because anybody can make a header; when a bound is reached it starts afresh.
    """

    def __init__(self, max_entries: int = LIMITS.header_cache_entries) -> None:
        self._max_entries = max_entries
        self._entries: dict[tuple[HeaderRules, str], ProtectedHeader] = {}
        self._characters = 0

    def header(self, text: str, rules: HeaderRules) -> ProtectedHeader:
        """Return the header that ``text`` spells in base64url, accounted for under ``rules``.

        Raises:
            InputError, JoseError: As for ``parse_unverified``. Refusals are not kept.
        """
        key = (rules, text)
        header = self._entries.get(key)
        if header is None:
            header = _account(text, rules)
            if len(self._entries) >= self._max_entries or self._characters > LIMITS.header_cache_characters:
                self._entries.clear()
                self._characters = 0
            self._entries[key] = header
            self._characters += len(text)
        return header

    def __len__(self) -> int:
        return len(self._entries)


def _account(text: str, rules: HeaderRules) -> ProtectedHeader:
    """Parse a header and account for each member; the order of the checks puts the plainest attack first."""
    members = strict_json.parse_object(base64url.decode(text), max_bytes=LIMITS.protected_header_bytes)
    algorithm = algorithms.find(_text(members, "alg", absent="jose.alg_not_allowed"))
    if "crit" in members:
        raise JoseError("jose.crit_unsupported")
    type_ = _type(members, rules)  # what another kind of token may say is not forbidden: it is another kind of token
    forbidden = rules.forbidden.intersection(members)
    if forbidden:
        raise JoseError("jose.header_forbidden", f"the header has `{min(forbidden)}`")
    if not isinstance(members.get("cty", ""), str):
        _malformed("cty")
    return ProtectedHeader(
        algorithm=algorithm.name,
        type=type_,
        kid=_kid(members),
        certificates=_certificates(members),
        members=MappingProxyType({name: members[name] for name in rules.accounted.intersection(members)}),
    )


def _text(members: Mapping[str, Any], name: str, *, absent: str) -> str:
    if name not in members:
        raise JoseError(absent, f"the header has no `{name}`")
    value = members[name]
    return value if isinstance(value, str) else _malformed(name)


def _malformed(name: str) -> NoReturn:
    raise InputError("input.malformed", f"`{name}` of the header has the wrong type")


def _type(members: Mapping[str, Any], rules: HeaderRules) -> str | None:
    """Return ``typ`` in lower case without ``application/`` (RFC 7515 section 4.1.9, RFC 8725 section 3.11)."""
    if "typ" not in members:
        if "" not in rules.types:
            raise JoseError("jose.typ_mismatch", "the header has no `typ`")
        return None
    type_ = _text(members, "typ", absent="jose.typ_mismatch").lower().removeprefix("application/")
    if not type_ or type_ not in rules.types:
        raise JoseError("jose.typ_mismatch")
    return type_


def _kid(members: Mapping[str, Any]) -> str | None:
    if "kid" not in members:
        return None
    kid = members["kid"]
    if not isinstance(kid, str) or not kid:
        _malformed("kid")
    if len(kid) > LIMITS.identifier_characters:
        raise InputError("input.too_large", "`kid` of the header is too long")
    return kid


def _certificates(members: Mapping[str, Any]) -> tuple[bytes, ...]:
    """Return the DER certificates of ``x5c``, leaf first; base64, not base64url (RFC 7515 section 4.1.6)."""
    if "x5c" not in members:
        return ()
    texts = members["x5c"]
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
        _malformed("x5c")
    if len(texts) > LIMITS.path_candidates:
        raise InputError("input.too_large", f"`x5c` has more than {LIMITS.path_candidates} certificates")
    return tuple(base64std.decode(text) for text in texts)
