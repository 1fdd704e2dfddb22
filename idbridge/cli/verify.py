"""``idbridge verify``: one credential, one verdict, decided here by the same nine steps as at a node.

Nothing is spent and nothing is signed: a nonce that a node would count once can be verified here again, and no
assertion comes of it. Steps V2 to V9 are in ``verify/verifier.py``.
"""

from datetime import datetime
from pathlib import Path
from typing import Final

import click

from idbridge.cli import output, report_text, story_text
from idbridge.cli.exits import Exit, of_indication
from idbridge.cli.material import at_option, instant, open_snapshot, region_option, registered_party
from idbridge.cli.output import json_option
from idbridge.cli.passphrase import passphrase_from, passphrase_option
from idbridge.cli.question import Presented, asker, presented, question
from idbridge.cli.reading import LEVEL, STATE, read_credential
from idbridge.cli.status_files import statuses_of
from idbridge.credential.type_folder import read_type_documents
from idbridge.crypto.jwe import DecryptionKey, decryption_key
from idbridge.crypto.key_files import Passphrase, open_key_file
from idbridge.model.randomness import SystemRandomness
from idbridge.model.region import AssuranceLevel, MemberState
from idbridge.model.request import Detail, RelyingParty
from idbridge.model.type_metadata import NO_DOCUMENTS
from idbridge.trust.snapshot import TrustSnapshot
from idbridge.verify.report import Report
from idbridge.verify.verifier import Verifier

REPORT_ID_OCTETS: Final = 16
_WHO_ASKS: Final = frozenset({"holder.audience_mismatch", "oidc.audience_mismatch"})
_NO_LIST: Final = "status.unavailable"


def _pairs(_ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    found = []
    for value in values:
        issuer, separator, client = value.partition("=")
        if not (issuer and separator and client):
            raise click.BadParameter(f"`{value}` is not ISSUER=CLIENT_ID")
        found.append((issuer, client))
    return tuple(found)


@click.command("verify")
@click.argument("source", metavar="FILE|-")
@click.option("--for", "by", type=STATE, required=True, help="The state whose recognition counts.")
@click.option("--purpose", required=True, metavar="CODE", help="What it is shown for; `recognition show` lists them.")
@click.option("--as", "party", metavar="ID", help="Ask as this relying party of the sandbox region.")
@click.option("--audience", "audiences", multiple=True, help="Whom a presentation must be made for. Repeatable.")
@click.option(
    "--client",
    "clients",
    multiple=True,
    callback=_pairs,
    metavar="ISSUER=ID",
    help="Client id there. Repeatable.",
)
@click.option("--dcql", metavar="FILE", help="The query that the wallet answered; FILE then holds its vp_token.")
@click.option(
    "--type-metadata",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Documents of types of SD-JWT VCs, each under the name of its digest.",
)
@click.option(
    "--status-list",
    "status_lists",
    multiple=True,
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A status list as you fetched it just now; counts if a listed service signed it. Repeatable.",
)
@click.option("--nonce", help="The nonce that was sent to the wallet or provider.")
@click.option("--claim", "claims", multiple=True, metavar="NAME", help="A claim to release. Repeatable.")
@click.option(
    "--decrypt-key",
    "key_files",
    multiple=True,
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A key that opens what came encrypted to you; PKCS #8 in PEM. Repeatable.",
)
@click.option("--require-loa", "level", type=LEVEL, help="The lowest level that will do: A1, A2 or A3.")
@click.option(
    "--detail",
    type=click.Choice([one.value for one in Detail]),
    default="simple",
    show_default=True,
    help="How much to print.",
)
@click.option(
    "--explain", is_flag=True, help="Tell step by step what was found, what decided, and what it does not prove."
)
@passphrase_option
@at_option
@region_option
@json_option
def verify(
    *,
    source: str,
    by: MemberState,
    purpose: str,
    party: str | None,
    audiences: tuple[str, ...],
    clients: tuple[tuple[str, str], ...],
    dcql: str | None,
    type_metadata: Path | None,
    status_lists: tuple[Path, ...],
    nonce: str | None,
    claims: tuple[str, ...],
    key_files: tuple[Path, ...],
    level: AssuranceLevel | None,
    detail: str,
    explain: bool,
    passphrase_file: Path | None,
    at: datetime | None,
    region: Path,
    as_json: bool,
) -> Exit:
    """Verify one credential or token for a purpose, and say why.

    FILE holds the credential as text, or the body of a verify request, of which `credential`, `expected` and `claims`
    are used; `-` reads standard input. Ends with 0 for PASSED, 1 for FAILED, 3 for INDETERMINATE. With `--at` the
    report is about that instant: it is marked historical and accepts nothing. Nothing is fetched: what refers to a
    status list is INDETERMINATE unless that list is handed over.
    """
    shown = presented(read_credential(source), dcql=None if dcql is None else read_credential(dcql))
    moment = instant(at)
    snapshot = open_snapshot(region)
    relying_party = (
        registered_party(region, party, state=by)
        if party is not None
        else _unregistered(shown, snapshot, by=by, purpose=purpose, audiences=audiences, clients=clients, claims=claims)
    )
    asked = question(
        shown,
        relying_party=relying_party,
        purpose=purpose,
        level=level,
        nonce=nonce,
        claims=claims,
        detail=Detail(detail),
        keys=_opened(key_files, passphrase_from(passphrase_file)),
    )
    types = NO_DOCUMENTS if type_metadata is None else read_type_documents(type_metadata)
    verifier = Verifier(trust=snapshot, status=statuses_of(status_lists, snapshot, at=moment), types=types)
    report = verifier.verify(asked, at=moment, historical=at is not None)
    report_id = f"rep_{SystemRandomness().octets(REPORT_ID_OCTETS).hex()}"
    if as_json:
        told = story_text.document(report, report_id=report_id) if explain else None
        output.raw(told or report.render(Detail(detail), report_id=report_id))
    else:
        _show(report, report_id=report_id, detail=Detail(detail), explain=explain)
        _hint(report, named=party is not None, handed_over=bool(status_lists))
    return Exit.DONE if report.accepted else of_indication(report.indication)


def _show(report: Report, *, report_id: str, detail: Detail, explain: bool) -> None:
    """Print a report for a person, with its story if asked."""
    report_text.show(report, report_id=report_id, detail=detail)
    if explain:
        story_text.show(report)


def _hint(report: Report, *, named: bool, handed_over: bool) -> None:
    """Say what was left out that decided; ``named`` tells whether it was said who asks, ``handed_over`` any list."""
    code = report.reason.code if report.reason is not None else None
    if not named and code in _WHO_ASKS:
        output.words("hint", "say for whom it was made: `--audience`, `--client` or `--as`")
    if not handed_over and code == _NO_LIST:
        output.words("hint", "hand over the status list that it refers to, fetched just now: `--status-list FILE`")


def _opened(key_files: tuple[Path, ...], passphrase: Passphrase) -> tuple[DecryptionKey, ...]:
    """Return the caller's own keys that open what came encrypted."""
    return tuple(decryption_key(open_key_file(path, passphrase=passphrase).private_key) for path in key_files)


def _unregistered(
    shown: Presented,
    snapshot: TrustSnapshot,
    *,
    by: MemberState,
    purpose: str,
    audiences: tuple[str, ...],
    clients: tuple[tuple[str, str], ...],
    claims: tuple[str, ...],
) -> RelyingParty:
    return asker(
        state=by,
        environment=snapshot.environment,
        purpose=purpose,
        claims=claims or shown.claims,
        audiences=audiences,
        clients=clients,
    )
