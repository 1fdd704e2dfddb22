"""``idbridge trust deny|ratify|lift``: taking trust away at once, and what becomes of it afterwards."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import click

from idbridge.cli import output, proposal_text, trees
from idbridge.cli.exits import Exit
from idbridge.cli.key_argument import KeyCommand
from idbridge.cli.material import open_region, open_snapshot
from idbridge.cli.output import Failure, json_option, words
from idbridge.cli.passphrase import passphrase_from, passphrase_option
from idbridge.cli.reading import INSTANT
from idbridge.cli.trees import FILE, FOLDER, dry_run_option, from_option, root_option
from idbridge.cli.trust_publish import online_role
from idbridge.clock import SystemClock
from idbridge.crypto.key_files import open_signer
from idbridge.crypto.keys import thumbprint
from idbridge.crypto.signer import Signer
from idbridge.errors import ConfigurationError, TrustError
from idbridge.limits import LIMITS
from idbridge.model.denial import DenialReason, DenyEntry, FollowUpKind
from idbridge.model.region import Environment, MemberState
from idbridge.model.time import instant_text
from idbridge.sandbox.losses import lost_verdicts
from idbridge.trust.deny import Authorities
from idbridge.trust.deny_entry import merged, reread
from idbridge.trust.operator import deny_queue, denying
from idbridge.trust.operator.denying import Denied
from idbridge.trust.operator.drafting import Intent
from idbridge.trust.operator.published import Published
from idbridge.trust.operator.taking_up import OnlineRole
from idbridge.trust.tuf import roles
from idbridge.trust.tuf.proposal import Proposal
from idbridge.trust.tuf.tree import PublishedTree

SCHEMA: Final = "idbridge-denial-1"
_EXAMPLE: Final = """\b
Example:
  idbridge trust deny https://login.sg.example --since 2026-11-28T01:00:00Z \\
    --reason key_compromise --key on-call.pem --to TREE --root root.json
"""
ENTRY_SUFFIX: Final = ".entry.json"
_ID_SHOWN: Final = 12


class _Delivery(NamedTuple):
    """Where things stand, and how an entry gets to the online role."""

    place: str | None
    root_file: Path | None
    to: Path | None
    out: Path | None
    online_key: str | None
    online_state: Path | None
    passphrase_file: Path | None
    dry_run: bool
    as_json: bool

    def standing(self, *, at: datetime) -> tuple[Published, ...]:
        """Return what stands, and what will with each deny list that was laid down already."""
        place = self.place or (str(self.to) if self.to is not None else None)
        before = trees.standing(place, self.root_file)
        laid_down = PublishedTree(self.to).incoming() if self.to is not None else ()
        return deny_queue.standing(
            before, [octets for name, octets in laid_down if name.endswith(deny_queue.SUFFIXES)], at=at
        )

    def signer(self, reference: str, environment: Environment) -> Signer:
        """Return the signer of a key."""
        live = environment is Environment.LIVE
        return open_signer(reference, passphrase=passphrase_from(self.passphrase_file), encrypted_only=live)

    def deliver(self, made: Proposal, *others: Proposal) -> str:
        """Hand a proposal to the online role, or publish it here; say in words what was done.

        The ``others`` bring in the same after less of what was laid down, the last one after nothing of it.
        """
        if self.dry_run:
            return "nothing was written"
        if self.to is None:
            place = self.out or Path(made.name)
            trees.write_file(place, made.octets())
            return f"written to {place}; hand it to the online role"
        *ahead, direct = (made, *others)
        if self.online_key is not None:
            publication = self._role(self.to, made.environment).publish((direct,), at=SystemClock().now())
            self._lay_down(self.to, *ahead)  # what waited before is in there, and would now come too late
            return f"published: timestamp {publication.timestamp_version}"
        self._lay_down(self.to, made, *others)
        twice = f" and {len(others)} more, which fit if what waits before is refused" if others else ""
        return f"laid down as incoming/{made.name}{twice}; the next refresh publishes it"

    def _role(self, tree: Path, environment: Environment) -> OnlineRole:
        if self.root_file is None or self.online_state is None or self.online_key is None:
            raise click.UsageError("publishing here needs `--root FILE` and `--online-state DIR`")
        return online_role(
            tree, self.root_file, self.online_state, self.online_key, self.passphrase_file, environment=environment
        )

    @staticmethod
    def _lay_down(to: Path, *made: Proposal) -> None:
        for number, one in enumerate(made):
            PublishedTree(to).lay_down(deny_queue.name_of_copy(one) if number else one.name, one.octets())


def _delivery(verb: Callable[..., Any]) -> Callable[..., Any]:
    """Give a verb the options that say where things stand and how an entry gets out."""
    options = (
        json_option,
        dry_run_option,
        passphrase_option,
        click.option(
            "--online-state", "online_state", type=FOLDER, metavar="DIR", help="With --online-key: its memory."
        ),
        click.option("--online-key", "online_key", metavar="KEY", help="Publish here and now with the online key."),
        click.option("--out", "out", type=FILE, metavar="FILE", help="Without --to: where to write the file."),
        click.option("--to", "to", type=FOLDER, metavar="DIR", help="The tree; laid down there for the next refresh."),
        root_option,
        from_option,
    )
    for option in options:
        verb = option(verb)
    return verb


confirm_option: Final[Callable[..., Any]] = click.option(
    "--confirm", "confirm", metavar="XX", help="Confirm with the code of the state instead of typing it."
)


@click.command("deny", cls=KeyCommand, epilog=_EXAMPLE)
@click.argument("what", metavar="KEY|SERVICE|STATE")
@click.option("--since", type=INSTANT, required=True, help="When the damage began.")
@click.option(
    "--reason", type=click.Choice([one.value for one in DenialReason]), required=True, help="Why trust is taken away."
)
@click.option(
    "--key",
    "keys",
    multiple=True,
    required=True,
    metavar="KEY",
    help="Your key on call; repeat it for several officers.",
)
@click.option(
    "--region",
    "region",
    type=FOLDER,
    metavar="DIR",
    help="A pretend region, to see which share of its verdicts is lost.",
)
@confirm_option
@_delivery
def deny(
    *,
    what: str,
    since: datetime,
    reason: str,
    keys: tuple[str, ...],
    region: Path | None,
    confirm: str | None,
    **delivery: Any,
) -> Exit:
    """Take trust away from a key, a service or a state, at once.

    WHAT is a thumbprint or key id, an issuer's address, or the code of a state. One key on
    call of the state itself is enough, and what it denies stays denied. An officer of
    another state denies for 72 hours; a whole state takes officers of two. Nobody else has
    to be awake.
    """
    asked = _Delivery(**delivery)
    with trees.refusing(SCHEMA, as_json=asked.as_json):
        at = SystemClock().now().replace(microsecond=0)
        stages = asked.standing(at=at)
        before = stages[-1]
        denied = _looked_up(before, what, at=at)
        if not asked.as_json:
            _show_loss(denied)
            if region is not None:
                _show_share(denied, region, at=at)
        _confirm(denied.state, confirm)
        allowed = denying.authorities(before)
        signers = _by_state(allowed, [asked.signer(one, before.environment) for one in keys])
        entry = denying.denial(before, denied, signers, since=since, reason=DenialReason(reason), at=at)
        denying.require_may_deny(allowed, entry)
        return _carried(stages, entry, signers, asked, at=at, reason=f"{denied.name}: {reason}")


def _looked_up(before: Published, what: str, *, at: datetime) -> Denied:
    try:
        return denying.look_up(before, what, at=at)
    except ConfigurationError as unnamed:
        hint = "`idbridge trust explain WHAT` looks up a key, a service or a provider by any of its names"
        raise Failure(str(unnamed), hint=hint) from None


def _carried(
    stages: tuple[Published, ...],
    entry: bytes,
    signers: dict[MemberState, tuple[Signer, ...]],
    asked: _Delivery,
    *,
    at: datetime,
    reason: str,
    about: bytes | None = None,
) -> Exit:
    """Bring an entry into the deny list with the first key that may carry it there."""
    before = stages[-1]
    carriers = before.voters(roles.DENY)[0].quorum.keys
    found = [one for several in signers.values() for one in several if thumbprint(one.public_jwk) in carriers]
    if not found:
        raise Failure("none of these keys is on call", hint="add one that is", exit_code=Exit.UNCONFIRMED)
    said = reread(entry).said
    act = "deny" if isinstance(said, DenyEntry) else str(said.kind)
    made, *others = deny_queue.editions(stages, entry, Intent(act, _plain(reason), found[0], at), about=about)
    done = asked.deliver(made, *others)
    if asked.as_json:
        summary = {"done": not asked.dry_run, "id": said.id, "act": act, "file": made.name}
        output.document(
            SCHEMA, summary=summary, results=[proposal_text.row(made.name, made, proposal_text.far(before, made))]
        )
        return Exit.DONE
    output.facts((("entry", said.id), ("done", done)))
    if not asked.dry_run:
        named = said.id if isinstance(said, DenyEntry) else said.about
        words("hint", f"see it arrive with `idbridge trust propagation URL... --deny {named}`")
    return Exit.DONE


def _plain(reason: str) -> str:
    return output.printable(reason)[:200]


def _show_loss(denied: Denied) -> None:
    output.emphasis(f"denies {denied.name}", colour="red")
    output.line()
    if denied.losses:
        output.table(
            ("LOST", "TYPE", "ISSUER"),
            ((one.name, one.service_type.value.rpartition(":")[2], one.issuer) for one in denied.losses),
        )
        output.line()
    left = len(denied.granted) - len(denied.losses)
    output.line(f"{denied.state} keeps {left} of {len(denied.granted)} services that are granted now")
    if not denied.losses:
        words("warning", "nothing that is granted now would be lost; is this what you mean?")


def _show_share(denied: Denied, region: Path, *, at: datetime) -> None:
    lost, passed = lost_verdicts(open_region(region), open_snapshot(region), denied.state, denied.target, at=at)
    share = f"{lost / passed:.0%}" if passed else "0%"
    output.line(f"{lost} of {passed} verdicts of the pretend region that are accepted now are lost ({share})")


def _confirm(state: MemberState, given: str | None) -> None:
    if given is not None:
        if given.upper() != state.value:
            raise Failure(f"this is about {state}, and {given} was confirmed", exit_code=Exit.UNCONFIRMED)
        return
    proposal_text.require_typed(state.value, f"type {state} to go on", hint=f"or confirm with `--confirm {state}`")


def _by_state(allowed: Authorities, signers: list[Signer]) -> dict[MemberState, tuple[Signer, ...]]:
    found: dict[MemberState, tuple[Signer, ...]] = {}
    for one in signers:
        state = denying.state_of(allowed, thumbprint(one.public_jwk))
        found[state] = (*found.get(state, ()), one)
    return found


def _follow_up(name: str, kind: FollowUpKind, text: str) -> click.Command:
    """Return the verb that ratifies or lifts a denial."""

    @click.command(name, help=text)
    @click.argument("about", nargs=-1, required=True, metavar="ID|FILE...")
    @click.option("--key", "keys", multiple=True, metavar="KEY", help="A key of the quorum; one or several.")
    @click.option("--on-call", "on_call", metavar="KEY", help="A key on call, which brings it into the deny list.")
    @confirm_option
    @_delivery
    def verb(
        *, about: tuple[str, ...], keys: tuple[str, ...], on_call: str | None, confirm: str | None, **delivery: Any
    ) -> Exit:
        asked = _Delivery(**delivery)
        with trees.refusing(SCHEMA, as_json=asked.as_json):
            return _followed_up(kind, about, keys, on_call, confirm, asked)

    return verb


def _followed_up(
    kind: FollowUpKind,
    about: tuple[str, ...],
    keys: tuple[str, ...],
    on_call: str | None,
    confirm: str | None,
    asked: _Delivery,
) -> Exit:
    at = SystemClock().now().replace(microsecond=0)
    stages = asked.standing(at=at)
    before = stages[-1]
    allowed = denying.authorities(before)
    collected = [trees.read_file(Path(one), max_bytes=LIMITS.proposal_bytes) for one in about if Path(one).is_file()]
    denied = _denial(before, _about(collected) or about[0])
    if not asked.as_json:
        _show_denial(denied, allowed)
    _confirm(denied.state, confirm)
    signers = _by_state(allowed, [asked.signer(one, before.environment) for one in keys])
    entry = denying.countersigned(before, kind, denied, collected, signers, at=at)
    complete = denying.may_follow_up(allowed, entry, denied)
    if on_call is None:
        return _collected(entry, kind, denied, asked, complete=complete)
    if not complete:
        raise Failure(f"too few have signed this {kind}", exit_code=Exit.UNCONFIRMED)
    carrier = _by_state(allowed, [asked.signer(on_call, before.environment)])
    why = f"{kind} of {denied.id[:_ID_SHOWN]}"
    return _carried(stages, entry, carrier, asked, at=at, reason=why, about=denied.octets)


def _about(collected: list[bytes]) -> str | None:
    """Return the id of the denial that the collected files are about."""
    if not collected:
        return None
    try:
        said = reread(merged(collected)).said
    except TrustError:
        words("hint", "begin once with the id of the denial, and let everybody sign a copy of that one file")
        raise
    return None if isinstance(said, DenyEntry) else said.about


def _denial(before: Published, name: str) -> DenyEntry:
    held = [
        one.said
        for known, one in denying.entries(before).items()
        if known.startswith(name) and isinstance(one.said, DenyEntry)
    ]
    if len(held) != 1:
        raise Failure(f"there is no denial `{name}`, or more than one begins with it")
    return held[0]


def _show_denial(denied: DenyEntry, allowed: Authorities) -> None:
    target = " ".join(str(one) for one in denied.target.document().values())
    by = ", ".join(sorted(denying.who_denied(allowed, denied)))
    output.facts(
        (
            ("denial", denied.id),
            ("state", denied.state),
            ("target", target),
            ("reason", denied.reason),
            ("since", instant_text(denied.since)),
            ("issued at", instant_text(denied.issued_at)),
            ("denied by", by),
        )
    )
    output.line()


def _collected(entry: bytes, kind: FollowUpKind, denied: DenyEntry, asked: _Delivery, *, complete: bool) -> Exit:
    place = asked.out or Path(f"{kind}-{denied.id[:_ID_SHOWN]}{ENTRY_SUFFIX}")
    if not asked.dry_run:
        trees.write_file(place, entry)
    if asked.as_json:
        summary = {"done": not asked.dry_run, "complete": complete, "file": str(place), "about": denied.id}
        output.document(SCHEMA, summary=summary, results=[])
        return Exit.DONE
    output.line("nothing was written" if asked.dry_run else f"written to {place}")
    output.line("enough have signed" if complete else "more have to sign")
    more = f"send it on: `idbridge trust {kind} {place.name} --key KEY`"
    words("hint", "bring it in with `--on-call KEY --to TREE`" if complete else more)
    return Exit.DONE


ratify: Final = _follow_up(
    "ratify",
    FollowUpKind.RATIFY,
    """Let a denial stand that officers of other states made.

    Takes the quorum of the region or of the affected state. Start with the id of the
    denial; the file that is written travels, and each of the others signs it with
    `ratify FILE --key KEY`. Files that were signed in different places are merged. When
    enough have signed, `--on-call KEY` brings it in.
    """,
)
lift: Final = _follow_up(
    "lift",
    FollowUpKind.LIFT,
    """End a denial.

    Takes the quorum of the affected state if it alone denied, else that of the region.
    The file travels as for `ratify`.
    """,
)
