"""``idbridge keys``: a node's own keys, published before they are used and kept until nothing needs them any more."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click

from idbridge.cli import output, proposal_text
from idbridge.cli.exits import Exit
from idbridge.cli.keys_pairwise import rotate_pairwise
from idbridge.cli.material import at_option, instant
from idbridge.cli.output import Failure, json_option
from idbridge.cli.passphrase import new_passphrase_from, passphrase_from, passphrase_option
from idbridge.clock import SystemClock
from idbridge.crypto.key_files import open_signer
from idbridge.crypto.signer import Signer, generate
from idbridge.errors import ConfigurationError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment
from idbridge.model.time import instant_text
from idbridge.trust import key_folder, records
from idbridge.trust.key_folder import Held
from idbridge.trust.node_keys import Due, KeyPurpose, KeyRing, KeyState, NodeKey

DEFAULT_FOLDER: Final = Path(".idbridge") / "keys"
ALGORITHMS: Final = ("ES256", "ES384", "Ed25519")
_HEADS: Final = ("KEY", "PURPOSE", "ALGORITHM", "STATE", "PUBLISHED", "ACTIVE", "KEPT UNTIL", "PRIVATE PART")

folder_option: Final[Callable[..., Any]] = click.option(
    "--keys",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    envvar=["IDBRIDGE_KEYS", "IDBRIDGE_ASSERTION_KEYS_DIR"],
    default=DEFAULT_FOLDER,
    show_default=True,
    show_envvar=True,
    metavar="DIR",
    help="Folder with the node's keys and the records of what was done to them.",
)
purpose_option: Final[Callable[..., Any]] = click.option(
    "--purpose",
    type=click.Choice([purpose.value for purpose in KeyPurpose]),
    default=KeyPurpose.ASSERTION.value,
    show_default=True,
    help="What the key signs.",
)
dry_run_option: Final[Callable[..., Any]] = click.option(
    "--dry-run", is_flag=True, help="Say what would be done, and do nothing."
)


@click.group("keys")
def keys() -> None:
    """A node's own keys: publish, use, retire. No private part is ever shown."""


keys.add_command(rotate_pairwise)


@keys.command("list")
@folder_option
@at_option
@json_option
def list_keys(*, folder: Path, at: datetime | None, as_json: bool) -> Exit:
    """List the keys, and which of them others must know."""
    held = _held(folder)
    if as_json:
        output.document("idbridge-keys-1", summary=_summary(folder, held), results=_rows(held.ring, at=instant(at)))
        return Exit.DONE
    output.table(_HEADS, map(_cells, held.ring.keys))
    output.line()
    output.line(f"environment {held.ring.environment}, acts recorded: {held.acts}")
    if not held.index_current:
        output.words("warning", f"{key_folder.FILE} is behind its records; the next act brings it up to date")
    return Exit.DONE


@keys.command("generate")
@folder_option
@purpose_option
@click.option("--algorithm", type=click.Choice(ALGORITHMS), default="ES256", show_default=True)
@click.option(
    "--environment",
    type=click.Choice([environment.value for environment in Environment]),
    help="Where the first key of a folder is for; later ones follow it.",
)
@click.option(
    "--key", "reference", metavar="pkcs11:...", help="Take up a key that a token holds instead of making one."
)
@click.option("--no-passphrase", is_flag=True, help="Leave the file unencrypted; in the sandbox only.")
@passphrase_option
@dry_run_option
@json_option
def generate_key(
    *,
    folder: Path,
    purpose: str,
    algorithm: str,
    environment: str | None,
    reference: str | None,
    no_passphrase: bool,
    passphrase_file: Path | None,
    dry_run: bool,
    as_json: bool,
) -> Exit:
    """Make the next key and publish its public part.

    It waits until others had the time to learn of it; `idbridge keys rotate` lets it sign.
    """
    at = SystemClock().now().replace(microsecond=0)
    ring = _begun(folder, environment)
    if no_passphrase and ring.environment is Environment.LIVE:
        raise Failure("a key of a live region has a passphrase or is in a token", exit_code=Exit.REFUSED)
    planned = NodeKey("-", KeyPurpose(purpose), algorithm, KeyState.PUBLISHED, at, {}, reference or "a new file")
    following = _refusable(lambda: ring.with_published(planned))
    if dry_run:
        return _rehearsed(folder, following, at=at, as_json=as_json)
    signer = _new_signer(reference, algorithm, passphrase_file)
    plain = no_passphrase or reference is not None
    secret = None if plain else new_passphrase_from(passphrase_file)(f"the new {purpose} key")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = key_folder.publish(
        folder,
        signer,
        purpose=planned.purpose,
        environment=ring.environment,
        at=at,
        private=reference,
        passphrase=secret,
    )
    _tell(folder, key, f"published; it may sign from {instant_text(key.usable_from)}", as_json=as_json)
    return Exit.DONE


@keys.command("rotate")
@folder_option
@purpose_option
@click.option("--emergency", is_flag=True, help="The active key leaked or is lost: use the new one before all know it.")
@click.option("--yes", is_flag=True, help="With --emergency: confirm it instead of typing it.")
@passphrase_option
@dry_run_option
@json_option
def rotate_key(
    *,
    folder: Path,
    purpose: str,
    emergency: bool,
    yes: bool,
    passphrase_file: Path | None,
    dry_run: bool,
    as_json: bool,
) -> Exit:
    """Let the waiting key sign, and its predecessor no longer.

    The predecessor stays published until the last thing that it signed has expired.
    """
    at = SystemClock().now().replace(microsecond=0)
    wanted = KeyPurpose(purpose)
    planned = _refusable(lambda: _held(folder).ring.rotated(wanted, at=at, emergency=emergency))
    if dry_run:
        return _rehearsed(folder, planned, at=at, as_json=as_json)
    if emergency and not yes:
        output.words("warning", "who does not know the new key yet refuses what it signs")
        proposal_text.require_typed(purpose, f"type {purpose} to go on", hint="or confirm with `--yes`")
    key = key_folder.rotate(
        folder, purpose=wanted, at=at, passphrase=passphrase_from(passphrase_file), emergency=emergency
    )
    _tell(folder, key, f"active from {instant_text(at)} on", as_json=as_json)
    return Exit.DONE


@keys.command("needs-rotation")
@folder_option
@at_option
@json_option
def needs_rotation(*, folder: Path, at: datetime | None, as_json: bool) -> Exit:
    """Say what is due.

    Ends with 1 if something is, so that a timer can ask.
    """
    held = _held(folder)
    dues = held.ring.due(at=instant(at))
    if as_json:
        output.document("idbridge-keys-due-1", summary={"due": len(dues)}, results=[_due(due) for due in dues])
    elif dues:
        output.table(("PURPOSE", "DUE SINCE", "DO", "WHY"), ([*_due(due).values()] for due in dues), wrap={"WHY"})
    else:
        output.line("nothing is due")
    return Exit.REFUSED if dues else Exit.DONE


def _held(folder: Path) -> Held:
    if not folder.is_dir():
        hint = "`idbridge keys generate` makes the first key; `--keys` or IDBRIDGE_KEYS names the folder"
        raise Failure(f"there are no keys in `{folder}`", hint=hint)
    return key_folder.read(folder)


def _begun(folder: Path, environment: str | None) -> KeyRing:
    """Return the ring so far, or an empty one for the environment that the first key must name."""
    if any((folder / name).exists() for name in (key_folder.FILE, records.FILE)):
        ring = key_folder.read(folder).ring
        if environment not in (None, ring.environment.value):
            raise Failure(f"the keys of this folder are of the {ring.environment} environment", exit_code=Exit.REFUSED)
        return ring
    if environment is None:
        hint = "add `--environment live` or `--environment sandbox`"
        raise Failure("the first key of a folder says what it is for", hint=hint, exit_code=Exit.USAGE)
    return KeyRing(Environment(environment))


def _new_signer(reference: str | None, algorithm: str, passphrase_file: Path | None) -> Signer:
    if reference is None:
        return generate(algorithm)
    if not reference.startswith("pkcs11:"):
        raise Failure("`--key` names a key in a token, as `pkcs11:token=...;object=...`", exit_code=Exit.USAGE)
    return open_signer(reference, passphrase=passphrase_from(passphrase_file))


def _refusable(step: Callable[[], KeyRing]) -> KeyRing:
    """Take a step of a key's life; one that is not allowed now is a refusal and no fault of the files."""
    try:
        return step()
    except ConfigurationError as refusal:
        hint = "see `idbridge keys list`; `keys rotate --emergency` uses a key before all know it"
        raise Failure(str(refusal), hint=hint, exit_code=Exit.REFUSED) from refusal


def _rehearsed(folder: Path, planned: KeyRing, *, at: datetime, as_json: bool) -> Exit:
    """Show the keys as they would be; nothing was done."""
    if as_json:
        summary = {"done": False, "folder": str(folder), "environment": planned.environment.value}
        output.document("idbridge-keys-1", summary=summary, results=_rows(planned, at=at))
    else:
        output.table(_HEADS, map(_cells, planned.keys))
    return Exit.DONE


def _tell(folder: Path, key: NodeKey, what: str, *, as_json: bool) -> None:
    held = key_folder.read(folder)
    if as_json:
        output.document("idbridge-keys-1", summary=_summary(folder, held), results=[_row(key, published=True)])
        return
    output.line(f"{key.kid} ({key.purpose}, {key.algorithm}): {what}")


def _summary(folder: Path, held: Held) -> dict[str, Any]:
    return {
        "folder": str(folder),
        "environment": held.ring.environment.value,
        "acts": held.acts,
        "index_current": held.index_current,
        "publication_lead_s": int(LIMITS.key_publication_lead.total_seconds()),
    }


def _rows(ring: KeyRing, *, at: datetime) -> list[dict[str, Any]]:
    published = ring.published(at=at)
    return [_row(key, published=key in published) for key in ring.keys]


def _row(key: NodeKey, *, published: bool) -> dict[str, Any]:
    return {
        "kid": key.kid,
        "purpose": key.purpose.value,
        "algorithm": key.algorithm,
        "state": key.state.value,
        "published": published,
        "published_at": instant_text(key.published_at),
        "usable_from": instant_text(key.usable_from),
        "activated_at": _text(key.activated_at),
        "retire_after": _text(key.retire_after),
        "public": dict(key.public_jwk),
        "private": key.private,
    }


def _cells(key: NodeKey) -> tuple[object, ...]:
    dates = (instant_text(key.published_at), _text(key.activated_at) or "-", _text(key.retire_after) or "-")
    return (key.kid, key.purpose, key.algorithm, key.state, *dates, key.private)


def _due(due: Due) -> dict[str, str]:
    return {"purpose": due.purpose.value, "since": instant_text(due.since), "act": due.act, "why": due.why}


def _text(moment: datetime | None) -> str | None:
    return instant_text(moment) if moment is not None else None
