"""An attestation and the log of a node: having its digest written down, and finding the receipt and the log again."""

import json
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Final

from idbridge.cli import log_files
from idbridge.cli.conformance_files import read_bounded
from idbridge.cli.exits import Exit
from idbridge.cli.material import open_snapshot
from idbridge.cli.output import Failure
from idbridge.cli.reading import read_octets
from idbridge.conformance.logged import Logged, logged_digest, parse_unverified
from idbridge.errors import EvidenceError
from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge.tlog import receipt as receipts
from idbridge.tlog.checkpoint import Log
from idbridge.trust.log_listing import listed_log

ATTESTATIONS_PATH: Final = "/v1/attestations"
_SUFFIX: Final = ".receipt"


def beside(attestation: Path) -> Path:
    """Return where the receipt of an attestation is kept: beside it, under its name."""
    return attestation.with_name(attestation.name + _SUFFIX)


def written_down(text: str, *, url: str, api_key: Path) -> str:
    """Have the node at ``url`` write the digest of ``text`` into its log; return the receipt.

    Raises:
        Failure: The key cannot be read, or the node does not do it.
        ConfigurationError: ``url`` is no address of a node.
    """
    from idbridge.conformance.targets.gateway.wire import JSON, GatewayWire
    from idbridge.conformance.targets.idp.wire import NoVerdictError

    key = read_bounded(str(api_key), max_bytes=LIMITS.token_bytes).decode("ascii", errors="replace").strip()
    if not key.isascii() or not key.isprintable() or not key:
        raise Failure("`--api-key-file` holds no API key", exit_code=Exit.LOCAL)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": JSON}
    body = json.dumps({"digest": logged_digest(text)}).encode()
    try:
        reply = GatewayWire(url).send("POST", ATTESTATIONS_PATH, headers=headers, body=body)
    except NoVerdictError as none:
        raise _not_written(none.fault.detail) from None
    document = reply.document()
    if reply.status != HTTPStatus.OK:
        raise _not_written(f"{reply.status} {document.get('code', '')}".rstrip())
    held = document.get("receipt")
    proof = held.get("proof") if isinstance(held, dict) else None
    if not isinstance(proof, str):
        raise _not_written("it answered without a receipt")
    try:
        parse_unverified(proof.encode("utf-8", "surrogatepass"), text)
    except EvidenceError as other:
        raise _not_written(f"its receipt is not one of this attestation: {other.code}") from None
    return proof


def _not_written(why: str) -> Failure:
    hint = "the attestation itself is good and was written; `attest` again makes another one"
    return Failure(f"the node did not write it down: {why}", hint=hint, exit_code=Exit.REFUSED)


def kept_receipt(
    attestation: str, receipt: Path | None, *, keys: tuple[str, ...], region: Path | None, at: datetime
) -> Logged | None:
    """Return the receipt of ``attestation``, that of beside it if none is named, with the log that it has to be of.

    ``None`` if there is none and nobody asked for one.

    Raises:
        Failure: It was asked for and is not there, or keys are not in order.
        TrustError: No list names its log now.
    """
    place = receipt
    if place is None and Path(attestation).is_file():
        place = beside(Path(attestation))
        place = place if keys or region is not None or place.is_file() else None
    if place is None:
        return None
    octets = read_octets(str(place), max_bytes=LIMITS.receipt_bytes)
    return Logged(octets, _log(octets, keys=keys, region=region, at=at))


def _log(octets: bytes, *, keys: tuple[str, ...], region: Path | None, at: datetime) -> Log | None:
    """Return the log of these keys, or the one of that name which a trust list of ``region`` names."""
    found = log_files.keys(keys)
    if found:
        try:
            return Log(found[0].name, MemberState.SG, found)  # whose it is counts for witnesses alone
        except ValueError:
            raise Failure("`--log-key` is the key of a witness and of no log", exit_code=Exit.USAGE) from None
    if region is None:
        return None
    try:
        origin = receipts.parse_unverified(octets).checkpoint.checkpoint.origin
    except EvidenceError:  # the examination says so
        return None
    return listed_log(open_snapshot(region), origin, signed_at=at, at=at)
