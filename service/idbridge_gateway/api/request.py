"""Step V1: the members of a request become a question, and every one of them is accounted for.

The caller can only narrow (architecture D4). What would set the instant, the policy, the status check, the trust
material or the relying party is refused by name; anything else unknown is refused without being repeated, because to
ignore it could widen the answer.
"""

from collections.abc import Mapping
from typing import Any, Final, TypeVar

from idbridge.credential.encrypted import received, received_userinfo
from idbridge.crypto.jwe import DecryptionKey
from idbridge.errors import RequestError
from idbridge.limits import LIMITS
from idbridge.model.login import MEMBERS as LOGIN
from idbridge.model.login import LoginExpectations
from idbridge.model.region import AssuranceLevel, Format
from idbridge.model.request import Detail, Expectations, RelyingParty, Session, VerifyRequest
from idbridge.model.shown_text import has_controls, is_visible
from idbridge.presentation.dcql import parse_query
from idbridge.presentation.transaction_data import parse_transactions
from idbridge.verify.time_evidence import read_time_evidence

Choice = TypeVar("Choice")

MEMBERS: Final = frozenset({
    "credential", "format", "purpose", "purpose_text", "expected", "claims", "assertion", "detail", "dcql",
    "transaction_data", "userinfo", "time_evidence",
})  # fmt: skip
FORBIDDEN: Final = frozenset({
    "at", "instant", "now", "time", "evaluated_at", "historical", "leeway",
    "policy", "policy_id", "policy_version", "options", "minimum_level",
    "status", "status_snapshot", "skip_status", "revocation",
    "relying_party", "rp", "registration", "client", "client_id", "clients", "audiences", "purposes", "sector",
    "trust", "trust_list", "trust_snapshot", "trust_anchors", "keys", "jwk", "jwks", "algorithms",
    "arrangement", "recognition", "by", "for", "state", "node", "environment", "one_time", "report_id", "accepted",
})  # fmt: skip

_EXPECTED: Final = frozenset({"nonce", "audience", "loa", "entity", "session"}) | LOGIN
_SESSION: Final = frozenset({"client_id", "response_uri", "origin", "encryption_jwk_thumbprint"})
_ENTITY: Final = frozenset({"scheme", "value"})
_ASSERTION: Final = frozenset({"audience"})
_FORMATS: Final = {format_.value: format_ for format_ in Format}
_DETAILS: Final = {detail.value: detail for detail in Detail}
_LEVELS: Final = {level.name: level for level in AssuranceLevel}
_NOTHING_EXPECTED: Final = Expectations()
_CREDENTIAL_CHARACTERS: Final = LIMITS.body_bytes


def read_request(
    members: Any,
    *,
    relying_party: RelyingParty,
    node_audiences: frozenset[str],
    decryption_keys: tuple[DecryptionKey, ...] = (),
) -> VerifyRequest:
    """Return the question that ``members`` (one JSON value) asks for ``relying_party``.

    What arrived encrypted to this node is opened with ``decryption_keys`` here, before anything else looks at it.

    Raises:
        RequestError: A member is missing, unknown, of another type or past a bound, or may not be set by a request.
    """
    if type(members) is not dict:
        raise _malformed("the request is not an object")
    if not members.keys() <= MEMBERS:
        raise _not_allowed(members.keys() - MEMBERS)
    query = parse_query(members["dcql"]) if "dcql" in members else None
    credential, encryption = received(_credential(members), decryption_keys)
    userinfo = _text(members["userinfo"], "userinfo", longest=LIMITS.body_bytes) if "userinfo" in members else None
    return VerifyRequest(
        credential=credential,
        relying_party=relying_party,
        purpose=_required(members, "purpose"),
        format=_choice(members, "format", _FORMATS),
        purpose_text=_purpose_text(members),
        expected=_expected(members["expected"]) if "expected" in members else _NOTHING_EXPECTED,
        claims=_claims(members["claims"]) if "claims" in members else (),
        node_audiences=node_audiences,
        detail=_choice(members, "detail", _DETAILS) or Detail.SIMPLE,
        assertion_audience=_assertion(members["assertion"]) if "assertion" in members else None,
        encryption=encryption,
        userinfo=received_userinfo(userinfo, decryption_keys),
        query=query,
        transactions=parse_transactions(members["transaction_data"], query=query)
        if "transaction_data" in members
        else (),
        time_evidence=read_time_evidence(members["time_evidence"]) if "time_evidence" in members else None,
    )


def _malformed(detail: str) -> RequestError:
    return RequestError("input.request_malformed", detail)


def _not_allowed(names: set[str] | frozenset[str]) -> RequestError:
    """Name a member only if the name is one of ours: anything else is the caller's own text."""
    if forbidden := sorted(names & FORBIDDEN):
        return RequestError("input.member_forbidden", f"`{forbidden[0]}` may not be set by a request")
    return _malformed("the request has a member that the published schema does not know")


def _credential(members: Mapping[str, Any]) -> str:
    """Return the credential. An empty one is a question too, and step V2 answers it."""
    credential = members.get("credential")
    if type(credential) is not str:
        raise _malformed("`credential` is required and is one string")
    if len(credential) > _CREDENTIAL_CHARACTERS:
        raise RequestError("input.body_too_large", "`credential` is longer than any request may be")
    return credential


def _text(value: Any, name: str, *, longest: int = LIMITS.identifier_characters) -> str:
    if type(value) is not str or not 0 < len(value) <= longest:
        raise _malformed(f"`{name}` is a string of 1 to {longest} characters")
    return value


def _required(members: Mapping[str, Any], name: str) -> str:
    return _text(members.get(name), name)


def _purpose_text(members: Mapping[str, Any]) -> str | None:
    if "purpose_text" not in members:
        return None
    text = _text(members["purpose_text"], "purpose_text", longest=LIMITS.purpose_text_max_characters)
    if len(text.strip()) < LIMITS.purpose_text_min_characters or not is_visible(text):
        raise _malformed(f"`purpose_text` has at least {LIMITS.purpose_text_min_characters} characters that show")
    if has_controls(text):
        raise _malformed("`purpose_text` has no control characters")
    return text


def _choice(members: Mapping[str, Any], name: str, choices: Mapping[str, Choice]) -> Choice | None:
    if name not in members:
        return None
    value = members[name]
    if type(value) is not str or value not in choices:
        raise _malformed(f"`{name}` is one of {', '.join(choices)}")
    return choices[value]


def _expected(value: Any) -> Expectations:
    if type(value) is not dict:
        raise _malformed("`expected` is an object")
    if not value.keys() <= _EXPECTED:
        raise _not_allowed(value.keys() - _EXPECTED)
    return Expectations(
        nonce=_text(value["nonce"], "expected.nonce") if "nonce" in value else None,
        audience=_text(value["audience"], "expected.audience") if "audience" in value else None,
        minimum_level=_choice(value, "loa", _LEVELS),
        entity=_entity(value["entity"]) if "entity" in value else None,
        session=_session(value["session"]) if "session" in value else None,
        login=None if LOGIN.isdisjoint(value) else _login(value),
    )


def _entity(value: Any) -> tuple[str, str]:
    if type(value) is not dict or value.keys() != _ENTITY:
        raise _malformed("`expected.entity` is an object with `scheme` and `value`")
    return _text(value["scheme"], "expected.entity.scheme"), _text(value["value"], "expected.entity.value")


def _session(value: Any) -> Session:
    if type(value) is not dict or not value.keys() <= _SESSION:
        raise _malformed(f"`expected.session` is an object with {', '.join(sorted(_SESSION))} and nothing else")
    try:
        return Session(**{name: _text(member, f"expected.session.{name}") for name, member in value.items()})
    except ValueError as fault:
        raise _malformed(f"`expected.session`: {fault}") from None


def _login(value: Mapping[str, Any]) -> LoginExpectations | None:
    for name in LOGIN.intersection(value):
        if name != "max_age":
            _text(value[name], f"expected.{name}", longest=LIMITS.token_bytes)
        elif type(value[name]) is not int or not 0 <= value[name] <= LIMITS.login_age.total_seconds():
            raise _malformed(f"`expected.max_age` is 0 to {int(LIMITS.login_age.total_seconds())} seconds")
    return LoginExpectations.of(value)


def _claims(value: Any) -> tuple[str, ...]:
    if type(value) is not list or len(value) > LIMITS.requested_claims:
        raise _malformed(f"`claims` is a list of at most {LIMITS.requested_claims} names")
    names = tuple(_text(name, "claims") for name in value)
    if len(set(names)) != len(names):
        raise _malformed("`claims` names a claim twice")
    return names


def _assertion(value: Any) -> str:
    if type(value) is not dict or value.keys() != _ASSERTION:
        raise _malformed("`assertion` is an object with `audience` and nothing else")
    return _text(value["audience"], "assertion.audience")
