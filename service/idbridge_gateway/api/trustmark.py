"""``GET /.well-known/idbridge-trustmark``: what this node is, on which lists it decides, and what it keeps of anybody.

What it keeps comes from the retention table and nowhere else. The trustmark is signed by the key that signs assertions,
with the digest of what is kept in it; a signature proves who says so, and no more. It ends after a day, so that nobody
shows for long what is no longer so. The metadata of the node as an
issuer name its address. Attestations of conformance are named by digest: what they are worth, who has them examines.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter, Response

from idbridge.codec import jcs
from idbridge.conformance.profiles import Profile
from idbridge.errors import Refusal
from idbridge.limits import LIMITS
from idbridge.oidc.errors import OAuthError
from idbridge.trust.snapshot import TrustSnapshot
from idbridge_gateway.api.answer import json_octets
from idbridge_gateway.api.schemas import answers
from idbridge_gateway.oidc.discovery import TRUSTMARK
from idbridge_gateway.oidc.signed_responses import signed
from idbridge_gateway.oidc.turns import Turn, Turns
from idbridge_gateway.retention.row import Row
from idbridge_gateway.retention.table import ROWS
from idbridge_gateway.settings import Settings

SCHEMA: Final = "idbridge-trustmark-1"
TYPE: Final = "idbridge-trustmark+jwt"
_CACHED: Final = {"cache-control": f"public, max-age={int(LIMITS.metadata_max_age.total_seconds())}"}


@dataclass(frozen=True, slots=True)
class _Made:
    """What a trustmark was made of, and when."""

    snapshot: str
    kid: str
    attested: tuple[tuple[str, str], ...]
    at: datetime

    def goes_by(self, made: "_Made") -> bool:
        """Tell whether what was ``made`` can be shown now: it says the same, and is not too old to be kept."""
        same = (self.snapshot, self.kid, self.attested) == (made.snapshot, made.kid, made.attested)
        return same and timedelta(0) <= self.at - made.at < LIMITS.metadata_max_age


class Trustmark:
    """The trustmark of one node; it is made anew once what it says changed, and before it is too old to be kept."""

    def __init__(self, settings: Settings, turns: Turns) -> None:
        self._settings = settings
        self._turns = turns
        self._made: tuple[_Made, bytes] | None = None

    def document(self) -> bytes:
        """Return the document as JSON.

        Raises:
            RequestError: ``system.not_ready``: this node has no trust material that it may go by.
        """
        turn = self._turns.begin()
        signer = turn.issuing.signer(turn.state.snapshot, at=turn.at)
        attested = tuple(_attestations(self._settings))
        now = _Made(turn.state.snapshot.id, signer.kid if signer is not None else "", attested, turn.at)
        if self._made is not None and now.goes_by(self._made[0]):
            return self._made[1]
        document = self._document(turn, attested, algorithm=signer.algorithm if signer is not None else "")
        octets = json_octets(document)
        if document["signature"] is not None:
            self._made = now, octets
        return octets

    def _document(self, turn: Turn, attested: tuple[tuple[str, str], ...], *, algorithm: str) -> dict[str, Any]:
        handling = data_handling()
        mark = self._mark(
            turn, attested, digest=hashlib.sha256(jcs.canonicalize({"data_handling": handling})).hexdigest()
        )
        return {
            "schema": SCHEMA,
            "trustmark": mark,
            "data_handling": handling,
            "signature": _signature(mark, algorithm=algorithm, turn=turn),
        }

    def _mark(self, turn: Turn, attested: tuple[tuple[str, str], ...], *, digest: str) -> dict[str, Any]:
        settings = self._settings
        origin = settings.log_origin
        return {
            "iss": settings.node_url,
            "iat": int(turn.at.timestamp()),
            "exp": int((turn.at + LIMITS.trustmark_lifetime).timestamp()),
            "state": settings.state.value,
            "environment": settings.environment.value,
            "trust_snapshot": turn.state.snapshot.id,
            "lists": list(_lists(turn.state.snapshot)),
            "conformance": [{"profile": profile, "digest": found} for profile, found in attested],
            "log": {"origin": origin, "checkpoint": f"{settings.node_url}/log/checkpoint"} if origin else None,
            "stores": {
                "shared": "redis" if settings.redis_url is not None else "memory",
                "registry": "database" if settings.database_url is not None else "file",
            },
            "data_handling_digest": digest,
        }


def data_handling() -> list[dict[str, Any]]:
    """Return the retention table as JSON values, without the tests that prove it."""
    return [_handled(row) for row in ROWS]


def _handled(row: Row) -> dict[str, Any]:
    longest = row.longest
    return {
        "name": row.name,
        "what": row.what,
        "about": row.about.value,
        "form": row.form.value,
        "places": [place.value for place in row.places],
        "kept_seconds": int(longest.total_seconds()) if longest is not None else None,
        "setting": row.setting or None,
        "ends": row.ends or None,
        "readers": row.readers,
    }


def _lists(snapshot: TrustSnapshot) -> Iterator[dict[str, Any]]:
    for state in sorted(snapshot.lists):
        edition = snapshot.provenance(state)
        yield {"state": state.value, "sequence": edition.sequence, "digest": edition.digest}


def _attestations(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield profile and digest of the attestations of the node's own state that lie in the folder of conformance."""
    if settings.conformance_directory is None:
        return
    for profile in Profile:
        octets = _read(settings.conformance_directory / settings.state.value / f"{profile.value}.jwt")
        if octets:
            yield profile.value, hashlib.sha256(octets).hexdigest()


def _read(path: Path) -> bytes:
    """Return what is in ``path``; nothing if it cannot be read, or is longer than any attestation."""
    try:
        with path.open("rb") as opened:
            octets = opened.read(LIMITS.conformance_attestation_bytes + 1)
    except OSError:
        return b""
    return octets if len(octets) <= LIMITS.conformance_attestation_bytes else b""


def _signature(mark: Mapping[str, Any], *, algorithm: str, turn: Turn) -> str | None:
    """Return ``mark`` signed; ``None`` where no key signs now: what is kept is to be known all the same."""
    if not algorithm:
        return None
    try:
        return signed(mark, algorithm=algorithm, turn=turn, typ=TYPE)
    except (OAuthError, Refusal):
        return None


def trustmark_router(trustmark: Trustmark) -> APIRouter:
    """Return the route of the document."""
    router = APIRouter(tags=["trust"])

    @router.get(
        TRUSTMARK,
        summary="What this node is, on which lists it decides and what it keeps",
        response_class=Response,
        responses=answers("Trustmark", 503),
    )
    async def show_trustmark() -> Response:
        return Response(trustmark.document(), media_type="application/json", headers=_CACHED)

    return router
