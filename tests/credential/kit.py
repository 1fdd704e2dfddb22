"""One pretend provider for the tests of formats: its listing, its key, and whatever it may be made to sign.

Everything is signed for real. What a test changes is one detail, so that the refusal says something about that detail.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest

from idbridge.codec import base64url
from idbridge.credential.envelope import FORMATS, open_credential
from idbridge.credential.protocol import Reading
from idbridge.crypto import signature
from idbridge.crypto.jws import HeaderCache
from idbridge.crypto.keys import parse_jwk
from idbridge.crypto.signer import FileSigner, generate
from idbridge.errors import Refusal
from idbridge.model.check import Check, Refused, Result
from idbridge.model.credential import VerifiedCredential
from idbridge.model.keys import PublicKey
from idbridge.model.region import AssuranceLevel, Environment, Format, MemberState, ServiceType
from idbridge.model.request import Expectations, RelyingParty, Session, VerifyRequest
from idbridge.model.time import Validity
from idbridge.model.trust import (
    ClaimMap,
    HolderBindingRule,
    LadderRung,
    NamePart,
    ServiceProfile,
    ServiceStatus,
    StatusPeriod,
    TrustService,
)
from idbridge.trust.resolver import ResolvedKey

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
NOW = int(NOON.timestamp())
ISSUER = "https://login.th.example"
CLIENT = "bank-at-login"
AUDIENCE = "https://bank.sg.example"
NODE = "https://node.sg.example"
NONCE = "n-0S6_WzA2Mj"
VCT = "urn:example:th:pid:1"
YEAR = 365 * 86_400
ABSENT = object()

CLAIM_MAP = ClaimMap(
    claims={"birthdate": "birthdate", "nationality": "nationality", "address": "address", "sex": "gender"},
    name_parts=(
        NamePart("given", "given_name", "given_name_en"),
        NamePart("family", "family_name", "family_name_en"),
    ),
    mandate="represents",
)
LADDER = (
    LadderRung("2.1", AssuranceLevel.A1, AssuranceLevel.A2),
    LadderRung("3", AssuranceLevel.A3, AssuranceLevel.A3),
)
GRANTED = (StatusPeriod(ServiceStatus.GRANTED, Validity(datetime(2026, 1, 1, tzinfo=UTC))),)
PERSON = {
    "sub": "0000000000011",
    "given_name": "ธนพร",
    "given_name_en": "Thanaporn",
    "family_name": "ศรีสุข",
    "family_name_en": "Srisuk",
    "birthdate": "1994-08-29",
    "nationality": "TH",
    "gender": "female",
    "address": "99/1 ถนนตัวอย่าง กรุงเทพมหานคร 10000",
}
RELYING_PARTY = RelyingParty(
    id="bank-sg",
    name="A bank",
    state=MemberState.SG,
    environment=Environment.SANDBOX,
    sector="bank",
    purposes=frozenset({"account-opening"}),
    claims=frozenset({"name"}),
    audiences=frozenset({AUDIENCE}),
    clients={ISSUER: frozenset({CLIENT})},
)


@cache
def _signer(name: str, algorithm: str) -> FileSigner:
    return generate(algorithm, kid=f"{name}-{algorithm}")


def signer(name: str = "issuer", algorithm: str = "ES256") -> FileSigner:
    """A key of somebody, made once: ``issuer``, ``holder``, ``thief``."""
    return _signer(name, algorithm)


def key(name: str = "issuer", algorithm: str = "ES256") -> PublicKey:
    """The public half."""
    return parse_jwk(signer(name, algorithm).public_jwk)


def bare_jwk(name: str = "holder", algorithm: str = "ES256") -> dict[str, Any]:
    """The public half as a wallet writes it."""
    return {
        member: value for member, value in signer(name, algorithm).public_jwk.items() if member not in ("kid", "alg")
    }


def service(
    kind: Format = Format.ID_TOKEN,
    *,
    history: tuple[StatusPeriod, ...] = GRANTED,
    claim_map: ClaimMap = CLAIM_MAP,
    binding: HolderBindingRule = HolderBindingRule.REQUIRED,
    leeway: timedelta = timedelta(seconds=60),
    algorithms: frozenset[str] = frozenset({"ES256"}),
) -> TrustService:
    """The provider as its state lists it."""
    return TrustService(
        service_id="0" * 64,
        member_state=MemberState.TH,
        environment=Environment.SANDBOX,
        observer=False,
        provider="A provider",
        name="A service",
        service_type=ServiceType.LOGIN if kind is Format.ID_TOKEN else ServiceType.PID,
        issuer=ISSUER,
        keys=(key(),),
        anchors=(),
        history=history,
        profile=ServiceProfile(
            formats=frozenset({kind}),
            algorithms=algorithms,
            credential_types=frozenset() if kind is Format.ID_TOKEN else frozenset({VCT}),
            ladder=LADDER,
            claim_map=claim_map,
            leeway=leeway,
            holder_binding=binding,
        ),
    )


def request(nonce: str | None = NONCE, *, audience: str | None = None, node: bool = True) -> VerifyRequest:
    """A question of the bank, which expects its nonce unless the test says otherwise."""
    return VerifyRequest(
        credential="",
        relying_party=RELYING_PARTY,
        purpose="account-opening",
        expected=Expectations(nonce=nonce, audience=audience),
        node_audiences=frozenset({NODE}) if node else frozenset(),
    )


def in_session(asked: VerifyRequest) -> VerifyRequest:
    """The same question, which expects the answer of a session, too."""
    return replace(asked, expected=replace(asked.expected, session=Session(origin="https://bank.example")))


def changed(members: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """``members`` with ``changes``; ``ABSENT`` takes a member away."""
    return {name: value for name, value in {**members, **changes}.items() if value is not ABSENT}


def sign(header: Mapping[str, Any], payload: Mapping[str, Any] | bytes, by: FileSigner) -> str:
    """A compact JWS with exactly these members in its header."""
    octets = payload if isinstance(payload, bytes) else json.dumps(payload, ensure_ascii=False).encode()
    signed = f"{base64url.encode(json.dumps(header).encode())}.{base64url.encode(octets)}"
    return f"{signed}.{base64url.encode(by.sign(signed.encode()))}"


def id_token(
    *, header: Mapping[str, Any] | None = None, by: FileSigner | None = None, acr: Any = "3", **changes: Any
) -> str:
    """An ID token of the provider for the bank, made ten seconds ago."""
    by = by or signer()
    base = {"alg": by.algorithm, "typ": "JWT", "kid": by.kid}
    claims = {
        "iss": ISSUER,
        "aud": CLIENT,
        "iat": NOW - 10,
        "exp": NOW + 600,
        "auth_time": NOW - 30,
        "nonce": NONCE,
        "acr": acr,
        **PERSON,
    }
    return sign(changed(base, header or {}), changed(claims, changes), by)


def disclosure(*elements: Any, salt: Any = "x8dKzUqBpY0rVwT1") -> str:
    """An encoded disclosure, salt first."""
    return base64url.encode(json.dumps([salt, *elements], ensure_ascii=False).encode())


def digest(text: str, algorithm: str = "sha256") -> str:
    """The digest of ``text`` as it stands in ``_sd`` and ``sd_hash``."""
    return base64url.encode(hashlib.new(algorithm, text.encode()).digest())


def sd_jwt(
    *extra: str,
    hidden: Mapping[str, Any] = PERSON,
    shown: Any = None,
    header: Mapping[str, Any] | None = None,
    algorithm: str = "sha256",
    by: FileSigner | None = None,
    **changes: Any,
) -> str:
    """An SD-JWT VC without key binding; ``extra`` are further disclosures, ``hidden`` claims are disclosable.

    A change of ``_sd`` replaces the digests of ``hidden`` unless it is a function of them.
    """
    by = by or signer()
    texts = {name: disclosure(name, value, salt=f"salt of {name}") for name, value in hidden.items()}
    digests: Any = [digest(text, algorithm) for text in texts.values()]
    if callable(changes.get("_sd")):
        changes["_sd"] = changes["_sd"](digests)
    payload = {
        "iss": ISSUER,
        "vct": VCT,
        "iat": NOW - 30 * 86_400,
        "exp": NOW + YEAR,
        "cnf": {"jwk": bare_jwk()},
        "acr": "3",
        "_sd_alg": "sha-256",
        "_sd": digests or ABSENT,
    }
    base = {"alg": by.algorithm, "typ": "dc+sd-jwt", "kid": by.kid}
    jwt = sign(changed(base, header or {}), changed(payload, changes), by)
    chosen = [text for name, text in texts.items() if shown is None or name in shown]
    return "~".join((jwt, *chosen, *extra, ""))


def kb(
    text: str,
    *,
    header: Mapping[str, Any] | None = None,
    by: FileSigner | None = None,
    algorithm: str = "sha256",
    **changes: Any,
) -> str:
    """The key binding over ``text``, made five seconds ago."""
    by = by or signer("holder")
    claims = {"iat": NOW - 5, "aud": AUDIENCE, "nonce": NONCE, "sd_hash": digest(text, algorithm)}
    return sign(changed({"alg": by.algorithm, "typ": "kb+jwt"}, header or {}), changed(claims, changes), by)


def bound(text: str, **changes: Any) -> str:
    """``text`` with a key binding."""
    return text + kb(text, **changes)


def verify(
    text: str,
    listed: TrustService | None = None,
    asked: VerifyRequest | None = None,
    *,
    at: datetime = NOON,
    by: str = "issuer",
) -> VerifiedCredential:
    """Steps V2, V4 and V5 of ``text``, with the provider's key."""
    (unverified,) = open_credential(text, None, Reading(HeaderCache(16)))
    listed = listed or service(unverified.format)
    algorithm = min(listed.profile.algorithms)
    resolved = ResolvedKey(listed, key(by, algorithm), at)
    signed = signature.verify(
        unverified.message,
        claims=unverified.unverified_claims,
        key=resolved.key,
        algorithms=listed.profile.algorithms,
    )
    asked = replace(asked or request(), credential=text)
    return FORMATS[unverified.format].account(signed, unverified, resolved=resolved, request=asked, at=at)


def refused(text: str, *arguments: Any, **named: Any) -> dict[str, Check]:
    """The checks by id with which ``text`` is refused in V5."""
    try:
        verify(text, *arguments, **named)
    except Refused as refusal:
        return {check.id: check for check in refusal.checks}
    raise AssertionError("it was accepted")


def code(text: str, *arguments: Any, **named: Any) -> str | None:
    """The code with which ``text`` is refused in whichever step, ``None`` if it is accepted."""
    try:
        verify(text, *arguments, **named)
    except (Refused, Refusal) as refusal:
        return refusal.code
    return None


def faults(checks: Mapping[str, Check]) -> dict[str, str]:
    """The code of each check that refused."""
    return {name: check.reason.code for name, check in checks.items() if check.reason is not None}


def results(credential: VerifiedCredential) -> dict[str, Result]:
    """What came of each check, by id."""
    return {check.id: check.result for check in credential.checks}


def early(text: str) -> str:
    """The code with which ``text`` is refused before anything is believed."""
    with pytest.raises(Refusal) as caught:
        open_credential(text, None, Reading(HeaderCache(1)))
    return caught.value.code
