"""``idbridge log prove`` and ``verify``: a receipt made again, and one judged by whoever has it, with no network."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import click

from idbridge.cli import log_files, output
from idbridge.cli.exits import Exit
from idbridge.cli.log_files import folder_option, key_option
from idbridge.cli.material import at_option, instant
from idbridge.cli.output import Failure, json_option
from idbridge.cli.reading import STATE, read_credential, read_octets
from idbridge.evidence import reading
from idbridge.evidence.day_keys import DayKeys
from idbridge.limits import LIMITS
from idbridge.model.randomness import SystemRandomness
from idbridge.model.region import MemberState
from idbridge.model.time import instant_text
from idbridge.tlog import receipt as receipts
from idbridge.tlog.checkpoint import Log, Quorum, Witness
from idbridge.tlog.commitment import Opening
from idbridge.tlog.leaf import Leaf, LeafType
from idbridge.tlog.note import NoteKey
from idbridge.tlog.receipt import VerifiedReceipt

_MILLISECONDS: Final = 1_000


@click.command("prove")
@folder_option
@click.option("--index", type=click.IntRange(min=0), metavar="N", help="Which entry, by its place.")
@click.option("--request", metavar="ID", help="Which entry, by the report id that it is about.")
@click.option(
    "--days", type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help="Keys of days, to open it."
)
@click.option("--assertion", metavar="FILE", help="With --days: the assertion that was issued.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write the receipt here.")
@json_option
def prove(
    *,
    folder: Path,
    index: int | None,
    request: str | None,
    days: Path | None,
    assertion: str | None,
    out: Path | None,
    as_json: bool,
) -> Exit:
    """Make the receipt of an entry again.

    With `--days` it opens its commitment, as long as the day was not erased: for the relying party concerned alone.
    """
    if (index is None) is (request is None):
        raise Failure("which entry is named by `--index` or by `--request`", exit_code=Exit.USAGE)
    signed = reading.newest(folder)
    size = signed.checkpoint.size
    found = reading.find(folder, request or "", size=size) if index is None else reading.entry(folder, index, size=size)
    opening = None if days is None else _opening(days, found.leaf, assertion)
    text = reading.prove(folder, found, signed, opening=opening).octets().decode()
    if out is not None:
        _write(out, text)
    if as_json:
        summary = {"index": found.index, "size": size, "opened": opening is not None}
        output.document("idbridge-log-prove-1", summary=summary, results=[text])
    elif out is None:
        log_files.show(text)
    return Exit.DONE


def _opening(days: Path, leaf: Leaf, assertion: str | None) -> Opening:
    if leaf.type is LeafType.ASSERT and assertion is None:
        raise Failure("the entry is about an assertion too", hint="name it with `--assertion`", exit_code=Exit.USAGE)
    try:
        day = date.fromisoformat(str(leaf.members.get("day", "")))
    except ValueError:
        raise Failure("the entry names no day, and so nothing of it can be opened", exit_code=Exit.REFUSED) from None
    key = DayKeys(days, SystemRandomness()).kept(day)
    if key is None:
        hint = "who was given the receipt at the time can still open it"
        raise Failure(f"there is no key of {day} any more", hint=hint, exit_code=Exit.REFUSED)
    issued = b"" if assertion is None else read_credential(assertion).encode()
    return key.opening(str(leaf.members["req"]), assertion=issued)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as unwritable:
        raise Failure(f"`{path}` cannot be written: {(unwritable.strerror or '').lower()}") from None


@click.command("verify")
@click.argument("source", metavar="FILE|-")
@key_option("--key", "Key of the log, as its operator publishes it; repeatable.")
@click.option("--credential", metavar="FILE", help="What was verified then: the receipt has to be about it.")
@click.option("--assertion", metavar="FILE", help="What was issued then: the receipt has to be about it.")
@click.option("--witness", "witnesses", multiple=True, metavar="STATE=VKEY", help="A witness that counts; repeatable.")
@click.option(
    "--quorum", type=click.IntRange(min=1), default=1, show_default=True, help="How many states have to cosign."
)
@click.option("--state", type=STATE, help="With --witness: whose log it is. Its own witnesses do not count.")
@at_option
@json_option
def verify(
    *,
    source: str,
    given: tuple[str, ...],
    credential: str | None,
    assertion: str | None,
    witnesses: tuple[str, ...],
    quorum: int,
    state: MemberState | None,
    at: datetime | None,
    as_json: bool,
) -> Exit:
    """Verify a receipt, offline.

    It proves that the entry stands in the log of that key, and with `--witness` by when at the latest. What the entry
    says is the word of the node that wrote it.
    """
    keys = log_files.keys(given)
    if not keys:
        raise Failure("a receipt is verified under a key of its log", hint="name it with `--key`", exit_code=Exit.USAGE)
    if witnesses and state is None:
        raise Failure("`--witness` needs `--state`, whose log it is", exit_code=Exit.USAGE)
    unverified = receipts.parse_unverified(read_octets(source, max_bytes=LIMITS.receipt_bytes))
    log = _log(keys, state)
    if witnesses:
        verified = receipts.verify_witnessed(unverified, log=log, quorum=_quorum(witnesses, quorum), at=instant(at))
    else:
        verified = receipts.verify(unverified, log=log)
    if credential is not None:
        verified.require_about(read_credential(credential).encode())
    if assertion is not None:
        _require_assertion(verified, assertion)
    _tell(verified, about=credential is not None, as_json=as_json)
    return Exit.DONE


def _log(keys: tuple[NoteKey, ...], state: MemberState | None) -> Log:
    """Return the log of these keys. Its state says whose witnesses do not count; without witnesses it says nothing."""
    try:
        return Log(keys[0].name, state or MemberState.SG, keys)
    except ValueError:
        raise Failure("`--key` is the key of a witness and of no log", exit_code=Exit.USAGE) from None


def _quorum(witnesses: tuple[str, ...], states: int) -> Quorum:
    found = []
    for one in witnesses:
        state, equals, key = one.partition("=")
        if not equals or state not in set(MemberState):
            raise Failure(f"`{one}` names no witness as STATE=VKEY", exit_code=Exit.USAGE)
        try:
            found.append(Witness(MemberState(state), log_files.key(key)))
        except ValueError:
            raise Failure(f"`{key}` is the key of a log and of no witness", exit_code=Exit.USAGE) from None
    try:
        return Quorum(tuple(found), states)
    except ValueError as refusal:
        raise Failure(str(refusal), exit_code=Exit.USAGE) from None


def _require_assertion(verified: VerifiedReceipt, assertion: str) -> None:
    if verified.opening is None:
        raise Failure("the receipt opens nothing", exit_code=Exit.REFUSED)
    verified.opening.require_assertion(read_credential(assertion).encode())


def _tell(verified: VerifiedReceipt, *, about: bool, as_json: bool) -> None:
    leaf, told = verified.leaf, verified.checkpoint
    at = datetime.fromtimestamp(leaf.at_ms // _MILLISECONDS, UTC)
    witnessed = None if verified.witnessed_at is None else instant_text(verified.witnessed_at)
    if as_json:
        summary: dict[str, Any] = {
            "origin": told.origin,
            "index": verified.index,
            "size": told.size,
            "about_credential": about,
            "witnessed_at": witnessed,
        }
        results = [{"type": leaf.type.value, "at": instant_text(at), **leaf.members}]
        output.document("idbridge-log-verify-1", summary=summary, results=results)
        return
    output.facts(
        (
            ("proven", f"entry {verified.index:,} of {told.size:,} in {told.origin}"),
            ("about", "the credential that was given" if about else "not compared with a credential"),
            ("witnessed by", witnessed or "no witness was asked for"),
            ("the node says", f"{leaf.type.value} at {instant_text(at)}"),
            *((name, value) for name, value in leaf.members.items()),
        )
    )
