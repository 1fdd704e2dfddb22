"""The ``claims`` parameter: which claims a client asks for, where it wants them, and how they have to be verified.

Decides whether the parameter is well formed (OpenID Connect Core 1.0, section 5.5; OpenID Identity Assurance 1.0,
section 6). Whether a claim is known, registered or allowed is decided later, by whoever holds the registration: a claim
that nobody knows is no fault, not even an essential one. What is left out, and when, ``claims_release`` says.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Final

from idbridge.codec import strict_json
from idbridge.errors import InputError
from idbridge.limits import LIMITS
from idbridge.model.shown_text import has_controls, is_visible
from idbridge.oidc.errors import OAuthError

VERIFIED_CLAIMS: Final = "verified_claims"
_SUBJECT: Final = "sub"
_SCALARS: Final = (str, int, bool)
_OF_ELEMENTS: Final = frozenset({"essential", "value", "values", "max_age"})
_NO_CLAIMS: Final[Mapping[str, "ClaimRequest"]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ClaimRequest:
    """What is asked of one claim: ``values`` are those that will do, ``None`` if any does; ``max_age`` of a time."""

    essential: bool = False
    values: tuple[Any, ...] | None = None
    max_age: timedelta | None = None


@dataclass(frozen=True, slots=True)
class VerifiedClaimsRequest:
    """One ``verified_claims``: constraints on the verification, and the claims that are wanted under it.

    ``verification`` maps each element to what is asked of it. Of elements within others (``evidence``,
    ``assurance_process``) it is only known whether anything of them is constrained: ``constrained`` names those.
    """

    verification: Mapping[str, ClaimRequest]
    claims: Mapping[str, ClaimRequest]
    constrained: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ClaimsRequest:
    """The whole parameter: plain and verified claims, by where they are wanted."""

    id_token: Mapping[str, ClaimRequest] = field(default_factory=lambda: _NO_CLAIMS)
    userinfo: Mapping[str, ClaimRequest] = field(default_factory=lambda: _NO_CLAIMS)
    verified_in_id_token: tuple[VerifiedClaimsRequest, ...] = ()
    verified_in_userinfo: tuple[VerifiedClaimsRequest, ...] = ()

    @property
    def wanted(self) -> tuple[str, ...]:
        """The names of all verified claims that are wanted anywhere, each once, in the order asked for."""
        several = (*self.verified_in_id_token, *self.verified_in_userinfo)
        return tuple(dict.fromkeys(name for one in several for name in one.claims))

    def may_be_of(self, subject: str) -> bool:
        """Tell whether ``subject`` is who is meant, where somebody is (OpenID Connect Core 1.0 section 5.5.1)."""
        asked = (part[_SUBJECT].values for part in (self.id_token, self.userinfo) if _SUBJECT in part)
        return all(values is None or (str, subject) in values for values in asked)


NO_CLAIMS: Final = ClaimsRequest()


def parse_claims(text: str | None) -> ClaimsRequest:
    """Return what the parameter ``claims`` asks for; nothing without it. Members that it may not have are ignored.

    Raises:
        OAuthError: ``invalid_request``: it is no strict JSON of this form, too large, or names a purpose of a claim
            that is shorter than 3 or longer than 300 characters.
    """
    if text is None:
        return NO_CLAIMS
    try:
        document = strict_json.parse_object(text, max_bytes=LIMITS.claims_parameter_bytes)
    except InputError as refusal:
        raise OAuthError("invalid_request", "claims is no strict JSON object", cause=refusal.code) from None
    id_token, in_id_token = _part(document, "id_token")
    userinfo, in_userinfo = _part(document, "userinfo")
    request = ClaimsRequest(id_token, userinfo, in_id_token, in_userinfo)
    if len(request.wanted) > LIMITS.requested_claims or len(id_token) + len(userinfo) > LIMITS.requested_claims:
        raise OAuthError("invalid_request", "claims asks for too many", cause="input.too_large")
    return request


def require_purpose(text: Any) -> str:
    """Return a purpose that people will read: 3 to 300 characters, one line, in the direction in which it is written.

    Raises:
        OAuthError: ``invalid_request``.
    """
    least, most = LIMITS.purpose_text_min_characters, LIMITS.purpose_text_max_characters
    if type(text) is not str or not least <= len(text) <= most or len(text.strip()) < least or not is_visible(text):
        raise OAuthError("invalid_request", f"a purpose is a text of {least} to {most} characters")
    if has_controls(text):
        raise OAuthError("invalid_request", "a purpose has no control characters")
    return text


def _part(
    document: Mapping[str, Any], where: str
) -> tuple[Mapping[str, ClaimRequest], tuple[VerifiedClaimsRequest, ...]]:
    """Return the plain and the verified claims that are wanted in ``where``."""
    asked = document.get(where)
    if asked is None:
        return _NO_CLAIMS, ()
    members = dict(_object(asked, where))
    verified = members.pop(VERIFIED_CLAIMS, [])
    several = verified if type(verified) is list else [verified]
    if len(several) > LIMITS.query_sets:
        raise _malformed("verified_claims has too many entries")
    return _claims(members), tuple(_verified(one) for one in several)


def _verified(asked: Any) -> VerifiedClaimsRequest:
    members = _object(asked, VERIFIED_CLAIMS)
    if members.keys() != {"verification", "claims"}:
        raise _malformed("verified_claims has the members verification and claims")
    verification = _object(members["verification"], "verification")
    if "trust_framework" not in verification:
        raise _malformed("verification asks for trust_framework")
    wanted = members["claims"]
    plain: dict[str, ClaimRequest] = {}
    constrained = set()
    for name, value in verification.items():
        if _is_element(value):
            plain[name] = _element(value)
        elif any(True for _ in _constraints(value)):
            constrained.add(name)
    return VerifiedClaimsRequest(
        MappingProxyType(plain),
        _claims({} if wanted is None else _object(wanted, "claims")),
        frozenset(constrained),
    )


def _claims(members: Mapping[str, Any]) -> Mapping[str, ClaimRequest]:
    if any(len(name) > LIMITS.identifier_characters for name in members):
        raise _malformed("the name of a claim is too long")
    return MappingProxyType({name: _element(value) for name, value in members.items()})


def _is_element(value: Any) -> bool:
    """Tell whether ``value`` asks for one element: it is null, or an object that asks for no element within it."""
    if type(value) is not dict:
        return value is None
    inner = [member for name, member in value.items() if name not in _OF_ELEMENTS]
    return not any(member is None or type(member) in (dict, list) for member in inner)


def _constraints(value: Any) -> Iterator[Any]:
    """Yield every ``value``, ``values`` or ``max_age`` that is demanded anywhere within an element of elements."""
    if type(value) is list:
        for entry in value:
            yield from _constraints(entry)
    elif type(value) is dict:
        for name, member in value.items():
            if name in {"value", "values", "max_age"}:
                yield member
            yield from _constraints(member)


def _element(value: Any) -> ClaimRequest:
    """Return what one entry asks for: null, or an object of which members that are not known are ignored."""
    if value is None:
        return ClaimRequest()
    members = _object(value, "a claim")
    essential = members.get("essential", False)
    if type(essential) is not bool:
        raise _malformed("essential is true or false")
    if "purpose" in members:
        require_purpose(members["purpose"])
    return ClaimRequest(essential, _values(members), _max_age(members))


def _values(members: Mapping[str, Any]) -> tuple[Any, ...] | None:
    if "value" in members and "values" in members:
        raise _malformed("a claim has value or values, not both")
    if "value" in members:
        listed = [members["value"]]
    elif "values" in members:
        listed = members["values"]
        if type(listed) is not list or not 0 < len(listed) <= LIMITS.query_values:
            raise _malformed("values is an array that is neither empty nor too long")
    else:
        return None
    # What is no scalar fulfils nothing: it is kept, equals no claim, and so the claim is left out.
    return tuple((type(one), one) if type(one) in _SCALARS else None for one in listed)


def _max_age(members: Mapping[str, Any]) -> timedelta | None:
    if "max_age" not in members:
        return None
    age = members["max_age"]
    if type(age) is not int or not 0 <= age <= LIMITS.verification_age.total_seconds():
        raise _malformed("max_age is a number of seconds")
    return timedelta(seconds=age)


def _object(value: Any, where: str) -> Mapping[str, Any]:
    if type(value) is not dict:
        raise _malformed(f"{where} is an object")
    return value


def _malformed(description: str) -> OAuthError:
    return OAuthError("invalid_request", f"claims: {description}")
