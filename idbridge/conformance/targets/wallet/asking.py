"""Requests of the suite: honest ones, and such as no wallet may answer, each wrong in one thing.

A case says what of an honest request is otherwise: members of the request object (``claims``) and of its header, by
value, or taken away where the value is absent; and by name what no value can say (``fault``). Clauses: OpenID4VP 1.0
sections 5 and 8; RFC 9101 sections 4 and 10.8; HAIP 1.0 section 5.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from idbridge.codec import base64std, base64url
from idbridge.conformance.targets.wallet.desk import REQUEST, RESPONSE
from idbridge.crypto.certificates import Subject, make_authority, make_leaf
from idbridge.crypto.ephemeral import EphemeralKey, new_ephemeral_key
from idbridge.crypto.signer import FileSigner, generate
from idbridge.model.randomness import Randomness
from idbridge.model.time import Validity
from idbridge.presentation.access_certificate import AccessCertificate, ClientIdPrefix, access_certificate
from idbridge.presentation.request_object import (
    AUDIENCE,
    TYPE,
    RequestParameters,
    ResponseMode,
    wallet_link,
)

HOST: Final = "localhost"
LIFE: Final = timedelta(minutes=5)
GONE: Final = "absent"  # in a case: the member is taken away
_NONCE_OCTETS: Final = 16
_STRANGER: Final = Subject("Stranger", country="SG")


@dataclass(frozen=True, slots=True)
class Access:
    """As whom the suite asks, and the authority (DER) that the wallet has to know for it."""

    certificate: AccessCertificate
    authority: bytes


def new_access(*, at: datetime) -> Access:
    """Return an access certificate for this machine, under an authority that the wallet's operator lets it know."""
    validity = Validity(at - timedelta(days=1), at + timedelta(days=30))
    above = make_authority(
        generate("ES256"), subject=Subject("Conformance suite authority", country="SG"), validity=validity
    )
    signer = generate("ES256")
    leaf = make_leaf(
        signer, subject=Subject("Conformance suite", country="SG"), validity=validity, issuer=above, dns_names=(HOST,)
    )
    return Access(access_certificate(signer, (leaf,)), above.certificate)


@dataclass(frozen=True, slots=True)
class Holding:
    """What the wallet under test holds: the type of an SD-JWT VC and of an mdoc with its namespace."""

    vct: str = "urn:example:sg:pid:1"
    doctype: str = "example.sg.pid.1"
    namespace: str = "example.sg.pid.1"

    def filled(self, value: Any) -> Any:
        """Return ``value`` with ``@vct``, ``@doctype`` and ``@namespace`` as they are here, at any depth."""
        if isinstance(value, str):
            return {"@vct": self.vct, "@doctype": self.doctype, "@namespace": self.namespace}.get(value, value)
        if isinstance(value, Mapping):
            return {name: self.filled(one) for name, one in value.items()}
        return [self.filled(one) for one in value] if isinstance(value, list) else value


@dataclass(frozen=True, slots=True)
class Question:
    """One request: its link, what an honest answer has to go with, and how its object is made."""

    link: str
    parameters: RequestParameters
    case: Mapping[str, Any]
    access: Access
    at: datetime

    def made(self, wallet_nonce: str | None) -> str:
        """Return the request object for whoever fetches it with ``wallet_nonce``."""
        fault = self.case.get("fault", "")
        ends = self.at + (-LIFE if fault == "expired" else LIFE)
        claims = {
            "iss": self.parameters.client_id,
            "aud": AUDIENCE,
            "iat": int((ends - LIFE).timestamp()),
            "exp": int(ends.timestamp()),
            **self.parameters.claims(),
            **({"wallet_nonce": wallet_nonce} if wallet_nonce is not None else {}),
        }
        chain, signer = self._signing(fault)
        x5c = [base64std.encode(one) for one in chain]
        header = {"alg": signer.algorithm, "typ": TYPE, "x5c": x5c}
        header = _edited(header, self.case.get("header", {}))
        body = _part(_edited(claims, self.case.get("claims", {})))
        signed = f"{_part(header)}.{body}"
        signature = b"" if header.get("alg") == "none" else signer.sign(signed.encode("ascii"))
        made = f"{signed}.{base64url.encode(signature)}"
        if fault == "changed-afterwards":
            return f"{_part(header)}.{_part(_edited(claims, {'state': 'another'}))}.{base64url.encode(signature)}"
        return made

    def _signing(self, fault: str) -> tuple[tuple[bytes, ...], FileSigner]:
        """Return the certificates that are sent, and the key that signs."""
        own = self.access.certificate
        if fault == "other-key":  # the certificate is the right one, and another key signs
            return own.chain, generate("ES256")
        if fault in ("other-certificate", "unknown-authority", "expired-certificate"):
            return _strange(fault, at=self.at)
        signer = own.signer
        if not isinstance(signer, FileSigner):
            raise TypeError("the suite asks with a key of its own")
        return own.chain, signer


def _strange(fault: str, *, at: datetime) -> tuple[tuple[bytes, ...], FileSigner]:
    """Return a certificate of a stranger, below an authority that nobody told the wallet of."""
    ends = at - timedelta(days=1) if fault == "expired-certificate" else at + timedelta(days=30)
    validity = Validity(at - timedelta(days=60), ends)
    above = make_authority(generate("ES256"), subject=_STRANGER, validity=validity)
    signer = generate("ES256")
    leaf = make_leaf(signer, subject=_STRANGER, validity=validity, issuer=above, dns_names=(HOST,))
    return (leaf,), signer


def question(
    case: Mapping[str, Any],
    *,
    access: Access,
    holding: Holding,
    port: int,
    handle: str,
    at: datetime,
    randomness: Randomness,
) -> Question:
    """Return the request that ``case`` describes, served on this machine at ``port`` under ``handle``."""
    base = f"http://{HOST}:{port}"
    mode = ResponseMode(case.get("mode", ResponseMode.DIRECT_POST_JWT.value))
    prefix = ClientIdPrefix(case.get("prefix", ClientIdPrefix.X509_HASH.value))
    client_id = access.certificate.client_id(prefix, host=HOST)
    query = holding.filled(case["query"])
    parameters = RequestParameters(
        client_id=client_id,
        response_uri=f"{base}{RESPONSE}/{handle}",
        mode=mode,
        nonce=base64url.encode(randomness.octets(_NONCE_OCTETS)),
        state=base64url.encode(randomness.octets(_NONCE_OCTETS)),
        query=query,
        transactions=tuple(_part(one) for one in case.get("transactions", ())),
        key=_key(mode),
    )
    named = _client_id(client_id, case.get("link_client", ""))
    link = wallet_link(client_id=named, request_uri=f"{base}{REQUEST}/{handle}")
    return Question(link, parameters, case, access, at)


def _client_id(own: str, other: str) -> str:
    """Return whom the link names: the one who asks, or ``other`` than that."""
    if other == "another-hash":
        return f"{ClientIdPrefix.X509_HASH}:{base64url.encode(hashlib.sha256(b'another').digest())}"
    return other or own


def _key(mode: ResponseMode) -> EphemeralKey | None:
    return new_ephemeral_key() if mode is ResponseMode.DIRECT_POST_JWT else None


def _edited(table: Mapping[str, Any], edits: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**table, **edits}
    return {name: value for name, value in merged.items() if value != GONE}


def _part(value: Any) -> str:
    return base64url.encode(json.dumps(value, separators=(",", ":")).encode())
