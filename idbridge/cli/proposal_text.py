"""How a proposal is shown: what it changes, how far its signatures are, and which key still has to sign."""

import sys
from collections.abc import Mapping
from typing import Any, Final

import click

from idbridge.cli import output, trust_diff
from idbridge.cli.exits import Exit
from idbridge.cli.output import Failure, words
from idbridge.errors import TrustError
from idbridge.model.time import instant_text
from idbridge.trust.operator.change import Diff
from idbridge.trust.operator.comparison import change_of
from idbridge.trust.operator.published import Published
from idbridge.trust.tuf.errors import refusing_surprises
from idbridge.trust.tuf.proposal import Progress, Proposal, Standing, Voters, acts_of, progress

SCHEMA: Final = "idbridge-proposals-1"
_DIGEST_START: Final = 8


def voters_of(before: Published, found: Proposal) -> tuple[Voters, ...]:
    """Return who may sign ``found``.

    Raises:
        TrustError: Nobody may, or the keys break our rules.
    """
    return before.voters(found.role, proposed=found.file.signed)


@refusing_surprises("the proposal")
def recomputed(before: Published, found: Proposal) -> Diff:
    """Return the change that ``found`` makes, worked out here and now, if what was done to it comes along whole.

    Raises:
        TrustError: ``trust.snapshot_mismatch``: it is not the change that the proposal names;
            ``trust.metadata_invalid``: an act is missing, or is about something else.
        FetchError: What stands now cannot be had.
    """
    if found.file.version != before.version(found.role) + 1:
        detail = f"version {found.file.version} of {found.role} does not follow {before.version(found.role)}"
        raise TrustError("trust.snapshot_mismatch", f"{detail}; propose it anew")
    change = change_of(before, found.role, found.file.signed, found.targets)
    if change.digest != found.diff_digest:
        detail = f"the proposal names change {found.diff_digest[:16]}.., and what it changes is {change.digest[:16]}.."
        raise TrustError("trust.snapshot_mismatch", detail)
    acts_of(found, voters=voters_of(before, found))
    return change


def show(found: Proposal, change: Diff) -> None:
    """Show who proposes what and why, and the change itself."""
    output.facts(
        (
            ("proposal", f"version {found.file.version} of {found.role}, {found.environment}"),
            ("act", found.act),
            ("reason", found.reason),
            ("proposer", found.proposer),
            ("good until", instant_text(found.file.expires)),
        )
    )
    output.line()
    trust_diff.show(change)


def show_progress(role: str, how_far: Progress) -> None:
    """Show the keys of a role, which of them have signed, and what is missing."""
    for number, standing in enumerate(how_far.standings):
        output.line()
        if len(how_far.standings) > 1:
            output.line("by the new keys" if number else "by the present keys")
        output.table(("SIGNED", "STATE", "KEY", ""), _rows(standing, how_far.proposer))
    output.line()
    output.line(verdict(role, how_far))


def _rows(standing: Standing, proposer: str) -> list[tuple[object, ...]]:
    ordered = sorted(standing.quorum.keys.items(), key=lambda one: (str(one[1].state), one[0]))
    return [
        (
            "yes" if name in standing.signed else "-",
            key.state.value if key.state is not None else "-",
            name,
            "proposer" if name == proposer else "",
        )
        for name, key in ordered
    ]


def verdict(role: str, how_far: Progress) -> str:
    """Return in one line whether a proposal may be published, and what it lacks."""
    counts = ", ".join(f"{one.counted} of {one.quorum.threshold} {_who(one)}" for one in how_far.standings)
    if how_far.ready:
        return f"{role}: {counts}; ready to be published"
    return f"{role}: {counts}; {_lacks(how_far)}"


def _lacks(how_far: Progress) -> str:
    if not how_far.proposed:
        return "its proposer has to sign"
    return "a key other than the proposer's has to sign" if how_far.alone else "more have to sign"


def _who(standing: Standing) -> str:
    return "states" if standing.quorum.regional else "keys"


def row(place: object, found: Proposal, how_far: Progress) -> dict[str, Any]:
    """Return a proposal as JSON values."""
    return {
        "file": str(place),
        "role": found.role,
        "version": found.file.version,
        "act": found.act,
        "reason": found.reason,
        "proposer": found.proposer,
        "expires": instant_text(found.file.expires),
        "diff_digest": found.diff_digest,
        "payload_digest": found.payload_digest,
        "ready": how_far.ready,
        "proposer_alone": how_far.alone,
        "quorums": [_quorum(one) for one in how_far.standings],
    }


def _quorum(standing: Standing) -> Mapping[str, Any]:
    return {
        "threshold": standing.quorum.threshold,
        "counts": _who(standing),
        "counted": standing.counted,
        "signed": sorted(standing.signed),
        "missing": list(standing.missing),
    }


@refusing_surprises("the proposal")
def far(before: Published, found: Proposal) -> Progress:
    """Return how far ``found`` is."""
    return progress(found, voters=voters_of(before, found))


def confirm_digest(digest: str, given: str | None, *, shown: bool) -> None:
    """Return if the caller confirmed ``digest``: in full on the command line, or where it begins at the terminal.

    What was not ``shown`` here can be confirmed by its digest alone: whoever sits at the terminal saw nothing.

    Raises:
        Failure: Exit 6: it did not, or named another one.
    """
    if given is None and not shown:
        hint = "look at it without `--json`, or confirm with `--diff-digest`"
        raise Failure("`--json` shows nothing that could be confirmed here", hint=hint, exit_code=Exit.UNCONFIRMED)
    if given is None:
        start = digest[:_DIGEST_START]
        require_typed(start, f"type {start}, where the digest begins, to sign", hint="or confirm with `--diff-digest`")
    elif given.lower() != digest:
        raise Failure(f"the digest is {digest}, and another was confirmed", exit_code=Exit.UNCONFIRMED)


def require_typed(wanted: str, prompt: str, *, hint: str) -> None:
    """Return if whoever sits at the terminal types ``wanted``.

    Raises:
        Failure: Exit 6: it was not typed, or nobody is there.
    """
    if not sys.stdin.isatty():
        raise Failure("nobody is there to confirm", hint=hint, exit_code=Exit.UNCONFIRMED)
    if click.prompt(prompt, err=True, prompt_suffix=": ", default="", show_default=False).strip() != wanted:
        words("hint", "nothing was signed")
        raise Failure("not confirmed", exit_code=Exit.UNCONFIRMED)
