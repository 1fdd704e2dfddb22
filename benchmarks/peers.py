"""Peers: what libraries that are not ours spend on the same credentials, asked to check all that they can check.

They know one key and one issuer where we look both up in a trust list, and make no report; that is what the difference
has to be read with.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import jwt
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import ECKey
from sd_jwt.verifier import SDJWTVerifier  # type: ignore[import-untyped]  # it ships no types

from benchmarks.corpus import Corpus, Question
from benchmarks.harness import Subject
from idbridge.codec import base64url, strict_json
from idbridge.limits import LIMITS
from idbridge.sandbox.region import Region

_ALGORITHMS: Final = ["ES256"]
_LEEWAY: Final = 10 * 365 * 86_400  # the measured credentials are of a fixed day, and these libraries read the clock


def peers(corpus: Corpus, region: Region, *, distinct: int) -> Iterator[Subject]:
    """Yield the same credentials as ours, checked by others."""
    logins = corpus.id_tokens(distinct, algorithm="ES256")
    yield _pyjwt(logins, region)
    yield _joserfc(logins, region)
    yield _sd_jwt(corpus.wide_presentations(distinct), region)


def _pyjwt(questions: Sequence[Question], region: Region) -> Subject:
    keys = {one.service: jwt.PyJWK(dict(region.service(one.service).signer.public_jwk)).key for one in questions}
    asked = [(one.request.credential, keys[one.service], _claims(one)) for one in questions]

    def turn() -> None:
        for token, key, claims in asked:
            jwt.decode(token, key, algorithms=_ALGORITHMS, audience=claims["aud"], issuer=claims["iss"], leeway=_LEEWAY)

    return Subject("peer: PyJWT, ES256 ID token", len(asked), turn)


def _joserfc(questions: Sequence[Question], region: Region) -> Subject:
    keys = {one.service: ECKey.import_key(dict(region.service(one.service).signer.public_jwk)) for one in questions}
    asked = [(one.request.credential, keys[one.service], _claims(one)) for one in questions]

    def turn() -> None:
        for token, key, claims in asked:
            registry = joserfc_jwt.JWTClaimsRegistry(
                leeway=_LEEWAY,
                iss={"essential": True, "value": claims["iss"]},
                aud={"essential": True, "value": claims["aud"]},
            )
            registry.validate(joserfc_jwt.decode(token, key, algorithms=_ALGORITHMS).claims)

    return Subject("peer: joserfc, ES256 ID token", len(asked), turn)


def _sd_jwt(questions: Sequence[Question], region: Region) -> Subject:
    from jwcrypto.jwk import JWK

    keys = {one.service: JWK(**region.service(one.service).signer.public_jwk) for one in questions}
    asked = []
    for one in questions:
        claims = _payload(one.request.credential.rpartition("~")[2])
        asked.append((one.request.credential, keys[one.service], claims["aud"], claims["nonce"]))

    def turn() -> None:
        for text, key, audience, nonce in asked:
            SDJWTVerifier(text, lambda _issuer, _header, key=key: key, audience, nonce)

    return Subject("peer: sd-jwt, SD-JWT VC with KB-JWT", len(asked), turn)


def _claims(question: Question) -> dict[str, Any]:
    return _payload(question.request.credential)


def _payload(compact: str) -> dict[str, Any]:
    return strict_json.parse_object(base64url.decode(compact.split(".")[1]), max_bytes=LIMITS.token_bytes)
