"""Session transcripts: to which session an mdoc's device bound its answer (OpenID4VP 1.0, B.2.6; ISO 18013-5, 9.1.5.1).

Makes the octets from what the relying party says of the session; it believes nothing that the wallet says. Two
handovers are known, by redirect and over the Digital Credentials API. For an answer to another session it tells, input
by input, what the wallet may have taken instead: a relying party that is told "no" has a score of inputs to try.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from idbridge.codec import base64url, cbor
from idbridge.model.request import Session

_REDIRECT: Final = "OpenID4VPHandover"
_DC_API: Final = "OpenID4VPDCAPIHandover"
# Client identifier prefixes of OpenID4VP 1.0, 5.9.3 that relying parties forget or add.
_PREFIXES: Final = ("x509_san_dns:", "x509_hash:", "redirect_uri:", "decentralized_identifier:")
_ORIGIN_PREFIX: Final = "origin:"
MAX_VARIATIONS: Final = 8


class Variation(NamedTuple):
    """A session that differs from the expected one in one input, in words that a relying party can act on."""

    difference: str
    transcript: bytes


def session_transcript(session: Session, nonce: str) -> bytes:
    """Return the SessionTranscript of ``session`` and ``nonce``, as CBOR."""
    thumbprint = session.encryption_jwk_thumbprint
    digest = base64url.decode(thumbprint) if thumbprint is not None else None
    if session.origin is not None:
        return _transcript(_DC_API, [session.origin, nonce, digest])
    return _transcript(_REDIRECT, [session.client_id, nonce, digest, session.response_uri])


def variations(session: Session, nonce: str) -> Iterator[Variation]:
    """Yield at most ``MAX_VARIATIONS`` transcripts, each of a session that differs in one input."""
    others = _of_api(session) if session.origin is not None else _of_redirect(session)
    for difference, other in (*_of_both(session), *others)[: MAX_VARIATIONS - 1]:
        yield Variation(difference, session_transcript(other, nonce))
    yield Variation("another `nonce`: an empty one", session_transcript(session, ""))


def _transcript(name: str, inputs: list[str | bytes | None]) -> bytes:
    """Return the transcript: no engagement, no reader key, and a handover that is a digest of ``inputs``."""
    return cbor.encode([None, None, [name, hashlib.sha256(cbor.encode(inputs)).digest()]])


def _of_both(session: Session) -> Iterator[tuple[str, Session]]:
    if session.encryption_jwk_thumbprint is not None:
        words = "another `encryption_jwk_thumbprint`: none, as for an answer that is not encrypted"
        yield words, replace(session, encryption_jwk_thumbprint=None)


def _of_redirect(session: Session) -> Iterator[tuple[str, Session]]:
    client, address = session.client_id or "", session.response_uri or ""
    yield _slash("response_uri", address), replace(session, response_uri=_slashed(address))
    bare = next((client.removeprefix(prefix) for prefix in _PREFIXES if client.startswith(prefix)), None)
    if bare is not None:
        yield "another `client_id`: without its prefix", replace(session, client_id=bare)
    else:
        for prefix in _PREFIXES:
            yield f"another `client_id`: with the prefix `{prefix}`", replace(session, client_id=prefix + client)
    origin = _origin(address)
    if origin is not None:
        api = Session(origin=origin, encryption_jwk_thumbprint=session.encryption_jwk_thumbprint)
        yield "another handover: `origin` of the Digital Credentials API, in place of a redirect", api


def _of_api(session: Session) -> Iterator[tuple[str, Session]]:
    origin = session.origin or ""
    if origin.startswith(_ORIGIN_PREFIX):
        yield "another `origin`: without `origin:`", replace(session, origin=origin.removeprefix(_ORIGIN_PREFIX))
    else:
        yield "another `origin`: with `origin:` before it", replace(session, origin=_ORIGIN_PREFIX + origin)
    yield _slash("origin", origin), replace(session, origin=_slashed(origin))
    host = _origin(origin)
    if host is not None and host != origin:
        yield "another `origin`: scheme and host alone", replace(session, origin=host)
    if session.client_id is not None:
        yield "another `origin`: the `client_id`", replace(session, origin=session.client_id)


def _slash(name: str, address: str) -> str:
    return f"another `{name}`: {'without' if address.endswith('/') else 'with'} a slash at its end"


def _slashed(address: str) -> str:
    return address.removesuffix("/") if address.endswith("/") else f"{address}/"


def _origin(address: str) -> str | None:
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme and parts.netloc else None
