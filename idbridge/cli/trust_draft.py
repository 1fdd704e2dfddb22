"""``idbridge trust withdraw|suspend|rotate-key|rotate-signer|revert``: one change each, as a proposal to be signed."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import click

from idbridge.cli import output, proposal_text, trees
from idbridge.cli.exits import Exit
from idbridge.cli.output import Failure, words
from idbridge.cli.reading import INSTANT
from idbridge.cli.trees import FILE
from idbridge.cli.trust_propose import Asked, drafted, finished, list_key_option, list_signer, state_folder_option
from idbridge.codec import pem, strict_json
from idbridge.errors import InputError, TrustError
from idbridge.limits import LIMITS
from idbridge.model.trust import ServiceStatus
from idbridge.trust.lint_keys import SERVICE_ID
from idbridge.trust.operator import changes, drafting, editing, provider_file, public_keys
from idbridge.trust.operator.changes import Succession
from idbridge.trust.operator.drafting import Intent
from idbridge.trust.operator.published import Published, following
from idbridge.trust.operator.workspace import DRAFTS, Workspace
from idbridge.trust.publish import ServiceMaterial
from idbridge.trust.tuf.proposal import Proposal

_PEM: Final = b"-----BEGIN"
_UNTIL_DAYS: Final = 3_650


def _workspace(asked: Asked) -> Workspace:
    if asked.state_folder is None:
        raise click.UsageError("say where the state's folder is with `--state-folder DIR`")
    return Workspace(asked.state_folder)


def _edition(before: Published, asked: Asked, changed: Workspace, intent: Intent, list_key: str | None) -> Exit:
    """Draft the next edition of a folder that was changed, and keep the change if the edition is acceptable."""
    signer = list_signer(asked, list_key, before.environment)
    made = drafting.list_edition(before, changed, intent, list_signer=signer)
    changed.require_keepable()
    ended = finished(asked, before, made)  # before the folder changes: a proposal that is not written changes nothing
    if not asked.dry_run:
        changed.keep()
    return ended


def _fit_id(_: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    if value is not None and SERVICE_ID.fullmatch(value) is None:
        raise click.BadParameter("an id has lower-case letters, digits and hyphens, 63 at most", param=parameter)
    return value


@click.command("withdraw")
@click.argument("service", metavar="SERVICE")
@click.option("--since", type=INSTANT, help="When it ends, instead of now.")
@state_folder_option
@list_key_option
@drafted
def withdraw(*, service: str, since: datetime | None, list_key: str | None, **asked: Any) -> Exit:
    """Take a service off the list, from now or later.

    SERVICE is its id in `list.toml`. In an emergency use `idbridge trust deny`, which needs
    one key and not several.
    """
    wanted = Asked(**asked)
    with trees.refusing(proposal_text.SCHEMA, as_json=wanted.as_json):
        workspace, before = _workspace(wanted), wanted.standing()
        intent = wanted.intent("withdraw", before.environment)
        text = editing.with_status(workspace.text(), service, ServiceStatus.WITHDRAWN, since=since or intent.at)
        return _edition(before, wanted, workspace.edited(text), intent, list_key)


@click.command("rotate-key")
@click.argument("service", metavar="SERVICE")
@click.option(
    "--new",
    "new",
    type=FILE,
    required=True,
    metavar="FILE",
    help="The new key: JWK, certificate (PEM), provider's file.",
)
@click.option(
    "--overlap", type=click.IntRange(1, _UNTIL_DAYS), metavar="DAYS", help="How long the old key is good beside it."
)
@click.option("--compromised-since", "compromised", type=INSTANT, help="Since when the old key is bad; no overlap.")
@click.option(
    "--as",
    "new_id",
    metavar="ID",
    callback=_fit_id,
    help="The id of the new entry, instead of SERVICE and the date.",
)
@state_folder_option
@list_key_option
@drafted
def rotate_key(
    *,
    service: str,
    new: Path,
    overlap: int | None,
    compromised: datetime | None,
    new_id: str | None,
    list_key: str | None,
    **asked: Any,
) -> Exit:
    """Exchange the key of a listed service.

    In good order the old key stays listed for the overlap, and what it signed stays good.
    The overlap is at least as long as anybody may hold the list that stands, and grace. A
    compromised key has no overlap: everything that it signed is refused.
    """
    wanted = Asked(**asked)
    if (overlap is None) is (compromised is None):
        raise click.UsageError("say `--overlap DAYS`, or `--compromised-since T`")
    with trees.refusing(proposal_text.SCHEMA, as_json=wanted.as_json):
        workspace, before = _workspace(wanted), wanted.standing()
        intent = wanted.intent("rotate-key", before.environment)
        if overlap is not None:
            _require_overlap(before, workspace, timedelta(days=overlap), at=intent.at)
        succession = Succession(
            new_id=new_id or changes.successor_id(service, at=intent.at),
            material=_new_material(new, service),
            begins=intent.at,
            status=ServiceStatus.COMPROMISED if compromised is not None else ServiceStatus.SUPERSEDED,
            ends=compromised if compromised is not None else intent.at + timedelta(days=overlap or 0),
        )
        return _edition(before, wanted, changes.rotated(workspace, service, succession), intent, list_key)


def _require_overlap(before: Published, workspace: Workspace, overlap: timedelta, *, at: datetime) -> None:
    least = changes.least_overlap(before, workspace.public().state, at=at)
    if overlap < least:
        days = -(-least // timedelta(days=1))
        raise Failure(
            f"an overlap of {overlap.days} days is too short: somebody may hold the present list for longer",
            hint=f"say `--overlap {days}` or more; for a compromised key say `--compromised-since T`",
            exit_code=Exit.REFUSED,
        )


def _new_material(place: Path, service: str) -> ServiceMaterial:
    """Return the new key of a service, from a provider's file with proof, or from a bare key or certificate."""
    octets = trees.read_file(place, max_bytes=LIMITS.proposal_bytes)
    try:
        if octets.lstrip().startswith(_PEM):
            return ServiceMaterial(certificates=pem.decode(octets.decode("ascii"), label=pem.CERTIFICATE))
        said = strict_json.parse_object(octets, max_bytes=LIMITS.proposal_bytes)
        if said.get("schema") != provider_file.SCHEMA:
            return ServiceMaterial(jwks=(public_keys.plain(said),))
    except (InputError, UnicodeDecodeError) as broken:
        raise Failure(f"`{place}` holds no key: {broken}", exit_code=Exit.REFUSED) from None
    taken = provider_file.parse(octets)
    if service not in taken.material:
        raise Failure(f"`{place}` is about {', '.join(taken.material)} and not about {service}", exit_code=Exit.REFUSED)
    return taken.material[service]


@click.command("rotate-signer")
@click.option("--new", "new", required=True, metavar="KEY", help="The key that signs the state's lists from now on.")
@click.option("--compromised", is_flag=True, help="The key before is bad: it vouches for nothing any more.")
@click.option(
    "--sign-again",
    "sign_again",
    metavar="KEY",
    help="With --compromised: sign again what the bad key had signed; KEY is on call and carries it.",
)
@state_folder_option
@drafted
def rotate_signer(*, new: str, compromised: bool, sign_again: str | None, **asked: Any) -> Exit:
    """Exchange the key that signs a state's lists.

    In good order the old key still vouches for the arrangements and registers that it
    signed. A compromised one does not: those are named. Look at each of them; with
    `--sign-again` they go into a second proposal, which is published with the first.
    """
    wanted = Asked(**asked)
    if sign_again is not None and not compromised:
        raise click.UsageError("only what a compromised key signed has to be signed again")
    with trees.refusing(proposal_text.SCHEMA, as_json=wanted.as_json):
        workspace, before = _workspace(wanted), wanted.standing()
        public, signer = workspace.public(), wanted.signer(new, before.environment)
        lost = changes.signed_by_keys(before, public) if compromised else ()
        changed = changes.with_signer(public, signer, compromised=compromised)
        intent = wanted.intent("rotate-signer", before.environment)
        octets = workspace.signed_list(signer, sequence=_next(before, workspace), at=intent.at)
        made = drafting.state_edition(before, changed, octets, intent)
        for path in lost:
            words("warning", f"{path} loses the signature of {public.state} and has to be signed again")
        if sign_again is not None and lost:
            second = wanted._replace(key=sign_again).intent("sign-again", before.environment)
            _beside(wanted, changes.signed_again(following(before, made), public, signer, second))
        ended = finished(wanted, before, made)
        if not wanted.dry_run:
            workspace.write_public(changed)
        return ended


def _beside(asked: Asked, again: Proposal) -> None:
    """Write the second proposal beside the first one."""
    folder = asked.out.parent if asked.out is not None else (asked.state_folder or Path()) / DRAFTS
    if not asked.dry_run:
        trees.write_file(folder / again.name, again.octets())
    words("hint", f"publish `{folder / again.name}` together with the first")


def _next(before: Published, workspace: Workspace) -> int:
    listed = before.list_of(workspace.public().state)
    return listed.provenance.sequence + 1 if listed is not None else 1


@click.command("revert")
@click.argument("sequence", type=click.IntRange(min=1), metavar="SEQUENCE")
@state_folder_option
@list_key_option
@drafted
def revert(*, sequence: int, list_key: str | None, **asked: Any) -> Exit:
    """Publish an earlier edition again.

    Its content comes back under the next number. A number never comes back, and neither
    does trust that has ended: an edition that would revive a key which was withdrawn or
    compromised since is refused, and says so.
    """
    wanted = Asked(**asked)
    with trees.refusing(proposal_text.SCHEMA, as_json=wanted.as_json):
        workspace, before = _workspace(wanted), wanted.standing()
        signer = list_signer(wanted, list_key, before.environment)
        intent = wanted.intent("revert", before.environment)
        try:
            made = changes.reverted(before, workspace.public(), sequence, signer, intent)
        except TrustError as refusal:
            if refusal.code == "trust.history_rewritten":
                words("hint", "what has ended stays ended; let the service come back with a new key")
            raise
        words("hint", "`list.toml` is as it was; bring it in line before the next edition")
        return finished(wanted, before, made)


@click.command("suspend")
@click.argument("arrangement", metavar="ARRANGEMENT")
@state_folder_option
@list_key_option
@drafted
def suspend(*, arrangement: str, list_key: str | None, **asked: Any) -> Exit:
    """Suspend an arrangement between states.

    From now on nothing is recognised by it. The signature of one party is enough, made with
    the state's list key; `--key` is a key on call, which brings it into the tree. To resume
    takes every party.
    """
    wanted = Asked(**asked)
    with trees.refusing(proposal_text.SCHEMA, as_json=wanted.as_json):
        workspace, before = _workspace(wanted), wanted.standing()
        signer = list_signer(wanted, list_key, before.environment)
        intent = wanted.intent("suspend", before.environment)
        made = changes.suspended(before, arrangement, workspace.public().state, signer, intent)
        if not wanted.as_json:
            output.line(f"{workspace.public().state} suspends {arrangement}")
            output.line()
        return finished(wanted, before, made)
