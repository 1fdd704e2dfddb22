"""``idbridge dispute export``: everything that a decision rests on, in one file, of what the caller has."""

from pathlib import Path
from typing import Any

import click

from idbridge.cli import dispute_files, output
from idbridge.cli.dispute_material import status_handed_over, status_material, trust_material
from idbridge.cli.exits import Exit
from idbridge.cli.material import region_option, registered_party
from idbridge.cli.output import Failure, json_option
from idbridge.cli.reading import STATE, read_credential, read_octets
from idbridge.evidence.dispute import Bundle, DisputeError
from idbridge.evidence.dispute_material import StatusMaterial
from idbridge.evidence.dispute_replay import exported
from idbridge.evidence.dispute_request import Brought, Circumstances, parse_registration
from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge.model.request import RelyingParty
from idbridge.model.time import parse_instant
from idbridge.trust.portable import TrustMaterial

_TYPES = click.Path(file_okay=False, path_type=Path)


@click.command("export")
@click.option("--report", required=True, metavar="FILE", help="The report, in any detail.")
@click.option("--credential", required=True, metavar="FILE", help="What was verified, or the request as it was sent.")
@click.option("--request", metavar="FILE", help="The request as it was sent, if FILE is the credential alone.")
@click.option("--receipt", metavar="FILE", help="The receipt that came with the report.")
@click.option("--assertion", metavar="FILE", help="The assertion that came with it.")
@click.option("--for", "by", type=STATE, help="With --as: the state of the relying party.")
@click.option("--as", "party", metavar="ID", help="The relying party, if it is one of the sandbox region.")
@click.option("--registration", metavar="FILE", help="What the relying party was registered for, as JSON.")
@click.option("--node-audience", "audiences", multiple=True, help="An identifier of the node itself. Repeatable.")
@click.option("--type-metadata", type=_TYPES, metavar="DIR", help="Documents of types that the node held.")
@click.option(
    "--status-list",
    "status_lists",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="A status list that was handed over to the verification, as it was then. Repeatable.",
)
@click.option("--without-credential", is_flag=True, help="Leave the credential out; who replays has to bring it.")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Where to.")
@region_option
@json_option
def export(
    *,
    report: str,
    credential: str,
    request: str | None,
    receipt: str | None,
    assertion: str | None,
    by: MemberState | None,
    party: str | None,
    registration: str | None,
    audiences: tuple[str, ...],
    type_metadata: Path | None,
    status_lists: tuple[Path, ...],
    without_credential: bool,
    out: Path,
    region: Path,
    as_json: bool,
) -> Exit:
    """Put a decision and all that it rests on into one file.

    The decision is made again first: where anything is missing, or another one comes of it, nothing is written. The
    file is about a person unless `--without-credential` leaves the credential out and nothing was released.
    """
    told = dispute_files.read_object(report, "report")
    brought, body = _asked(credential, request)
    trust = trust_material(region, str(told.get("trust_snapshot")))
    try:
        made = exported(
            told,
            body=body,
            brought=brought,
            party=_party(region, party, by, registration),
            trust=trust,
            status=_status(region, told, trust, status_lists),
            circumstances=Circumstances(node_audiences=frozenset(audiences)),
            types=_types(type_metadata),
            receipt=dispute_files.read_text(receipt, most=LIMITS.receipt_bytes),
            assertion=_stripped(dispute_files.read_text(assertion, most=LIMITS.body_bytes)),
        )
    except DisputeError as refusal:
        hint = "the request, the registration and the node's audiences have to be those of then"
        raise Failure(str(refusal), hint=hint, exit_code=Exit.INDETERMINATE) from refusal
    _write(made, out, without_credential=without_credential, as_json=as_json)
    return Exit.DONE


def _asked(credential: str, request: str | None) -> tuple[Brought, dict[str, Any]]:
    brought, body = dispute_files.split(read_credential(credential))
    if request is not None:
        body = {**dispute_files.read_object(request, "request"), "credential": brought.credential}
    if body is None:
        raise Failure("what was asked is not known", hint="`--request` names the request as sent", exit_code=Exit.USAGE)
    return brought, body


def _party(region: Path, party: str | None, by: MemberState | None, registration: str | None) -> RelyingParty:
    if registration is not None:
        return parse_registration(dispute_files.read_object(registration, "registration"))
    if party is None or by is None:
        hint = "`--registration FILE`, or `--as ID --for STATE` for a relying party of the sandbox region"
        raise Failure("the relying party is not known", hint=hint, exit_code=Exit.USAGE)
    return registered_party(region, party, state=by)


def _status(region: Path, told: dict[str, Any], trust: TrustMaterial, status_lists: tuple[Path, ...]) -> StatusMaterial:
    """Return what the report relied on of revocation: what was handed over, or what is kept.

    Raises:
        DisputeError: This is no report.
        Failure: It is something else, or not kept.
    """
    named = str(told.get("status_snapshot"))
    if not status_lists:
        return status_material(region, named)
    try:
        at = parse_instant(str(told.get("evaluated_at")))
    except ValueError as refusal:
        raise DisputeError("this is no report: it names no instant") from refusal
    snapshot = trust.snapshot(named=str(told.get("trust_snapshot")))
    return status_handed_over(status_lists, snapshot, named=named, at=at)


def _types(folder: Path | None) -> tuple[bytes, ...]:
    if folder is None:
        return ()
    paths = sorted(folder.iterdir())[: LIMITS.type_documents]
    return tuple(read_octets(str(path), max_bytes=LIMITS.type_document_bytes) for path in paths)


def _stripped(text: str | None) -> str | None:
    return None if text is None else text.strip("\r\n\t ")


def _write(made: Bundle, out: Path, *, without_credential: bool, as_json: bool) -> None:
    octets = (made.without_credential() if without_credential else made).octets()
    dispute_files.write_private(out, octets)
    summary = {
        "report_id": made.report_id,
        "indication": made.decided()["indication"],
        "octets": len(octets),
        "credential": not without_credential,
        "receipt": made.receipt is not None,
    }
    if as_json:
        output.document("idbridge-dispute-export-1", summary=summary, results=[str(out)])
        return
    output.facts(
        (
            ("report", made.report_id),
            ("decision", summary["indication"]),
            ("made again", "the same"),
            ("credential", "left out" if without_credential else "in the file"),
            ("receipt", "in the file" if made.receipt is not None else "none"),
            ("wrote", f"{out} ({len(octets):,} octets)"),
        )
    )
