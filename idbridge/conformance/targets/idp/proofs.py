"""What the suite proves to a provider, and every way in which it proves it wrongly: client assertions, DPoP proofs.

What deviates is told by words of the case (``spec``), so that a new attack on a proof is data: claims that are changed
or left out, another key, another algorithm, a broken signature, no proof at all. Clauses: RFC 7523 section 3; RFC 9449
sections 4.2 and 7.1; RFC 7515 section 3.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from idbridge.codec import base64url
from idbridge.crypto.jws import sign_compact
from idbridge.crypto.signer import FileSigner
from idbridge.limits import LIMITS
from idbridge.oidc.htu import normalised

_WORD: Final = re.compile(r"\{([a-z_]+)\}")
_POINT: Final = ("kty", "crv", "x", "y")
_MODULUS: Final = ("kty", "n", "e")
_OWN: Final = "own"
_ABSENT: Final = "{absent}"


@dataclass(frozen=True, slots=True)
class Words:
    """What stands in a case in braces, and now: seconds since 1970, from which a case counts."""

    texts: Mapping[str, str]
    now: int

    def said(self, value: Any) -> Any:
        """Return ``value`` of a case with its words filled in; ``{"after": n}`` is ``n`` seconds after now.

        Raises:
            ValueError: A word that there is not; the case is not in order.
        """
        if isinstance(value, str):
            return _WORD.sub(self._text, value)
        if isinstance(value, list):
            return [self.said(one) for one in value]
        if isinstance(value, Mapping) and value.keys() == {"after"}:
            return self.now + int(value["after"])
        if isinstance(value, Mapping):
            return {name: self.said(one) for name, one in value.items()}
        return value

    def changed(self, honest: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
        """Return ``honest`` with ``changes``; a change to ``{absent}`` leaves the member out."""
        said = {name: None if value == _ABSENT else self.said(value) for name, value in changes.items()}
        return {name: value for name, value in {**honest, **said}.items() if value is not None}

    def _text(self, found: re.Match[str]) -> str:
        if found[1] not in self.texts:
            raise ValueError(f"the case says `{found[0]}`, which stands for nothing")
        return self.texts[found[1]]


Keys = Mapping[str, FileSigner]  # ``own``, ``other`` (of the other client or login) and ``stranger``


def assertion(keys: Keys, *, client_id: str, issuer: str, jti: str, words: Words, spec: Mapping[str, Any]) -> str:
    """Return a client assertion of ``client_id`` for ``issuer``, deviating as ``spec`` says."""
    life = int(LIMITS.client_assertion_lifetime.total_seconds() // 2)
    honest = {
        "iss": client_id, "sub": client_id, "aud": issuer, "iat": words.now, "exp": words.now + life, "jti": jti,
    }  # fmt: skip
    claims = words.changed(honest, spec.get("claims", {}))
    return _compact({"typ": "JWT"}, claims, keys, words=words, spec=spec)


def dpop_proof(
    keys: Keys,
    *,
    method: str,
    url: str,
    jti: str,
    words: Words,
    nonce: str | None,
    access_token: str | None,
    spec: Mapping[str, Any],
) -> str:
    """Return a DPoP proof for one request, deviating as ``spec`` says."""
    honest: dict[str, Any] = {"jti": jti, "htm": method, "htu": normalised(url) or url, "iat": words.now}
    if nonce is not None:
        honest["nonce"] = nonce
    if access_token is not None:
        honest["ath"] = base64url.encode(hashlib.sha256(access_token.encode()).digest())
    signer = keys[spec.get("key", _OWN)]
    jwk = _public(signer)
    if spec.get("private"):
        jwk["d"] = base64url.encode(bytes(range(1, 33)))  # a private member, though not the key's own
    if "shows" in spec:
        jwk = _public(keys[spec["shows"]])
    claims = words.changed(honest, spec.get("claims", {}))
    return _compact({"typ": "dpop+jwt", "jwk": jwk}, claims, keys, words=words, spec=spec)


def _public(signer: FileSigner) -> dict[str, Any]:
    names = _MODULUS if signer.public_jwk["kty"] == "RSA" else _POINT
    return {name: signer.public_jwk[name] for name in names if name in signer.public_jwk}


def _compact(
    header: Mapping[str, Any], claims: Mapping[str, Any], keys: Keys, *, words: Words, spec: Mapping[str, Any]
) -> str:
    signer = keys[spec.get("key", _OWN)]
    members = words.changed(header, spec.get("header", {}))
    payload = json.dumps(claims, separators=(",", ":")).encode()
    if spec.get("algorithm") == "none":
        return f"{_part({**members, 'alg': 'none'})}.{base64url.encode(payload)}."
    if spec.get("algorithm") == "HS256":
        return _with_mac(members, payload, signer)
    token = sign_compact(members, payload, signer)
    return _broken(token) if spec.get("broken") else token


def _with_mac(members: Mapping[str, Any], payload: bytes, signer: FileSigner) -> str:
    """Return a MAC under the public key, as an algorithm confusion takes it (RFC 8725 section 2.1)."""
    signed = f"{_part({'kid': signer.kid, **members, 'alg': 'HS256'})}.{base64url.encode(payload)}"
    secret = json.dumps(_public(signer), separators=(",", ":")).encode()
    return f"{signed}.{base64url.encode(hmac.digest(secret, signed.encode('ascii'), hashlib.sha256))}"


def _part(members: Mapping[str, Any]) -> str:
    return base64url.encode(json.dumps(members, separators=(",", ":")).encode())


def _broken(token: str) -> str:
    head, _, signature = token.rpartition(".")
    octets = bytearray(base64url.decode(signature))
    octets[0] ^= 1
    return f"{head}.{base64url.encode(bytes(octets))}"
