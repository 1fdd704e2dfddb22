"""SD-JWT processing: payload and disclosures in, the claims as the issuer meant them out (RFC 9901, section 7.1).

Decides whether every disclosure belongs to the signed payload, in one place only, and puts it there. It is pure: it
knows no signature, no key, no time and no credential type, and what it returns is worth as much as the signature over
the payload. Refused are, among others, what popular libraries let pass: a disclosure that no digest refers to, a digest
in two places, a disclosure that replaces a claim or hides one that must stand in plain sight.

Digests without a disclosure are ignored: withheld claims and decoys cannot be told apart. Each fault names its rule:

==  ==========================================================================  ====================================
 6  ``_sd_alg`` is known, and stands at the top level only                      ``sd_jwt.alg_unsupported``
 7  a disclosure has a salt, and two or three elements, as its place demands    ``sd_jwt.disclosure_malformed``,
                                                                                ``sd_jwt.disclosure_arity``
 8  no disclosure is named ``_sd``, ``_sd_alg`` or ``...``                      ``sd_jwt.disclosure_reserved_name``
 9  no disclosure replaces a claim                                              ``sd_jwt.disclosure_collision``
10  ``_sd`` and ``...`` stand only where they may, and nest within the bound    ``sd_jwt.disclosure_malformed``,
                                                                                ``input.too_large``
11  no digest stands in two places, no disclosure comes twice                   ``sd_jwt.digest_duplicate``
12  every disclosure is referred to                                             ``sd_jwt.disclosure_unreferenced``
13  what must be in plain sight is, and what must be whole has no parts          ``sd_jwt.disclosure_forbidden_claim``
16  without disclosable claims there is no ``_sd`` and no disclosure            as 10 and 12
==  ==========================================================================  ====================================
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, NamedTuple, NoReturn

from idbridge.codec import base64url, strict_json
from idbridge.errors import CredentialError, InputError
from idbridge.limits import LIMITS
from idbridge.model.query import ArrayWithGaps

SEPARATOR: Final = "~"
DIGESTS: Final = "_sd"
DIGEST_ALGORITHM: Final = "_sd_alg"
PLACEHOLDER: Final = "..."
RESERVED: Final = frozenset({DIGESTS, PLACEHOLDER, DIGEST_ALGORITHM})
DEFAULT_ALGORITHM: Final = "sha-256"  # RFC 9901, section 4.1.1
HASHES: Final[Mapping[str, Callable[[bytes], Any]]] = MappingProxyType({
    "sha-256": hashlib.sha256, "sha-384": hashlib.sha384, "sha-512": hashlib.sha512,
})  # fmt: skip
_DIGEST_OCTETS: Final = MappingProxyType({name: hash_of(b"").digest_size for name, hash_of in HASHES.items()})

_OBJECT_ELEMENTS: Final = 3  # salt, name, value
_ARRAY_ELEMENTS: Final = 2  # salt, value
_NESTING: Final = frozenset({dict, list})
_NONE: Final[frozenset[str]] = frozenset()
_Disclosed = str | bytes | list[Any]  # a disclosure as it came, decoded, or read


class SdJwtFault(CredentialError):
    """An SD-JWT that breaks a rule of the table above; ``rule`` is its number."""

    def __init__(self, code: str, detail: str = "", *, rule: int) -> None:
        super().__init__(code, detail)
        self.rule = rule


class SdJwtText(NamedTuple):
    """An SD-JWT taken apart. ``bound`` is what a key binding covers: all up to and with the last tilde."""

    issuer_jwt: str
    disclosures: tuple[str, ...]
    key_binding: str | None
    bound: str

    def __repr__(self) -> str:
        """Name the type alone: a ``repr`` ends in logs, and what this holds is about a person."""
        return f"{type(self).__name__}(...)"


class ProcessedClaims(NamedTuple):
    """The claims with every disclosure in its place and nothing left of the machinery.

    ``algorithm`` is the digest algorithm of the payload, which the key binding has to use too. ``hides`` tells whether
    a top-level digest has no disclosure, so that a claim that is not here may have been withheld, and ``hides_within``
    whether any digest has none, wherever it stands.
    """

    claims: Mapping[str, Any]
    algorithm: str
    hides: bool
    hides_within: bool

    def __repr__(self) -> str:
        """Name the type alone: a ``repr`` ends in logs, and what this holds is about a person."""
        return f"{type(self).__name__}(...)"


def split(text: str) -> SdJwtText:
    """Return the parts of ``text``; their content is not looked at (RFC 9901, section 4).

    Raises:
        InputError: ``input.malformed`` without a tilde, ``input.too_large`` for too many disclosures.
    """
    issuer_jwt, *rest = text.split(SEPARATOR)
    if not rest:
        raise InputError("input.malformed", "an SD-JWT has at least one tilde")
    key_binding = rest.pop()
    if len(rest) > LIMITS.disclosures:
        raise InputError("input.too_large", f"more than {LIMITS.disclosures} disclosures")
    if not key_binding:
        return SdJwtText(issuer_jwt, tuple(rest), None, text)
    return SdJwtText(issuer_jwt, tuple(rest), key_binding, text[: -len(key_binding)])


def digest(text: str, *, algorithm: str) -> str:
    """Return the digest of ``text`` (ASCII) as it stands in ``_sd`` and ``sd_hash``."""
    return base64url.encode(HASHES[algorithm](text.encode()).digest())


def digest_algorithm(payload: Mapping[str, Any]) -> str:
    """Return the digest algorithm that ``payload`` names.

    Raises:
        SdJwtFault: ``sd_jwt.alg_unsupported``.
    """
    name = payload.get(DIGEST_ALGORITHM, DEFAULT_ALGORITHM)
    if not isinstance(name, str) or name not in HASHES:
        _fault(6, "sd_jwt.alg_unsupported")
    return name


def process(
    payload: Mapping[str, Any], disclosures: Sequence[str], *, plain: frozenset[str] = _NONE, whole: str | None = None
) -> ProcessedClaims:
    """Return the claims of ``payload`` with ``disclosures`` in place.

    ``plain`` are the top-level claims that may be neither disclosed nor have disclosable parts; ``whole`` is the one
    that may be disclosed and have none, because it would say more without the part that the holder withholds.

    Raises:
        SdJwtFault: A rule of the table above is broken.
        InputError: ``input.too_large`` (rule 10): disclosures nest too deeply, one within another.
    """
    algorithm = digest_algorithm(payload)
    unfolding = _Unfolding(disclosures, algorithm=algorithm)
    claims = unfolding.unfold_top(payload, plain=plain, whole=whole)
    unfolding.refuse_leftovers()
    return ProcessedClaims(claims, algorithm, unfolding.hides, unfolding.digests > len(disclosures))


def _fault(rule: int, code: str, detail: str = "") -> NoReturn:
    raise SdJwtFault(code, detail, rule=rule)


def _refuse_deeper(depth: int) -> None:
    if depth > LIMITS.nesting_depth:
        raise InputError("input.too_large", f"nested deeper than {LIMITS.nesting_depth} once disclosed")


def _read_at_once(disclosures: Sequence[str]) -> Sequence[_Disclosed]:
    """Return the disclosures read, if all can be at once; else decoded, or as they are: faults are found in place."""
    try:
        octets = [base64url.decode(disclosure) for disclosure in disclosures]
    except InputError:
        return disclosures
    return strict_json.parse_arrays(octets) or octets


def _elements(disclosed: _Disclosed) -> list[Any]:
    """Return the elements of a disclosure, salt first."""
    elements: Any = disclosed
    if not isinstance(disclosed, list):
        try:
            octets = base64url.decode(disclosed) if isinstance(disclosed, str) else disclosed
            elements = strict_json.parse(octets, max_bytes=LIMITS.token_bytes)
        except InputError:
            _fault(7, "sd_jwt.disclosure_malformed", "a disclosure is base64url of strict JSON")
    if type(elements) is not list or not elements or not isinstance(elements[0], str):
        _fault(7, "sd_jwt.disclosure_malformed", "a disclosure is an array that begins with a salt")
    return elements


def _digests(disclosures: Sequence[str], *, algorithm: str) -> list[str]:
    """Return the digest of each disclosure as it stands in ``_sd``.

    All are encoded in one go: padded to whole groups of three octets, so that none shares a character with the next.
    """
    hash_of = HASHES[algorithm]
    if not "".join(disclosures).isascii():
        _fault(7, "sd_jwt.disclosure_malformed", "a disclosure is base64url")
    octets = _DIGEST_OCTETS[algorithm]
    padding = bytes(-octets % 3)
    text = base64url.encode(b"".join([hash_of(disclosure.encode()).digest() + padding for disclosure in disclosures]))
    width, length = (octets + len(padding)) // 3 * 4, (octets * 8 + 5) // 6
    return [text[start : start + length] for start in range(0, len(text), width)]


class _Unfolding:
    """One run over one payload: the disclosures still waiting for their digest, and every digest met so far."""

    __slots__ = ("_met", "_waiting", "hides")

    def __init__(self, disclosures: Sequence[str], *, algorithm: str) -> None:
        self._met: set[str] = set()
        self.hides = False
        digests = _digests(disclosures, algorithm=algorithm)
        self._waiting = dict(zip(digests, _read_at_once(disclosures), strict=True))
        if len(self._waiting) != len(disclosures):
            _fault(11, "sd_jwt.digest_duplicate", "a disclosure is given twice")

    @property
    def digests(self) -> int:
        """How many digests were met, those of decoys among them."""
        return len(self._met)

    def unfold_top(self, payload: Mapping[str, Any], *, plain: frozenset[str], whole: str | None) -> dict[str, Any]:
        """Return the top level, where alone ``_sd_alg`` may stand and some claims must be in plain sight or whole."""
        claims = dict(payload)
        claims.pop(DIGEST_ALGORITHM, None)
        self.hides = self._disclose(claims, plain=plain, whole=whole, depth=1)
        for name, value in payload.items():
            if type(value) not in _NESTING or name == DIGESTS:
                continue
            if name in plain or name == whole:
                _refuse_machinery(value)
            else:
                claims[name] = self._unfold(value, depth=2)
        return claims

    def refuse_leftovers(self) -> None:
        """Refuse disclosures that no digest referred to."""
        if self._waiting:
            _fault(12 if self._met else 16, "sd_jwt.disclosure_unreferenced")

    def _unfold(self, value: Any, *, depth: int) -> Any:
        """Return ``value`` with its disclosable parts in place."""
        kind = type(value)
        if kind is dict:
            return self._object(value, depth=depth)
        return self._array(value, depth=depth) if kind is list else value

    def _object(self, source: dict[str, Any], *, depth: int) -> dict[str, Any]:
        _refuse_deeper(depth)
        if DIGEST_ALGORITHM in source:
            _fault(6, "sd_jwt.alg_unsupported", "`_sd_alg` stands at the top level only")
        claims = dict(source)
        self._disclose(claims, plain=_NONE, whole=None, depth=depth)
        for name, value in source.items():
            if type(value) in _NESTING and name != DIGESTS:
                claims[name] = self._unfold(value, depth=depth + 1)
        return claims

    def _disclose(self, claims: dict[str, Any], *, plain: frozenset[str], whole: str | None, depth: int) -> bool:
        """Put the disclosures of one object in place of its ``_sd``; tell whether a digest is left without one.

        It comes before the members of the object are unfolded, so that a digest of ``_sd`` that stands in an array as
        well is refused as the duplicate that it is.
        """
        if PLACEHOLDER in claims:
            _fault(10, "sd_jwt.disclosure_malformed", "`...` stands in an array element of its own only")
        if DIGESTS not in claims:
            return False
        digests = claims.pop(DIGESTS)
        if type(digests) is not list:
            _fault(10, "sd_jwt.disclosure_malformed", "`_sd` is an array of digests")
        if not digests:
            _fault(16, "sd_jwt.disclosure_malformed", "`_sd` without a digest")
        hides = False
        for found in digests:
            disclosed = self._claimed(found)
            if disclosed is None:
                hides = True
                continue
            name, value = _named(disclosed, taken=claims, plain=plain)
            if type(value) in _NESTING:
                if name == whole:
                    _refuse_machinery(value)
                value = self._unfold(value, depth=depth + 1)
            claims[name] = value
        return hides

    def _array(self, source: list[Any], *, depth: int) -> list[Any]:
        _refuse_deeper(depth)
        elements: list[Any] = []
        indices: list[int] = []
        for index, element in enumerate(source):
            if type(element) is dict and PLACEHOLDER in element:
                if len(element) != 1:
                    _fault(10, "sd_jwt.disclosure_malformed", "a placeholder has no other members")
                disclosed = self._claimed(element[PLACEHOLDER])
                if disclosed is None:
                    continue
                element = _unnamed(disclosed)  # noqa: PLW2901 - it stands in the placeholder's place
            elements.append(self._unfold(element, depth=depth + 1))
            indices.append(index)
        return elements if len(elements) == len(source) else ArrayWithGaps(elements, tuple(indices))

    def _claimed(self, found: Any) -> _Disclosed | None:
        """Return the disclosure of the digest ``found``, each digest once; ``None`` if it is withheld or a decoy."""
        if not isinstance(found, str):
            _fault(10, "sd_jwt.disclosure_malformed", "a digest is a string")
        if found in self._met:
            _fault(11, "sd_jwt.digest_duplicate")
        self._met.add(found)
        return self._waiting.pop(found, None)


def _named(disclosed: _Disclosed, *, taken: Mapping[str, Any], plain: frozenset[str]) -> tuple[str, Any]:
    """Return name and value of an object's disclosure."""
    elements = _elements(disclosed)
    if len(elements) != _OBJECT_ELEMENTS:
        _fault(7, "sd_jwt.disclosure_arity", "a disclosure in `_sd` has three elements")
    _, name, value = elements
    if not isinstance(name, str):
        _fault(7, "sd_jwt.disclosure_malformed", "the name in a disclosure is a string")
    if name in RESERVED:
        _fault(8, "sd_jwt.disclosure_reserved_name")
    if name in plain:
        _fault(13, "sd_jwt.disclosure_forbidden_claim")
    if name in taken:
        _fault(9, "sd_jwt.disclosure_collision")
    return name, value


def _unnamed(disclosed: _Disclosed) -> Any:
    """Return the value of an array element's disclosure."""
    elements = _elements(disclosed)
    if len(elements) != _ARRAY_ELEMENTS:
        _fault(7, "sd_jwt.disclosure_arity", "a disclosure in an array has two elements")
    return elements[1]


def _refuse_machinery(value: Any) -> None:
    """Refuse digests within a claim that must stand in plain sight or whole, whether or not anything is disclosed."""
    if type(value) is dict:
        if not RESERVED.isdisjoint(value):
            _fault(13, "sd_jwt.disclosure_forbidden_claim", "a part of a claim that must be whole is disclosable")
        value = value.values()
    for member in value:
        if type(member) in _NESTING:
            _refuse_machinery(member)
