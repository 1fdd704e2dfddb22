"""``idbridge trust propose``: the next version of a role as a file that travels to whoever else must sign it."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import click

from idbridge.cli import output, proposal_text, trees
from idbridge.cli.exits import Exit
from idbridge.cli.output import Failure, json_option, words
from idbridge.cli.passphrase import passphrase_from, passphrase_option
from idbridge.cli.trees import FILE, FOLDER, after_option, dry_run_option, from_option, key_option, root_option
from idbridge.clock import SystemClock
from idbridge.codec import strict_json
from idbridge.crypto.key_files import open_signer
from idbridge.crypto.keys import parse_jwk
from idbridge.crypto.signer import Signer
from idbridge.errors import InputError, JoseError
from idbridge.limits import LIMITS
from idbridge.model.region import Environment
from idbridge.trust.operator import agreeing, drafting, founding, handing_over, public_keys
from idbridge.trust.operator.drafting import Intent
from idbridge.trust.operator.founding import Founders
from idbridge.trust.operator.public_keys import PublicKeys
from idbridge.trust.operator.published import Published
from idbridge.trust.operator.workspace import DRAFTS, LIST_KEY, PRIVATE, ROOT_FILE, Workspace
from idbridge.trust.tuf import roles
from idbridge.trust.tuf.proposal import Proposal

_ROLES: Final = (roles.ROOT, roles.TARGETS, *roles.delegated())

reason_option: Final[Callable[..., Any]] = click.option(
    "--reason", required=True, metavar="TEXT", help="Why, in one line; everybody who signs reads it."
)
out_option: Final[Callable[..., Any]] = click.option(
    "--out", "out", type=FILE, metavar="FILE", help="Where to write it, instead of `drafts/` or here."
)
list_key_option: Final[Callable[..., Any]] = click.option(
    "--list-key", "list_key", metavar="KEY", help="The key that signs the list, instead of `private/list.pem`."
)
state_folder_option: Final[Callable[..., Any]] = click.option(
    "--state-folder", "state_folder", type=FOLDER, metavar="DIR", help="The folder of the state, as `init` made it."
)


class Asked(NamedTuple):
    """What every verb that drafts is asked: where things stand, who proposes, why, and where the proposal goes."""

    place: str | None
    root_file: Path | None
    key: str
    reason: str
    out: Path | None
    passphrase_file: Path | None
    dry_run: bool
    as_json: bool
    after: tuple[Path, ...] = ()
    state_folder: Path | None = None

    @property
    def trusted_root(self) -> Path | None:
        """The root that was named, else the one in the state's folder."""
        own = self.state_folder / ROOT_FILE if self.state_folder is not None else None
        return self.root_file or (own if own is not None and own.is_file() else None)

    def standing(self) -> Published:
        """Return what stands now."""
        return trees.standing(self.place, self.trusted_root, self.after)

    def signer(self, reference: str, environment: Environment) -> Signer:
        """Return the signer of a key."""
        live = environment is Environment.LIVE
        return open_signer(reference, passphrase=passphrase_from(self.passphrase_file), encrypted_only=live)

    def intent(self, act: str, environment: Environment, *, at: datetime | None = None) -> Intent:
        """Return who wants what, and why."""
        moment = at if at is not None else SystemClock().now().replace(microsecond=0)
        return Intent(act, self.reason, self.signer(self.key, environment), moment)


def drafted(verb: Callable[..., Any]) -> Callable[..., Any]:
    """Give a verb the options that every draft has."""
    for option in (
        json_option, dry_run_option, passphrase_option, out_option, reason_option,
        key_option, after_option, root_option, from_option,
    ):  # fmt: skip
        verb = option(verb)
    return verb


def finished(asked: Asked, before: Published, made: Proposal) -> Exit:
    """Show a proposal that was made, and write it unless this is a rehearsal."""
    change = proposal_text.recomputed(before, made)
    how_far = proposal_text.far(before, made)
    place = _place(asked, made)
    if not asked.dry_run:
        trees.write_file(place, made.octets())
    if asked.as_json:
        summary = {"done": not asked.dry_run, "file": str(place), "diff_digest": change.digest}
        row = proposal_text.row(place, made, how_far)
        output.document(proposal_text.SCHEMA, summary=summary, results=[row], diff=change.document())
        return Exit.DONE
    proposal_text.show(made, change)
    proposal_text.show_progress(made.role, how_far)
    if asked.dry_run:
        words("hint", "nothing was written")
        return Exit.DONE
    output.line(f"written to {place}")
    if not how_far.ready:
        words("hint", f"send it to another key holder: `idbridge trust sign {place.name} --key KEY --from TREE`")
    return Exit.DONE


def _place(asked: Asked, made: Proposal) -> Path:
    if asked.out is not None:
        return asked.out
    return (asked.state_folder / DRAFTS if asked.state_folder is not None else Path()) / made.name


def list_signer(asked: Asked, list_key: str | None, environment: Environment) -> Signer:
    """Return the signer of the state's list."""
    if list_key is None:
        if asked.state_folder is None:
            raise click.UsageError("say which key signs the list with `--list-key KEY`")
        list_key = str(asked.state_folder / PRIVATE / f"{LIST_KEY}.pem")
    return asked.signer(list_key, environment)


def read_public(place: Path) -> PublicKeys:
    """Return the public keys of a state from a file."""
    return public_keys.parse(trees.read_file(place, max_bytes=LIMITS.pins_bytes))


@click.command("propose")
@state_folder_option
@click.option("--join", "join", type=FILE, metavar="FILE", help="Let the state of this `public.json` into the region.")
@click.option(
    "--handover",
    "handover",
    type=FILE,
    metavar="FILE",
    help="Exchange a state's keys by this document, which its present keys signed; with `--to-keys`.",
)
@click.option("--to-keys", "to_keys", type=FILE, metavar="FILE", help="The `public.json` with the state's new keys.")
@click.option(
    "--document",
    "documents",
    type=FILE,
    multiple=True,
    metavar="FILE",
    help="Carry this signed arrangement or register into the tree; again for others.",
)
@click.option("--renew", "renew", type=click.Choice(_ROLES), metavar="ROLE", help="The same again, good for longer.")
@click.option(
    "--officers",
    "officers",
    type=FILE,
    multiple=True,
    metavar="FILE",
    help="A new root with the officers of these `public.json`; once for each state.",
)
@click.option(
    "--online", "online", type=FILE, metavar="JWK", help="With --officers: the public key of a new online role."
)
@list_key_option
@drafted
def propose(*, list_key: str | None, **options: Any) -> Exit:
    """Propose the next version of a role.

    With `--state-folder` alone: the next edition of the state's list. The proposal is
    signed by your key and needs at least one more; send the file on to be signed.
    """
    wish = _Wish(**{name: options.pop(name) for name in _Wish._fields})
    asked = Asked(**options)
    wish.require_one()
    with trees.refusing(proposal_text.SCHEMA, as_json=asked.as_json):
        before = asked.standing()
        made = _fulfilled(wish, before, asked) or _next_edition(before, asked, list_key)
        return finished(asked, before, made)


class _Wish(NamedTuple):
    """What is to be proposed; nothing of it for the next edition of a list."""

    join: Path | None
    handover: Path | None
    to_keys: Path | None
    documents: tuple[Path, ...]
    renew: str | None
    officers: tuple[Path, ...]
    online: Path | None

    def require_one(self) -> None:
        """Return if one thing is wished for, or none."""
        wishes = (self.join, self.handover, self.documents or None, self.renew, self.officers or None)
        if wishes.count(None) < len(wishes) - 1 or (self.handover is None) is not (self.to_keys is None):
            raise click.UsageError("propose one thing at a time; a handover comes with `--to-keys FILE`")
        if self.online is not None and not self.officers:
            raise click.UsageError("`--online JWK` is for a new root; name its officers with `--officers FILE`")


def _fulfilled(wish: _Wish, before: Published, asked: Asked) -> Proposal | None:
    """Return the proposal of what is wished for; ``None`` if nothing is."""
    if wish.join is not None:
        return drafting.joined(before, read_public(wish.join), asked.intent("join", before.environment))
    if wish.handover is not None and wish.to_keys is not None:
        countersigned = trees.read_file(wish.handover, max_bytes=LIMITS.recognition_document_bytes)
        public = read_public(wish.to_keys)
        handing_over.require_countersigned(before, public, countersigned)
        return drafting.handed_over(before, public, countersigned, asked.intent("handover", before.environment))
    if wish.documents:
        signed = [trees.read_file(one, max_bytes=LIMITS.recognition_document_bytes) for one in wish.documents]
        return agreeing.carried(before, signed, asked.intent("agree", before.environment))
    if wish.renew is not None:
        return drafting.renewed(before, wish.renew, asked.intent("renew", before.environment))
    return _next_root(before, wish, asked) if wish.officers else None


def _next_edition(before: Published, asked: Asked, list_key: str | None) -> Proposal:
    if asked.state_folder is None:
        raise click.UsageError("say what to propose: `--state-folder DIR`, or another of the options")
    workspace = Workspace(asked.state_folder)
    public = workspace.public()
    if public.environment is not before.environment:
        raise Failure(f"the folder is for {public.environment}, and the region is {before.environment}")
    signer = list_signer(asked, list_key, before.environment)
    return drafting.list_edition(before, workspace, asked.intent("edition", before.environment), list_signer=signer)


def _next_root(before: Published, wish: _Wish, asked: Asked) -> Proposal:
    states = tuple(read_public(one) for one in wish.officers)
    online = dict(before.online_key().jwk) if wish.online is None else _public_key(wish.online)
    founders = Founders(states, founding.usual_threshold(states), online)
    return founding.next_root(before, founders, asked.intent("officers", before.environment))


def _public_key(place: Path) -> dict[str, Any]:
    """Return the public key in a file, in its one spelling."""
    try:
        octets = trees.read_file(place, max_bytes=LIMITS.key_file_bytes)
        return dict(parse_jwk(strict_json.parse_object(octets, max_bytes=LIMITS.key_file_bytes)).jwk)
    except (InputError, JoseError) as broken:
        raise Failure(f"`{place}` holds no public key (JWK): {broken.detail}") from None
