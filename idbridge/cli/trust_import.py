"""``idbridge trust import|export``: lists of others become material for the own, and held lists go out."""

import hashlib
import string
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import click

from idbridge.cli import output
from idbridge.cli.exits import Exit, of_error
from idbridge.cli.material import at_option, instant, open_snapshot, region_option, state_directory
from idbridge.cli.output import Failure, json_option, words
from idbridge.cli.reading import STATE
from idbridge.codec import pem
from idbridge.crypto.certificate_facts import certificate_facts
from idbridge.errors import InputError, IssuerError, TrustError
from idbridge.limits import LIMITS
from idbridge.model.region import MemberState
from idbridge.model.time import instant_text
from idbridge.trust import exporters
from idbridge.trust.importers import source_material
from idbridge.trust.importers.imported import ImportedList, ImportedService, ListKind, Offer, Terms
from idbridge.trust.importers.jwks import import_jwks
from idbridge.trust.importers.list_of_lists import import_list_of_lists
from idbridge.trust.importers.trusted_list import import_trusted_list
from idbridge.trust.importers.vical import import_vical

_IMPORTERS: Final = MappingProxyType({ListKind.TL_XML: import_trusted_list, ListKind.VICAL: import_vical})
_PEM: Final = b"-----BEGIN"
_DIGEST_DIGITS: Final = 64
_FILE: Final = click.Path(dir_okay=False, path_type=Path)
_FOLDER: Final = click.Path(file_okay=False, path_type=Path)


class _Asked(NamedTuple):
    """What the command was asked to import, and under which terms."""

    source: Path
    kind: ListKind
    anchors: tuple[Path, ...]
    expected: str | None
    pivots: tuple[str, ...]
    territory: str | None
    max_age: int | None
    previous: Path | None
    at: datetime | None


@click.command("import")
@click.option("--from", "source", type=_FILE, required=True, metavar="FILE", help="The list, as it was published.")
@click.option("--kind", type=click.Choice([kind.value for kind in ListKind]), required=True, help="What it is.")
@click.option("--anchor", "anchors", type=_FILE, multiple=True, metavar="FILE", help="A signer that you confirmed.")
@click.option(
    "--expect-sha256", "expected", metavar="HEX", help="Digest of the file that you confirmed by another way."
)
@click.option("--pivot", "pivots", multiple=True, metavar="ADDRESS=FILE", help="A pivot that a list of lists names.")
@click.option("--territory", metavar="XX", help="Refuse a list that speaks for another territory.")
@click.option("--max-age", type=click.IntRange(min=1), metavar="DAYS", help="Read a list that old, whatever it says.")
@click.option("--previous", type=_FOLDER, metavar="DIR", help="The last import of this list; nothing older is read.")
@click.option("--to", "folder", type=_FOLDER, metavar="DIR", help="New folder for the material.")
@click.option("--dry-run", is_flag=True, help="Read and judge, and write nothing.")
@at_option
@json_option
def import_list(*, folder: Path | None, dry_run: bool, as_json: bool, **asked: Any) -> Exit:
    """Read a list of somebody else into source material.

    The list must be signed by an anchor, or be the file whose digest you confirmed. What
    is written is trusted by nobody until it is linted, proposed and signed.
    """
    if folder is None and not dry_run:
        raise click.UsageError("say where to write with `--to DIR`, or `--dry-run`")
    wanted = _Asked(**{**asked, "kind": ListKind(asked["kind"])})
    try:
        found = _imported(wanted)
    except TrustError as refusal:
        return _refused(refusal, as_json=as_json)
    written = source_material.write(folder, found) if folder is not None and not dry_run else ()
    if as_json:
        told = source_material.document(found)
        summary = {"accepted": True, "code": None, **told["provenance"], "written": list(written)}
        rest = {name: told[name] for name in ("dropped", "pointers", "trail")}
        output.document(source_material.SCHEMA, summary=summary, results=told["services"], **rest)
    else:
        _show(found, written)
    return Exit.DONE


def _refused(refusal: TrustError, *, as_json: bool) -> Exit:
    code = of_error(refusal)
    if not as_json:
        raise Failure(f"refused, {refusal.code}: {refusal.detail}", hint=refusal.reason.remedy, exit_code=code)
    summary = {"accepted": False, "code": refusal.code, "detail": refusal.detail, "written": []}
    output.document(source_material.SCHEMA, summary=summary, results=[])
    return code


def _imported(asked: _Asked) -> ImportedList:
    octets = _octets(asked.source)
    expected = _digest(asked.expected)
    if expected is not None and hashlib.sha256(octets).hexdigest() != expected:
        raise TrustError("trust.signer_unknown", "the file is not the one whose digest was confirmed")
    offer = Offer(octets, asked.source.name, instant(asked.at))
    if asked.kind is ListKind.JWKS:
        if expected is None or asked.anchors:
            raise click.UsageError("nothing signs a key set: confirm it with `--expect-sha256` and no `--anchor`")
        return import_jwks(offer, expected=expected)
    terms = _terms(asked)
    if asked.kind is ListKind.LOTL_XML:
        return import_list_of_lists(offer, terms, pivots=_pivots(asked.pivots))
    if asked.pivots:
        raise click.UsageError("only a list of lists has pivots")
    return _IMPORTERS[asked.kind](offer, terms)


def _digest(text: str | None) -> str | None:
    if text is not None and (len(text) != _DIGEST_DIGITS or not set(text) <= set(string.hexdigits)):
        raise click.UsageError("`--expect-sha256` takes 64 hexadecimal digits")
    return text.lower() if text is not None else None


def _terms(asked: _Asked) -> Terms:
    if not asked.anchors:
        raise click.UsageError("name the certificate of the signer with `--anchor FILE`")
    return Terms(
        anchors=tuple(der for anchor in asked.anchors for der in _certificates(anchor)),
        held=source_material.read_floor(asked.previous) if asked.previous is not None else None,
        max_age=timedelta(days=asked.max_age) if asked.max_age is not None else None,
        territory=asked.territory,
    )


def _certificates(place: Path) -> tuple[bytes, ...]:
    """Return the certificates of a file in PEM or DER."""
    octets = _octets(place)
    try:
        found: tuple[bytes, ...] = (octets,)
        if octets.lstrip().startswith(_PEM):
            found = pem.decode(octets.decode("ascii"), label=pem.CERTIFICATE)
        for der in found:
            certificate_facts(der)  # a damaged one is a fault of this file, and not a list of an unknown signer
    except (InputError, IssuerError, UnicodeDecodeError):
        raise Failure(f"`{place}` holds no certificates in PEM or DER") from None
    return found


def _pivots(named: tuple[str, ...]) -> Mapping[str, bytes]:
    pairs = [one.rpartition("=") for one in named]
    if any(not address or not place for address, _, place in pairs):
        raise click.UsageError("`--pivot` takes the address and the file, as `https://lists.example/pivot.xml=FILE`")
    return MappingProxyType({address: _octets(Path(place)) for address, _, place in pairs})


def _octets(place: Path) -> bytes:
    try:
        with place.open("rb") as file:
            octets = file.read(LIMITS.trust_list_bytes + 1)
    except OSError as error:
        raise Failure(f"`{place}` cannot be read: {(error.strerror or 'no such file').lower()}") from None
    if len(octets) > LIMITS.trust_list_bytes:
        raise Failure(f"`{place}` is larger than {LIMITS.trust_list_bytes} octets", exit_code=Exit.REFUSED)
    return octets


def _show(found: ImportedList, written: tuple[str, ...]) -> None:
    told = source_material.document(found)
    output.facts((name.replace("_", " "), value) for name, value in told["provenance"].items())
    if found.services:
        output.line()
        heads = ("PROVIDER", "SERVICE", "STATUS", "SINCE", "KEYS")
        output.table(heads, map(_cells, found.services), wrap={"PROVIDER", "SERVICE"}, optional={"SINCE"})
    if found.pointers:
        output.line()
        rows = ((one.territory or "-", one.media_type or "-", len(one.signers), one.location) for one in found.pointers)
        output.table(("FOR", "MEDIA TYPE", "SIGNERS", "LIST"), rows, optional={"MEDIA TYPE"})
    if found.dropped:
        output.line()
        rows_left_out = ((one.provider, one.name, one.code, one.why) for one in found.dropped)
        output.table(("LEFT OUT OF", "ENTRY", "CODE", "WHY"), rows_left_out, wrap={"LEFT OUT OF", "ENTRY", "WHY"})
    output.line()
    counts = {"services": found.services, "lists": found.pointers, "left out": found.dropped, "files written": written}
    output.line(", ".join(f"{name}: {len(entries)}" for name, entries in counts.items()))
    if written:
        words("hint", "nothing of this is trusted: complete it, then run `idbridge trust lint`")


def _cells(service: ImportedService) -> tuple[object, ...]:
    last = service.statuses[-1] if service.statuses else None
    return (
        service.provider,
        service.name,
        last.status.value.rpartition(":")[2] if last is not None else "listed",
        instant_text(last.since).removesuffix("T00:00:00Z") if last is not None else "-",
        len(service.certificates) + len(service.jwks),
    )


@click.command("export")
@click.option("--state", type=STATE, required=True, help="Whose list.")
@click.option("--as", "form", type=click.Choice(["lote", "jwks"]), required=True, help="The list, or its keys.")
@region_option
@at_option
def export_list(*, state: MemberState, form: str, region: Path, at: datetime | None) -> Exit:
    """Print a held list without its signature, or its keys.

    `lote` is the list of ETSI TS 119 602 as its state signed it, `jwks` the keys of its
    granted services. Neither proves anything to whoever reads it.
    """
    moment = instant(at)
    snapshot = open_snapshot(region)
    if form == "jwks":
        output.raw(exporters.key_set(snapshot, state, at=moment))
        return Exit.DONE
    snapshot.require_current(state, at=moment)
    held = snapshot.lists[state]
    payload = exporters.plain_lote(_signed_list(region, state, held.provenance.digest), held=held)
    output.raw_text(payload.decode("utf-8"))
    return Exit.DONE


def _signed_list(region: Path, state: MemberState, digest: str) -> bytes:
    """Return the octets of a list by their digest, from where this node reads lists or keeps them."""
    trust = region / "trust"
    places = [
        trust / "lists" / f"{state}.jws",
        *sorted((trust / "targets" / "lists" / state.value).glob("*list.jws")),
        state_directory(region) / "blobs" / digest,
    ]
    for place in places:
        if place.is_file():
            octets = _octets(place)
            if hashlib.sha256(octets).hexdigest() == digest:
                return octets
    raise Failure(f"the signed list of {state} is not on this machine any more")
