"""``idbridge status-list``: a provider's list of what it took back, made from a table, and judged as a node would."""

import sys
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import click

from idbridge.cli import output
from idbridge.cli.exits import Exit
from idbridge.cli.material import at_option, instant, open_snapshot, region_option
from idbridge.cli.output import Failure, json_option
from idbridge.cli.passphrase import passphrase_from, passphrase_option
from idbridge.cli.status_files import STANDARD_INPUT, places_at, read_list, unverified_address
from idbridge.cli.status_forms import DEFAULT_BITS, Form, Purpose, form_of, words_for
from idbridge.codec import strict_json
from idbridge.crypto.key_files import open_signer
from idbridge.crypto.keys import parse_jwk
from idbridge.errors import ConfigurationError, InputError, JoseError, StatusError
from idbridge.limits import LIMITS
from idbridge.model.keys import PublicKey
from idbridge.model.region import MemberState
from idbridge.model.time import instant_text
from idbridge.status import packing
from idbridge.status.csv_source import read_statuses, word_of
from idbridge.status.issue import Making
from idbridge.status.lists import verify_status_list, verify_with_key
from idbridge.status.status_list import Mechanism, StatusList
from idbridge.status.token_status_list import parse_unverified

SCHEMA: Final = "idbridge-status-list-1"
_ENTRIES: Final = LIMITS.status_list_entries
_DAYS, _TTL_SECONDS = 7, 3600
_FIRST_YEAR, _LAST_YEAR = 1970, 9998  # what readers take for a time in seconds
_PEM: Final = b"-----BEGIN"
_HEADS: Final = ("VALUE", "MEANING", "ENTRIES", "SHARE")


@click.group("status-list")
def status_list() -> None:
    """Status lists: say which credentials were taken back."""


@status_list.command("build")
@click.option("--from-csv", "table", metavar="FILE", help="Table of index and status; `-` is standard input.")
@click.option(
    "--address",
    required=True,
    metavar="URL",
    help="Where the list will be, as credentials and the trust list spell it.",
)
@click.option(
    "--key", "reference", required=True, metavar="FILE", help="Key of the revocation service: a file, or `pkcs11:...`."
)
@click.option("--kid", metavar="ID", help="Key id as the trust list names it, if not the key's thumbprint.")
@click.option(
    "--entries", type=click.IntRange(min=1), default=_ENTRIES, show_default=True, help="How long the list is."
)
@click.option(
    "--bits",
    type=click.Choice([str(one) for one in packing.SIZES]),
    show_default=str(DEFAULT_BITS),
    help="Bits of an entry.",
)
@click.option(
    "--days",
    type=click.IntRange(1, LIMITS.status_list_lifetime.days),
    default=_DAYS,
    show_default=True,
    help="How long it counts.",
)
@click.option(
    "--ttl",
    type=click.IntRange(1, int(LIMITS.status_list_lifetime.total_seconds())),
    default=_TTL_SECONDS,
    show_default=True,
    metavar="SECONDS",
    help="How long a copy may be kept.",
)
@click.option("--cwt", is_flag=True, help="Make a CWT instead of a JWT.")
@click.option(
    "--bitstring",
    "purpose",
    type=click.Choice([one.value for one in Purpose]),
    help="Make a W3C Bitstring Status List of this purpose instead.",
)
@click.option("--issuer", metavar="URL", help="Issuer of a W3C list, as the trust list names the service.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the list here instead of printing it.",
)
@at_option
@passphrase_option
@click.option("--dry-run", is_flag=True, help="Say what would be signed, and sign nothing.")
@json_option
def build(
    *,
    table: str | None,
    address: str,
    reference: str,
    kid: str | None,
    entries: int,
    bits: str | None,
    days: int,
    ttl: int,
    cwt: bool,
    purpose: str | None,
    issuer: str | None,
    out: Path | None,
    at: datetime | None,
    passphrase_file: Path | None,
    dry_run: bool,
    as_json: bool,
) -> Exit:
    """Make and sign a Token Status List, or a W3C Bitstring Status List.

    Places that the table does not name are valid. A list as long as the default hides each person among many. A W3C
    list says one thing of each place: the table of a list of the revoked names nobody who is suspended.
    """
    form = form_of(cwt=cwt, purpose=purpose, issuer=issuer, bits=bits, entries=entries)
    octets = _packed(table, form, entries=entries)
    making = Making(_address(address), _made(at, days), timedelta(days=days), timedelta(seconds=ttl), kid=kid)
    if form.is_binary and out is None and not dry_run:
        raise Failure("a CWT is binary", hint="give `--out FILE`", exit_code=Exit.USAGE)
    signed = None if dry_run else _signed(form, making, octets, reference, passphrase_file)
    if signed is not None and len(signed) > LIMITS.status_list_bytes:
        raise Failure(
            f"the list has more than {LIMITS.status_list_bytes} octets, which no node fetches", exit_code=Exit.REFUSED
        )
    if signed is not None and out is not None:
        _write(out, signed)
    _tell_built(form, making, octets, signed, out, as_json=as_json)
    return Exit.DONE


def _packed(table: str | None, form: Form, *, entries: int) -> bytes:
    if entries * form.bits > LIMITS.status_list_inflated_bytes * packing.OCTET:
        raise Failure(
            f"a list has at most {LIMITS.status_list_inflated_bytes} octets once inflated", exit_code=Exit.USAGE
        )
    statuses: Mapping[int, int] = {}
    if table is not None:
        try:
            statuses = read_statuses(_lines(table), entries=entries, bits=form.bits, words=form.words)
        except ConfigurationError as refusal:
            raise Failure(f"`{table}`: {refusal}", hint="a line is such as `17,revoked`") from refusal
    if entries < _ENTRIES:
        output.words("warning", f"fewer than {_ENTRIES} entries: whoever fetches it learns more about each of them")
    return form.packed(statuses.get(index, 0) for index in range(entries))


def _lines(source: str) -> Iterator[str]:
    try:
        if source == STANDARD_INPUT:
            yield from sys.stdin
            return
        with Path(source).open(encoding="utf-8-sig", newline="") as opened:
            yield from opened
    except UnicodeDecodeError:
        raise Failure(f"`{source}` is not text in UTF-8") from None
    except OSError as unreadable:
        raise Failure(f"`{source}` cannot be read: {(unreadable.strerror or 'no such file').lower()}") from None


def _address(text: str) -> str:
    if not text.startswith("https://") or len(text) > LIMITS.identifier_characters or "#" in text:
        raise Failure(f"`{text[:80]}` is no https address without fragment", exit_code=Exit.USAGE)
    return text


def _made(at: datetime | None, days: int) -> datetime:
    moment = instant(at)
    if moment.year < _FIRST_YEAR or (moment + timedelta(days=days)).year > _LAST_YEAR:
        raise Failure(
            f"no list is made then that could be read: it lies between {_FIRST_YEAR} and {_LAST_YEAR}",
            exit_code=Exit.USAGE,
        )
    return moment


def _signed(form: Form, making: Making, octets: bytes, reference: str, passphrase_file: Path | None) -> bytes:
    return form.signed(making, octets, open_signer(reference, passphrase=passphrase_from(passphrase_file)))


def _write(out: Path, octets: bytes) -> None:
    try:
        out.write_bytes(octets)
    except OSError as unwritable:
        raise Failure(f"`{out}` cannot be written: {(unwritable.strerror or 'no reason given').lower()}") from None


def _tell_built(
    form: Form, making: Making, octets: bytes, signed: bytes | None, out: Path | None, *, as_json: bool
) -> None:
    """Print the list where that was asked for, and what it says where that does not spoil it."""
    counted = _counted(octets, form.bits, form.words)
    if as_json:
        summary = {
            "address": making.address,
            "form": form.name.lower(),
            "purpose": form.purpose,
            "issued_at": instant_text(making.issued_at),
            "expires_at": instant_text(making.expires_at),
            "signed": signed is not None,
            **_sizes(octets, form.bits),
        }
        text = signed.decode("ascii") if signed is not None and out is None else None
        output.document(SCHEMA, summary=summary | ({"list": text} if text else {}), results=counted)
        return
    if signed is not None and out is None:
        output.raw_text(signed.decode("ascii"))
        return
    output.facts([
        ("status list", making.address),
        ("form", f"{form.name}, {form.bits} bit{'s' if form.bits > 1 else ''} an entry"),
        ("purpose", form.purpose),
        ("counts until", instant_text(making.expires_at)),
        ("written to", f"{out}, {len(signed)} octets" if signed is not None else "nothing: this was a dry run"),
    ])  # fmt: skip
    _show_counts(counted, packing.capacity(octets, form.bits))


@status_list.command("check")
@click.argument("file", metavar="FILE|-")
@click.option("--address", metavar="URL", help="Where it was fetched, if not where it says.")
@click.option(
    "--key",
    "key_file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Trust this key, a JWK or the key file itself, instead of the region's lists.",
)
@region_option
@at_option
@json_option
def check(
    *, file: str, address: str | None, key_file: Path | None, region: Path, at: datetime | None, as_json: bool
) -> Exit:
    """Judge a list as a node that fetched it now, and count what it says.

    Good is a list that a revocation service signed which its state lists for the address.
    """
    octets = read_list(file)
    place = address or unverified_address(parse_unverified(octets))
    moment = instant(at)
    found = (
        verify_with_key(octets, (MemberState.SG, place), key=_public_key(key_file), fetched_at=moment)
        if key_file is not None
        else _by_lists(octets, place, region, moment)
    )
    _tell_checked(found, region=key_file is None, as_json=as_json)
    return Exit.DONE


def _public_key(path: Path) -> PublicKey:
    """Return the key of a JWK, or the public half of a key file, whose PEM begins otherwise than any JSON."""
    try:
        octets = path.read_bytes()
        if octets.lstrip().startswith(_PEM):
            return parse_jwk(open_signer(str(path), passphrase=passphrase_from(None)).public_jwk)
        return parse_jwk(strict_json.parse_object(octets, max_bytes=LIMITS.key_file_bytes))
    except OSError as unreadable:
        raise Failure(f"`{path}` cannot be read: {(unreadable.strerror or 'no such file').lower()}") from None
    except (InputError, JoseError) as refusal:
        raise ConfigurationError(f"{path} holds no public JWK: {refusal.detail or refusal.code}") from refusal


def _by_lists(octets: bytes, address: str, region: Path, at: datetime) -> StatusList:
    trust = open_snapshot(region)
    try:
        places = places_at(address, trust)
    except StatusError:
        output.words("hint", "`--key FILE` judges it by a key that you trust yourself")
        raise
    return verify_status_list(octets, places[0], trust=trust, fetched_at=at)


def _tell_checked(found: StatusList, *, region: bool, as_json: bool) -> None:
    state, address = found.place
    bits = found.bits or 1
    octets, counted = found.octets, _counted(found.octets, bits, words_for(found.purposes))
    if found.mechanism is Mechanism.BITSTRING and packing.capacity(octets, bits) < _ENTRIES:
        output.words("warning", f"fewer than {_ENTRIES} entries: no node looks anything up in such a bitstring")
    if as_json:
        summary = {
            "address": address,
            "state": state.value if region else None,
            "mechanism": found.mechanism.value,
            "purposes": sorted(found.purposes),
            "issued_at": instant_text(found.issued_at),
            "relied_on_until": instant_text(found.until),
            "signer": found.signer.thumbprint,
            **_sizes(octets, bits),
        }
        output.document(SCHEMA, summary=summary, results=counted)
        return
    output.emphasis("A node would take this list up.", colour="green")
    output.facts([
        ("status list", address),
        ("of", state.value if region else None),
        ("signed by", found.signer.issuer or f"key {found.signer.thumbprint}"),
        ("made at", instant_text(found.issued_at)),
        ("counts until", instant_text(found.until)),
        ("purposes", ", ".join(sorted(found.purposes))),
    ])  # fmt: skip
    _show_counts(counted, packing.capacity(octets, bits))


def _sizes(octets: packing.Octets, bits: int) -> dict[str, int]:
    return {"entries": packing.capacity(octets, bits), "bits": bits}


def _counted(octets: packing.Octets, bits: int, words: Mapping[str, int]) -> list[dict[str, Any]]:
    counted = packing.counts(octets, bits)
    return [{"value": value, "meaning": word_of(value, words), "entries": times} for value, times in counted.items()]


def _show_counts(counted: list[dict[str, Any]], whole: int) -> None:
    output.line()
    rows = [
        (str(one["value"]), one["meaning"], f"{one['entries']:,}", _share(one["entries"], whole)) for one in counted
    ]
    output.table(_HEADS, rows)


def _share(part: int, whole: int) -> str:
    """Return a share in hundredths of a per cent; what is not nothing and not all is never shown as such."""
    hundredths = round(10_000 * part / whole)
    if hundredths == 0:
        return "< 0.01 %"
    return "> 99.99 %" if hundredths == 10_000 and part < whole else f"{hundredths / 100:.2f} %"
