"""QR profiles as a list says them: the member ``qrProfile`` of a service's rules, and ``[provider.service.qr]``.

Decides whether a profile is complete and cannot be taken for another's: a code names its issuer in a signed claim or
has a prefix, its layers are one of five sequences, and it ends: by expiry, or by an age that is bounded. What signs,
by which algorithm and how long a code may be, no profile says.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Final

from idbridge.limits import LIMITS
from idbridge.model.qr_profile import (
    HEALTH,
    DateForm,
    DetachedJson,
    IssuerNaming,
    QrContainer,
    QrEnvelope,
    QrIssuer,
    QrProfile,
    QrStep,
    SignedForm,
)
from idbridge.trust import members
from idbridge.trust.errors import violation

_REQUIRED: Final = frozenset({"steps", "container"})
_OPTIONAL: Final = frozenset({
    "prefix", "issuer", "json", "embedded", "expires", "notBefore", "issued", "maximumAgeDays", "dates", "status",
    "level",
})  # fmt: skip
MEMBERS: Final = _REQUIRED | _OPTIONAL
# How the source document calls them, where that differs.
_WRITTEN: Final = MappingProxyType({"not_before": "notBefore", "maximum_age_days": "maximumAgeDays"})
# A colon stands in no JWS, SD-JWT or base64url text and no JSON begins so: no prefix can claim what is none.
_PREFIX: Final = re.compile(r"[A-Za-z0-9][!-~]{0,126}", re.ASCII)
_SEQUENCES: Final = frozenset({
    (), (QrStep.BASE45,), (QrStep.BASE64URL,), (QrStep.BASE45, QrStep.ZLIB), (QrStep.BASE64URL, QrStep.ZLIB),
})  # fmt: skip
_TEXTUAL: Final = frozenset({QrContainer.JWS, QrContainer.JSON})
_ENDING: Final = frozenset({QrContainer.JWS, QrContainer.CWT})  # whose own claims say when they end
_MAX_DAYS: Final = LIMITS.qr_age.days


def written(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return the profile of a source document as a list says it."""
    return {_WRITTEN.get(name, name): _plain(value) for name, value in table.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, list | tuple) else value


def read(value: Any) -> QrProfile:
    """Return the profile that a list says.

    Raises:
        TrustError: ``trust.profile_violation``.
    """
    table = members.table(value, required=_REQUIRED, optional=_OPTIONAL, where="qrProfile")
    profile = QrProfile(
        envelope=_envelope(table),
        expires=_named(table, "expires"),
        not_before=_named(table, "notBefore"),
        issued=_named(table, "issued"),
        maximum_age=_age(table),
        dates=_dates(table.get("dates", {})),
        status=_named(table, "status"),
        level=_named(table, "level"),
    )
    if profile.maximum_age is not None and profile.issued is None:
        raise violation("a maximum age counts from a claim that is named as issued")
    if profile.expires is None and profile.maximum_age is None and profile.envelope.container not in _ENDING:
        raise violation("a code ends: by a claim that is named as expires, or by a maximum age")
    return profile


def words(profile: QrProfile | None) -> str | None:
    """Return how codes are written and how long they are good, in words for a signer."""
    if profile is None:
        return None
    envelope, named = profile.envelope, profile.envelope.issuer
    parts = (
        " ".join((envelope.prefix or "no prefix", *envelope.steps, envelope.container)),
        " ".join(filter(None, ("issuer named", named.names, named.text, "in", named.claim)))
        if named
        else "no issuer named",
        f"signed {envelope.detached.signed}, {envelope.detached.algorithm}, {envelope.detached.signature}"
        if envelope.detached
        else "",
        f"embedded {', '.join(sorted(envelope.embedded))}" if envelope.embedded else "",
        *(f"{role} {name}" for role, name in _roles(profile) if name is not None),
        f"at most {profile.maximum_age.days} days" if profile.maximum_age else "",
        *(f"{name} as {form}" for name, form in sorted(profile.dates.items())),
    )
    return "; ".join(part for part in parts if part)


def _roles(profile: QrProfile) -> tuple[tuple[str, str | None], ...]:
    return (
        ("expires", profile.expires),
        ("not before", profile.not_before),
        ("issued", profile.issued),
        ("status", profile.status),
        ("level", profile.level),
    )


def require_few(profiles: Iterable[QrProfile | None]) -> None:
    """Return if one list has no more envelopes than every code that arrives may be tried in.

    Raises:
        TrustError: ``trust.profile_violation``.
    """
    if len({one.envelope for one in profiles if one is not None}) > LIMITS.qr_envelopes:
        raise violation(f"a list has at most {LIMITS.qr_envelopes} ways of taking codes apart")


def _envelope(table: Mapping[str, Any]) -> QrEnvelope:
    container = members.word(table["container"], QrContainer, where="container")
    envelope = QrEnvelope(
        prefix=_prefix(table),
        steps=_steps(table["steps"], container),
        container=container,
        issuer=_issuer(table["issuer"]) if "issuer" in table else None,
        detached=_detached(table["json"]) if "json" in table else None,
        embedded=_embedded(table["embedded"]) if "embedded" in table else frozenset(),
    )
    if (envelope.detached is not None) is not (container is QrContainer.JSON):
        raise violation("json is there exactly for the container json")
    if envelope.embedded and container in _TEXTUAL:
        raise violation("only claims in CBOR are embedded")
    if not envelope.prefix and envelope.issuer is None:
        raise violation("a code names its issuer in a claim, or has a prefix")
    return envelope


def _prefix(table: Mapping[str, Any]) -> str:
    if "prefix" not in table:
        return ""
    prefix = members.text(table["prefix"], where="prefix")
    if _PREFIX.fullmatch(prefix) is None or ":" not in prefix:
        raise violation("a prefix begins with a letter or digit and has a colon")
    if any(one.startswith(other) for known in HEALTH for one, other in ((prefix, known), (known, prefix))):
        raise violation("the prefix of health certificates names no identity")
    return prefix


def _steps(value: Any, container: QrContainer) -> tuple[QrStep, ...]:
    if type(value) is not list:
        raise violation("steps is not a list")
    steps = tuple(members.word(one, QrStep, where="a step") for one in value)
    if steps not in _SEQUENCES:
        raise violation("steps are base45 or base64url, then perhaps zlib, or none")
    if not steps and container not in _TEXTUAL:
        raise violation("what is CBOR is written in base45 or base64url")
    return steps


def _issuer(value: Any) -> QrIssuer:
    table = members.table(
        value, required=frozenset({"claim", "names"}), optional=frozenset({"text"}), where="issuer of qrProfile"
    )
    naming = members.word(table["names"], IssuerNaming, where="names")
    text = _named(table, "text")
    if (text is not None) is not (naming is IssuerNaming.TEXT):
        raise violation("text is there exactly where an issuer is named by a text")
    return QrIssuer(members.text(table["claim"], where="claim"), naming, text)


def _detached(value: Any) -> DetachedJson:
    table = members.table(value, required=frozenset({"signature", "algorithm", "signed"}), where="json of qrProfile")
    signature, algorithm = (members.text(table[name], where=name) for name in ("signature", "algorithm"))
    if signature == algorithm:
        raise violation("signature and algorithm are two members")
    return DetachedJson(signature, algorithm, members.word(table["signed"], SignedForm, where="signed"))


def _embedded(value: Any) -> frozenset[str]:
    names = members.several(value, lambda one: members.text(one, where="embedded"), where="embedded")
    if not 0 < len(names) <= LIMITS.qr_embedded:
        raise violation(f"embedded names 1 to {LIMITS.qr_embedded} claims")
    return names


def _named(table: Mapping[str, Any], name: str) -> str | None:
    return members.text(table[name], where=name) if name in table else None


def _age(table: Mapping[str, Any]) -> timedelta | None:
    if "maximumAgeDays" not in table:
        return None
    return timedelta(days=members.count(table["maximumAgeDays"], where="maximumAgeDays", least=1, most=_MAX_DAYS))


def _dates(value: Any) -> Mapping[str, DateForm]:
    if type(value) is not dict:
        raise violation("dates is not an object")
    return MappingProxyType({
        members.text(name, where="dates"): members.word(form, DateForm, where="the form of a date")
        for name, form in value.items()
    })  # fmt: skip
