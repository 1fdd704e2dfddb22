"""The data model of W3C credentials and presentations, versions 1.1 and 2.0: is this document one?

Decides the form alone, member by member, and knows no signature, no key, no list and no clock. JSON-LD is not
processed: names count as they stand. So a context of one's own may add names and give none of the model another
meaning, and a keyword in it, which could, is refused. Nothing is fetched. Each rule is a function that returns the
fault, ``None`` if there is none. Clauses: VC Data Model 2.0, section 4; VC Data Model 1.1, sections 4 and 5.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Final, NamedTuple

from idbridge.limits import LIMITS

CONTEXT: Final = "@context"
CREDENTIAL: Final = "VerifiableCredential"
PRESENTATION: Final = "VerifiablePresentation"
ENVELOPED: Final = "EnvelopedVerifiableCredential"
SUBJECT: Final = "credentialSubject"
STATUS: Final = "credentialStatus"
CREDENTIALS: Final = "verifiableCredential"
PROOF: Final = "proof"


class Version(Enum):
    """A version of the model, by its context, which is the first of a document."""

    V1 = "https://www.w3.org/2018/credentials/v1"
    V2 = "https://www.w3.org/ns/credentials/v2"


class Fault(NamedTuple):
    """Why a document is none: a code of the catalogue, and the rule in words."""

    code: str
    detail: str


class Period(NamedTuple):
    """From when until when a credential is good, as its model says; ``None`` for an end that it leaves open."""

    start: datetime | None
    end: datetime | None


class PeriodFault(Exception):
    """A time that is none; ``fault`` says why."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.fault = Fault("time.claim_malformed", detail)


_MALFORMED: Final = "w3c.malformed"
_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s\"<>\\^`{|}\x00-\x1f\x7f]+", re.ASCII)
_TERM: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*", re.ASCII)
_INSTANT: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-]\d{2}:[0-5]\d)", re.ASCII
)
_DATA: Final = "data:"
_TEXT: Final = frozenset({"@value", "@language", "@direction"})
_DIRECTIONS: Final = frozenset({"ltr", "rtl"})
# Names that the contexts of the model define and protect, and those of a JWT beside them: nobody redefines them.
_DEFINED: Final = frozenset({
    "id", "type", CREDENTIAL, PRESENTATION, ENVELOPED, "EnvelopedVerifiablePresentation", SUBJECT, STATUS, CREDENTIALS,
    PROOF, "issuer", "holder", "validFrom", "validUntil", "issuanceDate", "expirationDate", "name", "description",
    "credentialSchema", "evidence", "termsOfUse", "refreshService", "relatedResource", "renderMethod",
    "confidenceMethod", "digestSRI", "digestMultibase", "mediaType", "BitstringStatusList",
    "BitstringStatusListEntry", "statusPurpose", "statusListIndex", "statusListCredential", "statusSize",
    "DataIntegrityProof", "JsonSchema", "iss", "sub", "aud", "exp", "nbf", "iat", "jti", "cnf", "vc", "vp", "_sd",
    "_sd_alg", "_sd_hash",
})  # fmt: skip
# Members that hold one object or several, each with a type, and whether each needs an identifier.
_TYPED: Final = (
    ("credentialSchema", True), ("evidence", False), ("termsOfUse", False), ("refreshService", False),
    ("renderMethod", False), ("confidenceMethod", False),
)  # fmt: skip


def is_url(value: Any) -> bool:
    """Tell whether ``value`` is an absolute URL without blanks, no longer than an identifier may be."""
    return isinstance(value, str) and len(value) <= LIMITS.identifier_characters and _URL.fullmatch(value) is not None


def types_of(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the types that ``document`` names, one or several; none if they cannot be read."""
    value = document.get("type")
    named = [value] if isinstance(value, str) else value
    if type(named) is not list or not 0 < len(named) <= LIMITS.vc_entries:
        return ()
    if not all(isinstance(one, str) and (_TERM.fullmatch(one) or is_url(one)) for one in named):
        return ()
    return tuple(named) if len(set(named)) == len(named) else ()


def issuer_of(document: Mapping[str, Any]) -> str | None:
    """Return the identifier of the issuer; ``None`` if there is none."""
    return _identifier(document.get("issuer"))


def _identifier(value: Any) -> str | None:
    """Return a URL that stands alone or as the ``id`` of an object."""
    found = value.get("id") if isinstance(value, Mapping) else value
    return found if is_url(found) else None


def context_fault(document: Mapping[str, Any], version: Version) -> Fault | None:
    """Judge ``@context``: the one of ``version`` first, then others, none of which changes it."""
    contexts = document.get(CONTEXT)
    if type(contexts) is not list or not 0 < len(contexts) <= LIMITS.vc_entries or contexts[0] != version.value:
        return Fault("w3c.context_invalid", f"the first context is `{version.value}`")
    for one in contexts[1:]:
        if isinstance(one, Mapping):
            if not all(map(_is_definition, one, one.values())):
                return Fault("w3c.context_invalid", "a context of one's own only adds names, each with a URL")
        elif not is_url(one) or one in (known.value for known in Version):
            return Fault("w3c.context_invalid", "a further context is a URL, and not another version of the model")
    return None


def _is_definition(name: str, value: Any) -> bool:
    return name not in _DEFINED and _TERM.fullmatch(name) is not None and is_url(value)


def type_fault(document: Mapping[str, Any], base: str = CREDENTIAL) -> Fault | None:
    """Judge ``type``: names or URLs, each once, the one of the model among them."""
    if base not in types_of(document):
        return Fault("w3c.type_invalid", f"`type` names `{base}`, and each type once")
    return None


def identity_fault(document: Mapping[str, Any]) -> Fault | None:
    """Judge ``id``, ``issuer``, ``name`` and ``description``."""
    if "id" in document and not is_url(document["id"]):
        return Fault(_MALFORMED, "`id` is one URL")
    issuer = document.get("issuer")
    if issuer_of(document) is None:
        return Fault(_MALFORMED, "`issuer` is a URL, or an object with a URL as its `id`")
    for one in (document, issuer):
        if isinstance(one, Mapping) and not all(_is_wording(one[name]) for name in _WORDINGS if name in one):
            return Fault(_MALFORMED, "a name or description is a text, or texts with their languages")
    return None


_WORDINGS: Final = ("name", "description")


def _is_wording(value: Any) -> bool:
    several = value if type(value) is list else [value]
    return 0 < len(several) <= LIMITS.vc_entries and all(map(_is_text, several))


def _is_text(value: Any) -> bool:
    if not isinstance(value, Mapping):
        return isinstance(value, str)
    if not value.keys() <= _TEXT or not isinstance(value.get("@value"), str):
        return False
    return isinstance(value.get("@language", ""), str) and value.get("@direction", "ltr") in _DIRECTIONS


def subject_fault(document: Mapping[str, Any]) -> Fault | None:
    """Judge ``credentialSubject``: one object or several, none of them empty."""
    for one in _several(document.get(SUBJECT)):
        if not isinstance(one, Mapping) or not one:
            return Fault(_MALFORMED, "a subject is an object that says something")
        if "id" in one and not is_url(one["id"]):
            return Fault(_MALFORMED, "the `id` of a subject is one URL")
    return None


def status_fault(document: Mapping[str, Any]) -> Fault | None:
    """Judge the form of ``credentialStatus``; what it refers to, step V6 reads."""
    return _typed_fault(document, STATUS, identified=False)


def members_fault(document: Mapping[str, Any]) -> Fault | None:
    """Judge the members that point to something else: each is an object with a type, or several."""
    for name, identified in _TYPED:
        fault = _typed_fault(document, name, identified=identified)
        if fault is not None:
            return fault
    for one in _several(document["relatedResource"]) if "relatedResource" in document else ():
        if not isinstance(one, Mapping) or not is_url(one.get("id")):
            return Fault(_MALFORMED, "a related resource is an object with a URL as its `id`")
    return None


def _typed_fault(document: Mapping[str, Any], name: str, *, identified: bool) -> Fault | None:
    if name not in document:
        return None
    for one in _several(document[name]):
        if not isinstance(one, Mapping) or not types_of(one):
            return Fault(_MALFORMED, f"`{name}` is an object with a `type`, or several")
        if not is_url(one["id"]) if "id" in one else identified:
            return Fault(_MALFORMED, f"the `id` of `{name}` is one URL")
    return None


def _several(value: Any) -> list[Any]:
    """Return the entries of ``value``, which stand alone or in an array; one that is no object if they cannot count."""
    several = value if type(value) is list else [value]
    return several if 0 < len(several) <= LIMITS.vc_entries else [None]


def instant_of(value: Any) -> datetime:
    """Return the UTC instant that ``value`` writes with its offset (XML Schema, ``dateTimeStamp``).

    Raises:
        PeriodFault: Another form, or no such instant.
    """
    if not isinstance(value, str) or _INSTANT.fullmatch(value) is None:
        raise PeriodFault("a time is written like 2026-01-01T00:00:00Z")
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        raise PeriodFault("there is no such time") from None


def period_of(document: Mapping[str, Any], version: Version) -> Period:
    """Return from when until when the model says that ``document`` is good.

    Raises:
        PeriodFault: A time is none, one that is required is missing, or it ends before it begins.
    """
    first, last = ("issuanceDate", "expirationDate") if version is Version.V1 else ("validFrom", "validUntil")
    if version is Version.V1 and first not in document:
        raise PeriodFault("a credential of version 1.1 has an `issuanceDate`")
    start = instant_of(document[first]) if first in document else None
    end = instant_of(document[last]) if last in document else None
    if start is not None and end is not None and end < start:
        raise PeriodFault("it ends before it begins")
    return Period(start, end)


def period_fault(document: Mapping[str, Any], version: Version) -> Fault | None:
    """Judge the times of ``document``, at no instant."""
    try:
        period_of(document, version)
    except PeriodFault as stopped:
        return stopped.fault
    return None


def credential_fault(document: Mapping[str, Any], version: Version) -> Fault | None:
    """Return the first fault of a credential, ``None`` if there is none."""
    rules: tuple[Callable[[], Fault | None], ...] = (
        lambda: context_fault(document, version),
        lambda: type_fault(document),
        lambda: identity_fault(document),
        lambda: subject_fault(document),
        lambda: status_fault(document),
        lambda: members_fault(document),
        lambda: period_fault(document, version),
    )
    return next((fault for rule in rules if (fault := rule()) is not None), None)


def presentation_fault(document: Mapping[str, Any], version: Version) -> Fault | None:
    """Return the first fault of a presentation; its credentials are looked at by whoever opens them."""
    fault = context_fault(document, version) or type_fault(document, PRESENTATION)
    if fault is not None:
        return fault
    if "id" in document and not is_url(document["id"]):
        return Fault("w3c.presentation_invalid", "`id` is one URL")
    if "holder" in document and _identifier(document["holder"]) is None:
        return Fault("w3c.presentation_invalid", "`holder` is a URL, or an object with a URL as its `id`")
    return None


def holder_of(document: Mapping[str, Any]) -> str | None:
    """Return the identifier of the holder that a presentation names; ``None`` if it names none."""
    return _identifier(document.get("holder"))


def enveloped_fault(entry: Any) -> Fault | None:
    """Judge one entry of a presentation of version 2.0 that is enveloped; its ``data:`` URL is not opened here."""
    if not isinstance(entry, Mapping) or ENVELOPED not in types_of(entry):
        return Fault("w3c.presentation_invalid", "an enveloped credential has its type")
    context, location = entry.get(CONTEXT), entry.get("id")
    if context != Version.V2.value and (type(context) is not list or context_fault(entry, Version.V2) is not None):
        return Fault("w3c.context_invalid", "an enveloped credential has the context of the model")
    if not isinstance(location, str) or not location.startswith(_DATA):
        return Fault("w3c.presentation_invalid", "the `id` of an enveloped credential is a `data:` URL")
    return None
