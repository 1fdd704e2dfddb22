"""``idbridge trust sign|proposals``: looking at proposals, signing what was seen, merging parallel signatures."""

from pathlib import Path
from typing import Any, Final

import click

from idbridge.cli import output, proposal_text, trees, trust_countersign
from idbridge.cli.exits import Exit
from idbridge.cli.output import json_option, words
from idbridge.cli.passphrase import passphrase_from, passphrase_option
from idbridge.cli.trees import FILE, FOLDER, after_option, dry_run_option, from_option, root_option
from idbridge.cli.trust_countersign import Signing
from idbridge.clock import SystemClock
from idbridge.crypto.key_files import open_signer
from idbridge.errors import TrustError
from idbridge.model.region import Environment
from idbridge.trust import files
from idbridge.trust.operator.published import Published, following
from idbridge.trust.tuf import proposal
from idbridge.trust.tuf.proposal import Proposal
from idbridge.trust.tuf.tree import INCOMING

_SCHEMA: Final = proposal_text.SCHEMA
_HEADS: Final = ("ROLE", "VERSION", "ACT", "REASON", "SIGNED", "READY", "FILE")


@click.command("sign")
@click.argument("proposals", nargs=-1, type=FILE, required=True, metavar="FILE...")
@from_option
@root_option
@after_option
@click.option("--key", "key", metavar="KEY", help="Your private key: a file, or `pkcs11:...` for a token.")
@click.option("--merge", "merge", is_flag=True, help="Merge copies that were signed in different places; no key.")
@click.option("-o", "--out", "out", type=FILE, metavar="FILE", help="Where to write it, instead of in the same place.")
@click.option(
    "--diff-digest", "digest", metavar="HEX", help="Confirm the change with this digest instead of typing it."
)
@passphrase_option
@dry_run_option
@json_option
def sign(*, proposals: tuple[Path, ...], merge: bool, **asked: Any) -> Exit:
    """Sign a proposal that you have looked at.

    What it changes is worked out here, from what stands now, and shown; your signature
    covers the digest of just that change. A proposal that changes something else than
    it says is refused.

    Two other files are signed as well, one holder after the other. The `public.json` with a
    state's new keys: its present keys hand over to them, in the document that `--out`
    names. An arrangement or a register of purposes: with the list keys of its states.
    """
    wanted = Signing(**asked)
    with trees.refusing(_SCHEMA, as_json=wanted.as_json):
        before = trees.standing(wanted.place, wanted.root_file, wanted.after)
        if merge:
            return _merged(proposals, before, wanted)
        if len(proposals) != 1 or wanted.key is None:
            raise click.UsageError("sign one proposal with `--key KEY`, or merge several with `--merge`")
        other = trust_countersign.other_than_a_proposal(proposals[0], before)
        if other is not None:
            return other(wanted)
        return _signed(proposals[0], before, wanted)


def _signed(place: Path, before: Published, asked: Signing) -> Exit:
    found = trees.read_proposal(place)
    change = proposal_text.recomputed(before, found)
    if not asked.as_json:
        proposal_text.show(found, change)
    if asked.dry_run:
        return _told(place, found, before, asked, done=False)
    proposal_text.confirm_digest(change.digest, asked.digest, shown=not asked.as_json)
    live = found.environment is Environment.LIVE
    passphrase = passphrase_from(asked.passphrase_file)
    signer = open_signer(str(asked.key), passphrase=passphrase, encrypted_only=live)
    at = SystemClock().now()
    made = proposal.signed(found, signer, voters=proposal_text.voters_of(before, found), at=at)
    target = asked.out or place
    trees.write_file(target, made.octets())
    return _told(target, made, before, asked, done=True)


def _merged(places: tuple[Path, ...], before: Published, asked: Signing) -> Exit:
    if asked.out is None:
        raise click.UsageError("say where to write what is merged with `--out FILE`")
    copies = [trees.read_proposal(place) for place in places]
    made = proposal.merged(copies, voters=proposal_text.voters_of(before, copies[0]))
    if not asked.dry_run:
        trees.write_file(asked.out, made.octets())
    return _told(asked.out, made, before, asked, done=not asked.dry_run)


def _told(place: Path, found: Proposal, before: Published, asked: Signing, *, done: bool) -> Exit:
    how_far = proposal_text.far(before, found)
    if asked.as_json:
        summary = {"done": done, "file": str(place), "diff_digest": found.diff_digest}
        output.document(_SCHEMA, summary=summary, results=[proposal_text.row(place, found, how_far)])
        return Exit.DONE
    proposal_text.show_progress(found.role, how_far)
    if done:
        output.line(f"written to {place}")
    else:
        words("hint", "nothing was written")
    return Exit.DONE


@click.command("proposals")
@click.argument("proposals", nargs=-1, type=FILE, metavar="[FILE]...")
@from_option
@root_option
@click.option("--in", "folder", type=FOLDER, metavar="DIR", help="Every proposal in this folder.")
@json_option
def list_proposals(
    *, proposals: tuple[Path, ...], place: str | None, root_file: Path | None, folder: Path | None, as_json: bool
) -> Exit:
    """Show how far proposals are, and who has to sign.

    What they change, k of m signatures, and whose are missing. Without files: those that
    were laid down for the online role in the tree. Ends with 6 if one of them still lacks a
    signature, with 1 if one can never be published.
    """
    with trees.refusing(_SCHEMA, as_json=as_json):
        before = trees.standing(place, root_file)
        places = proposals or _laid_down(folder or Path(place or "") / INCOMING)
        rows = _rows(places, before)
    refused = [row for row in rows if row["code"] not in (None, "trust.threshold_missing")]
    ready = sum(1 for row in rows if row["ready"])
    if as_json:
        output.document(_SCHEMA, summary={"proposals": len(rows), "ready": ready}, results=rows)
    else:
        _show(rows, before, places)
    if refused:
        return Exit.REFUSED
    return Exit.DONE if ready == len(rows) else Exit.UNCONFIRMED


def _laid_down(folder: Path) -> tuple[Path, ...]:
    if not folder.is_dir():
        return ()
    return tuple(folder / name for name in files.names(folder) if name.endswith(proposal.SUFFIX))


def _rows(places: tuple[Path, ...], before: Published) -> list[dict[str, Any]]:
    """Return the proposals as JSON values; one that is ready counts for those after it, as when they are published."""
    rows = []
    for place in places:
        rows.append(_row(place, before))
        if rows[-1]["ready"]:
            before = following(before, trees.read_proposal(place))
    return rows


def _row(place: Path, before: Published) -> dict[str, Any]:
    try:
        found = trees.read_proposal(place)
        proposal_text.recomputed(before, found)
        how_far = proposal_text.far(before, found)
    except TrustError as refusal:
        return {"file": str(place), "ready": False, "code": refusal.code, "detail": refusal.detail}
    code = None if how_far.ready else "trust.threshold_missing"
    return {**proposal_text.row(place, found, how_far), "code": code}


def _show(rows: list[dict[str, Any]], before: Published, places: tuple[Path, ...]) -> None:
    if not rows:
        output.line("there are no proposals")
        return
    output.table(_HEADS, map(_cells, rows), wrap={"REASON", "FILE"}, optional={"ACT"})
    if len(rows) == 1 and "role" in rows[0]:
        found = trees.read_proposal(places[0])
        output.line()
        proposal_text.show(found, proposal_text.recomputed(before, found))
        proposal_text.show_progress(found.role, proposal_text.far(before, found))


def _cells(row: dict[str, Any]) -> tuple[object, ...]:
    name = Path(row["file"]).name
    if "role" not in row:
        return "-", "-", "-", row["detail"], "-", row["code"], name
    signed = ", ".join(f"{one['counted']} of {one['threshold']}" for one in row["quorums"])
    return row["role"], row["version"], row["act"], row["reason"], signed, "yes" if row["ready"] else "no", name
