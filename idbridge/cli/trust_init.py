"""``idbridge trust init``: the first day of a state, and of a region that several states found."""

from pathlib import Path
from typing import Final

import click

from idbridge.cli import output, trees
from idbridge.cli.exits import Exit
from idbridge.cli.output import Failure, json_option, words
from idbridge.cli.passphrase import new_passphrase_from, passphrase_option
from idbridge.cli.reading import STATE
from idbridge.cli.trees import FILE, FOLDER, dry_run_option
from idbridge.cli.trust_propose import read_public
from idbridge.clock import SystemClock
from idbridge.crypto.key_files import write_key_file
from idbridge.crypto.keys import parse_jwk
from idbridge.crypto.signer import generate
from idbridge.model.region import CommitmentTier, Environment, MemberState
from idbridge.trust.operator import founding, workspace
from idbridge.trust.operator.drafting import Intent
from idbridge.trust.operator.founding import FOUND, Founders
from idbridge.trust.operator.public_keys import PublicKeys
from idbridge.trust.operator.workspace import Founding, Workspace

SCHEMA: Final = "idbridge-founding-1"
_ALGORITHM: Final = "ES256"
_ONLINE: Final = "online"


@click.command("init")
@click.option("--state", "state", type=STATE, metavar="XX", help="Make the folder of this state.")
@click.option(
    "--tier",
    "tier",
    type=click.Choice([tier.value for tier in CommitmentTier]),
    default=CommitmentTier.T1.value,
    show_default=True,
    help="How much of the scheme the state is ready for.",
)
@click.option(
    "--environment",
    "environment",
    type=click.Choice([one.value for one in Environment]),
    default=Environment.LIVE.value,
    show_default=True,
    help="Sandbox and live never mix.",
)
@click.option("--officer", is_flag=True, help="With two more keys, for an officer who signs for the whole region.")
@click.option(
    "--succeeds",
    "succeeds",
    type=FILE,
    metavar="FILE",
    help="Only new keys for the role of the state of this `public.json`; all its other keys stay.",
)
@click.option("--region", "region", is_flag=True, help="Found a region instead, from the keys of several states.")
@click.option(
    "--with", "states", type=FILE, multiple=True, metavar="FILE", help="With --region: a state's `public.json`."
)
@click.option(
    "--threshold", type=click.IntRange(min=2), metavar="N", help="With --region: how many states must sign for it."
)
@click.option("--to", "folder", type=FOLDER, required=True, metavar="DIR", help="New folder.")
@passphrase_option
@dry_run_option
@json_option
def init(
    *,
    state: MemberState | None,
    tier: str,
    environment: str,
    officer: bool,
    succeeds: Path | None,
    region: bool,
    states: tuple[Path, ...],
    threshold: int | None,
    folder: Path,
    passphrase_file: Path | None,
    dry_run: bool,
    as_json: bool,
) -> Exit:
    """Make the folder of a state, or found a region.

    A state begins with three keys for its role, of which two sign, one key on call, and
    one that signs its lists; each in a file under a passphrase. Nothing else is needed:
    no server, no database, no token.

    A region begins with the `public.json` of its states, at least three of them made
    with `--officer`. What is written are proposals that their officers sign.
    """
    if [region or None, state, succeeds].count(None) != 2:
        raise click.UsageError("say one of `--state XX`, `--succeeds FILE` and `--region`")
    if succeeds is not None:
        held = read_public(succeeds)
        wanted = Founding(held.state, CommitmentTier(tier), held.environment, succeeds=held)
        return _state(wanted, folder, passphrase_file, dry_run=dry_run, as_json=as_json)
    if state is not None:
        wanted = Founding(state, CommitmentTier(tier), Environment(environment), officer)
        return _state(wanted, folder, passphrase_file, dry_run=dry_run, as_json=as_json)
    with trees.refusing(SCHEMA, as_json=as_json):
        keys = tuple(read_public(one) for one in states)
        return _region(keys, threshold, folder, passphrase_file, dry_run=dry_run, as_json=as_json)


def _state(wanted: Founding, folder: Path, passphrase_file: Path | None, *, dry_run: bool, as_json: bool) -> Exit:
    names = [f"{workspace.PRIVATE}/{name}.pem" for name in wanted.key_names()]
    if dry_run:
        return _rehearsed(wanted, folder, names, as_json=as_json)
    made = Workspace.create(folder, wanted, passphrase=new_passphrase_from(passphrase_file))
    public = made.public()
    if as_json:
        summary = {
            "done": True,
            "folder": str(folder),
            "state": wanted.state.value,
            "public_digest": public.digest,
            "key_set": public.key_set,
        }
        output.document(SCHEMA, summary=summary, results=_key_rows(public, names))
        return Exit.DONE
    output.table(("KEY", "FOR", "FILE"), ((one["key"], one["for"], one["file"]) for one in _key_rows(public, names)))
    output.line()
    output.facts((("folder", folder), ("threshold", f"{public.threshold} of {len(public.role)}")))
    output.line(f"digest of {workspace.PUBLIC}: {public.digest}")
    output.line(f"key set of the role: {public.key_set}")
    words("hint", "give each private key to its holder; tell the region both digests by another way than the file")
    return Exit.DONE


def _rehearsed(wanted: Founding, folder: Path, names: list[str], *, as_json: bool) -> Exit:
    if as_json:
        summary = {"done": False, "folder": str(folder), "state": wanted.state.value}
        output.document(SCHEMA, summary=summary, results=[{"file": name} for name in names])
    else:
        words("hint", f"would make `{folder}` with {', '.join(names)}")
    return Exit.DONE


def _key_rows(public: PublicKeys, names: list[str]) -> list[dict[str, str]]:
    held = (
        *((one, f"role of {public.state}") for one in public.role),
        *((one, "on call") for one in public.on_call),
        *((one, "lists") for one in public.lists),
        *((one, "root of the region") for one in public.root),
        *((one, "top level of the region") for one in public.targets),
    )
    return [
        {"key": parse_jwk(jwk).thumbprint, "for": what, "file": name}
        for (jwk, what), name in zip(held, names, strict=False)
    ]  # fmt: skip


def _region(
    states: tuple[PublicKeys, ...],
    threshold: int | None,
    folder: Path,
    passphrase_file: Path | None,
    *,
    dry_run: bool,
    as_json: bool,
) -> Exit:
    if folder.exists() and any(folder.iterdir()):
        raise Failure(f"the folder `{folder}` is not empty; nothing in it is replaced")
    online = generate(_ALGORITHM)
    wanted = Founders(states, threshold or founding.usual_threshold(states), dict(parse_jwk(online.public_jwk).jwk))
    intent = Intent(FOUND, "the region is founded", online, SystemClock().now().replace(microsecond=0))
    made = founding.founded(wanted, intent)
    if not dry_run:
        place = folder / f"{_ONLINE}.pem"
        secret = workspace.new_secret(place, new_passphrase_from(passphrase_file))
        workspace.make_folders(folder)
        write_key_file(place, online, passphrase=secret)
        for one in made:
            trees.write_file(folder / founding.file_name(one.role), one.octets())
    rows = [{"role": one.role, "file": founding.file_name(one.role), "diff_digest": one.diff_digest} for one in made]
    if as_json:
        summary = {"done": not dry_run, "folder": str(folder), "threshold": wanted.threshold}
        output.document(SCHEMA, summary=summary, results=rows)
        return Exit.DONE
    output.table(
        ("STATE", "OFFICER", "KEY SET OF ITS ROLE"),
        ((one.state, "yes" if one.root else "-", one.key_set) for one in states),
    )
    output.line()
    output.table(("ROLE", "PROPOSAL", "DIGEST OF THE CHANGE"), (tuple(one.values()) for one in rows))
    output.line()
    output.line(f"{wanted.threshold} states sign root and top level; one key on call each of the other two")
    words("hint", "compare each digest with its state by another way; then each officer runs `idbridge trust sign`")
    return Exit.DONE
